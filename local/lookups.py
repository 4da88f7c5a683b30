"""What moto and boto3 look up anew for every call or session and never changes: moto's services, a host's service, a
response's methods, the models of AWS's services, how an address is built. And what two callers must not look up at once.
"""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import NoReturn

import botocore.session
from botocore import loaders
from moto import backends
from moto.core import loaders as moto_loaders
from moto.core import responses, utils
from moto.core.routing import ProtocolRouter, ServiceOperationRouter
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from werkzeug.routing import Rule

from local.engine import Engine

# A loader keeps what it has read; each session, and moto for each service, would make one of its own.
botos_loader = cache(loaders.create_loader)
motos_loader = cache(moto_loaders.create_loader)


def _build_nothing(rule: Rule, **values: object) -> NoReturn:
    raise NotImplementedError(f"{rule}: the embedded AWS builds no addresses, it only reads them")


_making = Lock()
_get_router = ServiceOperationRouter._get_router


def _get_router_alone(router: ServiceOperationRouter, protocol: str) -> ProtocolRouter:
    """While a router is made, moto has operations of botocore's class in the place of its own for a moment (moto 5.2.5)."""
    with _making:
        return _get_router(router, protocol)


def install(engine: Engine) -> None:
    names = tuple(backends.list_of_moto_modules())
    engine.patch(backends, "list_of_moto_modules", lambda: names)
    of_host = vars(DomainDispatcherApplication)["get_backend_for_host"]
    engine.patch(DomainDispatcherApplication, "get_backend_for_host", cache(of_host))
    engine.patch(responses, "method_names_from_class", cache(utils.method_names_from_class))
    engine.patch(botocore.session, "create_loader", botos_loader)
    engine.patch(utils, "create_loader", motos_loader)
    # Compiled for each of hundreds of rules.
    engine.patch(Rule, "_compile_builder", lambda rule, append_unknown=True: _build_nothing)
    engine.patch(ServiceOperationRouter, "_get_router", _get_router_alone)
    # As ordered as any dict, and half as large again.
    engine.patch(loaders, "OrderedDict", dict)
