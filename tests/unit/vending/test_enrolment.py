"""Enrolling an account with what is known of it already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest
from botocore.exceptions import ClientError

from groundwork.aws.organizations import Listed
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.declaration.loading import load
from groundwork.declaration.stacks import Stack, StackWhere
from groundwork.errors import AccountClosing
from groundwork.ledger.memory import Memory
from groundwork.ledger.records import AccountRecord, RequestRecord, RequestState
from groundwork.tags import BASELINE_TAG, KIND_TAG, REQUEST_TAG, STATE_TAG
from groundwork.vending.enrolment import Enrolled, Enroller
from groundwork.vending.work import Seen, Work

SECURITY, DEV = "200000000002", "400000000004"
UNIT = "Workloads/Development"
NOTED = {"Workloads": "ou-ab12-1", UNIT: "ou-ab12-2"}
DECLARED = load()


class Organization:
    """Units by path, of which AWS knows those in `there`; what was asked and done, in order."""

    def __init__(self, there: Mapping[str, str]) -> None:
        self._there, self.calls = there, list[str]()

    def units(self, root: str, paths: Sequence[str]) -> dict[str, str]:
        self.calls.append("list units")
        return dict(self._there)

    def unit_name(self, unit_id: str) -> str:
        self.calls.append(f"name of {unit_id}")
        return {"ou-ab12-7": "Legacy", "ou-ab12-8": "Web"}[unit_id]

    def ensure_units(self, root: str, path: str) -> tuple[str, ...]:
        self.calls.append("ensure units")
        return tuple(self._there[unit] for unit in ("Workloads", UNIT))

    def move(self, account: str, source: str, unit: str) -> None:
        self.calls.append(f"move to {unit}")
        if unit not in self._there.values():
            answer: Any = {"Error": {"Code": "DestinationParentNotFoundException", "Message": ""}}
            raise ClientError(answer, "MoveAccount")

    def tag(self, account_id: str, tags: Mapping[str, str]) -> None:
        self.calls.append(f"tag {sorted(tags)}")


class Ledger:
    """What was written, in order."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def enroll(self, account: Account, ready: bool, event: str | None) -> None:
        self.written.append(account.unit)

    def note_units(self, units: Mapping[str, str]) -> None:
        self.written.append(f"units {units[UNIT]}" if UNIT in units else f"units {sorted(units)}")

    def add_units(self, units: Mapping[str, str], until: int) -> None:
        self.written.append(f"units {units} until {until}")


LISTED = Listed(
    id=DEV,
    name="dev",
    email="aws+dev@example.com",
    state="ACTIVE",
    joined=datetime(2026, 1, 1, tzinfo=UTC),
    unit_ids=(),
    management_account_id="100000000001",
    organization_id="o-exampleorgid",
    partition="aws",
    root_id="r-ab12",
)
BORN_WITH = {KIND_TAG: "workload", STATE_TAG: "creating", BASELINE_TAG: DECLARED.version}


def memory(**more: Any) -> Memory:
    """The ledger knows every declared unit, every e-mail, and nothing of security but its request."""
    every = {unit: f"ou-ab12-{number}" for number, unit in enumerate(DECLARED.organizational_units, 10)}
    return Memory(every_email=True, units=every | NOTED, units_until=1, **more)


def enrolled(
    organization: Organization,
    ledger: Ledger,
    known: Memory,
    tags: dict[str, str] = BORN_WITH,
    declaration: Declaration = DECLARED,
    asked: Mapping[str, str] = MappingProxyType({}),
    **given: Any,
) -> Enrolled:
    listed = LISTED.model_copy(update=given)
    work = Work(
        route="create",
        execution="arn",
        account_name="dev",
        email=listed.email,
        kind="workload",
        organizational_unit=UNIT,
        tags=dict(asked),
        seen=Seen(listed=listed, tags=tags, memory=known),
    )
    its: Any = (ledger, organization)
    return Enroller(declaration, *its).enroll(work, DEV)


