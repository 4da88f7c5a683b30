"""flow-logs: VPC flow logs in every account, made by CloudWatch by a telemetry rule of the organization, in every governed
Region.

The security account, which is the delegated administrator of CloudWatch's telemetry configuration, has telemetry evaluated and
puts the rule; no account is called. CloudWatch finds a VPC that sends no flow logs to CloudWatch Logs, within a day, and makes
one, by a role of its own; one of ours that somebody changes or deletes comes back. Flow logs that others made stay.

A rule that others put for VPCs serves as well: two of one kind would keep each other from being applied.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/telemetry-config-rules.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/telemetry-config-turn-on.html
https://docs.aws.amazon.com/cloudwatch/latest/observabilityadmin/API_TelemetryRule.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from botocore.exceptions import ClientError
from pydantic import Field

from groundwork.aws.sessions import DENIALS
from groundwork.baseline import administrators
from groundwork.baseline.component import Call, Component, Permission, Target, removal
from groundwork.baseline.regions import FIND_REGIONS, governed, in_each, skipped
from groundwork.contracts import Model
from groundwork.declaration.settings import RetentionDays

SERVICE = "observabilityadmin.amazonaws.com"
ENABLEMENT = "telemetry-enablement.observabilityadmin.amazonaws.com"
RULE = "groundwork-flow-logs"
VPC, LOGS = "AWS::EC2::VPC", "Logs"
_RULES = (f"arn:{{partition}}:observabilityadmin:*:{{account}}:organization-telemetry-rule/{RULE}",)


class Settings(Model):
    retention_days: RetentionDays = Field(
        default=365, description="For so long each account's log groups keep what new flow logs send"
    )
    traffic: Literal["all", "accept", "reject"] = "all"
    interval_seconds: Literal[60, 600] = Field(
        default=600, description="The longest that packets are counted together"
    )


@dataclass(frozen=True)
class Region:
    """`status` is of telemetry evaluation, with `why` where it failed. `rule` is ours, None where there is none; `others`
    are the names of further rules for VPCs' logs."""

    status: str
    why: str = ""
    rule: Mapping[str, Any] | None = None
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """A Region is None where the security account may not ask: `administrator` is who administers the service then, if
    anybody."""

    regions: Mapping[str, Region | None] = field(default_factory=dict)
    off: tuple[str, ...] = ()
    administrator: str = ""


class FlowLogs(Component[Found]):
    name = "flow-logs"
    kinds = ("security",)
    settings = Settings
    reads = (
        Permission(
            [
                "observabilityadmin:GetTelemetryEvaluationStatusForOrganization",
                "observabilityadmin:ListTelemetryRulesForOrganization",
            ]
        ),
        Permission(["observabilityadmin:GetTelemetryRuleForOrganization"], _RULES),
        Permission(["organizations:ListDelegatedAdministrators"]),
        FIND_REGIONS,
    )
    writes = (
        Permission(["observabilityadmin:StartTelemetryEvaluationForOrganization"]),
        Permission(
            [
                "observabilityadmin:CreateTelemetryRuleForOrganization",
                "observabilityadmin:DeleteTelemetryRuleForOrganization",
                "observabilityadmin:UpdateTelemetryRuleForOrganization",
            ],
            _RULES,
        ),
        Permission(
            ["iam:CreateServiceLinkedRole"],
            [
                f"arn:{{partition}}:iam::{{account}}:role/aws-service-role/{service}/*"
                for service in (SERVICE, ENABLEMENT)
            ],
        ),
    )

    def read(self, target: Target) -> Found:
        on, off = governed(target)
        regions = in_each(target, "observabilityadmin", on, _region)
        known = administrators.registered_if_known(SERVICE, target) if None in regions.values() else ()
        return Found(regions, off, next(iter(known), ""))

    def diff(self, found: Found, target: Target) -> Iterator[Call]:
        wanted = _wanted(target.declaration.settings(self.name))
        for name, region in found.regions.items():
            if found.administrator not in ("", target.account.id):
                told = (
                    f"is not put: account {found.administrator} administers {SERVICE} for the organization, and its rules are left "
                    "alone. Take flow-logs out of the baseline, or take that account off by hand"
                )
                yield _report(f"telemetry rule {RULE} in {name}", told)
            else:
                yield from _evaluation(region or Region("NOT_STARTED"), name, is_delegated=region is not None)
                yield from _rule(region or Region("NOT_STARTED"), wanted, name)
        yield from skipped("observabilityadmin", found.off)

    def left(self, target: Target) -> Iterable[Call]:
        """Evaluation goes on: it is billed to nobody, and others may use it. So do the flow logs that there are."""
        for name, region in in_each(target, "observabilityadmin", governed(target).on, _region).items():
            if region and region.rule is not None:
                yield from removal("flow-logs", [_removal(name)], target)


