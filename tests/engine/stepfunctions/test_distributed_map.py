"""Distributed Map: each item an execution of its own, its limits kept, its outcomes exported."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import Engine
from tests.engine.stepfunctions.machines import ended, machine, output, run, start
from tests.engine.support import create_role, eventually, plain_moto, policy

BUCKET = "maps"
THRESHOLD = "States.ExceedToleratedFailureThreshold"


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.01, organization=None) as engine:
        create_role(engine, "machine", "states.amazonaws.com")
        engine.client("s3").create_bucket(Bucket=BUCKET)
        yield engine


def items(aws: Engine, *values: Any, key: str = "items.json") -> dict[str, Any]:
    """What an execution is started with, its items in S3."""
    aws.client("s3").put_object(Bucket=BUCKET, Key=key, Body=json.dumps(values))
    return {"bucket": BUCKET, "key": key}


def mapping(states: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A machine that maps the items of an object in S3 over some states, and exports how they ended."""
    over = {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Arguments": {"Bucket": "{% $given.bucket %}", "Key": "{% $given.key %}"},
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": next(iter(states)),
            "States": states,
        },
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Arguments": {"Bucket": "{% $given.bucket %}", "Prefix": "results"},
        },
        "Label": "each",
        "End": True,
    }
    over = {key: value for key, value in {**over, **more}.items() if value is not None}
    given = {"Type": "Pass", "Assign": {"given": "{% $states.input %}"}, "Next": "Each"}
    return {"Given": given, "Each": over}


ECHO = {"Echo": {"Type": "Pass", "End": True}}
WAIT = {"Wait": {"Type": "Wait", "Seconds": 5000, "End": True}}
FAIL_SOME: dict[str, Any] = {
    "Sort": {
        "Type": "Choice",
        "Choices": [
            {"Condition": "{% $states.input = 'bad' %}", "Next": "Bad"},
            {"Condition": "{% $states.input = 'slow' %}", "Next": "Slow"},
        ],
        "Default": "Good",
    },
    "Bad": {"Type": "Fail", "Error": "TooBad", "Cause": "{% 'it was ' & $states.input %}"},
    "Slow": {"Type": "Wait", "Seconds": 5000, "Next": "Good"},
    "Good": {"Type": "Succeed"},
}


def exported(aws: Engine, result: Any) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """The manifest, and the entries of each of its files."""
    where = result["ResultWriterDetails"]
    manifest = read(aws, where["Key"])
    assert manifest["DestinationBucket"] == where["Bucket"] == BUCKET
    assert manifest["MapRunArn"] == result["MapRunArn"]
    files = {
        status: [entry for file in entries for entry in read(aws, file["Key"], file["Size"])]
        for status, entries in manifest["ResultFiles"].items()
    }
    return manifest, files


def read(aws: Engine, key: str, size: int | None = None) -> Any:
    body = aws.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
    assert size in (None, len(body))
    return json.loads(body)


def newest_export(aws: Engine, execution: str) -> dict[str, list[Any]]:
    """What the one Map Run of an execution exported, which did not come to a result."""
    (found,) = aws.client("stepfunctions").list_map_runs(executionArn=execution)["mapRuns"]
    key = f"results/{found['mapRunArn'].split(':')[-1]}/manifest.json"
    return exported(
        aws, {"MapRunArn": found["mapRunArn"], "ResultWriterDetails": {"Bucket": BUCKET, "Key": key}}
    )[1]


def map_run(aws: Engine, execution: str) -> dict[str, Any]:
    client = aws.client("stepfunctions")
    (found,) = client.list_map_runs(executionArn=execution)["mapRuns"]
    described: dict[str, Any] = client.describe_map_run(mapRunArn=found["mapRunArn"])
    return described


def test_items_are_read_from_s3_and_how_each_ended_is_written_there(aws: Engine) -> None:
    arn = machine(aws, "both-ways", mapping(FAIL_SOME, ToleratedFailurePercentage=50))
    result = output(run(aws, arn, items(aws, "good", "bad", "fine")))
    assert set(result) == {"MapRunArn", "ResultWriterDetails"}
    label, run_id = result["MapRunArn"].split("/")[1].split(":")
    assert (label, result["ResultWriterDetails"]["Key"]) == ("each", f"results/{run_id}/manifest.json")
    manifest, files = exported(aws, result)
    assert manifest["ResultFiles"]["PENDING"] == []
    assert [file["Key"] for file in manifest["ResultFiles"]["FAILED"]] == [f"results/{run_id}/FAILED_0.json"]
    first, second = files["SUCCEEDED"]
    assert (json.loads(first["Input"]), json.loads(second["Output"])) == ("good", "fine")
    account = aws.management_account
    assert first == {
        "ExecutionArn": f"arn:aws:states:us-east-1:{account}:execution:both-ways/each:{first['Name']}",
        "Input": '"good"',
        "InputDetails": {"Included": True},
        "Name": first["Name"],
        "Output": '"good"',
        "OutputDetails": {"Included": True},
        "RedriveCount": 0,
        "RedriveStatus": "NOT_REDRIVABLE",
        "RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
        "StartDate": first["StartDate"],
        "StateMachineArn": f"{arn}/each",
        "Status": "SUCCEEDED",
        "StopDate": first["StopDate"],
    }
    assert datetime.fromisoformat(first["StartDate"]) <= datetime.fromisoformat(first["StopDate"])
    (failed,) = files["FAILED"]
    assert (failed["Status"], failed["Error"], failed["Cause"]) == ("FAILED", "TooBad", "it was bad")
    assert failed["RedriveStatus"] == "REDRIVABLE" and "Output" not in failed


