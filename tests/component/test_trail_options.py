"""trail: what is declared besides management events in the archive: a copy in CloudWatch Logs, data events of S3, Insights."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given

from groundwork.aws import sessions
from groundwork.baseline.components.trail import Trail
from groundwork.baseline.components.trail.logs import (
    GROUP,
    POLICY,
    ROLE,
    Delivery,
    calls,
    policy_document,
    trust_document,
)
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.declaration.settings import CloudWatchLogs, DataEvents
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

TRAIL = Trail()
NAME, RESOURCE = "groundwork", "trail groundwork"
ALL_EVENTS = {"ReadWriteType": "All", "IncludeManagementEvents": True}
EXTRAS: dict[str, Any] = {
    "cloud_watch_logs": CloudWatchLogs(retention_days=90),
    "data_events": DataEvents(s3="write"),
    "insights": ["ApiCallRateInsight"],
}


def declared(world: World, **changes: Any) -> Declaration:
    trail = world.declaration.trail.model_copy(update=changes)
    return world.declaration.model_copy(update={"trail": trail})


@pytest.fixture(scope="module")
def everything(ready: World) -> Declaration:
    return declared(ready, **EXTRAS)


@pytest.fixture(scope="module")
def member(ready: World, everything: Declaration) -> Account:
    """A member account with all the options, which every test leaves as declared."""
    account = ready.account()
    ready.apply(TRAIL, account, declaration=everything)
    return account


def portrait(world: World, account: Account) -> list[Any]:
    cloudtrail, iam = world.client("cloudtrail", account), world.client("iam", account)
    (trail,) = cloudtrail.describe_trails()["trailList"]
    (group,) = world.client("logs", account).describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    insights = cloudtrail.get_insight_selectors(TrailName=NAME)["InsightSelectors"]
    return [
        trail,
        cloudtrail.get_event_selectors(TrailName=NAME)["AdvancedEventSelectors"],
        insights,
        group.get("retentionInDays"),
        iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"],
        iam.get_role_policy(RoleName=ROLE, PolicyName=POLICY)["PolicyDocument"],
    ]


def events(world: World, account: Account, owner: Account | None = None) -> list[dict[str, Any]]:
    """What the log group holds of an account's calls."""
    logs = world.client("logs", owner or account)
    found = logs.filter_log_events(logGroupName=GROUP)["events"]
    return [
        event for each in found if (event := json.loads(each["message"]))["recipientAccountId"] == account.id
    ]


# -- from nothing --------------------------------------------------------------------------------------


def test_from_nothing_its_events_go_into_a_log_group_besides(ready: World, everything: Declaration) -> None:
    account, mark = ready.account(), len(ready.aws.calls)
    done = prove_complete(ready, TRAIL, account, declaration=everything)
    assert [change.resource for change in done].count(RESOURCE) == 4
    made = [call.operation for call in ready.calls_since(mark) if call.mutating]
    assert made[:8] == [
        *("CreateRole", "PutRolePolicy", "CreateLogGroup", "PutRetentionPolicy"),
        *("CreateTrail", "PutEventSelectors", "PutInsightSelectors", "StartLogging"),
    ]
    ready.client("iam", account).create_user(UserName="somebody")
    (made_user,) = [each for each in events(ready, account) if each["eventName"] == "CreateUser"]
    assert (made_user["eventSource"], made_user["readOnly"]) == ("iam.amazonaws.com", False)
    assert made_user["userIdentity"]["type"] == "AssumedRole"


def test_a_second_run_writes_nothing_and_leaves_the_role_alone(
    ready: World, member: Account, everything: Declaration
) -> None:
    ready.client("iam", member).list_users()
    target = ready.target(TRAIL, member, declaration=everything)
    mark = len(ready.aws.calls)
    assert TRAIL.difference(target) == []
    assert sorted(call.operation for call in ready.calls_since(mark)) == [
        *("DescribeKey", "DescribeLogGroups", "DescribeTrails", "GetEventSelectors", "GetInsightSelectors"),
        *("GetTrailStatus", "ListTags"),
    ]


def test_its_permissions_fit_a_session() -> None:
    assert len(sessions.session_policy([*TRAIL.reads, *TRAIL.writes], "012345678901", "aws")) <= 2048


def test_data_events_leave_the_archive_out(ready: World, everything: Declaration) -> None:
    """A trail that recorded its own deliveries would record that for ever."""
    security = ready.security
    ready.apply(TRAIL, security, declaration=everything)
    s3 = ready.client("s3", security)
    s3.create_bucket(Bucket=f"work-{security.id}")
    for bucket in (f"work-{security.id}", f"groundwork-config-{security.id}"):
        s3.put_object(Bucket=bucket, Key="note", Body=b"", ACL="bucket-owner-full-control")
        s3.get_object(Bucket=bucket, Key="note")
    written = [each for each in events(ready, security) if each["eventCategory"] == "Data"]
    assert [(each["eventName"], each["resources"][0]["ARN"]) for each in written] == [
        ("PutObject", f"arn:aws:s3:::work-{security.id}/note")
    ]


