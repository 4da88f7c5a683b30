"""Organizations' exceptions, with the message that AWS gives for each.

https://docs.aws.amazon.com/organizations/latest/APIReference/CommonErrors.html and each operation's page.
"""

from __future__ import annotations

from moto.organizations.exceptions import OrganizationsClientError

MESSAGES = {
    "AccessDeniedException": "You don't have permissions to access this resource.",
    "AWSOrganizationsNotInUseException": "Your account is not a member of an organization.",
    "AccountAlreadyClosedException": "The provided account is already closed.",
    "AccountNotFoundException": "You specified an account that doesn't exist.",
    "AccountNotRegisteredException": "The provided account is not a registered delegated administrator "
    "for your organization.",
    "ChildNotFoundException": "You specified a child that doesn't exist.",
    "ConcurrentModificationException": "AWS Organizations can't complete your request because it conflicts "
    "with another attempt to modify the same entity. Try again later.",
    "ConflictException": "The request failed because it conflicts with the current state of the specified resource.",
    "CreateAccountStatusNotFoundException": "We can't find a create account request with the "
    "CreateAccountRequestId that you specified.",
    "DestinationParentNotFoundException": "You specified a destination parent that doesn't exist.",
    "DuplicateAccountException": "That account is already present in the specified destination.",
    "DuplicatePolicyAttachmentException": "The selected policy is already attached to the specified target.",
    "EffectivePolicyNotFoundException": "We can't find an effective policy of that type for the target.",
    "FinalizingOrganizationException": "Your organization is still initializing. Wait one hour and try again.",
    "HandshakeAlreadyInStateException": "The specified handshake is already in the requested state.",
    "HandshakeNotFoundException": "We can't find a handshake with the HandshakeId that you specified.",
    "MasterCannotLeaveOrganizationException": "You can't remove a management account from an organization.",
    "OrganizationalUnitNotEmptyException": "The organizational unit still holds accounts or other "
    "organizational units.",
    "ParentNotFoundException": "You specified parent that doesn't exist.",
    "PolicyChangesInProgressException": "Changes to the effective policy are in progress. Try again later.",
    "PolicyNotAttachedException": "The policy isn't attached to the specified target in the specified root.",
    "PolicyTypeNotAvailableForOrganizationException": "The policy type isn't available: "
    "the organization must have all features enabled.",
    "PolicyTypeNotEnabledException": "This operation can be performed only for enabled policy types.",
    "ServiceException": "AWS Organizations can't complete your request because of an internal service error. Try again "
    "later.",
    "SourceParentNotFoundException": "You specified a source parent that doesn't exist.",
    "TargetNotFoundException": "You specified a target that doesn't exist.",
    "TooManyRequestsException": "You have sent too many requests in too short a period of time.",
    "UnsupportedAPIEndpointException": "This action isn't available in the current AWS Region.",
}

