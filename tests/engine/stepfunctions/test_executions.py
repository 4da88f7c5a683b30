"""The Step Functions adapter: executions as the Amazon States Language and AWS have them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import Engine
from tests.engine.stepfunctions.machines import ended, machine, output, run
from tests.engine.support import create_function, create_role, eventually, plain_moto, policy

CODE = """
def handle(event, context):
    if "fail" in event:
        raise type(event["fail"], (Exception,), {})("because")
    return {"got": event}
"""


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.01, organization=None) as engine:
        create_role(engine, "machine", "states.amazonaws.com")
        create_role(engine, "function", "lambda.amazonaws.com")
        create_function(engine, "work", CODE, role="function")
        yield engine


def distrusting_machine(aws: Engine, name: str, states: dict[str, Any]) -> str:
    """A machine whose role has ceased to trust Step Functions after the machine was made."""
    create_role(aws, name, "states.amazonaws.com")
    arn = machine(aws, name, states, role=name)
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    aws.client("iam").update_assume_role_policy(RoleName=name, PolicyDocument=policy(trust))
    return arn


def expressions(aws: Engine, named: str, event: Any, **wanted: str) -> Any:
    done = {"Type": "Pass", "Output": {key: f"{{% {text} %}}" for key, text in wanted.items()}, "End": True}
    return output(run(aws, machine(aws, named, {"Only": done}), event))


def call(**arguments: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": arguments}


def work(payload: Any, **more: Any) -> dict[str, Any]:
    return {**call(FunctionName="work", Payload=payload), "Output": "{% $states.result.Payload %}", **more}


def test_times_of_the_context_object_are_iso_8601(aws: Engine) -> None:
    moments = {
        "started": "$states.context.Execution.StartTime",
        "entered": "$states.context.State.EnteredTime",
        "millis": "$toMillis($states.context.Execution.StartTime)",
    }
    got = expressions(aws, "times", {}, **moments)
    for moment in (got["started"], got["entered"]):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", moment)
    assert got["millis"] == round(datetime.fromisoformat(got["started"]).timestamp() * 1000)
    in_paths = {"Type": "Pass", "QueryLanguage": "JSONPath", "Parameters": {"at.$": "$$.Execution.StartTime"}}
    arn = machine(aws, "times-in-paths", {"Only": {**in_paths, "End": True}}, QueryLanguage="JSONPath")
    assert re.fullmatch(r"[-0-9]{10}T[:0-9]{8}\.\d{3}Z", output(run(aws, arn))["at"])


def test_the_functions_that_step_functions_adds_to_jsonata(aws: Engine) -> None:
    got = expressions(
        aws,
        "functions",
        {"text": '{"a": [1, null]}'},
        hash="$hash('abc', 'SHA-256')",
        chunks="$partition([1..5], 2)",
        range="$range(1, 9, 4)",
        parsed="$parse($states.input.text)",
        same="$random(7) = $random(7)",
        uuid="$length($uuid())",
        name="$states.context.StateMachine.Name",
    )
    assert got == {
        "hash": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "chunks": [[1, 2], [3, 4], [5]],
        "range": [1, 5, 9],
        "parsed": {"a": [1, None]},
        "same": True,
        "uuid": 36,
        "name": "functions",
    }


def test_strings_with_quotes_survive_variables_literals_and_expressions(aws: Engine) -> None:
    awkward = 'he said "no\\yes"\nand é'
    states = {
        "Set": {
            "Type": "Pass",
            "Assign": {"literal": awkward, "taken": "{% $states.input.text %}"},
            "Next": "Get",
        },
        "Get": {
            "Type": "Pass",
            "Output": {"literal": "{% $literal %}", "taken": "{% $taken & $literal %}", "plain": awkward},
            "End": True,
        },
    }
    got = output(run(aws, machine(aws, "quotes", states), {"text": awkward}))
    assert got == {"literal": awkward, "taken": awkward + awkward, "plain": awkward}


def test_an_expression_that_gives_nothing_fails_the_state(aws: Engine) -> None:
    states = {"Only": {"Type": "Pass", "Output": "{% $states.input.missing %}", "End": True}}
    ended = run(aws, machine(aws, "nothing", states))
    assert (ended["status"], ended["error"]) == ("FAILED", "States.QueryEvaluationError")
    assert "$states.input.missing" in ended["cause"]


def test_a_function_is_called_as_the_machines_role(aws: Engine) -> None:
    states = {"Call": work({"a": "{% $states.input.n + 1 %}"}, End=True)}
    assert output(run(aws, machine(aws, "call", states), {"n": 1})) == {"got": {"a": 2}}
    refused = run(aws, distrusting_machine(aws, "untrusted", states), {"n": 1})
    assert refused["status"] == "FAILED" and "unable to assume role" in refused["cause"]


def test_errors_are_retried_by_name_and_caught(aws: Engine) -> None:
    retry = [{"ErrorEquals": ["NotYet"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 2}]
    catch = [{"ErrorEquals": ["States.ALL"], "Output": "{% $states.errorOutput.Error %}", "Next": "Caught"}]
    states = {
        "Call": work({"fail": "NotYet"}, Retry=retry, Catch=catch, End=True),
        "Caught": {"Type": "Pass", "End": True},
    }
    ended = run(aws, machine(aws, "retry", states))
    assert output(ended) == "NotYet"
    history = aws.client("stepfunctions").get_execution_history(executionArn=ended["executionArn"])["events"]
    assert sum(event["type"] == "TaskFailed" for event in history) == 3


def test_a_history_comes_in_pages_from_either_end(aws: Engine) -> None:
    names = [f"State{number}" for number in range(60)]
    states = {
        name: {"Type": "Pass", **({"Next": after} if after else {"End": True})}
        for name, after in zip(names, [*names[1:], ""], strict=True)
    }
    execution = run(aws, machine(aws, "pages", states))["executionArn"]
    client = aws.client("stepfunctions")
    first = client.get_execution_history(executionArn=execution)
    assert [event["id"] for event in first["events"]] == list(range(1, 101))
    pages = client.get_paginator("get_execution_history")
    for size in (7, 61, 1000):
        forwards, backwards = (
            [
                event["id"]
                for page in pages.paginate(
                    executionArn=execution, reverseOrder=reverse, PaginationConfig={"PageSize": size}
                )
                for event in page["events"]
            ]
            for reverse in (False, True)
        )
        assert forwards == backwards[::-1] == list(range(1, 123))
    with pytest.raises(ClientError, match="InvalidToken"):
        client.get_execution_history(executionArn=execution, nextToken="123")


def test_states_all_does_not_catch_runtime_errors(aws: Engine) -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    states = {
        "Call": work({}, Catch=catch, End=True),
        "Caught": {"Type": "Pass", "End": True},
    }
    ended = run(aws, distrusting_machine(aws, "runtime", states))
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")


def test_a_child_execution_is_awaited_and_its_output_is_json(aws: Engine) -> None:
    child = machine(aws, "child", {"Only": {"Type": "Pass", "Output": {"a": 1}, "End": True}})
    states = {
        "Child": {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Arguments": {"StateMachineArn": child, "Input": {"b": 2}},
            "Output": "{% $states.result.Output %}",
            "End": True,
        }
    }
    assert output(run(aws, machine(aws, "parent", states))) == {"a": 1}


def test_sdk_results_are_spelled_and_timed_as_json(aws: Engine) -> None:
    states = {
        "Roles": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:iam:getRole",
            "Arguments": {"RoleName": "machine"},
            "Output": "{% $states.result.Role.CreateDate %}",
            "Next": "Missing",
        },
        "Missing": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:iam:getRole",
            "Arguments": {"RoleName": "nobody"},
            "Catch": [{"ErrorEquals": ["Iam.NoSuchEntityException"], "Next": "Done"}],
            "End": True,
        },
        "Done": {"Type": "Pass", "Output": "{% $states.context.State.Name %}", "End": True},
    }
    ended = run(aws, machine(aws, "sdk", states))
    assert output(ended) == "Done"


def test_waiting_follows_the_scaled_clock(aws: Engine) -> None:
    states = {"Wait": {"Type": "Wait", "Seconds": 100, "End": True}}
    ended = run(aws, machine(aws, "wait", states))
    assert (ended["stopDate"] - ended["startDate"]).total_seconds() >= 1


INNER = {"StartAt": "In", "States": {"In": {"Type": "Pass", "Assign": {"n": 2}, "End": True}}}


@pytest.mark.parametrize(
    "within",
    [
        {"Type": "Parallel", "Branches": [INNER]},
        {"Type": "Map", "Items": [1], "ItemProcessor": INNER},
        {
            "Type": "Map",
            "Items": [1],
            "ItemProcessor": INNER
            | {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}},
        },
    ],
)
def test_a_variable_is_assigned_in_one_scope_only(aws: Engine, within: dict[str, Any]) -> None:
    def states(outer: str) -> dict[str, Any]:
        return {
            "Out": {"Type": "Pass", "Assign": {outer: 1}, "Next": "Within"},
            "Within": {**within, "End": True},
        }

    with pytest.raises(ClientError, match=r"InvalidDefinition.*SCHEMA_VALIDATION_FAILED: the variable \$n"):
        machine(aws, "two-scopes", states("n"))
    name = f"one-scope-{within['Type']}-{'ProcessorConfig' in within.get('ItemProcessor', {})}"
    assert machine(aws, name, states("m"))


def test_definitions_that_cannot_run_are_refused(aws: Engine) -> None:
    wrong: dict[str, dict[str, Any]] = {
        "Missing 'Next' target: Nowhere": {"A": {"Type": "Pass", "Next": "Nowhere"}},
        "is no valid JSONata": {"A": {"Type": "Pass", "Output": "{% $sum( %}", "End": True}},
        "ItemBatcher is of Map states": {
            "A": {"Type": "Map", "ItemBatcher": {}, "ItemProcessor": INNER, "End": True}
        },
    }
    for message, states in wrong.items():
        with pytest.raises(ClientError, match="InvalidDefinition") as refusal:
            machine(aws, "wrong", states)
        assert message in str(refusal.value)


def test_one_name_starts_one_execution(aws: Engine) -> None:
    arn = machine(aws, "once", {"Wait": {"Type": "Wait", "Seconds": 500, "End": True}})
    client = aws.client("stepfunctions")
    starts = [
        aws.in_background(lambda: client.start_execution(stateMachineArn=arn, name="same", input="{}"))
        for _ in range(20)
    ]
    assert len({start.result()["executionArn"] for start in starts if start}) == 1
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        client.start_execution(stateMachineArn=arn, name="same", input='{"other": 1}')


def test_every_change_of_status_is_an_event(aws: Engine) -> None:
    queue = aws.client("sqs").create_queue(
        QueueName="statuses",
        Attributes={
            "Policy": json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "events.amazonaws.com"},
                            "Action": "sqs:SendMessage",
                            "Resource": "*",
                        }
                    ],
                }
            )
        },
    )["QueueUrl"]
    events = aws.client("events")
    events.put_rule(Name="statuses", EventPattern=json.dumps({"source": ["aws.states"]}))
    arn = f"arn:aws:sqs:us-east-1:{aws.management_account}:statuses"
    events.put_targets(Rule="statuses", Targets=[{"Id": "queue", "Arn": arn}])
    succeeded = run(aws, machine(aws, "succeeds", {"A": {"Type": "Pass", "End": True}}), {"a": 1})
    failed = run(aws, machine(aws, "fails", {"A": {"Type": "Fail", "Error": "E", "Cause": "C"}}))
    wait = {"A": {"Type": "Wait", "Seconds": 5000, "End": True}}
    timed_out = run(aws, machine(aws, "times-out", wait, TimeoutSeconds=1))
    stopped = machine(aws, "stopped", wait)
    client = aws.client("stepfunctions")
    aborted = client.start_execution(stateMachineArn=stopped)["executionArn"]
    client.stop_execution(executionArn=aborted, error="Stop", cause="asked to")
    assert (failed["error"], failed["cause"]) == ("E", "C")
    assert timed_out["stopDate"] >= timed_out["startDate"]

    seen: dict[tuple[str, str], dict[str, Any]] = {}

    def all_eight() -> bool:
        for message in aws.client("sqs").receive_message(QueueUrl=queue).get("Messages", []):
            event = json.loads(message["Body"])
            seen[event["detail"]["executionArn"], event["detail"]["status"]] = event
        return len(seen) == 8

    eventually(all_eight)
    event = seen[succeeded["executionArn"], "SUCCEEDED"]
    assert event["detail-type"] == "Step Functions Execution Status Change"
    assert event["resources"] == [succeeded["executionArn"]]
    assert json.loads(event["detail"]["output"]) == json.loads(event["detail"]["input"]) == {"a": 1}
    assert event["detail"]["stopDate"] >= event["detail"]["startDate"] > 1e12
    assert seen[failed["executionArn"], "FAILED"]["detail"]["error"] == "E"
    assert (timed_out["executionArn"], "TIMED_OUT") in seen
    detail = seen[aborted, "ABORTED"]["detail"]
    assert (detail["error"], detail["cause"]) == ("Stop", "asked to")


def test_plain_moto_still_evaluates_no_jsonata_and_accepts_what_cannot_run() -> None:
    printed = plain_moto("""
        default_user_config["stepfunctions"] = {"execute_state_machine": True}
        sfn = client("stepfunctions")
        def machine(state):
            definition = {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": state}}
            role = "arn:aws:iam::123456789012:role/r"
            name = state["Type"] + str(len(state))
            made = sfn.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)
            return made["stateMachineArn"]
        machine({"Type": "Pass", "Next": "Nowhere", "Comment": "accepted"})
        arn = machine({"Type": "Pass", "Output": "{% 1 + 1 %}", "End": True})
        started = sfn.start_execution(stateMachineArn=arn, name="one")["executionArn"]
        while (found := sfn.describe_execution(executionArn=started))["status"] == "RUNNING":
            pass
        print(found["status"])
    """)
    assert printed.splitlines()[-1] == "FAILED"


def test_events_that_the_role_may_not_send_fail_their_task_and_can_be_caught(aws: Engine) -> None:
    create_role(aws, "silent", "states.amazonaws.com", "lambda:InvokeFunction")
    entry = {"Source": "test", "DetailType": "Said", "Detail": {}}
    states = {
        "Say": {
            "Type": "Task",
            "Resource": "arn:aws:states:::events:putEvents",
            "Arguments": {"Entries": [entry]},
            "Catch": [
                {"ErrorEquals": ["States.ALL"], "Output": "{% $states.errorOutput %}", "Next": "Caught"}
            ],
            "End": True,
        },
        "Caught": {"Type": "Succeed"},
    }
    caught = output(run(aws, machine(aws, "silent", states, role="silent")))
    assert caught["Error"] == "EventBridge.AccessDeniedException"
    assert "events:PutEvents" in caught["Cause"]


def test_an_execution_stopped_while_its_branches_begin_ends(aws: Engine) -> None:
    wait = {"Type": "Wait", "Seconds": 5000, "End": True}
    waiting = [{"StartAt": f"W{number}", "States": {f"W{number}": wait}} for number in range(5)]
    arn = machine(aws, "branches", {"P": {"Type": "Parallel", "Branches": waiting, "End": True}})
    client = aws.client("stepfunctions")
    started = [client.start_execution(stateMachineArn=arn)["executionArn"] for _ in range(20)]
    for execution in started:
        client.stop_execution(executionArn=execution)

    def all_aborted() -> bool:
        seen = {client.describe_execution(executionArn=execution)["status"] for execution in started}
        return seen == {"ABORTED"}

    eventually(all_aborted)


def test_an_input_is_json_of_at_most_262144_bytes(aws: Engine) -> None:
    client, arn = (
        aws.client("stepfunctions"),
        machine(aws, "bounded", {"Only": {"Type": "Pass", "End": True}}),
    )
    fits = json.dumps("x" * 262_142)
    assert output(ended(aws, client.start_execution(stateMachineArn=arn, input=fits)["executionArn"]))
    with pytest.raises(ClientError, match=r"ValidationException.*less than or equal to 262144"):
        client.start_execution(stateMachineArn=arn, input=json.dumps("x" * 262_143))
    for no_json in ("NaN", '{"a": -Infinity}', "[" * 50_000 + "]" * 50_000):
        with pytest.raises(ClientError, match="InvalidExecutionInput"):
            client.start_execution(stateMachineArn=arn, input=no_json)


def test_what_a_task_is_given_is_bounded_too(aws: Engine) -> None:
    tried = work("{% $states.input %}", Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Never"}], End=True)
    arn = machine(aws, "too-much", {"Only": tried, "Never": {"Type": "Succeed"}})
    execution = run(aws, arn, {"fail": "x" * 262_100})  # what fails in the function is caught
    assert (execution["status"], execution["error"]) == ("FAILED", "States.DataLimitExceeded")


def test_half_of_a_surrogate_pair_is_text_like_any_other(aws: Engine) -> None:
    arn = machine(
        aws, "surrogate", {"Only": {"Type": "Pass", "Next": "Then"}, "Then": work({"no": 1}, End=True)}
    )
    started = aws.client("stepfunctions").start_execution(stateMachineArn=arn, input='"\\ud800"')
    assert ended(aws, started["executionArn"])["status"] == "SUCCEEDED"


def test_an_input_may_be_deep_and_not_without_end(aws: Engine) -> None:
    client = aws.client("stepfunctions")
    arn = machine(aws, "deep", {"Only": {"Type": "Pass", "Output": "{% $states.input %}", "End": True}})
    deep = "[" * 900 + "]" * 900
    started = client.start_execution(stateMachineArn=arn, input=deep)
    assert ended(aws, started["executionArn"])["output"] == deep
    with pytest.raises(ClientError, match="InvalidExecutionInput"):
        client.start_execution(stateMachineArn=arn, input="[" * 1001 + "]" * 1001)
