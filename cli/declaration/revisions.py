"""Another declaration to compare with: of a Git revision, a file, or a folder."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from cli.declaration import declared
from cli.trouble import Trouble

if TYPE_CHECKING:
    from groundwork.declaration import Declaration


def other(against: str, folder: Path) -> Declaration:
    """What `against` declares: a file, a folder, or the revision of `folder`. Raises `Trouble`."""
    path = Path(against)
    if path.is_dir():
        return declared.load(path)
    if path.is_file():
        home = path.parent if (path.parent / "policies").is_dir() else folder
        return declared.checked(home, path.read_text(encoding="utf-8"))
    with _of_revision(against, folder) as home:
        try:
            return declared.load(home)
        except Trouble as invalid:
            raise Trouble(f"{against}: {invalid.what}", invalid.remedy) from None


@contextmanager
def _of_revision(revision: str, folder: Path) -> Iterator[Path]:
    """The folder as it was then."""
    top = Path(_git(folder, "rev-parse", "--show-toplevel", why="in no Git repository").decode().strip())
    inside = folder.resolve().relative_to(top.resolve())
    commit = _git(
        folder,
        "rev-parse",
        "--verify",
        "--quiet",
        f"{revision}^{{commit}}",
        why=f"without a revision {revision}",
    )
    archive = _git(
        folder,
        *("archive", commit.decode().strip(), "--", str(inside)),
        why=f"not there in revision {revision}",
        at=top,
    )
    with TemporaryDirectory() as made:
        with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
            packed.extractall(made, filter="data")
        yield Path(made) / inside


def _git(folder: Path, *arguments: str, why: str, at: Path | None = None) -> bytes:
    """`why` the `folder` cannot be had, where Git fails, which is asked there or `at` another place."""
    try:
        done = subprocess.run(["git", "-C", at or folder, *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        raise Trouble(
            "Git is not installed.", "Install it, or name a file or a folder with --against."
        ) from None
    if done.returncode:
        raise Trouble(
            f"The declaration's folder {folder} is {why}.",
            "Name a revision that has it, a file or a folder with --against.",
        )
    return done.stdout
