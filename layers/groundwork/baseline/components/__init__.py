"""The registry: every component by its name in the declaration."""

from __future__ import annotations

from typing import Any

from groundwork.baseline.component import Component
from groundwork.baseline.components.access import Access
from groundwork.baseline.components.delegation import Delegation
from groundwork.baseline.components.organization import OrganizationSetup
from groundwork.declaration import ComponentName

COMPONENTS: dict[ComponentName, Component[Any]] = {
    "access": Access(),
    "delegation": Delegation(),
    "organization": OrganizationSetup(),
}
