"""A deletion that CloudFormation has cancelled: another stack imports what the stack exports. It goes on as what it was, and its
reason says who does. So an execution asks once more when those that go with it are gone; what is cancelled then is told.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
https://github.com/aws/aws-cdk/issues/604
https://github.com/aws/aws-cdk/issues/33395
"""

from __future__ import annotations

import re

from groundwork.declaration.stacks import STACK

from .calls import DELETE, Place
from .state import IN_USE, Seen


def cancelled(seen: Seen, place: Place, *, again: bool = False) -> bool:
    """Whether this was the end of the first deletion that the execution asked for, or of the second."""
    is_whole = not seen.in_progress and not seen.never_made
    return is_whole and IN_USE in seen.failure and place.asked_for(seen, DELETE, again=again)


def users(seen: Seen) -> list[str]:
    """Those of our names that import from it, by what follows them."""
    return re.findall(rf"\b{STACK}([A-Za-z0-9-]+)", seen.failure.rpartition(IN_USE)[2])


def told(seen: Seen) -> str:
    return (
        f"is no longer declared, and CloudFormation does not delete it ({seen.failure}): take the import out of that stack, "
        "or declare this one again"
    )
