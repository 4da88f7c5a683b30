"""The policies of the log archive: who may deliver logs into it, and how they are encrypted.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
https://docs.aws.amazon.com/config/latest/developerguide/s3-bucket-policy.html
https://docs.aws.amazon.com/config/latest/developerguide/s3-kms-key-policy.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from typing import Any

from groundwork.baseline.archive import archive
from groundwork.baseline.buckets import tls_only
from groundwork.baseline.central_policies import minified
from groundwork.baseline.component import Target
from groundwork.baseline.documents.meaning import listed
from groundwork.declaration.policy_files import Document, statements
from groundwork.errors import InvalidDeclaration

CLOUDTRAIL = "cloudtrail.amazonaws.com"
CONFIG = "config.amazonaws.com"
S3_LOGGING = "logging.s3.amazonaws.com"

LONGEST_OF_BUCKET, LONGEST_OF_KEY = 20_480, 32_768
"""In bytes. Neither quota can be raised.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
"""

USE = ["kms:Decrypt", "kms:GenerateDataKey*"]
ARN_OF_TRAIL = re.compile(r"arn:[\w-]+:cloudtrail:\*:(?:\*|\d{12}):trail/([A-Za-z0-9._-]+)")
"""As these policies have it, of one name: a pattern is nobody's."""

Statement = dict[str, Any]
Condition = dict[str, dict[str, Any]]

OWNED_BY_THE_BUCKET: Condition = {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}


def trail_bucket(target: Target, former: Collection[str] = ()) -> Document:
    """`former` are names of trails that may deliver besides the declared one."""
    bucket = archive(target).trail_bucket
    return _document(
        tls_only(_bucket(target, bucket)),
        _allow("CloudTrailChecksTheBucket", CLOUDTRAIL, "s3:GetBucketAcl", _bucket(target, bucket)),
        _allow(
            "CloudTrailDelivers",
            CLOUDTRAIL,
            "s3:PutObject",
            [
                _bucket(target, f"{bucket}/AWSLogs/{path}/*")
                for path in _paths(target, also=[target.organization.id])
            ],
            _both(OWNED_BY_THE_BUCKET, _of_admitted_trails(target, former)),
        ),
    )


def config_bucket(target: Target) -> Document:
    bucket = archive(target).config_bucket
    return _document(
        tls_only(_bucket(target, bucket)),
        _allow(
            "ConfigChecksTheBucket", CONFIG, ["s3:GetBucketAcl", "s3:ListBucket"], _bucket(target, bucket)
        ),
        _allow(
            "ConfigDelivers",
            CONFIG,
            "s3:PutObject",
            [_bucket(target, f"{bucket}/AWSLogs/{path}/Config/*") for path in _paths(target)],
            _both(OWNED_BY_THE_BUCKET, _of_admitted_accounts(target)),
        ),
    )


def access_logs_bucket(target: Target) -> Document:
    names = archive(target)
    return _document(
        tls_only(_bucket(target, names.access_logs_bucket)),
        _allow(
            "S3DeliversAccessLogs",
            S3_LOGGING,
            "s3:PutObject",
            _bucket(target, f"{names.access_logs_bucket}/*"),
            {
                "ArnLike": {
                    "aws:SourceArn": [
                        _bucket(target, bucket)
                        for bucket in (names.trail_bucket, names.config_bucket, names.templates_bucket)
                        if bucket
                    ]
                },
                "StringEquals": {"aws:SourceAccount": target.account.id},
            },
        ),
    )


def templates_bucket(target: Target) -> Document:
    """CloudFormation reads a template as whoever makes the stack, who is an entry role; what a stack's template says may be
    nobody else's business."""
    bucket = str(archive(target).templates_bucket)
    roles = [target.role_arn(name, "*") for name in target.declaration.entry_role_names]
    return _document(
        tls_only(_bucket(target, bucket)),
        {
            "Sid": READ_TEMPLATES,
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "s3:GetObject",
            "Resource": _bucket(target, f"{bucket}/*"),
            "Condition": {
                "StringEquals": {"aws:PrincipalOrgID": target.organization.id},
                "ArnLike": {"aws:PrincipalArn": roles},
            },
        },
    )


DELIVERIES = frozenset({"CloudTrailDelivers", "CloudTrailEncrypts", "ConfigDelivers", "S3DeliversAccessLogs"})
READ_TEMPLATES = "EntryRolesReadTemplates"


def is_of_archive(document: Document | None) -> bool:
    """Whether the policy of a bucket or a key is one of these, of whatever declaration."""
    return any(each.get("Sid") in DELIVERIES for each in statements(document or {}))


def is_of_templates(document: Document | None) -> bool:
    return any(each.get("Sid") == READ_TEMPLATES for each in statements(document or {}))


