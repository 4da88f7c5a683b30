"""AWS Config: a recorder and a delivery channel in every governed Region; in the security account an aggregator.

Where others made a Region's recorder or channel they stay: they count as covered when they record everything and
deliver, else that is an error, unless the declaration takes them over.

https://docs.aws.amazon.com/config/latest/developerguide/gs-cli-subscribe.html
https://docs.aws.amazon.com/config/latest/developerguide/using-service-linked-roles.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from groundwork.baseline import service_roles
from groundwork.baseline.archive import FIND_KEY, foreseen_key_arn, key_arn
from groundwork.baseline.component import Call, Component, Permission, Target, removal
from groundwork.baseline.regions import FIND_REGIONS, governed, in_each, others, skipped
from groundwork.contracts import Severity
from groundwork.errors import (
    SecurityAccountMissing,
    SecurityAccountNotReady,
)
from groundwork.side_by_side import side_by_side

from . import aggregator, recorders
from .aggregator import Aggregation
from .recorders import ROLE_NAME, ROLE_PATH, SERVICE, Region, is_ours

ROLES = "arn:{partition}:iam::{account}:role/"
ROLE = ROLES + ROLE_PATH


@dataclass(frozen=True)
class Elsewhere:
    """What is ours in Regions that are not governed, and those of them in which nobody may look. It is looked for only
    where something may be that was declared once."""

    regions: Mapping[str, Region] = field(default_factory=dict)
    closed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """`role`: whether the service-linked role exists. `unverified`: why the key is known in part only. `waiting`: why
    there is nowhere to deliver to yet."""

    regions: Mapping[str, Region] = field(default_factory=dict)
    off: tuple[str, ...] = ()
    role: bool = False
    key_arn: str = ""
    unverified: str = ""
    aggregation: Aggregation = field(default_factory=Aggregation)
    waiting: str = ""
    elsewhere: Elsewhere = field(default_factory=Elsewhere)


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
        aggregator.LOOK,
        # While a role does not exist, IAM knows no path of it.
        Permission(
            ["iam:GetRole", "iam:ListAttachedRolePolicies"],
            [f"{ROLES}*{ROLE_NAME}", f"{ROLES}*{aggregator.ROLE_NAME}"],
        ),
        FIND_KEY,
        FIND_REGIONS,
    )
    writes = (
        recorders.KEEP,
        recorders.REMOVE,
        *aggregator.KEEP,
        Permission(
            ["iam:CreateServiceLinkedRole"], [f"{ROLE}*"], {"StringEquals": {"iam:AWSServiceName": SERVICE}}
        ),
        Permission(
            ["iam:PassRole"],
            [f"{ROLE}*", f"{ROLES}{aggregator.ROLE}"],
            {"StringEquals": {"iam:PassedToService": SERVICE}},
        ),
    )

    # -- read ----------------------------------------------------------------------------------------

    def read(self, target: Target) -> Found:
        key, (off, regions), elsewhere, role, aggregation = side_by_side(
            lambda: _read_key(target),
            lambda: _read_regions(target),
            lambda: _read_elsewhere(target, governed(target).on) if target.is_behind else Elsewhere(),
            lambda: service_roles.exists(ROLE_NAME, target),
            lambda: aggregator.read(target) if _aggregates(target) else Aggregation(),
        )
        if key.waiting:
            return Found(waiting=key.waiting, elsewhere=elsewhere)
        return Found(regions, off, role, key.arn, key.unverified, aggregation, elsewhere=elsewhere)

    # -- diff ----------------------------------------------------------------------------------------

    def diff(self, found: Found, target: Target) -> Iterable[Call]:
        """Raises `ConflictingSetup` where somebody else's setup does not cover and is not to be taken over; a plan tells it."""
        yield from _removals(found.elsewhere, "{} is no longer governed", target)
        if found.waiting:
            yield _report(f"account {target.account.id}", f"is left as it is: {found.waiting}")
            return
        ours = {name: region for name, region in found.regions.items() if is_ours(region, target)}
        if ours and not found.role:
            # Its ARN is known beforehand: what needs it follows at once, and is asked again while Config does not see it.
            yield service_roles.creation(SERVICE, ROLE_NAME, "does not exist; Config records with it")
        for name, region in ours.items():
            yield from recorders.calls(name, region, found.key_arn, target)
        if _aggregates(target):
            yield from aggregator.calls(found.aggregation, target)
        for name, region in found.regions.items():
            if name not in ours:
                yield recorders.covered(name, region, target)
        if ours and found.unverified:
            yield _report("delivery channels", f"their key cannot be verified: {found.unverified}")
        yield from skipped("config", found.off)

    def left(self, target: Target) -> Iterable[Call]:
        """The service-linked role stays: it is AWS's, and lets nobody in."""
        everywhere, aggregation = side_by_side(
            lambda: _read_elsewhere(target, ()),
            lambda: aggregator.read(target) if _aggregates(target) else Aggregation(),
        )
        why = f"config is declared no longer for accounts of kind {target.account.kind}"
        yield from _removals(everywhere, why, target)
        yield from aggregator.left(aggregation, f"is ours, and {why}", target)


def _removals(elsewhere: Elsewhere, why: str, target: Target) -> Iterator[Call]:
    for name, region in elsewhere.regions.items():
        words = f"is ours and records, and is billed, though {why.format(name)}"
        yield from removal("config", recorders.removal(name, region, words), target)
    if elsewhere.closed:
        where = ", ".join(elsewhere.closed)
        unseen = f"nobody may look there: whether AWS Config still records with a recorder of ours in {where}"
        yield _report("Regions that are closed", unseen, "low")


def _aggregates(target: Target) -> bool:
    return target.account.kind == "security"


def _report(resource: str, reason: str, severity: Severity = "medium") -> Call:
    return Call("config", "", {}, resource, "report", reason, severity=severity)


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


def _read_elsewhere(target: Target, governed: Collection[str]) -> Elsewhere:
    names = others(target, governed)
    found = in_each(target, "config", names, lambda config: recorders.read_elsewhere(config, target))
    return Elsewhere(
        {name: region for name, region in found.items() if region and region.recorder},
        tuple(name for name, region in found.items() if region is None),
    )
