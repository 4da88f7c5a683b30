"""Contacts and whom a budget tells reach AWS in every account, and stand nowhere else: they are personal data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from groundwork.baseline.components.budget import NAME
from tests.queues import listen
from tests.workflow.conftest import (
    TIME_SCALE,
    Cloud,
    Slot,
    bootstrapped,
    deployed,
    groundwork_of_ones_own,
)
from tests.workflow.test_secrets import Ear, everything

CONTACTS: Mapping[str, Mapping[str, str]] = {
    "security": {
        "name": "Ada Lovelace",
        "title": "Chief of security",
        "email": "ada@private.example",
        "phone": "+41 44 123 45 67",
    },
    "operations": {
        "name": "Charles Babbage",
        "title": "Engines",
        "email": "charles@private.example",
        "phone": "+44 20 123 456",
    },
    "billing": {
        "name": "Mary Somerville",
        "title": "Accounting",
        "email": "mary@private.example",
        "phone": "+44 131 1234",
    },
}
STRANGER = {
    "Name": "Eve Eavesdropper",
    "Title": "Eavesdropping",
    "EmailAddress": "eve@elsewhere.example",
    "PhoneNumber": "+1 (202) 555-0199",
}
TOLD = ["costs@private.example", "shop@private.example"]
BUDGET: Mapping[str, Any] = {
    "monthly": 500,
    "notify": TOLD,
    "exceptions": [{"where": {"kinds": ["management"]}, "monthly": 50_000}],
}
PERSONAL = {
    *STRANGER.values(),
    *TOLD,
    *(value for contact in CONTACTS.values() for value in contact.values()),
}


def declaring(home: Path) -> Path:
    template, path = groundwork_of_ones_own(home), home / "layers/baseline/baseline.yaml"
    declared = yaml.safe_load(path.read_text())
    for names in declared["baseline"].values():
        names += ["account-contacts", "budget"]
    settings = {"accountContacts": {**CONTACTS, "replace": True}, "budget": BUDGET}
    path.write_text(yaml.safe_dump(declared | settings))
    return template


def held(client: Any) -> dict[str, dict[str, str]]:
    found = {}
    for name in CONTACTS:
        contact = client.get_alternate_contact(AlternateContactType=name.upper())["AlternateContact"]
        found[name] = {
            "name": contact["Name"],
            "title": contact["Title"],
            "email": contact["EmailAddress"],
            "phone": contact["PhoneNumber"],
        }
    return found


def budget(client: Any, account: str) -> tuple[str, list[str]]:
    """What the account may spend, and who is told."""
    which = {"AccountId": account, "BudgetName": NAME}
    (alert,) = client.describe_notifications_for_budget(**which)["Notifications"]
    del alert["NotificationState"]
    found = client.describe_subscribers_for_notification(**which, Notification=alert)["Subscribers"]
    amount = client.describe_budget(**which)["Budget"]["BudgetLimit"]["Amount"]
    return amount, [each["Address"] for each in found]


def quoting(cloud: Cloud, ear: Ear) -> list[str]:
    """Where anything of a contact stands, of all that is kept; that something of accounts was looked at comes first."""
    kept = everything(cloud, ear)
    for name in ("account-contacts", "budget"):
        assert all(any(name in text for _, text in kept[kind]) for kind in ("histories", "items"))
    return [
        f"{kind}, {where}: {value}"
        for kind, places in kept.items()
        for where, text in places
        for value in PERSONAL
        if value in text
    ]


def test_contacts_reach_every_account_and_are_told_nobody(slot: Slot, tmp_path: Path) -> None:
    cloud = deployed(slot.own(time_scale=TIME_SCALE), declaring(tmp_path))
    account_of = {"account": [cloud.aws.management_account]}
    ear = Ear(cloud, listen(cloud.aws, "every-event", account_of))
    bootstrapped(cloud)
    security = cloud.declared("security")
    name, email = cloud.fresh()
    vended = cloud.ask(accountName=name, email=email)
    assert (vended.status, vended.output["outcome"]) == ("SUCCEEDED", "ready"), str(vended)
    account = str(vended.output["accountId"])
    for client in (
        cloud.aws.client("account"),
        cloud.inside("account", security),
        cloud.inside("account", account),
    ):
        assert held(client) == CONTACTS
    budgets, which = cloud.inside("budgets", account), {"AccountId": account, "BudgetName": NAME}
    management = cloud.aws.management_account
    assert budget(budgets, account) == ("500", TOLD)
    assert budget(cloud.aws.client("budgets"), management) == ("50000", TOLD)

    (alert,) = budgets.describe_notifications_for_budget(**which)["Notifications"]
    left = {"SubscriptionType": "EMAIL", "Address": TOLD[0]}
    budgets.delete_subscriber(**which, Notification=alert, Subscriber=left)
    cloud.inside("account", account).put_alternate_contact(AlternateContactType="BILLING", **STRANGER)
    cloud.inside("account", account).delete_alternate_contact(AlternateContactType="OPERATIONS")
    planned = cloud.start(accountId=account, mode="plan", components=["account-contacts", "budget"])
    assert {each["resource"] for each in planned.output["changes"]} == {
        f"budget {NAME}: alert at 80 % of actual cost",
        "billing contact",
        "operations contact",
    }
    assert cloud.roll_out(mode="plan").status == "SUCCEEDED"
    assert cloud.start(accountId=account).output["outcome"] == "repaired"
    assert held(cloud.inside("account", account)) == CONTACTS
    assert sorted(budget(budgets, account)[1]) == sorted(TOLD)
    cloud.all_ended()
    assert quoting(cloud, ear) == []
    results = cloud.aws.client("s3")
    for key in results.list_objects_v2(Bucket=cloud.outputs["RollOutsBucketName"])["Contents"]:
        body = (
            results.get_object(Bucket=cloud.outputs["RollOutsBucketName"], Key=key["Key"])["Body"]
            .read()
            .decode()
        )
        assert [value for value in PERSONAL if value in body] == [], key["Key"]
