"""The ledger: a memory and a lock, never the truth. The truth is AWS; a lost ledger is rebuilt by looking.

One DynamoDB table, partition key `pk`: `request#<e-mail>`, `account#<account id>`, `execution#<ARN>`; conditional
writes, so that of two executions one wins and the other is told. `email#<e-mail>` says whose an e-mail is, so that no
request has to list every account (`directory`).
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import boto3
from boto3.dynamodb.conditions import Attr, ConditionBase
from botocore.exceptions import ClientError

from groundwork.aws.sessions import PATIENT
from groundwork.contracts import Account
from groundwork.errors import AccountBusy
from groundwork.ledger.records import (
    ADMISSION_QUEUE,
    ALL_EMAILS,
    UNITS,
    AccountRecord,
    Memory,
    RequestRecord,
    account_key,
    account_of,
    email_key,
    keys_of,
    remembered,
    request_key,
    request_of,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

LEASE_SECONDS = 900
LEASE = "leaseOwner, leaseUntil"
LONGEST_WORK_SECONDS = 320
"""Longer than a function may work in an account; one that finds less left of the lease renews it first."""
UNITS_SECONDS = 300
MOST_KEYS = 100
"""Of one BatchGetItem."""
ANSWER_DAYS = 90
"""As long as Step Functions keeps an execution's history."""


@cache
def _table(name: str) -> Table:
    """Made once for as long as the function stays warm."""
    return boto3.resource("dynamodb", config=PATIENT).Table(name)


@dataclass(frozen=True)
class Lease:
    """`until` in seconds since the epoch; `number` counts the leases of the account."""

    until: int
    number: int


