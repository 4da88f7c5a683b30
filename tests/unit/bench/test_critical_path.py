"""The critical path: what overlaps is not waited for twice, and of what happens side by side only the longest counts."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bench.models.critical_path import Call, Step, calls_of, critical_path, invocations_of, longest_chain


def call(name: str, start: float, end: float) -> Call:
    return Call(name, start, end)


def names(chain: list[Call]) -> list[str]:
    return [each.name for each in chain]


def test_calls_one_after_another_are_all_on_the_path() -> None:
    calls = [call("c", 2, 3), call("a", 0, 1), call("b", 1, 2)]
    assert names(longest_chain(calls)) == ["a", "b", "c"]


def test_of_calls_side_by_side_the_longer_chain_counts() -> None:
    lane = [call("long-1", 0, 2), call("long-2", 2, 4)]
    beside = [call("short-1", 0.5, 1.5), call("short-2", 2.5, 3.5)]
    assert names(longest_chain([*beside, *lane])) == ["long-1", "long-2"]


def test_a_call_within_another_is_not_on_the_path() -> None:
    assert names(longest_chain([call("outer", 0, 10), call("inner", 4, 5)])) == ["outer"]


def test_of_nothing_comes_nothing() -> None:
    assert longest_chain([]) == []
    assert critical_path([]) == []


def test_a_state_has_those_of_its_calls_that_it_waits_for() -> None:
    look = Step("Look", 0, 4, (call("a", 0, 1), call("b", 1, 2), call("beside-b", 1.2, 1.9)))
    shorter = Step("Beside", 0, 3, (call("x", 0, 1), call("y", 1, 2), call("z", 2, 3)))
    answer = Step("events PutEvents", 5, 6, invoked=False)
    path = critical_path([answer, shorter, look])
    assert [step.name for step in path] == ["Look", "events PutEvents"]
    assert names(list(path[0].calls)) == ["a", "b"]
    assert calls_of(path) == 3
    assert invocations_of(path) == 1


spans = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 10)).map(lambda at: call("", at[0], at[0] + at[1])),
    max_size=8,
)


def longest_by_trying(calls: list[Call], after: float = 0) -> float:
    return max(
        (each.end - each.start + longest_by_trying(calls, each.end) for each in calls if each.start >= after),
        default=0,
    )


@given(spans)
def test_no_chain_covers_more(calls: list[Call]) -> None:
    chain = longest_chain(calls)
    assert all(one.end <= other.start for one, other in pairwise(chain))
    assert sum(each.end - each.start for each in chain) == longest_by_trying(calls)