def test_all_data_events_are_reads_too(ready: World, member: Account, everything: Declaration) -> None:
    more = declared(ready, **EXTRAS | {"data_events": DataEvents(s3="all")})
    (change,) = ready.apply(TRAIL, member, declaration=more)
    assert change.reason.startswith("does not record every data event of S3")
    s3 = ready.client("s3", member)
    s3.create_bucket(Bucket=f"read-{member.id}")
    s3.put_object(Bucket=f"read-{member.id}", Key="note", Body=b"")
    s3.get_object(Bucket=f"read-{member.id}", Key="note")
    data = [each["eventName"] for each in events(ready, member) if each["eventCategory"] == "Data"]
    assert data[-2:] == ["PutObject", "GetObject"]
    ready.apply(TRAIL, member, declaration=everything)


# -- one at a time -------------------------------------------------------------------------------------


def in_the(service: str, operation: str, **given: Any) -> Callable[[World, Account], Any]:
    return lambda world, account: getattr(world.client(service, account), operation)(**given)


def send_elsewhere(world: World, account: Account) -> None:
    world.client("logs", account).create_log_group(logGroupName="elsewhere")
    role = f"arn:aws:iam::{account.id}:role/{ROLE}"
    iam = world.client("iam", account)
    anywhere = {**policy_of(world, account)}
    anywhere["Statement"] = [{**anywhere["Statement"][0], "Resource": "*"}]
    iam.put_role_policy(RoleName=ROLE, PolicyName="more", PolicyDocument=json.dumps(anywhere))
    group = f"arn:aws:logs:us-east-1:{account.id}:log-group:elsewhere:*"
    world.client("cloudtrail", account).update_trail(
        Name=NAME, CloudWatchLogsLogGroupArn=group, CloudWatchLogsRoleArn=role
    )
    iam.delete_role_policy(RoleName=ROLE, PolicyName="more")


def policy_of(world: World, account: Account) -> dict[str, Any]:
    document: dict[str, Any] = world.client("iam", account).get_role_policy(RoleName=ROLE, PolicyName=POLICY)[
        "PolicyDocument"
    ]
    return document


def forget_the_role(world: World, account: Account) -> None:
    iam = world.client("iam", account)
    iam.delete_role_policy(RoleName=ROLE, PolicyName=POLICY)
    iam.delete_role(RoleName=ROLE)


def close_the_role(world: World, account: Account) -> None:
    trust = {"Version": "2012-10-17", "Statement": [{**trust_document()["Statement"][0], "Effect": "Deny"}]}
    world.client("iam", account).update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(trust))


def select(world: World, account: Account, *fields: dict[str, Any]) -> None:
    management = {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}
    data = [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
    ]
    advanced = [management, {"FieldSelectors": [*data, *fields]}]
    world.client("cloudtrail", account).put_event_selectors(TrailName=NAME, AdvancedEventSelectors=advanced)


def select_reads(world: World, account: Account) -> None:
    by_hand = [ALL_EVENTS | {"ReadWriteType": "ReadOnly"}]
    world.client("cloudtrail", account).put_event_selectors(TrailName=NAME, EventSelectors=by_hand)


def high(name: str, do: Callable[[World, Account], Any], said: str, resource: str = RESOURCE) -> Sabotage:
    return Sabotage(name, do, resource, said, "high")


