"""The end of an execution: what is remembered, what is answered, and who goes next."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from groundwork.aws.organizations import Organizations
from groundwork.contracts import (
    CHANGE_REQUESTED,
    STARTED_BY,
    Account,
    Change,
    Model,
    Organization,
    Outcome,
    enrolled_account,
    object_of,
)
from groundwork.errors import AccountClosing, InvalidRequest, RequestInProgress, remedy_for
from groundwork.ledger import Ledger
from groundwork.ledger.records import RequestRecord
from groundwork.rendering import held_to, on_one_line, sentence, without_repeats, worst_first
from groundwork.side_by_side import side_by_side
from groundwork.tags import BASELINE_TAG, STATE_TAG
from groundwork.vending.asked_again import READY, ready_again
from groundwork.vending.creation import as_record, remedy_of_refusal
from groundwork.vending.enrolment import Enrolled, remembered
from groundwork.vending.work import Answer, Asker, Work

if TYPE_CHECKING:
    from groundwork.declaration import Declaration


POLICIES = "organization-policies"

ANSWERS: dict[Outcome, str] = {"ready": READY, "drifted": "Account Drifted"}
"""What is answered; of any other outcome that somebody must hear of, `Account Repaired`."""


class FollowUp(Model):
    """An execution to start for accounts that depend on this one. Its name makes a repeat harmless."""

    name: str
    input: dict[str, Any]
    roll_out: bool = False


class Ending(Model):
    """`output` is the execution's; `answers` are the events that tell of it."""

    output: dict[str, Any]
    answers: list[Answer]
    follow_ups: list[FollowUp]


class Failing(Model):
    """How an execution fails, in words; `answers` is empty when somebody has answered for it before."""

    error: str
    cause: str
    remedy: str
    answers: list[Answer]


