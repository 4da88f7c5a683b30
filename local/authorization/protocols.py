"""How a request speaks: its protocol and operation by what it shows itself, so that each can be answered, that to a
service of which nothing is here, too.

The protocols are those of botocore's models; of smithy-rpc-v2-cbor,
https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

FORM = "application/x-www-form-urlencoded"
FORMS_IN_REST = "/2013-01-01/"
"""Where Amazon CloudSearch's domains take what they are asked for in a form."""
CBOR = "smithy-rpc-v2-cbor"
REST_XML = frozenset(("s3", "s3control", "s3express", "s3-object-lambda", "route53", "cloudfront"))
"""The services that speak rest-xml, by botocore's name or that of their signatures. All other REST speaks JSON."""
Environ = Mapping[str, Any]


def protocol_of(environ: Environ, service: str) -> str:
    """The protocol that an answer to a request has to be in. The service may be named as signatures do."""
    if service in REST_XML:
        return "rest-xml"
    if environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
        return CBOR
    if "HTTP_X_AMZ_TARGET" in environ:
        return "json"
    path = str(environ.get("PATH_INFO", ""))
    in_form = content_type(environ).startswith(FORM) and not path.startswith(FORMS_IN_REST)
    if in_form or "Action" in _query(environ):
        return "ec2" if service == "ec2" else "query"
    return "rest-json"


def operation_of(environ: Environ, body: bytes) -> str:
    """What a request asks for, as far as that shows without a model of the service: of REST method and path."""
    method, path = str(environ.get("REQUEST_METHOD", "GET")), str(environ.get("PATH_INFO", "/"))
    if environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
        return path.rsplit("/", 1)[-1]
    if "HTTP_X_AMZ_TARGET" in environ:
        return str(environ["HTTP_X_AMZ_TARGET"]).rsplit(".", 1)[-1]
    form = parse_qs(body.decode(errors="replace")) if content_type(environ).startswith(FORM) else {}
    actions = form.get("Action") or _query(environ).get("Action")
    return actions[0] if actions else f"{method} {path}"


def content_type(environ: Environ) -> str:
    return str(environ.get("CONTENT_TYPE", ""))


def cbor_of(texts: Mapping[str, str]) -> bytes:
    """A map of texts in CBOR (RFC 8949): all that an error consists of."""
    return bytes([0xA0 + len(texts)]) + b"".join(_cbor_text(text) for pair in texts.items() for text in pair)


def _cbor_text(text: str) -> bytes:
    encoded = text.encode()
    return b"\x7a" + len(encoded).to_bytes(4, "big") + encoded


def _query(environ: Environ) -> dict[str, list[str]]:
    return parse_qs(str(environ.get("QUERY_STRING", "")))
