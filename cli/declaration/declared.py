"""The owner's declaration: where its folder is, and what it says."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from cli.given import GIVEN
from cli.trouble import Trouble

if TYPE_CHECKING:
    from groundwork.declaration import Declaration

FILE = "baseline.yaml"
PLACES = (Path(), Path("layers", "baseline"))
"""Where it is looked for when nobody says where it is."""


def folder(given: Path | None = None) -> Path:
    """The folder with `baseline.yaml`: the one given, or --declaration, or GROUNDWORK_DECLARATION, or here, or
    layers/baseline. Raises `Trouble`."""
    named = given or GIVEN.declaration
    if named is None:
        found = next((place for place in PLACES if (place / FILE).is_file()), None)
        if found is None:
            raise Trouble(
                f"There is no declaration here: neither this folder nor layers/baseline has a {FILE}.",
                "Name its folder by --declaration or GROUNDWORK_DECLARATION.",
            )
        return found
    if named.name == FILE:
        named = named.parent
    if not (named / FILE).is_file():
        why = f"has no {FILE}" if named.is_dir() else "is no folder"
        raise Trouble(f"--declaration {named}: {why}.", f"Name the folder that holds {FILE} and policies/.")
    return named


def load(given: Path | None = None) -> Declaration:
    """The declaration in this folder, or in the one that `folder` finds, the settings of its components with it.
    Raises `Trouble` with the loader's sentences."""
    home = folder(given)
    return checked(home, read(home))


def read(home: Path) -> str:
    """What the owner wrote, with its ends of lines. Raises `Trouble`."""
    try:
        with (home / FILE).open(encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as unreadable:
        raise Trouble(
            f"{home / FILE} cannot be read: {unreadable}.", "Give a file of text in UTF-8."
        ) from None


def checked(home: Path, text: str) -> Declaration:
    """What this folder declares with this text as its file. Its policies come on top of those that are shipped, as in a
    build. Raises `Trouble` with the loader's sentences."""
    from groundwork.baseline.components import COMPONENTS
    from groundwork.declaration import loading
    from groundwork.errors import InvalidDeclaration

    with put_together(home, text) as whole:
        try:
            return loading.check(loading.load(whole), COMPONENTS)
        except InvalidDeclaration as invalid:
            raise Trouble(str(invalid)) from None


@contextmanager
def put_together(home: Path, text: str) -> Iterator[Path]:
    """A folder with this text as its file, and the owner's policies and conformance packs on top of those that are shipped, and templates."""
    from groundwork.declaration.loading import FOLDERS, HOME
    from groundwork.declaration.stacks.templates import FOLDER as TEMPLATES

    with TemporaryDirectory() as made:
        whole = Path(made)
        (whole / FILE).write_bytes(text.encode())
        for folder in (HOME / each for each in FOLDERS):
            shutil.copytree(folder, whole / folder.name)
            if (home / folder.name).is_dir():
                shutil.copytree(home / folder.name, whole / folder.name, dirs_exist_ok=True)
        if (home / TEMPLATES).is_dir():
            shutil.copytree(home / TEMPLATES, whole / TEMPLATES)
        yield whole


def load_if_there() -> Declaration | None:
    """None where nobody said where one is, and there is none here. Raises `Trouble` for one that is not right."""
    if GIVEN.declaration is None and not any((place / FILE).is_file() for place in PLACES):
        return None
    return load()
