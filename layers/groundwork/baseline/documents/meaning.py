"""What a policy says, however it is written: which of its statements say more than another policy does.

What AWS takes as one is one here: the case of actions and of condition keys, order, single values and lists, what is said
twice or within what is said already, statements taken apart or put together, their ids, `Version` where no policy
variable stands, an account's id and the ARN of its root user, `*` and `{"AWS": "*"}`, operators that ask the same. What
cannot be told apart counts as more.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import ip_network
from itertools import product
from typing import Any

from groundwork.declaration.policy_files import Document, statements

ROOT = re.compile(r"arn:[^:]+:iam::([0-9]{12}):root")
DELETED = re.compile(r"A(IDA|ROA)[A-Z0-9]{12,}")
"""The id of a user or a role, which AWS shows once nobody bears the ARN any more that a policy named.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
"""
SESSION = re.compile(r"arn:[^:]+:sts::")
VARIABLE = re.compile(r"\$\{[^}]*\}")
SOME_TEXT = "\0"
"""Stands for what a policy variable brings."""
EVERYBODY = "AWS:*"


@dataclass(frozen=True)
class Names:
    """The values of an element; `but` is for those of a NotAction, NotResource or NotPrincipal: all but these."""

    element: str
    but: bool
    values: frozenset[str]

    def within(self, other: Names) -> bool:
        if self.but and other.but:
            return _all_covered(self.element, other.values, self.values)
        if self.but:
            return False
        if other.but:
            return not any("*" in each or "?" in each or "$" in each for each in self.values) and not any(
                _covers(self.element, theirs, mine) for theirs in other.values for mine in self.values
            )
        return _all_covered(self.element, self.values, other.values)


@dataclass(frozen=True)
class Asked:
    """One operator on one key. `quantifier` is ForAllValues, ForAnyValue or empty."""

    quantifier: str
    operator: str
    if_exists: bool
    key: str
    values: frozenset[str]

    def implies(self, other: Asked) -> bool:
        """Whether what this asks for is all that the other does."""
        if replace(self, values=other.values) != other:
            return False
        if self.operator == "Null":
            return self.values == other.values
        few, many = (other, self) if "Not" in self.operator else (self, other)
        return _all_covered(self.operator, few.values, many.values)


@dataclass(frozen=True)
class Said:
    """A statement. `variables` is the policy's version, where a policy variable may stand in it."""

    allows: bool
    names: Mapping[str, Names]
    asked: frozenset[Asked]
    variables: str

    def within(self, other: Said) -> bool:
        """Whether it speaks of no more than the other: of no more names, under no fewer conditions."""
        return (
            (self.allows, self.variables) == (other.allows, other.variables)
            and self.names.keys() == other.names.keys()
            and all(names.within(other.names[element]) for element, names in self.names.items())
            and all(any(mine.implies(theirs) for mine in self.asked) for theirs in other.asked)
        )

    def apart(self) -> Iterator[Said]:
        """The same in statements of one value each."""
        each = (
            [names] if names.but else [replace(names, values=frozenset([value])) for value in names.values]
            for names in self.names.values()
        )
        for together in product(*each):
            yield replace(self, names=dict(zip(self.names, together, strict=True)))


def more_in(one: Document, other: Document, *, allowed: bool) -> list[int]:
    """The places of those statements of `one` that allow, or that deny, what no statement of `other` does."""
    theirs = [said for said in read(other) if said.allows is allowed]
    return [
        number
        for number, said in enumerate(read(one))
        if said.allows is allowed and not _is_covered(said, theirs)
    ]


def opens(found: Document, wanted: Document) -> bool:
    """Whether `found` may allow what `wanted` does not: by a permission of its own, or for want of a denial."""
    return bool(more_in(found, wanted, allowed=True) or more_in(wanted, found, allowed=False))


def says_the_same(found: Document, wanted: Document) -> bool:
    return not opens(found, wanted) and not opens(wanted, found) and not deleted(found)


def deleted(document: Document) -> list[str]:
    """The ids of deleted users and roles that a policy still names."""
    named = (listed(each.get("Principal", {}).get("AWS", [])) for each in _with_principals(document))
    return sorted({name for names in named for name in names if DELETED.fullmatch(name)})


def _with_principals(document: Document) -> list[dict[str, Any]]:
    return [each for each in statements(document) if isinstance(each.get("Principal"), Mapping)]


def _is_covered(said: Said, others: Sequence[Said]) -> bool:
    return any(said.within(other) for other in others) or all(
        any(part.within(other) for other in others) for part in said.apart()
    )


# -- reading ------------------------------------------------------------------------------------------


def read(document: Document) -> list[Said]:
    version = str(document.get("Version", "2008-10-17"))
    return [_said(statement, version) for statement in statements(document)]


def _said(statement: Mapping[str, Any], version: str) -> Said:
    names = (
        Names(element, but, _plain_names(element, statement[key]))
        for element in ("Principal", "Action", "Resource")
        for but, key in ((False, element), (True, f"Not{element}"))
        if key in statement
    )
    return Said(
        statement.get("Effect") == "Allow",
        {each.element: each for each in names},
        frozenset(_plain_conditions(statement.get("Condition", {}))),
        version if "${" in str(statement) else "",
    )


