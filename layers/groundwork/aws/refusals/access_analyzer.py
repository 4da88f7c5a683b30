"""IAM Access Analyzer: its analyzers, and the findings that a plan asks for.

https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_CreateAnalyzer.html
https://docs.aws.amazon.com/access-analyzer/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from .answer import FAULT, THROTTLED, Answers, again, quota, read, unsent

CALLS = "CreateAnalyzer DeleteAnalyzer ListAnalyzers ListFindings"

_NOT_YET = again(
    "Access Analyzer does not see yet that the security account administers it. If it goes on: see with `aws organizations "
    "list-delegated-administrators --service-principal access-analyzer.amazonaws.com`, then start the management account's "
    "execution, and the security account's."
)

ANSWERS: Answers = {
    "AccessDeniedException": {
        "CreateAnalyzer": _NOT_YET,
        "": read("The plan tells that it may not ask in this Region."),
    },
    "ConflictException": again("An analyzer of this name was made a moment ago: seen at the next look."),
    "InternalServerException": FAULT,
    "ResourceNotFoundException": again(
        "The analyzer was deleted a moment ago: it is not there at the next look."
    ),
    "ServiceQuotaExceededException": quota(
        "There are as many analyzers of this type in the Region as AWS allows: five of the organization, or one of the "
        "account. Delete one that is not needed, or take external-access out of the baseline."
    ),
    "ThrottlingException": THROTTLED,
    "ValidationException": {
        "CreateAnalyzer": _NOT_YET,
        "": unsent("The analyzer's ARN is the one that Access Analyzer gave."),
    },
}
