"""The fields of the declaration, each held to what AWS takes: what it would refuse is refused here, in words."""

from __future__ import annotations

import re
from collections import Counter
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from groundwork.declaration.aws_names import did_you_mean
from groundwork.fields import check_tag, shown

MANAGED_BY = "managed-by"
"""The tag by which roles and users are known as Groundwork's."""
MOST_TAGS = 49
LONGEST_PATH = 512
RESERVED_PATHS = ("/aws-service-role/", "/aws-reserved/")
"""IAM makes what is below them by itself, for services and for IAM Identity Center."""
SECURITY = "<security>"
SOME_ACCOUNT = "000000000000"


def _iam_name(value: str) -> str:
    if value.lower().startswith("arn:"):
        raise ValueError("is an ARN; give the name alone")
    if len(value) > 64:
        raise ValueError(f"has {len(value)} characters; IAM takes at most 64")
    if not value or not all(c.isascii() and (c.isalnum() or c in "_+=,.@-") for c in value):
        raise ValueError("is no IAM name; use 1 to 64 letters, digits and _+=,.@-")
    return value


def _permission_set(value: str) -> str:
    """https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_CreatePermissionSet.html"""
    if value.lower().startswith("arn:"):
        raise ValueError("is an ARN; give the name alone")
    if not re.fullmatch(r"[\w+=,.@-]{1,32}", value, re.ASCII):
        raise ValueError("is no permission set's name; use 1 to 32 letters, digits and _+=,.@-")
    return value


def _relay_state(value: str) -> str:
    """https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_CreatePermissionSet.html"""
    if not re.fullmatch(r"[a-zA-Z0-9&$@#\\/%?=~\-_'\"|!:,.;*+\[\] (){}]{1,240}", value):
        raise ValueError(
            "is no relay state; write a page of the console in at most 240 characters, like https://console.aws.amazon.com/ec2/"
        )
    return value


def _display_name(value: str) -> str:
    """https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_CreateGroup.html"""
    if not re.fullmatch(r"[^\x00-\x20\x7f][^\x00-\x1f\x7f]{0,1023}", value):
        raise ValueError("is no display name of a group; use 1 to 1,024 characters, without line breaks")
    return value


def _path(value: str) -> str:
    """Besides IAM's own rule: `//` and what stands for something else in a policy are nobody's intention.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
    """
    if not value.startswith("/") or not value.endswith("/"):
        raise ValueError("is no IAM path; it begins and ends with a slash, like /people/")
    if "//" in value:
        raise ValueError("is no IAM path; write one slash between its parts")
    if wrong := next((each for each in value if not "!" <= each <= "~" or each in "*?$<>{}"), None):
        raise ValueError(
            f"is no IAM path; use letters, digits and punctuation but *?$<>{{}}, and leave {shown(wrong)} out"
        )
    if len(value) > LONGEST_PATH:
        raise ValueError(f"has {len(value)} characters; IAM takes at most {LONGEST_PATH}")
    if value.startswith(RESERVED_PATHS):
        raise ValueError("is a path that IAM keeps for AWS's services; choose another")
    return value


def _own_tags(value: dict[str, str]) -> dict[str, str]:
    """To IAM, keys that differ in case alone are the same.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
    """
    reserved = [key for key in value if key.lower() == MANAGED_BY or key.lower().startswith("aws:")]
    if reserved:
        raise ValueError(f"holds the key {reserved[0]!r}, which is reserved; choose another")
    if ours := [key for key in value if key.lower().startswith("groundwork:")]:
        raise ValueError(
            f"holds the key {shown(ours[0])}; keys that begin with groundwork: are Groundwork's own"
        )
    if len(value) > MOST_TAGS:
        raise ValueError(
            f"holds {len(value)} tags; IAM allows 50 and Groundwork sets one: give at most {MOST_TAGS}"
        )
    spellings = Counter(key.lower() for key in value)
    if twice := [key for key in value if spellings[key.lower()] > 1]:
        raise ValueError(
            f"holds the keys {' and '.join(map(shown, twice[:2]))}, which are one to IAM; remove one of them"
        )
    for key, text in value.items():
        check_tag(key, text)
        if text.lower().startswith("aws:"):
            raise ValueError(
                f"holds the value {shown(text)} at the key {shown(key)}; what begins with aws: is reserved"
            )
    return value


