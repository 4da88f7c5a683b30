"""The program of a fork server: it has imported what sandboxes need, and forks one whenever it is asked to.

It runs in a process of its own with one thread, and with the variables that all its sandboxes share. A message on its
socket asks for a sandbox and brings the end of a pipe for its output; the answer has the process id and brings a pidfd.
One more message tells the exit code. When the socket closes, the embedded AWS is gone and everything here ends.

Imported before the fork is what the file of a handler imports at its top: the SDK, packages, the layer's own modules.
That must make no difference to the sandbox. A package whose import does what each sandbox must do for itself (`_watched`)
is therefore named to the embedded AWS, which starts another server that leaves it out. A function whose own files would
stand in for something imported already starts cold.
"""

from __future__ import annotations

import ast
import codecs
import contextlib
import functools
import gc
import importlib
import json
import multiprocessing
import os
import pkgutil
import random
import re
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NoReturn

LARGEST_MESSAGE = 128 * 1024
SDK = ("boto3", "botocore", "s3transfer")
NAME = re.compile(r"""["']([a-z][a-z0-9-]*)["']""")


@dataclass(frozen=True)
class Request:
    """`environment` is the whole of it, with what the sandboxes share."""

    handler: str
    task: Path
    environment: dict[str, str]


class Unfit(Exception):
    """A package must be imported in each sandbox; the message says why."""

    def __init__(self, package: str, reasons: list[str]) -> None:
        super().__init__(f"{package} {' and '.join(reasons)} when it is imported")
        self.package = package


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    gc.disable()
    _begin_runtime()
    request = _serve(control, Imports(left_out=frozenset(sys.argv[2:])))
    _become(request)
    from awslambdaric.__main__ import main as run_runtime

    run_runtime(sys.argv)


def _begin_runtime() -> None:
    """What AWS's runtime client does before it imports a function. Only its compiled part waits for the fork: when it
    is loaded, it reads where the Runtime API is."""
    sys.modules["runtime_client"] = None  # type: ignore[assignment]  # the documented way to forbid an import
    from awslambdaric import bootstrap

    del sys.modules["runtime_client"]
    codecs.lookup("idna")  # every first connection does so
    logs = bootstrap.StandardLogSink()
    bootstrap._setup_logging(bootstrap._AWS_LAMBDA_LOG_FORMAT, bootstrap._AWS_LAMBDA_LOG_LEVEL, logs)
    bootstrap._setup_logging = lambda *done_already: None


def _become(request: Request) -> None:
    """Make of this fork what a new interpreter would be."""
    os.environ.clear()
    os.environ.update(request.environment)
    os.chdir(request.task)
    if any(module.name in sys.modules for module in pkgutil.iter_modules([str(request.task)])):
        os.execv(sys.executable, [sys.executable, "-m", "awslambdaric", request.handler])
    sys.argv = ["awslambdaric", request.handler]
    sys.path[:0] = [str(request.task)]
    multiprocessing.current_process().authkey = os.urandom(32)
    importlib.reload(sys.modules["awslambdaric.lambda_runtime_client"])
    gc.enable()


# The server ------------------------------------------------------------------------------------------


def _serve(control: socket.socket, imports: Imports) -> Request:
    """Answer requests as long as the socket is open. Returns in the forks only."""
    sandboxes: dict[int, int] = {}  # process ids by pidfd
    poll = select.poll()
    poll.register(control, select.POLLIN)
    while True:
        for ready, _ in poll.poll():
            if ready in sandboxes:
                poll.unregister(ready)
                pid, code = sandboxes.pop(ready), _reap(ready)
                _tell(control, pid=pid, code=code)
                continue
            message, descriptors = _receive(control)
            if not message:
                _end(sandboxes)
            asked = json.loads(message)
            request = Request(asked["handler"], Path(asked["task"]), asked["environment"])
            try:
                imports.prepare(request)
            except Unfit as error:
                _tell(control, unfit=error.package, why=str(error))
            else:
                pid = os.fork()
                if not pid:
                    control.detach()
                    _take_output(descriptors[0])
                    return request
                pidfd = os.pidfd_open(pid)
                sandboxes[pidfd] = pid
                poll.register(pidfd, select.POLLIN)
                _tell(control, pidfd, pid=pid)
            os.close(descriptors[0])


def _receive(control: socket.socket) -> tuple[bytes, list[int]]:
    try:
        message, descriptors, _, _ = socket.recv_fds(control, LARGEST_MESSAGE, 1)
    except ConnectionResetError:  # it has closed with an answer unread
        return b"", []
    return message, descriptors


def _take_output(output: int) -> None:
    """In the fork: a session of its own, and no file of the server's."""
    os.setsid()
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))


def _reap(pidfd: int) -> int:
    """The exit code of a sandbox that has ended. What it has started ends with it, as on AWS; until then its process id
    stays its own."""
    ended = os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOWAIT)
    assert ended is not None
    with contextlib.suppress(ProcessLookupError):
        os.killpg(ended.si_pid, signal.SIGKILL)
    _, status = os.waitpid(ended.si_pid, 0)
    os.close(pidfd)
    return os.waitstatus_to_exitcode(status)


def _tell(control: socket.socket, *descriptors: int, **message: Any) -> None:
    try:
        socket.send_fds(control, [json.dumps(message).encode()], descriptors)
    except BrokenPipeError:
        return  # the end of file comes next


def _end(sandboxes: dict[int, int]) -> NoReturn:
    for pidfd in sandboxes:
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        _reap(pidfd)
    os._exit(0)


# What is imported before the fork --------------------------------------------------------------------


