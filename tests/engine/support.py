"""What the tests of the embedded AWS share."""

from __future__ import annotations

import io
import json
import textwrap
import zipfile
from collections.abc import Callable
from multiprocessing import get_context
from typing import Any, TypeVar

from local.engine import Engine
from local.waiting import until
from tests.engine import plain

Found = TypeVar("Found")
_PLAIN = get_context("forkserver")
_PLAIN.set_forkserver_preload(["tests.engine.plain"])


def eventually(probe: Callable[[], Found | None]) -> Found:
    """The first truthy answer of `probe`; fails when none comes."""
    return until(probe, "what never came")


def plain_moto(code: str) -> str:
    """What `code` prints when it runs against moto alone, or the error that it ends with. In a process of its own,
    forked from one that has imported moto and nothing of ours."""
    receiving, sending = _PLAIN.Pipe(duplex=False)
    process = _PLAIN.Process(target=plain.run, args=(textwrap.dedent(code), sending))
    process.start()
    sending.close()
    with receiving:
        answer: str = receiving.recv()
    process.join()
    return answer


def create_role(aws: Engine, name: str, service: str, allow: str | list[str] = "*") -> str:
    """A role that `service` may assume and that may do what `allow` names, anywhere; its ARN."""
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    may = {"Effect": "Allow", "Action": allow, "Resource": "*"}
    iam = aws.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]
    iam.put_role_policy(RoleName=name, PolicyName="allow", PolicyDocument=policy(may))
    return str(role["Arn"])


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def zipped(**modules: str) -> bytes:
    """A deployment package with these modules."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in modules.items():
            archive.writestr(f"{name}.py", text)
    return buffer.getvalue()


def create_function(aws: Engine, name: str, code: str, role: str, **more: Any) -> Any:
    """A function whose handler is `handle` in `code`; the Lambda client."""
    client = aws.client("lambda")
    client.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="app.handle",
        Code={"ZipFile": zipped(app=code)},
        Role=f"arn:aws:iam::{aws.management_account}:role/{role}",
        **more,
    )
    return client


def run_machine(aws: Engine, role: str, function: str) -> None:
    """Let a state machine with this role invoke a function, once and to its end."""
    states = aws.client("stepfunctions")
    resource = f"arn:aws:lambda:{aws.region}:{aws.management_account}:function:{function}"
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": resource},
        "End": True,
    }
    definition = json.dumps({"StartAt": "Do", "States": {"Do": task}})
    machine = states.create_state_machine(name="machine", definition=definition, roleArn=role)
    execution = states.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]

    def ended() -> Any:
        found = states.describe_execution(executionArn=execution)
        return found if found["status"] != "RUNNING" else None

    assert eventually(ended)["status"] == "SUCCEEDED"
