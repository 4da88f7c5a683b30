"""Adapter: what a fault does to a call, at the server's door.

Error codes follow each service's "Common Errors": what an SDK takes for throttling, or for a fault of AWS.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from local.authorization import refusals
from local.authorization.gate import ADMITTED, Environ, StartResponse
from local.authorization.protocols import protocol_of
from local.authorization.refusals import Refusal
from local.authorization.resources import Call
from local.faults.plan import Fault, Faults

if TYPE_CHECKING:
    from local.engine import Engine

SILENCE_SECONDS = 60.0
"""AWS seconds that a call of effect `timeout` is left without an answer: the SDKs' own patience."""
TOO_MANY = {"organizations": "TooManyRequestsException", "lambda": "TooManyRequestsException"}
BROKEN = {
    "dynamodb": "InternalServerError",
    "lambda": "ServiceException",
    "organizations": "ServiceException",
    "events": "InternalException",
}
MESSAGE = "The fault plan of the embedded AWS wants it so."


class Unanswered(ConnectionError):
    """The connection ends without an answer."""


def install(engine: Engine) -> None:
    faults = engine.faults = Faults()

    def struck(application: Any, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        call: Call | None = environ.get(ADMITTED)
        agent = str(environ.get("HTTP_USER_AGENT", ""))
        fault = call and faults.of_call(call, engine.functions.calling(agent))
        if not fault:
            return answer(application, environ, start_response)  # type: ignore[no-any-return]
        assert call is not None
        if fault.when == "after":
            list(answer(application, environ, lambda *_: None))
        return _strike(engine, fault, call, environ, start_response, agent)

    answer: Callable[..., Any] = engine.patch(DomainDispatcherApplication, "__call__", struck)


def _strike(
    engine: Engine,
    fault: Fault,
    call: Call,
    environ: Environ,
    start_response: StartResponse,
    agent: str,
) -> Iterable[bytes]:
    if fault.effect == "kill-function":
        engine.functions.kill_calling(agent)
    if fault.effect == "timeout":
        engine.clock.wait(SILENCE_SECONDS)
    if fault.effect in ("kill-function", "timeout", "reset"):
        connection: socket.socket = environ["werkzeug.socket"]
        with suppress(OSError):  # whoever was killed has let go of it
            connection.shutdown(socket.SHUT_RDWR)
        raise Unanswered(fault.effect)
    refusal = refusal_of(fault.effect, call, protocol_of(environ, call.service))
    status, headers, body = refusals.render(refusal, call.service, environ)
    start_response(f"{status} Struck", list({**headers, "Content-Length": str(len(body))}.items()))
    return [body]


def refusal_of(effect: str, call: Call, protocol: str) -> Refusal:
    service = call.service
    if effect == "throttle":
        code = TOO_MANY.get(service, "ThrottlingException")
        status = 503 if service in ("s3", "ec2") else 429 if protocol == "rest-json" else 400
        return Refusal("Throttling", code, "SlowDown", "RequestLimitExceeded", MESSAGE, status)
    if effect == "server-error":
        code = BROKEN.get(service, "InternalFailure")
        return Refusal("InternalFailure", code, "InternalError", "InternalError", MESSAGE, 500)
    if effect == "access-denied":
        return refusals.denied(call.principal.arn, f"{service}:{call.operation}", "*", f". {MESSAGE}")
    return Refusal(effect, effect, effect, effect, MESSAGE, 400)
