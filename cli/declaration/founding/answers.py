"""What a declaration of one's own begins with: each question, its default, and what an answer must be."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from groundwork.declaration.aws_names import did_you_mean, partitions
from groundwork.fields import AccountName, Email, UnitPath, ancestors

NONE = "none"
UNITS = ("Workloads/Development", "Workloads/Staging", "Workloads/Production")
NOT_FOR_DEVELOPERS = re.compile(r"prod|live|security|log|audit|suspended|infrastructure", re.IGNORECASE)
EXAMPLE = "aws@example.com"
"""Nobody owns it: whoever takes this default has to write their own address before they deploy."""


@dataclass
class Owned:
    """The security or the tooling account. `id` is known where the account is there."""

    name: str
    email: str = ""
    unit: str | None = None
    id: str | None = None


@dataclass
class Answers:
    """`email` is the address from which those of accounts are made, by a plus. `developers` are the units in which
    developers change things; elsewhere they look. `identity_center`: people sign in by it, and no group is declared."""

    email: str = EXAMPLE
    security: Owned = field(default_factory=lambda: Owned("security", unit="Security"))
    tooling: Owned | None = field(default_factory=lambda: Owned("mgmt", unit="Infrastructure"))
    home: str = "us-east-1"
    governed: list[str] = field(default_factory=lambda: ["us-east-1"])
    units: list[str] = field(default_factory=lambda: list(UNITS))
    developers: list[str] | None = None
    alias: str | None = "<name>-<account>"
    keep_days: int = 2557
    notices: str = ""
    identity_center: bool = False

    def email_of(self, owned: Owned) -> str:
        return owned.email or plus(self.email, owned.name)

    @property
    def of_developers(self) -> list[str]:
        if self.developers is not None:
            return self.developers
        above = {ancestor for unit in self.units for ancestor in ancestors(unit)[:-1]}
        return [unit for unit in self.units if unit not in above and not NOT_FOR_DEVELOPERS.search(unit)]

    @property
    def all_units(self) -> list[str]:
        owned = [each.unit for each in (self.security, self.tooling) if each and each.unit]
        return list(dict.fromkeys([*owned, *self.units]))


def plus(email: str, name: str) -> str:
    """`aws+security@example.com`."""
    mailbox, _, domain = email.partition("@")
    word = re.sub(r"[^a-z0-9.-]+", "-", name.lower()).strip("-")
    return f"{mailbox.partition('+')[0]}+{word}@{domain}"


# -- what an answer must be: each raises ValueError with a sentence --------------------------------------


def email(text: str) -> str:
    return _by(Email, text)


def account_name(text: str) -> str:
    return _by(AccountName, text)


def unit(text: str) -> str:
    return _by(UnitPath, text)


def region(text: str) -> str:
    if text not in partitions():
        raise ValueError(f"{text!r} is no Region of AWS{did_you_mean(text, partitions())}")
    return text


def days(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"{text!r} is no number of days; give a whole number of at least 1")
    return int(text)


def several(one: Callable[[str], str]) -> Callable[[str], list[str]]:
    """Texts with commas between them, or none."""

    def many(text: str) -> list[str]:
        return [] if text == NONE else [one(each.strip()) for each in text.split(",") if each.strip()]

    return many


def or_none(one: Callable[[str], str]) -> Callable[[str], str | None]:
    return lambda text: None if text == NONE else one(text)


def listed(values: Sequence[str]) -> str:
    return ", ".join(values) or NONE


def _by(field_: Any, text: str) -> str:
    try:
        value: str = TypeAdapter(field_).validate_python(text)
    except ValidationError as invalid:
        (error, *_) = invalid.errors()
        told = error.get("ctx", {}).get("error", error["msg"])
        raise ValueError(f"{text!r} {told}") from None
    return value
