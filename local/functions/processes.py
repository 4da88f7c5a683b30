"""The process of a sandbox: what it is started from, and how it is started cold.

A cold process is what AWS starts: an interpreter that imports everything. A fork of a process that has done so already
behaves the same and costs little: see `forks.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias


@dataclass(frozen=True)
class Launch:
    """`shared` are the variables that the sandboxes of several functions have in common, `own` those that differ;
    `output` is the file descriptor that the process writes to."""

    python: str
    handler: str
    task: Path
    shared: Mapping[str, str]
    own: Mapping[str, str]
    output: int

    @property
    def variables(self) -> dict[str, str]:
        return {**self.shared, **self.own}


class Process(Protocol):
    """A process in a session of its own, so that to kill it ends whatever it has started, too."""

    def kill(self) -> None: ...

    async def wait(self) -> int:
        """Its exit code; negative is the signal that ended it."""


Launcher: TypeAlias = Callable[[Launch], Awaitable[Process]]


class ColdProcess:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    def kill(self) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def wait(self) -> int:
        return await self._process.wait()


async def start_cold(launch: Launch) -> Process:
    """AWS's own runtime client, as Lambda runs it. Nothing of the host's environment reaches it."""
    return ColdProcess(
        await asyncio.create_subprocess_exec(
            launch.python,
            "-m",
            "awslambdaric",
            launch.handler,
            cwd=launch.task,
            env=launch.variables,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=launch.output,
            stderr=launch.output,
            start_new_session=True,
        )
    )
