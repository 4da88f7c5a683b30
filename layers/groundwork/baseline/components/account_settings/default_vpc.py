"""A Region's default VPC: what is in it, and how it goes, or is closed. One that somebody uses is left alone.

https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html
https://docs.aws.amazon.com/vpc/latest/userguide/delete-vpc.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from groundwork.baseline.component import Call, Permission
from groundwork.contracts import Kind
from groundwork.side_by_side import side_by_side

ALL, ANYWHERE, ANYWHERE_IPV6 = "-1", "0.0.0.0/0", "::/0"
BORN_ENTRIES = frozenset(
    {
        (100, "allow", ANYWHERE),
        (32_767, "deny", ANYWHERE),
        (101, "allow", ANYWHERE_IPV6),
        (32_768, "deny", ANYWHERE_IPV6),
    }
)
"""Those for IPv6 come with an IPv6 block of the VPC: https://docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html"""
MEMBERS: tuple[Kind, ...] = ("security", "tooling", "workload")
"""Where it may be deleted."""


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


def _is_plain(table: Mapping[str, Any]) -> bool:
    """The main one, with no ways but within the VPC and to its internet gateway. Endpoints of the kind gateway, peering
    connections and VPN gateways are in use where a route leads to them; other endpoints have network interfaces."""
    return (
        any(each.get("Main") for each in table["Associations"])
        and all(route.get("GatewayId", "").startswith(("local", "igw-")) for route in table["Routes"])
        and not table.get("PropagatingVgws")
    )


def _always(_: Mapping[str, Any]) -> bool:
    return True


def _is_plain_group(group: Mapping[str, Any]) -> bool:
    """The default one with no rules but those that AWS gives it: all from itself, all to anywhere."""
    return group["GroupName"] == "default" and all(
        _stands(group, direction, rule, alone=True) for direction in DIRECTIONS for rule in group[direction]
    )


def _stands(group: Mapping[str, Any], direction: str, rule: Mapping[str, Any], *, alone: bool) -> bool:
    """Whether this is the direction's rule that AWS gives the default group. EC2 shows rules of one protocol together: it may be
    one of several there, unless it is to be `alone`."""
    sources = [
        *(pair.get("GroupId") for pair in rule.get("UserIdGroupPairs", [])),
        *(each["CidrIp"] for each in rule.get("IpRanges", [])),
        *(each["CidrIpv6"] for each in rule.get("Ipv6Ranges", [])),
        *(each["PrefixListId"] for each in rule.get("PrefixListIds", [])),
    ]
    born = {group["GroupId"]} if direction == INGRESS else {ANYWHERE, ANYWHERE_IPV6}
    return rule["IpProtocol"] == ALL and (born.issuperset(sources) if alone else not born.isdisjoint(sources))


def _is_plain_acl(acl: Mapping[str, Any]) -> bool:
    """The default one with no entries but those that AWS gives it: all allowed, and the last that denies the rest."""
    return bool(acl["IsDefault"]) and all(map(_is_born, acl["Entries"]))


def _is_born(entry: Mapping[str, Any]) -> bool:
    source = entry.get("CidrBlock") or entry.get("Ipv6CidrBlock")
    return entry["Protocol"] == ALL and (entry["RuleNumber"], entry["RuleAction"], source) in BORN_ENTRIES


SUBNETS = Part(
    "subnets", "describe_subnets", "Subnets", "vpc-id", lambda subnet: bool(subnet["DefaultForAz"])
)
GATEWAYS = Part(
    "internet gateways", "describe_internet_gateways", "InternetGateways", "attachment.vpc-id", _always
)
INTERFACES = Part("network interfaces", "describe_network_interfaces", "NetworkInterfaces", "vpc-id", _never)
GROUPS = Part("security groups", "describe_security_groups", "SecurityGroups", "vpc-id", _is_plain_group)
ROUTES = Part("route tables", "describe_route_tables", "RouteTables", "vpc-id", _is_plain)
ACLS = Part("network ACLs", "describe_network_acls", "NetworkAcls", "vpc-id", _is_plain_acl)
PARTS = (INTERFACES, SUBNETS, GROUPS, ROUTES, ACLS, GATEWAYS)
INGRESS = "IpPermissions"
DIRECTIONS = {
    INGRESS: "RevokeSecurityGroupIngress",
    "IpPermissionsEgress": "RevokeSecurityGroupEgress",
}

