"""Which kind an account is of: the declaration says; else it is a workload."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from groundwork.aws.organizations import Listed
from groundwork.contracts import AccountRequest, Kind, RequestedKind
from groundwork.errors import InvalidRequest

if TYPE_CHECKING:
    from groundwork.declaration import Declaration, DeclaredAccount

KIND_TAG = "groundwork:kind"


def kind_of(listed: Listed, declaration: Declaration) -> Kind:
    """The declaration's word alone: whoever may set a tag, or move an account, gains nothing by it."""
    if listed.id == listed.management_account_id:
        return "management"
    declared = _declared(listed, declaration)
    return declared.kind if declared else "workload"


def granted(asked: AccountRequest, declaration: Declaration) -> tuple[RequestedKind, str | None]:
    """The kind and the unit a request gets. Raises `InvalidRequest` for a kind or an e-mail that the declaration
    gives to another account."""
    declared = next(
        (each for each in declaration.accounts if each.email.lower() == asked.email.lower()), None
    )
    if declared and declared.name != asked.account_name:
        raise InvalidRequest(
            f"email {asked.email!r} is declared for the account {declared.name!r}, not for {asked.account_name!r}; "
            "use the declared name, or another e-mail."
        )
    if declared:
        if "kind" in asked.model_fields_set and asked.kind != declared.kind:
            raise InvalidRequest(
                f"kind {asked.kind!r} is not that of {declared.name!r}; the declaration says {declared.kind!r}."
            )
        home = declared.organizational_unit
        if home and asked.organizational_unit not in (None, home):
            raise InvalidRequest(
                f"organizationalUnit {asked.organizational_unit!r} is not that of {declared.name!r}; the declaration says {home!r}."
            )
        return declared.kind, home or asked.organizational_unit
    if asked.kind != "workload":
        named = next((each for each in declaration.accounts if each.kind == asked.kind), None)
        whose = f"only {named.name!r} with {named.email!r} is" if named else "no account is"
        raise InvalidRequest(
            f"kind {asked.kind!r} is not for {asked.account_name!r} with {asked.email!r}: {whose} declared so in "
            "baseline.yaml; leave kind out, or have the declaration changed."
        )
    return "workload", asked.organizational_unit


def is_declared(listed: Listed, declared: DeclaredAccount) -> bool:
    return listed.id == declared.id or (
        listed.name == declared.name
        and listed.email.lower() == declared.email.lower()
        and declared.id in (None, listed.id)
    )


def is_adopted(
    listed: Listed, tags: Mapping[str, str], declaration: Declaration, installed: str | None
) -> bool:
    """Whether Groundwork may change the account: one that it knows by its tag, that is declared, or that came after
    Groundwork was `installed` (ISO 8601)."""
    if KIND_TAG in tags or listed.id == listed.management_account_id:
        return True
    declared = any(is_declared(listed, each) for each in declaration.accounts)
    return declared or (installed is not None and listed.joined >= datetime.fromisoformat(installed))


def _declared(listed: Listed, declaration: Declaration) -> DeclaredAccount | None:
    return next((declared for declared in declaration.accounts if is_declared(listed, declared)), None)
