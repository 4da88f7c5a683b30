"""What CloudFormation shows of a template and of parameters, and what was meant."""

from __future__ import annotations

import pytest

from groundwork.baseline.components.stack_sets.calls import Declared, differences
from groundwork.baseline.components.stack_sets.state import Seen
from groundwork.baseline.components.stacks.shown import content, read, same, same_value
from groundwork.declaration.stacks import Stack
from groundwork.declaration.stacks.templates import Template, parsed

BODY = """
Parameters: {Places: {Type: List<String>}}
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      DisplayName: é
      Tags:
        - {Key: é, Value: 日 本}
"""
SHOWN = BODY.replace("é", "?").replace("日 本", "? ?")


@pytest.mark.parametrize("shown", ["? {}?", "? {}??"])
def test_a_character_beyond_the_basic_plane_is_one_or_two(shown: str) -> None:
    """Nobody has seen which."""
    assert same({"Name": [shown]}, {"Name": ["é {}🚨"]})
    assert not same({"Name": [shown]}, {"Name": ["é {}ab"]})


def test_a_text_that_holds_the_sign_itself_is_read() -> None:
    asks = "Resources: {Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: 'why?'}}}\n"
    assert read(asks) == parsed(asks)
    assert not same("why?", "why!")


def test_a_value_that_begins_with_the_sign_is_a_value() -> None:
    found = read(SHOWN)
    assert found["Resources"]["Topic"]["Properties"] == {
        "DisplayName": "?",
        "Tags": [{"Key": "?", "Value": "? ?"}],
    }
    assert content(SHOWN, Template(BODY, parsed(BODY))) == parsed(BODY)


@pytest.mark.parametrize(
    ("there", "wanted", "kind", "is_same"),
    [
        ("a,b", "a, b", "CommaDelimitedList", True),
        ("a, b", "a,b", "List<AWS::EC2::Subnet::Id>", True),
        ("a,b", "a, b", "String", False),
        ("a,c", "a, b", "CommaDelimitedList", False),
        ("?", "é", "String", True),
        ("?", "e", "String", False),
    ],
)
def test_a_parameter_is_compared_by_its_type(there: str, wanted: str, kind: str, is_same: bool) -> None:
    assert same_value(there, wanted, kind) == is_same


def test_a_stack_set_is_compared_in_the_same_way() -> None:
    """AWS tells of GetTemplate and DescribeStacks alone; a StackSet is right under both readings."""
    declared = Stack.model_validate(
        {
            "name": "alerts",
            "template": "topic.yaml",
            "mode": "stackSet",
            "where": {"organizationalUnits": ["A"]},
        }
    )
    place = Declared(
        name="alerts",
        region="us-east-1",
        stack=declared,
        template=Template(BODY, parsed(BODY)),
        values={"Places": "a, b"},
        units={},
        places=(),
    )
    for body, value in ((SHOWN, "a,b"), (BODY, "a, b")):
        seen = Seen(
            "alerts",
            content=read(body),
            parameters={"Places": value},
            description=place.description,
            retains=declared.options.retain_stacks,
            manages_execution=True,
        )
        assert differences(seen, place) == ([], "medium")
