"""CloudWatch and CloudWatch Logs, which alarms need, and the topic of alarms.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
"""

from __future__ import annotations

from collections.abc import Mapping

from .answer import FAULT, Answer, Answers, again, quota, read, refused, unsent
from .stack import ANSWERS_OF_SNS as OF_NOTICES

CALLS_OF_LOGS = "CreateLogGroup DescribeLogGroups DescribeMetricFilters PutMetricFilter PutRetentionPolicy"
CALLS_OF_CLOUDWATCH = "DescribeAlarms PutMetricAlarm"
CALLS_OF_SNS = "CreateTopic GetTopicAttributes ListSubscriptionsByTopic SetTopicAttributes Subscribe"

_UNSENT = unsent("What is sent is the same in every account.")
_ENCRYPTED = unsent("Nothing is published to the topic by Groundwork itself.")

ANSWERS_OF_LOGS: Answers = {
    "InvalidOperationException": refused(
        "CloudWatch Logs takes no metric filter on this log group, which is of a class without them. Delete it: the next "
        "execution makes it anew."
    ),
    "InvalidParameterException": _UNSENT,
    "LimitExceededException": {
        "CreateLogGroup": quota(
            "The account has as many log groups in this Region as AWS allows (quota 'Log groups', 1,000,000). Delete some, "
            "or raise the quota."
        ),
        "": quota(
            "The log group has 100 metric filters, which cannot be raised. Delete those that others put on it."
        ),
    },
    "OperationAbortedException": again("Another change of the log group is in progress."),
    "ResourceAlreadyExistsException": again("The log group was made a moment ago: seen at the next look."),
    "ResourceNotFoundException": {
        "DescribeMetricFilters": read("The log group is not there yet: the trail makes it."),
        "": again("CloudWatch Logs does not show a new log group everywhere yet."),
    },
    "ServiceUnavailableException": FAULT,
}
ANSWERS_OF_CLOUDWATCH: Answers = {
    "InvalidNextToken": unsent("The page is the one that CloudWatch named."),
    "LimitExceeded": quota(
        "The account has as many alarms in this Region as AWS allows (quota 'Alarms'). Delete some, or raise the quota."
    ),
}
_OF_ALARMS: Answers = {
    "AuthorizationError": again("SNS does not know the session's rights yet."),
    "ConcurrentAccess": again("Another change of the topic is in progress."),
    "FilterPolicyLimitExceeded": unsent("Groundwork's subscriptions have no filter."),
    "InternalError": FAULT,
    "InvalidParameter": refused(
        "SNS takes no subscription of such an address, or no such topic. Correct the address under alarms.notify."
    ),
    "InvalidSecurity": _ENCRYPTED,
    "NotFound": {
        "GetTopicAttributes": read("The topic is not there yet."),
        "": again("SNS does not show a new topic everywhere yet."),
    },
    "ReplayLimitExceeded": unsent("Groundwork's topic keeps no messages to replay."),
    "StaleTag": unsent("Groundwork's topic has no tags."),
    "SubscriptionLimitExceeded": quota(
        "The topic has as many subscriptions as AWS allows. Take some off, or name fewer under alarms.notify."
    ),
    "TagLimitExceeded": unsent("Groundwork's topic has no tags."),
    "TagPolicy": refused(
        "A tag policy of the organization demands tags of topics, and Groundwork's has none. Take sns:topic out of what it "
        "enforces."
    ),
    "TopicLimitExceeded": quota(
        "The account has as many topics in this Region as AWS allows (quota 'Topics per account'). Delete some, or raise "
        "the quota."
    ),
}


def _with_notices(code: str, answer: Answer | Mapping[str, Answer]) -> Mapping[str, Answer]:
    by_operation = {"": answer} if isinstance(answer, Answer) else dict(answer)
    published = OF_NOTICES.get(code)
    return by_operation | ({"Publish": published} if isinstance(published, Answer) else {})


ANSWERS_OF_SNS: Answers = {
    **OF_NOTICES,
    **{code: _with_notices(code, answer) for code, answer in _OF_ALARMS.items()},
}
"""Of the stack's own topic, which is published to, and of that of alarms, which is laid down."""
