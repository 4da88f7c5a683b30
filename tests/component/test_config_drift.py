"""config: what is done to it behind our back is named and mended, whatever the state it is found in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given

from groundwork.baseline.components.config import Config
from groundwork.baseline.components.log_archive import LogArchive
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.declaration.loading import load
from groundwork.errors import SecurityAccountNotReady
from tests.component.conftest import World
from tests.component.elsewhere import own_bucket, own_key
from tests.component.sabotage import (
    Sabotage,
    differences,
    prove,
    prove_complete,
    some_of,
    used_and_declared,
)
from tests.component.without_aws import ON_ENGINE

CONFIG = Config()
HOME, ELSEWHERE = "us-east-1", "eu-west-1"
ROLE_NAME = "AWSServiceRoleForConfig"
ROLE = f"aws-service-role/config.amazonaws.com/{ROLE_NAME}"
AGGREGATORS = "groundwork-config-aggregator"
MANAGED = "arn:aws:iam::aws:policy/service-role/AWSConfigRoleForOrganizations"
PRINCIPALS = ("config.amazonaws.com", "config-multiaccountsetup.amazonaws.com")


def governing(*regions: str) -> Declaration:
    declared = load()
    governed = declared.regions.model_copy(update={"governed": list(regions)})
    return declared.model_copy(update={"regions": governed})


TWO = governing(HOME, ELSEWHERE)


@pytest.fixture(scope="module")
def ready(world: World) -> World:
    """The world with its log archive, and the security account as Config's delegated administrator."""
    world.apply(LogArchive(), world.security)
    organizations = world.aws.client("organizations")
    for principal in PRINCIPALS:
        organizations.enable_aws_service_access(ServicePrincipal=principal)
        organizations.register_delegated_administrator(
            AccountId=world.security.id, ServicePrincipal=principal
        )
    return world


@pytest.fixture(scope="module")
def member(ready: World) -> Account:
    """A member account with Config in two Regions, which every test leaves as declared."""
    account = ready.account()
    ready.apply(CONFIG, account, declaration=TWO)
    return account


@pytest.fixture(scope="module")
def security(ready: World) -> Account:
    prove_complete(ready, CONFIG, ready.security)
    return ready.security


def portrait(world: World, account: Account) -> list[Any]:
    """Role, recorders, channels and aggregators as AWS tells them."""
    try:
        shown = [world.client("iam", account).get_role(RoleName=ROLE_NAME)["Role"]["Arn"]]
    except ClientError:
        shown = []
    shown += aggregators_role(world, account)
    for region in (HOME, ELSEWHERE):
        config = world.client("config", account, region)
        shown += config.describe_configuration_recorders()["ConfigurationRecorders"]
        shown += config.describe_delivery_channels()["DeliveryChannels"]
        statuses = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
        shown += [status["recording"] for status in statuses]
        for aggregator in config.describe_configuration_aggregators()["ConfigurationAggregators"]:
            shown.append(
                (aggregator["ConfigurationAggregatorName"], aggregator["OrganizationAggregationSource"])
            )
    return shown


def aggregators_role(world: World, account: Account) -> list[Any]:
    iam = world.client("iam", account)
    try:
        role = iam.get_role(RoleName=AGGREGATORS)["Role"]
    except ClientError:
        return []
    attached = iam.list_attached_role_policies(RoleName=AGGREGATORS)["AttachedPolicies"]
    return [role["Arn"], role["AssumeRolePolicyDocument"], *sorted(each["PolicyArn"] for each in attached)]


# -- one at a time -------------------------------------------------------------------------------------

Deed = Callable[[World, Account], Any]


def recorder(**changes: Any) -> Deed:
    """Puts the home Region's recorder as one would with the AWS CLI."""

    def put(world: World, account: Account) -> None:
        config = world.client("config", account)
        for found in config.describe_configuration_recorders()["ConfigurationRecorders"]:
            kept = {name: found[name] for name in ("name", "roleARN", "recordingGroup")}
            config.put_configuration_recorder(ConfigurationRecorder={**kept, **changes})

    return put


def channel(**changes: Any) -> Deed:
    def put(world: World, account: Account) -> None:
        config = world.client("config", account)
        (found,) = config.describe_delivery_channels()["DeliveryChannels"]
        kept = {name: value for name, value in {**found, **changes}.items() if value is not None}
        config.put_delivery_channel(DeliveryChannel=kept)

    return put


def sent_elsewhere(**changes: Any) -> Deed:
    return lambda world, account: channel(
        **{"s3BucketName": own_bucket(world, account, "config"), **changes}
    )(world, account)


def encrypted_otherwise(world: World, account: Account) -> None:
    channel(s3KmsKeyArn=own_key(world, account, "config"))(world, account)


def records_as_another(world: World, account: Account) -> None:
    recorder(roleARN=another_role(world, account))(world, account)


