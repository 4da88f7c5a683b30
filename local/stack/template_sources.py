"""Adapter: CloudFormation reads a template from Amazon S3 with the permissions of whoever asks, and takes none that is too
long. moto reads it past all permissions, from the caller's own buckets alone, and takes any length.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlparse

import flask
from botocore.exceptions import ClientError
from moto.cloudformation import responses
from moto.cloudformation.exceptions import ValidationError
from moto.s3.models import s3_backends

from local.authorization.gate import scope_of
from local.identity.credentials import Credentials

if TYPE_CHECKING:
    from local.engine import Engine

LONGEST_SENT, LONGEST = 51_200, 1_000_000
"""Bytes. The guide says 1 MB of one in S3: the smaller reading."""
LOOPBACK = ("127.0.0.1", "localhost")
HOST = re.compile(r"(?:(?P<bucket>.+)\.)?s3(?:[.-](?P<region>[a-z0-9-]+))?\.amazonaws\.com(?:\.cn)?")
"""Virtual-hosted where the bucket is in it."""
TAKE_TEMPLATES = (
    *("create_stack", "update_stack", "create_change_set", "validate_template", "get_template_summary"),
    *("create_stack_set", "update_stack_set"),
)
UNSUPPORTED = "TemplateURL must be a supported URL."
ELSEWHERE = "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint."
MORE = "For more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"


def install(engine: Engine) -> None:
    response = responses.CloudFormationResponse

    def read(_: Any, address: str) -> str:
        return template_at(engine, address)

    engine.patch(response, "_get_stack_from_s3_url", read)
    for name in TAKE_TEMPLATES:
        engine.patch(response, name, _of_length(getattr(response, name)))


def caller(engine: Engine) -> Credentials | None:
    """Of whoever makes the request at hand; None where it is not signed."""
    signed = scope_of(flask.request.environ, flask.request.path)
    if signed is None:
        return None
    secret = engine.registry.secret_of(signed.access_key_id)
    return Credentials(signed.access_key_id, secret, flask.request.headers.get("X-Amz-Security-Token"))


def template_at(engine: Engine, address: str) -> str:
    parts = urlparse(address)
    host = HOST.fullmatch(parts.hostname or "")
    if parts.hostname not in LOOPBACK and (host is None or parts.scheme != "https"):
        raise ValidationError(message=UNSUPPORTED)
    path = unquote(parts.path.lstrip("/"))
    bucket = host["bucket"] if host and host["bucket"] else ""
    bucket, key = (bucket, path) if bucket else (path.partition("/")[0], path.partition("/")[2])
    if not key:
        raise ValidationError(message=UNSUPPORTED)
    if host and host["region"] and _region(bucket) not in (None, host["region"]):
        raise ValidationError(message=f"S3 error: {ELSEWHERE}\n{MORE}")
    s3 = engine.client("s3", region=_region(bucket), credentials=caller(engine))
    try:
        body: bytes = s3.get_object(Bucket=bucket, Key=key, **_version(parts.query))["Body"].read()
    except ClientError as refused:
        raise ValidationError(message=f"S3 error: {refused.response['Error']['Message']}\n{MORE}") from None
    if len(body) > LONGEST:
        raise ValidationError(message=f"Template may not exceed {LONGEST} bytes in size.")
    return body.decode()


def _version(query: str) -> dict[str, str]:
    named = parse_qs(query).get("versionId", [])
    return {"VersionId": named[0]} if named else {}


def _region(bucket: str) -> str | None:
    owner = s3_backends.bucket_accounts.get(bucket)
    if owner is None:
        return None
    partition, account = owner
    region: str = s3_backends[account][partition].buckets[bucket].region_name
    return region


def _of_length(take: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def taken(response: Any) -> Any:
        body = response._get_param("TemplateBody") or ""
        if len(body.encode()) > LONGEST_SENT:
            told = "1 validation error detected: Value '{}' at 'templateBody' failed to satisfy constraint: Member must have length"
            raise ValidationError(message=f"{told.format(body)} less than or equal to {LONGEST_SENT}")
        return take(response)

    return taken
