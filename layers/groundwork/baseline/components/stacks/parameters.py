"""The declared parameters of a stack, or a StackSet, with their placeholders filled in."""

from __future__ import annotations

import re

from groundwork.baseline.component import Call, Target
from groundwork.baseline.components.access.documents import value_of
from groundwork.declaration.policy_grammar import PLACEHOLDERS
from groundwork.declaration.stacks import STACK, TAG, Stack


def lacking(stack: Stack, target: Target) -> Call | None:
    """Says which tag of the account lacks that a parameter is filled in with."""
    for name, keys in stack.tags_in_parameters.items():
        for key in keys:
            if key not in target.account.tags:
                why = f"parameters.{name}: the account has no tag {key!r}; tag it, or name under where.tags which accounts have it"
                return Call(
                    "cloudformation", "", {}, f"stack {STACK}{stack.name}", "report", why, severity="high"
                )
    return None


def filled(stack: Stack, target: Target, **own: str) -> dict[str, str]:
    """`own` are placeholders that stand for something else in each place. Nothing is filled in that stands in what a
    placeholder stands for. Raises `NotYetKnown`."""

    def value(found: re.Match[str]) -> str:
        placeholder = found[1]
        if tag := re.fullmatch(TAG, found[0]):
            return target.account.tags[tag[1]]
        if placeholder in PLACEHOLDERS:
            return value_of(placeholder, target)
        return own.get(placeholder, found[0])

    return {name: re.sub("<([^<>]+)>", value, given) for name, given in stack.parameters.items()}
