"""guardrails: that the policy stands on the root as declared, whatever is done to it, and what it does there."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given

from groundwork.baseline.central_policies import TAG, FoundPolicy
from groundwork.baseline.components import guardrails
from groundwork.baseline.components.guardrails import Found, Guardrails
from groundwork.baseline.components.guardrails.document import guardrail_documents
from groundwork.contracts import Account
from groundwork.declaration.organization_policies import Quarantine
from groundwork.errors import OrganizationBusy
from local.identity.credentials import Credentials
from tests.component.conftest import World
from tests.component.sabotage import (
    Sabotage,
    prove,
    prove_complete,
    some_of,
    used_and_declared,
)
from tests.component.without_aws import ON_ENGINE
from tests.engine.support import eventually

GUARDRAILS = Guardrails()
NAME = "groundwork-guardrails"
SCP, DESCRIPTION = guardrails.SCP.name, guardrails.SCP.description
ACCOUNT, ARCHIVE = f"{NAME}-account", f"{NAME}-archive"
NAMES = (NAME, ACCOUNT, ARCHIVE)
RESOURCE = f"service control policy {NAME}"


@pytest.fixture
def enabled(world: World) -> World:
    return with_policies_on(world)


def with_policies_on(world: World) -> World:
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


def ours(world: World, name: str = NAME) -> str:
    policies = world.aws.client("organizations").list_policies(Filter=SCP)["Policies"]
    return str(next(policy["Id"] for policy in policies if policy["Name"] == name))


def content(world: World, name: str = NAME) -> Any:
    policy = world.aws.client("organizations").describe_policy(PolicyId=ours(world, name))["Policy"]
    return json.loads(policy["Content"])


# -- what is done to it ------------------------------------------------------------------------------


def edited(
    change: Callable[[list[dict[str, Any]]], object], name: str = NAME
) -> Callable[[World, Account], object]:
    """UpdatePolicy with statements that `change` has tampered with."""

    def do(world: World, account: Account) -> None:
        organizations, policy = world.aws.client("organizations"), ours(world, name)
        document = json.loads(organizations.describe_policy(PolicyId=policy)["Policy"]["Content"])
        change(document["Statement"])
        organizations.update_policy(PolicyId=policy, Content=json.dumps(document))

    return do


def call(operation: str, name: str = NAME, **parameters: Any) -> Callable[[World, Account], object]:
    """An operation on the policy."""

    def do(world: World, account: Account) -> None:
        which = "ResourceId" if operation.endswith("resource") else "PolicyId"
        getattr(world.aws.client("organizations"), operation)(**{which: ours(world, name)}, **parameters)

    return do


def detach(world: World, account: Account, name: str = NAME) -> None:
    organizations = world.aws.client("organizations")
    organizations.detach_policy(PolicyId=ours(world, name), TargetId=world.organization.root_id)


def delete(world: World, account: Account, name: str = NAME) -> None:
    policy = ours(world, name)
    if policy in on_root(world):
        detach(world, account, name)
    world.aws.client("organizations").delete_policy(PolicyId=policy)


def spared(statements: list[dict[str, Any]], *more: str) -> None:
    """One statement spares somebody else besides."""
    sid(statements, "BaselineResources")["Condition"]["ArnNotLike"]["aws:PrincipalArn"] += more


def sid(statements: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(each for each in statements if each["Sid"] == name)


SABOTAGES = [
    Sabotage("a statement gone", edited(lambda statements: statements.remove(sid(statements, "EntryRoles"))), RESOURCE,
             "policy lacks the statement EntryRoles", "high"),
    Sabotage("somebody else spared", edited(lambda statements: spared(statements, "arn:aws:iam::*:role/Mine")), RESOURCE,
             "differs in the statement BaselineResources: "
             "ArnNotLike aws:PrincipalArn has arn:aws:iam::*:role/Mine besides", "high"),
    Sabotage("the key unprotected", edited(
                 lambda statements: sid(statements, "LogKey").update(Resource="arn:aws:kms:*:1:key/x"), ARCHIVE),
             f"service control policy {ARCHIVE}", "differs in the statement LogKey: Resource is arn:aws:kms:*:1:key/x, expected arn:", "high"),
    Sabotage("the root user let in", edited(lambda statements: statements.remove(sid(statements, "RootUser")), ACCOUNT),
             f"service control policy {ACCOUNT}", "policy lacks the statement RootUser", "high"),
    Sabotage("a statement more", edited(lambda statements: statements.append(
                 {"Sid": "Theirs", "Effect": "Deny", "Action": "s3:Put*", "Resource": "*"})), RESOURCE,
             "policy holds the foreign statement Theirs (Deny s3:Put* on *)", "high"),
    Sabotage("description", call("update_policy", Description="harmless"), RESOURCE,
             "description is 'harmless'; expected 'Groundwork: member accounts cannot", "low"),
    Sabotage("tag gone", call("untag_resource", TagKeys=["managed-by"]), RESOURCE,
             "exists without the tag managed-by=groundwork", "high"),
    Sabotage("tag changed", call("tag_resource", Tags=[{"Key": "managed-by", "Value": "me"}]), RESOURCE,
             "exists without the tag managed-by=groundwork", "high"),
    Sabotage("detached", detach, RESOURCE, "is not attached to the root: it protects no account", "high"),
    Sabotage("another detached", partial(detach, name=ACCOUNT), f"service control policy {ACCOUNT}",
             "is not attached to the root: it protects no account", "high"),
    Sabotage("deleted", delete, RESOURCE, "does not exist: member accounts could undo their baseline", "high"),
    Sabotage("the archive's deleted", partial(delete, name=ARCHIVE), f"service control policy {ARCHIVE}",
             "does not exist: whoever enters the security account could destroy the evidence", "high"),
]  # fmt: skip


def portrait(world: World) -> Any:
    """Every policy of the organization but AWS's, without its id: what it says, its tags, whether it is on the root."""
    organizations = world.aws.client("organizations")
    described = {
        each["Name"]: organizations.describe_policy(PolicyId=each["Id"])["Policy"]
        for each in organizations.list_policies(Filter=SCP)["Policies"]
        if not each["AwsManaged"]
    }
    return {
        name: (
            json.loads(policy["Content"]),
            policy["PolicySummary"]["Description"],
            organizations.list_tags_for_resource(ResourceId=policy["PolicySummary"]["Id"])["Tags"],
            name in on_root(world).values(),
        )
        for name, policy in described.items()
    }


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda each: each.name)
def test_every_sabotage_is_named_and_put_right(enabled: World, sabotage: Sabotage) -> None:
    enabled.apply(GUARDRAILS, enabled.management)
    prove(enabled, GUARDRAILS, enabled.management, sabotage, lambda: portrait(enabled))


