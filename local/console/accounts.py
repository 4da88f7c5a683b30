"""The accounts of the organization, as Organizations lists them, beside what Groundwork's ledger knows of each."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from groundwork.ledger.records import UNITS, account_key
from local.console.calls import client

if TYPE_CHECKING:
    from local.engine import Engine

STACK = "groundwork"
LEDGER = "LedgerTable"
THROTTLED = "TooManyRequestsException"
NEXT_LOOK_SECONDS = 1.0
"""Organizations' quotas are everybody's: the console takes no more of them than it needs."""


class Accounts:
    """`listed` is what was last seen, and how often there was something to see then."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._accounts: list[dict[str, Any]] = []
        self._version, self._looked = -1, 0.0

    def listed(self, version: int) -> dict[str, Any]:
        """All accounts, those asked for that are not there yet among them. `current` is whether they are of this
        version: the page asks again otherwise."""
        with self._lock:
            due = time.monotonic() - self._looked >= NEXT_LOOK_SECONDS
            if version != self._version and due:
                self._looked = time.monotonic()
                try:
                    self._accounts = self._found()
                    self._version = version
                except ClientError as error:
                    if error.response["Error"]["Code"] != THROTTLED:
                        raise
            return {"accounts": self._accounts, "current": version == self._version}

    def _found(self) -> list[dict[str, Any]]:
        pages = client(self._engine, "organizations").get_paginator("list_accounts").paginate()
        listed = [account for page in pages for account in page["Accounts"]]
        ledger = self._ledger()
        units = {unit: path for path, unit in json.loads(ledger.get(UNITS, {}).get("units", "{}")).items()}
        rows = [_row(account, ledger.get(account_key(account["Id"]), {}), units) for account in listed]
        there = {account["Email"].lower() for account in listed}
        asked = (item for key, item in ledger.items() if key.startswith("request#"))
        return rows + [_asked(item) for item in asked if item["email"].lower() not in there]

    def _ledger(self) -> dict[str, dict[str, Any]]:
        """Its items by key; none where no Groundwork is deployed."""
        table = stack_outputs(self._engine).get(LEDGER)
        if table is None:
            return {}
        pages = client(self._engine, "dynamodb").get_paginator("scan").paginate(TableName=table)
        read = TypeDeserializer().deserialize
        items = [
            {key: read(value) for key, value in item.items()} for page in pages for item in page["Items"]
        ]
        return {item["pk"]: item for item in items}


def stack_outputs(engine: Engine) -> dict[str, str]:
    """Of Groundwork's stack; none where there is no such stack."""
    try:
        stacks = client(engine, "cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return {}
    return {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}


def _row(account: dict[str, Any], known: dict[str, Any], units: dict[str, str]) -> dict[str, Any]:
    unit = account["Paths"][0].strip("/").split("/")[-2] if account.get("Paths") else ""
    return {
        "id": account["Id"],
        "name": account["Name"],
        "email": account["Email"],
        "organizationState": account["State"],
        "unit": units.get(unit) or known.get("unit") or ("" if unit.startswith("r-") else unit),
        "kind": known.get("kind", ""),
        "state": known.get("state", ""),
        "baseline": known.get("baseline", ""),
    }


def _asked(request: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": request.get("accountId", ""),
        "name": request["accountName"],
        "email": request["email"],
        "organizationState": "",
        "unit": request.get("organizationalUnit", ""),
        "kind": request["kind"],
        "state": "failed" if request["state"] == "failed" else "asked for",
        "baseline": "",
    }
