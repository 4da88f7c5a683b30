"""Every way in which AWS can refuse an account has been thought about; a new botocore may bring one that has not."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.session import get_session
from botocore.stub import Stubber

from groundwork.aws.organizations import Organizations
from groundwork.declaration.loading import load
from groundwork.errors import (
    AccountRefused,
    CreationFailedForNow,
    CreationSlotsTaken,
    CreationTooFast,
    CreationUnanswered,
    GroundworkError,
    OrganizationBusy,
    OrganizationNotReady,
    Refused,
    RefusedByAws,
    RefusedUnexpectedly,
)
from groundwork.ledger.records import RequestRecord
from groundwork.vending.creation import REASONS, Creator, PendingCreation, remedy_of_refusal
from groundwork.vending.work import Work

MODEL = get_session().get_service_model("organizations")
WAITED_FOR = {"ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED"}
OF_OTHER_OPERATIONS = {
    "ACCOUNT_CANNOT_LEAVE_ORGANIZATION",
    "ACCOUNT_CANNOT_LEAVE_WITHOUT_EULA",
    "ACCOUNT_CANNOT_LEAVE_WITHOUT_PHONE_VERIFICATION",
    "ACCOUNT_CREATION_NOT_COMPLETE",
    "ACCOUNT_NOT_ACTIVE_FOR_TRANSFER_RESPONSIBILITY",
    "ACTIVE_RESPONSIBILITY_TRANSFER_PROCESS",
    "ALL_FEATURES_MIGRATION_ORGANIZATION_SIZE_LIMIT_EXCEEDED",
    "CANNOT_CLOSE_MANAGEMENT_ACCOUNT",
    "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR",
    "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR",
    "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG",
    "CLOSE_ACCOUNT_QUOTA_EXCEEDED",
    "CLOSE_ACCOUNT_REQUESTS_LIMIT_EXCEEDED",
    "CREATE_ORGANIZATION_IN_BILLING_MODE_UNSUPPORTED_REGION",
    "DELEGATED_ADMINISTRATOR_EXISTS_FOR_THIS_SERVICE",
    "EMAIL_VERIFICATION_CODE_EXPIRED",
    "HANDSHAKE_RATE_LIMIT_EXCEEDED",
    "MASTER_ACCOUNT_NOT_GOVCLOUD_ENABLED",
    "MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED",
    "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
    "MEMBER_ACCOUNT_PAYMENT_INSTRUMENT_REQUIRED",
    "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
    "ORGANIZATION_NOT_IN_ALL_FEATURES_MODE",
    "OU_DEPTH_LIMIT_EXCEEDED",
    "OU_NUMBER_LIMIT_EXCEEDED",
    "POLICY_CONTENT_LIMIT_EXCEEDED",
    "POLICY_NUMBER_LIMIT_EXCEEDED",
    "POLICY_TYPE_ENABLED_FOR_THIS_SERVICE",
    "RESPONSIBILITY_TRANSFER_MAX_INBOUND_QUOTA_VIOLATION",
    "RESPONSIBILITY_TRANSFER_MAX_LEVEL_VIOLATION",
    "RESPONSIBILITY_TRANSFER_MAX_OUTBOUND_QUOTA_VIOLATION",
    "RESPONSIBILITY_TRANSFER_MAX_TRANSFERS_QUOTA_VIOLATION",
    "SERVICE_ACCESS_NOT_ENABLED",
    "TRANSFER_RESPONSIBILITY_SOURCE_DELETION_IN_PROGRESS",
    "TRANSFER_RESPONSIBILITY_TARGET_DELETION_IN_PROGRESS",
    "TRANSFER_RESPONSIBILITY_UPDATE_NOT_ALLOWED",
    "UNSUPPORTED_PRICING",
    "WAIT_PERIOD_ACTIVE",
}
CREATING: dict[str, type[GroundworkError]] = {
    "AWSOrganizationsNotInUseException": OrganizationNotReady,
    "AccessDeniedException": AccountRefused,
    "ConcurrentModificationException": OrganizationBusy,
    "ConstraintViolationException": AccountRefused,
    "FinalizingOrganizationException": OrganizationBusy,
    "InvalidInputException": AccountRefused,
    "ServiceException": CreationUnanswered,
    "TooManyRequestsException": CreationTooFast,
    "UnsupportedAPIEndpointException": AccountRefused,
}
LOOKING: dict[str, type[GroundworkError] | None] = {
    "AWSOrganizationsNotInUseException": OrganizationNotReady,
    "AccessDeniedException": RefusedByAws,
    "CreateAccountStatusNotFoundException": CreationFailedForNow,
    "InvalidInputException": RefusedUnexpectedly,
    "ServiceException": OrganizationBusy,
    "TooManyRequestsException": OrganizationBusy,
    "UnsupportedAPIEndpointException": RefusedByAws,
}
WORK = Work(
    route="create",
    execution="arn",
    account_name="dev",
    email="aws+dev@example.com",
    kind="workload",
    request_id="1",
)


def values_of(shape: str) -> set[str]:
    return set(MODEL.shape_for(shape).metadata["enum"])


def errors_of(operation: str) -> set[str]:
    return {shape.name for shape in MODEL.operation_model(operation).error_shapes}


def test_every_reason_of_a_failed_request_is_known() -> None:
    assert values_of("CreateAccountFailureReason") <= REASONS.keys()


def test_every_constraint_is_known_or_another_operations() -> None:
    assert (
        values_of("ConstraintViolationExceptionReason") - REASONS.keys() - WAITED_FOR == OF_OTHER_OPERATIONS
    )


def test_every_exception_is_known() -> None:
    assert errors_of("CreateAccount") == CREATING.keys()
    assert errors_of("DescribeCreateAccountStatus") == LOOKING.keys()
    assert errors_of("ListCreateAccountStatus") <= LOOKING.keys()


class Remembers:
    """A ledger that knows the request, and is told what becomes of it."""

    def __init__(self) -> None:
        self.attempts = 0

    def request(self, email: str) -> RequestRecord:
        return RequestRecord(
            email=email, account_name="dev", kind="workload", tags={}, request_id="1", owner="arn", attempts=0
        )

    def note_attempt(self, email: str, owner: str, attempts: int) -> bool:
        self.attempts = attempts
        return True

    def forget_attempts(self, email: str, owner: str) -> None:
        self.attempts = 0

    def forget_creation(self, email: str, creation_id: str) -> None:
        self.attempts = 0


def creator(ledger: Any) -> tuple[Creator, Stubber]:
    client = boto3.client(
        "organizations", "us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
    )
    return Creator(load(), ledger, Organizations(client)), Stubber(client)


def refused_with(code: str, reason: str | None = None) -> tuple[Exception, int]:
    """What CreateAccount's answer becomes, and how many attempts the ledger counts then."""
    ledger = Remembers()
    made, aws = creator(ledger)
    aws.add_response("list_create_account_status", {"CreateAccountStatuses": []})
    fields = {"Reason": reason} if reason else {}
    aws.add_client_error("create_account", code, "AWS's words", modeled_fields=fields)
    with aws, pytest.raises(GroundworkError) as raised:
        made.create(WORK)
    return raised.value, ledger.attempts