class Recorder:
    def __init__(self, declaration: Declaration, ledger: Ledger, organizations: Organizations) -> None:
        self._declaration = declaration
        self._ledger = ledger
        self._organizations = organizations

    def succeeded(
        self, work: Work, enrolled: Enrolled, organization: Organization, results: list[Any]
    ) -> Ending:
        """`organization` is as it was when the work began, which may be later than when the account was enrolled."""
        found = (Change.model_validate(change) for result in results for change in result.get("changes", []))
        changes = [*work.changes, *enrolled.reports, *without_repeats(found)]
        self._note_policies(enrolled.account, results)
        if work.mode == "plan":
            return self._planned(work, enrolled, changes, results)
        account, done = enrolled.account, any(change.action != "report" for change in changes)
        bad = any(change.differs for change in changes if change.action == "report")
        first = False
        if work.components:
            self._ledger.note_run(account.id, work.execution, results, "Run")
            self._ledger.leases.release(account.id, work.execution)
        else:
            first = self._ready(work, enrolled, results, changes)
        outcome: Outcome = "ready" if first else "drifted" if bad else "repaired" if done else "unchanged"
        output = _output(work, account.id, outcome, changes) | (
            {"mode": work.mode} if outcome == "drifted" else {}
        )
        told = first or done or bad
        if work.wish and work.request_id:
            return self._answered(work, work.request_id, enrolled.account, organization, output, first=first)
        answers = [_answer(ANSWERS.get(outcome, "Account Repaired"), work, output)] if told else []
        if (asker := work.asked_by) and not (first and asker.request_id == work.request_id):
            answers.append(ready_again(work, asker, output))
        side_by_side(
            lambda: self._close_request(work, account.id) if work.route == "create" else None,
            lambda: self._ledger.answer_once(work.execution, "record-outcome") if answers else None,
            lambda: self._note_event(work, asker, account.id) if asker else None,
        )
        return Ending(
            output=output,
            answers=answers,
            follow_ups=self._follow_ups(work, account, organization, first=first),
        )

    def _answered(
        self,
        work: Work,
        request_id: str,
        account: Account,
        organization: Organization,
        output: dict[str, Any],
        *,
        first: bool,
    ) -> Ending:
        """An event that asked for a change has one answer, whatever came of it."""
        self._ledger.changes.finish(request_id)
        self._ledger.answer_once(work.execution, "record-outcome")
        return Ending(
            output=output,
            answers=[_answer(READY, work, output if first else output | {"again": True})],
            follow_ups=self._follow_ups(work, account, organization, first=first),
        )

    def _ready(self, work: Work, enrolled: Enrolled, results: list[Any], changes: list[Change]) -> bool:
        """The ledger and the account's tags say what was reached. True when it was reached for the first time. While
        something is left that the declaration no longer names, the tag names the earlier versions, too.
        """
        left = any(change.taken_out for change in changes if change.action == "report")
        version = self._declaration.version
        on_its_way = remembered(version, enrolled.baseline)
        wanted = {STATE_TAG: "ready", BASELINE_TAG: on_its_way if left else version}
        shown = enrolled.ready and on_its_way == wanted[BASELINE_TAG]
        if not shown:  # first, as the ledger lets the account go with what it notes
            self._organizations.tag(enrolled.account.id, wanted)
        return self._ledger.note_ready(enrolled.account, work.execution, results, version)

    def _note_policies(self, account: Account, results: list[Any]) -> None:
        """Other accounts ask nothing about what the policies of the organization hold, for as long as they do."""
        for result in results:
            if (
                account.kind == "management"
                and result["component"] == POLICIES
                and result["outcome"] != "skipped"
            ):
                changes = map(Change.model_validate, result.get("changes", []))
                bad = any(change.action == "report" and change.severity == "high" for change in changes)
                holds = result["outcome"] in ("changed", "unchanged") and not bad
                self._ledger.note_policies(account.id, self._declaration.version if holds else None)

    def _close_request(self, work: Work, account_id: str) -> None:
        if not self._ledger.close_request(work.email, work.execution, "ready"):
            known = {"account_id": account_id, "state": "ready"}
            self._ledger.claim(
                as_record(work).model_copy(update=known), None
            )  # unless another has taken it over

    def _note_event(self, work: Work, asker: Asker, account_id: str) -> None:
        """But for the one that made the account, which its request names."""
        if work.route != "create" or asker.request_id != work.request_id:
            self._ledger.note_event(asker.request_id, account_id, asker.email)

    def _planned(self, work: Work, enrolled: Enrolled, changes: list[Change], results: list[Any]) -> Ending:
        drifted = any(change.differs for change in changes)
        summaries = [
            {name: value for name, value in result.items() if name != "changes"} for result in results
        ]
        self._ledger.note_run(enrolled.account.id, work.execution, summaries, "Plan")
        version = self._declaration.version
        about = {
            "mode": "plan",
            "declaration": {
                "version": version,
                "behind": not enrolled.ready or enrolled.baseline != version,
                **({"account": enrolled.baseline} if enrolled.ready and enrolled.baseline else {}),
            },
        }
        if enrolled.account.kind != "management":
            about["entryRoles"] = {role.name: role.in_words for role in self._declaration.entry_roles}
        output = _output(work, enrolled.account.id, "drifted" if drifted else "unchanged", changes) | about
        output["plan"] = [sentence(change) for change in worst_first(held_to(LONGEST_WORDS, changes))]
        answers = []
        if drifted:
            bare = [change.model_copy(update={"call": None}) for change in changes]
            answers = [
                _answer("Account Drifted", work, _output(work, enrolled.account.id, "drifted", bare) | about)
            ]
        return Ending(output=output, answers=answers, follow_ups=[])

    def _follow_ups(
        self, work: Work, account: Account, organization: Organization, *, first: bool
    ) -> list[FollowUp]:
        """Security's Ready lets the management account send its logs there and raise the guard rails; tooling's lays
        the deploy role down in the workload accounts that are there already, by one roll-out: one by one, thousands of
        them would fit neither into a state nor into the history of this execution. Where policies name accounts, another
        name is another account."""
        origin = f"after-{account.kind}-{hashlib.sha256(work.execution.encode()).hexdigest()[:16]}"
        if first and account.kind == "tooling":
            return [FollowUp(name=origin, input={"include": {"kinds": ["workload"]}}, roll_out=True)]
        names = {
            name
            for each in work.changed or []
            if each.field == "accountName"
            for name in (each.was, each.now)
        }
        next_ones = list[str | None]()
        if (
            first and account.kind == "security"
        ) or names & self._declaration.organization_policies.names_in_exceptions:
            next_ones.append(organization.management_account_id)
        if ({account.name} if first else names) & self._declaration.names_in_groups:
            next_ones.append(organization.security_account_id)
        return [
            FollowUp(name=f"{each}-{origin}", input={"accountId": each})
            for each in next_ones
            if each and each != account.id
        ]


