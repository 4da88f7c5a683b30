"""What the ledger holds: its items' keys, and the records that are read from them, one by one.

| item | attributes |
|---|---|
| `request#<e-mail>` | those of `RequestRecord` |
| `email#<e-mail>` | `accountId` |
| `name#<name>` | `accountId` of an account that is called so; or `email`, for which one of that name has been asked |
| `account#<account id>` | those of `AccountRecord`; `leaseOwner`, `leaseUntil`; those of `LastRuns` |
| `approval#<request id>`, `asked#<day>#<user id>` | see `approvals` |
| `event#<event id>` | those of `AccountOfEvent` |
| `change#<begun by>`, `code#<account id>` | see `changes` |
| `ending#<account id>`, `endings` | see `endings` |
| `closing#<account id>`, `closed#<e-mail>`, `closing-slot`, `closings` | see `closings` |
| `execution#<ARN>` | `answeredBy` (a state), `expires` |
| `note#<ARN>#<key>` | see `notes` |
| `admission` | `endsAt` of the last slot, in milliseconds since the epoch |
| `emails` | none: it is there once the e-mails of all accounts are |
| `units` | the path of each organizational unit, under its id; `until` |
| `pinned` | `security`, `tooling`: the ids of the accounts that are of these kinds |

Times are in seconds since the epoch where nothing else is said.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from groundwork.contracts import Kind, Model, RequestedKind
from groundwork.fields import Whole

UNITS = "units"
PINNED = "pinned"
ADMISSION_QUEUE = "admission"
"""The item that says when the last admission slot ends."""
ALL_EMAILS = "emails"
"""The item that says that the e-mails of all accounts have been noted."""
CLOSING = "closing"
"""How the value of the tag begins."""


def request_key(email: str) -> str:
    return f"request#{email.lower()}"


def email_key(email: str) -> str:
    return f"email#{email.lower()}"


def name_key(name: str) -> str:
    """Names that differ in case alone are one: nobody tells them apart."""
    return f"name#{name.casefold()}"


def account_key(account_id: str) -> str:
    return f"account#{account_id}"


def answer_key(execution: str) -> str:
    """Of the item that says who has answered for an execution: its ARN."""
    return f"execution#{execution}"


def note_key(execution: str, key: str) -> str:
    """Of what an execution remembers: its ARN."""
    return f"note#{execution}#{key}"


def approval_key(request_id: str) -> str:
    return f"approval#{request_id}"


def event_key(event_id: str) -> str:
    return f"event#{event_id}"


def change_key(begun_by: str) -> str:
    return f"change#{begun_by}"


def code_key(account_id: str) -> str:
    """Of the item that says when AWS has sent a code, to which new e-mail address."""
    return f"code#{account_id}"


def asked_key(day: str, user_id: str) -> str:
    return f"asked#{day}#{user_id}"


def closing_key(account_id: str) -> str:
    return f"closing#{account_id}"


def ending_key(account_id: str) -> str:
    return f"ending#{account_id}"


RequestState = Literal["waiting", "claimed", "created", "ready", "failed"]
"""`waiting`: for an approval, and nothing is made."""
APPROVAL_DAYS = 90
"""How long it is known that a request was approved, or not: as long as Step Functions keeps a history."""


class RequestRecord(Model):
    """What was asked for one e-mail, by whom, and how far it is."""

    email: str
    account_name: str
    kind: RequestedKind
    organizational_unit: str | None = None
    tags: dict[str, str]
    request_id: str
    owner: str
    state: RequestState = "claimed"
    creation_id: str | None = None
    account_id: str | None = None
    attempts: int = 0
    requester: str | None = None
    """The user id of whoever asked, where it is known."""
    approved_by: str | None = None
    approval_reason: str | None = None

    def same_account(self, name: str) -> bool:
        return self.account_name == name

    @property
    def begun(self) -> bool:
        """Whether AWS may have made, or be making, an account for it: from then on it holds what was asked for."""
        return bool(self.account_id or self.creation_id or self.attempts)


class AccountOfEvent(Model):
    """Which account an event that asked for one got, for good: an archive keeps events as long as its owner likes. `email` is the
    one it asked with, where that is known: who starts the machine by hand may give another request the same id."""

    account_id: str
    email: str | None = None

    def is_for(self, email: str) -> bool:
        return self.email in (None, email.lower())


class AccountRecord(Model):
    """What Groundwork knows of one account."""

    account_id: str
    name: str
    email: str
    kind: Kind
    state: Literal["enrolled", "ready", "failed"]
    unit: str | None = None
    """The path of its unit when it last reached its baseline, or was enrolled."""
    ready_by: str | None = None
    baseline: str | None = None
    policies_hold: str | None = None
    """Of the management account: the version of the declaration whose policies of the organization were last seen to hold."""
    leases: int = 0
    """How often somebody has taken its lease."""
    quarantine: str | None = None
    """The path of the unit in which it waits until it is ready."""


class LastRuns(Model):
    """What became of an account last, in the words of the components' results. A plan that is older than the last run
    tells of what may have been mended since. `state` is None while it has only been leased."""

    account_id: str
    name: str = ""
    email: str = ""
    state: Literal["enrolled", "ready", "failed"] | None = None
    baseline: str | None = None
    unit: str | None = None
    kind: Kind | None = None
    ready_by: str | None = None
    last_run: str | None = None
    last_run_at: int = 0
    last_run_results: list[dict[str, Any]] = Field(default_factory=list)
    last_plan: str | None = None
    last_plan_at: int = 0
    last_plan_results: list[dict[str, Any]] = Field(default_factory=list)

    @property
    def differing(self) -> list[str]:
        """The components that the last plan found to differ, if nothing has run since."""
        if self.last_run_at > self.last_plan_at:
            return []
        return [str(each["component"]) for each in self.last_plan_results if each.get("outcome") == "differs"]


class ApprovalRecord(Model):
    """A request that waits for an approval, and what became of it. `why` it waits is a clause, `cost` a sentence; `until`
    is the end of the wait. `ended` is the decision of nobody."""

    request_id: str
    email: str
    account_name: str
    kind: Kind
    organizational_unit: str = ""
    tags: dict[str, str] = Field(default_factory=dict)
    requester: str
    why: str
    cost: str = ""
    account_id: str | None = None
    """Of an account that is there, and is to be changed."""
    asked: str = ""
    """What of it is to be changed, as the event has it; a digest, since it may hold data of people."""
    plan: str = ""
    """The same in sentences, a line each, with what comes and goes by it, as people are shown it."""
    planned: str = ""
    """A digest of those sentences, of which the longest are shown in part."""
    same_role: Literal["refuse", "allow"] = "refuse"
    until: int | None = None
    told: int | None = None
    decision: Literal["approve", "deny", "ended"] | None = None
    decided_by: str = ""
    decided_reason: str = ""

    def is_for(self, wanted: RequestRecord) -> bool:
        """Whether it is this that was, or is to be, approved: an account that is to be made."""
        return self.account_id is None and (
            self.email,
            self.account_name,
            self.kind,
            self.organizational_unit,
            self.tags,
        ) == (
            wanted.email,
            wanted.account_name,
            wanted.kind,
            wanted.organizational_unit or "",
            wanted.tags,
        )


class CodeSent(Model):
    """To which new address of an account AWS has sent a code, when, for which change, and the address that the account
    `was` known by. `noted` is there once the new one is the account's, and nothing waits any more."""

    new_email: str
    was: str
    sent_at: Whole
    sent_by: str
    noted: Whole | None = None

    def is_for(self, email: str | None) -> bool:
        """Whether it waits for somebody to give it back, to have this address."""
        return self.noted is None and self.new_email.lower() == (email or "").lower()


