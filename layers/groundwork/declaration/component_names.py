"""The names of the components: a module of `baseline/components/` each. Known without importing them, since they
import the declaration, which names them."""

from __future__ import annotations

import pkgutil
from functools import cache
from pathlib import Path

HOME = Path(__file__).parents[1] / "baseline" / "components"


@cache
def component_names() -> tuple[str, ...]:
    """As the declaration and the state machine write them: `account-settings` is `account_settings.py`."""
    return tuple(
        sorted(module_name.replace("_", "-") for _, module_name, _ in pkgutil.iter_modules([str(HOME)]))
    )


def camel(name: str) -> str:
    """The key of a component's settings in the declaration: `accountSettings`."""
    first, *rest = name.split("-")
    return first + "".join(part.capitalize() for part in rest)
