"""Whom an own service control policy would keep from their work: where Groundwork works, and not where its work is about."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import Loader

from groundwork.baseline.components import COMPONENTS
from groundwork.baseline.components.own_policies.lockout import locked_out, request_region
from groundwork.declaration import Declaration
from groundwork.declaration.loading import load
from groundwork.declaration.own_policies import OwnPolicy
from prove.laid_down import ORGANIZATION


def declared() -> Declaration:
    """With people of IAM Identity Center in workloads, whom the security account assigns."""
    lines = load().baseline
    of_security = [*lines["security"], "permission-sets"]
    of_workloads = [*lines["workload"], "account-assignments"]
    return load().model_copy(
        update={"baseline": {**lines, "security": of_security, "workload": of_workloads}}
    )


@pytest.mark.parametrize(
    ("action", "where", "component"),
    [
        ("sso:CreateAccountAssignment", ["Security"], "account-assignments"),
        ("identitystore:*", [], "account-assignments"),
        ("sso:*", ["Workloads"], None),
        ("iam:CreateRole", ["Workloads"], "access"),
    ],
)
def test_a_policy_is_asked_about_the_account_that_works(
    action: str, where: list[str], component: str | None
) -> None:
    own = OwnPolicy(name="x", type="service-control", where=where)
    statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
    document: dict[str, Any] = {"Version": "2012-10-17", "Statement": [statement]}
    told = list(locked_out(own, document, declared(), ORGANIZATION))
    assert len(told) == (component is not None)
    assert not component or f"lays {component} down" in told[0]


NAMES = {"access-analyzer": "accessanalyzer", "servicequotas": "service-quotas", "sso": "sso-admin"}
"""Services that the SDK calls otherwise than IAM."""
EXEMPT = ["account:*", "budgets:*", "iam:*"]


@pytest.mark.parametrize(
    ("exempt", "where", "denied"),
    [
        (EXEMPT, [], "organizations:"),
        ([*EXEMPT, "organizations:*"], [], None),
        (["account:*", "budgets:*", "organizations:*"], ["Workloads"], "iam:"),
        (EXEMPT, ["Security"], "organizations:"),
        (EXEMPT, ["Workloads"], None),
    ],
)
def test_a_policy_of_regions_must_exempt_what_is_asked_in_one_region(
    exempt: list[str], where: list[str], denied: str | None
) -> None:
    """The governed Region is another one, and the only one that the policy leaves open."""
    regions = load().regions.model_copy(update={"home": "eu-central-1", "governed": ["eu-central-1"]})
    declaration = load().model_copy(update={"regions": regions})
    own = OwnPolicy(name="x", type="service-control", where=where)
    elsewhere = {"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1"]}}
    statement = {"Effect": "Deny", "NotAction": exempt, "Resource": "*", "Condition": elsewhere}
    document: dict[str, Any] = {"Version": "2012-10-17", "Statement": [statement]}
    told = list(locked_out(own, document, declaration, ORGANIZATION))
    assert len(told) == (denied is not None), told
    assert not denied or f"denies {denied}" in told[0]


@pytest.mark.parametrize(
    ("partition", "region"),
    [
        ("aws", "eu-west-1"),
        ("aws-cn", "cn-north-1"),
        ("aws-cn", "cn-northwest-1"),
        ("aws-us-gov", "us-gov-east-1"),
        ("aws-eusc", "eusc-de-east-1"),
    ],
)
def test_the_region_of_a_request_is_that_of_the_endpoint(partition: str, region: str) -> None:
    """As the SDK resolves it, for each service that a component calls."""
    loader = Loader()
    partitions = loader.load_data("partitions")
    called = {
        action.partition(":")[0]
        for each in COMPONENTS.values()
        for permission in (*each.reads, *each.reads_in_plan, *each.writes)
        for action in permission.actions
    }
    assert {"account", "budgets", "iam", "organizations"} <= called
    for service in called:
        rules = loader.load_service_model(NAMES.get(service, service), "endpoint-rule-set-1")
        provider = EndpointProvider(rules, partitions)
        found = provider.resolve_endpoint(Region=region, UseFIPS=False, UseDualStack=False)
        signed = [
            each["signingRegion"]
            for each in found.properties.get("authSchemes", [])
            if "signingRegion" in each
        ]
        assert (request_region(service, partition) or region) in (signed or [region]), service
