"""The gate: every HTTP request to the embedded AWS is identified, parsed and authorized here, before moto.

It stands at moto's WSGI application, in front of all services and protocols alike, so that no service's own way of
dispatching can go around it. It also tells moto whose account the call is for: the principal's, whatever the
request claims.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote

from botocore.exceptions import DataNotFoundError
from botocore.utils import normalize_url_path
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from werkzeug.exceptions import NotFound

from local.authorization import operations, refusals
from local.authorization.operations import EngineGap
from local.authorization.refusals import Refusal
from local.authorization.resource_policies import malformed
from local.authorization.resources import Call
from local.identity.principals import BadSessionToken, Principal, SessionExpired, UnknownAccessKey
from local.policies.documents import UncomputedKey

if TYPE_CHECKING:
    from local.engine import Engine

CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request")
SIGNATURE = re.compile(r"SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]+)")
ACCOUNT_HEADER = "HTTP_X_MOTO_ACCOUNT_ID"
S3CONTROL_PATH = "/v20180820/"
ADMITTED = "local.admitted"
CLOSED_PATHS = ("/moto-api", "/latest/")  # moto's own controls, open to nobody
Environ = dict[str, Any]
StartResponse = Callable[..., Any]


@dataclass(frozen=True)
class Admitted:
    """A call that may pass, as the environment keeps it for whoever stands behind the gate."""

    call: Call
    protocol: str


@dataclass(frozen=True)
class Signed:
    """The scope of a signature: whose key, for which Region and service (as botocore names it)."""

    access_key_id: str
    date: str
    region: str
    scope_service: str
    service: str


class Gate:
    """In front of moto's application: `application(environ, start_response)` only sees what may pass."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def refuse(self, environ: Environ) -> refusals.Response | None:
        """The answer to a request that may not pass, or None; readies `environ` for moto otherwise."""
        path = str(environ.get("PATH_INFO", ""))
        method = str(environ.get("REQUEST_METHOD", "GET"))
        if path.startswith(CLOSED_PATHS):
            return refusals.render(refusals.unsigned(), "s3", "rest-xml", method)
        signed = scope_of(environ, path)
        if signed is None:
            return refusals.render(refusals.unsigned(), *_unsigned_dialect(environ), method)
        try:
            model = get_service_model(signed.service)
        except DataNotFoundError as error:
            return refusals.render(refusals.gap(f"{signed.service}: {error}"), signed.service, "json", method)
        request = _request(environ)
        protocol = determine_request_protocol(model, request.content_type)
        refusal = self._refusal(environ, request, signed, protocol)
        return refusals.render(refusal, signed.service, protocol, method) if refusal else None

    def _refusal(self, environ: Environ, request: Request, signed: Signed, protocol: str) -> Refusal | None:
        try:
            principal = self._engine.registry.identify(signed.access_key_id, _token(request))
        except UnknownAccessKey:
            return refusals.unknown_key()
        except BadSessionToken:
            return refusals.bad_token()
        except SessionExpired:
            return refusals.expired()
        if not self._signature_holds(request, signed):
            return refusals.bad_signature()
        environ[ACCOUNT_HEADER] = principal.account
        try:
            call = _call(request, signed, protocol, principal)
            environ[ADMITTED] = Admitted(call, protocol)
            return self._engine.authorizer.admit(call) or malformed(call)
        except (EngineGap, UncomputedKey) as gap:
            return refusals.gap(str(gap))

    def _signature_holds(self, request: Request, signed: Signed) -> bool:
        """Signature Version 4 over what was received; a presigned URL is known by its query."""
        header = request.headers.get("Authorization")
        if header is None:
            return "X-Amz-Signature" in request.args
        match = SIGNATURE.search(header)
        if match is None:
            return False
        expected = signature_of(
            request, signed, match.group(1), self._engine.registry.secret_of(signed.access_key_id)
        )
        return hmac.compare_digest(expected, match.group(2))


def signature_of(request: Request, signed: Signed, names: str, secret: str) -> str:
    """Follows "Create a signed AWS API request" (canonical request, string to sign, signing key)."""
    headers = "".join(f"{name}:{' '.join(_header(request, name).split())}\n" for name in names.split(";"))
    payload = request.headers.get("x-amz-content-sha256")
    if payload is None:
        payload = hashlib.sha256(request.get_data(cache=True)).hexdigest()
    path = request.raw_path
    if signed.scope_service != "s3":
        path = quote(normalize_url_path(path), safe="/~")
    pairs = sorted(request.query_string.decode().split("&")) if request.query_string else []
    query = "&".join(pair if "=" in pair else f"{pair}=" for pair in pairs)
    canonical = "\n".join((request.method, path, query, headers, names, payload))
    scope = f"{signed.date}/{signed.region}/{signed.scope_service}/aws4_request"
    stamp = request.headers.get("X-Amz-Date", "")
    text = "\n".join(("AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = _signing_key(secret, signed.date, signed.region, signed.scope_service)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _header(request: Request, name: str) -> str:
    return str(request.headers.get(name, ""))


@cache
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def scope_of(environ: Environ, path: str) -> Signed | None:
    """The signature's scope, from the header or a presigned URL; None for an unsigned request."""
    text = environ.get("HTTP_AUTHORIZATION", "")
    if not text:
        given = parse_qs(environ.get("QUERY_STRING", "")).get("X-Amz-Credential")
        text = f"Credential={given[0]}" if given else ""
    match = CREDENTIAL.search(text)
    if match is None:
        return None
    key, date, region, service = match.groups()
    name = operations.SERVICES.get(service, service)
    if service == "s3" and path.startswith(S3CONTROL_PATH):
        name = "s3control"
    return Signed(key, date, region, service, name)


def _unsigned_dialect(environ: Environ) -> tuple[str, str]:
    if "HTTP_X_AMZ_TARGET" in environ:
        return "unsigned", "json"
    form = str(environ.get("CONTENT_TYPE", "")).startswith("application/x-www-form-urlencoded")
    return ("unsigned", "query") if form else ("s3", "rest-xml")


def _request(environ: Environ) -> Request:
    """The request with its body read, and put back for moto."""
    request = Request(environ)
    body = request.get_data(cache=True, parse_form_data=False)
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    return request


def _token(request: Request) -> str | None:
    return request.headers.get("X-Amz-Security-Token") or request.args.get("X-Amz-Security-Token")


def _call(request: Request, signed: Signed, protocol: str, principal: Principal) -> Call:
    try:
        operation, path_parameters = get_service_router(signed.service).match(request)
    except NotFound as error:
        raise EngineGap(f"{signed.service}: no operation for {request.method} {request.path}") from error
    parser = PROTOCOL_PARSERS.get(protocol)
    if parser is None:
        raise EngineGap(f"{signed.service} {operation.name}: protocol {protocol} is not parsed")
    parameters = parser(operation).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.get_data(cache=True),
            "url_path": request.path,
            "url_params": path_parameters,
        }
    )
    headers = {"User-Agent": request.headers.get("User-Agent", "")}
    return Call(signed.service, operation.name, parameters, principal, signed.region, headers)


def install(engine: Engine) -> None:
    gate = Gate(engine)

    def guarded(application: Any, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        answer = gate.refuse(environ)
        if answer is None:
            return admitted(application, environ, start_response)  # type: ignore[no-any-return]
        status, headers, body = answer
        headers = {**headers, "Content-Length": str(len(body))}
        start_response(f"{status} Refused", list(headers.items()))
        return [body]

    admitted = engine.patch(DomainDispatcherApplication, "__call__", guarded)
