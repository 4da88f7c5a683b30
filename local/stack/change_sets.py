"""Adapter: change sets belong to their stack, show what they would replace and by which property, and are obsolete once their
stack has been changed. moto knows them by their name alone, whatever the stack; it makes a second stack for a second change
set, keeps what has been executed, and shows names and types only.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from moto.cloudformation import models, responses
from moto.cloudformation.exceptions import AlreadyExistsException, CloudFormationError, ValidationError
from moto.cloudformation.models import cloudformation_backends
from moto.cloudformation.utils import generate_changeset_id, generate_stack_id, validate_create_change_set
from moto.core.responses import ActionResult, EmptyResult

from local.stack.cloudformation import Stack
from local.stack.foreseen import changes
from local.stack.requests import require_capabilities, require_role
from local.stack.validations import FAILED, conflicts

if TYPE_CHECKING:
    from local.engine import Engine

IN_REVIEW = "REVIEW_IN_PROGRESS"
BEING_MADE = ("CREATE_PENDING", "CREATE_IN_PROGRESS")
"""In AWS's words of a refused deletion: https://github.com/mweagle/Sparta/issues/45"""
NO_CHANGES = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)


class ChangeSetNotFound(CloudFormationError):
    code = "ChangeSetNotFound"


class InvalidChangeSetStatus(CloudFormationError):
    code = "InvalidChangeSetStatus"


def install(engine: Engine) -> None:
    engine.patch(models.ChangeSet, "_parse_template", _parse_template)
    engine.patch(models.ChangeSet, "diff", _changes)
    engine.patch(models.CloudFormationBackend, "create_change_set", _create)
    engine.patch(models.CloudFormationBackend, "execute_change_set", _execute)
    engine.patch(Stack, "update", _overtaking(Stack.update))
    engine.patch(responses.CloudFormationResponse, "describe_change_set", _describe)
    engine.patch(responses.CloudFormationResponse, "delete_change_set", _delete)
    engine.patch(responses.CloudFormationResponse, "list_change_sets", _list)
    # The stack looks by itself; a change set without changes is made, and says so.
    engine.patch(responses.CloudFormationResponse, "_validate_different_update", lambda *_: None)


def _parse_template(change_set: Any) -> None:
    change_set.model = change_set.stack.check(change_set.template, change_set.parameters)
    change_set.template_dict = change_set.model.template


def _changes(change_set: Any) -> list[Any]:
    stack = change_set.stack
    return changes(stack.deployment, stack.model, change_set.model)


def _overtaking(update: Callable[..., None]) -> Callable[..., None]:
    """What is made otherwise than by a change set leaves none of them fit to be executed."""

    def overtake(stack: Stack, *given: Any, **named: Any) -> None:
        update(stack, *given, **named)
        for each in _active(cloudformation_backends[stack.account_id][stack.region_name], stack):
            each.execution_status = "OBSOLETE"

    return overtake


def _create(
    backend: Any,
    stack_name: str,
    change_set_name: str,
    template: str,
    parameters: dict[str, str],
    description: str,
    change_set_type: str,
    notification_arns: list[str] | None = None,
    tags: dict[str, str] | None = None,
    role_arn: str | None = None,
) -> tuple[str, str]:
    """What is refused leaves no stack behind."""
    validate_create_change_set(change_set_name)
    require_capabilities(template)
    stack = _to_change(backend, stack_name, change_set_name, change_set_type)
    require_role(Stack.engine, role_arn or (stack.role_arn if stack else None))
    if stack is None:
        identifier = generate_stack_id(stack_name, backend.region_name, backend.account_id)
        stack = Stack(
            identifier,
            stack_name,
            template,
            parameters,
            account_id=backend.account_id,
            region_name=backend.region_name,
            notification_arns=notification_arns,
            tags=tags,
            role_arn=role_arn,
        )
    identifier = generate_changeset_id(change_set_name, backend.region_name, backend.account_id)
    made: Any = models.ChangeSet(
        change_set_type=change_set_type,
        change_set_id=identifier,
        change_set_name=change_set_name,
        stack=stack,
        template=template,
        parameters=parameters,
        description=description,
        notification_arns=notification_arns,
        tags=tags,
        role_arn=role_arn,
    )
    made.validations = conflicts(stack, made)
    if change_set_type == "UPDATE" and _changes_nothing(made, stack):
        made.status, made.execution_status, made.status_reason = "FAILED", "UNAVAILABLE", NO_CHANGES
    elif made.validations:
        made.status, made.execution_status, made.status_reason = "FAILED", "UNAVAILABLE", FAILED
    else:
        made.status, made.execution_status = "CREATE_COMPLETE", "AVAILABLE"
    if stack.stack_id not in backend.stacks:
        backend.stacks[stack.stack_id] = stack
        stack.enter(IN_REVIEW)
    backend.change_sets[identifier] = made
    return identifier, stack.stack_id


