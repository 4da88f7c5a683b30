"""Where a client is installed: an environment of its own for each, from a lock with hashes, made on first use.

None of this is in the project's own environment: each client brings its own pins of boto3.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCKS = Path(__file__).parent / "locks"
FOLDER = ROOT / ".venv-clients"
PIP = ["install", "-qq", "--disable-pip-version-check", "--no-input", "--no-deps", "--require-hashes"]
NPM = ["ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]


class NotInstalled(Exception):
    """A client's packages could not be installed; the message has the end of what the installer said."""


def from_pip(name: str) -> Path:
    """The folder of the programs of what `locks/<name>.txt` locks."""
    lock, folder = LOCKS / f"{name}.txt", FOLDER / name
    if not _is_there(folder, [lock]):
        _remove(folder)
        venv.create(folder, with_pip=True)
        _run([str(folder / "bin" / "python"), "-m", "pip", *PIP, "-r", str(lock)], folder)
        _note(folder, [lock])
    return folder / "bin"


def from_npm(name: str) -> Path:
    """The folder of the programs of what `locks/<name>/package-lock.json` locks; needs node and npm on the PATH."""
    locks = [LOCKS / name / file for file in ("package.json", "package-lock.json")]
    folder = FOLDER / name
    if not _is_there(folder, locks):
        if shutil.which("npm") is None:
            raise NotInstalled("needs node and npm on the PATH")
        _remove(folder)
        folder.mkdir(parents=True)
        for lock in locks:
            shutil.copy(lock, folder)
        _run(["npm", *NPM], folder)
        _note(folder, locks)
    return folder / "node_modules" / ".bin"


def locked(name: str, package: str) -> str:
    """The version that a lock of pip has of a package."""
    lines = (LOCKS / f"{name}.txt").read_text().splitlines()
    return next(line.split("==")[1].split()[0] for line in lines if line.startswith(f"{package}=="))


def _is_there(folder: Path, locks: list[Path]) -> bool:
    mark = folder / "installed"
    return mark.is_file() and mark.read_text() == _digest(locks)


def _note(folder: Path, locks: list[Path]) -> None:
    (folder / "installed").write_text(_digest(locks))


def _digest(locks: list[Path]) -> str:
    made = hashlib.sha256(sys.version.encode())
    for lock in locks:
        made.update(lock.read_bytes())
    return made.hexdigest()


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _run(command: list[str], folder: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotInstalled(f"{command[0]}: {(done.stderr or done.stdout).strip()[-600:]}")
