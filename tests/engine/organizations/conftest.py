"""An engine, and an organization that begins anew in each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto.cloudtrail.models import cloudtrail_backends
from moto.organizations.models import organizations_backends

from local.engine import Engine
from local.organizations import CreationSettings
from local.organizations.quotas import Throttle
from tests.engine.organizations.organization import RecordingEngine


@pytest.fixture(scope="module")
def running() -> Iterator[RecordingEngine]:
    with RecordingEngine(time_scale=0.01, organization=None) as engine:
        yield engine


@pytest.fixture
def engine(running: RecordingEngine) -> RecordingEngine:
    """The engine without any organization, trail or setting of the tests before."""
    organizations_backends.clear()
    organizations_backends.master_accounts.clear()
    cloudtrail_backends.clear()
    running.creation = CreationSettings(Throttle(running.clock))
    running.creation.throttle.enforced = False
    running.emitted.clear()
    return running


@pytest.fixture
def organizations(engine: RecordingEngine) -> Any:
    """A client of the management account of a new organization."""
    client = engine.client("organizations")
    client.create_organization(FeatureSet="ALL")
    return client


@pytest.fixture
def creation(engine: Engine) -> CreationSettings:
    settings: CreationSettings = engine.creation
    return settings
