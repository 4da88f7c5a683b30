"""Budgets with notifications, subscribers and tags, as AWS Budgets has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import Engine
from local.identity.credentials import Credentials
from tests.engine.support import plain_moto, policy

HERE = Engine.management_account
BUDGET = {
    "BudgetName": "spent",
    "BudgetType": "COST",
    "TimeUnit": "MONTHLY",
    "BudgetLimit": {"Amount": "500", "Unit": "USD"},
}
OURS = {"AccountId": HERE, "BudgetName": "spent"}
ALERT = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80.0}
FORECAST = ALERT | {"NotificationType": "FORECASTED", "ThresholdType": "PERCENTAGE"}
TEAM, OTHERS = (
    {"SubscriptionType": "EMAIL", "Address": f"{name}@example.com"} for name in ("team", "others")
)


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(organization=None) as running:
        yield running


@pytest.fixture
def budgets(aws: Engine) -> Iterator[Any]:
    """With one budget, one alert and one subscriber."""
    client = aws.client("budgets")
    given = [{"Notification": ALERT, "Subscribers": [TEAM]}]
    client.create_budget(AccountId=HERE, Budget=BUDGET, NotificationsWithSubscribers=given)
    yield client
    for each in client.describe_budgets(AccountId=HERE)["Budgets"]:
        client.delete_budget(AccountId=HERE, BudgetName=each["BudgetName"])


def refused(ask: Callable[..., Any], **given: Any) -> str:
    with pytest.raises(ClientError) as refusal:
        ask(**given)
    return str(refusal.value.response["Error"]["Code"])


def told(budgets: Any, alert: dict[str, Any] = ALERT) -> list[str]:
    found = budgets.describe_subscribers_for_notification(**OURS, Notification=alert)["Subscribers"]
    return [each["Address"].partition("@")[0] for each in found]


@pytest.mark.parametrize(
    "given",
    [
        {"Metrics": ["NetUnblendedCost"]},
        {"FilterExpression": {"Dimensions": {"Key": "SERVICE", "Values": ["EC2"]}}},
    ],
)
def test_what_is_counted_is_said_in_one_of_two_ways_and_stays_in_an_update(
    budgets: Any, given: dict[str, Any]
) -> None:
    old = BUDGET | {"CostTypes": {"IncludeCredit": False}}
    assert (
        refused(budgets.update_budget, AccountId=HERE, NewBudget=old | given) == "InvalidParameterException"
    )
    budgets.update_budget(AccountId=HERE, NewBudget=BUDGET | given)
    assert not given.keys() & budgets.describe_budget(**OURS)["Budget"].keys()
    found = budgets.describe_budget(**OURS, ShowFilterExpression=True)["Budget"]
    assert given.items() <= found.items()
    assert "CostTypes" not in found
    budgets.update_budget(AccountId=HERE, NewBudget=old)
    assert given.keys() <= budgets.describe_budget(**OURS, ShowFilterExpression=True)["Budget"].keys()


def test_a_budget_is_changed_as_a_whole_and_keeps_its_notifications(budgets: Any) -> None:
    made = budgets.describe_budget(**OURS)["Budget"]
    assert made["BudgetLimit"] == {"Amount": "500", "Unit": "USD"}
    assert made["CostTypes"]["IncludeCredit"] is True
    narrowed = BUDGET | {"CostFilters": {"Service": ["Amazon EC2"]}, "CostTypes": {"IncludeCredit": False}}
    budgets.update_budget(AccountId=HERE, NewBudget=narrowed)
    assert budgets.describe_budget(**OURS)["Budget"]["CostFilters"] == {"Service": ["Amazon EC2"]}
    budgets.update_budget(AccountId=HERE, NewBudget=BUDGET)
    found = budgets.describe_budget(**OURS)["Budget"]
    assert not found.get("CostFilters")
    assert found["TimePeriod"] == made["TimePeriod"]
    assert told(budgets) == ["team"]
    nameless = BUDGET | {"BudgetName": "another"}
    assert refused(budgets.update_budget, AccountId=HERE, NewBudget=nameless) == "NotFoundException"
    assert refused(budgets.create_budget, AccountId=HERE, Budget=BUDGET) == "DuplicateRecordException"
    named = BUDGET | {"BudgetName": "a:b"}
    assert refused(budgets.create_budget, AccountId=HERE, Budget=named) == "InvalidParameterException"


def test_a_notification_goes_with_its_last_subscriber(budgets: Any) -> None:
    (found,) = budgets.describe_notifications_for_budget(**OURS)["Notifications"]
    assert found == ALERT | {"ThresholdType": "PERCENTAGE", "NotificationState": "OK"}
    budgets.create_subscriber(**OURS, Notification=found, Subscriber=OTHERS)
    assert told(budgets) == ["team", "others"]
    budgets.delete_subscriber(**OURS, Notification=ALERT, Subscriber=TEAM)
    assert told(budgets) == ["others"]
    budgets.update_subscriber(**OURS, Notification=ALERT, OldSubscriber=OTHERS, NewSubscriber=TEAM)
    assert told(budgets) == ["team"]
    budgets.delete_subscriber(**OURS, Notification=ALERT, Subscriber=TEAM)
    assert budgets.describe_notifications_for_budget(**OURS)["Notifications"] == []
    asked = {**OURS, "Notification": ALERT}
    assert refused(budgets.describe_subscribers_for_notification, **asked) == "NotFoundException"
    assert refused(budgets.delete_subscriber, **asked, Subscriber=TEAM) == "NotFoundException"


def test_notifications_are_known_by_what_they_compare(budgets: Any) -> None:
    budgets.create_notification(**OURS, Notification=FORECAST, Subscribers=[OTHERS])
    again = {**OURS, "Notification": FORECAST, "Subscribers": [TEAM]}
    assert refused(budgets.create_notification, **again) == "DuplicateRecordException"
    (ours,) = budgets.describe_budget_notifications_for_account(AccountId=HERE)[
        "BudgetNotificationsForAccount"
    ]
    assert [each["NotificationType"] for each in ours["Notifications"]] == ["ACTUAL", "FORECASTED"]
    later = FORECAST | {"Threshold": 90.0}
    budgets.update_notification(**OURS, OldNotification=FORECAST, NewNotification=later)
    assert told(budgets, later) == ["others"]
    budgets.delete_notification(**OURS, Notification=later)
    assert refused(budgets.delete_notification, **OURS, Notification=later) == "NotFoundException"


def test_there_are_ten_notifications_with_ten_addresses_each(budgets: Any) -> None:
    for number in range(9):
        alert = ALERT | {"Threshold": float(number)}
        budgets.create_notification(**OURS, Notification=alert, Subscribers=[TEAM])
    more = {**OURS, "Notification": ALERT | {"Threshold": 200.0}, "Subscribers": [TEAM]}
    assert refused(budgets.create_notification, **more) == "CreationLimitExceededException"
    for number in range(9):
        one = {"SubscriptionType": "EMAIL", "Address": f"{number}@example.com"}
        budgets.create_subscriber(**OURS, Notification=ALERT, Subscriber=one)
    eleventh = {**OURS, "Notification": ALERT, "Subscriber": OTHERS}
    assert refused(budgets.create_subscriber, **eleventh) == "CreationLimitExceededException"
    doubled = {**OURS, "Notification": ALERT, "Subscriber": TEAM}
    assert refused(budgets.create_subscriber, **doubled) == "DuplicateRecordException"


def test_a_budget_has_tags(aws: Engine, budgets: Any) -> None:
    tagged = BUDGET | {"BudgetName": "tagged"}
    tags = [{"Key": "managed-by", "Value": "somebody"}]
    budgets.create_budget(AccountId=HERE, Budget=tagged, ResourceTags=tags)
    which = {"ResourceARN": f"arn:aws:budgets::{HERE}:budget/tagged"}
    budgets.tag_resource(**which, ResourceTags=[{"Key": "team", "Value": "one"}])
    assert budgets.list_tags_for_resource(**which)["ResourceTags"] == [*tags, {"Key": "team", "Value": "one"}]
    budgets.untag_resource(**which, ResourceTagKeys=["managed-by"])
    assert [each["Key"] for each in budgets.list_tags_for_resource(**which)["ResourceTags"]] == ["team"]


def test_who_may_not_is_refused_by_the_actions_of_budgets(aws: Engine, budgets: Any) -> None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbudgetservice.html"""
    iam = aws.client("iam")
    iam.create_user(UserName="accountant")
    arn = f"arn:aws:budgets::{HERE}:budget/spent"
    may = {"Effect": "Allow", "Action": ["budgets:ViewBudget", "budgets:ModifyBudget"], "Resource": arn}
    iam.put_user_policy(UserName="accountant", PolicyName="may", PolicyDocument=policy(may))
    key = iam.create_access_key(UserName="accountant")["AccessKey"]
    own = aws.client("budgets", credentials=Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
    assert told(own) == ["team"]
    own.update_budget(AccountId=HERE, NewBudget=BUDGET)
    own.delete_budget(**OURS)
    tags = [{"Key": "managed-by", "Value": "accountant"}]
    tagged = {"AccountId": HERE, "Budget": BUDGET, "ResourceTags": tags}
    assert refused(own.create_budget, **tagged) == "AccessDeniedException"
    own.create_budget(AccountId=HERE, Budget=BUDGET)
    other = {"AccountId": HERE, "BudgetName": "another"}
    assert refused(own.describe_budget, **other) == "AccessDeniedException"
    elsewhere = {"AccountId": "210987654321", "BudgetName": "spent"}
    assert refused(budgets.describe_budget, **elsewhere) == "AccessDeniedException"


def test_plain_moto_changes_no_budget_and_tells_no_subscriber() -> None:
    said = plain_moto(
        f"""
        budgets = client("budgets")
        for ask, given in (
            (budgets.update_budget, dict(AccountId="{HERE}", NewBudget={BUDGET!r})),
            (budgets.describe_subscribers_for_notification, dict(**{OURS!r}, Notification={ALERT!r})),
            (budgets.list_tags_for_resource, dict(ResourceARN="arn:aws:budgets::{HERE}:budget/spent")),
        ):
            try:
                ask(**given)
                print("answers")
            except Exception as lacking:
                print(type(lacking).__name__)
        """
    )
    assert said.split() == ["NotImplementedError"] * 3
