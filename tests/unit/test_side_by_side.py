"""Side by side: all at once, each to its end, and the error that is told does not depend on who was faster."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Barrier, Event, current_thread

import pytest

from groundwork.side_by_side import AT_ONCE, side_by_side

PATIENCE = 30


def test_answers_come_in_the_order_of_the_asks() -> None:
    """Nobody answers before everybody has begun."""
    everybody = Barrier(AT_ONCE)

    def ask(number: int) -> int:
        everybody.wait(PATIENCE)
        return number

    assert side_by_side(*(partial(ask, number) for number in range(AT_ONCE))) == tuple(range(AT_ONCE))


def test_nothing_and_a_single_one_need_no_thread() -> None:
    assert side_by_side() == ()
    assert side_by_side(current_thread) == (current_thread(),)


@pytest.mark.parametrize("first", ["left", "right"])
def test_the_first_error_in_their_order_is_raised_after_all_have_ended(first: str) -> None:
    failed, ended = {"left": Event(), "right": Event()}, Event()

    def fail(name: str) -> None:
        if name != first:
            assert failed[first].wait(PATIENCE)
        failed[name].set()
        raise LookupError(name)

    def go_on() -> None:
        assert failed["left"].wait(PATIENCE)
        assert failed["right"].wait(PATIENCE)
        ended.set()

    asks: list[Callable[[], None]] = [partial(fail, "left"), partial(fail, "right"), go_on]
    with pytest.raises(LookupError, match="left"):
        side_by_side(*asks)
    assert ended.is_set()
