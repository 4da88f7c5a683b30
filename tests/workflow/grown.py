"""An organization that grew for years before Groundwork came: 80 accounts of all sorts, each with what its people made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from local.engine import Engine
from local.iam.root_user import root_user
from local.identity.credentials import Credentials
from local.organizations import organization_of
from local.organizations.accounts import Account
from tests.engine.services.test_cloudtrail import bucket_for_logs
from tests.engine.services.test_config import bucket_for
from tests.queues import listen
from tests.workflow.conftest import ANSWERS, ROOT, TIME_SCALE, Cloud, Slot, until

LABS = "Labs"
"""The unit in which there is one account of each sort."""
UNITS = ("Legacy/Web", "Legacy/Data", LABS)
MANY = 80
EVERY_POWER = "arn:aws:iam::aws:policy/AdministratorAccess"
EVERYTHING = {"allSupported": True, "includeGlobalResourceTypes": True}
ENTRY, ADMIN = "OrganizationAccountAccessRole", "allow-admin-from-security-account"
STACK_SETS, CONTROL_TOWER = "AWSCloudFormationStackSetExecutionRole", "AWSControlTowerExecution"


@dataclass
class Inside:
    """An administrator in one account."""

    aws: Engine
    id: str
    name: str
    owner: Credentials | None = None
    """Of a user in the account, where nobody comes in by the entry role."""
    _entered: Credentials | None = field(default=None, init=False)

    def client(self, service: str) -> Any:
        if self._entered is None:
            role = f"arn:aws:iam::{self.id}:role/{ENTRY}"
            session = self.aws.client("sts").assume_role(RoleArn=role, RoleSessionName="owner")["Credentials"]
            keys = ("AccessKeyId", "SecretAccessKey", "SessionToken")
            self._entered = Credentials(*(session[key] for key in keys))
        return self.aws.client(service, credentials=self._entered)


def invite(inside: Inside) -> None:
    """It was invited: it has an owner, and nobody made an entry role."""
    iam = inside.client("iam")
    iam.create_user(UserName="owner")
    iam.attach_user_policy(UserName="owner", PolicyArn=EVERY_POWER)
    key = iam.create_access_key(UserName="owner")["AccessKey"]
    inside.owner = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    own = inside.aws.client("iam", credentials=inside.owner)
    own.detach_role_policy(RoleName=ENTRY, PolicyArn=EVERY_POWER)
    own.delete_role(RoleName=ENTRY)
    _account(inside.id).joined_method = "INVITED"


def suspend(inside: Inside) -> None:
    account = _account(inside.id)
    account.state = account.status = "SUSPENDED"


def open_bucket(inside: Inside) -> None:
    s3, name = inside.client("s3"), f"photos-{inside.name}"
    s3.create_bucket(Bucket=name)
    reading = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
    statement = reading | {"Resource": f"arn:aws:s3:::{name}/*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(document))


def use_default_vpc(inside: Inside) -> None:
    ec2 = inside.client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    ec2.create_network_interface(SubnetId=subnet)


def record(inside: Inside, *, start: bool = True) -> None:
    role = inside.client("iam").create_service_linked_role(AWSServiceName="config.amazonaws.com")["Role"]
    config = inside.client("config")
    config.put_configuration_recorder(
        ConfigurationRecorder={"name": "audit", "roleARN": role["Arn"], "recordingGroup": EVERYTHING}
    )
    config.put_delivery_channel(
        DeliveryChannel={"name": "audit", "s3BucketName": bucket_for(inside.aws, "AWSLogs/*")}
    )
    if start:
        config.start_configuration_recorder(ConfigurationRecorderName="audit")


def record_no_more(inside: Inside) -> None:
    record(inside, start=False)


def trail(inside: Inside) -> None:
    bucket = bucket_for_logs(inside.aws, paths=(f"AWSLogs/{inside.id}/*",))
    inside.client("cloudtrail").create_trail(Name="audit", S3BucketName=bucket)


def alias(inside: Inside) -> None:
    inside.client("iam").create_account_alias(AccountAlias=f"known-as-{inside.name}")


def sign_in_as_root(inside: Inside) -> None:
    root_user(inside.id).password = True


def role(name: str) -> Callable[[Inside], None]:
    """A role of theirs that trusts the management account."""

    def make(inside: Inside) -> None:
        principal = {"AWS": f"arn:aws:iam::{inside.aws.management_account}:root"}
        statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        inside.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document))

    return make


def nothing(inside: Inside) -> None:
    """Nobody did anything there."""


SORTS: dict[str, tuple[int, tuple[Callable[[Inside], None], ...]]] = {
    "plain": (24, (nothing,)),
    "invited": (7, (invite,)),
    "suspended": (4, (suspend,)),
    "public": (6, (open_bucket, alias)),
    "vpc": (6, (use_default_vpc,)),
    "recorded": (6, (record,)),
    "unrecorded": (3, (record_no_more,)),
    "trailed": (6, (trail,)),
    "alias": (5, (alias,)),
    "root": (3, (sign_in_as_root,)),
    "sets": (5, (role(STACK_SETS), trail)),
    "tower": (3, (role(CONTROL_TOWER), record)),
    "ours": (2, (role(ADMIN), open_bucket)),
}
"""How many accounts of each sort, and what was done in them."""


@dataclass
class Grown:
    """`ids` are the accounts by their names, like `public-2`; `owners` are the users of those that were invited."""

    cloud: Cloud
    ids: dict[str, str]
    owners: dict[str, Credentials]


def grown(slot: Slot) -> Grown:
    """The organization with Groundwork deployed in it; nobody has said yes to anything, and nothing is adopted."""
    aws = slot.own(time_scale=TIME_SCALE)
    names = [f"{sort}-{number}" for sort, (many, _) in SORTS.items() for number in range(1, many + 1)]
    assert len(names) == MANY
    with _without_delays(aws):
        ids = _made(aws, names)
    owners: dict[str, Credentials] = {}
    for name, account_id in ids.items():
        inside = Inside(aws, account_id, name)
        for deed in SORTS[name.rpartition("-")[0]][1]:
            deed(inside)
        if inside.owner:
            owners[name] = inside.owner
    for account_id in ids.values():
        _account(account_id).create_time -= timedelta(days=900)
    aws.creation.account_limit = 500
    cloud = Cloud(aws, {}, listen(aws, "heard", ANSWERS))
    cloud.outputs.update(aws.deploy(ROOT / "template.yaml"))
    until(cloud.executions, "the plan that deployment starts")
    for rule in ("DiscoverAccountsRule", "PlanRule"):
        aws.client("events").disable_rule(Name=cloud.physical(rule))
    cloud.all_ended()
    return Grown(cloud, ids, owners)


def _made(aws: Engine, names: list[str]) -> dict[str, str]:
    organizations = aws.client("organizations")
    root = organizations.list_roots()["Roots"][0]["Id"]
    units: dict[str, str] = {"": root}
    for path in UNITS:
        above = ""
        for part in path.split("/"):
            whole = f"{above}/{part}".lstrip("/")
            if whole not in units:
                made = organizations.create_organizational_unit(ParentId=units[above], Name=part)
                units[whole] = made["OrganizationalUnit"]["Id"]
            above = whole
    asked = {
        name: organizations.create_account(AccountName=name, Email=f"aws+{name}@example.com")[
            "CreateAccountStatus"
        ]["Id"]
        for name in names
    }
    found = organization_of(aws.management_account)
    assert found is not None
    until(lambda: all(found.requests[each].account_id for each in asked.values()), "all accounts")
    ids = {name: str(found.requests[each].account_id) for name, each in asked.items()}
    for name, account_id in ids.items():
        number = int(name.rpartition("-")[2])
        found.account(account_id).parent_id = units[LABS if number == 1 else UNITS[number % 2]]
    return ids


@contextmanager
def _without_delays(aws: Engine) -> Iterator[None]:
    """AWS makes accounts one after the other, for minutes."""
    creation = aws.creation
    before = {
        name: getattr(creation, name)
        for name in ("seconds", "entry_delay", "service_delay", "event_copies", "at_once", "account_limit")
    }
    creation.throttle.enforced = False
    creation.seconds = creation.entry_delay = creation.service_delay = creation.event_copies = 0
    creation.at_once, creation.account_limit = MANY, 500
    yield
    creation.throttle.enforced = True
    for name, value in before.items():
        setattr(creation, name, value)


def _account(account_id: str) -> Account:
    found = organization_of(account_id)
    assert found is not None
    account = found.account(account_id)
    assert isinstance(account, Account)
    return account
