"""What a trail records: every management event, data events of S3 where declared, and Insights.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-insights-events-with-cloudtrail.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from groundwork.baseline.archive import archive, is_known
from groundwork.baseline.component import Target

S3_OBJECTS = "AWS::S3::Object"
ALL_MANAGEMENT_EVENTS = {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": []}
MANAGEMENT = [{"Field": "eventCategory", "Equals": ["Management"]}]

Selector = Mapping[str, Any]
"""An advanced event selector."""


def takes_all_management_events(chosen: Mapping[str, Any]) -> bool:
    """Whether some selector, basic or advanced, takes every one of them; AWS's own does, where nobody chose.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedEventSelector.html
    """
    basic = any(
        each.get("ReadWriteType") == "All"
        and each.get("IncludeManagementEvents")
        and not each.get("ExcludeManagementEventSources")
        for each in chosen.get("EventSelectors", [])
    )
    advanced = any(_fields(each) == _fields(_selector("", MANAGEMENT)) for each in _advanced(chosen))
    return basic or advanced or not chosen


def takes_data_events(chosen: Mapping[str, Any]) -> bool:
    basic = any(each.get("DataResources") for each in chosen.get("EventSelectors", []))
    return basic or any(("eventCategory", "Equals", ("Data",)) in _fields(each) for each in _advanced(chosen))


def wanted_selectors(target: Target, chosen: Mapping[str, Any]) -> Sequence[Selector]:
    """All that the trail is to have where data events are declared; what others chose of other data stays.

    Deliveries into the archive are left out: a trail that recorded its own files would record that for ever.
    """
    only = [] if target.declaration.trail.data_events.s3 == "all" else [_equals("readOnly", "false")]
    objects = [_equals("eventCategory", "Data"), _equals("resources.type", S3_OBJECTS), *only]
    if logs := [f"arn:{target.organization.partition}:s3:::{bucket}/" for bucket in _buckets_of_logs(target)]:
        objects.append({"Field": "resources.ARN", "NotStartsWith": logs})
    return [
        _selector(
            "Management events selector", MANAGEMENT
        ),  # as the console names it, and checkers look for it
        _selector("S3 data events", objects),
        *(each for each in _advanced(chosen) if not _is_ours(each)),
    ]


def given_up(chosen: Mapping[str, Any], wanted: Sequence[Selector] = ()) -> list[str]:
    """The types of resource whose data events others chose, and the wanted selectors, or a basic one of ours, leave out: a
    trail has basic selectors or advanced ones, not both."""
    basic = {
        str(one["Type"]) for each in chosen.get("EventSelectors", []) for one in each.get("DataResources", [])
    }
    return sorted((basic | _types(_advanced(chosen))) - _types(wanted))


def _types(selectors: Sequence[Selector]) -> set[str]:
    told = (field for each in selectors for field in _fields(each))
    return {
        name
        for field, operator, names in told
        if (field, operator) == ("resources.type", "Equals")
        for name in names
    }


def _is_ours(selector: Selector) -> bool:
    fields = _fields(selector)
    of_s3 = ("resources.type", "Equals", (S3_OBJECTS,)) in fields
    return of_s3 or ("eventCategory", "Equals", ("Management",)) in fields


def records(chosen: Mapping[str, Any], wanted: Sequence[Selector]) -> bool:
    """Whether these are the selectors, as far as it is known: a plan tells no difference that may be none."""
    found = [_fields(each) for each in _advanced(chosen)]
    if not is_known(str(wanted)):
        return len(found) >= len(wanted)
    return len(found) == len(wanted) and set(found) == {_fields(each) for each in wanted}


def _buckets_of_logs(target: Target) -> Iterator[str]:
    if target.installation.bootstrap_trail:
        yield target.installation.bootstrap_trail[0]
    if target.organization.security_account_id or target.account.kind != "management":
        names = archive(target)
        yield from (names.trail_bucket, names.config_bucket, names.access_logs_bucket)


def _advanced(chosen: Mapping[str, Any]) -> Sequence[Selector]:
    selectors: Sequence[Selector] = chosen.get("AdvancedEventSelectors", [])
    return selectors


def _selector(name: str, fields: Sequence[Mapping[str, Any]]) -> Selector:
    return {"Name": name, "FieldSelectors": [*fields]}


def _equals(field: str, value: str) -> dict[str, Any]:
    return {"Field": field, "Equals": [value]}


def _fields(selector: Selector) -> frozenset[tuple[str, str, tuple[str, ...]]]:
    """What it says, whatever its name and the order."""
    return frozenset(
        (str(field["Field"]), operator, tuple(sorted(values)))
        for field in selector["FieldSelectors"]
        for operator, values in field.items()
        if operator != "Field" and values
    )


# -- Insights ------------------------------------------------------------------------------------------


def insights(cloudtrail: Any, arn: str) -> frozenset[str]:
    """The types of Insights that the trail records. A trail without any answers with an exception.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetInsightSelectors.html
    """
    try:
        selectors = cloudtrail.get_insight_selectors(TrailName=arn)["InsightSelectors"]
    except ClientError as none:
        if none.response["Error"]["Code"] != "InsightNotEnabledException":
            raise
        return frozenset()
    return frozenset(each["InsightType"] for each in selectors)
