"""The smallest real work for every statement of who suspends, reopens and closes accounts. See `errands`."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from groundwork.aws.organizations import Organizations
from groundwork.closing.work import Closure
from groundwork.ledger import Ledger
from groundwork.ledger.records import ClosingRecord
from tests.workflow.closing import Closings
from tests.workflow.conftest import until
from tests.workflow.place import Job, Place, told
from tests.workflow.roll_out_errands import update_machine

LONG_AGO = "2026-01-01T00:00:00Z"
_days = itertools.count(1)


def ask_about(place: Place) -> Job:
    """To have back an account that is not to be closed."""
    return lambda: told(Closings(place.cloud).start(accountId=place.account, reopen=True))


def ask_where_somebody_died(place: Place) -> Job:
    """To have back an account that is to be closed, and that is held by somebody who has died."""
    shut = Shut(place)

    def job() -> str:
        shut.put()
        place.abandon_lease(shut.id)
        ended = told(Closings(place.cloud).start(accountId=shut.id, reopen=True))
        place.settle()
        return ended

    return job


class Shut:
    """An account that waits to be closed in some unit, as often as it is put there."""

    def __init__(self, place: Place) -> None:
        cloud = place.cloud
        self._client = cloud.aws.client("organizations")
        self._ledger = Ledger(cloud.outputs["LedgerTable"], client=cloud.aws.client("dynamodb"))
        name, email = cloud.fresh()
        self.id = str(cloud.ask(accountName=name, email=email).output["accountId"])
        self.root = str(self._client.list_roots()["Roots"][0]["Id"])
        units = self._client.list_organizational_units_for_parent(ParentId=self.root)
        self.unit = str(units["OrganizationalUnits"][0]["Id"])
        about = f"{place.management}:execution:groundwork-close-account:{self.id}"
        self.execution = f"arn:aws:states:us-east-1:{about}"
        self.record = ClosingRecord(
            account_id=self.id,
            account_name=name,
            email=email,
            closes_at=LONG_AGO,
            unit=self.unit,
            home=self.root,
            former="ready",
            execution=self.execution,
        )

    def work(self, route: str) -> dict[str, Any]:
        listed = Organizations(self._client).account(self.id)
        work = Closure(route=route, execution=self.execution, listed=listed, record=self.record)  # type: ignore[arg-type]
        return {"work": work.to_json()}

    def put(self) -> None:
        self._ledger.closings.forget(self.id)
        self._ledger.closings.open(self.record)
        tag = {"Key": "groundwork:state", "Value": self.record.tag}
        self._client.tag_resource(ResourceId=self.id, Tags=[tag])
        Organizations(self._client).move(
            self.id, Organizations(self._client).account(self.id).parent_id, self.unit
        )


def suspend(place: Place) -> Job:
    """The lease has run out meanwhile, and whoever took it has died."""
    shut = Shut(place)
    payload = shut.work("close")

    def job() -> str:
        place.abandon_lease(shut.id)
        return place.invoke("SuspendAccountFunction", payload)

    return job


def take_inventory(place: Place) -> Job:
    """What could not be read stands in the file."""
    shut = Shut(place)
    payload = shut.work("close")
    file = f"s3://{place.cloud.physical('RollOutsBucket')}/inventories/{shut.id}/{LONG_AGO}.json"

    def job() -> str:
        if refused := place.invoke("TakeInventoryFunction", payload):
            return refused
        things = Closings(place.cloud).file(file)["things"]
        return "; ".join(each["unread"] for each in things if each["what"] == "everything")

    return job


def reopen(place: Place) -> Job:
    """As `suspend`."""
    shut = Shut(place)
    payload = shut.work("reopen")

    def job() -> str:
        shut.put()
        place.abandon_lease(shut.id)
        refused = place.invoke("ReopenAccountFunction", payload)
        place.settle()
        return refused

    return job


def close_due(place: Place) -> Job:
    """One account is due, and another one has been closed; days later for each attempt, as AWS may have refused."""
    due, gone = Shut(place), Shut(place)
    client = place.cloud.aws.client("organizations")
    until(lambda: client.close_account(AccountId=gone.id), "the other account to be closed")
    until(lambda: Closings(place.cloud).state(gone.id) == "CLOSED", "the other account's closure")
    ledger = Ledger(place.cloud.outputs["LedgerTable"], client=place.cloud.aws.client("dynamodb"))

    def job() -> str:
        due.put()
        ledger.closings.forget(gone.id)
        ledger.closings.open(gone.record)
        since, when = len(place.cloud.aws.calls), datetime.now(UTC) + timedelta(days=next(_days))
        refused = place.invoke("CloseDueAccountsFunction", {"time": when.isoformat()})
        return refused or ", ".join(place.denials("CloseDueAccountsFunction", since))

    return job


def request_closings(place: Place) -> Job:
    """One account expires in some days, and people are told; another one did, and people have been told, so that the machine
    is started for it. It refuses, as nothing declares that accounts are closed here."""
    cloud, now = place.cloud, datetime.now(UTC)
    ledger = Ledger(cloud.outputs["LedgerTable"], client=cloud.aws.client("dynamodb"))
    today = f"{now:%Y-%m-%d}"
    accounts = [
        str(cloud.ask(accountName=name, email=email).output["accountId"])
        for name, email in (cloud.fresh(), cloud.fresh())
    ]
    for account in accounts:
        tag = {"Key": "groundwork:expires", "Value": today}
        cloud.aws.client("organizations").tag_resource(ResourceId=account, Tags=[tag])

    def job() -> str:
        for account in accounts:
            ledger.endings.forget(account)
            ledger.endings.expire(account, today)
        ledger.endings.note_told(accounts[1], f"{today}/3", int((now - timedelta(days=3)).timestamp()))
        since, when = len(cloud.aws.calls), now + timedelta(days=next(_days))
        refused = place.invoke("RequestClosingsFunction", {"time": when.isoformat()})
        for account in accounts:
            ledger.endings.forget(account)
        return refused or ", ".join(place.denials("RequestClosingsFunction", since))

    return job


OF_CLOSING: dict[str, Callable[[Place], Job]] = {
    "CloseAccountStateMachine.InvokeItsFunctions": ask_about,
    "CloseAccountStateMachine.SendAnswers": ask_about,
    "CloseAccountStateMachine.WriteExecutionLogs": partial(
        update_machine, "CloseAccountStateMachineArn", "logs:CreateLogDelivery"
    ),
    "ReadClosingFunction.UseTheLedger": ask_about,
    "ReadClosingFunction.LookAtTheOrganization": ask_about,
    "ReadClosingFunction.SeeWhoIsRunning": ask_where_somebody_died,
    "SuspendAccountFunction.UseTheLedger": suspend,
    "SuspendAccountFunction.LookAtTheOrganization": suspend,
    "SuspendAccountFunction.SeeWhoIsRunning": suspend,
    "SuspendAccountFunction.TagAccounts": suspend,
    "SuspendAccountFunction.MoveAccounts": suspend,
    "TakeInventoryFunction.UseTheLedger": take_inventory,
    "TakeInventoryFunction.EnterMemberAccounts": take_inventory,
    "TakeInventoryFunction.WriteTheInventory": take_inventory,
    "ReopenAccountFunction.UseTheLedger": reopen,
    "ReopenAccountFunction.LookAtTheOrganization": reopen,
    "ReopenAccountFunction.SeeWhoIsRunning": reopen,
    "ReopenAccountFunction.TagAccounts": reopen,
    "ReopenAccountFunction.MoveAccounts": reopen,
    "ReopenAccountFunction.StartTheMachine": reopen,
    "CloseDueAccountsFunction.UseTheLedger": close_due,
    "CloseDueAccountsFunction.LookAtTheOrganization": close_due,
    "CloseDueAccountsFunction.CloseAccounts": close_due,
    "CloseDueAccountsFunction.SendAnswers": close_due,
    "RequestClosingsFunction.UseTheLedger": request_closings,
    "RequestClosingsFunction.LookAtTheOrganization": request_closings,
    "RequestClosingsFunction.StartTheMachine": request_closings,
    "RequestClosingsFunction.SendAnswers": request_closings,
}
