"""A created account becomes an enrolled one: in its unit, tagged, and known to the ledger."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from pydantic import Field

from groundwork.aws.organizations import Listed, Organizations, facts, unit_gone
from groundwork.contracts import Account, Change, Kind, Model, Organization
from groundwork.errors import InvalidRequest
from groundwork.fields import NEVER, Whole, ancestors
from groundwork.ledger import Ledger
from groundwork.ledger.directory import PIN_TAGS, Directory
from groundwork.ledger.memory import Memory
from groundwork.side_by_side import side_by_side
from groundwork.tags import (
    BASELINE_TAG,
    CREATING,
    EXPIRES_TAG,
    INSTALLED_TAG,
    KIND_TAG,
    REQUEST_TAG,
    STATE_TAG,
)
from groundwork.vending.account_drift import account_drift, end_of, moved_back
from groundwork.vending.kinds import Pinned, declared_as, known_id
from groundwork.vending.work import QUARANTINED, Waiting, Work, is_entering, require_staying, waits_in

if TYPE_CHECKING:
    from groundwork.declaration import Declaration, DeclaredAccount

MOST_VERSIONS = 10
"""Remembered: a tag's value has 256 characters."""
A_WHILE = timedelta(days=1)
"""For which an account that others made counts as new: they tell of it at once."""
REMEMBERED = ("tooling", "workload")
"""Kinds whose policies name no units: for them, units are where they were minutes ago."""


class Enrolled(Model):
    """The account and its organization as the components need them. `ready` says that it was ready before, `baseline`
    with which version of the declaration; `leases` how often somebody had taken its lease, and let it go.
    `security_ready` says that the security account was seen to be: what was ready once stays so. `waiting` is there while the
    account is in quarantine. `reports` is what a person should know of the account itself."""

    account: Account
    organization: Organization
    ready: bool
    baseline: str | None = None
    leases: Whole = 0
    security_ready: bool = False
    waiting: Waiting | None = None
    reports: list[Change] = Field(default_factory=list)