def test_children_are_executions_that_can_be_asked_for(aws: Engine) -> None:
    arn = machine(aws, "asked", mapping(FAIL_SOME, ToleratedFailurePercentage=100))
    execution = run(aws, arn, items(aws, "bad", "good"))
    client, found = aws.client("stepfunctions"), map_run(aws, execution["executionArn"])
    assert (found["status"], found["itemCounts"]["failed"], found["itemCounts"]["total"]) == (
        "SUCCEEDED",
        1,
        2,
    )
    children = client.list_executions(mapRunArn=found["mapRunArn"])["executions"]
    assert sorted(child["status"] for child in children) == ["FAILED", "SUCCEEDED"]
    (failed,) = client.list_executions(mapRunArn=found["mapRunArn"], statusFilter="FAILED")["executions"]
    described = client.describe_execution(executionArn=failed["executionArn"])
    assert (described["error"], described["mapRunArn"]) == ("TooBad", found["mapRunArn"])
    history = client.get_execution_history(executionArn=failed["executionArn"])["events"]
    assert [event["type"] for event in history][-2:] == ["FailStateEntered", "ExecutionFailed"]
    assert len(client.list_executions(stateMachineArn=arn)["executions"]) == 1


@pytest.mark.parametrize(
    ("tolerated", "values", "status"),
    [
        (None, ["bad", "good", "good"], "FAILED"),
        (33, ["bad", "good", "good"], "FAILED"),
        (34, ["bad", "good", "good"], "SUCCEEDED"),
        (50, ["bad", "good"], "SUCCEEDED"),
        ("{% $given.share %}", ["bad", "good"], "SUCCEEDED"),
        ("{% $given.share - 0.5 %}", ["bad", "good"], "FAILED"),
        (100, ["bad", "bad", "bad"], "SUCCEEDED"),
    ],
)
def test_more_failures_than_are_tolerated_fail_the_map(
    aws: Engine, tolerated: Any, values: list[str], status: str
) -> None:
    name = f"tolerates-{abs(hash((tolerated, *values)))}"
    arn = machine(aws, name, mapping(FAIL_SOME, ToleratedFailurePercentage=tolerated))
    execution = run(aws, arn, {**items(aws, *values), "share": 50})
    assert execution["status"] == status
    if status == "FAILED":
        assert execution["error"] == THRESHOLD
        assert execution["cause"] == "The specified tolerated failure threshold was exceeded"


@pytest.mark.parametrize("number", [1, "{% 3 - 2 %}"])
def test_failures_may_be_tolerated_by_number(aws: Engine, number: int | str) -> None:
    states = mapping(FAIL_SOME, ToleratedFailureCount=number, MaxConcurrency=1)
    arn = machine(aws, f"counted-{type(number).__name__}", states)
    output(run(aws, arn, items(aws, "bad", "good")))
    execution = run(aws, arn, items(aws, "bad", "good", "bad", "good"))
    assert execution["error"] == THRESHOLD
    assert len(newest_export(aws, execution["executionArn"])["PENDING"]) == 1


def test_a_map_of_nothing_succeeds(aws: Engine) -> None:
    manifest, _ = exported(aws, output(run(aws, machine(aws, "empty", mapping(ECHO)), items(aws))))
    assert manifest["ResultFiles"] == {"FAILED": [], "PENDING": [], "SUCCEEDED": []}


def test_a_failed_map_aborts_what_runs_starts_nothing_more_and_says_so(aws: Engine) -> None:
    catch = [{"ErrorEquals": [THRESHOLD], "Output": "{% $states.errorOutput %}", "Next": "Caught"}]
    states = mapping(FAIL_SOME, MaxConcurrency=3, Catch=catch)
    arn = machine(aws, "aborts", states | {"Caught": {"Type": "Succeed"}})
    execution = run(aws, arn, items(aws, "slow", "slow", "bad", "good", "good"))
    assert output(execution)["Error"] == THRESHOLD
    files = newest_export(aws, execution["executionArn"])
    assert {entry["Status"] for entry in files["FAILED"]} == {"ABORTED", "FAILED"}
    assert [entry["Input"] for entry in files["FAILED"]] == ['"slow"', '"slow"', '"bad"']
    pending = {"Input": '"good"', "InputDetails": {"Included": True}, "Status": "PENDING"}
    assert files["PENDING"] == [pending, pending] and files["SUCCEEDED"] == []
    assert map_run(aws, execution["executionArn"])["status"] == "FAILED"


