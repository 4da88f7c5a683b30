"""The governed Regions, side by side."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

from groundwork.baseline.component import Call, Permission, Target
from groundwork.side_by_side import side_by_side

FIND_REGIONS = Permission(["ec2:DescribeRegions"])
"""What `governed` needs."""

Seen = TypeVar("Seen")


class Governed(NamedTuple):
    """`off` are opt-in Regions that are not enabled in the account: nothing can run, or be laid down, there."""

    on: tuple[str, ...]
    off: tuple[str, ...]


def governed(target: Target) -> Governed:
    """Asks AWS, once, and only where Regions besides the home Region are governed.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html
    """
    regions = target.declaration.regions
    if set(regions.governed) == {regions.home}:
        return Governed((regions.home,), ())
    ec2 = target.client("ec2", regions.home)

    def ask() -> Governed:
        shown = ec2.describe_regions(RegionNames=regions.governed, AllRegions=True)["Regions"]
        off = {region["RegionName"] for region in shown if region["OptInStatus"] == "not-opted-in"}
        return Governed(
            tuple(name for name in regions.governed if name not in off),
            tuple(name for name in regions.governed if name in off),
        )

    return target.once("governed Regions", ask)


def others(target: Target, governed: Collection[str]) -> tuple[str, ...]:
    """The Regions that the account has enabled besides these.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html
    """
    ec2 = target.client("ec2", target.declaration.regions.home)

    def ask() -> list[str]:
        return sorted(region["RegionName"] for region in ec2.describe_regions()["Regions"])

    return tuple(name for name in target.once("enabled Regions", ask) if name not in governed)


def in_each(
    target: Target, service: str, names: Sequence[str], look: Callable[[Any], Seen]
) -> dict[str, Seen]:
    """What `look(client)` sees in each Region. Clients are made one by one, which takes as long as a call or two: the
    first Regions answer while the clients of the last ones are made."""

    def seen(name: str) -> Seen:
        return look(target.client(service, name))

    return dict(zip(names, side_by_side(*(partial(seen, name) for name in names)), strict=True))


def skipped(service: str, off: Sequence[str]) -> list[Call]:
    """One report for each governed Region that is off."""
    return [
        Call(
            service,
            "",
            {},
            resource=f"Region {name}",
            action="report",
            reason="is governed but not enabled in this account: skipped; enable it, or take it out of regions.governed",
            severity="low",  # nothing runs in a Region that is off
        )
        for name in off
    ]
