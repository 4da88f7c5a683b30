"""Telemetry rules of an organization in the embedded AWS: who puts them, what they make, and that moto has no such thing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.engine import Engine
from tests.engine.organizations.accounts import administrator, code_of, new_member
from tests.engine.support import plain_moto

PRINCIPAL = "observabilityadmin.amazonaws.com"
ROLES = ("AWSServiceRoleForObservabilityAdmin", "AWSServiceRoleForObservabilityAdmin_TelemetryEnablement")
LOGS = {
    "DestinationType": "cloud-watch-logs",
    "RetentionInDays": 30,
    "VPCFlowLogParameters": {"TrafficType": "REJECT", "MaxAggregationInterval": 60},
}
RULE = {"ResourceType": "AWS::EC2::VPC", "TelemetryType": "Logs", "DestinationConfiguration": LOGS}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(time_scale=0.01) as running:
        running.client("organizations").enable_aws_service_access(ServicePrincipal=PRINCIPAL)
        yield running


@pytest.fixture
def delegated(engine: Engine) -> Iterator[Any]:
    """The delegated administrator's client."""
    account, organizations = new_member(engine), engine.client("organizations")
    organizations.register_delegated_administrator(AccountId=account, ServicePrincipal=PRINCIPAL)
    yield client(engine, account)
    organizations.deregister_delegated_administrator(AccountId=account, ServicePrincipal=PRINCIPAL)


def client(engine: Engine, account: str, service: str = "observabilityadmin") -> Any:
    return engine.client(service, credentials=administrator(account))


def flow_logs(engine: Engine, account: str) -> dict[str, Any]:
    found = client(engine, account, "ec2").describe_flow_logs()["FlowLogs"]
    return {each["ResourceId"]: each for each in found}


def test_only_who_administers_it_asks_and_puts(engine: Engine) -> None:
    member = client(engine, new_member(engine))
    for call, given in (
        (member.get_telemetry_evaluation_status_for_organization, {}),
        (member.start_telemetry_evaluation_for_organization, {}),
        (member.list_telemetry_rules_for_organization, {}),
        (member.create_telemetry_rule_for_organization, {"RuleName": "r", "Rule": RULE}),
        (member.delete_telemetry_rule_for_organization, {"RuleIdentifier": "r"}),
    ):
        assert code_of(call, **given) == "AccessDeniedException"


def test_a_rule_makes_a_flow_log_for_each_vpc_that_has_none(engine: Engine, delegated: Any) -> None:
    account = new_member(engine)
    ec2, logs = client(engine, account, "ec2"), client(engine, account, "logs")
    (default,) = ec2.describe_vpcs()["Vpcs"]
    own = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    logs.create_log_group(logGroupName="own")
    role = f"arn:aws:iam::{account}:role/own"
    ec2.create_flow_logs(
        ResourceIds=[own],
        ResourceType="VPC",
        TrafficType="ALL",
        LogGroupName="own",
        DeliverLogsPermissionArn=role,
    )
    create = delegated.create_telemetry_rule_for_organization
    assert code_of(create, RuleName="r", Rule=RULE) == "ValidationException"
    assert delegated.get_telemetry_evaluation_status_for_organization()["Status"] == "NOT_STARTED"
    delegated.start_telemetry_evaluation_for_organization()
    assert delegated.get_telemetry_evaluation_status_for_organization()["Status"] == "RUNNING"
    arn = create(RuleName="r", Rule=RULE)["RuleArn"]
    found = flow_logs(engine, account)
    assert found.keys() == {default["VpcId"], own}
    assert found[own]["LogGroupName"] == "own"
    made = found[default["VpcId"]]
    assert (made["TrafficType"], made["MaxAggregationInterval"]) == ("REJECT", 60)
    assert made["Tags"] == [{"Key": "CloudWatchTelemetryRuleManaged", "Value": "true"}]
    (group,) = logs.describe_log_groups(logGroupNamePrefix="/aws/vpc/")["logGroups"]
    assert (group["logGroupName"], group["retentionInDays"]) == (f"/aws/vpc/{default['VpcId']}", 30)
    iam = client(engine, account, "iam")
    assert all(iam.get_role(RoleName=each) for each in ROLES)
    # An account that joins gets it by itself; the management account has no role for it.
    new = new_member(engine)
    assert len(flow_logs(engine, new)) == 1
    assert engine.client("ec2").describe_flow_logs()["FlowLogs"] == []
    # Two of a kind are refused.
    assert code_of(create, RuleName="other", Rule=RULE) == "ConflictException"
    (listed,) = delegated.list_telemetry_rules_for_organization()["TelemetryRuleSummaries"]
    assert (listed["RuleArn"], listed["ResourceType"]) == (arn, "AWS::EC2::VPC")
    changed = RULE | {"AllowFieldUpdates": True}
    delegated.update_telemetry_rule_for_organization(RuleIdentifier=arn, Rule=changed)
    shown = delegated.get_telemetry_rule_for_organization(RuleIdentifier="r")
    assert shown["TelemetryRule"] == changed
    delegated.delete_telemetry_rule_for_organization(RuleIdentifier="r")
    assert code_of(delegated.get_telemetry_rule_for_organization, RuleIdentifier="r") == (
        "ResourceNotFoundException"
    )
    assert len(flow_logs(engine, new)) == 1


@pytest.mark.parametrize("more", [{"Scope": "x"}, {"AllRegions": True}, {"TelemetryType": "Metrics"}])
def test_what_is_not_embedded_is_said(delegated: Any, more: dict[str, Any]) -> None:
    delegated.start_telemetry_evaluation_for_organization()
    call = delegated.create_telemetry_rule_for_organization
    assert code_of(call, RuleName="r", Rule=RULE | more) == "ValidationException"


def test_the_management_account_turns_trust_on_and_gets_the_roles(engine: Engine) -> None:
    organizations, management = engine.client("organizations"), engine.client("observabilityadmin")
    organizations.disable_aws_service_access(ServicePrincipal=PRINCIPAL)
    management.start_telemetry_evaluation_for_organization()
    trusted = organizations.list_aws_service_access_for_organization()["EnabledServicePrincipals"]
    assert PRINCIPAL in {each["ServicePrincipal"] for each in trusted}
    assert all(engine.client("iam").get_role(RoleName=each) for each in ROLES)
    management.stop_telemetry_evaluation_for_organization()
    assert management.get_telemetry_evaluation_status_for_organization()["Status"] == "STOPPED"


def test_plain_moto_still_has_no_telemetry_configuration() -> None:
    observed = plain_moto("""
        client("observabilityadmin").get_telemetry_evaluation_status_for_organization()
    """)
    assert "RUNNING" not in observed
    assert "Error" in observed