# -- read ----------------------------------------------------------------------------------------------


def _region(client: Any) -> Region | None:
    try:
        state = client.get_telemetry_evaluation_status_for_organization()
    except ClientError as refused:
        if refused.response["Error"]["Code"] not in DENIALS:
            raise
        return None
    rules = [
        each
        for page in client.get_paginator("list_telemetry_rules_for_organization").paginate()
        for each in page["TelemetryRuleSummaries"]
        if (each.get("ResourceType"), each.get("TelemetryType")) == (VPC, LOGS) or each["RuleName"] == RULE
    ]
    names = [each["RuleName"] for each in rules]
    ours = client.get_telemetry_rule_for_organization(RuleIdentifier=RULE) if RULE in names else None
    others = tuple(sorted(name for name in names if name != RULE))
    return Region(state["Status"], state.get("FailureReason", ""), ours and ours["TelemetryRule"], others)


# -- diff ----------------------------------------------------------------------------------------------


def _wanted(declared: Settings) -> dict[str, Any]:
    return {
        "ResourceType": VPC,
        "TelemetryType": LOGS,
        "DestinationConfiguration": {
            "DestinationType": "cloud-watch-logs",
            "RetentionInDays": declared.retention_days,
            "VPCFlowLogParameters": {
                "TrafficType": declared.traffic.upper(),
                "MaxAggregationInterval": declared.interval_seconds,
            },
        },
        "AllowFieldUpdates": True,
    }


def _evaluation(region: Region, name: str, *, is_delegated: bool) -> Iterator[Call]:
    if region.status in ("RUNNING", "STARTING") or (region.others and region.rule is None):
        return
    after = "" if is_delegated else f"delegated administrator of {SERVICE}"
    if region.status == "STOPPING":
        after = "telemetry evaluation has stopped"
    why = f" ({region.why})" if region.why else ""
    yield Call(
        "observabilityadmin",
        "StartTelemetryEvaluationForOrganization",
        {},
        f"telemetry evaluation in {name}",
        "update",
        f"is {region.status}{why}: CloudWatch looks for no VPC without flow logs",
        name,
        after=after,
    )


def _rule(region: Region, wanted: Mapping[str, Any], name: str) -> Iterator[Call]:
    resource = f"telemetry rule {RULE} in {name}"
    if region.others:
        others = ", ".join(region.others)
        if region.rule is None:
            told = f"is not put: {others} of others is for VPCs' flow logs, and is left alone"
            yield _report(resource, told, "low")
            return
        told = f"may be without effect, as {others} of others is for VPCs' flow logs, too: take one of them off by hand"
        yield _report(resource, told)
    if region.rule is None:
        yield Call(
            "observabilityadmin",
            "CreateTelemetryRuleForOrganization",
            {"RuleName": RULE, "Rule": wanted},
            resource,
            "create",
            "does not exist: nobody sees what a VPC sends and receives, but where people make flow logs",
            name,
            after="" if region.status == "RUNNING" else f"telemetry evaluation in {name} runs",
        )
    elif reasons := [*_differences(wanted, region.rule)]:
        given = {"RuleIdentifier": RULE, "Rule": wanted}
        yield Call(
            *("observabilityadmin", "UpdateTelemetryRuleForOrganization", given, resource, "update"),
            *("; ".join(reasons), name),
        )


def _differences(wanted: Mapping[str, Any], there: Mapping[str, Any]) -> Iterator[str]:
    """Also what limits it, which ours never does."""
    for key, value in wanted.items():
        found = there.get(key)
        if isinstance(value, Mapping):
            yield from _differences(value, found or {})
        elif found != value:
            yield f"its {key} is {found}; expected {value}"
    for key in sorted(there.keys() & {"Scope", "SelectionCriteria"}):
        yield f"is only for {key} {there[key]}; expected all VPCs"


def _removal(name: str) -> Call:
    given = {"RuleIdentifier": RULE}
    why = "is ours, and no longer declared; the flow logs that it made stay"
    resource = f"telemetry rule {RULE} in {name}"
    return Call(
        "observabilityadmin", "DeleteTelemetryRuleForOrganization", given, resource, "delete", why, name
    )


def _report(resource: str, told: str, severity: Literal["medium", "low"] = "medium") -> Call:
    return Call("observabilityadmin", "", {}, resource, "report", told, severity=severity)
