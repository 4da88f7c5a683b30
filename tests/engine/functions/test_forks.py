"""A sandbox that is a fork behaves as a process of its own, and shares with others nothing but memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.engine import Engine
from local.functions.fleet import CAN_FORK
from tests.engine.functions.support import invoke, is_running, open_files, publish_layer
from tests.engine.support import create_function, create_role, eventually, zipped

pytestmark = pytest.mark.skipif(not CAN_FORK, reason="sandboxes are forks on Linux only")

ROOT = Path(__file__).parents[3]
CODE = """
import os, random, secrets, subprocess, sys, time, uuid
import boto3

DRAWN = [str(uuid.uuid4()), random.random(), secrets.token_hex(), os.urandom(8).hex()]

def files():
    paths = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd") if int(fd) > 2]
    return [os.readlink(path) for path in paths if os.path.lexists(path)]

def handle(event, context):
    match event.get("do"):
        case "draw":
            return DRAWN
        case "look":
            client = boto3.client("sts")
            client.get_caller_identity()
            return {"files": files(), "session": os.getsid(0) == os.getpid()}
        case "leave":
            print(subprocess.Popen(["sleep", "1000"]).pid, file=open(event["file"], "w"))
            os._exit(3)
        case "sleep":
            time.sleep(30)
    return {"pid": os.getpid(), "parent": os.getppid(), "environment": dict(os.environ)}
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(time_scale=0.001, organization=None) as aws:
        for role in ("one", "two"):
            create_role(aws, role, "lambda.amazonaws.com")
        yield aws


@pytest.fixture
def aws(engine: Engine) -> Iterator[Engine]:
    yield engine
    for function in engine.client("lambda").list_functions()["Functions"]:
        engine.functions.kill(function["FunctionName"])
        engine.client("lambda").delete_function(FunctionName=function["FunctionName"])


def create(aws: Engine, name: str, code: str = CODE, role: str = "one", **more: Any) -> None:
    create_function(aws, name, code, role=role, Timeout=20, **more)


def using_a_layer(
    aws: Engine, layer: str, role: str = "one", answer: str = "common.VALUE"
) -> Callable[..., Any]:
    """Makes functions that answer what a module of a layer has; each is called once."""
    arn = publish_layer(aws, "layer", common=textwrap.dedent(layer))

    def call(name: str, role: str = "one") -> Any:
        create(aws, name, f"import common\ndef handle(e, c): return {answer}", role=role, Layers=[arn])
        return invoke(aws, name)

    return call


def test_functions_with_the_same_variables_have_one_parent(aws: Engine) -> None:
    for name in ("first", "second"):
        create(aws, name)
    create(aws, "other", Environment={"Variables": {"A": "1"}})
    first, second, other = (invoke(aws, name) for name in ("first", "second", "other"))
    assert first["pid"] != second["pid"]
    assert first["parent"] == second["parent"] != other["parent"]
    assert {first["parent"], other["parent"]} <= set(aws.functions.fork_servers.pids)


def test_a_fork_sees_its_own_variables_and_credentials_only(aws: Engine) -> None:
    create(aws, "first", Environment={"Variables": {"OF_ONE": "1"}})
    create(aws, "second", role="two", Environment={"Variables": {"OF_TWO": "2"}})
    create(aws, "third", role="two")
    first, second, third = (invoke(aws, name)["environment"] for name in ("first", "second", "third"))
    assert first.keys() - second.keys() == {"OF_ONE"} and second.keys() - third.keys() == {"OF_TWO"}
    names = {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "TMPDIR",
        "AWS_LAMBDA_FUNCTION_NAME",
    }
    for name in names:
        assert len({first[name], second[name], third[name]}) == 3
    assert "HOME" in first and not Path(first["HOME"]).exists()


def test_each_fork_draws_its_own_random_numbers(aws: Engine) -> None:
    for name in ("first", "second"):
        create(aws, name)
    assert not set(invoke(aws, "first", {"do": "draw"})) & set(invoke(aws, "second", {"do": "draw"}))


def test_no_file_and_no_connection_is_shared(aws: Engine) -> None:
    for name in ("first", "second"):
        create(aws, name)
    first, second = (invoke(aws, name, {"do": "look"}) for name in ("first", "second"))
    assert first["session"] and second["session"]
    assert all(name.startswith("socket:") for name in first["files"]), "nothing but connections of its own"
    assert first["files"] and not set(first["files"]) & set(second["files"])


LAYERS = {
    "the variables of a sandbox": ("import os\nVALUE = os.environ['AWS_LAMBDA_FUNCTION_NAME']", "reads"),
    "all variables": ("import os\nVALUE = {**os.environ}['AWS_LAMBDA_FUNCTION_NAME']", "reads everything"),
    "random numbers": ("import uuid\nVALUE = str(uuid.uuid4())", "draws random numbers"),
    "the generator's state": ("import random\nVALUE = random.random()", "draws random numbers"),
    "a thread": (
        """
        import os, threading
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        VALUE = os.getpid() if threading.active_count() == 2 else "no thread"
        """,
        "starts a thread",
    ),
    "a file": (
        """
        import os, tempfile
        FILE = tempfile.NamedTemporaryFile()
        VALUE = os.readlink(f"/proc/self/fd/{FILE.fileno()}")
        """,
        "opens a file",
    ),
}


