"""A declaration that changes while the embedded AWS runs: what is right is deployed, what is wrong is told."""

from __future__ import annotations

import queue
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from local.reloading import LAYER, Reloader
from local.stack.template.packaging import DECLARATION

PATIENCE_SECONDS = 120


class Deployments:
    """Stands for an engine: remembers what it is told to deploy."""

    def __init__(self) -> None:
        self.closing = ExitStack()
        self.deployed: list[Path] = []

    def deploy(self, template: Path) -> None:
        self.deployed.append(template)

    def on_close(self, action: Callable[[], None]) -> None:
        self.closing.callback(action)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(LAYER / "baseline.yaml", tmp_path)
    monkeypatch.setenv(DECLARATION, str(tmp_path))
    return tmp_path


@pytest.fixture
def aws() -> Iterator[Deployments]:
    engine = Deployments()
    with engine.closing:
        yield engine


def test_a_change_is_deployed_a_mistake_is_told_and_nothing_is_no_change(folder: Path, aws: Any) -> None:
    told: queue.Queue[str] = queue.Queue()
    Reloader(aws, Path("template.yaml"), told.put)
    declaration = folder / "baseline.yaml"
    right = declaration.read_text()

    declaration.write_text(right.replace("  - Workloads/Staging\n", "  - Workloads/Stagin\n"))
    wrong = told.get(timeout=PATIENCE_SECONDS)
    assert "did you mean 'Workloads/Stagin'?" in wrong
    assert wrong.endswith("What was deployed stays.")
    assert aws.deployed == []

    declaration.write_text(right.replace("  - Workloads/Staging\n", "  - Workloads/Staging\n  - Sandbox\n"))
    began = told.get(timeout=PATIENCE_SECONDS)
    assert began.startswith("Declaration ") and began.endswith(" is being deployed ...")
    first = told.get(timeout=PATIENCE_SECONDS)
    assert first.startswith("Declaration ") and first.endswith(" deployed.")
    assert aws.deployed == [Path("template.yaml")]

    declaration.write_text(declaration.read_text())
    (folder / "policies").mkdir()
    (folder / "policies" / "of-ours.json").write_text('{"Version": "2012-10-17", "Statement": []}')
    assert told.get(timeout=PATIENCE_SECONDS) not in (began, first)
    assert told.empty()
