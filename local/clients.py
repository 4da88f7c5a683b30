"""boto3 clients of the embedded AWS: one is made for each service and Region, and signs as whoever calls.

Making a client takes longer than a call, and reading a service's model the first time longer still; all that tells the
clients of two principals apart is the signature.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

import boto3
import botocore.credentials
from botocore.config import Config
from botocore.model import ServiceModel

from local.identity.credentials import Credentials

DEFAULT = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, max_pool_connections=64)
_making = threading.RLock()  # a session makes one client at a time


class SignsAsHolder:
    """A base class of every client: its requests are signed with the credentials of the copy that they were made with.

    botocore lets one request have credentials of its own, which is how it signs for S3 Express.
    """

    holder: botocore.credentials.Credentials

    def _convert_to_request_dict(self, *given: Any, context: dict[str, Any], **named: Any) -> Any:
        context.setdefault("signing", {})["request_credentials"] = self.holder
        return super()._convert_to_request_dict(*given, context=context, **named)  # type: ignore[misc]

    def held_by(self, credentials: Credentials) -> Any:
        """A copy that calls with these credentials, and shares all else with this client."""
        copy = object.__new__(type(self))
        vars(copy).update(
            vars(self),
            holder=botocore.credentials.Credentials(
                credentials.access_key_id, credentials.secret_access_key, credentials.session_token
            ),
        )
        return copy


class Clients:
    """`address` gives the URL at which a service, as botocore names it, is reached."""

    def __init__(self, address: Callable[[str], str]) -> None:
        self._address = address
        self._made: dict[tuple[str, str, Config], SignsAsHolder] = {}

    def get(self, service: str, region: str, credentials: Credentials, config: Config = DEFAULT) -> Any:
        made = self._made.get((service, region, config))
        if made is None:
            with _making:
                made = self._made[service, region, config] = _session().client(
                    service, region_name=region, endpoint_url=self._address(service), config=config
                )
        return made.held_by(credentials)


@functools.cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service, as the clients have it."""
    with _making:
        model: ServiceModel = _session()._session.get_service_model(service)
        return model


@functools.cache
def _session() -> Any:
    """One for the process, since it keeps the models that it has read."""
    session: Any = boto3.Session(aws_access_key_id="none", aws_secret_access_key="none")
    session.events.register("creating-client-class", _add_base_class)
    return session


def _add_base_class(base_classes: list[type], **_: Any) -> None:
    base_classes.insert(0, SignsAsHolder)
