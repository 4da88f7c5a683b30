"""How a service words a refusal: the code, the message and the body, in the protocol of the call.

Codes follow each service's "Common Errors" and the API's protocol; messages "Troubleshoot access denied error
messages" of the IAM User Guide.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from local.authorization.protocols import CBOR, cbor_of, content_type, protocol_of

SENDER_FAULT = 403
NO_ARN = {
    "sns": ("InvalidParameter",) * 2,
    "sqs": ("InvalidAddress",) * 2,
    "stepfunctions": ("InvalidArn",) * 2,
}
JSON_1_0, JSON_1_1 = "application/x-amz-json-1.0", "application/x-amz-json-1.1"
WHERE_TO_LOOK = "docs/embedded-aws.md says what it has, and how to add to it."


@dataclass(frozen=True)
class Refusal:
    """One reason not to let a call in, by its code in each family of protocols. `reason` is what some services tell besides."""

    query: str
    json: str
    s3: str
    ec2: str
    message: str
    status: int = SENDER_FAULT
    reason: str = ""


def unknown_key() -> Refusal:
    code = ("InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "AuthFailure")
    return Refusal(*code, "The security token included in the request is invalid.")


def bad_token() -> Refusal:
    code = ("InvalidClientTokenId", "UnrecognizedClientException", "InvalidToken", "AuthFailure")
    return Refusal(*code, "The security token included in the request is invalid.")


def expired() -> Refusal:
    code = ("ExpiredToken", "ExpiredTokenException", "ExpiredToken", "RequestExpired")
    return Refusal(*code, "The security token included in the request is expired")


def unsigned() -> Refusal:
    code = (
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "AccessDenied",
        "AuthFailure",
    )
    return Refusal(*code, "Request is missing Authentication Token")


def bad_signature() -> Refusal:
    code = ("SignatureDoesNotMatch", "InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure")
    message = (
        "The request signature we calculated does not match the signature you provided. "
        "Check your AWS Secret Access Key and signing method."
    )
    return Refusal(*code, message)


def denied(principal: str, action: str, resource: str, reason: str) -> Refusal:
    where = "" if resource == "*" else f" on resource: {resource}"
    if resource == "*" and not action.startswith("sts:"):
        where = " on resource: *"
    message = f"User: {principal} is not authorized to perform: {action}{where}{reason}"
    if action.startswith("sns:"):
        return Refusal("AuthorizationError", "AuthorizationError", "AccessDenied", "AccessDenied", message)
    return Refusal("AccessDenied", "AccessDeniedException", "AccessDenied", "UnauthorizedOperation", message)


def of_a_key(service: str) -> str:
    """The `Reason` of a denial that is KMS's; empty where the service tells none."""
    return {"identitystore": "KMS_ACCESS_DENIED", "sso-admin": "KMS_AccessDeniedException"}.get(service, "")


def gap(message: str) -> Refusal:
    """The embedded AWS does not know enough to decide: loud, and never an allow."""
    return _not_implemented(f"The embedded AWS cannot authorize this call. {message}")


def not_embedded(what: str) -> Refusal:
    """A service, or an operation of one, that is not here."""
    return _not_implemented(f"The embedded AWS does not have {what}. {WHERE_TO_LOOK}")


def no_arn(service: str, text: str) -> Refusal:
    """A service looks whether an ARN is one before anything else."""
    query, code = NO_ARN.get(service, ("ValidationError", "ValidationException"))
    message = f"Invalid ARN or address: '{text}'"
    return Refusal(query, code, "InvalidArgument", "InvalidParameterValue", message, 400)


def unparsable(why: str) -> Refusal:
    code = ("MalformedInput", "SerializationException", "MalformedXML", "InvalidRequest")
    return Refusal(*code, why, 400)


def broken(what: str) -> Refusal:
    """The embedded AWS failed over a call, by no fault of the caller."""
    code = ("InternalFailure", "InternalFailure", "InternalError", "InternalError")
    return Refusal(*code, f"The embedded AWS failed over this call, which is a defect of it: {what}", 500)


def _not_implemented(message: str) -> Refusal:
    return Refusal(*("NotImplemented",) * 4, message, 501)


Response = tuple[int, dict[str, str], bytes]


def render(refusal: Refusal, service: str, environ: Mapping[str, Any]) -> Response:
    """Status, headers and body of a refusal as a service answers the request of `environ`."""
    identifier = str(uuid.uuid4())
    headers = {"x-amzn-RequestId": identifier}
    message = escape(refusal.message)
    protocol = protocol_of(environ, service)
    if protocol == "ec2":
        code, message = _ec2(refusal)
        body = (
            f"<Response><Errors><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error></Errors>"
            f"<RequestID>{identifier}</RequestID></Response>"
        )
        return refusal.status, {**headers, "Content-Type": "text/xml"}, body.encode()
    if service == "s3":
        headers = {"x-amz-request-id": identifier, "Content-Type": "application/xml"}
        body = (
            f"<Error><Code>{refusal.s3}</Code><Message>{message}</Message>"
            f"<RequestId>{identifier}</RequestId></Error>"
        )
        return refusal.status, headers, b"" if environ.get("REQUEST_METHOD") == "HEAD" else body.encode()
    if protocol in ("query", "rest-xml"):
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{refusal.query}</Code>"
            f"<Message>{message}</Message></Error><RequestId>{identifier}</RequestId></ErrorResponse>"
        )
        return refusal.status, {**headers, "Content-Type": "text/xml"}, body.encode()
    return _in_json_or_cbor(refusal, service, protocol, headers, content_type(environ))


def _ec2(refusal: Refusal) -> tuple[str, str]:
    if refusal.ec2 == "UnauthorizedOperation":
        return refusal.ec2, f"You are not authorized to perform this operation. {refusal.message}"
    return refusal.ec2, refusal.message


def _in_json_or_cbor(
    refusal: Refusal, service: str, protocol: str, headers: dict[str, str], asked_in: str
) -> Response:
    headers = {**headers, "x-amzn-ErrorType": refusal.json}
    if service in ("sqs", "cloudwatch"):  # these kept the codes of their query protocol
        headers["x-amzn-query-error"] = f"{refusal.query};Sender"
    status = refusal.status if protocol == "rest-json" or refusal.status >= 500 else 400
    if protocol == CBOR:
        headers |= {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        return status, headers, cbor_of({"__type": refusal.json, "message": refusal.message})
    body = {"__type": refusal.json, "message": refusal.message, "Message": refusal.message}
    body |= {"Reason": refusal.reason} if refusal.reason else {}
    kind = JSON_1_0 if asked_in.startswith(JSON_1_0) else JSON_1_1
    headers["Content-Type"] = kind if protocol == "json" else "application/json"
    return status, headers, json.dumps(body).encode()
