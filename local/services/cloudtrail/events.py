"""What CloudTrail sends to CloudWatch Logs: an event of each call, into the log group of each trail that covers it.

A trail's selectors are followed. Data events are those of the objects of S3; of other services none is known here.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/send-cloudtrail-events-to-cloudwatch-logs.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from moto.logs.models import logs_backends

from local.calls import CallRecord
from local.engine import Engine
from local.organizations import organization_of

PRINCIPAL = "cloudtrail.amazonaws.com"
SOURCES = {"cloudwatch": "monitoring"}
NAMED = {"PutBucketLifecycleConfiguration": "PutBucketLifecycle"}
"""Events that CloudTrail calls otherwise than the API."""
DATA = {
    "s3": ("GetObject", "PutObject", "DeleteObject", "HeadObject", "ListObjects", "CopyObject", "UploadPart"),
    "lambda": ("Invoke",),
    "dynamodb": (
        "GetItem",
        "PutItem",
        "UpdateItem",
        "DeleteItem",
        "BatchGetItem",
        "Query",
        "Scan",
        "TransactWriteItems",
    ),
    "sns": ("Publish",),
    "sqs": ("SendMessage", "ReceiveMessage", "DeleteMessage"),
    "logs": ("PutLogEvents",),
    "cloudwatch": ("PutMetricData",),
    "events": ("PutEvents",),
}
"""Operations that are no management events, by the beginning of their names."""
S3_OBJECTS = "AWS::S3::Object"
NO_ROLE = "InvalidCloudWatchLogsRoleArnException"
NO_GROUP = "InvalidCloudWatchLogsLogGroupArnException"


def event_of(call: CallRecord) -> dict[str, Any]:
    """The record of a call, as far as the call log knows it."""
    prefix = call.action.partition(":")[0]
    denied = call.verdict == "denied"
    code = "Client.UnauthorizedOperation" if prefix == "ec2" else "AccessDenied"
    data = call.operation.startswith(DATA.get(prefix, ()))
    event: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": _identity(call),
        "eventTime": datetime.fromtimestamp(call.time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{SOURCES.get(prefix, prefix)}.amazonaws.com",
        "eventName": NAMED.get(call.operation, call.operation),
        "awsRegion": call.region,
        "userAgent": call.agent,
        "eventID": str(uuid.uuid4()),
        "readOnly": not call.mutating,
        "eventType": "AwsApiCall",
        "managementEvent": not data,
        "recipientAccountId": call.account,
        "eventCategory": "Data" if data else "Management",
    }
    if data and prefix == "s3":
        event["resources"] = [{"type": S3_OBJECTS, "ARN": call.resource}]
    return event | ({"errorCode": code, "errorMessage": call.reason} if denied else {})


def _identity(call: CallRecord) -> dict[str, Any]:
    arn = call.principal_arn or ""
    kind = "Root" if arn.endswith(":root") else "IAMUser" if ":user/" in arn else "AssumedRole"
    return {"type": kind, "arn": arn, "accountId": arn.split(":")[4] if arn else call.account}


def selected(trail: Any, event: Mapping[str, Any]) -> bool:
    """Whether one of the trail's selectors takes it; without any, all management events are taken.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html
    """
    if trail.advanced_event_selectors:
        return any(_takes(each["FieldSelectors"], event) for each in trail.advanced_event_selectors)
    if not trail.event_selectors:
        return bool(event["managementEvent"])
    return any(_takes_basic(each, event) for each in trail.event_selectors)


def _takes(fields: Iterable[Mapping[str, Any]], event: Mapping[str, Any]) -> bool:
    return all(_holds(field, _values_of(event, field["Field"])) for field in fields)


def _values_of(event: Mapping[str, Any], field: str) -> list[str]:
    if field.startswith("resources."):
        return [str(each[field.partition(".")[2]]) for each in event.get("resources", ())]
    value = event.get(field)
    return [] if value is None else [str(value).lower() if isinstance(value, bool) else str(value)]


def _holds(field: Mapping[str, Any], values: Iterable[str]) -> bool:
    tests: Mapping[str, Callable[[str, str], bool]] = {
        "Equals": str.__eq__,
        "StartsWith": str.startswith,
        "EndsWith": str.endswith,
    }
    for value in values or [""]:
        for name, test in tests.items():
            if field.get(name) and not any(test(value, wanted) for wanted in field[name]):
                return False
            if any(test(value, wanted) for wanted in field.get(f"Not{name}") or ()):
                return False
    return True


def _takes_basic(selector: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    reads = {"All": (True, False), "ReadOnly": (True,), "WriteOnly": (False,)}
    if event["readOnly"] not in reads[selector.get("ReadWriteType", "All")]:
        return False
    if event["managementEvent"]:
        left_out = selector.get("ExcludeManagementEventSources") or ()
        return bool(selector.get("IncludeManagementEvents", True)) and event["eventSource"] not in left_out
    arns = _values_of(event, "resources.ARN")
    return any(
        resource["Type"] == S3_OBJECTS
        and any(arn.startswith(value) for arn in arns for value in resource["Values"])
        for resource in selector.get("DataResources") or ()
    )


# -- the way into the log group ------------------------------------------------------------------------


def stream_of(trail: Any, account: str, region: str) -> str:
    """Its name tells whose events it holds, and of which organization's trail."""
    organization = organization_of(trail.account_id, trail.partition) if trail.is_org_trail else None
    prefix = f"{organization.org.id}_" if organization and organization.org else ""
    return f"{prefix}{account}_CloudTrail_{region}"


