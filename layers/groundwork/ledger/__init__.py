"""The ledger: a memory and a lock, never the truth. The truth is AWS; a lost ledger is rebuilt by looking.

One DynamoDB table (`records` has its items); conditional writes, so that of two executions one wins and the other is
told. `email#<e-mail>` says whose an e-mail is, so that no request has to list every account (`directory`).
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from groundwork.contracts import Account, Kind
from groundwork.ledger.approvals import Approvals
from groundwork.ledger.changes import Changes
from groundwork.ledger.closings import Closings
from groundwork.ledger.endings import Endings
from groundwork.ledger.leases import LEASE, Leases, held_by
from groundwork.ledger.memory import Bearer, Memory, attributes_of, keys_of, remembered
from groundwork.ledger.notes import Notes
from groundwork.ledger.records import (
    ADMISSION_QUEUE,
    ALL_EMAILS,
    PINNED,
    UNITS,
    AccountRecord,
    LastRuns,
    RequestRecord,
    account_key,
    account_of,
    answer_key,
    email_key,
    event_key,
    last_runs_of,
    name_key,
    request_key,
    request_of,
)
from groundwork.ledger.table import (
    Expression,
    Item,
    Table,
    adding,
    either,
    every,
    removing,
    setting,
    together,
    where,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

UNITS_SECONDS = 300
ANSWER_DAYS = 90
"""As long as Step Functions keeps an execution's history."""

NEW, KNOWN = where("attribute_not_exists(#pk)"), where("attribute_exists(#pk)")
ANYHOW = either(NEW, KNOWN)


