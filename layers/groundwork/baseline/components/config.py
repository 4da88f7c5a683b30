"""AWS Config: a recorder and a delivery channel in every governed Region; in the security account an aggregator.

A Region has room for one recorder and one channel. Where others made them they stay: they count as covered when they
record everything and deliver, else that is an error, unless the declaration takes them over.

https://docs.aws.amazon.com/config/latest/developerguide/gs-cli-subscribe.html
https://docs.aws.amazon.com/config/latest/developerguide/using-service-linked-roles.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from groundwork.baseline.archive import FIND_KEY, archive, key_arn
from groundwork.baseline.component import Call, Component, Permission, Target
from groundwork.baseline.regions import FIND_REGIONS, governed, side_by_side, skipped
from groundwork.errors import (
    ComponentNotSettled,
    ConflictingSetup,
    GroundworkError,
    SecurityAccountMissing,
    SecurityAccountNotReady,
)

SERVICE = "config.amazonaws.com"
ROLE_NAME = "AWSServiceRoleForConfig"
ROLE_PATH = f"aws-service-role/{SERVICE}/"
ROLE = "arn:{partition}:iam::{account}:role/" + ROLE_PATH
TAGS = [{"Key": "managed-by", "Value": "groundwork"}]


@dataclass(frozen=True)
class Region:
    """What Config has in one Region. `failing` is the error of the channel's last delivery, read only of a setup
    that others made."""

    recorder: Mapping[str, Any] | None
    recording: bool
    channel: Mapping[str, Any] | None
    failing: str = ""


@dataclass(frozen=True)
class Found:
    """`role`: whether the service-linked role exists. `waiting`: why there is nowhere to deliver to yet."""

    regions: Mapping[str, Region] = field(default_factory=dict)
    off: tuple[str, ...] = ()
    role: bool = False
    key_arn: str = ""
    aggregator: Mapping[str, Any] | None = None
    waiting: str = ""


class Config(Component[Found]):
    name = "config"
    reads = (
        Permission(
            [
                "config:DescribeConfigurationAggregators",
                "config:DescribeConfigurationRecorderStatus",
                "config:DescribeConfigurationRecorders",
                "config:DescribeDeliveryChannelStatus",
                "config:DescribeDeliveryChannels",
            ]
        ),
        # While the role does not exist, IAM knows no path of it.
        Permission(["iam:GetRole"], [f"{ROLE}*", f"arn:{{partition}}:iam::{{account}}:role/{ROLE_NAME}"]),
        FIND_KEY,
        FIND_REGIONS,
    )
    writes = (
        Permission(
            [
                "config:PutConfigurationAggregator",
                "config:PutConfigurationRecorder",
                "config:PutDeliveryChannel",
                "config:StartConfigurationRecorder",
                "config:TagResource",
            ]
        ),
        Permission(
            ["iam:CreateServiceLinkedRole"], [f"{ROLE}*"], {"StringEquals": {"iam:AWSServiceName": SERVICE}}
        ),
        Permission(["iam:PassRole"], [f"{ROLE}*"], {"StringEquals": {"iam:PassedToService": SERVICE}}),
        # What Config asks of Organizations on behalf of whoever makes an organization aggregator.
        Permission(["organizations:DescribeOrganization", "organizations:ListDelegatedAdministrators"]),
    )

    # What AWS answers while it has not seen everywhere what was made a moment ago: asked again.
    meanings: ClassVar[Mapping[str, type[GroundworkError]]] = dict.fromkeys(
        (
            "InsufficientDeliveryPolicyException",
            "InvalidRoleException",
            "NoAvailableConfigurationRecorderException",
            "NoAvailableDeliveryChannelException",
            "NoSuchBucketException",
            "NoSuchConfigurationRecorderException",
            "OrganizationAccessDeniedException",
        ),
        ComponentNotSettled,
    )

    # -- read ----------------------------------------------------------------------------------------

    def read(self, target: Target) -> Found:
        try:
            key = key_arn(target)
        except (SecurityAccountMissing, SecurityAccountNotReady) as not_yet:
            if target.account.kind != "management":
                raise
            return Found(waiting=str(not_yet))  # it comes first of all, before there is a log archive
        on, off = governed(target)
        regions = side_by_side(target, "config", on, lambda _, client: _read_region(client, target))
        aggregator = _read_aggregator(target) if target.account.kind == "security" else None
        role = _shown_by(regions, target) or _role_exists(target)
        return Found(regions, off, role, key, aggregator)

    # -- diff ----------------------------------------------------------------------------------------

    def diff(self, found: Found, target: Target) -> Iterable[Call]:
        """Raises `ConflictingSetup` where somebody else's setup does not cover and is not to be taken over."""
        if found.waiting:
            yield Call(
                "config",
                "",
                {},
                f"account {target.account.id}",
                "report",
                f"is left as it is: {found.waiting}",
            )
            return
        ours = {name: region for name, region in found.regions.items() if _is_ours(region, target)}
        aggregates = target.account.kind == "security"
        if (ours or aggregates) and not found.role:
            # Config refuses a role that it cannot see yet: whoever needs it comes in a later round.
            creation = {"AWSServiceName": SERVICE}
            yield Call(
                "iam", "CreateServiceLinkedRole", creation, f"role {ROLE_NAME}", "create", "does not exist"
            )
        else:
            for name, region in ours.items():
                yield from _calls_of_region(name, region, found.key_arn, target)
            if aggregates:
                yield from _calls_of_aggregator(found.aggregator, target)
        for name, region in found.regions.items():
            if name not in ours:
                yield _covered(name, region, target)
        yield from skipped("config", found.off)