LOG_GROUP, THE_ROLE = f"log group {GROUP}", f"role {ROLE}"
WRITES = {"Field": "readOnly", "Equals": ["false"]}
SABOTAGES = (
    Sabotage(
        *("kept for a week", in_the("logs", "put_retention_policy", logGroupName=GROUP, retentionInDays=7)),
        *(LOG_GROUP, "keeps events 7 days; expected 90 days", "medium"),
    ),
    Sabotage(
        *("kept for ever", in_the("logs", "delete_retention_policy", logGroupName=GROUP)),
        *(LOG_GROUP, "keeps events for ever; expected 90 days", "low"),
    ),
    high(
        "the group deleted",
        in_the("logs", "delete_log_group", logGroupName=GROUP),
        "does not exist",
        LOG_GROUP,
    ),
    high(
        *(
            "not sent",
            in_the(
                "cloudtrail",
                "update_trail",
                Name=NAME,
                CloudWatchLogsLogGroupArn="",
                CloudWatchLogsRoleArn="",
            ),
        ),
        "sends its events to log group none; expected arn:aws:logs:",
    ),
    high("sent elsewhere", send_elsewhere, ":log-group:elsewhere:*; expected arn:aws:logs:"),
    high("the role deleted", forget_the_role, "does not exist: no event comes to the log group", THE_ROLE),
    high("the role closed", close_the_role, "its trust: policy", THE_ROLE),
    Sabotage(
        *("the role may not", in_the("iam", "delete_role_policy", RoleName=ROLE, PolicyName=POLICY)),
        *(THE_ROLE, "has no policy", "high"),
    ),
    high(
        *(
            "no data events",
            in_the("cloudtrail", "put_event_selectors", TrailName=NAME, EventSelectors=[ALL_EVENTS]),
        ),
        "does not record the data events that write of S3",
    ),
    high(
        *(
            "reads alone",
            lambda world, account: select(world, account, {"Field": "readOnly", "Equals": ["true"]}),
        ),
        "does not record the data events that write of S3",
    ),
    high(
        *("its own files too", lambda world, account: select(world, account, WRITES)),
        "does not record the data events that write of S3, the archive's own buckets aside",
    ),
    high(
        *("reads of management events alone", select_reads),
        "leaves out management events; expected all of them; does not record",
    ),
    Sabotage(
        *("no Insights", in_the("cloudtrail", "put_insight_selectors", TrailName=NAME, InsightSelectors=[])),
        *(RESOURCE, "does not record ApiCallRateInsight", "medium"),
    ),
)


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_what_drifted_is_named_and_mended_and_nothing_else(
    ready: World, member: Account, everything: Declaration, sabotage: Sabotage
) -> None:
    def shown() -> list[Any]:
        try:
            return portrait(ready, member)
        except (ValueError, ready.client("iam", member).exceptions.ClientError):
            return []

    prove(ready, TRAIL, member, sabotage, shown, declaration=everything)
    ready.client("iam", member).list_users()  # an event arrives again


@ON_ENGINE
@given(sabotages=some_of(SABOTAGES, most=4))
def test_the_plan_is_what_apply_does_from_any_state(
    ready: World, member: Account, everything: Declaration, sabotages: list[Sabotage]
) -> None:
    """What somebody else's change makes impossible is not done."""
    for each in sabotages:
        with suppress(ClientError):
            each.do(ready, member)
    ready.client("iam", member).list_users()
    prove_complete(ready, TRAIL, member, declaration=everything)
    ready.client("iam", member).list_users()


def test_what_others_record_of_other_resources_stays(
    ready: World, member: Account, everything: Declaration
) -> None:
    cloudtrail = ready.client("cloudtrail", member)
    before = cloudtrail.get_event_selectors(TrailName=NAME)["AdvancedEventSelectors"]
    theirs = {
        "Name": "theirs",
        "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::Lambda::Function"]},
        ],
    }
    cloudtrail.put_event_selectors(TrailName=NAME, AdvancedEventSelectors=[before[0], theirs])
    (change,) = ready.apply(TRAIL, member, declaration=everything)
    assert change.reason.startswith("does not record the data events")
    after = cloudtrail.get_event_selectors(TrailName=NAME)["AdvancedEventSelectors"]
    assert after == [*before, theirs]
    assert ready.apply(TRAIL, member, declaration=everything) == []
    cloudtrail.put_event_selectors(TrailName=NAME, AdvancedEventSelectors=before)


