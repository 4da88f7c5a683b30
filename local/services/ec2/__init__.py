"""Amazon EC2's default VPC, Regions and account attributes, where moto falls short of them.

moto makes the default VPC without its internet gateway, and a default security group without its rule; it deletes a VPC
that still has a gateway, an endpoint or a network ACL, and leaves the ACLs behind. Opt-in Regions are on for everybody,
and those of other partitions listed.
https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html
https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpc.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import DependencyViolationError, EC2ClientError
from moto.ec2.models.availability_zones_and_regions import Region, RegionsAndZonesBackend
from moto.ec2.models.network_acls import NetworkAclBackend
from moto.ec2.models.vpcs import VPC, VPCBackend
from moto.ec2.responses import EC2Response
from moto.utilities.utils import get_partition

from local.engine import Engine

CLOSED = "not-opted-in"
ALWAYS_ON = frozenset(
    [
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    ]
)
"""The Regions of the partition `aws` that are older than March 20, 2019. No Region comes to them any more.

https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
"""


def install(engine: Engine) -> None:
    create_vpc = vars(VPCBackend)["create_vpc"]
    create_default_vpc = vars(VPCBackend)["create_default_vpc"]
    delete_vpc = vars(VPCBackend)["delete_vpc"]
    delete_entry = vars(NetworkAclBackend)["delete_network_acl_entry"]

    def with_its_rule(backend: Any, *given: Any, **settings: Any) -> VPC:
        """What has the default security group may talk to what has it, too."""
        vpc: VPC = create_vpc(backend, *given, **settings)
        group = backend.get_security_group_from_name("default", vpc.id)
        backend.authorize_security_group_ingress(
            group.id, "-1", None, None, [], source_groups=[{"GroupId": group.id}], vpc_id=vpc.id
        )
        return vpc

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
        endpoints = backend.describe_vpc_endpoints(None, filters={"vpc-id": [vpc_id]})
        acls = [acl for acl in backend.network_acls.values() if acl.vpc_id == vpc_id]
        if (
            attached
            or interfaces
            or any(endpoint.state != "deleted" for endpoint in endpoints)
            or any(group.name != "default" for group in groups)
            or not all(acl.default for acl in acls)
        ):
            raise DependencyViolationError(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
        deleted: VPC = delete_vpc(backend, vpc_id)
        for acl in acls:
            del backend.network_acls[acl.id]
        return deleted

    def that_is_there(backend: Any, network_acl_id: str, rule_number: Any, egress: Any) -> Any:
        entries = backend.get_network_acl(network_acl_id).network_acl_entries
        if not any((one.rule_number, one.egress) == (rule_number, egress) for one in entries):
            message = f"The network acl entry identified by {rule_number} does not exist."
            raise EC2ClientError("InvalidNetworkAclEntry.NotFound", message)
        return delete_entry(backend, network_acl_id, rule_number, egress)

    for region in RegionsAndZonesBackend.regions:
        if get_partition(region.name) == "aws" and region.name not in ALWAYS_ON:
            engine.patch(region, "opt_in_status", CLOSED)
    engine.patch(NetworkAclBackend, "delete_network_acl_entry", that_is_there)
    engine.patch(VPCBackend, "create_vpc", with_its_rule)
    engine.patch(VPCBackend, "create_default_vpc", with_gateway)
    engine.patch(VPCBackend, "delete_vpc", without_dependencies)
    engine.patch(EC2Response, "describe_regions", _describe_regions)
    engine.add(EC2Response, "get_ebs_default_kms_key_id", _default_key)


def regions_in(partition: str) -> Iterator[Region]:
    """An account knows the Regions of its own partition alone.

    https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
    """
    return (region for region in RegionsAndZonesBackend.regions if get_partition(region.name) == partition)


def _describe_regions(response: EC2Response) -> ActionResult:
    """Those that the account has, unless it asks for all or names them.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html
    """
    response.error_on_dryrun()
    names = response._get_param("RegionNames", [])
    regions = list(regions_in(response.partition))
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


def _default_key(response: EC2Response) -> ActionResult:
    """The key of EBS encryption by default: the account's choice, or AWS's own alias."""
    chosen = getattr(response.ec2_backend, "default_kms_key_id", None)
    return ActionResult({"KmsKeyId": chosen or "alias/aws/ebs"})
