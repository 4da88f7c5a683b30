"""What a roll-out tells, however many accounts there are: it fits, and says what it left out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from groundwork.contracts import Change
from groundwork.declaration.loading import load
from groundwork.rendering import LONGEST_REASON, held_to, on_one_line, sentence
from groundwork.report.page import report_in
from groundwork.roll_out.store import Status, Store
from groundwork.roll_out.summary import STOPPED, Summarizer, not_begun
from groundwork.vending.outcome import Failure

MOST_BYTES = 262_144
"""Of the state that a function's answer goes to."""


class Kept(Store):
    """A store without S3."""

    def __init__(self, children: list[tuple[Status, Mapping[str, Any]]]) -> None:
        super().__init__("bucket", "2026-11-25/name", client=cast("Any", object()))
        listed = [json.loads(child["Input"]) for _, child in children]
        self.written: dict[str, Any] = {self.skipped_key: {}, self.accounts_key: listed}
        self._children = children

    def write(self, key: str, value: Any) -> None:
        self.written[key] = value

    def write_page(self, key: str, page: str) -> None:
        self.written[key] = page

    def read(self, key: str) -> Any:
        return self.written[key]

    def outcomes(self) -> Iterator[tuple[Status, Mapping[str, Any]]]:
        return iter(self._children)


class Full(Kept):
    """One that takes no page."""

    def write_page(self, key: str, page: str) -> None:
        raise OSError("no space left")


def item(number: int, *, adopted: bool = True) -> str:
    about = {"kind": "workload", "unit": "Workloads/Production"}
    return json.dumps(
        {
            "accountId": f"{number:012}",
            "accountName": f"account-{number}",
            "mode": "plan",
            "adopted": adopted,
            **about,
        }
    )


def change(number: int = 0, reason: str = "is not logging") -> dict[str, Any]:
    return {
        "component": "trail",
        "resource": f"trail {number}",
        "action": "update",
        "reason": reason,
        "severity": "high",
    }


def drifted(number: int, changes: int = 1, *, adopted: bool = True) -> tuple[Status, Mapping[str, Any]]:
    output = {
        "accountId": f"{number:012}",
        "accountName": f"account-{number}",
        "outcome": "drifted",
        "changes": [change(each) for each in range(changes)],
        "declaration": {"version": "a", "behind": True},
    }
    return "SUCCEEDED", {"Input": item(number, adopted=adopted), "Output": json.dumps(output)}


def failed(number: int) -> tuple[Status, Mapping[str, Any]]:
    described = {"Status": "FAILED", "Error": "BaselineFailed", "Cause": "trail: no. Remedy: Mend it."}
    child = {"Input": item(number), "Error": "AccountFailed", "Cause": json.dumps(described)}
    return "FAILED", child


def test_it_fits_for_thousands_of_accounts_and_the_store_has_it_all() -> None:
    store = Kept([drifted(number, 5) for number in range(4000)] + [failed(9000 + n) for n in range(1000)])
    ended = Summarizer(store, load()).summarize("plan", None)
    assert len(json.dumps(ended.to_json())) < MOST_BYTES
    whole = store.written[store.summary_key]
    assert ended.output["accounts"] == whole["accounts"] == {"drifted": 4000, "failed": 1000}
    for name in ("differences", "failures", "behind"):
        assert len(ended.output[name]) + ended.output[f"{name}LeftOut"] == len(whole[name])


def test_a_failed_account_is_named_with_its_own_error_cause_and_remedy() -> None:
    ended = Summarizer(Kept([failed(1)]), load()).summarize("apply", None)
    assert ended.output["failures"] == {
        "000000000001": {"error": "BaselineFailed", "cause": "trail: no.", "remedy": "Mend it."}
    }


def test_a_report_stands_beside_the_summary() -> None:
    store = Kept([drifted(1, 2), failed(2), drifted(3, adopted=False)])
    ended = Summarizer(store, load()).summarize("plan", None)
    assert ended.output["report"] == f"s3://bucket/{store.report_key}"
    shown = report_in(store.written[store.report_key])
    one, two, three = shown.accounts
    assert (one.state, one.components["trail"], one.components["access"]) == (
        "ready",
        "differs",
        "as declared",
    )
    assert [each.words for each in one.differences] == [
        "trail 0: is not logging; will be put right",
        "trail 1: is not logging; will be put right",
    ]
    assert (two.state, two.unit, [each.remedy for each in shown.failures]) == (
        "failed",
        "Workloads/Production",
        ["Mend it."],
    )
    assert three.state == "not adopted"
    assert {door.principal for door in shown.doors or [] if one.id in door.accounts} == {
        "admin-external-accounts",
        "ro-external-accounts",
        "role/ci-cd/* of mgmt",
        "administrators of security",
        "administrators of the management account",
    }
    assert not [door for door in shown.doors or [] if three.id in door.accounts]


