"""What a plan says that a baseline takes from the people in an account that is there already, and what of theirs stays."""

from __future__ import annotations

import json
from typing import Any

import pytest

from groundwork.baseline.component import Component
from groundwork.baseline.components.account_settings import AccountSettings
from groundwork.baseline.components.account_settings.public_buckets import MOST_TOLD, Buckets
from groundwork.baseline.components.trail import Trail
from groundwork.contracts import Account, Change
from groundwork.declaration import Declaration
from groundwork.declaration.settings import DefaultVpc
from groundwork.declaration.stacks import Stack
from groundwork.rendering import sentence
from tests.component.access import ACCESS, ADMIN, ADMINISTRATOR
from tests.component.conftest import World
from tests.component.elsewhere import own_bucket
from tests.component.test_config import CONFIG, EVERYTHING, HOME, governing, ready, theirs

__all__ = ["ready"]

SETTINGS, TRAIL = AccountSettings(), Trail()
STRANGER = "999999999999"


def told(changes: list[Change]) -> dict[str, Change]:
    return {change.resource: change for change in changes}


def breaks(world: World, component: Component[Any], account: Account, **given: Any) -> list[str]:
    """What a plan says that breaks; a run says it of nothing."""
    planned = world.planned(component, account, **given)
    return [clause for change in planned for clause in change.breaks or ()]


def bucket(world: World, account: Account, name: str, **settings: Any) -> str:
    s3, full = world.client("s3", account), f"{name}-{account.id}"
    s3.create_bucket(Bucket=full)
    for operation, given in settings.items():
        getattr(s3, operation)(Bucket=full, **given)
    return full


def for_everybody(account: Account, name: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
    resource = {"Resource": f"arn:aws:s3:::{name}-{account.id}/*"}
    return {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement | resource]})}


# -- buckets -------------------------------------------------------------------------------------------


def test_buckets_that_are_public_today_are_named_and_no_others(world: World) -> None:
    account = world.account()
    by_policy = bucket(world, account, "photos", put_bucket_policy=for_everybody(account, "photos"))
    by_list = bucket(world, account, "site", put_bucket_acl={"ACL": "public-read"})
    bucket(world, account, "private")
    held = {"PublicAccessBlockConfiguration": {"RestrictPublicBuckets": True}}
    both = for_everybody(account, "held")
    bucket(world, account, "held", put_bucket_policy=both, put_public_access_block=held)
    assert breaks(world, SETTINGS, account) == [
        f"bucket {by_policy} is public by its policy today, and will not be",
        f"bucket {by_list} is public by its access control list today, and will not be",
    ]
    change = told(world.planned(SETTINGS, account))["S3 public access block"]
    assert sentence(change).endswith(
        f"by s3control PutPublicAccessBlock; breaks: {'; '.join(change.breaks or ())}"
    )
    changes = world.apply(SETTINGS, account)
    assert [each for each in changes if each.breaks] == []
    mark = len(world.aws.calls)
    assert breaks(world, SETTINGS, account) == []
    assert "ListBuckets" not in {call.operation for call in world.calls_since(mark)}


def test_a_bucket_that_nobody_may_look_at_is_said_to_be_unknown(world: World) -> None:
    account = world.account()
    name = f"closed-{account.id}"
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetBucketPublicAccessBlock"}
    document = {"Version": "2012-10-17", "Statement": [statement | {"Resource": f"arn:aws:s3:::{name}"}]}
    bucket(world, account, "closed", put_bucket_policy={"Policy": json.dumps(document)})
    assert breaks(world, SETTINGS, account) == [f"of bucket {name} nobody may see whether it is public"]


def test_of_many_buckets_the_first_are_told() -> None:
    found = Buckets({f"b{number}": "its policy" for number in range(MOST_TOLD + 3)}, ("x", "y"), more=7)
    *first, more, unseen, rest = found.in_words()
    assert len(first) == MOST_TOLD
    assert (more, unseen) == (
        "and so it is with 3 more buckets",
        "of buckets x, y nobody may see whether it is public",
    )
    assert rest == "7 more buckets were not looked at"


