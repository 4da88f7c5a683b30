"""Differences of trust policies in words, for whoever reads them at three in the morning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from groundwork.baseline.documents import called, differences, forgotten, principals
from groundwork.baseline.documents.meaning import deleted, folded, listed, says_the_same
from groundwork.declaration.policy_files import Document, statements

MISSING_CONDITION = {
    "aws:multifactorauthpresent": "does not ask for MFA",
    "aws:principalorgid": "does not hold callers to organization {}",
    "aws:principalarn": "does not hold callers to {}",
    "sts:externalid": "does not ask for the declared external id",
}


def trust_difference(found: Document, wanted: Document) -> str:
    """What sets a trust policy apart from the wanted one, which has one statement; empty if nothing does."""
    if says_the_same(found, wanted):
        return ""
    expected = statements(wanted)[0]
    there = statements(found)
    let_in = {
        who for statement in there if statement.get("Effect") == "Allow" for who in principals(statement)
    }
    let_in -= set(map(called, deleted(found)))
    right = principals(expected)[0]
    words = [f"lets {who} in; expected {_bare(right)}" for who in sorted(let_in - {right})]
    if right not in let_in:
        words.append(f"does not let {right} in")
    for statement in there:
        if statement.get("Effect") == "Deny":
            words.append("denies callers by a statement that is not declared")
        elif right in principals(statement):
            words += _of_conditions(statement.get("Condition", {}), expected.get("Condition", {}))
            actions, wants = (
                list(dict.fromkeys(listed(each.get("Action", [])))) for each in (statement, expected)
            )
            if set(map(str.lower, actions)) != set(map(str.lower, wants)):
                words.append(f"allows {', '.join(actions)}; expected {', '.join(wants)}")
    words += forgotten(found)
    return "trust policy " + ("; ".join(dict.fromkeys(words)) or differences(found, wanted))


def _bare(account: str) -> str:
    return account.removeprefix("account ")


def _of_conditions(found: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[str]:
    there, wanted = dict(_flat(found)), dict(_flat(expected))
    for place, values in wanted.items():
        if there.get(place) == values:
            continue
        words = MISSING_CONDITION[place[1]].format(", ".join(values))
        yield (
            f"{words} (but to {', '.join(there[place])})"
            if "{}" in MISSING_CONDITION[place[1]] and place in there
            else words
        )
    for place in sorted(there.keys() - wanted.keys()):
        yield f"asks for {place[0]} {place[1]} = {', '.join(there[place])}, which is not declared"


def _flat(conditions: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], list[str]]]:
    for operator, keys in conditions.items():
        for key, values in keys.items():
            yield (
                (operator, key.lower()),
                sorted({folded(("Condition", operator), each) for each in listed(values)}),
            )