@ON_ENGINE
@given(sabotages=some_of(SABOTAGES))
def test_a_plan_tells_all_that_apply_does_from_any_state(enabled: World, sabotages: list[Sabotage]) -> None:
    enabled.apply(GUARDRAILS, enabled.management)
    good = portrait(enabled)
    for each in sabotages:
        each.do(enabled, enabled.management)
    assert prove_complete(enabled, GUARDRAILS, enabled.management)
    assert portrait(enabled) == good


def test_it_declares_the_permissions_that_it_uses_and_no_other(enabled: World) -> None:
    mark = len(enabled.aws.calls)
    assert prove_complete(enabled, GUARDRAILS, enabled.management)
    for sabotage in SABOTAGES:
        sabotage.do(enabled, enabled.management)
        enabled.apply(GUARDRAILS, enabled.management)
    two = enabled.declaration.regions.model_copy(update={"governed": ["us-east-1", "eu-west-1"]})
    baseline = {**enabled.declaration.baseline}
    baseline["management"] = [*baseline["management"], "vulnerability-scanning", "sensitive-data"]
    declaration = enabled.declaration.model_copy(update={"regions": two, "baseline": baseline})
    enabled.plan(GUARDRAILS, enabled.before(enabled.management), declaration=declaration)
    quarantine = Quarantine(unit="Quarantine")
    enabled.plan(
        GUARDRAILS,
        enabled.management,
        declaration=declaration.model_copy(update={"quarantine": quarantine}),
    )
    used, declared = used_and_declared(enabled, GUARDRAILS, mark)
    assert used == declared


