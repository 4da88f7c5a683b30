"""The default declaration with options that an auditor asks for, as folders: `make audit-accounts WITH=in-each-account`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from groundwork.baseline.components import COMPONENTS
from groundwork.declaration.loading import FILE, HOME

CONTACT = {"name": "Security team", "email": "security@example.com", "phone": "+41 44 123 45 67"}


def _in_each_account(declared: dict[str, Any]) -> None:
    _with_options(declared, "account")


def _once(declared: dict[str, Any]) -> None:
    _with_options(declared, "organization")


def _with_options(declared: dict[str, Any], by: str) -> None:
    declared["trail"] = {"mode": by, "cloudWatchLogs": {"retentionDays": 365}, "dataEvents": {"s3": "all"}}
    declared["alarms"] = {"by": by, "notify": ["alarms@example.com"]}
    declared["accountContacts"] = {
        kind: {**CONTACT, "title": kind} for kind in ("security", "operations", "billing")
    }
    declared["externalAccess"] = {"perAccount": True}
    _everywhere(declared, "alarms", "account-contacts", "external-access", "vulnerability-scanning")


def _everywhere(declared: dict[str, Any], *names: str) -> None:
    """In the line of each kind of account that the component is for."""
    for kind, components in declared["baseline"].items():
        components += [name for name in names if kind in COMPONENTS[name].kinds and name not in components]


VARIANTS: Mapping[str, Callable[[dict[str, Any]], None]] = {
    "in-each-account": _in_each_account,
    "once": _once,
}


def declare(name: str, folder: Path) -> None:
    """Lay a variant down in a folder that is not there."""
    shutil.copytree(HOME, folder)
    declared = yaml.safe_load((HOME / FILE).read_text(encoding="utf-8"))
    VARIANTS[name](declared)
    (folder / FILE).write_text(yaml.safe_dump(declared, sort_keys=False), encoding="utf-8")