class Enroller:
    def __init__(self, declaration: Declaration, ledger: Ledger, organizations: Organizations) -> None:
        self._declaration = declaration
        self._ledger = ledger
        self._organizations = organizations
        self._directory = Directory(ledger, organizations)

    def enroll(self, work: Work, account_id: str) -> Enrolled:
        """Only an account that this work's own request made is moved and given the requester's tags. Raises `AccountClosing`
        where it waits to be closed."""
        listed, tags, memory = self._seen(work, account_id)
        require_staying(listed, tags)
        self._pin(work.kind, listed, memory)
        try:
            return self._enroll(work, listed, tags, memory)
        except ClientError as error:
            gone = error.response["Error"]["Code"] == "DestinationParentNotFoundException"
            if not (gone and memory.units):
                raise
            # Somebody has deleted the unit since its id was noted.
            return self._enroll(work, listed, tags, memory.model_copy(update={"units": {}, "units_until": 0}))

    def look(self, work: Work, account_id: str) -> Enrolled:
        """The same for a plan, which changes nothing; but a ledger that was lost is rebuilt by looking."""
        listed, tags, memory = self._seen(work, account_id)
        there = self._at_home(work, listed, tags, memory)
        enrolled = self._told(self._enrolled(work.kind, there, tags, memory), listed, there, tags, memory)
        if KIND_TAG in tags and account_id not in memory.accounts:
            self._ledger.enroll(enrolled.account, enrolled.ready, tags.get(REQUEST_TAG))
        return enrolled

    def look_again(self, account: Account) -> Enrolled:
        """The account, which may have been moved, renamed or tagged since it was enrolled, and whether it waits still. Raises
        `AccountClosing` where it has been suspended."""
        listed, tags = self._organizations.shown(account.id)
        require_staying(listed, tags)
        memory = self._recall(listed)
        there = self._out_of_quarantine(listed, tags, memory) or listed
        enrolled = self._enrolled(account.kind, there, tags, memory)
        return enrolled.model_copy(update={"waiting": _waits(listed, tags, memory)})

    def release(self, account_id: str, waiting: Waiting) -> None:
        """Out of quarantine, to its own unit. Raises `RefusedByAws` where that is gone."""
        try:
            self._organizations.move(account_id, waiting.unit, waiting.home)
        except ClientError as error:
            if error.response["Error"]["Code"] != "DestinationParentNotFoundException":
                raise
            raise unit_gone(waiting.home) from error
        self._ledger.note_quarantine(account_id, None)

    def _seen(self, work: Work, account_id: str) -> tuple[Listed, Mapping[str, str], Memory]:
        """The management account is always looked at again: when Groundwork came to it is written once."""
        if work.seen and work.kind != "management":
            listed, tags, memory = work.seen.listed, work.seen.tags, work.seen.memory
        else:
            listed, tags = self._organizations.shown(account_id)
            memory = None
        return listed, tags, memory or self._recall(listed)

    def _recall(self, listed: Listed) -> Memory:
        return self._directory.recall(
            listed.management_account_id, *asked_of_ledger(listed, self._declaration)
        )

    def _enroll(self, work: Work, listed: Listed, tags: Mapping[str, str], memory: Memory) -> Enrolled:
        wanted = (
            {}
            if tags.get(KIND_TAG) == work.kind and STATE_TAG in tags
            else {KIND_TAG: work.kind, STATE_TAG: "enrolled"}
        )
        if work.kind == "management" and INSTALLED_TAG not in tags:
            wanted[INSTALLED_TAG] = datetime.now(UTC).isoformat(timespec="seconds")
        pinned = (memory.pinned or {}) if work.kind == "management" else {}
        besides = work.tags | {PIN_TAGS[kind]: account_id for kind, account_id in pinned.items()}
        wanted |= {key: value for key, value in besides.items() if tags.get(key) != value}
        if (known := memory.endings.get(listed.id)) and work.route != "create":
            day = known.expires_on or NEVER
            wanted |= {EXPIRES_TAG: day} if tags.get(EXPIRES_TAG, NEVER) != day else {}
        if tags.get(STATE_TAG) == "ready":
            wanted.pop(STATE_TAG, None)
        if tags.get(BASELINE_TAG) != (
            versions := remembered(self._declaration.version, tags.get(BASELINE_TAG))
        ):
            wanted[BASELINE_TAG] = versions
        if work.organizational_unit:
            ids = self._unit_ids(work.kind, work.organizational_unit, listed, memory)
            there = listed.model_copy(update={"unit_ids": ids})
        else:
            there = self._at_home(work, listed, tags, memory)
        waiting = self._waiting(work, listed, there, tags, memory)
        if waiting and tags.get(STATE_TAG) != waiting.inside:
            wanted[STATE_TAG] = waiting.inside
        enrolled = self._enrolled(work.kind, there, {**tags, **work.tags}, memory)
        if memory.holders.get(listed.id, work.execution) != work.execution:  # who may be about to change it
            enrolled = enrolled.model_copy(update={"leases": enrolled.leases - 1})
        if work.route == "baseline":
            enrolled = self._told(enrolled, listed, there, tags, memory)

        def move_and_tag() -> None:  # AWS takes one change of an account at a time
            if waiting and listed.parent_id != waiting.unit:
                self._organizations.tag(listed.id, {STATE_TAG: waiting.entering})
            place = waiting.unit if waiting else there.parent_id
            self._organizations.move(listed.id, listed.parent_id, place)
            if wanted:
                self._organizations.tag(listed.id, wanted)

        def note() -> None:
            if work.route == "create" and EXPIRES_TAG in work.tags:
                self._ledger.endings.expire_first(listed.id, work.tags[EXPIRES_TAG])
            if not _is_noted(enrolled.account, memory):
                self._ledger.enroll(enrolled.account, enrolled.ready, tags.get(REQUEST_TAG))
            known = memory.accounts.get(listed.id)
            name = (self._declaration.quarantine.unit or waiting.unit) if waiting else None
            if name != (known.quarantine if known else None):
                self._ledger.note_quarantine(listed.id, name)

        if work.route == "baseline" and wanted:  # it may have been suspended since it was looked at
            require_staying(*self._organizations.shown(listed.id))
        side_by_side(move_and_tag, note)
        return enrolled.model_copy(update={"waiting": waiting})

    def _at_home(self, work: Work, listed: Listed, tags: Mapping[str, str], memory: Memory) -> Listed:
        """As if it were in its own unit already: what it gets is worked out for that."""
        waits = self._out_of_quarantine(listed, tags, memory)
        return waits or self._put_back(work, listed, tags, memory)

    def _out_of_quarantine(self, listed: Listed, tags: Mapping[str, str], memory: Memory) -> Listed | None:
        """Of an account that waits there, what it will be; None of any other."""
        waiting = _waits(listed, tags, memory)
        if waiting is None:
            return None
        ids = () if waiting.home == listed.root_id else self._organizations.unit_path(waiting.home)
        return listed.model_copy(update={"unit_ids": ids})

    def _put_back(self, work: Work, listed: Listed, tags: Mapping[str, str], memory: Memory) -> Listed:
        """Where `changes.moves` has an account that was ready be moved back to: the unit that is declared for it, or in
        which it last reached its baseline, if there is one of this path. Whoever holds the account may just be moving it."""
        known = memory.accounts.get(listed.id)
        others_hold = memory.holders.get(listed.id, work.execution) != work.execution
        if (
            self._declaration.changes.moves != "enforce"
            or (work.route, tags.get(STATE_TAG)) != ("baseline", "ready")
            or work.kind == "management"
            or (work.components or others_hold)
        ):
            return listed
        own = declared_as(listed, self._declaration, memory.pinned or {})
        home = own.organizational_unit if own and own.organizational_unit else known.unit if known else None
        if home is None or home == self._organizations.path_of(listed.unit_ids, memory.units):
            return listed
        units = self._organizations.units(listed.root_id, [home]) if home else {}
        if home and home not in units:
            return listed
        return listed.model_copy(update={"unit_ids": tuple(units[each] for each in ancestors(home) if home)})

    def _told(
        self, enrolled: Enrolled, listed: Listed, there: Listed, tags: Mapping[str, str], memory: Memory
    ) -> Enrolled:
        """With the move back, where there is one."""
        if there.parent_id == listed.parent_id or _waits(listed, tags, memory):
            return enrolled
        path = self._organizations.path_of(listed.unit_ids, memory.units)
        back = moved_back(enrolled.account, path, there.parent_id, self._declaration)
        return enrolled.model_copy(update={"reports": [back, *enrolled.reports]})

    def _waiting(
        self, work: Work, listed: Listed, there: Listed, tags: Mapping[str, str], memory: Memory
    ) -> Waiting | None:
        """Where it waits, if it does. Who was let out, or ready once, is not new."""
        home, declared = there.parent_id, self._declaration.quarantine
        if begun := _waits(listed, tags, memory):
            return Waiting(unit=begun.unit, home=home)
        if declared.unit is None or work.kind not in QUARANTINED or _was_ready(listed, memory):
            return None
        if not (is_entering(tags.get(STATE_TAG)) or self._is_new(work, listed, tags)):
            return None
        unit = self._unit_ids(work.kind, declared.unit, listed, memory)[-1]
        return None if unit in there.unit_ids else Waiting(unit=unit, home=home)

    def _is_new(self, work: Work, listed: Listed, tags: Mapping[str, str]) -> bool:
        """An account that others made is new where the declaration says so: whoever made it may be about to move it."""
        if STATE_TAG in tags:
            return tags[STATE_TAG] == CREATING
        return work.route == "create" or (
            self._declaration.quarantine.made_elsewhere and _is_fresh(listed, tags)
        )

    def _pin(self, kind: Kind, listed: Listed, memory: Memory) -> None:
        """From now on this is the account of its kind, whatever it is called and where it is."""
        if kind not in PIN_TAGS or (memory.pinned or {}).get(kind) == listed.id:
            return
        declared = any(each.id == listed.id for each in self._declaration.accounts)
        pinned = self._ledger.pin(kind, listed.id, instead=declared)
        if pinned != listed.id:
            raise InvalidRequest(
                f"Account {listed.id} ({listed.name!r}) cannot be of kind {kind}: account {pinned} is; give the one that is "
                "to be it its id in baseline.yaml."
            )
        self._organizations.tag(listed.management_account_id, {PIN_TAGS[kind]: listed.id})

    def _unit_ids(self, kind: Kind, unit: str, listed: Listed, memory: Memory) -> tuple[str, ...]:
        """The ids of the unit's path, topmost first; it is made where it is missing."""
        path = ancestors(unit)
        if kind in REMEMBERED and memory.units.keys() >= set(path):
            return tuple(memory.units[unit] for unit in path)
        return self._organizations.ensure_units(listed.root_id, unit)

    def _enrolled(self, kind: Kind, listed: Listed, tags: Mapping[str, str], memory: Memory) -> Enrolled:
        declared = [self._declaration.security, self._declaration.tooling]
        known = memory.accounts.get(listed.id)
        units = self._units(kind, listed, memory)
        paths = {unit: path for path, unit in units.items()}
        own = declared_as(listed, self._declaration, memory.pinned or {})
        account = Account(
            id=listed.id,
            name=own.name if own else listed.name,
            email=listed.email,
            kind=kind,
            unit=paths[listed.unit_ids[-1]] if listed.unit_ids else "",
            joined=listed.joined.isoformat(),
            laid_down=(tags.get(BASELINE_TAG) or "").split(),
            fresh=_is_fresh(listed, tags),
            tags={key: tags[key] for key in sorted(self._declaration.tags_of_accounts) if key in tags},
        )
        pinned = memory.pinned or {}
        security, tooling = (self._declared_id(each, account, memory) if each else None for each in declared)
        return Enrolled(
            account=account,
            organization=facts(
                *(listed, units, security, tooling, self._named(account, pinned)),
                policies_hold=self._policies_hold(listed, memory),
            ),
            ready=tags.get(STATE_TAG) == "ready",
            baseline=tags.get(BASELINE_TAG),
            leases=known.leases if known else 0,
            security_ready=security is not None and self._is_ready(security, memory),
            reports=[
                *account_drift(listed, account, own, known, self._declaration),
                *end_of(account, tags, memory, self._declaration),
            ],
        )

    def _policies_hold(self, listed: Listed, memory: Memory) -> bool:
        """As the ledger knows it; what it does not know, each account is asked about."""
        management = memory.accounts.get(listed.management_account_id)
        return management is not None and management.policies_hold == self._declaration.version

    def organization(self, account: Account) -> Organization:
        """The organization as it is now; who of security and tooling is not there yet is left out."""
        listed = self._organizations.account(account.id)
        return self._enrolled(account.kind, listed, {}, self._recall(listed)).organization

    def _is_ready(self, security: str, memory: Memory) -> bool:
        """As far as the ledger has been asked; its own request ends after the account is ready."""
        account, request = (
            memory.accounts.get(security),
            memory.requests.get(self._declaration.security.email.lower()),
        )
        if account:
            return account.state == "ready"
        return request is not None and request.account_id == security and request.state == "ready"

    def _units(self, kind: Kind, listed: Listed, memory: Memory) -> dict[str, str]:
        """The ids of the declared units and of those above the account, by path.

        AWS shows the units below one parent at a time, five a second for the whole organization: what was seen
        minutes ago is good enough but for the accounts whose policies name units, and so is that one was not there.
        """
        declared = self._declaration.organizational_units
        remembered = kind in REMEMBERED and bool(memory.units_until)
        units = dict(memory.units) if remembered else self._organizations.units(listed.root_id, declared)
        paths, path, own = {unit: path for path, unit in units.items()}, "", set[str]()
        for unit in listed.unit_ids:
            path = paths.get(unit) or f"{path}/{self._organizations.unit_name(unit)}".lstrip("/")
            own.add(path)
            units[path] = unit
        more = {path: unit for path, unit in units.items() if memory.units.get(path) != unit}
        if remembered and more:
            self._ledger.add_units(more, memory.units_until)
        elif not remembered and (units != memory.units or not memory.units_until):
            self._ledger.note_units(units)
        needed = own.union(*(ancestors(each) for each in declared))
        return {each: unit for each, unit in units.items() if each in needed}

    def _declared_id(self, declared: DeclaredAccount, account: Account, memory: Memory) -> str | None:
        if known := known_id(declared, memory.pinned or {}):
            return known
        if account.kind == declared.kind:
            return account.id
        record = memory.requests.get(declared.email.lower())
        if record and record.account_id:
            return record.account_id
        found = self._directory.holder(declared.email, memory)
        if found is None or found.state != "ACTIVE":
            return None
        return found.id if declared_as(found, self._declaration, {}) == declared else None

    def _named(self, account: Account, pinned: Pinned) -> dict[str, str]:
        """The ids of accounts that groups name, which the security account's policies need, or that exceptions name, to
        which the management account attaches policies."""
        names = {
            "security": self._declaration.names_in_groups,
            "management": self._declaration.organization_policies.names_in_exceptions,
        }.get(account.kind)
        if not names:
            return {}
        return bearers(names, self._declaration, pinned, self._organizations.accounts())


