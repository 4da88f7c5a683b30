"""The security account administers a service in each Region: what `delegation` does for GuardDuty's like, for all of them alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from groundwork.baseline.components.delegation import Delegation
from groundwork.declaration import Declaration
from tests.component.conftest import World
from tests.component.sabotage import Sabotage, prove, prove_complete, reports

DELEGATION = Delegation()
Administrators = Callable[[World, str], list[str]]
"""Who administers it in a Region, as AWS says."""


def prove_designated(
    world: World,
    service: str,
    administrators: Administrators,
    declaration: Declaration,
    *,
    regions: Sequence[str],
    off: str,
) -> None:
    """In the governed `regions`, while the one that is `off` in the account is told."""
    changes = prove_complete(world, DELEGATION, world.security, declaration=declaration)
    assert [each.resource for each in changes if service in each.resource] == [
        f"administrator of {service} in {region}" for region in sorted(regions)
    ]
    assert [administrators(world, region) for region in regions] == [[world.security.id]] * len(regions)
    told = reports(world.apply(DELEGATION, world.security, declaration=declaration))
    assert [each for each in told if off in each and "not enabled in this account" in each]


def prove_put_back(
    world: World,
    service: str,
    administrators: Administrators,
    declaration: Declaration,
    *,
    region: str,
    take_off: Callable[[World, str], object],
) -> None:
    """After somebody took it off."""
    gone = Sabotage(
        "administrator taken off",
        lambda world, account: take_off(world, account.id),
        f"administrator of {service} in {region}",
        f"is not security, account {{account}}: what {service} finds there reaches nobody",
        "high",
    )
    world.apply(DELEGATION, world.security, declaration=declaration)
    there = partial(administrators, world, region)
    prove(world, DELEGATION, world.security, gone, there, declaration=declaration)
