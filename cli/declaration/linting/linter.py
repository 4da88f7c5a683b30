"""What a policy of the owner says and IAM would take, though it does nothing, or more than is meant.

An error is what can never do what it says: an action, a condition key or a kind of resource that is not there. A warning
is what opens more than a person who wrote it is likely to want.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from cli.declaration.linting import reference
from groundwork.baseline.example_accounts import IDS
from groundwork.declaration.aws_names import did_you_mean
from groundwork.declaration.mistakes import NEWER
from groundwork.declaration.policy_files import Document, statements
from groundwork.fields import shown

Severity = Literal["error", "warning"]
MOST_TOLD = 3
FILLED_IN = {
    "<partition>": "aws",
    "<account>": IDS["workload"],
    "<organization>": "o-exampleorg1",
    "<management>": IDS["management"],
    "<security>": IDS["security"],
    "<tooling>": IDS["tooling"],
}
POWERFUL = ("iam", "organizations", "account", "sts")
"""What they allow leads to everything else; a statement of all actions but some is expected to leave them out."""
OF_ROLES = (("iam", "PassRole"), ("sts", "AssumeRole"))
ABSENCE = ("Null", "IfExists", "ForAllValues:")
"""Operators that mean something where a request does not have the key."""


class Remark(NamedTuple):
    """`place` is within the document: Statement, number, element. `words` is a sentence without its end."""

    place: tuple[str | int, ...]
    severity: Severity
    words: str


def lint(document: Document, newer: Collection[str] = ()) -> Iterator[Remark]:
    """Of a document whose grammar is right. `newer` has actions and condition keys that AWS has and the reference does
    not know yet."""
    for number, statement in enumerate(statements(document)):
        for element, severity, words in _of_statement(statement, newer):
            yield Remark(("Statement", number, element), severity, words)


Told = tuple[str, Severity, str]


def _of_statement(statement: Mapping[str, Any], newer: Collection[str]) -> Iterator[Told]:
    element = "Action" if "Action" in statement else "NotAction"
    patterns = _listed(statement[element])
    named: list[reference.Action] = []
    for text in patterns:
        service, _, pattern = text.partition(":")
        if text == "*" or text in newer:
            continue
        if service.lower() not in reference.services():
            close = did_you_mean(service, reference.services())
            yield (
                element,
                "error",
                f"{shown(text)}: AWS has no service with this prefix{close}; {_remedy(text)}",
            )
        elif found := reference.matching(service.lower(), pattern):
            named += (reference.action(service.lower(), each) for each in found)
        else:
            close = did_you_mean(pattern, reference.actions(service.lower()).values())
            yield element, "error", f"{shown(text)} is no action of IAM{close}; {_remedy(text)}"
    everything = element == "NotAction" or "*" in patterns or any(each in newer for each in patterns)
    if not everything:
        yield from _resources(statement, named)
    yield from _keys(statement, () if everything else named, newer)
    if statement["Effect"] == "Allow":
        yield from _too_wide(statement)


def _remedy(text: str) -> str:
    return (
        "correct it" if "*" in text or "?" in text else f"correct it, or name it under {NEWER} if AWS has it"
    )


# -- resources ------------------------------------------------------------------------------------------


def _resources(statement: Mapping[str, Any], named: Sequence[reference.Action]) -> Iterator[Told]:
    written = _listed(statement.get("Resource", []))
    if not written or not named:
        return
    useless = [each for each in written if not any(action.takes(_filled_in(each)) for action in named)]
    severity: Severity = "error" if len(useless) == len(written) else "warning"
    for text in useless:
        yield "Resource", severity, f"{shown(text)} is nothing that {_few(named)} takes; correct it"
    if severity == "error" or any("*" in each for each in _listed(statement["Action"])):
        return
    for action in named:
        if not any(action.takes(_filled_in(each)) for each in written):
            wants = " or ".join(sorted(action.resources.values())[:MOST_TOLD]) or "* alone"
            yield (
                "Resource",
                "warning",
                f"{action.name} takes {wants}, which is not among the resources, so that nothing comes of it; add it",
            )


# -- conditions -----------------------------------------------------------------------------------------


def _keys(
    statement: Mapping[str, Any], named: Sequence[reference.Action], newer: Collection[str]
) -> Iterator[Told]:
    for operator, keys in statement.get("Condition", {}).items():
        for key in keys:
            service = key.partition(":")[0].lower()
            if key in newer or reference.is_global(key):
                continue
            if key.lower().startswith("aws:"):
                close = did_you_mean(key, reference.GLOBAL_KEYS)
                yield "Condition", "error", f"{shown(key)} is no condition key of AWS{close}; {_remedy(key)}"
            elif service not in reference.services():
                yield "Condition", "error", f"{shown(key)}: AWS has no service with this prefix; correct it"
            elif not any(reference.fits(key, each) for each in reference.keys(service)):
                close = did_you_mean(key, reference.keys(service))
                yield (
                    "Condition",
                    "error",
                    f"{shown(key)} is no condition key of {service}{close}; {_remedy(key)}",
                )
            elif named:
                yield from _of_actions(statement, operator, key, named)


def _of_actions(
    statement: Mapping[str, Any], operator: str, key: str, named: Sequence[reference.Action]
) -> Iterator[Told]:
    """A key that requests do not have: a condition on it is not met, but where it begins with Not, which is."""
    without = [action for action in named if not action.has_key(key)]
    if not without or any(part in operator for part in ABSENCE):
        return
    how = "always" if "Not" in operator else "never"
    verb = {"Allow": "allows", "Deny": "denies"}[statement["Effect"]]
    severity: Severity = "error" if len(without) == len(named) else "warning"
    words = f"requests of {_few(without)} do not have {key}, so that the statement {how} {verb} them; take one of them out"
    yield "Condition", severity, words


# -- wildcards ------------------------------------------------------------------------------------------


def _too_wide(statement: Mapping[str, Any]) -> Iterator[Told]:
    if "NotResource" in statement:
        words = "allows the actions on everything but these, on what is made later, too; name the resources"
        yield "NotResource", "warning", words
    if "NotAction" in statement:
        left_out = {
            each.lower().partition(":")[0] for each in _listed(statement["NotAction"]) if each.endswith(":*")
        }
        if opened := [each for each in POWERFUL if each not in left_out]:
            words = (
                f"allows all of {', '.join(opened)}, and what AWS adds later; name the actions under Action"
            )
            yield "NotAction", "warning", words
    if statement.get("Condition") or "*" not in _listed(statement.get("Resource", [])):
        return
    for text in _listed(statement.get("Action", [])):
        service, _, pattern = text.lower().partition(":")
        if text == "*" or (pattern == "*" and service in POWERFUL[:2]):
            yield (
                "Action",
                "warning",
                f"{shown(text)} on every resource is a way to any power; name the actions",
            )
        elif any(service == of and action in reference.matching(of, pattern) for of, action in OF_ROLES):
            yield "Action", "warning", f"{shown(text)} on every role; name the roles, or their path"


def _few(actions: Sequence[reference.Action]) -> str:
    names = sorted({action.name for action in actions})
    rest = len(names) - MOST_TOLD
    return ", ".join(names[:MOST_TOLD]) + (f" and {rest} more" if rest > 0 else "")


def _filled_in(text: str) -> str:
    for name, value in FILLED_IN.items():
        text = text.replace(name, value)
    return text


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
