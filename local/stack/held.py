"""Adapter: DescribeStackResources, of a stack or of whichever stack holds a resource, by its physical id. moto takes the stack's
name alone.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResources.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import cloudformation_backends
from moto.cloudformation.responses import CloudFormationResponse, StackResourceDTO
from moto.core.responses import ActionResult

if TYPE_CHECKING:
    from local.engine import Engine

MOST = 100
BOTH_OR_NEITHER = "You must specify either StackName or PhysicalResourceId, but not both"


def install(engine: Engine) -> None:
    engine.patch(CloudFormationResponse, "describe_stack_resources", _describe)


def holder(account: str, region: str, physical_id: str) -> Any:
    """The stack that holds the resource, or None."""
    stacks: list[Any] = list(cloudformation_backends[account][region].stacks.values())
    return next(
        (
            stack
            for stack in stacks
            if any(each.physical_resource_id == physical_id for each in stack.stack_resources)
        ),
        None,
    )


def _describe(response: Any) -> ActionResult:
    name, physical_id = response._get_param("StackName"), response._get_param("PhysicalResourceId")
    logical_id = response._get_param("LogicalResourceId")
    if bool(name) == bool(physical_id):
        raise ValidationError(message=BOTH_OR_NEITHER)
    if name:
        stack: Any = response.cloudformation_backend.get_stack(name)
    else:
        stack = holder(response.current_account, response.region, physical_id)
        if stack is None:
            raise ValidationError(message=f"Stack for {physical_id} does not exist")
    held = [each for each in stack.stack_resources if logical_id in (None, each.logical_resource_id)]
    return ActionResult({"StackResources": [StackResourceDTO(stack, each) for each in held[:MOST]]})
