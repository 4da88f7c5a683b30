"""cdk: what apps of the AWS CDK are deployed by, in place of `cdk bootstrap`, and narrower.

In each governed Region a bucket for files, four roles, and the parameter that tells the CDK which version of its bootstrap
is there. Where a stack of `cdk bootstrap`, whatever it is called, holds these names already, the Region is left alone and told.
https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from groundwork.baseline import buckets
from groundwork.baseline.buckets import (
    ABORT_UPLOADS_AFTER_DAYS,
    BLOCKED,
    BY_S3,
    ENCRYPTION,
    KEEP_DELETED_DAYS,
    LIFECYCLE,
    OWNED_BY_THE_BUCKET,
    OWNERSHIP,
    POLICY,
    PUBLIC_ACCESS,
    VERSIONING,
)
from groundwork.baseline.component import Action, Call, Component, Permission, Target, needing
from groundwork.baseline.components.access import difference, state
from groundwork.baseline.components.access.documents import NotYetKnown
from groundwork.baseline.components.access.state import RoleState
from groundwork.baseline.regions import FIND_REGIONS, governed, skipped
from groundwork.side_by_side import side_by_side

from . import roles, toolkits
from .names import PUBLISH, Names, names
from .toolkits import Toolkit

VERSION = "21"
"""Of the CDK's own template: the last before 22, from which on its roles take session tags, as these do not. Apps ask for
6, and for 8 to look something up."""
SETTINGS = (
    PUBLIC_ACCESS,
    OWNERSHIP,
    replace(VERSIONING, severity=lambda *_: "medium"),
    ENCRYPTION,
    replace(LIFECYCLE, severity=lambda *_: "low"),
    POLICY,
)
NEW_BUCKET: Mapping[str, Any] = buckets.new_bucket(SETTINGS)

_IAM = "arn:{partition}:iam::{account}:role/cdk-*"
_BUCKET = "arn:{partition}:s3:::cdk-*"
_PARAMETER = "arn:{partition}:ssm:*:{account}:parameter/cdk-bootstrap/*"


@dataclass(frozen=True)
class Region:
    """`bucket` has its settings by the name of the operation that writes them, `version` the parameter's value; None of
    what is not there. `toolkits` are the stacks of `cdk bootstrap`."""

    bucket: Mapping[str, Any] | None
    version: str | None
    toolkits: tuple[Toolkit, ...]


@dataclass(frozen=True)
class Found:
    roles: Mapping[str, RoleState]
    regions: Mapping[str, Region]
    off: tuple[str, ...] = ()


class Cdk(Component[Found]):
    name = "cdk"
    kinds = ("workload",)
    reads = (
        Permission(["iam:GetAccountAuthorizationDetails", "iam:ListRoles", "s3:ListAllMyBuckets"]),
        Permission(
            [
                "s3:GetBucketOwnershipControls",
                "s3:GetBucketPolicy",
                "s3:GetBucketPublicAccessBlock",
                "s3:GetBucketVersioning",
                "s3:GetEncryptionConfiguration",
                "s3:GetLifecycleConfiguration",
            ],
            [_BUCKET],
        ),
        Permission(["ssm:GetParameter"], [_PARAMETER]),
        toolkits.FIND,
        FIND_REGIONS,
    )
    writes = (
        Permission(
            [
                "iam:CreateRole",
                "iam:DeleteRolePermissionsBoundary",
                "iam:DeleteRolePolicy",
                "iam:DetachRolePolicy",
                "iam:PutRolePolicy",
                "iam:TagRole",
                "iam:UntagRole",
                "iam:UpdateAssumeRolePolicy",
                "iam:UpdateRole",
            ],
            [_IAM],
        ),
        Permission(
            [
                "s3:CreateBucket",
                "s3:PutBucketOwnershipControls",
                "s3:PutBucketPolicy",
                "s3:PutBucketPublicAccessBlock",
                "s3:PutBucketVersioning",
                "s3:PutEncryptionConfiguration",
                "s3:PutLifecycleConfiguration",
            ],
            [_BUCKET],
        ),
        Permission(["ssm:PutParameter"], [_PARAMETER]),
    )

    # -- read ----------------------------------------------------------------------------------------

    def read(self, target: Target) -> Found:
        on, off = governed(target)
        all_names = [name for region in on for name in names(target, region).roles]
        owned, found = side_by_side(
            lambda: buckets.owned(target.client("s3", target.declaration.regions.home)),
            lambda: state.read(target.client("iam"), ["Role"], all_names).roles,
        )
        foreign = {name for name, role in found.items() if not roles.OURS.items() <= role.tags.items()}
        regions = side_by_side(
            *(partial(_read_region, target, names(target, each), owned, foreign) for each in on)
        )
        return Found(found, dict(zip(on, regions, strict=True)), off)

    # -- diff ----------------------------------------------------------------------------------------

    def diff(self, found: Found, target: Target) -> Iterable[Call]:
        """The parameter comes last: it promises all the rest. Raises `InvalidDeclaration` when a policy is longer than
        IAM takes."""
        declared = set()
        for region, there in found.regions.items():
            its = names(target, region)
            declared |= set(its.roles)
            for toolkit in there.toolkits:
                yield toolkits.told(its, toolkit, found.roles)
            if any(toolkit.holds_any(its) for toolkit in there.toolkits):
                continue
            try:
                wanted = roles.wanted(target, region)
            except NotYetKnown as unknown:
                later = f"left out for now: {unknown}; it is laid down once that is there"
                yield Call("iam", "CreateRole", {}, f"CDK in {region}", "report", later)
                continue
            resources = {f"bucket {its.bucket}", *(f"role/{role.name}" for role in wanted)}
            yield from needing((), _bucket(its, there.bucket))
            for role in wanted:
                yield from needing((), difference.role(found.roles.get(role.name), role))
            yield from needing(resources, _parameter(its, there.version))
        yield from _left_over(found.roles, declared)
        yield from skipped("s3", found.off)

    def left(self, target: Target) -> Iterable[Call]:
        """Stacks are deployed by what is there, whatever `prune` says: it stays, and is told until it is gone."""
        found = self.read(target)
        yield from _left_over(found.roles, set())
        for region, there in found.regions.items():
            its = names(target, region)
            if not any(toolkit.holds_any(its) for toolkit in there.toolkits):
                yield from _kept(its, there)


# -- reading -------------------------------------------------------------------------------------------


def _read_region(target: Target, its: Names, owned: Collection[str], foreign: set[str]) -> Region:
    """`foreign` are the names of the roles that are not marked as ours."""
    s3, ssm = target.client("s3", its.region), target.client("ssm", its.region)
    cloudformation = target.client("cloudformation", its.region)
    there = [its.bucket] if its.bucket in owned else []
    settings, version, stacks = side_by_side(
        lambda: buckets.read(s3, there, SETTINGS),
        lambda: _version(ssm, its.parameter),
        lambda: toolkits.read(cloudformation, [name for name in its.roles if name in foreign]),
    )
    return Region(settings.get(its.bucket), version, stacks)


def _version(ssm: Any, parameter: str) -> str | None:
    try:
        value: str = ssm.get_parameter(Name=parameter)["Parameter"]["Value"]
    except ClientError as missing:
        if missing.response["Error"]["Code"] != "ParameterNotFound":
            raise
        return None
    return value


# -- differences ---------------------------------------------------------------------------------------


def _bucket(its: Names, found: Mapping[str, Any] | None) -> Iterator[Call]:
    if found is None:
        yield Call(
            *(
                "s3",
                "CreateBucket",
                buckets.creation(its.bucket, its.region),
                f"bucket {its.bucket}",
                "create",
            ),
            reason="does not exist: the CDK has nowhere to upload files to",
            region=its.region,
        )
    rule = {
        "ID": "groundwork",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": KEEP_DELETED_DAYS},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABORT_UPLOADS_AFTER_DAYS},
    }
    wanted = {
        "PutPublicAccessBlock": BLOCKED,
        "PutBucketOwnershipControls": OWNED_BY_THE_BUCKET,
        "PutBucketVersioning": {"Status": "Enabled"},
        "PutBucketEncryption": BY_S3,
        "PutBucketLifecycleConfiguration": {"Rules": [rule]},
        "PutBucketPolicy": {
            "Version": "2012-10-17",
            "Statement": [buckets.tls_only(its.bucket_arn), _only_the_publisher_writes(its)],
        },
    }
    yield from buckets.setting_calls(its.bucket, found or NEW_BUCKET, wanted, SETTINGS, its.region)


def _only_the_publisher_writes(its: Names) -> dict[str, Any]:
    """Whoever could write decides what is deployed. The bucket's policy holds for access points, too.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html
    """
    return {
        "Sid": "OnlyThePublisherWrites",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": ["s3:PutObject*", "s3:Replicate*"],
        "Resource": f"{its.bucket_arn}/*",
        "Condition": {"ArnNotLike": {"aws:PrincipalArn": its.role_arn(PUBLISH)}},
    }


def _parameter(its: Names, found: str | None) -> Iterator[Call]:
    if found == VERSION:
        return
    action: Action = "create" if found is None else "update"
    yield Call(
        "ssm",
        "PutParameter",
        {"Name": its.parameter, "Value": VERSION, "Type": "String", "Overwrite": True},
        f"parameter {its.parameter} in {its.region}",
        action,
        "does not exist: the CDK takes the account for one without bootstrap"
        if found is None
        else f"is {found}; expected {VERSION}",
        its.region,
    )


def _left_over(there: Mapping[str, RoleState], declared: set[str]) -> Iterator[Call]:
    for role in there.values():
        if roles.OURS.items() <= role.tags.items() and role.name not in declared:
            reason = (
                "was laid down by a declaration that had the component, another qualifier or another Region: delete it, with "
                "its bucket and parameter, once no stack has it"
            )
            where, resource = {"RoleName": role.name}, f"role/{role.name}"
            yield Call(
                "iam", "DeleteRole", where, resource, "report", reason, severity="high", taken_out=True
            )


def _kept(its: Names, there: Region) -> Iterator[Call]:
    reason = "was laid down for the CDK, which is not declared for accounts of this kind: delete it once no stack needs it"
    if there.bucket is not None:
        where, resource = {"Bucket": its.bucket}, f"bucket {its.bucket}"
        yield Call("s3", "DeleteBucket", where, resource, "report", reason, its.region, taken_out=True)
    if there.version is not None:
        where, resource = {"Name": its.parameter}, f"parameter {its.parameter} in {its.region}"
        yield Call(
            "ssm", "DeleteParameter", where, resource, "report", reason, its.region, "low", taken_out=True
        )
