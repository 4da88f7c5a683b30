"""The statements of the template's policies, and what is deployed of them: found, taken out and put back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from tests.workflow.conftest import ROOT, Cloud

ROLE_HOLDERS = {
    "AWS::Serverless::Function": "{}Role",
    "AWS::Serverless::StateMachine": "{}Role",
    "AWS::IAM::Role": "{}",
}
"""The resources with a role, by type, and the logical id of that role."""


@dataclass(frozen=True)
class Statement:
    """One statement, of the role of the resource `holder` or of that resource's own policy. A Lambda permission has
    no Sid in the template; it is one statement."""

    holder: str
    sid: str
    actions: tuple[str, ...] = field(compare=False)

    def __str__(self) -> str:
        return f"{self.holder}.{self.sid}" if self.sid else self.holder


def template() -> dict[str, Any]:
    found: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
    return found


def of_roles() -> list[Statement]:
    """Every statement of every role that the template makes."""
    return [
        _statement(holder, statement)
        for holder, resource in template()["Resources"].items()
        if resource["Type"] in ROLE_HOLDERS
        for policy in resource["Properties"]["Policies"]
        for statement in policy.get("PolicyDocument", policy)["Statement"]
    ]


def of_resources() -> list[Statement]:
    """Every other statement that allows something: policies of queue, bucket, key and functions, and those that are
    there to be attached."""
    found = []
    for holder, resource in template()["Resources"].items():
        properties = resource["Properties"]
        document = properties.get("KeyPolicy") or properties.get("PolicyDocument") or {"Statement": []}
        found += [_statement(holder, each) for each in document["Statement"] if each["Effect"] == "Allow"]
        if resource["Type"] == "AWS::Lambda::Permission":
            found.append(Statement(holder, "", (properties["Action"],)))
    return found


def _statement(holder: str, body: dict[str, Any]) -> Statement:
    actions = body["Action"] if isinstance(body["Action"], list) else [body["Action"]]
    return Statement(holder, body["Sid"], tuple(actions))


# -- what is deployed ------------------------------------------------------------------------------


def physical(cloud: Cloud, logical_id: str) -> str:
    described = cloud.aws.client("cloudformation").describe_stack_resource(
        StackName="groundwork", LogicalResourceId=logical_id
    )
    return str(described["StackResourceDetail"]["PhysicalResourceId"])


def role_of(cloud: Cloud, holder: str) -> str:
    """The name of the role that a resource of the template has, or is."""
    kind = template()["Resources"][holder]["Type"]
    return physical(cloud, ROLE_HOLDERS[kind].format(holder))


def policies_of(cloud: Cloud, role: str) -> dict[str, dict[str, Any]]:
    """The inline policies of a role, by name."""
    iam = cloud.aws.client("iam")
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    return {name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}


@contextmanager
def taken_out(cloud: Cloud, statement: Statement) -> Iterator[None]:
    """For as long as it lasts, the deployed role is as if the template had been deployed without the statement."""
    iam, role = cloud.aws.client("iam"), role_of(cloud, statement.holder)
    name, document = next(
        (name, document)
        for name, document in policies_of(cloud, role).items()
        if statement.sid in [each["Sid"] for each in document["Statement"]]
    )
    rest = [each for each in document["Statement"] if each["Sid"] != statement.sid]
    if rest:
        without = json.dumps({**document, "Statement": rest})
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=without)
    else:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))
