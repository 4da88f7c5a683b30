"""Everybody at every door: all groups, with and without MFA, machines, chains, strangers, accounts that left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import get_args

from prove.asked import Caller, Case, Mfa
from prove.laid_down import IDS
from prove.policy_cases.people import (
    ADMIN,
    ADMINISTRATOR,
    ANOTHER,
    DEPLOY,
    DEV,
    ENTRY,
    GROUPS,
    OUTSIDE,
    READ_ONLY,
    STRANGER,
    SUPPORT,
    doors_of,
    enter,
    inside,
    member,
    session,
    user,
)

Doors = frozenset[tuple[str, str]]
MEMBERS = ("security", *OUTSIDE)
NOWHERE: Doors = frozenset()
OPEN: Mapping[str | None, Doors] = {
    "admin-external-accounts": frozenset(
        {*product(OUTSIDE, (ADMIN, DEV, READ_ONLY)), *product(MEMBERS, (SUPPORT,))}
    ),
    "dev-external-accounts": frozenset(product(("dev", "stage"), (DEV,))),
    "ro-external-accounts": frozenset(product(OUTSIDE, (READ_ONLY,))),
    None: NOWHERE,
}
"""What opens for a user of the security account who has shown MFA."""
WORKLOADS = frozenset(product(("dev", "stage", "prod"), (DEPLOY,)))


def cases() -> Iterator[Case]:
    yield from _people()
    yield from _machines()
    yield from _chains()
    yield from _strangers()
    yield from _management()


def _everywhere(caller: Caller, opened: Doors, why: str = "") -> Iterator[Case]:
    for account in MEMBERS:
        for role in doors_of(account):
            yield Case(caller, enter(account, role), (account, role) in opened, why)


def _people() -> Iterator[Case]:
    for group, mfa in product((*GROUPS, None), get_args(Mfa)):
        yield from _everywhere(member(group, mfa), OPEN[group] if mfa == "true" else NOWHERE)


def _machines() -> Iterator[Case]:
    """Each an administrator at home."""
    for account in IDS:
        pipeline = session(f"a ci-cd role of {account}", account, "ci-cd/pipeline", [ADMINISTRATOR])
        opened = WORKLOADS if account == "mgmt" else NOWHERE
        if account == "management":
            opened = frozenset((each, ENTRY) for each in MEMBERS)
        yield from _everywhere(pipeline, opened)
    builder = session("a role of mgmt that is not under ci-cd/", "mgmt", "builder", [ADMINISTRATOR])
    yield from _everywhere(builder, NOWHERE)
    deceiver = session("a role of mgmt called ci-cd", "mgmt", "teams/ci-cd/builder", [ADMINISTRATOR])
    yield from _everywhere(deceiver, NOWHERE, "the path must begin with ci-cd/")
    local = user("a user of mgmt called ci-cd/robot", "mgmt", [ADMINISTRATOR], "true", name="ci-cd/robot")
    yield from _everywhere(local, NOWHERE, "only roles are machines")


def _chains() -> Iterator[Case]:
    """Whoever came in by one door and tries the next."""
    for account, role in product(OUTSIDE, (ADMIN, DEV, READ_ONLY)):
        someone = inside(account, role, f"somebody who entered {account} by {role}")
        yield from _everywhere(
            someone, NOWHERE, "MFA is not carried along, and no account but security opens doors"
        )
    for mfa in get_args(Mfa):
        assumed = session(f"a role of security, MFA {mfa}", "security", "team/lead", [ADMINISTRATOR], mfa=mfa)
        opened = OPEN["admin-external-accounts"] if mfa == "true" else NOWHERE
        yield from _everywhere(assumed, opened, "a role that another role assumed has no MFA")
    deployer = inside("dev", DEPLOY, "a pipeline that entered dev")
    yield from _everywhere(deployer, NOWHERE)


def _strangers() -> Iterator[Case]:
    for mfa in get_args(Mfa):
        outsider = user(
            "an administrator of a foreign account", STRANGER, [ADMINISTRATOR], mfa, organization=ANOTHER
        )
        yield from _everywhere(outsider, NOWHERE)
        alone = user(
            "an administrator of an account in no organization",
            STRANGER,
            [ADMINISTRATOR],
            mfa,
            organization=None,
        )
        yield from _everywhere(alone, NOWHERE)
    for group in GROUPS:
        left = member(group, "true", organization=ANOTHER)
        yield from _everywhere(left, NOWHERE, "the security account is in another organization")
    for account, role in sorted(OPEN["ro-external-accounts"]):
        gone = enter(account, role, organization=ANOTHER)
        reason = "the group enters accounts of the organization"
        yield Case(member("ro-external-accounts", "true"), gone, allowed=False, why=reason)
    for account, role in sorted(OPEN["dev-external-accounts"]):
        gone = enter(account, role, organization=ANOTHER)
        yield Case(member("dev-external-accounts", "true"), gone, allowed=False)


def _management() -> Iterator[Case]:
    for mfa in get_args(Mfa):
        owner = user("an administrator of the management account", "management", [ADMINISTRATOR], mfa)
        yield from _everywhere(owner, frozenset((each, ENTRY) for each in MEMBERS))
    nobody = user("a user of the management account without policies", "management", [], "true")
    yield from _everywhere(nobody, NOWHERE)
