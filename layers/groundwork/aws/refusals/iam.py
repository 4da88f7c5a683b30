"""AWS IAM, STS, and IAM Identity Center with its identity store, as the security account administers them.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
https://docs.aws.amazon.com/singlesignon/latest/APIReference/CommonErrors.html
https://docs.aws.amazon.com/singlesignon/latest/userguide/delegated-admin.html
https://docs.aws.amazon.com/singlesignon/latest/userguide/limits.html
"""

from __future__ import annotations

from collections.abc import Mapping

from .answer import FAULT, THROTTLED, Answer, Answers, again, busy, quota, read, refused, unsent

CALLS = (
    "AddUserToGroup AttachGroupPolicy AttachRolePolicy CreateAccountAlias CreateGroup CreatePolicy "
    "CreatePolicyVersion CreateRole CreateServiceLinkedRole CreateUser DeactivateMFADevice DeleteAccessKey "
    "DeleteGroup DeleteGroupPolicy DeleteLoginProfile DeletePolicy DeletePolicyVersion DeleteRole "
    "DeleteRolePermissionsBoundary DeleteRolePolicy DeleteSSHPublicKey DeleteServiceSpecificCredential "
    "DeleteSigningCertificate DeleteUser DeleteUserPolicy DeleteVirtualMFADevice DetachGroupPolicy "
    "DetachRolePolicy DetachUserPolicy EnableOrganizationsRootCredentialsManagement "
    "EnableOrganizationsRootSessions GetAccountAuthorizationDetails GetAccountPasswordPolicy GetAccountSummary GetLoginProfile "
    "GetRole GetRolePolicy ListAccessKeys ListAccountAliases ListAttachedRolePolicies ListMFADevices "
    "ListOrganizationsFeatures ListRolePolicies ListRoles ListSSHPublicKeys ListServiceSpecificCredentials "
    "ListSigningCertificates ListVirtualMFADevices PutGroupPolicy PutRolePermissionsBoundary PutRolePolicy "
    "PutUserPolicy RemoveUserFromGroup TagRole TagUser UntagRole UntagUser UpdateAccessKey "
    "UpdateAccountPasswordPolicy UpdateAssumeRolePolicy UpdateGroup UpdateRole UpdateUser"
)
CALLS_OF_STS = "AssumeRole"

_ALL_FEATURES = refused(
    "The organization has consolidated billing only. Enable all features in it, then start the management account's "
    "execution again."
)
_NOT_MANAGEMENT = refused("Only the management account may do this: deploy the stack there.")
_SIZE = quota(
    "The policies together are longer than IAM takes, which cannot be raised. Declare shorter or fewer ones."
)
_ROLES = quota(
    "The account has as many roles as it may (quota 'Roles per account' of IAM). Raise it in that account, or delete roles."
)
_TAGS = quota("It has 50 tags, which cannot be raised: take off as many as are declared.")

_TRUST = again(
    "IAM does not know a principal of the trust policy that was made a moment ago. If it goes on: a declared principal does "
    "not exist, or the policy is not valid; the message says which. Correct it and deploy."
)
_NOT_TRUSTED = {
    "ListOrganizationsFeatures": read("Neither feature is on yet."),
    "": busy("IAM does not see its trusted access yet."),
}