class Ledger:
    def __init__(self, table_name: str, now: Callable[[], float] = time.time) -> None:
        self._table = _table(table_name)
        self._now = now

    # -- looking -----------------------------------------------------------------------------------

    def recall(self, emails: Iterable[str] = (), accounts: Iterable[str] = ()) -> Memory:
        """Everything about these in one call."""
        return remembered(self._get_many(keys_of(emails, accounts)), self._now())

    # -- whose an e-mail is, and where units are -----------------------------------------------------

    def note_email(self, email: str, account_id: str) -> None:
        self._set(email_key(email), {"accountId": account_id})

    def note_every_email(self) -> None:
        self._put({"pk": ALL_EMAILS}, Attr("pk").not_exists())

    def note_units(self, units: Mapping[str, str], until: int | None) -> None:
        """Ids by path, as AWS has just shown them, or with some more of them beside those that hold `until` then."""
        end = until or int(self._now()) + UNITS_SECONDS
        self._set(UNITS, {"units": json.dumps(units), "until": end})

    # -- requests ----------------------------------------------------------------------------------

    def request(self, email: str) -> RequestRecord | None:
        return request_of(self._get(request_key(email)))

    def claim(self, record: RequestRecord, previous: RequestRecord | None) -> bool:
        """Take this request, or take it over from an owner that has ended. False when somebody else was faster, or
        when a function of that owner, which outlives it for a moment, has written since `previous` was read."""
        condition: ConditionBase = Attr("pk").not_exists() | Attr("owner").eq(record.owner)
        if previous:
            condition = condition | _unchanged(previous)
        return self._put({"pk": request_key(record.email), **record.to_json()}, condition)

    def note_attempt(self, email: str, owner: str, attempts: int) -> bool:
        """Written before CreateAccount is called, so that a later look knows a request may be on its way. False when
        the request is no longer this owner's."""
        return self._set(request_key(email), {"attempts": attempts}, Attr("owner").eq(owner))

    def note_creation(self, email: str, owner: str, creation_id: str) -> None:
        self._set(request_key(email), {"creationId": creation_id}, Attr("owner").eq(owner))

    def forget_creation(self, email: str, creation_id: str) -> None:
        """It came to nothing: the next attempt makes another."""
        self._remove(request_key(email), ["creationId"], Attr("creationId").eq(creation_id))

    def forget_attempts(self, email: str, owner: str) -> None:
        """AWS refused for good, and nothing is on its way: whoever asks next begins anew."""
        self._remove(request_key(email), ["attempts"], Attr("owner").eq(owner))

    def note_account(self, email: str, account_id: str) -> bool:
        """False when there is no such request: the ledger was lost."""
        known = {"accountId": account_id, "state": "created"}
        return self._set(request_key(email), known, Attr("pk").exists())

    def close_request(self, email: str, owner: str, state: Literal["ready", "failed"]) -> bool:
        """The final state, written by the request's owner only."""
        return self._set(request_key(email), {"state": state}, Attr("owner").eq(owner))

    # -- admission ---------------------------------------------------------------------------------

    def join_admission_queue(self, begin: datetime, slot: timedelta) -> datetime:
        """Add a slot to the queue, or begin a new queue at `begin` if the last slot has ended before; the end of the added slot.
        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html#WorkingWithItems.ConditionalUpdate
        """
        first, one = round(begin.timestamp() * 1000), round(slot.total_seconds() * 1000)
        empty = Attr("endsAt").not_exists() | Attr("endsAt").lt(first)
        if self._set(ADMISSION_QUEUE, {"endsAt": first + one}, empty):
            return begin + slot
        answer = self._table.update_item(
            Key={"pk": ADMISSION_QUEUE},
            UpdateExpression="ADD endsAt :one",
            ExpressionAttributeValues={":one": one},
            ReturnValues="UPDATED_NEW",
        )
        return datetime.fromtimestamp(int(str(answer["Attributes"]["endsAt"])) / 1000, UTC)

    # -- accounts ----------------------------------------------------------------------------------

    def account(self, account_id: str) -> AccountRecord | None:
        return account_of(self._get(account_key(account_id)))

    def accounts(self) -> Iterator[AccountRecord]:
        """Every account that was ever enrolled, in one scan."""
        start: dict[str, Any] = {}
        while True:
            page = self._table.scan(
                FilterExpression=Attr("pk").begins_with("account#") & Attr("state").exists(), **start
            )
            yield from (record for item in page["Items"] if (record := account_of(item)))
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def enroll(self, account: Account, ready: bool) -> None:
        """Remember the account; `ready` is what its tags in Organizations say, for a ledger that was lost."""
        item = self._update(
            account_key(account.id), _identity(account), {} if ready else {"state": "enrolled"}
        )
        if ready and "state" not in item:
            first = {"state": "ready", "readyBy": "before"}
            self._set(account_key(account.id), first, Attr("state").not_exists())

    def note_ready(self, account: Account, execution: str, results: list[Any], baseline: str) -> bool:
        """Mark the account ready with this version of the declaration, by this execution, whose components said
        `results`, and let it go. True for the one execution that brought it there first, however often it asks."""
        values = {
            **_identity(account),
            "state": "ready",
            "baseline": baseline,
            "lastRun": execution,
            "lastRunResults": json.dumps(results),
        }
        key, update = account_key(account.id), _update_of(values, {"readyBy": execution})
        expression = update.pop("UpdateExpression")
        held = Attr("leaseOwner").eq(execution)
        with suppress(self._table.meta.client.exceptions.ConditionalCheckFailedException):
            return self._is_first(
                key, execution, f"{expression} REMOVE {LEASE}", **update, ConditionExpression=held
            )
        return self._is_first(key, execution, expression, **update)  # the lease is gone, or another's by now

    def _is_first(self, key: str, execution: str, expression: str, **update: Any) -> bool:
        answer = self._table.update_item(
            Key={"pk": key}, UpdateExpression=expression, ReturnValues="ALL_NEW", **update
        )
        return bool(answer["Attributes"]["readyBy"] == execution)

    def note_run(
        self, account_id: str, execution: str, results: list[Any], what: Literal["Run", "Plan"]
    ) -> None:
        """What the components of the last run, of some of them only, or of the last plan said."""
        values = {f"last{what}": execution, f"last{what}Results": json.dumps(results)}
        self._set(account_key(account_id), values)

    def note_failure(self, account_id: str) -> None:
        """An account that was ready once stays so: a failed repair does not make it new again."""
        self._set(
            account_key(account_id),
            {"state": "failed"},
            Attr("state").exists() & Attr("readyBy").not_exists(),
        )

    def take_ready_back(self, account_id: str, execution: str) -> None:
        """The execution that brought the account to ready failed before all had been told and started: the next one
        does that as if it were the first."""
        self._remove(account_key(account_id), ["readyBy"], Attr("readyBy").eq(execution))

    # -- leases ------------------------------------------------------------------------------------

    def keep(
        self, account_id: str, execution: str, until: int | None, is_running: Callable[[str], bool]
    ) -> None:
        """Hold the account for as long as a function may work in it: longer than `until` only where that is near.
        Nobody takes a lease from a running execution; one that has ended is not redriven. Raises `AccountBusy`."""
        if until is None or until - self._now() < LONGEST_WORK_SECONDS:
            self.lease(account_id, execution, is_running)

    def lease(self, account_id: str, execution: str, is_running: Callable[[str], bool]) -> Lease:
        """Hold the account for this execution, or hold it longer. Raises `AccountBusy` while another one, still
        running, has it."""
        now = int(self._now())
        until = now + LEASE_SECONDS
        values = {"leaseOwner": execution, "leaseUntil": until}
        key = account_key(account_id)
        free = Attr("leaseOwner").not_exists() | Attr("leaseOwner").eq(execution) | Attr("leaseUntil").lt(now)
        if lease := self._take(key, values, free):
            return lease
        holder = str((self._get(key) or {}).get("leaseOwner", ""))
        if holder and not is_running(holder):
            lease = self._take(key, values, free | Attr("leaseOwner").eq(holder))
            if lease:
                return lease
        raise AccountBusy(f"Account {account_id} is being worked on by {holder or 'another execution'}.")

    def _take(self, key: str, values: dict[str, Any], condition: ConditionBase) -> Lease | None:
        update = _update_of(values, {})
        update["UpdateExpression"] += " ADD leases :one"
        update["ExpressionAttributeValues"][":one"] = 1
        with suppress(self._table.meta.client.exceptions.ConditionalCheckFailedException):
            answer = self._table.update_item(
                Key={"pk": key}, ReturnValues="UPDATED_NEW", ConditionExpression=condition, **update
            )
            return Lease(int(values["leaseUntil"]), int(str(answer["Attributes"]["leases"])))
        return None

    def release(self, account_id: str, execution: str) -> None:
        self._remove(account_key(account_id), [LEASE], Attr("leaseOwner").eq(execution))

    # -- answers -----------------------------------------------------------------------------------

    def answer_once(self, execution: str, by: str, *instead_of: str) -> bool:
        """Whether `by` is the one to answer for this execution: the first that asks, however often it asks, or the
        one that takes over from somebody who could not."""
        item = {
            "pk": f"execution#{execution}",
            "answeredBy": by,
            "expires": int(self._now()) + ANSWER_DAYS * 86400,
        }
        return self._put(item, Attr("pk").not_exists() | Attr("answeredBy").is_in([by, *instead_of]))

    # -- DynamoDB ----------------------------------------------------------------------------------

    def _get(self, key: str) -> dict[str, Any] | None:
        return self._table.get_item(Key={"pk": key}, ConsistentRead=True).get("Item")

    def _get_many(self, keys: list[str]) -> dict[str, dict[str, Any]]:
        """Items by key; absent ones are left out.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
        """
        name, wanted = self._table.name, list(dict.fromkeys(keys))
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(wanted), MOST_KEYS):
            some = [{"pk": key} for key in wanted[start : start + MOST_KEYS]]
            asked: Any = {name: {"Keys": some, "ConsistentRead": True}}
            while asked:
                answer = self._table.meta.client.batch_get_item(RequestItems=asked)
                found |= {str(item["pk"]): dict(item) for item in answer["Responses"].get(name, [])}
                asked = answer.get("UnprocessedKeys")
        return found

    def _put(self, item: dict[str, Any], condition: ConditionBase) -> bool:
        return self._conditionally(lambda: self._table.put_item(Item=item, ConditionExpression=condition))

    def _set(self, key: str, values: dict[str, Any], condition: ConditionBase | None = None) -> bool:
        update = _update_of(values, {})
        if condition:
            update["ConditionExpression"] = condition
        return self._conditionally(lambda: self._table.update_item(Key={"pk": key}, **update))

    def _update(self, key: str, values: dict[str, Any], where_missing: dict[str, Any]) -> dict[str, Any]:
        """Set these values, and the others where there are none; the item as it is then."""
        update = _update_of(values, where_missing)
        answer = self._table.update_item(Key={"pk": key}, ReturnValues="ALL_NEW", **update)
        return dict(answer["Attributes"])

    def _remove(self, key: str, names: list[str], condition: ConditionBase) -> bool:
        return self._conditionally(
            lambda: self._table.update_item(
                Key={"pk": key}, UpdateExpression="REMOVE " + ", ".join(names), ConditionExpression=condition
            )
        )

    def _conditionally(self, write: Callable[[], object]) -> bool:
        try:
            write()
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True


