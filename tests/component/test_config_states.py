"""config: from any state that a Region could be in, its calls lead to what is declared, and name what was not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from groundwork.baseline.component import Call
from groundwork.baseline.components.config import Config, Found
from groundwork.baseline.components.config.aggregator import TRUST, Aggregation, Role
from groundwork.baseline.components.config.recorders import Region
from groundwork.declaration.loading import load
from tests.component.without_aws import MEMBER, PURE, SECURITY, target_without_aws

CONFIG = Config()
HOME, ELSEWHERE = "us-east-1", "eu-west-1"
TWO = load().model_copy(update={"regions": load().regions.model_copy(update={"governed": [HOME, ELSEWHERE]})})
SECURITY_TARGET = target_without_aws("security", TWO)
ROLE_ARN = f"arn:aws:iam::{SECURITY}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
KEY = f"arn:aws:kms:us-east-1:{SECURITY}:key/1"
AGGREGATORS = f"arn:aws:iam::{SECURITY}:role/service-role/groundwork-config-aggregator"
MANAGED = "arn:aws:iam::aws:policy/service-role/AWSConfigRoleForOrganizations"
AGGREGATES = {"RoleArn": AGGREGATORS, "AllAwsRegions": True}
MINE = Role(AGGREGATORS, TRUST, frozenset({MANAGED}))


def good(region: str) -> Region:
    group = {"allSupported": True, "includeGlobalResourceTypes": region == HOME}
    return Region(
        {"name": "groundwork", "roleARN": ROLE_ARN, "recordingGroup": group},
        True,
        {
            "name": "groundwork",
            "s3BucketName": f"groundwork-config-{SECURITY}",
            "s3KmsKeyArn": KEY,
            "configSnapshotDeliveryProperties": {"deliveryFrequency": "TwentyFour_Hours"},
        },
    )


def of_recorder(name: str, value: Any) -> Callable[[Region], Region]:
    return lambda region: replace(region, recorder={**(region.recorder or {}), name: value})


def of_channel(name: str, value: Any) -> Callable[[Region], Region]:
    return lambda region: replace(region, channel={**(region.channel or {}), name: value})


FAULTS: Mapping[str, Callable[[Region], Region]] = {
    "records as arn:aws:iam::1:role/theirs": of_recorder("roleARN", "arn:aws:iam::1:role/theirs"),
    "does not record every resource type": of_recorder("recordingGroup", {"allSupported": False}),
    "records daily": of_recorder("recordingMode", {"recordingFrequency": "DAILY"}),
    "delivers to bucket elsewhere": of_channel("s3BucketName", "elsewhere"),
    "delivers below hidden": of_channel("s3KeyPrefix", "hidden"),
    "encrypts with arn:aws:kms:us-east-1:333333333333:key/1": of_channel(
        "s3KmsKeyArn", f"arn:aws:kms:us-east-1:{MEMBER}:key/1"
    ),
    "delivers snapshots One_Hour": of_channel(
        "configSnapshotDeliveryProperties", {"deliveryFrequency": "One_Hour"}
    ),
    "is not recording": lambda region: replace(region, recording=False),
}
"""What is said of a Region, and what makes it so."""

Faults = st.sets(st.sampled_from([*FAULTS]))


def with_faults(region: Region, faults: Iterable[str]) -> Region:
    for words in faults:
        region = FAULTS[words](region)
    return region


@st.composite
def regions(draw: st.DrawFn) -> dict[str, Region]:
    """Both Regions with faults, and with parts missing: a recorder that is not there records nothing."""
    found = {}
    for name in (HOME, ELSEWHERE):
        region = with_faults(good(name), draw(Faults))
        recorder = draw(st.sampled_from([region.recorder, None]))
        channel = draw(st.sampled_from([region.channel, None]))
        found[name] = Region(recorder, bool(recorder and channel and region.recording), channel)
    return found


aggregators = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "RoleArn": st.sampled_from([AGGREGATORS, ROLE_ARN]),
        "AllAwsRegions": st.booleans(),
        "AwsRegions": st.just([HOME]),
    },
).map(lambda source: {"OrganizationAggregationSource": source})

roles = st.builds(
    Role,
    st.just(AGGREGATORS),
    st.sampled_from([TRUST, {"Version": "2012-10-17", "Statement": []}]),
    st.frozensets(st.sampled_from([MANAGED, "arn:aws:iam::aws:policy/AdministratorAccess"])),
)
aggregations = st.builds(Aggregation, st.none() | roles, aggregators)

founds = st.builds(Found, regions(), st.just(()), st.booleans(), st.just(KEY), aggregation=aggregations).map(
    lambda found: replace(found, role=found.role or any(each.recorder for each in found.regions.values()))
)


def after(found: Found, calls: Iterable[Call]) -> Found:
    """What AWS would show when these calls were made. It takes them in its own order only, and may keep what a call
    does not name."""
    now = dict(found.regions)
    for call in calls:
        region = now.get(call.region or "", Region())
        match call.operation:
            case "CreateServiceLinkedRole":
                found = replace(found, role=True)
            case "PutConfigurationRecorder":
                assert found.role
                kept = {**(region.recorder or {}), **call.parameters["ConfigurationRecorder"]}
                now[str(call.region)] = replace(region, recorder=kept)
            case "PutDeliveryChannel":
                assert region.recorder
                now[str(call.region)] = replace(region, channel=call.parameters["DeliveryChannel"])
            case "StartConfigurationRecorder":
                assert region.recorder and region.channel
                now[str(call.region)] = replace(region, recording=True)
            case _:
                found = replace(found, aggregation=of_aggregation(found.aggregation, call))
    return replace(found, regions=now)


def of_aggregation(found: Aggregation, call: Call) -> Aggregation:
    role, parameters = found.role, call.parameters
    if call.operation == "CreateRole":
        trust = json.loads(parameters["AssumeRolePolicyDocument"])
        return replace(found, role=Role(AGGREGATORS, trust, frozenset()))
    assert role
    match call.operation:
        case "UpdateAssumeRolePolicy":
            role = replace(role, trust=json.loads(parameters["PolicyDocument"]))
        case "AttachRolePolicy":
            role = replace(role, policies=role.policies | {parameters["PolicyArn"]})
        case "DetachRolePolicy":
            role = replace(role, policies=role.policies - {parameters["PolicyArn"]})
        case "PutConfigurationAggregator":
            assert role == MINE
            return replace(found, aggregator=parameters)
    return replace(found, role=role)


@PURE
@given(founds)
def test_its_calls_leave_nothing_to_do(found: Found) -> None:
    mended = after(found, CONFIG.diff(found, SECURITY_TARGET))
    assert list(CONFIG.diff(mended, SECURITY_TARGET)) == []


@PURE
@given(Faults, st.sampled_from([HOME, ELSEWHERE]))
def test_each_fault_is_named_and_no_other(faults: set[str], where: str) -> None:
    known = {HOME: good(HOME), ELSEWHERE: good(ELSEWHERE)}
    known[where] = with_faults(known[where], faults)
    aggregation = Aggregation(MINE, {"OrganizationAggregationSource": AGGREGATES})
    found = Found(known, role=True, key_arn=KEY, aggregation=aggregation)
    calls = list(CONFIG.diff(found, SECURITY_TARGET))
    assert {call.region for call in calls} <= {where}
    told = [part for call in calls for part in call.reason.replace("; expected", ", expected").split("; ")]
    expected = {*faults}
    if "does not record every resource type" in faults and where == HOME:
        expected.add("leaves out global resource types")  # whoever chooses types loses these
    assert len(told) == len(expected)
    assert all(any(reason.startswith(words) for reason in told) for words in expected), told


@PURE
@given(founds)
def test_a_key_that_nobody_knows_is_no_difference(found: Found) -> None:
    """What is there may be it, as long as it is one of the security account's."""
    unknown = replace(found, key_arn=f"arn:aws:kms:us-east-1:{SECURITY}:key/<id>", unverified="hidden")
    *calls, report = CONFIG.diff(unknown, SECURITY_TARGET)
    assert report.reason == "their key cannot be verified: hidden"
    assert [(call.operation, call.resource) for call in calls] == [
        (call.operation, call.resource) for call in CONFIG.diff(found, SECURITY_TARGET)
    ]
    assert all(call.after for call in calls if "<" in str(call.parameters))
