"""What auditors ask for, and nobody touches: nothing is there, in the words of each service; and who may not ask is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.authorization import reference
from local.engine import Engine
from local.identity.credentials import Credentials
from local.unused_services import ANSWERS, EVERY
from tests.engine.support import plain_moto, policy


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(organization=None) as running:
        yield running


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "member"),
    [
        ("acm", "list_certificates", {}, "CertificateSummaryList"),
        ("apigateway", "get_rest_apis", {}, "items"),
        ("apigatewayv2", "get_apis", {}, "Items"),
        ("backup", "list_backup_plans", {}, "BackupPlansList"),
        ("budgets", "describe_budgets", {"AccountId": Engine.management_account}, "Budgets"),
        ("cognito-idp", "list_user_pools", {"MaxResults": 10}, "UserPools"),
        ("controltower", "list_landing_zones", {}, "landingZones"),
        ("detective", "list_graphs", {}, "GraphList"),
        ("docdb", "describe_db_clusters", {}, "DBClusters"),
        ("ec2", "describe_client_vpn_endpoints", {}, "ClientVpnEndpoints"),
        ("ec2", "describe_reserved_instances", {}, "ReservedInstances"),
        ("efs", "describe_file_systems", {}, "FileSystems"),
        ("elb", "describe_load_balancers", {}, "LoadBalancerDescriptions"),
        ("elbv2", "describe_load_balancers", {}, "LoadBalancers"),
        ("es", "list_domain_names", {}, "DomainNames"),
        ("events", "list_endpoints", {}, "Endpoints"),
        ("glacier", "list_vaults", {"accountId": "-"}, "VaultList"),
        ("inspector2", "list_findings", {}, "findings"),
        ("kafkaconnect", "list_connectors", {}, "connectors"),
        ("opensearch", "list_domain_names", {}, "DomainNames"),
        ("ram", "get_resource_shares", {"resourceOwner": "SELF"}, "resourceShares"),
        ("rds", "describe_db_instances", {}, "DBInstances"),
        ("resource-explorer-2", "list_indexes", {}, "Indexes"),
        ("route53", "list_hosted_zones", {}, "HostedZones"),
        ("sagemaker", "list_models", {}, "Models"),
        ("savingsplans", "describe_savings_plans", {}, "savingsPlans"),
        ("ssm", "describe_instance_information", {}, "InstanceInformationList"),
        ("wafv2", "list_web_acls", {"Scope": "REGIONAL"}, "WebACLs"),
    ],
)
def test_nothing_is_there(
    aws: Engine, service: str, operation: str, parameters: dict[str, Any], member: str
) -> None:
    assert getattr(aws.client(service), operation)(**parameters)[member] == []


@pytest.mark.filterwarnings("ignore:Exception")  # a code that is common to all services
def test_what_is_off_is_told_as_off(aws: Engine) -> None:
    assert aws.client("shield").get_subscription_state()["SubscriptionState"] == "INACTIVE"
    assert refused(aws.client("macie2").get_macie_session) == "AccessDeniedException: Macie is not enabled."
    assert refused(aws.client("macie2").list_findings) == "AccessDeniedException: Macie is not enabled."
    support = aws.client("support")
    assert refused(support.describe_trusted_advisor_checks, language="en").startswith("SubscriptionRequired")


def test_a_new_account_blocks_public_clusters_of_emr(aws: Engine) -> None:
    found = aws.client("emr").get_block_public_access_configuration()["BlockPublicAccessConfiguration"]
    assert found["BlockPublicSecurityGroupRules"] is True
    assert found["PermittedPublicSecurityGroupRuleRanges"] == [{"MinRange": 22, "MaxRange": 22}]


def test_who_may_not_read_is_refused(aws: Engine) -> None:
    """The action and the resource are AWS's, where they are not named after the API, too."""
    reader = person(aws, "reader", Action=["rds:DescribeDBInstances", "apigateway:GET"])
    reader("rds").describe_db_instances()
    reader("apigateway").get_rest_apis()
    assert "elasticloadbalancing:DescribeLoadBalancers" in refused(reader("elb").describe_load_balancers)
    assert "budgets:ViewBudget" in refused(
        reader("budgets").describe_budgets, AccountId=aws.management_account
    )
    assert "macie2:GetMacieSession" in refused(reader("macie2").get_macie_session)
    narrow = person(
        aws, "narrow", Action=["apigateway:GET"], Resource=f"arn:aws:apigateway:{aws.region}::/restapis/mine"
    )
    assert f"arn:aws:apigateway:{aws.region}::/restapis" in refused(narrow("apigateway").get_rest_apis)
    assert "NotFoundException" in refused(narrow("apigateway").get_rest_api, restApiId="mine")
    assert f"arn:aws:apigateway:{aws.region}::/apis" in refused(narrow("apigatewayv2").get_apis)


def test_the_tables_are_about_what_is_only_read() -> None:
    assert set(reference.READ_ONLY).isdisjoint(reference.SERVICES)
    for name in ("rds:CreateDBInstance", "route53:CreateHostedZone", "ram:TagResource", "support:CreateCase"):
        assert not reference.is_action(name)
    whole = {service for service, answers in ANSWERS.items() if EVERY in answers}
    assert whole <= set(reference.READ_ONLY)


def test_plain_moto_still_answers_otherwise() -> None:
    said = plain_moto(
        """
        from importlib import import_module
        from moto import backend_index
        told = [len(client("sso-admin").list_instances()["Instances"])]
        told.append(client("emr").get_block_public_access_configuration()["BlockPublicAccessConfiguration"])
        told.append(len(client("support").describe_trusted_advisor_checks(language="en")["checks"]) > 0)
        lacking = {
            "bedrock": ["list_guardrails"], "codebuild": ["list_report_groups"], "events": ["list_endpoints"],
            "ec2": ["describe_client_vpn_endpoints"], "shield": ["get_subscription_state"],
            "inspector2": ["list_coverage"], "sagemaker": ["list_monitoring_schedules"],
            "ssm": ["describe_instance_information", "list_resource_compliance_summaries"],
        }
        for service, operations in lacking.items():
            classes = vars(import_module(f"moto.{service}.responses")).values()
            told += [each for each in operations if any(hasattr(kind, each) for kind in classes)]
        there = {name for name, _ in backend_index.backend_url_patterns}
        told.append(there & {"controltower", "detective", "kafkaconnect", "resourceexplorer2"})
        print(told)
        """
    )
    assert said == str([1, {}, True, set()])


def person(aws: Engine, name: str, **statement: Any) -> Any:
    """A user who may do what a statement says; makes clients."""
    iam = aws.client("iam")
    iam.create_user(UserName=name)
    document = policy({"Effect": "Allow", "Resource": "*", **statement})
    iam.put_user_policy(UserName=name, PolicyName="may", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    credentials = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    return lambda service: aws.client(service, credentials=credentials)


def refused(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"
