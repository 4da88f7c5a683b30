"""AWS Config in one Region: its recorder and its delivery channel, of which a Region has room for one each.

https://docs.aws.amazon.com/config/latest/APIReference/API_ConfigurationRecorder.html
https://docs.aws.amazon.com/config/latest/APIReference/API_DeliveryChannel.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from groundwork.aws.sessions import DENIALS, is_young
from groundwork.baseline.archive import LOG_ARCHIVE, archive, is_known, may_be
from groundwork.baseline.component import Call, Permission, Target, worst
from groundwork.contracts import Severity
from groundwork.errors import AccountBeingEnrolled, ConflictingSetup
from groundwork.side_by_side import side_by_side

SERVICE = "config.amazonaws.com"
ROLE_NAME = "AWSServiceRoleForConfig"
ROLE_PATH = f"aws-service-role/{SERVICE}/"

LOOK = Permission(
    [
        "config:DescribeConfigurationRecorderStatus",
        "config:DescribeConfigurationRecorders",
        "config:DescribeDeliveryChannelStatus",
        "config:DescribeDeliveryChannels",
    ]
)
KEEP = Permission(
    ["config:PutConfigurationRecorder", "config:PutDeliveryChannel", "config:StartConfigurationRecorder"]
)
REMOVE = Permission(
    [
        "config:DeleteConfigurationRecorder",
        "config:DeleteDeliveryChannel",
        "config:StopConfigurationRecorder",
    ]
)

WRONG_DELIVERY: Mapping[str, tuple[str, Severity]] = {
    "s3BucketName": ("delivers to bucket {found}; expected {wanted}", "high"),
    "s3KeyPrefix": ("delivers below {found}; expected the top of the bucket", "medium"),
    "s3KmsKeyArn": ("encrypts with {found}; expected {wanted}", "high"),
    "configSnapshotDeliveryProperties": ("delivers snapshots {found}; expected {wanted}", "medium"),
}
"""What another value of a channel's setting means, and how bad it is."""


@dataclass(frozen=True)
class Region:
    """What Config has in one Region. `failing` is the error of the channel's last delivery, read only of a setup
    that others made."""

    recorder: Mapping[str, Any] | None = None
    recording: bool = False
    channel: Mapping[str, Any] | None = None
    failing: str = ""


def role_arn(target: Target) -> str:
    return target.role_arn(f"{ROLE_PATH}{ROLE_NAME}")


def read(config: Any, target: Target) -> Region:
    (recorder, recording), channel = side_by_side(lambda: _recorder(config), lambda: _channel(config))
    region = Region(recorder, recording, channel)
    if channel is None or is_ours(region, target):
        return region
    return replace(region, failing=_failure(config, channel["name"]))


def read_elsewhere(config: Any, target: Target) -> Region | None:
    """What is ours in a Region that is not governed: one call, where there is nothing. A recorder comes first and goes
    last, so that nothing of ours is where there is none. None where nobody may look, like in a Region that a policy of
    the organization closes."""
    try:
        recorder, recording = _recorder(config)
        channel = _channel(config) if recorder else None
    except ClientError as error:
        if error.response["Error"]["Code"] not in DENIALS:
            raise
        return None
    found = Region(recorder, recording, channel)
    return found if recorder is None or is_named_as_ours(found, target) else Region()


def _recorder(config: Any) -> tuple[Mapping[str, Any] | None, bool]:
    """The account's recorder, and whether it records."""
    recorders = [
        recorder
        for recorder in config.describe_configuration_recorders()["ConfigurationRecorders"]
        if "servicePrincipal" not in recorder  # an AWS service's own recorder, beside the account's
    ]
    return (recorders[0], _is_recording(config, recorders[0]["name"])) if recorders else (None, False)


def _channel(config: Any) -> Mapping[str, Any] | None:
    return next(iter(config.describe_delivery_channels()["DeliveryChannels"]), None)


def _is_recording(config: Any, name: str) -> bool:
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


# -- ours ----------------------------------------------------------------------------------------------


def is_ours(region: Region, target: Target) -> bool:
    return target.declaration.config.take_over or is_named_as_ours(region, target)


