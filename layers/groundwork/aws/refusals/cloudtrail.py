"""AWS CloudTrail.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html
"""

from __future__ import annotations

from .answer import THROTTLED, Answers, again, quota, read, refused, unsent

CALLS = (
    "AddTags CreateTrail DeleteTrail DescribeTrails GetEventSelectors GetInsightSelectors GetTrailStatus ListTags "
    "PutEventSelectors PutInsightSelectors StartLogging UpdateTrail"
)

_LOG_GROUP = again(
    "CloudTrail does not see the log group /groundwork/trail, or its role groundwork-trail-logs, yet. If it goes on in a "
    "member account: see whether somebody denies the role; in the management account: deploy the stack again, which "
    "brings the role along."
)
_NO_TOPIC = unsent("Groundwork's trail has no topic.")
_NO_LAKE = unsent("Groundwork has no event data store and no channel.")
_ARCHIVE = again(
    "CloudTrail does not see the log archive's policy yet. If it goes on: start the security account's execution, which "
    "mends bucket and key."
)

ANSWERS: Answers = {
    "ChannelARNInvalidException": _NO_LAKE,
    "ChannelNotFoundException": _NO_LAKE,
    "CloudTrailARNInvalidException": unsent("The ARN is the one that DescribeTrails gave."),
    "CloudTrailAccessNotEnabledException": again(
        "CloudTrail does not see its trusted access to the organization yet. If it goes on: start the management "
        "account's execution."
    ),
    "CloudTrailInvalidClientTokenIdException": again(
        "CloudTrail does not know the session's credentials yet."
    ),
    "CloudWatchLogsDeliveryUnavailableException": refused(
        "CloudTrail cannot send events to CloudWatch Logs here: take trail.cloudWatchLogs out, or choose another home Region."
    ),
    "ConflictException": again("Another change of the trail is in progress."),
    "EventDataStoreARNInvalidException": _NO_LAKE,
    "EventDataStoreNotFoundException": _NO_LAKE,
    "InactiveEventDataStoreException": _NO_LAKE,
    "InsufficientDependencyServiceAccessPermissionException": again(
        "CloudTrail's rights in the organization (trusted access, its service-linked role) are not seen yet. If it goes "
        "on: start the management account's execution."
    ),
    "InsufficientEncryptionPolicyException": _ARCHIVE,
    "InsufficientS3BucketPolicyException": _ARCHIVE,
    "InsufficientSnsTopicPolicyException": _NO_TOPIC,
    "InsightNotEnabledException": read("The trail records no Insights."),
    "InvalidCloudWatchLogsLogGroupArnException": _LOG_GROUP,
    "InvalidCloudWatchLogsRoleArnException": _LOG_GROUP,
    "InvalidEventSelectorsException": refused(
        "CloudTrail does not take these event selectors together with those that others chose for the trail. Delete theirs, "
        "then start the execution again."
    ),
    "InvalidHomeRegionException": unsent(
        "A trail is changed in the Region that DescribeTrails names as its home."
    ),
    "InvalidInsightSelectorsException": unsent(
        "The types of Insights are those that CloudTrail documents for trails."
    ),
    "InvalidKmsKeyIdException": unsent("The key's ARN is the one that KMS gave."),
    "InvalidParameterCombinationException": unsent("The settings of a trail are the same in every account."),
    "InvalidParameterException": unsent("The settings of a trail are the same in every account."),
    "InvalidS3BucketNameException": refused(
        "S3 takes no bucket of this name: declare another under logArchive.trailBucket."
    ),
    "InvalidS3PrefixException": unsent("Groundwork's trail has no prefix."),
    "InvalidSnsTopicNameException": _NO_TOPIC,
    "InvalidTagParameterException": unsent("The trail has one tag, managed-by."),
    "InvalidTokenException": unsent("The page is the one that CloudTrail named."),
    "InvalidTrailNameException": refused(
        "CloudTrail takes no trail of the declared name: give trail.name 3 to 128 letters, digits, and single . _ -"
    ),
    "KmsException": again(
        "CloudTrail has trouble with the log archive's key for a moment, or does not see its policy yet."
    ),
    "KmsKeyDisabledException": again(
        "The log archive's key is disabled. If it goes on: start the security account's execution, which enables it."
    ),
    "KmsKeyNotFoundException": again(
        "CloudTrail does not find the log archive's key yet, or the key is not in the Region of the bucket. If it goes on: "
        "start the security account's execution, which makes the key, or says which bucket is elsewhere."
    ),
    "MaximumNumberOfTrailsExceededException": quota(
        "The account has as many trails in its home Region as AWS allows (quota 'Trails per region', five, which cannot "
        "be raised). Delete one that is not needed, or declare trail.mode: organization."
    ),
    "NoManagementAccountSLRExistsException": again(
        "CloudTrail's service-linked role in the management account is not there yet. If it goes on: there make one with "
        "`aws iam create-service-linked-role --aws-service-name cloudtrail.amazonaws.com`."
    ),
    "NotOrganizationMasterAccountException": refused(
        "Only the management account may change an organization trail: one of the declared name covers this account. "
        "Declare trail.mode: organization, or another trail.name."
    ),
    "OperationNotPermittedException": refused(
        "CloudTrail allows nobody in this account to do this. See whether a service of AWS made the trail; then declare "
        "another trail.name."
    ),
    "OrganizationNotInAllFeaturesModeException": refused(
        "The organization has consolidated billing only. Enable all features in it, then start the management account's "
        "execution again."
    ),
    "OrganizationsNotInUseException": refused("The account has left the organization."),
    "ResourceNotFoundException": again("CloudTrail does not show a new trail everywhere yet."),
    "ResourceTypeNotSupportedException": unsent("Only trails are tagged."),
    "S3BucketDoesNotExistException": again(
        "CloudTrail does not see the log archive's bucket yet. If it goes on: start the security account's execution."
    ),
    "TagsLimitExceededException": quota("The trail has 50 tags, which cannot be raised: take one off."),
    "ThrottlingException": THROTTLED,
    "TrailAlreadyExistsException": again("The trail was made a moment ago: seen at the next look."),
    "TrailNotFoundException": again("CloudTrail does not show a new trail everywhere yet."),
    "TrailNotProvidedException": unsent("Every call names its trail."),
    "UnsupportedOperationException": refused(
        "CloudTrail does not offer this here: take the trail out of this kind's baseline, or choose another home Region."
    ),
}