def key(target: Target, former: Collection[str] = ()) -> Document:
    """Administered and read by IAM of the security account; written to by the two services, for admitted accounts. `former`
    are names of trails that may deliver besides the declared one.

    The encryption context alone would admit every customer of AWS, so the source is demanded besides. AWS documents
    for keys the source's ARN and account, not its organization, which is documented for buckets: each has a statement
    for the accounts that are known. And neither says what comes along where S3 asks for a bucket key: the third way
    is S3's, for what the buckets' own policies let in. Any one of the three is enough.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
    """
    partition, names = target.organization.partition, archive(target)
    arns = _trails_in(target, ["*"], former)
    any_trail: Condition = {"StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": arns}}
    trails, accounts = _of_admitted_trails(target, former), _of_admitted_accounts(target)
    by_s3 = partial(_by_s3, target)
    return _document(
        {
            "Sid": "AdministeredByIAM",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{partition}:iam::{target.account.id}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        _allow("CloudTrailEncrypts", CLOUDTRAIL, "kms:GenerateDataKey*", "*", _both(any_trail, trails)),
        _allow(
            "CloudTrailEncryptsForKnownAccounts",
            CLOUDTRAIL,
            "kms:GenerateDataKey*",
            "*",
            _both(any_trail, _of_trails(_trails_in(target, _known(target), former))),
        ),
        _allow("CloudTrailUsesBucketKeys", CLOUDTRAIL, "kms:Decrypt", "*", trails),
        _allow("CloudTrailEncryptsByS3", CLOUDTRAIL, USE, "*", by_s3(names.trail_bucket)),
        _allow("CloudTrailFindsTheKey", CLOUDTRAIL, "kms:DescribeKey", "*"),
        _allow("ConfigEncrypts", CONFIG, USE, "*", accounts),
        _allow(
            "ConfigEncryptsForKnownAccounts",
            CONFIG,
            USE,
            "*",
            {"StringEquals": {"aws:SourceAccount": _known(target)}},
        ),
        _allow("ConfigEncryptsByS3", CONFIG, USE, "*", by_s3(names.config_bucket)),
        {
            "Sid": "TheOrganizationFindsTheKey",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "kms:DescribeKey",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": target.organization.id}},
        },
    )


def of_admitted(target: Target) -> Sequence[Document]:
    """Those that grow with `logArchive.admit`. Raises `InvalidDeclaration` when one is longer than AWS takes."""
    documents = {
        "the trail bucket's policy": (trail_bucket(target), LONGEST_OF_BUCKET, "S3"),
        "the config bucket's policy": (config_bucket(target), LONGEST_OF_BUCKET, "S3"),
        "the key's policy": (key(target), LONGEST_OF_KEY, "KMS"),
    }
    admit = target.declaration.log_archive.admit
    for words, (document, longest, service) in documents.items():
        length = len(minified(document))
        if admit != "organization" and length > longest:
            raise InvalidDeclaration(
                f"baseline.yaml: logArchive.admit: lists {len(admit)} accounts, with which {words} has {length:,} bytes; {service} "
                f"takes {longest:,}: declare admit: organization."
            )
    return [document for document, _, _ in documents.values()]


# -- who is admitted ---------------------------------------------------------------------------------


def _listed(target: Target) -> list[str] | None:
    """The accounts that may deliver, or None for the whole organization.

    The security and the management account always may: their trails go here whatever is listed.
    """
    admit = target.declaration.log_archive.admit
    if admit == "organization":
        return None
    return sorted({*admit, target.account.id, target.organization.management_account_id})


def _paths(target: Target, also: list[str] | None = None) -> list[str]:
    """The folders of AWSLogs/ that may be written: all of them where the condition tells who writes."""
    listed = _listed(target)
    return ["*"] if listed is None else [*listed, *(also or [])]


def _of_admitted_accounts(target: Target) -> Condition:
    listed = _listed(target)
    if listed is None:
        return {"StringEquals": {"aws:SourceOrgID": target.organization.id}}
    return {"StringEquals": {"aws:SourceAccount": listed}}


def _known(target: Target) -> list[str]:
    """The accounts that are known by their ids: those that are listed, and the two whose trails come first."""
    organization = target.organization
    return _listed(target) or sorted({target.account.id, organization.management_account_id})


def _of_admitted_trails(target: Target, former: Collection[str]) -> Condition:
    """Of known names: whoever administers an account could fill the archive with more of them."""
    listed = _listed(target)
    if listed is None:
        return _both(_of_admitted_accounts(target), _of_trails(_trails_in(target, ["*"], former)))
    return _of_trails(_trails_in(target, listed, former))


def _trails_in(target: Target, accounts: Iterable[str], former: Collection[str]) -> list[str]:
    partition, names = target.organization.partition, [target.declaration.trail.name, *former]
    return [f"arn:{partition}:cloudtrail:*:{account}:trail/{name}" for account in accounts for name in names]


def _of_trails(arns: list[str]) -> Condition:
    return {"ArnLike": {"aws:SourceArn": arns}}


def names_of_trails(document: Document | None) -> set[str]:
    """The names of trails that the policy of a bucket or a key, one of these, lets deliver."""
    conditions = (
        each.get("Condition") or {}
        for each in statements(document or {})
        if each.get("Sid") in ("CloudTrailDelivers", "CloudTrailEncrypts")
    )
    arns = (
        arn for condition in conditions for arn in listed(condition.get("ArnLike", {}).get("aws:SourceArn"))
    )
    return {found[1] for arn in arns if (found := ARN_OF_TRAIL.fullmatch(arn))}


def _by_s3(target: Target, bucket: str) -> Condition:
    """A call of S3 for an object of the bucket, or for its bucket key."""
    endpoint = f"s3.{target.declaration.regions.home}.amazonaws.com"
    objects = [_bucket(target, bucket), _bucket(target, f"{bucket}/*")]
    return {
        "StringEquals": {"kms:ViaService": endpoint},
        "StringLike": {"kms:EncryptionContext:aws:s3:arn": objects},
    }


# -- statements --------------------------------------------------------------------------------------


def _document(*statements: Statement) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(
    sid: str,
    service: str,
    action: str | list[str],
    resource: str | list[str],
    condition: Condition | None = None,
) -> Statement:
    statement: Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": action,
        "Resource": resource,
    }
    return statement | ({"Condition": condition} if condition else {})


def _bucket(target: Target, path: str) -> str:
    return f"arn:{target.organization.partition}:s3:::{path}"


def _both(left: Condition, right: Condition) -> Condition:
    return {operator: {**left.get(operator, {}), **right.get(operator, {})} for operator in (*left, *right)}
