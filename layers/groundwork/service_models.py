"""What botocore knows of the services: read once for all accounts, and no more of EC2 than Groundwork calls.

A client gets a method for each operation of its service. EC2 has more than 800, and is asked in every governed Region:
making its clients would take longer than the calls.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session
from botocore.loaders import Loader, instance_cache

EC2_OPERATIONS = frozenset(
    (
        "DeleteInternetGateway",
        "DeleteSubnet",
        "DeleteVpc",
        "DescribeInternetGateways",
        "DescribeNetworkAcls",
        "DescribeNetworkInterfaces",
        "DescribeRegions",
        "DescribeRouteTables",
        "DescribeSecurityGroups",
        "DescribeSubnets",
        "DescribeVpcEndpoints",
        "DescribeVpcPeeringConnections",
        "DescribeVpcs",
        "DescribeVpnGateways",
        "DetachInternetGateway",
        "EnableEbsEncryptionByDefault",
        "GetEbsEncryptionByDefault",
    )
)
"""Those that components declare."""


class ServiceModels(Loader):
    @instance_cache
    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        model = super().load_service_model(service_name, type_name, api_version)
        if (service_name, type_name) != ("ec2", "service-2"):
            return model
        operations = {name: model["operations"][name] for name in sorted(EC2_OPERATIONS)}
        return {**model, "operations": operations}


@cache
def service_models() -> ServiceModels:
    paths = botocore.session.get_session().get_component("data_loader").search_paths
    return ServiceModels(extra_search_paths=paths)
