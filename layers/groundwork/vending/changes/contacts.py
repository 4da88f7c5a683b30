"""Contacts that an event asks for, beside those that the declaration lays down.

What the declaration says of a contact holds: an event that says otherwise would be taken back by the next run, so that it is
refused before anything is touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from groundwork.contacts import PRIMARY, AsAwsHasIt, differing
from groundwork.contracts import Changes, Kind

if TYPE_CHECKING:
    from groundwork.declaration import Declaration

COMPONENT = "account-contacts"
"""It lays down contacts."""


def contacts_in(asked: Changes) -> Mapping[str, AsAwsHasIt]:
    """By type; empty where one is to be taken off."""
    return asked.contacts.as_aws_has_them if asked.contacts else {}


def mistakes_of_contacts(asked: Changes, kind: Kind, declaration: Declaration) -> Iterator[str]:
    """None quotes what stands in a contact."""
    given = contacts_in(asked)
    if given and not declaration.changes.contacts:
        yield "contacts are changed where baseline.yaml says changes: {contacts: true}."
        return
    if given.get(PRIMARY) == {}:
        yield "contacts.primary is null, and every account has one; say who it is to be, or leave it out."
    if not given or COMPONENT not in declaration.baseline.get(kind, []):
        return
    declared = declaration.settings(COMPONENT).declared
    for name, wanted in given.items():
        if name not in declared:
            continue
        if not wanted:
            yield (
                f"contacts.{name} is null, and baseline.yaml declares one under accountContacts, which a run would put back; take it "
                "out there, or leave it out."
            )
        elif differing(declared[name], wanted):
            yield (
                f"contacts.{name} is not what baseline.yaml declares under accountContacts, and a run would put that back; change it "
                "there, or leave it out."
            )
