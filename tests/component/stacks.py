"""The owner's stacks in a test: a topic with its name in a parameter, in the accounts of workloads."""

from __future__ import annotations

import json
from collections.abc import MutableMapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from moto.cloudformation.models import cloudformation_backends

from groundwork.baseline import loop
from groundwork.baseline.components.stacks import Stacks
from groundwork.contracts import Account, Change
from groundwork.declaration import Declaration
from groundwork.declaration.stacks import Stack, StackWhere
from groundwork.declaration.stacks.templates import Template, parsed
from groundwork.errors import StackInProgress
from tests.component.conftest import World

STACKS = Stacks()
HERE, ABROAD = "us-east-1", "eu-west-1"
ALLOWED = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["sns:*", "ssm:*", "s3:*"], "Resource": "*"},
    ],
}
TOPIC = """
Description: A topic, and its name
Parameters:
  Name: {Type: String}
  Shown: {Type: String, Default: plain}
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      TopicName: !Ref Name
      DisplayName: !Sub "${Shown}"
  Parameter:
    Type: AWS::SSM::Parameter
    Properties: {Name: /topic, Type: String, Value: !GetAtt Topic.TopicName}
Outputs:
  Topic: {Value: !Ref Topic}
"""
QUEUE = TOPIC.replace("Outputs:", "  Queue: {Type: AWS::SQS::Queue}\nOutputs:")
BUCKET = json.dumps({"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}})
STACK, ROLE = "stack groundwork-alerts in us-east-1", "role/groundwork-stack-alerts"
ALERTS = {"name": "alerts", "template": "topic.yaml", "parameters": {"Name": "alerts-<account>"}}


def stack(**given: Any) -> Stack:
    made = {"where": StackWhere(kinds=["workload"]), "policies": ["own"], **ALERTS, **given}
    return Stack.model_validate(made)


def declaring(
    world: World, *declared: Stack, governed: Sequence[str] = (HERE,), prune: bool = False, **bodies: str
) -> Declaration:
    """`bodies` are templates by their name without its end, besides the two that are there."""
    baseline = {
        kind: [*components, *(["stacks"] if kind == "workload" else [])]
        for kind, components in world.declaration.baseline.items()
    }
    regions = world.declaration.regions.model_copy(update={"governed": [*governed]})
    changes = {
        "baseline": baseline,
        "regions": regions,
        "stacks": [*declared],
        "prune": {"stacks": "remove"} if prune else {},
    }
    made = world.declaration.model_copy(update=changes)
    texts = {
        "topic.yaml": TOPIC,
        "bucket.json": BUCKET,
        **{f"{name}.yaml": body for name, body in bodies.items()},
    }
    made._templates = {name: Template(body, parsed(body)) for name, body in texts.items()}
    made._policies = {**world.declaration._policies, "own": ALLOWED}
    return made


def shown(world: World, account: Account, name: str = "alerts", region: str = HERE) -> dict[str, Any]:
    listed = world.client("cloudformation", account, region).describe_stacks()["Stacks"]
    found: dict[str, Any] = next(each for each in listed if each["StackName"] == f"groundwork-{name}")
    return found


def names(world: World, account: Account, region: str = HERE) -> set[str]:
    listed = world.client("cloudformation", account, region).describe_stacks()["Stacks"]
    return {each["StackName"] for each in listed}


def portrait(world: World, account: Account) -> Any:
    """What CloudFormation and IAM tell of it."""
    cloudformation, iam = world.client("cloudformation", account), world.client("iam", account)
    told = shown(world, account)
    pages = iam.get_paginator("get_account_authorization_details").paginate(Filter=["Role"])
    found = [each for page in pages for each in page["RoleDetailList"]]
    return (
        {key: told.get(key) for key in ("Parameters", "RoleARN", "EnableTerminationProtection", "Outputs")},
        cloudformation.get_template(StackName=told["StackName"])["TemplateBody"],
        [
            {key: value for key, value in each.items() if key != "RoleLastUsed"}
            for each in found
            if each["RoleName"].startswith("groundwork-stack-")
        ],
    )


def apply(
    world: World,
    account: Account,
    declared: Declaration,
    execution: str = "one",
    notes: MutableMapping[str, str] | None = None,
) -> list[Any]:
    """As one try of an execution does it, which remembers `notes`."""
    notes = {} if notes is None else notes
    target = replace(world.target(STACKS, account, declared), execution=execution, notes=notes)
    return loop.apply(STACKS, target)


def look_at_drift(
    world: World, account: Account, declared: Declaration, notes: MutableMapping[str, str]
) -> list[Change]:
    """One try of a plan of an execution, which remembers `notes`."""
    target = replace(world.target(STACKS, account, declared, reading=True), execution="one", notes=notes)
    return loop.plan(STACKS, target)


def compared(world: World, account: Account, declared: Declaration) -> list[Change]:
    """A plan with drift detection as the state machine does it: again, once CloudFormation is at work."""
    notes: dict[str, str] = {}
    with pytest.raises(StackInProgress, match=f"CloudFormation compares with what is there {STACK}"):
        look_at_drift(world, account, declared, notes)
    return look_at_drift(world, account, declared, notes)


def status(world: World, account: Account, new: str | None = None) -> str:
    """Set to `new`, as it would be while CloudFormation works."""
    there = cloudformation_backends[account.id][HERE].stacks
    found = next(each for each in there.values() if each.name == "groundwork-alerts")
    found.status = new or found.status
    return str(found.status)
