"""What was changed in a stack's resources behind CloudFormation's back: its own drift detection, asked by a plan.

CloudFormation compares on its own, for some minutes; what is asked has an id, which the execution remembers from one try to
the next. It compares what the template sets, of the types that it can compare. Values are told nobody: they may be secrets.

AWS's pages leave open whose permissions it reads the resources with: those of whoever asks ("a user must have read
permission for each resource"), or those of the stack's role ("always uses that role for all operations"). What it could not
read is told as that, and never counts as the same.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DetectStackDrift.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackDriftDetectionStatus.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackResourceDrift.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from groundwork.baseline.component import Call, Notes, Permission
from groundwork.declaration.stacks import STACK
from groundwork.declaration.stacks.templates import FOLDER

from .calls import Declared, Place
from .state import Seen
from .words import listed

DETECT = "DetectStackDrift"
COMPARED = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED")
"""Of a stack in another status CloudFormation detects no drift."""
AT_WORK = "already in progress"
"""What stands in the refusal of a detection while one goes on; no page of AWS has it."""
MODIFIED, DELETED, UNKNOWN = "MODIFIED", "DELETED", "UNKNOWN"
KINDS = {"ADD": "was added", "REMOVE": "was removed", "NOT_EQUAL": "has another value"}


def reads(stacks: Sequence[str]) -> tuple[Permission, Permission]:
    """What a detection needs, aside from reading the resources. The id of one is no resource to IAM."""
    return (
        Permission(
            [
                f"cloudformation:{each}"
                for each in ("DescribeStackResourceDrifts", DETECT, "DetectStackResourceDrift")
            ],
            stacks,
        ),
        Permission(
            [
                "cloudformation:BatchDescribeTypeConfigurations",
                "cloudformation:DescribeStackDriftDetectionStatus",
            ]
        ),
    )


@dataclass(frozen=True)
class Drift:
    """What a detection found: each `StackResourceDrift` that is not the same, and where not all could be compared, a sentence
    that says how it is `incomplete`."""

    resources: Sequence[Mapping[str, Any]] = ()
    pending: bool = False
    incomplete: str = ""


def of(cloudformation: Any, seen: Seen, place: Place, notes: Notes) -> Drift:
    """Of a stack that is there, as it was at some time after the execution began: asked for once, and pending until
    CloudFormation is done."""
    if seen.status not in COMPARED:
        return Drift(
            incomplete=f"is {seen.status}, and CloudFormation detects drift of no such stack: update it once"
        )
    stack, key = f"{STACK}{place.name}", f"{DETECT} {place.resource}"
    asked = notes.get(key)
    if asked is None:
        try:
            asked = cloudformation.detect_stack_drift(StackName=stack)["StackDriftDetectionId"]
        except ClientError as refused:
            if AT_WORK not in refused.response["Error"]["Message"]:
                raise
            return Drift(pending=True)
        asked = notes.setdefault(key, str(asked))
    status = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=asked)
    if status["DetectionStatus"] == "DETECTION_IN_PROGRESS":
        return Drift(pending=True)
    found, said = list(_differing(cloudformation, stack)), status.get("StackDriftStatus", UNKNOWN)
    why = status.get("DetectionStatusReason", "").rstrip(". ") or f"it says {said}, and gives no reason"
    whole = status["DetectionStatus"] == "DETECTION_COMPLETE"
    known = said == "IN_SYNC" or (said == "DRIFTED" and bool(found))
    return Drift(found, incomplete="" if whole and known else _not_compared(why))


def _differing(cloudformation: Any, stack: str) -> Iterator[Mapping[str, Any]]:
    """botocore has no paginator for it."""
    asked: dict[str, Any] = {
        "StackName": stack,
        "StackResourceDriftStatusFilters": [MODIFIED, DELETED, UNKNOWN],
    }
    while True:
        page = cloudformation.describe_stack_resource_drifts(**asked)
        yield from page["StackResourceDrifts"]
        if not page.get("NextToken"):
            return
        asked["NextToken"] = page["NextToken"]


def reports(drift: Drift, place: Declared) -> Iterator[Call]:
    """One for each resource that differs, or could not be compared, those that are gone first."""
    file = f"{FOLDER}/{place.stack.template}"
    worst_first = (DELETED, MODIFIED, UNKNOWN)
    for each in sorted(
        drift.resources,
        key=lambda it: (worst_first.index(it["StackResourceDriftStatus"]), it["LogicalResourceId"]),
    ):
        match each["StackResourceDriftStatus"]:
            case "DELETED":
                why = f"was deleted outside of CloudFormation; make it again as {file} has it, or take it out of there"
            case "MODIFIED":
                why = f"was changed outside of CloudFormation: {_changed(each)}; undo it, or take it into {file}"
            case _:
                why = _not_compared(each.get("DriftStatusReason", "").rstrip(". "))
        told = place.call(DETECT, "report", why, severity="high")
        yield replace(
            told, resource=f"{place.resource}: {each['LogicalResourceId']} ({each['ResourceType']})"
        )
    if drift.incomplete:
        yield place.call(DETECT, "report", drift.incomplete, severity="high")


def _changed(resource: Mapping[str, Any]) -> str:
    found = resource.get("PropertyDifferences", [])
    return ", ".join(
        listed(f"{each['PropertyPath'].strip('/')} {KINDS[each['DifferenceType']]}" for each in found)
    )


def _not_compared(why: str) -> str:
    return (
        f"CloudFormation could not compare it with what is there ({why or 'it gives no reason'}): where it may not read it, "
        "name the action under driftReads, and allow it in the stack's policies"
    )
