"""`groundwork profiles`"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.given import GIVEN
from cli.people.profiles import Tool

if TYPE_CHECKING:
    from cli.connection import Connection
    from cli.people.aws_config import Sections
    from cli.people.entries import People

BACKUP = ".before-groundwork"


def profiles(
    user: Annotated[
        str | None, typer.Option(help="A declared user; else whoever's credentials these are.")
    ] = None,
    tool: Annotated[
        Tool,
        typer.Option(
            "--for",
            help="login: by `aws login`, without any key. awsume, aws-vault: by access key and MFA device. sso: by IAM "
            "Identity Center.",
        ),
    ] = Tool.LOGIN,
    device: Annotated[
        str | None, typer.Option(help="The name of the MFA device, where it is not that of the user.")
    ] = None,
    prefix: Annotated[str, typer.Option(help="What the names of the profiles begin with.")] = "",
    exported: Annotated[
        Path | None,
        typer.Option("--from", help="A file made by --export: no declaration and no organization is read."),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(help="Write to a file who enters what, for users who may not read the organization."),
    ] = None,
    start_url: Annotated[
        str | None, typer.Option(help="With --for sso, once: the URL of the AWS access portal.")
    ] = None,
    sso_region: Annotated[
        str | None, typer.Option(help="With --for sso, once: the Region of IAM Identity Center.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; show what differs, and exit 2 if anything does.")
    ] = False,
    show: Annotated[bool, typer.Option("--print", help="Change nothing; print the sections.")] = False,
) -> None:
    """Write the sections of ~/.aws/config by which you enter accounts.

    One for each door that the declaration opens for the user, in the accounts that are there. Sections of others stay
    as they are. AWS_CONFIG_FILE names another file.

    Example: groundwork profiles --user ada --for awsume
    """
    from cli.connection import Connection
    from cli.people import aws_config

    aws = Connection()
    if export is not None:
        _export(aws, export)
        return
    path = aws_config.location()
    before = aws_config.read(path)
    if tool is Tool.SSO:
        whose, wanted = _of_identity_center(
            path, before, start_url, sso_region, prefix, begin=not (check or show)
        )
        whom = "you"
    else:
        whom, whose, wanted = _of_security_account(aws, exported, user, tool, device, prefix)
    if show:
        print(aws_config.rendered(whose, wanted), end="")
        return
    after = aws_config.merged(path, before, whose, wanted)
    if check:
        _compare(path, before, after)
        return
    _write(path, before, after)
    _tell(path, wanted, tool, whom, changed=before != after)


def _export(aws: Connection, export: Path) -> None:
    from cli.output import say
    from cli.people.entries import gathered
    from cli.people.files import replace

    known = gathered(aws, None)
    replace(export, f"{known.model_dump_json(by_alias=True, exclude_defaults=True, indent=2)}\n".encode())
    say(
        f"{export}: {len(known.users)} users, {len(known.groups)} groups. It holds names and account ids, no secret."
    )
    say(f"Each user: groundwork profiles --from {export.name}")


def _of_security_account(
    aws: Connection, exported: Path | None, user: str | None, tool: Tool, device: str | None, prefix: str
) -> tuple[str, str, Sections]:
    """The user, their ARN, and their sections."""
    from cli.people.entries import caller_among, gathered
    from cli.people.profiles import sections
    from cli.trouble import Trouble

    known = gathered(aws, exported)
    themselves = user is None
    if user is None and (user := caller_among(aws, known)) is None:
        raise Trouble(
            f"These credentials are no user of the security account {known.security_account_id}: {aws.caller['Arn']}.",
            "Say whose profiles are meant: --user NAME; people of IAM Identity Center take --for sso.",
        )
    arn = known.arn(user)
    serial = _device(aws, known, user, device, look=themselves and tool.takes_keys)
    made = sections(
        known, user, tool, device=serial, prefix=prefix, endpoint=aws.endpoint if GIVEN.local else None
    )
    return user, arn, made


def _device(aws: Connection, known: People, user: str, device: str | None, *, look: bool) -> str:
    """The serial number of the virtual MFA device: of the one named, else of one that the user has, else of the one that
    they are to register, which is named like them."""
    from botocore.exceptions import ClientError

    from cli.trouble import DENIED

    if device is None and look:
        try:
            found = aws.client("iam").list_mfa_devices(UserName=user)["MFADevices"]
        except ClientError as error:
            if error.response["Error"]["Code"] not in DENIED:
                raise
            found = []
        virtual = [str(each["SerialNumber"]) for each in found if ":mfa/" in each["SerialNumber"]]
        if virtual:
            return next((each for each in virtual if each.endswith(f"/{user}")), virtual[0])
    return f"arn:{known.partition}:iam::{known.security_account_id}:mfa/{device or user}"


def _of_identity_center(
    path: Path, text: str, start_url: str | None, region: str | None, prefix: str, *, begin: bool
) -> tuple[str, Sections]:
    """Whose, and the sections. Where nobody has signed in, the section by which they do is written first, to `begin`."""
    from cli.people import aws_config, identity_center
    from cli.trouble import NOT_PERMITTED, Trouble

    name = f"{prefix}groundwork"
    there: Mapping[str, str] = aws_config.section(path, text, f"sso-session {name}")
    url, region = start_url or there.get("sso_start_url"), region or there.get("sso_region")
    if not url or not region:
        raise Trouble(
            "The first time, --for sso needs to know where IAM Identity Center is.",
            "Give --start-url https://....awsapps.com/start and --sso-region REGION.",
        )
    session = identity_center.session(url, region, name)
    try:
        return url, {**session, **identity_center.profiles(url, region, name, prefix)}
    except Trouble as signed_out:
        if begin and signed_out.code == NOT_PERMITTED and not there:
            _write(path, text, aws_config.merged(path, text, url, session))
        raise


def _compare(path: Path, before: str, after: str) -> None:
    from difflib import unified_diff

    from cli.output import as_json, say
    from cli.trouble import DIFFERENCES

    if GIVEN.as_json:
        as_json({"file": str(path), "differs": before != after})
    if before == after:
        say(f"{path} has these profiles.")
        return
    was, wanted = before.splitlines(), after.splitlines()
    if not GIVEN.as_json:
        print("\n".join(unified_diff(was, wanted, str(path), "as declared", n=0, lineterm="")))
    raise typer.Exit(DIFFERENCES)


def _write(path: Path, before: str, after: str) -> None:
    from cli.output import aside
    from cli.people import aws_config
    from cli.people.files import replace

    if before == after:
        return
    kept = replace(path, aws_config.written(after), backup=BACKUP)
    if kept:
        aside().print(f"What was there before: {kept}")


def _tell(path: Path, wanted: Sections, tool: Tool, whom: str, *, changed: bool) -> None:
    from cli.output import as_json, say, table

    if GIVEN.as_json:
        as_json({"file": str(path), "changed": changed, "sections": wanted})
        return
    rows = [
        (name.removeprefix("profile "), _where(keys))
        for name, keys in wanted.items()
        if "role_arn" in keys or "sso_role_name" in keys
    ]
    say(f"{path}: {'written' if changed else 'nothing to change'}")
    if not rows:
        say(f"No account that is there opens for {whom} yet: repeat this when one is.")
        return
    say(table(("PROFILE", "ENTERS"), rows))
    base = next(iter(wanted)).removeprefix("profile ").removeprefix("sso-session ")
    profile = rows[0][0]
    say(
        {
            Tool.LOGIN: f"\nSign in, with MFA: aws login --profile {base}\nThen: aws sts get-caller-identity --profile {profile}",
            Tool.AWSUME: f"\nThe access key belongs into ~/.aws/credentials: aws configure --profile {base}\nThen: awsume {profile}",
            Tool.AWS_VAULT: f"\nThe access key belongs into the vault: aws-vault add {base}\n"
            f"Then: aws-vault exec {profile} -- aws sts get-caller-identity",
            Tool.SSO: f"\nSign in: aws sso login --sso-session {base}\nThen: aws sts get-caller-identity --profile {profile}",
        }[tool]
    )


def _where(keys: Mapping[str, str]) -> str:
    if "role_arn" not in keys:
        return f"{keys['sso_role_name']} of {keys['sso_account_id']}"
    account, role = keys["role_arn"].split(":", 5)[4:]
    return f"{role.rpartition('/')[2]} of {account}"
