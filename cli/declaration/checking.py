"""The declaration alone, without AWS: every mistake in it, with file and line, and what the linter says of its policies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cli.declaration.declared import put_together, read
from cli.declaration.linting.linter import Severity, lint
from groundwork.baseline.components import COMPONENTS
from groundwork.contracts import Model
from groundwork.declaration import loading, own_policies
from groundwork.declaration.mistakes import NEWER
from groundwork.declaration.policy_files import read_policy
from groundwork.errors import InvalidDeclaration

FILE, POLICIES, PACKS = loading.FILE, loading.POLICIES, loading.CONFORMANCE_PACKS
Place = Sequence[str | int]


class Finding(Model):
    """`file` is below the folder; `line` is None where it cannot be told."""

    file: str
    line: int | None
    severity: Severity
    what: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.severity}: {self.what}"


def findings(folder: Path) -> list[Finding]:
    """What is wrong in the declaration of this folder, which has a `baseline.yaml`: errors first, as the files go."""
    with put_together(folder, read(folder)) as home:
        names = (FILE, *_policies(home), *_own_policies(home), *_templates(home))
        lines = {name: _Lines(home / name) for name in names}
        found = [_of_sentence(each, lines) for each in loading.all_mistakes(home, COMPONENTS)]
        found += _linted(home, lines)
    unique = {(each.file, each.line, each.what): each for each in found}.values()
    return sorted(unique, key=lambda each: (each.severity, each.file != FILE, each.file, each.line or 0))


def _policies(home: Path) -> list[str]:
    return [f"{POLICIES}/{path.name}" for path in loading.policy_files(home)]


def _own_policies(home: Path) -> list[str]:
    return [f"{own_policies.FOLDER}/{path.name}" for path in own_policies.policy_files(home)]


def _templates(home: Path) -> list[str]:
    return [f"{PACKS}/{path.name}" for path in (home / PACKS).glob("*.yaml")]


def _linted(home: Path, lines: dict[str, _Lines]) -> Iterator[Finding]:
    for name in _policies(home):
        try:
            document = read_policy(home / name)
        except InvalidDeclaration:  # has been told
            continue
        for remark in lint(document, lines[FILE].texts(NEWER)):
            _, number, element = remark.place
            what = f"Statement.{number}.{element}: {remark.words}."
            yield Finding(file=name, line=lines[name].of(remark.place), severity=remark.severity, what=what)


def _of_sentence(sentence: str, lines: dict[str, _Lines]) -> Finding:
    file, _, what = sentence.partition(": ")
    return Finding(
        file=file, line=lines[file].told_in(what) if file in lines else None, severity="error", what=what
    )


# -- lines ----------------------------------------------------------------------------------------------


class _Lines:
    """Where in a file of YAML or JSON something stands."""

    def __init__(self, path: Path) -> None:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError

        try:
            self._root: Any = YAML().load(path.read_text(encoding="utf-8").expandtabs())
        except (YAMLError, UnicodeDecodeError):  # told by who reads it
            self._root = None

    def texts(self, key: str) -> list[str]:
        """The list of texts below a key, if it is one."""
        found = self._root.get(key) if isinstance(self._root, dict) else None
        return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []

    def told_in(self, sentence: str) -> int | None:
        """The line that a sentence of the loader speaks of: it names one, or begins with a key, or with a key and the
        name of what stands there, and after a colon with a key of that."""
        if told := re.search(r"\bline (\d+)\b", sentence):
            return int(told[1])
        place: list[str | int] = []
        for part in sentence.split(": ")[:3]:
            key, _, name = part.partition(" ")
            if not re.fullmatch(r"\w+(\.[\w-]+)*", key) or (name and not place and " " in name):
                break
            place += (int(each) if each.isdecimal() else each for each in key.split("."))
            if name:
                place.append(name)
        return self.of([*place, *re.findall(r"'([^']+)'", sentence)[:1]])

    def of(self, place: Place) -> int | None:
        """The line of the deepest part of it that is there."""
        return self._deepest(self._root, place)[1]

    def _deepest(self, node: Any, place: Place) -> tuple[int, int | None]:
        """How many steps were found, and the line of the last one."""
        steps = (
            [(line, self._deepest(below, place[1:])) for line, below in _step(node, place[0])]
            if place
            else []
        )
        return max(
            ((1 + depth, line if last is None else last) for line, (depth, last) in steps), default=(0, None)
        )


def _step(node: Any, step: str | int) -> Iterator[tuple[int, Any]]:
    """The line of a key; of an item by its number, or by its name, which several may have; or of a text in a list; and
    what stands there."""
    at: Any = getattr(node, "lc", None)
    if isinstance(node, dict) and step in node:
        yield at.key(step)[0] + 1, node[step]
    elif isinstance(node, dict) and step == 0:  # a statement that stands alone
        yield at.line + 1, node
    elif isinstance(node, list):
        for number, item in enumerate(node):
            named = isinstance(item, dict) and step in (item.get("name"), item.get("role"))
            if step in (number, item) or named:
                yield at.item(number)[0] + 1, item
