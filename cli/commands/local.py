"""`groundwork local`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.given import GIVEN


def local(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Of 127.0.0.1.")] = 4566,
    console_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="Of the console, a page that shows it all; 0: none.",
            show_default="the port after it",
        ),
    ] = None,
    quota_accounts: Annotated[
        int, typer.Option(min=1, help="How many accounts the organization may have.")
    ] = 10,
    identity_center: Annotated[
        str | None,
        typer.Option(
            metavar="REGION", help="Enable IAM Identity Center there, as a person does in its console."
        ),
    ] = None,
    faults: Annotated[Path | None, typer.Option(help="A fault plan (docs/faults.md).")] = None,
    template: Annotated[
        Path | None, typer.Option(help="A SAM application to deploy instead of Groundwork.")
    ] = None,
) -> None:
    """Run the embedded AWS, with Groundwork in it, until interrupted.

    In another shell every command takes --local then. Nothing of it outlives the process.

    Example: groundwork local --port 4566
    """
    from cli.home import become

    arguments = ["--port", str(port), "--quota-accounts", str(quota_accounts)]
    arguments += ["--console-port", str(console_port)] if console_port is not None else []
    arguments += ["--identity-center", identity_center] if identity_center is not None else []
    for name, value in (("--faults", faults), ("--template", template)):
        arguments += [name, str(value.absolute())] if value else []
    declaration = {"DECLARATION": str(GIVEN.declaration.absolute())} if GIVEN.declaration else {}
    become("local", arguments, declaration)
