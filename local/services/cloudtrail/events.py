"""CloudTrail's events, one of each call, and which of them a trail's selectors take.

Data events are those of the objects of S3; of other services none is known here.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from local.calls import CallRecord

SOURCES = {"cloudwatch": "monitoring"}
NAMED = {"PutBucketLifecycleConfiguration": "PutBucketLifecycle"}
"""Events that CloudTrail calls otherwise than the API."""
DATA = {
    "s3": ("GetObject", "PutObject", "DeleteObject", "HeadObject", "ListObjects", "CopyObject", "UploadPart"),
    "lambda": ("Invoke",),
    "dynamodb": (
        *("GetItem", "PutItem", "UpdateItem", "DeleteItem", "BatchGetItem", "Query", "Scan"),
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


def event_now(source: str, name: str, region: str, account: str) -> dict[str, Any]:
    """A management event that changes something, at this moment."""
    return {
        "eventVersion": "1.11",
        "eventTime": _written(time.time()),
        "eventSource": source,
        "eventName": name,
        "awsRegion": region,
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
    }


def _written(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def event_of(call: CallRecord) -> dict[str, Any]:
    """The record of a call, as far as the call log knows it."""
    prefix = call.action.partition(":")[0]
    denied = call.verdict == "denied"
    code = "Client.UnauthorizedOperation" if prefix == "ec2" else "AccessDenied"
    data = call.operation.startswith(DATA.get(prefix, ()))
    source, name = f"{SOURCES.get(prefix, prefix)}.amazonaws.com", NAMED.get(call.operation, call.operation)
    event = event_now(source, name, call.region, call.account) | {
        "userIdentity": _identity(call),
        "eventTime": _written(call.time),
        "userAgent": call.agent,
        "readOnly": not call.mutating,
        "managementEvent": not data,
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
