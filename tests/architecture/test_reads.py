"""What looks cannot write: the sessions of plans and of the last look are allowed reads alone, by AWS's own reference."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from groundwork.aws.sessions import Permission
from groundwork.baseline.components import COMPONENTS
from groundwork.baseline.components.stacks.calls import PLANNED
from local.authorization import reference

MADE_BY_PLANS = {
    "stacks": (
        Permission(
            [
                "cloudformation:CreateChangeSet",
                "cloudformation:DeleteChangeSet",
                "cloudformation:DescribeChangeSet",
            ],
            ("arn:{partition}:cloudformation:*:{account}:stack/groundwork-*/*",),
            {"StringEquals": {"cloudformation:ChangeSetName": PLANNED}},
        ),
        Permission(
            ["iam:PassRole"],
            ("arn:{partition}:iam::{account}:role/groundwork-stack-*",),
            {"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}},
        ),
    )
}
"""The one exception: docs/decisions/0036."""


CHANGES_NOTHING = ("kms:Decrypt",)
"""What AWS's reference has as Write all the same."""


def writes(permissions: Iterator[Permission]) -> list[str]:
    return [
        action
        for permission in permissions
        for action in permission.actions
        if reference.action(action).mutating and action not in CHANGES_NOTHING
    ]


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_look_is_allowed_reads_alone(name: str) -> None:
    component = COMPONENTS[name]
    assert writes(iter(component.reads)) == []
    in_plans = [each for each in component.reads_in_plan if each not in MADE_BY_PLANS.get(name, ())]
    assert writes(iter(in_plans)) == []