class Closing(Model):
    """Of an account that is to be closed: when (ISO 8601, UTC), the ids of the unit in which it waits for that and of where
    it was before, and what the tag `groundwork:state` said then.

    That tag says all of it meanwhile, so that a ledger which is lost loses none of it. See docs/decisions/0038."""

    closes_at: str
    unit: str
    home: str
    former: str = ""

    @property
    def tag(self) -> str:
        return " ".join(filter(None, (CLOSING, self.closes_at, self.unit, self.home, self.former)))


def closing_in(state: str | None) -> Closing | None:
    """What the tag `groundwork:state` says of an account that is to be closed."""
    said = (state or "").split(" ", 4)
    if said[0] != CLOSING or len(said) < 4:
        return None
    closes_at, unit, home, *former = said[1:]
    return Closing(closes_at=closes_at, unit=unit, home=home, former="".join(former))


class ClosingRecord(Closing):
    """And who asked for it, and how far it is: `called_at`, `begun_at` and `closed_at` are when CloseAccount was called, when
    AWS took that, and when the account was seen to be closed; `refused_at` is when AWS would not close it; `reopening` is
    there once it is on its way back. `expired_on` is the day on which it expired, `declared` is there where `closing.accounts` is why."""

    account_id: str
    account_name: str
    email: str
    execution: str
    request_id: str | None = None
    reason: str = ""
    expired_on: str | None = None
    declared: Whole | None = None
    called_at: Whole | None = None
    begun_at: Whole | None = None
    closed_at: Whole | None = None
    refused_at: Whole | None = None
    reopening: Whole | None = None


class EndingRecord(Model):
    """What has an account closed without anybody asking on the day, and what people have been told of that. `expires_on` is
    the day, `told` the last notice, and `told_at` when that was."""

    account_id: str
    expires_on: str | None = None
    told: str | None = None
    told_at: Whole | None = None


def request_of(item: Mapping[str, Any] | None) -> RequestRecord | None:
    return RequestRecord.model_validate(only(RequestRecord, item)) if item else None


def account_of(item: Mapping[str, Any] | None) -> AccountRecord | None:
    """None also for an account that is leased before it has been enrolled."""
    return AccountRecord.model_validate(only(AccountRecord, item)) if item and "state" in item else None


def last_runs_of(item: Mapping[str, Any]) -> LastRuns:
    known = only(LastRuns, item)
    for results in ("lastRunResults", "lastPlanResults"):
        if results in known:
            known[results] = json.loads(known[results])
    return LastRuns.model_validate({"accountId": str(item["pk"]).removeprefix(account_key("")), **known})


def approval_of(item: Mapping[str, Any] | None) -> ApprovalRecord | None:
    """Without the token."""
    return ApprovalRecord.model_validate(only(ApprovalRecord, item)) if item else None


def code_of(item: Mapping[str, Any] | None) -> CodeSent | None:
    return CodeSent.model_validate(only(CodeSent, item)) if item else None


def closing_of(item: Mapping[str, Any] | None) -> ClosingRecord | None:
    return ClosingRecord.model_validate(only(ClosingRecord, item)) if item else None


def ending_of(item: Mapping[str, Any] | None) -> EndingRecord | None:
    return EndingRecord.model_validate(only(EndingRecord, item)) if item else None


def only(model: type[Model], item: Mapping[str, Any]) -> dict[str, Any]:
    """The model's own attributes."""
    known = {info.alias for info in model.model_fields.values()}
    return {name: value for name, value in item.items() if name in known}
