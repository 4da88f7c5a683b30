"""AWS Config.

https://docs.aws.amazon.com/config/latest/APIReference/API_Operations.html
https://docs.aws.amazon.com/config/latest/developerguide/configlimits.html
"""

from __future__ import annotations

from .answer import Answers, again, quota, read, refused, unsent

CALLS = (
    "DeleteConfigurationAggregator DeleteConfigurationRecorder DeleteDeliveryChannel "
    "DescribeConfigurationAggregators DescribeConfigurationRecorderStatus DescribeConfigurationRecorders "
    "DescribeDeliveryChannelStatus DescribeDeliveryChannels PutConfigurationAggregator PutConfigurationRecorder "
    "PutDeliveryChannel StartConfigurationRecorder StopConfigurationRecorder "
    "DeleteOrganizationConformancePack DescribeOrganizationConformancePackStatuses DescribeOrganizationConformancePacks "
    "GetOrganizationConformancePackDetailedStatus PutOrganizationConformancePack"
)

_NOT_ITS_PACKS = again(
    "Config does not see yet that the security account administers conformance packs. If it goes on: see whether the account "
    "is delegated administrator of config-multiaccountsetup.amazonaws.com."
)

ANSWERS: Answers = {
    "InsufficientDeliveryPolicyException": again(
        "Config does not see the log archive's policy yet. If it goes on: start the security account's execution, which "
        "mends bucket and key; Config takes no bucket whose Object Lock has a default retention."
    ),
    "InsufficientPermissionsException": refused(
        "Config may not look up or make its role AWSServiceRoleForConfigMultiAccountSetup as whoever puts the pack: see whether "
        "a policy of the organization keeps the entry role from iam:GetRole or iam:CreateServiceLinkedRole."
    ),
    "InvalidConfigurationRecorderNameException": refused(
        "Config takes no such name: declare another under config.recorder."
    ),
    "InvalidDeliveryChannelNameException": refused(
        "Config takes no such name: declare another under config.channel."
    ),
    "InvalidLimitException": unsent("No limit is sent."),
    "InvalidNextTokenException": unsent("The page is the one that Config named."),
    "InvalidParameterValueException": refused(
        "Config takes no such name: declare another under config.aggregator."
    ),
    "InvalidRecordingGroupException": unsent("Every type is recorded, or every type but the global ones."),
    "InvalidRoleException": again(
        "Config cannot use its new role yet. If it goes on: see whether a policy of the organization keeps "
        "config.amazonaws.com from assuming it."
    ),
    "InvalidS3KeyPrefixException": unsent("Groundwork's channel has no prefix."),
    "InvalidS3KmsKeyArnException": unsent("The key's ARN is the one that KMS gave."),
    "InvalidSNSTopicARNException": refused(
        "The channel that was taken over has a topic that is gone: take it off there."
    ),
    "LastDeliveryChannelDeleteFailedException": again(
        "Config does not show everywhere yet that the recorder was stopped, or somebody started it again."
    ),
    "LimitExceededException": quota(
        "The security account has as many aggregators as it may (quota 'Configuration aggregators'). Delete one that is "
        "not needed, or raise the quota."
    ),
    "MaxNumberOfConfigurationRecordersExceededException": again(
        "Somebody made a recorder a moment ago, and a Region has room for one: seen at the next look."
    ),
    "MaxNumberOfDeliveryChannelsExceededException": again(
        "Somebody made a channel a moment ago, and a Region has room for one: seen at the next look."
    ),
    "MaxNumberOfOrganizationConformancePacksExceededException": quota(
        "The organization has as many conformance packs as it may (quota 'Conformance packs per organization', 50, which AWS "
        "does not raise). Delete one that is not needed, or declare fewer under conformancePack."
    ),
    "NoAvailableConfigurationRecorderException": again(
        "Config does not show the new recorder everywhere yet."
    ),
    "NoAvailableDeliveryChannelException": again("Config does not show the new channel everywhere yet."),
    "NoAvailableOrganizationException": refused("The account has left the organization."),
    "NoSuchBucketException": again(
        "Config does not see the log archive's bucket yet. If it goes on: start the security account's execution."
    ),
    "NoSuchConfigurationAggregatorException": {
        "DeleteConfigurationAggregator": again("Somebody deleted it a moment ago: seen at the next look."),
        "": unsent("All aggregators are asked for."),
    },
    "NoSuchConfigurationRecorderException": again(
        "The recorder was deleted, or is not shown everywhere yet."
    ),
    "NoSuchDeliveryChannelException": again("The channel was deleted, or is not shown everywhere yet."),
    "NoSuchOrganizationConformancePackException": {
        "DescribeOrganizationConformancePackStatuses": unsent("All packs are asked for."),
        "DescribeOrganizationConformancePacks": unsent("All packs are asked for."),
        "": again("Somebody deleted it a moment ago: seen at the next look."),
    },
    "OrganizationAccessDeniedException": {
        "DescribeOrganizationConformancePacks": read(
            "The security account does not administer conformance packs yet."
        ),
        **dict.fromkeys(
            (
                "DeleteOrganizationConformancePack",
                "DescribeOrganizationConformancePackStatuses",
                "GetOrganizationConformancePackDetailedStatus",
                "PutOrganizationConformancePack",
            ),
            _NOT_ITS_PACKS,
        ),
        "": again(
            "Config does not see yet that the security account administers it. If it goes on: see whether the account is "
            "Config's delegated administrator, and whether the aggregator is of an organization that it was in before; then "
            "delete the aggregator."
        ),
    },
    "OrganizationAllFeaturesNotEnabledException": refused(
        "The organization has consolidated billing only. Enable all features in it, then start the management account's "
        "execution again."
    ),
    "OrganizationConformancePackTemplateValidationException": refused(
        "Config does not take the template; the message says why. Correct the file in conformance-packs/, or its parameters "
        "under conformancePack, and deploy."
    ),
    "ResourceInUseException": again(
        "Config is at work on the pack, which it takes to every account: it is asked again. If it goes on: start the security "
        "account's execution again later."
    ),
    "UnmodifiableEntityException": refused(
        "The recorder is one that a service of AWS made and keeps. Set config.takeOver to false, so that it is left alone."
    ),
    "ValidationException": {
        "PutOrganizationConformancePack": refused(
            "Config does not take the pack; the message says why. Correct it under conformancePack, and deploy."
        ),
        "": unsent("The settings of a recorder are the same in every account."),
    },
}
