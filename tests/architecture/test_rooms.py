"""The rooms: which may know which, no circle of imports, and no room that nobody could find anything in."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BASES: Mapping[str, Path] = {
    "groundwork": ROOT / "layers",
    **dict.fromkeys(
        ("cli", "local", "functions", "demo", "bench", "prove", "checks", "clients", "tests"), ROOT
    ),
}
FLOORS: Sequence[set[str]] = (
    {
        *("errors", "fields", "contracts", "parsing", "settings", "entry", "rendering", "side_by_side"),
        *("callers", "contacts", "model", "policies", "prices", "tags"),
    },
    {"declaration", "aws"},
    {"ledger"},
    {"baseline"},
    {"doors"},
    {"vending"},
    {"notifications"},
    {"closing"},
    {"report"},
    {"roll_out"},
)
"""The rooms of the layer, the lowest first: a room knows those below it and its own."""
BUILDS = "groundwork.build_models"
"""Runs when the layer is built, and is not shipped."""
COMMANDS = "cli.commands"
"""A module for each command: as many as there are, and listed in `cli.app`."""
MOST_MODULES = 16
"""In one room: a longer list is two rooms in one."""


def modules() -> dict[str, Path]:
    """Every module of the project by its dotted name."""
    found = {}
    for package, base in BASES.items():
        for path in sorted((base / package).rglob("*.py")):
            parts = path.relative_to(base).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imported(name: str, path: Path, *, at_once: bool = False) -> Iterator[str]:
    """The project's modules that a module imports, wherever in it, for its types included; or what it imports `at_once`,
    before one of its functions is called."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in _outside_of_functions(path) if at_once else ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        if isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
            source = ".".join(filter(None, [above if node.level else "", node.module]))
            inner = {f"{source}.{alias.name}" for alias in node.names} & MODULES.keys()
            yield from inner
            if source in MODULES and len(inner) < len(node.names):
                yield source


def _outside_of_functions(path: Path) -> Iterator[ast.AST]:
    nodes: list[ast.AST] = [ast.parse(path.read_text())]
    while nodes:
        node = nodes.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            nodes += ast.iter_child_nodes(node)


ROOMED = sorted(name for name in MODULES if name.startswith("groundwork.") and name != BUILDS)
IMPORTS = {name: set(imported(name, path)) - {name} for name, path in MODULES.items()}


def test_there_is_no_circle_of_imports() -> None:
    known = {  # an adapter names the engine's type; the engine imports no adapter
        name: {each for each in found if not (each == "local.engine" and name.startswith("local."))}
        for name, found in IMPORTS.items()
    }
    assert not {each for each in IMPORTS["local.engine"] if each.count(".") > 1} - {
        "local.identity.credentials"
    }
    try:
        list(TopologicalSorter(known).static_order())
    except CycleError as circle:
        pytest.fail(" -> ".join(circle.args[1]))


@pytest.mark.parametrize("name", ROOMED)
def test_a_room_of_the_layer_knows_only_those_below(name: str) -> None:
    floors = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
    own = floors[name.split(".")[1]]
    above = {each for each in IMPORTS[name] if each.count(".") and floors[each.split(".")[1]] > own}
    assert not above


def test_every_room_of_the_layer_has_its_floor() -> None:
    rooms = {name.split(".")[1] for name in ROOMED}
    assert rooms == set().union(*FLOORS)


def test_the_command_line_starts_the_embedded_aws_and_knows_nothing_of_it() -> None:
    """`pip install .` brings no moto."""
    known = {each for name, found in IMPORTS.items() if name.startswith("cli.") for each in found}
    assert not {each for each in known if each.partition(".")[0] not in ("cli", "groundwork")}


def test_what_pip_installs_brings_what_it_imports() -> None:
    included = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]
    brought = {
        path.split("/")[0].replace("layers", "groundwork") for path in included["wheel"]["force-include"]
    }
    known = {each for name, found in IMPORTS.items() if name.split(".")[0] in brought for each in found}
    assert {"cli", "local"} <= brought
    assert {each.split(".")[0] for each in known} <= brought


def test_no_function_reads_policies_before_it_has_to() -> None:
    """The evaluator is for who looks at what is declared; a cold start has no time for it."""
    at_once = {name: set(imported(name, path, at_once=True)) for name, path in MODULES.items()}
    seen: set[str] = set()
    reached = {name for name in MODULES if name.startswith("functions.")}
    while reached - seen:
        seen |= reached
        reached = set().union(*(at_once[name] for name in seen))
    assert "groundwork.entry" in seen
    assert not {name for name in seen if name.startswith(("groundwork.policies", "groundwork.doors"))}


def test_a_room_is_small_enough_to_be_looked_over() -> None:
    sizes: dict[str, int] = {}
    for name in MODULES:
        if name.startswith(("cli.", "groundwork.", "local.")) and not name.startswith(COMMANDS):
            room = name if MODULES[name].name == "__init__.py" else name.rpartition(".")[0]
            sizes[room] = sizes.get(room, 0) + 1
    assert not {room: size for room, size in sizes.items() if size > MOST_MODULES}


@pytest.mark.parametrize(
    "name", sorted(each for each in MODULES if each.startswith(("cli", "groundwork", "local")))
)
def test_a_module_says_what_it_knows(name: str) -> None:
    assert ast.get_docstring(ast.parse(MODULES[name].read_text()))


def test_the_prover_is_imported_by_the_proof_alone() -> None:
    """docs/decisions/0024: it is under the AGPL."""
    importing = {
        name
        for name, path in MODULES.items()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for source in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
        if source.split(".")[0] in {"reach", "reach_security"}
    }
    assert importing == {"prove.reached", "prove.reached_once"}
