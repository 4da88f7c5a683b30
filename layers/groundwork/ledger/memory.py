"""What one look into the ledger shows: which items are asked for, and what they say together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field

from groundwork.contracts import Kind, Model
from groundwork.ledger.records import (
    ALL_EMAILS,
    PINNED,
    UNITS,
    AccountOfEvent,
    AccountRecord,
    ApprovalRecord,
    ClosingRecord,
    EndingRecord,
    RequestRecord,
    account_key,
    account_of,
    approval_key,
    approval_of,
    closing_key,
    closing_of,
    email_key,
    ending_key,
    ending_of,
    event_key,
    name_key,
    only,
    request_key,
    request_of,
)


class Bearer(Model):
    """Who has a name: an account, or whoever has asked for one with this e-mail; never both. `held` is true of a name that
    an account has just been given, and that AWS may not show yet."""

    account_id: str | None = None
    email: str | None = None
    held: bool = False


class Memory(Model):
    """What one look into the ledger showed. `ids` are accounts by e-mail, in lower case; `names` who has a name, by
    name in lower case; `approvals` what waits for one, and `events` who got which account, by the request's id; `holders` who holds the lease of an account;
    `closings` are the accounts that are to be closed, and those that were; `endings` those that are to expire, or that people
    were told of; `every_email` says that only an account younger than the last pass over all can be missing here; `units` are
    ids of organizational units by path, as they were some minutes ago; `pinned` are ids by kind, and None where the ledger
    does not know of any, which may be because it was lost."""

    requests: dict[str, RequestRecord] = Field(default_factory=dict)
    ids: dict[str, str] = Field(default_factory=dict)
    accounts: dict[str, AccountRecord] = Field(default_factory=dict)
    names: dict[str, Bearer] = Field(default_factory=dict)
    approvals: dict[str, ApprovalRecord] = Field(default_factory=dict)
    events: dict[str, AccountOfEvent] = Field(default_factory=dict)
    pinned: dict[Kind, str] | None = None
    holders: dict[str, str] = Field(default_factory=dict)
    closings: dict[str, ClosingRecord] = Field(default_factory=dict)
    endings: dict[str, EndingRecord] = Field(default_factory=dict)
    every_email: bool = False
    units: dict[str, str] = Field(default_factory=dict)
    units_until: int = 0


def keys_of(
    emails: Iterable[str],
    accounts: Iterable[str],
    names: Iterable[str],
    requests: Iterable[str],
    closings: Iterable[str],
) -> list[str]:
    of_emails = [key(email) for email in emails for key in (request_key, email_key)]
    others = [
        *(key(account) for account in accounts for key in (account_key, ending_key)),
        *map(name_key, names),
        *(key(request) for request in requests for key in (approval_key, event_key)),
        *map(closing_key, closings),
    ]
    return [ALL_EMAILS, UNITS, PINNED, *of_emails, *others]


def remembered(items: Mapping[str, Mapping[str, Any]], now: float) -> Memory:
    """What these items, by key, say. `now` is in seconds since the epoch."""
    requests, emails, accounts, names = (
        _named(items, kind) for kind in ("request", "email", "account", "name")
    )
    units = items.get(UNITS, {})
    held = units.get("until", 0) > now
    ids = {email: item["accountId"] for email, item in {**requests, **emails}.items() if "accountId" in item}
    return Memory(
        requests={email: record for email, item in requests.items() if (record := request_of(item))},
        ids=ids,
        accounts={each: known for each, item in accounts.items() if (known := account_of(item))},
        names={
            each: Bearer.model_validate(only(Bearer, item) | {"held": item.get("heldUntil", 0) > now})
            for each, item in names.items()
        },
        approvals={
            each: waits for each, item in _named(items, "approval").items() if (waits := approval_of(item))
        },
        events={
            each: AccountOfEvent.model_validate(only(AccountOfEvent, item))
            for each, item in _named(items, "event").items()
        },
        pinned=_without_key(items[PINNED]) if PINNED in items else None,
        holders={
            each: item["leaseOwner"] for each, item in accounts.items() if item.get("leaseUntil", 0) > now
        },
        closings={each: it for each, item in _named(items, "closing").items() if (it := closing_of(item))},
        endings={each: one for each, item in _named(items, "ending").items() if (one := ending_of(item))},
        every_email=ALL_EMAILS in items,
        units=_units_of(units) if held else {},
        units_until=units["until"] if held else 0,
    )


def attributes_of(units: Mapping[str, str]) -> dict[str, str]:
    """Paths by ids, in letters that an expression of DynamoDB takes as a name: `ou_ab12_11111111`."""
    return {unit.replace("-", "_"): path for path, unit in units.items()}


def _units_of(item: Mapping[str, Any]) -> dict[str, str]:
    return {path: name.replace("_", "-") for name, path in item.items() if name.startswith("ou_")}


def _named(items: Mapping[str, Mapping[str, Any]], kind: str) -> dict[str, Mapping[str, Any]]:
    return {key.removeprefix(f"{kind}#"): item for key, item in items.items() if key.startswith(f"{kind}#")}


def _without_key(item: Mapping[str, Any]) -> dict[Any, Any]:
    return {name: value for name, value in item.items() if name != "pk"}
