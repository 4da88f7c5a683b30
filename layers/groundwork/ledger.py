"""The ledger: a memory and a lock, never the truth. The truth is AWS; a lost ledger is rebuilt by looking.

One DynamoDB table, partition key `pk`: `request#<e-mail>`, `account#<account id>`, `execution#<ARN>`. Conditional
writes only, so that of two executions one wins and the other is told.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import boto3
from boto3.dynamodb.conditions import Attr, ConditionBase
from botocore.exceptions import ClientError

from groundwork.contracts import Account, Change, Kind, Model, RequestedKind
from groundwork.errors import AccountBusy
from groundwork.sessions import PATIENT

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

LEASE_SECONDS = 900
"""Longer than any function may work in an account; renewed by each of them."""
ANSWER_DAYS = 90
"""As long as Step Functions keeps an execution's history."""

RequestState = Literal["claimed", "created", "ready", "failed"]


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

    def same_account(self, name: str) -> bool:
        return self.account_name == name

    @property
    def begun(self) -> bool:
        """Whether AWS may have made, or be making, an account for it: from then on it holds what was asked for."""
        return bool(self.account_id or self.creation_id or self.attempts)


class AccountRecord(Model):
    """What Groundwork knows of one account."""

    account_id: str
    name: str
    email: str
    kind: Kind
    state: Literal["enrolled", "ready", "failed"]
    ready_by: str | None = None


@cache
def _table(name: str) -> Table:
    """Made once for as long as the function stays warm."""
    return boto3.resource("dynamodb", config=PATIENT).Table(name)


