"""The organization's instance of IAM Identity Center, looked at from the account that administers it, and which permission sets in
it are Groundwork's: those with its tag. All others, and who is assigned them, are left alone.

An account may have an instance of its own besides, which has no permission sets: the organization's is the one that the
management account owns.

Where a list is empty, IAM Identity Center may leave it out of its answer.

https://docs.aws.amazon.com/singlesignon/latest/userguide/identity-center-instances.html
https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_ListInstances.html
https://github.com/PeterBengtson/AFT-SSO-account-configuration/issues/1
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Literal

from groundwork.baseline import administrators
from groundwork.baseline.component import Call, Permission, Target
from groundwork.declaration.fields import MANAGED_BY
from groundwork.side_by_side import side_by_side

SERVICE = "sso.amazonaws.com"
OURS = {"Key": MANAGED_BY, "Value": "groundwork"}
INSTANCE = "arn:{partition}:sso:::instance/*"
PERMISSION_SET = "arn:{partition}:sso:::permissionSet/*"
_OF_A_KEY = (
    ["arn:{partition}:kms:*:*:key/*"],
    {"StringLike": {"kms:ViaService": ["sso.*.amazonaws.com", "identitystore.*.amazonaws.com"]}},
)
CHANGES = (Permission(["kms:Encrypt", "kms:GenerateDataKeyWithoutPlaintext"], *_OF_A_KEY),)
"""What changing anything needs besides its action, where the instance has a key of the organization's own.

https://docs.aws.amazon.com/singlesignon/latest/userguide/baseline-KMS-key-policy.html
"""
LOOKS = (
    Permission(["organizations:ListDelegatedAdministrators", "sso:ListInstances"]),
    Permission(
        ["sso:DescribePermissionSet", "sso:ListPermissionSets", "sso:ListTagsForResource"],
        [INSTANCE, PERMISSION_SET],
    ),
    Permission(["kms:Decrypt"], *_OF_A_KEY),
)
"""What looking at the instance and its permission sets needs."""
WITHOUT = "Take permission-sets and account-assignments out of the baseline"

_names: dict[str, str] = {}
"""Of permission sets, by ARN: AWS changes none. An organization has hundreds, and answers for one at a time."""


@dataclass(frozen=True)
class Instance:
    """Its permission sets and assignments are looked at and changed in its primary `region`."""

    arn: str
    identity_store: str
    region: str


@dataclass(frozen=True)
class Standing:
    """`administrator` is the account that administers IAM Identity Center for the organization, empty where nobody does or
    says; the instance is looked for where it is the security account."""

    administrator: str = ""
    instance: Instance | None = None


def region(target: Target) -> str:
    return target.declaration.identity_center.region or target.declaration.regions.home


def client(target: Target) -> Any:
    """Of the Region in which the instance is."""
    return target.client("sso-admin", region(target))


def standing(target: Target) -> Standing:
    administrator = next(iter(administrators.registered_if_known(SERVICE, target)), "")
    if administrator != target.organization.security_account_id:
        return Standing(administrator)
    pages = client(target).get_paginator("list_instances").paginate()
    found = next(
        (
            Instance(each["InstanceArn"], each["IdentityStoreId"], region(target))
            for page in pages
            for each in page.get("Instances", [])
            if each["OwnerAccountId"] == target.organization.management_account_id
        ),
        None,
    )
    return Standing(administrator, found)


def hindrance(found: Standing, resource: str, target: Target) -> Iterator[Call]:
    """Why nothing can be done where there is no instance that the security account administers: told, and no failure. Nobody could
    delegate to a security account that is not there yet, and every other account waits for its Ready."""
    security = target.organization.security_account_id
    if found.administrator not in ("", security):
        told = (
            f"account {found.administrator} administers IAM Identity Center for the organization, and all of it is left alone. "
            f"{WITHOUT}, or take that account off by hand (aws organizations deregister-delegated-administrator)"
        )
        yield Call("sso-admin", "", {}, resource, "report", told)
    elif not found.administrator:
        told = (
            "the security account does not administer IAM Identity Center, and Groundwork may not have it do so: whoever does can let "
            "anybody into every account. Enable IAM Identity Center in its console in the management account, and there, by hand: "
            f"aws organizations register-delegated-administrator --account-id {security} --service-principal {SERVICE}"
        )
        yield Call("sso-admin", "", {}, resource, "report", told, severity="high")
    elif found.instance is None:
        told = (
            f"the organization has no instance of IAM Identity Center in {region(target)}, and AWS has no API that enables one: "
            "enable it in its console in the management account, or declare its primary Region as identityCenter.region. "
            f"{WITHOUT}, if there is to be none"
        )
        yield Call("sso-admin", "", {}, resource, "report", told, severity="high")


def permission_sets(instance: Instance, target: Target) -> dict[str, str]:
    """The ARNs of all of them, by name."""
    sso = client(target)
    pages = sso.get_paginator("list_permission_sets").paginate(InstanceArn=instance.arn)
    arns = [arn for page in pages for arn in page.get("PermissionSets", [])]

    def name_of(arn: str) -> None:
        described = sso.describe_permission_set(InstanceArn=instance.arn, PermissionSetArn=arn)
        _names[arn] = described["PermissionSet"]["Name"]

    side_by_side(*(partial(name_of, arn) for arn in arns if arn not in _names))
    return {_names[arn]: arn for arn in arns}


def ours(arns: Iterable[str], instance: Instance, target: Target) -> frozenset[str]:
    """Of these permission sets, those that have our tag."""
    sso, asked = client(target), list(arns)

    def has_tag(arn: str) -> bool:
        pages = sso.get_paginator("list_tags_for_resource").paginate(
            InstanceArn=instance.arn, ResourceArn=arn
        )
        return any(tag == OURS for page in pages for tag in page.get("Tags", []))

    answers = side_by_side(*(partial(has_tag, arn) for arn in asked))
    return frozenset(arn for arn, is_ours in zip(asked, answers, strict=True) if is_ours)


# -- what was asked for --------------------------------------------------------------------------------

Kind = Literal["creation", "deletion", "provisioning"]
MOST_FAILURES = 3
"""Of one thing in an execution. Of many AWS says that one should try again in a few minutes.

