"""What CreateStateMachine refuses and takes: every rule with a definition that only this rule refuses.

`STRICT` marks the rules that no page of AWS decides, or not wholly: the stricter reading.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import Engine
from local.stepfunctions.definition import problems
from tests.engine.stepfunctions.machines import machine, output, run
from tests.engine.support import create_role, plain_moto

TASK: dict[str, Any] = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Arguments": {"FunctionName": "work"},
    "End": True,
}
PASS: dict[str, Any] = {"Type": "Pass", "End": True}
INNER: dict[str, Any] = {"StartAt": "In", "States": {"In": PASS}}
MAP: dict[str, Any] = {"Type": "Map", "Items": [1], "ItemProcessor": INNER, "End": True}
DISTRIBUTED = {
    **MAP,
    "ItemProcessor": {**INNER, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}},
}
CHOICE: dict[str, Any] = {"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Next": "Other"}]}
OTHER = {"Other": {"Type": "Succeed"}}
IN_PATHS = {"QueryLanguage": "JSONPath"}
STRICT = "the stricter reading"


def definition(state: dict[str, Any], /, **more: Any) -> str:
    """A machine in JSONata with one state, and what `more` says besides, or instead."""
    others = {name: more.pop(name) for name in list(more) if name == "Other"}
    machine = {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": state, **others}, **more}
    return json.dumps(machine)


def retrying(*retriers: dict[str, Any]) -> dict[str, Any]:
    return {**TASK, "Retry": list(retriers)}


def out(expression: str) -> dict[str, Any]:
    return {**PASS, "Output": expression}


ANY, NAMED = {"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["Own"]}

REFUSED: list[tuple[str, str, str]] = [
    # Expressions
    ("improperly opened or closed", "/States/A/Output", definition(out(" {% 1 %}"))),
    ("improperly opened or closed", "/States/A/Output", definition(out("{% 1 %} "))),
    ("improperly opened or closed", "/States/A/Output", definition(out("{% 1"))),
    ("improperly opened or closed", "/States/A/Output/a[0]", definition({**PASS, "Output": {"a": ["1 %}"]}})),
    ("improperly opened or closed", STRICT, definition(out("one {% 1 %} two"))),
    ("is no valid JSONata", "/States/A/Output", definition(out("{% $sum( %}"))),
    ("is newer than JSONata 2.0.6", "/States/A/Output", definition(out("{% $states.input.a ?? 1 %}"))),
    ("is newer than JSONata 2.0.6", "/States/A/Output", definition(out("{% $states.input.a ?: 1 %}"))),
    ("calls $eval", "/States/A/Output", definition(out("{% $eval('1') %}"))),
    ("bare field name", STRICT, definition(out("{% $.a %}"))),
    ("bare field name", STRICT, definition(out("{% $$ %}"))),
    ("bare field name", STRICT, definition(out("{% a.b %}"))),
    ("$states.result is not accessible", "/States/A/Output", definition(out("{% $states.result %}"))),
    (
        "$states.result is not accessible",
        "/States/A/Arguments/a",
        definition({**TASK, "Arguments": {"a": "{% $states.result.b %}"}}),
    ),
    (
        "$states.errorOutput is not accessible",
        "/States/A/Output",
        definition({**TASK, "Output": "{% $states.errorOutput %}"}),
    ),
    # Retry and Catch
    ("States.ALL must appear alone", "/States/A/Retry[0]/ErrorEquals", definition(retrying({"ErrorEquals": ["States.ALL", "Own"]}))),
    ("in the last element only", "/States/A/Retry[0]/ErrorEquals", definition(retrying(ANY, NAMED))),
    (
        "in the last element only",
        "/States/A/Catch[0]/ErrorEquals",
        definition({**TASK, "Catch": [{**ANY, "Next": "Other"}, {**NAMED, "Next": "Other"}]}, **OTHER),
    ),
    ("between 1 and", "/States/A/Retry[0]/BackoffRate", definition(retrying({**ANY, "BackoffRate": 0.5}))),
    ("between 1 and", "/States/A/Retry[0]/IntervalSeconds", definition(retrying({**ANY, "IntervalSeconds": 0}))),
    ("type Integer", "/States/A/Retry[0]/IntervalSeconds", definition(retrying({**ANY, "IntervalSeconds": 1.5}))),
    ("between 0 and", "/States/A/Retry[0]/MaxAttempts", definition(retrying({**ANY, "MaxAttempts": -1}))),
    ("between 1 and", "/States/A/Retry[0]/MaxDelaySeconds", definition(retrying({**ANY, "MaxDelaySeconds": 31_622_400}))),
    ("greater than IntervalSeconds", STRICT, definition(retrying({**ANY, "IntervalSeconds": 5, "MaxDelaySeconds": 5}))),
    ("[FULL, NONE]", "/States/A/Retry[0]/JitterStrategy", definition(retrying({**ANY, "JitterStrategy": "HALF"}))),
    ("Expected a list of error names", "/States/A/Retry[0]/ErrorEquals", definition(retrying({"ErrorEquals": []}))),
    ("fields are required: [ErrorEquals]", "/States/A/Retry[0]", definition(retrying({}))),
    ("Field 'ErrorsEqual' is not supported", "/States/A/Retry[0]", definition(retrying({**ANY, "ErrorsEqual": []}))),
    ("fields are required: [Next]", "/States/A/Catch[0]", definition({**TASK, "Catch": [ANY]})),
    # Fields
    ("Field 'Parameters' is not supported in JSONata", "/States/A", definition({**TASK, "Parameters": {}})),
    ("Field 'InputPath' is not supported in JSONata", "/States/A", definition({**PASS, "InputPath": "$.a"})),
    ("Field 'Result' is not supported in JSONata", STRICT, definition({**PASS, "Result": 1})),
    ("Field 'Arguments' is not supported", STRICT, definition({**MAP, "Arguments": {}})),
    ("Field 'Output' is not supported in JSONPath", "/States/A", definition(out("x"), **IN_PATHS)),
    ("Field '_comment' is not supported", "/States/A", definition({**PASS, "_comment": "no"})),
    ("Field 'comment' is not supported", "/", definition(PASS, comment="no")),
    ("Field 'QueryLanguage' is not supported", STRICT, definition({**MAP, "ItemProcessor": {**INNER, "QueryLanguage": "JSONata"}})),
    ("Field 'Assign' is not supported", "/States/A", definition({"Type": "Succeed", "Assign": {"a": 1}})),
    ("Field 'Variable' is not supported in JSONata", "/States/A/Choices[0]", definition({**CHOICE, "Choices": [{"Condition": True, "Variable": "$.a", "Next": "Other"}]}, **OTHER)),
    ("fields are required: [Condition]", "/States/A/Choices[0]", definition({**CHOICE, "Choices": [{"Next": "Other"}]}, **OTHER)),
    ("'QueryLanguage' can not be 'JSONPath'", "/States/A", definition({**PASS, **IN_PATHS})),
    ("should be one of: [JSONata, JSONPath]", "/QueryLanguage", definition(PASS, QueryLanguage="SQL")),
    ("[Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]", "/States/A/Type", definition({"Type": "Chore"})),
    ("fields are required: [Resource]", "/States/A", definition({"Type": "Task", "End": True})),
    ("is not recognized", "/States/A/Resource", definition({**TASK, "Resource": "{% $f %}"})),
    ("'RoleArn' is required", "/States/A/Credentials", definition({**TASK, "Credentials": {}})),
    ("should be one of: [1.0]", "/Version", definition(PASS, Version="2.0")),
    # Numbers
    ("between 1 and", "/States/A/TimeoutSeconds", definition({**TASK, "TimeoutSeconds": 0})),
    ("type Integer", "/States/A/TimeoutSeconds", definition({**TASK, "TimeoutSeconds": "10"})),
    ("type Integer", "/TimeoutSeconds", definition(PASS, TimeoutSeconds="{% 5 %}")),
    ("smaller than TimeoutSeconds", "/States/A/HeartbeatSeconds", definition({**TASK, "TimeoutSeconds": 5, "HeartbeatSeconds": 5})),
    ("Only one of these", "/States/A", definition({**TASK, "Arguments": {}, "TimeoutSeconds": 1, "TimeoutSecondsPath": "$.a"} | {"Parameters": {}}, **IN_PATHS)),
    ("between 0 and 100", "/States/A/ToleratedFailurePercentage", definition({**DISTRIBUTED, "ToleratedFailurePercentage": 101})),
    ("between 0 and", "/States/A/MaxConcurrency", definition({**MAP, "MaxConcurrency": -1})),
    ("One of these fields is required: [Seconds", "/States/A", definition({"Type": "Wait", "End": True})),
    ("Only one of these", "/States/A", definition({"Type": "Wait", "Seconds": 1, "Timestamp": "2030-01-01T00:00:00Z", "End": True})),
    ("does not match RFC3339", "/States/A/Timestamp", definition({"Type": "Wait", "Timestamp": "2030-01-01", "End": True})),
    # Ways
    ("Only one of these fields is allowed: [Next, End]", "/States/A", definition({**PASS, "Next": "Other"}, **OTHER)),
    ("One of these fields is required: [Next, End]", "/States/A", definition({"Type": "Pass"})),
    ("Missing 'Next' target: Gone", "/States/A/Catch[0]/Next", definition({**TASK, "Catch": [{**ANY, "Next": "Gone"}]})),
    ("Missing 'StartAt' target: B", "/StartAt", definition(PASS, StartAt="B")),
    ('State "Other" is not reachable.', "/States/Other", definition(PASS, **OTHER)),
    ("does not have a terminal state", "/", definition({"Type": "Pass", "Next": "A"})),
    ("fields are required: [States, StartAt]", "/", "{}"),
    ("Value cannot be empty", "/States/A/Branches", definition({"Type": "Parallel", "Branches": [], "End": True})),
    ("Value cannot be empty", "/States/A/Choices", definition({"Type": "Choice", "Choices": [], "Default": "Other"}, **OTHER)),
    ("One of these fields is required: [ItemProcessor", "/States/A", definition({"Type": "Map", "End": True})),
    ("Duplicate State name: A", "/States/A/ItemProcessor/States/A", definition({**MAP, "ItemProcessor": {"StartAt": "A", "States": {"A": PASS}}})),
    ("at most 80 characters", f"/States/{'B' * 81}", definition(PASS, StartAt="B" * 81, States={"B" * 81: PASS})),
    ("must be a valid JSON object", "", "[]"),
    ("Expecting", "", "not a definition"),
    ("Duplicate field 'A'", STRICT, '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}, "A": {"Type": "Fail"}}}'),
    # Variables
    ("assigned in an outer scope", "/States/A/ItemProcessor/States/In", definition({**MAP, "Assign": {"n": 1}, "ItemProcessor": {"StartAt": "In", "States": {"In": {**PASS, "Assign": {"n": 2}}}}})),
    ("$states is reserved", "/States/A", definition({**PASS, "Assign": {"states": 1}})),
    ("no identifier of at most 80", "/States/A", definition({**PASS, "Assign": {"x.y": 1}})),
    ("no identifier of at most 80", "/States/A", definition({**PASS, "Assign": {"x" * 81: 1}})),
]  # fmt: skip


@pytest.mark.parametrize(("told", "place", "text"), REFUSED)
def test_what_aws_refuses(told: str, place: str, text: str) -> None:
    found = problems(text)
    assert [problem for problem in found if told in problem.message], found
    if place is not STRICT:
        assert place in [problem.location for problem in found]
    codes = {problem.code for problem in found}
    assert codes <= {
        *("SCHEMA_VALIDATION_FAILED", "MISSING_TRANSITION_TARGET", "MISSING_END_STATE", "INVALID_STATE_NAME"),
        *("DUPLICATE_STATE_NAME", "INVALID_JSON_DESCRIPTION"),
    }


FUNCTION: dict[str, Any] = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:1:function:f", "End": True}
A_TEXT: dict[str, Any] = {"Variable": "$.a", "StringEquals": "a"}


def in_paths(state: dict[str, Any]) -> str:
    others = OTHER if '"Other"' in json.dumps(state) else {}
    return definition(state, **others, **IN_PATHS)


def choosing(**rule: Any) -> str:
    return in_paths({"Type": "Choice", "Choices": [{**rule, "Next": "Other"}]})


def comparing(operator: str, value: Any) -> str:
    return choosing(**{"Variable": "$.a", operator: value})


def passing(**fields: Any) -> str:
    return in_paths({**PASS, **fields})


def failing(**fields: Any) -> str:
    return in_paths({**FUNCTION, **fields})


REFUSED_IN_PATHS: list[tuple[str, str, str]] = [
    # Rules
    ("A comparison, And, Or or Not is required", "", choosing(Variable="$.a")),
    ("Only one of these", "", choosing(**A_TEXT, NumericEquals=1)),
    ("fields are required: [Variable]", "", choosing(StringEquals="a")),
    ("'Variable' is of comparisons", "", choosing(Variable="$.a", And=[A_TEXT])),
    ("is not a Path", "/Variable", choosing(Variable="a", StringEquals="a")),
    ("is not a Path", "/Variable", choosing(Variable="States.UUID()", StringEquals="a")),
    ("cannot be empty", "/And", choosing(And=[])),
    ("cannot be empty", "/Or", choosing(Or=A_TEXT)),
    ("list of objects", "/And", choosing(And=["a"])),
    ("type Object", "/Not", choosing(Not=[A_TEXT])),
    ("Field 'Next' is not supported", "/And[0]", choosing(And=[{**A_TEXT, "Next": "Other"}])),
    ("type String", "/Or[0]/Not/StringEquals", choosing(Or=[{"Not": {**A_TEXT, "StringEquals": 5}}])),
    ("type String", "/StringMatches", comparing("StringMatches", None)),
    ("type Number", "/NumericEquals", comparing("NumericEquals", "5")),
    ("type Number", "/NumericLessThan", comparing("NumericLessThan", True)),
    ("type Boolean", "/BooleanEquals", comparing("BooleanEquals", "true")),
    ("type Boolean", "/IsPresent", comparing("IsPresent", "yes")),
    ("RFC3339", "/TimestampEquals", comparing("TimestampEquals", "nope")),
    ("is not a Path", "/StringEqualsPath", comparing("StringEqualsPath", "b")),
    # Paths and templates
    ("is not a Path", "/States/A/InputPath", passing(InputPath="$.a[")),
    ("is not a Path", "/States/A/OutputPath", passing(OutputPath="$.a['b]")),
    ("is not a Path", "/States/A/InputPath", passing(InputPath="$.a..")),
    ("is not a Path", "/States/A/InputPath", passing(InputPath=5)),
    ("is not a Reference Path", "/States/A/ResultPath", passing(ResultPath="$$.a")),
    ("is not a Reference Path", "/States/A/ResultPath", passing(ResultPath="$.a[*]")),
    ("is not a Reference Path", "/States/A/ResultPath", passing(ResultPath="$..a")),
    ("is not a Path", "/States/A/Parameters/b[0]/a.$", passing(Parameters={"b": [{"a.$": "foo"}]})),
    ("is not a Path", "/States/A/Parameters/a.$", passing(Parameters={"a.$": 5})),
    ("no intrinsic function States.Foo", "/States/A/Parameters/a.$", passing(Parameters={"a.$": "States.Foo(1)"})),
    ("no intrinsic function States.Foo", "/States/A/Parameters/a.$", passing(Parameters={"a.$": "States.Array(States.Foo(1))"})),
    ("not an intrinsic function", "/States/A/Parameters/a.$", passing(Parameters={"a.$": "States.Array($.a"})),
    ("is not a Path", "/States/A/Assign/v.$", passing(Assign={"v.$": "nope"})),
    ("is not a Path", "/States/A/Catch[0]/Assign/v.$", failing(Catch=[{**ANY, "Next": "Other", "Assign": {"v.$": "nope"}}])),
    ("is not a Path", "/States/A/ResultSelector/a.$", failing(ResultSelector={"a.$": "nope"})),
    # Others
    ("must not begin with States.: States.Foo", "/States/A/Retry[0]/ErrorEquals", failing(Retry=[{"ErrorEquals": ["States.Foo"]}])),
    ("list of objects", "/States/A/Retry", failing(Retry=["a"])),
    ("list of objects", "/States/A/Catch", failing(Catch=["a"])),
    ("list of objects", "/States/A/Branches", in_paths({"Type": "Parallel", "Branches": ["a"], "End": True})),
    ("list of objects", "/States/A/Choices", in_paths({"Type": "Choice", "Choices": ["a"], "Default": "Other"})),
    ("is not recognized", "/States/A/Resource", failing(Resource="arn:aws:lambda:us-east-1:1:function")),
    ("is not recognized", "/States/A/Resource", failing(Resource="arn:aws:states:::sns")),
]  # fmt: skip


@pytest.mark.parametrize(("told", "place", "text"), REFUSED_IN_PATHS)
def test_what_aws_refuses_in_paths(told: str, place: str, text: str) -> None:
    at = place if place.startswith("/States") else f"/States/A/Choices[0]{place}"
    assert [problem for problem in problems(text) if told in problem.message and problem.location == at]


EXPRESSION = "{% $states.input.n %}"
TAKEN: list[str] = [
    definition({**TASK, "TimeoutSeconds": EXPRESSION, "HeartbeatSeconds": EXPRESSION}),
    definition({**TASK, "TimeoutSeconds": 5, "HeartbeatSeconds": 4}),
    definition({**TASK, "Arguments": EXPRESSION}),
    definition({**TASK, "Credentials": {"RoleArn": EXPRESSION}}),
    definition({**TASK, "Output": "{% $states.result %}", "Assign": {"a": "{% $states.result %}"}}),
    definition(
        {**TASK, "Catch": [{**ANY, "Output": "{% $states.errorOutput %}", "Next": "Other"}]},
        Other={"Type": "Fail", "Error": EXPRESSION, "Cause": EXPRESSION},
    ),
    definition(retrying(NAMED, {**ANY, "IntervalSeconds": 1, "BackoffRate": 1, "MaxDelaySeconds": 2})),
    definition({**DISTRIBUTED, "ToleratedFailureCount": EXPRESSION, "MaxConcurrency": EXPRESSION}),
    definition({**DISTRIBUTED, "ToleratedFailurePercentage": EXPRESSION, "Label": "Each"}),
    definition({**MAP, "Items": EXPRESSION, "ItemSelector": {"a": EXPRESSION}}),
    definition({"Type": "Wait", "Seconds": EXPRESSION, "End": True}),
    definition({"Type": "Wait", "Timestamp": EXPRESSION, "End": True}),
    definition({"Type": "Wait", "Timestamp": "2030-01-01T00:00:00.5+01:00", "End": True}),
    definition({**CHOICE, "Choices": [{"Condition": True, "Assign": {"a": 1}, "Next": "Other"}]}, **OTHER),
    definition(out("{% $states.input.items[price > 1].($ & $states.context.Execution.Name) %}")),
    definition(out("{% $replace($states.input.a, /(?:x)??y/, '??') %}")),
    definition(out("a text with 100 % in it, and {braces}"), Comment="{% no expression", Version="1.0"),
    definition({**PASS, "Output": True}),
    definition(
        {
            "Type": "Task",
            "Resource": "arn:aws:lambda:us-east-1:1:function:f",
            "Parameters": {"a.$": "$.b"},
            "TimeoutSecondsPath": "$.c",
            "End": True,
        },
        **IN_PATHS,
    ),
    definition({**PASS, "QueryLanguage": "JSONata", "Output": EXPRESSION}, **IN_PATHS),
    definition({**TASK, "Arguments": {"Assign": {"a": 1}, "States": {}}, "Assign": {"b": 1}}),
    choosing(
        And=[{"Or": [A_TEXT, {"Not": {"Variable": "$$.Execution.Name", "StringEqualsPath": "$v.a[0]"}}]}]
    ),
    choosing(Variable="$v", NumericLessThanEquals=1.5),
    *(comparing(f"Is{what}", False) for what in ("Null", "Present", "String", "Timestamp")),
    comparing("TimestampGreaterThan", "2030-01-01T00:00:00Z"),
    comparing("BooleanEqualsPath", "$['b c'][-1]"),
    *(
        passing(InputPath=path)
        for path in (
            *(
                "$",
                "$$",
                "$$.Execution.Id",
                "$v.a",
                "$.a-b.ä b",
                "$..a[0,1]",
                "$.a[0:2]['b-c'].d[*]",
                "$..[0]",
            ),
            *("$.a[?(@.b == ']' && @.c[0] > 1)].d", "$.a.*", "$.a.length()", None),
        )
    ),
    passing(ResultPath="$.a-b[0]['c, d']"),
    passing(ResultPath=None),
    passing(Parameters={"a.$": "$.b[?(@.c > 1)]", "d": ["$.a", {"e.$": "$$.Map.Item.Value"}], "f": "$["}),
    passing(
        Assign={"v.$": "States.Format('it\\'s ) {} States.Foo(', States.ArrayGetItem($.a, 0), $.States.Foo)"}
    ),
    failing(Retry=[{"ErrorEquals": ["States.Timeout", "States.Http.Socket", "Lambda.Unknown", "StatesOwn"]}]),
    *(
        failing(Resource=f"arn:aws:{resource}")
        for resource in (
            *("lambda:us-east-1:1:function:f:$LATEST", "states:us-east-1:1:activity:work"),
            *("states:::glue:startJobRun.sync", "states:::states:startExecution.sync:2"),
            *("states:::aws-sdk:s3:getObject", "states:us-east-1:1:lambda:invoke"),
        )
    ),
    definition({"Type": "Fail", "ErrorPath": "$.a", "CausePath": "States.Format('{}', $.a)"}, **IN_PATHS),
]


@pytest.mark.parametrize("text", TAKEN)
def test_what_aws_takes(text: str) -> None:
    assert problems(text) == []


@pytest.mark.parametrize(
    "resource", ["states:::sqs:sendMessage.waitForTaskToken", "states:::ecs:runTask.sync"]
)
def test_an_express_workflow_does_not_wait_for_others(resource: str) -> None:
    text = definition({**TASK, "Resource": f"arn:aws:{resource}"})
    assert problems(text) == []
    assert "Express state machine does not support" in str(problems(text, "EXPRESS")[0])


# Asked of the service -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def aws() -> Any:
    with Engine(time_scale=0.01, organization=None) as engine:
        create_role(engine, "machine", "states.amazonaws.com")
        yield engine


def test_a_definition_is_validated_without_being_made(aws: Engine) -> None:
    client = aws.client("stepfunctions")
    good = client.validate_state_machine_definition(definition=definition(PASS))
    assert (good["result"], good["diagnostics"], good["truncated"]) == ("OK", [], False)
    broken = definition({**PASS, "_a": 1, "_b": 2})
    bad = client.validate_state_machine_definition(definition=broken, maxResults=1)
    assert (bad["result"], bad["truncated"]) == ("FAIL", True)
    assert bad["diagnostics"] == [
        {
            "severity": "ERROR",
            "code": "SCHEMA_VALIDATION_FAILED",
            "message": "Field '_a' is not supported",
            "location": "/States/A",
        }
    ]
    waiting = definition({**TASK, "Resource": "arn:aws:states:::ecs:runTask.sync"})
    for kind, result in (("STANDARD", "OK"), ("EXPRESS", "FAIL")):
        assert client.validate_state_machine_definition(definition=waiting, type=kind)["result"] == result
    assert client.list_state_machines()["stateMachines"] == []


@pytest.mark.parametrize("text", [*(text for _, _, text in REFUSED_IN_PATHS), passing(Parameters=["a"])])
def test_what_is_created_is_what_is_validated(aws: Engine, text: str) -> None:
    """The last of these only the interpreter refuses."""
    client = aws.client("stepfunctions")
    assert client.validate_state_machine_definition(definition=text)["result"] == "FAIL"
    role = f"arn:aws:iam::{aws.management_account}:role/machine"
    with pytest.raises(ClientError, match="InvalidDefinition"):
        client.create_state_machine(name="refused", definition=text, roleArn=role)


def test_a_machine_that_is_refused_is_neither_made_nor_changed(aws: Engine) -> None:
    with pytest.raises(ClientError, match=r"InvalidDefinition.*'_a' is not supported at /States/A"):
        machine(aws, "refused", {"A": {**PASS, "_a": 1}})
    arn = machine(aws, "kept", {"A": PASS})
    client = aws.client("stepfunctions")
    with pytest.raises(ClientError, match="InvalidDefinition"):
        client.update_state_machine(stateMachineArn=arn, definition=definition({**PASS, "_a": 1}))
    client.update_state_machine(stateMachineArn=arn, definition=definition(out("{% 1 + 1 %}")))
    assert output(run(aws, arn)) == 2


def test_plain_moto_still_takes_a_field_that_is_not_there_and_validates_nothing() -> None:
    printed = plain_moto("""
        sfn = client("stepfunctions")
        states = {"A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True,
            "Retry": [{"ErrorEquals": ["States.ALL"], "BackoffRate": 0.5}, {"ErrorEquals": ["E"]}]}}
        role = "arn:aws:iam::123456789012:role/r"
        text = json.dumps({"StartAt": "A", "States": states})
        print(sfn.create_state_machine(name="m", definition=text, roleArn=role)["stateMachineArn"])
        try:
            sfn.validate_state_machine_definition(definition=text)
        except Exception as error:
            print("not there", type(error).__name__)
    """)
    lines = printed.splitlines()
    assert lines[-2].endswith(":stateMachine:m") and lines[-1].startswith("not there")
