"""Of two executions that want one request, one gets it; and nothing that AWS may be doing is forgotten."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from groundwork.contracts import Account
from groundwork.ledger import UNITS_SECONDS, Ledger
from groundwork.ledger.changes import Begun
from groundwork.ledger.records import ApprovalRecord, ClosingRecord, RequestRecord
from local.engine import Engine
from tests.component.conftest import forget_clients

EMAIL = "aws+dev@example.com"
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def aws(alone: None) -> Iterator[Engine]:
    with Engine(time_scale=0.001) as engine, pytest.MonkeyPatch.context() as environment:
        given = engine.endpoint_variables() | engine.administrator.for_environment()
        for name, value in given.items():
            environment.setenv(name, value)
        environment.setenv("AWS_DEFAULT_REGION", engine.region)
        forget_clients()
        yield engine
    forget_clients()


@pytest.fixture
def ledger(aws: Engine) -> Ledger:
    table = f"ledger-{next(NUMBERS)}"
    aws.client("dynamodb").create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return Ledger(table)


def request(owner: str) -> RequestRecord:
    return RequestRecord(
        email=EMAIL, account_name="dev", kind="workload", tags={}, request_id="event", owner=owner
    )


def read(ledger: Ledger) -> RequestRecord:
    record = ledger.request(EMAIL.upper())
    assert record
    return record


def test_one_of_two_takes_a_dead_owners_request_over(ledger: Ledger) -> None:
    assert ledger.claim(request("dead"), None)
    previous = read(ledger)
    assert ledger.claim(request("first"), previous)
    assert not ledger.claim(request("second"), previous)
    assert read(ledger).owner == "first"


def test_its_owner_claims_again_as_often_as_its_function_dies(ledger: Ledger) -> None:
    assert ledger.claim(request("owner"), None)
    assert ledger.claim(request("owner"), None)


def test_what_a_dead_owners_function_still_wrote_is_read_before_it_is_taken_over(ledger: Ledger) -> None:
    ledger.claim(request("dead"), None)
    previous = read(ledger)
    assert ledger.note_attempt(EMAIL, "dead", 1)  # and CreateAccount is on its way
    assert not ledger.claim(request("next"), previous)
    previous = read(ledger)
    ledger.note_creation(EMAIL, "dead", "car-12345678")
    assert not ledger.claim(request("next"), previous)
    previous = read(ledger)
    ledger.note_account(EMAIL, "123456789012")
    assert not ledger.claim(request("next"), previous)
    previous = read(ledger)
    assert ledger.claim(previous.model_copy(update={"owner": "next"}), previous)
    assert read(ledger).account_id == "123456789012"


def test_a_request_that_was_taken_over_is_out_of_its_former_owners_hands(ledger: Ledger) -> None:
    ledger.claim(request("dead"), None)
    ledger.claim(request("next"), read(ledger))
    assert not ledger.note_attempt(EMAIL, "dead", 1)
    ledger.close_request(EMAIL, "dead", "failed")
    assert (read(ledger).state, read(ledger).begun) == ("claimed", False)


def test_which_account_an_event_got_outlives_its_request(ledger: Ledger) -> None:
    ledger.claim(request("first"), None)
    ledger.note_account(EMAIL, "400000000004")
    ledger.claim(request("second").model_copy(update={"request_id": "another"}), read(ledger))
    got = ledger.recall(requests=["event"]).events["event"]
    assert (got.account_id, got.is_for(EMAIL.upper()), got.is_for("b@example.com")) == (
        "400000000004",
        True,
        False,  # an input that a person has corrected is another request
    )
    ledger.note_event("third", "400000000004", EMAIL.upper())
    assert ledger.recall(requests=["third"]).events["third"].is_for(EMAIL)
    ledger.note_account(EMAIL, "500000000005")
    ledger.forget_request(read(ledger))
    ledger.note_event("another", "600000000006", EMAIL)  # what was noted first stands
    assert ledger.request(EMAIL) is None
    assert ledger.recall(requests=["another"]).events["another"].account_id == "500000000005"


def test_a_lost_ledger_learns_from_a_ready_account_which_event_asked_for_it(ledger: Ledger) -> None:
    account = Account(id="400000000004", name="dev", email=EMAIL, kind="workload", unit="Sandbox")
    ledger.enroll(account, ready=True, event="event")
    assert ledger.recall(requests=["event"]).events["event"].account_id == account.id
    ledger.enroll(account.model_copy(update={"id": "500000000005"}), ready=False, event="of a young one")
    assert ledger.recall(requests=["of a young one"]).events == {}


def test_after_a_final_refusal_nothing_is_begun(ledger: Ledger) -> None:
    ledger.claim(request("owner"), None)
    ledger.note_attempt(EMAIL, "owner", 1)
    assert read(ledger).begun
    ledger.forget_attempts(EMAIL, "owner")
    previous = read(ledger)
    assert not previous.begun
    assert ledger.claim(request("next"), previous)


def test_a_line_that_many_join_at_once_is_as_long_as_they_are_many(ledger: Ledger) -> None:
    noon, slot = datetime(2026, 1, 1, 12, tzinfo=UTC), timedelta(seconds=10)
    with ThreadPoolExecutor(8) as pool:
        ends = list(pool.map(lambda _: ledger.join_admission_queue(noon, slot), range(24)))
    assert sorted(ends) == [noon + slot * number for number in range(1, 25)]
    assert ledger.join_admission_queue(noon + slot * 30, slot) == noon + slot * 31
    assert ledger.join_admission_queue(noon, slot) == noon + slot * 32


def test_leases_are_counted(ledger: Ledger) -> None:
    def nobody_runs(_: str) -> bool:
        return False

    first = ledger.leases.take("1" * 12, "one", nobody_runs)
    ledger.leases.release("1" * 12, "one")
    assert [first.number, ledger.leases.take("1" * 12, "two", nobody_runs).number] == [1, 2]
    assert ledger.leases.take("1" * 12, "three", nobody_runs).number == 3


# -- approvals ---------------------------------------------------------------------------------------

WAITS = ApprovalRecord(
    request_id="r1",
    email=EMAIL,
    account_name="dev",
    kind="workload",
    requester="AIDAEXAMPLEEXAMPLE",
    why="all do",
    cost="nothing",
)


def test_the_newest_token_wakes_whoever_waits_and_the_wait_is_no_longer(ledger: Ledger) -> None:
    """The function that asks people may die and be called again, with another token."""
    assert ledger.approvals.wait("r1", "early", 1) is None
    ledger.approvals.open(WAITS)
    ledger.approvals.wait("r1", "first", 100)
    ledger.approvals.note_told("r1")
    ledger.approvals.open(WAITS)  # the execution that opened it died before it could say so
    again = ledger.approvals.wait("r1", "second", 200)
    assert again and again.told and again.until == 100
    assert ledger.approvals.decide("r1", "approve", "B", "", "event") == "second"


def test_the_first_decision_stands_and_its_event_may_come_again(ledger: Ledger) -> None:
    assert ledger.approvals.decide("r1", "approve", "B", "", "event") is None
    ledger.approvals.open(WAITS)
    assert ledger.approvals.decide("r1", "approve", "B", "", "event") == ""
    assert ledger.approvals.decide("r1", "deny", "C", "", "other") is None
    assert ledger.approvals.decide("r1", "approve", "B", "", "event") == ""
    ended = ledger.approvals.end("r1")
    assert ended and (ended.decision, ended.decided_by) == ("approve", "B")


def test_what_has_ended_is_not_decided(ledger: Ledger) -> None:
    ledger.approvals.open(WAITS)
    ended = ledger.approvals.end("r1")
    assert ended and ended.decision == "ended"
    assert ledger.approvals.decide("r1", "approve", "B", "", "event") is None


def test_what_was_counted_stays_counted_and_the_rest_is_beyond(ledger: Ledger) -> None:
    within = [ledger.approvals.is_within("A", "2026-11-30", f"r{n % 3}", 2) for n in range(6)]
    assert within == [True, True, False] * 2
    assert ledger.approvals.is_within("A", "2026-12-01", "r2", 2)
    assert ledger.approvals.is_within("B", "2026-11-30", "r2", 2)


def test_an_account_that_was_ready_once_stays_so_whatever_fails(ledger: Ledger) -> None:
    account = Account(id="400000000004", name="dev", email=EMAIL, kind="workload", unit="")
    ledger.enroll(account, False)
    ledger.note_failure(account.id)
    assert ledger.recall(accounts=[account.id]).accounts[account.id].state == "failed"
    assert ledger.note_ready(account, "first", [], "v1")
    ledger.take_ready_back(account.id, "first")  # which failed before all had been told
    ledger.note_failure(account.id)
    assert ledger.recall(accounts=[account.id]).accounts[account.id].state == "ready"
    assert ledger.note_ready(account, "second", [], "v1")


def test_an_event_is_carried_out_by_one_execution_until_it_dies(ledger: Ledger) -> None:
    running = {"first"}
    assert ledger.changes.take("event", "first", running.__contains__) is None
    assert ledger.changes.take("event", "first", running.__contains__) is None
    assert ledger.changes.take("event", "second", running.__contains__) == "first"
    running.clear()
    assert ledger.changes.take("event", "second", running.__contains__) is None
    assert ledger.changes.carried_out_by("event", "third", running.__contains__) is None
    ledger.changes.finish("event")
    assert ledger.changes.take("event", "third", running.__contains__) == "second"
    assert ledger.changes.carried_out_by("event", "third", running.__contains__) == "second"
    assert ledger.changes.carried_out_by("event", "second", running.__contains__) is None


def test_what_an_account_was_is_written_once(ledger: Ledger) -> None:
    assert ledger.changes.take("event", "first", lambda _: False) is None
    assert ledger.changes.begin("event", {"accountName": "dev"}) == Begun({"accountName": "dev"}, acted=False)
    assert ledger.changes.take("event", "second", lambda _: False) is None
    ledger.changes.note_acted("event")
    assert ledger.changes.begin("event", {"accountName": "new"}) == Begun({"accountName": "dev"}, acted=True)


def test_a_name_that_was_given_is_taken_whatever_aws_shows(ledger: Ledger) -> None:
    assert ledger.claim_name("Payments", EMAIL, None, 60)
    noted = ledger.recall(names=["payments"]).names["payments"]
    assert (noted.email, noted.held) == (EMAIL, True)
    assert not ledger.claim_name("payments", "other@example.com", None)
    assert ledger.claim_name("payments", EMAIL, noted)
    assert ledger.recall(names=["payments"]).names["payments"].held is False


def test_units_are_noted_together_added_to_side_by_side_and_forgotten_in_time(ledger: Ledger) -> None:
    first, more = {"Workloads": "ou-ab12-1", "Workloads/A b#c": "ou-ab12-2"}, ("Legacy/Web", "Legacy/Data")
    ledger.note_units(first)
    until = ledger.recall().units_until
    for number, path in enumerate(more, 3):
        ledger.add_units({path: f"ou-ab12-{number}"}, until)
    added = {path: f"ou-ab12-{number}" for number, path in enumerate(more, 3)}
    assert ledger.recall().units == first | added
    ledger.add_units({"Late": "ou-ab12-9"}, until - 1)
    assert "Late" not in ledger.recall().units
    ledger.note_units({})
    assert (ledger.recall().units, ledger.recall().units_until >= until) == ({}, True)
    later = Ledger(ledger._table._name, now=lambda: until + UNITS_SECONDS + 60.0)
    assert (later.recall().units, later.recall().units_until) == ({}, 0)


def test_an_execution_remembers_what_its_first_try_noted(ledger: Ledger) -> None:
    notes, others = ledger.notes("one"), ledger.notes("two")
    assert notes.get("DetectStackDrift a") is None
    assert notes.setdefault("DetectStackDrift a", "first") == "first"
    assert notes.setdefault("DetectStackDrift a", "second") == "first"
    assert ledger.notes("one").get("DetectStackDrift a") == "first"
    assert (notes.get("DetectStackDrift b"), others.get("DetectStackDrift a")) == (None, None)
    notes["DetectStackDrift a"] = "third"
    assert notes.get("DetectStackDrift a") == "third"


def test_of_two_passes_one_tells_people_and_a_dead_one_is_followed(ledger: Ledger) -> None:
    endings, account = ledger.endings, "211047650761"
    endings.expire_first(account, "2026-12-31")
    endings.expire_first(account, "2030-01-01")  # the request, once more
    seen = ledger.recall_all().endings[account]
    assert seen.expires_on == "2026-12-31"
    assert [endings.begin_telling(seen, 100, 700) for _ in range(2)] == [True, False]
    assert endings.begin_telling(seen, 700, 1300)
    endings.note_told(account, "2026-12-31/14", 700)
    assert not endings.begin_telling(seen, 2000, 2600)  # told meanwhile
    told = ledger.recall(accounts=[account]).endings[account]
    assert (told.told, told.told_at) == ("2026-12-31/14", 700)
    endings.expire(account, "2027-01-31")
    assert not endings.begin_telling(told, 3000, 3600)  # of another day
    endings.expire(account, None)
    assert ledger.leaving().endings[account].expires_on is None


def test_one_that_is_had_back_expires_on_another_day_alone(ledger: Ledger) -> None:
    endings, account = ledger.endings, "211047650761"
    endings.begin_anew(account, None)
    assert ledger.leaving().endings == {}
    for day, expired_on, left in (("2026-12-31", "2026-12-31", None), ("2027-01-31", None, "2027-01-31")):
        endings.expire(account, day)
        endings.note_told(account, f"{day}/3", 100)
        endings.begin_anew(account, expired_on)
        known = ledger.leaving().endings[account]
        assert (known.expires_on, known.told, known.told_at) == (left, None, None)


def test_nothing_is_read_once_nothing_is_left(ledger: Ledger) -> None:
    tally = ledger.closings.tally
    assert tally.seen() == 0  # an older Groundwork may have left something
    tally.note_gone(0)
    assert tally.seen() is None
    ledger.closings.open(closing("211047650761"))
    assert tally.seen() == 1
    tally.note_gone(0)  # by a pass that saw nothing, and was slow
    assert tally.seen() == 1
    tally.note_gone(1)
    assert tally.seen() is None
    assert ledger.endings.tally.seen() == 0


@pytest.mark.parametrize("before", [None, 100])
def test_of_a_call_that_aws_does_not_take_the_one_before_stays_known(
    ledger: Ledger, before: int | None
) -> None:
    closings, account = ledger.closings, "211047650761"
    closings.open(closing(account))
    if before:
        assert closings.note_call(account, before)
        assert not closings.begin_reopening(account)  # AWS may be at it
    assert closings.note_call(account, 200)
    closings.forget_call(account, before)
    record = closings.of(account)
    assert record and (record.called_at, record.refused_at) == (before, None)
    assert closings.note_call(account, 300)
    closings.note_refusal(account, 300, before)
    record = closings.of(account)
    assert record and (record.called_at, record.refused_at) == (before, 300)
    assert closings.note_call(account, 400)
    assert not closings.begin_reopening(account)
    closings.note_refusal(account, 400, before)
    assert closings.begin_reopening(account)
    assert not closings.note_call(account, 500)


def closing(account_id: str) -> ClosingRecord:
    return ClosingRecord(
        closes_at="2026-12-31T00:00:00Z",
        unit="ou-ab12-9",
        home="r-ab12",
        account_id=account_id,
        account_name="sandbox",
        email=EMAIL,
        execution="one",
    )
