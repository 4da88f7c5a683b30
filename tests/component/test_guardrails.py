"""guardrails: what the policy says, asked of AWS's own evaluation logic; and that it stands on the root as declared."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from groundwork.baseline.components.guardrails import (
    DESCRIPTION,
    LONGEST,
    SCP,
    Found,
    FoundPolicy,
    Guardrails,
    guardrail_document,
    minified,
)
from groundwork.contracts import Account, Organization
from groundwork.declaration import Declaration, Role, Trust, Where, load
from groundwork.errors import InvalidDeclaration, OrganizationBusy, SecurityAccountMissing
from local.iam.policy import Request, compile_policy
from tests.component.conftest import World
from tests.engine.support import eventually

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
    document = guardrail_document(declaration or load(), ORGANIZATION)
    request = Request(action, resource, {"aws:principalarn": principal, **(context or {})})
    return compile_policy(minified(document)).verdict(request).denied


def role(name: str, account: str = MEMBER) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def trail(region: str = "us-east-1") -> str:
    return f"arn:aws:cloudtrail:{region}:{MEMBER}:trail/groundwork"


BUCKETS = [f"arn:aws:s3:::groundwork-{name}-{SECURITY}" for name in ("trail", "config", "access-logs")]
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
    *(
        (f"s3:{action}", bucket, {})
        for bucket in BUCKETS
        for action in (
            "CreateBucket",
            "DeleteBucket",
            "DeleteBucketPolicy",
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
            "DeleteObjectVersion",
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
    *(
        (f"iam:{action}", role(f"{path}{declared.name}"), {})
        for declared in load().access.roles
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
        (action, role(name), {})
        for name in (f"{path}{entry}" for path in ("", "x/") for entry in load().entry_roles)
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
    ("organizations:LeaveOrganization", "*", {}),
    ("account:CloseAccount", "*", {}),
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
FREE: list[tuple[str, str, dict[str, Any]]] = [
    ("sts:AssumeRole", role("allow-admin-from-security-account"), {}),
    ("sts:TagSession", role("allow-dev-from-security-account"), {}),
    ("iam:GetRole", role("OrganizationAccountAccessRole"), {}),
    ("iam:SimulatePrincipalPolicy", role("allow-admin-from-security-account"), {}),
    ("iam:CreateRole", role("ci-cd/deployer"), {}),
    ("iam:CreateRole", role("not-allow-admin-from-security-account"), {}),
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


@pytest.mark.parametrize("act", FREE, ids=named)
def test_everything_else_stays_free(act: tuple[str, str, dict[str, Any]]) -> None:
    assert not denied(*act)


def test_every_part_of_the_policy_stops_an_attack_that_nothing_else_stops() -> None:
    document = guardrail_document(load(), ORGANIZATION)
    parts = [
        (number, element, value)
        for number, statement in enumerate(document["Statement"])
        for element in ("Action", "Resource")
        for value in (statement[element] if isinstance(statement.get(element), list) else ())
    ]
    assert len(parts) > 40
    for number, element, value in parts:
        without = json.loads(minified(document))
        without["Statement"][number][element].remove(value)
        policy = compile_policy(minified(without))
        requests = (
            Request(action, resource, {"aws:principalarn": ADMINISTRATOR, **context})
            for action, resource, context in ATTACKS
        )
        assert not all(policy.verdict(request).denied for request in requests), f"{value} stops no attack"


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
    renamed = declared.model_copy(update={"entry_roles": ["Doorway"]})
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


def test_the_default_policy_is_within_the_limit() -> None:
    assert len(minified(guardrail_document(load(), ORGANIZATION))) <= LONGEST


def test_a_declaration_that_makes_the_policy_too_long_is_refused() -> None:
    assert len(minified(guardrail_document(with_roles(6), ORGANIZATION))) <= LONGEST
    with pytest.raises(InvalidDeclaration, match="declare fewer roles and groups"):
        guardrail_document(with_roles(60), ORGANIZATION)


def test_arns_are_of_the_organizations_partition() -> None:
    government = ORGANIZATION.model_copy(update={"partition": "aws-us-gov"})
    assert "arn:aws:" not in minified(guardrail_document(load(), government))


def test_without_a_security_account_there_is_only_a_report(world: World) -> None:
    nobody = world.organization.model_copy(update={"security_account_id": None})
    with pytest.raises(SecurityAccountMissing):
        guardrail_document(world.declaration, nobody)
    (change,) = world.apply(GUARDRAILS, world.management, organization=nobody)
    assert change.action == "report"
    assert "waits for the security account" in change.reason


# -- on the root -----------------------------------------------------------------------------------


@pytest.fixture
def enabled(world: World) -> World:
    """The world with service control policies on, and none of ours."""
    organizations = world.aws.client("organizations")
    root = organizations.list_roots()["Roots"][0]
    if not root["PolicyTypes"]:
        organizations.enable_policy_type(RootId=root["Id"], PolicyType=SCP)
    eventually(
        lambda: organizations.list_roots()["Roots"][0]["PolicyTypes"] == [{"Type": SCP, "Status": "ENABLED"}]
    )
    for policy in organizations.list_policies(Filter=SCP)["Policies"]:
        if not policy["AwsManaged"]:
            if policy["Id"] in on_root(world):
                organizations.detach_policy(PolicyId=policy["Id"], TargetId=root["Id"])
            organizations.delete_policy(PolicyId=policy["Id"])
    return world


def on_root(world: World) -> dict[str, str]:
    """Ids and names of the policies that are attached to the root."""
    listed = world.aws.client("organizations").list_policies_for_target(
        TargetId=world.organization.root_id, Filter=SCP
    )
    return {policy["Id"]: policy["Name"] for policy in listed["Policies"]}


def ours(world: World) -> str:
    return next(policy for policy, name in on_root(world).items() if name == "groundwork-guardrails")


def content(world: World) -> Any:
    policy = world.aws.client("organizations").describe_policy(PolicyId=ours(world))["Policy"]
    return json.loads(policy["Content"])


def test_the_policy_is_made_attached_and_then_left_alone(enabled: World) -> None:
    created, attached = enabled.apply(GUARDRAILS, enabled.management)
    assert (created.action, attached.reason) == (
        "create",
        "is not attached to the root: it protects no account",
    )
    assert content(enabled) == guardrail_document(enabled.declaration, enabled.organization)
    tags = enabled.aws.client("organizations").list_tags_for_resource(ResourceId=ours(enabled))["Tags"]
    assert tags == [{"Key": "managed-by", "Value": "groundwork"}]

    inside = enabled.target(GUARDRAILS, enabled.management)
    mark = len(enabled.aws.calls)
    assert GUARDRAILS.difference(inside) == []
    assert sorted(call.operation for call in enabled.calls_since(mark)) == [
        "DescribePolicy",
        "ListPoliciesForTarget",
        "ListTagsForResource",
    ]


def test_every_sabotage_is_named_and_put_right(enabled: World) -> None:
    enabled.apply(GUARDRAILS, enabled.management)
    organizations, policy = enabled.aws.client("organizations"), ours(enabled)
    wanted = content(enabled)

    weak = {**wanted, "Statement": wanted["Statement"][1:]}
    organizations.update_policy(PolicyId=policy, Content=json.dumps(weak))
    (change,) = enabled.apply(GUARDRAILS, enabled.management)
    assert "lacks the statement EntryRoles" in change.reason
    assert content(enabled) == wanted

    wider = json.loads(json.dumps(wanted))
    wider["Statement"][1]["Condition"]["ArnNotLike"]["aws:PrincipalArn"].append("arn:aws:iam::*:role/Mine")
    organizations.update_policy(PolicyId=policy, Content=json.dumps(wider))
    (change,) = enabled.apply(GUARDRAILS, enabled.management)
    assert "another statement BaselineResources" in change.reason
    assert content(enabled) == wanted

    organizations.update_policy(PolicyId=policy, Description="harmless")
    (change,) = enabled.apply(GUARDRAILS, enabled.management)
    assert change.reason == "description is 'harmless'"

    organizations.untag_resource(ResourceId=policy, TagKeys=["managed-by"])
    (change,) = enabled.apply(GUARDRAILS, enabled.management)
    assert "without the tag managed-by=groundwork" in change.reason

    organizations.detach_policy(PolicyId=policy, TargetId=enabled.organization.root_id)
    (change,) = enabled.apply(GUARDRAILS, enabled.management)
    assert "not attached to the root" in change.reason
    assert ours(enabled) == policy


def test_the_same_policy_in_another_order_is_no_difference(world: World) -> None:
    wanted = guardrail_document(world.declaration, world.organization)
    turned = json.loads(json.dumps(wanted))
    turned["Statement"].reverse()
    for statement in turned["Statement"]:
        for element in ("Action", "NotAction", "Resource"):
            if isinstance(statement.get(element), list):
                statement[element].reverse()
    found = FoundPolicy("p-1", "groundwork-guardrails", DESCRIPTION, turned, {"managed-by": "groundwork"})
    assert (
        list(GUARDRAILS.diff(Found(found, attached=True), world.target(GUARDRAILS, world.management))) == []
    )


def test_policies_of_others_stay_and_our_former_one_is_reported(enabled: World) -> None:
    enabled.apply(GUARDRAILS, enabled.management)
    guardrails = enabled.declaration.guardrails.model_copy(update={"policy": "new-name"})
    renamed = enabled.declaration.model_copy(update={"guardrails": guardrails})
    changes = enabled.apply(GUARDRAILS, enabled.management, declaration=renamed)
    assert [change.action for change in changes] == ["create", "update", "report"]
    assert "groundwork-guardrails" in changes[-1].resource
    assert set(on_root(enabled).values()) == {"FullAWSAccess", "groundwork-guardrails", "new-name"}


def test_while_the_policy_type_is_off_the_component_waits(enabled: World) -> None:
    organizations = enabled.aws.client("organizations")
    organizations.disable_policy_type(RootId=enabled.organization.root_id, PolicyType=SCP)
    eventually(lambda: not organizations.list_roots()["Roots"][0]["PolicyTypes"])
    with pytest.raises(OrganizationBusy, match="PolicyTypeNotEnabledException"):
        enabled.apply(GUARDRAILS, enabled.management)


def test_in_force_it_stops_an_administrator_and_not_the_entry_role(enabled: World) -> None:
    enabled.apply(GUARDRAILS, enabled.management)
    member = enabled.account()
    entry = enabled.client("iam", member)
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{member.id}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    for name in ("allow-read-only-from-security-account", "theirs"):
        entry.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    inside = administrator(enabled, member)

    inside.update_role(RoleName="theirs", Description="mine to change")
    attempts: list[Callable[[], Any]] = [
        lambda: inside.update_assume_role_policy(
            RoleName="allow-read-only-from-security-account", PolicyDocument=json.dumps(trust)
        ),
        lambda: inside.delete_role(RoleName="OrganizationAccountAccessRole"),
        lambda: inside.create_role(
            RoleName="AWSControlTowerExecution", AssumeRolePolicyDocument=json.dumps(trust)
        ),
    ]
    for attempt in attempts:
        with pytest.raises(ClientError, match="explicit deny in a service control policy"):
            attempt()
    entry.delete_role(RoleName="allow-read-only-from-security-account")


def test_in_force_it_knows_the_log_key_by_its_alias(enabled: World) -> None:
    enabled.apply(GUARDRAILS, enabled.management)
    entry, inside = enabled.client("kms", enabled.security), administrator(enabled, enabled.security, "kms")
    key, theirs = (entry.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    inside.disable_key(KeyId=theirs)
    entry.create_alias(AliasName="alias/groundwork-logs", TargetKeyId=key)
    attempts: list[Callable[[], Any]] = [
        lambda: inside.disable_key(KeyId=key),
        lambda: inside.schedule_key_deletion(KeyId=key),
        lambda: inside.delete_alias(AliasName="alias/groundwork-logs"),
        lambda: inside.update_alias(AliasName="alias/groundwork-logs", TargetKeyId=theirs),
    ]
    for attempt in attempts:
        with pytest.raises(ClientError, match="explicit deny in a service control policy"):
            attempt()
    entry.disable_key(KeyId=key)
    assert entry.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"


def administrator(world: World, account: Account, service: str = "iam") -> Any:
    """A client of a user of the account who may do everything that the account's administrators may."""
    from local.credentials import Credentials

    iam = world.client("iam", account)
    iam.create_user(UserName="root-of-all-evil")
    iam.attach_user_policy(
        UserName="root-of-all-evil", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    key = iam.create_access_key(UserName="root-of-all-evil")["AccessKey"]
    return world.aws.client(service, credentials=Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
