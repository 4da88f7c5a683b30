"""The sandboxes of the embedded AWS: started when needed, kept warm, capped per function, killed at last."""

from __future__ import annotations

import asyncio
import compileall
import contextlib
import hashlib
import io
import json
import os
import re
import shutil
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from local.functions.archives import HERE, runnable
from local.functions.forks import ForkServers
from local.functions.processes import start_cold
from local.functions.sandbox import Outcome, Sandbox, SandboxSpec

# A role session lasts an hour: an older sandbox is replaced by one with fresh credentials.
SANDBOX_LIFE_SECONDS = 45 * 60
SANDBOX_IN_AGENT = re.compile(r"\bapp/(sandbox-\w+)")
UNPACKED = Path(__file__).parents[2] / ".cache" / "sandboxes"
DEFAULT_SANDBOXES_PER_FUNCTION = max(2, os.cpu_count() or 2)
CAN_FORK = sys.platform == "linux"  # a fork server needs pidfds and sockets that keep messages apart

Result = TypeVar("Result")


class FleetClosed(RuntimeError):
    """An invocation that waited for a sandbox when the embedded AWS was closed."""


@dataclass
class _Pool:
    """The sandboxes of one function version and configuration; `size` counts idle, busy and starting ones."""

    spec: SandboxSpec
    idle: list[Sandbox] = field(default_factory=list)
    size: int = 0