# -- from nothing, and beside others -----------------------------------------------------------------


def test_the_policies_are_made_attached_and_then_left_alone(enabled: World) -> None:
    changes = enabled.apply(GUARDRAILS, enabled.management)
    assert [change.action for change in changes] == ["create"] * 3 + ["update"] * 3
    assert {change.reason for change in changes[3:]} == {
        "is not attached to the root: it protects no account"
    }
    wanted = guardrail_documents(enabled.declaration, enabled.organization)
    assert {name: content(enabled, name) for name in NAMES} == wanted
    for name in NAMES:
        found = enabled.aws.client("organizations").list_tags_for_resource(ResourceId=ours(enabled, name))
        assert found["Tags"] == [{"Key": "managed-by", "Value": "groundwork"}]

    inside = enabled.target(GUARDRAILS, enabled.management)
    mark = len(enabled.aws.calls)
    assert GUARDRAILS.difference(inside) == []
    assert sorted(call.operation for call in enabled.calls_since(mark)) == [
        *["DescribePolicy"] * 3,
        *["ListOrganizationAdminAccounts"] * 2,
        "ListPoliciesForTarget",
        *["ListTagsForResource"] * 3,
    ]


def test_what_leaves_a_policy_is_in_another_one_first(enabled: World) -> None:
    """As where one policy said all that three say now."""
    organizations = enabled.aws.client("organizations")
    documents = guardrail_documents(enabled.declaration, enabled.organization)
    statements = [each for document in documents.values() for each in document["Statement"]]
    enabled.apply(GUARDRAILS, enabled.management)
    for name in (ACCOUNT, ARCHIVE):
        delete(enabled, enabled.management, name)
    whole = json.dumps({**documents[NAME], "Statement": statements}, separators=(",", ":"))
    organizations.update_policy(PolicyId=ours(enabled), Content=whole)
    mark = len(enabled.aws.calls)
    enabled.apply(GUARDRAILS, enabled.management)
    since = enabled.calls_since(mark)
    written = [each.operation for each in since if each.mutating and each.service == "organizations"]
    assert written == [*["CreatePolicy"] * 2, *["AttachPolicy"] * 2, "UpdatePolicy"]
    assert {name: content(enabled, name) for name in NAMES} == documents


def test_the_same_policy_in_another_order_is_no_difference(world: World) -> None:
    wanted = guardrail_documents(world.declaration, world.organization)
    turned = json.loads(json.dumps(wanted[NAME]))
    turned["Statement"].reverse()
    for statement in turned["Statement"]:
        for element in ("Action", "NotAction", "Resource"):
            if isinstance(statement.get(element), list):
                statement[element].reverse()
    found = Found(
        {
            name: FoundPolicy(
                "p-1", name, DESCRIPTION, turned if name == NAME else document, {TAG["Key"]: TAG["Value"]}
            )
            for name, document in wanted.items()
        },
        {name: frozenset({world.organization.root_id}) for name in wanted},
    )
    assert list(GUARDRAILS.diff(found, world.target(GUARDRAILS, world.management))) == []


