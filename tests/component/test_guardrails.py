"""guardrails: what the policy says, asked of AWS's own evaluation logic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from groundwork.baseline.central_policies import minified
from groundwork.baseline.components.guardrails import Found, Guardrails
from groundwork.baseline.components.guardrails.document import (
    LONGEST,
    ONCE_LONGEST,
    guardrail_documents,
)
from groundwork.contracts import Organization
from groundwork.declaration import Declaration
from groundwork.declaration.access import Role, Trust, Where
from groundwork.declaration.entry_roles import EntryRole
from groundwork.declaration.loading import load
from groundwork.errors import InvalidDeclaration, SecurityAccountMissing
from groundwork.policies.documents import Request, compile_policy
from tests.component.conftest import World

GUARDRAILS = Guardrails()
SECURITY, MEMBER = "222222222222", "333333333333"
ORGANIZATION = Organization(
    id="o-exampleorg1",
    partition="aws",
    root_id="r-ab12",
    management_account_id="111111111111",
    security_account_id=SECURITY,
)
ADMINISTRATOR = f"arn:aws:iam::{MEMBER}:role/allow-admin-from-security-account"
ENTRY = f"arn:aws:iam::{MEMBER}:role/OrganizationAccountAccessRole"
ENTRY_OF_SECURITY = ENTRY.replace(MEMBER, SECURITY)
WRITER = f"arn:aws:iam::{SECURITY}:role/groundwork-log-archive"
KEY = f"arn:aws:kms:us-east-1:{SECURITY}:key/11111111-2222-3333-4444-555555555555"
LOG_KEY = {"kms:resourcealiases": ["alias/groundwork-logs", "alias/another"]}
OURS = {"aws:resourcetag/managed-by": "groundwork"}


def denied(
    action: str,
    resource: str = "*",
    context: Mapping[str, Any] | None = None,
    principal: str = ADMINISTRATOR,
    declaration: Declaration | None = None,
) -> bool:
    documents = guardrail_documents(declaration or load(), ORGANIZATION).values()
    request = Request(action, resource, {**who(principal), **(context or {})})
    return any(compile_policy(minified(document)).verdict(request).denied for document in documents)


def who(principal: str) -> dict[str, Any]:
    return {"aws:principalarn": principal, "aws:principalaccount": principal.split(":")[4]}


def role(name: str, account: str = MEMBER) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def trail(region: str = "us-east-1") -> str:
    return f"arn:aws:cloudtrail:{region}:{MEMBER}:trail/groundwork"


BUCKETS = [f"arn:aws:s3:::groundwork-{name}-{SECURITY}" for name in ("trail", "config", "access-logs")]
OF_THE_ARCHIVE: list[tuple[str, str, dict[str, Any]]] = [
    *(
        (f"s3:{action}", bucket, {})
        for bucket in BUCKETS
        for action in (
            "CreateBucket",
            "DeleteBucket",
            "DeleteBucketPolicy",
            "PutBucketObjectLockConfiguration",
            "PutBucketAcl",
            "PutBucketLogging",
            "PutBucketOwnershipControls",
            "PutBucketPolicy",
            "PutBucketPublicAccessBlock",
            "PutBucketVersioning",
            "PutEncryptionConfiguration",
            "PutLifecycleConfiguration",
            "PutReplicationConfiguration",
        )
    ),
    *(
        (f"s3:{action}", f"{bucket}/AWSLogs/{MEMBER}/CloudTrail/a.json.gz", {})
        for bucket in BUCKETS
        for action in (
            "DeleteObject",
            "BypassGovernanceRetention",
            "DeleteObjectVersion",
            "PutObjectRetention",
            "PutObject",
            "PutObjectTagging",
            "ReplicateDelete",
        )
    ),
    ("s3:CreateAccessPoint", f"arn:aws:s3:us-east-1:{SECURITY}:accesspoint/side-door", {}),
    ("s3:DeleteObject", f"arn:aws:s3:us-east-1:{SECURITY}:accesspoint/side-door/object/AWSLogs/a", {}),
    *(
        (f"kms:{action}", KEY, LOG_KEY)
        for action in (
            "CreateGrant",
            "DisableKey",
            "DisableKeyRotation",
            "PutKeyPolicy",
            "ReplicateKey",
            "ScheduleKeyDeletion",
            "UntagResource",
        )
    ),
    *(
        (f"kms:{action}", f"arn:aws:kms:{region}:{SECURITY}:alias/groundwork-logs", {})
        for action in ("CreateAlias", "DeleteAlias", "UpdateAlias")
        for region in ("us-east-1", "eu-west-1")
    ),
]
ATTACKS: list[tuple[str, str, dict[str, Any]]] = [
    *(
        (f"cloudtrail:{action}", trail(region), {})
        for region in ("us-east-1", "eu-west-1")
        for action in (
            "StopLogging",
            "DeleteTrail",
            "UpdateTrail",
            "PutEventSelectors",
            "PutInsightSelectors",
            "RemoveTags",
            "CreateTrail",
        )
    ),
    *(
        (f"config:{action}", f"arn:aws:config:us-east-1:{MEMBER}:configuration-recorder/default/abc", {})
        for action in (
            "StopConfigurationRecorder",
            "DeleteConfigurationRecorder",
            "PutConfigurationRecorder",
            "AssociateResourceTypes",
            "DisassociateResourceTypes",
        )
    ),
    ("config:DeleteDeliveryChannel", "*", {}),
    ("config:PutDeliveryChannel", "*", {}),
    ("config:DeleteRetentionConfiguration", "*", {}),
    ("config:PutRetentionConfiguration", "*", {}),
    (
        "config:DeleteConfigurationAggregator",
        f"arn:aws:config:us-east-1:{SECURITY}:config-aggregator/abc",
        {},
    ),
    (
        "iam:DeleteServiceLinkedRole",
        role("aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"),
        {},
    ),
    (
        "iam:UpdateAssumeRolePolicy",
        f"arn:aws:iam::{SECURITY}:role/service-role/groundwork-config-aggregator",
        {},
    ),
    *(
        (f"iam:{action}", role(f"{path}{name}"), {})
        for name in dict.fromkeys(declared.name for declared in load().access.roles)
        for path in ("", "x/")
        for action in (
            "AttachRolePolicy",
            "CreateRole",
            "DeleteRole",
            "DeleteRolePermissionsBoundary",
            "DeleteRolePolicy",
            "DetachRolePolicy",
            "PassRole",
            "PutRolePermissionsBoundary",
            "PutRolePolicy",
            "TagRole",
            "UntagRole",
            "UpdateAssumeRolePolicy",
            "UpdateRole",
            "UpdateRoleDescription",
        )
    ),
    *(
        (f"iam:{action}", role("workload/app"), {"iam:permissionsboundary": boundary} if boundary else {})
        for action in ("CreateRole", "PutRolePermissionsBoundary")
        for boundary in (None, "arn:aws:iam::aws:policy/AdministratorAccess")
    ),
    *(
        ("iam:DeleteRolePermissionsBoundary", role("workload/app"), keys)
        for keys in ({}, {"iam:permissionsboundary": f"arn:aws:iam::{MEMBER}:policy/workload-boundary"})
    ),
    *(
        (f"iam:{action}", f"arn:aws:iam::{MEMBER}:policy/{path}workload-boundary", {})
        for path in ("", "x/")
        for action in ("CreatePolicy", "CreatePolicyVersion", "DeletePolicy", "SetDefaultPolicyVersion")
    ),
    *(
        (action, role(name), {})
        for name in (f"{path}{entry}" for path in ("", "x/") for entry in load().entry_role_names)
        for action in (
            "iam:CreateRole",
            "iam:DeleteRole",
            "iam:PassRole",
            "iam:PutRolePolicy",
            "iam:UpdateAssumeRolePolicy",
            "sts:AssumeRole",
        )
    ),
    *(
        (f"iam:{action}", f"arn:aws:iam::{SECURITY}:group/{group.name}", {})
        for group in load().access.groups
        for action in (
            "AttachGroupPolicy",
            "DeleteGroup",
            "DeleteGroupPolicy",
            "DetachGroupPolicy",
            "PutGroupPolicy",
            "UpdateGroup",
        )
    ),
    ("s3:PutAccountPublicAccessBlock", "*", {}),
    ("ec2:DisableEbsEncryptionByDefault", "*", {}),
    ("iam:DeleteAccountPasswordPolicy", "*", {}),
    ("iam:UpdateAccountPasswordPolicy", "*", {}),
    ("iam:CreateAccountAlias", "*", {}),
    ("iam:DeleteAccountAlias", "*", {}),
    ("account:DisableRegion", "*", {"account:targetregion": "us-east-1"}),
    ("organizations:DisablePolicyType", "arn:aws:organizations::111111111111:root/o-exampleorg1/r-ab12", {}),
    *(
        (
            f"organizations:{action}",
            "arn:aws:organizations::111111111111:policy/o-exampleorg1/service_control_policy/p-12345678",
            OURS,
        )
        for action in ("DetachPolicy", "UpdatePolicy", "DeletePolicy", "UntagResource")
    ),
]
OF_MEMBERSHIP: list[tuple[str, str, dict[str, Any]]] = [
    ("organizations:AcceptHandshake", "*", {}),
    ("organizations:LeaveOrganization", "*", {}),
    ("account:AcceptPrimaryEmailUpdate", "*", {}),
    ("account:CloseAccount", "*", {}),
    ("account:PutAccountName", "*", {}),
    ("account:StartPrimaryEmailUpdate", "*", {}),
]
NEVER = [
    *(
        (f"s3:{action}", f"{bucket}/AWSLogs/{MEMBER}/a.json.gz", {})
        for bucket in BUCKETS[:2]
        for action in (
            "BypassGovernanceRetention",
            "DeleteObject",
            "DeleteObjectVersion",
            "PutObjectRetention",
        )
    ),
    *((f"kms:{action}", KEY, LOG_KEY) for action in ("DisableKey", "ScheduleKeyDeletion")),
]
"""In the archive, for whomever."""
OF_ITS_ROLE: list[tuple[str, str, dict[str, Any]]] = [("iam:CreateRole", WRITER, {})]
FREE: list[tuple[str, str, dict[str, Any]]] = [
    ("sts:AssumeRole", role("allow-admin-from-security-account"), {}),
    ("sts:TagSession", role("allow-dev-from-security-account"), {}),
    ("iam:GetRole", role("OrganizationAccountAccessRole"), {}),
    ("iam:SimulatePrincipalPolicy", role("allow-admin-from-security-account"), {}),
    ("iam:CreateRole", role("ci-cd/deployer"), {}),
    ("iam:CreateRole", role("allow-admin-from-security-account-2"), {}),
    (
        "iam:CreateRole",
        role("workload/app"),
        {"iam:permissionsboundary": f"arn:aws:iam::{MEMBER}:policy/workload-boundary"},
    ),
    (
        "iam:PutRolePermissionsBoundary",
        role("workload/app"),
        {"iam:permissionsboundary": f"arn:aws:iam::{MEMBER}:policy/workload-boundary"},
    ),
    ("iam:DeleteRole", role("workload/app"), {}),
    ("iam:DeleteRolePermissionsBoundary", role("theirs"), {}),
    ("iam:GetPolicyVersion", f"arn:aws:iam::{MEMBER}:policy/workload-boundary", {}),
    ("iam:UpdateAssumeRolePolicy", role("theirs"), {}),
    ("iam:AddUserToGroup", f"arn:aws:iam::{SECURITY}:group/admin-external-accounts", {}),
    ("iam:RemoveUserFromGroup", f"arn:aws:iam::{SECURITY}:group/admin-external-accounts", {}),
    ("iam:DeleteGroup", f"arn:aws:iam::{MEMBER}:group/admin-external-accounts", {}),
    ("cloudtrail:GetTrailStatus", trail(), {}),
    ("cloudtrail:StopLogging", trail().replace("groundwork", "theirs"), {}),
    ("config:SelectResourceConfig", "*", {}),
    ("config:PutConfigRule", f"arn:aws:config:us-east-1:{MEMBER}:config-rule/abc", {}),
    ("s3:GetObject", f"{BUCKETS[0]}/AWSLogs/{MEMBER}/CloudTrail/a.json.gz", {}),
    ("s3:ListBucket", BUCKETS[0], {}),
    ("s3:DeleteObject", "arn:aws:s3:::theirs/a", {}),
    ("kms:Decrypt", KEY, LOG_KEY),
    ("kms:ScheduleKeyDeletion", KEY, {"kms:resourcealiases": ["alias/another"]}),
    ("kms:ScheduleKeyDeletion", KEY, {}),
    ("account:DisableRegion", "*", {"account:targetregion": "ap-east-1"}),
    (
        "organizations:DetachPolicy",
        "arn:aws:organizations::111111111111:policy/o-exampleorg1/service_control_policy/p-87654321",
        {},
    ),
]


def named(case: tuple[str, str, dict[str, Any]]) -> str:
    return f"{case[0]} {case[1].split(':', 2)[-1]}"


@pytest.mark.parametrize("attack", ATTACKS, ids=named)
def test_an_administrator_of_a_member_account_cannot(attack: tuple[str, str, dict[str, Any]]) -> None:
    assert denied(*attack)
    assert denied(*attack, principal=f"arn:aws:iam::{MEMBER}:root")
    assert not denied(*attack, principal=ENTRY)


def is_never(attack: tuple[str, str, dict[str, Any]]) -> bool:
    """Whether it deletes, overwrites or unlocks a log of CloudTrail's or Config's, or the key."""
    action, resource, _ = attack
    of_a_log = resource.startswith(tuple(f"{bucket}/" for bucket in BUCKETS[:2]))
    what = ("s3:Delete", "s3:PutObject", "s3:Bypass") if of_a_log else ("kms:DisableKey", "kms:Schedule")
    return action.startswith(what) and not action.endswith("Rotation")


@pytest.mark.parametrize("attack", OF_THE_ARCHIVE, ids=named)
def test_nobody_changes_the_archive_but_its_own_role(attack: tuple[str, str, dict[str, Any]]) -> None:
    for principal in (ADMINISTRATOR, f"arn:aws:iam::{SECURITY}:root", ENTRY, ENTRY_OF_SECURITY):
        assert denied(*attack, principal=principal)
    assert denied(*attack, principal=WRITER.replace(SECURITY, MEMBER))
    if not is_never(attack):
        assert not denied(*attack, principal=WRITER)


@pytest.mark.parametrize("act", NEVER, ids=named)
def test_what_nobody_needs_in_the_archive_nobody_may(act: tuple[str, str, dict[str, Any]]) -> None:
    for principal in (WRITER, ENTRY_OF_SECURITY, ADMINISTRATOR):
        assert denied(*act, principal=principal)


@pytest.mark.parametrize("act", OF_MEMBERSHIP, ids=named)
def test_nobody_in_a_member_has_it_leave_or_pass_for_another(act: tuple[str, str, dict[str, Any]]) -> None:
    for principal in (WRITER, ENTRY, ENTRY_OF_SECURITY, ADMINISTRATOR):
        assert denied(*act, principal=principal)


def test_nobody_says_who_takes_the_role_of_the_archive() -> None:
    for action in ("UpdateAssumeRolePolicy", "DeleteRole", "AttachRolePolicy", "PassRole"):
        for principal in (ADMINISTRATOR, ENTRY_OF_SECURITY, WRITER):
            assert denied(f"iam:{action}", WRITER, principal=principal), (action, principal)
    for action in ("CreateRole", "PutRolePolicy"):
        assert denied(f"iam:{action}", WRITER, principal=ADMINISTRATOR.replace(MEMBER, SECURITY))
        assert not denied(f"iam:{action}", WRITER, principal=ENTRY_OF_SECURITY)


@pytest.mark.parametrize("act", FREE, ids=named)
def test_everything_else_stays_free(act: tuple[str, str, dict[str, Any]]) -> None:
    assert not denied(*act)


@pytest.mark.parametrize(
    "pretender",
    [
        role("x/OrganizationAccountAccessRole"),
        role("organizationaccountaccessrole"),
        role("OrganizationAccountAccessRole2"),
        f"arn:aws:iam::{MEMBER}:user/OrganizationAccountAccessRole",
        f"arn:aws:iam::{MEMBER}:user/role/OrganizationAccountAccessRole",
    ],
)
def test_who_is_only_called_like_an_entry_role_is_not_exempt(pretender: str) -> None:
    assert denied("cloudtrail:StopLogging", trail(), principal=pretender)


def test_the_declaration_decides_what_is_protected() -> None:
    declared = load()
    open_door = declared.model_copy(
        update={"guardrails": declared.guardrails.model_copy(update={"allow_leaving": True})}
    )
    assert not denied("organizations:LeaveOrganization", declaration=open_door)
    renamed = declared.model_copy(update={"entry_roles": [EntryRole(name="Doorway")]})
    assert not denied("cloudtrail:StopLogging", trail(), principal=role("Doorway"), declaration=renamed)
    assert denied("cloudtrail:StopLogging", trail(), principal=ENTRY, declaration=renamed)
    bare = declared.model_copy(update={"baseline": {"workload": ["access"]}})
    assert not denied("cloudtrail:StopLogging", trail(), declaration=bare)
    assert not denied("config:StopConfigurationRecorder", declaration=bare)
    assert not denied("s3:DeleteBucket", BUCKETS[0], declaration=bare)
    assert not denied("iam:DeleteAccountPasswordPolicy", declaration=bare)
    assert denied("iam:DeleteRole", role("allow-admin-from-security-account"), declaration=bare)
    settings = declared.account_settings.model_copy(update={"alias": None, "ebs_encryption": False})
    loose = declared.model_copy(update={"account_settings": settings})
    assert not denied("iam:DeleteAccountAlias", declaration=loose)
    assert not denied("ec2:DisableEbsEncryptionByDefault", declaration=loose)
    assert denied("s3:PutAccountPublicAccessBlock", declaration=loose)


def with_roles(number: int) -> Declaration:
    made = [
        Role(
            name=f"role-{each:03}-{'x' * 50}",
            where=Where(kinds=["workload"]),
            trust=Trust(account="security"),
        )
        for each in range(number)
    ]
    declared = load()
    return declared.model_copy(update={"access": declared.access.model_copy(update={"roles": made})})


def test_a_declaration_that_makes_a_policy_too_long_is_refused(world: World) -> None:
    longer = with_roles(30)
    (length,) = (
        length
        for document in guardrail_documents(longer, ORGANIZATION).values()
        if (length := len(minified(document))) > ONCE_LONGEST
    )
    assert length <= LONGEST
    (note,) = [
        call
        for call in GUARDRAILS.diff(Found(), world.target(GUARDRAILS, world.management, longer))
        if call.action == "report"
    ]
    assert (note.resource, note.severity) == ("service control policy groundwork-guardrails", "low")
    assert f"has {length} characters" in note.reason
    with pytest.raises(
        InvalidDeclaration, match=r"groundwork-guardrails that .* declare fewer roles and groups"
    ):
        guardrail_documents(with_roles(100), ORGANIZATION)


def test_arns_are_of_the_organizations_partition() -> None:
    government = ORGANIZATION.model_copy(update={"partition": "aws-us-gov"})
    for document in guardrail_documents(load(), government).values():
        assert "arn:aws:" not in minified(document)


def test_without_a_security_account_there_is_only_a_report(world: World) -> None:
    nobody = world.organization.model_copy(update={"security_account_id": None})
    with pytest.raises(SecurityAccountMissing):
        guardrail_documents(world.declaration, nobody)
    (change,) = world.apply(GUARDRAILS, world.management, organization=nobody)
    assert change.action == "report"
    assert "waits for the security account" in change.reason
