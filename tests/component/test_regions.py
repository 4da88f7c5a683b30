"""The governed Regions are looked at side by side."""

from __future__ import annotations

from dataclasses import replace
from threading import Barrier
from typing import Any

from groundwork.baseline.regions import in_each
from tests.component.without_aws import target_without_aws


def test_all_regions_are_looked_at_at_once() -> None:
    """Nobody gets an answer before everybody has asked."""
    names = [f"eu-west-{number}" for number in range(1, 18)]
    everybody = Barrier(len(names))
    target = replace(target_without_aws(), client=lambda service, region=None: f"{service} in {region}")

    def look(client: Any) -> Any:
        everybody.wait(timeout=30)
        return client

    assert in_each(target, "config", names, look) == {name: f"config in {name}" for name in names}
