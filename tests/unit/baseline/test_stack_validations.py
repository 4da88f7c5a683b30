"""What CloudFormation finds before it makes anything: DescribeEvents alone tells it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from groundwork.baseline.components.stacks import state

GENERIC = (
    "The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation]. To troubleshoot Early Validation "
    "errors, use the DescribeEvents API for detailed failure information."
)


def event(name: str, reason: str, **more: Any) -> dict[str, Any]:
    return {
        "EventType": "VALIDATION_ERROR",
        "LogicalResourceId": name,
        "ResourceType": "AWS::IAM::Policy",
        "ValidationFailureMode": "FAIL",
        "ValidationStatusReason": reason,
        **more,
    }


class CloudFormation:
    """One stack, whose creation came to nothing before a resource was made."""

    def __init__(self, status: str, *events: dict[str, Any]) -> None:
        self.status, self.events, self.asked = status, events, 0

    def get_paginator(self, operation: str) -> Any:
        self.operation = operation
        return self

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        if self.operation == "describe_events":
            self.asked += 1
            assert asked == {"StackName": "arn", "Filters": {"FailedEvents": True}}
            return [{"OperationEvents": [each]} for each in self.events]
        stack = {
            "StackId": "arn",
            "StackName": "groundwork-alerts",
            "StackStatus": self.status,
            "StackStatusReason": GENERIC,
            "RoleARN": "arn:aws:iam::1:role/groundwork-stack-alerts",
            "CreationTime": datetime.now(UTC),
        }
        begun = {
            "StackId": "arn",
            "PhysicalResourceId": "arn",
            "LogicalResourceId": "groundwork-alerts",
            "ResourceType": "AWS::CloudFormation::Stack",
        }
        statuses = (self.status, "CREATE_IN_PROGRESS")
        return [
            {"Stacks": [stack], "StackEvents": [{**begun, "ResourceStatus": each} for each in statuses]},
        ]


def failure(aws: CloudFormation) -> str:
    return state.stacks(aws, {}, remembers=False)["alerts"].failure


def test_a_stack_that_was_not_begun_is_told_with_each_mistake_of_its_template() -> None:
    aws = CloudFormation(
        "ROLLBACK_COMPLETE",
        event("Bad", "Required property [PolicyDocument] not found."),
        event("Bad", "Required property [PolicyName] not found."),
        event("Bad", "Required property [PolicyName] not found."),
    )
    assert failure(aws) == (
        "Bad (AWS::IAM::Policy): Required property [PolicyDocument] not found; "
        "Bad (AWS::IAM::Policy): Required property [PolicyName] not found"
    )


def test_warnings_and_other_events_are_no_failures() -> None:
    aws = CloudFormation(
        "CREATE_FAILED",
        event("Kept", "The bucket is not empty.", ValidationFailureMode="WARN"),
        event("Made", "", EventType="PROGRESS_EVENT"),
    )
    assert failure(aws) == GENERIC.rstrip(". ")


def test_a_stack_that_is_there_is_not_asked() -> None:
    aws = CloudFormation("UPDATE_ROLLBACK_COMPLETE")
    failure(aws)
    assert aws.asked == 0
