"""What botocore is to know when it ships: everything that Groundwork may call, and little besides."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.loaders import Loader
from samtranslator.yaml_helper import yaml_parse

from groundwork import build_models
from groundwork.baseline.components import COMPONENTS
from local.authorization import operations

ROOT = Path(__file__).parents[2]
TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("models")
    build_models.main(ROOT / "layers" / "groundwork", made)
    return made


def permitted() -> Iterator[str]:
    """The actions that functions and components may use, without those that end in a wildcard."""
    statements = [
        statement
        for resource in TEMPLATE["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
        for policy in resource["Properties"].get("Policies", [])
        for statement in policy["Statement"]
    ]
    for statement in statements:
        actions = statement["Action"]
        yield from [actions] if isinstance(actions, str) else actions
    for component in COMPONENTS.values():
        for permission in (*component.reads, *component.reads_in_plan, *component.writes):
            yield from permission.actions


ON_BEHALF = {"iam:PassRole", "kms:GenerateDataKey"}
"""What other calls demand besides; nobody calls an operation of that name."""


def test_every_operation_that_is_permitted_is_there(models: Path) -> None:
    loader = Loader(extra_search_paths=[str(models)], include_default_search_paths=False)
    known = set()
    for service in loader.list_available_services("service-2"):
        for operation in loader.load_service_model(service, "service-2")["operations"]:
            with suppress(
                operations.EngineGap
            ):  # there by accident: the code calls one like it of another service
                known.add(operations.action_of(service, operation, {}))
    assert set(permitted()) - known == ON_BEHALF


def test_a_client_of_every_service_can_be_made(models: Path) -> None:
    """Of these operations alone, with all their shapes, in a Region of every partition."""
    session = botocore.session.get_session()
    session.set_config_variable("data_path", str(models))
    for folder in models.glob("*/*/"):
        model = json.loads((folder / "service-2.json").read_text())
        for region in ("eu-central-1", "us-gov-west-1", "cn-north-1"):
            client = session.create_client(
                folder.parent.name, region, aws_access_key_id="a", aws_secret_access_key="b"
            )
            assert set(client.meta.service_model.operation_names) == model["operations"].keys()
        for name in model["operations"]:
            operation = client.meta.service_model.operation_model(name)
            for shape in (operation.input_shape, operation.output_shape, *operation.error_shapes):
                _walk(shape, set())


def _walk(shape: Any, seen: set[str]) -> None:
    """Raises where a shape refers to one that is not there."""
    if shape is None or shape.name in seen:
        return
    seen.add(shape.name)
    members = getattr(shape, "members", {}).values()
    for each in (*members, *(getattr(shape, name, None) for name in ("member", "key", "value"))):
        _walk(each, seen)


def test_they_are_small(models: Path) -> None:
    """EC2's model alone has 10 MB."""
    assert sum(file.stat().st_size for file in models.rglob("*.json")) < 2_000_000
