"""The moments of an execution: each invocation of a function, seen before it begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from local.engine import Engine

Moment = tuple[str, int]
"""Before the nth invocation of a function."""


@contextmanager
def ahead_of(aws: Engine, invocation: Callable[[str], None]) -> Iterator[None]:
    """Calls `invocation` ahead of every one, with the function's logical id; others go on meanwhile."""
    fleet = aws.functions
    invoke = fleet.invoke

    def noticing(spec: Any, *rest: Any) -> Any:
        invocation(str(spec.name).split("-")[1])
        return invoke(spec, *rest)

    fleet.invoke = noticing
    try:
        yield
    finally:
        del fleet.invoke
