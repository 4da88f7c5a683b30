"""Adapter: what CloudFormation shows of what it was given: `?` for each character above U+007F, and of a list no spaces around
its commas. It makes a stack right all the same. moto shows what it was given.

https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/814
https://github.com/hashicorp/terraform/issues/4561
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from moto.cloudformation import responses
from moto.core.responses import ActionResult

if TYPE_CHECKING:
    from local.engine import Engine


def install(engine: Engine) -> None:
    engine.patch(responses.CloudFormationResponse, "get_template", _get_template)


def as_shown(text: str) -> str:
    return re.sub("[^\x00-\x7f]", "?", text)


def value_as_shown(text: str, kind: str) -> str:
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        text = ",".join(each.strip() for each in text.split(","))
    return as_shown(text)


def _get_template(response: Any) -> ActionResult:
    template = response.cloudformation_backend.get_template(response._get_param("StackName"))
    return ActionResult({"TemplateBody": as_shown(str(template))})
