"""Stacks as CloudFormation shows them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from groundwork.declaration.stacks import STACK
from groundwork.declaration.stacks.templates import parsed

from .roles import role_name

NEVER_MADE = ("CREATE_FAILED", "REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
"""Its creation came to nothing: CloudFormation takes no update of it, and only deletes it."""
STUCK = ("DELETE_FAILED", "IMPORT_ROLLBACK_FAILED", "UPDATE_FAILED", "UPDATE_ROLLBACK_FAILED")
"""It holds resources, and CloudFormation takes no update of it before a person has decided."""
ROLLED_BACK = "UPDATE_ROLLBACK_COMPLETE"
BEGINNINGS = ("CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
CANCELLED = "cancelled"
"""What stands in the reason of a resource that failed because another one did."""


@dataclass(frozen=True)
class Seen:
    """A stack of our names. `content` is what its template says, read where it is compared. Of one whose last operation
    failed, `failure` is the first event that did, and `token` what the operation was asked with."""

    name: str
    status: str
    role: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    protected: bool = False
    content: Mapping[str, Any] | None = None
    failure: str = ""
    token: str = ""

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


def stacks(cloudformation: Any, compared: frozenset[str]) -> dict[str, Seen]:
    """Those of our names in a Region, by what follows them: one call for all, and one each of those that are `compared`
    or whose last operation failed."""
    pages = cloudformation.get_paginator("describe_stacks").paginate()
    listed = [each for page in pages for each in page["Stacks"] if each["StackName"].startswith(STACK)]
    return {seen.name: seen for seen in (_seen(cloudformation, each, compared) for each in listed)}


def _seen(cloudformation: Any, raw: Mapping[str, Any], compared: frozenset[str]) -> Seen:
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
    content = _content(cloudformation, raw) if settled and there.name in compared else None
    failure, asked = "", ""
    if not settled or there.status == ROLLED_BACK:
        failure, asked = _failure(cloudformation, raw)
    return Seen(
        there.name, there.status, there.role, there.parameters, there.protected, content, failure, asked
    )


def _content(cloudformation: Any, raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """botocore gives a template in JSON as what it says, one in YAML as its text."""
    body = cloudformation.get_template(StackName=raw["StackName"], TemplateStage="Original")["TemplateBody"]
    found: Mapping[str, Any] = parsed(body if isinstance(body, str) else json.dumps(body))
    return found


def _failure(cloudformation: Any, raw: Mapping[str, Any]) -> tuple[str, str]:
    """The first event of the last operation that failed, of those that did by themselves; and its token."""
    told, asked = "", ""
    for event in _last_operation(cloudformation, raw):
        asked = event.get("ClientRequestToken", "")
        reason = event.get("ResourceStatusReason", "")
        if event["ResourceStatus"].endswith("_FAILED") and CANCELLED not in reason and not _is_stack(event):
            told = f"{event['LogicalResourceId']} ({event['ResourceType']}): {reason.rstrip('. ')}"
    return told or raw.get("StackStatusReason", "").rstrip(". "), asked


def _last_operation(cloudformation: Any, raw: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The newest event comes first."""
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=raw["StackName"])
    for page in pages:
        for event in page["StackEvents"]:
            yield event
            if _is_stack(event) and event["ResourceStatus"] in BEGINNINGS:
                return


def _is_stack(event: Mapping[str, Any]) -> bool:
    return bool(event.get("PhysicalResourceId") == event["StackId"])