def remembered(version: str, before: str | None) -> str:
    """What the tag says while an account is brought to this version: whatever it fails at, all that may be there."""
    others = (each for each in (before or "").split() if each != version)
    return " ".join([version, *others][:MOST_VERSIONS])


def _was_ready(listed: Listed, memory: Memory) -> bool:
    """As the ledger knows it: the tag says what whoever may tag accounts has written there."""
    known = memory.accounts.get(listed.id)
    return known is not None and known.state == "ready"


def _waits(listed: Listed, tags: Mapping[str, str], memory: Memory) -> Waiting | None:
    """Where it waits, as its tag says."""
    return None if _was_ready(listed, memory) else waits_in(tags.get(STATE_TAG), listed.parent_id)


def _is_noted(account: Account, memory: Memory) -> bool:
    known = memory.accounts.get(account.id)
    return known is not None and (known.name, known.email, known.kind) == (
        account.name,
        account.email,
        account.kind,
    )


def asked_of_ledger(listed: Listed, declaration: Declaration) -> tuple[list[str], list[str]]:
    """The e-mails, and the accounts, about which the ledger is asked before an account is enrolled."""
    declared = [each for each in (declaration.security, declaration.tooling) if each]
    ids = [listed.id, listed.management_account_id, *(each.id for each in declared if each.id)]
    return [listed.email, *(each.email for each in declared if not each.id)], list(dict.fromkeys(ids))


def bearers(
    names: Collection[str], declaration: Declaration, pinned: Pinned, accounts: Iterable[Listed]
) -> dict[str, str]:
    """The ids behind these names. AWS lets accounts share a name, and whoever may ask for one chooses it: a declared
    name is that of the declared account alone, whatever that is called by now; any other is that of its oldest bearer."""
    taken, found = {each.name for each in declaration.accounts}, dict[str, str]()
    for account in sorted(accounts, key=lambda each: each.joined):
        declared = declared_as(account, declaration, pinned)
        name = declared.name if declared else account.name
        if name in names and account.state == "ACTIVE" and (declared or name not in taken):
            found.setdefault(name, account.id)
    return found


def _is_fresh(listed: Listed, tags: Mapping[str, str]) -> bool:
    """Not one that was invited, and none that has been ready: people may be at work there."""
    if tags.get(STATE_TAG) == "ready":
        return False
    return REQUEST_TAG in tags or (listed.created and datetime.now(UTC) - listed.joined < A_WHILE)
