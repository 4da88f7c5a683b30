"""What a component laid down and the declaration no longer names: reported, or removed where `prune` says so."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from moto.s3.models import s3_backends

from groundwork.baseline import keys
from groundwork.baseline.components.access.wanted import declared_roles
from groundwork.baseline.components.account_settings import AccountSettings
from groundwork.baseline.components.alarms.topic import ALIAS
from groundwork.baseline.components.config import Config
from groundwork.baseline.components.delegation import Delegation
from groundwork.baseline.components.log_archive import LogArchive
from groundwork.baseline.components.trail import Trail
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from local.calls import CallRecord
from tests.component.access import ACCESS
from tests.component.cdk import CDK, named, with_cdk
from tests.component.conftest import World
from tests.component.elsewhere import own_bucket
from tests.component.sabotage import prove_complete

TRAIL, CONFIG, DELEGATION, ARCHIVE, SETTINGS = (
    Trail(),
    Config(),
    Delegation(),
    LogArchive(),
    AccountSettings(),
)
HOME, FAR = "us-east-1", "eu-west-1"


@pytest.fixture(scope="module")
def ready(world: World) -> World:
    world.apply(ARCHIVE, world.security)
    for service in (
        "access-analyzer.amazonaws.com",
        "cloudtrail.amazonaws.com",
        "config.amazonaws.com",
        "config-multiaccountsetup.amazonaws.com",
    ):
        world.aws.client("organizations").enable_aws_service_access(ServicePrincipal=service)
    world.apply(DELEGATION, world.security)
    return world


def declaring(world: World, part: str = "", prune: str = "report", **update: Any) -> Declaration:
    """The shipped declaration with other values in one part of it."""
    names = ("config", "trail", "log-archive", "account-settings")
    parts = {part: getattr(world.declaration, part).model_copy(update=update)} if part else update
    return world.declaration.model_copy(update={"prune": dict.fromkeys(names, prune), **parts})


def trails(world: World, account: Account) -> set[str]:
    listed = world.client("cloudtrail", account).describe_trails(includeShadowTrails=False)["trailList"]
    return {trail["Name"] for trail in listed}


def recorders(world: World, account: Account, region: str) -> list[str]:
    listed = world.client("config", account, region).describe_configuration_recorders()
    return [recorder["name"] for recorder in listed["ConfigurationRecorders"]]


def test_a_trail_of_ours_by_another_name_goes_once_the_declared_one_is_there(ready: World) -> None:
    account = ready.account()
    ready.apply(TRAIL, account)
    ready.client("cloudtrail", account).create_trail(
        Name="theirs", S3BucketName=own_bucket(ready, account, "cloudtrail")
    )
    renamed = declaring(ready, "trail", name="audit")
    ready.apply(ARCHIVE, ready.security, declaration=renamed)  # which admits trails of the declared name
    (told,) = [each for each in ready.apply(TRAIL, account, declaration=renamed) if each.action == "report"]
    assert (told.resource, told.severity, told.taken_out) == ("trail groundwork", "medium", True)
    assert "set prune: {trail: remove}" in told.reason
    done = prove_complete(
        ready, TRAIL, account, declaration=declaring(ready, "trail", "remove", name="audit")
    )
    assert [(each.action, each.resource) for each in done] == [("delete", "trail groundwork")]
    assert trails(ready, account) == {"audit", "theirs"}
    ready.apply(ARCHIVE, ready.security)


def test_accounts_of_a_kind_without_trail_lose_theirs(ready: World) -> None:
    account = ready.account()
    ready.apply(TRAIL, account)
    none: dict[str, Any] = {"baseline": {**ready.declaration.baseline, "workload": ["access"]}}
    later = ready.before(account)
    (told,) = ready.apply(TRAIL, later, declaration=declaring(ready, **none))
    assert "trail is declared no longer for accounts of kind workload" in told.reason
    prove_complete(ready, TRAIL, later, declaration=declaring(ready, "", "remove", **none))
    assert trails(ready, account) == set()


def test_no_trail_and_no_recorder_of_the_management_account_is_ever_removed(ready: World) -> None:
    management, later = ready.management, ready.before(ready.management)
    for component in (TRAIL, CONFIG):
        ready.apply(component, management)
    none = declaring(ready, "", "remove", baseline={"management": ["organization"]})
    told = [each for component in (TRAIL, CONFIG) for each in ready.apply(component, later, declaration=none)]
    assert {each.action for each in told} == {"report"}
    assert {each.resource for each in told} == {"trail groundwork", f"recorder groundwork in {HOME}"}
    assert all("delete it by hand, or declare it again" in each.reason for each in told)


def test_a_region_that_is_no_longer_governed_is_told_or_cleared(ready: World) -> None:
    account = ready.account()
    ready.apply(CONFIG, account, declaration=declaring(ready, "regions", governed=[HOME, FAR]))
    mark = len(ready.aws.calls)
    assert ready.apply(CONFIG, account, declaration=declaring(ready)) == []
    assert {call.region for call in ready.calls_since(mark) if call.service == "config"} == {HOME}

    later = ready.before(account)
    (told,) = ready.apply(CONFIG, later, declaration=declaring(ready))
    assert (told.resource, told.severity) == (f"recorder groundwork in {FAR}", "medium")
    assert "is ours and records, and is billed" in told.reason
    prove_complete(ready, CONFIG, later, declaration=declaring(ready, "", "remove"))
    assert (recorders(ready, account, HOME), recorders(ready, account, FAR)) == (["groundwork"], [])
    channels = ready.client("config", account, FAR).describe_delivery_channels()["DeliveryChannels"]
    assert channels == []


def test_a_recorder_of_others_in_such_a_region_is_none_of_ours(ready: World) -> None:
    account = ready.account()
    config = ready.client("config", account, FAR)
    role = f"arn:aws:iam::{account.id}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
    ready.apply(CONFIG, account)
    config.put_configuration_recorder(ConfigurationRecorder={"name": "theirs", "roleARN": role})
    assert ready.apply(CONFIG, ready.before(account), declaration=declaring(ready, "", "remove")) == []
    assert recorders(ready, account, FAR) == ["theirs"]


def test_the_aggregator_goes_with_its_role_or_with_its_name(ready: World) -> None:
    security, later = ready.security, ready.before(ready.security)
    ready.apply(CONFIG, security)

    def aggregators() -> set[str]:
        listed = ready.client("config", security).describe_configuration_aggregators()
        return {each["ConfigurationAggregatorName"] for each in listed["ConfigurationAggregators"]}

    renamed = declaring(ready, "config", "remove", aggregator="everyone")
    prove_complete(ready, CONFIG, security, declaration=renamed)
    assert aggregators() == {"everyone"}
    none: dict[str, Any] = {"baseline": {"security": ["log-archive"]}}
    told = ready.apply(CONFIG, later, declaration=declaring(ready, **none))
    assert {each.resource for each in told} == {
        *(f"recorder groundwork in {HOME}", "aggregator everyone", "role groundwork-config-aggregator")
    }
    prove_complete(ready, CONFIG, later, declaration=declaring(ready, "", "remove", **none))
    assert aggregators() == set()
    ready.apply(CONFIG, security)


def test_a_delegation_that_nothing_needs_is_told(ready: World) -> None:
    none = declaring(ready, baseline={"security": ["delegation", "log-archive"]})
    told = ready.apply(DELEGATION, ready.security, declaration=none)
    assert {each.resource for each in told} == {
        "delegated administrator of access-analyzer.amazonaws.com",
        "delegated administrator of config.amazonaws.com",
        "delegated administrator of config-multiaccountsetup.amazonaws.com",
        "delegated administrator of guardduty.amazonaws.com",
        "delegated administrator of securityhub.amazonaws.com",
    }
    without = declaring(ready, baseline={"security": ["log-archive"]})
    assert ready.apply(DELEGATION, ready.before(ready.security), declaration=without) == told


def test_buckets_and_keys_of_an_archive_that_is_declared_no_longer_stay_and_are_told(ready: World) -> None:
    security, later = ready.security, ready.before(ready.security)
    moved = declaring(
        ready, "log_archive", "remove", trail_bucket="moved-<security>", key_alias="alias/moved"
    )
    told = [each for each in ready.apply(ARCHIVE, later, declaration=moved) if each.action == "report"]
    assert [each.resource.split()[0] for each in told] == ["bucket", "key"]
    assert told[0].resource == f"bucket groundwork-trail-{security.id}"
    assert all("declared no longer, and stays" in each.reason for each in told)
    none = declaring(ready, "", "remove", baseline={"security": ["trail"]})
    every = ready.apply(ARCHIVE, later, declaration=none)
    assert {each.action for each in every} == {"report"}
    assert len(every) == 4 + 2
    ready.apply(ARCHIVE, security)


def test_buckets_that_keep_us_out_are_passed_over_and_those_of_other_regions_are_not_asked(
    ready: World,
) -> None:
    """A guard rail denies what is not governed; one that is deleted while we look is gone."""
    security, later = ready.security, ready.before(ready.security)
    s3 = ready.client("s3", security)
    closed, single, far, gone = (f"{name}-{security.id}" for name in ("closed", "single", "far", "gone"))
    for name in (closed, single, gone):
        s3.create_bucket(Bucket=name)
    there = {"LocationConstraint": FAR}
    ready.client("s3", security, FAR).create_bucket(Bucket=far, CreateBucketConfiguration=there)
    keeper = f"arn:aws:iam::{security.id}:role/keeper"
    only_the_keeper = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetBucketPolicy",
        "Resource": f"arn:aws:s3:::{closed}",
        "Condition": {"ArnNotEquals": {"aws:PrincipalArn": keeper}},
    }
    delivers = {
        "Sid": "ConfigDelivers",
        "Effect": "Allow",
        "Principal": {"Service": "config.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{single}/*",
    }
    for name, statement in ((closed, [only_the_keeper]), (single, delivers)):
        document = {"Version": "2012-10-17", "Statement": statement}
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps(document))

    def delete(call: CallRecord) -> None:
        if call.operation == "GetBucketPolicy" and call.resource.endswith(gone):
            s3_backends[security.id]["aws"].delete_bucket(gone)

    ready.aws.on_call.append(delete)
    mark = len(ready.aws.calls)
    told = ready.apply(ARCHIVE, later)
    ready.aws.on_call.remove(delete)
    assert {f"bucket {name}" for name in (closed, single, far, gone)} & {each.resource for each in told} == {
        f"bucket {single}"
    }
    asked = {call.resource for call in ready.calls_since(mark) if call.operation == "GetBucketPolicy"}
    assert {f"arn:aws:s3:::{name}" for name in (closed, single, gone)} <= asked
    assert f"arn:aws:s3:::{far}" not in asked
    s3.delete_bucket(Bucket=single)


def test_a_key_of_another_component_is_no_former_key_of_the_archive(ready: World) -> None:
    kms, tags = ready.client("kms", ready.security), keys.MINE | {keys.KEY_TAG: ALIAS}
    made = kms.create_key(Tags=[{"TagKey": name, "TagValue": value} for name, value in tags.items()])
    told = ready.apply(ARCHIVE, ready.before(ready.security))
    assert f"key {made['KeyMetadata']['Arn']}" not in {each.resource for each in told}


def test_a_lock_that_is_declared_no_longer_stays_and_is_told(ready: World) -> None:
    (told,) = ready.apply(
        ARCHIVE, ready.security, declaration=declaring(ready, "log_archive", object_lock=None)
    )
    assert (told.action, told.severity) == ("report", "low")
    assert "logArchive.objectLock does not declare" in told.reason


def test_logs_that_are_declared_to_be_moved_no_longer_are_moved_no_longer(ready: World) -> None:
    sooner = declaring(ready, "log_archive", archive_after_days=90, expire_after_days=60)
    prove_complete(ready, ARCHIVE, ready.security, declaration=sooner)
    rules = ready.client("s3", ready.security).get_bucket_lifecycle_configuration(
        Bucket=f"groundwork-config-{ready.security.id}"
    )["Rules"]
    assert [rule.get("Transitions", []) for rule in rules] == [[]]
    ready.apply(ARCHIVE, ready.security)


def test_protections_that_are_declared_no_longer_stay_and_are_told(ready: World) -> None:
    account = ready.account()
    ready.apply(SETTINGS, account)
    off = declaring(ready, "account_settings", "remove", ebs_encryption=False, s3_public_access_block=False)
    assert ready.apply(SETTINGS, account, declaration=off) == []
    told = ready.apply(SETTINGS, ready.before(account), declaration=off)
    assert {(each.action, each.resource, each.severity) for each in told} == {
        ("report", "S3 public access block", "low"),
        ("report", f"EBS encryption in {HOME}", "low"),
    }
    without = declaring(ready, "", "remove", baseline={"workload": ["trail"]})
    (all_of_it,) = ready.apply(SETTINGS, ready.before(account), declaration=without)
    assert "account-settings" in all_of_it.resource
    assert "if an earlier declaration named it for them, what it did stays" in all_of_it.reason
    assert all_of_it.severity == "low"  # it may never have been declared


# -- components that accounts of a kind no longer have --------------------------------------------------


def workloads_with(world: World, *components: str) -> Declaration:
    return declaring(world, baseline={**world.declaration.baseline, "workload": list(components)})


def test_what_was_never_laid_down_is_not_told(ready: World) -> None:
    none, later = workloads_with(ready, "trail"), ready.before(ready.account())
    for component in (CDK, ACCESS, CONFIG):
        assert ready.plan(component, later, declaration=none) == []


def test_ways_in_that_are_looked_after_no_longer_are_told_until_they_are_gone(ready: World) -> None:
    account, security = ready.account(), ready.security
    none = declaring(ready, baseline={kind: ["trail"] for kind in ready.declaration.baseline})
    groups = len(ready.declaration.access.groups)
    for each, there in ((account, {"group": 0, "policy": 1}), (security, {"group": groups, "policy": 0})):
        ready.apply(ACCESS, each)
        told = ready.apply(ACCESS, ready.before(each), declaration=none)
        roles = {f"role/{role.name}" for role in declared_roles(ready.target(ACCESS, each))}
        assert roles <= {change.resource for change in told}
        kinds = Counter(change.resource.partition("/")[0] for change in told)
        assert {kind: kinds[kind] for kind in there} == there
        assert {(change.action, change.taken_out) for change in told} == {("report", True)}


def test_what_the_cdk_had_is_told_until_it_is_gone(ready: World) -> None:
    account = ready.account()
    ready.apply(CDK, account, declaration=with_cdk())
    none, later, its = workloads_with(ready, "trail"), ready.before(account), named(account)
    told = ready.apply(CDK, later, declaration=none)
    assert {each.resource for each in told} == {
        *(f"role/{name}" for name in its.roles),
        f"bucket {its.bucket}",
        f"parameter {its.parameter} in {HOME}",
    }
    assert {(each.action, each.taken_out) for each in told} == {("report", True)}