def _role_arn(target: Target) -> str:
    return target.role_arn(f"{ROLE_PATH}{ROLE_NAME}")


# -- reading -------------------------------------------------------------------------------------------


def _read_region(config: Any, target: Target) -> Region:
    recorders = [
        recorder
        for recorder in config.describe_configuration_recorders()["ConfigurationRecorders"]
        if "servicePrincipal" not in recorder  # an AWS service's own recorder, beside the account's
    ]
    recorder = recorders[0] if recorders else None
    channels = config.describe_delivery_channels()["DeliveryChannels"]
    channel = channels[0] if channels else None
    region = Region(recorder, bool(recorder) and _is_recording(config, recorder), channel)
    if channel is None or _is_ours(region, target):
        return region
    return Region(recorder, region.recording, channel, _failure(config, channel["name"]))


def _is_recording(config: Any, recorder: Mapping[str, Any] | None) -> bool:
    name = recorder["name"] if recorder else None
    statuses = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
    return any(status["recording"] for status in statuses if status["name"] == name)


def _failure(config: Any, channel: str) -> str:
    statuses = config.describe_delivery_channel_status(DeliveryChannelNames=[channel])[
        "DeliveryChannelsStatus"
    ]
    for status in statuses:
        for kind in ("configHistoryDeliveryInfo", "configStreamDeliveryInfo"):
            info = status.get(kind, {})
            if str(info.get("lastStatus", "")).lower() == "failure":
                return str(info.get("lastErrorMessage") or info.get("lastErrorCode") or "no reason given")
    return ""


def _shown_by(regions: Mapping[str, Region], target: Target) -> bool:
    """Whether a recorder has the role: IAM deletes none that is in use."""
    return any(
        region.recorder and region.recorder.get("roleARN") == _role_arn(target) for region in regions.values()
    )


def _role_exists(target: Target) -> bool:
    try:
        target.client("iam").get_role(RoleName=ROLE_NAME)
    except ClientError as missing:
        if missing.response["Error"]["Code"] != "NoSuchEntity":
            raise
        return False
    return True


def _read_aggregator(target: Target) -> Mapping[str, Any] | None:
    config = target.client("config", target.declaration.regions.home)
    pages = config.get_paginator("describe_configuration_aggregators").paginate()
    every = (aggregator for page in pages for aggregator in page["ConfigurationAggregators"])
    name = target.declaration.config.aggregator
    return next(
        (aggregator for aggregator in every if aggregator["ConfigurationAggregatorName"] == name), None
    )


# -- a Region that is ours -----------------------------------------------------------------------------


def _is_ours(region: Region, target: Target) -> bool:
    declared = target.declaration.config
    return declared.take_over or (
        (region.recorder is None or region.recorder["name"] == declared.recorder)
        and (region.channel is None or region.channel["name"] == declared.channel)
    )


def _calls_of_region(name: str, region: Region, key: str, target: Target) -> Iterator[Call]:
    """Recorder, channel, start: Config takes them in this order only. Names cannot be changed, so that what is taken
    over keeps its own."""
    declared = target.declaration.config
    recorder_name = region.recorder["name"] if region.recorder else declared.recorder
    channel_name = region.channel["name"] if region.channel else declared.channel

    def call(operation: str, parameters: Mapping[str, Any], what: str, there: bool, reason: str) -> Call:
        return Call(
            "config",
            operation,
            parameters,
            f"{what} in {name}",
            "update" if there else "create",
            reason,
            name,
        )

    if wrong := _wrong_recorder(name, region.recorder, target):
        wanted = {
            "name": recorder_name,
            "roleARN": _role_arn(target),
            "recordingGroup": _everything(name, target),
        }
        parameters: dict[str, Any] = {"ConfigurationRecorder": wanted}
        if region.recorder is None:
            parameters["Tags"] = TAGS
        yield call(
            "PutConfigurationRecorder", parameters, f"recorder {recorder_name}", bool(region.recorder), wrong
        )
    if wrong := _wrong_channel(region.channel, key, target):
        topic = {key: value for key, value in (region.channel or {}).items() if key == "snsTopicARN"}
        channel = {"name": channel_name, **_delivery(key, target), **topic}
        yield call(
            "PutDeliveryChannel",
            {"DeliveryChannel": channel},
            f"channel {channel_name}",
            bool(region.channel),
            wrong,
        )
    if not region.recording:
        parameters = {"ConfigurationRecorderName": recorder_name}
        reason = "is not recording" if region.recorder else "a new recorder does not start by itself"
        yield call(
            "StartConfigurationRecorder",
            parameters,
            f"recorder {recorder_name}",
            bool(region.recorder),
            reason,
        )


