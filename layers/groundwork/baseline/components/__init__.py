"""The registry: every component by its name in the declaration. A module of this package holds one."""

from __future__ import annotations

import importlib
from typing import Any

from groundwork.baseline.component import Component
from groundwork.declaration.component_names import component_names


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


COMPONENTS: dict[str, Component[Any]] = {name: _component(name) for name in component_names()}
