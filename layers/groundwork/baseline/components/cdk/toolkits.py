"""The stacks that `cdk bootstrap` made: what they hold is theirs, whatever they are called.

Without more it is CDKToolkit; `--toolkit-stack-name` and StackSets give it other names, and what is in it has the same ones.
So CloudFormation is asked which stack holds each role that has a name of ours and not our tag.
https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResources.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from groundwork.baseline.component import Call, Permission
from groundwork.baseline.components.access.state import RoleState
from groundwork.contracts import Severity
from groundwork.side_by_side import side_by_side

from .names import EXECUTE, Names

CDK_TOOLKIT = "CDKToolkit"
OF_STACK_SETS = "StackSet-"
NOT_HELD = ("CREATE_FAILED", "DELETE_COMPLETE", "DELETE_SKIPPED", "IMPORT_FAILED")
ADMINISTRATOR = ":policy/AdministratorAccess"

FIND = Permission(["cloudformation:DescribeStackResources"])
"""On everything: AWS documents that it is checked against a stack, and not which one where none holds what is asked about."""


@dataclass(frozen=True)
class Toolkit:
    """`holds` are the names of what the stack holds."""

    stack: str
    holds: frozenset[str]

    def holds_any(self, its: Names) -> bool:
        return not its.all.isdisjoint(self.holds)


def read(cloudformation: Any, foreign: Iterable[str]) -> tuple[Toolkit, ...]:
    """CDKToolkit, and the stacks that hold these roles."""
    asked = [{"StackName": CDK_TOOLKIT}, *({"PhysicalResourceId": role} for role in foreign)]
    answers = side_by_side(*(partial(_held, cloudformation, each) for each in asked))
    found: dict[str, frozenset[str]] = {}
    for each in answers:
        for stack, holds in each.items():
            found[stack] = found.get(stack, frozenset()) | holds
    return tuple(Toolkit(stack, holds) for stack, holds in sorted(found.items()))


def _held(cloudformation: Any, asked: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """What a stack holds, by its name: not what it failed to make, as `cdk bootstrap` does under the guard rails, or gave up.
    Of the stack of a role all is told, or the role alone: either is enough."""
    try:
        listed = cloudformation.describe_stack_resources(**asked)["StackResources"]
    except ClientError as missing:
        if missing.response["Error"]["Code"] != "ValidationError":
            raise
        return {}
    holds = frozenset(
        each["PhysicalResourceId"]
        for each in listed
        if "PhysicalResourceId" in each and each["ResourceStatus"] not in NOT_HELD
    )
    if "StackName" in asked:
        return {asked["StackName"]: holds}
    return {listed[0]["StackName"]: holds} if asked["PhysicalResourceId"] in holds else {}


def told(its: Names, toolkit: Toolkit, there: Mapping[str, RoleState]) -> Call:
    severity: Severity = "low"
    if toolkit.holds_any(its):
        goes = (
            "take the account out of the StackSet that made it"
            if toolkit.stack.startswith(OF_STACK_SETS)
            else "delete the stack by an entry role"
        )
        words = (
            f"was made by `cdk bootstrap` and holds the qualifier {its.qualifier}: left alone, and who is trusted there may "
            f"deploy; {goes}, or declare another cdk.qualifier"
        )
        severity = "medium"
    else:
        words = f"is there, made by `cdk bootstrap`, and holds nothing of the qualifier {its.qualifier}: left alone"
    execution = there.get(its.role(EXECUTE))
    if severity == "medium" and execution and any(arn.endswith(ADMINISTRATOR) for arn in execution.attached):
        words, severity = f"{words}. What it deploys may do anything (AdministratorAccess)", "high"
    resource = f"stack {toolkit.stack} in {its.region}"
    return Call("cloudformation", "DeleteStack", {}, resource, "report", words, its.region, severity=severity)
