"""What the embedded AWS notes for `groundwork --local`: a key, for its user alone."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cli.connection import note_of_local
from local.__main__ import _note

KEY = {"AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.mark.parametrize("is_link", [False, True])
def test_the_key_is_written_into_a_file_that_nobody_else_has(
    is_link: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    note, elsewhere = note_of_local(4566), tmp_path / "elsewhere"
    note.parent.mkdir()
    if is_link:
        note.symlink_to(elsewhere)
    else:
        note.touch()
        note.chmod(0o666)
    aws: Any = SimpleNamespace(
        administrator=SimpleNamespace(for_environment=lambda: KEY),
        endpoint_variables=dict,
        region="us-east-1",
    )
    _note(aws, 4566)
    assert json.loads(note.read_text())["AWS_SECRET_ACCESS_KEY"] == "secret"
    assert note.stat().st_mode & 0o777 == 0o600 and not note.is_symlink() and not elsewhere.exists()
