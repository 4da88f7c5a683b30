"""The registry: every component by its name in the declaration. A module of this package holds one, and is imported when
it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from groundwork.baseline.component import Component
from groundwork.declaration.component_names import component_names


class Registry(Mapping[str, Component[Any]]):
    def __getitem__(self, name: str) -> Component[Any]:
        if name not in component_names():
            raise KeyError(name)
        return _component(name)

    def __iter__(self) -> Iterator[str]:
        return iter(component_names())

    def __len__(self) -> int:
        return len(component_names())


@cache
def _component(name: str) -> Component[Any]:
    module = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    (found,) = (
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Component) and kind.__module__ == module.__name__
    )
    made: Component[Any] = found()
    if made.name != name:
        raise ImportError(f"{module.__name__} holds the component {made.name!r}; it must be {name!r}")
    return made


COMPONENTS = Registry()
