"""Files that are made from code, and kept current: without arguments tell which are not, with --write make them.

python -m checks.generated [--write]
"""

from __future__ import annotations

import json
import lzma
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from checks import baseline, embedded
from checks.aws_names import actions, managed_documents, managed_policies
from checks.commands import commands
from checks.evaluators import evaluators
from checks.references import errors, permissions
from clients.audits import page as audits
from groundwork.baseline.components import COMPONENTS
from groundwork.declaration import Declaration
from groundwork.declaration.aws_names import attachable, partitions
from groundwork.declaration.component_names import camel
from groundwork.declaration.loading import check, load
from local.console.diagram.picture import bare_picture_of, picture_of

ROOT = Path(__file__).parent.parent


def declaration_schema() -> str:
    """The JSON Schema by which editors complete and check baseline.yaml."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Declaration.model_json_schema()}
    for name, component in COMPONENTS.items():
        if component.settings:
            schema["properties"][camel(name)] = component.settings.model_json_schema()
    names = {"region": sorted(partitions()), "managed-policy": sorted(attachable())}
    schema["$defs"] |= {name: {"type": "string", "enum": known} for name, known in names.items()}
    return json.dumps(_with_names(schema), indent=2) + "\n"


def _with_names(schema: Any) -> Any:
    """Where AWS's own names stand, the list of them."""
    if isinstance(schema, list):
        return [_with_names(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") in ("region", "managed-policy"):
        rest = {key: part for key, part in schema.items() if key not in ("format", "type")}
        return {**rest, "$ref": f"#/$defs/{schema['format']}"}
    return {key: _with_names(part) for key, part in schema.items()}


GENERATED: Mapping[str, Callable[[], str]] = {
    "layers/baseline/baseline.schema.json": declaration_schema,
    "layers/groundwork/declaration/managed_policies.txt": managed_policies,
    "layers/groundwork/doors/actions.txt.xz": actions,
    "layers/groundwork/doors/managed_policies.txt.xz": managed_documents,
    "docs/vend_account.svg": partial(picture_of, "vend_account"),
    "docs/roll_out.svg": partial(picture_of, "roll_out"),
    "docs/close_account.svg": partial(picture_of, "close_account"),
    "docs/audit.md": audits.document,
    "docs/baseline.md": baseline.document,
    "docs/commands.md": commands,
    "layers/groundwork/report/page/vend_account.svg": partial(bare_picture_of, "vend_account"),
    "layers/groundwork/report/page/roll_out.svg": partial(bare_picture_of, "roll_out"),
    "docs/errors.md": errors,
    "docs/evaluators.md": evaluators,
    "docs/permissions.md": permissions,
    "docs/embedded-operations.md": embedded.document,
}


def stale() -> list[str]:
    """The files whose text is not what the code makes now."""
    return [name for name, make in GENERATED.items() if _text(ROOT / name) != make()]


def _text(path: Path) -> str | None:
    if not path.exists():
        return None
    return lzma.decompress(path.read_bytes()).decode() if path.suffix == ".xz" else path.read_text()


def _write(path: Path, text: str) -> None:
    path.write_bytes(lzma.compress(text.encode()) if path.suffix == ".xz" else text.encode())


def main(arguments: list[str]) -> int:
    check(load(), COMPONENTS)
    old = stale()
    if "--write" in arguments:
        for name in old:
            _write(ROOT / name, GENERATED[name]())
        return 0
    for name in old:
        print(f"{name}: not current; `make format` writes it", file=sys.stderr)
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
