"""What a template makes, and what differs between one that was deployed and the declared one, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from groundwork.declaration.stacks import Stack
from groundwork.declaration.stacks.templates import FOLDER, Template, shape

from .shown import same
from .words import listed


@dataclass(frozen=True)
class Compared:
    """`resources` and `sections` are sentences about what differs; `removes` is whether a resource is taken out, which is
    deleted with what it holds."""

    resources: tuple[str, ...]
    sections: tuple[str, ...]
    removes: bool


def made_of(stack: Stack, template: Template) -> str:
    named = listed(f"{name} ({each['Type']})" for name, each in sorted(template.resources.items()))
    return f"does not exist; it is made of {FOLDER}/{stack.template}: {', '.join(named)}"


def compared(content: Mapping[str, Any], stack: Stack, template: Template) -> Compared:
    """`content` is the parsed template of what is there, and empty where CloudFormation has none."""
    there, wanted = shape(content), shape(template.content)
    resources = there.get("Resources", {})
    sections = (there.keys() | wanted.keys()) - {"Resources"}
    changed = sorted(name for name in sections if not same(there.get(name), wanted.get(name)))
    return Compared(
        tuple(_differences(resources, wanted["Resources"])) if there else (),
        (f"{' and '.join(changed)} differ from {FOLDER}/{stack.template}",) if changed else (),
        any(name not in wanted["Resources"] for name in resources),
    )


def _differences(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    for verb, names, kinds in (
        ("deletes", there.keys() - wanted.keys(), there),
        ("adds", wanted.keys() - there.keys(), wanted),
        ("changes", {name for name in there.keys() & wanted if not same(there[name], wanted[name])}, wanted),
    ):
        if names:
            named = listed(f"{name} ({kinds[name]['Type']})" for name in sorted(names))
            yield f"{verb} {', '.join(named)}"
