"""What opens and what closes between two premises of the same accounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from groundwork.baseline.components.access.state import RoleState
from groundwork.contracts import Account
from groundwork.declaration.policy_files import Document
from groundwork.doors.asking import Actor, inside, standing
from groundwork.doors.difference import Difference, Side, differing
from groundwork.doors.people import Someone, people
from groundwork.doors.power import Power
from groundwork.doors.premises import FULL_ACCESS, Place, Premises, compiled
from groundwork.doors.probes import LEAD_ON
from groundwork.doors.table import AS_THEMSELVES, Door, Doors
from groundwork.policies.decision import Authority
from groundwork.policies.documents import Caller

Way = Literal["opens", "widens", "narrows", "closes"]
MOST_TOLD = 10
"""Actions; the others are counted."""


@dataclass(frozen=True)
class Change:
    """One door, and what becomes of it. `what` is in words; `actions` are those that are newly allowed, or no longer.
    `role` is empty for what users may do where they are, and for roles that others make."""

    way: Way
    who: str
    account: Account
    words: str
    role: str
    what: str
    actions: tuple[str, ...] = ()

    @property
    def opens(self) -> bool:
        """Whether somebody may do what they could not."""
        return self.way in ("opens", "widens")


def changes(before: Premises, now: Premises) -> list[Change]:
    """Account by account, of premises that have the same accounts."""
    return list(_Comparison(before, now).changes())


class _Comparison:
    def __init__(self, before: Premises, now: Premises) -> None:
        self._before, self._now = Doors(before), Doors(now)
        self._differences: dict[object, Difference] = {}
        self._crowd = _pairs(people(before), people(now))

    def changes(self) -> Iterator[Change]:
        for id_, now in self._now.premises.places.items():
            before = self._before.premises.places[id_]
            names = dict.fromkeys(place.called(role) for place in (before, now) for role in place.roles)
            for was, is_ in self._crowd:
                if was == is_ and before == now and self._home_is_the_same(is_):
                    continue
                for name in names:
                    yield from self._by_role(was, is_, before, now, name)
                if was and is_ and is_.lives_in(now):
                    yield from self._at_home(was, is_, before, now)
                elif is_ and is_.lives_in(now):
                    yield from _opened(self._now.at_home(is_, now))
                elif was and was.lives_in(before):
                    yield from _closed(self._before.at_home(was, before))
            yield from self._of_boundaries(before, now)

    def _home_is_the_same(self, who: Someone | None) -> bool:
        homes = [
            each.premises.places.get(who.account_id or "") if who else None
            for each in (self._before, self._now)
        ]
        return homes[0] == homes[1]

    def _by_role(
        self, was: Someone | None, is_: Someone | None, before: Place, now: Place, name: str
    ) -> Iterator[Change]:
        role_before, role_now = before.role_called(name), now.role_called(name)
        door_before = self._before.into(before, role_before, was) if role_before and was else None
        door_now = self._now.into(now, role_now, is_) if role_now and is_ else None
        open_before, open_now = bool(door_before and door_before.power), bool(door_now and door_now.power)
        if open_now and not open_before and door_now:
            yield from _opened(door_now)
        elif open_before and not open_now and door_before:
            yield from _closed(door_before)
        elif open_now and door_before and door_now and role_before and role_now:
            mfa = bool(door_now.with_mfa)
            difference = self._difference(
                _of_role(before, role_before, mfa, self._before.premises),
                _of_role(now, role_now, mfa, self._now.premises),
            )
            yield from _compared(door_before, door_now, difference)

    def _at_home(self, was: Someone, is_: Someone, before: Place, now: Place) -> Iterator[Change]:
        door_before, door_now = self._before.at_home(was, before), self._now.at_home(is_, now)
        for mfa in is_.mfa:
            difference = self._difference(
                _of_someone(was, mfa, before, self._before.premises),
                _of_someone(is_, mfa, now, self._now.premises),
            ).without(LEAD_ON)
            yield from _compared(_only(door_before, mfa), _only(door_now, mfa), difference, mfa=mfa)

    def _of_boundaries(self, before: Place, now: Place) -> Iterator[Change]:
        """What roles may do that others make with a boundary that is laid down for them."""
        for arn in before.policies.keys() & now.policies.keys():
            name = arn.rpartition("/")[2]
            difference = self._difference(
                _bounded(before, before.policies[arn], self._before.premises),
                _bounded(now, now.policies[arn], self._now.premises),
            )
            door = Door(f"roles with the boundary {name}", "principal", now.account, now.words, AS_THEMSELVES)
            yield from _compared(door, door, difference)

    def _difference(self, before: Side, now: Side) -> Difference:
        key = (before.key, now.key, before.actor.keys.get("aws:multifactorauthpresent"))
        if key not in self._differences:
            self._differences[key] = differing(before, now)
        return self._differences[key]


def _pairs(before: Sequence[Someone], now: Sequence[Someone]) -> list[tuple[Someone | None, Someone | None]]:
    """Everybody as they were and as they are. A group or a user may be new, or gone; whoever a trust policy speaks of was
    there before, and still is."""
    was, is_ = ({each.words: each for each in crowd} for crowd in (before, now))
    pairs: list[tuple[Someone | None, Someone | None]] = []
    for words in dict.fromkeys([*was, *is_]):
        pair = was.get(words), is_.get(words)
        there = pair[0] or pair[1]
        if there is not None and there.sort not in ("group", "user"):
            pair = pair[0] or there, pair[1] or there
        pairs.append(pair)
    return pairs


def _only(door: Door, mfa: bool) -> Door:
    """One half of what a user may do: with MFA, or without."""
    return replace(door, without_mfa=Power.SHUT) if mfa else replace(door, with_mfa=Power.SHUT)


# -- the sides of a difference ----------------------------------------------------------------------------


def _of_role(place: Place, role: RoleState, mfa: bool, premises: Premises) -> Side:
    documents = [*place.documents(role), *(place.boundary(role) or ())]
    return Side(inside(place, role, mfa, premises), place, premises, documents, _control(place))


def _of_someone(who: Someone, mfa: bool, place: Place, premises: Premises) -> Side:
    documents = [*who.identity, *(who.boundary or ())]
    return Side(standing(who, mfa, premises), place, premises, documents, _control(place))


def _bounded(place: Place, boundary: Document, premises: Premises) -> Side:
    partition, id_ = premises.organization.partition, place.account.id
    authority = Authority(compiled([FULL_ACCESS]), compiled([boundary]), service_control=place.levels)
    role = f"arn:{partition}:iam::{id_}:role/another"
    caller = Caller(f"arn:{partition}:sts::{id_}:assumed-role/another/it", id_, role, bounded=True)
    keys = {
        "aws:principalarn": role,
        "aws:principalaccount": id_,
        "aws:principalorgid": premises.organization.id,
    }
    return Side(Actor(caller, authority, keys), place, premises, [boundary], _control(place))


def _control(place: Place) -> list[Document]:
    return [document for level in place.control for document in level]


# -- what becomes of a door -------------------------------------------------------------------------------


def _opened(door: Door) -> Iterator[Change]:
    if door.power:
        yield Change("opens", door.who, door.account, door.words, door.role, _told(door))


def _closed(door: Door) -> Iterator[Change]:
    if door.power:
        yield Change("closes", door.who, door.account, door.words, door.role, _told(door))


def _told(door: Door) -> str:
    if door.sort == "assigned":
        return f"{door.power.words}, with MFA where IAM Identity Center demands it"
    return f"{door.power.words}, {'with' if door.needs_mfa else 'without'} MFA"


def _compared(
    before: Door, now: Door, difference: Difference, *, mfa: bool | None = None
) -> Iterator[Change]:
    """What a door that was open, and is, lets more of, and less. `mfa`: what is told is so with it, or without."""
    ways: tuple[tuple[Way, Door, Door, tuple[str, ...], str, str], ...] = (
        ("widens", before, now, difference.gained, "without MFA now", "newly allowed"),
        ("narrows", now, before, difference.lost, "with MFA only", "no longer allowed"),
    )
    for way, one, other, actions, of_mfa, allowed in ways:
        said = []
        if mfa is None and other.without_mfa and not one.without_mfa:
            said.append(of_mfa)
        more = other.power & ~one.power
        if more:
            said.append(f"{'now also ' if way == 'widens' else 'no longer '}{more.words}")
        if actions:
            said.append(f"{allowed}: {_few(actions, at_least=difference.more_than_told)}")
        if said:
            how = "" if mfa is None else f", {'with' if mfa else 'without'} MFA"
            yield Change(way, now.who, now.account, now.words, now.role, "; ".join(said) + how, actions)


def _few(actions: Sequence[str], *, at_least: bool) -> str:
    told, rest = ", ".join(actions[:MOST_TOLD]), len(actions) - MOST_TOLD
    if rest > 0:
        return f"{told} and {'at least ' if at_least else ''}{rest} more"
    return f"{told} and others" if at_least else told
