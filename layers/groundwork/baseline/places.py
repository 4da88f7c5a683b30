"""Where a policy of the organization hangs, and which member accounts that binds.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_getting-started_concepts.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from groundwork.aws.organizations import Organizations
from groundwork.baseline.component import Target

MOST_NAMES = 10
"""Of accounts, told in one sentence."""


@dataclass(frozen=True)
class Member:
    """A member account, and the ids of the units above it. `active`: neither closed nor being closed."""

    id: str
    name: str
    units: tuple[str, ...]
    active: bool = True

    def is_below(self, place: str, target: Target) -> bool:
        """Whether a policy on this root, unit or account reaches it."""
        return place in (target.organization.root_id, self.id) or place in self.units


def places(units: Iterable[str], target: Target) -> dict[str, str]:
    """The ids of these units, each with words; the root's, where none is named. A unit that is declared and not there yet
    comes at the next look."""
    named = list(units)
    if not named:
        return {target.organization.root_id: "the root"}
    known = target.organization.units
    return {known[unit].split("/")[-2]: f"the unit {unit}" for unit in named if unit in known}


def members(target: Target) -> tuple[Member, ...]:
    """All member accounts by name, from one pass that tells the units of each."""
    listed = Organizations(target.client("organizations")).accounts()
    return tuple(
        Member(each.id, each.name, each.unit_ids, each.state == "ACTIVE")
        for each in sorted(listed, key=lambda one: one.name)
        if each.id != target.organization.management_account_id
    )


def bound(place: str, known: Collection[Member], target: Target) -> str:
    """The member accounts that a policy on a place reaches, in words."""
    names = [each.name for each in known if each.is_below(place, target)]
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    counted = f"{len(names)} member account{'' if len(names) == 1 else 's'}"
    return f"{counted} ({', '.join(names[:MOST_NAMES])}{more})" if names else counted


def in_words(place: str, target: Target) -> str:
    """A root, unit or account by its id: with the path of a unit that is declared."""
    if place == target.organization.root_id:
        return "the root"
    if place.isdigit():
        return f"the account {place}"
    paths = target.organization.units.items()
    known = next((path for path, ids in paths if ids.rstrip("/").endswith(f"/{place}")), "")
    return f"the unit {known} ({place})" if known else f"the unit {place}"
