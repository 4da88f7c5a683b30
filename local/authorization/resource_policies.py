"""A resource's policy is read when a service is given it: what is no policy, or too long, is refused then, with the service's
code.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, and the errors of each operation in the API
references of AWS KMS, Amazon SNS and Amazon EventBridge. Amazon SQS documents none: InvalidAttributeValue is what it answers
for its other attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from groundwork.policies.conditions import MalformedPolicy
from groundwork.policies.documents import Kind, compile_policy
from local.authorization.refusals import Refusal
from local.authorization.resources import Call

BAD_REQUEST = 400


def _of_attributes(call: Call) -> Any:
    return (call.get("Attributes") or {}).get("Policy")


def _of_attribute(call: Call) -> Any:
    return call.get("AttributeValue") if call.get("AttributeName") == "Policy" else None


def _given(call: Call) -> Any:
    return call.get("Policy")


GIVEN: Mapping[tuple[str, str], tuple[Callable[[Call], Any], str]] = {
    ("s3", "PutBucketPolicy"): (_given, "MalformedPolicy"),
    ("kms", "CreateKey"): (_given, "MalformedPolicyDocumentException"),
    ("kms", "PutKeyPolicy"): (_given, "MalformedPolicyDocumentException"),
    ("sns", "CreateTopic"): (_of_attributes, "InvalidParameter"),
    ("sns", "SetTopicAttributes"): (_of_attribute, "InvalidParameter"),
    ("sqs", "CreateQueue"): (_of_attributes, "InvalidAttributeValue"),
    ("sqs", "SetQueueAttributes"): (_of_attributes, "InvalidAttributeValue"),
    ("events", "PutPermission"): (_given, "ValidationException"),
}
"""Where each operation has the policy, and the code of its refusal."""


LONGEST: Mapping[str, tuple[int, str]] = {
    "s3": (20_480, "MalformedPolicy"),
    "kms": (32_768, "LimitExceededException"),
}
"""In bytes, as given, and the code of the refusal. That of S3 is documented nowhere: it is its code for policies."""


def malformed(call: Call) -> Refusal | None:
    """The refusal of a call that brings a policy which is none, or too long."""
    where = GIVEN.get((call.service, call.operation))
    document = where[0](call) if where else None
    if where is None or not document:
        return None
    text = document.decode() if isinstance(document, bytes) else str(document)
    longest, code = LONGEST.get(call.service, (len(text.encode()), ""))
    if len(text.encode()) > longest:
        message = f"Policy exceeds the maximum allowed document size of {longest} bytes."
        return Refusal(*(code,) * 4, message, BAD_REQUEST)
    try:
        compile_policy(text, Kind.RESOURCE)
    except MalformedPolicy as wrong:
        return Refusal(*(where[1],) * 4, f"The policy is not valid: {wrong}", BAD_REQUEST)
    return None
