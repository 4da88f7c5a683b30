"""Adapter: what CloudFormation asks of whoever asks it: that they know what a template of IAM makes, that a stack with
termination protection is not deleted, that a role of a stack can be assumed, and a token that its events repeat. moto knows
none of it, and has no UpdateTerminationProtection.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateTerminationProtection.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackEvent.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-protect-stacks.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flask
from moto.cloudformation import models, responses
from moto.cloudformation.exceptions import CloudFormationError, ValidationError
from moto.core.responses import ActionResult

from local.identity.sessions import RoleNotAssumable
from local.stack.errors import StackError
from local.stack.template.sam import parsed

if TYPE_CHECKING:
    from local.engine import Engine

IAM, NAMED_IAM = "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"
NAMES = {
    "AWS::IAM::AccessKey": "",
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Policy": "",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::IAM::UserToGroupAddition": "",
}
"""The types that CloudFormation asks about, and the property by which a template names such a resource itself."""


class InsufficientCapabilities(CloudFormationError):
    code = "InsufficientCapabilitiesException"


def install(engine: Engine) -> None:
    engine.add(responses.CloudFormationResponse, "update_termination_protection", _protect)
    backend = models.CloudFormationBackend
    make, change, delete = backend.create_stack, backend.update_stack, backend.delete_stack

    def create_stack(self: Any, name: str, template: str, **settings: Any) -> Any:
        require_capabilities(template)
        require_role(engine, settings.get("role_arn"))
        return make(self, name, template, **settings)

    def update_stack(self: Any, name: str, template: str, **settings: Any) -> Any:
        require_capabilities(template)
        require_role(engine, settings.get("role_arn"))
        return change(self, name, template, **settings)

    def delete_stack(self: Any, name_or_stack_id: str) -> None:
        named = [each for each in self.stacks.values() if name_or_stack_id in (each.name, each.stack_id)]
        token = flask.request.values.get("ClientRequestToken", "")
        for stack in named:
            if token in stack.deletion_tokens:  # the same request again
                return
            if stack.enable_termination_protection:
                told = f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
                raise ValidationError(message=told)
            require_role(engine, flask.request.values.get("RoleARN") or stack.role_arn)
            stack.deletion_tokens |= {token} - {""}
        delete(self, name_or_stack_id)

    engine.patch(backend, "create_stack", create_stack)
    engine.patch(backend, "update_stack", update_stack)
    engine.patch(backend, "delete_stack", delete_stack)

    class Event(models.Event):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            self.client_request_token: Any = flask.request.values.get("ClientRequestToken")

    engine.patch(models, "Event", Event)


def require_capabilities(template: str) -> None:
    """Whoever makes a stack says that they know what it makes."""
    try:
        resources = (parsed(template) or {}).get("Resources") or {}
    except StackError:  # told by who makes it
        return
    kinds = [(each.get("Type"), each.get("Properties") or {}) for each in resources.values()]
    of_iam = [(kind, properties) for kind, properties in kinds if kind in NAMES]
    if not of_iam:
        return
    needed = NAMED_IAM if any(NAMES[kind] in properties for kind, properties in of_iam) else IAM
    given = {value for name, value in flask.request.values.items() if name.startswith("Capabilities.")}
    if not given & {needed, NAMED_IAM}:
        raise InsufficientCapabilities(f"Requires capabilities : [{needed}]")


def require_role(engine: Engine, role: str | None) -> None:
    """The one that a stack has, or gets, lets CloudFormation in."""
    if role:
        try:
            engine.mint(role, "AWSCloudFormation", service="cloudformation.amazonaws.com")
        except RoleNotAssumable:
            raise ValidationError(message=f"Role {role} is invalid or cannot be assumed") from None


def _protect(response: Any) -> ActionResult:
    stack = response.cloudformation_backend.get_stack(response._get_param("StackName"))
    stack.enable_termination_protection = response._get_bool_param("EnableTerminationProtection", False)
    return ActionResult({"StackId": stack.stack_id})
