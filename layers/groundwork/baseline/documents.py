"""Policy documents compared by meaning: AWS returns them in another order, and lists of one as single values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from groundwork.declaration.policy_files import Document, statements

ROOT = re.compile(r"arn:[^:]+:iam::([0-9]{12}):root")
MOST_TOLD = 3
"""Of several that differ alike, the first ones are told by name."""

Place = tuple[str, ...]
"""Where in a statement a value stands: Action, Principal AWS, Condition StringEquals aws:PrincipalOrgID."""


def canonical(value: Any) -> Any:
    """The same for two values that mean the same in a policy document."""
    if isinstance(value, Mapping):
        return {key: canonical(part) for key, part in value.items()}
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        parts = sorted((canonical(part) for part in value), key=_text)
        return parts[0] if len(parts) == 1 else parts
    return value


def differences(found: Document | None, wanted: Document) -> str:
    """In words, by statement id, what sets `found` apart from `wanted`; empty when they mean the same."""
    if found is None:
        return "has no policy"
    if canonical(found) == canonical(wanted):
        return ""
    there, expected = _by_id(found), _by_id(wanted)
    words = []
    if lacking := sorted(expected.keys() - there.keys()):
        words.append(f"lacks the statement{'s' if len(lacking) > 1 else ''} {_few(lacking)}")
    words += [
        f"holds the foreign statement {name} ({_told(there[name])})"
        for name in sorted(there.keys() - expected.keys())
    ]
    for name in sorted(expected.keys() & there.keys()):
        if unlike := list(_unlike(there[name], expected[name])):
            words.append(f"differs in the statement {name}: {_few(unlike)}")
    return "policy " + ("; ".join(words) or "is written differently")


def widens(found: Document | None, wanted: Document) -> bool:
    """Whether `found` may allow what `wanted` does not: by a permission of its own, or for want of a denial.

    Names with wildcards are not matched against each other: what cannot be told apart counts as wider.
    """
    there, expected = [] if found is None else statements(found), statements(wanted)
    allowed = [each for each in there if each.get("Effect") == "Allow"]
    denied = [each for each in expected if each.get("Effect") == "Deny"]
    return not (
        all(any(_within(each, other) for other in expected) for each in allowed)
        and all(any(_within(each, other) for other in there) for each in denied)
    )


def principals(statement: Mapping[str, Any]) -> Sequence[str]:
    """Everybody a statement speaks of, in words."""
    principal = statement.get("Principal")
    if not isinstance(principal, Mapping):
        return ["everybody"] if principal == "*" else ["everybody but some (NotPrincipal)"]
    return [_named(kind, name) for kind, names in principal.items() for name in _listed(names)]


def _named(kind: str, name: str) -> str:
    if name == "*":
        return "everybody"
    if kind != "AWS":
        return f"{kind.lower()} {name}"
    if root := ROOT.fullmatch(name):
        return f"account {root[1]}"
    return f"account {name}" if name.isdigit() else name


def _within(inner: Mapping[str, Any], outer: Mapping[str, Any]) -> bool:
    """Whether a statement speaks of no more than another: of the same or fewer, under the same or more conditions."""
    few, many = _values(inner), _values(outer)
    bare = {place for place in few.keys() | many.keys() if place[0] != "Condition"}
    return all(
        few.get(place, frozenset()) <= many.get(place, frozenset())
        if place[0] in ("Action", "Resource", "Principal")
        else few.get(place) == many.get(place)
        for place in bare
    ) and all(few.get(place) == values for place, values in many.items() if place not in bare)


def _values(statement: Mapping[str, Any]) -> dict[Place, frozenset[str]]:
    """All that a statement says, place by place; its id says nothing."""
    return dict(_leaves((), {name: part for name, part in statement.items() if name != "Sid"}))


def _leaves(place: Place, value: Any) -> Iterator[tuple[Place, frozenset[str]]]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _leaves((*place, name), part)
    else:
        yield place, frozenset(_listed(value))


def _unlike(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    """What sets a statement apart from the wanted one, place by place."""
    there, expected = _values(found), _values(wanted)
    for place in sorted(there.keys() | expected.keys()):
        name = " ".join(part for part in place if part != "Condition")
        has, wants = there.get(place, frozenset()), expected.get(place, frozenset())
        if has == wants:
            continue
        if not wants:
            yield f"{name} is {_few(sorted(has))}, which is not declared"
        elif not has:
            yield f"{name} is missing, expected {_few(sorted(wants))}"
        elif has.isdisjoint(wants):
            yield f"{name} is {_few(sorted(has))}, expected {_few(sorted(wants))}"
        else:
            more, less = sorted(has - wants), sorted(wants - has)
            yield " and ".join(
                [
                    *([f"{name} has {_few(more)} besides"] if more else []),
                    *([f"{name} lacks {_few(less)}"] if less else []),
                ]
            )


def _told(statement: Mapping[str, Any]) -> str:
    """A statement in short: its effect, what it speaks of, and to whom or on what."""
    what = "Action" if "Action" in statement else "NotAction"
    doing = f"{'all but ' if what == 'NotAction' else ''}{_few(_listed(statement.get(what, [])))}"
    whom = (
        f"to {_few(principals(statement))}"
        if statement.keys() & {"Principal", "NotPrincipal"}
        else f"on {_few(_listed(statement.get('Resource', [])))}"
    )
    return f"{statement.get('Effect')} {doing} {whom}"


def _few(words: Iterable[str]) -> str:
    told = list(words)
    rest = len(told) - MOST_TOLD
    return ", ".join(told[:MOST_TOLD]) + (f" and {rest} more" if rest > 0 else "")


def _listed(value: Any) -> list[str]:
    values = value if isinstance(value, list | tuple) else [value]
    return [str(canonical(each)) for each in values]


def _by_id(document: Document) -> dict[str, Mapping[str, Any]]:
    return {
        str(statement.get("Sid") or f"number {number}"): statement
        for number, statement in enumerate(statements(document), 1)
    }


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
