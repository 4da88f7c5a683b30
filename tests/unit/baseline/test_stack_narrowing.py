"""What a stack's role may is given before an update, and taken after it: of one policy, in two steps."""

from __future__ import annotations

import json
from typing import Any

import pytest

from groundwork.baseline.component import Call
from groundwork.baseline.components.access import difference
from groundwork.baseline.components.access.state import RoleState
from groundwork.baseline.components.stacks.narrowing import after_the_update

UPDATE = "the update of stack groundwork-alerts in us-east-1"


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [*statements]}


def allow(*actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": [*actions], "Resource": "*", **more}


def deny(*actions: str) -> dict[str, Any]:
    return {**allow(*actions), "Effect": "Deny"}


def role(own: dict[str, Any]) -> RoleState:
    return RoleState("groundwork-stack-alerts", inline={"own": own}, trust=document())


def steps(found: dict[str, Any], wanted: dict[str, Any]) -> list[Call]:
    there, declared = role(found), role(wanted)
    return list(after_the_update(difference.role(there, declared), there, declared, UPDATE))


def put(call: Call) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = json.loads(call.parameters["PolicyDocument"])["Statement"]
    return said


WAS = document(allow("sns:*", Sid="It"), allow("sqs:*"), deny("s3:*"))
IS = document(allow("sns:*", "s3:*", Sid="It"))


def test_both_are_put_and_after_the_update_what_is_declared() -> None:
    """IAM takes the name of a statement but once, and a denial of before would hold for the update, too."""
    first, second = steps(WAS, IS)
    assert (first.after, second.after) == ("", UPDATE)
    assert put(first) == [allow("sns:*"), allow("sqs:*"), *IS["Statement"]]
    assert put(second) == IS["Statement"]
    assert first.reason.endswith(f"; what it allowed before stays until {UPDATE}")


def test_once_both_are_there_only_the_second_step_is_left() -> None:
    both = document(*put(steps(WAS, IS)[0]))
    (left,) = steps(both, IS)
    assert (left.after, put(left)) == (UPDATE, IS["Statement"])


@pytest.mark.parametrize(
    ("found", "wanted", "after"),
    [
        (document(allow("sns:*")), document(allow("sns:*", "sqs:*")), ""),
        (document(allow("sns:*", "sqs:*")), document(allow("sns:*")), UPDATE),
    ],
    ids=["wider", "narrower"],
)
def test_what_is_only_wider_or_only_narrower_is_one_step(
    found: dict[str, Any], wanted: dict[str, Any], after: str
) -> None:
    (only,) = steps(found, wanted)
    assert (only.after, put(only)) == (after, wanted["Statement"])


def test_where_there_is_no_room_for_both_it_is_put_at_once() -> None:
    names = [f"arn:aws:sns:us-east-1:012345678901:topic-{number:04}" for number in range(150)]
    found, wanted = document(allow("sns:*", Resource=names)), document(allow("sqs:*", Resource=names))
    (only,) = steps(found, wanted)
    assert (only.after, put(only)) == ("", wanted["Statement"])
