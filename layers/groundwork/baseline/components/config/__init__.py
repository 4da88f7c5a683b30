"""AWS Config: a recorder and a delivery channel in every governed Region; in the security account an aggregator.

Where others made a Region's recorder or channel they stay: they count as covered when they record everything and
deliver, else that is an error, unless the declaration takes them over.

https://docs.aws.amazon.com/config/latest/developerguide/gs-cli-subscribe.html
https://docs.aws.amazon.com/config/latest/developerguide/using-service-linked-roles.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from botocore.exceptions import ClientError

from groundwork.baseline.archive import FIND_KEY, foreseen_key_arn, key_arn
from groundwork.baseline.component import Call, Component, Permission, Target
from groundwork.baseline.regions import FIND_REGIONS, governed, in_each, skipped
from groundwork.errors import (
    ComponentNotSettled,
    GroundworkError,
    SecurityAccountMissing,
    SecurityAccountNotReady,
)
from groundwork.side_by_side import side_by_side

from . import recorders
from .recorders import (
    ROLE_NAME,
    ROLE_PATH,
    SERVICE,
    Region,
    is_ours,
    role_arn,
)

ROLE = "arn:{partition}:iam::{account}:role/" + ROLE_PATH


@dataclass(frozen=True)
class Found:
    """`role`: whether the service-linked role exists. `unverified`: why the key is known in part only. `waiting`: why
    there is nowhere to deliver to yet."""

    regions: Mapping[str, Region] = field(default_factory=dict)
    off: tuple[str, ...] = ()
    role: bool = False
    key_arn: str = ""
    unverified: str = ""
    aggregator: Mapping[str, Any] | None = None
    waiting: str = ""


class Key(NamedTuple):
    """`arn` as far as it is known; `unverified` and `waiting` as in `Found`."""

    arn: str = ""
    unverified: str = ""
    waiting: str = ""


class Config(Component[Found]):
    name = "config"
    kinds = ("management", "security", "tooling", "workload")
    reads = (
        recorders.LOOK,
        Permission(["config:DescribeConfigurationAggregators"]),
        # While the role does not exist, IAM knows no path of it.
        Permission(["iam:GetRole"], [f"{ROLE}*", f"arn:{{partition}}:iam::{{account}}:role/{ROLE_NAME}"]),
        FIND_KEY,
        FIND_REGIONS,
    )
    writes = (
        recorders.KEEP,
        Permission(["config:PutConfigurationAggregator"]),
        Permission(
            ["iam:CreateServiceLinkedRole"], [f"{ROLE}*"], {"StringEquals": {"iam:AWSServiceName": SERVICE}}
        ),
        Permission(["iam:PassRole"], [f"{ROLE}*"], {"StringEquals": {"iam:PassedToService": SERVICE}}),
        # What Config asks of Organizations on behalf of a delegated administrator that makes an aggregator.
        Permission(["organizations:ListDelegatedAdministrators"]),
    )

    # What AWS answers while it has not seen everywhere what was made a moment ago: asked again.
    meanings: ClassVar[Mapping[str, type[GroundworkError]]] = dict.fromkeys(
        (
            "InvalidInput",  # of IAM: the service-linked role is there, by a call that was not answered
            "InsufficientDeliveryPolicyException",
            "InvalidRoleException",
            "NoAvailableConfigurationRecorderException",
            "NoAvailableDeliveryChannelException",
            "NoSuchBucketException",
            "NoSuchConfigurationRecorderException",
            "OrganizationAccessDeniedException",
        ),
        ComponentNotSettled,
    )

    # -- read ----------------------------------------------------------------------------------------

    def read(self, target: Target) -> Found:
        key, (off, regions), role, aggregator = side_by_side(
            lambda: _read_key(target),
            lambda: _read_regions(target),
            lambda: _role_exists(target),
            lambda: _read_aggregator(target),
        )
        if key.waiting:
            return Found(waiting=key.waiting)
        return Found(regions, off, role, key.arn, key.unverified, aggregator)

    # -- diff ----------------------------------------------------------------------------------------

    def diff(self, found: Found, target: Target) -> Iterable[Call]:
        """Raises `ConflictingSetup` where somebody else's setup does not cover and is not to be taken over."""
        if found.waiting:
            yield _report(f"account {target.account.id}", f"is left as it is: {found.waiting}")
            return
        ours = {name: region for name, region in found.regions.items() if is_ours(region, target)}
        aggregates = target.account.kind == "security"
        if (ours or aggregates) and not found.role:
            yield _creation_of_role()
        for name, region in ours.items():
            yield from recorders.calls(name, region, found.key_arn, target)
        if aggregates:
            yield from _calls_of_aggregator(found.aggregator, target)
        for name, region in found.regions.items():
            if name not in ours:
                yield recorders.covered(name, region, target)
        if ours and found.unverified:
            yield _report("delivery channels", f"their key cannot be verified: {found.unverified}")
        yield from skipped("config", found.off)


