"""AWS's own translator of serverless templates. Its import takes longer than its work: see `sam.transformed`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache

import boto3
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from local.stack.errors import StackError


def translated(template: str, parameters: Mapping[str, str], region: str) -> str:
    """A template in JSON with its transform carried out; StackError when the translator refuses it."""
    plain = json.loads(template)
    transform = plain["Transform"]
    translator = Translator(None, Parser(), boto_session=boto3.Session(region_name=region))
    try:
        made = translator.translate(
            plain, parameter_values=dict(parameters), get_managed_policy_map=_managed_policies
        )
    except InvalidDocumentException as refused:
        causes = "; ".join(cause.message for cause in refused.causes)
        raise StackError(f"Transform {transform} failed with: {refused.message} {causes}") from refused
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
