"""Where the log archive is: its names, and its key as other accounts find it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from groundwork.baseline.component import Permission, Target, known_later
from groundwork.declaration import Declaration
from groundwork.declaration.stacks.templates import Template
from groundwork.errors import SecurityAccountMissing, SecurityAccountNotReady

FIND_KEY = Permission(
    ["kms:DescribeKey"], ["arn:{partition}:kms:*:*:key/*", "arn:{partition}:kms:*:*:alias/*"]
)
"""What `key_arn` needs. IAM asks about the key; about the alias where it leads to none."""

WRITER = "groundwork-log-archive"
"""The role of the security account that alone changes the archive."""

LOG_ARCHIVE = "the log archive in the security account"
"""What a planned call waits for while the key is not known."""

NOT_THERE_YET = ("NotFoundException", "AccessDeniedException")


@dataclass(frozen=True)
class Archive:
    """The names of the log archive, which follow from the declaration and the security account's id alone."""

    trail_bucket: str
    config_bucket: str
    access_logs_bucket: str
    templates_bucket: str | None
    """None where no declared stack has a template that CloudFormation reads from a bucket."""
    key_alias: str
    key_alias_arn: str


def archive(target: Target) -> Archive:
    """Raises `SecurityAccountMissing` while there is no account to hold it, unless the target foresees one."""
    security = _security_account(target)
    if security is None:
        # The management account comes first of all: it never waits for the archive.
        if not target.foresees or target.account.kind == "management":
            raise _nobody_asked(target)
        security = known_later("security")
    names, home = target.declaration.log_archive, target.declaration.regions.home

    def filled(name: str) -> str:
        return name.replace("<security>", security)

    return Archive(
        trail_bucket=filled(names.trail_bucket),
        config_bucket=filled(names.config_bucket),
        access_logs_bucket=filled(names.access_logs_bucket),
        templates_bucket=templates_bucket(target.declaration, security),
        key_alias=names.key_alias,
        key_alias_arn=f"arn:{target.organization.partition}:kms:{home}:{security}:{names.key_alias}",
    )


def templates_bucket(declaration: Declaration, security: str) -> str | None:
    """The bucket that large templates are in, given the security account's id."""
    name = declaration.log_archive.templates_bucket.replace("<security>", security)
    return name if declaration.large_templates else None


def template_url(target: Target, template: Template) -> str:
    """Where CloudFormation reads a large template, in the form that S3 answers without a redirect to any Region.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
    """
    suffix = "amazonaws.com.cn" if target.organization.partition == "aws-cn" else "amazonaws.com"
    home = target.declaration.regions.home
    return f"https://{archive(target).templates_bucket}.s3.{home}.{suffix}/{template.key}"


def has_template(target: Target, template: Template) -> bool:
    """Whether the object is there, whole and as it is declared. S3 denies whoever may not list a bucket what is not in it.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    """
    s3 = target.client("s3", target.declaration.regions.home)
    try:
        there = s3.head_object(
            Bucket=archive(target).templates_bucket, Key=template.key, ChecksumMode="ENABLED"
        )
    except ClientError as missing:
        if missing.response["Error"]["Code"] not in ("403", "404"):
            raise
        return False
    return bool(there.get("ChecksumSHA256") == template.checksum)


def key_arn(target: Target) -> str:
    """The ARN of the archive's key, asked of the key itself by its alias, once; works from every account it admits.

    Raises `SecurityAccountMissing`, and `SecurityAccountNotReady`, with AWS's answer, while it does not say: then
    there is `foreseen_key_arn`.
    https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html
    """
    if _security_account(target) is None:
        raise _nobody_asked(target)
    alias = archive(target).key_alias_arn
    kms = target.client("kms", target.declaration.regions.home)

    def ask() -> str:
        arn: str = kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"]
        return arn

    try:
        return target.once(alias, ask)
    except ClientError as unknown:
        if unknown.response["Error"]["Code"] not in NOT_THERE_YET:
            raise
        answer = unknown.response["Error"]["Message"]
        raise SecurityAccountNotReady(f"The log archive's key {alias} cannot be found: {answer}") from unknown


def foreseen_key_arn(target: Target) -> str:
    """As far as it is known in a plan: an alias leads to a key of its own account and Region."""
    alias = archive(target).key_alias
    return archive(target).key_alias_arn.removesuffix(alias) + f"key/{known_later(f'id behind {alias}')}"


def is_known(text: str) -> bool:
    """Whether nothing in it is `known_later`."""
    return "<" not in text


def may_be(found: Any, wanted: Any) -> bool:
    """Whether `found` is what is wanted, as far as that is known: a plan tells no difference that may be none."""
    if not isinstance(wanted, str) or is_known(wanted):
        return bool(found == wanted)
    known = map(re.escape, re.split("<[^>]*>", wanted))
    return re.fullmatch("[^/:]+".join(known), found or "") is not None


def _security_account(target: Target) -> str | None:
    if target.account.kind == "security":
        return target.account.id
    return target.organization.security_account_id


def _nobody_asked(target: Target) -> SecurityAccountMissing:
    declared = target.declaration.security
    return SecurityAccountMissing(
        f"No security account exists: nobody asked for {declared.name!r} <{declared.email}> yet."
    )