def _plain_names(element: str, value: Any) -> frozenset[str]:
    if element == "Principal":
        return frozenset(_principals(value))
    return frozenset(_plain_pattern(folded((element,), each)) for each in listed(value))


def _principals(value: Any) -> Iterator[str]:
    """A principal that is gone is nobody."""
    for kind, names in (value if isinstance(value, Mapping) else {"AWS": value}).items():
        yield from (
            f"{kind}:{folded(('Principal',), each)}" for each in listed(names) if not DELETED.fullmatch(each)
        )


def folded(place: Sequence[str], value: str) -> str:
    """A value as AWS takes it: actions in any case, an account by its id, true and false in any case."""
    match place:
        case ("Action" | "NotAction", *_):
            return value.lower()
        case ("Principal" | "NotPrincipal", *_) if root := ROOT.fullmatch(value):
            return root[1]
        case ("Condition", operator, *_):
            return _plain_value(re.sub("^.*:|IfExists$", "", operator), value)
        case _:
            return value


def _plain_conditions(block: Mapping[str, Any]) -> Iterator[Asked]:
    for name, keys in block.items():
        quantifier, _, operator = name.rpartition(":")
        for key, value in keys.items():
            yield _asked(quantifier, operator, key.lower(), listed(value))


def _asked(quantifier: str, operator: str, key: str, values: list[str]) -> Asked:
    if_exists, operator = operator.endswith("IfExists"), operator.removesuffix("IfExists")
    # Who asks that something not be, or be so of all values, is content where there is none.
    without = ("Not" in operator and quantifier != "ForAnyValue") or quantifier == "ForAllValues"
    operator = {"ArnEquals": "ArnLike", "ArnNotEquals": "ArnNotLike"}.get(operator, operator)
    if operator in ("StringEquals", "StringNotEquals") and not any(
        re.search(r"[*?]", each) for each in values
    ):
        operator = operator.replace("Equals", "Like")
    values = [_plain_value(operator, each) for each in values]
    return Asked(quantifier, operator, if_exists and not without, key, frozenset(values))


def _plain_value(operator: str, value: str) -> str:
    try:
        if operator.startswith("Numeric"):
            return str(float(value))
        if operator in ("IpAddress", "NotIpAddress"):
            return str(ip_network(value, strict=False))
    except ValueError:
        return value
    if operator in ("Bool", "Null") or operator.endswith("IgnoreCase"):
        return value.lower()
    return _plain_pattern(value) if "Like" in operator else value


def _plain_pattern(pattern: str) -> str:
    """Wildcards that stand together, in one order: as many ? as there are, then *."""
    return re.sub(r"[*?]*\*[*?]*", lambda found: "?" * found[0].count("?") + "*", pattern)


def listed(value: Any) -> list[str]:
    values = value if isinstance(value, list | tuple) else [value]
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in values]


# -- which names are among others ---------------------------------------------------------------------


def _all_covered(what: str, few: Iterable[str], many: frozenset[str]) -> bool:
    return all(mine in many or any(_covers(what, theirs, mine) for theirs in many) for mine in few)


@lru_cache(maxsize=20_000)
def _covers(what: str, wide: str, narrow: str) -> bool:
    """Whether whatever `narrow` matches, `wide` matches, too."""
    if wide == narrow:
        return True
    if what == "Principal":
        return wide == EVERYBODY and narrow.startswith("AWS:") and not SESSION.match(narrow[4:])
    if what in ("IpAddress", "NotIpAddress"):
        return _is_network_in(narrow, wide)
    if what == "Action" or what in ("StringLike", "StringNotLike"):
        return "$" not in wide and _matches(wide, VARIABLE.sub(SOME_TEXT, narrow))
    return what in ("Resource", "ArnLike", "ArnNotLike") and _covers_arn(
        wide, VARIABLE.sub(SOME_TEXT, narrow)
    )


def _covers_arn(wide: str, narrow: str) -> bool:
    """A wildcard stays between the colons of an ARN, but in its last part."""
    if wide == "*" or "$" in wide:
        return wide == "*"
    most = min(5, wide.count(":"))
    parts = narrow.split(":", most)
    return (
        len(parts) == most + 1
        and SOME_TEXT not in "".join(narrow.split(":", 5)[:-1])
        and all(map(_matches, wide.split(":", most), parts))
    )


def _matches(wide: str, narrow: str) -> bool:
    expression = (
        ".*" if each == "*" else f"[^*{SOME_TEXT}]" if each == "?" else re.escape(each) for each in wide
    )
    return re.fullmatch("".join(expression), narrow, re.DOTALL) is not None


def _is_network_in(narrow: str, wide: str) -> bool:
    try:
        inner, outer = ip_network(narrow), ip_network(wide)
    except ValueError:
        return False
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]
