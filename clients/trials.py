"""How a client is tried: a command is run as a person would, and what it said is held against what is expected."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clients.world import World

PATIENCE_SECONDS = 900
"""Nobody waits longer for a command; a machine may be busy."""
NO_ANSWER_OF_AWS = re.compile(
    r"<!doctype html|internal server error|unable to parse response|Traceback \(most recent call last\).*moto",
    re.IGNORECASE | re.DOTALL,
)
"""A page or a traceback of a server where an AWS error belongs."""
END = 1500


@dataclass(frozen=True)
class Said:
    """What a command ended with, and all that it wrote."""

    code: int
    text: str

    def end(self) -> str:
        return self.text[-END:].strip()


@dataclass(frozen=True)
class Trial:
    """`words`: what was tried, as the table has it; `seen`: what came of it; `broken`: why that is not right."""

    words: str
    verdict: Literal["works", "refused"]
    seen: str
    broken: str | None = None


@dataclass(frozen=True)
class Client:
    """`version` installs the client where it is not there, and says which it is. `tries` may yield as it goes."""

    name: str
    version: Callable[[], str]
    tries: Callable[[World], Iterator[Trial]]


def run(
    command: Sequence[str | Path], environment: Mapping[str, str], cwd: Path, typed: str | None = None
) -> Said:
    """Run a command to its end; output and errors are one text."""
    cwd.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(
            [str(part) for part in command],
            env=dict(environment),
            cwd=cwd,
            input=typed or "",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as slow:
        return Said(-1, f"{slow.stdout!r}\nnot within {PATIENCE_SECONDS} seconds")
    return Said(done.returncode, done.stdout)


def works(words: str, said: Said, seen: str, *needles: str) -> Trial:
    """It must have ended well, and said all of `needles`."""
    return Trial(words, "works", seen, _broken(said, said.code == 0, needles))


def refused(words: str, said: Said, seen: str, *needles: str) -> Trial:
    """It must have failed, say all of `needles`, and have no page of a server."""
    return Trial(words, "refused", seen, _broken(said, said.code > 0, needles))  # -1: it never ended


def holds(words: str, seen: str, true: bool, otherwise: str) -> Trial:
    """What was looked up in the embedded AWS after a command."""
    return Trial(words, "works", seen, None if true else otherwise)


def _broken(said: Said, rightly_ended: bool, needles: Sequence[str]) -> str | None:
    if found := NO_ANSWER_OF_AWS.search(said.text):
        return f"no AWS error: {said.text[max(0, found.start() - 200) : found.end() + 200]}"
    if not rightly_ended:
        return f"ended with {said.code}: {said.end()}"
    missing = [needle for needle in needles if needle not in said.text]
    return f"does not say {missing}: {said.end()}" if missing else None
