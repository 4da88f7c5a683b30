"""Amazon EC2's default VPC and account attributes, where moto falls short of them.

moto makes the default VPC without its internet gateway, and deletes a VPC that still has one.
https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpc.html
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import DependencyViolationError, EC2ClientError
from moto.ec2.models.vpcs import VPC, VPCBackend
from moto.ec2.responses import EC2Response

from local.engine import Engine

CLOSED = "not-opted-in"


def install(engine: Engine) -> None:
    create_default_vpc = vars(VPCBackend)["create_default_vpc"]
    delete_vpc = vars(VPCBackend)["delete_vpc"]

    def with_gateway(backend: Any) -> VPC:
        vpc: VPC = create_default_vpc(backend)
        gateway = backend.create_internet_gateway()
        backend.attach_internet_gateway(gateway.id, vpc.id)
        table = backend.get_main_route_table(vpc.id) if hasattr(backend, "get_main_route_table") else None
        if table is not None:
            backend.create_route(table.id, "0.0.0.0/0", None, gateway_id=gateway.id)
        return vpc

    def without_dependencies(backend: Any, vpc_id: str) -> VPC:
        attached = backend.describe_internet_gateways(filters={"attachment.vpc-id": [vpc_id]})
        groups = backend.describe_security_groups(filters={"vpc-id": [vpc_id]})
        interfaces = backend.get_all_network_interfaces(filters={"vpc-id": [vpc_id]})
        if attached or interfaces or any(group.name != "default" for group in groups):
            raise DependencyViolationError(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
        deleted: VPC = delete_vpc(backend, vpc_id)
        return deleted

    engine.patch(VPCBackend, "create_default_vpc", with_gateway)
    engine.patch(VPCBackend, "delete_vpc", without_dependencies)
    engine.patch(EC2Response, "describe_regions", _describe_regions)
    _add_operation(engine, "get_ebs_default_kms_key_id", _default_key)


def _describe_regions(response: EC2Response) -> ActionResult:
    """Those that the account has, unless it asks for all or names them.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html
    """
    response.error_on_dryrun()
    names = response._get_param("RegionNames", [])
    regions = response.ec2_backend.describe_regions()
    unknown = sorted(set(names) - {region.name for region in regions})
    if unknown:
        raise EC2ClientError("InvalidParameterValue", f"Invalid region names provided: {', '.join(unknown)}")
    filters = response._filters_from_querystring()
    shown = []
    for region in regions:
        values = {
            "region-name": region.name,
            "endpoint": region.endpoint,
            "opt-in-status": region.opt_in_status,
        }
        strange = sorted(set(filters) - set(values))
        if strange:
            raise EC2ClientError("InvalidParameterValue", f"The filter '{strange[0]}' is invalid")
        asked = (
            region.name in names
            if names
            else response._get_bool_param("AllRegions") or region.opt_in_status != CLOSED
        )
        if asked and all(_is_one_of(values[name], wanted) for name, wanted in filters.items()):
            shown.append(region)
    return ActionResult({"Regions": shown})


def _is_one_of(value: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(value, pattern) for pattern in patterns)


def _add_operation(engine: Engine, name: str, handler: Any) -> None:
    setattr(EC2Response, name, handler)
    engine.on_close(delattr, EC2Response, name)


def _default_key(response: EC2Response) -> ActionResult:
    """The key of EBS encryption by default: the account's choice, or AWS's own alias."""
    chosen = getattr(response.ec2_backend, "default_kms_key_id", None)
    return ActionResult({"KmsKeyId": chosen or "alias/aws/ebs"})
