"""DescribeStackResources of the embedded CloudFormation: of a stack, or of the one that holds a resource."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from local.engine import Engine
from tests.engine.stack.stacks import create

PAIR = {name: {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}} for name in ("left", "right")}


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.05) as engine:
        create(engine, "pair", {name.title(): declared for name, declared in PAIR.items()})
        yield engine


def test_a_resource_leads_to_the_stack_that_holds_it_and_to_all_that_is_in_it(aws: Engine) -> None:
    cloudformation = aws.client("cloudformation")
    by_name = cloudformation.describe_stack_resources(StackName="pair")["StackResources"]
    held = next(each["PhysicalResourceId"] for each in by_name if each["LogicalResourceId"] == "Left")
    found = cloudformation.describe_stack_resources(PhysicalResourceId=held)["StackResources"]
    assert found == by_name
    assert {(each["StackName"], each["LogicalResourceId"]) for each in found} == {
        ("pair", "Left"),
        ("pair", "Right"),
    }
    (left,) = cloudformation.describe_stack_resources(PhysicalResourceId=held, LogicalResourceId="Left")[
        "StackResources"
    ]
    assert left["PhysicalResourceId"] == held


def test_a_resource_of_no_stack_leads_nowhere(aws: Engine) -> None:
    with pytest.raises(ClientError, match=r"\(ValidationError\).*Stack for nobodys does not exist"):
        aws.client("cloudformation").describe_stack_resources(PhysicalResourceId="nobodys")


@pytest.mark.parametrize("given", [{}, {"StackName": "pair", "PhysicalResourceId": "left"}])
def test_either_the_stack_or_the_resource_is_named(aws: Engine, given: dict[str, str]) -> None:
    with pytest.raises(ClientError, match=r"\(ValidationError\).*not both"):
        aws.client("cloudformation").describe_stack_resources(**given)