def asked_for_security(state: RequestState, account_id: str | None = SECURITY) -> dict[str, RequestRecord]:
    email = DECLARED.security.email
    record = RequestRecord(
        email=email,
        account_name=DECLARED.security.name,
        kind="security",
        tags={},
        request_id="1",
        owner="arn",
        state=state,
        account_id=account_id,
    )
    return {email: record}


def test_it_has_the_tags_that_declared_stacks_name_and_no_others() -> None:
    """Those that were asked for too, which AWS may not show yet."""
    where = StackWhere(kinds=["workload"], tags={"stage": "prod"})
    stack = Stack(name="a", template="a.yaml", where=where, parameters={"Team": "<tag:team>-<tag:none>"})
    declaration = DECLARED.model_copy(update={"stacks": [stack]})
    tags = BORN_WITH | {"stage": "prod", "team": "old", "secret": "x"}

    def found(**more: Any) -> dict[str, str]:
        return enrolled(
            Organization(NOTED), Ledger(), memory(), tags, asked={"team": "a"}, **more
        ).account.tags

    assert found(declaration=declaration) == {"stage": "prod", "team": "a"}
    assert found() == {}


def test_a_unit_that_the_ledger_knows_is_not_looked_for() -> None:
    organization, ledger = Organization(NOTED), Ledger()
    assert enrolled(organization, ledger, memory()).account.unit == UNIT
    assert organization.calls == ["move to ou-ab12-2"]
    assert ledger.written == [UNIT]


def test_one_that_waits_to_be_closed_is_left_where_it_waits() -> None:
    """Also by a request that made it, and goes on."""
    organization, ledger = Organization(NOTED), Ledger()
    waits = BORN_WITH | {STATE_TAG: "closing 2027-01-30T00:00:00Z ou-ab12-9 r-ab12 creating"}
    with pytest.raises(AccountClosing, match="is to be closed at 2027-01-30T00:00:00Z"):
        enrolled(organization, ledger, memory(), waits)
    assert (organization.calls, ledger.written) == ([], [])


@pytest.mark.parametrize(("holder", "counted"), [(None, 3), ("arn", 3), ("another", 2)])
def test_who_holds_it_counts_among_those_after_whom_it_is_looked_at_again(
    holder: str | None, counted: int
) -> None:
    known = AccountRecord(
        account_id=DEV, name="dev", email=LISTED.email, kind="workload", state="ready", leases=3
    )
    its = memory(accounts={DEV: known}, holders={DEV: holder} if holder else {})
    assert enrolled(Organization(NOTED), Ledger(), its).leases == counted


def test_a_unit_that_is_gone_since_is_looked_for() -> None:
    organization, ledger = Organization(NOTED | {UNIT: "ou-ab12-3"}), Ledger()
    assert enrolled(organization, ledger, memory()).account.unit == UNIT
    assert organization.calls == [*("move to ou-ab12-2", "ensure units", "list units", "move to ou-ab12-3")]
    assert "units ou-ab12-3" in ledger.written


LEGACY = ("ou-ab12-7", "ou-ab12-8")


def test_units_that_nobody_declared_are_asked_for_once() -> None:
    organization, ledger = Organization({}), Ledger()
    known = {"Legacy": LEGACY[0]}
    found = looked_at(organization, ledger, Memory(every_email=True, units=known, units_until=9), LEGACY)
    assert (found.account.unit, organization.calls) == ("Legacy/Web", ["name of ou-ab12-8"])
    assert ledger.written == ["units {'Legacy/Web': 'ou-ab12-8'} until 9"]


def test_that_no_declared_unit_is_there_is_remembered_too() -> None:
    """Before the management account has its baseline, an organization is planned without asking for them at each account."""
    organization, ledger = Organization({}), Ledger()
    looked_at(organization, ledger, Memory(every_email=True), ())
    assert (organization.calls, ledger.written) == (["list units"], ["units []"])
    looked_at(organization, ledger, Memory(every_email=True, units_until=9), ())
    assert (organization.calls, ledger.written) == (["list units"], ["units []"])


