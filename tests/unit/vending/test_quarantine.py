"""Quarantine: where a new account waits, whatever dies on the way in and out, and who is never put there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from botocore.exceptions import ClientError

from groundwork.aws.organizations import Listed
from groundwork.contracts import Account, Kind
from groundwork.declaration import Declaration
from groundwork.declaration.loading import load
from groundwork.declaration.organization_policies import Quarantine
from groundwork.errors import RefusedByAws
from groundwork.ledger.memory import Memory
from groundwork.ledger.records import AccountRecord
from groundwork.tags import BASELINE_TAG, KIND_TAG, STATE_TAG
from groundwork.vending.enrolment import Enrolled, Enroller
from groundwork.vending.outcome import Failure, failed
from groundwork.vending.rules import mistakes_of_new_account
from groundwork.vending.work import Seen, Waiting, Work, waits_in

DEV, ROOT, OWN, OTHER, CLOSED = "400000000004", "r-ab12", "ou-ab12-2", "ou-ab12-3", "ou-ab12-9"
UNIT = "Workloads/Development"
PATHS = {
    ROOT: (),
    "ou-ab12-1": ("ou-ab12-1",),
    OWN: ("ou-ab12-1", OWN),
    OTHER: ("ou-ab12-1", OTHER),
    CLOSED: (CLOSED,),
}
OPEN = load()
UNITS = {each: f"ou-ab12-{number}" for number, each in enumerate(OPEN.organizational_units, 10)} | {
    "Workloads": "ou-ab12-1",
    UNIT: OWN,
    "Workloads/Staging": OTHER,
    "Quarantine": CLOSED,
}
BORN = {KIND_TAG: "workload", STATE_TAG: "creating", BASELINE_TAG: OPEN.version}


def declaring(**quarantine: Any) -> Declaration:
    units = [*OPEN.organizational_units, "Quarantine"]
    declared = Quarantine.model_validate({"unit": "Quarantine", **quarantine})
    return OPEN.model_copy(update={"quarantine": declared, "organizational_units": units})


class Died(Exception):
    """Of a function, after a call."""


class Aws:
    """One account: where it is and what its tags say; what the ledger notes of it. `dies_after` so many changes."""

    def __init__(self, parent: str = ROOT, tags: Mapping[str, str] = BORN) -> None:
        self.parent, self.tags_there = parent, dict(tags)
        self.noted: str | None = None
        self.state: Literal["enrolled", "ready"] = "enrolled"
        self.gone: set[str] = set()
        self.changes, self.dies_after = list[str](), 99

    def _changed(self, what: str) -> None:
        self.changes.append(what)
        if len(self.changes) == self.dies_after:
            raise Died

    # Organizations

    def move(self, account: str, source: str, destination: str) -> None:
        if destination in (source, self.parent):
            return
        if destination in self.gone:
            raise ClientError({"Error": {"Code": "DestinationParentNotFoundException"}}, "MoveAccount")
        assert self.parent == source
        self.parent = destination
        self._changed(f"move to {destination}")

    def tag(self, account: str, tags: Mapping[str, str]) -> None:
        self.tags_there |= tags
        self._changed(f"tag {tags[STATE_TAG]}" if STATE_TAG in tags else f"tag {sorted(tags)}")

    def shown(self, account: str) -> tuple[Listed, dict[str, str]]:
        return self.listed, dict(self.tags_there)

    def ensure_units(self, root: str, path: str) -> tuple[str, ...]:
        return PATHS[UNITS[path]]

    def units(self, root: str, paths: Sequence[str]) -> dict[str, str]:
        return UNITS

    def unit_path(self, unit: str) -> tuple[str, ...]:
        return PATHS[unit]

    # Ledger

    def enroll(self, account: Account, ready: bool, event: str | None) -> None:
        self.unit = account.unit

    def pin(self, kind: Kind, account: str, *, instead: bool) -> str:
        return account

    def note_quarantine(self, account: str, unit: str | None) -> None:
        self.noted = unit

    # A run

    def enrolled(
        self,
        declaration: Declaration,
        *,
        route: Literal["create", "baseline"] = "create",
        unit: str | None = UNIT,
        kind: Kind = "workload",
        age: timedelta = timedelta(),
        mode: Literal["apply", "plan"] = "apply",
    ) -> Enrolled:
        listed = self.listed = Listed(
            id=DEV,
            name="dev",
            email="aws+dev@example.com",
            state="ACTIVE",
            joined=datetime.now(UTC) - age,
            created=True,
            unit_ids=PATHS[self.parent],
            management_account_id="100000000001",
            organization_id="o-exampleorgid",
            partition="aws",
            root_id=ROOT,
        )
        known = AccountRecord(
            account_id=DEV,
            name="dev",
            email=listed.email,
            kind=kind,
            state=self.state,
            quarantine=self.noted,
        )
        memory = Memory(every_email=True, units=UNITS, units_until=1, accounts={DEV: known})
        work = Work(
            route=route,
            execution="arn",
            account_name="dev",
            email=listed.email,
            kind=kind,
            organizational_unit=unit,
            mode=mode,
            seen=Seen(listed=listed, tags=self.tags_there, memory=memory),
        )
        its: Any = (self, self)
        enroller = Enroller(declaration, *its)
        return enroller.look(work, DEV) if mode == "plan" else enroller.enroll(work, DEV)

    def released(self, declaration: Declaration, waiting: Waiting | None) -> None:
        """The end of a run, in which the account becomes ready."""
        its: Any = (self, self)
        if waiting:
            Enroller(declaration, *its).release(DEV, waiting)
        self.tag(DEV, {STATE_TAG: "ready"})


IN_QUARANTINE = f"in-quarantine {CLOSED} {OWN}"


def test_a_new_account_waits_in_quarantine_and_is_worked_out_for_its_own_unit() -> None:
    aws, declaration = Aws(), declaring()
    found = aws.enrolled(declaration)
    assert (aws.parent, found.account.unit) == (CLOSED, UNIT)
    assert found.waiting == Waiting(unit=CLOSED, home=OWN)
    assert aws.tags_there[STATE_TAG] == IN_QUARANTINE
    assert aws.noted == "Quarantine"
    aws.released(declaration, found.waiting)
    assert (aws.parent, aws.tags_there[STATE_TAG]) == (OWN, "ready")
    assert not aws.noted


def test_where_none_is_declared_it_goes_to_its_own_unit_at_once() -> None:
    aws = Aws()
    assert aws.enrolled(OPEN).waiting is None
    assert (aws.parent, aws.changes, aws.noted) == (OWN, [f"move to {OWN}"], None)


@pytest.mark.parametrize("route", ["create", "baseline"])
@pytest.mark.parametrize("home", [UNIT, None])
@pytest.mark.parametrize("dies_after", range(1, 7))
def test_whatever_dies_on_the_way_it_goes_in_once_and_comes_out(
    dies_after: int, home: str | None, route: Literal["create", "baseline"]
) -> None:
    """A second execution sees nothing but what Organizations and the ledger say."""
    declaration = declaring(madeElsewhere=True)
    unit = home if route == "create" else None
    begins_in = OWN if route == "baseline" and home else ROOT
    aws = Aws(begins_in, BORN if route == "create" else {})
    aws.dies_after = dies_after
    for _ in range(2):
        try:
            found = aws.enrolled(declaration, route=route, unit=unit)
            assert found.account.unit == (home or "")
            aws.released(declaration, found.waiting)
            break
        except Died:
            continue
    assert (aws.parent, aws.tags_there[STATE_TAG]) == (OWN if home else ROOT, "ready")
    assert aws.changes.count(f"move to {CLOSED}") == 1
    assert aws.noted is None


def test_a_plan_of_an_account_in_quarantine_is_for_its_own_unit() -> None:
    aws = Aws(CLOSED, BORN | {STATE_TAG: IN_QUARANTINE})
    assert aws.enrolled(OPEN, route="baseline", unit=None, mode="plan").account.unit == UNIT
    assert aws.changes == []


@pytest.mark.parametrize("declaration", [OPEN, declaring(unit="Workloads/Staging")])
def test_who_is_in_goes_on_waiting_where_it_is_whatever_is_declared_by_now(declaration: Declaration) -> None:
    aws = Aws(CLOSED, BORN | {STATE_TAG: IN_QUARANTINE})
    found = aws.enrolled(declaration)
    assert (aws.parent, found.waiting) == (CLOSED, Waiting(unit=CLOSED, home=OWN))


def test_its_own_unit_may_have_changed_since() -> None:
    aws = Aws(CLOSED, BORN | {STATE_TAG: f"in-quarantine {CLOSED} ou-ab12-8"})
    assert aws.enrolled(declaring()).waiting == Waiting(unit=CLOSED, home=OWN)
    assert aws.tags_there[STATE_TAG] == IN_QUARANTINE


def test_who_was_let_out_by_hand_stays_there() -> None:
    aws = Aws(OTHER, BORN | {STATE_TAG: IN_QUARANTINE})
    aws.noted = "Quarantine"
    found = aws.enrolled(declaring(), route="baseline", unit=None)
    assert (aws.parent, found.account.unit) == (OTHER, "Workloads/Staging")
    assert not found.waiting
    assert not aws.noted


NEVER: list[tuple[str, Mapping[str, str], dict[str, Any], dict[str, Any]]] = [
    ("ready once", {STATE_TAG: "ready"}, {"route": "baseline", "unit": None}, {"madeElsewhere": True}),
    (
        "enrolled before",
        {STATE_TAG: "enrolled"},
        {"route": "baseline", "unit": None},
        {"madeElsewhere": True},
    ),
    ("made elsewhere", {}, {"route": "baseline", "unit": None}, {}),
    (
        "made elsewhere long ago",
        {},
        {"route": "baseline", "unit": None, "age": timedelta(days=2)},
        {"madeElsewhere": True},
    ),
    ("security", BORN, {"kind": "security"}, {}),
]


@pytest.mark.parametrize(
    ("tags", "given", "declared"), [each[1:] for each in NEVER], ids=[each[0] for each in NEVER]
)
def test_who_is_never_put_in_quarantine(
    tags: Mapping[str, str], given: dict[str, Any], declared: dict[str, Any]
) -> None:
    aws = Aws(OWN, tags)
    assert aws.enrolled(declaring(**declared), **given).waiting is None
    assert f"move to {CLOSED}" not in aws.changes


@pytest.mark.parametrize(
    "forged", [f"in-quarantine {OWN} {OTHER}", f"entering-quarantine {OWN} {OTHER}", "creating"]
)
def test_a_tag_moves_nobody_who_was_ready_once(forged: str) -> None:
    """Whoever may tag accounts may not move them by that."""
    aws = Aws(OWN, BORN | {STATE_TAG: forged})
    aws.state = "ready"
    found = aws.enrolled(declaring(madeElsewhere=True), route="baseline", unit=None)
    assert (found.waiting, found.account.unit, aws.parent, aws.noted) == (None, UNIT, OWN, None)


def test_a_unit_that_is_gone_by_the_end_is_told() -> None:
    aws, declaration = Aws(), declaring()
    found = aws.enrolled(declaration)
    aws.gone = {OWN}
    with pytest.raises(RefusedByAws, match=f"The unit {OWN}, in which the account belongs, is gone"):
        aws.released(declaration, found.waiting)
    assert (aws.parent, aws.noted) == (CLOSED, "Quarantine")


@pytest.mark.parametrize("state", [None, "ready", "in-quarantine", f"in-quarantine {CLOSED}", "a b c"])
def test_another_state_is_none_of_quarantine(state: str | None) -> None:
    assert waits_in(state, CLOSED) is None


# -- what is told -------------------------------------------------------------------------------------


class Remembers:
    """A ledger in which the account waits in a unit, or in none."""

    def __init__(self, unit: str | None) -> None:
        self.record = AccountRecord(
            account_id=DEV, name="dev", email="e", kind="workload", state="enrolled", quarantine=unit
        )

    leases: Any = property(lambda self: self)

    def account(self, account_id: str) -> AccountRecord:
        return self.record

    def __getattr__(self, name: str) -> Callable[..., bool]:
        return lambda *asked: True


@pytest.mark.parametrize("unit", ["Quarantine", None])
def test_a_failure_says_that_the_account_stays_in_quarantine_and_how_to_go_on(unit: str | None) -> None:
    ledger: Any = Remembers(unit)
    failing = failed(
        ledger, "arn", {"accountId": DEV}, Failure(error="BaselineUndone"), DEV, "record-failure"
    )
    said = "in quarantine, in the unit 'Quarantine', closed to everybody but Groundwork" in failing.remedy
    assert said == (unit is not None)
    assert (f'{{"accountId": "{DEV}"}} does' in failing.remedy) == said
    assert failing.answers[0].detail["remedy"] == failing.remedy


@pytest.mark.parametrize("unit", ["Quarantine", "Quarantine/Deeper"])
def test_nobody_asks_for_an_account_that_stays_in_quarantine(unit: str) -> None:
    given = {"organizationalUnit": unit, "createOrganizationalUnit": True}
    assert "is where new accounts wait" in " ".join(mistakes_of_new_account(given, declaring()))
    assert mistakes_of_new_account(given, OPEN) == []
