"""An organization that was vended on the embedded AWS, as a prover reads it: GetAccountAuthorizationDetails of every
account, and the service control policies in their layers."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import demo.organization
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.declaration.loading import load
from local.engine import Engine
from prove.asked import AUDIT, ROOT
from prove.world import TIME_SCALE, World
from tests.workflow.conftest import Cloud

REACHED = Path(__file__).parent / "reached.py"
ACCOUNTS = ("security", "mgmt", "dev", "stage", "prod")
LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
SCP = "SERVICE_CONTROL_POLICY"
PROCESSES = 2
Statement = Mapping[str, Any]


@dataclass(frozen=True)
class Organization:
    """`paths`, `details` and `layers` are by the accounts' ids; a layer is a name and the policies attached there."""

    id: str
    management: str
    accounts: Sequence[Account]
    paths: Mapping[str, str]
    details: Mapping[str, Mapping[str, Any]]
    layers: Mapping[str, Sequence[tuple[str, Sequence[Any]]]]
    key: str
    """The ARN of the archive's key."""
    declaration: Declaration = field(default_factory=load)

    def account(self, name: str) -> Account:
        return next(account for account in self.accounts if account.name == name)

    def roles(self, account: Account) -> list[str]:
        """Their ARNs, without those that AWS's services alone take."""
        arns = [role["Arn"] for role in self.details[account.id]["RoleDetailList"]]
        return [arn for arn in arns if ":role/aws-service-role/" not in arn]

    @property
    def members(self) -> list[Account]:
        return [account for account in self.accounts if account.kind != "management"]


@dataclass(frozen=True)
class Question:
    """Whether somebody may do this in any request. `everything`: with whatever policies of their own.

    `context` pins keys (None: absent); `unless` are Deny statements of what does not count."""

    words: str
    allowed: bool
    caller: str
    action: str
    resource: str = "*"
    everything: bool = False
    context: Mapping[str, str | list[str] | None] = field(default_factory=dict)
    unless: Sequence[Statement] = ()


class Answer(NamedTuple):
    verdict: str
    said: list[str]


def ask(organization: Organization, questions: Sequence[Question]) -> list[Answer]:
    """All of them, in two processes. Raises `FileNotFoundError` where the prover is not installed: `make audit` does it."""
    known = {name: getattr(organization, name) for name in ("id", "management", "paths", "details", "layers")}

    def asked(part: Sequence[Question]) -> list[Answer]:
        asking = {"organization": known, "questions": [asdict(each) for each in part]}
        done = subprocess.run(
            [AUDIT / "bin" / "python", "-P", REACHED],
            input=json.dumps(asking, default=str),
            capture_output=True,
            check=False,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"the prover failed: {done.stderr.strip()}")
        return [Answer(**said) for said in json.loads(done.stdout)]

    answers: list[Answer | None] = [None] * len(questions)
    with ThreadPoolExecutor(PROCESSES) as pool:
        for number, said in enumerate(
            pool.map(asked, [questions[each::PROCESSES] for each in range(PROCESSES)])
        ):
            answers[number::PROCESSES] = said
    return [answer for answer in answers if answer]


def vended() -> Organization:
    """The five accounts of the examples, and a user for each group, called like it, in the security account."""
    with Engine(time_scale=TIME_SCALE) as aws:
        cloud = World.deployed(aws, security=False).cloud
        events = []
        for name in ACCOUNTS:
            entries = json.loads((ROOT / "events" / f"account-requested-{name}.json").read_text())
            events += aws.client("events").put_events(Entries=entries)["Entries"]
        ended = [cloud.ended(cloud.execution_of(event["EventId"])) for event in events]
        if {each.status for each in [*ended, *cloud.all_ended()]} != {"SUCCEEDED"}:
            raise AssertionError(f"the five accounts were not vended: {ended}")
        _add_users(cloud)
        return _read(cloud)


def _add_users(cloud: Cloud) -> None:
    iam = cloud.inside("iam", cloud.declared("security"))
    for group in cloud.declaration.access.groups:
        iam.create_user(UserName=group.name)
        iam.add_user_to_group(UserName=group.name, GroupName=group.name)


def _read(cloud: Cloud) -> Organization:
    organizations, declaration = cloud.aws.client("organizations"), cloud.declaration
    accounts = demo.organization.Organization(cloud.aws, declaration).accounts()
    paths = {each["Id"]: each["Paths"][0] for each in cloud.accounts().values()}
    security = cloud.inside("kms", cloud.declared("security"), declaration.regions.home)

    def attached(node: str) -> tuple[str, list[Any]]:
        listed = organizations.list_policies_for_target(TargetId=node, Filter=SCP)["Policies"]
        described = [organizations.describe_policy(PolicyId=each["Id"])["Policy"] for each in listed]
        return node, [json.loads(each["Content"]) for each in described]

    return Organization(
        id=organizations.describe_organization()["Organization"]["Id"],
        management=cloud.aws.management_account,
        accounts=accounts,
        paths=paths,
        details={account.id: dict(_details(cloud.inside("iam", account.id))) for account in accounts},
        layers={
            account: [attached(node) for node in path.strip("/").split("/")[1:]]
            for account, path in paths.items()
        },
        key=security.describe_key(KeyId=declaration.log_archive.key_alias)["KeyMetadata"]["Arn"],
    )


def _details(iam: Any) -> Iterator[tuple[str, list[Any]]]:
    pages = list(iam.get_paginator("get_account_authorization_details").paginate())
    for name in LISTS:
        yield name, [each for page in pages for each in page[name]]
