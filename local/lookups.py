"""What moto looks up anew for every call and never changes: its services, a host's service, a response's methods."""

from __future__ import annotations

from functools import cache

from moto import backends
from moto.core import responses, utils
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from local.engine import Engine


def install(engine: Engine) -> None:
    names = tuple(backends.list_of_moto_modules())
    engine.patch(backends, "list_of_moto_modules", lambda: names)
    of_host = vars(DomainDispatcherApplication)["get_backend_for_host"]
    engine.patch(DomainDispatcherApplication, "get_backend_for_host", cache(of_host))
    engine.patch(responses, "method_names_from_class", cache(utils.method_names_from_class))
