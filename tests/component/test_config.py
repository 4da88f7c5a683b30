"""config: recorder and channel in every governed Region, an aggregator in the security account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from groundwork.aws import sessions
from groundwork.baseline import loop
from groundwork.baseline.components.config import Config, Found
from groundwork.baseline.components.config.recorders import Region
from groundwork.baseline.components.log_archive import LogArchive
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.errors import AccountBeingEnrolled, ConflictingSetup
from tests.component.conftest import World
from tests.component.elsewhere import own_bucket
from tests.component.without_aws import target_without_aws

CONFIG = Config()
HOME, ELSEWHERE, OFF = "us-east-1", "eu-west-1", "me-south-1"
ROLE = "aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
PRINCIPALS = ("config.amazonaws.com", "config-multiaccountsetup.amazonaws.com")


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
    """A member account with Config in its home Region, which every test leaves as declared."""
    account = ready.account()
    ready.apply(CONFIG, account)
    return account


def recorder(world: World, account: Account, region: str = HOME) -> dict[str, Any] | None:
    config = world.client("config", account, region)
    found: list[dict[str, Any]] = config.describe_configuration_recorders()["ConfigurationRecorders"]
    return found[0] if found else None


def channel(world: World, account: Account, region: str = HOME) -> dict[str, Any] | None:
    config = world.client("config", account, region)
    found: list[dict[str, Any]] = config.describe_delivery_channels()["DeliveryChannels"]
    return found[0] if found else None


def is_recording(world: World, account: Account, region: str = HOME) -> bool:
    config = world.client("config", account, region)
    statuses = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
    return [status["recording"] for status in statuses] == [True]


def archive_bucket(world: World) -> str:
    return f"groundwork-config-{world.security.id}"


def governing(
    world: World, *regions: str, take_over: bool = False, recording: str = "continuous"
) -> Declaration:
    declared = world.declaration
    return declared.model_copy(
        update={
            "regions": declared.regions.model_copy(update={"governed": list(regions)}),
            "config": declared.config.model_copy(update={"take_over": take_over, "recording": recording}),
        }
    )


# -- from nothing --------------------------------------------------------------------------------------


def test_from_nothing_an_account_records_everything_into_the_archive(ready: World) -> None:
    account = ready.account()
    target, mark = ready.target(CONFIG, account), len(ready.aws.calls)
    loop.apply(CONFIG, target)
    made = [call.operation for call in ready.calls_since(mark)]
    assert sorted(made[:4]) == [
        *("DescribeConfigurationRecorders", "DescribeDeliveryChannels", "DescribeKey", "GetRole")
    ]
    assert made[4:] == [
        *("CreateServiceLinkedRole", "PutConfigurationRecorder", "PutDeliveryChannel"),
        "StartConfigurationRecorder",
    ]
    loop.verify(CONFIG, target)
    its = recorder(ready, account)
    assert its is not None
    assert its["roleARN"] == f"arn:aws:iam::{account.id}:role/{ROLE}"
    assert its["recordingGroup"]["allSupported"]
    assert its["recordingGroup"]["includeGlobalResourceTypes"]
    delivers = channel(ready, account)
    assert delivers is not None
    assert delivers["s3BucketName"] == archive_bucket(ready)
    assert delivers["s3KmsKeyArn"].startswith(f"arn:aws:kms:us-east-1:{ready.security.id}:key/")
    assert is_recording(ready, account)
    check = f"AWSLogs/{account.id}/Config/ConfigWritabilityCheckFile"
    ready.client("s3", ready.security).head_object(Bucket=archive_bucket(ready), Key=check)


def test_a_second_run_writes_nothing(ready: World, member: Account) -> None:
    mark = len(ready.aws.calls)
    assert ready.apply(CONFIG, member) == []
    assert sorted(call.operation for call in ready.calls_since(mark)) == [
        "DescribeConfigurationRecorderStatus",
        "DescribeConfigurationRecorders",
        "DescribeDeliveryChannels",
        "DescribeKey",
        "GetRole",
    ]


def test_its_permissions_fit_a_session() -> None:
    assert len(sessions.session_policy([*CONFIG.reads, *CONFIG.writes], "012345678901", "aws")) <= 2048


def test_every_governed_region_is_recorded_and_global_types_once(ready: World) -> None:
    account = ready.account()
    declaration = governing(ready, HOME, ELSEWHERE, OFF)
    mark = len(ready.aws.calls)
    changes = loop.apply(CONFIG, ready.target(CONFIG, account, declaration=declaration))
    once, each = len(("DescribeKey", "DescribeRegions", "GetRole", "CreateServiceLinkedRole")), 2 + 3
    assert len(ready.calls_since(mark)) == once + 2 * each
    for region in (HOME, ELSEWHERE):
        made = recorder(ready, account, region)
        assert made is not None
        assert made["recordingGroup"]["includeGlobalResourceTypes"] is (region == HOME)
        assert is_recording(ready, account, region)
    (report,) = [change for change in changes if change.action == "report"]
    assert report.resource == f"Region {OFF}"
    assert "not enabled in this account: skipped" in report.reason
    assert recorder(ready, account, OFF) is None
    mark = len(ready.aws.calls)
    assert [change.action for change in ready.apply(CONFIG, account, declaration=declaration)] == ["report"]
    assert len(ready.calls_since(mark)) == len(("DescribeKey", "DescribeRegions", "GetRole")) + 2 * 3


def test_a_home_that_cannot_record_iam_leaves_that_to_a_region_that_can(ready: World) -> None:
    regions = ready.declaration.regions.model_copy(
        update={"home": "eu-central-2", "governed": ["eu-central-2", HOME]}
    )
    target = target_without_aws("workload", ready.declaration.model_copy(update={"regions": regions}))
    calls = CONFIG.diff(
        Found({name: Region() for name in regions.governed}, role=True, key_arn="arn:key"), target
    )
    recorded = {
        call.region: call.parameters["ConfigurationRecorder"]["recordingGroup"]["includeGlobalResourceTypes"]
        for call in calls
        if call.operation == "PutConfigurationRecorder"
    }
    assert recorded == {"eu-central-2": False, HOME: True}


# -- somebody else's setup -----------------------------------------------------------------------------


EVERYTHING = {"allSupported": True, "includeGlobalResourceTypes": True}


def theirs(world: World, group: dict[str, Any], *, start: bool = True, **more: Any) -> Account:
    """An account whose administrator set Config up before us, under names of their own."""
    account = world.account()
    world.client("iam", account).create_service_linked_role(AWSServiceName="config.amazonaws.com")
    config, role = world.client("config", account), f"arn:aws:iam::{account.id}:role/{ROLE}"
    config.put_configuration_recorder(
        ConfigurationRecorder={"name": "theirs", "roleARN": role, "recordingGroup": group} | more
    )
    config.put_delivery_channel(
        DeliveryChannel={"name": "theirs", "s3BucketName": own_bucket(world, account, "config")}
    )
    if start:
        config.start_configuration_recorder(ConfigurationRecorderName="theirs")
    return account


def test_a_setup_of_others_that_covers_is_left_alone_and_reported(ready: World) -> None:
    account = theirs(ready, EVERYTHING)
    mark = len(ready.aws.calls)
    (report,) = ready.apply(CONFIG, account)
    assert report.action == "report"
    assert report.reason.startswith("covered by recorder 'theirs'")
    assert not [call for call in ready.calls_since(mark) if call.mutating]


def test_one_that_does_not_record_is_refused_and_says_why(ready: World) -> None:
    account = theirs(ready, EVERYTHING, start=False)
    with pytest.raises(ConflictingSetup, match=r"recorder 'theirs' and channel 'theirs'.* is not recording"):
        ready.apply(CONFIG, account)


def test_one_that_is_on_its_way_in_a_young_account_is_waited_for(ready: World) -> None:
    account = theirs(ready, EVERYTHING, start=False)
    now = datetime.now(UTC)
    young, old = (
        account.model_copy(update={"joined": (now - age).isoformat()})
        for age in (timedelta(minutes=5), timedelta(hours=2))
    )
    with pytest.raises(
        AccountBeingEnrolled, match="sets up AWS Config in Region us-east-1, which is not recording"
    ):
        ready.apply(CONFIG, young)
    with pytest.raises(ConflictingSetup, match="is not recording"):
        ready.apply(CONFIG, old)
    ready.client("config", account).start_configuration_recorder(ConfigurationRecorderName="theirs")
    (report,) = ready.apply(CONFIG, young)
    assert report.reason.startswith("covered by recorder 'theirs'")


def test_one_that_fails_to_deliver_is_refused_and_says_why(ready: World) -> None:
    account = theirs(ready, EVERYTHING)
    ready.client("s3", account).delete_bucket_policy(Bucket=f"own-config-{account.id}")
    with pytest.raises(ConflictingSetup, match="fails to deliver: Insufficient delivery policy"):
        ready.apply(CONFIG, account)


def test_one_that_records_too_little_is_refused_and_taken_over_when_told(ready: World) -> None:
    account = theirs(ready, {"allSupported": False, "resourceTypes": ["AWS::EC2::VPC"]})
    with pytest.raises(ConflictingSetup, match="does not record every resource type"):
        ready.apply(CONFIG, account)
    ready.apply(CONFIG, account, declaration=governing(ready, HOME, take_over=True))
    taken, delivers = recorder(ready, account), channel(ready, account)
    assert taken is not None
    assert delivers is not None
    assert taken["name"] == "theirs"
    assert taken["recordingGroup"]["allSupported"]
    assert delivers["s3BucketName"] == archive_bucket(ready)


DAILY, CONTINUOUS = {"recordingFrequency": "DAILY"}, {"recordingFrequency": "CONTINUOUS"}


def test_one_that_records_once_a_day_counts_where_that_is_declared(ready: World) -> None:
    account = theirs(ready, EVERYTHING, recordingMode=DAILY)
    with pytest.raises(ConflictingSetup, match="which records once a day, and declared is continuous"):
        ready.apply(CONFIG, account)
    for mode in (DAILY, CONTINUOUS):
        account = theirs(ready, EVERYTHING, recordingMode=mode)
        (report,) = ready.apply(CONFIG, account, declaration=governing(ready, HOME, recording="daily"))
        assert report.reason.startswith("covered by recorder 'theirs'")


@pytest.mark.parametrize(("declared", "mode"), [("daily", DAILY), ("continuous", CONTINUOUS)])
def test_one_that_is_taken_over_records_as_often_as_is_declared(
    ready: World, declared: str, mode: dict[str, str]
) -> None:
    account = theirs(ready, EVERYTHING, recordingMode=DAILY)
    ready.apply(CONFIG, account, declaration=governing(ready, HOME, take_over=True, recording=declared))
    taken = recorder(ready, account)
    assert taken is not None
    assert taken["recordingMode"] == mode


# -- security and management ---------------------------------------------------------------------------


def test_the_security_account_aggregates_the_organization(ready: World) -> None:
    ready.apply(CONFIG, ready.security)
    config = ready.client("config", ready.security)
    (aggregator,) = config.describe_configuration_aggregators()["ConfigurationAggregators"]
    assert aggregator["ConfigurationAggregatorName"] == "groundwork"
    source = aggregator["OrganizationAggregationSource"]
    assert source["AllAwsRegions"]
    role = ready.client("iam", ready.security).get_role(RoleName="groundwork-config-aggregator")["Role"]
    assert source["RoleArn"] == role["Arn"]
    assert role["Path"] == "/service-role/"
    assert is_recording(ready, ready.security)
    mark = len(ready.aws.calls)
    assert ready.apply(CONFIG, ready.security) == []
    assert len(ready.calls_since(mark)) == 8


def test_the_management_account_waits_for_the_archive_and_is_recorded_then(ready: World) -> None:
    alone = ready.organization.model_copy(update={"security_account_id": None})
    (report,) = ready.apply(CONFIG, ready.management, organization=alone)
    assert report.action == "report"
    assert report.reason.startswith("is left as it is: No security account exists")
    assert recorder(ready, ready.management) is None
    ready.apply(CONFIG, ready.management)
    assert is_recording(ready, ready.management)
