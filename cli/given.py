"""What every command takes: which credentials, which AWS, and how to answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer


class Output(StrEnum):
    TABLE = "table"
    JSON = "json"


@dataclass
class Given:
    """`profile` is of ~/.aws/config; `local` says that the embedded AWS is meant; `declaration` is the folder with
    baseline.yaml."""

    profile: str | None = None
    local: bool = False
    output: Output = Output.TABLE
    declaration: Path | None = None

    @property
    def as_json(self) -> bool:
        return self.output is Output.JSON


GIVEN = Given()
"""Of the command that runs."""


def _noting(name: str) -> Callable[[Any], Any]:
    def note(value: Any) -> Any:
        setattr(GIVEN, name, value)
        return value

    return note


def options() -> list[Any]:
    """The options that stand behind those of each command; their values are in `GIVEN`."""

    def common(
        profile: Annotated[
            str | None,
            typer.Option(
                help="A profile of ~/.aws/config, of the management account.",
                callback=_noting("profile"),
                expose_value=False,
            ),
        ] = None,
        local: Annotated[
            bool,
            typer.Option(
                "--local",
                help="The embedded AWS that `groundwork local` runs, with its administrator.",
                callback=_noting("local"),
                expose_value=False,
            ),
        ] = False,
        output: Annotated[
            Output,
            typer.Option(
                help="How to answer: a table, or JSON on standard output.",
                callback=_noting("output"),
                expose_value=False,
            ),
        ] = Output.TABLE,
        declaration: Annotated[
            Path | None,
            typer.Option(
                envvar="GROUNDWORK_DECLARATION",
                help="The folder with baseline.yaml and policies/; else this one, or layers/baseline.",
                callback=_noting("declaration"),
                expose_value=False,
            ),
        ] = None,
    ) -> None:
        pass

    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command()(common)
    return [each for each in typer.main.get_command(alone).params if each.name != "help"]
