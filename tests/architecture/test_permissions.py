"""Each action, resource and condition key of a role of the stack, or of a component's session, is one that AWS has, and has
there: a key that an action does not know is never met, so that an Allow with it is none."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from cli.declaration.linting import reference
from groundwork.aws.sessions import Permission, session_policy
from groundwork.baseline.components import COMPONENTS
from groundwork.closing import inventory
from prove import laid_down
from prove.laid_down import IDS

OF_SOME = ("aws:requesttag/", "aws:resourcetag/", "aws:tagkeys")
"""Of the global keys those that not every action has."""
MANAGED = ("Approver", "Changer", "Closer", "Operator", "Requester")


def roles() -> Iterator[tuple[str, Any]]:
    for role, documents in laid_down.stack_roles().items():
        for document in documents:
            yield role, document
    for name in MANAGED:
        yield name, laid_down.stack()[f"{name}Policy"]["Properties"]["PolicyDocument"]


def sessions() -> Iterator[tuple[str, Any]]:
    for name, component in COMPONENTS.items():
        permissions = [*component.reads, *component.reads_in_plan, *component.writes]
        yield name, json.loads(session_policy(permissions, IDS["dev"], "aws"))
    yield "inventory", json.loads(session_policy(inventory.PERMISSIONS, IDS["dev"], "aws"))


def mistakes(document: Any) -> Iterator[str]:
    for statement in document["Statement"]:
        names, resources = _listed(statement["Action"]), _listed(statement["Resource"])
        actions = [_action(name) for name in names]
        yield from (
            f"{name} is unknown" for name, action in zip(names, actions, strict=True) if action is None
        )
        known = [action for action in actions if action]
        for action in known:
            if not any(_is_of_the_stack(each) or action.takes(each) for each in resources):
                yield f"{action.name} is about none of {resources}"
            keys = [key for tests in statement.get("Condition", {}).values() for key in tests]
            yield from (f"{action.name} has no {key}" for key in keys if not _has(action, key))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _is_of_the_stack(resource: str) -> bool:
    """A resource of the template, of which `laid_down` knows no ARN of its service."""
    return ":cloudformation:" in resource and ":resource/" in resource


def _action(name: str) -> reference.Action | None:
    service, _, action = name.partition(":")
    found = reference.actions(service).get(action.lower()) if service in reference.services() else None
    return reference.action(service, found) if found else None


def _has(action: reference.Action, key: str) -> bool:
    if reference.is_global(key) and not key.lower().startswith(OF_SOME):
        return True
    return any(reference.fits(key, each) for each in action.keys)


@pytest.mark.parametrize(("who", "document"), [*roles(), *sessions()])
def test_what_is_allowed_is_what_aws_has(who: str, document: Any) -> None:
    assert list(mistakes(document)) == [], who


@pytest.mark.parametrize(
    ("permission", "mistake"),
    [
        (Permission(["organizations:CloseAcount"]), "organizations:CloseAcount is unknown"),
        (Permission(["states:SendTaskSuccess"], ["arn:aws:states:*:*:x"]), "is about none of"),
        (
            Permission(["sns:Publish"], conditions={"StringEquals": {"aws:RequestTag/a": "b"}}),
            "sns:Publish has no aws:RequestTag/a",
        ),
        (
            Permission(["iam:PassRole"], conditions={"StringEquals": {"iam:PassedTo": "x"}}),
            "iam:PassRole has no iam:PassedTo",
        ),
    ],
    ids=str,
)
def test_what_aws_does_not_have_is_noticed(permission: Permission, mistake: str) -> None:
    document: Mapping[str, Any] = json.loads(session_policy([permission], IDS["dev"], "aws"))
    assert any(mistake in each for each in mistakes(document))