def _output(work: Work, account_id: str, outcome: Outcome, changes: list[Change]) -> dict[str, Any]:
    """`changes` is what was done, or would be, and empty when there was nothing to do; `changed`, where a change of the
    account itself was asked for, is what of that is otherwise now, or would be; `reports`, there when there are any, is what
    a person should know and Groundwork leaves alone."""
    held = held_to(LONGEST_CHANGES, changes)
    reports = [change.to_json() for change in held if change.action == "report"]
    return {
        "accountId": account_id,
        "accountName": work.account_name,
        "email": work.email,
        "kind": work.kind,
        "outcome": outcome,
        "changes": [change.to_json() for change in held if change.action != "report"],
        **({"changed": [each.to_json() for each in work.changed]} if work.changed is not None else {}),
        **({"waitsForCode": work.waits_for_code.to_json()} if work.waits_for_code else {}),
    } | ({"reports": reports} if reports else {})


def _answer(detail_type: str, work: Work, output: Mapping[str, Any]) -> Answer:
    return Answer(detail_type=detail_type, detail=_detail(work, output))


def _detail(work: Work, output: Mapping[str, Any]) -> dict[str, Any]:
    asked_by = {"requestId": work.request_id} if work.request_id else {}
    return dict(output) | {"execution": work.execution} | asked_by


# -- failure ---------------------------------------------------------------------------------------


class Failure(Model):
    """As Step Functions caught it: an error and its cause, or for `BaselineFailed` those of every failed component."""

    error: str
    cause: str = ""
    failures: list[dict[str, str]] = Field(default_factory=list)


TAKES_OVER_FROM = {
    "record-failure": ["record-outcome"],
    "answer-lost-execution": ["record-outcome", "record-failure"],
}
"""Who was to answer, by who does it in their place: the execution failed or ended before their answer was sent."""

NOTHING_FAILED = (AccountClosing.__name__, InvalidRequest.__name__)
"""What is refused before anything is touched in the account."""
CLOSING_MACHINE = ":groundwork-close-account:"
"""In the ARN of an execution that is about the closing of an account."""
LONGEST_CHANGES = 90_000
LONGEST_WORDS = 40_000
"""Characters: output and answer travel together in one state of at most 262,144 bytes."""

LONGEST_CAUSE = 16_000
"""Characters: with its remedy it must fit into the Cause of a Fail state, which is 32,768 at most."""


def failed(
    ledger: Ledger, execution: str, raw: Any, failure: Failure, account_id: str | None, by: str
) -> Failing:
    """What is remembered and answered when an execution fails, whatever state it failed in. `raw` is its input, as it
    came."""
    words = "; ".join(_component_in_words(each) for each in failure.failures) or in_words(failure.cause)
    cause = words if len(words) <= LONGEST_CAUSE else f"{words[:LONGEST_CAUSE]}..."
    remedy = (remedy_of_refusal(cause) if failure.error == "AccountRefused" else None) or remedy_for(
        failure.error
    )
    named = _named(raw)
    if CLOSING_MACHINE in execution:
        account_id = named.get("accountId") or object_of(object_of(raw).get("detail")).get("accountId")
        account_id = on_one_line(account_id)[:12] if isinstance(account_id, str) else None
    account_id = account_id or named.get("accountId")
    record = ledger.request(named["email"]) if named.get("email") else None
    if record and record.owner == execution:
        ledger.close_request(record.email, execution, "failed")
        account_id = account_id or record.account_id
    elif record and record.account_id and failure.error == RequestInProgress.__name__:
        named["accountId"] = record.account_id  # which another execution has taken over
    if account_id and _is_plan(raw):
        named["accountId"] = account_id  # a plan that failed has left everything as it was
    elif account_id and (CLOSING_MACHINE in execution or failure.error in NOTHING_FAILED):
        ledger.leases.release(account_id, execution)  # no work in it has failed
        named["accountId"] = account_id
    elif account_id:
        remedy += _of_quarantine(ledger, account_id)
        ledger.note_failure(account_id)
        ledger.take_ready_back(account_id, execution)
        ledger.leases.release(account_id, execution)
        named["accountId"] = account_id
    roll_out = _roll_out_of(raw)
    detail = {
        **_asked_of(raw),
        **named,
        "error": failure.error,
        "cause": cause,
        "remedy": remedy,
        "execution": execution,
    }
    detail |= {"rollOut": roll_out} if roll_out else {}
    # What nobody has adopted may be closed to us, and a roll-out that plans it says so every day.
    strange = roll_out and _is_plan(raw) and account_id and ledger.account(account_id) is None
    due = (
        not strange
        and not _others_answer(record, failure, named, execution)
        and ledger.answer_once(execution, by, *TAKES_OVER_FROM[by])
    )
    answers = [Answer(detail_type="Account Failed", detail=detail)] if due else []
    return Failing(error=failure.error, cause=cause, remedy=remedy, answers=answers)


