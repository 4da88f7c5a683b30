"""The ledger: a memory and a lock, never the truth. The truth is AWS; a lost ledger is rebuilt by looking.

One DynamoDB table, partition key `pk`: `request#<e-mail>`, `account#<account id>`, `execution#<ARN>`. Conditional
writes only, so that of two executions one wins and the other is told. `request#<e-mail>` also says whose an e-mail is
that nobody asked for: so that no request has to list every account (`directory`).
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import boto3
from boto3.dynamodb.conditions import Attr, ConditionBase
from botocore.exceptions import ClientError

from groundwork.contracts import Account, Kind, Model, RequestedKind
from groundwork.errors import AccountBusy
from groundwork.sessions import PATIENT

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

LEASE_SECONDS = 900
LEASE = "leaseOwner, leaseUntil"
LONGEST_WORK_SECONDS = 320
"""Longer than a function may work in an account; one that finds less left of the lease renews it first."""
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
    baseline: str | None = None


@dataclass(frozen=True)
class Memory:
    """What one look into the ledger showed. `ids` are accounts by e-mail, in lower case; `holders` who holds the lease
    of an account; `every_email` says that only an account younger than the last pass over all can be missing here;
    `units` are ids of organizational units by path, as they were some minutes ago."""

    requests: Mapping[str, RequestRecord] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[str, AccountRecord] = field(default_factory=dict)
    holders: Mapping[str, str] = field(default_factory=dict)
    every_email: bool = False
    units: Mapping[str, str] = field(default_factory=dict)


@cache
def _table(name: str) -> Table:
    """Made once for as long as the function stays warm."""
    return boto3.resource("dynamodb", config=PATIENT).Table(name)


class Ledger:
    def __init__(self, table_name: str, now: Callable[[], float] = time.time) -> None:
        self._table = _table(table_name)
        self._now = now

    # -- looking -----------------------------------------------------------------------------------

    def recall(self, emails: Iterable[str] = (), accounts: Iterable[str] = ()) -> Memory:
        """Everything about these in one call."""
        items = self._get_many([ALL_EMAILS, UNITS, *map(_request_key, emails), *map(_account_key, accounts)])
        of_emails = {key.partition("#")[2]: item for key, item in items.items() if key.startswith("request#")}
        of_accounts = {
            key.partition("#")[2]: item for key, item in items.items() if key.startswith("account#")
        }
        requests = {email: _request(item) for email, item in of_emails.items()}
        known = {account_id: _account(item) for account_id, item in of_accounts.items()}
        now = self._now()
        return Memory(
            requests={email: record for email, record in requests.items() if record},
            ids={email: item["accountId"] for email, item in of_emails.items() if "accountId" in item},
            accounts={account_id: record for account_id, record in known.items() if record},
            holders={
                account_id: item["leaseOwner"]
                for account_id, item in of_accounts.items()
                if item.get("leaseUntil", 0) > now
            },
            every_email=ALL_EMAILS in items,
            units=json.loads(items[UNITS]["units"]) if items.get(UNITS, {}).get("until", 0) > now else {},
        )

    # -- whose an e-mail is --------------------------------------------------------------------------

    def note_email(self, email: str, account_id: str) -> None:
        """Unless there is a request for it, which says so by itself."""
        self._set(_request_key(email), {"accountId": account_id}, Attr("owner").not_exists())

    def note_every_email(self) -> None:
        self._put({"pk": ALL_EMAILS}, Attr("pk").not_exists())

    # -- units -------------------------------------------------------------------------------------

    def note_units(self, units: Mapping[str, str]) -> None:
        """Ids by path. They go out of date by themselves."""
        self._set(UNITS, {"units": json.dumps(units), "until": int(self._now()) + UNITS_SECONDS})

    # -- requests ----------------------------------------------------------------------------------

    def request(self, email: str) -> RequestRecord | None:
        return _request(self._get(_request_key(email)))

    def claim(self, record: RequestRecord, previous: RequestRecord | None) -> bool:
        """Take this request, or take it over from an owner that has ended. False when somebody else was faster, or
        when a function of that owner, which outlives it for a moment, has written since `previous` was read."""
        condition: ConditionBase = Attr("owner").not_exists() | Attr("owner").eq(record.owner)
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
        """It came to nothing: the next attempt makes another."""
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
        return _account(self._get(_account_key(account_id)))

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
        item = self._update(_account_key(account.id), known, {} if ready else {"state": "enrolled"})
        if ready and "state" not in item:
            first = {"state": "ready", "readyBy": "before"}
            self._set(_account_key(account.id), first, Attr("state").not_exists())

    def note_ready(self, account_id: str, execution: str, results: list[Any], baseline: str) -> bool:
        """Mark the account ready with this version of the declaration, by this execution, whose components said
        `results`, and let it go. True for the one execution that brought it there first, however often it asks."""
        values = {
            "state": "ready",
            "baseline": baseline,
            "lastRun": execution,
            "lastRunResults": json.dumps(results),
        }
        key, update = _account_key(account_id), _update_of(values, {"readyBy": execution})
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
        self._set(_account_key(account_id), values)

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

    def keep(
        self, account_id: str, execution: str, until: int | None, is_running: Callable[[str], bool]
    ) -> None:
        """Hold the account for as long as a function may work in it: longer than `until` only where that is near.
        Raises `AccountBusy`."""
        if until is None or until - self._now() < LONGEST_WORK_SECONDS:
            self.lease(account_id, execution, is_running)

    def lease(self, account_id: str, execution: str, is_running: Callable[[str], bool]) -> int:
        """Hold the account for this execution, or hold it longer; until when, in seconds since the epoch. Raises
        `AccountBusy` while another one, still running, has it."""
        now = int(self._now())
        until = now + LEASE_SECONDS
        values = {"leaseOwner": execution, "leaseUntil": until}
        free = Attr("leaseOwner").not_exists() | Attr("leaseOwner").eq(execution) | Attr("leaseUntil").lt(now)
        if self._set(_account_key(account_id), values, free):
            return until
        holder = str((self._get(_account_key(account_id)) or {}).get("leaseOwner", ""))
        if (
            holder
            and not is_running(holder)
            and self._set(_account_key(account_id), values, free | Attr("leaseOwner").eq(holder))
        ):
            return until
        raise AccountBusy(f"Account {account_id} is being worked on by {holder or 'another execution'}.")

    def release(self, account_id: str, execution: str) -> None:
        self._remove(_account_key(account_id), [LEASE], Attr("leaseOwner").eq(execution))

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


MOST_KEYS = 100
"""Of one BatchGetItem."""
UNITS = "units"
UNITS_SECONDS = 300
ALL_EMAILS = "emails"
"""The item that says that the e-mails of all accounts have been noted."""


def _request(item: Mapping[str, Any] | None) -> RequestRecord | None:
    """None also for an item that only says whose the e-mail is."""
    return RequestRecord.model_validate(_only(RequestRecord, item)) if item and "owner" in item else None


def _account(item: Mapping[str, Any] | None) -> AccountRecord | None:
    return AccountRecord.model_validate(_only(AccountRecord, item)) if item and "state" in item else None


def _request_key(email: str) -> str:
    return f"request#{email.lower()}"


def _account_key(account_id: str) -> str:
    return f"account#{account_id}"


def _only(model: type[Model], item: Mapping[str, Any]) -> dict[str, Any]:
    """The model's own attributes, DynamoDB's Decimals made whole numbers."""
    known = {info.alias: info for info in model.model_fields.values()}
    return {
        name: int(value) if name == "attempts" else value for name, value in item.items() if name in known
    }