def test_it_can_begin_with_one_unit(enabled: World) -> None:
    one = enabled.declaration.guardrails.model_copy(update={"where": ["Security"]})
    declaration = enabled.declaration.model_copy(update={"guardrails": one})
    unit = enabled.organization.units["Security"].split("/")[-2]
    planned = [
        each.call.parameters["TargetId"]
        for each in enabled.planned(GUARDRAILS, enabled.management, declaration=declaration)
        if each.call and each.call.operation == "AttachPolicy"
    ]
    assert planned == [unit] * 3
    enabled.apply(GUARDRAILS, enabled.management, declaration=declaration)
    assert set(on_root(enabled).values()) == {"FullAWSAccess"}
    organizations = enabled.aws.client("organizations")
    there = organizations.list_policies_for_target(TargetId=unit, Filter=SCP)["Policies"]
    assert {*NAMES} <= {each["Name"] for each in there}
    assert enabled.apply(GUARDRAILS, enabled.management, declaration=declaration) == []
    enabled.apply(GUARDRAILS, enabled.management)
    assert {*NAMES} <= {*on_root(enabled).values()}
    told = enabled.apply(GUARDRAILS, enabled.management, declaration=declaration)
    assert [(each.action, "hangs on the root, too" in each.reason) for each in told] == [("report", True)] * 3
    for name in NAMES:
        organizations.detach_policy(PolicyId=ours(enabled, name), TargetId=unit)


def test_regions_that_are_declared_no_longer_are_reported(enabled: World) -> None:
    regions = enabled.declaration.guardrails.model_copy(update={"regions": []})
    held = enabled.declaration.model_copy(update={"guardrails": regions})
    enabled.apply(GUARDRAILS, enabled.management, declaration=held)
    assert f"{NAME}-regions" in on_root(enabled).values()
    (told,) = enabled.apply(GUARDRAILS, enabled.management)
    assert (told.action, told.resource) == ("report", f"service control policy {NAME}-regions")
    assert "detach and delete it by hand, or declare it again" in told.reason


def test_what_another_account_runs_in_any_governed_region_is_its_to_change(enabled: World) -> None:
    """And what nobody else runs is not."""
    regions = enabled.declaration.regions.model_copy(update={"governed": ["us-east-1", "eu-west-1"]})
    two = enabled.declaration.model_copy(update={"regions": regions})
    guardduty = enabled.aws.client("guardduty", region="eu-west-1")

    def services() -> set[str]:
        enabled.apply(GUARDRAILS, enabled.management, declaration=two)
        held = sid(content(enabled, ACCOUNT)["Statement"], "HeldByTheOrganization")
        return {action.partition(":")[0] for action in held["Action"]}

    assert {"guardduty", "securityhub"} <= services()
    guardduty.enable_organization_admin_account(AdminAccountId=enabled.tooling.id)
    try:
        found = services()
    finally:
        guardduty.disable_organization_admin_account(AdminAccountId=enabled.tooling.id)
        organizations = enabled.aws.client("organizations")
        organizations.disable_aws_service_access(ServicePrincipal="guardduty.amazonaws.com")
    assert "guardduty" not in found
    assert "securityhub" in found


def test_policies_of_others_stay_and_our_former_one_is_reported(enabled: World) -> None:
    enabled.apply(GUARDRAILS, enabled.management)
    guardrails = enabled.declaration.guardrails.model_copy(update={"policy": "new-name"})
    renamed = enabled.declaration.model_copy(update={"guardrails": guardrails})
    changes = enabled.apply(GUARDRAILS, enabled.management, declaration=renamed)
    assert [change.action for change in changes] == ["create"] * 3 + ["update"] * 3 + ["report"] * 3
    assert {change.resource for change in changes[6:]} == {f"service control policy {name}" for name in NAMES}
    renamed_ones = {name.replace(NAME, "new-name") for name in NAMES}
    assert set(on_root(enabled).values()) == {"FullAWSAccess", *NAMES, *renamed_ones}


