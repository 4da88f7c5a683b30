"""What is refused of the rules of a Choice state: "Choice Rules (JSONPath)" of the page "Choice workflow state"."""

from __future__ import annotations

from collections.abc import Iterator

from local.stepfunctions.language.fields import (
    COMPOSED,
    JSONATA,
    JSONPATH,
    OPERATORS,
    RULE,
    SCHEMA,
    Problem,
    State,
    field_problems,
)

OF_THE_WHOLE_RULE = ("Next", "Assign", "Output", "Condition")
PART = {name: field for name, field in RULE.items() if name not in OF_THE_WHOLE_RULE}


def rule_problems(rule: State, language: str, place: str) -> Iterator[Problem]:
    if language == JSONATA:
        yield from field_problems(rule, RULE, language, place, ("Next", "Condition"))
        return
    yield from field_problems(rule, RULE, language, place, ("Next",))
    yield from _comparison(rule, place)


def _comparison(rule: State, place: str) -> Iterator[Problem]:
    found = [name for name in rule if name in COMPOSED or name in OPERATORS]
    if not found:
        yield Problem(SCHEMA, "A comparison, And, Or or Not is required", place)
    if len(found) > 1:
        yield Problem(SCHEMA, f"Only one of these fields is allowed: [{', '.join(found)}]", place)
    if any(name in OPERATORS for name in found):
        if "Variable" not in rule:
            yield Problem(SCHEMA, "These fields are required: [Variable]", place)
    elif "Variable" in rule:
        yield Problem(SCHEMA, "Field 'Variable' is of comparisons", place)
    for name in found:
        value = rule[name]
        if name == "Not" and isinstance(value, dict):
            yield from _part(value, f"{place}/Not")
        elif name in ("And", "Or") and isinstance(value, list):
            for index, part in enumerate(value):
                if isinstance(part, dict):
                    yield from _part(part, f"{place}/{name}[{index}]")


def _part(rule: State, place: str) -> Iterator[Problem]:
    yield from field_problems(rule, PART, JSONPATH, place)
    yield from _comparison(rule, place)
