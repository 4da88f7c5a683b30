"""perimeter: that it is only reported first, stands where it is enforced, whatever is done to it, and keeps out strangers and
nobody else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given

from groundwork.baseline.components import perimeter
from groundwork.baseline.components.config import Config
from groundwork.baseline.components.log_archive import LogArchive
from groundwork.baseline.components.perimeter import Perimeter
from groundwork.baseline.components.perimeter.document import perimeter_document
from groundwork.baseline.components.trail import Trail
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.declaration.outsiders import Outsider
from groundwork.errors import OrganizationBusy
from local.identity.credentials import Credentials
from local.services.log_delivery import Sender, find_bucket
from tests.component.access import ACCESS, ADMIN, ANYTHING, DEPLOY
from tests.component.conftest import World
from tests.component.sabotage import Sabotage, prove, prove_complete, some_of, used_and_declared
from tests.component.test_access_doors import assume, user_in
from tests.component.without_aws import ON_ENGINE
from tests.engine.support import eventually

PERIMETER = Perimeter()
NAME = "groundwork-perimeter"
RCP = perimeter.RCP.name
RESOURCE = f"resource control policy {NAME}"
STREAMS = ("configHistoryDeliveryInfo", "configSnapshotDeliveryInfo", "configStreamDeliveryInfo")
STRANGER, PARTNER = "999999999999", "888888888888"


def enforced(world: World, *outsiders: Outsider, **settings: Any) -> Declaration:
    declared = world.declaration.perimeter.model_copy(update={"mode": "enforce", **settings})
    return world.declaration.model_copy(update={"perimeter": declared, "outsiders": list(outsiders)})


@pytest.fixture(scope="module")
def with_type(world: World) -> Iterator[World]:
    """The world with resource control policies on, until the module ends."""
    organizations = world.aws.client("organizations")
    root = world.organization.root_id
    organizations.enable_policy_type(RootId=root, PolicyType=RCP)
    eventually(
        lambda: {"Type": RCP, "Status": "ENABLED"} in organizations.list_roots()["Roots"][0]["PolicyTypes"]
    )
    yield world
    clear(world)
    organizations.disable_policy_type(RootId=root, PolicyType=RCP)


@pytest.fixture
def enabled(with_type: World) -> World:
    """None of ours."""
    clear(with_type)
    return with_type


def clear(world: World) -> None:
    organizations = world.aws.client("organizations")
    for policy in organizations.list_policies(Filter=RCP)["Policies"]:
        if not policy["AwsManaged"]:
            for place in organizations.list_targets_for_policy(PolicyId=policy["Id"])["Targets"]:
                organizations.detach_policy(PolicyId=policy["Id"], TargetId=place["TargetId"])
            organizations.delete_policy(PolicyId=policy["Id"])


def on(world: World, place: str | None = None) -> dict[str, str]:
    """Names and ids of the policies that are attached to a place; the root."""
    listed = world.aws.client("organizations").list_policies_for_target(
        TargetId=place or world.organization.root_id, Filter=RCP
    )
    return {policy["Name"]: policy["Id"] for policy in listed["Policies"]}


def ours(world: World) -> str:
    policies = world.aws.client("organizations").list_policies(Filter=RCP)["Policies"]
    return str(next(policy["Id"] for policy in policies if policy["Name"] == NAME))


def content(world: World) -> Any:
    policy = world.aws.client("organizations").describe_policy(PolicyId=ours(world))["Policy"]
    return json.loads(policy["Content"])


# -- reported, then enforced -----------------------------------------------------------------------------


def test_first_it_is_only_reported(world: World) -> None:
    """Before resource control policies are on at all."""
    mark = len(world.aws.calls)
    (told,) = world.plan(PERIMETER, world.management)
    assert (told.action, told.severity, told.resource) == ("report", "low", RESOURCE)
    assert "it would hang on the root and bind " in told.reason
    assert world.security.name in told.reason or "more" in told.reason
    (again,) = world.apply(PERIMETER, world.management)
    assert "would hang on the root and bind the accounts there" in again.reason
    assert not [call for call in world.calls_since(mark) if call.mutating and call.service == "organizations"]


def test_while_the_policy_type_is_off_the_component_waits(world: World) -> None:
    with pytest.raises(OrganizationBusy, match="PolicyTypeNotEnabledException"):
        world.apply(PERIMETER, world.management, declaration=enforced(world))
    clear(world)


def test_it_is_made_attached_and_then_left_alone(enabled: World) -> None:
    declaration = enforced(enabled)
    created, attached = enabled.apply(PERIMETER, enabled.management, declaration=declaration)
    assert created.reason == "does not exist: strangers get to whatever a policy of a resource opens to them"
    assert attached.reason.startswith("is not attached to the root, where it binds ")
    assert content(enabled) == perimeter_document(declaration, enabled.organization)
    tags = enabled.aws.client("organizations").list_tags_for_resource(ResourceId=ours(enabled))["Tags"]
    assert tags == [{"Key": "managed-by", "Value": "groundwork"}]

    inside = enabled.target(PERIMETER, enabled.management, declaration)
    mark = len(enabled.aws.calls)
    assert PERIMETER.difference(inside) == []
    assert sorted(call.operation for call in enabled.calls_since(mark)) == [
        "DescribePolicy",
        "ListPoliciesForTarget",
        "ListTagsForResource",
    ]


def test_unit_by_unit_and_never_taken_off(enabled: World) -> None:
    one = enforced(enabled, where=["Security"])
    unit = enabled.organization.units["Security"].split("/")[-2]
    changes = enabled.apply(PERIMETER, enabled.management, declaration=one)
    assert "is not attached to the unit Security, where it binds " in changes[-1].reason
    assert (NAME in on(enabled, unit), NAME in on(enabled)) == (True, False)
    enabled.apply(PERIMETER, enabled.management, declaration=enforced(enabled))
    (told,) = enabled.apply(PERIMETER, enabled.management, declaration=one)
    assert (told.action, "hangs on the root, too, and binds every member" in told.reason) == ("report", True)
    told_again = enabled.apply(PERIMETER, enabled.management)
    assert {each.action for each in told_again} == {"report"}
    assert any("hangs on the root, too" in each.reason for each in told_again)
    assert NAME in on(enabled)


def test_policies_of_others_stay_and_our_former_one_is_reported(enabled: World) -> None:
    enabled.apply(PERIMETER, enabled.management, declaration=enforced(enabled))
    organizations = enabled.aws.client("organizations")
    theirs = {**content(enabled), "Statement": content(enabled)["Statement"][-1:]}
    made = organizations.create_policy(
        Name="theirs", Description="of another team", Type=RCP, Content=json.dumps(theirs)
    )
    organizations.attach_policy(
        PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=enabled.organization.root_id
    )
    renamed = enforced(enabled, policy="new-name")
    changes = enabled.apply(PERIMETER, enabled.management, declaration=renamed)
    assert [change.action for change in changes] == ["create", "update", "report"]
    assert changes[-1].resource == RESOURCE
    assert set(on(enabled)) == {"RCPFullAWSAccess", NAME, "new-name", "theirs"}
    none = enabled.declaration.model_copy(update={"baseline": {"management": ["organization"]}})
    later = enabled.before(enabled.management)
    told = enabled.apply(PERIMETER, later, declaration=none)
    assert {(each.action, each.resource) for each in told} == {
        ("report", f"resource control policy {name}") for name in (NAME, "new-name")
    }


# -- what is done to it ----------------------------------------------------------------------------------


def edited(change: Callable[[dict[str, Any]], object], sid: str) -> Callable[[World, Account], object]:
    """UpdatePolicy with a statement that `change` has tampered with."""

    def do(world: World, account: Account) -> None:
        document = content(world)
        change(next(each for each in document["Statement"] if each["Sid"] == sid))
        world.aws.client("organizations").update_policy(PolicyId=ours(world), Content=json.dumps(document))

    return do


def let_in_a_stranger(statement: dict[str, Any]) -> None:
    statement["Condition"]["StringNotEqualsIfExists"]["aws:PrincipalAccount"] = [STRANGER]


def detach(world: World, account: Account) -> None:
    if NAME in on(world):
        world.aws.client("organizations").detach_policy(
            PolicyId=ours(world), TargetId=world.organization.root_id
        )


def delete(world: World, account: Account) -> None:
    detach(world, account)
    world.aws.client("organizations").delete_policy(PolicyId=ours(world))


def untag(world: World, account: Account) -> None:
    world.aws.client("organizations").untag_resource(ResourceId=ours(world), TagKeys=["managed-by"])


SABOTAGES = [
    Sabotage("a stranger let in", edited(let_in_a_stranger, "OwnOrganization"), RESOURCE,
             "differs in the statement OwnOrganization", "high"),
    Sabotage("a service less", edited(lambda each: each["Action"].remove("s3:*"), "OnOurBehalf"), RESOURCE,
             "differs in the statement OnOurBehalf", "high"),
    Sabotage("without TLS", edited(lambda each: each.update(Resource="arn:aws:s3:::x"), "OverTls"), RESOURCE,
             "differs in the statement OverTls", "high"),
    Sabotage("tag gone", untag, RESOURCE, "exists without the tag managed-by=groundwork", "high"),
    Sabotage("detached", detach, RESOURCE, "it keeps nobody out", "high"),
    Sabotage("deleted", delete, RESOURCE, "does not exist: strangers get to whatever", "high"),
]  # fmt: skip


def portrait(world: World) -> Any:
    found = {each["Name"] for each in world.aws.client("organizations").list_policies(Filter=RCP)["Policies"]}
    if NAME not in found:
        return None
    tags = world.aws.client("organizations").list_tags_for_resource(ResourceId=ours(world))["Tags"]
    return content(world), tags, NAME in on(world)


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda each: each.name)
def test_every_sabotage_is_named_and_put_right(enabled: World, sabotage: Sabotage) -> None:
    declaration = enforced(enabled)
    enabled.apply(PERIMETER, enabled.management, declaration=declaration)
    prove(
        enabled, PERIMETER, enabled.management, sabotage, lambda: portrait(enabled), declaration=declaration
    )


@ON_ENGINE
@given(sabotages=some_of(SABOTAGES))
def test_a_plan_tells_all_that_apply_does_from_any_state(enabled: World, sabotages: list[Sabotage]) -> None:
    declaration = enforced(enabled)
    enabled.apply(PERIMETER, enabled.management, declaration=declaration)
    good = portrait(enabled)
    for each in sabotages:
        each.do(enabled, enabled.management)
    assert prove_complete(enabled, PERIMETER, enabled.management, declaration=declaration)
    assert portrait(enabled) == good


def test_it_declares_the_permissions_that_it_uses_and_no_other(enabled: World) -> None:
    declaration, mark = enforced(enabled), len(enabled.aws.calls)
    assert prove_complete(enabled, PERIMETER, enabled.management, declaration=declaration)
    for sabotage in SABOTAGES:
        sabotage.do(enabled, enabled.management)
        enabled.apply(PERIMETER, enabled.management, declaration=declaration)
    enabled.plan(PERIMETER, enabled.before(enabled.management), declaration=declaration)
    used, declared = used_and_declared(enabled, PERIMETER, mark)
    assert used == declared


# -- in force --------------------------------------------------------------------------------------------


def outside(world: World, account: str) -> Credentials:
    """An administrator of an account that is in no organization."""
    iam = world.aws.client("iam", credentials=world.aws.registry.root(account))
    name = "somebody"
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=json.dumps(ANYTHING))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def trusting(world: World, member: Account, name: str, account: str) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    world.client("iam", member).create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))


def gets_in(call: Callable[[], Any]) -> bool:
    try:
        call()
    except ClientError as refused:
        if refused.response["Error"]["Code"] != "AccessDenied":
            raise
        return False
    return True


def test_in_force_strangers_stay_out_and_partners_do_not(enabled: World) -> None:
    member = enabled.account()
    stranger, partner = outside(enabled, STRANGER), outside(enabled, PARTNER)
    trusting(enabled, member, "for-anybody", STRANGER)
    trusting(enabled, member, "vendor-a", PARTNER)
    trusting(enabled, member, "not-for-vendors", PARTNER)
    s3, bucket = enabled.client("s3", member), f"open-{member.id}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="a", Body=b"a")
    everybody = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    s3.put_bucket_policy(
        Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [everybody]})
    )

    def entries() -> dict[str, bool]:
        read = partial(enabled.aws.client("s3", credentials=stranger).get_object, Bucket=bucket, Key="a")
        inside = partial(enabled.client("s3", enabled.tooling).get_object, Bucket=bucket, Key="a")
        return {
            "stranger": assume(enabled, stranger, member, "for-anybody"),
            "vendor": assume(enabled, partner, member, "vendor-a"),
            "vendor elsewhere": assume(enabled, partner, member, "not-for-vendors"),
            "stranger reads": gets_in(read),
            "a member reads": gets_in(inside),
        }

    assert set(entries().values()) == {True}
    vendor = Outsider(who=PARTNER, to=["arn:*:iam::*:role/vendor-*"])
    enabled.apply(PERIMETER, enabled.management, declaration=enforced(enabled, vendor))
    assert entries() == {
        "stranger": False,
        "vendor": True,
        "vendor elsewhere": False,
        "stranger reads": False,
        "a member reads": True,
    }


def test_in_force_every_declared_door_and_delivery_works(enabled: World) -> None:
    declaration = enforced(enabled)
    enabled.apply(PERIMETER, enabled.management, declaration=declaration)
    enabled.apply(LogArchive(), enabled.security, declaration=declaration)
    member = enabled.account()
    for account in (enabled.security, enabled.tooling, member):
        enabled.apply(ACCESS, account, declaration=declaration)
        for component in (Trail(), *(() if account is enabled.security else (Config(),))):
            enabled.apply(component, account, declaration=declaration)
            assert enabled.apply(component, account, declaration=declaration) == []
    archive = enabled.client("s3", enabled.security)
    for account in (enabled.security, enabled.tooling, member):
        trails = {"Bucket": f"groundwork-trail-{enabled.security.id}"}
        logs = archive.list_objects_v2(**trails, Prefix=f"AWSLogs/{account.id}/CloudTrail/")
        assert logs["KeyCount"] >= 1, account.name
    for account in (enabled.tooling, member):
        (status,) = enabled.client("config", account).describe_delivery_channel_status()[
            "DeliveryChannelsStatus"
        ]
        assert {status[each]["lastStatus"] for each in STREAMS if each in status} == {"SUCCESS"}, status
    _, administrator = user_in(enabled, "admin-external-accounts")
    assert assume(enabled, administrator, member, ADMIN)
    iam = enabled.client("iam", enabled.tooling)
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam.create_role(
        RoleName="pipeline-of-the-perimeter",
        Path="/ci-cd/",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    iam.put_role_policy(
        RoleName="pipeline-of-the-perimeter", PolicyName="all", PolicyDocument=json.dumps(ANYTHING)
    )
    pipeline = f"arn:aws:iam::{enabled.tooling.id}:role/ci-cd/pipeline-of-the-perimeter"
    who = enabled.aws.mint(pipeline, "door", service="lambda.amazonaws.com")
    assert assume(enabled, who, member, DEPLOY)


def test_in_force_a_strangers_trail_delivers_to_no_bucket(enabled: World) -> None:
    """A bucket of a member that lets CloudTrail in for whomever."""
    member = enabled.account()
    s3, name = enabled.client("s3", member), f"naive-{member.id}"
    s3.create_bucket(Bucket=name)
    anyone = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{name}/*",
    }
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [anyone]}))

    def delivers(account: str) -> bool:
        bucket = find_bucket(name)
        assert bucket is not None
        trail = f"arn:aws:cloudtrail:us-east-1:{account}:trail/theirs"
        return Sender("cloudtrail.amazonaws.com", account, trail).may_write(bucket, "AWSLogs/a")

    assert (delivers(STRANGER), delivers(member.id), delivers(enabled.tooling.id)) == (True, True, True)
    enabled.apply(PERIMETER, enabled.management, declaration=enforced(enabled))
    assert (delivers(STRANGER), delivers(member.id), delivers(enabled.tooling.id)) == (False, True, True)
