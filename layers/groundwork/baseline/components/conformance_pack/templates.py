"""A conformance pack's template: the owner's file, read, and made into what Config is given.

Config shows no template again, but the parameters that it was given with it. So each template of ours gets one parameter
more, which no rule uses and whose value is made of the template: who reads the parameters of a pack sees whether it is ours,
and whether its template is the declared one.

https://docs.aws.amazon.com/config/latest/developerguide/custom-conformance-pack.html
https://docs.aws.amazon.com/config/latest/APIReference/API_OrganizationConformancePack.html
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from groundwork.declaration.yaml_text import parsed
from groundwork.errors import InvalidDeclaration

OURS = "GroundworkTemplate"
"""The parameter of ours."""
TYPES = ("AWS::Config::ConfigRule", "AWS::Config::RemediationConfiguration")
LONGEST_BODY, MOST_PARAMETERS = 51_200, 60
SHORT_FORM = re.compile(r"[:\-]\s+(!\w+)")


@dataclass(frozen=True)
class Template:
    body: str
    parameters: Mapping[str, str]
    """With which it is put: the declared ones, and ours."""


def rendered(name: str, text: str, given: Mapping[str, str], key: str) -> Template:
    """The template of `conformance-packs/<name>.yaml`, with these parameters, which are declared under `key`. Raises
    `InvalidDeclaration` where Config would not take it."""
    import yaml

    file = f"conformance-packs/{name}.yaml"
    for number, line in enumerate(text.splitlines(), start=1):
        if short := SHORT_FORM.search(line):
            raise InvalidDeclaration(
                f"{file}: line {number}: {short[1]} is a short form; write it in full, like Ref: or Fn::If:."
            )
    template = parsed(text, file)
    if found := [*_mistakes(template, given, key)]:
        raise InvalidDeclaration("\n".join(f"{file}: {each}." for each in found))
    mark = hashlib.sha256(json.dumps(template, sort_keys=True, default=str).encode()).hexdigest()[:16]
    marked = template | {"Parameters": {**(template.get("Parameters") or {}), OURS: {"Type": "String"}}}
    body = yaml.safe_dump(marked, sort_keys=False, width=4096)
    if (length := len(body.encode())) > LONGEST_BODY:
        raise InvalidDeclaration(
            f"{file}: makes a template of {length:,} bytes, and Config takes {LONGEST_BODY:,}: make two of it."
        )
    return Template(body, {**given, OURS: mark})


def _mistakes(template: Any, given: Mapping[str, str], key: str) -> Iterator[str]:
    """Each a sentence without its file and full stop."""
    resources = template.get("Resources") if isinstance(template, dict) else None
    if not isinstance(resources, dict) or not resources:
        yield "Resources: is missing or empty; add at least one rule"
        return
    for name, resource in resources.items():
        kind = resource.get("Type") if isinstance(resource, dict) else None
        if kind not in TYPES:
            yield f"Resources.{name}: Type: {kind} is nothing that a conformance pack has; it must be {' or '.join(TYPES)}"
    declared = template.get("Parameters") or {}
    if OURS in declared:
        yield f"Parameters: {OURS} is Groundwork's own; rename it"
    if len(declared) >= MOST_PARAMETERS:
        yield f"Parameters: has {len(declared)}, and Config takes {MOST_PARAMETERS}, one of which is Groundwork's; take some out"
    for name in given.keys() - declared.keys():
        yield f"Parameters: has no {name}, which {key} sets; add it, or take it out there"
    for name, parameter in declared.items():
        if "Default" not in parameter and name not in given:
            yield f"Parameters: {name} has no Default; add one, or set it under {key}"
