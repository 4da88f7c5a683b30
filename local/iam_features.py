"""IAM beside policies: AWS managed policies without their price."""

from __future__ import annotations

import copy

from moto.iam.models import IAMBackend, ManagedPolicy

from local.engine import Engine

_loaded: dict[str, list[ManagedPolicy]] = {}
"""By partition, for as long as the process lives: they never change."""


def install(engine: Engine) -> None:
    _share_managed_policies(engine)


def _share_managed_policies(engine: Engine) -> None:
    """moto parses all 1,400 AWS managed policies again for each account, which takes it most of a second."""
    load = vars(IAMBackend)["_init_aws_policies"]

    def policies_of(backend: IAMBackend) -> list[ManagedPolicy]:
        if backend.partition not in _loaded:
            _loaded[backend.partition] = load(backend)
        own = [copy.copy(policy) for policy in _loaded[backend.partition]]
        for policy in own:
            policy.account_id = backend.account_id
        return list(own)

    engine.patch(IAMBackend, "_init_aws_policies", policies_of)