FIND = Permission(
    [
        "ec2:DescribeNetworkAcls",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeVpcs",
    ]
)
FIND_ALL = Permission(
    ["ec2:DescribeInternetGateways", "ec2:DescribeRouteTables", "ec2:DescribeSubnets"], kinds=MEMBERS
)
DELETE = Permission(
    ["ec2:DeleteInternetGateway", "ec2:DeleteSubnet", "ec2:DeleteVpc", "ec2:DetachInternetGateway"],
    [f"arn:{{partition}}:ec2:*:{{account}}:{kind}/*" for kind in ("internet-gateway", "subnet", "vpc")],
    kinds=MEMBERS,
)
CLOSE = Permission(
    ["ec2:DeleteNetworkAclEntry", "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress"],
    [f"arn:{{partition}}:ec2:*:{{account}}:{kind}/*" for kind in ("network-acl", "security-group")],
)


@dataclass(frozen=True)
class Unwanted:
    """A default VPC where there should be none. `used_by` says in words what somebody put into it or changed; empty when
    nobody did."""

    id: str
    subnets: tuple[str, ...]
    gateways: tuple[str, ...]
    used_by: str

    def calls(self, region: str, *, goes: bool, missed: bool = False) -> Iterator[Call]:
        """Those that delete it, where it may be `missed` saying so; or the report that it is there, where it is in use, or where it does not go because people
        may be at work. The subnets are first, of which AWS deletes none that something is in."""
        resource = f"default VPC in {region}"
        if self.used_by:
            kept = f"{self.id} should not be there, and is left alone because it is in use: it holds {self.used_by}"
            yield Call("ec2", "", {}, resource, "report", kept, severity="low")
            return
        if not goes:
            kept = (
                f"{self.id} should not be there, and stays: people may work in the account, and what sleeps shows in no VPC. "
                "Delete it by hand, or set accountSettings.defaultVpc.later: true"
            )
            yield Call("ec2", "", {}, resource, "report", kept, severity="low")
            return

        def call(
            operation: str, parameters: Mapping[str, Any], what: str, why: str, needs: Sequence[str] = ()
        ) -> Call:
            return Call(
                "ec2", operation, parameters, what, "delete", why, region, severity="low", needs=needs
            )

        goes_along = f"goes with {self.id}, in which nothing is"
        subnets = {each: f"subnet {each} of the {resource}" for each in self.subnets}
        gateways = {each: f"internet gateway {each} of the {resource}" for each in self.gateways}
        for subnet, what in subnets.items():
            yield call("DeleteSubnet", {"SubnetId": subnet}, what, goes_along)
        for gateway, what in gateways.items():
            first, this = [*subnets.values()], {"InternetGatewayId": gateway}
            yield call("DetachInternetGateway", {**this, "VpcId": self.id}, what, goes_along, first)
            yield call("DeleteInternetGateway", this, what, goes_along, first)
        unwanted = f"{self.id} should not be there: this kind of account has none, and nothing is in it"
        first = [*subnets.values(), *gateways.values()]
        deletion = call("DeleteVpc", {"VpcId": self.id}, resource, unwanted, first)
        launches = f"whoever launches something in {region} and names no subnet is refused"
        yield replace(deletion, breaks=[launches]) if missed else deletion


