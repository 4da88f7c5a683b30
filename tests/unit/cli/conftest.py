"""The command as people call it, in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from cli.app import main
from cli.given import GIVEN, Given


@dataclass(frozen=True)
class Told:
    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command was given stays in its process, for the tests that come after it."""
    for name, value in asdict(Given()).items():
        monkeypatch.setattr(GIVEN, name, value)


@pytest.fixture
def groundwork(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Told]:
    """`groundwork` with these arguments, by somebody who has no credentials unless a test gives them."""
    for variable in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL", "GROUNDWORK_DECLARATION"):
        monkeypatch.delenv(variable, raising=False)
    for variable in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(
            variable, str(tmp_path / "nobodys")
        )  # a test that writes there writes nowhere else
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    def call(*arguments: str) -> Told:
        code = main(arguments)
        said = capsys.readouterr()
        return Told(code, said.out, said.err)

    return call
