"""Pages as Organizations makes them: at most 20 entries, an opaque token."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from .errors import invalid_input

PAGE_SIZE = 20
T = TypeVar("T")


def page(items: Sequence[T], size: int | None, token: str | None) -> tuple[list[T], str | None]:
    """One page of `items` and the token of the next, None on the last. Raises InvalidInputException."""
    try:
        start = int(base64.b64decode(token, validate=True)) if token else 0
    except (binascii.Error, ValueError):
        raise invalid_input("INVALID_NEXT_TOKEN") from None
    end = start + min(size or PAGE_SIZE, PAGE_SIZE)
    following = base64.b64encode(str(end).encode()).decode() if end < len(items) else None
    return list(items[start:end]), following
