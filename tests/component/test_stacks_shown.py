"""stacks: CloudFormation shows some of what it was given otherwise, and that is no difference."""

from __future__ import annotations

import json

import pytest

from groundwork.contracts import Account
from tests.component.conftest import World
from tests.component.sabotage import differences
from tests.component.stacks import HERE, STACK, STACKS, apply, declaring, shown, stack

TELLING = """
Parameters:
  Title: {Type: String, Default: plain}
  Places: {Type: CommaDelimitedList}
Resources:
  Told:
    Type: AWS::SSM::Parameter
    Properties:
      Name: /told
      Type: String
      Value: é
      Description: 請交月報
      AllowedPattern: .*
  ItsTitle:
    Type: AWS::SSM::Parameter
    Properties: {Name: /title, Type: String, Value: !Ref Title}
  ItsPlaces:
    Type: AWS::SSM::Parameter
    Properties: {Name: /places, Type: StringList, Value: !Join [",", !Ref Places]}
Outputs:
  Title: {Value: !Ref Title}
"""
GIVEN = {"Title": "présenté à <name>", "Places": "eu-west-1, us-east-1"}
TELLS = stack(template="telling.yaml", parameters=GIVEN)


@pytest.fixture(scope="module")
def member(world: World) -> Account:
    account = world.account()
    apply(world, account, declaring(world, TELLS, telling=TELLING))
    return account


def told(world: World, account: Account) -> dict[str, str]:
    ssm = world.client("ssm", account)
    found = ssm.get_parameters(Names=["/told", "/title", "/places"])["Parameters"]
    return {each["Name"]: each["Value"] for each in found}


def test_what_it_shows_otherwise_is_no_difference(world: World, member: Account) -> None:
    declared = declaring(world, TELLS, telling=TELLING)
    assert told(world, member) == {
        "/told": "é",
        "/title": f"présenté à {member.name}",
        "/places": "eu-west-1,us-east-1",
    }
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in shown(world, member)["Parameters"]}
    assert parameters == {"Title": f"pr?sent? ? {member.name}", "Places": "eu-west-1,us-east-1"}
    assert world.plan(STACKS, member, declaration=declared) == []
    assert apply(world, member, declared, "two") == []


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("AllowedPattern: .*", "AllowedPattern: .+", "changes Told (AWS::SSM::Parameter)"),
        ("Description: 請交月報", "Description: 請交月", "changes Told (AWS::SSM::Parameter)"),
        ("Title: {Value: !Ref Title}", "Title: {Value: ü}", "Outputs differ from templates/telling.yaml"),
    ],
)
def test_what_differs_besides_is_told_alone(
    world: World, member: Account, before: str, after: str, words: str
) -> None:
    declared = declaring(world, TELLS, telling=TELLING.replace(before, after))
    (planned,) = differences(world.plan(STACKS, member, declaration=declared))
    assert planned.resource == STACK
    assert planned.reason.startswith(words)


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("Title", "anew", "parameter Title is 'pr?sent? ? {name}'; expected 'anew'"),
        ("Places", "us-east-1", "parameter Places is 'eu-west-1,us-east-1'; expected 'us-east-1'"),
    ],
)
def test_a_parameter_that_differs_is_told(
    world: World, member: Account, name: str, given: str, words: str
) -> None:
    changed = TELLS.model_copy(update={"parameters": {**GIVEN, name: given}})
    (planned,) = differences(
        world.plan(STACKS, member, declaration=declaring(world, changed, telling=TELLING))
    )
    assert words.replace("{name}", member.name) in planned.reason


QUEUE = """
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {DelaySeconds: 5, FifoQueue: true}
"""


def test_the_same_template_in_json_is_no_difference(world: World) -> None:
    account = world.account()
    given = {"parameters": {}, "managed_policies": ["AmazonSQSFullAccess"]}
    apply(world, account, declaring(world, stack(template="queue.yaml", **given), queue=QUEUE))
    properties = {"DelaySeconds": 5, "FifoQueue": True}
    body = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": properties}}})
    declared = declaring(world, stack(template="rewritten.yaml", **given), rewritten=body)
    assert world.plan(STACKS, account, declaration=declared) == []
    url = world.client("sqs", account, HERE).list_queues()["QueueUrls"][0]
    assert url.endswith(".fifo")