@pytest.mark.parametrize("what", LAYERS)
def test_what_a_layer_may_do_only_in_its_sandbox_is_done_there(
    aws: Engine, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    code, noticed = LAYERS[what]
    call = using_a_layer(aws, code)
    with caplog.at_level("INFO", "local.functions"):
        first, second = call("first"), call("second")
    assert first != second and "no thread" not in (first, second)
    (told,) = [text for text in caplog.messages if text.startswith("imported in each sandbox: common ")]
    assert noticed in told


def test_a_client_of_a_layer_has_the_credentials_of_its_function(aws: Engine) -> None:
    answer = "common.CLIENT.get_caller_identity()['Arn'].rsplit('/', 2)[1]"
    call = using_a_layer(aws, "import boto3\nCLIENT = boto3.client('sts')", answer=answer)
    assert (call("first", role="one"), call("second", role="two")) == ("one", "two")


def test_what_a_layer_prints_is_in_every_log(aws: Engine) -> None:
    call = using_a_layer(aws, "print('imported')\nVALUE = 1")
    for name in ("first", "second"):
        call(name)
        events = aws.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        assert "imported" in [event["message"] for event in events]


def test_a_layer_that_cannot_be_imported_is_an_init_error(aws: Engine) -> None:
    call = using_a_layer(aws, "raise RuntimeError('not today')")
    for name in ("first", "second"):
        error = call(name)
        assert (error["errorType"], error["errorMessage"]) == ("RuntimeError", "not today")


def test_a_layer_that_ends_the_process_ends_only_its_own(aws: Engine) -> None:
    create(aws, "innocent")
    call = using_a_layer(aws, "import os\nos._exit(4)")
    invoke(aws, "innocent")
    for name in ("first", "second"):
        assert "exit status 4" in call(name)["errorMessage"]
    assert "pid" in invoke(aws, "innocent")


def test_the_functions_own_module_stands_before_the_one_that_others_have_imported(aws: Engine) -> None:
    create(aws, "first")
    invoke(aws, "first")
    create(aws, "second", "import boto3\ndef handle(e, c): return boto3.VALUE")
    own = zipped(app="import boto3\ndef handle(e, c): return boto3.VALUE", boto3="VALUE = 'mine'")
    aws.client("lambda").update_function_code(FunctionName="second", ZipFile=own)
    assert invoke(aws, "second") == "mine"


def test_what_a_sandbox_has_started_ends_with_it(aws: Engine, tmp_path: Path) -> None:
    create(aws, "leaving")
    told = tmp_path / "pid"
    assert "exit status 3" in invoke(aws, "leaving", {"do": "leave", "file": str(told)})["errorMessage"]
    eventually(lambda: not is_running(int(told.read_text())))


def test_a_fork_server_that_is_killed_takes_its_sandboxes_along_and_is_started_again(aws: Engine) -> None:
    create(aws, "working")
    before = invoke(aws, "working")
    running = aws.in_background(invoke, aws, "working", {"do": "sleep"})
    assert running is not None
    eventually(lambda: aws.functions.is_busy("working"))
    os.kill(before["parent"], signal.SIGKILL)
    assert "signal: kill" in running.result(20)["errorMessage"]
    eventually(lambda: not is_running(before["pid"]))
    after = invoke(aws, "working")
    assert after["parent"] != before["parent"]


def test_nothing_is_left_of_a_sandbox(aws: Engine) -> None:
    create(aws, "passing")
    server = invoke(aws, "passing")["parent"]

    def files() -> int:
        return open_files() + len([*Path(f"/proc/{server}/fd").iterdir()])

    aws.functions.kill("passing")
    most = files()
    for _ in range(5):
        assert invoke(aws, "passing")["parent"] == server
        most = max(most, files())
        aws.functions.kill("passing")
    for _ in range(15):
        assert invoke(aws, "passing")["parent"] == server
        aws.functions.kill("passing")
    eventually(lambda: files() < most)  # many sandboxes later fewer than while one of the first ran
    children = Path(f"/proc/{server}/task/{server}/children").read_text()
    assert children == ""


def test_everything_ends_when_the_embedded_aws_is_killed() -> None:
    program = """
        import asyncio, os, signal, sys, tempfile
        from pathlib import Path
        from local.functions.forks import ForkServers
        from local.functions.processes import Launch

        async def main():
            folder = Path(tempfile.mkdtemp())
            (folder / "app.py").write_text("import time; time.sleep(1000)")
            variables = {"PYTHONPATH": str(folder), "AWS_REGION": "us-east-1"}
            reading, writing = os.pipe()
            servers = ForkServers(folder)
            launch = Launch(sys.executable, "app.handle", folder, variables, {"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9"}, writing)
            await servers.start(launch)
            (server,) = servers.pids
            print(server, Path(f"/proc/{server}/task/{server}/children").read_text(), flush=True)
            os.kill(os.getpid(), signal.SIGKILL)

        asyncio.run(main())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    server, sandbox = (int(pid) for pid in done.stdout.split())
    eventually(lambda: not is_running(server) and not is_running(sandbox))
