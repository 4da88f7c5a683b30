"""The registry: every component by its name in the declaration."""

from __future__ import annotations

from typing import Any

from groundwork.baseline.component import Component
from groundwork.baseline.components.access import Access
from groundwork.baseline.components.account_settings import AccountSettings
from groundwork.baseline.components.config import Config
from groundwork.baseline.components.delegation import Delegation
from groundwork.baseline.components.guardrails import Guardrails
from groundwork.baseline.components.log_archive import LogArchive
from groundwork.baseline.components.organization import Organization
from groundwork.baseline.components.trail import Trail
from groundwork.declaration import ComponentName

COMPONENTS: dict[ComponentName, Component[Any]] = {
    "access": Access(),
    "account-settings": AccountSettings(),
    "config": Config(),
    "delegation": Delegation(),
    "guardrails": Guardrails(),
    "log-archive": LogArchive(),
    "organization": Organization(),
    "trail": Trail(),
}
