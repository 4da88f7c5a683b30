"""IAM Access Analyzer, which a plan asks for its findings.

https://docs.aws.amazon.com/access-analyzer/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from .answer import FAULT, THROTTLED, Answers, again, read, unsent

CALLS = "ListAnalyzers ListFindings"

ANSWERS: Answers = {
    "AccessDeniedException": read("The plan tells that it may not ask in this Region."),
    "InternalServerException": FAULT,
    "ResourceNotFoundException": again(
        "The analyzer was deleted a moment ago: it is not there at the next look."
    ),
    "ThrottlingException": THROTTLED,
    "ValidationException": unsent("The analyzer's ARN is the one that Access Analyzer gave."),
}
