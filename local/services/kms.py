"""AWS KMS across accounts: a key that is named by its ARN is found where it lives.

moto looks for every key in the caller's own account and Region, and reads key policies in a way of its own;
whether the caller may is decided in front of moto, by the key's policy. Some operations take a bare id only.
https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.kms import responses
from moto.kms.models import KmsBackend, kms_backends
from moto.kms.responses import KmsResponse

from local.engine import Engine

BY_BARE_ID_ONLY = ("disable_key", "enable_key", "cancel_key_deletion", "schedule_key_deletion")


def install(engine: Engine) -> None:
    for name in BY_BARE_ID_ONLY:
        engine.patch(KmsBackend, name, _by_any_id(vars(KmsBackend)[name]))
    check_policy_name = responses._assert_default_policy
    # PolicyName may be left out: `default` is the only one there is.
    engine.patch(responses, "_assert_default_policy", lambda name: check_policy_name(name or "default"))
    engine.patch(KmsResponse, "kms_backend", property(_backend_of_the_key))
    engine.patch(KmsResponse, "_validate_key_policy", lambda response, key_id, action: None)


def _backend_of_the_key(response: KmsResponse) -> KmsBackend:
    account, region = response.current_account, response.region
    named = response._get_param("KeyId")
    if isinstance(named, str) and named.startswith("arn:"):
        account = named.split(":")[4]
    backend: KmsBackend = kms_backends[account][region]
    return backend


def _by_any_id(method: Callable[..., Any]) -> Callable[..., Any]:
    def by_any_id(backend: KmsBackend, key_id: str, *arguments: Any) -> Any:
        return method(backend, backend.get_key_id(key_id), *arguments)

    return by_any_id
