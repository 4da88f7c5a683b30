"""Sandboxes as forks: a server has imported what they need, and each takes milliseconds and little memory of its own.

A fork server (`fork_server.py`) is a process with one thread: to fork this one, with its threads and its locks, would be
unsafe. multiprocessing has one, too, but that one starts with this process's variables and module path.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

from local.functions.processes import Launch, Process, start_cold

LARGEST_MESSAGE = 128 * 1024
PROGRAM = Path(__file__).parent / "fork_server.py"
SECONDS_TO_FORK = 60.0
"""For imports at most: one that hangs there would hang in a sandbox, too."""

Key: TypeAlias = tuple[str, frozenset[tuple[str, str]]]
logger = logging.getLogger(__name__)


class Unfit(Exception):
    """A package must be imported in each sandbox, and the server has imported it."""

    def __init__(self, package: str, why: str) -> None:
        super().__init__(why)
        self.package = package


class ForkServerGone(Exception):
    """The server has ended before it answered."""


class Fork:
    """A process of which the fork server is the parent. It is named by a pidfd, so that no other is ever killed."""

    def __init__(self, pidfd: int) -> None:
        self._pidfd = pidfd
        self._exit: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def kill(self) -> None:
        """The server ends the rest of its session."""
        if not self._exit.done():
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    async def wait(self) -> int:
        return await self._exit

    def end(self, code: int) -> None:
        os.close(self._pidfd)
        self._exit.set_result(code)


class ForkServer:
    """One server process; it starts with its first sandbox. One request at a time."""

    def __init__(self, python: str, variables: Mapping[str, str], left_out: Iterable[str], log: Path) -> None:
        self._command = [python, "-P", str(PROGRAM)], sorted(left_out)
        self._variables, self._log = dict(variables), log
        self._process: asyncio.subprocess.Process | None = None
        self._asking = asyncio.Lock()
        self._forks: dict[int, Fork] = {}
        self._unfit: Unfit | None = None
        self._ended = asyncio.Event()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def usable(self) -> bool:
        return self._unfit is None and not self._ended.is_set()

    async def fork(self, launch: Launch) -> Fork | None:
        """A new sandbox; None when another request has made this server unusable meanwhile.

        Raises `Unfit` when the function's imports have, and `ForkServerGone` when they have ended it.
        """
        async with self._asking:
            if not self.usable:
                return None
            if self._process is None:
                self._process = await self._start()
            self._reply: asyncio.Future[Fork] = asyncio.get_running_loop().create_future()
            asked = {"handler": launch.handler, "task": str(launch.task), "environment": launch.variables}
            try:
                socket.send_fds(self._control, [json.dumps(asked).encode()], [launch.output])
                async with asyncio.timeout(SECONDS_TO_FORK):
                    return await self._reply
            except (TimeoutError, BrokenPipeError) as error:
                self._process.kill()
                raise ForkServerGone(f"it did not answer: {error!r}") from error

    async def _start(self) -> asyncio.subprocess.Process:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setblocking(False)
        program, left_out = self._command
        with theirs, self._log.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *program,
                str(theirs.fileno()),
                *left_out,
                cwd="/",
                env=self._variables,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        asyncio.get_running_loop().add_reader(self._control, self._receive)
        return process

    def _receive(self) -> None:
        try:
            message, descriptors, _, _ = socket.recv_fds(self._control, LARGEST_MESSAGE, 1)
        except ConnectionResetError:
            message = b""
        if not message:
            self._end()
            return
        told = json.loads(message)
        if "code" in told:
            self._forks.pop(told["pid"]).end(told["code"])
        elif "unfit" in told:
            self._unfit = Unfit(told["unfit"], told["why"])
            self._reply.set_exception(self._unfit)
        else:
            fork = self._forks[told["pid"]] = Fork(descriptors[0])
            self._reply.set_result(fork)

    def _end(self) -> None:
        """The server is gone, and with it the parent of its sandboxes: nobody would hear of their end."""
        asyncio.get_running_loop().remove_reader(self._control)
        self._control.close()
        self._ended.set()
        for fork in self._forks.values():
            fork.kill()
            fork.end(-signal.SIGKILL)
        self._forks.clear()
        if not self._reply.done():
            self._reply.set_exception(ForkServerGone(self._log.read_text()))

    async def close(self) -> None:
        """The server sees the end of its socket, ends its sandboxes and itself."""
        if self._process is not None:
            with contextlib.suppress(OSError):
                self._control.shutdown(socket.SHUT_WR)
            await self._process.wait()


class ForkServers:
    """Those of a fleet: one for each Python and set of variables that sandboxes share, the layers' folder among them.

    `folder` takes their logs.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._servers: dict[Key, ForkServer] = {}
        self._started: list[ForkServer] = []
        self._left_out: defaultdict[Key, set[str]] = defaultdict(set)
        self._cold: set[Path] = set()

    @property
    def pids(self) -> list[int]:
        return [server.pid for server in self._servers.values() if server.pid is not None]

    async def start(self, launch: Launch) -> Process:
        """A `Launcher`. A function whose imports end the server starts cold, where its end is its own."""
        key = (launch.python, frozenset(launch.shared.items()))
        while launch.task not in self._cold:
            try:
                if fork := await self._server(key, launch).fork(launch):
                    return fork
            except Unfit as error:
                logger.info("imported in each sandbox: %s", error)
                self._left_out[key].add(error.package)
            except ForkServerGone as error:
                logger.warning(
                    "%s starts cold: its imports have ended the fork server: %s", launch.task, error
                )
                self._cold.add(launch.task)
        return await start_cold(launch)

    def _server(self, key: Key, launch: Launch) -> ForkServer:
        server = self._servers.get(key)
        if server is None or not server.usable:
            log = self._folder / f"fork-server-{len(self._started)}.log"
            server = ForkServer(launch.python, launch.shared, self._left_out[key], log)
            self._servers[key] = server
            self._started.append(server)
        return server

    async def close(self) -> None:
        await asyncio.gather(*(server.close() for server in self._started))
