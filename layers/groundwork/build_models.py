"""What botocore is to know of AWS: the services and operations that Groundwork's code names, without their documentation.

    python build_models.py CODE MODELS

writes them to the folder MODELS, as botocore looks for them. It is run when the layer is built, and does not ship.

A client gets a method for each operation of its service: EC2 has more than 800, and is asked in every governed Region.
A service stands in the code as a text (`client("iam")`), an operation as a method (`client.get_role`), as a text
(`Call("iam", "CreateRole")`) or as an action (`Permission(["iam:GetRole"])`). What is named by accident stays as well.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from botocore import xform_name
from botocore.loaders import Loader

MODEL, RULES, PAGES = "service-2", "endpoint-rule-set-1", "paginators-1"


def main(code: Path, models: Path) -> None:
    """Writes models of the services that the code names."""
    loader, names = Loader(), names_in(code.rglob("*.py"))
    endpoints = set()
    for service in sorted(names & set(loader.list_available_services(MODEL))):
        model = loader.load_service_model(service, MODEL)
        operations = {name for name in model["operations"] if {name, xform_name(name)} & names}
        if not operations:
            continue
        endpoints.add(model["metadata"]["endpointPrefix"])
        version = loader.determine_latest_version(service, MODEL)
        folder = models / service / version
        folder.mkdir(parents=True)
        _write(folder / f"{MODEL}.json", trimmed(model, operations))
        _write(folder / f"{RULES}.json", loader.load_service_model(service, RULES))
        if service in loader.list_available_services(PAGES):
            pages = loader.load_service_model(service, PAGES)["pagination"]
            _write(
                folder / f"{PAGES}.json",
                {"pagination": {name: pages[name] for name in sorted(operations & pages.keys())}},
            )
    _write(models / "endpoints.json", _endpoints(loader.load_data("endpoints"), endpoints))


def names_in(files: Iterable[Path]) -> set[str]:
    """What the code may call a service or an operation by."""
    return {name for file in files for name in _names(ast.parse(file.read_text()))}


def _names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
            yield node.value.partition(":")[2]


def trimmed(model: Mapping[str, Any], operations: Iterable[str]) -> dict[str, Any]:
    """The model with these operations and the shapes that they need."""
    kept = {name: model["operations"][name] for name in sorted(operations)}
    shapes: dict[str, Any] = {}
    waiting = list(_references(kept))
    while waiting:
        name = waiting.pop()
        if name not in shapes:
            shapes[name] = model["shapes"][name]
            waiting += _references(shapes[name])
    # botocore reads the documentation of clientContextParams, which s3control has.
    return {**model, "operations": _undocumented(kept), "shapes": _undocumented(shapes)}


def _references(part: Any) -> Iterator[str]:
    """Names of the shapes that this part of a model refers to."""
    if isinstance(part, dict):
        if isinstance(part.get("shape"), str):
            yield part["shape"]
        for inner in part.values():
            yield from _references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _references(inner)


def _undocumented(part: Any) -> Any:
    if isinstance(part, dict):
        return {
            key: _undocumented(inner)
            for key, inner in part.items()
            if not (key == "documentation" and isinstance(inner, str))
        }
    return [_undocumented(each) for each in part] if isinstance(part, list) else part


def _endpoints(everything: Any, services: set[str]) -> Any:
    """Where these services are, in every partition."""
    partitions = [
        {**each, "services": {name: found for name, found in each["services"].items() if name in services}}
        for each in everything["partitions"]
    ]
    return {**everything, "partitions": partitions}


def _write(file: Path, model: Any) -> None:
    file.write_text(json.dumps(model, separators=(",", ":")))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
