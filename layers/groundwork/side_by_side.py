"""Calls that do not need each other, made side by side: they take as long as the longest of them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, overload

AT_ONCE = 32
"""More calls than this wait for a free thread."""

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
Answer = TypeVar("Answer")


@overload
def side_by_side(first: Callable[[], A], second: Callable[[], B], /) -> tuple[A, B]: ...
@overload
def side_by_side(
    first: Callable[[], A], second: Callable[[], B], third: Callable[[], C], /
) -> tuple[A, B, C]: ...
@overload
def side_by_side(
    first: Callable[[], A], second: Callable[[], B], third: Callable[[], C], fourth: Callable[[], D], /
) -> tuple[A, B, C, D]: ...
@overload
def side_by_side(
    first: Callable[[], A],
    second: Callable[[], B],
    third: Callable[[], C],
    fourth: Callable[[], D],
    fifth: Callable[[], E],
    /,
) -> tuple[A, B, C, D, E]: ...
@overload
def side_by_side(*asks: Callable[[], Answer]) -> tuple[Answer, ...]: ...


def side_by_side(*asks: Callable[[], object]) -> tuple[object, ...]:
    """Their answers, in order. Each of them comes to its end; then the error of the first that has one, in the order in
    which they are given, is raised: what is reported does not depend on who was faster."""
    if len(asks) < 2:
        return tuple(ask() for ask in asks)
    with ThreadPoolExecutor(min(len(asks), AT_ONCE)) as pool:
        begun = [pool.submit(ask) for ask in asks]
    return tuple(each.result() for each in begun)
