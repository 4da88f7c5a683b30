"""Macie. Its pages name the same codes for every operation, and no reasons: each answer says what to see.

https://docs.aws.amazon.com/macie/latest/APIReference/operations.html
https://docs.aws.amazon.com/macie/latest/user/accounts-mgmt-ao-notes.html
"""

from __future__ import annotations

from .answer import FAULT, THROTTLED, Answers, again, quota, read, refused, unsent

CALLS = (
    "CreateMember DescribeOrganizationConfiguration EnableMacie EnableOrganizationAdminAccount "
    "GetAutomatedDiscoveryConfiguration GetFindingsPublicationConfiguration GetMacieSession ListMembers "
    "ListOrganizationAdminAccounts PutFindingsPublicationConfiguration UpdateAutomatedDiscoveryConfiguration "
    "UpdateMacieSession UpdateMemberSession UpdateOrganizationConfiguration"
)

_OFFERED = "see that Macie is offered in this Region; take a Region without it out of regions.governed."
_ONE = (
    "another account administers Macie in a Region that is not governed, and there can be one in all; take that off (aws macie2 "
    "disable-organization-admin-account), or sensitive-data out of the baseline."
)
_NO_MEMBER = (
    "Macie does not take the account as a member: another account is its administrator, by invitation; Macie is suspended in it; "
    "or it is the management account, where Macie is not on. See to that in the account, by its entry role, or name "
    "it in sensitiveData.exceptAccounts."
)

ANSWERS: Answers = {
    "AccessDeniedException": {
        "CreateMember": again(
            "The security account was taken off as the administrator of Macie a moment ago, or a policy stands against it: seen at "
            "the next look. If it goes on: " + _NO_MEMBER
        ),
        "DescribeOrganizationConfiguration": read("The account does not administer Macie in this Region."),
        "EnableOrganizationAdminAccount": refused(
            f"Macie lets the management account of an organization alone say who administers it: see that the stack is there, and {_OFFERED}"
        ),
        "GetAutomatedDiscoveryConfiguration": read("The account is a member: its administrator says."),
        "GetFindingsPublicationConfiguration": read("Macie is suspended."),
        "GetMacieSession": read("Macie is off."),
        "ListOrganizationAdminAccounts": refused(
            f"Macie tells the management account of an organization alone who administers it: see that the stack is there, and {_OFFERED}"
        ),
        "": again(
            "Macie was switched off, or the account taken off as its administrator, a moment ago: seen at the next look. If it goes "
            f"on: {_OFFERED}"
        ),
    },
    "ConflictException": {
        "CreateMember": again(
            "Macie, or somebody else, added the account a moment ago: seen at the next look. If it goes on: "
            + _NO_MEMBER
        ),
        "EnableOrganizationAdminAccount": again(
            "Somebody else designates the administrator of Macie at this moment, or the security account is it already: seen at the "
            f"next look. If it goes on: {_ONE}"
        ),
        "": again("Somebody else changes Macie at this moment: seen at the next look."),
    },
    "InternalServerException": FAULT,
    "ResourceNotFoundException": {
        "DescribeOrganizationConfiguration": read("The account does not administer Macie in this Region."),
        "GetFindingsPublicationConfiguration": read("Macie is suspended."),
        "GetMacieSession": read("Macie is off."),
        "EnableOrganizationAdminAccount": again(
            "Macie does not see a new account, or the trusted access of a moment ago, everywhere yet."
        ),
        "": again("Macie, or the member, was taken off a moment ago: seen at the next look."),
    },
    "ServiceQuotaExceededException": {
        "CreateMember": quota(
            "The security account has as many members in this Region as Macie takes (10,000). Remove those that are not needed, or "
            "name accounts in sensitiveData.exceptAccounts."
        ),
        "": again("Macie takes no more calls for a moment."),
    },
    "ThrottlingException": THROTTLED,
    "ValidationException": {
        "CreateMember": refused(_NO_MEMBER),
        "EnableOrganizationAdminAccount": refused(f"The security account is suspended, or {_ONE}"),
        "": unsent("Nothing is sent but what AWS documents."),
    },
}
