"""The declarations with which the prover deploys Groundwork: each says what its chapter is about, and is taken."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from groundwork.baseline.components import COMPONENTS
from groundwork.declaration import Declaration
from groundwork.declaration.loading import check, load
from prove.crash_points import DECLARED
from prove.races import GROUP, LONGER_PASSWORDS, by_names
from prove.world import declaring

Deployed = Callable[[], AbstractContextManager[Path]]
ALL: dict[str, Deployed] = dict(DECLARED) | {"longer passwords": partial(declaring, *LONGER_PASSWORDS)}


def taken(deployed: Deployed) -> Declaration:
    with deployed() as template:
        return check(load(template.parent / "layers" / "baseline"), COMPONENTS)


def test_a_group_enters_accounts_by_their_names() -> None:
    declared = taken(partial(declaring, *by_names(["a", "b"])))
    (group,) = [each for each in declared.access.groups if each.name == GROUP]
    assert [(each.names, each.organizational_units) for each in group.enter] == [(["a", "b"], [])]


@pytest.mark.parametrize("name", ALL)
def test_the_others_are_taken(name: str) -> None:
    assert taken(ALL[name]) != load()
