"""A declaration that changes while the embedded AWS runs is deployed into it, as `make build` and `sam deploy` would.

What is wrong is told in its sentence, and what was deployed stays.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from watchfiles import watch

from cli.declaration.checking import findings
from cli.declaration.declared import load
from cli.trouble import Trouble
from local.stack.cloudformation import DeploymentFailed
from local.stack.template.packaging import DECLARATION, NotPackageable, zipped

if TYPE_CHECKING:
    from local.engine import Engine

LAYER = Path(__file__).parents[1] / "layers" / "baseline"
STAYS = "What was deployed stays."
WAITS_MILLISECONDS = 300
"""For an editor that writes several files, or one in parts."""


class Reloader:
    """Watches until its engine closes. `tell` is given a line for each change."""

    def __init__(self, engine: Engine, template: Path, tell: Callable[[str], None]) -> None:
        self._engine, self._template, self._tell = engine, template, tell
        own = os.environ.get(DECLARATION)
        self._home = Path(own) if own else LAYER
        self._folders = {LAYER, self._home}
        self._deployed = self._digests()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="reloading", daemon=True)
        self._thread.start()
        engine.on_close(self._close)

    def _watch(self) -> None:
        for _ in watch(
            *self._folders, stop_event=self._closed, debounce=WAITS_MILLISECONDS, raise_interrupt=False
        ):
            self._bring()

    def _bring(self) -> None:
        try:
            found = self._digests()
            if found == self._deployed:
                return
            self._deployed = found
            if wrong := [str(each) for each in findings(self._home) if each.severity == "error"]:
                self._tell("\n".join([*wrong, STAYS]))
                return
            version = load(self._home).version
            self._tell(f"Declaration {version} is being deployed ...")
            self._engine.deploy(self._template)
        except (Trouble, DeploymentFailed, NotPackageable, OSError) as failure:
            self._tell(f"{failure}\n{STAYS}")
            return
        self._tell(f"Declaration {version} deployed.")

    def _digests(self) -> set[str]:
        """Of what is declared: a file that is saved as it was is no change."""
        return {hashlib.sha256(zipped(folder)).hexdigest() for folder in self._folders}

    def _close(self) -> None:
        self._closed.set()
        self._thread.join()
