"""CloudWatch's telemetry configuration of an organization, of which moto has nothing: evaluation, and rules for VPC flow logs.

Evaluation, once started, runs at once. A rule makes a flow log for each VPC of a member account that sends none to
CloudWatch Logs, whenever flow logs are looked at: AWS may take a day. Rules of single accounts, of other resources, of a
scope and over several Regions are not embedded.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/telemetry-config-turn-on.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/telemetry-config-rules.html
https://docs.aws.amazon.com/cloudwatch/latest/observabilityadmin/API_CreateTelemetryRuleForOrganization.html
"""

from __future__ import annotations

import re
import sys
import time
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

from boto3 import Session
from moto import backend_index
from moto.backends import get_backend
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.ec2.responses.flow_logs import FlowLogs as FlowLogsResponse

from local.engine import Engine
from local.iam.service_linked_roles import give_role, has_role
from local.organizations import Organizations, organization_of

SERVICE = "observabilityadmin"
ADDRESS = r"https?://observabilityadmin\.(.+)\.amazonaws\.com"
PRINCIPAL = "observabilityadmin.amazonaws.com"
ENABLEMENT = "telemetry-enablement.observabilityadmin.amazonaws.com"
NAME = re.compile(r"[0-9A-Za-z\-_.#/]{1,100}")
EMBEDDED = {"ResourceType", "TelemetryType", "DestinationConfiguration", "AllowFieldUpdates"}
MANAGED = {"CloudWatchTelemetryRuleManaged": "true"}
LOGS = "cloud-watch-logs"


class TelemetryError(ServiceException):
    """An exception of Observability Admin, by its name."""


@dataclass
class Rule:
    name: str
    arn: str
    given: dict[str, Any]
    created: int = field(default_factory=lambda: int(time.time()))

    @property
    def kind(self) -> tuple[Any, ...]:
        """What makes two rules of one scope the same."""
        destination = self.given.get("DestinationConfiguration", {}).get("DestinationType", LOGS)
        return self.given.get("ResourceType"), self.given["TelemetryType"], destination

    def summary(self) -> dict[str, Any]:
        return {
            "RuleName": self.name,
            "RuleArn": self.arn,
            "CreatedTimeStamp": self.created,
            "ResourceType": self.given.get("ResourceType"),
            "TelemetryType": self.given["TelemetryType"],
        }


class Telemetry(BaseBackend):
    """What one account has of it in one Region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.status = "NOT_STARTED"
        self.rules: dict[str, Rule] = {}

    @property
    def _url_module(self) -> Any:
        return SimpleNamespace(url_bases=[ADDRESS], url_paths={"{0}/.*$": TelemetryResponse.dispatch})

    def administered(self) -> Organizations:
        """Raises AccessDeniedException for whoever is neither the management account nor the delegated administrator."""
        organization = organization_of(self.account_id, self.partition)
        manages = organization is not None and organization.account_id == self.account_id
        if organization is None or not (manages or organization.is_delegated(self.account_id, PRINCIPAL)):
            raise TelemetryError(
                "AccessDeniedException",
                "Only the management account or a delegated administrator of the organization may do this.",
            )
        return organization

    def start(self) -> None:
        """Gives the service its roles: to the management account only where that starts it."""
        organization = self.administered()
        manages = organization.account_id == self.account_id
        if manages and not organization.is_trusted(PRINCIPAL):
            organization.enable_aws_service_access(ServicePrincipal=PRINCIPAL)
        if not organization.is_trusted(PRINCIPAL):
            raise TelemetryError("AccessDeniedException", f"The organization does not trust {PRINCIPAL}.")
        for account in organization.accounts:
            if account.state == "ACTIVE" and (manages or account.id != organization.account_id):
                self._give_roles(account.id)
        self.status = "RUNNING"

    def put(self, name: str, given: dict[str, Any], *, exists: bool) -> Rule:
        """Raises ConflictException for a rule that is there, by its name or in kind, and ResourceNotFoundException for one
        that is not."""
        self.administered()
        if others := sorted(given.keys() - EMBEDDED):
            raise TelemetryError(
                "ValidationException", f"the embedded AWS has no telemetry rule with {others[0]}"
            )
        rule = Rule(name, self.arn_of(name), given)
        if rule.kind != ("AWS::EC2::VPC", "Logs", LOGS):
            raise TelemetryError(
                "ValidationException", f"the embedded AWS has no telemetry rule of {rule.kind}"
            )
        if not NAME.fullmatch(name):
            raise TelemetryError("ValidationException", f"{name} is no name of a rule.")
        if self.status != "RUNNING":
            raise TelemetryError("ValidationException", "Telemetry evaluation is not running.")
        if exists:
            self.rule(name)
        elif name in self.rules or any(each.kind == rule.kind for each in self.rules.values()):
            raise TelemetryError("ConflictException", f"A rule like {name} exists.")
        self.rules[name] = rule
        return rule

    def rule(self, identifier: str) -> Rule:
        self.administered()
        name = identifier.partition("organization-telemetry-rule/")[2] or identifier
        if name not in self.rules:
            raise TelemetryError("ResourceNotFoundException", f"There is no rule {name}.")
        return self.rules[name]

    def arn_of(self, name: str) -> str:
        here = f"{self.region_name}:{self.account_id}"
        return f"arn:{self.partition}:observabilityadmin:{here}:organization-telemetry-rule/{name}"

    def apply_to(self, account_id: str) -> None:
        """The flow logs that the rules of the organization's administrators make in an account."""
        organization = organization_of(account_id, self.partition)
        if organization is None:
            return
        for account in organization.accounts:
            administrator = BACKENDS[account.id][self.region_name]
            administers = account.id == organization.account_id or organization.is_delegated(
                account.id, PRINCIPAL
            )
            if not administers or administrator.status != "RUNNING":
                continue
            if account_id != organization.account_id:
                self._give_roles(account_id)
            if has_role(account_id, ENABLEMENT, self.partition):
                for rule in administrator.rules.values():
                    self._make_flow_logs(rule, account_id)

    def _make_flow_logs(self, rule: Rule, account_id: str) -> None:
        ec2: Any = get_backend("ec2")[account_id][self.region_name]
        logs: Any = get_backend("logs")[account_id][self.region_name]
        covered = {
            each.resource_id
            for each in ec2.describe_flow_logs(None, None)
            if each.log_destination_type == LOGS
        }
        destination = rule.given.get("DestinationConfiguration", {})
        wanted = destination.get("VPCFlowLogParameters", {})
        for vpc in ec2.describe_vpcs():
            if vpc.id not in covered:
                group = f"/aws/vpc/{vpc.id}"
                if group not in logs.groups:
                    logs.create_log_group(group, {})
                if days := destination.get("RetentionInDays"):
                    logs.put_retention_policy(group, days)
                role = f"arn:{self.partition}:iam::{account_id}:role/aws-service-role/{ENABLEMENT}/role"
                (made,), _ = ec2.create_flow_logs(
                    *("VPC", [vpc.id], wanted.get("TrafficType", "ALL"), role, LOGS, None, group),
                    *(wanted.get("LogFormat"), wanted.get("MaxAggregationInterval")),
                )
                made.add_tags(MANAGED)

    def _give_roles(self, account_id: str) -> None:
        for service in (PRINCIPAL, ENABLEMENT):
            give_role(account_id, service, self.partition)