def _description(value: str) -> str:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html"""
    if len(value) > 1000:
        raise ValueError(f"has {len(value)} characters; IAM takes at most 1,000")
    if wrong := re.search(r"[^\t\n\r\x20-\x7e\xa1-\xff]", value):
        raise ValueError(f"holds {shown(wrong[0])}, which IAM takes in no description; write it otherwise")
    return value


def _external_id(value: str) -> str:
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""
    if not re.fullmatch(r"[\w+=,.@:/-]{2,1224}", value, re.ASCII):
        raise ValueError("is no external id; it has 2 to 1,224 letters, digits and _+=,.@:/-")
    return value


TRUSTED = ("security", "tooling", "management")


def _trusted_account(value: str) -> str:
    if value in TRUSTED or re.fullmatch(r"[0-9]{12}", value):
        return value
    if value.lower().startswith("arn:"):
        raise ValueError("is an ARN; give the account's id alone, and whom of it under principals")
    raise ValueError(
        f"is no account{did_you_mean(value, TRUSTED)}; write {', '.join(TRUSTED)} or an account id of 12 digits"
    )


def _principal(value: str) -> str:
    """What stands after the account in the ARN of a role, a user or the root user: `aws:PrincipalArn` has no other."""
    if value.lower().startswith("arn:"):
        raise ValueError("is an ARN; give what stands after the account, like role/ci-cd/*")
    if not re.fullmatch(r"\*|root|(role|user)/[!-~]+", value):
        raise ValueError("is no principal; begin with role/ or user/, like role/ci-cd/*")
    return value


def _bucket(value: str) -> str:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""
    name = value.replace(SECURITY, SOME_ACCOUNT)
    if value.lower().startswith("arn:"):
        raise ValueError("is an ARN; give the bucket's name")
    if other := re.search(r"<[^>]*>", name):
        raise ValueError(f"holds {other[0]}; only {SECURITY} is filled in here")
    if not 3 <= len(name) <= 63:
        raise ValueError(f"makes a bucket's name of {len(name)} characters; S3 takes 3 to 63")
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*[a-z0-9]", name):
        raise ValueError(
            "is no bucket's name; use small letters, digits, hyphens and dots, with a letter or digit at its ends"
        )
    if ".." in name:
        raise ValueError("is no bucket's name; write one dot between its parts")
    if re.fullmatch(r"[0-9]+(\.[0-9]+){3}", name):
        raise ValueError("is no bucket's name; S3 takes none that reads like an IP address")
    if reserved := next((each for each in BUCKET_BEGINS if name.startswith(each)), None):
        raise ValueError(f"begins with {reserved}, which S3 keeps for itself; choose another")
    if reserved := next((each for each in BUCKET_ENDS if name.endswith(each)), None):
        raise ValueError(f"ends with {reserved}, which S3 keeps for other things; choose another")
    return value


BUCKET_BEGINS = ("xn--", "sthree-", "amzn-s3-demo-")
BUCKET_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3", "-an")


def _trail(value: str) -> str:
    """https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-trail-naming-requirements.html"""
    if not re.fullmatch(r"(?=.{3,128}$)[A-Za-z0-9]+([._-][A-Za-z0-9]+)*", value):
        raise ValueError("is no trail's name; use 3 to 128 letters and digits, with single ._- between them")
    if re.fullmatch(r"[0-9]+(\.[0-9]+){3}", value):
        raise ValueError("is no trail's name; CloudTrail takes none that reads like an IP address")
    return value


def _key_alias(value: str) -> str:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html"""
    if not re.fullmatch(r"alias/[a-zA-Z0-9/_-]{1,250}", value) or value.startswith("alias/aws/"):
        raise ValueError(
            "is no alias of a key; write alias/ and letters, digits, / _ and -, but not alias/aws/"
        )
    return value