def another_role(world: World, account: Account) -> str:
    """A role of the account's own that Config may assume."""
    iam, name = world.client("iam", account), "their-config"
    if name not in [role["RoleName"] for role in iam.list_roles()["Roles"]]:
        trusted = {"Effect": "Allow", "Principal": {"Service": PRINCIPALS[0]}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        iam.attach_role_policy(RoleName=name, PolicyArn=MANAGED)
    return f"arn:aws:iam::{account.id}:role/{name}"


def records_twice(world: World, account: Account) -> None:
    config = world.client("config", account, ELSEWHERE)
    (found,) = config.describe_configuration_recorders()["ConfigurationRecorders"]
    both = {"allSupported": True, "includeGlobalResourceTypes": True}
    config.put_configuration_recorder(
        ConfigurationRecorder={"name": found["name"], "roleARN": found["roleARN"], "recordingGroup": both}
    )


def stop(world: World, account: Account, region: str = HOME) -> Any:
    config = world.client("config", account, region)
    for found in config.describe_configuration_recorders()["ConfigurationRecorders"]:
        config.stop_configuration_recorder(ConfigurationRecorderName=found["name"])
    return config


def delete_channel(world: World, account: Account) -> None:
    stop(world, account).delete_delivery_channel(DeliveryChannelName="groundwork")


def delete_recorder(world: World, account: Account, region: str = HOME) -> None:
    config = stop(world, account, region)
    for found in config.describe_configuration_recorders()["ConfigurationRecorders"]:
        config.delete_configuration_recorder(ConfigurationRecorderName=found["name"])


def delete_role(world: World, account: Account) -> None:
    """IAM deletes it only when no recorder has it."""
    for region in (HOME, ELSEWHERE):
        delete_recorder(world, account, region)
    world.client("iam", account).delete_service_linked_role(RoleName=ROLE_NAME)


RECORDER, CHANNEL = f"recorder groundwork in {HOME}", f"channel groundwork in {HOME}"
SOME = {"allSupported": False, "includeGlobalResourceTypes": False, "resourceTypes": ["AWS::EC2::VPC"]}
NOT_GLOBAL = {"allSupported": True, "includeGlobalResourceTypes": False}
RARELY = {"deliveryFrequency": "One_Hour"}

SABOTAGES = (
    Sabotage("stopped", stop, RECORDER, "is not recording", "high"),
    Sabotage(
        "narrowed", recorder(recordingGroup=SOME), RECORDER, "does not record every resource type", "high"
    ),
    Sabotage("no IAM", recorder(recordingGroup=NOT_GLOBAL), RECORDER, "leaves out global resource", "high"),
    Sabotage(
        "another role", records_as_another, RECORDER, "records as arn:aws:iam::{account}:role/their", "high"
    ),
    Sabotage(
        *("IAM twice", records_twice, f"recorder groundwork in {ELSEWHERE}"),
        words="records global resource types twice",
        severity="high",
    ),
    Sabotage(
        "elsewhere", sent_elsewhere(), CHANNEL, "delivers to bucket own-config-{account}; expected", "high"
    ),
    Sabotage(
        *("in a folder", sent_elsewhere(s3KeyPrefix="hidden"), CHANNEL),
        words="delivers below hidden; expected the top of the bucket",
        severity="high",
    ),
    Sabotage(
        "no key",
        channel(s3KmsKeyArn=None),
        CHANNEL,
        "encrypts with none of its own; expected arn:aws:kms:",
        "high",
    ),
    Sabotage(
        "another key", encrypted_otherwise, CHANNEL, "encrypts with arn:aws:kms:us-east-1:{account}", "high"
    ),
    Sabotage(
        "snapshots", channel(configSnapshotDeliveryProperties=RARELY), CHANNEL, "delivers snapshots One_Hour"
    ),
    Sabotage("no channel", delete_channel, CHANNEL, "does not exist", "high", besides=(RECORDER,)),
    Sabotage("no recorder", delete_recorder, RECORDER, "does not exist", "high"),
    Sabotage(
        *("no role", delete_role, f"role {ROLE_NAME}", "does not exist; Config records with it", "high"),
        besides=(RECORDER, f"recorder groundwork in {ELSEWHERE}"),
    ),
)


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_what_drifted_is_named_and_mended_and_nothing_else(
    ready: World, member: Account, sabotage: Sabotage
) -> None:
    prove(ready, CONFIG, member, sabotage, lambda: portrait(ready, member), declaration=TWO)


AGGREGATOR = "aggregator groundwork"


def aggregating(**changes: Any) -> Deed:
    def put(world: World, account: Account) -> None:
        source = {
            "RoleArn": f"arn:aws:iam::{account.id}:role/service-role/{AGGREGATORS}",
            "AllAwsRegions": True,
        }
        source |= {
            name: another_role(world, account) if name == "RoleArn" else value
            for name, value in changes.items()
        }
        world.client("config", account).put_configuration_aggregator(
            ConfigurationAggregatorName="groundwork", OrganizationAggregationSource=source
        )

    return put


def delete_aggregator(world: World, account: Account) -> None:
    world.client("config", account).delete_configuration_aggregator(ConfigurationAggregatorName="groundwork")


def trusts_a_stranger(world: World, account: Account) -> None:
    iam = world.client("iam", account)
    trust = iam.get_role(RoleName=AGGREGATORS)["Role"]["AssumeRolePolicyDocument"]
    trust["Statement"].append(
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::999999999999:root"},
            "Action": "sts:AssumeRole",
        }
    )
    iam.update_assume_role_policy(RoleName=AGGREGATORS, PolicyDocument=json.dumps(trust))


