"""What the tests of CloudFormation share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from local.engine import Engine
from local.identity.credentials import Credentials

APPLICATION = Path(__file__).parent / "stack_application" / "template.yaml"
STACK = "greeter"


def described(aws: Engine, name: str) -> dict[str, Any]:
    stack: dict[str, Any] = aws.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    return stack


def resources(aws: Engine, name: str = STACK) -> dict[str, str]:
    pages = aws.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=name)
    return {
        item["LogicalResourceId"]: item["PhysicalResourceId"]
        for page in pages
        for item in page["StackResourceSummaries"]
    }


def create(
    aws: Engine, name: str, declared: dict[str, Any], who: Credentials | None = None, **more: Any
) -> None:
    body = json.dumps({"Resources": declared, **more})
    aws.client("cloudformation", credentials=who).create_stack(
        StackName=name, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"]
    )
