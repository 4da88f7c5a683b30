"""What the declaration lays down, without AWS: the very documents, for an example organization."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from groundwork.baseline.component import Target
from groundwork.baseline.components.access.state import RoleState
from groundwork.baseline.components.access.wanted import Wanted, wanted
from groundwork.baseline.components.cdk import roles
from groundwork.baseline.components.cdk.names import Names, names
from groundwork.baseline.components.guardrails.document import guardrail_documents
from groundwork.baseline.components.guardrails.quarantine import quarantine_document
from groundwork.baseline.components.stacks import roles as of_stacks
from groundwork.contracts import Account, Kind, Organization
from groundwork.declaration import Declaration
from groundwork.declaration.loading import load
from groundwork.declaration.organization_policies import Quarantine
from groundwork.declaration.policy_files import Document
from groundwork.declaration.stacks import Stack, StackWhere
from local.stack.errors import NotEmbedded
from local.stack.template.intrinsics import resolve
from local.stack.template.sam import parsed

TEMPLATE = Path(__file__).parents[1] / "template.yaml"
REGION = "us-east-1"
MANAGEMENT, SECURITY, TOOLING = "111111111111", "222222222222", "333333333333"
IDS = {
    "management": MANAGEMENT,
    "security": SECURITY,
    "mgmt": TOOLING,
    "dev": "444444444444",
    "stage": "555555555555",
    "prod": "666666666666",
}
KINDS: Mapping[str, Kind] = {"management": "management", "security": "security", "mgmt": "tooling"}
UNITS = {
    "security": "Security",
    "mgmt": "Infrastructure",
    "dev": "Workloads/Development",
    "stage": "Workloads/Staging",
    "prod": "Workloads/Production",
}
ROOT = "o-exampleorgid/r-ab12/"
ORGANIZATION = Organization(
    id="o-exampleorgid",
    partition="aws",
    root_id="r-ab12",
    management_account_id=MANAGEMENT,
    security_account_id=SECURITY,
    tooling_account_id=TOOLING,
    units={
        "Security": f"{ROOT}ou-ab12-security/",
        "Infrastructure": f"{ROOT}ou-ab12-infrastructure/",
        "Workloads": f"{ROOT}ou-ab12-workloads/",
        "Workloads/Development": f"{ROOT}ou-ab12-workloads/ou-ab12-development/",
        "Workloads/Staging": f"{ROOT}ou-ab12-workloads/ou-ab12-staging/",
        "Workloads/Production": f"{ROOT}ou-ab12-workloads/ou-ab12-production/",
    },
)


def unit_path(account: str) -> str:
    """Where an account is, as `aws:ResourceOrgPaths` has it."""
    return ORGANIZATION.units[UNITS[account]] if account in UNITS else ROOT


def target(account: str) -> Target:
    """The account in work, as a component sees it; whoever asks AWS is refused."""
    there = Account(
        id=IDS[account],
        name=account,
        email=f"aws+{account}@example.com",
        kind=KINDS.get(account, "workload"),
        unit=UNITS.get(account, ""),
    )
    return Target(there, ORGANIZATION, load(), _nobody)


def _nobody(service: str, region: str | None = None) -> Any:
    raise AssertionError(f"what is laid down is known without asking {service} in {region}")


@cache
def access(account: str) -> Wanted:
    """The roles and groups of an account."""
    return wanted(target(account))


@cache
def guardrails() -> tuple[Document, ...]:
    return tuple(guardrail_documents(load(), ORGANIZATION).values())


@cache
def with_cdk() -> Declaration:
    """The default, and what the CDK deploys by in workloads."""
    declared = load()
    workload = [*declared.baseline["workload"], "cdk"]
    return declared.model_copy(update={"baseline": {**declared.baseline, "workload": workload}})


def cdk_names(account: str) -> Names:
    return names(replace(target(account), declaration=with_cdk()), REGION)


@cache
def cdk_roles(account: str) -> Mapping[str, RoleState]:
    there = replace(target(account), declaration=with_cdk())
    return {role.name: role for role in roles.wanted(there, REGION)}


@cache
def guardrails_with_cdk() -> tuple[Document, ...]:
    return tuple(guardrail_documents(with_cdk(), ORGANIZATION).values())


STACKS = (
    Stack(name="alerts", template="alerts.yaml", where=StackWhere(kinds=["workload"]), policies=["alerts"]),
    Stack(
        name="strong",
        template="strong.yaml",
        where=StackWhere(kinds=["workload"]),
        managed_policies=["AdministratorAccess"],
    ),
)
ALERTS: Document = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sns:*", "Resource": "arn:<partition>:sns:*:<account>:alerts"}
    ],
}
QUARANTINE = "Quarantine"


@cache
def with_stacks() -> Declaration:
    """The default, two stacks of the owner's in workloads, StackSets of the security account, and a unit in which new accounts
    wait."""
    declared = load()
    changes = {
        "baseline": {
            **declared.baseline,
            "security": [*declared.baseline["security"], "stack-sets"],
            "workload": [*declared.baseline["workload"], "stacks"],
        },
        "stacks": [*STACKS],
        "organizational_units": [*declared.organizational_units, QUARANTINE],
        "quarantine": Quarantine(unit=QUARANTINE),
    }
    made = declared.model_copy(update=changes)
    made._policies = {**declared._policies, "alerts": ALERTS}
    return made


@cache
def stack_role(stack: str, account: str) -> RoleState:
    """By which CloudFormation makes it."""
    there = replace(target(account), declaration=with_stacks())
    return of_stacks.wanted(next(each for each in STACKS if each.name == stack), there)


@cache
def guardrails_with_stacks() -> tuple[Document, ...]:
    return tuple(guardrail_documents(with_stacks(), ORGANIZATION).values())


@cache
def quarantine() -> Document:
    return quarantine_document(with_stacks(), ORGANIZATION)


@cache
def managed(arn: str) -> Document:
    """One of AWS's managed policies."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    document: Document = json.loads(aws_managed_policies_data)[arn.rsplit("/", 1)[1]]["Document"]
    return document


