"""Differences of trust policies in words, for whoever reads them at three in the morning."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from groundwork.baseline.documents import canonical, principals
from groundwork.declaration.policy_files import Document, statements

MISSING_CONDITION = {
    "aws:multifactorauthpresent": "does not ask for MFA",
    "aws:principalorgid": "does not hold callers to organization {}",
    "aws:principalarn": "does not hold callers to {}",
    "sts:externalid": "does not ask for the declared external id",
}


def trust_difference(found: Document, wanted: Document) -> str:
    """What sets a trust policy apart from the wanted one, which has one statement; empty if nothing does."""
    if canonical(found) == canonical(wanted):
        return ""
    expected = statements(wanted)[0]
    there = statements(found)
    let_in = {
        who for statement in there if statement.get("Effect") == "Allow" for who in principals(statement)
    }
    right = principals(expected)[0]
    words = [f"lets {who} in; expected {_bare(right)}" for who in sorted(let_in - {right})]
    if right not in let_in:
        words.append(f"does not let {right} in")
    for statement in there:
        if statement.get("Effect") == "Deny":
            words.append("denies callers by a statement that is not declared")
        elif right in principals(statement):
            words += _of_conditions(statement.get("Condition", {}), expected.get("Condition", {}))
            if canonical(statement.get("Action")) != canonical(expected["Action"]):
                words.append(f"allows {_shown(statement.get('Action'))}; expected {expected['Action']}")
    return "trust policy " + ("; ".join(dict.fromkeys(words)) or "is not the declared one")


def _bare(account: str) -> str:
    return account.removeprefix("account ")


def _of_conditions(found: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[str]:
    there, wanted = dict(_flat(found)), dict(_flat(expected))
    for place, values in wanted.items():
        if there.get(place) == values:
            continue
        words = MISSING_CONDITION[place[1]].format(_shown(values))
        yield (
            f"{words} (but to {_shown(there[place])})"
            if "{}" in MISSING_CONDITION[place[1]] and place in there
            else words
        )
    for place in sorted(there.keys() - wanted.keys()):
        yield f"asks for {place[0]} {place[1]} = {_shown(there[place])}, which is not declared"


def _flat(conditions: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], Any]]:
    for operator, keys in conditions.items():
        for key, values in keys.items():
            yield (operator, key.lower()), canonical(values)


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(each) for each in value]


def _shown(value: Any) -> str:
    return ", ".join(_listed(value)) if isinstance(value, str | list) else json.dumps(value)
