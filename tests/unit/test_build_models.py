"""The models in the layer: what a client needs of one is there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from groundwork.aws import clients
from groundwork.build_models import MODEL, main, trimmed


@pytest.mark.parametrize(
    ("service", "operation"), [("s3control", "GetPublicAccessBlock"), ("s3", "GetBucketPolicy")]
)
def test_a_trimmed_model_keeps_what_endpoints_are_found_by(service: str, operation: str) -> None:
    whole = Loader().load_service_model(service, MODEL)
    found, known = (ServiceModel(each, service) for each in (trimmed(whole, [operation]), whole))
    assert found.client_context_parameters == known.client_context_parameters
    assert found.operation_names == [operation]


def test_what_is_built_from_the_same_code_is_the_same(tmp_path: Path) -> None:
    """A layer is known by its content: one that came out otherwise each time would be deployed anew each time."""
    asked = ("list_roles", "list_users", "list_groups", "list_policies", "get_group", "list_access_keys")
    (tmp_path / "code.py").write_text(f"{('iam', *asked)}")
    built = []
    for seed in ("1", "2"):
        models = tmp_path / seed
        subprocess.run(
            [sys.executable, "-m", "groundwork.build_models", tmp_path, models],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": "layers"},
            check=True,
        )
        files = sorted(path for path in models.rglob("*") if path.is_file())
        built.append({path.relative_to(models): path.read_bytes() for path in files})
    assert built[0] == built[1]
    assert any(path.name.startswith("paginators") for path in built[0])


def test_errors_are_read_by_a_model_of_which_botocore_knows_extras(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RDS: botocore adds to shapes of operations that nobody here calls, and would make halves of them."""
    (tmp_path / "code.py").write_text("('rds', 'describe_db_instances')")
    main(tmp_path, tmp_path / "models")
    monkeypatch.setattr(clients, "MODELS", tmp_path / "models")
    client = clients.session.__wrapped__().create_client("rds", region_name="us-east-1")
    assert client.meta.service_model.operation_names == ["DescribeDBInstances"]
    codes = [each.metadata["error"]["code"] for each in client.meta.service_model.error_shapes]
    assert "DBInstanceNotFound" in codes
