"""The calls of a component in lanes: what needs each other in order, the rest side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from threading import Barrier, Event, Lock
from typing import Any, ClassVar

import pytest

from groundwork.baseline import loop
from groundwork.baseline.component import Call, Component, Permission, Target
from groundwork.contracts import Account, Organization
from groundwork.declaration.loading import load

PATIENCE = 30


def call(resource: str, operation: str = "Do", **given: Any) -> Call:
    return replace(Call("iam", operation, {}, resource, "update", "differs"), **given)


def shown(calls: Iterable[Call]) -> list[list[list[str]]]:
    """The resources, and the Regions of those that have one, by stage and lane."""

    def name(each: Call) -> str:
        return each.resource + (f" in {each.region}" if each.region else "")

    return [[[name(each) for each in lane] for lane in lanes] for lanes in loop.stages(calls)]


def test_calls_that_do_not_say_what_they_need_are_made_in_order() -> None:
    assert shown([call("key"), call("bucket"), call("key")]) == [[["key", "bucket", "key"]]]


def test_the_regions_come_after_what_has_none_and_each_is_in_order() -> None:
    calls = [
        call("channel", region="a"),
        call("recorder", region="b"),
        call("start", region="a"),
        call("role"),
    ]
    assert shown(calls) == [[["role"]], [["channel in a", "start in a"], ["recorder in b"]]]


def test_one_lane_for_each_resource() -> None:
    calls = [call("x", needs=()), call("y", needs=()), call("x", needs=()), call("y", region="a", needs=())]
    assert shown(calls) == [[["x", "x"], ["y"], ["y in a"]]]


def test_a_part_of_a_resource_is_in_its_lane() -> None:
    calls = [
        call("bucket x: Policy", needs=()),
        call("bucket y", needs=()),
        call("bucket x: Lifecycle", needs=()),
    ]
    assert shown(calls) == [[["bucket x: Policy", "bucket x: Lifecycle"], ["bucket y"]]]


def test_what_is_needed_comes_first_as_far_as_it_is_due() -> None:
    user = call("user", needs=("group", "another"))
    assert shown([call("role", needs=()), call("group", needs=()), user]) == [
        [["role"], ["group"]],
        [["user"]],
    ]
    assert shown([user]) == [[["user"]]]


def test_a_call_that_does_not_say_what_it_needs_waits_for_all_before_it() -> None:
    assert shown([call("x", needs=()), call("y", needs=("x",)), call("z")]) == [[["x"]], [["y"]], [["z"]]]


class Fixed(Component[None]):
    """Has the same difference however often it looks."""

    name = "fixed"
    reads: ClassVar[list[Permission]] = []
    writes: ClassVar[list[Permission]] = []

    def __init__(self, *calls: Call) -> None:
        self._calls = calls

    def read(self, target: Target) -> None: ...

    def diff(self, found: None, target: Target) -> Iterable[Call]:
        return self._calls

    def left(self, target: Target) -> Iterable[Call]:
        return self._calls


def target_of(methods: Mapping[str, Any]) -> Target:
    """Whose clients have these methods, by name."""
    client = type("Client", (), {name: staticmethod(method) for name, method in methods.items()})
    account = Account(id="400000000004", name="dev", email="aws+dev@example.com", kind="workload")
    organization = Organization(
        id="o-exampleorgid", partition="aws", root_id="r-ab12", management_account_id="100000000001"
    )
    return Target(account, organization, load(), lambda service, region=None: client)


def test_an_error_in_one_lane_lets_the_others_end_and_none_follows() -> None:
    failed, made = Event(), list[str]()

    def fail() -> None:
        failed.set()
        raise LookupError("refused")

    def go_on() -> None:
        assert failed.wait(PATIENCE)
        made.append("slow")

    target = target_of({"fail": fail, "go_on": go_on, "follow": lambda: made.append("late")})
    calls = [
        call("x", "GoOn", needs=()),
        call("x", "GoOn", needs=()),
        call("y", "Fail", needs=()),
        call("y", "Follow", needs=()),
        call("z", "Follow", needs=("x", "y")),
    ]
    with pytest.raises(LookupError, match="refused"):
        loop.apply(Fixed(*calls), target)
    assert made == ["slow", "slow"]


def test_iam_is_written_by_four_at_once() -> None:
    number, most, lock = 0, 0, Lock()
    four = Barrier(loop.WRITES_TO_IAM)

    def write() -> None:
        nonlocal number, most
        with lock:
            number += 1
            most = max(most, number)
        four.wait(PATIENCE)  # four are there, and whoever is the fifth now has been let in by mistake
        with lock:
            number -= 1

    calls = [call(f"role/{each}", "Write", needs=()) for each in range(4 * loop.WRITES_TO_IAM)]
    loop.apply(Fixed(*calls), target_of({"write": write}))
    assert most == loop.WRITES_TO_IAM


def test_a_plan_makes_none_of_its_calls() -> None:
    changes = loop.plan(Fixed(call("x", needs=()), call("y", needs=("x",))), target_of({}))
    assert [change.resource for change in changes] == ["x", "y"]
