"""What IAM's grammar of policies does not take, found in the owner's files.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from groundwork.declaration.aws_names import did_you_mean
from groundwork.fields import shown

PLACEHOLDERS = ("partition", "account", "organization", "management", "security", "tooling")
"""What is filled in where it stands in angle brackets."""

ELEMENTS = ("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition")
EITHER = (("Action", "NotAction"), ("Resource", "NotResource"))
NAMED = {
    "Action": (r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+", "is no action; write it like s3:GetObject"),
    "Resource": (r"\*|arn:([^:]*:){4}.+|arn:.*\*.*", "is no ARN; write one, or *"),
}
COMPARED = {
    "String": ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike"),
    "Numeric": ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"),
    "Date": ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"),
    "Arn": ("Equals", "NotEquals", "Like", "NotLike"),
}
OPERATORS = (
    *(f"{kind}{how}" for kind, ways in COMPARED.items() for how in ways),
    *("Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "Null"),
)
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html"""


def faults(document: Mapping[str, Any], statements: Sequence[Any]) -> Iterator[str]:
    """Each a place and a sentence."""
    for key in document.keys() - {"Version", "Id", "Statement"}:
        yield f"{key}: is no element of a policy{did_you_mean(key, ('Version', 'Id', 'Statement'))}; remove it"
    for number, statement in enumerate(statements):
        if not isinstance(statement, Mapping):
            yield f"Statement.{number}: {shown(statement)} is no statement; write an object"
            continue
        for fault in _of_statement(statement):
            yield f"Statement.{number}{fault}"
    ids = Counter(str(each["Sid"]) for each in statements if isinstance(each, Mapping) and each.get("Sid"))
    if twice := next((name for name, times in ids.items() if times > 1), None):
        yield f"Statement: two statements have the Sid {twice}; rename one of them"
    for name in dict.fromkeys(re.findall(r"<([A-Za-z]\w*)>", json.dumps(document))):
        if name not in PLACEHOLDERS:
            known = ", ".join(f"<{each}>" for each in PLACEHOLDERS)
            yield f"<{name}>: is not filled in{did_you_mean(name, PLACEHOLDERS)}; write one of {known}"


def _of_statement(statement: Mapping[str, Any]) -> Iterator[str]:
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield f".Effect: {shown(statement.get('Effect'))} must be Allow or Deny"
    for key in statement.keys() - set(ELEMENTS):
        if key in ("Principal", "NotPrincipal"):
            yield f".{key}: is for policies of resources; remove it, since whoever has this policy is its principal"
        else:
            yield f".{key}: is no element of a statement{did_you_mean(key, ELEMENTS)}; remove it"
    for either in EITHER:
        if sum(key in statement for key in either) != 1:
            yield f": give exactly one of {either[0]} and {either[1]}"
    sid = statement.get("Sid", "")
    if not isinstance(sid, str) or not re.fullmatch(r"[A-Za-z0-9]*", sid):
        yield f".Sid: {shown(sid)} may hold letters and digits only; rename it"
    for element, (pattern, remedy) in NAMED.items():
        for key in (element, f"Not{element}"):
            for value in _listed(statement.get(key, [])):
                if not isinstance(value, str) or not re.fullmatch(pattern, value):
                    yield f".{key}: {shown(value)} {remedy}"
    yield from _of_condition(statement.get("Condition", {}))


def _of_condition(condition: Any) -> Iterator[str]:
    if not isinstance(condition, Mapping):
        yield f".Condition: {shown(condition)} is no condition; write an object of operators"
        return
    for operator, keys in condition.items():
        name = re.sub(r"^(ForAllValues|ForAnyValue):", "", operator)
        if name == "NullIfExists" or name.removesuffix("IfExists") not in OPERATORS:
            yield f".Condition: {shown(operator)} is no operator{did_you_mean(name, OPERATORS)}; correct it"
        elif not isinstance(keys, Mapping):
            yield f".Condition.{operator}: {shown(keys)} is no condition; write an object of keys and values"
        else:
            for key, values in keys.items():
                if not all(isinstance(each, str | int | float) for each in _listed(values)):
                    yield f".Condition.{operator}.{key}: {shown(values)} is no text; write one, or a list of them"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
