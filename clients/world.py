"""What every client is run against: the embedded AWS as `make local` boots it, Groundwork in it, and five accounts."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from demo.callers import INSTANCES, PIPELINE, Person, assume, entered, make_people, named_people, role_arn
from demo.leaver import declare
from demo.organization import Organization
from groundwork.baseline.components import COMPONENTS
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.declaration.loading import HOME, check, load
from local.__main__ import APPLYING, TIME_SCALE
from local.engine import Engine
from local.identity.credentials import Credentials
from local.stack.template.packaging import DECLARATION
from local.waiting import until

ROOT = Path(__file__).parent.parent
NAMES = ("security", "mgmt", "dev", "stage", "prod")
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
KEPT = ("PATH", "LANG", "TMPDIR", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")
"""Of this process's environment, what a client may see."""


class NotReady(Exception):
    """An execution failed; the message has its input, error and cause."""


@dataclass(frozen=True)
class World:
    """`home` is an empty folder, `$HOME` of every client; `folder` has the declaration."""

    aws: Engine
    home: Path
    folder: Path
    declaration: Declaration
    outputs: Mapping[str, str]
    accounts: Mapping[str, Account]
    people: list[Person] = field(repr=False)

    def shell(self, who: Credentials | None = None) -> dict[str, str]:
        return shell(self.aws, self.home, who)

    def inside(self, account: str) -> Credentials:
        """An administrator in an account, who came by the entry role."""
        return entered(self.aws, self.accounts[account], self.declaration)

    def person(self, name: str) -> Person:
        return next(person for person in self.people if person.name == name)

    def door(self, account: str, group: str) -> str:
        """The ARN of the role of an account that a group enters."""
        groups = {each.name: each for each in self.declaration.access.groups}
        return role_arn(self.aws, self.accounts[account].id, groups[group].enter[0].role)

    def entered_by(self, name: str, account: str) -> Credentials:
        """A person's session in an account, with MFA."""
        person = self.person(name)
        return assume(self.aws, person.with_mfa, self.door(account, person.group), name)

    def pipeline(self) -> Credentials:
        """The role of mgmt that docs/declare.md has people make for a pipeline."""
        path, _, name = f"/{PIPELINE}".rpartition("/")
        arn = role_arn(self.aws, self.accounts["mgmt"].id, name, f"{path}/")
        return self.aws.mint(arn, "build", service=INSTANCES)

    def run(self, account: str) -> dict[str, Any]:
        """The output of groundwork-vend-account for an account, started by hand. Raises `NotReady`."""
        states = self.aws.client("stepfunctions")
        started = states.start_execution(
            stateMachineArn=self.outputs["StateMachineArn"],
            input=json.dumps({"accountId": self.accounts[account].id}),
        )
        _wait_for(states, self.outputs["StateMachineArn"], 1)
        described = states.describe_execution(executionArn=started["executionArn"])
        output: dict[str, Any] = json.loads(described["output"])
        return output


def shell(aws: Engine, home: Path, who: Credentials | None = None) -> dict[str, str]:
    """The environment of a client, with what `make local` tells people to export; `who` is its caller, or nobody,
    where the client finds credentials by itself."""
    return {
        **{name: os.environ[name] for name in KEPT if name in os.environ},
        "HOME": str(home),
        **(who.for_environment() if who else {}),
        **aws.endpoint_variables(),
        "AWS_DEFAULT_REGION": aws.region,
        "AWS_REGION": aws.region,
        "AWS_PAGER": "",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@contextmanager
def vended() -> Iterator[World]:
    """Five accounts from five events, a user of each group with an MFA device, and a pipeline's role in mgmt."""
    with TemporaryDirectory(prefix="clients-") as folder:
        declared = Path(folder) / "declaration"
        declare(declared, named_people(load()))
        with accounts(declared) as world:
            people = make_people(world.aws, world.accounts["security"], world.declaration)
            world = replace(world, people=people)
            _make_pipeline(world)
            yield world


@contextmanager
def accounts(declared: Path | None = None, names: Sequence[str] = NAMES) -> Iterator[World]:
    """Groundwork with a declaration, the default one where none is named, and accounts from events. The security account has
    the name and e-mail that are declared, and is `security` here."""
    declaration = check(load(declared or HOME), COMPONENTS)
    with TemporaryDirectory(prefix="clients-") as home, Engine(time_scale=TIME_SCALE) as aws:
        os.environ[DECLARATION] = str(declared or "")
        outputs = aws.deploy(ROOT / "template.yaml", parameters=APPLYING)
        states, events = aws.client("stepfunctions"), aws.client("events")
        _wait_for(states, outputs["StateMachineArn"], 1)
        for name in names:
            entry = json.loads((ROOT / "events" / f"account-requested-{name}.json").read_text())[0]
            events.put_events(Entries=[_as_declared(entry, name, declaration)])
        _wait_for(states, outputs["StateMachineArn"], 1 + len(names))
        listed = {account.name: account for account in Organization(aws, declaration).accounts()}
        listed["security"] = listed[declaration.security.name]
        yield World(aws, Path(home), declared or HOME, declaration, outputs, listed, [])


def _as_declared(entry: dict[str, Any], name: str, declaration: Declaration) -> dict[str, Any]:
    if name != "security":
        return entry
    detail = json.loads(entry["Detail"]) | {
        "accountName": declaration.security.name,
        "email": declaration.security.email,
        "organizationalUnit": declaration.security.organizational_unit,
    }
    return {**entry, "Detail": json.dumps(detail)}


def _wait_for(states: Any, machine: str, count: int) -> None:
    """Until so many executions have been, and none is at work."""

    def over() -> bool:
        pages = states.get_paginator("list_executions").paginate(stateMachineArn=machine)
        executions = [each for page in pages for each in page["executions"]]
        for failed in (each for each in executions if each["status"] not in ("RUNNING", "SUCCEEDED")):
            told = states.describe_execution(executionArn=failed["executionArn"])
            raise NotReady(f"{told['input']}: {told.get('error')}: {told.get('cause')}")
        return len(executions) >= count and all(each["status"] == "SUCCEEDED" for each in executions)

    until(over, f"{count} executions that have ended")


def _make_pipeline(world: World) -> None:
    path, _, name = f"/{PIPELINE}".rpartition("/")
    trust = {"Effect": "Allow", "Principal": {"Service": INSTANCES}, "Action": "sts:AssumeRole"}
    iam = world.aws.client("iam", credentials=world.inside("mgmt"))
    iam.create_role(
        Path=f"{path}/",
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    iam.attach_role_policy(RoleName=name, PolicyArn=ADMINISTRATOR)