def test_a_former_policy_is_told_wherever_it_hangs_and_never_taken_off(enabled: World) -> None:
    declaration, organizations = enabled.declaration, enabled.aws.client("organizations")
    enabled.apply(GUARDRAILS, enabled.management)
    former = ours(enabled)
    unit = enabled.organization.units["Security"].split("/")[-2]
    organizations.attach_policy(PolicyId=former, TargetId=unit)
    later = enabled.before(enabled.management)
    update: dict[str, Any] = {"prune": {"guardrails": "remove"}}
    told = enabled.apply(GUARDRAILS, later, declaration=declaration.model_copy(update=update))
    assert {each.action for each in told} == {"report"}
    assert f"hangs on {unit}, too" in " ".join(each.reason for each in told)

    guardrails = declaration.guardrails.model_copy(update={"policy": "newer-name"})
    renamed = declaration.model_copy(update={"guardrails": guardrails, **update})
    told = enabled.apply(GUARDRAILS, later, declaration=renamed)
    (ours_once,) = [each for each in told if each.resource.endswith(NAME)]
    assert (ours_once.action, ours_once.severity, ours_once.taken_out) == ("report", "medium", True)
    assert f"it hangs on {', '.join(sorted([unit, enabled.organization.root_id]))}" in ours_once.reason

    none = declaration.model_copy(update={"baseline": {"management": ["organization"]}, **update})
    told_of = enabled.apply(GUARDRAILS, later, declaration=none)
    assert {each.action for each in told_of} == {"report"}
    assert {f"service control policy {name}" for name in (NAME, "newer-name")} <= {
        each.resource for each in told_of
    }
    organizations.detach_policy(PolicyId=former, TargetId=unit)
    assert NAME in on_root(enabled).values()


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
    limits = json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    )
    boundary = entry.create_policy(PolicyName="workload-boundary", PolicyDocument=limits)["Policy"]["Arn"]
    app = {"RoleName": "app", "AssumeRolePolicyDocument": json.dumps(trust)}
    inside.create_role(Path="/workload/", PermissionsBoundary=boundary, **app)

    inside.update_role(RoleName="theirs", Description="mine to change")
    attempts: list[Callable[[], Any]] = [
        lambda: inside.update_assume_role_policy(
            RoleName="allow-read-only-from-security-account", PolicyDocument=json.dumps(trust)
        ),
        lambda: inside.delete_role(RoleName="OrganizationAccountAccessRole"),
        lambda: inside.delete_role_permissions_boundary(RoleName="app"),
        lambda: inside.create_role(
            RoleName="AWSControlTowerExecution", AssumeRolePolicyDocument=json.dumps(trust)
        ),
    ]
    for attempt in attempts:
        with pytest.raises(ClientError, match="explicit deny in a service control policy"):
            attempt()
    assert entry.get_role(RoleName="app")["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    entry.delete_role_permissions_boundary(RoleName="app")
    entry.delete_role(RoleName="allow-read-only-from-security-account")


def test_in_force_it_keeps_the_archive_from_whoever_has_an_entry_role(enabled: World) -> None:
    security = enabled.security
    entry, inside = enabled.client("kms", security), administrator(enabled, security, "kms")
    key, theirs = (entry.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    entry.create_alias(AliasName="alias/groundwork-logs", TargetKeyId=key)
    enabled.apply(GUARDRAILS, enabled.management)
    inside.disable_key(KeyId=theirs)
    attempts: list[Callable[[], Any]] = [
        call
        for client in (inside, entry)
        for call in (
            partial(client.disable_key, KeyId=key),
            partial(client.schedule_key_deletion, KeyId=key),
            partial(client.put_key_policy, KeyId=key, PolicyName="default", Policy="{}"),
            partial(client.delete_alias, AliasName="alias/groundwork-logs"),
            partial(client.update_alias, AliasName="alias/groundwork-logs", TargetKeyId=theirs),
        )
    ]
    for attempt in attempts:
        with pytest.raises(ClientError, match="explicit deny in a service control policy"):
            attempt()
    assert entry.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"


def administrator(world: World, account: Account, service: str = "iam") -> Any:
    """A client of a user of the account who may do everything that the account's administrators may."""
    iam = world.client("iam", account)
    iam.create_user(UserName="root-of-all-evil")
    iam.attach_user_policy(
        UserName="root-of-all-evil", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    key = iam.create_access_key(UserName="root-of-all-evil")["AccessKey"]
    return world.aws.client(service, credentials=Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
