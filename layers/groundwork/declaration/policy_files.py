"""The owner's policies, `policies/*.json`, as they are read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from groundwork.declaration.policy_grammar import faults
from groundwork.errors import InvalidDeclaration

MFA_SELF_SERVICE = "mfa-self-service"
"""The policy every group carries: manage your own MFA device, and nothing else until you have used it."""

ENTER = "enter-"
"""What the names of a group's policies begin with that let it assume roles."""

Document = Mapping[str, Any]


def read_policy(path: Path) -> Document:
    """Raises `InvalidDeclaration`, which names file, key, value and remedy."""
    name = f"policies/{path.name}"
    try:
        document = json.loads(path.read_text())
    except json.JSONDecodeError as broken:
        raise InvalidDeclaration(f"{name}: line {broken.lineno}: is no JSON: {broken.msg}.") from None
    if not isinstance(document, dict) or document.get("Version") != "2012-10-17":
        raise InvalidDeclaration(f'{name}: Version: must be "2012-10-17"; add it.')
    if not statements(document):
        raise InvalidDeclaration(f"{name}: Statement: is missing or empty; add at least one statement.")
    if found := list(faults(document, statements(document))):
        raise InvalidDeclaration("\n".join(f"{name}: {each}." for each in found))
    return document


def statements(document: Document) -> list[dict[str, Any]]:
    found = document.get("Statement", [])
    return [found] if isinstance(found, dict) else list(found)


ESCALATIONS = (
    "iam:CreateRole",
    "iam:AddUserToGroup",
    "iam:AttachGroupPolicy",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:CreatePolicyVersion",
    "iam:PutGroupPolicy",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
    "iam:SetDefaultPolicyVersion",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateLoginProfile",
)
"""Each of them, unbounded, is a way to any power in the account."""

HELD_BY_CONDITION = frozenset(("iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePolicy"))
"""Of these, IAM tells a policy which boundary the role has: the key iam:PermissionsBoundary.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
"""
HELD_BY_PATH = frozenset(
    ("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:UpdateAssumeRolePolicy")
)
"""What these change has the boundary because of where it is: the guard rails let nobody make a role there without."""


def escalation(document: Document, boundaries: Mapping[str, str]) -> str | None:
    """An action of `ESCALATIONS` that a policy allows, wildcards included, otherwise than to roles that have one of these
    boundaries: by name, the path below which roles have it."""
    for statement in statements(document):
        for action in ESCALATIONS if statement["Effect"] == "Allow" else ():
            if _speaks_of(statement, action) and not _is_held(statement, action, boundaries):
                return action
    return None


def _speaks_of(statement: Document, action: str) -> bool:
    def named(key: str) -> bool:
        return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in _listed(statement[key]))

    return named("Action") if "Action" in statement else not named("NotAction")


def _is_held(statement: Document, action: str, boundaries: Mapping[str, str]) -> bool:
    if action in HELD_BY_CONDITION:
        equal = statement.get("Condition", {}).get("StringEquals", {})
        held = _listed(equal.get("iam:PermissionsBoundary", []))
        own = {f"arn:<partition>:iam::<account>:policy/{name}" for name in boundaries}
        return bool(held) and own.issuperset(held)
    below = tuple(
        f"arn:<partition>:iam::<account>:{kind}{path}"
        for path in boundaries.values()
        for kind in ("instance-profile", "policy", "role")
    )
    resources = _listed(statement.get("Resource", []))
    return action in HELD_BY_PATH and bool(resources) and all(each.startswith(below) for each in resources)


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