def test_an_alias_that_is_replaced_is_missed_by_those_who_sign_in_by_it(world: World) -> None:
    account = world.account()
    old = f"known-to-all-{account.id}"
    world.client("iam", account).create_account_alias(AccountAlias=old)
    assert breaks(world, SETTINGS, account) == []
    settings = world.declaration.account_settings.model_copy(update={"replace_alias": True})
    replacing = world.declaration.model_copy(update={"account_settings": settings})
    missed = [f"nobody signs in by the alias {old} any more, and anybody may take it"]
    assert breaks(world, SETTINGS, account, declaration=replacing) == missed


def test_a_default_vpc_that_goes_from_under_people_is_missed(world: World) -> None:
    fresh = world.account()
    old = fresh.model_copy(update={"fresh": False})
    settings = world.declaration.account_settings
    later = settings.model_copy(
        update={"default_vpc": settings.default_vpc.model_copy(update={"later": True})}
    )
    declaration = world.declaration.model_copy(update={"account_settings": later})
    missed = [
        f"whoever launches something in {region} and names no subnet is refused"
        for region in declaration.regions.governed
    ]
    assert breaks(world, SETTINGS, old, declaration=declaration) == missed
    assert breaks(world, SETTINGS, fresh, declaration=declaration) == []


def test_a_default_vpc_that_is_closed_over_what_sleeps_is_missed(world: World) -> None:
    """Once: what was closed and opened again had no network."""
    fresh = world.account()
    old = fresh.model_copy(update={"fresh": False})
    closing = DefaultVpc(delete=[], close=["workload"])
    settings = world.declaration.account_settings.model_copy(update={"default_vpc": closing})
    declaration = world.declaration.model_copy(update={"account_settings": settings})
    missed = breaks(world, SETTINGS, old, declaration=declaration)
    assert len(missed) == len(declaration.regions.governed)
    assert all(
        clause.startswith("what sleeps in vpc-") and "has no network" in clause and region in clause
        for clause, region in zip(missed, declaration.regions.governed, strict=True)
    )
    assert breaks(world, SETTINGS, fresh, declaration=declaration) == []
    world.apply(SETTINGS, old, declaration=declaration)
    ec2 = world.client("ec2", old)
    (group,) = ec2.describe_security_groups()["SecurityGroups"]
    itself = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group["GroupId"]}]}
    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[itself])
    assert breaks(world, SETTINGS, old, declaration=declaration) == []


# -- AWS Config and trails -----------------------------------------------------------------------------


def test_a_recorder_that_stands_in_the_way_is_told_by_a_plan(ready: World) -> None:
    account = theirs(ready, EVERYTHING, start=False)
    (change,) = ready.plan(CONFIG, account)
    assert (change.resource, change.action, change.severity) == (f"recorder in {HOME}", "report", "high")
    assert (
        "recorder 'theirs' and channel 'theirs', made by somebody else, which is not recording"
        in change.reason
    )
    assert "ends in ConflictingSetup" in change.reason


def test_a_channel_that_is_taken_over_is_missed_where_it_delivered_to(ready: World) -> None:
    account = theirs(ready, EVERYTHING)
    taking = governing(ready, HOME, take_over=True)
    assert breaks(ready, CONFIG, account, declaration=taking) == [
        f"bucket own-config-{account.id} gets nothing from Config in {HOME} any more"
    ]
    ready.apply(CONFIG, account, declaration=taking)
    assert breaks(ready, CONFIG, account, declaration=taking) == []