@dataclass(frozen=True)
class Open:
    """A default VPC that should be closed and is not: `rules` of its default security group by direction, `entries` of
    its default network ACL that allow something, as EC2 shows them."""

    id: str
    group: str
    rules: Mapping[str, Sequence[Mapping[str, Any]]]
    acl: str
    entries: tuple[tuple[int, bool], ...]
    used_by: str

    @property
    def lets_traffic_pass(self) -> bool:
        """In both directions, as its network ACL keeps no connections: through one that was closed before nothing passes."""
        return {egress for _, egress in self.entries} == {True, False}

    def calls(self, region: str, *, missed: bool = False) -> Iterator[Call]:
        """Those that close it, where it may be `missed` saying so; or the report of who uses it."""
        resource = f"default VPC in {region}"
        lets = []
        if any(self.rules.values()):
            lets.append(f"its default security group {self.group} has rules")
        if self.entries:
            lets.append(f"its default network ACL {self.acl} lets traffic through")
        is_open = f"{self.id} should be closed: {' and '.join(lets)}"
        if self.used_by:
            kept = f"{is_open}; it is left alone because it is in use: it holds {self.used_by}"
            yield Call("ec2", "", {}, resource, "report", kept, severity="low")
            return

        sleeps = f"what sleeps in {self.id} in {region}, as functions, tasks and builds that start by a schedule, has no network when it starts"
        breaks = [sleeps] if missed and self.lets_traffic_pass else []
        for operation, parameters in self._closing():
            why = f"{is_open}, and nothing is in it"
            yield Call("ec2", operation, parameters, resource, "update", why, region, breaks=breaks)
            breaks = []

    def _closing(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for direction, operation in DIRECTIONS.items():
            if self.rules[direction]:
                yield operation, {"GroupId": self.group, "IpPermissions": list(self.rules[direction])}
        for number, egress in self.entries:
            yield (
                "DeleteNetworkAclEntry",
                {"NetworkAclId": self.acl, "RuleNumber": number, "Egress": egress},
            )


def read_unwanted(ec2: Any) -> Unwanted | None:
    """The default VPC of the client's Region: the one that AWS says is it, never just the first."""
    default = _default(ec2)
    if default is None:
        return None
    answers = side_by_side(*(partial(_of, ec2, part, default) for part in PARTS))
    found = dict(zip(PARTS, answers, strict=True))
    return Unwanted(
        default,
        tuple(subnet["SubnetId"] for subnet in found[SUBNETS]),
        tuple(gateway["InternetGatewayId"] for gateway in found[GATEWAYS]),
        _used_by(found),
    )


def read_open(ec2: Any) -> Open | None:
    """The same, unless it is closed: no rule in the default security group, nothing allowed by the default network ACL.

    https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html (EC2.2 and EC2.21)
    """
    default = _default(ec2)
    if default is None:
        return None
    groups, acls = side_by_side(lambda: _of(ec2, GROUPS, default), lambda: _of(ec2, ACLS, default))
    group = next(each for each in groups if each["GroupName"] == "default")
    acl = next(each for each in acls if each["IsDefault"])
    entries = tuple(
        (entry["RuleNumber"], entry["Egress"]) for entry in acl["Entries"] if entry["RuleAction"] == "allow"
    )
    rules = {direction: group[direction] for direction in DIRECTIONS}
    if not entries and not any(rules.values()):
        return None
    further = {
        INTERFACES: _of(ec2, INTERFACES, default),
        GROUPS: [each for each in groups if each is not group],
        ACLS: [each for each in acls if each is not acl],
    }
    found = Open(default, group["GroupId"], rules, acl["NetworkAclId"], entries, _used_by(further))
    changed = _changed(group, acl) if found.lets_traffic_pass else ()
    return replace(found, used_by=", ".join(filter(None, (found.used_by, *changed))))


def _changed(group: Mapping[str, Any], acl: Mapping[str, Any]) -> Iterator[str]:
    """What somebody has put beside a rule that the VPC was born with. Where none of those is left it has been closed, and what
    is there has opened it again."""
    as_born = any(
        _stands(group, direction, rule, alone=False) for direction in DIRECTIONS for rule in group[direction]
    ) or any(entry["RuleAction"] == "allow" and _is_born(entry) for entry in acl["Entries"])
    if as_born and not _is_plain_group(group):
        yield "rules of somebody's in its default security group"
    if as_born and not _is_plain_acl(acl):
        yield "entries of somebody's in its default network ACL"


def _default(ec2: Any) -> str | None:
    vpcs = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    return next((vpc["VpcId"] for vpc in vpcs if vpc["IsDefault"]), None)


def _of(ec2: Any, part: Part, vpc: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = getattr(ec2, part.read)(Filters=[{"Name": part.filter, "Values": [vpc]}])[
        part.answer
    ]
    return found


def _used_by(found: Mapping[Part, Sequence[Mapping[str, Any]]]) -> str:
    foreign = {part.words: sum(not part.born_with(one) for one in there) for part, there in found.items()}
    return ", ".join(
        f"{count} {words if count > 1 else words.removesuffix('s')}"
        for words, count in foreign.items()
        if count
    )
