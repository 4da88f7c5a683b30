"""The AWS::Serverless transform, by AWS's own translator, and the YAML of templates."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

import boto3
import yaml
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import intrinsics_multi_constructor

from local.stack.errors import NotEmbedded, StackError

SERVERLESS = "AWS::Serverless-2016-10-31"


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


@lru_cache(maxsize=16)
def _translated(template: str, parameters: tuple[tuple[str, str], ...], region: str) -> str:
    """By AWS's translator. A stack asks twice, when it checks its template and when it carries it out."""
    translator = Translator(None, Parser(), boto_session=boto3.Session(region_name=region))
    try:
        made = translator.translate(
            json.loads(template), parameter_values=dict(parameters), get_managed_policy_map=_managed_policies
        )
    except InvalidDocumentException as refused:
        causes = "; ".join(cause.message for cause in refused.causes)
        raise StackError(f"Transform {SERVERLESS} failed with: {refused.message} {causes}") from refused
    finally:
        translator.metrics.publish()  # nowhere; unpublished ones would be complained of
    made.pop("Transform", None)
    return json.dumps(made, default=str)


@cache
def _managed_policies() -> dict[str, str]:
    """AWS's managed policies by name; only read for a template that names one without its ARN."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    known = json.loads(aws_managed_policies_data).items()
    return {name: f"arn:aws:iam::aws:policy{policy['Path']}{name}" for name, policy in known}
