"""Adapter: CloudFormation compares the resources of a stack with what is there, and tells what differs. moto has none of it.

AWS does so on its own, for some minutes. Here the first look at a detection finds it in progress, and the next one done.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DetectStackDrift.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackDriftDetectionStatus.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResourceDrifts.html
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.cloudformation import responses
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import cloudformation_backends
from moto.core.responses import ActionResult

from local.stack.actual import READERS, differences
from local.stack.cloudformation import Stack
from local.stack.deployment import Resource, Setting, context_of

if TYPE_CHECKING:
    from local.engine import Engine

STATUSES = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED")
DENIALS = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException")
GONE = ("NoSuch", "NotFound", "NonExistent", "DoesNotExist")
"""What stands in the code by which a service says that something is not there."""

Shown = dict[str, Any]


@dataclass
class Detection:
    """One of a stack, what came of it, and whether somebody has looked at it."""

    identifier: str
    stack_id: str
    begun: datetime
    drifts: list[Shown]
    looked_at: bool = False

    @property
    def status(self) -> str:
        found = {each["StackResourceDriftStatus"] for each in self.drifts}
        if found & {"DELETED", "MODIFIED"}:
            return "DRIFTED"
        return "UNKNOWN" if "UNKNOWN" in found else "IN_SYNC"


def install(engine: Engine) -> None:
    owner = responses.CloudFormationResponse
    engine.add(owner, "detect_stack_drift", _detect)
    engine.add(owner, "describe_stack_drift_detection_status", _status)
    engine.add(owner, "describe_stack_resource_drifts", _drifts)
    engine.add(Stack, "detections", None)
    engine.add(Stack, "drift_information", property(_information))


def _detect(response: Any) -> ActionResult:
    stack: Any = response.cloudformation_backend.get_stack(response._get_param("StackName"))
    if response._get_param("LogicalResourceIds"):
        raise ValidationError(message="the embedded CloudFormation detects the drift of whole stacks alone")
    if stack.status not in STATUSES:
        told = f"Drift detection cannot be performed on stack [{stack.stack_id}] in status {stack.status}"
        raise ValidationError(message=told)
    if stack.detections and not stack.detections[-1].looked_at:
        raise ValidationError(message=f"Drift detection is already in progress for stack [{stack.stack_id}]")
    begun = datetime.now(UTC)
    drifts = [_compared(stack, resource, begun) for resource in stack.stack_resources if _is_known(resource)]
    made = Detection(str(uuid.uuid4()), stack.stack_id, begun, drifts)
    stack.detections = [*(stack.detections or []), made]
    return ActionResult({"StackDriftDetectionId": made.identifier})


def _status(response: Any) -> ActionResult:
    """Of the account and Region that asks."""
    asked = response._get_param("StackDriftDetectionId")
    backend = cloudformation_backends[response.current_account][response.region]
    stacks: list[Any] = list(backend.stacks.values())
    made = (each for stack in stacks for each in stack.detections or [])
    found = next((each for each in made if each.identifier == asked), None)
    if found is None:
        raise ValidationError(message=f"Drift detection id {asked} does not exist")
    told = {"StackId": found.stack_id, "StackDriftDetectionId": asked, "Timestamp": found.begun}
    if not found.looked_at:
        found.looked_at = True
        return ActionResult({**told, "DetectionStatus": "DETECTION_IN_PROGRESS"})
    failures = [each for each in found.drifts if each["StackResourceDriftStatus"] == "UNKNOWN"]
    names = ", ".join(each["LogicalResourceId"] for each in failures)
    reasons = " ".join(each["DriftStatusReason"] for each in failures)
    drifted = sum(each["StackResourceDriftStatus"] in ("DELETED", "MODIFIED") for each in found.drifts)
    failed = {
        "DetectionStatus": "DETECTION_FAILED",
        "DetectionStatusReason": f"Failed to detect drift on resource [{names}]. {reasons}",
    }
    done = {"DetectionStatus": "DETECTION_COMPLETE", "DriftedStackResourceCount": drifted}
    return ActionResult({**told, "StackDriftStatus": found.status, **(failed if failures else done)})


def _drifts(response: Any) -> ActionResult:
    stack: Any = response.cloudformation_backend.get_stack(response._get_param("StackName"))
    kinds = response._get_param("StackResourceDriftStatusFilters")
    found = stack.detections[-1].drifts if stack.detections else []
    shown = [each for each in found if not kinds or each["StackResourceDriftStatus"] in kinds]
    first, most = int(response._get_param("NextToken") or 0), int(response._get_param("MaxResults") or 100)
    more = {"NextToken": str(first + most)} if len(shown) > first + most else {}
    return ActionResult({"StackResourceDrifts": shown[first : first + most], **more})


def _information(stack: Any) -> Shown:
    if not stack.detections:
        return {"StackDriftStatus": "NOT_CHECKED"}
    last = stack.detections[-1]
    return {"StackDriftStatus": last.status, "LastCheckTimestamp": last.begun}


# -- comparing -----------------------------------------------------------------------------------------


def _is_known(resource: Resource) -> bool:
    """What is of another type is not checked, and so not told."""
    return resource.type_name in READERS


def _compared(stack: Any, resource: Resource, begun: datetime) -> Shown:
    shown: Shown = {
        "StackId": stack.stack_id,
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_resource_id,
        "ResourceType": resource.type_name,
        "Timestamp": begun,
    }
    return {**shown, **_found(stack.readers(), resource)}


def _found(readers: list[Setting], resource: Resource) -> Shown:
    actual: Shown = {}
    for setting in readers:
        to = context_of(setting, resource.logical_id)
        try:
            actual = READERS[resource.type_name](to, resource.physical_resource_id)
        except ClientError as refused:
            return _refused(refused)
    found = differences(resource.properties, actual)
    texts = {"ExpectedProperties": resource.properties, "ActualProperties": actual}
    return {
        "StackResourceDriftStatus": "MODIFIED" if found else "IN_SYNC",
        "PropertyDifferences": found,
        **{name: json.dumps(value, default=str) for name, value in texts.items()},
    }


def _refused(refused: ClientError) -> Shown:
    code, message = refused.response["Error"]["Code"], refused.response["Error"]["Message"]
    if code in DENIALS:
        return {"StackResourceDriftStatus": "UNKNOWN", "DriftStatusReason": message}
    if any(each in code for each in GONE):
        return {"StackResourceDriftStatus": "DELETED"}
    raise refused
