"""A trail's events in CloudWatch Logs, the metric filters that count them, the alarms that ring, and who is asked by mail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.engine import Engine
from local.services import sns as sns_adapter
from tests.engine.organizations.accounts import code_of
from tests.engine.support import plain_moto, policy

GROUP, BUCKET = "trail", "audit-of-events"
COUNTED = [{"metricName": "Users", "metricNamespace": "Watched", "metricValue": "1"}]


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.001) as engine:
        s3 = engine.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        deliver = {
            "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": ["s3:GetBucketAcl", "s3:PutObject"],
            "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"],
        }
        s3.put_bucket_policy(Bucket=BUCKET, Policy=policy(deliver))
        engine.client("logs").create_log_group(logGroupName=GROUP)
        yield engine


@pytest.fixture
def logged(aws: Engine) -> Iterator[Engine]:
    """With a trail that sends its events into the group."""
    role = make_role(aws, "sends")
    cloudtrail = aws.client("cloudtrail")
    cloudtrail.create_trail(Name="all", S3BucketName=BUCKET, **destination(aws, role))
    cloudtrail.start_logging(Name="all")
    yield aws
    cloudtrail.delete_trail(Name="all")
    for name in ("sends",):
        remove_role(aws, name)


def destination(aws: Engine, role: str, group: str = GROUP) -> dict[str, str]:
    arn = f"arn:aws:logs:us-east-1:{aws.management_account}:log-group:{group}:*"
    return {"CloudWatchLogsLogGroupArn": arn, "CloudWatchLogsRoleArn": role}


def make_role(aws: Engine, name: str, *, may: bool = True, **condition: Any) -> str:
    iam = aws.client("iam")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "sts:AssumeRole",
        **({"Condition": condition} if condition else {}),
    }
    made: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    if may:
        sends = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}
        iam.put_role_policy(RoleName=name, PolicyName="sends", PolicyDocument=policy(sends))
    return made


def remove_role(aws: Engine, name: str) -> None:
    iam = aws.client("iam")
    for each in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=each)
    iam.delete_role(RoleName=name)


def names_in_the_group(aws: Engine) -> list[str]:
    found = aws.client("logs").filter_log_events(logGroupName=GROUP)["events"]
    names = (json.loads(each["message"])["eventName"] for each in found)
    return [name for name in names if name != "FilterLogEvents"]


def test_each_call_comes_into_the_log_group_and_the_status_says_when(logged: Engine) -> None:
    logged.client("iam").create_user(UserName="ada")
    assert names_in_the_group(logged)[-1] == "CreateUser"
    status = logged.client("cloudtrail").get_trail_status(Name="all")
    assert "LatestCloudWatchLogsDeliveryTime" in status
    (stream,) = logged.client("logs").describe_log_streams(logGroupName=GROUP)["logStreams"]
    assert stream["logStreamName"] == f"{logged.management_account}_CloudTrail_us-east-1"
    logged.client("iam").delete_role_policy(RoleName="sends", PolicyName="sends")
    logged.client("iam").create_user(UserName="grace")
    assert names_in_the_group(logged).count("CreateUser") == 1
    status = logged.client("cloudtrail").get_trail_status(Name="all")
    assert status["LatestCloudWatchLogsDeliveryError"] == "AccessDenied"


def test_a_trail_takes_a_group_and_a_role_that_serve_and_both_together(aws: Engine) -> None:
    cloudtrail = aws.client("cloudtrail")
    role = make_role(aws, "good")
    mute = make_role(aws, "mute", may=False)
    # For this role CloudTrail is documented to bring no source along.
    held = make_role(aws, "held", StringEquals={"aws:SourceAccount": aws.management_account})
    refused = {
        "InvalidCloudWatchLogsRoleArnException": (
            destination(aws, mute),
            destination(aws, held),
            {"CloudWatchLogsLogGroupArn": destination(aws, role)["CloudWatchLogsLogGroupArn"]},
        ),
        "InvalidCloudWatchLogsLogGroupArnException": (
            destination(aws, role, "not-there"),
            {"CloudWatchLogsRoleArn": role},
            destination(aws, role)
            | {
                "CloudWatchLogsLogGroupArn": destination(aws, role)["CloudWatchLogsLogGroupArn"].removesuffix(
                    ":*"
                )
            },
        ),
    }
    for code, all_given in refused.items():
        for given in all_given:
            assert code_of(cloudtrail.create_trail, Name="new", S3BucketName=BUCKET, **given) == code
    for name in ("good", "mute", "held"):
        remove_role(aws, name)


def test_what_a_trail_selects_is_what_comes(logged: Engine) -> None:
    cloudtrail, s3, iam = (logged.client(each) for each in ("cloudtrail", "s3", "iam"))
    s3.create_bucket(Bucket="work-of-events")
    basic = [{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}]
    cloudtrail.put_event_selectors(TrailName="all", EventSelectors=basic)
    iam.create_group(GroupName="unseen")
    iam.list_groups()
    assert names_in_the_group(logged)[-1] == "ListGroups"
    data = [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
        {"Field": "resources.ARN", "NotStartsWith": [f"arn:aws:s3:::{BUCKET}/"]},
        {"Field": "readOnly", "Equals": ["false"]},
    ]
    chosen = cloudtrail.put_event_selectors(
        TrailName="all", AdvancedEventSelectors=[{"Name": "data", "FieldSelectors": data}]
    )
    assert "EventSelectors" not in chosen or chosen["EventSelectors"] == []
    for bucket in ("work-of-events", BUCKET):
        s3.put_object(Bucket=bucket, Key="note", Body=b"")
        s3.get_object(Bucket=bucket, Key="note")
    iam.list_groups()
    found = logged.client("logs").filter_log_events(logGroupName=GROUP)["events"]
    last = json.loads(found[-1]["message"])
    assert (last["eventName"], last["resources"][0]["ARN"]) == (
        "PutObject",
        "arn:aws:s3:::work-of-events/note",
    )
    wrong = [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}]
    invalid = code_of(cloudtrail.put_event_selectors, TrailName="all", AdvancedEventSelectors=wrong)
    assert invalid == "InvalidEventSelectorsException"


def test_insights_are_what_was_put_last_and_none_is_an_exception(logged: Engine) -> None:
    cloudtrail = logged.client("cloudtrail")
    assert code_of(cloudtrail.get_insight_selectors, TrailName="all") == "InsightNotEnabledException"
    for kind in ("ApiCallRateInsight", "ApiErrorRateInsight"):
        cloudtrail.put_insight_selectors(TrailName="all", InsightSelectors=[{"InsightType": kind}])
    selectors = cloudtrail.get_insight_selectors(TrailName="all")["InsightSelectors"]
    assert [each["InsightType"] for each in selectors] == ["ApiErrorRateInsight"]


def test_a_metric_filter_counts_and_its_alarm_rings(logged: Engine) -> None:
    logs, cloudwatch = logged.client("logs"), logged.client("cloudwatch")
    put = {"logGroupName": GROUP, "filterName": "users", "metricTransformations": COUNTED}
    logs.put_metric_filter(filterPattern="{ $.eventName = Nothing }", **put)
    logs.put_metric_filter(filterPattern="{ $.eventName = DeleteUser }", **put)
    (found,) = logs.describe_metric_filters(logGroupName=GROUP)["metricFilters"]
    assert found["filterPattern"] == "{ $.eventName = DeleteUser }"
    (group,) = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    assert group["metricFilterCount"] == 1
    cloudwatch.put_metric_alarm(
        AlarmName="users",
        Namespace="Watched",
        MetricName="Users",
        Statistic="Sum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=2,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )

    def state() -> str:
        return str(cloudwatch.describe_alarms(AlarmNames=["users"])["MetricAlarms"][0]["StateValue"])

    for name in ("one", "two"):
        logged.client("iam").create_user(UserName=name)
    logged.client("iam").delete_user(UserName="one")
    assert state() != "ALARM"
    logged.client("iam").delete_user(UserName="two")
    assert state() == "ALARM"


def test_filters_are_refused_as_they_are_on_aws(aws: Engine) -> None:
    logs = aws.client("logs")
    put = {"filterName": "f", "metricTransformations": COUNTED}
    broken = code_of(logs.put_metric_filter, logGroupName=GROUP, filterPattern="{ $.a = }", **put)
    gone = code_of(logs.put_metric_filter, logGroupName="gone", filterPattern="", **put)
    assert (broken, gone) == ("InvalidParameterException", "ResourceNotFoundException")
    assert code_of(logs.describe_metric_filters, logGroupName="gone") == "ResourceNotFoundException"
    logs.create_log_group(logGroupName="short")
    logs.put_metric_filter(logGroupName="short", filterPattern="", **put)
    logs.delete_log_group(logGroupName="short")
    logs.create_log_group(logGroupName="short")
    assert logs.describe_metric_filters(logGroupName="short")["metricFilters"] == []


def test_whoever_subscribes_by_mail_is_asked_first(aws: Engine) -> None:
    sns = aws.client("sns")
    topic = sns.create_topic(Name="asked")["TopicArn"]
    given = {"TopicArn": topic, "Protocol": "email", "Endpoint": "ada@example.com"}
    assert sns.subscribe(**given)["SubscriptionArn"] == "pending confirmation"
    (listed,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert listed["SubscriptionArn"] == "PendingConfirmation"
    sns_adapter.confirm(aws.management_account, "us-east-1", "ada@example.com")
    (listed,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert listed["SubscriptionArn"].startswith(topic)


def test_plain_moto_still_falls_short() -> None:
    observed = plain_moto("""
        s3, c, logs, sns = client("s3"), client("cloudtrail"), client("logs"), client("sns")
        s3.create_bucket(Bucket="audit")
        c.create_trail(Name="all", S3BucketName="audit", CloudWatchLogsLogGroupArn="nowhere")
        for kind in ("ApiCallRateInsight", "ApiErrorRateInsight"):
            c.put_insight_selectors(TrailName="all", InsightSelectors=[{"InsightType": kind}])
        counted = [{"metricName": "n", "metricNamespace": "s", "metricValue": "1"}]
        for pattern in ("{ $.a = 1 }", "{ $.a = }"):
            logs.put_metric_filter(
                logGroupName="gone", filterName="f", filterPattern=pattern, metricTransformations=counted
            )
        topic = sns.create_topic(Name="t")["TopicArn"]
        made = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ada@example.com")
        print(json.dumps({
            "Insights": len(c.get_insight_selectors(TrailName="all")["InsightSelectors"]),
            "filters": len(logs.describe_metric_filters()["metricFilters"]),
            "asked": made["SubscriptionArn"] == "pending confirmation",
        }))
    """)
    assert json.loads(observed) == {"Insights": 2, "filters": 2, "asked": False}
