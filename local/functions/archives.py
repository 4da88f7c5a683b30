"""What of a function's or layer's archive runs on this machine.

`sam build` fetches packages for Lambda's platform. Those that were compiled for another processor or Python are left out
where this machine's own environment has the same version of them, which a sandbox then imports; all else stays. Where
it has not, the archive is refused when it is uploaded, not when a function of it is invoked. Only archives for Python are judged: of other languages none runs.
"""

from __future__ import annotations

import csv
import io
import platform
import re
import struct
import sys
import zipfile
from collections.abc import Iterator, Mapping
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePosixPath

ELF = b"\x7fELF"
MACHINES: Mapping[str, int] = {"x86_64": 62, "AMD64": 62, "aarch64": 183, "arm64": 183}
"""Of ELF's header, by `platform.machine()`."""
HEADER_BYTES = 20
DISTRIBUTION = re.compile(r"(?P<name>[^/]+?)-(?P<version>[^-/]+)\.dist-info/RECORD$")
HERE = f"Python {sys.version_info.major}.{sys.version_info.minor} on {platform.machine()}"


class CompiledForElsewhere(Exception):
    """An archive holds what this machine cannot run; the message says what, and what to do."""


def require_runnable(archive: bytes) -> None:
    """Raises `CompiledForElsewhere`; what is no zip archive is not judged."""
    if zipfile.is_zipfile(io.BytesIO(archive)):
        with zipfile.ZipFile(io.BytesIO(archive)) as bundle:
            runnable(bundle)


def runnable(bundle: zipfile.ZipFile) -> list[str]:
    """The members of an archive that run here, or are needed by what does. Raises `CompiledForElsewhere`."""
    foreign = [name for name in bundle.namelist() if _is_foreign(bundle, name)]
    if not foreign:
        return bundle.namelist()
    left_out: set[str] = set()
    for distribution, number, files in _distributions(bundle):
        compiled = files.intersection(foreign)
        if not compiled:
            continue
        here = _version_here(distribution)
        if here != number:
            raise CompiledForElsewhere(
                f"{min(compiled)} does not run under {HERE}, as functions of the embedded AWS do. It would take "
                f"{distribution} {number} from its own environment, which has {here or 'none'}: install that version "
                f"there, or build for this machine."
            )
        left_out |= files
    if unknown := sorted(set(foreign) - left_out):
        raise CompiledForElsewhere(
            f"{unknown[0]} does not run under {HERE}, as functions of the embedded AWS do, and belongs to no package "
            "that it could take from its own environment instead: build for this machine."
        )
    return [name for name in bundle.namelist() if name not in left_out]


def _is_foreign(bundle: zipfile.ZipFile, name: str) -> bool:
    """Whether it is machine code for another processor, or an extension module of another Python."""
    stem, *suffix = PurePosixPath(name).name.split(".", 1)
    if not suffix or not re.search(r"(^|\.)so(\.|$)", suffix[0]):
        return False
    with bundle.open(name) as member:
        header = member.read(HEADER_BYTES)
    if not stem or not header.startswith(ELF) or len(header) < HEADER_BYTES:
        return False
    (machine,) = struct.unpack_from("<H", header, 18)
    if sys.platform != "linux" or machine != MACHINES.get(platform.machine()):
        return True
    return suffix[0].startswith("cpython-") and f".{suffix[0]}" not in EXTENSION_SUFFIXES


def _distributions(bundle: zipfile.ZipFile) -> Iterator[tuple[str, str, set[str]]]:
    """Each installed package: its name, its version and its members.

    https://packaging.python.org/en/latest/specifications/recording-installed-packages/
    """
    members = set(bundle.namelist())
    for record in members:
        if found := DISTRIBUTION.search(record):
            base = record[: found.start()]
            rows = csv.reader(bundle.read(record).decode(errors="replace").splitlines())
            files = {f"{base}{row[0]}" for row in rows if row} & members
            yield found["name"], found["version"], files


def _version_here(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
