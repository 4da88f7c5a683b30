"""A defect of the embedded AWS in one line: what was raised, and where."""

from __future__ import annotations

import traceback
from pathlib import Path

import moto

BASES = (Path(moto.__file__).parents[1], Path(__file__).parents[1])


def cause_of(error: BaseException) -> str:
    """As in `KeyError: 'a' (moto/kms/models.py:457)`."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    path = Path(last.filename)
    base = next((each for each in BASES if path.is_relative_to(each)), path.parent)
    return f"{type(error).__name__}: {error} ({path.relative_to(base)}:{last.lineno})"
