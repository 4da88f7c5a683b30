"""AWS KMS across accounts: a key that is named by its ARN is found where it lives.

moto looks for every key in the caller's own account and Region, and reads key policies in a way of its own;
whether the caller may is decided in front of moto, by the key's policy. Some operations take a bare id only. And moto
makes an RSA key pair for every key, also for the symmetric ones, which nobody ever asks for it.
https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

from moto.kms import models, responses
from moto.kms.models import Key, KmsBackend, kms_backends
from moto.kms.responses import KmsResponse

from local.engine import Engine

BY_BARE_ID_ONLY = ("disable_key", "enable_key", "cancel_key_deletion", "schedule_key_deletion")


class PairOnDemand:
    """A key pair that is made when it is used for the first time."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    @cached_property
    def _pair(self) -> Any:
        return self._make()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pair, name)


def install(engine: Engine) -> None:
    for name in BY_BARE_ID_ONLY:
        engine.patch(KmsBackend, name, _by_any_id(vars(KmsBackend)[name]))
    check_policy_name = responses._assert_default_policy
    # PolicyName may be left out: `default` is the only one there is.
    engine.patch(responses, "_assert_default_policy", lambda name: check_policy_name(name or "default"))
    describe = vars(Key)["to_dict"]

    def of_one_region_or_many(key: Key) -> dict[str, Any]:
        """Of every key it is told whether it is a multi-Region key.

        https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html
        """
        described: dict[str, Any] = describe(key)
        described["KeyMetadata"]["MultiRegion"] = bool(key.multi_region)
        return described

    engine.patch(Key, "to_dict", of_one_region_or_many)
    engine.patch(KmsResponse, "kms_backend", property(_backend_of_the_key))
    engine.patch(KmsResponse, "_validate_key_policy", lambda response, key_id, action: None)
    make: Any = engine.patch(
        models, "generate_private_key", lambda key_spec: PairOnDemand(partial(make, key_spec))
    )


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
