"""A file of the user's is replaced at once or not at all: its mode stays, and a symbolic link stays one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import NamedTemporaryFile

from cli.trouble import Trouble

READABLE_BY_THE_OWNER, PRIVATE_FOLDER = 0o600, 0o700


def read_bytes(path: Path) -> bytes:
    """What is in the file; nothing where there is none. Raises `Trouble`."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as unreadable:
        raise Trouble(f"{path} cannot be read: {unreadable.strerror}.", "Nothing was changed.") from None


def replace(path: Path, content: bytes, *, backup: str | None = None) -> Path | None:
    """The backup, if one was asked for by the ending of its name and there was a file. Raises `Trouble`."""
    real = path.resolve()
    temporary: Path | None = None
    try:
        real.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        mode = real.stat().st_mode if real.exists() else READABLE_BY_THE_OWNER
        kept = real.with_name(real.name + backup) if backup and real.exists() else None
        if kept:
            shutil.copy2(real, kept)
        with NamedTemporaryFile(dir=real.parent, prefix=f".{real.name}.", delete=False) as file:
            temporary = Path(file.name)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode & 0o7777)
        temporary.replace(real)
    except OSError as refused:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise Trouble(f"{path} cannot be written: {refused.strerror}.", "Nothing was changed.") from None
    return kept
