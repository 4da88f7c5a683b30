"""`groundwork report`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.given import GIVEN

if TYPE_CHECKING:
    from groundwork.report.model import Report


def report(
    file: Annotated[Path, typer.Option("--file", "-o", help="Where the page is written.")] = Path(
        "report.html"
    ),
    since: Annotated[
        Path | None,
        typer.Option(
            help="An earlier report: tell what changed since. Else the one that FILE holds until now."
        ),
    ] = None,
) -> None:
    """Write one HTML page that shows the organization: accounts, doors, runs, failures, changes.

    The page needs no network. It holds names, ids and differences of accounts: show it to whom these may be shown.

    Example: groundwork report -o organization.html
    """
    from cli.connection import Connection
    from cli.declaration.declared import load_if_there
    from cli.output import as_json, counted, say, waiting
    from cli.reporting import gathered
    from groundwork.report.compare import compared
    from groundwork.report.page import page

    before = _earlier(since, must=True) if since else _earlier(file, must=False)
    declaration = load_if_there()
    with waiting("Reading the organization"):
        made = gathered(Connection(), declaration)
    if before:
        made = compared(before, made)
    _write(file, page(made))
    if GIVEN.as_json:
        as_json({"file": str(file), "accounts": len(made.accounts), "failures": len(made.failures)})
        return
    say(f"{file}: {counted(len(made.accounts), 'account')}")
    for note in made.notes:
        say(note)


def _earlier(file: Path, *, must: bool) -> Report | None:
    """The report that the file holds. Raises `Trouble` where there must be one."""
    from cli.trouble import Trouble
    from groundwork.report.page import NoReport, report_in

    try:
        return report_in(file.read_text())
    except (OSError, UnicodeDecodeError, NoReport) as error:
        if not must:
            return None
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise Trouble(
            f"--since {file}: is no report: {why}.", "Name a page that `groundwork report` wrote."
        ) from None


def _write(file: Path, text: str) -> None:
    from cli.trouble import Trouble

    try:
        file.write_text(text)
    except OSError as error:
        raise Trouble(f"-o {file} cannot be written: {error.strerror}.", "Name another file.") from None
