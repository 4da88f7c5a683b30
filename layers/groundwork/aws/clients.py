"""Clients of AWS's services: those of the function itself, and those of an account that it has entered."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import botocore.session
from botocore.config import Config
from botocore.loaders import Loader

PATIENT = Config(retries={"mode": "adaptive", "max_attempts": 8}, connect_timeout=5, read_timeout=30)
MODELS = Path(__file__).parents[1] / "models"
"""What botocore knows of the services that Groundwork calls, once `build_models.py` has written it; else it takes its
own, of all services.

https://docs.aws.amazon.com/botocore/latest/reference/loaders.html
"""
_MAKING = Lock()
"""Clients may be used by many threads, and are made one by one.

https://docs.aws.amazon.com/boto3/latest/guide/clients.html#multithreading-or-multiprocessing-with-clients
"""


class Clients(Protocol):
    """Clients of the account that is being worked in."""

    def __call__(self, service: str, region: str | None = None) -> Any: ...


@cache
def session() -> botocore.session.Session:
    """One for the process: reading its files and models again for each account would cost more than the account's
    calls."""
    made = botocore.session.get_session()
    # What botocore adds to a model stands in ours already, and would make halves of the shapes that are not there.
    loader = Loader([str(MODELS)], include_default_extras=not MODELS.exists())
    made.register_component("data_loader", loader)
    return made


@cache
def own_client(service: str, region: str | None = None, config: Config = PATIENT) -> Any:
    """A client with the function's own credentials, made once for as long as the function stays warm."""
    with _MAKING:
        return session().create_client(service, region_name=region, config=config)


def clients_with(credentials: Mapping[str, Any]) -> Clients:
    """Clients with these credentials, as STS answers them."""
    made: dict[tuple[str, str | None], Any] = {}

    def client(service: str, region: str | None = None) -> Any:
        with _MAKING:
            if (service, region) not in made:
                made[service, region] = session().create_client(
                    service,
                    region_name=region,
                    config=PATIENT,
                    aws_access_key_id=credentials["AccessKeyId"],
                    aws_secret_access_key=credentials["SecretAccessKey"],
                    aws_session_token=credentials["SessionToken"],
                )
            return made[service, region]

    return client