https://github.com/aws-samples/aws-identitycenter-codepipeline-auto-assignment/issues/31
"""
AGAIN = "it is asked for again, some time after it failed"


@dataclass(frozen=True)
class Requests:
    """What AWS is at work on, and with why it failed what was asked for since the execution began; each as AWS answers it."""

    in_progress: tuple[Mapping[str, Any], ...] = ()
    failed: tuple[Mapping[str, Any], ...] = ()


def requests(kind: Kind, instance: Instance, target: Target) -> Requests:
    """https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_ListAccountAssignmentCreationStatus.html"""
    sso = client(target)
    since = datetime.fromisoformat(target.started) if target.started else None

    def those(status: str) -> tuple[Mapping[str, Any], ...]:
        list_name, answers, describe = _asked_of(kind, sso)
        pages = sso.get_paginator(list_name).paginate(InstanceArn=instance.arn, Filter={"Status": status})
        listed = [each for page in pages for each in page.get(answers, [])]
        recent = [
            each["RequestId"]
            for each in listed
            if status == "IN_PROGRESS" or (since and each["CreatedDate"] >= since)
        ]
        return side_by_side(*(partial(describe, instance.arn, each) for each in recent))

    return Requests(those("IN_PROGRESS"), those("FAILED"))


def why(failed: Mapping[str, Any]) -> str:
    """It failed, in AWS's words."""
    return str(failed.get("FailureReason", "AWS does not say why")).rstrip(". ")


def once_a_try(call: Call, failed: Iterable[Mapping[str, Any]], target: Target) -> Call:
    """The call, which waits for the next try of the execution where it `failed` in this one."""
    told = next(map(why, failed), "")
    asked = ((each.operation, each.parameters) for each in target.made)
    if call.after or not told or (call.operation, call.parameters) not in asked:
        return call
    return replace(call, reason=f"{call.reason}; it failed: {told}", after=AGAIN)


def _asked_of(kind: Kind, sso: Any) -> tuple[str, str, Callable[[str, str], Mapping[str, Any]]]:
    """The operation that lists, the key of its answer, and who describes one."""

    def created(instance: str, request: str) -> Mapping[str, Any]:
        told: Mapping[str, Any] = sso.describe_account_assignment_creation_status(
            InstanceArn=instance, AccountAssignmentCreationRequestId=request
        )["AccountAssignmentCreationStatus"]
        return told

    def deleted(instance: str, request: str) -> Mapping[str, Any]:
        told: Mapping[str, Any] = sso.describe_account_assignment_deletion_status(
            InstanceArn=instance, AccountAssignmentDeletionRequestId=request
        )["AccountAssignmentDeletionStatus"]
        return told

    def provisioned(instance: str, request: str) -> Mapping[str, Any]:
        told: Mapping[str, Any] = sso.describe_permission_set_provisioning_status(
            InstanceArn=instance, ProvisionPermissionSetRequestId=request
        )["PermissionSetProvisioningStatus"]
        return told

    by_kind = {
        "creation": (
            "list_account_assignment_creation_status",
            "AccountAssignmentsCreationStatus",
            created,
        ),
        "deletion": (
            "list_account_assignment_deletion_status",
            "AccountAssignmentsDeletionStatus",
            deleted,
        ),
        "provisioning": (
            "list_permission_set_provisioning_status",
            "PermissionSetsProvisioningStatus",
            provisioned,
        ),
    }
    return by_kind[kind]
