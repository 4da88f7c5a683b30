"""The registry: every component by its name in the declaration."""

from __future__ import annotations

from typing import Any

from groundwork.baseline.component import Component
from groundwork.declaration import ComponentName

COMPONENTS: dict[ComponentName, Component[Any]] = {
}