class Ledger:
    def __init__(self, table_name: str, now: Callable[[], float] = time.time) -> None:
        self._table = _table(table_name)
        self._now = now

    # -- requests ----------------------------------------------------------------------------------

    def request(self, email: str) -> RequestRecord | None:
        item = self._get(_request_key(email))
        return RequestRecord.model_validate(_only(RequestRecord, item)) if item else None

    def claim(self, record: RequestRecord, previous: RequestRecord | None) -> bool:
        """Take this request, or take it over from an owner that has ended. False when somebody else was faster, or
        when a function of that owner, which outlives it for a moment, has written since `previous` was read."""
        condition: ConditionBase = Attr("pk").not_exists() | Attr("owner").eq(record.owner)
        if previous:
            condition = condition | _unchanged(previous)
        return self._put({"pk": _request_key(record.email), **record.to_json()}, condition)

    def note_attempt(self, email: str, owner: str, attempts: int) -> bool:
        """Written before CreateAccount is called, so that a later look knows a request may be on its way. False when
        the request is no longer this owner's."""
        return self._set(_request_key(email), {"attempts": attempts}, Attr("owner").eq(owner))

    def note_creation(self, email: str, owner: str, creation_id: str) -> None:
        self._set(_request_key(email), {"creationId": creation_id}, Attr("owner").eq(owner))

    def forget_creation(self, email: str, creation_id: str) -> None:
        """The CreateAccount request came to nothing: the next attempt makes another."""
        self._remove(_request_key(email), ["creationId"], Attr("creationId").eq(creation_id))

    def forget_attempts(self, email: str, owner: str) -> None:
        """AWS refused for good, and nothing is on its way: whoever asks next begins anew."""
        self._remove(_request_key(email), ["attempts"], Attr("owner").eq(owner))

    def note_account(self, email: str, account_id: str) -> None:
        self._set(_request_key(email), {"accountId": account_id, "state": "created"}, Attr("pk").exists())

    def close_request(self, email: str, owner: str, state: Literal["ready", "failed"]) -> None:
        """The last word of the request's owner; anybody else's is not heard."""
        self._set(_request_key(email), {"state": state}, Attr("owner").eq(owner))

    # -- accounts ----------------------------------------------------------------------------------

    def account(self, account_id: str) -> AccountRecord | None:
        item = self._get(_account_key(account_id))
        return AccountRecord.model_validate(_only(AccountRecord, item)) if item and "state" in item else None

    def accounts(self) -> Iterator[AccountRecord]:
        """Every account that was ever enrolled, in one scan."""
        start: dict[str, Any] = {}
        while True:
            page = self._table.scan(
                FilterExpression=Attr("pk").begins_with("account#") & Attr("state").exists(), **start
            )
            for item in page["Items"]:
                yield AccountRecord.model_validate(_only(AccountRecord, item))
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def enroll(self, account: Account, ready: bool) -> None:
        """Remember the account; `ready` is what its tags in Organizations say, for a ledger that was lost."""
        known = {"accountId": account.id, "name": account.name, "email": account.email, "kind": account.kind}
        self._set(_account_key(account.id), known)
        first = {"state": "ready", "readyBy": "before"} if ready else {"state": "enrolled"}
        self._set(_account_key(account.id), first, Attr("state").not_exists())

    def first_ready(self, account_id: str, execution: str) -> bool:
        """Mark the account ready. True for the one execution that brought it there first, however often it asks."""
        key = _account_key(account_id)
        ours = self._set(
            key,
            {"state": "ready", "readyBy": execution},
            Attr("readyBy").not_exists() | Attr("readyBy").eq(execution),
        )
        if not ours:
            self._set(key, {"state": "ready"})
        return ours

    def note_run(self, account_id: str, execution: str, results: list[Any]) -> None:
        """What the components of the last run said."""
        self._set(_account_key(account_id), {"lastRun": execution, "lastResults": json.dumps(results)})

    def note_failure(self, account_id: str) -> None:
        """An account that was ready once stays so: a failed repair does not make it new again."""
        self._set(
            _account_key(account_id),
            {"state": "failed"},
            Attr("state").exists() & Attr("readyBy").not_exists(),
        )

    def take_ready_back(self, account_id: str, execution: str) -> None:
        """The execution that brought the account to ready failed before all had been told and started: the next one
        does that as if it were the first."""
        self._remove(_account_key(account_id), ["readyBy"], Attr("readyBy").eq(execution))

    # -- leases ------------------------------------------------------------------------------------

    def lease(self, account_id: str, execution: str, is_running: Callable[[str], bool]) -> None:
        """Hold the account for this execution, or hold it longer. Raises `AccountBusy` while another one, still
        running, has it."""
        now = int(self._now())
        values = {"leaseOwner": execution, "leaseUntil": now + LEASE_SECONDS}
        free = Attr("leaseOwner").not_exists() | Attr("leaseOwner").eq(execution) | Attr("leaseUntil").lt(now)
        if self._set(_account_key(account_id), values, free):
            return
        holder = str((self._get(_account_key(account_id)) or {}).get("leaseOwner", ""))
        if (
            holder
            and not is_running(holder)
            and self._set(_account_key(account_id), values, free | Attr("leaseOwner").eq(holder))
        ):
            return
        raise AccountBusy(f"Account {account_id} is being worked on by {holder or 'another execution'}.")

    def release(self, account_id: str, execution: str) -> None:
        self._remove(_account_key(account_id), ["leaseOwner", "leaseUntil"], Attr("leaseOwner").eq(execution))

    # -- answers -----------------------------------------------------------------------------------

    def answer_once(self, execution: str, by: str, instead_of: str = "") -> bool:
        """Whether `by` is the one to answer for this execution: the first that asks, however often it asks, or the
        one that takes over from somebody who could not."""
        item = {
            "pk": f"execution#{execution}",
            "answeredBy": by,
            "expires": int(self._now()) + ANSWER_DAYS * 86400,
        }
        return self._put(item, Attr("pk").not_exists() | Attr("answeredBy").is_in([by, instead_of]))

    # -- DynamoDB ----------------------------------------------------------------------------------

    def _get(self, key: str) -> dict[str, Any] | None:
        return self._table.get_item(Key={"pk": key}, ConsistentRead=True).get("Item")

    def _put(self, item: dict[str, Any], condition: ConditionBase) -> bool:
        return self._conditionally(lambda: self._table.put_item(Item=item, ConditionExpression=condition))

    def _set(self, key: str, values: dict[str, Any], condition: ConditionBase | None = None) -> bool:
        update: dict[str, Any] = {
            "UpdateExpression": "SET " + ", ".join(f"#s{n} = :s{n}" for n in range(len(values))),
            "ExpressionAttributeNames": {f"#s{n}": name for n, name in enumerate(values)},
            "ExpressionAttributeValues": {f":s{n}": value for n, value in enumerate(values.values())},
        }
        if condition:
            update["ConditionExpression"] = condition
        return self._conditionally(lambda: self._table.update_item(Key={"pk": key}, **update))

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


def _request_key(email: str) -> str:
    return f"request#{email.lower()}"


def _account_key(account_id: str) -> str:
    return f"account#{account_id}"


def _only(model: type[Model], item: dict[str, Any]) -> dict[str, Any]:
    """The model's own attributes, DynamoDB's Decimals made whole numbers."""
    known = {info.alias: info for info in model.model_fields.values()}
    return {
        name: int(value) if name == "attempts" else value for name, value in item.items() if name in known
    }


def changes_of(results: list[Any]) -> list[Change]:
    """All changes of a run, in the order of its components."""
    return [Change.model_validate(change) for result in results for change in result.get("changes", [])]
