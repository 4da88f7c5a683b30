"""Adapter: CloudFormation deploys the real template. moto skips what it does not know and says CREATE_COMPLETE.

moto keeps the API and the stacks; `local.stack` says what a template means and makes its resources through
the services' own APIs, as CloudFormation does. What it does not carry out, it refuses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import flask
from botocore.exceptions import ClientError
from moto.cloudformation import models
from moto.cloudformation.exceptions import AlreadyExistsException, ValidationError
from moto.cloudformation.utils import generate_stack_id

from local.identity.credentials import Credentials
from local.stack.deployment import Deployment, Model, Resource, Setting
from local.stack.errors import ExportInUse, RollbackFailed, StackError
from local.stack.exports import Neighbours
from local.stack.resources import (  # noqa: F401  (they register types)
    cdk,
    compute,
    containers,
    messaging,
    observability,
    security,
    storage,
)
from local.stack.shown import as_shown, value_as_shown
from local.stack.template.packaging import package
from local.stack.template.parameters import is_stored
from local.stack.template.sam import parsed, transformed
from local.stack.template_sources import caller

if TYPE_CHECKING:
    from local.engine import Engine

SERVICE = "cloudformation.amazonaws.com"
CAPABILITIES = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
NOTHING_TO_DO = "No updates are to be performed."
NO_RESOURCES = "Template format error: At least one Resources member must be defined."


class DeploymentFailed(RuntimeError):
    """A stack did not reach CREATE_COMPLETE or UPDATE_COMPLETE."""


# What `sam deploy` does --------------------------------------------------------------------------


def deploy(
    engine: Engine, template_path: Path, stack_name: str, parameters: Mapping[str, str]
) -> dict[str, str]:
    """Package a SAM template, create or update its stack, and return the stack's outputs.

    A parameter that is not given keeps the value of the last deployment. Raises DeploymentFailed with the
    reason of the first resource that failed.
    """
    address = _upload_template(engine, template_path)
    cloudformation = engine.client("cloudformation")
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    existing = _described(cloudformation, stack_name)
    request = {"StackName": stack_name, "TemplateURL": address, "Capabilities": CAPABILITIES}
    try:
        if existing is None:
            cloudformation.create_stack(**request, Parameters=given)
        else:
            declared = cloudformation.get_template_summary(TemplateURL=address)["Parameters"]
            kept = {item["ParameterKey"] for item in existing.get("Parameters", [])} - set(parameters)
            previous = [
                {"ParameterKey": item["ParameterKey"], "UsePreviousValue": True}
                for item in declared
                if item["ParameterKey"] in kept
            ]
            cloudformation.update_stack(**request, Parameters=given + previous)
    except ClientError as refused:
        if NOTHING_TO_DO not in str(refused):
            raise DeploymentFailed(f"{stack_name}: {refused}") from refused
    stack = _described(cloudformation, stack_name)
    if stack is None or stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise DeploymentFailed(f"{stack_name}: {(stack or {}).get('StackStatusReason', 'no such stack')}")
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _upload_template(engine: Engine, template_path: Path) -> str:
    s3, bucket = engine.client("s3"), f"groundwork-artifacts-{engine.management_account}-{engine.region}"
    s3.create_bucket(Bucket=bucket)

    def upload(key: str, data: bytes) -> str:
        s3.put_object(Bucket=bucket, Key=key, Body=data)
        return f"s3://{bucket}/{key}"

    packaged = package(template_path, upload)
    upload("template.json", json.dumps(packaged, default=str).encode())
    return f"{engine.url}/{bucket}/template.json"


def _described(cloudformation: Any, stack_name: str) -> dict[str, Any] | None:
    try:
        stacks = cloudformation.describe_stacks(StackName=stack_name)["Stacks"]
    except ClientError as missing:
        if missing.response["Error"]["Code"] != "ValidationError":
            raise
        return None
    found: dict[str, Any] = stacks[0]
    return found


# What CloudFormation does ------------------------------------------------------------------------


def install(engine: Engine) -> None:
    Stack.engine = engine
    engine.deployer = partial(deploy, engine)
    engine.patch(models, "Stack", Stack)
    engine.patch(models.CloudFormationBackend, "create_stack", _create_stack)
    engine.patch(models.CloudFormationBackend, "delete_stack", _delete_stack)

    def validate(backend: Any, template: str) -> list[Any]:
        """moto tells what is wrong as the name of a stack that does not exist."""
        if not (parsed(template) or {}).get("Resources"):
            raise ValidationError(message=NO_RESOURCES)
        for problem in validate_template(backend, template):
            raise ValidationError(message=f"Template format error: {problem.message}")
        return []

    validate_template = engine.patch(models.CloudFormationBackend, "validate_template", validate)


class Stack(models.Stack):
    """A stack that is a Deployment; moto's responses read the names they know."""

    engine: Engine

    def __init__(
        self, stack_id: str, name: str, template: Any, parameters: dict[str, str], *rest: Any, **named: Any
    ):
        self.deployment = Deployment(self._record)
        self.model: Model | None = None
        self.status_reason: str | None = None
        self.deletion_tokens: set[str] = set()
        super().__init__(stack_id, name, {}, parameters, *rest, **named)
        self.template = template

    def _create_resource_map(self) -> Any:
        return self

    def _create_output_map(self) -> Any:
        return self

    # moto's Stack is a model of a nested stack too, which there is none of here.

    @staticmethod
    def cloudformation_name_type() -> str:
        return "StackName"

    def is_created(self) -> bool:
        return self.status == "CREATE_COMPLETE"

    # What moto's responses ask of a stack -----------------------------------------------------------

    @property
    def stack_status_reason(self) -> str | None:
        return self.status_reason

    @property
    def stack_parameters(self) -> dict[str, str]:
        """As they were given, which is what a previous value is: of a parameter of SSM its name."""
        return self.model.texts if self.model else {}

    @property
    def parameter_list(self) -> list[dict[str, str]]:
        if self.model is None:
            return []
        declared, values = self.model.template.get("Parameters", {}), self.model.parameters
        return [
            {
                "ParameterKey": key,
                "ParameterValue": _shown(text, declared[key]),
                **({"ResolvedValue": _plain(values[key])} if is_stored(declared[key]) else {}),
            }
            for key, text in self.model.texts.items()
        ]

    @property
    def stack_resources(self) -> Any:
        return list(self.deployment.resources.values())

    @property
    def outputs(self) -> list[dict[str, Any]] | None:
        described = self.model.template.get("Outputs", {}) if self.model else {}
        names = self.model.export_names(self.deployment.outputs) if self.model else {}
        return [
            {
                "OutputKey": key,
                "OutputValue": as_shown(_plain(value)),
                "Description": described[key].get("Description"),
                "ExportName": names.get(key),
            }
            for key, value in self.deployment.outputs.items()
        ] or None

    @property
    def exports(self) -> list[Any]:
        return []

    # What a stack does ------------------------------------------------------------------------------

    def create_resources(self) -> None:
        self.carry_out("CREATE", str(self.template), self.parameters)

    def update(
        self,
        template: str,
        role_arn: str | None = None,
        parameters: dict[str, Any] | None = None,
        tags: dict[str, str] | None = None,
    ) -> None:
        self.role_arn = role_arn or self.role_arn
        if self.is_as(template, parameters or {}, tags):
            raise ValidationError(self.name, message=NOTHING_TO_DO)
        self.tags = self.tags if tags is None else tags
        self.carry_out("UPDATE", template, parameters or {})

    def is_as(self, template: str, parameters: Mapping[str, str], tags: Mapping[str, str] | None) -> bool:
        """Whether it stands as this would make it."""
        model, tags = self.check(template, parameters), self.tags if tags is None else tags
        return self.model is not None and (model.template, model.texts, tags) == (
            self.model.template,
            self.model.texts,
            self.tags,
        )

    def delete(self) -> None:
        """As AWS: with an export in use it goes on as what it was, whose reason says by whom."""
        before = self.status
        self.enter("DELETE_IN_PROGRESS", "User Initiated")
        try:
            self.deployment.delete(self._setting())
        except ExportInUse as used:
            self.enter(before, str(used))
        except StackError as failure:
            self.enter("DELETE_FAILED", str(failure))
        else:
            self.enter("DELETE_COMPLETE")

    def check(self, template: str, parameters: Mapping[str, str]) -> Model:
        """The template's model; ValidationError, before anything is made, when it cannot be one."""
        try:
            plain = transformed(parsed(template), parameters, self.region_name)
            return Model(plain, parameters, self._setting())
        except StackError as refused:
            raise ValidationError(self.name, message=str(refused)) from refused

    def carry_out(self, operation: str, template: str, parameters: Mapping[str, str]) -> None:
        model = self.check(template, parameters)
        self.enter(f"{operation}_IN_PROGRESS", "User Initiated")
        try:
            self.deployment.apply(model)
        except StackError as failure:
            rolled_back = "ROLLBACK" if operation == "CREATE" else "UPDATE_ROLLBACK"
            self.enter(f"{rolled_back}_IN_PROGRESS", str(failure))
            end = "FAILED" if isinstance(failure, RollbackFailed) else "COMPLETE"
            self.enter(f"{rolled_back}_{end}", str(failure))
            return
        self.model, self.template_dict = model, dict(model.template)
        self.template, self.parameters = template, model.texts
        self.description = model.template.get("Description")
        self.enter(f"{operation}_COMPLETE")

    def readers(self) -> list[Setting]:
        """What reads for drift detection: AWS's guide has it once that whoever asks needs the permissions, and once that the
        stack's role is used for all operations. Here both need them."""
        readers = [self._setting(self._asking())]
        return [*readers, self._setting(self._caller())] if self.role_arn else readers

    def _setting(self, caller: Credentials | None = None) -> Setting:
        caller = caller or self._caller()
        return Setting(
            api=lambda service: self.engine.client(service, region=self.region_name, credentials=caller),
            account=self.account_id,
            region=self.region_name,
            partition=self.engine.partition,
            stack_name=self.name,
            stack_id=self.stack_id,
            tags=self.tags,
            neighbours=Neighbours(self.account_id, self.region_name, self.stack_id),
        )

    def _caller(self) -> Credentials:
        """Without a role of its own a stack does what it does as whoever asked for it."""
        if self.role_arn:
            return self.engine.mint(self.role_arn, "AWSCloudFormation", service=SERVICE)
        return self._asking()

    def _asking(self) -> Credentials:
        asking = caller(self.engine)
        if asking is None:
            raise StackError("the request is not signed")
        return asking

    def _record(self, resource: Resource, status: str, reason: str) -> None:
        self.events.append(
            models.Event(
                stack_id=self.stack_id,
                stack_name=self.name,
                logical_resource_id=resource.logical_id,
                physical_resource_id=resource.physical_resource_id,
                resource_type=resource.type_name,
                resource_status=status,
                resource_status_reason=reason or None,
                resource_properties=json.dumps(resource.properties, default=str),
            )
        )

    def enter(self, status: str, reason: str = "") -> None:
        """As AWS: the stack, its events and the default bus all hear of it."""
        self.status, self.status_reason = status, reason
        self._add_stack_event(status, resource_status_reason=reason or None)
        details = {"status": status, "status-reason": reason}
        token = flask.request.values.get("ClientRequestToken", "")
        self.engine.emit(
            "aws.cloudformation",
            "CloudFormation Stack Status Change",
            {"stack-id": self.stack_id, "status-details": details, "client-request-token": token},
            account=self.account_id,
            region=self.region_name,
            resources=[self.stack_id],
        )


def _create_stack(backend: Any, name: str, template: str, parameters: dict[str, str], **settings: Any) -> Any:
    if any(stack.name == name for stack in backend.stacks.values()):
        raise AlreadyExistsException(f"Stack [{name}] already exists")
    stack_id = generate_stack_id(name, backend.region_name, backend.account_id)
    stack = Stack(
        stack_id,
        name,
        template,
        parameters,
        account_id=backend.account_id,
        region_name=backend.region_name,
        **settings,
    )
    stack.check(template, parameters)
    backend.stacks[stack_id] = stack
    stack.create_resources()
    return stack


def _delete_stack(backend: Any, name_or_stack_id: str) -> None:
    """What fails to be deleted stays in a stack that says DELETE_FAILED."""
    named = [stack for stack in backend.stacks.values() if name_or_stack_id in (stack.name, stack.stack_id)]
    for stack in named:
        stack.delete()
        if stack.status == "DELETE_COMPLETE":
            backend.deleted_stacks[stack.stack_id] = backend.stacks.pop(stack.stack_id)


def _shown(text: str, declared: Mapping[str, Any]) -> str:
    return "****" if declared.get("NoEcho") else value_as_shown(text, str(declared["Type"]))


def _plain(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)
