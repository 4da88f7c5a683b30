"""Every exception that AWS models for a call of Groundwork has been thought about; a new botocore may bring one that has not."""

from __future__ import annotations

from contextlib import suppress

import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session

from checks.references import exceptions_of
from groundwork.aws import refusals
from groundwork.aws.refusals import SERVICES
from groundwork.errors import (
    ComponentNotSettled,
    GroundworkError,
    IdentityCenterInProgress,
    OrganizationBusy,
    QuotaReached,
    RefusedByAws,
    RefusedUnexpectedly,
)
from local.authorization import operations
from tests.architecture.test_models import ON_BEHALF, permitted

BY_OTHERS = ON_BEHALF | {
    "cloudformation:BatchDescribeTypeConfigurations",  # CloudFormation, for whoever asks it for drift
    "cloudformation:DetectStackResourceDrift",
    "kms:Decrypt",  # SQS, SNS and IAM Identity Center
    "kms:Encrypt",
    "kms:GenerateDataKeyWithoutPlaintext",
    "lambda:InvokeFunction",  # Step Functions: Lambda's errors are named in each Retry
    "organizations:ListDelegatedAdministrators",  # Config, for whoever makes an aggregator
}
"""What AWS's services call on our behalf."""


def called() -> set[str]:
    """The actions of all calls in the table."""
    found = set()
    for service, each in SERVICES.items():
        for call in each.calls:
            with suppress(operations.EngineGap):
                found.add(operations.action_of(service, call, {}))
    return found


def test_every_call_that_is_permitted_is_in_the_table() -> None:
    assert set(permitted()) - called() - BY_OTHERS == set()


def test_every_call_in_the_table_is_permitted() -> None:
    assert called() - set(permitted()) == set()


@pytest.mark.parametrize("service", SERVICES)
def test_every_exception_of_every_call_has_an_answer(service: str) -> None:
    unknown = [
        (call, code)
        for code, calls in exceptions_of(service).items()
        for call in calls
        if SERVICES[service].answer(call, code) is None
    ]
    assert unknown == []


@pytest.mark.parametrize("service", SERVICES)
def test_no_answer_is_for_an_exception_that_there_is_not(service: str) -> None:
    """But for those that models leave out: CloudFormation, EC2 and S3 have nearly none, IAM has one under two names."""
    modelled = exceptions_of(service)
    calls = SERVICES[service].calls
    for code, answers in SERVICES[service].answers.items():
        if not isinstance(answers, refusals.Answer):
            assert {call for call in answers if call} <= calls, code
    if service not in ("cloudformation", "ec2", "s3", "iam"):
        assert SERVICES[service].answers.keys() <= modelled.keys()


def test_every_reason_in_the_table_is_one_of_aws() -> None:
    model = get_session().get_service_model("organizations")
    known = {
        reason
        for shape in ("ConstraintViolationExceptionReason", "InvalidInputExceptionReason")
        for reason in model.shape_for(shape).metadata["enum"]
    }
    assert SERVICES["organizations"].reasons.keys() <= known


@pytest.mark.parametrize("service", ["identitystore", "sso-admin"])
def test_every_reason_of_a_key_has_an_answer(service: str) -> None:
    model = get_session().get_service_model(service)
    codes = (
        "AccessDeniedException",
        "ResourceNotFoundException",
        "ThrottlingException",
        "ValidationException",
    )
    shapes = [model.shape_for(code) for code in codes]
    known = {reason for shape in shapes for reason in shape.members["Reason"].metadata["enum"]}  # type: ignore[attr-defined]
    assert SERVICES[service].reasons.keys() == known


def test_words_are_sentences() -> None:
    for service in SERVICES.values():
        answers = [
            each
            for answer in service.answers.values()
            for each in ([answer] if isinstance(answer, refusals.Answer) else answer.values())
        ]
        for each in (*answers, *service.reasons.values()):
            assert each.words.endswith((".", "alias/aws/.", "_ -")), each.words


