"""What CloudFormation shows of what it was given, and what it makes of that."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.engine import Engine
from tests.engine.stack.stacks import described
from tests.engine.support import plain_moto

TEMPLATE = """
Parameters:
  Title: {Type: String}
  Places: {Type: CommaDelimitedList}
Resources:
  Told:
    Type: AWS::SSM::Parameter
    Properties: {Name: /told, Type: String, Value: !Ref Title, Description: 請交月報}
Outputs:
  Title: {Value: !Ref Title}
"""
GIVEN = [
    {"ParameterKey": "Title", "ParameterValue": "présenté"},
    {"ParameterKey": "Places", "ParameterValue": "a, b ,c"},
]


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.05) as engine:
        yield engine


def test_what_is_above_ascii_is_made_and_not_shown(aws: Engine) -> None:
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack(StackName="telling", TemplateBody=TEMPLATE, Parameters=GIVEN)
    stored = aws.client("ssm").get_parameter(Name="/told")["Parameter"]
    assert stored["Value"] == "présenté"
    shown = cloudformation.get_template(StackName="telling")["TemplateBody"]
    assert shown == TEMPLATE.replace("請交月報", "????")
    told = described(aws, "telling")
    assert {each["ParameterKey"]: each["ParameterValue"] for each in told["Parameters"]} == {
        "Title": "pr?sent?",
        "Places": "a,b,c",
    }
    assert [each["OutputValue"] for each in told["Outputs"]] == ["pr?sent?"]


def test_plain_moto_shows_what_it_was_given() -> None:
    code = f"""
        import boto3
        cloudformation = boto3.client("cloudformation", region_name="us-east-1")
        cloudformation.create_stack(StackName="telling", TemplateBody={TEMPLATE!a}, Parameters={GIVEN!a})
        print(ascii(cloudformation.get_template(StackName="telling")["TemplateBody"] == {TEMPLATE!a}))
        """
    assert plain_moto(code).strip() == "True"
