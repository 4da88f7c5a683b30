"""Which accounts a roll-out goes to: one pass over Organizations, one over the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import Any

from groundwork.aws.organizations import Listed, Organizations
from groundwork.contracts import Filter, Kind, Mode, Model, RollOut, read_roll_out
from groundwork.declaration import Declaration
from groundwork.errors import InvalidRequest
from groundwork.fields import AccountId, shown
from groundwork.ledger import Ledger
from groundwork.ledger.directory import pinned_by
from groundwork.roll_out.store import Store
from groundwork.side_by_side import side_by_side
from groundwork.tags import INSTALLED_TAG
from groundwork.vending.kinds import is_adopted, kind_of

STAGES: tuple[tuple[Kind, ...], ...] = (("management",), ("security",), ("tooling", "workload"))
"""Whoever others need comes first, and to its end: units before the groups that enter them, the log archive before what
delivers into it."""


class Item(Model):
    """One account of a roll-out. An account that was there before Groundwork is only planned, in a roll-out that
    applies, too, unless that adopts it: it is not `adopted`. `unit` is the path of its unit as Groundwork last knew it, for the report."""

    account_id: AccountId
    account_name: str
    mode: Mode
    adopted: bool
    components: list[str] | None = None
    kind: Kind
    unit: str = ""


class Stage(Model):
    """What one run of the Map is about: where its list is, and how much of it may fail."""

    accounts_key: str
    tolerated_failure_percentage: int


class Selection(Model):
    """What the Map State needs: its runs, one after the other, where the results go, and how many accounts at once."""

    bucket: str
    stages: list[Stage]
    results_prefix: str
    mode: Mode
    concurrency: int


@dataclass(frozen=True)
class Candidate:
    listed: Listed
    kind: Kind
    adopted: bool
    unit: str
    closing: bool = False

    @property
    def state(self) -> str:
        """What Organizations says; of an account that is to be closed, and left alone until then, that."""
        return "CLOSING" if self.closing and self.listed.state == "ACTIVE" else self.listed.state


class AccountSelector:
    def __init__(
        self, declaration: Declaration, ledger: Ledger, organizations: Organizations, management: str
    ) -> None:
        self._declaration = declaration
        self._ledger = ledger
        self._organizations = organizations
        self._management = management

    def select(self, raw: Any, store: Store) -> Selection:
        """Writes the list of accounts, and of those that are skipped. Raises `InvalidRequest`."""
        asked = read_roll_out(raw)
        candidates = self._candidates()
        self._check(asked, candidates)
        wanted = self._wanted(asked, candidates)
        active = [each for each in wanted if each.state == "ACTIVE"]
        active.sort(key=lambda each: (_stage(each.kind), each.listed.joined, each.listed.id))
        items = [self._item(each, asked) for each in active]
        store.write(store.accounts_key, [item.to_json() for item in items])
        store.write(
            store.skipped_key,
            {each.listed.id: each.state for each in wanted if each.state != "ACTIVE"},
        )
        declared = self._declaration.roll_out
        tolerated = asked.tolerated_failure_percentage
        if tolerated is None:
            tolerated = declared.tolerated_failure_percentage
        numbers = [_stage(each.kind) if asked.mode == "apply" else 0 for each in active]
        return Selection(
            bucket=store.bucket,
            stages=list(_stages(items, numbers, tolerated, store)),
            results_prefix=store.results_prefix,
            mode=asked.mode,
            concurrency=asked.concurrency or declared.concurrency,
        )

    def _item(self, candidate: Candidate, asked: RollOut) -> Item:
        adopted = candidate.adopted or (asked.adopt and asked.mode == "apply")
        return Item(
            account_id=candidate.listed.id,
            account_name=candidate.listed.name,
            mode=asked.mode if adopted else "plan",
            adopted=adopted,
            components=self._components(candidate, asked) if asked.components else None,
            kind=candidate.kind,
            unit=candidate.unit,
        )

    def _components(self, candidate: Candidate, asked: RollOut) -> list[str]:
        """Of those that are asked for, the ones of the account's kind."""
        its = self._declaration.baseline.get(candidate.kind, [])
        return [name for name in its if name in asked.components]

    def _candidates(self) -> list[Candidate]:
        """Every account. The ledger knows whom Groundwork has adopted: no account is asked for its tags."""
        tags, memory = self._organizations.tags(self._management), self._ledger.recall_all()
        installed, pinned = tags.get(INSTALLED_TAG), memory.pinned or pinned_by(tags)
        return [
            Candidate(
                listed,
                kind_of(listed, self._declaration, pinned),
                listed.id in memory.accounts or is_adopted(listed, {}, self._declaration, pinned, installed),
                known.unit or "" if (known := memory.accounts.get(listed.id)) else "",
                closing=bool((its := memory.closings.get(listed.id)) and its.closed_at is None),
            )
            for listed in self._organizations.accounts()
        ]

    # -- filters -----------------------------------------------------------------------------------

    def _check(self, asked: RollOut, candidates: Sequence[Candidate]) -> None:
        """What a filter names must be there: a mistyped id or unit would silently selects nobody, or everybody."""
        for component in asked.components:
            if not self._declaration.has_component(component):
                declared = sorted({each for its in self._declaration.baseline.values() for each in its})
                raise InvalidRequest(
                    f"components {shown(component)} is in the baseline of no kind of account; those are {', '.join(declared)}."
                )
        if asked.adopt and not asked.include.account_ids:
            raise InvalidRequest(
                "adopt true is for accounts that are named one by one; give their ids in include.accountIds."
            )
        known = {each.listed.id for each in candidates}
        names = {each.listed.name for each in candidates}
        for name, given in (("include", asked.include), ("exclude", asked.exclude)):
            for account_id in given.account_ids:
                if account_id not in known:
                    raise InvalidRequest(
                        f"{name}.accountIds {shown(account_id)} is no account of this organization; correct the id."
                    )
            for account_name in given.names:
                if account_name not in names:
                    close = get_close_matches(account_name, names, 1)
                    meant = f"did you mean {shown(close[0])}?" if close else "correct the name."
                    raise InvalidRequest(
                        f"{name}.names {shown(account_name)} is no account of this organization; {meant}"
                    )
            units = self._units(given, candidates)
            for path in given.organizational_units:
                if path not in units:
                    raise InvalidRequest(
                        f"{name}.organizationalUnits {shown(path)} does not exist; give its path below the root, "
                        "like Workloads/Development."
                    )

    def _units(self, given: Filter, candidates: Sequence[Candidate]) -> Mapping[str, str]:
        """The ids of the units that the filter names, by path."""
        if not given.organizational_units:
            return {}
        return self._organizations.units(candidates[0].listed.root_id, given.organizational_units)

    def _wanted(self, asked: RollOut, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Tags last: they cost a call for each account that is left then."""
        inside = self._units(asked.include, candidates)
        outside = self._units(asked.exclude, candidates)
        left = [
            each
            for each in candidates
            if all(_matches(each, asked.include, inside)) and not any(_matches(each, asked.exclude, outside))
        ]
        if tags := asked.include.tags:
            left = self._tagged(tags, left)
            _check_tags("include", tags, left)
        if tags := asked.exclude.tags:
            out = self._tagged(tags, left)
            if len(asked.exclude.model_fields_set) == 1:  # else another key may have taken them out
                _check_tags("exclude", tags, out)
            left = [each for each in left if each not in out]
        if asked.components:
            left = [each for each in left if self._components(each, asked)]
        if not left and not _is_kinds_alone(asked):
            raise InvalidRequest(
                "include, exclude and components leave no account; give some of them only, or {} for all accounts."
            )
        return left

    def _tagged(self, tags: Mapping[str, str], candidates: Sequence[Candidate]) -> list[Candidate]:
        found = side_by_side(*(partial(self._organizations.tags, each.listed.id) for each in candidates))
        return [each for each, its in zip(candidates, found, strict=True) if tags.items() <= its.items()]


def _stage(kind: Kind) -> int:
    return next(number for number, kinds in enumerate(STAGES) if kind in kinds)


def _stages(items: Sequence[Item], numbers: Sequence[int], tolerated: int, store: Store) -> Iterator[Stage]:
    """The list of each is written. One that fails of a few is as large a share of all as it is, not of the few."""
    for number in sorted({*numbers}) or [0]:
        its = [item for item, stage in zip(items, numbers, strict=True) if stage == number]
        store.write(store.stage_key(number), [item.to_json() for item in its])
        few = len(its) * 100 <= tolerated * len(items)
        yield Stage(
            accounts_key=store.stage_key(number), tolerated_failure_percentage=100 if few else tolerated
        )


def _is_kinds_alone(asked: RollOut) -> bool:
    """There may be no account of a kind yet: whoever asks for all of them is answered."""
    return asked.include.model_fields_set <= {"kinds"} and not asked.exclude.model_fields_set


def _check_tags(name: str, tags: Mapping[str, str], tagged: Sequence[Candidate]) -> None:
    if not tagged:
        raise InvalidRequest(
            f"{name}.tags {shown(tags)} are on none of the accounts that the other keys select; correct them, or leave "
            "them out."
        )


def _matches(candidate: Candidate, given: Filter, units: Mapping[str, str]) -> Iterator[bool]:
    """For each key of the filter that is given, tags aside, whether the account matches it."""
    if given.account_ids:
        yield candidate.listed.id in given.account_ids
    if given.names:
        yield candidate.listed.name in given.names
    if given.organizational_units:
        yield any(units[path] in candidate.listed.unit_ids for path in given.organizational_units)
    if given.kinds:
        yield candidate.kind in given.kinds
