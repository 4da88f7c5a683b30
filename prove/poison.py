"""Poison: whatever somebody sends is refused in a clear sentence, or is good; nothing falls over, nothing is touched."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self
from unicodedata import category

from botocore.exceptions import ClientError
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis.strategies import SearchStrategy

from groundwork.contracts import (
    ChangeRequested,
    Created,
    Requested,
    StartedByHand,
    read_roll_out,
    read_trigger,
)
from groundwork.declaration.loading import load
from groundwork.errors import InvalidRequest, Refused, every_error
from groundwork.fields import shown
from groundwork.vending.rules import mistakes_of_request
from local.engine import Engine
from local.json_texts import depth_of
from local.model_validation import violations
from local.organizations.create_account import is_acceptable_email
from prove.chapter import Chapter, Say
from prove.hostile import DETAIL, LARGEST, ROLL_OUT, TRIGGER
from tests.workflow.conftest import SCHEDULES, TIME_SCALE, Cloud, Execution, bootstrapped, deployed

TRIGGERS = 8_500
ROLL_OUTS = 2_500
THROUGH_THE_MACHINE = 300
AT_ONCE = 16
LONGEST_SENTENCES = 5_000
LONGEST_CAUSE = 32_768
MEANT_OTHERWISE = set("*?{}<>$")

Read = Callable[[Any], Any]

RAW = (
    "null",
    '"accountId"',
    "[]",
    "{}",
    "211047650761",
    '{"accountId": "1", "accountId": "2"}',
    '{"accountId": 1e400}',
    '{"accountId": "\\ud800"}',
    '{"accountId": "\\u0000"}',
    json.dumps({"accountId": "x" * 250_000}),
    json.dumps({"accountId": '"' * 130_000}),
    json.dumps(
        {"detail-type": "Account Requested", "source": "groundwork", "detail": {"email": "\u4e2d" * 40_000}}
    ),
    "[" * 300 + "]" * 300,
    "[" * 1000 + "]" * 1000,
    '{"accountId": ' + "9" * 5000 + "}",
)
"""As text: what no value of Python's stands for."""


class Unclear(Exception):
    """An input was refused in other words than a person needs, or taken although AWS would refuse it."""


def prove(seed: int, say: Say) -> Chapter:
    chapter = Chapter("Poison", "hostile inputs")
    parsed = parse(chapter, seed, TRIGGERS, ROLL_OUTS)
    say(f"{chapter.tried} inputs parsed")
    with Engine(time_scale=TIME_SCALE) as aws:
        cloud = bootstrapped(deployed(aws))
        with Machine(cloud, chapter, seed) as run:
            run.everything(THROUGH_THE_MACHINE, say)
    chapter.words += [
        parsed,
        f"{run.begun} of them went through the whole machine, {run.turned_away} were turned away by AWS",
    ]
    return chapter


# -- on the parser ---------------------------------------------------------------------------------


def parse(chapter: Chapter, seed: int, triggers: int, roll_outs: int) -> str:
    """How many of so many inputs were good, in words."""
    good = 0
    for read, strategy, many in ((read_trigger, TRIGGER, triggers), (read_roll_out, ROLL_OUT, roll_outs)):
        good += _parse(chapter, seed, read, strategy, many)
    return f"{good} inputs were good after all"


def _parse(chapter: Chapter, seed: int, read: Read, strategy: SearchStrategy[Any], many: int) -> int:
    good = 0
    last: Any = None

    def attempt(raw: Any) -> None:
        nonlocal good, last
        chapter.tried, last = chapter.tried + 1, raw
        try:
            found = read(raw)
        except InvalidRequest as refusal:
            wrong = unclear(str(refusal))
        else:
            good += 1
            wrong = unacceptable(found)
        if wrong:
            raise Unclear(wrong)

    try:
        _draw(strategy, seed, many, attempt, [Phase.generate, Phase.shrink])
    except Exception as defect:  # noqa: BLE001 - whatever is no refusal is a defect
        chapter.fail(
            f"{type(defect).__name__}: {defect}"[:300], f"{read.__name__} with seed {seed}: {shown(last)}"
        )
    return good