def _report(resource: str, reason: str) -> Call:
    return Call("config", "", {}, resource, "report", reason)


# -- the key, and the Regions --------------------------------------------------------------------------


def _read_key(target: Target) -> Key:
    try:
        return Key(key_arn(target))
    except (SecurityAccountMissing, SecurityAccountNotReady) as not_yet:
        if target.account.kind == "management":
            return Key(waiting=str(not_yet))  # it comes first of all, before there is a log archive
        if not target.foresees:
            raise
        return Key(foreseen_key_arn(target), unverified=str(not_yet))


def _read_regions(target: Target) -> tuple[tuple[str, ...], dict[str, Region]]:
    """The Regions that are off, and what the others have."""
    on, off = governed(target)
    return off, in_each(target, "config", on, lambda config: recorders.read(config, target))


# -- the role ------------------------------------------------------------------------------------------


def _creation_of_role() -> Call:
    """Its ARN is known beforehand: what needs it follows at once, and is asked again while Config does not see it."""
    return Call(
        *("iam", "CreateServiceLinkedRole", {"AWSServiceName": SERVICE}, f"role {ROLE_NAME}", "create"),
        reason="does not exist; Config records with it",
        severity="high",
    )


def _role_exists(target: Target) -> bool:
    try:
        target.client("iam").get_role(RoleName=ROLE_NAME)
    except ClientError as missing:
        if missing.response["Error"]["Code"] != "NoSuchEntity":
            raise
        return False
    return True


# -- the organization's aggregator ---------------------------------------------------------------------


def _read_aggregator(target: Target) -> Mapping[str, Any] | None:
    """Only the security account has one."""
    if target.account.kind != "security":
        return None
    config = target.client("config", target.declaration.regions.home)
    pages = config.get_paginator("describe_configuration_aggregators").paginate()
    every = (aggregator for page in pages for aggregator in page["ConfigurationAggregators"])
    name = target.declaration.config.aggregator
    return next(
        (aggregator for aggregator in every if aggregator["ConfigurationAggregatorName"] == name), None
    )


def _calls_of_aggregator(found: Mapping[str, Any] | None, target: Target) -> Iterator[Call]:
    """The service-linked role may read the organization's accounts, which is all that an aggregator's role needs."""
    wanted = {"RoleArn": role_arn(target), "AllAwsRegions": True}
    there = (found or {}).get("OrganizationAggregationSource", {})
    wrong = []
    if not there.get("AllAwsRegions"):
        wrong.append(
            f"aggregates {there.get('AwsRegions') or 'nothing of the organization'}; expected every Region"
        )
    if there.get("RoleArn") != role_arn(target):
        wrong.append(f"looks at the organization as {there.get('RoleArn')}; expected {role_arn(target)}")
    if found and not wrong:
        return
    name = target.declaration.config.aggregator
    yield Call(
        "config",
        "PutConfigurationAggregator",
        {"ConfigurationAggregatorName": name, "OrganizationAggregationSource": wanted},
        f"aggregator {name}",
        "update" if found else "create",
        "; ".join(wrong) if found else "does not exist",
        target.declaration.regions.home,
    )