class Fleet:
    """`credentials` gives the environment variables with which a function's role reaches this AWS.

    A function has at most `per_function` sandboxes. An invocation beyond that waits for an idle one: this
    machine has a few cores, where AWS would start one more sandbox. `forked`: whether sandboxes are forks.
    """

    def __init__(
        self,
        credentials: Callable[[SandboxSpec], dict[str, str]],
        per_function: int = DEFAULT_SANDBOXES_PER_FUNCTION,
        forked: bool = CAN_FORK,
    ) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="sandboxes-"))
        self.per_function = per_function
        self.forked = forked
        self.fork_servers = ForkServers(self.root)
        self.cold_starts = 0
        self._credentials = credentials
        self._pools: dict[str, _Pool] = {}
        self._sandboxes: set[Sandbox] = set()
        self._changed = threading.Condition()
        self._unpacking = threading.Lock()
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandboxes", daemon=True)

    def unpack(self, digests: Sequence[str], archives: Callable[[], Sequence[bytes]]) -> Path:
        """The folder with the merged content of zip archives. Unpacked and compiled once for all who use them, and
        kept: what is in it follows from its name."""
        folder = UNPACKED / hashlib.sha256(json.dumps([HERE, *digests]).encode()).hexdigest()[:32]
        with self._unpacking:
            if not folder.exists():
                UNPACKED.mkdir(parents=True, exist_ok=True)
                incomplete = Path(tempfile.mkdtemp(prefix="incomplete-", dir=UNPACKED))
                for archive in archives():
                    with zipfile.ZipFile(io.BytesIO(archive)) as bundle:
                        bundle.extractall(incomplete, runnable(bundle))
                compileall.compile_dir(incomplete, quiet=2, stripdir=incomplete, prependdir=folder)
                try:
                    incomplete.rename(folder)
                except OSError:  # another process was faster
                    shutil.rmtree(incomplete)
        return folder

    def invoke(self, spec: SandboxSpec, payload: bytes, request_id: str) -> tuple[Outcome, str]:
        """Run one invocation; its outcome and the name of the log stream that its sandbox writes."""
        pool, sandbox = self._acquire(spec)
        try:
            return self._run(sandbox.invoke(payload, request_id)), sandbox.log_stream
        finally:
            self._release(pool, sandbox)

    def kill(self, function_name: str) -> int:
        """Kill every sandbox of a function; how many. Running invocations end in Runtime.ExitError."""
        with self._changed:
            doomed = [sandbox for sandbox in self._sandboxes if sandbox.spec.name == function_name]
        self._discard(doomed)
        return len(doomed)

    def calling(self, agent: str) -> str:
        """The function that makes a call with this User-Agent; empty when it comes from elsewhere."""
        sandbox = self._sandbox_of(agent)
        return sandbox.spec.name if sandbox else ""

    def kill_calling(self, agent: str) -> None:
        """Kill the one sandbox that makes a call with this User-Agent."""
        sandbox = self._sandbox_of(agent)
        if sandbox:
            self._run(sandbox.kill())

    def _sandbox_of(self, agent: str) -> Sandbox | None:
        named = SANDBOX_IN_AGENT.search(agent)
        if named is None:
            return None
        with self._changed:
            return next((each for each in self._sandboxes if each.id == named.group(1)), None)

    def is_busy(self, function_name: str) -> bool:
        """Whether an invocation of a function is running, or about to."""
        with self._changed:
            pools = [pool for pool in self._pools.values() if pool.spec.name == function_name]
            return any(pool.size > len(pool.idle) for pool in pools)

    def close(self) -> None:
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()
        shutil.rmtree(self.root, ignore_errors=True)

    async def _end(self) -> None:
        """End every sandbox, and with it what waits for it; then the fork servers."""
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await _close_all(self._sandboxes)
            await asyncio.wait(others)
        await self.fork_servers.close()

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Work on the sandboxes, done in the one thread that knows them."""
        with self._changed:
            if self._closed:
                work.close()
                raise FleetClosed("the embedded AWS is closed")
            if not self._thread.is_alive():
                self._thread.start()
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result()

    def _acquire(self, spec: SandboxSpec) -> tuple[_Pool, Sandbox]:
        retired: list[Sandbox] = []
        with self._changed:
            key = f"{spec.arn}:{spec.version}"
            pool = self._pools.get(key)
            if pool is None or pool.spec != spec:
                retired += pool.idle if pool else []
                pool = self._pools[key] = _Pool(spec)
            sandbox = self._take_idle(pool, retired)
            while sandbox is None and pool.size >= self.per_function and not self._closed:
                self._changed.wait()
                sandbox = self._take_idle(pool, retired)
            if self._closed:
                raise FleetClosed("the embedded AWS is closed")
            pool.size += sandbox is None
        self._discard(retired)
        return pool, sandbox or self._start(pool)

    def _take_idle(self, pool: _Pool, retired: list[Sandbox]) -> Sandbox | None:
        while pool.idle:
            sandbox = pool.idle.pop()
            if sandbox.alive and time.monotonic() - sandbox.born < SANDBOX_LIFE_SECONDS:
                return sandbox
            pool.size -= 1
            retired.append(sandbox)
        return None

    def _start(self, pool: _Pool) -> Sandbox:
        try:
            return self._run(self._start_sandbox(pool.spec, self._credentials(pool.spec)))
        except BaseException:
            with self._changed:
                pool.size -= 1
                self._changed.notify()
            raise

    async def _start_sandbox(self, spec: SandboxSpec, credentials: dict[str, str]) -> Sandbox:
        launcher = self.fork_servers.start if self.forked else start_cold
        temporary = Path(tempfile.mkdtemp(prefix="tmp-", dir=self.root))
        sandbox = Sandbox(spec)
        await sandbox.start(launcher, self.root / "home", temporary, credentials)
        with self._changed:
            self.cold_starts += 1
            self._sandboxes.add(sandbox)
            closed = self._closed
        if closed:
            await sandbox.close()
            raise FleetClosed("the embedded AWS is closed")
        return sandbox

    def _release(self, pool: _Pool, sandbox: Sandbox) -> None:
        with self._changed:
            current = self._pools.get(f"{sandbox.spec.arn}:{sandbox.spec.version}") is pool
            if keep := current and sandbox.alive:
                pool.idle.append(sandbox)
            else:
                pool.size -= 1
            self._changed.notify_all()
        if not keep:
            self._discard([sandbox])

    def _discard(self, sandboxes: list[Sandbox]) -> None:
        if not sandboxes:
            return
        with contextlib.suppress(FleetClosed):  # it has closed them
            self._run(_close_all(sandboxes))
        with self._changed:
            self._sandboxes.difference_update(sandboxes)


async def _close_all(sandboxes: Iterable[Sandbox]) -> None:
    await asyncio.gather(*(sandbox.close() for sandbox in sandboxes))
