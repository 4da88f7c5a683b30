"""What a request may ask for: everything that the declaration alone shows to be wrong in it, all at once.

`given` are the fields of a request that are right by themselves, by their names in the event: a request that has other
mistakes, too, is told of these as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from groundwork.contracts import Kind, RequestedKind
from groundwork.fields import MOST_TAGS, ancestors, is_below, shown

if TYPE_CHECKING:
    from groundwork.declaration import Declaration, DeclaredAccount

Given = Mapping[str, Any]


def granted(given: Given, declaration: Declaration) -> tuple[RequestedKind, str | None]:
    """The kind and the unit that a request gets in which there is no mistake."""
    declared = _with_email(given.get("email"), declaration)
    unit = given.get("organizationalUnit")
    return (declared.kind, declared.organizational_unit or unit) if declared else ("workload", unit)


def mistakes_of_request(given: Given, declaration: Declaration) -> list[str]:
    """What the declaration gives to another account, or to nobody."""
    email, name, kind = given.get("email"), given.get("accountName"), given.get("kind")
    declared, found = _with_email(email, declaration), list[str]()
    if declared is None:
        if email and kind not in (None, "workload"):
            named = next((each for each in declaration.accounts if each.kind == kind), None)
            whose = f"only {named.name!r} with {named.email!r} is" if named else "no account is"
            found.append(
                f"kind {kind!r} is not for {f'{name!r} with ' if name else ''}{email!r}: {whose} declared so in "
                "baseline.yaml; leave kind out, or have the declaration changed."
            )
        return found
    if name and name != declared.name:
        found.append(
            f"email {email!r} is declared for the account {declared.name!r}, not for {name!r}; "
            "use the declared name, or another e-mail."
        )
    if kind and kind != declared.kind:
        found.append(
            f"kind {kind!r} is not that of {declared.name!r}; the declaration says {declared.kind!r}."
        )
    unit, home = given.get("organizationalUnit"), declared.organizational_unit
    if unit and home and unit != home:
        found.append(
            f"organizationalUnit {unit!r} is not that of {declared.name!r}; the declaration says {home!r}."
        )
    return found


def mistakes_of_new_account(given: Given, declaration: Declaration) -> list[str]:
    """What is a mistake only where an account would be made: it could not be undone."""
    return [
        *mistakes_of_unit(given, declaration),
        *_mistaken_name(given, declaration),
        *_mistaken_expiry(given, declaration),
    ]


def _mistaken_expiry(given: Given, declaration: Declaration) -> Iterator[str]:
    day, tags = given.get("expires"), given.get("tags")
    if day is None:
        return
    yield from mistakes_of_day(day, granted(given, declaration)[0], declaration)
    if isinstance(tags, Mapping) and len(tags) >= MOST_TAGS:
        yield f"tags holds {len(tags)} tags, and expires is one more; give at most {MOST_TAGS - 1} beside it."


def mistakes_of_day(day: str, kind: Kind, declaration: Declaration) -> Iterator[str]:
    """Of the one on which an account of this kind is to expire."""
    what = f"expires {shown(day)}"
    if declaration.closing.unit is None:
        yield f"{what} cannot hold: baseline.yaml declares no closing.unit, and no account is closed; have it declared, or leave expires out."
    elif kind != "workload":
        yield f"{what} is not for an account of kind {kind}, which is never closed; leave expires out."
    elif day <= (today := f"{datetime.now(UTC):%Y-%m-%d}"):
        yield f"{what} is not after today, {today} in UTC; give a later day, or leave expires out."


def mistakes_of_unit(given: Given, declaration: Declaration) -> list[str]:
    """Of one in which an account is to be."""
    unit, quarantine = given.get("organizationalUnit"), declaration.quarantine.unit
    if unit and quarantine and is_below(unit, quarantine):
        mistake = f"organizationalUnit {shown(unit)} is where new accounts wait until they are ready; name the one that is its own."
        return [mistake]
    if unit and declaration.closing.unit and is_below(unit, declaration.closing.unit):
        return [f"organizationalUnit {shown(unit)} is where accounts wait to be closed; name another one."]
    declared = [
        *declaration.organizational_units,
        *(each.organizational_unit or "" for each in declaration.accounts),
    ]
    known = {above for path in declared for above in ancestors(path)}
    allowed = declaration.requests.undeclared_units == "create" or given.get("createOrganizationalUnit")
    if not unit or unit in known or allowed:
        return []
    meant = _close_match(unit, known)
    question = f"; did you mean {meant!r}?" if meant else "."
    mistake = (
        f"organizationalUnit {shown(unit)} is not declared in baseline.yaml{question} Correct it, have it declared, or "
        "say createOrganizationalUnit: true to have it made where it is missing."
    )
    return [mistake]


def _close_match(unit: str, known: set[str]) -> str | None:
    by_lower = {path.lower(): path for path in sorted(known) if path}
    found = get_close_matches(unit.lower(), by_lower, n=1)
    return by_lower[found[0]] if found else None


def _mistaken_name(given: Given, declaration: Declaration) -> list[str]:
    name, email = given.get("accountName"), given.get("email")
    if not (name and email) or given.get("sameName") or _with_email(email, declaration):
        return []
    declared = _of_declared(name, declaration)
    return [same_name(name, declared)] if declared else []


def name_of_another(name: str, declaration: Declaration) -> str | None:
    """Why an account that is there, and not declared, may not be called so."""
    declared = _of_declared(name, declaration)
    return f"accountName {name!r} is that of {declared}; choose another name." if declared else None


def _of_declared(name: str, declaration: Declaration) -> str | None:
    declared = next((each for each in declaration.accounts if each.name.casefold() == name.casefold()), None)
    return f"the account that baseline.yaml declares with {declared.email!r}" if declared else None


def same_name(name: str, bearer: str) -> str:
    return (
        f"accountName {name!r} is that of {bearer}; ask with that e-mail for that account, choose another name, or say "
        "sameName: true to have a second account of this name."
    )


def _with_email(email: str | None, declaration: Declaration) -> DeclaredAccount | None:
    lower = (email or "").lower()
    return next((each for each in declaration.accounts if each.email.lower() == lower), None)
