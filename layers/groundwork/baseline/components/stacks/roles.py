"""The role by which CloudFormation makes a stack, one for each: it may do what the declaration says, and nobody passes it
but the session that deploys. A stack is known as ours by having it.

Without a role CloudFormation would work with the permissions of whoever calls it. A stack keeps its role: whoever may
change the stack has the role's power, which the guard rails therefore leave to the entry roles.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from groundwork.baseline.component import Call, Target
from groundwork.baseline.components.access.documents import ROLE_INLINE_CHARACTERS, filled, hold_to
from groundwork.baseline.components.access.state import RoleState
from groundwork.declaration.stacks import ROLE, Stack

OURS = {"groundwork:component": "stacks"}
"""By this tag a role is known as ours. It is not the one of declared roles: those are `access`'s."""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "cloudformation.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
"""Without a condition: CloudFormation documents none for the role of a stack, which IAM lets nobody pass who is not of the
role's own account."""


def role_name(stack: str) -> str:
    return f"{ROLE}{stack}"


def wanted(stack: Stack, target: Target) -> RoleState:
    """Raises `NotYetKnown` while a policy names an account that is not there, and `InvalidDeclaration` when the policies
    are longer than IAM takes."""
    inline = {name: filled(target.declaration.policy(name), target) for name in stack.policies}
    key = f"stacks {stack.name}: policies"
    hold_to(ROLE_INLINE_CHARACTERS, list(inline.values()), key, "shorten them")
    return RoleState(
        role_name(stack.name),
        inline=inline,
        attached=frozenset(map(target.managed_policy_arn, stack.managed_policies)),
        trust=TRUST,
        description=f"What CloudFormation makes the stack {stack.name} by",
        tags=OURS,
    )


def removed(role: RoleState, after: str) -> Iterator[Call]:
    """IAM deletes no role that has policies."""
    why = "the role of a stack that is no longer declared"
    steps: list[tuple[str, dict[str, Any]]] = [
        *(("DeleteRolePolicy", {"PolicyName": name}) for name in role.inline),
        *(("DetachRolePolicy", {"PolicyArn": arn}) for arn in sorted(role.attached)),
        ("DeleteRole", {}),
    ]
    for operation, parameters in steps:
        where = {"RoleName": role.name, **parameters}
        yield Call("iam", operation, where, f"role/{role.name}", "delete", why, after=after, needs=())
