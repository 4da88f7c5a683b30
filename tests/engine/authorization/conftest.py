"""An engine for each file, and somebody new for each test."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from local.engine import Engine
from tests.engine.authorization.people import Person


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.05) as engine:
        yield engine


@pytest.fixture
def person(aws: Engine, request: pytest.FixtureRequest) -> Person:
    return Person(aws, request.node.name.split("[")[0][-40:] + str(time.monotonic_ns())[-8:])
