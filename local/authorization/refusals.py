"""How a service words a refusal: the code, the message and the body, in the protocol of the call.

Codes follow each service's "Common Errors" and the API's protocol; messages "Troubleshoot access denied error
messages" of the IAM User Guide.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from xml.sax.saxutils import escape

SENDER_FAULT = 403


@dataclass(frozen=True)
class Refusal:
    """One reason not to let a call in, by its code in each family of protocols."""

    query: str
    json: str
    s3: str
    ec2: str
    message: str
    status: int = SENDER_FAULT


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


def gap(message: str) -> Refusal:
    """The embedded AWS does not know enough to decide: loud, and never an allow."""
    return Refusal(*("NotImplemented",) * 4, f"The embedded AWS cannot authorize this call. {message}", 501)


Response = tuple[int, dict[str, str], bytes]


def render(refusal: Refusal, service: str, protocol: str, method: str) -> Response:
    """Status, headers and body of a refusal as a service answers it."""
    identifier = str(uuid.uuid4())
    headers = {"x-amzn-RequestId": identifier}
    message = escape(refusal.message)
    if service == "ec2":
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
        return refusal.status, headers, b"" if method == "HEAD" else body.encode()
    if protocol in ("query", "rest-xml"):
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{refusal.query}</Code>"
            f"<Message>{message}</Message></Error><RequestId>{identifier}</RequestId></ErrorResponse>"
        )
        return refusal.status, {**headers, "Content-Type": "text/xml"}, body.encode()
    return _json(refusal, service, protocol, headers)


def _ec2(refusal: Refusal) -> tuple[str, str]:
    if refusal.ec2 == "UnauthorizedOperation":
        return refusal.ec2, f"You are not authorized to perform this operation. {refusal.message}"
    return refusal.ec2, refusal.message


def _json(refusal: Refusal, service: str, protocol: str, headers: dict[str, str]) -> Response:
    headers = {**headers, "x-amzn-ErrorType": refusal.json}
    if service in ("sqs", "cloudwatch"):  # these kept the codes of their query protocol
        headers["x-amzn-query-error"] = f"{refusal.query};Sender"
    body = {"__type": refusal.json, "message": refusal.message, "Message": refusal.message}
    status = refusal.status if protocol == "rest-json" or refusal.status >= 500 else 400
    kind = "application/json" if protocol == "rest-json" else "application/x-amz-json-1.1"
    return status, {**headers, "Content-Type": kind}, json.dumps(body).encode()
