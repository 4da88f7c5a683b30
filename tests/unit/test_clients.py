"""How `make clients` judges what a client said, and keeps docs/clients.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clients import table
from clients.trials import Client, Said, Trial, holds, refused, works
from clients.world import World

PAGE = "<!doctype html>\n<html lang=en>\n<title>500 Internal Server Error</title>"


def test_what_works_ends_well_and_says_what_it_should() -> None:
    assert works("it", Said(0, "all is done"), "seen", "done").broken is None
    assert "ended with 2: no" in str(works("it", Said(2, "no"), "seen").broken)
    assert "does not say ['done']" in str(works("it", Said(0, "no"), "seen", "done").broken)


@pytest.mark.parametrize(
    "text", [PAGE, f"An error occurred (500): {PAGE}", "Unable to parse response: no XML"]
)
def test_a_page_of_a_server_is_no_refusal(text: str) -> None:
    assert "no AWS error" in str(refused("it", Said(1, text), "seen", "500").broken)
    assert refused("it", Said(1, "An error occurred (AccessDenied)"), "seen", "AccessDenied").broken is None


@pytest.mark.parametrize("code", [0, -1])
def test_what_ends_well_or_never_was_not_refused(code: int) -> None:
    said = Said(code, "An error occurred (AccessDenied)")
    assert f"ended with {code}" in str(refused("it", said, "seen", "AccessDenied").broken)


def test_who_was_not_run_keeps_a_section(tmp_path: Path) -> None:
    def nothing(_: World) -> Iterator[Trial]:
        yield from ()

    clients = [Client(name, lambda: "1", nothing) for name in ("one", "two", "three")]
    file = tmp_path / "clients.md"
    table.write({"two": ("2.0", [holds("`two a | b`", "all", True, "")])}, clients, file)
    table.write({"one": ("1.0", [holds("`one`", "all", True, "")])}, clients, file)
    text = file.read_text()
    assert text.startswith("# Clients")
    assert text.index("## one\n\nVersion 1.0; ") < text.index("## two\n\nVersion 2.0; ")
    assert "| `two a \\| b` | works: all |" in text
    assert "## three" not in text
