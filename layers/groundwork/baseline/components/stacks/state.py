"""Stacks as CloudFormation shows them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from groundwork.declaration.stacks import STACK
from groundwork.declaration.stacks.templates import Template

from . import shown
from .roles import role_name

NEVER_MADE = ("CREATE_FAILED", "REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
"""Its creation came to nothing: CloudFormation takes no update of it, and only deletes it."""
STUCK = ("DELETE_FAILED", "IMPORT_ROLLBACK_FAILED", "UPDATE_FAILED", "UPDATE_ROLLBACK_FAILED")
"""It holds resources, and CloudFormation takes no update of it before a person has decided."""
ROLLED_BACK = "UPDATE_ROLLBACK_COMPLETE"
BEGINNINGS = ("CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
LONGEST_EXECUTION = timedelta(hours=6)
"""After which the state machine ends it."""
LEFT = "could not delete, and forgot,"
LEFT_BY_A_REPLACEMENT = "replaced, and could not delete the old one of,"
NOT_DELETED = (LEFT, LEFT_BY_A_REPLACEMENT)
"""Of what an update was to delete in the end: CloudFormation tries three times, and the stack is complete without it.
https://repost.aws/knowledge-center/cloudformation-stack-cleanup-stuck"""
IN_USE = "as it is in use by"
"""What stands in the reason of a stack whose deletion was cancelled, in AWS's words of today and of before."""
CANCELLED = "cancelled"
"""What stands in the reason of a resource that failed because another one did."""


@dataclass(frozen=True)
class Seen:
    """A stack of our names. `content` is what its template says, read where it is compared. Of one whose last operation
    failed, `failure` is the first event that did. Of that one, and of one that may have been changed by the execution at
    work, `token` is what the operation was asked with, `steps` what was done to which resource, and `left` why it could not
    delete what is in the stack no longer."""

    name: str
    status: str
    role: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    protected: bool = False
    content: Mapping[str, Any] | None = None
    failure: str = ""
    token: str = ""
    steps: Mapping[str, str] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_ours(self) -> bool:
        return self.role == role_name(self.name)

    @property
    def never_made(self) -> bool:
        return self.status in NEVER_MADE

    @property
    def in_progress(self) -> bool:
        return self.status.endswith("_IN_PROGRESS") and not self.never_made


def token(execution: str, operation: str, stack: str) -> str:
    """What an execution asks CloudFormation with, once for each operation on a stack: events show it."""
    if not execution:
        return ""
    return f"groundwork-{hashlib.sha256(f'{execution} {operation} {stack}'.encode()).hexdigest()[:40]}"


def stacks(cloudformation: Any, compared: Mapping[str, Template], *, remembers: bool) -> dict[str, Seen]:
    """Those of our names in a Region, by what follows them: one call for all, and one each of those that are `compared` with a
    template, whose last operation failed or was cancelled, or, where it `remembers`, that changed no longer ago than an execution lasts."""
    since = datetime.now(UTC) - LONGEST_EXECUTION if remembers else None
    pages = cloudformation.get_paginator("describe_stacks").paginate()
    listed = [each for page in pages for each in page["Stacks"] if each["StackName"].startswith(STACK)]
    found = (_seen(cloudformation, each, compared, since) for each in listed)
    return {seen.name: seen for seen in found}


def _seen(
    cloudformation: Any, raw: Mapping[str, Any], compared: Mapping[str, Template], since: datetime | None
) -> Seen:
    there = Seen(
        raw["StackName"].removeprefix(STACK),
        raw["StackStatus"],
        raw.get("RoleARN", "").rpartition("/")[2],
        {each["ParameterKey"]: each.get("ParameterValue", "") for each in raw.get("Parameters", [])},
        bool(raw.get("EnableTerminationProtection")),
    )
    if not there.is_ours or there.in_progress:
        return there
    settled = not there.never_made and there.status not in STUCK
    if settled and there.name in compared:
        there = replace(there, content=_content(cloudformation, raw, compared[there.name]))
    is_recent = since is not None and raw.get("LastUpdatedTime", raw["CreationTime"]) > since
    reason = raw.get("StackStatusReason", "").rstrip(". ")
    if settled and there.status != ROLLED_BACK and not is_recent and IN_USE not in reason:
        return there
    operation = list(_last_operation(cloudformation, raw))
    failure = _failure(operation) or (
        validation_errors(cloudformation, StackName=raw["StackId"]) if there.never_made else ""
    )
    failure = failure or reason
    asked = operation[-1].get("ClientRequestToken", "") if operation else ""
    steps = _steps(operation)
    return replace(there, failure=failure, token=asked, steps=steps, left=_left(operation, steps))