class TelemetryResponse(BaseResponse):
    def __init__(self) -> None:
        super().__init__(service_name=SERVICE)

    @property
    def backend(self) -> Telemetry:
        return BACKENDS[self.current_account][self.region]

    def get_telemetry_evaluation_status_for_organization(self) -> ActionResult:
        self.backend.administered()
        return ActionResult({"Status": self.backend.status})

    def start_telemetry_evaluation_for_organization(self) -> ActionResult:
        if self._get_param("Regions") or self._get_param("AllRegions"):
            raise TelemetryError("ValidationException", "the embedded AWS evaluates one Region at a time")
        self.backend.start()
        return ActionResult({})

    def stop_telemetry_evaluation_for_organization(self) -> ActionResult:
        self.backend.administered()
        self.backend.status = "STOPPED"
        return ActionResult({})

    def create_telemetry_rule_for_organization(self) -> ActionResult:
        made = self.backend.put(str(self._get_param("RuleName")), self._get_param("Rule"), exists=False)
        return ActionResult({"RuleArn": made.arn})

    def update_telemetry_rule_for_organization(self) -> ActionResult:
        name = self.backend.rule(str(self._get_param("RuleIdentifier"))).name
        return ActionResult({"RuleArn": self.backend.put(name, self._get_param("Rule"), exists=True).arn})

    def get_telemetry_rule_for_organization(self) -> ActionResult:
        rule = self.backend.rule(str(self._get_param("RuleIdentifier")))
        shown = {"RuleName": rule.name, "RuleArn": rule.arn, "CreatedTimeStamp": rule.created}
        return ActionResult({**shown, "TelemetryRule": rule.given})

    def list_telemetry_rules_for_organization(self) -> ActionResult:
        self.backend.administered()
        prefix = self._get_param("RuleNamePrefix") or ""
        rules = [each for each in self.backend.rules.values() if each.name.startswith(prefix)]
        return ActionResult({"TelemetryRuleSummaries": [each.summary() for each in rules]})

    def delete_telemetry_rule_for_organization(self) -> ActionResult:
        """The flow logs that it made stay."""
        del self.backend.rules[self.backend.rule(str(self._get_param("RuleIdentifier"))).name]
        return ActionResult({})


BACKENDS: BackendDict[Telemetry] = BackendDict(
    Telemetry, SERVICE, use_boto3_regions=False, additional_regions=Session().get_available_regions("logs")
)
"""botocore lists no Regions of this service."""


def install(engine: Engine) -> None:
    """moto finds a service by its address, and by its module."""
    module = ModuleType(f"moto.{SERVICE}")
    setattr(module, f"{SERVICE}_backends", BACKENDS)
    sys.modules[module.__name__] = module
    engine.on_close(sys.modules.pop, module.__name__)
    address = (SERVICE, re.compile(ADDRESS))
    backend_index.backend_url_patterns.append(address)
    engine.on_close(backend_index.backend_url_patterns.remove, address)
    engine.patch(FlowLogsResponse, "describe_flow_logs", _after_the_rules)


_described = FlowLogsResponse.describe_flow_logs


def _after_the_rules(response: FlowLogsResponse) -> Any:
    BACKENDS[response.current_account][response.region].apply_to(response.current_account)
    return _described(response)
