"""What Groundwork makes of an exception of AWS, as data: it decides at run time, and is shown in docs/errors.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from groundwork.errors import (
    ComponentNotSettled,
    GroundworkError,
    OrganizationBusy,
    QuotaReached,
    RefusedByAws,
    RefusedUnexpectedly,
)


@dataclass(frozen=True)
class Answer:
    """`error` is what the exception becomes in a component; None where the code that asks reads it as an answer.
    `words` say what it means and what to do, in sentences. `busy`: AWS has too much to do, or is at work on the same, which
    may last as long as what a component waits for."""

    error: type[GroundworkError] | None
    words: str
    busy: bool = False


Answers = Mapping[str, "Answer | Mapping[str, Answer]"]
"""By AWS's code; where it means several things, by operation, with "" for all others."""

again = partial(Answer, ComponentNotSettled)
"""Asked again for some minutes."""
busy = partial(Answer, OrganizationBusy)
"""Asked again for as long as a new organization may need."""
quota = partial(Answer, QuotaReached)
refused = partial(Answer, RefusedByAws)
unsent = partial(Answer, RefusedUnexpectedly)
"""Nothing that Groundwork sends leads to it."""
read = partial(Answer, None)

THROTTLED = again("AWS takes no more calls for a moment; the SDK has asked up to eight times.", busy=True)
FAULT = again("AWS has a fault of its own for a moment; the SDK has asked up to eight times.")

COMMON: Answers = {
    **dict.fromkeys(
        ("RequestLimitExceeded", "SlowDown", "Throttling", "ThrottlingException", "TooManyRequestsException"),
        THROTTLED,
    ),
    **dict.fromkeys(
        (
            "InternalError",
            "InternalFailure",
            "InternalServiceError",
            "ServiceUnavailable",
            "ServiceUnavailableException",
        ),
        FAULT,
    ),
}
"""Of every service, whether its model says so or not.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonErrors.html and the same page of each service
"""
