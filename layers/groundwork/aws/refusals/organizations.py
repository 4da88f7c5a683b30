"""AWS Organizations.

https://docs.aws.amazon.com/organizations/latest/APIReference/API_Operations.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
"""

from __future__ import annotations

from collections.abc import Mapping

from .answer import Answer, Answers, again, busy, quota, read, refused, unsent

CALLS = (
    "AttachPolicy CloseAccount CreateAccount CreateOrganizationalUnit CreatePolicy DeleteOrganizationalUnit DescribeAccount DescribeCreateAccountStatus "
    "DescribeOrganization DescribeOrganizationalUnit DescribePolicy EnableAWSServiceAccess EnablePolicyType "
    "ListAWSServiceAccessForOrganization ListAccounts ListAccountsForParent ListCreateAccountStatus ListDelegatedAdministrators "
    "ListDelegatedServicesForAccount "
    "ListOrganizationalUnitsForParent ListParents ListPolicies ListPoliciesForTarget ListRoots ListTagsForResource ListTargetsForPolicy "
    "MoveAccount RegisterDelegatedAdministrator TagResource UntagResource UpdatePolicy"
)

_CREATION = read("`AccountRefused`, by the reasons below.")

ANSWERS: Answers = {
    "AWSOrganizationsNotInUseException": read("`OrganizationNotReady`: the account is in no organization."),
    "AccessDeniedException": {
        "CreateAccount": _CREATION,
        "ListDelegatedAdministrators": read("The account administers nothing yet."),
        "": refused(
            "The function's role may not do this. See that the stack is in the management account and its roles are as "
            "deployed, and that no permissions boundary or resource policy of the organization stands against it."
        ),
    },
    "AccountAlreadyClosedException": read("The account is closed: seen at the next pass."),
    "AccountAlreadyRegisteredException": again("It is registered already: seen at the next look."),
    "AccountNotFoundException": {
        "DescribeAccount": read("`AccountUnknown`."),
        "": again("Organizations does not show a new account everywhere yet."),
    },
    "AccountNotRegisteredException": read("The account administers nothing yet."),
    "ChildNotFoundException": again("Organizations does not show a new account everywhere yet."),
    "ConcurrentModificationException": {
        "CloseAccount": read("Somebody else changes the account: the next pass asks again."),
        "": busy("Somebody else changes the same thing."),
    },
    "ConflictException": read("AWS is closing the account already: seen at the next pass."),
    "ConstraintViolationException": {
        "CreateAccount": _CREATION,
        "": refused("A rule or a quota of AWS Organizations stands against it; the cause names its reason."),
    },
    "CreateAccountStatusNotFoundException": read(
        "`CreationFailedForNow`: the next attempt looks for the account first."
    ),
    "DestinationParentNotFoundException": read("The unit is gone: its path is looked up anew."),
    "DuplicateAccountException": read("The account is in the unit already."),
    "DuplicateOrganizationalUnitException": {
        "CreateOrganizationalUnit": again("Somebody else made the unit a moment ago: seen at the next look.")
    },
    "DuplicatePolicyAttachmentException": again("It is attached already: seen at the next look."),
    "DuplicatePolicyException": again("A policy of this name was made a moment ago: seen at the next look."),
    "FinalizingOrganizationException": busy("A new organization is being set up, for up to an hour."),
    "InvalidInputException": {
        "CreateAccount": _CREATION,
        "": unsent("Organizations does not take what Groundwork sends; the cause names its reason."),
    },
    "MalformedPolicyDocumentException": refused(
        "Organizations does not take a policy's text: look for a character in the declared names that AWS does not "
        "allow in a policy; of an Inspector policy, for a governed Region that Inspector does not have; in a policy of your "
        "own, for a setting that its type does not have."
    ),
    "OrganizationalUnitNotFoundException": refused(
        "The unit was deleted meanwhile. Start the execution again."
    ),
    "OrganizationalUnitNotEmptyException": again(
        "Somebody moved something into the unit: it stays, and is told."
    ),
    "ParentNotFoundException": again("The unit above was deleted, or is not shown everywhere yet."),
    "PolicyChangesInProgressException": busy("Another change of policies is in progress."),
    "PolicyNotFoundException": again("The policy was deleted, or is not shown everywhere yet."),
    "PolicyTypeAlreadyEnabledException": again("It is on already: seen at the next look."),
    "PolicyTypeNotAvailableForOrganizationException": refused(
        "The organization has consolidated billing only. Enable all features in it, then start the management account's "
        "execution again."
    ),
    "PolicyTypeNotEnabledException": busy("The policy type is being switched on in the root."),
    "RootNotFoundException": unsent("Organizations has no root of the id that it gave."),
    "ServiceException": {
        "CreateAccount": read("`CreationUnanswered`: the next attempt looks for the account first."),
        "": busy("Organizations has a fault of its own for a moment."),
    },
    "SourceParentNotFoundException": refused(
        "Somebody moved the account meanwhile. Start the execution again: it looks where the account is."
    ),
    "TargetNotFoundException": again("Organizations does not show a new thing everywhere yet."),
    "TooManyRequestsException": {
        "CreateAccount": read("`CreationTooFast`."),
        "CloseAccount": read("The next pass asks again."),
        "": busy("Organizations takes no more calls for a moment."),
    },
    "UnsupportedAPIEndpointException": {
        "CreateAccount": _CREATION,
        "": refused(
            "Organizations has its endpoint in another Region of this partition: deploy the stack there."
        ),
    },
}