def test_a_child_catches_its_own_errors(aws: Engine) -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Output": "{% $states.errorOutput.Error %}", "Next": "Caught"}]
    states = {
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:iam:getRole",
            "Arguments": {"RoleName": "nobody"},
            "Catch": catch,
            "End": True,
        },
        "Caught": {"Type": "Succeed"},
    }
    arn = machine(aws, "catching", mapping(states, ResultWriter=None))
    assert output(run(aws, arn, items(aws, 1))) == ["Iam.NoSuchEntityException"]


def test_max_concurrency_is_kept_to_and_used(aws: Engine) -> None:
    hold = {"Hold": {"Type": "Wait", "Seconds": 20, "End": True}}
    arn = machine(aws, "three", mapping(hold, MaxConcurrency="{% $given.most %}"))
    execution = run(aws, arn, {**items(aws, *range(9)), "most": 3})
    _, files = exported(aws, output(execution))
    spans = [(entry["StartDate"], entry["StopDate"]) for entry in files["SUCCEEDED"]]
    moments = [moment for span in spans for moment in span]
    together = [sum(begun <= moment < over for begun, over in spans) for moment in moments]
    assert len(spans) == 9 and max(together) == 3


def test_a_thousand_items(aws: Engine) -> None:
    arn = machine(aws, "thousand", mapping(ECHO, MaxConcurrency=20))
    _, files = exported(aws, output(run(aws, arn, items(aws, *range(1000)))))
    assert [json.loads(entry["Output"]) for entry in files["SUCCEEDED"]] == list(range(1000))


def test_a_child_knows_its_input_its_own_execution_and_no_more(aws: Engine) -> None:
    who = {
        "Who": {
            "Type": "Pass",
            "Output": {
                "input": "{% $states.input %}",
                "id": "{% $states.context.Execution.Id %}",
                "machine": "{% $states.context.StateMachine.Name %}",
                "map": "{% $exists($states.context.Map) %}",
            },
            "End": True,
        }
    }
    selector = {
        "value": "{% $states.context.Map.Item.Value %}",
        "index": "{% $states.context.Map.Item.Index %}",
        "key": "{% $given.key %}",
    }
    arn = machine(aws, "who", mapping(who, ItemSelector=selector, ResultWriter=None))
    one, two = output(run(aws, arn, items(aws, "a", "b")))
    assert one["input"] == {"value": "a", "index": 0, "key": "items.json"}
    assert two["input"]["value"] == "b" and one["id"] != two["id"]
    assert ":execution:who/each:" in one["id"] and (one["machine"], one["map"]) == ("who/each", False)


def test_variables_of_the_machine_are_refused_in_a_child(aws: Engine) -> None:
    inner = {"Use": {"Type": "Pass", "Output": "{% $given.key %}", "End": True}}
    with pytest.raises(ClientError, match=r"cannot reference variables in outer scopes: \$given"):
        machine(aws, "foreign", mapping(inner))
    own = {"Use": {"Type": "Pass", "Output": "{% ($given := 1; $given + 1) %}", "End": True}}
    assert output(run(aws, machine(aws, "own", mapping(own, ResultWriter=None)), items(aws, 0))) == [2]


def test_a_stopped_execution_aborts_its_children_at_once(aws: Engine) -> None:
    client = aws.client("stepfunctions")
    execution = start(aws, machine(aws, "stopped", mapping(WAIT, MaxConcurrency=5)), items(aws, *range(50)))
    eventually(
        lambda: (
            client.list_map_runs(executionArn=execution)["mapRuns"]
            and map_run(aws, execution)["itemCounts"]["running"] == 5
        )
    )
    client.stop_execution(executionArn=execution, error="Enough")
    assert ended(aws, execution)["status"] == "ABORTED"
    eventually(lambda: map_run(aws, execution)["itemCounts"]["aborted"] == 5)
    assert map_run(aws, execution)["itemCounts"]["pending"] == 45
    eventually(lambda: map_run(aws, execution)["status"] == "ABORTED")


