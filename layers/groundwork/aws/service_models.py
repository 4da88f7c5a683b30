"""What botocore knows of the services: read once for all accounts, and no more of the regional ones than Groundwork
calls.

A client gets a method for each operation of its service. EC2 has more than 800, AWS Config a hundred, and both are asked
in every governed Region: making their clients would take longer than the calls.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session
from botocore.loaders import Loader, instance_cache

REGIONAL = ("ec2", "config")


class ServiceModels(Loader):
    @instance_cache
    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        model = super().load_service_model(service_name, type_name, api_version)
        if service_name not in REGIONAL or type_name != "service-2":
            return model
        operations = {name: model["operations"][name] for name in _operations(service_name)}
        return {**model, "operations": operations}


def _operations(service: str) -> list[str]:
    """Those that components declare: the actions of these services have the names of their operations."""
    from groundwork.baseline.components import COMPONENTS  # they import what makes their clients

    declared = (
        action
        for component in COMPONENTS.values()
        for permission in (*component.reads, *component.writes)
        for action in permission.actions
    )
    return sorted(
        {action.removeprefix(f"{service}:") for action in declared if action.startswith(f"{service}:")}
    )


@cache
def service_models() -> ServiceModels:
    paths = botocore.session.get_session().get_component("data_loader").search_paths
    return ServiceModels(extra_search_paths=paths)
