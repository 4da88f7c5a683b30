"""GuardDuty. Whatever it does not take is a BadRequestException, and its message says why.

https://docs.aws.amazon.com/guardduty/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from .answer import FAULT, Answers, again, read, refused, unsent

CALLS = (
    "CreateDetector DescribeOrganizationConfiguration EnableOrganizationAdminAccount GetDetector ListDetectors "
    "ListOrganizationAdminAccounts UpdateDetector UpdateOrganizationConfiguration"
)

ANSWERS: Answers = {
    "BadRequestException": {
        "CreateDetector": again(
            "Somebody made a detector a moment ago: seen at the next look. If it goes on: the Region lacks a feature that is "
            "declared; take it out of threatDetection.features, or the Region out of regions.governed."
        ),
        "DescribeOrganizationConfiguration": read(
            "The account does not administer GuardDuty in this Region."
        ),
        "EnableOrganizationAdminAccount": again(
            "GuardDuty does not see the trusted access of a moment ago, or another account administers it: seen at the next "
            "look. If it goes on: GuardDuty is not offered in this Region; take it out of regions.governed."
        ),
        "ListOrganizationAdminAccounts": refused(
            "GuardDuty says who administers it to the management account of an organization alone: see that the stack is "
            "there, and that GuardDuty is offered in this Region; take a Region without it out of regions.governed."
        ),
        "UpdateDetector": refused(
            "The Region lacks a feature that is declared: take it out of threatDetection.features. Or a GuardDuty policy of "
            "the organization manages the detector: declare by: policy, or detach that policy."
        ),
        "UpdateOrganizationConfiguration": refused(
            "The Region lacks a feature that is declared: take it out of threatDetection.features. Or GuardDuty policies are "
            "enabled in the organization, beside which there is no auto-enable: declare by: policy, or disable that type."
        ),
        "": unsent("The detector is the one that GuardDuty named."),
    },
    "InternalServerErrorException": FAULT,
}
