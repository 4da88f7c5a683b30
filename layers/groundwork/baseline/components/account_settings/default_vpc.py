"""A Region's default VPC: what is in it, and how it goes. Only one that nobody uses is ever deleted.

https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html
https://docs.aws.amazon.com/vpc/latest/userguide/delete-vpc.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from groundwork.baseline.component import Call, Permission
from groundwork.side_by_side import side_by_side


@dataclass(frozen=True)
class Part:
    """A kind of thing a VPC holds. `filter` finds those of one VPC; `born_with` tells what AWS itself put there."""

    words: str
    read: str
    answer: str
    filter: str
    born_with: Callable[[Mapping[str, Any]], bool]


def _never(_: Mapping[str, Any]) -> bool:
    return False


def _always(_: Mapping[str, Any]) -> bool:
    return True


SUBNETS = Part(
    "subnets", "describe_subnets", "Subnets", "vpc-id", lambda subnet: bool(subnet["DefaultForAz"])
)
GATEWAYS = Part(
    "internet gateways", "describe_internet_gateways", "InternetGateways", "attachment.vpc-id", _always
)
OTHERS = (
    Part("network interfaces", "describe_network_interfaces", "NetworkInterfaces", "vpc-id", _never),
    Part(
        "security groups",
        "describe_security_groups",
        "SecurityGroups",
        "vpc-id",
        lambda one: one["GroupName"] == "default",
    ),
    Part(
        *("route tables", "describe_route_tables", "RouteTables", "vpc-id"),
        born_with=lambda table: any(each.get("Main") for each in table["Associations"]),
    ),
    Part(
        "network ACLs", "describe_network_acls", "NetworkAcls", "vpc-id", lambda acl: bool(acl["IsDefault"])
    ),
    Part("endpoints", "describe_vpc_endpoints", "VpcEndpoints", "vpc-id", _never),
    Part("VPN gateways", "describe_vpn_gateways", "VpnGateways", "attachment.vpc-id", _never),
)
PEERING_SIDES = ("RequesterVpcInfo", "AccepterVpcInfo")
LIVE_PEERING = {"Name": "status-code", "Values": ["active", "pending-acceptance", "provisioning"]}

FIND = Permission(
    [
        "ec2:DescribeInternetGateways",
        "ec2:DescribeNetworkAcls",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcEndpoints",
        "ec2:DescribeVpcPeeringConnections",
        "ec2:DescribeVpcs",
        "ec2:DescribeVpnGateways",
    ]
)
DELETE = Permission(
    ["ec2:DeleteInternetGateway", "ec2:DeleteSubnet", "ec2:DeleteVpc", "ec2:DetachInternetGateway"],
    [f"arn:{{partition}}:ec2:*:{{account}}:{kind}/*" for kind in ("internet-gateway", "subnet", "vpc")],
)


@dataclass(frozen=True)
class DefaultVpc:
    """`used_by` says in words what somebody put into it; empty when nobody did."""

    id: str
    subnets: tuple[str, ...]
    gateways: tuple[str, ...]
    used_by: str


def read(ec2: Any) -> DefaultVpc | None:
    """The default VPC of the client's Region: the one that AWS says is it, never just the first."""
    vpcs = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    default = next((vpc["VpcId"] for vpc in vpcs if vpc["IsDefault"]), None)
    if default is None:
        return None
    parts = (*OTHERS, SUBNETS, GATEWAYS)
    answers, peerings = side_by_side(
        lambda: side_by_side(*(partial(_of, ec2, part, default) for part in parts)),
        lambda: _peerings(ec2, default),
    )
    found = dict(zip(parts, answers, strict=True))
    foreign = {part.words: sum(not part.born_with(one) for one in there) for part, there in found.items()}
    foreign["peering connections"] = peerings
    return DefaultVpc(
        default,
        tuple(subnet["SubnetId"] for subnet in found[SUBNETS]),
        tuple(gateway["InternetGatewayId"] for gateway in found[GATEWAYS]),
        used_by=", ".join(f"{count} {words}" for words, count in foreign.items() if count),
    )


def _of(ec2: Any, part: Part, vpc: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = getattr(ec2, part.read)(Filters=[{"Name": part.filter, "Values": [vpc]}])[
        part.answer
    ]
    return found


def _peerings(ec2: Any, vpc: str) -> int:
    live = ec2.describe_vpc_peering_connections(Filters=[LIVE_PEERING])["VpcPeeringConnections"]
    return sum(vpc in (each[side].get("VpcId") for side in PEERING_SIDES) for each in live)


def calls(region: str, vpc: DefaultVpc) -> Iterator[Call]:
    """The calls that delete it, or the report of who uses it."""

    resource = f"default VPC in {region}"
    if vpc.used_by:
        kept = f"{vpc.id} should not be there, and is left alone because it is in use: it holds {vpc.used_by}"
        yield Call("ec2", "", {}, resource, "report", kept, severity="low")
        return

    def call(operation: str, parameters: Mapping[str, Any]) -> Call:
        reason = f"{vpc.id} should not be there: this kind of account has none, and nothing is in it"
        return Call("ec2", operation, parameters, resource, "delete", reason, region, severity="low")

    for gateway in vpc.gateways:
        yield call("DetachInternetGateway", {"InternetGatewayId": gateway, "VpcId": vpc.id})
        yield call("DeleteInternetGateway", {"InternetGatewayId": gateway})
    for subnet in vpc.subnets:
        yield call("DeleteSubnet", {"SubnetId": subnet})
    yield call("DeleteVpc", {"VpcId": vpc.id})
