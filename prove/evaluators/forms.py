"""The forms in which evaluators of policies differ, each with what it means: as AWS documents it, said again by other means
than the engine's, or, where nothing is written, so that the request is refused. `prove.evaluators.disagreements` is the table of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from groundwork.policies.documents import Match
from prove.asked import Caller, Case, Keys
from prove.evaluators.rewording import (
    NOBODY,
    NOTHING,
    VARIABLE,
    Condition,
    Document,
    Named,
    Said,
    Statement,
    changed,
    conditions,
    granted,
    listed,
    never,
    substituted,
)


def old_version(case: Case) -> Case:
    def nothing(value: Any, operator: str = "") -> Any:
        if not isinstance(value, str) or "${" not in value:
            return value
        return NOBODY if operator.startswith("Arn") else "nothing" if operator else NOTHING

    def change(policy: Document) -> Document:
        if policy.get("Version") == "2012-10-17" or "${" not in str(policy):
            return policy
        found = []
        for statement in policy["Statement"]:
            said = dict(statement)
            for element in {"Resource", "NotResource"} & set(said):
                said[element] = [nothing(each) for each in listed(said[element])]
            if "Condition" in said:
                said["Condition"] = {
                    operator: {
                        key: [nothing(each, operator) for each in listed(wanted)]
                        for key, wanted in keys.items()
                    }
                    for operator, keys in said["Condition"].items()
                }
            found.append(said)
        return {**policy, "Statement": found}

    return changed(case, lambda statement, _: statement, change)


def variables_in_names(named: Named) -> str:
    fields = named.text.split(":", 5)
    if len(fields) < 6 or fields[2] == "s3" or "${" in "".join(fields[:5]) or not named.place.variables:
        return named.text
    begins = re.match(r"[^/:]*\$\{", fields[5])
    return substituted(named.text, named.keys) or NOTHING if begins else named.text


def excepted_nothing(named: Named) -> str:
    void = named.element == "NotResource" and substituted(named.text, named.keys) is None
    return NOTHING if void and named.place.variables else named.text


def empty_variables(named: Named) -> str:
    if not named.place.variables or not _names_empty(named.text, named.keys):
        return named.text
    return substituted(named.text, named.keys) or NOTHING


def _names_empty(value: Any, keys: Keys) -> bool:
    return isinstance(value, str) and any(keys.get(match[1]) == "" for match in VARIABLE.finditer(value))


def values_of_empty_variables(condition: Condition) -> Said:
    if not condition.variables:
        return None
    there = [value for value in condition.wanted if _names_empty(value, condition.keys)]
    found = [substituted(value, condition.keys) if value in there else value for value in condition.wanted]
    return (condition.operator, ["nothing" if value is None else value for value in found]) if there else None


def short_arns(named: Named) -> str:
    value = named.text
    missing = 5 - value.count(":")
    if value == "*" or missing < 1 or "${" in value:
        return value
    completed = named.place.layer in ("identity", "boundary", "organization") or value.endswith("*")
    return value + ":*" * missing if completed else NOTHING


def beyond_the_colon(named: Named) -> str:
    """Where a * that ends a field goes on beyond it, what is asked for itself."""
    fields = named.text.split(":")
    if "${" in named.text or not any(field.endswith("*") for field in fields[1:5]):
        return named.text
    wild = (re.escape(field).replace(r"\*", "[^:]*").replace(r"\?", "[^:]") for field in fields[:5])
    beginning = ":".join(re.sub(r"\[\^:\]\*$", ".*", each) for each in wild)
    end = "".join(":" + re.escape(field).replace(r"\*", ".*").replace(r"\?", ".") for field in fields[5:])
    return named.asked if re.fullmatch(beginning + end, named.asked, re.DOTALL) else named.text


def letters(condition: Condition) -> Said:
    """Where nothing is a wildcard, one needs no sign for its letter."""
    if not condition.variables or "Equals" not in condition.base or not condition.base.startswith("String"):
        return None
    return condition.operator, [re.sub(r"\$\{([*?$])\}", r"\1", value) for value in condition.wanted]


def values_of_nothing(condition: Condition) -> Said:
    """A value with a variable that stands for nothing is not there."""
    if not condition.variables or condition.given is None:
        return None
    left = [value for value in condition.wanted if substituted(str(value), condition.keys) is not None]
    if len(left) == len(condition.wanted):
        return None
    return (condition.operator, left) if left else _of_none(condition)


def _of_none(condition: Condition) -> bool:
    """Compared with no value at all."""
    given = [each for each in condition.values if each or condition.quantifier != "ForAllValues"]
    if len(given) > 1 and not condition.quantifier:
        return condition.negated and condition.effect == "Deny"
    if not given:
        return condition.if_exists or condition.quantifier == "ForAllValues" or _differs(condition)
    return condition.negated


def _differs(condition: Condition) -> bool:
    return condition.negated and condition.quantifier != "ForAnyValue"


def null_of_nothing(condition: Condition) -> Said:
    if condition.base != "Null" or condition.given is None or any(condition.values):
        return None
    return any(str(value).lower() == "true" for value in condition.wanted)


def all_of_empty(condition: Condition) -> Said:
    if condition.quantifier != "ForAllValues" or condition.given is None or all(condition.values):
        return None
    return True if not any(condition.values) else None


def any_if_exists(condition: Condition) -> Said:
    if condition.quantifier == "ForAnyValue" and condition.if_exists and not condition.values:
        return True
    return None


def empty_set(condition: Condition) -> Said:
    if condition.given != [] or condition.quantifier or condition.base == "Null":
        return None
    return condition.if_exists or condition.negated


def single_value(condition: Condition) -> Said:
    if not isinstance(condition.given, list) or condition.quantifier or condition.base == "Null":
        return None
    return (f"ForAnyValue:{condition.operator}", condition.wanted) if len(condition.given) == 1 else None


def several_values(condition: Condition) -> Said:
    if not isinstance(condition.given, list) or condition.quantifier or condition.base == "Null":
        return None
    return condition.negated and condition.effect == "Deny" if len(condition.given) > 1 else None


def five_fields(condition: Condition) -> Said:
    if not condition.base.startswith("Arn") or all(value.count(":") > 4 for value in condition.wanted):
        return None
    return condition.operator, [
        value
        if value.count(":") > 4
        else value + ":*" * (5 - value.count(":"))
        if condition.refuses
        else NOBODY
        for value in condition.wanted
    ]


def ranges(condition: Condition) -> Said:
    if "IpAddress" not in condition.base:
        return None
    sizes = ((value, 128 if ":" in value else 32) for value in condition.wanted)
    return condition.operator, [value if "/" in value else f"{value}/{size}" for value, size in sizes]


def plain_numbers(condition: Condition) -> Said:
    if not condition.base.startswith("Numeric"):
        return None
    return condition.operator, [f"{Decimal(str(value)):f}" for value in condition.wanted]


def dates(case: Case) -> Case:
    """All of them in words."""

    def words(value: Any) -> Any:
        if not isinstance(value, str) or not re.fullmatch(r"\d{9,}", value):
            return value
        return datetime.fromtimestamp(int(value), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def say(condition: Condition) -> Said:
        return (
            (condition.operator, [words(value) for value in condition.wanted])
            if "Date" in condition.base
            else None
        )

    keys = {key: words(value) if key == "aws:EpochTime" else value for key, value in case.caller.keys.items()}
    said = conditions(say)(case)
    return replace(said, caller=replace(said.caller, keys=keys))


def not_principal(statement: Statement, caller: Caller) -> Statement:
    if "NotPrincipal" not in statement:
        return statement
    named = listed(statement["NotPrincipal"]["AWS"])
    identities = {arn for arn in (caller.arn, caller.role_arn) if arn}
    account = {caller.account, f"arn:aws:iam::{caller.account}:root"}
    if caller.boundary is None and identities <= set(named) and account & set(named):
        return never(statement)
    return {**{key: value for key, value in statement.items() if key != "NotPrincipal"}, "Principal": "*"}


def other_sessions(statement: Statement, caller: Caller) -> Statement:
    principal = statement.get("Principal")
    if not isinstance(principal, Mapping) or "AWS" not in principal:
        return statement
    found = [
        NOBODY if ":assumed-role/" in arn and arn != caller.arn else arn for arn in listed(principal["AWS"])
    ]
    return {**statement, "Principal": {"AWS": found}}


def named_session(case: Case) -> Case:
    caller = case.caller
    if caller.session is None or granted(case) is not Match.DIRECT:
        return case
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    statements = [*(each for each in caller.session["Statement"] if each["Effect"] == "Deny"), everything]
    return replace(case, caller=replace(caller, session={**caller.session, "Statement": statements}))


def everyone_within_a_boundary(case: Case) -> Case:
    caller = case.caller
    if caller.boundary is None or granted(case) is not Match.ROLE:
        return case
    levels = (*caller.organization_policies, (caller.boundary,))
    return replace(case, caller=replace(caller, organization_policies=levels))