CASES: list[tuple[str, str, str | None, type[GroundworkError], str]] = [
    ("CreateTrail", "KmsException", None, ComponentNotSettled, "does not see its policy yet"),
    ("CreateTrail", "CloudTrailAccessNotEnabledException", None, ComponentNotSettled, "trusted access"),
    ("CreateTrail", "MaximumNumberOfTrailsExceededException", None, QuotaReached, "'Trails per region'"),
    ("CreateAlias", "AlreadyExistsException", None, ComponentNotSettled, "five minutes"),
    (
        "CreateAccountAlias",
        "EntityAlreadyExists",
        None,
        RefusedByAws,
        "declare another one|Declare another one",
    ),
    ("CreateRole", "EntityAlreadyExists", None, ComponentNotSettled, "next look"),
    ("CreateRole", "LimitExceeded", None, QuotaReached, "'Roles per account'"),
    ("CreateBucket", "TooManyBuckets", None, QuotaReached, "'General purpose buckets'"),
    (
        "RegisterDelegatedAdministrator",
        "AccountAlreadyRegisteredException",
        None,
        ComponentNotSettled,
        "next look",
    ),
    (
        *("RegisterDelegatedAdministrator", "ConstraintViolationException", "SERVICE_ACCESS_NOT_ENABLED"),
        *(OrganizationBusy, "Trusted access"),
    ),
    (
        *("AttachPolicy", "ConstraintViolationException", "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"),
        *(QuotaReached, "Detach one"),
    ),
    ("AttachPolicy", "ConstraintViolationException", "NEW_OF_AWS", RefusedByAws, "names its reason"),
    (
        "EnablePolicyType",
        "PolicyTypeNotAvailableForOrganizationException",
        None,
        RefusedByAws,
        "all features",
    ),
    ("CreatePolicy", "InvalidInputException", "INVALID_ENUM", RefusedUnexpectedly, "its reason"),
    ("PutBucketPolicy", "SlowDown", None, ComponentNotSettled, "no more calls"),
    (
        *("ListPermissionSets", "AccessDeniedException", "KMS_AccessDeniedException"),
        *(ComponentNotSettled, "may not use the key"),
    ),
    ("ListPermissionSets", "ResourceNotFoundException", "KMS_NotFoundException", RefusedByAws, "not found"),
    ("GetGroupId", "AccessDeniedException", "KMS_ACCESS_DENIED", ComponentNotSettled, "may not use the key"),
    (
        *("GetGroupId", "ResourceNotFoundException", None),
        *(ComponentNotSettled, "identity store is not there"),
    ),
    ("GetGroupId", "ResourceNotFoundException", "KMS_KEY_NOT_FOUND", RefusedByAws, "not found"),
    ("GetGroupId", "ValidationException", "KMS_DISABLED", RefusedByAws, "switch it on again"),
]


@pytest.mark.parametrize(("operation", "code", "reason", "error", "words"), CASES)
def test_an_exception_becomes_what_the_table_says(
    operation: str, code: str, reason: str | None, error: type[GroundworkError], words: str
) -> None:
    answer = {"Error": {"Code": code, "Message": "AWS says."}, **({"Reason": reason} if reason else {})}
    with (
        pytest.raises(error, match=rf"^trail: {operation}: {code}.*: AWS says\. .*({words})"),
        refusals.named("trail"),
    ):
        raise ClientError(answer, operation)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("operation", "code", "error"),
    [
        ("CreateAccountAssignment", "ThrottlingException", IdentityCenterInProgress),
        ("CreateAccountAssignment", "ConflictException", IdentityCenterInProgress),
        ("GetGroupId", "ThrottlingException", IdentityCenterInProgress),
        ("CreateAccountAssignment", "AccessDeniedException", ComponentNotSettled),
        ("CreateAccountAssignment", "InternalServerException", ComponentNotSettled),
        ("CreateAccountAssignment", "ServiceQuotaExceededException", QuotaReached),
    ],
)
def test_who_waits_for_aws_waits_as_long_while_it_is_busy(
    operation: str, code: str, error: type[GroundworkError]
) -> None:
    with (
        pytest.raises(error, match=f"^assignments: {operation}: {code}: AWS says"),
        refusals.named("assignments", while_busy=IdentityCenterInProgress),
    ):
        raise ClientError({"Error": {"Code": code, "Message": "AWS says."}}, operation)


@pytest.mark.parametrize(
    ("operation", "code"), [("GetRole", "NoSuchEntity"), ("DescribeVpcs", "OptInRequired")]
)
def test_what_is_an_answer_or_told_apart_elsewhere_stays(operation: str, code: str) -> None:
    with pytest.raises(ClientError), refusals.named("trail"):
        raise ClientError({"Error": {"Code": code, "Message": ""}}, operation)
