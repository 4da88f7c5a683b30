"""A table of words, shown on a terminal or written as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rich import box
from rich.table import Table
from rich.text import Text

GOOD, BAD = "✓", "✗"


@dataclass
class Sheet:
    """Columns are numbers but for the first and those in `texts`. A cell that begins with ✓ or ✗ is coloured."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    texts: Sequence[str] = ()

    def add(self, *cells: str) -> None:
        self.rows.append(cells)

    def table(self) -> Table:
        table = Table(
            title=self.title,
            title_justify="left",
            title_style="bold",
            header_style="",
            box=box.SIMPLE_HEAD,
            padding=(0, 1),
            pad_edge=False,
        )
        for column in self.columns:
            table.add_column(column, justify="left" if self._is_text(column) else "right")
        for row in self.rows:
            table.add_row(*map(_coloured, row))
        return table

    def markdown(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"**{self.title}**"
        yield ""
        yield f"| {' | '.join(self.columns)} |"
        yield "".join("|---" if self._is_text(column) else "|---:" for column in self.columns) + "|"
        for row in self.rows:
            yield f"| {' | '.join(row)} |"

    def _is_text(self, column: str) -> bool:
        return column in (self.columns[0], *self.texts)


def marked(words: str, good: bool | None) -> str:
    return words if good is None else f"{GOOD if good else BAD} {words}"


def _coloured(cell: str) -> Text:
    return Text(cell, style={GOOD: "green", BAD: "red"}.get(cell[:1], ""))
