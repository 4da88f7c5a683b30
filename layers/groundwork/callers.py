"""Who posted an event. An event on a bus has no sender; so its source names one, and IAM lets nobody name another.

`groundwork.by.<userid>` may be posted only by the caller whose `aws:userid` that is: the bus's policy refuses everybody else.
It is what `aws sts get-caller-identity` shows as UserId: of a user `AIDA...`, of a role's session `AROA...:<session name>`,
of the root user the account's id. `<account id>:<name>`, of a session by `sts:GetFederationToken`, names nobody: a user who
may call it chooses the name, and would be somebody else by it.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
"""

from __future__ import annotations

import re
from typing import Any

SOURCE = "groundwork"
BY = f"{SOURCE}.by."
_USER_ID = re.compile(r"[0-9]{12}|[A-Z][A-Z0-9]{11,127}(:[\w+=,.@-]{1,64})?", re.ASCII)


def source_of(user_id: str) -> str:
    """The source of an event of whoever has this user id."""
    return f"{BY}{user_id}"


def caller_in(source: Any) -> str | None:
    """The user id in the source of an event; None where the source names nobody."""
    user_id = str(source).removeprefix(BY)
    return user_id if source == source_of(user_id) and _USER_ID.fullmatch(user_id) else None


def name_of(user_id: str) -> str:
    """What people know somebody by: the name of a role's session, else the id."""
    return user_id.partition(":")[2] or user_id


def role_of(user_id: str) -> str | None:
    """The id of the role whose session it is."""
    role, _, session = user_id.partition(":")
    return role if session else None