def _others_answer(
    record: RequestRecord | None, failure: Failure, named: Mapping[str, Any], execution: str
) -> bool:
    """Whether this is the same event, delivered once more, that another execution is still at work on, and answers."""
    if record is None or failure.error != RequestInProgress.__name__ or record.owner == execution:
        return False
    return record.request_id is not None and record.request_id == named.get("requestId")


def _asked_of(raw: Any) -> dict[str, str]:
    """The account of which a change is asked, as the event names it. Nothing is written about an account for that."""
    event = object_of(raw)
    account_id = object_of(event.get("detail")).get("accountId")
    is_one = isinstance(account_id, str) and re.fullmatch(r"[0-9]{12}", account_id, re.ASCII)
    return {"accountId": str(account_id)} if event.get("detail-type") == CHANGE_REQUESTED and is_one else {}


def _of_quarantine(ledger: Ledger, account_id: str) -> str:
    known = ledger.account(account_id)
    if known is None or known.quarantine is None:
        return ""
    return (
        f" The account waits in quarantine, in the unit {known.quarantine!r}, closed to everybody but Groundwork: the next "
        f"execution that succeeds moves it to its own unit. Any event that asks for the account starts one, and "
        f'{{"accountId": "{account_id}"}} does.'
    )


def _is_plan(raw: Any) -> bool:
    return object_of(raw).get("mode") == "plan" and "detail-type" not in raw


def _roll_out_of(raw: Any) -> str | None:
    """The execution of the roll-out that started this one, which tells people of all its failures at once."""
    starter = str(object_of(raw).get(STARTED_BY, ""))
    return on_one_line(starter)[:256] if ":groundwork-roll-out/" in starter else None


def _component_in_words(failure: Mapping[str, str]) -> str:
    cause = in_words(failure["cause"])
    stop = "" if cause.endswith((".", "!", "?")) else "."
    return f"{failure['component']}: {failure['error']}: {cause}{stop} {remedy_for(failure['error'])}"


def in_words(cause: str) -> str:
    """The message of a Lambda error, whose cause is JSON with a stack trace; other causes as they are."""
    try:
        parsed = json.loads(cause)
    except ValueError:
        return cause
    return str(parsed.get("errorMessage", cause)) if isinstance(parsed, dict) else cause


def _named(raw: Any) -> dict[str, Any]:
    """Whom a failed execution was about, as far as its input tells: it may be the input that was wrong."""
    event = object_of(raw)
    detail = object_of(event.get("detail"))
    status = object_of(object_of(detail.get("serviceEventDetails")).get("createAccountStatus"))
    enrolled = object_of(enrolled_account(detail).get("account"))
    told_by_aws = {"aws.organizations": status, "aws.controltower": enrolled}.get(str(event.get("source")))
    renames = event.get("detail-type") == CHANGE_REQUESTED
    found = {
        "accountName": None if renames else detail.get("accountName"),
        "email": detail.get("email"),
        # A requester's detail may say anything.
        "accountId": event.get("accountId") if told_by_aws is None else told_by_aws.get("accountId"),
        "requestId": event.get("id"),
    }
    return {key: on_one_line(value)[:256] for key, value in found.items() if isinstance(value, str) and value}