def _draw(
    strategy: SearchStrategy[Any], seed: int, many: int, use: Callable[[Any], None], phases: list[Phase]
) -> None:
    quietly = settings(
        max_examples=many,
        database=None,
        deadline=None,
        phases=phases,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    seeded(seed)(quietly(given(strategy)(use)))()


def unclear(words: str) -> str:
    """What is wrong with a refusal's words; empty when nothing is."""
    if not all(each == " " or category(each)[0] in "LNPS" for each in words):
        return f"not on one line: {words!a}"
    if len(words) > LONGEST_SENTENCES:
        return f"{len(words)} characters long"
    if not words.endswith(".") or not ("; " in words or " is not right: " in words):
        return f"no remedy: {words}"
    return ""


def unacceptable(found: Any) -> str:
    """What AWS would say to what was accepted, by AWS's own rules and not by those of the parser."""
    if isinstance(found, Requested):
        asked = found.asked
        names = [asked.account_name, asked.email, asked.organizational_unit or ""]
        if any(MEANT_OTHERWISE & set(name) or name.startswith("arn:") for name in names):
            return f"more than a name: {names}"
        tags = [
            {"Key": key, "Value": value} for key, value in (asked.tags | {"id": found.request_id}).items()
        ]
        account = {"AccountName": asked.account_name, "Email": asked.email, "Tags": tags}
        wrong = [each.path for each in violations("organizations", "CreateAccount", account)]
        for unit in (asked.organizational_unit or "x").split("/"):
            one = {"ParentId": "r-ab12", "Name": unit}
            wrong += [each.path for each in violations("organizations", "CreateOrganizationalUnit", one)]
        return ", ".join(wrong) if is_acceptable_email(asked.email) else "Email"
    if isinstance(found, ChangeRequested):
        change = found.asked
        names = [change.account_name or "", change.organizational_unit or ""]
        if any(MEANT_OTHERWISE & set(name) or name.startswith("arn:") for name in names):
            return f"more than a name: {names}"
        named = {"AccountName": change.account_name or "x", "AccountId": change.account_id or "1" * 12}
        wrong = [each.path for each in violations("account", "PutAccountName", named)]
        tags = [{"Key": key, "Value": value or ""} for key, value in change.tags.items()]
        tagged = {"ResourceId": named["AccountId"], "Tags": tags}
        return ", ".join(wrong + [each.path for each in violations("organizations", "TagResource", tagged)])
    if isinstance(found, Created | StartedByHand):
        wrong = [
            each.path
            for each in violations("organizations", "DescribeAccount", {"AccountId": found.account_id})
        ]
        return ", ".join(wrong)
    return ""


# -- through the whole machine ---------------------------------------------------------------------


@dataclass(frozen=True)
class Begun:
    """What was sent, and by what its answer is known: the execution, or the event."""

    sent: str
    by: dict[str, str]


class Machine:
    """Inputs by StartExecution and by PutEvents, some at once; afterwards the organization is as it was."""

    def __init__(self, cloud: Cloud, chapter: Chapter, seed: int) -> None:
        self._cloud = cloud
        self._chapter = chapter
        self._seed = seed
        self.begun = 0
        self.turned_away = 0

    def __enter__(self) -> Self:
        """Nobody else touches anything meanwhile."""
        for rule in SCHEDULES:
            self._cloud.aws.client("events").disable_rule(Name=self._cloud.physical(rule))
        return self

    def __exit__(self, *_: object) -> None:
        for rule in SCHEDULES:
            self._cloud.aws.client("events").enable_rule(Name=self._cloud.physical(rule))

    def everything(self, many: int, say: Say) -> None:
        mark, known = len(self._cloud.aws.calls), self._ledger()
        inputs = [("start", text) for text in RAW]
        inputs += [("start", text) for text in self._chosen(TRIGGER, many // 2)]
        inputs += [("post", text) for text in self._chosen(DETAIL, many - many // 2)]
        for first in range(0, len(inputs), AT_ONCE):
            begun = [self._begin(how, text) for how, text in inputs[first : first + AT_ONCE]]
            for each in begun:
                if each:
                    self._judge(each)
            say(f"{min(first + AT_ONCE, len(inputs))} of {len(inputs)} inputs sent")
        touched = {
            call.action
            for call in self._cloud.aws.calls[mark:]
            if call.mutating and call.service == "organizations"
        }
        if touched:
            self._fail(f"Organizations was touched: {sorted(touched)}", "all of it")
        if left := {key for key in self._ledger() - known if not key.startswith("execution#")}:
            self._fail(f"the ledger remembers {sorted(left)}", "all of it")
        if self._cloud.aws.failures:
            self._fail(f"the embedded AWS failed: {self._cloud.aws.failures[0]!r}", "all of it")

    def _chosen(self, strategy: SearchStrategy[Any], many: int) -> list[str]:
        """Of what can be sent at all: requests that are good would make an account each, and are left out."""
        found: list[str] = []

        def take(raw: Any) -> None:
            if strategy is DETAIL:
                raw_trigger = {
                    "detail-type": "Account Requested",
                    "source": "groundwork",
                    "id": "1",
                    "detail": raw,
                }
            else:
                raw_trigger = raw
            sendable = isinstance(raw, dict) or strategy is not DETAIL
            if sendable and len(found) < many and depth_of(raw) < 950 and not _is_granted(raw_trigger):
                text = _as_json(raw)
                if text is not None and len(text) < LARGEST - 1000:
                    found.append(text)

        _draw(strategy, self._seed, 3 * many, take, [Phase.generate])
        return found

    def _begin(self, how: str, text: str) -> Begun | None:
        self._chapter.tried += 1
        try:
            if how == "start":
                started = self._cloud.aws.client("stepfunctions").start_execution(
                    stateMachineArn=self._cloud.machine, input=text
                )
                return Begun(text, {"execution": str(started["executionArn"])})
            entry = {"Source": "groundwork", "DetailType": "Account Requested", "Detail": text}
            (answer,) = self._cloud.aws.client("events").put_events(Entries=[entry])["Entries"]
            if "EventId" in answer:
                return Begun(text, {"requestId": str(answer["EventId"])})
            refused = answer["ErrorCode"]
        except ClientError as error:
            refused = error.response["Error"]["Code"]
        if refused not in ("InvalidExecutionInput", "MalformedDetail"):
            self._fail(f"{refused} from AWS", text)
        self.turned_away += 1
        return None

    def _judge(self, begun: Begun) -> None:
        self.begun += 1
        answer = self._cloud.answer("Account Failed", **begun.by)["detail"]
        if wrong := ill_ended(self._cloud.ended(answer["execution"]), answer):
            self._fail(wrong, begun.sent)

    def _fail(self, what: str, sent: str) -> None:
        self._chapter.fail(what, f"seed {self._seed}: {shown(sent)}")

    def _ledger(self) -> set[str]:
        pages = (
            self._cloud.aws.client("dynamodb")
            .get_paginator("scan")
            .paginate(TableName=self._cloud.outputs["LedgerTable"])
        )
        return {item["pk"]["S"] for page in pages for item in page["Items"]}


def _is_granted(raw: Any) -> bool:
    """Whether this asks, in order, for an account."""
    try:
        found = read_trigger(raw)
        if isinstance(found, Requested):
            return not mistakes_of_request(found.asked.given, load())
    except InvalidRequest:
        return False
    return isinstance(found, Requested)


def _as_json(raw: Any) -> str | None:
    try:
        return json.dumps(raw, allow_nan=False)
    except ValueError:
        return None


REFUSALS = {kind.__name__ for kind in every_error() if issubclass(kind, Refused)}


def ill_ended(ended: Execution, answer: dict[str, Any]) -> str:
    """What is wrong with how a refused execution ended and was answered for; empty when nothing is."""
    if ended.status != "FAILED" or answer["error"] not in REFUSALS:
        return f"{ended.status} with {answer['error']}: {ended.error}: {answer['cause']}"[:300]
    if len(ended.cause) > LONGEST_CAUSE:
        return f"a cause of {len(ended.cause)} characters"
    told = [
        str(answer.get(name, ""))
        for name in ("accountName", "email", "accountId", "requestId", "cause", "remedy")
    ]
    if any(not text.isprintable() for text in [*told, ended.cause]):
        return f"more than one line: {told}"
    return ""
