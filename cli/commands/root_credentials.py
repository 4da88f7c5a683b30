"""`groundwork root-credentials`"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from cli.given import GIVEN

if TYPE_CHECKING:
    from cli.connection import Connection

LOOK, REMOVE = "IAMAuditRootUserCredentials", "IAMDeleteRootUserCredentials"
SECONDS = 900
"""The longest that AWS opens such a session for."""


class Credential(NamedTuple):
    """In words, and the call that takes it away."""

    words: str
    operation: str
    parameters: dict[str, str]


def root_credentials(
    account: Annotated[str, typer.Argument(help="Id, name or e-mail of an account.", show_default=False)],
    remove: Annotated[bool, typer.Option("--remove", help="Ask, and take all of it away.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --remove: do it without a question.")] = False,
) -> None:
    """What a member account's root user can sign in with; with --remove, take it away.

    Needs sts:AssumeRoot in the management account, or in the delegated administrator of IAM; groundwork-operator does not have it. Ends
    with 2 where the root user has credentials. Nothing but that one task can be done in its sessions, which last 15 minutes.

    Example: groundwork root-credentials legacy --remove
    """
    from cli.connection import Connection
    from cli.output import as_json, aside, say
    from cli.selection import selected
    from cli.trouble import DIFFERENCES, Trouble

    if remove and not yes and (GIVEN.as_json or not aside().is_terminal):
        raise Trouble("There is no terminal to ask on.", "Give --yes; without --remove it only looks.")
    aws = Connection()
    (entry,) = selected(aws, [account], every=False)
    if entry.kind == "management":
        raise Trouble(
            f"{entry.name} is the management account.",
            "Its root user keeps its password, and nobody but that user changes its credentials.",
        )
    found = list(_credentials(_root_of(aws, entry.account_id, LOOK)))
    told = {"accountId": entry.account_id, "credentials": [each.words for each in found]}
    if GIVEN.as_json and not (found and remove):
        as_json({**told, "removed": False})
    if not found:
        say(f"The root user of {entry.name} has no credentials.")
        return
    say(f"The root user of {entry.name} has:")
    for each in found:
        say(f"  {each.words}")
    if not remove:
        raise typer.Exit(DIFFERENCES)
    if not yes and not typer.confirm(f"Take all of it away from the root user of {entry.name}?", err=True):
        say("Nothing was changed.")
        return
    root = _root_of(aws, entry.account_id, REMOVE)
    for each in found:
        getattr(root, each.operation)(**each.parameters)
    if left := [each.words for each in _credentials(_root_of(aws, entry.account_id, LOOK))]:
        raise Trouble(f"The root user of {entry.name} still has {', '.join(left)}.", "Repeat the command.")
    if GIVEN.as_json:
        as_json({**told, "removed": True})
    say(f"The root user of {entry.name} has no credentials any more.")


def _root_of(aws: Connection, account_id: str, task: str) -> Any:
    """IAM as the root user of the account, for one task. Raises `Trouble`.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html
    """
    from botocore.exceptions import ClientError

    from cli.trouble import DENIED, NOT_PERMITTED, Trouble

    policy = {"arn": f"arn:{aws.partition}:iam::aws:policy/root-task/{task}"}
    try:
        answer = aws.client("sts").assume_root(
            TargetPrincipal=account_id, TaskPolicyArn=policy, DurationSeconds=SECONDS
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in DENIED:
            raise
        raise Trouble(
            f"AssumeRoot is not permitted: {error.response['Error']['Message'].rstrip('.')}.",
            "Use an administrator of the management account, no root user; root sessions are on once that account has its baseline.",
            NOT_PERMITTED,
        ) from None
    return aws.client_with(answer["Credentials"], "iam")


def _credentials(root: Any) -> Iterator[Credential]:
    """In the order in which they go: while there is a password, there is MFA."""
    with _none(root):
        root.get_login_profile()
        yield Credential("a password", "delete_login_profile", {})
    for key in root.list_access_keys()["AccessKeyMetadata"]:
        name = key["AccessKeyId"]
        yield Credential(f"access key {name} ({key['Status']})", "delete_access_key", {"AccessKeyId": name})
    for certificate in root.list_signing_certificates()["Certificates"]:
        name = certificate["CertificateId"]
        yield Credential(f"signing certificate {name}", "delete_signing_certificate", {"CertificateId": name})
    for device in root.list_mfa_devices()["MFADevices"]:
        name = device["SerialNumber"]
        yield Credential(f"MFA device {name}", "deactivate_mfa_device", {"SerialNumber": name})


@contextmanager
def _none(root: Any) -> Iterator[None]:
    try:
        yield
    except root.exceptions.NoSuchEntityException:
        return
