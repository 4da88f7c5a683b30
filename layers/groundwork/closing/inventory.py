"""What is in an account that is to be closed, as a file for its owner: a small, fixed set of reads.

A read that fails is told in the file, and keeps nothing from being closed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import Field

from groundwork.aws.clients import Clients, own_client
from groundwork.aws.sessions import Inside, Permission, answer_of, inside
from groundwork.closing.telling import Ending, closing, ending
from groundwork.closing.work import Closure
from groundwork.contracts import Account, Model, Organization
from groundwork.declaration import Declaration
from groundwork.errors import AccountNotEnterable, AccountNotUsable, EntryRoleDenied
from groundwork.ledger import Ledger
from groundwork.side_by_side import side_by_side

MOST_NAMED = 500
"""Of one kind in one Region: so many are named, and all are counted."""


class Read(NamedTuple):
    """How one kind of thing is read: `look` names each of them with a client of the service."""

    what: str
    service: str
    actions: Sequence[str]
    look: Callable[[Any], list[str]]


def _listed(operation: str, many: str, name: str, **given: Any) -> Callable[[Any], list[str]]:
    def look(client: Any) -> list[str]:
        pages = client.get_paginator(operation).paginate(**given)
        return [each[name] if name else each for page in pages for each in page.get(many) or []]

    return look


def _instances(ec2: Any) -> list[str]:
    pages = ec2.get_paginator("describe_instances").paginate()
    return [
        each["InstanceId"]
        for page in pages
        for some in page["Reservations"]
        for each in some["Instances"]
        if each["State"]["Name"] != "terminated"
    ]


def _buckets(s3: Any) -> list[str]:
    return [each["Name"] for each in s3.list_buckets()["Buckets"]]


def _keys(kms: Any) -> list[str]:
    """Those of the account's own: every key that AWS manages has an alias of AWS's.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_ListAliases.html
    """
    aliases = [each for page in kms.get_paginator("list_aliases").paginate() for each in page["Aliases"]]
    of_aws = {each.get("TargetKeyId") for each in aliases if each["AliasName"].startswith("alias/aws/")}
    return [key for key in _listed("list_keys", "Keys", "KeyId")(kms) if key not in of_aws]


def _stacks(cloudformation: Any) -> list[str]:
    pages = cloudformation.get_paginator("list_stacks").paginate()
    found = [each for page in pages for each in page["StackSummaries"]]
    return [each["StackName"] for each in found if each["StackStatus"] != "DELETE_COMPLETE"]


def _savings_plans(savingsplans: Any) -> list[str]:
    """https://docs.aws.amazon.com/savingsplans/latest/APIReference/API_DescribeSavingsPlans.html"""
    return [
        f"{each.get('savingsPlanId')}: {each.get('commitment')} {each.get('currency')} an hour until {each.get('end')}"
        for each in savingsplans.describe_savings_plans(states=["active"])["savingsPlans"]
    ]


def _reserved(ec2: Any) -> list[str]:
    active = [{"Name": "state", "Values": ["active"]}]
    found = ec2.describe_reserved_instances(Filters=active)["ReservedInstances"]
    return [
        f"{each['ReservedInstancesId']}: {each['InstanceCount']} {each['InstanceType']}" for each in found
    ]


