"""Which kind an account is of: the declaration says; else it is a workload.

Whoever is once of kind security or tooling stays it: from then on the account's id counts (`pinned`), and neither its
name nor its e-mail, which people change. Only the declaration's own `id` says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from groundwork.aws.organizations import Listed
from groundwork.contracts import Kind
from groundwork.tags import KIND_TAG

if TYPE_CHECKING:
    from groundwork.declaration import Declaration, DeclaredAccount

Pinned = Mapping[Kind, str]
"""Ids by kind."""


def kind_of(listed: Listed, declaration: Declaration, pinned: Pinned) -> Kind:
    """The declaration's word alone: whoever may tag, rename or move an account gains nothing by it."""
    if listed.id == listed.management_account_id:
        return "management"
    declared = declared_as(listed, declaration, pinned)
    return declared.kind if declared else "workload"


def declared_as(listed: Listed, declaration: Declaration, pinned: Pinned) -> DeclaredAccount | None:
    return next((each for each in declaration.accounts if _is_declared(listed, each, pinned)), None)


def known_id(declared: DeclaredAccount, pinned: Pinned) -> str | None:
    """The id of a declared account, where it is known."""
    return declared.id or pinned.get(declared.kind)


def _is_declared(listed: Listed, declared: DeclaredAccount, pinned: Pinned) -> bool:
    if known := known_id(declared, pinned):
        return listed.id == known
    return listed.name == declared.name and listed.email.lower() == declared.email.lower()


def is_adopted(
    listed: Listed,
    tags: Mapping[str, str],
    declaration: Declaration,
    pinned: Pinned,
    installed: str | None,
) -> bool:
    """Whether Groundwork may change the account: one that it knows by its tag, that is declared, or that came after
    Groundwork was `installed` (ISO 8601)."""
    if KIND_TAG in tags or listed.id == listed.management_account_id:
        return True
    declared = declared_as(listed, declaration, pinned) is not None
    return declared or (installed is not None and listed.joined >= datetime.fromisoformat(installed))