def test_what_cannot_be_read_fails_the_map_by_name(aws: Engine) -> None:
    arn = machine(aws, "unread", mapping(ECHO))
    missing = run(aws, arn, {"bucket": BUCKET, "key": "nowhere"})
    assert missing["error"] == "States.ItemReaderFailed" and "NoSuchKey" in missing["cause"]
    aws.client("s3").put_object(Bucket=BUCKET, Key="object.json", Body='{"no": "list"}')
    assert run(aws, arn, {"bucket": BUCKET, "key": "object.json"})["error"] == "States.ItemReaderFailed"
    aws.client("s3").put_object(Bucket=BUCKET, Key="text", Body="no JSON")
    assert run(aws, arn, {"bucket": BUCKET, "key": "text"})["error"] == "States.ItemReaderFailed"


@pytest.mark.parametrize(
    ("operation", "error"),
    [("GetObject", "States.ItemReaderFailed"), ("PutObject", "States.ResultWriterFailed")],
)
def test_a_lost_answer_of_s3_fails_the_map_by_name(aws: Engine, operation: str, error: str) -> None:
    arn, given = machine(aws, f"lost-{operation}", mapping(ECHO)), items(aws, 1, 2)
    aws.faults.plan([{"service": "s3", "operation": operation, "when": "after", "effect": "reset"}])
    try:
        assert run(aws, arn, given)["error"] == error
    finally:
        aws.faults.clear()


@pytest.mark.parametrize(
    ("action", "error"),
    [
        ("s3:GetObject", "States.ItemReaderFailed"),
        ("s3:PutObject", "States.ResultWriterFailed"),
        ("states:StartExecution", "States.Permissions"),
    ],
)
def test_the_machines_role_needs_each_of_its_permissions(aws: Engine, action: str, error: str) -> None:
    name = action.replace(":", "-")
    own = f"arn:aws:states:us-east-1:{aws.management_account}:stateMachine:{name}"
    needed = {"s3:GetObject": f"arn:aws:s3:::{BUCKET}/*", "s3:PutObject": f"arn:aws:s3:::{BUCKET}/*"}
    needed["states:StartExecution"] = own
    create_role(aws, name, "states.amazonaws.com", "sqs:ListQueues")
    arn = machine(aws, name, mapping(ECHO), role=name)

    def allow(*actions: str) -> None:
        may = [{"Effect": "Allow", "Action": each, "Resource": needed[each]} for each in actions]
        aws.client("iam").put_role_policy(RoleName=name, PolicyName="allow", PolicyDocument=policy(*may))

    allow(*needed)
    given = items(aws, 1, 2)
    output(run(aws, arn, given))
    allow(*(each for each in needed if each != action))
    failed = run(aws, arn, given)
    assert failed["error"] == error and action in failed["cause"]
    assert (action, "denied") in {
        (call.action, call.verdict) for call in aws.calls if name in str(call.principal_arn)
    }


@pytest.mark.parametrize(
    ("refused", "more"),
    [
        ("ItemBatcher", {"ItemBatcher": {"MaxItemsPerBatch": 5}}),
        ("WriterConfig", {"ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "WriterConfig": {}}}),
        ("InputType MANIFEST", {"ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "MANIFEST"}}}),
        ("ItemReader is of Map states in DISTRIBUTED mode", {"ItemProcessor": {"StartAt": "Echo", "States": ECHO}}),
        ("needs an ExecutionType", {"ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED"}, "StartAt": "Echo", "States": ECHO}}),
    ],
)  # fmt: skip
def test_what_is_not_executed_is_refused(aws: Engine, refused: str, more: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match=refused):
        machine(aws, "refused", mapping(ECHO, **more))


def test_plain_moto_still_tolerates_every_failure_and_keeps_no_outcomes() -> None:
    printed = plain_moto("""
        import time
        default_user_config["stepfunctions"] = {"execute_state_machine": True}
        s3, sfn = client("s3"), client("stepfunctions")
        s3.create_bucket(Bucket="maps")
        processor = {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "F",
            "States": {"F": {"Type": "Fail", "Error": "E"}},
        }
        writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "maps", "Prefix": "p"}}
        each = {"Type": "Map", "ItemProcessor": processor, "ResultWriter": writer, "End": True}
        definition = {"StartAt": "Each", "States": {"Each": each}}
        made = sfn.create_state_machine(
            name="m", definition=json.dumps(definition), roleArn="arn:aws:iam::123456789012:role/r"
        )
        started = sfn.start_execution(stateMachineArn=made["stateMachineArn"], input="[1, 2]")["executionArn"]
        while (found := sfn.describe_execution(executionArn=started))["status"] == "RUNNING":
            time.sleep(0.1)
        (manifest,) = s3.list_objects_v2(Bucket="maps")["Contents"]
        written = json.loads(s3.get_object(Bucket="maps", Key=manifest["Key"])["Body"].read())
        print(found["status"], written["ResultFiles"]["FAILED"])
    """)
    assert printed.splitlines()[-1] == "SUCCEEDED []"
