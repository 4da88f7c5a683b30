"""Waiting ends when the embedded AWS rests, however long that takes; not after some seconds."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from local import waiting
from local.engine import Engine

ADMINISTRATOR = SimpleNamespace(principal_arn="arn:aws:iam::123456789012:user/administrator")
FUNCTION = SimpleNamespace(principal_arn="arn:aws:sts::123456789012:assumed-role/reader/function")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[SimpleNamespace]:
    """The call log of an AWS at which one looks without a pause."""
    made: list[SimpleNamespace] = []
    monkeypatch.setattr(Engine, "current", SimpleNamespace(calls=made))
    monkeypatch.setattr(waiting, "SHORTEST", 0)
    return made


class Looks:
    """Counts them, calls AWS as the administrator, and every so often somebody else does. Finds what is there at the
    last one."""

    def __init__(self, calls: list[SimpleNamespace], *, others_every: int = 0, last: int = 0) -> None:
        self.made, self._calls, self._every, self._last = 0, calls, others_every, last

    def __call__(self) -> bool:
        self.made += 1
        self._calls.append(ADMINISTRATOR)
        if self._every and self.made % self._every == 0:
            self._calls.append(FUNCTION)
        return self.made == self._last


def test_what_comes_at_once_is_found_at_the_first_look(calls: list[SimpleNamespace]) -> None:
    look = Looks(calls, last=1)
    assert waiting.until(look, "it")
    assert look.made == 1


def test_a_slow_aws_is_waited_for_as_long_as_it_works(calls: list[SimpleNamespace]) -> None:
    assert waiting.until(Looks(calls, others_every=5, last=waiting.LOOKS), "it")


@pytest.mark.parametrize("others_every", [0, 100])
def test_one_that_rests_is_not_even_when_a_schedule_comes_now_and_then(
    calls: list[SimpleNamespace], others_every: int
) -> None:
    look = Looks(calls, others_every=others_every)
    with pytest.raises(waiting.NothingHappens, match="waiting for it"):
        waiting.until(look, "it")
    assert waiting.IDLE_LOOKS < look.made < 2 * waiting.IDLE_LOOKS


def test_one_that_never_rests_is_given_up_at_last(calls: list[SimpleNamespace]) -> None:
    look = Looks(calls, others_every=1)
    with pytest.raises(waiting.NothingHappens):
        waiting.until(look, "it")
    assert look.made == waiting.LOOKS