def test_a_report_that_cannot_be_written_fails_nothing() -> None:
    children = [drifted(1), failed(2)]
    ended = Summarizer(Full(children), load()).summarize("plan", None)
    whole = Summarizer(Kept(children), load()).summarize("plan", None)
    assert "report" not in ended.output
    assert ended.output == {name: value for name, value in whole.output.items() if name != "report"}


def test_strangers_alone_are_no_reason_to_tell_anybody() -> None:
    store = Kept([drifted(1, adopted=False)])
    ended = Summarizer(store, load()).summarize("plan", None)
    assert ended.output["accounts"] == {"not-adopted": 1}
    assert ended.output["behind"] == []
    assert ended.notice is None


def test_why_a_stranger_could_not_be_planned_is_kept_and_is_no_failure() -> None:
    described = {"Status": "FAILED", "Error": "AccountNotEnterable", "Cause": "No way in. Remedy: Make one."}
    lost = {"error": "States.TaskFailed", "cause": json.dumps(described)}
    about = {"accountId": f"{1:012}", "accountName": "account-1", "outcome": "not-adopted"}
    output = json.dumps(about | {"lost": lost})
    store = Kept([("SUCCEEDED", {"Input": item(1, adopted=False), "Output": output})])
    ended = Summarizer(store, load()).summarize("plan", None)
    why = {"error": "AccountNotEnterable", "cause": "No way in.", "remedy": "Make one."}
    assert ended.output["unplanned"] == {f"{1:012}": why}
    assert (ended.output["accounts"], ended.output["failures"]) == ({"not-adopted": 1}, {})
    assert ended.notice is None


def test_who_was_at_work_where_nobody_looked_is_kept_of_strangers_too() -> None:
    note = "arn:1 is working in the account; plan again when it has ended."
    output = {"accountId": f"{1:012}", "accountName": "account-1", "outcome": "in-progress", "note": note}
    children: list[tuple[Status, Mapping[str, Any]]] = [
        (
            "SUCCEEDED",
            {"Input": item(n, adopted=adopted), "Output": json.dumps(output | {"accountId": f"{n:012}"})},
        )
        for n, adopted in ((1, True), (2, False))
    ]
    ended = Summarizer(Kept(children), load()).summarize("plan", None)
    assert ended.output["inProgress"] == {f"{n:012}": note for n in (1, 2)}
    assert ended.output["accounts"] == {"in-progress": 1, "not-adopted": 1}


def test_a_stop_tells_what_was_not_done() -> None:
    pending: tuple[Status, Mapping[str, Any]] = ("PENDING", {"Input": item(3)})
    aborted: tuple[Status, Mapping[str, Any]] = ("FAILED", {"Input": item(4), "Status": "ABORTED"})
    store = Kept([failed(1), drifted(2), pending, aborted])
    ended = Summarizer(store, load()).summarize("plan", Failure(error=STOPPED, cause=""))
    assert ended.output["accounts"] == {"drifted": 1, "failed": 1, "not-done": 2}
    assert ended.failure and ended.notice
    assert (ended.failure.error, "2 accounts were not done" in ended.failure.cause) == (
        "RollOutStopped",
        True,
    )


def test_what_began_with_no_account_is_told() -> None:
    cause = json.dumps({"errorMessage": "mode 'x' is unknown.", "errorType": "InvalidRequest"})
    mistaken = not_begun(Failure(error="InvalidRequest", cause=cause))
    assert mistaken.failure and mistaken.failure.cause.startswith("mode 'x' is unknown. Remedy: ")
    assert mistaken.notice and mistaken.notice.message == mistaken.failure.cause
    assert not_begun(Failure(error="Sandbox.Timedout", cause="")).notice


def test_the_worst_stays_when_there_is_no_room_for_all() -> None:
    mild = {**change(), "severity": "low"}
    changes = [Change.model_validate(each) for each in (*[mild] * 500, change(1))]
    held = held_to(5_000, changes)
    assert held[0].severity == "high"
    assert held[-1].action == "report" and "more differences, none of them worse" in held[-1].reason
    assert sum(len(json.dumps(each.to_json())) for each in held) < 6_000


def test_nobody_in_an_account_writes_lines_of_a_notice() -> None:
    reason = on_one_line("asks for y\n\nURGENT: click\u202e" + "x" * 5_000)
    told = sentence(Change.model_validate(change(reason=reason)))
    assert told.isprintable()
    assert len(reason) <= LONGEST_REASON + 3
