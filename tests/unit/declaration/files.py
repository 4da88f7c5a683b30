"""The owner's files, changed, and what is said of them."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from groundwork.baseline.components import COMPONENTS
from groundwork.declaration.loading import HOME, check, load
from groundwork.errors import InvalidDeclaration

DEFAULT = yaml.safe_load((HOME / "baseline.yaml").read_text())


def refusal(home: Path) -> str:
    with pytest.raises(InvalidDeclaration) as refused:
        check(load(home), COMPONENTS)
    return str(refused.value)


def changed(home: Path, key: str, *values: Any, keep: bool = False) -> Path:
    """The default, or with `keep` what is there, with the value at a dotted key replaced; a key that ends in `+` appends
    to the list there."""
    raw = yaml.safe_load((home / "baseline.yaml").read_text()) if keep else copy.deepcopy(DEFAULT)
    *way, last = key.removesuffix("+").split(".")
    place = raw
    for step in way:
        place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
    if key.endswith("+"):
        place.setdefault(last, []).extend(values)
    else:
        (place[int(last) if isinstance(place, list) else last],) = values
    (home / "baseline.yaml").write_text(yaml.safe_dump(raw))
    return home


def policy(home: Path, *statements: Any, name: str = "deploy", **document: Any) -> Path:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)} | document)
    (home / "policies" / f"{name}.json").write_text(text)
    return home
