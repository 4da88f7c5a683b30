"""The AWS::Serverless transform, by AWS's own translator, and the YAML of templates."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import boto3
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from local.stack.errors import NotEmbedded, StackError

SERVERLESS = "AWS::Serverless-2016-10-31"


def parsed(text: str) -> dict[str, Any]:
    """A template of YAML or JSON, short forms of functions spelled out."""
    template: dict[str, Any] = yaml_parse(text)
    return template


def transformed(template: Mapping[str, Any], parameters: Mapping[str, str], region: str) -> dict[str, Any]:
    """The template as CloudFormation creates it; StackError when the SAM translator refuses it."""
    plain = copy.deepcopy(dict(template))
    transforms = plain.pop("Transform", [])
    names = transforms if isinstance(transforms, list) else [transforms]
    if unknown := [name for name in names if name != SERVERLESS]:
        raise NotEmbedded(f"the embedded CloudFormation has no transform {unknown}")
    if not names:
        return plain
    plain["Transform"] = SERVERLESS
    translator = Translator(None, Parser(), boto_session=boto3.Session(region_name=region))
    try:
        made = translator.translate(
            plain, parameter_values=dict(parameters), get_managed_policy_map=_managed_policies
        )
    except InvalidDocumentException as refused:
        causes = "; ".join(cause.message for cause in refused.causes)
        raise StackError(f"Transform {SERVERLESS} failed with: {refused.message} {causes}") from refused
    finally:
        translator.metrics.publish()  # nowhere; unpublished ones would be complained of
    made.pop("Transform", None)
    result: dict[str, Any] = json.loads(json.dumps(made, default=str))
    return result


@cache
def _managed_policies() -> dict[str, str]:
    """AWS's managed policies by name; only read for a template that names one without its ARN."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    known = json.loads(aws_managed_policies_data).items()
    return {name: f"arn:aws:iam::aws:policy{policy['Path']}{name}" for name, policy in known}
