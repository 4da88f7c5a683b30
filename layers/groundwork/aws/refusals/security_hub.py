"""AWS Security Hub CSPM.

https://docs.aws.amazon.com/securityhub/1.0/APIReference/CommonErrors.html
https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub_limits.html
"""

from __future__ import annotations

from .answer import FAULT, Answers, again, quota, read, refused

CALLS = (
    "CreateConfigurationPolicy CreateFindingAggregator DescribeHub DescribeOrganizationConfiguration "
    "EnableOrganizationAdminAccount EnableSecurityHub GetConfigurationPolicy GetFindingAggregator "
    "ListConfigurationPolicies ListConfigurationPolicyAssociations ListFindingAggregators "
    "ListOrganizationAdminAccounts StartConfigurationPolicyAssociation UpdateConfigurationPolicy "
    "UpdateFindingAggregator UpdateOrganizationConfiguration"
)

_NOT_YET = again(
    "Security Hub does not show everywhere yet that it is enabled here, or that the security account administers it. If "
    "it goes on: see who is the delegated administrator in Security Hub's settings, in the management account."
)
_STANDARD = refused(
    "Security Hub does not take the configuration policy: `aws securityhub describe-standards` lists the standards that it "
    "has in the home Region; declare those under posture.standards, and existing controls under posture.exceptions."
)

ANSWERS: Answers = {
    "AccessDeniedException": {
        "DescribeOrganizationConfiguration": read("The account does not administer Security Hub yet."),
        "EnableOrganizationAdminAccount": refused(
            "The function's role may not do this, or a policy of the organization stands against it. Only the management "
            "account may name the administrator."
        ),
        "EnableSecurityHub": refused(
            "The account is bound by a configuration policy that disables Security Hub here, or a policy of the "
            "organization stands against it: change that policy, or take posture out of the baseline."
        ),
        "": refused(
            "The security account may not do this: central configuration is not on, or a policy of the organization stands "
            "against it. See Security Hub's settings, Configuration, in the home Region."
        ),
    },
    "InternalException": FAULT,
    "InvalidAccessException": {
        "DescribeHub": read("Security Hub is not enabled in this account and Region."),
        "DescribeOrganizationConfiguration": read("The account does not administer Security Hub yet."),
        "": _NOT_YET,
    },
    "InvalidInputException": {
        "CreateConfigurationPolicy": _STANDARD,
        "UpdateConfigurationPolicy": _STANDARD,
        "CreateFindingAggregator": refused(
            "Security Hub cannot gather findings here: a Region that AWS has off by default cannot be regions.home, and "
            "each governed Region must be on. Declare another one, or switch it on in the security account."
        ),
        "UpdateFindingAggregator": refused(
            "A governed Region is off in the security account: switch it on there, or take it out of regions.governed."
        ),
        "EnableOrganizationAdminAccount": refused(
            "Another account administers Security Hub, here or in another Region, or the security account is not active. "
            "Remove that administrator in Security Hub's settings, or declare its account as the security account."
        ),
        "UpdateOrganizationConfiguration": refused(
            "Central configuration cannot be switched on: it needs a finding aggregator whose home is regions.home, and no "
            "Security Hub CSPM policies of AWS Organizations. See both in the security account."
        ),
        "": refused("Security Hub does not take the call; the message says what is wrong."),
    },
    "LimitExceededException": {
        "CreateConfigurationPolicy": quota(
            "The organization has as many configuration policies as it may. Delete one in Security Hub that is "
            "associated with nothing, or declare its name under posture.policy."
        ),
        "": again("Security Hub takes no more calls for a moment."),
    },
    "ResourceConflictException": {
        "CreateConfigurationPolicy": again(
            "A configuration policy of this name was made a moment ago: seen at the next look."
        ),
        "EnableSecurityHub": again("It is enabled already: seen at the next look."),
        "": again("Security Hub is carrying out another change of the organization's configuration."),
    },
    "ResourceNotFoundException": {
        "DescribeHub": read("Security Hub is not enabled in this account and Region."),
        "": again("It was deleted a moment ago, or is not shown everywhere yet: seen at the next look."),
    },
}