def is_named_as_ours(region: Region, target: Target) -> bool:
    declared = target.declaration.config
    return (region.recorder is None or region.recorder["name"] == declared.recorder) and (
        region.channel is None or region.channel["name"] == declared.channel
    )


def removal(name: str, region: Region, why: str) -> Iterator[Call]:
    """Config deletes no channel while a recorder records. What was recorded stays, in Config and in the archive.

    https://docs.aws.amazon.com/config/latest/developerguide/stop-start-recorder.html
    https://docs.aws.amazon.com/config/latest/APIReference/API_DeleteDeliveryChannel.html
    """
    if region.recorder is None:
        return
    recorder = region.recorder["name"]

    def call(operation: str, parameters: Mapping[str, Any]) -> Call:
        return Call("config", operation, parameters, f"recorder {recorder} in {name}", "delete", why, name)

    if region.recording:
        yield call("StopConfigurationRecorder", {"ConfigurationRecorderName": recorder})
    if region.channel:
        yield call("DeleteDeliveryChannel", {"DeliveryChannelName": region.channel["name"]})
    yield call("DeleteConfigurationRecorder", {"ConfigurationRecorderName": recorder})


def calls(name: str, region: Region, key: str, target: Target) -> Iterator[Call]:
    """Recorder, channel, start: Config takes them in this order only. Names cannot be changed, so that what is taken
    over keeps its own."""
    declared = target.declaration.config
    recorder = region.recorder["name"] if region.recorder else declared.recorder
    channel = region.channel["name"] if region.channel else declared.channel

    def call(
        operation: str,
        parameters: Mapping[str, Any],
        what: str,
        there: bool,
        reason: str,
        severity: Severity,
        *,
        late: bool = False,
        breaks: Sequence[str] = (),
    ) -> Call:
        return Call(
            *("config", operation, parameters, f"{what} in {name}", "update" if there else "create", reason),
            region=name,
            severity=severity,
            after=LOG_ARCHIVE if late and not is_known(key) else "",
            breaks=breaks,
        )

    if wrong := _wrong_recorder(name, region.recorder, target):
        wanted = {"name": recorder, "roleARN": role_arn(target), **_everything(name, target)}
        parameters: dict[str, Any] = {"ConfigurationRecorder": wanted}
        there = region.recorder is not None
        yield call("PutConfigurationRecorder", parameters, f"recorder {recorder}", there, wrong, "high")
    if faults := _wrong_channel(region.channel, key, target):
        topic = {name: value for name, value in (region.channel or {}).items() if name == "snsTopicARN"}
        parameters = {"DeliveryChannel": {"name": channel, **_delivery(key, target), **topic}}
        yield call(
            *("PutDeliveryChannel", parameters, f"channel {channel}", region.channel is not None),
            reason="; ".join(words for words, _ in faults),
            severity=worst(severity for _, severity in faults),
            late=True,
            breaks=_missed(name, region.channel, target),
        )
    if not region.recording:
        parameters = {"ConfigurationRecorderName": recorder}
        reason = "is not recording" if region.recorder else "a new recorder does not start by itself"
        there, late = region.recorder is not None, region.channel is None
        what = f"recorder {recorder}"
        yield call("StartConfigurationRecorder", parameters, what, there, reason, "high", late=late)


def _everything(name: str, target: Target) -> dict[str, Any]:
    """Every type of resource, as often as is declared; those that are global in one Region only."""
    global_types = name == target.declaration.regions.of_global_types
    return {
        "recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": global_types},
        "recordingMode": {"recordingFrequency": target.declaration.config.recording.upper()},
    }


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
    global_types = name == target.declaration.regions.of_global_types
    group, often = recorder.get("recordingGroup", {}), _how_often(recorder)
    wrong = []
    if recorder.get("roleARN") != role_arn(target):
        wrong.append(f"records as {recorder.get('roleARN')}; expected {role_arn(target)}")
    if not group.get("allSupported"):
        wrong.append("does not record every resource type")
    if bool(group.get("includeGlobalResourceTypes")) != global_types:
        wrong.append(
            "leaves out global resource types" if global_types else "records global resource types twice"
        )
    if often != {target.declaration.config.recording}:
        wrong.append(f"records {' and '.join(sorted(often))}; expected {target.declaration.config.recording}")
    return "; ".join(wrong)