def _identity(account: Account) -> dict[str, Any]:
    return {"accountId": account.id, "name": account.name, "email": account.email, "kind": account.kind}


def _update_of(values: Mapping[str, Any], where_missing: Mapping[str, Any]) -> dict[str, Any]:
    """An UpdateItem; names are aliased, since some are reserved words of DynamoDB."""
    both = {**values, **where_missing}
    numbers = {name: n for n, name in enumerate(both)}
    parts = [
        f"#s{n} = if_not_exists(#s{n}, :s{n})" if name in where_missing else f"#s{n} = :s{n}"
        for name, n in numbers.items()
    ]
    return {
        "UpdateExpression": "SET " + ", ".join(parts),
        "ExpressionAttributeNames": {f"#s{n}": name for name, n in numbers.items()},
        "ExpressionAttributeValues": {f":s{n}": both[name] for name, n in numbers.items()},
    }


def _unchanged(record: RequestRecord) -> ConditionBase:
    """Its owner, and what says whether an account may be on its way, are still as they were read."""
    condition: ConditionBase = Attr("owner").eq(record.owner)
    for name, value in (
        ("attempts", record.attempts),
        ("creationId", record.creation_id),
        ("accountId", record.account_id),
    ):
        same: ConditionBase = Attr(name).eq(value)
        condition = condition & (same if value else same | Attr(name).not_exists())
    return condition
