"""Adapter: whatever is asked, the answer is AWS's, in the protocol of the request. Never a page of HTML, and no traceback
on the screen.

moto raises where it lacks an operation, and here and there where it has one; its web server makes a page of that, which no
SDK can read. So it does where no route of it fits.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from local.authorization import refusals
from local.authorization.gate import ADMITTED, Environ, StartResponse, scope_of
from local.authorization.operations import EngineGap
from local.authorization.protocols import protocol_of
from local.authorization.refusals import Refusal
from local.authorization.resources import Call
from local.causes import cause_of

if TYPE_CHECKING:
    from local.engine import Engine

LOG = logging.getLogger(__name__)
LACKING = "action has not been implemented"
"""How moto ends what it says of an operation that it does not have."""
IN_XML = ("query", "ec2", "rest-xml")
PAGES = ("text/html", "text/plain")
"""What moto's server says of whatever it is not told the type of, errors in XML or JSON among it."""


class NoRoute(NotImplementedError):
    """moto has no route for a request."""


class Unreadable(RuntimeError):
    """moto answered with an error that is in no protocol of AWS."""


def install(engine: Engine) -> None:
    def answered(application: Any, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            status, headers, body = _answer(answer, application, environ)
        except ConnectionError:  # a fault plan wants no answer
            raise
        except Exception as error:  # noqa: BLE001 - a server answers, whatever happens in it
            service, operation = _asked(environ)
            refusal = _refusal(engine, error, f"{service} {operation}")
            code, fields, text = refusals.render(refusal, service, environ)
            status, body = f"{code} Refused", [text]
            headers = list({**fields, "Content-Length": str(len(text))}.items())
        start_response(status, headers)
        return body

    @cache
    def is_here(application: Any, host: str) -> bool:
        return any(address.match(f"http://{host}") for _, address in application.backend_url_patterns)

    def backend_for(application: Any, host: str | None) -> Any:
        if host is not None and host.endswith(".amazonaws.com") and not is_here(application, host):
            raise NoRoute(host)
        return found(application, host)

    answer = engine.patch(DomainDispatcherApplication, "__call__", answered)
    found = engine.patch(DomainDispatcherApplication, "get_backend_for_host", backend_for)


def _answer(answer: Any, application: Any, environ: Environ) -> tuple[str, Any, Iterable[bytes]]:
    """Raises what moto raises, NoRoute and Unreadable."""
    started: list[tuple[str, Any]] = []
    body: Iterable[bytes] = answer(
        application, environ, lambda status, headers, *_: started.append((status, headers))
    )
    status, headers = started[-1]
    code = int(status[:3])
    kind = dict(headers).get("Content-Type", "")
    if code < 400 or environ.get("REQUEST_METHOD") == "HEAD" or not kind.startswith(PAGES):
        return status, headers, body
    whole = b"".join(body)
    if not _is_readable(whole, protocol_of(environ, _asked(environ)[0])):
        raise (NoRoute if code in (404, 405) else Unreadable)(f"{status}: {whole.decode(errors='replace')}")
    return status, headers, [whole]


def _is_readable(body: bytes, protocol: str) -> bool:
    start = body[:100].lstrip().lower()
    if protocol in IN_XML:
        return start.startswith(b"<") and not start.startswith((b"<!doctype html", b"<html"))
    return start.startswith(b"{")


def _refusal(engine: Engine, error: Exception, asked: str) -> Refusal:
    if isinstance(error, EngineGap):
        return refusals.gap(str(error))
    if isinstance(error, NotImplementedError):
        lacks_it_all = isinstance(error, NoRoute) or str(error).endswith(LACKING)
        return refusals.not_embedded(asked if lacks_it_all else f"{asked} as it was asked for: {error}")
    engine.failures.append(error)
    cause = cause_of(error)
    LOG.error("The embedded AWS failed over %s: %s", asked, cause)
    return refusals.broken(cause)


def _asked(environ: Environ) -> tuple[str, str]:
    """The service, by the best of its names that is known, and the operation."""
    call: Call | None = environ.get(ADMITTED)
    if call is not None:
        return call.service, call.operation
    path = str(environ.get("PATH_INFO", ""))
    signed = scope_of(environ, path)
    return signed.service if signed else "", f"{environ.get('REQUEST_METHOD')} {path}"
