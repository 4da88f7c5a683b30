"""The models in the layer: what a client needs of one is there."""

from __future__ import annotations

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from groundwork.build_models import MODEL, trimmed


@pytest.mark.parametrize(
    ("service", "operation"), [("s3control", "GetPublicAccessBlock"), ("s3", "GetBucketPolicy")]
)
def test_a_trimmed_model_keeps_what_endpoints_are_found_by(service: str, operation: str) -> None:
    whole = Loader().load_service_model(service, MODEL)
    found, known = (ServiceModel(each, service) for each in (trimmed(whole, [operation]), whole))
    assert found.client_context_parameters == known.client_context_parameters
    assert found.operation_names == [operation]
