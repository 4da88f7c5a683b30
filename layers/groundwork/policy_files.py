"""The owner's policies, `policies/*.json`: read, and checked against what the declaration does with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groundwork.contracts import shown
from groundwork.errors import InvalidDeclaration

if TYPE_CHECKING:
    from groundwork.declaration import Declaration

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
    for number, statement in enumerate(statements(document)):
        if statement.get("Effect") not in ("Allow", "Deny"):
            raise InvalidDeclaration(
                f"{name}: Statement.{number}.Effect: {shown(statement.get('Effect'))} must be Allow or Deny."
            )
        for either in (("Action", "NotAction"), ("Resource", "NotResource")):
            if sum(key in statement for key in either) != 1:
                raise InvalidDeclaration(
                    f"{name}: Statement.{number}: give exactly one of {either[0]} and {either[1]}."
                )
    return document


def statements(document: Document) -> list[dict[str, Any]]:
    found = document.get("Statement", [])
    return [found] if isinstance(found, dict) else list(found)


def check_policies(declaration: Declaration, policies: Mapping[str, Document]) -> None:
    """Raises `InvalidDeclaration` for a policy that is missing, or that may not be used where it is."""

    def known(key: str, name: str) -> None:
        if name not in policies:
            raise InvalidDeclaration(
                f"baseline.yaml: {key}: {name!r} is no file in policies/; add policies/{name}.json."
            )

    if declaration.access.groups:
        known("access.groups", MFA_SELF_SERVICE)
    for role in declaration.access.roles:
        for name in role.policies:
            known(f"access.roles {role.name}: policies", name)
            if role.permissions_boundary is None and _makes_roles(policies[name]):
                raise InvalidDeclaration(
                    f"baseline.yaml: access.roles {role.name}: policies/{name}.json lets it make roles of any power; "
                    "set permissionsBoundary, or take iam:CreateRole out."
                )
    for group in declaration.access.groups:
        for name in group.policies:
            known(f"access.groups {group.name}: policies", name)
            if name.startswith(ENTER):
                raise InvalidDeclaration(
                    f"baseline.yaml: access.groups {group.name}: policies: {name!r} begins with {ENTER}, as "
                    "Groundwork's own policies do; rename the file."
                )


def _makes_roles(document: Document) -> bool:
    """Whether a policy allows iam:CreateRole, wildcards included."""

    def as_list(value: Any) -> list[str]:
        return [value] if isinstance(value, str) else list(value)

    for statement in statements(document):
        if statement["Effect"] != "Allow":
            continue
        if "Action" in statement:
            if any(fnmatchcase("iam:createrole", action.lower()) for action in as_list(statement["Action"])):
                return True
        elif not any(
            fnmatchcase("iam:createrole", action.lower()) for action in as_list(statement["NotAction"])
        ):
            return True
    return False