def looked_at(
    organization: Organization, ledger: Ledger, known: Memory, unit_ids: tuple[str, ...]
) -> Enrolled:
    its: Any = (ledger, organization)
    listed = LISTED.model_copy(update={"unit_ids": unit_ids})
    work = Work(
        route="baseline",
        execution="arn",
        account_name="dev",
        email=listed.email,
        kind="workload",
        mode="plan",
        seen=Seen(listed=listed, tags={}, memory=known),
    )
    return Enroller(DECLARED, *its).look(work, DEV)


def test_an_account_that_the_ledger_knows_is_not_written_again() -> None:
    known = AccountRecord(
        account_id=DEV, name="dev", email="aws+dev@example.com", kind="workload", state="ready"
    )
    organization, ledger = Organization(NOTED), Ledger()
    enrolled(organization, ledger, memory(accounts={DEV: known}))
    assert ledger.written == []
    renamed = known.model_copy(update={"name": "old"})
    enrolled(organization, ledger, memory(accounts={DEV: renamed}))
    assert ledger.written == [UNIT]


@pytest.mark.parametrize(
    ("request_state", "account_state", "ready"),
    [
        ("created", None, False),
        ("ready", None, True),
        ("failed", None, False),
        ("ready", "enrolled", False),
        ("created", "ready", True),
    ],
)
def test_whether_security_is_ready_the_ledger_says(
    request_state: RequestState, account_state: Any, ready: bool
) -> None:
    accounts = (
        {
            SECURITY: AccountRecord(
                account_id=SECURITY,
                name=DECLARED.security.name,
                email=DECLARED.security.email,
                kind="security",
                state=account_state,
            )
        }
        if account_state
        else {}
    )
    known = memory(requests=asked_for_security(request_state), accounts=accounts)
    found = enrolled(Organization(NOTED), Ledger(), known)
    assert (found.organization.security_account_id, found.security_ready) == (SECURITY, ready)


def test_nobody_is_ready_before_it_is_there() -> None:
    known = memory(requests=asked_for_security("claimed", None))
    found = enrolled(Organization(NOTED), Ledger(), known)
    assert (found.organization.security_account_id, found.security_ready) == (None, False)


READY, ASKED_FOR = {STATE_TAG: "ready"}, {REQUEST_TAG: "event"}
NOW, LONG_AGO = timedelta(), timedelta(days=2)


@pytest.mark.parametrize(
    ("tags", "age", "created", "fresh"),
    [
        ({}, NOW, True, True),
        ({}, LONG_AGO, True, False),
        ({}, NOW, False, False),
        (ASKED_FOR, LONG_AGO, True, True),
        (ASKED_FOR | READY, LONG_AGO, True, False),
        (READY, NOW, True, False),
    ],
)
def test_nobody_is_at_work_in_an_account_that_was_just_made_and_never_ready(
    tags: dict[str, str], age: timedelta, created: bool, fresh: bool
) -> None:
    given: Any = {"joined": datetime.now(UTC) - age, "created": created}
    found = enrolled(Organization(NOTED), Ledger(), memory(), BORN_WITH | tags, **given)
    assert found.account.fresh == fresh


@pytest.mark.parametrize(
    ("seen", "hold"), [(DECLARED.version, True), ("0123456789ab", False), ("", False), (None, False)]
)
def test_policies_of_the_organization_hold_where_they_are_those_of_this_declaration(
    seen: str | None, hold: bool
) -> None:
    management = AccountRecord(
        account_id="100000000001",
        name="management",
        email="aws@example.com",
        kind="management",
        state="ready",
        policies_hold=seen,
    )
    known = memory(accounts={management.account_id: management})
    assert enrolled(Organization(NOTED), Ledger(), known).organization.policies_hold == hold
    assert not enrolled(Organization(NOTED), Ledger(), memory()).organization.policies_hold
