"""Adapter: a service that is handed a role tries it at once, and refuses one that it cannot assume.

Step Functions also sees whether the role may set up the delivery of the execution logs that are asked for.
moto takes any role, so that a wrong trust policy would show only when the role is used.

https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaBackend
from moto.core.exceptions import AWSError
from moto.scheduler.exceptions import ValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from local.identity.sessions import RoleNotAssumable

if TYPE_CHECKING:
    from local.engine import Engine

SESSION = "validation"
LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)
"""What the role of a state machine that logs must be allowed; none of them takes a resource."""


class StateMachineRoleRefused(AWSError):
    TYPE = "AccessDeniedException"
    STATUS = 400


def install(engine: Engine) -> None:
    def assumable(role_arn: str | None, service: str, refusal: Exception) -> None:
        if role_arn is None:
            return
        try:
            engine.mint(role_arn, SESSION, service=service)
        except RoleNotAssumable as refused:
            raise refusal from refused

    def for_lambda(role_arn: str | None) -> None:
        told = "The role defined for the function cannot be assumed by Lambda."
        refusal = LambdaClientError("InvalidParameterValueException", told)
        assumable(role_arn, "lambda.amazonaws.com", refusal)

    def for_states(role_arn: str | None) -> None:
        told = "Neither the global service principal states.amazonaws.com, nor the regional one is authorized"
        refusal = StateMachineRoleRefused(f"{told} to assume the provided role.")
        assumable(role_arn, "states.amazonaws.com", refusal)

    def for_logs(role_arn: str, logging: Mapping[str, Any] | None) -> None:
        if not logging or logging.get("level", "OFF") == "OFF":
            return
        if not all(engine.authorizer.role_may(role_arn, action).allowed for action in LOG_DELIVERY):
            told = "The state machine IAM Role is not authorized to access the Log Destination"
            raise StateMachineRoleRefused(told)

    def for_scheduler(target: dict[str, Any]) -> None:
        told = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
        assumable(target["RoleArn"], "scheduler.amazonaws.com", ValidationException(told))

    create_function = LambdaBackend.create_function
    update_function = LambdaBackend.update_function_configuration
    create_machine = StepFunctionsParserBackend.create_state_machine
    update_machine = StepFunctionsParserBackend.update_state_machine
    create_schedule = EventBridgeSchedulerBackend.create_schedule
    update_schedule = EventBridgeSchedulerBackend.update_schedule

    def created_function(backend: LambdaBackend, spec: dict[str, Any]) -> Any:
        for_lambda(spec["Role"])
        return create_function(backend, spec)

    def updated_function(backend: LambdaBackend, name: str, qualifier: str, body: dict[str, Any]) -> Any:
        for_lambda(body.get("Role"))
        return update_function(backend, name, qualifier, body)

    def created_machine(backend: Any, name: str, definition: str, roleArn: str, **more: Any) -> Any:  # noqa: N803
        for_states(roleArn)
        for_logs(roleArn, more.get("loggingConfiguration"))
        return create_machine(backend, name, definition, roleArn, **more)

    def updated_machine(backend: Any, arn: str, **changes: Any) -> Any:
        for_states(changes.get("role_arn"))
        machine = backend.describe_state_machine(arn)
        logging = changes.get("logging_configuration") or machine.loggingConfiguration
        for_logs(changes.get("role_arn") or machine.roleArn, logging)
        return update_machine(backend, arn, **changes)

    def created_schedule(backend: Any, **schedule: Any) -> Any:
        for_scheduler(schedule["target"])
        return create_schedule(backend, **schedule)

    def updated_schedule(backend: Any, **schedule: Any) -> Any:
        for_scheduler(schedule["target"])
        return update_schedule(backend, **schedule)

    engine.patch(LambdaBackend, "create_function", created_function)
    engine.patch(LambdaBackend, "update_function_configuration", updated_function)
    engine.patch(StepFunctionsParserBackend, "create_state_machine", created_machine)
    engine.patch(StepFunctionsParserBackend, "update_state_machine", updated_machine)
    engine.patch(EventBridgeSchedulerBackend, "create_schedule", created_schedule)
    engine.patch(EventBridgeSchedulerBackend, "update_schedule", updated_schedule)
