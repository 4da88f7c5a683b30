"""What AWS's managed policies say, and which actions there are. Both files are cut from what others read from AWS
(`checks/aws_names.py`): a policy or an action may be newer."""

from __future__ import annotations

import json
import lzma
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from groundwork.declaration.policy_files import Document
from groundwork.policies.conditions import glob

HERE = Path(__file__).parent


@cache
def managed_policy(name: str) -> Document | None:
    """By path and name, as the declaration has it. None for one that is not known."""
    text = _managed_policies().get(name)
    if text is None:
        return None
    document: Document = json.loads(text)
    return document


@cache
def _managed_policies() -> Mapping[str, str]:
    text = lzma.decompress((HERE / "managed_policies.txt.xz").read_bytes()).decode()
    return dict(line.split("\t") for line in text.splitlines())


@dataclass(frozen=True)
class Actions:
    """Of one service: those that read, and those that change something."""

    reading: frozenset[str]
    changing: frozenset[str]


@cache
def actions() -> Mapping[str, Actions]:
    """By the service's prefix."""
    text = lzma.decompress((HERE / "actions.txt.xz").read_bytes()).decode()
    lines = (line.split("\t") for line in text.splitlines())
    return {
        service: Actions(frozenset(reading.split()), frozenset(changing.split()))
        for service, reading, changing in lines
    }


@cache
def reads(action: str) -> bool:
    """Whether an action changes nothing. One that is not known may change something."""
    service, _, name = action.partition(":")
    known = actions().get(service.lower())
    return known is not None and name in known.reading


@cache
def matching(pattern: str) -> tuple[str, ...]:
    """The actions that an Action element means. What is not known here is taken as it is written."""
    service, _, name = pattern.partition(":")
    if not name:
        return tuple(action for each in actions() for action in matching(f"{each}:*"))
    service, known = service.lower(), actions().get(service.lower())
    wanted = glob(name, ignore_case=True)
    every = sorted(known.reading | known.changing) if known else ()
    found = tuple(f"{service}:{each}" for each in every if wanted.fullmatch(each))
    return found if found or {"*", "?"} & set(name) else (pattern,)
