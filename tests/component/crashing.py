"""A function that dies in the midst of its calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from groundwork.baseline import loop
from groundwork.baseline.component import Call, Component, Target
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from tests.component.access import ACCESS
from tests.component.conftest import World


class Crash(Exception):
    """The function dies."""


def crash(
    world: World,
    account: Account,
    after: int,
    declaration: Declaration | None = None,
    component: Component[Any] = ACCESS,
) -> bool:
    """Apply, and die after so many calls. Whether there were as many."""
    made = iter(range(after))

    def make(call: Call, target: Target) -> None:
        if next(made, None) is None:
            raise Crash
        make_one(call, target)

    make_one = loop._make_one
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "_make_one", make)
        patch.setattr(loop, "side_by_side", one_after_the_other)
        try:
            loop.apply(component, world.target(component, account, declaration))
        except Crash:
            return True
    return False


def one_after_the_other(*works: Callable[[], None]) -> None:
    for work in works:
        work()
