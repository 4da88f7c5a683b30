"""Every door, and who may enter by it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from groundwork.baseline.components.access.state import RoleState
from groundwork.contracts import Account, Organization
from groundwork.declaration import Declaration
from groundwork.declaration.access import Access, Where
from groundwork.doors.asking import Actor, enters, inside, power, standing
from groundwork.doors.declared import called, declared
from groundwork.doors.people import Someone, Sort, people
from groundwork.doors.power import Power
from groundwork.doors.premises import Place, Premises
from groundwork.fields import is_below

AS_THEMSELVES = ""
"""In place of a role's name: what users may do in their own account, where they are."""


@dataclass(frozen=True)
class Door:
    """One way into an account for somebody. `words` are what the account is called; `role` is empty for what users may do
    where they are. The power of machines, and of people of IAM Identity Center, counts as without MFA, which a session of theirs
    cannot show."""

    who: str
    sort: Sort
    account: Account
    words: str
    role: str
    without_mfa: Power = Power.SHUT
    with_mfa: Power = Power.SHUT

    @property
    def power(self) -> Power:
        return self.without_mfa | self.with_mfa

    @property
    def needs_mfa(self) -> bool:
        return bool(self.with_mfa and not self.without_mfa)


class Doors:
    """The doors of these premises, asked one by one. What is behind each is worked out once."""

    def __init__(self, premises: Premises) -> None:
        self.premises = premises
        self._behind: dict[tuple[str, str, bool], Power] = {}
        self._standing: dict[tuple[str, bool], Actor] = {}

    def into(self, place: Place, role: RoleState, who: Someone) -> Door:
        found = {
            mfa: self._behind_it(place, role, mfa) for mfa in who.mfa if self._lets(place, role, who, mfa)
        }
        return _door(who, place, place.called(role), found)

    def at_home(self, who: Someone, place: Place) -> Door:
        """What a user may do without taking a role."""
        found = {mfa: power(self._actor(who, mfa), place, self.premises) for mfa in who.mfa}
        return _door(who, place, AS_THEMSELVES, found)

    def _lets(self, place: Place, role: RoleState, who: Someone, mfa: bool) -> bool:
        if role.name in place.permission_sets:
            return who.words in place.permission_sets[role.name].people
        return who.sort != "assigned" and enters(self._actor(who, mfa), place, role, self.premises)

    def _actor(self, who: Someone, mfa: bool) -> Actor:
        if (who.words, mfa) not in self._standing:
            self._standing[who.words, mfa] = standing(who, mfa, self.premises)
        return self._standing[who.words, mfa]

    def _behind_it(self, place: Place, role: RoleState, mfa: bool) -> Power:
        key = (place.account.id, role.name, mfa)
        if key not in self._behind:
            actor = inside(place, role, mfa, self.premises)
            self._behind[key] = Power.ENTER | power(actor, place, self.premises, role)
        return self._behind[key]


def _door(who: Someone, place: Place, role: str, found: Mapping[bool, Power]) -> Door:
    without, with_mfa = found.get(False, Power.SHUT), found.get(True, Power.SHUT)
    return Door(who.words, who.sort, place.account, place.words, role, without, with_mfa)


def doors(premises: Premises) -> list[Door]:
    """Those that open for somebody, account by account."""
    crowd, asked = people(premises), Doors(premises)
    found = (door for place in premises.places.values() for door in _of_place(place, crowd, asked))
    return [door for door in found if door.power]


def _of_place(place: Place, crowd: Iterable[Someone], asked: Doors) -> Iterator[Door]:
    for role in place.roles:
        found = [(who, asked.into(place, role, who)) for who in crowd]
        everybody = {who.account_id: door.without_mfa for who, door in found if who.stands_for_all}
        for who, door in found:  # whom the trust of another role names enters here like everybody else
            if who.sort != "principal" or who.stands_for_all or not everybody.get(who.account_id):
                yield door
    for who in crowd:
        if who.lives_in(place):
            yield asked.at_home(who, place)


def declared_doors(
    declaration: Declaration, organization: Organization, accounts: Iterable[Account]
) -> tuple[list[Door], Premises]:
    """What the declaration opens in these accounts. Those that no rule of it tells apart have the same doors, which are
    worked out once."""
    accounts = list(accounts)
    alike: dict[object, list[Account]] = {}
    for account in accounts:
        alike.setdefault(_told_apart_by(account, declaration, organization), []).append(account)
    premises = declared(declaration, organization, [each[0] for each in alike.values()], {})
    found: dict[str, list[Door]] = {}
    for door in doors(premises):
        found.setdefault(door.account.id, []).append(door)
    everywhere = [
        replace(door, account=account, words=called(account))
        for same in alike.values()
        for account in same
        for door in found.get(same[0].id, ())
    ]
    order = {account.id: number for number, account in enumerate(accounts)}
    return sorted(everywhere, key=lambda door: order[door.account.id]), premises


def _told_apart_by(account: Account, declaration: Declaration, organization: Organization) -> object:
    """Accounts that are one principal to a trust policy or that a rule names stand alone. Of the others those are alike
    that are of one kind and in the same of the units that rules name."""
    access = declaration.access
    named = {name for role in access.roles for name in role.where.names} | declaration.names_in_groups
    ids = {*(role.trust.account for role in access.roles), *organization.named_accounts.values()}
    alone = account.kind != "workload" or account.name in named or account.id in ids
    if alone:
        return account.id
    if any("orgpaths" in json.dumps(declaration.policy(name)).lower() for name in declaration.policy_names):
        return account.kind, account.unit
    units = (
        *(rule.organizational_units for rule in _wheres(access)),
        *(rule.except_organizational_units for rule in _wheres(access)),
        *(enter.organizational_units for group in access.groups for enter in group.enter),
        declaration.guardrails.where,
        [declaration.quarantine.unit] if declaration.quarantine.unit else [],
        [declaration.closing.unit] if declaration.closing.unit else [],
    )
    return account.kind, *(any(is_below(account.unit, each) for each in named) for named in units)


def _wheres(access: Access) -> Iterator[Where]:
    yield from (role.where for role in access.roles)
    yield from (boundary.where for boundary in access.boundaries)