@pytest.mark.parametrize("declares_data", [True, False])
def test_what_others_record_by_basic_selectors_and_gives_way_is_told(
    ready: World, everything: Declaration, declares_data: bool
) -> None:
    """A trail has basic selectors or advanced ones, not both."""
    account, declaration = ready.account(), everything if declares_data else ready.declaration
    ready.apply(TRAIL, account, declaration=declaration)
    theirs = [
        {"Type": "AWS::Lambda::Function", "Values": ["arn:aws:lambda"]},
        {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::shop/"]},
    ]
    by_hand = {**ALL_EVENTS, "ReadWriteType": "WriteOnly", "DataResources": theirs}
    ready.client("cloudtrail", account).put_event_selectors(TrailName=NAME, EventSelectors=[by_hand])
    done = prove_complete(ready, TRAIL, account, declaration=declaration)
    (told,) = [each.reason for each in done if "management events" in each.reason]
    types = "AWS::Lambda::Function" if declares_data else "AWS::Lambda::Function, AWS::S3::Object"
    assert told.endswith(f"; data events of {types}, which others chose, are recorded no longer then")


def test_a_group_that_is_called_alike_is_not_the_one(ready: World, everything: Declaration) -> None:
    account = ready.account()
    ready.client("logs", account).create_log_group(logGroupName=f"{GROUP}-and-more")
    made = prove_complete(ready, TRAIL, account, declaration=everything)
    assert {change.action for change in made if change.resource == LOG_GROUP} == {"create", "update"}


def test_a_group_that_takes_no_filters_is_told(ready: World, everything: Declaration) -> None:
    """No alarm can watch one of the class for infrequent access."""
    target = ready.target(TRAIL, ready.security, declaration=everything)
    infrequent = Delivery(exists=True, retention=90, takes_filters=False)
    (told,) = calls(infrequent, CloudWatchLogs(retention_days=90), target)
    assert (told.action, told.severity, told.resource) == ("report", "high", LOG_GROUP)
    assert told.reason.startswith("is of a class that takes no metric filters")


# -- what nobody declared ------------------------------------------------------------------------------


def test_what_is_taken_out_of_the_declaration_is_told_and_stays(
    ready: World, everything: Declaration
) -> None:
    account = ready.account()
    ready.apply(TRAIL, account, declaration=everything)
    told = ready.plan(TRAIL, account)
    assert {(each.action, each.severity) for each in told} == {("report", "low")}
    group = f"arn:aws:logs:us-east-1:{account.id}:log-group:{GROUP}:*"
    billed = "which nobody declared and AWS bills: declare trail."
    assert words(told) == [
        f"report {RESOURCE}: sends its events to log group {group}, too, {billed}cloudWatchLogs, or take that off",
        f"report {RESOURCE}: records data events, too, {billed}dataEvents, or take that off",
        f"report {RESOURCE}: records Insights, too, {billed}insights, or take that off",
    ]
    assert ready.apply(TRAIL, account) == told


# -- one organization trail ----------------------------------------------------------------------------


@pytest.fixture
def organization_trail(ready: World) -> Iterator[Declaration]:
    """The stack brings the role along."""
    iam, target = ready.aws.client("iam"), ready.target(TRAIL, ready.management)
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(trust_document()))
    document = json.dumps(policy_document(target))
    iam.put_role_policy(RoleName=ROLE, PolicyName=POLICY, PolicyDocument=document)
    yield declared(ready, **EXTRAS, mode="organization")
    ready.aws.client("cloudtrail").delete_trail(Name=NAME)
    ready.aws.client("logs").delete_log_group(logGroupName=GROUP)
    forget_the_role(ready, ready.management)


def test_an_organization_trail_sends_the_events_of_all_into_one_group(
    ready: World, organization_trail: Declaration
) -> None:
    member = ready.account()
    made = prove_complete(ready, TRAIL, ready.management, declaration=organization_trail)
    assert {change.resource for change in made} == {RESOURCE, LOG_GROUP}
    ready.client("iam", member).create_user(UserName="somebody")
    theirs = events(ready, member, ready.management)
    assert [each["eventName"] for each in theirs if each["eventName"] == "CreateUser"] == ["CreateUser"]
    streams = ready.aws.client("logs").describe_log_streams(logGroupName=GROUP)["logStreams"]
    name = f"{ready.organization.id}_{member.id}_CloudTrail_us-east-1"
    assert name in {stream["logStreamName"] for stream in streams}
    mark = len(ready.aws.calls)
    (covered,) = ready.apply(TRAIL, member, declaration=organization_trail)
    assert covered.reason.startswith("covered by the organization trail")
    assert [call.service for call in ready.calls_since(mark)].count("logs") == 0


# -- permissions ---------------------------------------------------------------------------------------


def test_it_may_do_what_it_does_and_nothing_else(ready: World, organization_trail: Declaration) -> None:
    own = declared(ready, **EXTRAS)
    account = ready.account()
    prove_complete(ready, TRAIL, account, declaration=own)
    ready.client("cloudtrail", account).update_trail(Name=NAME, IsMultiRegionTrail=False)
    close_the_role(ready, account)
    ready.client("iam", account).list_users()
    untag(ready, account)
    ready.apply(TRAIL, account, declaration=own)
    ready.apply(TRAIL, ready.management, declaration=organization_trail)
    (deleted,) = ready.apply(TRAIL, account, declaration=organization_trail)
    assert deleted.action == "delete"
    used, may = used_and_declared(ready, TRAIL)
    assert used == may


def untag(world: World, account: Account) -> None:
    cloudtrail = world.client("cloudtrail", account)
    arn = cloudtrail.get_trail(Name=NAME)["Trail"]["TrailARN"]
    mine = [{"Key": "managed-by", "Value": "groundwork"}]
    cloudtrail.remove_tags(ResourceId=arn, TagsList=mine)
