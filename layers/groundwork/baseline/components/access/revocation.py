"""Sessions of roles that are revoked: those that began before a time are denied everything, and may begin anew.

IAM works out what a session may for each of its calls; nothing ends it before its time.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from groundwork.declaration.policy_files import Document, statements

from .state import RoleState

REVOKED = "revoked-sessions"
"""The inline policy that a declared time becomes."""
BY_HAND = "AWSRevokeOlderSessions"
"""The one that IAM's console makes when somebody revokes a role's sessions there."""


def revocation(before: datetime) -> Document:
    time = before.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    condition = {"DateLessThan": {"aws:TokenIssueTime": time}}
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}],
    }


def by_hand(role: RoleState) -> Iterator[str]:
    """The name of what somebody revoked sessions with by hand; it can only take power away."""
    document = role.inline.get(BY_HAND)
    if document and all(statement.get("Effect") == "Deny" for statement in statements(document)):
        yield BY_HAND
