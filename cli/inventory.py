"""What there is: one pass of Organizations over all accounts, and one over the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cli.trouble import Trouble
from groundwork.contracts import Kind, Model
from groundwork.declaration.aws_names import did_you_mean
from groundwork.ledger.memory import Memory
from groundwork.ledger.records import CLOSING, LastRuns
from groundwork.side_by_side import side_by_side

if TYPE_CHECKING:
    from cli.connection import Connection
    from groundwork.aws.organizations import Listed


class Entry(Model):
    """One account. `state` is `ready`, `failed`, `in progress`, `not adopted`, `closing` until `closes_at`, on `expires_on` it is suspended, or in lower case
    what Organizations says of an account that is not active; `drift` has the components that the last plan found to
    differ."""

    account_id: str
    name: str
    email: str
    kind: Kind | None
    unit: str
    state: str
    baseline: str | None
    drift: list[str]
    last_run: str | None
    last_run_at: str | None
    last_plan: str | None
    last_plan_at: str | None
    closes_at: str | None = None
    expires_on: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether anybody gets in: neither closed, nor waiting for it."""
        return self.state in ("ready", "failed", "in progress", "not adopted")


def inventory(aws: Connection) -> list[Entry]:
    """Every account of the organization: the management account first, then by unit and name."""
    from groundwork.aws.organizations import Organizations

    organizations = Organizations(aws.client("organizations"))
    listed, runs, leaving = side_by_side(
        lambda: list(organizations.accounts()),
        lambda: aws.ledger().last_runs(),
        aws.ledger().leaving,
    )
    units = unit_paths(aws, listed)
    found = (_entry(each, runs.get(each.id), units) for each in listed)
    return _in_order(_leaving(each, leaving) for each in found)


def remembered(aws: Connection) -> list[Entry]:
    """The accounts that have been enrolled, as the ledger remembers them; Organizations is not asked."""
    runs = (each for each in aws.ledger().last_runs().values() if each.state)
    return _in_order(
        _of(each, each.name, each.email, each.kind, each.unit or "", _progress(each)) for each in runs
    )


def _leaving(entry: Entry, leaving: Memory) -> Entry:
    """AWS's word, of an account that is not active any more, outweighs it."""
    record, ending = leaving.closings.get(entry.account_id), leaving.endings.get(entry.account_id)
    if not entry.is_open:
        return entry
    if record is None or record.closed_at:
        return entry.model_copy(update={"expires_on": ending.expires_on if ending else None})
    return entry.model_copy(update={"state": CLOSING, "closes_at": record.closes_at})


def _in_order(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda each: (each.kind != "management", each.unit, each.name))


def unit_paths(aws: Connection, listed: Iterable[Listed]) -> dict[tuple[str, ...], str]:
    """The paths of names of the units that accounts are in, by their paths of ids; asked level by level."""
    client = aws.client("organizations")
    paths: dict[tuple[str, ...], str] = {(): ""}
    wanted = {each.unit_ids[:depth] for each in listed for depth in range(1, len(each.unit_ids) + 1)}
    roots = {each.root_id for each in listed}
    for depth in range(1, max(map(len, wanted), default=0) + 1):
        here = sorted({ids[: depth - 1] for ids in wanted if len(ids) >= depth})
        children = side_by_side(
            *(lambda ids=ids: _children(client, ids[-1] if ids else next(iter(roots))) for ids in here)
        )
        for ids, found in zip(here, children, strict=True):
            for unit_id, name in found.items():
                paths[*ids, unit_id] = f"{paths[ids]}/{name}".lstrip("/")
    return paths


def _children(client: Any, parent: str) -> dict[str, str]:
    pages = client.get_paginator("list_organizational_units_for_parent").paginate(ParentId=parent)
    return {unit["Id"]: unit["Name"] for page in pages for unit in page["OrganizationalUnits"]}


def _entry(listed: Listed, runs: LastRuns | None, units: Mapping[tuple[str, ...], str]) -> Entry:
    management = listed.id == listed.management_account_id
    known = runs or LastRuns(account_id=listed.id)
    kind: Kind | None = "management" if management else known.kind
    unit = units.get(listed.unit_ids, known.unit or "")
    state = _progress(known) if listed.state == "ACTIVE" else listed.state.lower().replace("_", " ")
    return _of(known, listed.name, listed.email, kind, unit, state)


def _of(runs: LastRuns, name: str, email: str, kind: Kind | None, unit: str, state: str) -> Entry:
    return Entry(
        account_id=runs.account_id,
        name=name,
        email=email,
        kind=kind,
        unit=unit,
        state=state,
        baseline=runs.baseline,
        drift=runs.differing,
        last_run=runs.last_run,
        last_run_at=_moment(runs.last_run_at),
        last_plan=runs.last_plan,
        last_plan_at=_moment(runs.last_plan_at),
    )


def _progress(runs: LastRuns) -> str:
    return "in progress" if runs.state == "enrolled" else runs.state or "not adopted"


def _moment(seconds: int) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds else None


def chosen(entries: Iterable[Entry], wanted: Iterable[str]) -> list[Entry]:
    """The accounts with these ids, names or e-mails. Raises `Trouble` for one that is not there, or that two have."""
    entries = list(entries)
    return [_one(entries, each) for each in wanted]


def _one(entries: list[Entry], wanted: str) -> Entry:
    text = wanted.casefold()
    found = [
        each for each in entries if text in (each.account_id, each.name.casefold(), each.email.casefold())
    ]
    if len(found) > 1:
        ids = ", ".join(each.account_id for each in found)
        raise Trouble(f"{len(found)} accounts are called {wanted!r}: {ids}.", "Name one by its id.")
    if not found:
        close = did_you_mean(wanted, [each.name for each in entries])
        raise Trouble(
            f"There is no account {wanted!r} in this organization{close}.",
            "`groundwork accounts` lists them.",
        )
    return found[0]