def test_trails_of_others_are_told_and_one_of_our_name_is_missed(ready: World) -> None:
    account = ready.account()
    cloudtrail, there = ready.client("cloudtrail", account), own_bucket(ready, account, "cloudtrail")
    for name in ("audit", "groundwork"):
        cloudtrail.create_trail(Name=name, S3BucketName=there)
    assert breaks(ready, TRAIL, account) == [f"bucket {there} gets nothing from the trail any more"]
    other = told(ready.plan(TRAIL, account))["trail audit"]
    assert (other.action, other.severity) == ("report", "low")
    assert other.reason.startswith("somebody else made it, and it stays; it delivers to bucket")


# -- roles ---------------------------------------------------------------------------------------------


def trusting(*principals: str) -> str:
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": each}, "Action": "sts:AssumeRole"} for each in principals
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.fixture(scope="module")
def grown(world: World) -> Account:
    """An account whose people have roles, one of them of a name of ours."""
    account = world.account()
    iam = world.client("iam", account)
    neighbour = f"arn:aws:iam::{world.tooling.id}:root"
    for name in (ADMIN, "AWSCloudFormationStackSetExecutionRole", "AWSControlTowerExecution"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusting(neighbour))
        iam.attach_role_policy(RoleName=name, PolicyArn=ADMINISTRATOR)
    iam.attach_role_policy(RoleName=ADMIN, PolicyArn="arn:aws:iam::aws:policy/job-function/Billing")
    name = "aws-controltower-ForwardSnsNotificationRole"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusting(neighbour))
    return account


def test_a_role_of_our_name_that_somebody_made_is_missed_as_it_is(world: World, grown: Account) -> None:
    (clause,) = breaks(world, ACCESS, grown)
    assert clause.startswith("somebody else made it, and who uses it finds it changed: trust policy ")
    assert f"lets account {world.tooling.id} in" in clause
    assert "has job-function/Billing attached, which is not declared" in clause
    assert "Administrator" not in clause


def test_it_is_told_before_the_security_account_is_there(world: World, grown: Account) -> None:
    without = world.organization.model_copy(update={"security_account_id": None})
    missed = "somebody else made it, and who uses it finds it changed, once it can be laid down"
    assert breaks(world, ACCESS, grown, organization=without) == [missed]
    change = told(world.planned(ACCESS, grown, organization=without))
    assert any(sentence(each).endswith(f"; breaks: {missed}") for each in change.values())


def test_who_else_works_here_is_told(world: World, grown: Account) -> None:
    changes = told(world.plan(ACCESS, grown))
    sets = changes["role/AWSCloudFormationStackSetExecutionRole"]
    assert f"stack sets work here by it, for account {world.tooling.id}: it stays" in sets.reason
    assert "where the guard rails bind the account" in sets.reason
    tower = changes["role/AWSControlTowerExecution"]
    assert "this role, aws-controltower-ForwardSnsNotificationRole, the recorder" in tower.reason
    assert {sets.severity, tower.severity} == {"low"}
    without = bare(world.declaration)
    sets = told(world.plan(ACCESS, grown, declaration=without))["role/AWSCloudFormationStackSetExecutionRole"]
    assert "guard rails" not in sets.reason


def test_which_declared_stack_sets_work_here_is_told(world: World) -> None:
    account = world.account()
    iam = world.client("iam", account)
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{world.management.id}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    iam.create_role(RoleName="stacksets-exec-1", AssumeRolePolicyDocument=json.dumps(trust))
    declared = {"mode": "stackSet", "template": "x.yaml"}
    made = [
        Stack.model_validate({**declared, "name": name, "where": {"organizationalUnits": [unit]}})
        for name, unit in (("network", "Workloads"), ("other", "Security"))
    ]
    declaration = world.declaration.model_copy(update={"stacks": made})
    sets = told(world.plan(ACCESS, account, declaration=declaration))["role/stacksets-exec-1"]
    assert sets.reason.endswith("Declared for this account: network")


def bare(declaration: Declaration) -> Declaration:
    kinds = {
        kind: [each for each in its if each != "guardrails"] for kind, its in declaration.baseline.items()
    }
    return declaration.model_copy(update={"baseline": kinds})