@pytest.mark.parametrize("code", CREATING)
def test_an_exception_of_create_account_passes_or_ends_with_its_remedy(code: str) -> None:
    error, attempts = refused_with(code)
    assert type(error) is CREATING[code]
    if isinstance(error, AccountRefused):
        assert "AWS's words" in str(error)
    # Only of a call without an answer may something be on its way.
    assert attempts == (1 if code in ("ServiceException", "AWSOrganizationsNotInUseException") else 0)


@pytest.mark.parametrize("reason", sorted(values_of("ConstraintViolationExceptionReason")))
def test_a_constraint_is_waited_for_or_ends_with_its_remedy(reason: str) -> None:
    error, attempts = refused_with("ConstraintViolationException", reason)
    assert attempts == 0
    if reason in WAITED_FOR:
        assert type(error) is CreationSlotsTaken
        return
    assert type(error) is AccountRefused
    assert str(error).startswith(f"{reason}: ")
    assert "AWS's words" in str(error)
    assert remedy_of_refusal(str(error)) == (REASONS[reason].remedy if reason in REASONS else None)


@pytest.mark.parametrize("code", [code for code, error in LOOKING.items() if error])
def test_an_exception_while_looking_at_a_request(code: str) -> None:
    made, aws = creator(Remembers())
    aws.add_response("list_create_account_status", {"CreateAccountStatuses": []})
    aws.add_client_error("describe_create_account_status", code)
    expected = LOOKING[code]
    assert expected is not None
    with aws, pytest.raises(expected) as raised:
        made.check(WORK, PendingCreation(creation_id="car-12345678"))
    final = {OrganizationNotReady, RefusedByAws, RefusedUnexpectedly}
    assert isinstance(raised.value, Refused) == (expected in final)