def _missed(name: str, channel: Mapping[str, Any] | None, target: Target) -> list[str]:
    bucket = (channel or {}).get("s3BucketName")
    if bucket in (None, archive(target).config_bucket):
        return []
    return [f"bucket {bucket} gets nothing from Config in {name} any more"]


def _how_often(recorder: Mapping[str, Any]) -> set[str]:
    """Of all types, and of those for which it is said otherwise.

    https://docs.aws.amazon.com/config/latest/APIReference/API_RecordingMode.html
    """
    mode = recorder.get("recordingMode", {})
    modes = [mode, *mode.get("recordingModeOverrides", [])]
    return {str(each.get("recordingFrequency", "CONTINUOUS")).lower() for each in modes}


def _wrong_channel(channel: Mapping[str, Any] | None, key: str, target: Target) -> list[tuple[str, Severity]]:
    """Each fault in words, and how bad it is."""
    if channel is None:
        return [("does not exist", "high")]

    def plain(value: Any) -> Any:
        return value.get("deliveryFrequency") if isinstance(value, Mapping) else value or None

    wanted = {"s3KeyPrefix": None} | _delivery(key, target)
    pairs = {name: (plain(channel.get(name)), plain(wanted[name])) for name in WRONG_DELIVERY}
    return [
        (
            WRONG_DELIVERY[name][0].format(found=found or "none of its own", wanted=expected),
            WRONG_DELIVERY[name][1],
        )
        for name, (found, expected) in pairs.items()
        if not may_be(found, expected)
    ]


# -- somebody else's -----------------------------------------------------------------------------------


UNFINISHED = (
    "has no recorder",
    "has no delivery channel",
    "is not recording",
    "has no delivery channel, is not recording",
)
"""What a setup lacks on its way: a recorder comes first, then the channel, then it is started."""


def covered(name: str, region: Region, target: Target) -> Call:
    """The report of a setup that others made. Where it does not do what ours would a plan tells it, and else it raises
    `ConflictingSetup`; `AccountBeingEnrolled` while it may be on its way."""
    recorder, channel = region.recorder, region.channel
    if lacks := _lacks(name, region, target):
        if is_young(target.account) and lacks in UNFINISHED:
            raise AccountBeingEnrolled(f"Somebody sets up AWS Config in Region {name}, which {lacks} yet.")
        there = [
            f"recorder {recorder['name']!r}" if recorder else "",
            f"channel {channel['name']!r}" if channel else "",
        ]
        setup = f"Config's {' and '.join(filter(None, there))}, made by somebody else, which {lacks}"
        if target.foresees:
            stands = (
                f"has {setup}: an execution that is to apply the baseline ends in ConflictingSetup. Remove it, set it right, or "
                "set config.takeOver"
            )
            return Call("config", "", {}, f"recorder in {name}", "report", stands, severity="high")
        raise ConflictingSetup(f"Region {name} of account {target.account.id} has {setup}.")
    bucket, who = (channel or {}).get("s3BucketName"), (recorder or {}).get("name")
    words = f"covered by recorder {who!r}, which somebody else made and which delivers to bucket {bucket}"
    return Call("config", "", {}, f"recorder in {name}", "report", words, severity="low")


def _lacks(name: str, region: Region, target: Target) -> str:
    """What keeps somebody else's setup from counting: in words, empty when it does count."""
    group = (region.recorder or {}).get("recordingGroup", {})
    global_types = name == target.declaration.regions.of_global_types
    lacks = [
        (not region.recorder, "has no recorder"),
        (not region.channel, "has no delivery channel"),
        (region.recorder and not region.recording, "is not recording"),
        (region.recorder and not group.get("allSupported"), "does not record every resource type"),
        (
            region.recorder and global_types and not group.get("includeGlobalResourceTypes"),
            "leaves out global resource types",
        ),
        (
            region.recorder
            and target.declaration.config.recording == "continuous"
            and "daily" in _how_often(region.recorder),
            "records once a day, and declared is continuous",
        ),
        (region.failing, f"fails to deliver: {region.failing}"),
    ]
    return ", ".join(words for wrong, words in lacks if wrong)
