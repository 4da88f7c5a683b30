"""What sets one policy document apart from another, in words; `meaning` knows whether they say the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from types import MappingProxyType
from typing import Any, NamedTuple

from groundwork.baseline.documents.meaning import DELETED, ROOT, deleted, folded, listed, more_in, opens, read
from groundwork.declaration.policy_files import Document, statements

MOST_TOLD = 3
"""Of several that differ alike, the first ones are told by name."""
OPENS, CLOSES = "opens what is not declared", "closes what is declared"

Statement = Mapping[str, Any]
Place = tuple[str, ...]
"""Where in a statement a value stands: Action, Principal AWS, Condition StringEquals aws:principalorgid."""


def differences(found: Document | None, wanted: Document) -> str:
    """In words, by statement id, what sets `found` apart from `wanted`, and what that opens or closes; empty when they
    mean the same."""
    if found is None:
        return "has no policy"
    allowed, denied = (more_in(found, wanted, allowed=which) for which in (True, False))
    not_allowed, not_denied = (more_in(wanted, found, allowed=which) for which in (True, False))
    words = list(_words(found, wanted, {*allowed, *denied}, {*not_allowed, *not_denied}))
    opening, closing = bool(allowed or not_denied), bool(not_allowed or denied)
    if effects := [what for what, does in ((OPENS, opening), (CLOSES, closing)) if does]:
        words.append(f"it {' and '.join(effects)}")
    words += forgotten(found)
    return f"policy {'; '.join(words)}" if words else ""


def widens(found: Document | None, wanted: Document) -> bool:
    """Whether `found` may allow what `wanted` does not: by a permission of its own, or for want of a denial."""
    return opens({} if found is None else found, wanted)


def forgotten(document: Document) -> list[str]:
    """In words, what a policy still says of users and roles that are no more."""
    gone = deleted(document)
    return [f"names {_few(map(called, gone))}, to whom nothing is opened any more"] if gone else []


def principals(statement: Statement) -> Sequence[str]:
    """Everybody a statement speaks of, in words."""
    principal = statement.get("Principal")
    if not isinstance(principal, Mapping):
        return ["everybody"] if principal == "*" else ["everybody but some (NotPrincipal)"]
    return [_named(kind, name) for kind, names in principal.items() for name in listed(names)]


def _named(kind: str, name: str) -> str:
    if name == "*":
        return "everybody"
    if kind != "AWS":
        return f"{kind.lower()} {name}"
    if root := ROOT.fullmatch(name):
        return f"account {root[1]}"
    return f"account {name}" if name.isdigit() else called(name)


def called(name: str) -> str:
    gone = DELETED.fullmatch(name)
    return f"the deleted {'user' if gone[1] == 'IDA' else 'role'} {name}" if gone else name


# -- statement by statement -------------------------------------------------------------------------------


def _words(found: Document, wanted: Document, more: set[int], less: set[int]) -> Iterator[str]:
    """`more` are the places of what `found` says besides, `less` those of what it does not say."""
    there, expected = _by_id(found, wanted), _by_id(wanted, found)
    alike = there.keys() & expected.keys()
    lacking = [name for name in expected.keys() - alike if expected[name][0] in less]
    if len(lacking) == 1:
        yield f"lacks the statement {_shown(lacking[0], expected)} ({_told(expected[lacking[0]][1])})"
    elif lacking:
        yield f"lacks the statements {_few(sorted(_shown(name, expected) for name in lacking))}"
    for name in sorted(there.keys() - alike):
        if there[name][0] in more:
            yield f"holds the foreign statement {_shown(name, there)} ({_told(there[name][1])})"
    for name in sorted(alike):
        if there[name][0] in more or expected[name][0] in less:
            unlike = _few(_unlike(there[name][1], expected[name][1]))
            yield f"differs in the statement {_shown(name, there)}: {unlike}"


def _by_id(document: Document, other: Document) -> dict[str, tuple[int, Statement]]:
    """The statements that the other does not have, with their places; those without an id by their order."""
    theirs, nameless = read(other), count()
    return {
        str(statement.get("Sid") or f"#{next(nameless)}"): (place, statement)
        for place, (statement, said) in enumerate(zip(statements(document), read(document), strict=True))
        if said not in theirs
    }


def _shown(name: str, by_id: Mapping[str, tuple[int, Statement]]) -> str:
    return f"number {by_id[name][0] + 1}" if name.startswith("#") else name


def _unlike(found: Statement, wanted: Statement) -> Iterator[str]:
    """What sets a statement apart from the wanted one, place by place."""
    there, expected = _places(found), _places(wanted)
    for place in sorted(there.keys() | expected.keys()):
        has, wants = there.get(place, Written()), expected.get(place, Written())
        if has.values.keys() == wants.values.keys():
            continue
        name, more, less = wants.name or has.name, has.besides(wants), wants.besides(has)
        if not wants.values:
            yield f"{name} is {_few(more)}, which is not declared"
        elif not has.values:
            yield f"{name} is missing, expected {_few(less)}"
        elif has.values.keys().isdisjoint(wants.values):
            yield f"{name} is {_few(more)}, expected {_few(less)}"
        else:
            words = [f"has {_few(more)} besides"] * bool(more) + [f"lacks {_few(less)}"] * bool(less)
            yield f"{name} {' and '.join(words)}"


class Written(NamedTuple):
    """The values at a place of a statement: as they are written, by what they are to AWS."""

    name: str = ""
    values: Mapping[str, str] = MappingProxyType({})

    def besides(self, other: Written) -> list[str]:
        return sorted(value for key, value in self.values.items() if key not in other.values)


def _places(statement: Statement) -> dict[Place, Written]:
    """All that a statement says, place by place. Its id says nothing."""
    return {
        (*place[:2], *map(str.lower, place[2:])): Written(
            " ".join(part for part in place if part != "Condition"),
            {folded(place, each): each for each in listed(value)},
        )
        for place, value in _leaves((), statement)
        if place != ("Sid",)
    }


def _leaves(place: Place, value: Any) -> Iterator[tuple[Place, Any]]:
    if place == ("Principal",) and value == "*":
        value = {"AWS": "*"}
    if not isinstance(value, Mapping):
        yield place, value
        return
    for name, part in value.items():
        yield from _leaves((*place, name), part)


def _told(statement: Statement) -> str:
    """A statement in short: its effect, what it speaks of, and to whom or on what."""
    what = "Action" if "Action" in statement else "NotAction"
    doing = f"{'all but ' if what == 'NotAction' else ''}{_few(listed(statement.get(what, [])))}"
    whom = (
        f"to {_few(principals(statement))}"
        if statement.keys() & {"Principal", "NotPrincipal"}
        else f"on {_few(listed(statement.get('Resource', [])))}"
    )
    return f"{statement.get('Effect')} {doing} {whom}"


def _few(words: Iterable[str]) -> str:
    told = list(words)
    rest = len(told) - MOST_TOLD
    return ", ".join(told[:MOST_TOLD]) + (f" and {rest} more" if rest > 0 else "")
