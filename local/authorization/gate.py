"""The gate: every HTTP request to the embedded AWS is identified, parsed and authorized here, before moto.

It stands at moto's WSGI application, in front of all services and protocols alike, so that no service's own way of
dispatching can go around it. It also tells moto whose account the call is for: the principal's, whatever the
request claims.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote
from xml.etree.ElementTree import ParseError

from botocore.utils import normalize_url_path
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from werkzeug.exceptions import ClientDisconnected, NotFound

from groundwork.policies.documents import UncomputedKey
from local.authorization import operations, reference, refusals
from local.authorization.operations import EngineGap, NoArn, NotHere
from local.authorization.protocols import content_type, operation_of, protocol_of
from local.authorization.refusals import Refusal
from local.authorization.resource_policies import malformed
from local.authorization.resources import Call
from local.identity.principals import BadSessionToken, Principal, SessionExpired, UnknownAccessKey

if TYPE_CHECKING:
    from local.engine import Engine

CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request")
SIGNATURE = re.compile(r"SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]+)")
ACCOUNT_HEADER = "HTTP_X_MOTO_ACCOUNT_ID"
ADMITTED = "local.admitted"
"""Where the environment of a request keeps its `Call`, once it may pass."""
FOR_ANYBODY = frozenset(("AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"))
"""Asked without a signature, by whoever has an identity elsewhere."""
OF_IDENTITY_CENTER = ("/federation/credentials", "/assignment/", "/logout")
"""Paths at which its portal takes a token, in a header with underscores, which the server drops."""
CLOSED_PATHS = ("/moto-api", "/latest/")  # moto's own controls, open to nobody
Environ = dict[str, Any]
StartResponse = Callable[..., Any]


@dataclass(frozen=True)
class Signed:
    """The scope of a signature: whose key, for which Region and service (as botocore names it)."""

    access_key_id: str
    date: str
    region: str
    scope_service: str
    service: str


class Unparsable(Exception):
    """The body of a request is not what its protocol says."""


class Gate:
    """In front of moto's application: `application(environ, start_response)` only sees what may pass."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def refuse(self, environ: Environ) -> refusals.Response | None:
        """The answer to a request that may not pass, or None; readies `environ` for moto otherwise."""
        path = str(environ.get("PATH_INFO", ""))
        if path.startswith(CLOSED_PATHS):
            return refusals.render(refusals.unsigned(), "s3", environ)
        request = _request(environ)
        signed = scope_of(environ, path)
        if signed is None:
            return _unsigned(environ, request)
        refusal = self._refusal(environ, request, signed)
        return refusals.render(refusal, signed.service, environ) if refusal else None

    def _refusal(self, environ: Environ, request: Request, signed: Signed) -> Refusal | None:
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
        if not reference.is_service(operations.prefix_of(signed.service)):
            operation = operation_of(environ, request.get_data(cache=True))
            return refusals.not_embedded(f"{signed.service} {operation}")
        try:
            environ[ADMITTED] = call = _call(request, signed, principal)
            return self._engine.authorizer.admit(call) or malformed(call)
        except NotHere as operation:
            return refusals.not_embedded(str(operation))
        except (EngineGap, UncomputedKey) as gap:
            return refusals.gap(str(gap))
        except NoArn as text:
            return refusals.no_arn(signed.service, str(text))
        except Unparsable as why:
            return refusals.unparsable(str(why))

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
    return Signed(key, date, region, service, operations.service_of(service, path))


def _unsigned(environ: Environ, request: Request) -> refusals.Response:
    """The answer to a request without Signature Version 4. Which service it is for shows in no case; of REST, most
    likely S3."""
    body = request.get_data(cache=True)
    operation = operation_of(environ, body)
    target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
    portal = str(environ.get("PATH_INFO", "")).startswith(OF_IDENTITY_CENTER)
    presigned = {"AWSAccessKeyId", "Signature"} <= request.args.keys()
    identified = "HTTP_AUTHORIZATION" in environ or b"SignatureVersion=2" in body or presigned
    if identified or portal or operation in FOR_ANYBODY or target.startswith("AWSCognito"):
        refusal = refusals.not_embedded(
            f"{operation} for whoever has no access key, or does not sign with Version 4"
        )
    else:
        refusal = refusals.unsigned()
    in_json = portal or content_type(environ).startswith("application/json")
    in_rest = protocol_of(environ, "") == "rest-json"
    return refusals.render(refusal, "s3" if in_rest and not in_json else "", environ)


def _request(environ: Environ) -> Request:
    """The request with its body read, and put back for moto. Raises ConnectionResetError, which the server takes for what it
    is, when whoever asks went away before its end."""
    request = Request(environ)
    try:
        body = request.get_data(cache=True, parse_form_data=False)
    except ClientDisconnected as gone:
        raise ConnectionResetError("the client has gone") from gone
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    return request


def _token(request: Request) -> str | None:
    return request.headers.get("X-Amz-Security-Token") or request.args.get("X-Amz-Security-Token")


def _call(request: Request, signed: Signed, principal: Principal) -> Call:
    service = operations.BY_VERSION.get((signed.service, request.values.get("Version", "")), signed.service)
    model = get_service_model(service)
    try:
        operation, path_parameters = get_service_router(service).match(request)
        protocol = determine_request_protocol(model, request.content_type)
    except (NotFound, NotImplementedError) as error:
        asked = operation_of(request.environ, request.get_data(cache=True))
        raise EngineGap(f"{service}: no operation for {asked}") from error
    body = request.get_data(cache=True)
    received: Any = {
        "method": request.method,
        "values": request.values,
        "headers": request.headers,
        "body": body,
        "url_path": request.path,
        "url_params": path_parameters,
    }
    try:
        if protocol == "json" and body:
            json.loads(body)  # what is none, moto's parser takes for a message
        parameters = PROTOCOL_PARSERS[protocol](operation).parse(received)
    except (RequestParserError, ParseError, ValueError) as error:
        raise Unparsable(str(error)) from error
    headers = {"User-Agent": request.headers.get("User-Agent", "")}
    return Call(service, operation.name, parameters, principal, signed.region, headers)


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
