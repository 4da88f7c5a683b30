"""A case of `prove.evaluators.cases` in other words: every statement of every policy, its conditions or its resources, changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from groundwork.policies.documents import Caller as EngineCaller
from groundwork.policies.documents import Kind, Match, Request, compile_policy
from prove.asked import Case, Keys, Levels

Layer = Literal["identity", "boundary", "session", "organization", "controls", "resource"]
Statement = Mapping[str, Any]
Document = Mapping[str, Any]
Values = list[Any]


@dataclass(frozen=True)
class Place:
    """Where a statement stands, and whether its policy's version knows variables."""

    layer: Layer
    variables: bool


Change = Callable[[Statement, Place], Statement]

NOBODY = "arn:aws:iam::000000000000:role/nobody"
NEVER_ASKED = "s3:DeleteBucketWebsite"
NOTHING = "arn:aws:s3:::nothing"
VARIABLE = re.compile(r"\$\{\s*([^},]*?)\s*(?:,\s*'([^']*)'\s*)?\}")
LITERALS = ("*", "?", "$")


def changed(case: Case, change: Change, document: Callable[[Document], Document] = lambda it: it) -> Case:
    """Every statement of every policy, changed."""

    def said(policy: Document | None, layer: Layer) -> Any:
        if policy is None:
            return None
        place = Place(layer, policy.get("Version") == "2012-10-17")
        found = [change(statement, place) for statement in policy["Statement"]]
        return document({**policy, "Statement": found})

    def levels(policies: Levels, layer: Layer) -> Levels:
        return tuple(tuple(said(each, layer) for each in level) for level in policies)

    caller, wish = case.caller, case.wish
    return replace(
        case,
        caller=replace(
            caller,
            identity=tuple(said(each, "identity") for each in caller.identity),
            boundary=said(caller.boundary, "boundary"),
            session=said(caller.session, "session"),
            organization_policies=levels(caller.organization_policies, "organization"),
        ),
        wish=replace(
            wish,
            policy=said(wish.policy, "resource"),
            resource_controls=levels(wish.resource_controls, "controls"),
        ),
    )


def never(statement: Statement) -> Statement:
    """The same kind of statement, about what nobody asks for."""
    kept = {key: statement[key] for key in ("Effect", "Resource", "NotResource") if key in statement}
    kept |= {"Resource": "*"} if kept.pop("NotResource", kept.get("Resource")) else {}
    return {
        **kept,
        "Action": NEVER_ASKED,
        **({"Principal": "*"} if {"Principal", "NotPrincipal"} & set(statement) else {}),
    }


@dataclass(frozen=True)
class Condition:
    """An operator on a key, and what the request has of it."""

    operator: str
    key: str
    wanted: Values
    given: str | list[str] | None
    effect: str
    keys: Keys
    variables: bool

    @property
    def values(self) -> list[str]:
        """What of the key is there."""
        return [] if self.given is None else listed(self.given)

    @property
    def base(self) -> str:
        return self.operator.rpartition(":")[2].removesuffix("IfExists")

    @property
    def quantifier(self) -> str:
        return self.operator.rpartition(":")[0]

    @property
    def if_exists(self) -> bool:
        return self.operator.endswith("IfExists")

    @property
    def negated(self) -> bool:
        return "Not" in self.base

    @property
    def refuses(self) -> bool:
        """Whether a match is what has the request refused."""
        return (self.effect == "Deny") is not self.negated


Said = bool | tuple[str, Values] | None
"""That a condition holds or does not; other words for it; or None, where it stays."""


def conditions(say: Callable[[Condition], Said]) -> Callable[[Case], Case]:
    def change(statement: Statement, place: Place, keys: Keys) -> Statement:
        block: dict[str, dict[str, Any]] = {}
        for operator, each in statement.get("Condition", {}).items():
            for key, values in each.items():
                given, effect = keys.get(key), statement["Effect"]
                condition = Condition(operator, key, listed(values), given, effect, keys, place.variables)
                said = say(condition)
                if said is False:
                    return never(statement)
                if said is True:
                    continue
                words, now = said or (operator, values)
                if key in block.get(words, {}):  # in two forms at once
                    return statement
                block.setdefault(words, {})[key] = now
        rest = {key: value for key, value in statement.items() if key != "Condition"}
        return {**rest, "Condition": block} if block else rest

    return lambda case: changed(case, lambda statement, place: change(statement, place, case.keys))


@dataclass(frozen=True)
class Named:
    """A value of Resource or NotResource, and the resource that is asked for."""

    text: str
    element: str
    place: Place
    keys: Keys
    asked: str


def resources(say: Callable[[Named], str]) -> Callable[[Case], Case]:
    def change(statement: Statement, place: Place, case: Case) -> Statement:
        found = dict(statement)
        for element in {"Resource", "NotResource"} & set(statement):
            values = listed(statement[element])
            found[element] = [
                say(Named(value, element, place, case.keys, case.wish.resource)) for value in values
            ]
        return found

    return lambda case: changed(case, lambda statement, place: change(statement, place, case))


def listed(value: Any) -> Values:
    return value if isinstance(value, list) else [value]


def substituted(text: str, keys: Keys) -> str | None:
    """What brings no variables any more; its wildcards are letters. None: it stands for nothing."""
    values: list[str] = []

    def value(match: re.Match[str]) -> str:
        name, default = match.groups()
        if name in LITERALS:
            return match.group()
        found = keys.get(name, default)
        values.append("" if isinstance(found, str) else "missing")
        return re.sub(r"[*?$]", lambda each: f"${{{each.group()}}}", found) if isinstance(found, str) else ""

    said = VARIABLE.sub(value, text)
    return None if "missing" in values else said


def granted(case: Case) -> Match:
    """How the resource's own policy names the caller in what it allows."""
    caller, wish = case.caller, case.wish
    if wish.policy is None or caller.is_service:
        return Match.NONE
    known = {
        key.lower(): tuple(value) if isinstance(value, list) else value for key, value in case.keys.items()
    }
    who = EngineCaller(caller.arn, caller.account, caller.role_arn, bounded=caller.boundary is not None)
    kind = Kind.TRUST if wish.action == "sts:AssumeRole" else Kind.RESOURCE
    verdict = compile_policy(wish.policy, kind).verdict(Request(wish.action, wish.resource, known, who))
    return verdict.allowed if wish.owner == caller.account else Match.NONE
