"""One Lambda sandbox: AWS's own runtime client in its own process, and the Runtime API that it talks to.

Timeouts, exits and init errors are real: the process is killed, has died, or has said so itself.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.functions.processes import Launch, Launcher, Process
from local.functions.runtime_api import MAXIMUM_RESPONSE_BYTES, Invocation, RuntimeApi

INIT_SECONDS = 10.0


@dataclass(frozen=True)
class SandboxSpec:
    """What a sandbox is started from. `timeout` is in seconds, `memory` in MB."""

    arn: str
    name: str
    version: str
    role: str
    region: str
    handler: str
    runtime: str
    task: Path
    opt: Path
    variables: Mapping[str, str]
    timeout: float
    memory: int
    log_group: str
    log_settings: Mapping[str, str]
    python: str

    @property
    def libraries(self) -> list[Path]:
        """https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html"""
        return [self.opt / "python/lib" / self.runtime / "site-packages", self.opt / "python"]


@dataclass(frozen=True)
class Outcome:
    """What became of an invocation: the payload, the X-Amz-Function-Error header, and what was logged."""

    payload: bytes
    function_error: str | None
    log: list[str]
    duration_ms: float
    cold: bool
    status: str = "success"


class Sandbox:
    """One process, one Runtime API port, one invocation at a time. Everything here runs in the fleet's event loop."""

    def __init__(self, spec: SandboxSpec) -> None:
        self.spec = spec
        self.born = time.monotonic()
        self.id = f"sandbox-{uuid.uuid4().hex}"
        self.log_stream = f"{time.strftime('%Y/%m/%d', time.gmtime())}/[{spec.version}]{uuid.uuid4().hex}"
        self._inbox: asyncio.Queue[Invocation] = asyncio.Queue()
        self._current: Invocation | None = None
        self._init_error: bytes | None = None
        self._invoked = False
        self._closing = False
        self._closed = False
        self._log = bytearray()
        self._api = RuntimeApi(self, spec.arn, spec.timeout)

    async def start(
        self, launcher: Launcher, home: Path, temporary: Path, credentials: Mapping[str, str]
    ) -> None:
        await self._api.open()
        self._output, writing = os.pipe()
        os.set_blocking(self._output, False)
        try:
            self._process: Process = await launcher(
                Launch(
                    python=self.spec.python,
                    handler=self.spec.handler,
                    task=self.spec.task,
                    shared=_shared_variables(self.spec, home),
                    own={**credentials, **self._own_variables(temporary)},
                    output=writing,
                )
            )
        except BaseException:
            os.close(self._output)
            await self._api.close()
            raise
        finally:
            os.close(writing)
        asyncio.get_running_loop().add_reader(self._output, self._drain)
        self._exit = asyncio.ensure_future(self._process.wait())
        self._exit.add_done_callback(self._end)

    def _own_variables(self, temporary: Path) -> dict[str, str]:
        spec = self.spec
        return {
            "TMPDIR": str(temporary),
            "PYTHONPATH": os.pathsep.join(str(path) for path in [spec.task, *spec.libraries]),
            "LAMBDA_TASK_ROOT": str(spec.task),
            "_HANDLER": spec.handler,
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            "AWS_SDK_UA_APP_ID": self.id,  # so that the embedded AWS knows who calls, in whatever account
            "AWS_LAMBDA_FUNCTION_NAME": spec.name,
            "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory),
            "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": self.log_stream,
        }

    @property
    def alive(self) -> bool:
        return not self._closing and not self._exit.done()

    async def invoke(self, payload: bytes, request_id: str) -> Outcome:
        """Run one invocation to its end. The function's timeout counts from when the runtime takes it."""
        cold, self._invoked = not self._invoked, True
        invocation = self._current = Invocation(request_id, payload)
        self._inbox.put_nowait(invocation)
        if self._init_error is not None:
            invocation.settle(self._init_error, "Unhandled", "error")
        elif self._exit.done():
            self._report_exit(invocation)
        try:
            if cold:  # On AWS an init that takes over 10 s is done again within the function's own timeout.
                async with asyncio.timeout(INIT_SECONDS + self.spec.timeout):
                    await invocation.handed_over.wait()
            started = time.monotonic()
            async with asyncio.timeout(self.spec.timeout):
                answer, error, status = await invocation.answer
        except TimeoutError:
            return await self._time_out(invocation, cold)
        return Outcome(answer, error, self._take_log(), (time.monotonic() - started) * 1000, cold, status)

    async def _time_out(self, invocation: Invocation, cold: bool) -> Outcome:
        self._current = None
        await self.close()
        message = f"Task timed out after {self.spec.timeout:.2f} seconds"
        told = f"RequestId: {invocation.request_id} Error: {message}"
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
        log = [*self._take_log(), f"{stamp}.000Z {invocation.request_id} {message}"]
        payload = _error("Sandbox.Timedout", told)
        return Outcome(payload, "Unhandled", log, self.spec.timeout * 1000, cold, "timeout")

    async def kill(self) -> None:
        """The process is no more when this returns; whoever waits for its answer hears of its exit."""
        self._process.kill()
        await asyncio.wait([self._exit])

    async def close(self) -> None:
        """Kill the process and stop listening. Safe to repeat."""
        self._closing = True
        await self.kill()
        if not self._closed:
            self._closed = True
            self._drain()
            asyncio.get_running_loop().remove_reader(self._output)
            os.close(self._output)
            await self._api.close()

    # Called by the Runtime API ---------------------------------------------------------------------

    async def next_invocation(self) -> Invocation:
        return await self._inbox.get()

    def hear(self, subject: str, verdict: str, body: bytes) -> None:
        invocation = self._current
        self._drain()
        if subject == "init":
            self._init_error, self._closing = body, True
            if invocation is not None:
                invocation.settle(body, "Unhandled", "error")
        elif invocation is None or subject != invocation.request_id:
            return
        elif verdict == "error":
            invocation.settle(body, "Unhandled", "error")
        elif len(body) > MAXIMUM_RESPONSE_BYTES:
            limit = f"maximum allowed payload size ({MAXIMUM_RESPONSE_BYTES} bytes)"
            error = _error("Function.ResponseSizeTooLarge", f"Response payload size exceeded {limit}.")
            invocation.settle(error, "Unhandled", "error")
        else:
            invocation.settle(body, None, "success")

    # The process's output and its end --------------------------------------------------------------

    def _drain(self) -> None:
        """Take what the process has written so far.

        What a function writes before it answers is in the pipe before the answer arrives, so that draining
        on the answer gives each invocation exactly its own lines.
        """
        while True:
            try:
                written = os.read(self._output, 65536)
            except BlockingIOError:
                return
            if not written:
                asyncio.get_running_loop().remove_reader(self._output)
                return
            self._log += written

    def _end(self, _exit: asyncio.Future[int]) -> None:
        if not self._closed:
            self._drain()
        if self._current is not None:
            self._report_exit(self._current)

    def _report_exit(self, invocation: Invocation) -> None:
        code = self._exit.result()
        how = (
            f"signal: {signal.Signals(-code).name.removeprefix('SIG').lower()}"
            if code < 0
            else f"exit status {code}"
        )
        message = f"RequestId: {invocation.request_id} Error: Runtime exited with error: {how}"
        invocation.settle(_error("Runtime.ExitError", message), "Unhandled", "failure")

    def _take_log(self) -> list[str]:
        lines = bytes(self._log).decode("utf-8", "replace").split("\n")
        self._log.clear()
        return [line.replace("\r", "\n") for line in lines if line]


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


def _shared_variables(spec: SandboxSpec, home: Path) -> dict[str, str]:
    """Nothing of the host's environment but what is named here: a function sees what it would on AWS."""
    return {
        **spec.variables,
        **spec.log_settings,
        "PATH": f"/usr/local/bin:/usr/bin:/bin:{spec.opt}/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "HOME": str(home),
        "PYTHONPATH": os.pathsep.join(str(path) for path in spec.libraries),
        "PYTHONUNBUFFERED": "1",
        "LAMBDA_RUNTIME_DIR": str(Path(spec.python).parent),
        "AWS_REGION": spec.region,
        "AWS_DEFAULT_REGION": spec.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{spec.runtime}",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    }