def attached(arn: str, *, away: bool = False) -> Deed:
    def change(world: World, account: Account) -> None:
        iam = world.client("iam", account)
        (iam.detach_role_policy if away else iam.attach_role_policy)(RoleName=AGGREGATORS, PolicyArn=arn)

    return change


def delete_aggregators_role(world: World, account: Account) -> None:
    attached(MANAGED, away=True)(world, account)
    world.client("iam", account).delete_role(RoleName=AGGREGATORS)


OF_AGGREGATOR = (
    Sabotage(
        *("a stranger trusted", trusts_a_stranger, f"role {AGGREGATORS}", "holds the foreign statement"),
        severity="high",
    ),
    Sabotage(
        *("its policy detached", attached(MANAGED, away=True), f"role {AGGREGATORS}"),
        words="lacks the managed policy service-role/AWSConfigRoleForOrganizations",
    ),
    Sabotage(
        *("more power", attached("arn:aws:iam::aws:policy/AdministratorAccess"), f"role {AGGREGATORS}"),
        words="has the managed policy arn:aws:iam::aws:policy/AdministratorAccess; expected none besides",
    ),
    Sabotage("role deleted", delete_aggregators_role, f"role {AGGREGATORS}", "does not exist"),
    Sabotage("deleted", delete_aggregator, AGGREGATOR, "does not exist"),
    Sabotage(
        *("one Region", aggregating(AllAwsRegions=False, AwsRegions=[HOME]), AGGREGATOR),
        words="aggregates ['us-east-1']; expected every Region",
    ),
    Sabotage(
        *("another role", aggregating(RoleArn="theirs"), AGGREGATOR),
        words="looks at the organization as arn:aws:iam::{account}:role/their-config; expected",
    ),
)


@pytest.mark.parametrize("sabotage", OF_AGGREGATOR, ids=lambda sabotage: sabotage.name)
def test_the_aggregator_is_kept(ready: World, security: Account, sabotage: Sabotage) -> None:
    prove(ready, CONFIG, security, sabotage, lambda: portrait(ready, security))


# -- all at once ---------------------------------------------------------------------------------------


@ON_ENGINE
@given(sabotages=some_of(SABOTAGES))
def test_the_plan_is_what_apply_does_from_any_state(
    ready: World, member: Account, sabotages: list[Sabotage]
) -> None:
    for each in sabotages:
        each.do(ready, member)
    done = prove_complete(ready, CONFIG, member, declaration=TWO)
    named = {resource for each in sabotages for resource in (each.resource, *each.besides)}
    assert {change.resource for change in done} == named


# -- a key that nobody can look at ---------------------------------------------------------------------


@pytest.fixture
def without_alias(ready: World, member: Account) -> Iterator[World]:
    """Somebody deleted the alias of the archive's key."""
    kms, alias = ready.client("kms", ready.security), ready.declaration.log_archive.key_alias
    key = kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"]
    kms.delete_alias(AliasName=alias)
    yield ready
    kms.create_alias(AliasName=alias, TargetKeyId=key)


def test_without_its_alias_a_channel_is_compared_in_everything_else(
    without_alias: World, member: Account
) -> None:
    world = without_alias
    (report,) = world.plan(CONFIG, member, declaration=TWO)
    assert (report.action, report.resource) == ("report", "delivery channels")
    assert report.reason.startswith("their key cannot be verified: The log archive's key arn:aws:kms:")
    config = stop(world, member)
    assert [change.reason for change in differences(world.plan(CONFIG, member, declaration=TWO))] == [
        "is not recording"
    ]
    config.start_configuration_recorder(ConfigurationRecorderName="groundwork")
    with pytest.raises(SecurityAccountNotReady, match="cannot be found"):
        world.apply(CONFIG, member, declaration=TWO)


# -- permissions ---------------------------------------------------------------------------------------


def test_it_may_do_what_it_does_and_nothing_else(ready: World, security: Account) -> None:
    account = ready.account()
    prove_complete(ready, CONFIG, account, declaration=TWO)
    taken = ready.declaration.config.model_copy(update={"recorder": "another"})
    ready.apply(CONFIG, account, declaration=ready.declaration.model_copy(update={"config": taken}))
    nothing = ready.declaration.model_copy(update={"baseline": {}, "prune": {"config": "remove"}})
    for each in (account, security):
        ready.apply(CONFIG, ready.before(each), declaration=nothing)
    used, declared = used_and_declared(ready, CONFIG)
    assert used == declared
