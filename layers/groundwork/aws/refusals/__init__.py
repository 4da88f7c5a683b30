"""Every exception of AWS that a call of Groundwork may meet, and what becomes of it.

Known are those of botocore's models, which `tests/architecture/test_refusals.py` holds complete, and those of EC2 and S3,
whose models have few, that AWS documents for our calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import ClientError, ParamValidationError

from groundwork.errors import ComponentNotSettled, GroundworkError, RefusedUnexpectedly

from . import (
    access_analyzer,
    account,
    alarms,
    cloudtrail,
    config,
    guardduty,
    iam,
    inspector,
    macie,
    observability_admin,
    organizations,
    security_hub,
    spending,
    stack,
)
from .answer import COMMON, Answer, Answers

__all__ = ["SERVICES", "Answer", "Service", "answer_to", "named"]


@dataclass(frozen=True)
class Service:
    """`calls` are all that Groundwork makes of it. `reasons` tell one code of it apart."""

    calls: frozenset[str]
    answers: Answers
    reasons: Mapping[str, Answer]

    def answer(self, operation: str, code: str, reason: str = "") -> Answer | None:
        found = self.answers.get(code)
        if found is None or operation not in self.calls:
            return None
        answer = found if isinstance(found, Answer) else found.get(operation) or found.get("")
        if answer and reason and answer.error:
            return self.reasons.get(reason, answer)
        return answer


def _service(calls: str, answers: Answers, reasons: Mapping[str, Answer] | None = None) -> Service:
    return Service(frozenset(calls.split()), answers, reasons or {})


SERVICES: Mapping[str, Service] = {
    "account": _service(account.CALLS_OF_ACCOUNT, account.ANSWERS_OF_ACCOUNT),
    "accessanalyzer": _service(access_analyzer.CALLS, access_analyzer.ANSWERS),
    "budgets": _service(spending.CALLS_OF_BUDGETS, spending.ANSWERS_OF_BUDGETS),
    "cloudformation": _service(
        f"{account.CALLS_OF_CLOUDFORMATION} {account.CALLS_OF_STACK_SETS}", account.ANSWERS_OF_CLOUDFORMATION
    ),
    "cloudtrail": _service(cloudtrail.CALLS, cloudtrail.ANSWERS),
    "cloudwatch": _service(alarms.CALLS_OF_CLOUDWATCH, alarms.ANSWERS_OF_CLOUDWATCH),
    "config": _service(config.CALLS, config.ANSWERS),
    "dynamodb": _service(stack.CALLS_OF_DYNAMODB, stack.ANSWERS_OF_DYNAMODB),
    "ec2": _service(account.CALLS_OF_EC2, account.ANSWERS_OF_EC2),
    "events": _service(stack.CALLS_OF_EVENTS, stack.ANSWERS_OF_EVENTS),
    "guardduty": _service(guardduty.CALLS, guardduty.ANSWERS),
    "iam": _service(iam.CALLS, iam.ANSWERS),
    "identitystore": _service(
        iam.CALLS_OF_IDENTITY_STORE, iam.ANSWERS_OF_IDENTITY_STORE, iam.REASONS_OF_IDENTITY_STORE
    ),
    "inspector2": _service(inspector.CALLS, inspector.ANSWERS),
    "kms": _service(account.CALLS_OF_KMS, account.ANSWERS_OF_KMS),
    "logs": _service(alarms.CALLS_OF_LOGS, alarms.ANSWERS_OF_LOGS),
    "macie2": _service(macie.CALLS, macie.ANSWERS),
    "observabilityadmin": _service(observability_admin.CALLS, observability_admin.ANSWERS),
    "organizations": _service(organizations.CALLS, organizations.ANSWERS, organizations.REASONS),
    "s3": _service(account.CALLS_OF_S3, account.ANSWERS_OF_S3),
    "s3control": _service(account.CALLS_OF_S3CONTROL, account.ANSWERS_OF_S3CONTROL),
    "securityhub": _service(security_hub.CALLS, security_hub.ANSWERS),
    "service-quotas": _service(spending.CALLS_OF_SERVICE_QUOTAS, spending.ANSWERS_OF_SERVICE_QUOTAS),
    "sns": _service(f"{stack.CALLS_OF_SNS} {alarms.CALLS_OF_SNS}", alarms.ANSWERS_OF_SNS),
    "sqs": _service(stack.CALLS_OF_SQS, stack.ANSWERS_OF_SQS),
    "stepfunctions": _service(stack.CALLS_OF_STEP_FUNCTIONS, stack.ANSWERS_OF_STEP_FUNCTIONS),
    "sso-admin": _service(
        iam.CALLS_OF_IDENTITY_CENTER, iam.ANSWERS_OF_IDENTITY_CENTER, iam.REASONS_OF_IDENTITY_CENTER
    ),
    "ssm": _service(account.CALLS_OF_SSM, account.ANSWERS_OF_SSM),
    "sts": _service(iam.CALLS_OF_STS, iam.ANSWERS_OF_STS),
}


def answer_to(error: ClientError) -> Answer | None:
    """An error does not say of which service it is: its operation and its code do."""
    code, reason = error.response["Error"]["Code"], str(error.response.get("Reason", ""))
    found = (service.answer(error.operation_name, code, reason) for service in SERVICES.values())
    common = COMMON.get(code)
    return next((answer for answer in found if answer), common if isinstance(common, Answer) else None)


@contextmanager
def named(
    who: str,
    while_passing: type[GroundworkError] = ComponentNotSettled,
    *,
    while_busy: type[GroundworkError] | None = None,
    quoting: bool = True,
) -> Iterator[None]:
    """Raises our own error in place of AWS's, with AWS's message, what it means and what to do; `while_passing` for what
    is asked again, and `while_busy` where that is since AWS has too much to do. What nobody has thought about, or is told apart elsewhere, stays as it is. AWS's message quotes what it
    was sent: without `quoting`, where that is personal data, it is left out, whatever the error is."""
    try:
        yield
    except ClientError as error:
        answer = answer_to(error)
        if answer is None or answer.error is None:
            if quoting:
                raise
            code = error.response["Error"]["Code"]
            raise RefusedUnexpectedly(f"{who}: {error.operation_name}: {code}.") from None
        said, reason = error.response["Error"], error.response.get("Reason")
        told = f"{said['Code']} ({reason})" if reason else said["Code"]
        kind = while_passing if answer.error is ComponentNotSettled else answer.error
        if while_busy and answer.busy:
            kind = while_busy
        message = said.get("Message", "").rstrip(". ") if quoting else ""
        words = ": ".join(filter(None, (who, error.operation_name, told, message)))
        raise kind(f"{words}. {answer.words}") from (error if quoting else None)
    except ParamValidationError:
        if quoting:
            raise
        raise RefusedUnexpectedly(f"{who}: a value is not one that AWS takes.") from None
