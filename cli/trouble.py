"""What a person can do about an error: one or two sentences, and an exit code by its kind.

What is not known here is a fault of Groundwork, and is shown with its stack trace.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

FAILED, DIFFERENCES, WRONG_INPUT, NOT_PERMITTED, UNREACHABLE, INTERRUPTED = 1, 2, 3, 4, 5, 130


class Trouble(Exception):
    """`what` happened, and the `remedy`; `code` is the exit code."""

    def __init__(self, what: str, remedy: str = "", code: int = WRONG_INPUT) -> None:
        super().__init__(what)
        self.what, self.remedy, self.code = what, remedy, code

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}".strip()


EXPIRED = frozenset(("ExpiredToken", "ExpiredTokenException", "RequestExpired"))
UNKNOWN_KEY = frozenset(
    ("InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch")
)
DENIED = frozenset(("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"))
SLOW = re.compile(r"Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|ServiceUnavailable|InternalFailure")
NOT_AN_ORGANIZATION = "AWSOrganizationsNotInUseException"
SIGN_IN_AGAIN = "Sign in again (`aws login`, `aws sso login`, or a new MFA session), then repeat the command."
CREDENTIALS: Mapping[str, tuple[str, str]] = {
    "NoCredentialsError": (
        "There are no AWS credentials.",
        "Give --profile, sign in with `aws login`, or take --local for the embedded AWS.",
    ),
    "PartialCredentialsError": (
        "The AWS credentials are incomplete.",
        "Set the key, its secret and the token.",
    ),
    "UnauthorizedSSOTokenError": ("The session of IAM Identity Center has ended.", SIGN_IN_AGAIN),
    "SSOTokenLoadError": ("There is no session of IAM Identity Center.", SIGN_IN_AGAIN),
    "TokenRetrievalError": ("The session of IAM Identity Center has ended.", SIGN_IN_AGAIN),
    "LoginTokenLoadError": ("There is no session of `aws login`.", SIGN_IN_AGAIN),
    "LoginRefreshRequired": ("The session of `aws login` has ended.", SIGN_IN_AGAIN),
    "CredentialRetrievalError": ("The credentials of this profile could not be had.", SIGN_IN_AGAIN),
}
"""By the name of botocore's exception."""


def explained(error: Exception) -> Trouble | None:
    """What to tell of an error. None when it is a fault of Groundwork."""
    if isinstance(error, Trouble):
        return error
    for kind in type(error).__mro__:
        if kind.__name__ in CREDENTIALS:
            return Trouble(*CREDENTIALS[kind.__name__], NOT_PERMITTED)
    usage = getattr(error, "format_message", None)
    if usage is not None and hasattr(error, "exit_code"):
        return Trouble(_usage(error, usage()))
    answer = error.__cause__
    if hasattr(answer, "response") and isinstance(
        answer, Exception
    ):  # named for the state machine; this is a person
        return _of_botocore(answer)
    remedy = getattr(error, "remedy", None)
    if isinstance(remedy, str) and type(error).__module__.startswith("groundwork."):
        return Trouble(str(error), remedy)
    return _of_botocore(error)


def is_refused(error: Exception) -> bool:
    """Whether it says that the caller may not."""
    trouble = explained(error)
    return trouble is not None and trouble.code == NOT_PERMITTED and "is not permitted" in trouble.what


def _usage(error: Exception, message: str) -> str:
    context = getattr(error, "ctx", None)
    return f"{message} See `{context.command_path} --help`." if context else message


def _of_botocore(error: Exception) -> Trouble | None:
    from botocore import exceptions

    match error:
        case exceptions.ProfileNotFound():
            return Trouble(
                f"{error}.",
                "Name one of `aws configure list-profiles`, or leave --profile out.",
                NOT_PERMITTED,
            )
        case (
            exceptions.EndpointConnectionError() | exceptions.ConnectionError() | exceptions.HTTPClientError()
        ):
            return Trouble(
                f"AWS cannot be reached: {error}.",
                "Check the network, AWS_ENDPOINT_URL, or whether `groundwork local` is running.",
                UNREACHABLE,
            )
        case exceptions.ClientError():
            return _of_answer(error)
        case exceptions.BotoCoreError():
            return Trouble(f"{error}.", "", NOT_PERMITTED)
    return None


def _of_answer(error: Exception) -> Trouble | None:
    answer = getattr(error, "response", {}).get("Error", {})
    code, message = str(answer.get("Code", "")), str(answer.get("Message", "")).rstrip(".")
    operation = getattr(error, "operation_name", "the call")
    if code in EXPIRED:
        return Trouble("The session has expired.", SIGN_IN_AGAIN, NOT_PERMITTED)
    if code in UNKNOWN_KEY:
        return Trouble(
            f"AWS does not know these credentials: {message}.",
            "Check the profile, or sign in again.",
            NOT_PERMITTED,
        )
    if code in DENIED:
        return Trouble(
            f"{operation} is not permitted: {message}.",
            "Use credentials that carry the managed policy groundwork-operator (to ask for accounts alone: "
            "groundwork-requester; to decide about requests: groundwork-approver; to have accounts closed: groundwork-closer).",
            NOT_PERMITTED,
        )
    if code == NOT_AN_ORGANIZATION:
        return Trouble(
            "This account has no organization.", "Use a profile of the management account.", NOT_PERMITTED
        )
    if SLOW.search(code):
        return Trouble(f"AWS asks to come back later: {message}.", "Repeat the command.", UNREACHABLE)
    return Trouble(f"{operation} failed: {code}: {message}.", "", FAILED)
