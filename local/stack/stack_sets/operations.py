"""What is asked of StackSets with service-managed permissions, and how it is answered.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStackSet.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateStackSet.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStackInstances.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStackInstances.html
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import CloudFormationError, ValidationError
from moto.core.responses import ActionResult, EmptyResult

from local.organizations import Organizations, organization_of
from local.stack.cloudformation import NO_RESOURCES
from local.stack.errors import StackError
from local.stack.requests import require_capabilities
from local.stack.template.parameters import parameter_texts
from local.stack.template.sam import parsed

from .model import Operation, StackSet
from .roles import OF_MEMBERS, make_administrators
from .working import begin

if TYPE_CHECKING:
    from local.engine import Engine

NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
MOST_UNITS = 50
NOT_ADMITTED = (
    "You must be the management account or delegated admin account of an organization before operating a SERVICE_MANAGED "
    "stack set"
)
NOT_DELEGATED = "Account used is not a delegated administrator"
FILTERED = {"DETAILED_STATUS": ("StackInstanceStatus", "DetailedStatus")}

StackSets = dict[tuple[str, str], dict[str, StackSet]]
"""By management account and Region, by name."""


def error(code: str, message: str) -> CloudFormationError:
    made = CloudFormationError(message)
    made.code = code
    return made


class Asked:
    """One request: who asks, about which StackSet."""

    def __init__(self, engine: Engine, kept: StackSets, response: Any) -> None:
        self.engine, self._kept, self.response = engine, kept, response

    def given(self, name: str, default: Any = None) -> Any:
        found = self.response._get_param(name)
        return default if found in (None, "") else found

    @property
    def account(self) -> str:
        return str(self.response.current_account)

    @property
    def organization(self) -> Organizations | None:
        return organization_of(self.account, self.engine.partition)

    @property
    def is_about_others(self) -> bool:
        """Whether it is about a StackSet of the account's own, which has permissions of its owner's."""
        if self.given("CallAs") == "DELEGATED_ADMIN" or self.given("PermissionModel") == "SERVICE_MANAGED":
            return False
        name = str(self.given("StackSetName", "")).partition(":")[0]
        if not name:  # all that the account has
            organization = self.organization
            return organization is None or organization.account_id != self.account
        return name not in self._kept.get((self.account, self.response.region), {})

    @property
    def here(self) -> dict[str, StackSet]:
        """Raises `ValidationError` for whoever may not ask."""
        organization = self.organization
        if organization is None or not organization.is_trusted(OF_MEMBERS):
            raise ValidationError(message=NOT_ADMITTED)
        if self.given("CallAs") == "DELEGATED_ADMIN":
            if not organization.is_delegated(self.account, OF_MEMBERS):
                raise ValidationError(message=NOT_DELEGATED)
        elif organization.account_id != self.account:
            raise ValidationError(message=NOT_ADMITTED)
        return self._kept.setdefault((organization.account_id, self.response.region), {})

    @property
    def stack_set(self) -> StackSet:
        name = str(self.given("StackSetName")).partition(":")[0]
        found = self.here.get(name)
        if found is None:
            raise error("StackSetNotFoundException", f"StackSet {name} not found")
        return found

    @property
    def values(self) -> dict[str, str]:
        return {each["ParameterKey"]: each["ParameterValue"] for each in self.given("Parameters", [])}

    @property
    def automatic(self) -> dict[str, bool]:
        given = self.given("AutoDeployment", {})
        return {key: _is(given.get(key)) for key in ("Enabled", "RetainStacksOnAccountRemoval")}

    def operation(self, stack_set: StackSet, action: str, **more: Any) -> tuple[Operation, bool]:
        """Whether it has been asked for before, by this id. Raises what AWS has for a StackSet at work."""
        identifier = str(self.given("OperationId") or uuid.uuid4())
        asked = {key: value for key, value in self.response._get_params().items() if key != "Version"}
        if there := stack_set.operation(identifier):
            if there.asked != asked:
                raise error("OperationIdAlreadyExistsException", f"Operation {identifier} already exists")
            return there, True
        if stack_set.at_work and not stack_set.manages_execution:
            at_work = stack_set.at_work[0].identifier
            told = f"Another Operation on StackSet {stack_set.arn} is in progress: {at_work}"
            raise error("OperationInProgressException", told)
        preferences = _preferences(self.given("OperationPreferences", {}))
        return Operation(identifier, action, asked, preferences=preferences, **more), False

    def listed(self, of: list[Any], key: str = "Summaries") -> ActionResult:
        first, most = int(self.given("NextToken", 0)), int(self.given("MaxResults", 100))
        more = {"NextToken": str(first + most)} if len(of) > first + most else {}
        return ActionResult({key: of[first : first + most], **more})


def _is(value: Any) -> bool:
    return str(value).lower() == "true"


def _preferences(given: Mapping[str, Any]) -> dict[str, Any]:
    """Raises `ValidationError` where it says one thing twice."""
    for what in ("FailureTolerance", "MaxConcurrent"):
        if f"{what}Count" in given and f"{what}Percentage" in given:
            raise ValidationError(message=f"You can specify either {what}Count or {what}Percentage")
    counted = {key: int(value) for key, value in given.items() if key.endswith(("Count", "Percentage"))}
    strict = given.get("ConcurrencyMode", "STRICT_FAILURE_TOLERANCE") == "STRICT_FAILURE_TOLERANCE"
    if strict and counted.get("MaxConcurrentCount", 1) > counted.get("FailureToleranceCount", 0) + 1:
        raise ValidationError(
            message="MaxConcurrentCount must be at most one more than the FailureToleranceCount"
        )
    return {**given, **counted}


# -- trusted access ------------------------------------------------------------------------------------


def activate(asked: Asked) -> Any:
    """Trusted access, and the role of StackSets in the management account."""
    organization = asked.organization
    if organization is None or organization.account_id != asked.account or not organization.has_all_features:
        raise error(
            "InvalidOperationException",
            "It takes the management account of an organization with all features",
        )
    make_administrators(asked.engine)
    if not organization.is_trusted(OF_MEMBERS):
        organization.enable_aws_service_access(ServicePrincipal=OF_MEMBERS)
    return EmptyResult()


def describe_access(asked: Asked) -> Any:
    organization = asked.organization
    if organization is None:
        raise error("InvalidOperationException", "The account is in no organization")
    if organization.account_id != asked.account and asked.given("CallAs") != "DELEGATED_ADMIN":
        raise error("InvalidOperationException", NOT_ADMITTED)
    return ActionResult({"Status": "ENABLED" if organization.is_trusted(OF_MEMBERS) else "DISABLED"})


# -- a StackSet ----------------------------------------------------------------------------------------


def create(asked: Asked) -> Any:
    name, token = str(asked.given("StackSetName")), str(asked.given("ClientRequestToken", ""))
    if not NAME.fullmatch(name):
        raise ValidationError(message=f"Value '{name}' at 'stackSetName' failed to satisfy constraint")
    if there := asked.here.get(name):
        if token and there.token == token:
            return ActionResult({"StackSetId": there.identifier})
        raise error("NameAlreadyExistsException", f"The name {name} is already in use")
    if asked.given("AutoDeployment") is None:
        raise ValidationError(message="AutoDeployment is required for SERVICE_MANAGED permission model")
    organization = asked.organization
    assert organization is not None
    made = StackSet(
        name,
        organization.account_id,
        asked.response.region,
        asked.engine.partition,
        _template(asked),
        token,
        asked.values,
        list(asked.given("Capabilities", [])),
        {each["Key"]: each["Value"] for each in asked.given("Tags", [])},
        str(asked.given("Description", "")),
        asked.automatic,
        _is(asked.given("ManagedExecution", {}).get("Active")),
    )
    _check(made.template, made.parameters)
    asked.here[name] = made
    return ActionResult({"StackSetId": made.identifier})


def update(asked: Asked) -> Any:
    """The StackSet changes, whatever becomes of its instances."""
    stack_set = asked.stack_set
    if asked.given("AutoDeployment") and (asked.given("DeploymentTargets") or asked.given("Regions")):
        raise ValidationError(message="AutoDeployment goes without DeploymentTargets and Regions")
    if asked.given("DeploymentTargets") or asked.given("Regions") or asked.given("Accounts"):
        raise ValidationError(message="the embedded CloudFormation updates whole StackSets alone")
    operation, is_known = asked.operation(stack_set, "UPDATE")
    if is_known:
        return ActionResult({"OperationId": operation.identifier})
    before = (stack_set.template, dict(stack_set.parameters), dict(stack_set.tags))
    if not _is(asked.given("UsePreviousTemplate")):
        template = _template(asked)
        _check(template, asked.values)
        stack_set.template = template
    stack_set.parameters = asked.values
    stack_set.capabilities = list(asked.given("Capabilities", []))
    stack_set.description = str(asked.given("Description", stack_set.description))
    if asked.given("Tags") is not None:
        stack_set.tags = {each["Key"]: each["Value"] for each in asked.given("Tags")}
    if asked.given("AutoDeployment"):
        stack_set.automatic = asked.automatic
    if execution := asked.given("ManagedExecution"):
        if _is(execution.get("Active")) != stack_set.manages_execution and stack_set.at_work:
            raise ValidationError(message="ManagedExecution stays while operations are running or queued")
        stack_set.manages_execution = _is(execution.get("Active"))
    if (stack_set.template, stack_set.parameters, stack_set.tags) != before:
        for instance in stack_set.instances.values():
            if instance.status == "CURRENT":
                instance.status, instance.detailed = "OUTDATED", "PENDING"
    begin(asked.engine, stack_set, operation)
    return ActionResult({"OperationId": operation.identifier})


def delete(asked: Asked) -> Any:
    """One that is not there is deleted already."""
    name = str(asked.given("StackSetName")).partition(":")[0]
    if (there := asked.here.get(name)) is None:
        return EmptyResult()
    if there.at_work:
        raise error("OperationInProgressException", f"An operation on StackSet {there.arn} is in progress")
    if there.instances:
        raise error("StackSetNotEmptyException", "StackSet is not empty")
    del asked.here[name]
    return EmptyResult()


def _template(asked: Asked) -> str:
    if not (body := asked.given("TemplateBody")):
        raise ValidationError(
            message="the embedded CloudFormation takes the TemplateBody of a StackSet alone"
        )
    return str(body)


def _check(template: str, values: Mapping[str, str]) -> None:
    require_capabilities(template)
    content = parsed(template) or {}
    if not content.get("Resources"):
        raise ValidationError(message=NO_RESOURCES)
    try:
        parameter_texts(content.get("Parameters") or {}, values)
    except StackError as wrong:
        raise ValidationError(message=str(wrong)) from None


# -- instances -----------------------------------------------------------------------------------------


def create_instances(asked: Asked) -> Any:
    return _of_instances(asked, "CREATE")


def delete_instances(asked: Asked) -> Any:
    return _of_instances(asked, "DELETE", retains=_is(asked.given("RetainStacks")))


def _of_instances(asked: Asked, action: str, **more: Any) -> Any:
    stack_set, units, regions = asked.stack_set, _units(asked), [*asked.given("Regions", [])]
    if not regions:
        raise ValidationError(message="You must specify at least one value for Regions")
    of = dict.fromkeys(units, regions)
    operation, is_known = asked.operation(stack_set, action, units=of, **more)
    if is_known:
        return ActionResult({"OperationId": operation.identifier})
    for unit in units:
        if action == "CREATE":
            stack_set.targets.setdefault(unit, set()).update(regions)
        elif unit in stack_set.targets:
            stack_set.targets[unit] -= set(regions)
            if not stack_set.targets[unit]:
                del stack_set.targets[unit]
    begin(asked.engine, stack_set, operation)
    return ActionResult({"OperationId": operation.identifier})


def _units(asked: Asked) -> list[str]:
    """Raises `ValidationError` for anything but units, and the root, that are there."""
    targets = asked.given("DeploymentTargets", {})
    units = [*targets.get("OrganizationalUnitIds", [])]
    if not units or asked.given("Accounts"):
        raise ValidationError(message="OrganizationalUnitIds are required in DeploymentTargets")
    if len(units) > MOST_UNITS:
        raise ValidationError(message=f"At most {MOST_UNITS} organizational units can be targeted")
    if targets.get("Accounts") or targets.get("AccountFilterType", "NONE") != "NONE":
        raise ValidationError(message="the embedded CloudFormation takes whole units as targets alone")
    organization = asked.organization
    assert organization is not None
    there = {each.id for each in organization.ou}
    if unknown := [each for each in units if each not in there]:
        raise ValidationError(message=f"Organizational units {unknown} do not exist")
    return units


# -- looking -------------------------------------------------------------------------------------------


def describe(asked: Asked) -> Any:
    return ActionResult({"StackSet": asked.stack_set.described()})


def list_sets(asked: Asked) -> Any:
    """The management account's own, as it sees them, with those that have permissions of its own."""
    organization = asked.organization
    delegated, trusted = (
        asked.given("CallAs") == "DELEGATED_ADMIN",
        organization and organization.is_trusted(OF_MEMBERS),
    )
    own: list[Any] = [] if delegated else asked.response.cloudformation_backend.list_stack_sets()
    ours = [each.summary() for each in asked.here.values()] if delegated or trusted else []
    return asked.listed([*own, *ours])


