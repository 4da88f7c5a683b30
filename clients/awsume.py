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

PERSON = """
[profile {name}]
region = us-east-1
mfa_serial = {device}
"""
ROLE = """
[profile {profile}]
role_arn = {role}
source_profile = {source}
region = us-east-1
role_session_name = {who}
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
    ada, ben = world.person("ada"), world.person("ben")
    (folder / "credentials").write_text(_key(ada) + _key(ben))
    chained = {"role": _make_chained(world), "source": "ada-dev"}
    into_dev = {"role": world.door("dev", ada.group), "source": "ada"}
    an_hour, four_hours = "duration_seconds = 3600", f"mfa_serial = {ada.device}\nduration_seconds = 14400"
    profiles = [
        *_documented(world, ada),
        *_documented(world, ben),
        ROLE.format(profile="further", who="ada", more="", **chained),
        ROLE.format(profile="further-for-an-hour", who="ada", more=an_hour, **chained),
        ROLE.format(profile="ada-dev-for-long", who="ada", more=four_hours, **into_dev),
    ]
    (folder / "config").write_text("".join(profiles))


def _documented(world: World, person: Person) -> Iterator[str]:
    """A person's profiles in dev and prod, as docs/declare.md has them."""
    name, device = person.name, f"mfa_serial = {person.device}"
    yield PERSON.format(name=name, device=person.device)
    for account in ("dev", "prod"):
        role = world.door(account, person.group)
        yield ROLE.format(profile=f"{name}-{account}", role=role, source=name, who=name, more=device)


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