CONSTRAINTS = {
    "ACCOUNT_CANNOT_LEAVE_ORGANIZATION": "You can't remove the management account from the organization.",
    "ACCOUNT_NUMBER_LIMIT_EXCEEDED": "You have exceeded the allowed number of AWS accounts.",
    "ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED": "You have exceeded the number of accounts that can be in progress "
    "at a time.",
    "CANNOT_CLOSE_MANAGEMENT_ACCOUNT": "You can't close the management account.",
    "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR": "You cannot register master account/yourself as "
    "delegated administrator for your organization.",
    "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR": "You cannot register a suspended account "
    "as a delegated administrator.",
    "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG": "Deregister the account as a delegated administrator first.",
    "CLOSE_ACCOUNT_QUOTA_EXCEEDED": "You have exceeded close account quota for the past 30 days.",
    "CLOSE_ACCOUNT_REQUESTS_LIMIT_EXCEEDED": "You have exceeded the number of accounts you can close at a time.",
    "INVALID_PAYMENT_INSTRUMENT": "The payment method of the management account isn't supported.",
    "MASTER_ACCOUNT_ADDRESS_DOES_NOT_MATCH_MARKETPLACE": "The management account's marketplace doesn't match its "
    "address.",
    "MASTER_ACCOUNT_MISSING_BUSINESS_LICENSE": "The management account has no valid business license.",
    "MASTER_ACCOUNT_MISSING_CONTACT_INFO": "Provide a contact address and phone number for the management account.",
    "MASTER_ACCOUNT_PAYMENT_INSTRUMENT_REQUIRED": "Associate a payment instrument with the management account.",
    "MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED": "You have exceeded the number of delegated "
    "administrators for the service principal.",
    "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED": "You have attached the maximum number of policies of this type "
    "to the target.",
    "MAX_TAG_LIMIT_EXCEEDED": "You have exceeded the number of tags allowed on this resource.",
    "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED": "You can't detach the last policy of this type from the target.",
    "ORGANIZATION_NOT_IN_ALL_FEATURES_MODE": "The organization must have all features enabled.",
    "OU_DEPTH_LIMIT_EXCEEDED": "You have exceeded the depth of organizational units.",
    "OU_NUMBER_LIMIT_EXCEEDED": "You have exceeded the number of organizational units in the organization.",
    "POLICY_CONTENT_LIMIT_EXCEEDED": "You have exceeded the maximum policy size.",
    "POLICY_TYPE_ENABLED_FOR_THIS_SERVICE": "Disable the service's policy type before its service access.",
    "SERVICE_ACCESS_NOT_ENABLED": "Enable service access for the service principal first.",
    "TAG_POLICY_VIOLATION": "The tags aren't compliant with the tag policy requirements.",
    "UNMET_BILLING_PREREQUISITE": "The current billing configuration is unsupported.",
    "WAIT_PERIOD_ACTIVE": "This operation requires a wait period: the account is too young to leave.",
}

INPUTS = {
    "DUPLICATE_TAG_KEY": "Tag keys must be unique among the tags attached to the same entity.",
    "IMMUTABLE_POLICY": "You specified a policy that is managed by AWS and can't be modified.",
    "INPUT_REQUIRED": "You must include a value for all required parameters.",
    "INVALID_ENUM": "You specified an invalid value.",
    "INVALID_NEXT_TOKEN": "You specified an invalid value for nextToken.",
    "INVALID_PATTERN": "You provided a value that does not match the required pattern.",
    "INVALID_ROLE_NAME": "You provided a role name that isn't valid.",
    "INVALID_SYSTEM_TAGS_PARAMETER": "You specified a tag key that is a system tag.",
    "MAX_LENGTH_EXCEEDED": "You provided a string parameter that is longer than allowed.",
    "MAX_VALUE_EXCEEDED": "You provided a numeric parameter that has a larger value than allowed.",
    "MIN_LENGTH_EXCEEDED": "You provided a string parameter that is shorter than allowed.",
    "MIN_VALUE_EXCEEDED": "You provided a numeric parameter that has a smaller value than allowed.",
    "NON_DETACHABLE_POLICY": "You can't detach this AWS managed policy.",
    "TARGET_NOT_SUPPORTED": "You can't perform the specified operation on that target entity.",
    "UNRECOGNIZED_SERVICE_PRINCIPAL": "You specified an unrecognized service principal.",
}


def error(code: str, message: str | None = None) -> OrganizationsClientError:
    """An exception of Organizations by its name."""
    return OrganizationsClientError(code, message or MESSAGES[code])


def constraint(reason: str) -> OrganizationsClientError:
    """A ConstraintViolationException for that reason."""
    return _with_reason("ConstraintViolationException", reason, CONSTRAINTS[reason])


def invalid_input(reason: str) -> OrganizationsClientError:
    """An InvalidInputException for that reason."""
    return _with_reason("InvalidInputException", reason, INPUTS[reason])


def _with_reason(code: str, reason: str, message: str) -> OrganizationsClientError:
    exception = OrganizationsClientError(code, message)
    exception.Reason = reason  # type: ignore[attr-defined]
    return exception