def list_targets(asked: Asked) -> Any:
    of = asked.stack_set.targets.items()
    return asked.listed([{"OrganizationalUnitId": unit, "Regions": sorted(regions)} for unit, regions in of])


def list_instances(asked: Asked) -> Any:
    found = asked.stack_set.shown_instances()
    for each in asked.given("Filters", []):
        if each["Name"] not in FILTERED:
            raise ValidationError(message=f"the embedded CloudFormation does not filter by {each['Name']}")
        outer, inner = FILTERED[each["Name"]]
        found = [one for one in found if one[outer][inner] == each["Values"]]
    if account := asked.given("StackInstanceAccount"):
        found = [one for one in found if one["Account"] == account]
    if region := asked.given("StackInstanceRegion"):
        found = [one for one in found if one["Region"] == region]
    return asked.listed(found)


def list_operations(asked: Asked) -> Any:
    """The newest first."""
    return asked.listed([each.summary() for each in reversed(asked.stack_set.operations)])


def describe_operation(asked: Asked) -> Any:
    operation = _known(asked)
    told = {
        **operation.summary(),
        "StackSetId": asked.stack_set.identifier,
        "RetainStacks": operation.retains if operation.action == "DELETE" else None,
        "DeploymentTargets": {"OrganizationalUnitIds": sorted(operation.units)} if operation.units else None,
    }
    return ActionResult({"StackSetOperation": told})


