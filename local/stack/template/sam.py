"""The AWS::Serverless transform, and the YAML of templates."""

from __future__ import annotations

import copy
import hashlib
import json
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from samtranslator.yaml_helper import intrinsics_multi_constructor

from local.stack.errors import NotEmbedded

SERVERLESS = "AWS::Serverless-2016-10-31"
TRANSLATOR = Path(__file__).with_name("translator.py")
KEPT = Path(__file__).parents[3] / ".cache" / "templates"


class TemplateLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads the short forms of functions as the SAM translator spells them out; ten times faster with libyaml."""


TemplateLoader.add_multi_constructor("!", intrinsics_multi_constructor)


def parsed(text: str) -> dict[str, Any]:
    """A template of YAML or JSON, short forms of functions spelled out."""
    try:
        template: dict[str, Any] = json.loads(text)
    except ValueError:
        template = yaml.load(text, TemplateLoader)
    return template


def transformed(template: Mapping[str, Any], parameters: Mapping[str, str], region: str) -> dict[str, Any]:
    """The template as CloudFormation creates it; StackError when the SAM translator refuses it."""
    plain = dict(template)
    transforms = plain.pop("Transform", [])
    names = transforms if isinstance(transforms, list) else [transforms]
    if unknown := [name for name in names if name != SERVERLESS]:
        raise NotEmbedded(f"the embedded CloudFormation has no transform {unknown}")
    if not names:
        return copy.deepcopy(plain)
    text = json.dumps({**plain, "Transform": SERVERLESS}, default=str)
    made: dict[str, Any] = json.loads(_translated(text, tuple(sorted(parameters.items())), region))
    return made


@lru_cache(maxsize=16)  # a stack asks twice, when it checks its template and when it carries it out
def _translated(template: str, parameters: tuple[tuple[str, str], ...], region: str) -> str:
    """Kept in a file, since it takes the translator long to be imported. The file's name is made of all that its
    content follows from, so one that is there is never out of date."""
    origin = json.dumps([template, parameters, region, _code()])
    kept = KEPT / f"{hashlib.sha256(origin.encode()).hexdigest()}.json"
    with suppress(FileNotFoundError):
        return kept.read_text()
    from local.stack.template.translator import translated

    made = translated(template, dict(parameters), region)
    KEPT.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=KEPT, delete=False) as incomplete:
        incomplete.write(made)
    Path(incomplete.name).replace(kept)  # another process may be doing the same
    return made


@cache
def _code() -> list[str]:
    """What translates: our code, and the versions of the packages behind it."""
    return [TRANSLATOR.read_text(), version("aws-sam-translator"), version("moto")]
