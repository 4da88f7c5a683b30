"""A creation, or an update, that was denied: IAM may show CloudFormation the policies of a stack's role some seconds after they
were put. So an execution asks once more, and remembers that it did; what is denied then is told.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from groundwork.baseline.component import Notes, Target

from .calls import Place
from .state import ROLLED_BACK, Seen

DENIED = re.compile("not authorized|unauthorized|access ?denied", re.IGNORECASE)
"""What stands in the reason of a resource that the role may not make; each service has its own words."""


def once(
    stacks: Mapping[str, Mapping[str, Seen]], wanted: Iterable[tuple[str, str]], target: Target
) -> frozenset[tuple[str, str]]:
    """Those of the `wanted` stacks, by name and Region, whose first creation, or first update, by this execution was denied."""
    return frozenset(
        (name, region)
        for name, region in wanted
        if _once(
            stacks.get(region, {}).get(name),
            Place(name=name, region=region, execution=target.execution),
            target.notes,
        )
    )


def _once(seen: Seen | None, place: Place, notes: Notes) -> bool:
    key = f"denied {place.resource}"
    if seen is None:
        return notes.get(key) is not None
    if not seen.is_ours or not (seen.never_made or seen.status == ROLLED_BACK):
        return False
    if place.is_first(seen) and DENIED.search(seen.failure):
        notes.setdefault(key, seen.token)
        return True
    return notes.get(key) is not None