def _everything(name: str, target: Target) -> dict[str, bool]:
    return {"allSupported": True, "includeGlobalResourceTypes": name == target.declaration.regions.home}


def _delivery(key: str, target: Target) -> dict[str, Any]:
    return {
        "s3BucketName": archive(target).config_bucket,
        "s3KmsKeyArn": key,
        "configSnapshotDeliveryProperties": {
            "deliveryFrequency": target.declaration.config.delivery_frequency
        },
    }


def _wrong_recorder(name: str, recorder: Mapping[str, Any] | None, target: Target) -> str:
    if recorder is None:
        return "does not exist"
    is_home = name == target.declaration.regions.home
    group, mode = recorder.get("recordingGroup", {}), recorder.get("recordingMode", {})
    wrong = []
    if recorder.get("roleARN") != _role_arn(target):
        wrong.append(f"records as {recorder.get('roleARN')}; expected {_role_arn(target)}")
    if not group.get("allSupported"):
        wrong.append("does not record every resource type")
    if bool(group.get("includeGlobalResourceTypes")) != is_home:
        wrong.append("leaves out global resource types" if is_home else "records global resource types twice")
    if mode.get("recordingFrequency", "CONTINUOUS") != "CONTINUOUS" or mode.get("recordingModeOverrides"):
        wrong.append("does not record continuously")
    return "; ".join(wrong)


def _wrong_channel(channel: Mapping[str, Any] | None, key: str, target: Target) -> str:
    if channel is None:
        return "does not exist"
    wanted = _delivery(key, target) | {"s3KeyPrefix": None}
    words = {
        "s3BucketName": "delivers to bucket {found}; expected {wanted}",
        "s3KeyPrefix": "delivers below {found}; expected the top of the bucket",
        "s3KmsKeyArn": "encrypts with {found}; expected {wanted}",
        "configSnapshotDeliveryProperties": "delivers snapshots {found}; expected {wanted}",
    }

    def plain(value: Any) -> Any:
        return value.get("deliveryFrequency") if isinstance(value, Mapping) else value or None

    return "; ".join(
        words[name].format(found=plain(channel.get(name)), wanted=plain(value))
        for name, value in wanted.items()
        if plain(channel.get(name)) != plain(value)
    )


# -- a Region that is somebody else's ------------------------------------------------------------------


def _covered(name: str, region: Region, target: Target) -> Call:
    recorder, channel = region.recorder, region.channel
    if lacks := _lacks(name, region, target):
        setup = [
            f"recorder {recorder['name']!r}" if recorder else "",
            f"channel {channel['name']!r}" if channel else "",
        ]
        raise ConflictingSetup(
            f"Region {name} of account {target.account.id} has Config's {' and '.join(filter(None, setup))}, made by somebody "
            f"else, which {lacks}."
        )
    bucket, who = (channel or {}).get("s3BucketName"), (recorder or {}).get("name")
    covered = f"covered by recorder {who!r}, which somebody else made and which delivers to bucket {bucket}"
    return Call("config", "", {}, f"recorder in {name}", "report", covered)


def _lacks(name: str, region: Region, target: Target) -> str:
    """What keeps somebody else's setup from counting: in words, empty when it does count."""
    group = (region.recorder or {}).get("recordingGroup", {})
    lacks = [
        (not region.recorder, "has no recorder"),
        (not region.channel, "has no delivery channel"),
        (region.recorder and not region.recording, "is not recording"),
        (region.recorder and not group.get("allSupported"), "does not record every resource type"),
        (
            region.recorder
            and name == target.declaration.regions.home
            and not group.get("includeGlobalResourceTypes"),
            "leaves out global resource types",
        ),
        (region.failing, f"fails to deliver: {region.failing}"),
    ]
    return ", ".join(words for wrong, words in lacks if wrong)


# -- the organization's aggregator ---------------------------------------------------------------------


def _calls_of_aggregator(found: Mapping[str, Any] | None, target: Target) -> Iterator[Call]:
    """The service-linked role may read the organization's accounts, which is all that an aggregator's role needs."""
    source = {"RoleArn": _role_arn(target), "AllAwsRegions": True}
    there = (found or {}).get("OrganizationAggregationSource", {})
    if all(there.get(name) == value for name, value in source.items()):
        return
    name, home = target.declaration.config.aggregator, target.declaration.regions.home
    parameters: dict[str, Any] = {
        "ConfigurationAggregatorName": name,
        "OrganizationAggregationSource": source,
    }
    if found is None:
        parameters["Tags"] = TAGS
        yield Call(
            "config",
            "PutConfigurationAggregator",
            parameters,
            f"aggregator {name}",
            "create",
            "does not exist",
            home,
        )
    else:
        wrong = "does not aggregate every Region of the organization with the service-linked role"
        yield Call(
            "config", "PutConfigurationAggregator", parameters, f"aggregator {name}", "update", wrong, home
        )
