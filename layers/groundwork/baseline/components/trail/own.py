"""An account with a trail of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from groundwork.baseline.archive import LOG_ARCHIVE, is_known, may_be
from groundwork.baseline.component import Action, Call, Target, TrailStore, removal, worst
from groundwork.contracts import Severity

from . import events, logs
from .state import MINE, SeenTrail

WRONG: Mapping[str, tuple[str, Severity]] = {
    "S3BucketName": ("delivers to bucket {found}; expected {wanted}", "high"),
    "S3KeyPrefix": ("delivers below {found}; expected the top of the bucket", "medium"),
    "KmsKeyId": ("encrypts with {found}; expected {wanted}", "high"),
    "IsMultiRegionTrail": ("records one Region only; expected every Region", "high"),
    "IncludeGlobalServiceEvents": ("leaves out global services such as IAM", "high"),
    "EnableLogFileValidation": ("does not validate log files", "high"),
    "IsOrganizationTrail": ("covers every account of the organization: {found}; expected {wanted}", "high"),
    "CloudWatchLogsLogGroupArn": ("sends its events to log group {found}; expected {wanted}", "high"),
    "CloudWatchLogsRoleArn": ("sends its events with role {found}; expected {wanted}", "high"),
}
"""What another value of a setting means, and how bad it is."""

SHOWN = {"": "none", True: "yes", False: "no"}
TOGETHER = ("CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn")
"""CloudTrail takes neither without the other."""


def calls(own: SeenTrail | None, store: TrailStore, target: Target) -> Iterator[Call]:
    declared, home = target.declaration.trail, target.declaration.regions.home
    wanted = _wanted(store, target)
    tags = [{"Key": name, "Value": value} for name, value in MINE.items()]
    late = own is None and not is_known(store.key_arn)

    def call(
        operation: str,
        parameters: Mapping[str, Any],
        action: Action,
        reason: str,
        severity: Severity,
        *,
        late: bool = late,
    ) -> Call:
        return Call(
            *("cloudtrail", operation, parameters, f"trail {declared.name}", action, reason),
            region=own.home if own else home,
            severity=severity,
            after=LOG_ARCHIVE if late else "",
        )

    if own is None:
        settings = {name: value for name, value in wanted.items() if value != ""}
        creation = {"Name": declared.name, **settings, "TagsList": tags}
        yield call("CreateTrail", creation, "create", "does not exist", "high")
        for operation, given, reason, severity in _recorded(None, declared.name, target):
            yield call(operation, given, "create", reason, severity)
        start = "a new trail does not log by itself"
        yield call("StartLogging", {"Name": declared.name}, "create", start, "high")
        return
    found = {name: own.setting(name) or type(value)() for name, value in wanted.items()}
    wrong = [name for name, value in wanted.items() if not may_be(found[name], value)]
    if wrong:
        changed = [name for name in wanted if name in wrong or (name in TOGETHER and {*TOGETHER} & {*wrong})]
        changes = {"Name": own.arn, **{name: wanted[name] for name in changed}}
        reason = "; ".join(_in_words(name, found[name], wanted[name]) for name in wrong)
        severity = worst(WRONG[name][1] for name in wrong)
        update = call("UpdateTrail", changes, "update", reason, severity, late=not is_known(str(changes)))
        yield replace(update, breaks=list(_missed(own, wrong)))
    if not own.tagged:
        tag = "lacks the tag managed-by: groundwork, by which Groundwork knows its trail: adopted"
        yield call("AddTags", {"ResourceId": own.arn, "TagsList": tags}, "update", tag, "low")
    for operation, given, reason, severity in _recorded(own, own.arn, target):
        yield call(operation, given, "update", reason, severity, late=not is_known(str(given)))
    if not own.logging:
        yield call("StartLogging", {"Name": own.arn}, "update", "is not logging", "high")


def _wanted(store: TrailStore, target: Target) -> dict[str, Any]:
    declared = target.declaration.trail
    wanted = {
        "S3BucketName": store.bucket,
        "S3KeyPrefix": "",
        "KmsKeyId": store.key_arn,
        "IsMultiRegionTrail": True,
        "IncludeGlobalServiceEvents": True,
        "EnableLogFileValidation": True,
        "IsOrganizationTrail": declared.mode == "organization" and store.bucket != _bootstrap_bucket(target),
    }
    return wanted | (logs.destination(target) if declared.cloud_watch_logs else {})


def _recorded(
    own: SeenTrail | None, trail: str, target: Target
) -> Iterator[tuple[str, Mapping[str, Any], str, Severity]]:
    """What the trail is to record, where it does not: operation, parameters, reason and severity."""
    chosen = own.selectors if own else {}
    takes_all = events.takes_all_management_events(chosen)
    less = "leaves out management events; expected all of them"
    if s3 := target.declaration.trail.data_events.s3:
        wanted = events.wanted_selectors(target, chosen)
        if not events.records(chosen, wanted):
            which = "every data event" if s3 == "all" else "the data events that write"
            data = f"does not record {which} of S3, the archive's own buckets aside"
            reason = (data if takes_all else f"{less}; {data}") + _given_up(chosen, wanted)
            given = {"TrailName": trail, "AdvancedEventSelectors": wanted}
            yield "PutEventSelectors", given, reason, "high"
    elif not takes_all:
        given = {"TrailName": trail, "EventSelectors": [events.ALL_MANAGEMENT_EVENTS]}
        yield "PutEventSelectors", given, less + _given_up(chosen), "high"
    found = (own.insights if own else None) or frozenset()
    if missing := [each for each in target.declaration.trail.insights if each not in found]:
        both = [{"InsightType": each} for each in sorted({*found, *missing})]
        given = {"TrailName": trail, "InsightSelectors": both}
        yield "PutInsightSelectors", given, f"does not record {' and '.join(missing)}", "medium"


def _given_up(chosen: Mapping[str, Any], wanted: Sequence[events.Selector] = ()) -> str:
    types = ", ".join(events.given_up(chosen, wanted))
    return f"; data events of {types}, which others chose, are recorded no longer then" if types else ""


MISSED = {"S3BucketName": "bucket", "CloudWatchLogsLogGroupArn": "log group"}


def _missed(own: SeenTrail, wrong: Collection[str]) -> Iterator[str]:
    for setting, what in MISSED.items():
        if setting in wrong and (there := own.setting(setting)):
            yield f"{what} {there} gets nothing from the trail any more"


def _in_words(name: str, found: Any, wanted: Any) -> str:
    words, _ = WRONG[name]
    if name == "KmsKeyId" and not found:
        found = "S3's own key"
    return words.format(found=_shown(found), wanted=_shown(wanted))


def _shown(value: Any) -> str:
    return SHOWN.get(value, str(value))


def _bootstrap_bucket(target: Target) -> str | None:
    return target.installation.bootstrap_trail[0] if target.installation.bootstrap_trail else None


def sends_there(own: SeenTrail, target: Target) -> bool:
    """Whether it names the declared log group and role."""
    return all(own.setting(name) == value for name, value in logs.destination(target).items())


def troubles(own: SeenTrail, target: Target) -> Iterator[Call]:
    """What no call mends, or nobody declared and AWS bills."""
    declared = target.declaration.trail
    if own.undelivered:
        yield report(own.name, own.undelivered, "high")
    group = own.setting("CloudWatchLogsLogGroupArn")
    if declared.cloud_watch_logs and own.unsent:
        yield report(
            own.name, f"does not send its events to CloudWatch Logs, which answers {own.unsent}", "high"
        )
    if group and not declared.cloud_watch_logs:
        yield report(own.name, f"sends its events to log group {group}, too, {_undeclared('cloudWatchLogs')}")
    if events.takes_data_events(own.selectors) and not declared.data_events.s3:
        yield report(own.name, f"records data events, too, {_undeclared('dataEvents')}")
    if own.setting("HasInsightSelectors") and not declared.insights:
        yield report(own.name, f"records Insights, too, {_undeclared('insights')}")


def _undeclared(setting: str) -> str:
    return f"which nobody declared and AWS bills: declare trail.{setting}, or take that off"


def removed(trail: SeenTrail, why: str, target: Target) -> Iterator[Call]:
    if trail.tagged:
        gone = {"Name": trail.arn}
        deletion = Call("cloudtrail", "DeleteTrail", gone, f"trail {trail.name}", "delete", why, trail.home)
        yield from removal("trail", [deletion], target)


def of_others(trail: SeenTrail) -> Call:
    bucket = trail.setting("S3BucketName")
    stays = f"somebody else made it, and it stays; it delivers to bucket {bucket}, and a second copy of every event is billed"
    return report(trail.name, stays)


def report(name: str, reason: str, severity: Severity = "low") -> Call:
    return Call("cloudtrail", "", {}, f"trail {name}", "report", reason, severity=severity)
