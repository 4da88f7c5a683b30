"""docs/clients.md: what each client met, a section for each. One that was not run keeps the section it has."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from clients.trials import Client, Trial
from clients.world import ROOT

FILE = ROOT / "docs" / "clients.md"
BEFORE = """# Clients that nobody here wrote

Each was run against the embedded AWS as `make local` boots it, with Groundwork in it, five accounts and a user of each group.
`make clients` does it again, in some ten minutes, and `make clients ONLY="awsume prowler"` a part; each client is installed
into an environment of its own, from a lock with hashes in `clients/locks/`. It is no part of CI. Written by
`make clients WRITE=1`: versions, dates and rows are of that run.

*Refused* is right: what the embedded AWS has not, or Groundwork forbids, is answered by an AWS error that says so.
"""
SECTION = re.compile(r"^## (.+?)\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def write(
    seen: Mapping[str, tuple[str, Sequence[Trial]]], clients: Sequence[Client], file: Path = FILE
) -> None:
    """`seen`: by the client's name, its version and its trials."""
    kept = {found[1]: found[0] for found in SECTION.finditer(file.read_text())} if file.exists() else {}
    made = {name: _section(name, *each) for name, each in seen.items()}
    sections = {**kept, **made}
    file.write_text(
        "\n".join(
            [BEFORE, *(sections[each.name].rstrip() + "\n" for each in clients if each.name in sections)]
        )
    )


def _section(name: str, version: str, trials: Sequence[Trial]) -> str:
    rows = [f"| {_cell(trial.words)} | {trial.verdict}: {_cell(trial.seen)} |" for trial in trials]
    head = [f"## {name}", "", f"Version {version}; {datetime.now(UTC):%Y-%m-%d}.", ""]
    return "\n".join([*head, "| Tried | Seen |", "|---|---|", *rows, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