def list_results(asked: Asked) -> Any:
    found = _known(asked).shown_results()
    for each in asked.given("Filters", []):
        if each["Name"] != "OPERATION_RESULT_STATUS":
            raise ValidationError(message=f"the embedded CloudFormation does not filter by {each['Name']}")
        found = [one for one in found if one["Status"] == each["Values"]]
    return asked.listed(found)


def _known(asked: Asked) -> Operation:
    identifier = str(asked.given("OperationId"))
    found = asked.stack_set.operation(identifier)
    if found is None:
        raise error("OperationNotFoundException", f"Operation {identifier} not found")
    return found


OPERATIONS: Mapping[str, Callable[[Asked], Any]] = {
    "create_stack_set": create,
    "update_stack_set": update,
    "delete_stack_set": delete,
    "create_stack_instances": create_instances,
    "delete_stack_instances": delete_instances,
    "describe_stack_set": describe,
    "list_stack_sets": list_sets,
    "list_stack_instances": list_instances,
    "list_stack_set_operations": list_operations,
    "describe_stack_set_operation": describe_operation,
    "list_stack_set_operation_results": list_results,
}
"""Those of which moto has the ones with permissions of their owner's."""
NEW: Mapping[str, Callable[[Asked], Any]] = {
    "activate_organizations_access": activate,
    "describe_organizations_access": describe_access,
    "list_stack_set_auto_deployment_targets": list_targets,
}
