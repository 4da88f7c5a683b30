"""alarms: what the CIS benchmark names is counted, rings, and is told, once for the organization or in each account."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given

from groundwork.aws import sessions
from groundwork.baseline import loop
from groundwork.baseline.components.alarms import Alarms, topic
from groundwork.baseline.components.alarms.cis import WATCHED
from groundwork.baseline.components.alarms.topic import ALIAS, NAME
from groundwork.baseline.components.trail import Trail
from groundwork.baseline.components.trail.logs import (
    GROUP,
    POLICY,
    ROLE,
    policy_document,
    trust_document,
)
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.declaration.loading import check
from groundwork.declaration.settings import CloudWatchLogs
from groundwork.errors import ComponentNotSettled, InvalidDeclaration
from tests.component.conftest import World
from tests.component.sabotage import (
    Sabotage,
    prove,
    prove_complete,
    some_of,
    used_and_declared,
    words,
)
from tests.component.without_aws import ON_ENGINE

ALARMS, TRAIL = Alarms(), Trail()
ADA = "ada@example.com"


def declared(world: World, by: str, **given: Any) -> Declaration:
    """With alarms, and the trail that they watch."""
    trail = world.declaration.trail.model_copy(
        update={"mode": by, "cloud_watch_logs": CloudWatchLogs(retention_days=90)}
    )
    baseline = {kind: [*each, "alarms"] for kind, each in world.declaration.baseline.items()}
    declaration = world.declaration.model_copy(update={"trail": trail, "baseline": baseline})
    declaration._given, declaration._settings = {"alarms": {"by": by, **given}}, {}
    return check(declaration, {"alarms": ALARMS})


@pytest.fixture(scope="module")
def own(ready: World) -> Declaration:
    """Alarms in each account."""
    return declared(ready, "account", notify=[ADA])


@pytest.fixture(scope="module")
def security(ready: World, own: Declaration) -> Account:
    """The security account, with the topic of all and alarms of its own."""
    ready.apply(TRAIL, ready.security, declaration=own)
    ready.apply(ALARMS, ready.security, declaration=own)
    return ready.security


@pytest.fixture(scope="module")
def member(ready: World, own: Declaration, security: Account) -> Account:
    account = ready.account()
    ready.apply(TRAIL, account, declaration=own)
    ready.apply(ALARMS, account, declaration=own)
    return account


def topic_arn(world: World) -> str:
    return f"arn:aws:sns:us-east-1:{world.security.id}:{NAME}"


def portrait(world: World, account: Account) -> list[Any]:
    filters = world.client("logs", account).describe_metric_filters(logGroupName=GROUP)["metricFilters"]
    alarms = world.client("cloudwatch", account).describe_alarms(AlarmNamePrefix="groundwork-cis-")[
        "MetricAlarms"
    ]
    state = ("StateValue", "StateReason", "StateReasonData", "StateUpdatedTimestamp")
    told = [
        {name: value for name, value in alarm.items() if name not in state and "Timestamp" not in name}
        for alarm in alarms
    ]
    whole = [{name: value for name, value in each.items() if name != "creationTime"} for each in filters]
    return [
        sorted(whole, key=lambda each: str(each["filterName"])),
        sorted(told, key=lambda each: str(each["AlarmName"])),
    ]


def portrait_of_topic(world: World) -> list[Any]:
    attributes = world.client("sns", world.security).get_topic_attributes(TopicArn=topic_arn(world))[
        "Attributes"
    ]
    kms = world.client("kms", world.security)
    key = kms.describe_key(KeyId=ALIAS)["KeyMetadata"]
    return [
        json.loads(attributes["Policy"]),
        attributes.get("KmsMasterKeyId"),
        key["KeyState"],
        kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"],
        json.loads(kms.get_key_policy(KeyId=key["KeyId"])["Policy"]),
    ]


# -- from nothing --------------------------------------------------------------------------------------


def test_from_nothing_every_event_of_the_benchmark_has_a_filter_and_an_alarm(
    ready: World, own: Declaration, security: Account
) -> None:
    account = ready.account()
    ready.apply(TRAIL, account, declaration=own)
    done = prove_complete(ready, ALARMS, account, declaration=own)
    assert len(done) == 30
    filters, alarms = portrait(ready, account)
    assert [each["filterName"] for each in filters] == sorted(each.name for each in WATCHED)
    assert {each["MetricName"] for each in alarms} == {each.name for each in WATCHED}
    assert {tuple(each["AlarmActions"]) for each in alarms} == {(topic_arn(ready),)}


def test_a_second_run_writes_nothing_and_makes_two_calls(
    ready: World, own: Declaration, member: Account
) -> None:
    target = ready.target(ALARMS, member, declaration=own)
    mark = len(ready.aws.calls)
    assert loop.apply(ALARMS, target) == []
    made = sorted(call.operation for call in ready.calls_since(mark))
    assert made == ["DescribeAlarms", "DescribeMetricFilters"]


def calls_of(world: World, account: Account, declaration: Declaration) -> list[str]:
    """What one run of trail and alarms asks and does, and one look afterwards."""
    mark = len(world.aws.calls)
    for component in (TRAIL, ALARMS):
        if component.name in declaration.baseline["workload"]:
            target = world.target(component, account, declaration=declaration)
            loop.apply(component, target)
            loop.verify(component, target)
    return [call.operation for call in world.calls_since(mark)]


def test_what_alarms_of_its_own_cost_an_account(ready: World, own: Declaration, security: Account) -> None:
    without, with_alarms = ready.account(), ready.account()
    before = calls_of(ready, without, ready.declaration)
    after = calls_of(ready, with_alarms, own)
    assert len(after) - len(before) == 34 + 7  # written, and looked at: the role is read until events arrive
    before = calls_of(ready, without, ready.declaration)
    after = calls_of(ready, with_alarms, own)
    assert (len(after) - len(before)) / 2 == 3  # a run, and the look afterwards


def test_filters_wait_for_the_log_group_of_the_trail(
    ready: World, own: Declaration, security: Account
) -> None:
    """Both are laid down side by side."""
    account = ready.account()
    planned = ready.planned(ALARMS, account, declaration=own)
    afters = {change.call.after for change in planned if change.call and "filter" in change.resource}
    assert afters == {f"log group {GROUP}, which trail makes"}
    with pytest.raises(ComponentNotSettled, match="would not settle"):
        ready.apply(ALARMS, account, declaration=own)
    ready.apply(TRAIL, account, declaration=own)
    done = ready.apply(ALARMS, account, declaration=own)
    assert {change.resource.partition(" ")[0] for change in done} == {"metric"}


def test_the_topic_is_encrypted_and_asks_its_subscriber_once(ready: World, own: Declaration) -> None:
    account = ready.security
    (waiting,) = ready.plan(ALARMS, account, declaration=own)
    assert (waiting.action, waiting.resource) == ("report", "subscription 1 of alarms.notify")
    assert waiting.reason.startswith("is not confirmed")
    policy, key, state, rotates, _ = portrait_of_topic(ready)
    assert (key, state, rotates) == (ALIAS, "Enabled", True)
    (everywhere,) = [each for each in policy["Statement"] if each["Sid"] == "AlarmsOfTheOrganizationTell"]
    assert everywhere["Condition"]["StringEquals"] == {"aws:SourceOrgID": ready.organization.id}


def test_nobody_is_told_whom_alarms_tell(ready: World, own: Declaration, security: Account) -> None:
    more = declared(ready, "account", notify=[ADA, "grace@example.com"])
    planned = ready.planned(ALARMS, ready.security, declaration=more)
    (subscribe,) = [change for change in planned if change.action == "create"]
    assert subscribe.call is not None
    assert subscribe.call.parameters["Endpoint"] == "<personal data>"
    assert "example.com" not in subscribe.model_dump_json()
    none = declared(ready, "account")
    assert ready.plan(ALARMS, ready.security, declaration=none)[-1].reason.startswith("has no subscriber")


CONFIRMED = f"arn:aws:sns:us-east-1:222222222222:{NAME}:1"


@pytest.mark.parametrize(
    ("protocol", "subscription", "told"),
    [
        ("email", "Deleted", "create subscription 1 of alarms.notify: does not exist"),
        ("email", "PendingConfirmation", "report subscription 1 of alarms.notify: is not confirmed"),
        ("email", CONFIRMED, ""),
        ("email-json", CONFIRMED, ""),
        ("sqs", CONFIRMED, "create subscription 1 of alarms.notify: does not exist"),
    ],
)
def test_who_is_told_is_who_has_not_ended_it(
    ready: World,
    own: Declaration,
    monkeypatch: pytest.MonkeyPatch,
    protocol: str,
    subscription: str,
    told: str,
) -> None:
    """SNS goes on listing what has ended, and the case of an address is the mail server's business."""
    listed = {"Protocol": protocol, "Endpoint": "Ada@Example.com", "SubscriptionArn": subscription}
    target = ready.target(ALARMS, ready.security, declaration=own)
    attributes = {"Policy": json.dumps(topic.topic_policy(target)), "KmsMasterKeyId": ALIAS}
    monkeypatch.setattr(topic, "_topic", lambda *_: (attributes, [listed]))
    of_subscriptions = [
        call for call in topic.calls(topic.read(target), target) if "subscription" in call.resource
    ]
    assert [
        f"{call.action} {call.resource}: {call.reason}".startswith(told) for call in of_subscriptions
    ] == ([True] if told else [])


