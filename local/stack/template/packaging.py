"""What `sam build` and `sam package` do to a template before it is deployed, without installing anything.

The one difference: a layer's Makefile is run for its code only. The packages that a layer brings to Lambda
come from this machine's own virtual environment, in the same locked versions.
"""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from local.stack.template.sam import parsed

Upload = Callable[[str, bytes], str]
"""Stores bytes under a key; returns their s3:// address."""

EPOCH = (1980, 1, 1, 0, 0, 0)
CODE_ONLY = "code"
DECLARATION = "DECLARATION"
"""Names the folder with the owner's declaration, to the Makefile of `layers/baseline`; it may be outside of the repository."""


class NotPackageable(ValueError):
    """There is no such template, or it asks for a build that the embedded AWS does not do."""


def package(template_path: Path, upload: Upload) -> dict[str, Any]:
    """The template as `sam deploy` sends it: every local path replaced by the address of its upload.

    Raises NotPackageable for a function without SkipBuild or a layer that is not built by its own Makefile.
    """
    try:
        template = parsed(template_path.read_text())
    except yaml.YAMLError as error:
        raise NotPackageable(f"{template_path} is no YAML: {' '.join(str(error).split())}") from error
    except FileNotFoundError as error:
        raise NotPackageable(f"There is no template {template_path}") from error
    for name, resource in template["Resources"].items():
        packager = PACKAGERS.get(resource["Type"])
        if packager:
            packager(name, resource, template_path.parent, upload)
    return template


def zipped(folder: Path) -> bytes:
    """A folder's files as a zip whose bytes depend on nothing but names and contents."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), EPOCH)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def upload_by_content(data: bytes, suffix: str, upload: Upload) -> str:
    return upload(hashlib.sha256(data).hexdigest() + suffix, data)


def _package_function(name: str, resource: dict[str, Any], base: Path, upload: Upload) -> None:
    properties = resource["Properties"]
    if "InlineCode" in properties:
        return
    if not resource.get("Metadata", {}).get("SkipBuild"):
        raise NotPackageable(
            f"{name}: a function needs `Metadata: {{SkipBuild: true}}`; packages belong in a layer"
        )
    folder = _local(name, properties, "CodeUri", base)
    properties["CodeUri"] = upload_by_content(zipped(folder), ".zip", upload)


def _package_layer(name: str, resource: dict[str, Any], base: Path, upload: Upload) -> None:
    properties, method = resource["Properties"], resource.get("Metadata", {}).get("BuildMethod")
    if method != "makefile":
        raise NotPackageable(f"{name}: a layer needs `Metadata: {{BuildMethod: makefile}}`, not {method!r}")
    folder = _local(name, properties, "ContentUri", base)
    declared = os.environ.get(DECLARATION)
    given = [folder, Path(declared)] if declared else [folder]
    built = _built(folder, tuple(hashlib.sha256(zipped(each)).hexdigest() for each in given))
    properties["ContentUri"] = upload_by_content(built, ".zip", upload)


@lru_cache(maxsize=8)
def _built(folder: Path, _digests: tuple[str, ...]) -> bytes:
    """A layer as its Makefile builds it, once for as long as its files are the same."""
    with tempfile.TemporaryDirectory() as artifacts:
        given = [f"ARTIFACTS_DIR={artifacts}", f"PYTHON={sys.executable}"]
        build = ["make", "--no-print-directory", "-C", str(folder), CODE_ONLY, *given]
        # A make above us would hand its own flags (its job server, its targets) down.
        environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MFLAGS")}
        done = subprocess.run(build, capture_output=True, text=True, env=environment, check=False)
        if done.returncode:
            raise NotPackageable(f"{folder.name}: `{' '.join(build)}` failed: {done.stderr.strip()}")
        return zipped(Path(artifacts))


def _package_state_machine(name: str, resource: dict[str, Any], base: Path, upload: Upload) -> None:
    properties = resource["Properties"]
    if isinstance(properties.get("DefinitionUri"), str):
        definition = base / properties["DefinitionUri"]
        properties["DefinitionUri"] = upload_by_content(definition.read_bytes(), definition.suffix, upload)


def _local(name: str, properties: dict[str, Any], key: str, base: Path) -> Path:
    folder = base / str(properties[key])
    if not folder.is_dir():
        raise NotPackageable(f"{name}: {key} {properties[key]!r} is no folder")
    return folder


PACKAGERS: dict[str, Callable[[str, dict[str, Any], Path, Upload], None]] = {
    "AWS::Serverless::Function": _package_function,
    "AWS::Serverless::LayerVersion": _package_layer,
    "AWS::Serverless::StateMachine": _package_state_machine,
}