def _changes_nothing(change_set: Any, stack: Stack) -> bool:
    """What stands in other sections of a template alone is no change."""
    before, model = stack.model, change_set.model
    if change_set.changes or before is None or (change_set.tags or stack.tags) != stack.tags:
        return False
    return bool(
        before.template.get("Outputs") == model.template.get("Outputs") and before.texts == model.texts
    )


def _to_change(backend: Any, name: str, change_set_name: str, kind: str) -> Stack | None:
    """The stack that is there for the change set; None for one that it is to make."""
    stack: Stack | None = next(
        (each for each in backend.stacks.values() if name in (each.name, each.stack_id)), None
    )
    if kind not in ("CREATE", "UPDATE"):
        raise ValidationError(message=f"the embedded CloudFormation has no change sets of type {kind}")
    if kind == "UPDATE" and (stack is None or stack.status == IN_REVIEW):
        raise ValidationError(name)
    if stack is None:
        return None
    if stack.status.endswith("_IN_PROGRESS") and stack.status != IN_REVIEW:
        told = f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated."
        raise ValidationError(message=told)
    if kind == "CREATE" and stack.status != IN_REVIEW:
        told = f"Stack [{name}] already exists and cannot be created again with the changeSet [{change_set_name}]."
        raise ValidationError(message=told)
    if any(each.change_set_name == change_set_name for each in _active(backend, stack)):
        raise AlreadyExistsException(f"ChangeSet [{change_set_name}] already exists")
    return stack


def _execute(backend: Any, change_set_name: str, stack_name: str | None = None) -> None:
    change_set = _found(backend, stack_name, change_set_name)
    if change_set.execution_status != "AVAILABLE":
        told = f"cannot be executed in its current status of [{change_set.status}]"
        raise InvalidChangeSetStatus(f"ChangeSet [{change_set.change_set_id}] {told}")
    stack: Stack = backend.stacks[change_set.stack_id]
    require_role(Stack.engine, change_set.role_arn or stack.role_arn)
    stack.role_arn = change_set.role_arn or stack.role_arn
    stack.tags = change_set.tags or stack.tags
    for other in _of(backend, stack):
        if other is not change_set:
            del backend.change_sets[other.change_set_id]
    change_set.execution_status = "EXECUTE_COMPLETE"
    stack.carry_out(change_set.change_set_type, change_set.template, change_set.parameters)


def _describe(response: Any) -> Any:
    return ActionResult(_asked_for(response))


def _delete(response: Any) -> Any:
    """One that is not there is deleted already: the API knows no error for it."""
    try:
        change_set = _asked_for(response)
    except ChangeSetNotFound:
        return EmptyResult()
    if change_set.status in BEING_MADE:
        raise InvalidChangeSetStatus(f"Cannot delete ChangeSet in status {change_set.status}")
    del response.cloudformation_backend.change_sets[change_set.change_set_id]
    return EmptyResult()


def _list(response: Any) -> Any:
    backend = response.cloudformation_backend
    stack = backend.get_stack(response._get_param("StackName"))
    return ActionResult({"Summaries": _active(backend, stack)})


def _asked_for(response: Any) -> Any:
    stack, name = response._get_param("StackName"), response._get_param("ChangeSetName")
    return _found(response.cloudformation_backend, stack, name)


def _found(backend: Any, stack_name: str | None, name: str) -> Any:
    """By its ARN, or by its name and its stack's."""
    if name in backend.change_sets:
        return backend.change_sets[name]
    named = []
    if not name.startswith("arn:"):
        stack = backend.get_stack(stack_name)
        named = [each for each in _of(backend, stack) if each.change_set_name == name]
    if not named:
        raise ChangeSetNotFound(f"ChangeSet [{name}] does not exist")
    return named[-1]


def _of(backend: Any, stack: Any) -> list[Any]:
    return [each for each in backend.change_sets.values() if each.stack_id == stack.stack_id]


def _active(backend: Any, stack: Any) -> list[Any]:
    return [each for each in _of(backend, stack) if each.execution_status != "EXECUTE_COMPLETE"]
