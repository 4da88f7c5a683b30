"""One Lambda sandbox: AWS's own runtime client in its own process, and the Runtime API that it talks to.

Follows "Using the Lambda runtime API" (2018-06-01) of the Lambda Developer Guide. Timeouts, exits and init
errors are real: the process is killed, has died, or has said so itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import selectors
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

INIT_SECONDS = 10.0
MAXIMUM_RESPONSE_BYTES = 6 * 1024 * 1024 + 100
_RUNTIME = "/2018-06-01/runtime"


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


@dataclass(frozen=True)
class Outcome:
    """What became of an invocation: the payload, the X-Amz-Function-Error header, and what was logged."""

    payload: bytes
    function_error: str | None
    log: list[str]
    duration_ms: float
    cold: bool
    status: str = "success"


@dataclass
class _Invocation:
    request_id: str
    payload: bytes
    answer: Future[tuple[bytes, str | None, str]] = dataclass_field(default_factory=Future)
    handed_over: threading.Event = dataclass_field(default_factory=threading.Event)

    def settle(self, payload: bytes, function_error: str | None, status: str) -> None:
        try:
            self.answer.set_result((payload, function_error, status))
        except InvalidStateError:
            return  # the first word counts: a killed process also exits


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


class _RuntimeApi(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # with Nagle and delayed ACKs every invocation would cost 44 ms
    wbufsize = -1
    server: _RuntimeApiServer

    def log_message(self, *message: object) -> None:
        """Nothing: this server's requests are not the function's log."""

    def do_GET(self) -> None:
        sandbox = self.server.sandbox
        invocation = sandbox.next_invocation() if self.path == f"{_RUNTIME}/invocation/next" else None
        if invocation is None:
            self._answer(404)
            return
        self._answer(
            200,
            invocation.payload,
            {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(int((time.time() + sandbox.spec.timeout) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": sandbox.spec.arn,
                "Lambda-Runtime-Trace-Id": f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Sampled=0",
            },
        )

    def do_POST(self) -> None:
        body = self._read_body()
        *_, subject, verdict = self.path.split("/")
        if verdict == "response" and len(body) > MAXIMUM_RESPONSE_BYTES:
            self._answer(413, b'{"errorType": "RequestEntityTooLarge"}')
        else:
            self._answer(202, b'{"status": "OK"}')
        self.server.sandbox.hear(subject, verdict, body)

    def _read_body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, code: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


class _RuntimeApiServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        super().__init__(("127.0.0.1", 0), _RuntimeApi)

    def handle_error(self, request: object, client_address: object) -> None:
        """A killed process drops its connection: its exit is reported by the one who watches it."""


class Sandbox:
    """One subprocess, one Runtime API port, one invocation at a time."""

    def __init__(self, spec: SandboxSpec, home: Path, credentials: Mapping[str, str]) -> None:
        self.spec = spec
        self.born = time.monotonic()
        self.id = f"sandbox-{uuid.uuid4().hex}"
        self.log_stream = f"{time.strftime('%Y/%m/%d', time.gmtime())}/[{spec.version}]{uuid.uuid4().hex}"
        self._inbox: queue.SimpleQueue[_Invocation | None] = queue.SimpleQueue()
        self._current: _Invocation | None = None
        self._init_error: bytes | None = None
        self._invoked = False
        self._closing = False
        self._log = bytearray()
        self._log_lock = threading.Lock()
        self._api = _RuntimeApiServer(self)
        threading.Thread(target=self._api.serve_forever, args=(0.05,), daemon=True).start()
        self._process = subprocess.Popen(
            [spec.python, "-m", "awslambdaric", spec.handler],
            cwd=spec.task,
            env=self._environment(home, credentials),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._output = self._process.stdout.fileno()
        os.set_blocking(self._output, False)
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def _environment(self, home: Path, credentials: Mapping[str, str]) -> dict[str, str]:
        """Nothing of the host's environment but what is named here: a function sees what it would on AWS."""
        spec = self.spec
        libraries = [spec.task, spec.opt / "python/lib" / spec.runtime / "site-packages", spec.opt / "python"]
        return {
            **spec.variables,
            **credentials,
            **spec.log_settings,
            "PATH": f"/usr/local/bin:/usr/bin:/bin:{spec.opt}/bin",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "HOME": str(home),
            "TMPDIR": str(home),
            "PYTHONPATH": os.pathsep.join(str(path) for path in libraries),
            "PYTHONUNBUFFERED": "1",
            "LAMBDA_TASK_ROOT": str(spec.task),
            "LAMBDA_RUNTIME_DIR": str(Path(spec.python).parent),
            "_HANDLER": spec.handler,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._api.server_port}",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{spec.runtime}",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_SDK_UA_APP_ID": self.id,  # so that the embedded AWS knows who calls, in whatever account
            "AWS_LAMBDA_FUNCTION_NAME": spec.name,
            "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory),
            "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": self.log_stream,
        }

    @property
    def alive(self) -> bool:
        return not self._closing and self._process.poll() is None

    def invoke(self, payload: bytes, request_id: str) -> Outcome:
        """Run one invocation to its end. The function's timeout counts from when the runtime takes it."""
        cold, self._invoked = not self._invoked, True
        invocation = _Invocation(request_id, payload)
        self._current = invocation
        self._inbox.put(invocation)
        if self._init_error is not None:
            self._report_init_error(invocation, self._init_error)
        elif not self.alive:
            self._report_exit()
        # On AWS an init that takes over 10 s is done again within the function's own timeout.
        if cold and not invocation.handed_over.wait(INIT_SECONDS + self.spec.timeout):
            return self._time_out(invocation, cold)
        started = time.monotonic()
        try:
            answer, error, status = invocation.answer.result(self.spec.timeout)
        except TimeoutError:
            return self._time_out(invocation, cold)
        return Outcome(answer, error, self._take_log(), (time.monotonic() - started) * 1000, cold, status)

    def _time_out(self, invocation: _Invocation, cold: bool) -> Outcome:
        message = f"Task timed out after {self.spec.timeout:.2f} seconds"
        answer = _error("Sandbox.Timedout", f"RequestId: {invocation.request_id} Error: {message}")
        payload = {
            "errorType": "Sandbox.Timedout",
            "errorMessage": f"RequestId: {message.replace(' ', ' Error: ', 1)}",
        }
        invocation.settle(answer, "Unhandled", "timeout")
        self.close()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
        log = [*self._take_log(), f"{stamp}.000Z {invocation.request_id} {message}"]
        return Outcome(
            json.dumps(payload).encode(), "Unhandled", log, self.spec.timeout * 1000, cold, "timeout"
        )

    def close(self) -> None:
        """Kill the process (its own session, so nothing else) and stop listening."""
        self._closing = True
        self._inbox.put(None)
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._watcher.join()
        self._api.shutdown()
        self._api.server_close()

    def kill(self) -> None:
        """The process is no more when this returns; whoever waits for its answer hears of its exit."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    # Called by the Runtime API ---------------------------------------------------------------------

    def next_invocation(self) -> _Invocation | None:
        invocation = self._inbox.get()
        if invocation is not None:
            invocation.handed_over.set()
        return invocation

    def hear(self, subject: str, verdict: str, body: bytes) -> None:
        invocation = self._current
        self._drain()
        if subject == "init":
            self._init_error, self._closing = body, True
            if invocation is not None:
                self._report_init_error(invocation, body)
        elif invocation is None:
            return
        elif subject == invocation.request_id and verdict == "error":
            invocation.settle(body, "Unhandled", "error")
        elif subject == invocation.request_id and len(body) > MAXIMUM_RESPONSE_BYTES:
            limit = f"maximum allowed payload size ({MAXIMUM_RESPONSE_BYTES} bytes)"
            error = _error("Function.ResponseSizeTooLarge", f"Response payload size exceeded {limit}.")
            invocation.settle(error, "Unhandled", "error")
        elif subject == invocation.request_id:
            invocation.settle(body, None, "success")

    # The process's output and its end --------------------------------------------------------------

    def _watch(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._output, selectors.EVENT_READ)
            while self._drain():
                selector.select()
        self._process.wait()
        self._report_exit()

    def _drain(self) -> bool:
        """Take what the process has written so far; False at the end of its output.

        What a function writes before it answers is in the pipe before the answer arrives, so that draining
        on the answer gives each invocation exactly its own lines.
        """
        with self._log_lock:
            while True:
                try:
                    written = os.read(self._output, 65536)
                except BlockingIOError:
                    return True
                if not written:
                    return False
                self._log += written

    def _report_init_error(self, invocation: _Invocation, error: bytes) -> None:
        invocation.settle(error, "Unhandled", "error")
        invocation.handed_over.set()

    def _report_exit(self) -> None:
        invocation = self._current
        if invocation is None:
            return
        code = self._process.wait()
        how = (
            f"signal: {signal.Signals(-code).name.removeprefix('SIG').lower()}"
            if code < 0
            else f"exit status {code}"
        )
        message = f"RequestId: {invocation.request_id} Error: Runtime exited with error: {how}"
        invocation.settle(_error("Runtime.ExitError", message), "Unhandled", "failure")
        invocation.handed_over.set()

    def _take_log(self) -> list[str]:
        with self._log_lock:
            lines = bytes(self._log).decode("utf-8", "replace").split("\n")
            self._log.clear()
        return [line.replace("\r", "\n") for line in lines if line]
