"""What processes have used: CPU-seconds of everything that this one has started, and memory."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Whoever loses its parent becomes ours, so that its CPU-seconds are counted. On Linux; elsewhere nothing."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def cpu_of(
    command: Sequence[str], environment: Mapping[str, str] | None = None, cwd: Path | None = None
) -> float:
    """CPU-seconds of a command and of all that it starts; what it prints is thrown away. Raises CalledProcessError."""
    adopt_orphans()
    before = _cpu_of_ended()
    subprocess.run(command, env=environment, cwd=cwd, check=True, capture_output=True)
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            continue
    return _cpu_of_ended() - before


def cpu_of_descendants() -> float:
    """CPU-seconds of all processes below this one, those that have ended included."""
    return _cpu_of_ended() + sum(_cpu(pid) for pid in descendants(os.getpid()))


def descendants(pid: int) -> Iterator[int]:
    """All processes below one, now. On Linux; elsewhere none."""
    with suppress(OSError):
        for task in (PROC / str(pid) / "task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                yield child
                yield from descendants(child)


def memory_of(pid: int) -> float:
    """Megabytes of a process, of what it shares its part; none of one that has ended."""
    try:
        rollup = (PROC / str(pid) / "smaps_rollup").read_text()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024


def _cpu(pid: int) -> float:
    """Of a process and of those of its children that have ended: fields 14 to 17 of `proc_pid_stat(5)`."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has just ended
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS


def _cpu_of_ended() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