def _aggregator(value: str) -> str:
    """https://docs.aws.amazon.com/config/latest/APIReference/API_PutConfigurationAggregator.html"""
    if not re.fullmatch(r"[\w-]{1,256}", value, re.ASCII):
        raise ValueError("is no aggregator's name; use 1 to 256 letters, digits, _ and -")
    return value


def _policy_name(value: str) -> str:
    if value.lower().startswith("arn:"):
        raise ValueError(
            "is an ARN; give the policy's name, like ReadOnlyAccess or job-function/ViewOnlyAccess"
        )
    return value


def _region(value: str) -> str:
    if not re.fullmatch(r"[a-z]{2,4}(-[a-z]+)+-[0-9]", value):
        raise ValueError("is no Region; write it like eu-central-1")
    return value


Region = Annotated[str, AfterValidator(_region), WithJsonSchema({"type": "string", "format": "region"})]
ManagedPolicy = Annotated[
    str, AfterValidator(_policy_name), WithJsonSchema({"type": "string", "format": "managed-policy"})
]
"""Whether AWS has one of this name, `mistakes` tells: the list is read when everything else is right."""
PolicyName = Annotated[str, AfterValidator(_policy_name)]
Name = Annotated[str, AfterValidator(_iam_name)]
PermissionSetName = Annotated[
    str, AfterValidator(_permission_set), Field(json_schema_extra={"pattern": "^[A-Za-z0-9_+=,.@-]{1,32}$"})
]
RelayState = Annotated[str, AfterValidator(_relay_state)]
DisplayName = Annotated[str, AfterValidator(_display_name)]
OwnTags = Annotated[dict[str, str], AfterValidator(_own_tags)]
IamPath = Annotated[
    str,
    AfterValidator(_path),
    Field(json_schema_extra={"pattern": "^/([!-~]+/)?$", "maxLength": LONGEST_PATH}),
]
Description = Annotated[str, AfterValidator(_description), Field(json_schema_extra={"maxLength": 1000})]
TrustedAccount = Annotated[
    str,
    AfterValidator(_trusted_account),
    WithJsonSchema({"anyOf": [{"enum": list(TRUSTED)}, {"type": "string", "pattern": "^[0-9]{12}$"}]}),
]
ExternalId = Annotated[
    str, AfterValidator(_external_id), Field(json_schema_extra={"pattern": "^[A-Za-z0-9_+=,.@:/-]{2,1224}$"})
]
Principal = Annotated[
    str, AfterValidator(_principal), Field(json_schema_extra={"pattern": r"^(\*|root|(role|user)/[!-~]+)$"})
]
BucketName = Annotated[
    str, AfterValidator(_bucket), Field(json_schema_extra={"pattern": "^[a-z0-9<][a-z0-9.<>-]*[a-z0-9>]$"})
]
TrailName = Annotated[
    str,
    AfterValidator(_trail),
    Field(
        json_schema_extra={"pattern": "^[A-Za-z0-9]+([._-][A-Za-z0-9]+)*$", "minLength": 3, "maxLength": 128}
    ),
]
KeyAlias = Annotated[
    str, AfterValidator(_key_alias), Field(json_schema_extra={"pattern": "^alias/[a-zA-Z0-9/_-]{1,250}$"})
]
AggregatorName = Annotated[
    str, AfterValidator(_aggregator), Field(json_schema_extra={"pattern": "^[A-Za-z0-9_-]{1,256}$"})
]
ConfigName = Annotated[str, Field(min_length=1, max_length=256)]