class Ledger:
    def __init__(
        self, table_name: str, now: Callable[[], float] = time.time, client: DynamoDBClient | None = None
    ) -> None:
        self._table = Table(table_name, client)
        self._now = now
        self.leases = Leases(self._table, now)
        self.approvals = Approvals(self._table, now)
        self.closings = Closings(self._table)
        self.endings = Endings(self._table)
        self.changes = Changes(self._table, now)

    def notes(self, execution: str) -> Notes:
        """What this execution remembers."""
        return Notes(self._table, self._now, execution)

    # -- looking -----------------------------------------------------------------------------------

    def recall(
        self,
        emails: Iterable[str] = (),
        accounts: Iterable[str] = (),
        names: Iterable[str] = (),
        requests: Iterable[str] = (),
        closings: Iterable[str] = (),
    ) -> Memory:
        """Everything about these in one call."""
        keys = keys_of(emails, accounts, names, requests, closings)
        return remembered(self._table.get_many(keys), self._now())

    def recall_all(self, *, consistent: bool = False) -> Memory:
        """Everything about every account, in one scan; `consistent`, with all that was written before it."""
        kinds = ("account#", "closing#", "ending#", "email#", "name#", "request#", PINNED)
        wanted = either(
            *(where(f"begins_with(#pk, :kind{n})", **{f"kind{n}": kind}) for n, kind in enumerate(kinds))
        )
        return remembered(
            {str(item["pk"]): item for item in self._table.scan(wanted, consistent=consistent)}, self._now()
        )

    def leaving(self) -> Memory:
        """Accounts that expire, that wait to be closed and that were, in one scan."""
        wanted = either(
            *(where(f"begins_with(#pk, :{kind})", **{kind: f"{kind}#"}) for kind in ("closing", "ending"))
        )
        return remembered({str(item["pk"]): item for item in self._table.scan(wanted)}, self._now())

    def last_runs(self) -> dict[str, LastRuns]:
        """What became of each account last, by its id, in one scan."""
        items = self._table.scan(where("begins_with(#pk, :kind)", kind=account_key("")))
        return {each.account_id: each for each in map(last_runs_of, items)}

    # -- whose an e-mail and a name is, which accounts are security's and tooling's, and where units are -

    def note_email(self, email: str, account_id: str) -> None:
        self._set(email_key(email), {"accountId": account_id})

    def forget_email(self, email: str, account_id: str) -> None:
        """It is no longer this account's."""
        self._table.delete(email_key(email), where("#accountId = :it", it=account_id))

    def note_name(self, name: str, account_id: str) -> None:
        self._table.write(name_key(name), together(setting({"accountId": account_id}), removing("email")))

    def claim_name(self, name: str, email: str, previous: Bearer | None, held_seconds: int = 0) -> bool:
        """Whether an account of this name may be asked for with this e-mail: nobody else has, since `previous` was seen
        to be nobody's any more. It is taken for so long, whatever AWS shows."""
        seen = previous.model_dump(by_alias=True, exclude_none=True, exclude={"held"}) if previous else {}
        gone = [where(f"#{key} = :seen_{key}", **{f"seen_{key}": value}) for key, value in seen.items()]
        free = either(NEW, where("#email = :email", email=email.lower()), *gone)
        item: Item = {"pk": name_key(name), "email": email.lower()}
        held = {"heldUntil": int(self._now()) + held_seconds} if held_seconds else {}
        return self._table.put(item | held, free)

    def forget_name(self, name: str, account_id: str) -> None:
        """It is no longer this account's."""
        self._table.delete(name_key(name), where("#accountId = :it", it=account_id))

    def pin(self, kind: Kind, account_id: str, *, instead: bool = False) -> str:
        """Who is of this kind from now on: whoever was said to be first, unless this one is `instead`."""
        change = setting({kind: account_id}) if instead else setting({}, {kind: account_id})
        return str((self._table.update(PINNED, change) or {})[kind])

    def pin_all(self, pinned: Mapping[Kind, str]) -> None:
        """What a lost ledger should know. Nothing where it knows more by now."""
        self._table.put({"pk": PINNED, **{str(kind): it for kind, it in pinned.items()}}, NEW)

    def unpin(self, kind: Kind, account_id: str) -> None:
        """This account is no longer there."""
        self._remove(PINNED, [kind], where(f"#{kind} = :it", it=account_id))

    def note_every_email(self) -> None:
        self._table.put({"pk": ALL_EMAILS}, NEW)

    def note_units(self, units: Mapping[str, str]) -> None:
        """Ids by path, as AWS has just shown them, in place of all that was noted before."""
        until = int(self._now()) + UNITS_SECONDS
        self._table.put({"pk": UNITS, "until": until, **attributes_of(units)}, ANYHOW)

    def add_units(self, units: Mapping[str, str], until: int) -> None:
        """Some more of them, beside those that hold `until` then: others may add theirs at the same time. Nothing where
        all have been noted anew since."""
        self._set(UNITS, attributes_of(units), where("#until = :until", until=until))

    # -- requests ----------------------------------------------------------------------------------

    def request(self, email: str) -> RequestRecord | None:
        return request_of(self._table.get(request_key(email)))

    def claim(self, record: RequestRecord, previous: RequestRecord | None) -> bool:
        """Take this request, or take it over from an owner that has ended. False when somebody else was faster, or
        when a function of that owner, which outlives it for a moment, has written since `previous` was read."""
        if previous and previous.request_id != record.request_id:
            self._keep_event(previous)
        free = either(NEW, _owned_by(record.owner), *([_unchanged(previous)] if previous else []))
        return self._table.put({"pk": request_key(record.email), **record.to_json()}, free)

    def note_attempt(self, email: str, owner: str, attempts: int) -> bool:
        """Written before CreateAccount is called, so that a later look knows a request may be on its way. False when
        the request is no longer this owner's."""
        return self._set(request_key(email), {"attempts": attempts}, _owned_by(owner))

    def note_creation(self, email: str, owner: str, creation_id: str) -> None:
        self._set(request_key(email), {"creationId": creation_id}, _owned_by(owner))

    def forget_creation(self, email: str, creation_id: str) -> None:
        """It came to nothing: the next attempt makes another."""
        self._remove(request_key(email), ["creationId"], where("#creationId = :it", it=creation_id))

    def forget_attempts(self, email: str, owner: str) -> None:
        """AWS refused for good, and nothing is on its way: whoever asks next begins anew."""
        self._remove(request_key(email), ["attempts"], _owned_by(owner))

    def note_account(self, email: str, account_id: str) -> bool:
        """False when there is no such request: the ledger was lost."""
        known = {"accountId": account_id, "state": "created"}
        return self._set(request_key(email), known, KNOWN)

    def close_request(self, email: str, owner: str, state: Literal["ready", "failed"]) -> bool:
        """The final state, written by the request's owner only."""
        return self._set(request_key(email), {"state": state}, _owned_by(owner))

    def note_event(self, event_id: str, account_id: str, email: str | None = None) -> None:
        """Which account an event got that asked for one, with this e-mail; without it where the event is known by the account's
        tag alone. What was noted first stands."""
        asked = {"email": email.lower()} if email else {}
        self._table.write(event_key(event_id), setting({"accountId": account_id, **asked}), NEW)

    def _keep_event(self, record: RequestRecord) -> None:
        """Of a request that the ledger is about to know no more."""
        if record.account_id and record.request_id:
            self.note_event(record.request_id, record.account_id, record.email)

    # -- admission ---------------------------------------------------------------------------------

    def join_admission_queue(self, begin: datetime, slot: timedelta) -> datetime:
        """Add a slot to the queue, or begin a new queue at `begin` if the last slot has ended before; the end of the added slot.
        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html#WorkingWithItems.ConditionalUpdate
        """
        first, one = round(begin.timestamp() * 1000), round(slot.total_seconds() * 1000)
        empty = where("attribute_not_exists(#endsAt) OR #endsAt < :first", first=first)
        if self._set(ADMISSION_QUEUE, {"endsAt": first + one}, empty):
            return begin + slot
        queue = self._table.update(ADMISSION_QUEUE, adding(endsAt=one)) or {}
        return datetime.fromtimestamp(queue["endsAt"] / 1000, UTC)

    # -- accounts ----------------------------------------------------------------------------------

    def account(self, account_id: str) -> AccountRecord | None:
        return account_of(self._table.get(account_key(account_id)))

    def enroll(self, account: Account, ready: bool, event: str | None = None) -> None:
        """Remember the account; whether it is `ready`, and which event asked for it, is what its tags in Organizations say, for
        a ledger that was lost."""
        first = setting(_identity(account), {"unit": account.unit} | ({} if ready else {"state": "enrolled"}))
        item = self._table.update(account_key(account.id), first) or {}
        if ready and "state" not in item:
            known = {"state": "ready", "readyBy": "before"}
            self._set(account_key(account.id), known, where("attribute_not_exists(#state)"))
            if event:
                self.note_event(event, account.id)

    def note_ready(self, account: Account, execution: str, results: list[Any], baseline: str) -> bool:
        """Mark the account ready with this version of the declaration, by this execution, whose components said
        `results`, and let it go. True for the one execution that brought it there first, however often it asks."""
        values = {
            **_identity(account),
            "unit": account.unit,
            "state": "ready",
            "baseline": baseline,
            "lastRun": execution,
            "lastRunResults": json.dumps(results),
            "lastRunAt": int(self._now()),
        }
        key, ready = account_key(account.id), setting(values, {"readyBy": execution})
        item = self._table.update(key, together(ready, removing(*LEASE)), held_by(execution))
        if item is None:  # the lease is gone, or another's by now
            item = self._table.update(key, ready) or {}
        return bool(item["readyBy"] == execution)

    def note_run(
        self, account_id: str, execution: str, results: list[Any], what: Literal["Run", "Plan"]
    ) -> None:
        """What the components of the last run, of some of them only, or of the last plan said."""
        values = {
            f"last{what}": execution,
            f"last{what}Results": json.dumps(results),
            f"last{what}At": int(self._now()),
        }
        self._set(account_key(account_id), values)

    def note_policies(self, management: str, version: str | None) -> None:
        """Of which version of the declaration the policies of the organization hold; of none, where they do not."""
        self._set(account_key(management), {"policiesHold": version or ""})

    def note_quarantine(self, account_id: str, unit: str | None) -> None:
        """In which unit it waits; in none, where it waits no longer."""
        change = setting({"quarantine": unit}) if unit else removing("quarantine")
        self._table.write(account_key(account_id), change)

    def note_failure(self, account_id: str) -> None:
        """An account that was ready once stays so: a failed repair does not make it new again."""
        self._set(
            account_key(account_id),
            {"state": "failed"},
            where("attribute_exists(#state) AND #state <> :ready", ready="ready"),
        )

    def take_ready_back(self, account_id: str, execution: str) -> None:
        """The execution that brought the account to ready failed before all had been told and started: the next one
        does that as if it were the first."""
        self._remove(account_key(account_id), ["readyBy"], where("#readyBy = :it", it=execution))

    def forget_account(self, account_id: str) -> bool:
        """It has left the organization, or is closed for good. False while somebody works in it."""
        idle = where("attribute_not_exists(#leaseOwner) OR #leaseUntil < :now", now=int(self._now()))
        return self._table.delete(account_key(account_id), idle)

    def forget_request(self, record: RequestRecord) -> None:
        """The account that it made is no longer there, or has another e-mail. Which event got it stays known."""
        self._keep_event(record)
        gone = where("#accountId = :it", it=record.account_id)
        self._table.delete(request_key(record.email), gone)

    # -- answers -----------------------------------------------------------------------------------

    def answer_once(self, execution: str, by: str, *instead_of: str) -> bool:
        """Whether `by` is the one to answer for this execution, or for the event of this name: the first that asks, however
        often it asks, or the one that takes over from somebody who could not. An execution ends to be known; an event may
        come from an archive after years."""
        item: Item = {"pk": answer_key(execution), "answeredBy": by}
        if execution.startswith("arn:"):
            item["expires"] = int(self._now()) + ANSWER_DAYS * 86400
        answered = [
            where(f"#answeredBy = :by{n}", **{f"by{n}": each}) for n, each in enumerate([by, *instead_of])
        ]
        return self._table.put(item, either(NEW, *answered))

    def answered_by(self, execution: str) -> str | None:
        """Who has answered for this execution, as `answer_once` has it."""
        key = answer_key(execution)
        return self._table.get_many([key]).get(key, {}).get("answeredBy")

    # ----------------------------------------------------------------------------------------------

    def _set(self, key: str, values: Mapping[str, Any], condition: Expression | None = None) -> bool:
        return self._table.write(key, setting(values), condition)

    def _remove(self, key: str, names: Iterable[str], condition: Expression) -> bool:
        return self._table.write(key, removing(*names), condition)


def _identity(account: Account) -> dict[str, Any]:
    return {"accountId": account.id, "name": account.name, "email": account.email, "kind": account.kind}


def _owned_by(execution: str) -> Expression:
    return where("#owner = :its_owner", its_owner=execution)


def _unchanged(record: RequestRecord) -> Expression:
    """Its owner, and what says whether an account may be on its way, are still as they were read."""
    seen = {"attempts": record.attempts, "creationId": record.creation_id, "accountId": record.account_id}
    return every(
        where("#owner = :seen_owner", seen_owner=record.owner),
        *(
            where(f"#{name} = :seen_{name}", **{f"seen_{name}": value})
            if value
            else where(f"attribute_not_exists(#{name}) OR #{name} = :nothing", nothing=0)
            for name, value in seen.items()
        ),
    )
