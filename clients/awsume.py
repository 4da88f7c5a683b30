"""awsume: the profiles that `groundwork profiles` writes, with the codes of a virtual MFA device."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from clients.environments import ROOT, from_pip, locked
from clients.trials import Client, Said, Trial, refused, run, works
from clients.world import World
from demo.callers import Person, role_arn
from local.identity.credentials import Credentials

MINE = """\
# what stood here before
[default]
region = us-east-1
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
[{name}-security]
aws_access_key_id = {key}
aws_secret_access_key = {secret}
"""


def version() -> str:
    from_pip("awsume")
    return locked("awsume", "awsume")


def tries(world: World) -> Iterator[Trial]:
    programs, home = from_pip("awsume"), world.home
    written = _write(world)
    shell = {**world.shell(), "PATH": f"{programs}:{Path(sys.executable).parent}:{world.shell()['PATH']}"}

    def awsume(name: str, profile: str) -> Said:
        _, code = world.person(name).code()
        script = f". awsume {profile} --mfa-token {code} && aws sts get-caller-identity"
        return run(["bash", "-c", script], shell, home)

    for name, said in written.items():
        yield works(
            f"`groundwork profiles --from people.json --for awsume --prefix {name}-`, with the access key of {name}",
            said,
            "writes a profile for each account that they may enter",
            f"{name}-dev-",
        )
    yield works(
        "`awsume ada-dev-admin`, an administrator with MFA",
        awsume("ada", "ada-dev-admin"),
        "is in",
        "allow-admin-from-security-account/ada",
    )
    yield works(
        "`awsume ben-dev-dev`, a developer",
        awsume("ben", "ben-dev-dev"),
        "is in",
        "allow-dev-from-security-account/ben",
    )
    yield refused(
        "`awsume ben-prod-dev`: no group of his enters prod, and no profile was written",
        awsume("ben", "ben-prod-dev"),
        "by awsume: there is none",
        "ben-prod-dev",
        "not found",
    )
    yield refused(
        "`awsume ben-prod`, a profile of his own that names prod",
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


def _write(world: World) -> dict[str, Said]:
    """~/.aws of somebody who works as ada, as ben and as ada behind dev's door; what the command line said to each."""
    folder = world.home / ".aws"
    folder.mkdir(exist_ok=True)
    ada, ben = world.person("ada"), world.person("ben")
    (folder / "credentials").write_text(_key(ada) + _key(ben))
    chained = {"role": _make_chained(world), "source": "ada-dev-admin"}
    into_dev = {"role": world.door("dev", ada.group), "source": "ada-security"}
    into_prod = {"role": world.door("prod", ben.group), "source": "ben-security"}
    an_hour, four_hours = "duration_seconds = 3600", f"mfa_serial = {ada.device}\nduration_seconds = 14400"
    mine = [
        MINE,
        ROLE.format(profile="further", who="ada", more="", **chained),
        ROLE.format(profile="further-for-an-hour", who="ada", more=an_hour, **chained),
        ROLE.format(profile="ada-dev-for-long", who="ada", more=four_hours, **into_dev),
        ROLE.format(profile="ben-prod", who="ben", more=f"mfa_serial = {ben.device}", **into_prod),
    ]
    (folder / "config").write_text("".join(mine))
    people = world.home / "people.json"
    exported = _groundwork(world, world.aws.administrator, "--export", people, "--declaration", world.folder)
    return {
        person.name: exported
        if exported.code
        else _groundwork(
            world, person.key, "--from", people, "--for", "awsume", "--prefix", f"{person.name}-"
        )
        for person in (ada, ben)
    }


def _groundwork(world: World, who: Credentials, *given: str | Path) -> Said:
    """`groundwork profiles`, as it is in this repository."""
    shell = {**world.shell(who), "PYTHONPATH": f"{ROOT}:{ROOT / 'layers'}"}
    return run([sys.executable, "-m", "cli", "profiles", *given], shell, world.home)


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
