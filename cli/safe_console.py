"""A console on which nobody but rich controls the terminal: names and causes are written by others."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

CONTROLS = {number: None for number in (*range(0x20), *range(0x7F, 0xA0)) if chr(number) != "\n"}
"""What a terminal may obey instead of showing it, in ASCII and beyond."""


class Harmless(Console):
    """Leaves control characters out of what is shown. Styles, and what moves the cursor, come after and stay."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(segment.text.translate(CONTROLS), segment.style)