def _content(cloudformation: Any, raw: Mapping[str, Any], declared: Template) -> Mapping[str, Any]:
    """botocore gives a template in JSON as what it says, one in YAML as its text."""
    body = cloudformation.get_template(StackName=raw["StackName"], TemplateStage="Original")["TemplateBody"]
    return shown.content(body if isinstance(body, str) else json.dumps(body, ensure_ascii=False), declared)


def validation_errors(cloudformation: Any, **of: str) -> str:
    """What CloudFormation found before it made anything of a stack, or a change set: statuses and stack events name but the
    validation that failed. Empty where it found nothing that it does not go on with.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
    """
    pages = cloudformation.get_paginator("describe_events").paginate(**of, Filters={"FailedEvents": True})
    found = [
        f"{_named(event)}: {event.get('ValidationStatusReason', '').rstrip('. ')}"
        for page in pages
        for event in page.get("OperationEvents", [])
        if event.get("EventType") == "VALIDATION_ERROR" and event.get("ValidationFailureMode") != "WARN"
    ]
    return "; ".join(dict.fromkeys(found))


# -- the events of the last operation ------------------------------------------------------------------

Event = Mapping[str, Any]


def _last_operation(cloudformation: Any, raw: Mapping[str, Any]) -> Iterator[Event]:
    """The newest event comes first."""
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=raw["StackName"])
    for page in pages:
        for event in page["StackEvents"]:
            yield event
            if _is_stack(event) and event["ResourceStatus"] in BEGINNINGS:
                return


def _failure(operation: Iterable[Event]) -> str:
    """The first event that failed, of those that did by themselves."""
    told = ""
    for event in operation:
        reason = event.get("ResourceStatusReason", "")
        if event["ResourceStatus"].endswith("_FAILED") and CANCELLED not in reason and not _is_stack(event):
            told = f"{_named(event)}: {reason.rstrip('. ')}"
    return told


def _steps(operation: Iterable[Event]) -> dict[str, str]:
    """By resource, as it is told, what was done to it. What was changed and deleted in one operation was replaced: its
    successor is made first, and the old one is deleted, or kept, in the end."""
    done: dict[str, set[str]] = {}
    for event in operation:
        if not _is_stack(event):
            done.setdefault(_named(event), set()).add(event["ResourceStatus"])
    return {name: _step(statuses) for name, statuses in done.items()}


def _step(statuses: set[str]) -> str:
    verbs = {status.partition("_")[0] for status in statuses}
    is_left = "DELETE_FAILED" in statuses and "DELETE_COMPLETE" not in statuses
    if "UPDATE" in verbs:
        replaced = LEFT_BY_A_REPLACEMENT if is_left else "replaced"
        return replaced if "DELETE" in verbs else "changed"
    if is_left:
        return LEFT
    if "DELETE_SKIPPED" in statuses:
        return "kept, and forgot,"
    return "deleted" if "DELETE" in verbs else "added"


def _left(operation: Iterable[Event], steps: Mapping[str, str]) -> dict[str, str]:
    """By resource, its id and why it is still there, by the newest event that says so."""
    left: dict[str, str] = {}
    for event in operation:
        name = _named(event)
        if event["ResourceStatus"] == "DELETE_FAILED" and steps.get(name) in NOT_DELETED:
            reason = event.get("ResourceStatusReason", "").rstrip(". ")
            left.setdefault(name, f"{event.get('PhysicalResourceId', '')} could not be deleted ({reason})")
    return left


def _named(event: Event) -> str:
    return f"{event['LogicalResourceId']} ({event['ResourceType']})"


def _is_stack(event: Event) -> bool:
    return bool(event.get("PhysicalResourceId") == event["StackId"])
