"""What is looked up once, also where two callers look at the same time."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from threading import Barrier, BrokenBarrierError

import pytest
from moto.core import routing
from moto.core.model import ServiceModel
from moto.core.utils import get_service_model

from groundwork.side_by_side import side_by_side
from local.engine import Engine


def test_the_first_two_calls_of_a_service_find_its_operations_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While moto 5.2.5 makes a router it has botocore's operations in the place of its own: whoever looks then fails."""
    both, made = Barrier(2), list[str]()

    class Waiting(routing.RestRouter):
        def __init__(self, model: ServiceModel) -> None:
            made.append(model.service_name)
            with suppress(BrokenBarrierError):
                both.wait(timeout=1)
            super().__init__(model)

    monkeypatch.setitem(routing.PROTOCOL_ROUTERS, "rest-json", Waiting)
    with Engine():
        router = routing.ServiceOperationRouter(get_service_model("guardduty"))
        one, two = side_by_side(*(partial(router._get_router, "rest-json") for _ in range(2)))
    assert (one is two, made) == (True, ["guardduty"])
