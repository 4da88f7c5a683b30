"""What else is laid down in an account: KMS, S3, EC2, SSM, CloudFormation, and its contacts.

https://docs.aws.amazon.com/accounts/latest/reference/API_PutAlternateContact.html
https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

from collections.abc import Mapping

from groundwork.contacts import WITH_STATE

from .answer import FAULT, THROTTLED, Answer, Answers, again, quota, read, refused, unsent

CALLS_OF_ACCOUNT = (
    "DeleteAlternateContact GetAccountInformation GetAlternateContact GetContactInformation GetPrimaryEmail PutAccountName PutAlternateContact PutContactInformation "
    "StartPrimaryEmailUpdate"
)
CALLS_OF_KMS = (
    "CancelKeyDeletion CreateAlias CreateKey DescribeKey EnableKey EnableKeyRotation GetKeyPolicy GetKeyRotationStatus "
    "ListKeys ListResourceTags PutKeyPolicy TagResource UpdateAlias"
)
CALLS_OF_S3 = (
    "CreateBucket GetBucketAcl GetBucketEncryption GetBucketLifecycleConfiguration GetBucketLogging "
    "GetBucketOwnershipControls GetObjectLockConfiguration PutObjectLockConfiguration "
    "GetBucketPolicy GetBucketPolicyStatus GetBucketVersioning GetObject GetPublicAccessBlock ListBuckets ListObjectsV2 PutBucketEncryption "
    "PutBucketLifecycleConfiguration PutBucketLogging PutBucketOwnershipControls PutBucketPolicy PutBucketVersioning "
    "PutObject PutPublicAccessBlock"
)
CALLS_OF_S3CONTROL = "GetPublicAccessBlock PutPublicAccessBlock"
CALLS_OF_CLOUDFORMATION = (
    "CreateChangeSet CreateStack DeleteChangeSet DeleteStack DescribeChangeSet DescribeEvents "
    "DescribeStackDriftDetectionStatus DescribeStackEvents DescribeStackResourceDrifts DescribeStackResources DescribeStacks DetectStackDrift ExecuteChangeSet "
    "GetTemplate UpdateTerminationProtection"
)
CALLS_OF_STACK_SETS = (
    "CreateStackInstances CreateStackSet DeleteStackInstances DeleteStackSet DescribeStackSet DescribeStackSetOperation "
    "ListStackInstances ListStackSetAutoDeploymentTargets ListStackSetOperationResults ListStackSetOperations ListStackSets "
    "UpdateStackSet"
)
CALLS_OF_SSM = "GetParameter PutParameter"
CALLS_OF_EC2 = (
    "DeleteInternetGateway DeleteNetworkAclEntry DeleteSubnet DeleteVpc DescribeInternetGateways DescribeNetworkAcls "
    "DescribeNetworkInterfaces DescribeRegions DescribeRouteTables DescribeSecurityGroups DescribeSubnets DescribeVpcs "
    "DetachInternetGateway EnableEbsEncryptionByDefault GetEbsEncryptionByDefault RevokeSecurityGroupEgress "
    "RevokeSecurityGroupIngress"
)

_NO_STORE = unsent("Groundwork's key is in no custom key store.")
_LATE = again("KMS does not show a new key or alias everywhere yet, for up to five minutes.")
_CAPITALS = "Declare another one under logArchive, or another cdk.qualifier."

_NOT_TRUSTED = (
    "The organization does not trust AWS Account Management: apply the management account with changes: {{{key}: true}} in the "
    "declaration, or see that the function's role may do account:{operation}."
)
_NAMES = {
    name: refused(_NOT_TRUSTED.format(key="renaming", operation=name))
    for name in ("GetAccountInformation", "PutAccountName")
}
_EMAIL = {
    name: refused(_NOT_TRUSTED.format(key="email", operation=name))
    for name in ("GetPrimaryEmail", "StartPrimaryEmailUpdate")
}
_CONTACTS_OF_OTHERS = {
    name: refused(_NOT_TRUSTED.format(key="contacts", operation=name))
    for name in ("DeleteAlternateContact", "GetContactInformation", "PutContactInformation")
}

ANSWERS_OF_ACCOUNT: Answers = {
    "AccessDeniedException": {
        **_NAMES,
        **_EMAIL,
        **_CONTACTS_OF_OTHERS,
        "": refused(
            "Something denies the account its own contacts, like a service control policy: let the entry role do "
            "account:GetAlternateContact and account:PutAlternateContact, or take account-contacts out of baseline. In a change of "
            "an account: the organization does not trust AWS Account Management; apply the management account with changes: "
            "{contacts: true} in the declaration."
        ),
    },
    "ConflictException": refused(
        "Another AWS account, in whatever organization, has that e-mail address, or the account's address is being changed just now: ask "
        "for another one, or once more in some minutes."
    ),
    "InternalServerException": FAULT,
    "ResourceNotFoundException": {
        "GetPrimaryEmail": refused(
            "AWS does not know the account: see whether it has left the organization."
        ),
        "StartPrimaryEmailUpdate": refused(
            "AWS does not know the account: see whether it has left the organization."
        ),
        "": read("There is no such contact."),
    },
    "TooManyRequestsException": THROTTLED,
    "ValidationException": {
        "GetAccountInformation": unsent("The account's id is the one that Organizations gave."),
        "GetPrimaryEmail": unsent("The account's id is the one that Organizations gave."),
        "DeleteAlternateContact": unsent(
            "AWS has three types of alternate contact, and a request can name no other."
        ),
        "PutAccountName": refused("AWS does not take the name: ask for another one."),
        "StartPrimaryEmailUpdate": refused("AWS does not take the e-mail address: ask for another one."),
        "PutContactInformation": refused(
            "AWS does not take the primary contact: a field is longer than it allows, or is not what it says, or "
            f"stateOrRegion is missing, which AWS asks for in {', '.join(WITH_STATE)}."
        ),
        "": refused(
            "AWS does not take a contact as it is declared, or asked for: correct it under accountContacts and deploy, or in the event."
        ),
    },
}

ANSWERS_OF_KMS: Answers = {
    "AlreadyExistsException": again(
        "The alias was made a moment ago, and KMS shows it late: for up to five minutes."
    ),
    "CloudHsmClusterInvalidConfigurationException": _NO_STORE,
    "CustomKeyStoreInvalidStateException": _NO_STORE,
    "CustomKeyStoreNotFoundException": _NO_STORE,
    "DependencyTimeoutException": FAULT,
    "DisabledException": again("The key was disabled a moment ago: it is enabled at the next look."),
    "InvalidAliasNameException": refused(
        "KMS takes no alias of the declared name: give logArchive.keyAlias letters, digits and /_- after alias/, and not "
        "alias/aws/."
    ),
    "InvalidArnException": unsent("The key's ARN is the one that KMS gave."),
    "InvalidMarkerException": unsent("The page is the one that KMS named."),
    "KMSInternalException": FAULT,
    "KMSInvalidStateException": again(
        "KMS does not take this in the key's present state, which is changing."
    ),
    "LimitExceededException": {
        "CreateAlias": quota(
            "The key has 50 aliases (quota 'Aliases per KMS key'). Delete one, or raise the quota."
        ),
        "UpdateAlias": quota(
            "The key has 50 aliases (quota 'Aliases per KMS key'). Delete one, or raise the quota."
        ),
        "PutKeyPolicy": quota(
            "The key's policy is longer than KMS takes (quota 'Key policy document size', 32 KB). Declare admit: "
            "organization under logArchive."
        ),
        "TagResource": quota("The key has 50 tags, which cannot be raised: take one off."),
        "": quota(
            "The security account has as many keys in the Region as it may (quota 'KMS keys' of AWS KMS). Raise it there, "
            "or delete keys that nothing is encrypted with."
        ),
    },
    "MalformedPolicyDocumentException": again(
        "KMS does not know a principal of the policy yet. If it goes on: an account under logArchive.admit does not exist."
    ),
    "NotFoundException": {"DescribeKey": read("There is no such key or alias yet."), "": _LATE},
    "TagException": unsent("The key's tags follow from its alias, which KMS has taken."),
    "UnsupportedOperationException": refused(
        "KMS does not do this with a key of this kind. The declared alias leads to an asymmetric, imported or custom key: "
        "declare another logArchive.keyAlias."
    ),
    "XksKeyAlreadyInUseException": _NO_STORE,
    "XksKeyInvalidConfigurationException": _NO_STORE,
    "XksKeyNotFoundException": _NO_STORE,
}

_OF_BUCKETS: Answers = {
    "BucketAlreadyExists": refused(f"The bucket's name belongs to another AWS account. {_CAPITALS}"),
    "BucketAlreadyOwnedByYou": again("The bucket was made a moment ago: seen at the next look."),
    "IllegalLocationConstraintException": unsent("A bucket is made in the Region that is asked for it."),
    "InvalidBucketAclWithObjectOwnership": refused(
        "The bucket's ACL lets others in. Look whom, then set the ACL to private."
    ),
    "InvalidBucketState": again("Versioning, which Object Lock needs, is not seen everywhere yet."),
    "InvalidBucketName": refused(f"S3 takes no bucket of this name. {_CAPITALS}"),
    "MalformedPolicy": again(
        "S3 does not know a principal of the policy yet. If it goes on: an account under logArchive.admit does not exist."
    ),
    "NoSuchBucket": again("S3 does not show the new bucket everywhere yet."),
    "OperationAborted": again("Another change of the bucket is in progress."),
    "TooManyBuckets": quota(
        "The account has as many buckets as it may (quota 'General purpose buckets' of Amazon S3). Raise it "
        "there, or delete buckets."
    ),
}

ANSWERS_OF_S3: Answers = {
    **_OF_BUCKETS,
    "EncryptionTypeMismatch": unsent("A roll-out's objects are written in one piece."),
    "InvalidObjectState": unsent("A roll-out's objects are archived nowhere."),
    "InvalidRequest": unsent("A roll-out's objects are written in one piece."),
    "InvalidWriteOffset": unsent("A roll-out's objects are written in one piece."),
    "NoSuchKey": read("The roll-out has no such result: told in its summary."),
    "TooManyParts": unsent("A roll-out's objects are written in one piece."),
}

ANSWERS_OF_S3CONTROL: Answers = {
    "NoSuchPublicAccessBlockConfiguration": read("The account blocks nothing yet."),
}

_USED = again(
    "Somebody put something into the default VPC a moment ago: it is in use, and reported, at the next look. If it goes on: "
    "it holds something to which no route leads, like a VPN gateway, an endpoint or a peering connection; delete that."
)
_GONE = again("It was deleted meanwhile: seen at the next look.")

ANSWERS_OF_EC2: Answers = {
    "DependencyViolation": {
        "DeleteInternetGateway": _USED,
        "DeleteSubnet": _USED,
        "DeleteVpc": _USED,
        "DetachInternetGateway": _USED,
    },
    "Gateway.NotAttached": {
        "DetachInternetGateway": again("It was detached meanwhile: seen at the next look.")
    },
    "InvalidGroup.NotFound": {"RevokeSecurityGroupEgress": _GONE, "RevokeSecurityGroupIngress": _GONE},
    "InvalidInternetGatewayID.NotFound": {"DeleteInternetGateway": _GONE},
    "InvalidNetworkAclEntry.NotFound": {"DeleteNetworkAclEntry": _GONE},
    "InvalidNetworkAclID.NotFound": {"DeleteNetworkAclEntry": _GONE},
    "InvalidPermission.NotFound": {"RevokeSecurityGroupEgress": _GONE, "RevokeSecurityGroupIngress": _GONE},
    "InvalidSubnetID.NotFound": {"DeleteSubnet": _GONE},
    "InvalidVpcID.NotFound": {"DeleteVpc": _GONE},
}

_ASKED = again("This execution has asked for it already: what became of it is seen at the next look.")

_DELETED = again("Somebody else has deleted it meanwhile: seen at the next look.")
_SET_AT_WORK = again(
    "Another operation on the StackSet is at work, somebody else's or CloudFormation's own: asked again."
)
_REFUSED_SETS = refused(
    "CloudFormation does not take the template, a parameter or a setting of the StackSet, for the reason that it gives."
)

_OF_STACK_SETS: Answers = {
    "CreatedButModifiedException": again(
        "The StackSet was made a moment ago, and changed since: seen at the next look."
    ),
    "InvalidOperationException": refused(
        "CloudFormation does not take the operation, for the reason that it gives: see that the units are there, the Regions "
        "enabled, and trusted access for StackSets active."
    ),
    "NameAlreadyExistsException": again("The StackSet was made a moment ago: seen at the next look."),
    "OperationIdAlreadyExistsException": _ASKED,
    "OperationInProgressException": _SET_AT_WORK,
    "OperationNotFoundException": again(
        "CloudFormation does not show the operation yet: seen at the next look."
    ),
    "StackInstanceNotFoundException": _DELETED,
    "StackSetNotEmptyException": again("The StackSet is in accounts still: seen at the next look."),
    "StackSetNotFoundException": _DELETED,
    "StaleRequestException": _SET_AT_WORK,
}

_LIMITS_OF_STACK_SETS: Mapping[str, Answer] = {
    "CreateStackInstances": quota(
        "CloudFormation has as many instances of a StackSet, or operations, as it may (100,000 instances). Name fewer units or "
        "Regions."
    ),
    "CreateStackSet": quota(
        "The account that administers StackSets has as many as it may (quota 'Stack sets per administrator account' of AWS "
        "CloudFormation, 1,000). Raise it, or delete some."
    ),
}
_WHAT_STACK_SETS_REFUSE: Mapping[str, Answer] = {
    "CreateStackInstances": _REFUSED_SETS,
    "CreateStackSet": _REFUSED_SETS,
    "ListStackSets": read("The account is no delegated administrator of StackSets."),
    "UpdateStackSet": _REFUSED_SETS,
}

ANSWERS_OF_CLOUDFORMATION: Answers = {
    **_OF_STACK_SETS,
    "AlreadyExistsException": again(
        "The stack was made, or its change set deleted, a moment ago: seen at the next look."
    ),
    "ChangeSetNotFound": {
        "DescribeChangeSet": read("There is no change set of this name yet."),
        "": again(
            "Somebody else has changed the stack, and CloudFormation has deleted the change set: it is made anew."
        ),
    },
    "InsufficientCapabilitiesException": {
        "CreateChangeSet": read("Told of that stack; the others are worked on."),
        "": refused(
            "The template makes roles or users: name under the stack's capabilities what CloudFormation asks for, and deploy."
        ),
    },
    "InvalidChangeSetStatus": again(
        "The stack has been changed since the change set was made, or somebody else makes or deletes it: seen at the next look."
    ),
    "LimitExceededException": {
        **_LIMITS_OF_STACK_SETS,
        "CreateChangeSet": quota(
            "The stack has as many change sets as it may: delete those that are left over (`aws cloudformation "
            "list-change-sets`)."
        ),
        "": quota(
            "The account has as many stacks in the Region as it may (quota 'Stack count' of AWS CloudFormation, 2,000). "
            "Raise it, or delete stacks."
        ),
    },
    "TokenAlreadyExistsException": _ASKED,
    "ValidationError": {
        **_WHAT_STACK_SETS_REFUSE,
        "DescribeStackResources": read("There is no stack CDKToolkit, or no stack holds the role."),
        "CreateStack": again(
            "CloudFormation does not know the stack's new role yet, for some seconds. If it goes on: it does not take the "
            "template or a parameter, for the reason that it gives."
        ),
        "CreateChangeSet": read(
            "Told of that stack, with the reason that it gives; the others are worked on."
        ),
        "": again(
            "Somebody else changes the stack at this moment, or has deleted it: seen at the next look."
        ),
    },
}

_STRANGE = refused(
    "Somebody made the CDK's version parameter otherwise than as a plain text. Delete it by an entry role, and start again."
)
_PLAIN = unsent(
    "The CDK's version parameter is a plain text, without key, pattern or policy, one level below another."
)

ANSWERS_OF_SSM: Answers = {
    "HierarchyLevelLimitExceededException": _PLAIN,
    "HierarchyTypeMismatchException": _STRANGE,
    "IncompatiblePolicyException": _PLAIN,
    "InternalServerError": FAULT,
    "InvalidAllowedPatternException": _PLAIN,
    "InvalidKeyId": _PLAIN,
    "InvalidPolicyAttributeException": _PLAIN,
    "InvalidPolicyTypeException": _PLAIN,
    "ParameterAlreadyExists": unsent("What is there is overwritten."),
    "ParameterLimitExceeded": quota(
        "The account has as many parameters in the Region as it may (10,000 standard ones). Delete some, or let it have "
        "advanced ones."
    ),
    "ParameterMaxVersionLimitExceeded": refused(
        "The parameter has 100 versions, and its oldest has a label. Take the label off, or delete the parameter, by an entry "
        "role."
    ),
    "ParameterNotFound": read("There is no such parameter yet."),
    "ParameterPatternMismatchException": _STRANGE,
    "ParameterVersionNotFound": unsent("No version is asked for."),
    "PoliciesLimitExceededException": _PLAIN,
    "TooManyUpdates": again("Somebody else changes the parameter at this moment."),
    "UnsupportedParameterType": _PLAIN,
}