ANSWERS: Answers = {
    "AccountNotManagementOrDelegatedAdministratorException": _NOT_MANAGEMENT,
    "CallerIsNotManagementAccountException": _NOT_MANAGEMENT,
    "ConcurrentModification": again("Another change of the same thing is in progress."),
    "DeleteConflict": again("Something was attached a moment ago: seen at the next look."),
    "EntityAlreadyExists": {
        "CreateAccountAlias": refused(
            "Another AWS account has this alias. Declare another one under accountSettings.alias, or null to have none."
        ),
        "": again("It was made a moment ago: seen at the next look."),
    },
    "EntityTemporarilyUnmodifiable": again("IAM does not take a change of a new user yet."),
    "InvalidInput": {
        "CreateServiceLinkedRole": again("The service-linked role is there already: seen at the next look."),
        "": refused(
            "IAM does not take a declared name, path, tag or description; the message says which. Correct it in "
            "baseline.yaml and deploy."
        ),
    },
    "LimitExceeded": {
        "CreateRole": _ROLES,
        "CreateServiceLinkedRole": _ROLES,
        "CreateUser": quota(
            "The account has 5,000 users, which cannot be raised: delete some, or use Identity Center."
        ),
        "UpdateUser": quota("The account has 5,000 users, which cannot be raised."),
        "CreateGroup": quota(
            "The account has as many groups as it may (quota 'Groups per account' of IAM). Raise it, or delete groups."
        ),
        "CreatePolicy": quota(
            "The account has as many policies as it may (quota 'Customer managed policies per account' of IAM). Raise it "
            "in that account, or delete some."
        ),
        "CreatePolicyVersion": again(
            "A version was made meanwhile: IAM keeps five, and the oldest goes at the next look."
        ),
        "AddUserToGroup": quota(
            "The user is in ten groups, which cannot be raised: take the user out of one."
        ),
        "AttachRolePolicy": quota(
            "The role has as many managed policies as it may (quota 'Managed policies per role' of IAM). Raise it in that "
            "account, or declare fewer."
        ),
        "AttachGroupPolicy": quota("The group has ten managed policies, as many as it may: declare fewer."),
        "CreateAccountAlias": again(
            "The account has an alias already, and may have one: seen at the next look."
        ),
        "UpdateAssumeRolePolicy": quota(
            "The trust policy is longer than the account takes (quota 'Role trust policy length' of IAM). Raise it in that "
            "account, or declare fewer principals."
        ),
        "PutRolePolicy": _SIZE,
        "PutGroupPolicy": _SIZE,
        "PutUserPolicy": again("The user has other policies since a moment ago: seen at the next look."),
        "TagRole": _TAGS,
        "TagUser": _TAGS,
        "": again("IAM counts as a change too many what is being changed a moment longer."),
    },
    "MalformedPolicyDocument": {
        "CreateRole": _TRUST,
        "UpdateAssumeRolePolicy": _TRUST,
        "": refused(
            "IAM does not take a declared policy; the message says why. Correct it in policies/ and deploy."
        ),
    },
    "NoSuchEntity": {
        "GetLoginProfile": read("The user has no password."),
        "GetRole": read("The role does not exist yet."),
        "ListAttachedRolePolicies": read("The role does not exist yet."),
        "GetAccountPasswordPolicy": read("The account has no password policy yet."),
        "AttachRolePolicy": again(
            "IAM does not show the new role everywhere yet. If it goes on: the declared managed policy does not exist; "
            "correct its name and deploy."
        ),
        "AttachGroupPolicy": again(
            "IAM does not show the new group everywhere yet. If it goes on: the declared managed policy does not exist; "
            "correct its name and deploy."
        ),
        "": again("IAM does not show a new thing everywhere yet, or what is to go has gone."),
    },
    "NotSupportedService": unsent("Credentials of all services are asked for."),
    "OrganizationNotFoundException": refused(
        "The account is in no organization: create one, with all features."
    ),
    "OrganizationNotInAllFeaturesModeException": _ALL_FEATURES,
    "PolicyNotAttachable": refused(
        "AWS keeps the declared managed policy for its service-linked roles: declare another."
    ),
    "ServiceAccessNotEnabled": _NOT_TRUSTED,  # as the API reference has it
    "ServiceAccessNotEnabledException": _NOT_TRUSTED,  # as the SDK has it
    "ServiceFailure": FAULT,
    "UnmodifiableEntity": refused(
        "A service of AWS has a role of this name, which nobody else may change. Declare another name."
    ),
}

ANSWERS_OF_STS: Answers = {
    "ExpiredTokenException": again("The function's own credentials have expired: asked again with new ones."),
    "MalformedPolicyDocument": unsent("The session policy is made of the component's permissions alone."),
    "PackedPolicyTooLarge": read(
        "Several components: in sessions of their own. One: `SessionPolicyTooLarge`."
    ),
    "RegionDisabledException": read("`AccountNotUsable`: STS is off in the Region, or not on yet."),
}

