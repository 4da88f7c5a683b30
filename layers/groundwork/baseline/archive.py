"""Where the log archive is: its names, and its key as other accounts find it."""

from __future__ import annotations

from dataclasses import dataclass

from botocore.exceptions import ClientError

from groundwork.baseline.component import Permission, Target, known_later
from groundwork.errors import SecurityAccountMissing, SecurityAccountNotReady

FIND_KEY = Permission(
    ["kms:DescribeKey"], ["arn:{partition}:kms:*:*:key/*", "arn:{partition}:kms:*:*:alias/*"]
)
"""What `key_arn` needs. IAM asks about the key; about the alias where it leads to none."""

NOT_THERE_YET = ("NotFoundException", "AccessDeniedException")


@dataclass(frozen=True)
class Archive:
    """The names of the log archive, which follow from the declaration and the security account's id alone."""

    trail_bucket: str
    config_bucket: str
    access_logs_bucket: str
    key_alias: str
    key_alias_arn: str


def archive(target: Target) -> Archive:
    """Raises `SecurityAccountMissing` while there is no account to hold it, unless the target foresees one."""
    security = (
        target.account.id if target.account.kind == "security" else target.organization.security_account_id
    )
    if security is None and _foresees(target):
        security = known_later("security")
    if security is None:
        declared = target.declaration.security
        raise SecurityAccountMissing(
            f"No security account exists: nobody asked for {declared.name!r} <{declared.email}> yet."
        )
    names, home = target.declaration.log_archive, target.declaration.regions.home

    def filled(name: str) -> str:
        return name.replace("<security>", security)

    return Archive(
        trail_bucket=filled(names.trail_bucket),
        config_bucket=filled(names.config_bucket),
        access_logs_bucket=filled(names.access_logs_bucket),
        key_alias=names.key_alias,
        key_alias_arn=f"arn:{target.organization.partition}:kms:{home}:{security}:{names.key_alias}",
    )


def key_arn(target: Target) -> str:
    """The ARN of the archive's key, asked of the key itself by its alias; works from every account it admits.

    Raises `SecurityAccountNotReady`, with AWS's answer, while it does not say; a target that foresees it gets what
    `is_known` tells apart.
    https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html
    """
    alias = archive(target).key_alias_arn
    if _foresees(target) and not is_known(alias):
        return known_later(f"ARN of key {archive(target).key_alias}")
    try:
        found = target.client("kms", target.declaration.regions.home).describe_key(KeyId=alias)
    except ClientError as unknown:
        if unknown.response["Error"]["Code"] not in NOT_THERE_YET:
            raise
        if _foresees(target):
            return known_later(f"ARN of key {alias}")
        answer = unknown.response["Error"]["Message"]
        raise SecurityAccountNotReady(f"The log archive's key {alias} cannot be found: {answer}") from unknown
    arn: str = found["KeyMetadata"]["Arn"]
    return arn


def is_known(text: str) -> bool:
    """Whether nothing in it is `known_later`."""
    return "<" not in text


def _foresees(target: Target) -> bool:
    """The management account comes first of all: it never waits for the archive."""
    return target.foresees and target.account.kind != "management"
