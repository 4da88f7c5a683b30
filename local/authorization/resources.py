"""Which resources a call is about: the ARNs that IAM checks an action against.

The ARN templates come from the Service Authorization Reference; parameters fill them by name. Where a service's
parameters do not say it so plainly, a resolver in `local.authorization.resolvers` does. A writing call whose resource cannot
be told raises EngineGap: it is never let through, nor checked against `*`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from local.authorization.operations import EngineGap
from local.authorization.reference import Action
from local.identity.principals import PARTITION, Principal

VARIABLE = re.compile(r"\$\{(\w+)\}")
EVERYTHING = ["*"]
NAMES_WHAT_IT_MAKES = re.compile(r"(Create|Allocate|Run|Register|Import|Copy|Request|Restore)")


@dataclass(frozen=True)
class Call:
    """One call as understood: `parameters` as the API's model names them."""

    service: str
    operation: str
    parameters: Mapping[str, Any]
    principal: Principal
    region: str
    headers: Mapping[str, str]

    @property
    def account(self) -> str:
        return self.principal.account

    @cached_property
    def _by_name(self) -> dict[str, Any]:
        return {name.lower(): value for name, value in self.parameters.items()}

    def get(self, *names: str) -> Any:
        """The first of these parameters that is given, whatever its case."""
        values = (self._by_name.get(name.lower()) for name in names)
        return next((value for value in values if value not in (None, "", [], {})), None)

    def arn(
        self, service: str, resource: str, *, region: str | None = None, account: str | None = None
    ) -> str:
        where = self.region if region is None else region
        whose = self.account if account is None else account
        return f"arn:{PARTITION}:{service}:{where}:{whose}:{resource}"


Resolver = Callable[[Call, Action], list[str] | None]
"""ARNs, or None where the templates will do."""

ALIASES: Mapping[str, Sequence[str]] = {  # a template's variable -> parameters that hold it
    "dynamodb.TableName": ("TableName", "SourceTableName", "TargetTableName"),
    "states.StateMachineName": ("name",),
    "states.ActivityName": ("name",),
    "sns.TopicName": ("Name",),
    "scheduler.ScheduleName": ("Name",),
    "scheduler.GroupName": ("GroupName", "Name"),
    "cloudtrail.TrailName": ("Name", "TrailName"),
    "cloudtrail.ChannelId": ("Channel",),
    "cloudtrail.EventDataStoreId": ("EventDataStore",),
    "cloudtrail.DashboardName": ("DashboardId", "Name"),
    "events.EventBusName": ("Name", "EventBusName"),
    "events.ArchiveName": ("ArchiveName",),
    "events.ReplayName": ("ReplayName",),
    "events.ConnectionName": ("Name",),
    "events.ApiDestinationName": ("Name",),
    "events.EventSourceName": ("Name", "EventSourceName"),
    "events.EndpointName": ("Name",),
    "cloudwatch.AlarmName": ("AlarmName", "AlarmNames"),
    "cloudwatch.DashboardName": ("DashboardName", "DashboardNames"),
    "cloudwatch.InsightRuleName": ("RuleName", "RuleNames"),
    "cloudwatch.MetricStreamName": ("Name", "Names"),
    "ec2.SecurityGroupId": ("GroupId", "SecurityGroupId", "SecurityGroupIds"),
    "ec2.NaclId": ("NetworkAclId", "NetworkAclIds"),
    "ec2.VpcFlowLogId": ("FlowLogIds", "FlowLogId"),
    "ec2.KeyPairName": ("KeyName",),
    "guardduty.FilterName": ("FilterName", "Name"),
    "cloudformation.StackSetName": ("StackSetName",),
    "ssm.DocumentName": ("Name", "DocumentName"),
    "ssm.ResourceId": ("WindowId", "ResourceId", "OpsItemId", "BaselineId"),
    "xray.SamplingRuleName": ("RuleName",),
    "secretsmanager.SecretId": ("SecretId",),
    "access-analyzer.AnalyzerName": ("analyzerName",),
    "access-analyzer.RuleName": ("ruleName",),
    "guardduty.DetectorId": ("DetectorId",),
    "guardduty.PublishingDestinationId": ("DestinationId",),
    "securityhub.ConfigurationPolicyId": ("Identifier",),
    "sso.AccountId": ("AccountId", "TargetId"),
}


