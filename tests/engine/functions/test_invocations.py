"""The Lambda adapter: functions run under AWS's runtime client, with AWS's failures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import Engine
from tests.engine.support import create_function, create_role, eventually, plain_moto, zipped

CODE = """
import json, logging, os, sys, time
import boto3

def handle(event, context):
    match event.get("do"):
        case "raise":
            raise ValueError("no such thing")
        case "sleep":
            time.sleep(30)
        case "exit":
            sys.exit(3)
        case "whoami":
            return boto3.client("sts").get_caller_identity()["Arn"]
        case "environment":
            return dict(os.environ)
        case "large":
            return "x" * event["bytes"]
        case "log":
            print("printed")
            logging.getLogger().warning("warned")
    return {"pid": os.getpid(), "remaining": context.get_remaining_time_in_millis(), "event": event}
"""


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.001, organization=None) as engine:
        create_role(engine, "function", "lambda.amazonaws.com")
        yield engine


def create(aws: Engine, name: str, code: str = CODE, **more: Any) -> Any:
    return create_function(aws, name, code, role="function", **more)


def invoke(aws: Engine, name: str, event: dict[str, Any], **more: Any) -> tuple[Any, dict[str, Any]]:
    answer = aws.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event), **more)
    return json.loads(answer["Payload"].read() or b"null"), answer


def log_lines(aws: Engine, group: str) -> list[str]:
    return [e["message"] for e in aws.client("logs").filter_log_events(logGroupName=group)["events"]]


def test_a_sandbox_is_reused_and_has_the_credentials_of_its_role(aws: Engine) -> None:
    create(aws, "plain", Timeout=7)
    first, answer = invoke(aws, "plain", {"a": 1})
    second, _ = invoke(aws, "plain", {"a": 2})
    assert first["event"] == {"a": 1} and first["pid"] == second["pid"]
    assert 0 < first["remaining"] <= 7000
    assert answer["ExecutedVersion"] == "$LATEST" and "LogResult" not in answer
    who, _ = invoke(aws, "plain", {"do": "whoami"})
    assert who == f"arn:aws:sts::{aws.management_account}:assumed-role/function/plain"


def test_the_environment_is_the_functions_own(aws: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HOST", "1")
    create(aws, "environment", Environment={"Variables": {"MINE": "yes"}}, MemorySize=256)
    seen, _ = invoke(aws, "environment", {"do": "environment"})
    assert seen["MINE"] == "yes" and "SECRET_OF_THE_HOST" not in seen
    assert seen["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert seen["AWS_ACCESS_KEY_ID"] != aws.administrator.access_key_id


def test_errors_timeouts_and_exits_are_reported_as_lambda_does(aws: Engine) -> None:
    create(aws, "failing", Timeout=1)
    error, answer = invoke(aws, "failing", {"do": "raise"}, LogType="Tail")
    assert answer["FunctionError"] == "Unhandled"
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no such thing")
    error, _ = invoke(aws, "failing", {"do": "sleep"})
    assert (
        error["errorType"] == "Sandbox.Timedout" and "timed out after 1.00 seconds" in error["errorMessage"]
    )
    error, _ = invoke(aws, "failing", {"do": "exit"})
    assert error["errorType"] == "Runtime.ExitError" and "exit status 3" in error["errorMessage"]
    create(aws, "broken", code="import nothing_of_that_name")
    error, _ = invoke(aws, "broken", {})
    assert (
        error["errorType"] == "Runtime.ImportModuleError" and "nothing_of_that_name" in error["errorMessage"]
    )


def test_a_function_of_another_language_says_that_it_is_not_run(aws: Engine) -> None:
    create(aws, "node", CODE)
    aws.client("lambda").update_function_configuration(FunctionName="node", Runtime="nodejs22.x")
    told, answer = invoke(aws, "node", {})
    assert answer["FunctionError"] == "Unhandled"
    assert told["errorMessage"] == "The embedded AWS runs functions of Python alone, and node is nodejs22.x."


def test_payloads_are_limited_to_6_mb(aws: Engine) -> None:
    create(aws, "large", Timeout=10)
    with pytest.raises(ClientError, match="must be smaller than 6291456 bytes"):
        invoke(aws, "large", {"x": "x" * 6291456})
    fits, _ = invoke(aws, "large", {"do": "large", "bytes": 6291000})
    assert len(fits) == 6291000
    error, _ = invoke(aws, "large", {"do": "large", "bytes": 6291600})
    assert error["errorType"] == "Function.ResponseSizeTooLarge"


def test_logs_go_to_the_declared_group_in_the_declared_format(aws: Engine) -> None:
    create(aws, "logging", LoggingConfig={"LogFormat": "JSON", "LogGroup": "/groundwork/all"})
    invoke(aws, "logging", {"do": "log"})
    lines = log_lines(aws, "/groundwork/all")
    assert "printed" in lines
    entries = [json.loads(line) for line in lines if line.startswith("{")]
    assert [e["type"] for e in entries if "type" in e] == ["platform.start", "platform.report"]
    assert [e["level"] for e in entries if e.get("message") == "warned"] == ["WARNING"]
    configuration = aws.client("lambda").get_function_configuration(FunctionName="logging")
    assert configuration["LoggingConfig"]["LogGroup"] == "/groundwork/all"


def test_a_role_that_may_not_log_has_no_logs(aws: Engine) -> None:
    create_role(aws, "silent", "lambda.amazonaws.com", allow="s3:ListAllMyBuckets")
    create_function(aws, "silent", CODE, role="silent")
    assert invoke(aws, "silent", {})[1]["StatusCode"] == 200
    groups = aws.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/silent")["logGroups"]
    assert groups == []


def test_an_asynchronous_failure_is_retried_twice_and_then_a_dead_letter(aws: Engine) -> None:
    queue = aws.client("sqs").create_queue(QueueName="dead")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{aws.management_account}:dead"
    create(aws, "asynchronous", DeadLetterConfig={"TargetArn": arn})
    _, answer = invoke(aws, "asynchronous", {"do": "raise"}, InvocationType="Event")
    assert answer["StatusCode"] == 202
    letter = eventually(
        lambda: (
            aws.client("sqs").receive_message(QueueUrl=queue, MessageAttributeNames=["All"]).get("Messages")
        )
    )[0]
    assert json.loads(letter["Body"]) == {"do": "raise"}
    assert letter["MessageAttributes"]["ErrorMessage"]["StringValue"] == "no such thing"
    assert sum(line.startswith("START") for line in log_lines(aws, "/aws/lambda/asynchronous")) == 3


def test_new_code_replaces_the_sandbox(aws: Engine) -> None:
    client = create(aws, "replaced")
    invoke(aws, "replaced", {})
    client.update_function_code(FunctionName="replaced", ZipFile=zipped(app="def handle(e, c): return 'new'"))
    assert invoke(aws, "replaced", {})[0] == "new"


def test_a_killed_sandbox_ends_its_invocation(aws: Engine) -> None:
    create(aws, "killed", Timeout=20)
    running = aws.in_background(invoke, aws, "killed", {"do": "sleep"})
    eventually(lambda: aws.functions.kill("killed"))
    assert running is not None
    error, _ = running.result(20)
    assert error["errorType"] == "Runtime.ExitError" and "signal: kill" in error["errorMessage"]


def test_plain_moto_still_forgets_where_to_log_and_runs_nothing() -> None:
    printed = plain_moto("""
        import io, zipfile
        default_user_config["lambda"] = {"use_docker": False}
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("app.py", "def handle(event, context): return 1")
        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        role = client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        functions = client("lambda")
        functions.create_function(
            FunctionName="f", Runtime="python3.13", Handler="app.handle", Role=role,
            Code={"ZipFile": code.getvalue()}, LoggingConfig={"LogFormat": "JSON"},
        )
        configuration = functions.get_function_configuration(FunctionName="f")
        answer = functions.invoke(FunctionName="f", Payload=b'{"a": 1}')["Payload"].read().decode()
        print("LoggingConfig" in configuration, answer == "1")
    """)
    assert printed == "False False"