def test_a_topic_that_tells_a_queue_tells_somebody(
    ready: World, security: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = ready.target(ALARMS, ready.security, declaration=declared(ready, "account"))
    attributes = {"Policy": json.dumps(topic.topic_policy(target)), "KmsMasterKeyId": ALIAS}
    listed = {"Protocol": "sqs", "Endpoint": "arn:aws:sqs:us-east-1:1:heard", "SubscriptionArn": CONFIRMED}
    monkeypatch.setattr(topic, "_topic", lambda *_: (attributes, [listed]))
    assert list(topic.calls(topic.read(target), target)) == []


def test_its_permissions_fit_a_session() -> None:
    assert len(sessions.session_policy([*ALARMS.reads, *ALARMS.writes], "012345678901", "aws")) <= 2048


# -- what rings ----------------------------------------------------------------------------------------


@pytest.fixture
def heard(ready: World, security: Account) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What the topic tells a queue."""
    sqs, sns = ready.client("sqs", ready.security), ready.client("sns", ready.security)
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    admitted = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue,
            }
        ],
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(admitted)})
    subscription = sns.subscribe(TopicArn=topic_arn(ready), Protocol="sqs", Endpoint=queue)["SubscriptionArn"]

    def told() -> list[dict[str, Any]]:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(json.loads(each["Body"])["Message"]) for each in found]

    yield told
    sns.unsubscribe(SubscriptionArn=subscription)
    sqs.delete_queue(QueueUrl=url)


def ringing(world: World, account: Account) -> set[str]:
    alarms = world.client("cloudwatch", account).describe_alarms(StateValue="ALARM")["MetricAlarms"]
    return {each["AlarmName"] for each in alarms}


def test_a_stopped_trail_is_told_in_the_security_account(
    ready: World, own: Declaration, heard: Callable[[], list[dict[str, Any]]]
) -> None:
    account = ready.account()
    ready.apply(TRAIL, account, declaration=own)
    ready.apply(ALARMS, account, declaration=own)
    cloudwatch = ready.client("cloudwatch", account)
    for name in ringing(ready, account):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="it was us")
    ready.client("cloudtrail", account).stop_logging(Name="groundwork")
    assert ringing(ready, account) == {"groundwork-cis-CloudTrailChanges"}
    (told,) = heard()
    assert (told["AlarmName"], told["AWSAccountId"]) == ("groundwork-cis-CloudTrailChanges", account.id)
    assert told["AlarmDescription"] == "In the last five minutes: a trail was changed, started or stopped."


def test_a_stranger_s_alarm_does_not_come_through(
    ready: World, member: Account, heard: Callable[[], list[dict[str, Any]]]
) -> None:
    """Not of a name of ours."""
    cloudwatch = ready.client("cloudwatch", member)
    named = {"Namespace": "N", "MetricName": "M", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}
    cloudwatch.put_metric_alarm(
        AlarmName="noise",
        AlarmActions=[topic_arn(ready)],
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        **named,
    )
    cloudwatch.set_alarm_state(AlarmName="noise", StateValue="ALARM", StateReason="because")
    assert heard() == []


# -- one at a time -------------------------------------------------------------------------------------


def in_the(service: str, operation: str, **given: Any) -> Callable[[World, Account], Any]:
    return lambda world, account: getattr(world.client(service, account), operation)(**given)


def altered(name: str, **changes: Any) -> Callable[[World, Account], Any]:
    """The alarm as it is, but for these."""

    def put(world: World, account: Account) -> None:
        cloudwatch = world.client("cloudwatch", account)
        (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        kept = (
            "AlarmName",
            "AlarmDescription",
            "Namespace",
            "MetricName",
            "Statistic",
            "Period",
            "EvaluationPeriods",
        )
        more = ("Threshold", "ComparisonOperator", "TreatMissingData", "AlarmActions", "ActionsEnabled")
        cloudwatch.put_metric_alarm(**{key: alarm[key] for key in (*kept, *more)} | changes)

    return put


ROOT = "groundwork-cis-RootAccountUsage"
COUNTS = {
    "metricName": "RootAccountUsage",
    "metricNamespace": "LogMetrics",
    "metricValue": "1",
}
PATTERN = next(each.pattern for each in WATCHED if each.name == "RootAccountUsage")


def counting(pattern: str = PATTERN, **changes: Any) -> Callable[[World, Account], Any]:
    return in_the(
        *("logs", "put_metric_filter"),
        logGroupName=GROUP,
        filterName="RootAccountUsage",
        filterPattern=pattern,
        metricTransformations=[COUNTS | changes],
    )


FILTER, ALARM = "metric filter RootAccountUsage", f"alarm {ROOT}"
SABOTAGES = (
    Sabotage(
        *(
            "a filter deleted",
            in_the("logs", "delete_metric_filter", logGroupName=GROUP, filterName="RootAccountUsage"),
        ),
        *(FILTER, "does not exist: the root user was used, and nobody counts it"),
    ),
    Sabotage("another pattern", counting('{ $.eventName = "Nothing" }'), FILTER, "looks for { $.eventName"),
    Sabotage("counts nothing", counting(metricValue="0"), FILTER, "does not count by one"),
    Sabotage(
        "another metric", counting(metricName="Elsewhere"), FILTER, "does not count by one as metric Root"
    ),
    Sabotage("another namespace", counting(metricNamespace="X"), FILTER, "of LogMetrics"),
    Sabotage(
        "an alarm deleted", in_the("cloudwatch", "delete_alarms", AlarmNames=[ROOT]), ALARM, "nobody is told"
    ),
    Sabotage(
        "tells nobody", altered(ROOT, AlarmActions=[]), ALARM, "AlarmActions is []; expected ['arn:aws:sns:"
    ),
    Sabotage(
        "silenced",
        in_the("cloudwatch", "disable_alarm_actions", AlarmNames=[ROOT]),
        ALARM,
        "ActionsEnabled is False",
    ),
    Sabotage("deaf", altered(ROOT, Threshold=100.0), ALARM, "Threshold is 100.0; expected 1.0"),
    Sabotage("late", altered(ROOT, Period=86400), ALARM, "Period is 86400; expected 300"),
    Sabotage("on another metric", altered(ROOT, MetricName="Other"), ALARM, "MetricName is Other"),
)


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_what_drifted_is_named_and_mended_and_nothing_else(
    ready: World, member: Account, own: Declaration, sabotage: Sabotage
) -> None:
    prove(ready, ALARMS, member, sabotage, lambda: portrait(ready, member), declaration=own)


@ON_ENGINE
@given(sabotages=some_of(SABOTAGES, most=4))
def test_the_plan_is_what_apply_does_from_any_state(
    ready: World, member: Account, own: Declaration, sabotages: list[Sabotage]
) -> None:
    for each in independent_of_deletion(sabotages):
        each.do(ready, member)
    assert prove_complete(ready, ALARMS, member, declaration=own)


def independent_of_deletion(sabotages: list[Sabotage]) -> list[Sabotage]:
    """What is deleted first cannot be altered."""
    return sorted(sabotages, key=lambda each: "deleted" in each.name)


TOPIC, KEY = f"topic {NAME}", f"key {ALIAS}"


def in_topic(name: str, value: str) -> Callable[[World, Account], Any]:
    return lambda world, account: world.client("sns", account).set_topic_attributes(
        TopicArn=topic_arn(world), AttributeName=name, AttributeValue=value
    )


def open_to_all(world: World, account: Account) -> None:
    policy = portrait_of_topic(world)[0]
    policy["Statement"].append(
        {
            "Sid": "Open",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "sns:Subscribe",
            "Resource": topic_arn(world),
        }
    )
    in_topic("Policy", json.dumps(policy))(world, account)


def with_the_key(operation: str, **given: Any) -> Callable[[World, Account], Any]:
    def do(world: World, account: Account) -> None:
        kms = world.client("kms", account)
        getattr(kms, operation)(KeyId=kms.describe_key(KeyId=ALIAS)["KeyMetadata"]["KeyId"], **given)

    return do


SABOTAGES_OF_THE_TOPIC = (
    Sabotage(
        "unencrypted", in_topic("KmsMasterKeyId", ""), TOPIC, "is encrypted with no key; expected alias/"
    ),
    Sabotage("AWS's key", in_topic("KmsMasterKeyId", "alias/aws/sns"), TOPIC, "with alias/aws/sns; expected"),
    Sabotage("open to all", open_to_all, TOPIC, "opens what is not declared", "high"),
    Sabotage("key disabled", with_the_key("disable_key"), KEY, "no alarm can tell anybody", "high"),
    Sabotage("no rotation", with_the_key("disable_key_rotation"), KEY, "does not rotate"),
)


@pytest.mark.parametrize("sabotage", SABOTAGES_OF_THE_TOPIC, ids=lambda sabotage: sabotage.name)
def test_what_drifted_of_the_topic_is_named_and_mended(
    ready: World, security: Account, own: Declaration, sabotage: Sabotage
) -> None:
    prove(ready, ALARMS, ready.security, sabotage, lambda: portrait_of_topic(ready), declaration=own)


# -- once for the organization -------------------------------------------------------------------------


@pytest.fixture
def once(ready: World) -> Iterator[Declaration]:
    """The stack brings the role along."""
    iam, target = ready.aws.client("iam"), ready.target(TRAIL, ready.management)
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(trust_document()))
    document = json.dumps(policy_document(target))
    iam.put_role_policy(RoleName=ROLE, PolicyName=POLICY, PolicyDocument=document)
    declaration = declared(ready, "organization")
    ready.apply(TRAIL, ready.management, declaration=declaration)
    yield declaration
    ready.aws.client("cloudtrail").delete_trail(Name="groundwork")
    ready.aws.client("logs").delete_log_group(logGroupName=GROUP)
    iam.delete_role_policy(RoleName=ROLE, PolicyName=POLICY)
    iam.delete_role(RoleName=ROLE)


def test_once_for_the_organization_it_costs_a_member_no_call(
    ready: World, once: Declaration, heard: Callable[[], list[dict[str, Any]]]
) -> None:
    ready.apply(ALARMS, ready.security, declaration=once)
    assert len(prove_complete(ready, ALARMS, ready.management, declaration=once)) == 30
    account = ready.account()
    mark = len(ready.aws.calls)
    (told,) = ready.apply(ALARMS, account, declaration=once)
    assert words([told]) == ["report alarms: the management account watches it, over the organization trail"]
    assert ready.calls_since(mark) == []
    ready.client("kms", account).create_key()
    key = ready.client("kms", account).list_keys()["Keys"][0]["KeyId"]
    ready.client("kms", account).schedule_key_deletion(KeyId=key)
    assert "groundwork-cis-DisableOrDeleteCMK" in ringing(ready, ready.management)
    assert "groundwork-cis-DisableOrDeleteCMK" in {each["AlarmName"] for each in heard()}
    policy = portrait_of_topic(ready)[0]
    (tell,) = policy["Statement"]
    assert tell["Condition"]["StringEquals"] == {"aws:SourceAccount": [ready.management.id]}


def test_the_management_account_waits_for_the_topic(ready: World, once: Declaration) -> None:
    alone = ready.organization.model_copy(update={"security_account_id": None})
    *filters, told = ready.apply(ALARMS, ready.management, declaration=once, organization=alone)
    assert len(filters) == 15
    assert told.reason.startswith("wait for the security account")


# -- what cannot be ------------------------------------------------------------------------------------


def mistakes(world: World, by: str, **trail: Any) -> Iterable[str]:
    declaration = declared(world, by)
    changed = declaration.trail.model_copy(update=trail)
    declaration = declaration.model_copy(update={"trail": changed})
    with pytest.raises(InvalidDeclaration) as invalid:
        check(declaration, {"alarms": ALARMS})
    return str(invalid.value).splitlines()


def test_what_alarms_need_is_said_in_one_sentence(world: World) -> None:
    (mode,) = mistakes(world, "organization", mode="account")
    assert mode == (
        "baseline.yaml: alarms.by: 'organization' watches a trail of the whole organization, and trail.mode is 'account': "
        "declare trail.mode 'organization', or alarms.by 'account'."
    )
    (group,) = mistakes(world, "account", cloud_watch_logs=None)
    assert group == (
        "baseline.yaml: alarms: watch the trail's events in CloudWatch Logs, and trail.cloudWatchLogs is not declared: "
        "give it retentionDays."
    )
    without = declared(world, "account")
    without.baseline["security"].remove("alarms")
    with pytest.raises(
        InvalidDeclaration, match=r"baseline\.security: alarms lacks, and the topic is there: add it"
    ):
        check(without, {"alarms": ALARMS})


# -- permissions ---------------------------------------------------------------------------------------


def test_it_may_do_what_it_does_and_nothing_else(ready: World, own: Declaration, member: Account) -> None:
    kms = ready.client("kms", ready.security)
    open_to_all(ready, ready.security)
    kms.schedule_key_deletion(KeyId=kms.describe_key(KeyId=ALIAS)["KeyMetadata"]["KeyId"])
    kms.delete_alias(AliasName=ALIAS)
    ready.apply(ALARMS, ready.security, declaration=own)
    key = kms.describe_key(KeyId=ALIAS)["KeyMetadata"]["KeyId"]
    policy = json.loads(kms.get_key_policy(KeyId=key)["Policy"])
    policy["Statement"][1]["Action"] = "kms:Decrypt"
    kms.put_key_policy(KeyId=key, Policy=json.dumps(policy))
    kms.untag_resource(KeyId=key, TagKeys=["groundwork:alias"])
    ready.apply(ALARMS, ready.security, declaration=own)
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.update_alias(AliasName=ALIAS, TargetKeyId=other)
    ready.apply(ALARMS, ready.security, declaration=own)
    used, may = used_and_declared(ready, ALARMS)
    assert used == may