def resources_of(call: Call, action: Action, resolvers: Mapping[str, Resolver]) -> list[str]:
    """The ARNs that `action` is checked against in this call; `["*"]` where it knows no resources."""
    prefix = action.name.split(":", 1)[0]
    resolver = resolvers.get(action.name) or resolvers.get(prefix)
    if resolver is not None:
        found = resolver(call, action)
        if found:
            return found
    if not action.resource_level:
        return EVERYTHING
    return _from_templates(call, action, prefix)


def _from_templates(call: Call, action: Action, prefix: str) -> list[str]:
    found: list[str] = []
    missing: list[str] = []
    for kind, template in (*action.required.items(), *action.optional.items()):
        arns = _given(call, template) or _filled(call, template, prefix, action)
        found += [arn for arn in arns if arn not in found]
        if not arns and kind in action.required:
            missing.append(kind)
    if found and not missing:
        return found
    if not found and action.level in ("List", "Read"):
        return EVERYTHING  # a listing that names nothing
    if not found and not missing and not _names_something(call):
        return EVERYTHING  # a setting of the account: no resource is named at all
    what = ", ".join(missing) or ", ".join(action.optional)
    raise EngineGap(
        f"{call.service} {call.operation}: which {what} is this about? {action.name} supports resource-level "
        f"permissions; name it in local/authorization/resources.py. Parameters: {', '.join(sorted(call.parameters))}"
    )


def _names_something(call: Call) -> bool:
    return any(re.search(r"(Name|Id|Arn|ARN|Identifier)s?$", name) for name in call.parameters)


@cache
def _shape(template: str) -> re.Pattern[str]:
    """The ARNs of a template, of any Region and account; the last variable may hold slashes."""
    pieces = VARIABLE.split(template)
    expression = "".join(
        re.escape(piece) if index % 2 == 0 else (".+" if index == len(pieces) - 2 else "[^:/]*")
        for index, piece in enumerate(pieces)
    )
    return re.compile(expression)


def _given(call: Call, template: str) -> list[str]:
    """Parameters, or items of a list parameter, that are ARNs of this kind."""
    values = (
        item
        for value in call.parameters.values()
        for item in (value if isinstance(value, list) else [value])
        if isinstance(item, str) and item.startswith("arn:")
    )
    return [value for value in values if _shape(template).fullmatch(value)]


def _filled(call: Call, template: str, prefix: str, action: Action) -> list[str]:
    """The template with every variable taken from a parameter; a list parameter gives several ARNs."""
    arns = [template]
    for variable in VARIABLE.findall(template):
        values = _values(call, variable, prefix)
        if not values and variable == "Id" and prefix == "cloudformation":
            values = ["*"]  # a stack set's own id, which nobody passes
        if not values and prefix == "ec2" and NAMES_WHAT_IT_MAKES.match(action.name.split(":")[1]):
            values = ["*"]
        if not values:
            return []
        arns = [arn.replace("${" + variable + "}", value) for arn in arns for value in values]
    return arns


def _values(call: Call, variable: str, prefix: str) -> list[str]:
    known = {"Partition": PARTITION, "Region": call.region, "Account": call.account}
    if variable in known:
        return [known[variable]]
    names = ALIASES.get(f"{prefix}.{variable}", (variable, f"{variable}s"))
    value = call.get(*names)
    values = value if isinstance(value, list) else [value]
    return [item for item in values if isinstance(item, str) and item and not item.startswith("arn:")]