class Imports:
    """What this process has imported, and the models that botocore has read, for the functions asked for so far."""

    def __init__(self, left_out: frozenset[str]) -> None:
        self._left_out = left_out
        self._libraries = [Path(path) for path in os.environ["PYTHONPATH"].split(os.pathsep)]
        self._read: set[Path] = set()
        self._session: Any = None

    def prepare(self, request: Request) -> None:
        """Import what a function is going to import, sooner or later. Raises `Unfit`."""
        handler = request.task / f"{request.handler.rpartition('.')[0].replace('.', '/')}.py"
        own = {name for name, value in request.environment.items() if os.environ.get(name) != value}
        beside = {module.name for module in pkgutil.iter_modules([str(request.task)])}
        sources: set[Path] = set()
        while new := {handler, *self._layer_files()} - self._read:
            self._read |= new
            sources |= new
            for module, names in (each for source in sorted(new) for each in _imports_of(source)):
                package = module.partition(".")[0]
                if package not in beside | self._left_out and not _is_imported(module, names):
                    reasons = _watched(functools.partial(importlib.__import__, module, fromlist=names), own)
                    if reasons:
                        raise Unfit(package, reasons)
        if sources:
            self._make_clients("".join(source.read_text() for source in sources if source.is_file()))
            gc.collect()
            gc.freeze()

    def _layer_files(self) -> set[Path]:
        """The files of the modules that a layer has brought: those imported, and all of what is left out. Not those of
        an SDK among them, which names every service."""
        loaded = [module for name, module in sys.modules.items() if name.partition(".")[0] not in SDK]
        files = {Path(file) for module in loaded if (file := getattr(module, "__file__", None))}
        left_out = [folder / package for folder in self._libraries for package in self._left_out]
        return {file for file in files if any(file.is_relative_to(folder) for folder in self._libraries)} | {
            file for package in left_out for file in [*package.rglob("*.py"), package.with_suffix(".py")]
        }

    def _make_clients(self, text: str) -> None:
        """Make a client of each service named in a program, and forget it. What botocore has read and parsed for it
        stays, for every session; so does what botocore sets up once in a process."""
        if "botocore.session" not in sys.modules:
            return
        if self._session is None:
            self._session = _session_that_reads_once(self._libraries)
        for service in sorted(set(NAME.findall(text)).intersection(self._session.get_available_services())):
            self._session.create_client(service)


def _imports_of(source: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The absolute imports of a file, those in its functions, too; but none for type checkers only."""
    try:
        program = ast.parse(source.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return  # the sandbox says so
    todo: list[ast.AST] = [program]
    while todo:
        match todo.pop():
            case ast.Import(names):
                yield from ((name.name, ()) for name in names)
            case ast.ImportFrom(str(module), names, 0):
                yield module, tuple(name.name for name in names)
            case ast.If(ast.Name("TYPE_CHECKING")):
                continue
            case node:
                todo += reversed(list(ast.iter_child_nodes(node)))


def _is_imported(module: str, names: tuple[str, ...]) -> bool:
    return module in sys.modules and all(hasattr(sys.modules[module], name) for name in names)


def _session_that_reads_once(libraries: list[Path]) -> Any:
    """From here on, botocore keeps for every session what it has read of its models, or of those that a layer brings."""
    from botocore.loaders import JSONFileLoader, Loader
    from botocore.session import Session

    read = functools.cache(functools.partial(JSONFileLoader.load_file, JSONFileLoader()))
    JSONFileLoader.load_file = lambda _, file_path: read(file_path)  # type: ignore[assignment]
    session = Session()
    session.set_credentials("nobody", "nothing")
    models = {file.parents[2] for library in libraries for file in library.rglob("service-2.json*")}
    # botocore writes its extras into what was read, of which a layer may have brought a part.
    loader = Loader([*map(str, models)], include_default_extras=not models)
    session.register_component("data_loader", loader)
    return session


# What must not be done before the fork ---------------------------------------------------------------


class _NotedVariables(os._Environ[str]):
    """os.environ while something is imported."""

    read: ClassVar[set[str]] = set()

    def __getitem__(self, name: str) -> str:
        self.read.add(name)
        return super().__getitem__(name)

    def __iter__(self) -> Iterator[str]:
        self.read.update(("everything",))
        return super().__iter__()


def _watched(do_import: Callable[[], Any], own: set[str]) -> list[str]:
    """Import something; what it has done that each sandbox must do for itself."""
    drawn: list[int] = []

    def urandom(size: int) -> bytes:
        drawn.append(size)
        return _urandom(size)

    before = _traces()
    _NotedVariables.read.clear()
    os.environ.__class__ = _NotedVariables
    os.urandom = random._urandom = urandom  # type: ignore[attr-defined]
    try:
        # What fails here fails in the sandbox, too, which has its own way to say so.
        with contextlib.suppress(Exception, SystemExit):
            do_import()
    finally:
        os.environ.__class__ = os._Environ
        os.urandom = random._urandom = _urandom  # type: ignore[attr-defined]
    read = _NotedVariables.read & {*own, "everything"}
    reasons = [f"reads {name}" for name in sorted(read)]
    reasons += ["draws random numbers"] * bool(drawn)
    return reasons + [what for what, state in _traces().items() if state != before[what]]


def _traces() -> dict[str, Any]:
    """What an import may leave behind that forks would share, or lack."""
    return {
        "draws random numbers": random.getstate(),
        "starts a thread": sorted(Path("/proc/self/task").iterdir()),
        "opens a file": sorted(Path("/proc/self/fd").iterdir()),
        "writes to the log": os.fstat(1).st_size,
    }


_urandom = os.urandom

if __name__ == "__main__":
    main()