REASONS: Mapping[str, Answer] = {
    "CLOSE_ACCOUNT_REQUESTS_LIMIT_EXCEEDED": read(
        "AWS is closing three accounts, as many as it takes at once: the next pass asks again."
    ),
    "CLOSE_ACCOUNT_QUOTA_EXCEEDED": read(
        "AWS closes no more accounts in 30 days: asked again every six hours, in the order in which they are due."
    ),
    "DELEGATED_ADMINISTRATOR_EXISTS_FOR_THIS_SERVICE": refused(
        "An account administers this service already, and it takes one. `aws organizations "
        "list-delegated-administrators --service-principal` names it; deregister it, or declare that account."
    ),
    "MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED": quota(
        "The service has as many delegated administrators as it takes (AWS Config three). `aws organizations "
        "list-delegated-administrators --service-principal` names them; deregister one that is not needed."
    ),
    "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR": refused(
        "The management account cannot administer by delegation: declare another account as security account."
    ),
    "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR": refused(
        "The security account is closed or suspended: reopen it through AWS Support."
    ),
    "SERVICE_ACCESS_NOT_ENABLED": busy("Trusted access of the service was given a moment ago, or is off."),
    "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED": quota(
        "The root, unit or account has as many policies of the type as it takes: ten service control policies since May "
        "2026 (five before), five resource control policies, AWS's own included (quota 'Service control policies attached "
        "to a root, OU or account', or of the other type). Detach one that is not needed, or join two."
    ),
    "POLICY_NUMBER_LIMIT_EXCEEDED": quota(
        "The organization has as many policies of this type as it may (quota 'Service control policies in an "
        "organization'). Delete one that is attached nowhere."
    ),
    "POLICY_CONTENT_LIMIT_EXCEEDED": quota(
        "The policy is longer than the organization takes: 10,240 characters of a service control policy since May 2026 "
        "(5,120 before), 5,120 of a resource control policy (quota 'Maximum size of a service control policy document', or "
        "of the other type). Declare fewer roles, groups and outsiders, or shorter names."
    ),
    "OU_NUMBER_LIMIT_EXCEEDED": quota(
        "The organization has as many organizational units as it may (quota 'OUs in an organization'). Delete one "
        "that is not needed, or ask AWS for more."
    ),
    "OU_DEPTH_LIMIT_EXCEEDED": quota(
        "A declared unit lies deeper than five levels below the root (quota 'OU maximum nesting in a root', which "
        "cannot be raised). Declare a shorter path."
    ),
    "ORGANIZATION_NOT_IN_ALL_FEATURES_MODE": refused(
        "The organization has consolidated billing only. Enable all features in it, then start the management account's "
        "execution again."
    ),
    "POLICY_TYPE_ENABLED_FOR_THIS_SERVICE": refused(
        "The service is governed by a policy type of its own: switch that off first, or leave the service to it."
    ),
    "MAX_TAG_LIMIT_EXCEEDED": quota(
        "The account or the policy has 50 tags, which cannot be raised. Take off as many as Groundwork needs."
    ),
    "TAG_POLICY_VIOLATION": refused(
        "A tag policy of the organization does not allow the tag. Allow Groundwork's (groundwork:*, managed-by) in it."
    ),
    "WAIT_PERIOD_ACTIVE": busy("AWS lets some days pass after an account was made."),
    "UNRECOGNIZED_SERVICE_PRINCIPAL": refused(
        "Organizations does not know this service here. Take the component that needs it out of the baseline."
    ),
    "IMMUTABLE_POLICY": refused(
        "guardrails.policy is declared as a policy of AWS's own: declare another name."
    ),
    "INVALID_SYSTEM_TAGS_PARAMETER": refused("A tag's key begins with aws:, which is AWS's: use another."),
    "DUPLICATE_TAG_KEY": refused("Two tags have keys that differ in letter case alone: use one."),
    "INVALID_PATTERN": refused(
        "A declared name has a character that Organizations does not take; the message says where."
    ),
    "MAX_LENGTH_EXCEEDED": refused(
        "A declared name or tag is longer than Organizations takes; the message says which."
    ),
    "MOVING_ACCOUNT_BETWEEN_DIFFERENT_ROOTS": unsent("An organization has one root."),
    "TARGET_NOT_SUPPORTED": unsent("Groundwork attaches to the root."),
}
"""Of ConstraintViolationException and InvalidInputException, those that a call of Groundwork besides CreateAccount may
meet."""
