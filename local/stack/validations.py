"""Adapter: what CloudFormation finds before it makes anything, and DescribeEvents, which alone tells it. moto has neither.

Of AWS's validations a change set is held to one: a name that the template gives a new resource, and that something else has.
CloudFormation documents neither by whose permissions it looks, nor what becomes of a stack that CreateStack was asked for;
here a stack's own role looks, and CreateStack fails at the resource.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeEvents.html
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.cloudformation import responses
from moto.core.responses import ActionResult

from local.stack.actual import READERS
from local.stack.cloudformation import Stack
from local.stack.deployment import context_of
from local.stack.errors import StackError

if TYPE_CHECKING:
    from local.engine import Engine

NAMED = {
    "AWS::IAM::Role": "RoleName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SSM::Parameter": "Name",
}
"""By type, the property by which a template names such a resource itself."""
FAILED = (
    "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To troubleshoot Early "
    "Validation errors, use the DescribeEvents API for detailed failure information."
)
"""All that a change set says of it."""

Shown = dict[str, Any]


def install(engine: Engine) -> None:
    engine.add(responses.CloudFormationResponse, "describe_events", _describe)


def conflicts(stack: Stack, change_set: Any) -> list[Shown]:
    """Each an `OperationEvent`."""
    added = [each for each in change_set.changes if each["Action"] == "Add" and each["ResourceType"] in NAMED]
    return [
        {
            "EventId": f"{change_set.change_set_id}/{each['LogicalResourceId']}",
            "StackId": stack.stack_id,
            "OperationType": "CREATE_CHANGESET",
            "EventType": "VALIDATION_ERROR",
            "LogicalResourceId": each["LogicalResourceId"],
            "ResourceType": each["ResourceType"],
            "Timestamp": datetime.now(UTC),
            "ValidationFailureMode": "FAIL",
            "ValidationName": "NAME_CONFLICT_VALIDATION",
            "ValidationStatus": "FAILED",
            "ValidationStatusReason": told,
        }
        for each in added
        for told in _conflict(change_set.model, each["LogicalResourceId"], each["ResourceType"])
    ]


def _conflict(model: Any, name: str, kind: str) -> Iterator[str]:
    """Nothing where the name is not known yet, or may not be looked at."""
    try:
        given = model.wanted(name).get(NAMED[kind])
        if given:
            READERS[kind](context_of(model.setting, name), given)
            yield f"Resource of type '{kind}' with identifier '{given}' already exists."
    except (ClientError, StackError):
        return


def _describe(response: Any) -> ActionResult:
    """Of a change set, or of a stack with all that failed in it."""
    backend, asked = response.cloudformation_backend, response._get_param("ChangeSetName")
    if asked:
        made = [
            each
            for each in backend.change_sets.values()
            if asked in (each.change_set_id, each.change_set_name)
        ]
        return ActionResult({"OperationEvents": [event for each in made for event in each.validations]})
    stack = backend.get_stack(response._get_param("StackName"))
    return ActionResult({"OperationEvents": [_of_stack(each) for each in reversed(stack.events)]})


def _of_stack(event: Any) -> Shown:
    failed = event.resource_status.endswith("_FAILED")
    return {
        "EventId": event.event_id,
        "StackId": event.stack_id,
        "EventType": "PROVISIONING_ERROR" if failed else "PROGRESS_EVENT",
        "LogicalResourceId": event.logical_resource_id,
        "PhysicalResourceId": event.physical_resource_id,
        "ResourceType": event.resource_type,
        "Timestamp": event.timestamp,
        "ResourceStatus": event.resource_status,
        "ResourceStatusReason": event.resource_status_reason,
    }