# -- the stack ---------------------------------------------------------------------------------------


ARNS = {
    "Role": f"arn:aws:iam::{MANAGEMENT}:role/",
    "Bucket": "arn:aws:s3:::",
    "": f"arn:aws:cloudformation:{REGION}:{MANAGEMENT}:resource/",
}
"""How the ARN of a resource begins, by the end of its name in the template; the last is made up."""


def machine_arn(name: str) -> str:
    return f"arn:aws:states:{REGION}:{MANAGEMENT}:stateMachine:{name}"


class _Names:
    """What names of the template stand for, as far as its policies turn on it: every resource for its ARN."""

    def __init__(self, template: Mapping[str, Any], **named: str) -> None:
        self._values = {
            name: declared.get("Default", "") for name, declared in template["Parameters"].items()
        }
        self._values["Requesters"] = named["requesters"].split(",")
        self._values["Approvers"] = named["approvers"].split(",")
        self._values["Closers"] = named["closers"].split(",")
        self._values["Changers"] = named["changers"].split(",")
        self._values |= {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": MANAGEMENT}
        stack = f"arn:aws:cloudformation:{REGION}:{MANAGEMENT}:stack/groundwork/1a2b3c4d-0000-0000-0000-000000000000"
        self._values["AWS::StackId"] = stack
        for name, resource in template["Resources"].items():
            if resource["Type"] == "AWS::Serverless::StateMachine":
                self._values[name] = machine_arn(resource["Properties"]["Name"])

    def ref(self, name: str) -> Any:
        return self._values.get(name) or self.attribute(name, "Arn")

    def attribute(self, logical_id: str, name: str) -> Any:
        if name != "Arn":
            return f"{logical_id}.{name}"  # policies speak of ARNs alone
        return next(arn for ending, arn in ARNS.items() if logical_id.endswith(ending)) + logical_id

    def condition(self, name: str) -> bool:
        return name.startswith("Names") and self._values[name.removeprefix("Names")] != [""]

    def mapping(self, name: str) -> Mapping[str, Mapping[str, Any]]:
        raise NotEmbedded(f"no policy turns on the mapping {name}")

    def imported(self, name: str) -> str:
        raise NotEmbedded(f"no policy turns on the export {name}")


@cache
def stack(
    requesters: str = "", approvers: str = "", closers: str = "", changers: str = ""
) -> Mapping[str, Any]:
    """The template's resources, with their references resolved."""
    template = parsed(TEMPLATE.read_text())
    given = {"requesters": requesters, "approvers": approvers, "closers": closers, "changers": changers}
    resources: Mapping[str, Any] = resolve(template["Resources"], _Names(template, **given))
    return resources


@cache
def stack_roles() -> Mapping[str, tuple[Document, ...]]:
    """The policies of each role that the stack makes, by its logical id; SAM calls a function's `<function>Role`."""
    roles = {}
    for name, resource in stack().items():
        policies = resource["Properties"].get("Policies", ())
        if resource["Type"] == "AWS::IAM::Role":
            roles[name] = tuple(policy["PolicyDocument"] for policy in policies)
        elif resource["Type"] in ("AWS::Serverless::Function", "AWS::Serverless::StateMachine"):
            roles[f"{name}Role"] = tuple(policies)
    return roles


def bus_policy(requesters: str = "", approvers: str = "", closers: str = "", changers: str = "") -> Document:
    """The default bus's own policy, as deployed with these `Requesters`, `Approvers`, `Closers` and `Changers`."""
    resources = stack(requesters, approvers, closers, changers)
    kinds = ("Answers", "Identities", "Decisions", "Closings", "Changes")
    always = [f"BusPolicyFor{what}" for what in kinds]
    named = [*always, *(["BusPolicyForRequests"] if requesters else [])]
    statements = [resources[name]["Properties"]["Statement"] for name in named]
    return {"Version": "2012-10-17", "Statement": statements}