ONCE: Sequence[Read] = (
    Read("buckets", "s3", ["s3:ListAllMyBuckets"], _buckets),
    Read("hosted zones", "route53", ["route53:ListHostedZones"],
         _listed("list_hosted_zones", "HostedZones", "Name")),
    Read("savings plans", "savingsplans", ["savingsplans:DescribeSavingsPlans"], _savings_plans),
    Read("registered domains", "route53domains", ["route53domains:ListDomains"],
         _listed("list_domains", "Domains", "DomainName")),
)  # fmt: skip
"""What is read once, in us-east-1: services of no Region."""
IN_EACH: Sequence[Read] = (
    Read("keys", "kms", ["kms:ListAliases", "kms:ListKeys"], _keys),
    Read("stacks", "cloudformation", ["cloudformation:ListStacks"], _stacks),
    Read("instances", "ec2", ["ec2:DescribeInstances"], _instances),
    Read("volumes", "ec2", ["ec2:DescribeVolumes"], _listed("describe_volumes", "Volumes", "VolumeId")),
    Read("reserved instances", "ec2", ["ec2:DescribeReservedInstances"], _reserved),
    Read("databases", "rds", ["rds:DescribeDBInstances"],
         _listed("describe_db_instances", "DBInstances", "DBInstanceIdentifier")),
    Read("tables", "dynamodb", ["dynamodb:ListTables"], _listed("list_tables", "TableNames", "")),
)  # fmt: skip
"""What is read in each governed Region."""
PERMISSIONS = [Permission(sorted({action for read in (*ONCE, *IN_EACH) for action in read.actions}))]
GLOBAL = "us-east-1"


class Thing(Model):
    """One kind of thing in one Region; or why it could not be read."""

    what: str
    region: str
    count: int = 0
    names: list[str] = Field(default_factory=list)
    unread: str | None = None


def take_inventory(work: Closure, declaration: Declaration, ledger: Ledger, bucket: str) -> Ending:
    """Writes the file, `inventories/<account id>/<when it is to be closed>.json` in the bucket of the roll-outs, and says
    what to answer: once, however often the event comes. Whoever is answered first of all who ask hears it as news: one whose
    execution failed before this is not. The account is held until then."""
    record = work.record
    if record is None:
        raise ValueError("the account is not to be closed")
    found = _found(work, declaration)
    key = f"inventories/{record.account_id}/{record.closes_at}.json"
    file = {
        **{name: value for name, value in record.to_json().items() if name != "former"},
        "things": [each.to_json() for each in found],
    }
    own_client("s3").put_object(
        Bucket=bucket, Key=key, Body=json.dumps(file).encode(), ContentType="application/json"
    )
    counts: dict[str, int] = {}
    for each in found:
        counts[each.what] = counts.get(each.what, 0) + each.count
    unread = sorted({each.what for each in found if each.unread})
    summary = {"file": f"s3://{bucket}/{key}", "counts": counts, **({"unread": unread} if unread else {})}
    first = ledger.answer_once(work.asker, work.execution)
    told_first = ledger.answer_once(f"closing {record.account_id} {record.closes_at}", work.asker)
    answer = closing(work, record, summary, again=not told_first) if first else None
    ledger.leases.release(record.account_id, work.execution)
    return ending(work, "closing", answer, closesAt=record.closes_at, inventory=summary)


def _found(work: Closure, declaration: Declaration) -> list[Thing]:
    listed = work.listed
    account = Account(
        id=listed.id,
        name=listed.name,
        email=listed.email,
        kind="workload",
        joined=listed.joined.isoformat(),
    )
    organization = Organization(
        id=listed.organization_id,
        partition=listed.partition,
        root_id=listed.root_id,
        management_account_id=listed.management_account_id,
    )
    try:
        return inside(
            *(account, organization, declaration.entry_role_names, PERMISSIONS, "take-inventory"),
            partial(_look, declaration.regions.governed),
        )
    except (AccountNotEnterable, AccountNotUsable, EntryRoleDenied) as closed:
        return [Thing(what="everything", region=GLOBAL, unread=str(closed))]


def _look(regions: Sequence[str], entered: Inside) -> list[Thing]:
    wanted = [(read, GLOBAL) for read in ONCE]
    wanted += [(read, region) for region in regions for read in IN_EACH]
    return list(side_by_side(*(partial(_thing, entered.client, read, region) for read, region in wanted)))


def _thing(client: Clients, read: Read, region: str) -> Thing:
    try:
        names = read.look(client(read.service, region))
    except ClientError as error:
        return Thing(what=read.what, region=region, unread=answer_of(error))
    except BotoCoreError as error:
        return Thing(what=read.what, region=region, unread=str(error))
    return Thing(what=read.what, region=region, count=len(names), names=sorted(names)[:MOST_NAMED])
