"""Executions that wait for an execution they started: outcomes, permissions, and what a stop reaches."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import Engine
from tests.engine.stepfunctions.machines import ended, machine, output, run, start
from tests.engine.support import create_role, eventually, plain_moto, policy

RULE = "StepFunctionsGetEventsForStepFunctionsExecutionRule"


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.01, organization=None) as engine:
        create_role(engine, "machine", "states.amazonaws.com")
        engine.client("s3").create_bucket(Bucket="nested")
        machine(engine, "child", CHILD)
        machine(engine, "sleeper", {"Sleep": {"Type": "Wait", "Seconds": 5000, "End": True}})
        yield engine


CHILD: dict[str, Any] = {
    "Sort": {
        "Type": "Choice",
        "Choices": [{"Condition": "{% $states.input.n = 13 %}", "Next": "Bad"}],
        "Default": "Hold",
    },
    "Hold": {"Type": "Wait", "Seconds": 1, "Next": "Good"},
    "Bad": {"Type": "Fail", "Error": "Unlucky", "Cause": "it was 13"},
    "Good": {"Type": "Pass", "Output": {"doubled": "{% $states.input.n * 2 %}"}, "End": True},
}


def arn_of(aws: Engine, kind: str, name: str) -> str:
    return f"arn:aws:states:us-east-1:{aws.management_account}:{kind}:{name}"


def waiting(aws: Engine, child: str = "child", **more: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": {
            "StateMachineArn": arn_of(aws, "stateMachine", child),
            "Input": "{% $states.input %}",
        },
        "End": True,
        **more,
    }


def test_the_result_is_the_childs_description_with_its_output_as_json(aws: Engine) -> None:
    result = output(run(aws, machine(aws, "waits", {"Child": waiting(aws)}), {"n": 4}))
    assert result == {
        "ExecutionArn": result["ExecutionArn"],
        "Input": {"n": 4},
        "InputDetails": {"Included": True},
        "Name": result["Name"],
        "Output": {"doubled": 8},
        "OutputDetails": {"Included": True},
        "RedriveCount": 0,
        "RedriveStatus": "NOT_REDRIVABLE",
        "RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
        "StartDate": result["StartDate"],
        "StateMachineArn": arn_of(aws, "stateMachine", "child"),
        "Status": "SUCCEEDED",
        "StopDate": result["StopDate"],
    }
    assert 1e12 < result["StartDate"] <= result["StopDate"]


def test_a_failed_child_fails_the_task_and_its_description_is_the_cause(aws: Engine) -> None:
    catch = [
        {"ErrorEquals": ["Unlucky"], "Next": "Caught"},
        {"ErrorEquals": ["States.TaskFailed"], "Output": "{% $parse($states.errorOutput.Cause) %}", "Next": "Caught"},
    ]  # fmt: skip
    states = {"Child": waiting(aws, Catch=catch), "Caught": {"Type": "Succeed"}}
    cause = output(run(aws, machine(aws, "catches", states), {"n": 13}))
    assert (cause["Error"], cause["Cause"], cause["Status"]) == ("Unlucky", "it was 13", "FAILED")
    assert (cause["Input"], cause["RedriveStatus"]) == ('{"n":13}', "REDRIVABLE")
    assert list(cause) == sorted(cause) and "Output" not in cause


def test_stopping_the_parent_stops_the_child(aws: Engine) -> None:
    client = aws.client("stepfunctions")
    parent = start(aws, machine(aws, "stops", {"Child": waiting(aws, "sleeper")}))
    sleeper = arn_of(aws, "stateMachine", "sleeper")
    children = eventually(lambda: client.list_executions(stateMachineArn=sleeper)["executions"])
    client.stop_execution(executionArn=parent)
    assert ended(aws, parent)["status"] == "ABORTED"
    child = ended(aws, children[0]["executionArn"])
    assert child["status"] == "ABORTED" and f"execution [{parent}] which was managing" in child["cause"]


def test_a_parent_stopped_at_any_moment_leaves_no_child_behind(aws: Engine) -> None:
    client, sleeper = aws.client("stepfunctions"), arn_of(aws, "stateMachine", "sleeper")
    arn = machine(aws, "hasty", {"Child": waiting(aws, "sleeper")})
    parents = []
    for number in range(15):
        parents.append(start(aws, arn))
        for _ in range(number):
            client.describe_execution(executionArn=parents[-1])
        client.stop_execution(executionArn=parents[-1])
    assert {ended(aws, parent)["status"] for parent in parents} == {"ABORTED"}
    running = {"stateMachineArn": sleeper, "statusFilter": "RUNNING"}
    eventually(lambda: not client.list_executions(**running)["executions"])


def test_a_task_that_times_out_stops_its_child(aws: Engine) -> None:
    states = {"Child": waiting(aws, "sleeper", TimeoutSeconds=1)}
    assert run(aws, machine(aws, "impatient", states))["error"] == "States.Timeout"
    sleeper = arn_of(aws, "stateMachine", "sleeper")
    client = aws.client("stepfunctions")
    eventually(
        lambda: not client.list_executions(stateMachineArn=sleeper, statusFilter="RUNNING")["executions"]
    )


def test_sixty_children_of_a_distributed_map_ten_at_a_time(aws: Engine) -> None:
    aws.client("s3").put_object(Bucket="nested", Key="n", Body=json.dumps([{"n": n} for n in range(60)]))
    caught = [{"ErrorEquals": ["States.TaskFailed"], "Output": "unlucky", "Next": "Caught"}]
    child = waiting(aws, Output="{% $states.result.Output.doubled %}", Catch=caught)
    states = {
        "Each": {
            "Type": "Map",
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {"InputType": "JSON"},
                "Arguments": {"Bucket": "nested", "Key": "n"},
            },
            "MaxConcurrency": 10,
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "Child",
                "States": {"Child": child, "Caught": {"Type": "Succeed"}},
            },
            "End": True,
        }
    }
    since = len(aws.calls)
    results = output(run(aws, machine(aws, "sixty", states)))
    assert results == [n * 2 if n != 13 else "unlucky" for n in range(60)]
    asked = [call for call in aws.calls[since:] if "/states" in str(call.principal_arn)]
    assert sum(call.operation == "DescribeExecution" for call in asked) <= 2 * 60


PERMISSIONS = {
    "states:StartExecution": "arn:aws:states:us-east-1:{}:stateMachine:child",
    "states:DescribeExecution": "arn:aws:states:us-east-1:{}:execution:child:*",
    "events:PutTargets": f"arn:aws:events:us-east-1:{{}}:rule/{RULE}",
    "events:PutRule": f"arn:aws:events:us-east-1:{{}}:rule/{RULE}",
    "events:DescribeRule": f"arn:aws:events:us-east-1:{{}}:rule/{RULE}",
}


def allowed(aws: Engine, role: str, *actions: str) -> None:
    may = [
        {"Effect": "Allow", "Action": each, "Resource": PERMISSIONS[each].format(aws.management_account)}
        for each in actions
    ]
    aws.client("iam").put_role_policy(RoleName=role, PolicyName="allow", PolicyDocument=policy(*may))


def test_what_aws_documents_for_this_pattern_is_enough(aws: Engine) -> None:
    create_role(aws, "enough", "states.amazonaws.com")
    allowed(aws, "enough", *PERMISSIONS)
    arn = machine(aws, "enough", {"Child": waiting(aws)}, role="enough")
    assert output(run(aws, arn, {"n": 1}))["Output"] == {"doubled": 2}


@pytest.mark.parametrize("missing", [action for action in PERMISSIONS if action.startswith("events:")])
def test_a_role_that_may_not_make_the_managed_rule_makes_no_machine(aws: Engine, missing: str) -> None:
    role = missing.replace(":", "-")
    arn = create_role(aws, role, "states.amazonaws.com")
    allowed(aws, role, *(action for action in PERMISSIONS if action != missing))
    told = f"AccessDeniedException.*'{arn}' is not authorized to create managed-rule"
    with pytest.raises(ClientError, match=told):
        machine(aws, role, {"Child": waiting(aws)}, role=role)
    harmless = machine(aws, role, {"Pass": {"Type": "Pass", "End": True}}, role=role)
    definition = {"QueryLanguage": "JSONata", "StartAt": "Child", "States": {"Child": waiting(aws)}}
    with pytest.raises(ClientError, match=told):
        aws.client("stepfunctions").update_state_machine(
            stateMachineArn=harmless, definition=json.dumps(definition)
        )


@pytest.mark.parametrize("missing", [action for action in PERMISSIONS if action.startswith("states:")])
def test_a_role_that_may_not_start_or_look_at_the_child_fails_the_task(aws: Engine, missing: str) -> None:
    role = missing.replace(":", "-")
    create_role(aws, role, "states.amazonaws.com")
    allowed(aws, role, *(action for action in PERMISSIONS if action != missing))
    failed = run(aws, machine(aws, role, {"Child": waiting(aws)}, role=role), {"n": 1})
    assert failed["error"] == "StepFunctions.AccessDeniedException" and missing in failed["cause"]


def test_a_role_that_may_not_stop_the_child_leaves_it_running(aws: Engine) -> None:
    client, child = aws.client("stepfunctions"), arn_of(aws, "stateMachine", "sleeper")
    own: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": "states:StartExecution", "Resource": child},
        {"Effect": "Allow", "Action": ["states:DescribeExecution", "events:*"], "Resource": "*"},
    ]
    create_role(aws, "no-stop", "states.amazonaws.com")
    aws.client("iam").put_role_policy(RoleName="no-stop", PolicyName="allow", PolicyDocument=policy(*own))
    parent = start(aws, machine(aws, "no-stop", {"Child": waiting(aws, "sleeper")}, role="no-stop"))
    running = {"stateMachineArn": child, "statusFilter": "RUNNING"}
    eventually(lambda: client.list_executions(**running)["executions"])
    client.stop_execution(executionArn=parent)

    def denied() -> bool:
        return ("StopExecution", "denied") in {(call.operation, call.verdict) for call in aws.calls}

    eventually(denied)
    (left,) = client.list_executions(**running)["executions"]
    client.stop_execution(executionArn=left["executionArn"])


def test_plain_moto_still_checks_no_role_of_a_waiting_machine() -> None:
    printed = plain_moto("""
        default_user_config["stepfunctions"] = {"execute_state_machine": True}
        task = {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Parameters": {"StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:child"},
            "End": True,
        }
        made = client("stepfunctions").create_state_machine(
            name="m",
            definition=json.dumps({"StartAt": "A", "States": {"A": task}}),
            roleArn="arn:aws:iam::123456789012:role/nobody",
        )
        print(made["stateMachineArn"].rsplit(":")[-1])
    """)
    assert printed.splitlines()[-1] == "m"