CALLS_OF_IDENTITY_CENTER = (
    "AttachManagedPolicyToPermissionSet CreateAccountAssignment CreatePermissionSet DeleteAccountAssignment "
    "DeleteInlinePolicyFromPermissionSet DeletePermissionSet DeletePermissionsBoundaryFromPermissionSet "
    "DescribeAccountAssignmentCreationStatus DescribeAccountAssignmentDeletionStatus DescribePermissionSet "
    "DescribePermissionSetProvisioningStatus DetachCustomerManagedPolicyReferenceFromPermissionSet "
    "DetachManagedPolicyFromPermissionSet GetInlinePolicyForPermissionSet GetPermissionsBoundaryForPermissionSet "
    "ListAccountAssignmentCreationStatus ListAccountAssignmentDeletionStatus ListAccountAssignments "
    "ListAccountsForProvisionedPermissionSet ListCustomerManagedPolicyReferencesInPermissionSet ListInstances "
    "ListManagedPoliciesInPermissionSet ListPermissionSetProvisioningStatus ListPermissionSets "
    "ListPermissionSetsProvisionedToAccount ListTagsForResource ProvisionPermissionSet PutInlinePolicyToPermissionSet "
    "TagResource UpdatePermissionSet"
)
CALLS_OF_IDENTITY_STORE = "DescribeGroup DescribeUser GetGroupId"

_NOT_ADMINISTERED = again(
    "IAM Identity Center does not see yet that the security account administers it. If it goes on: see whether a policy of the "
    "organization stands against the entry role, and whether somebody is assigned the permission set in the management account, "
    "where only that account may change it: take that assignment off there."
)
_DELETED = again("Somebody deleted it a moment ago: seen at the next look.")

_KEY = "The key of IAM Identity Center in AWS KMS, which the management account holds,"
_NOT_BY_THE_KEY = again(
    "The entry role may not use the key of IAM Identity Center in AWS KMS. If it goes on: let its policy, in the management account, "
    "allow that, as docs/declare.md has it (People of IAM Identity Center)."
)
_NO_KEY = refused(f"{_KEY} is not found: give IAM Identity Center, in its settings, one that is there.")
_UNUSABLE_KEY = refused(f"{_KEY} is off, or waits to be deleted: switch it on again, or cancel its deletion.")
_NO_SUCH_USE = refused(
    f"{_KEY} is not one that encrypts: give IAM Identity Center, in its settings, a symmetric one."
)
REASONS_OF_IDENTITY_CENTER: Mapping[str, Answer] = {
    "KMS_AccessDeniedException": _NOT_BY_THE_KEY,
    "KMS_DisabledException": _UNUSABLE_KEY,
    "KMS_InvalidKeyUsageException": _NO_SUCH_USE,
    "KMS_InvalidStateException": _UNUSABLE_KEY,
    "KMS_NotFoundException": _NO_KEY,
    "KMS_ThrottlingException": THROTTLED,
}
REASONS_OF_IDENTITY_STORE: Mapping[str, Answer] = {
    "KMS_ACCESS_DENIED": _NOT_BY_THE_KEY,
    "KMS_DISABLED": _UNUSABLE_KEY,
    "KMS_INVALID_ARN": _NO_KEY,
    "KMS_INVALID_KEY_USAGE": _NO_SUCH_USE,
    "KMS_INVALID_STATE": _UNUSABLE_KEY,
    "KMS_KEY_NOT_FOUND": _NO_KEY,
    "KMS_THROTTLING": THROTTLED,
}

ANSWERS_OF_IDENTITY_CENTER: Answers = {
    "AccessDeniedException": _NOT_ADMINISTERED,
    "ConflictException": again(
        "IAM Identity Center is at work on the same, or does not see a change of a moment ago yet: seen at the next look.",
        busy=True,
    ),
    "InternalServerException": FAULT,
    "ResourceNotFoundException": {
        "GetPermissionsBoundaryForPermissionSet": read("The permission set has no permissions boundary."),
        "": _DELETED,
    },
    "ServiceQuotaExceededException": quota(
        "There are as many permission sets as AWS allows in the organization or the account, or a permission set has as many "
        "policies as it may: delete one that is not needed, or ask AWS for more (Service Quotas, IAM Identity Center)."
    ),
    "ThrottlingException": THROTTLED,
    "ValidationException": refused(
        "IAM Identity Center does not take what is declared: the message says what. Correct the role, its policies or its "
        "permissionSet under access.roles."
    ),
}
ANSWERS_OF_IDENTITY_STORE: Answers = {
    "AccessDeniedException": _NOT_ADMINISTERED,
    "InternalServerException": FAULT,
    "ResourceNotFoundException": again(
        "The identity store is not there. That it has no such group or user is no error. If it goes on: see the settings of IAM Identity Center in the management "
        "account."
    ),
    "ThrottlingException": THROTTLED,
    "ValidationException": refused(
        "The identity store takes no such display name: correct it under identityCenter.groups."
    ),
}