def refusal(engine: Engine, trail: Any, stream: str) -> str:
    """Why events do not come into the trail's log group; empty when they may. CloudTrail brings no aws:SourceArn and no
    aws:SourceAccount along to the role.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html
    """
    group, role = trail.cw_log_group_arn.removesuffix(":*"), trail.cw_role_arn
    _, _, _, region, owner, _, name = group.split(":", 6)
    if name not in logs_backends[owner][region].groups:
        return "NoSuchLogGroup"
    if not engine.authorizer.service_assume(role, PRINCIPAL, without_source=True):
        return "AccessDenied"
    for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        if not engine.authorizer.role_may(role, action, f"{group}:log-stream:{stream}").allowed:
            return "AccessDenied"
    return ""


def mistake(trail: Any) -> tuple[str, str] | None:
    """Code and message of what is wrong with where a trail sends its events: a group of its account and Region, and a
    role that may send them; one not without the other."""
    group, role = trail.cw_log_group_arn, trail.cw_role_arn
    if not role:
        return NO_ROLE, "You must specify a role ARN as well as a log group."
    of_the_trail = f"arn:{trail.partition}:logs:{trail.region_name}:{trail.account_id}:log-group:"
    if not group or not group.startswith(of_the_trail) or not group.endswith(":*"):
        return NO_GROUP, "CloudTrail cannot validate the specified log group ARN."
    engine = Engine.current
    refused = refusal(engine, trail, stream_of(trail, trail.account_id, trail.region_name)) if engine else ""
    if refused == "NoSuchLogGroup":
        return NO_GROUP, "The specified log group does not exist."
    return (NO_ROLE, "Access denied. Check the trust relationships for your role.") if refused else None


def sender(engine: Engine, visible: Any) -> Any:
    """What sends each call's event into the log groups of the trails that `visible(account, region)` names."""

    def hear(call: CallRecord) -> None:
        for trail in _that_send(visible(call.account, call.region)):
            event = event_of(call)
            if not selected(trail, event):
                continue
            stream = stream_of(trail, call.account, call.region)
            refused = refusal(engine, trail, stream)
            vars(trail.status)["cloudwatch_error"] = refused
            if not refused:
                vars(trail.status)["cloudwatch_time"] = int(call.time)
                _put(trail, stream, event, call.time)

    return hear


def _that_send(trails: Iterable[Any]) -> Iterator[Any]:
    return (trail for trail in trails if trail.cw_log_group_arn and trail.status.is_logging)


def _put(trail: Any, stream: str, event: Mapping[str, Any], moment: float) -> None:
    _, _, _, region, owner, _, group = trail.cw_log_group_arn.removesuffix(":*").split(":", 6)
    logs = logs_backends[owner][region]
    if stream not in logs.groups[group].streams:
        logs.create_log_stream(group, stream)
    logs.groups[group].put_log_events(
        stream, [{"timestamp": int(moment * 1000), "message": json.dumps(event)}]
    )
