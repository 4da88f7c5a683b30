"""Amazon Inspector. No page says with which code it refuses an administrator: each says what to see.

https://docs.aws.amazon.com/inspector/v2/APIReference/API_EnableDelegatedAdminAccount.html
https://docs.aws.amazon.com/inspector/latest/user/designating-admin.html
"""

from __future__ import annotations

from .answer import FAULT, THROTTLED, Answers, again, refused, unsent

CALLS = "BatchGetAccountStatus EnableDelegatedAdminAccount ListDelegatedAdminAccounts"

_OFFERED = "see that Inspector is offered in this Region; take a Region without it out of regions.governed."

ANSWERS: Answers = {
    "AccessDeniedException": {
        "BatchGetAccountStatus": refused(
            f"The security account may not ask for its own status here: a policy stands against it, or {_OFFERED}"
        ),
        "": refused(
            "Inspector lets the management account of an organization alone say and look up who administers it: see that the "
            f"stack is there, and {_OFFERED}"
        ),
    },
    "ConflictException": again(
        "Somebody else designates the administrator of Inspector at this moment, or the security account is it already: seen at "
        "the next look. If it goes on: another account administers Inspector in a Region that is not governed, and there can "
        "be one in all; take that off (aws inspector2 disable-delegated-admin-account), or vulnerability-scanning out of the "
        "baseline."
    ),
    "InternalServerException": FAULT,
    "ResourceNotFoundException": {
        "EnableDelegatedAdminAccount": again(
            "Inspector does not see a new account, or the trusted access of a moment ago, everywhere yet."
        ),
        "": unsent("The account is the one that asks."),
    },
    "ThrottlingException": THROTTLED,
    "ValidationException": {
        "EnableDelegatedAdminAccount": refused(
            "The security account is suspended, or another account administers Inspector in some Region, and there can be one "
            "in all: take that off (aws inspector2 disable-delegated-admin-account), or vulnerability-scanning out of the "
            "baseline."
        ),
        "": unsent("Nothing is sent but the account's own id."),
    },
}
