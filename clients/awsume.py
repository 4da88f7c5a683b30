"""awsume: the profiles of docs/declare.md, with the codes of a virtual MFA device."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from clients.environments import from_pip, locked
from clients.trials import Client, Said, Trial, refused, run, works
from clients.world import World
from demo.callers import Person, role_arn

PROFILES = """
[profile {name}]
region = us-east-1
mfa_serial = {device}

[profile {name}-dev]
role_arn = {dev}
source_profile = {name}
mfa_serial = {device}
region = us-east-1
role_session_name = {name}

[profile {name}-prod]
role_arn = {prod}
source_profile = {name}
mfa_serial = {device}
region = us-east-1
role_session_name = {name}
"""
ANOTHER = """
[profile {profile}]
role_arn = {role}
source_profile = {source}
region = us-east-1
role_session_name = ada
{more}
"""
KEY = """
[{name}]
aws_access_key_id = {key}
aws_secret_access_key = {secret}
"""


def version() -> str:
    from_pip("awsume")
    return locked("awsume", "awsume")


def tries(world: World) -> Iterator[Trial]:
    programs, home = from_pip("awsume"), world.home
    _write(world)
    shell = {**world.shell(), "PATH": f"{programs}:{Path(sys.executable).parent}:{world.shell()['PATH']}"}

    def awsume(name: str, profile: str) -> Said:
        _, code = world.person(name).code()
        script = f". awsume {profile} --mfa-token {code} && aws sts get-caller-identity"
        return run(["bash", "-c", script], shell, home)

    yield works(
        "`awsume ada-dev`, an administrator with MFA",
        awsume("ada", "ada-dev"),
        "is in",
        "allow-admin-from-security-account/ada",
    )
    yield works(
        "`awsume ben-dev`, a developer",
        awsume("ben", "ben-dev"),
        "is in",
        "allow-dev-from-security-account/ben",
    )
    yield refused(
        "`awsume ben-prod`: no group of his enters prod",
        awsume("ben", "ben-prod"),
        "`AccessDenied`",
        "AccessDenied",
        "no identity-based policy allows the sts:AssumeRole action",
    )
    yield works(
        "A role behind a role: `source_profile` has a `role_arn` itself",
        awsume("ada", "further"),
        "is in, by both roles",
        "assumed-role/further/ada",
    )
    yield refused(
        "The same with `duration_seconds = 3600` in the last profile",
        awsume("ada", "further-for-an-hour"),
        "by awsume itself, which then passes over the first role and looks for default credentials; leave it out",
        "Unable to locate credentials",
    )
    yield refused(
        "`ada-dev` with `duration_seconds = 14400`",
        awsume("ada", "ada-dev-for-long"),
        "`ValidationError`: an hour, unless the role's `maxSessionDuration` says more",
        "ValidationError",
        "MaxSessionDuration",
    )


def _write(world: World) -> None:
    """~/.aws of somebody who works as ada, as ben and as ada behind dev's door."""
    folder = world.home / ".aws"
    folder.mkdir(exist_ok=True)
    people = [world.person("ada"), world.person("ben")]
    chained = _make_chained(world)
    (folder / "credentials").write_text("".join(_key(person) for person in people))
    (folder / "config").write_text(
        "".join(
            PROFILES.format(
                name=person.name,
                device=person.device,
                dev=world.door("dev", person.group),
                prod=world.door("prod", person.group),
            )
            for person in people
        )
        + ANOTHER.format(profile="further", role=chained, source="ada-dev", more="")
        + ANOTHER.format(
            profile="further-for-an-hour", role=chained, source="ada-dev", more="duration_seconds = 3600"
        )
        + ANOTHER.format(
            profile="ada-dev-for-long",
            role=world.door("dev", people[0].group),
            source="ada",
            more=f"mfa_serial = {people[0].device}\nduration_seconds = 14400",
        )
    )


def _key(person: Person) -> str:
    return KEY.format(name=person.name, key=person.key.access_key_id, secret=person.key.secret_access_key)


def _make_chained(world: World) -> str:
    """A role of stage that lets in those who are administrators in dev."""
    arn = world.door("dev", world.person("ada").group)
    trust = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}
    world.aws.client("iam", credentials=world.inside("stage")).create_role(
        RoleName="further",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    return role_arn(world.aws, world.accounts["stage"].id, "further")


CLIENT = Client("awsume", version, tries)
