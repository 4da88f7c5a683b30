"""budget: what an update may not put right is made anew, and what people have of it is kept, or told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from groundwork.baseline import loop
from groundwork.baseline.components.budget import NAME
from groundwork.contracts import Account
from groundwork.errors import ComponentNotSettled
from tests.component.conftest import World
from tests.component.sabotage import prove_complete
from tests.component.test_budget import (
    ACTUAL,
    BUDGET,
    EVERYBODY,
    FILTER,
    FORECAST,
    OTHERS,
    STRANGER,
    TEAM,
    TOLD,
    WHOLE,
    Do,
    call,
    mail,
    member,
    portrait,
    update,
)

__all__ = ["member"]

BY_EXPRESSION = {"FilterExpression": {"Dimensions": {"Key": "SERVICE", "Values": FILTER["Service"]}}}
BY_METRIC = {"Metrics": ["NetUnblendedCost"]}


def as_of_now(changes: Mapping[str, Any]) -> Do:
    """As the console writes it today. AWS shows it to who asks, and may keep it in an update."""
    return update(**{"Metrics": ["UnblendedCost"], "CostTypes": None, **changes})


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (BY_EXPRESSION, "counts only a part of what is spent, by an expression"),
        (BY_METRIC, "counts NetUnblendedCost; expected UnblendedCost"),
    ],
)
def test_one_that_an_update_may_not_put_right_is_made_anew(
    world: World, member: Account, changes: Mapping[str, Any], why: str
) -> None:
    as_of_now(changes)(world, member)
    done = prove_complete(world, BUDGET, member, declaration=TOLD)
    assert [each.action for each in done] == ["create", "delete"]
    assert done[1].reason == f"{why}: it is made anew"
    assert portrait(world, member) == (WHOLE, EVERYBODY)
    client = world.client("budgets", member)
    asked = {"AccountId": member.id, "BudgetName": NAME, "ShowFilterExpression": True}
    assert not {"FilterExpression", "Metrics"} & client.describe_budget(**asked)["Budget"].keys()


def test_one_that_counts_by_metric_what_is_declared_stays(world: World, member: Account) -> None:
    as_of_now({})(world, member)
    assert world.apply(BUDGET, member, declaration=TOLD) == []
    world.client("budgets", member).delete_budget(AccountId=member.id, BudgetName=NAME)
    world.apply(BUDGET, member, declaration=TOLD)


@pytest.mark.parametrize("refused", [None, "DuplicateRecordException"])
def test_one_that_is_made_anew_goes_on_telling_the_topics_of_others(
    world: World, refused: str | None
) -> None:
    """Also where a try of the execution ends between its deletion and its creation."""
    account = world.account()
    world.apply(BUDGET, account, declaration=TOLD)
    topic = {"SubscriptionType": "SNS", "Address": f"arn:aws:sns:us-east-1:{account.id}:chat"}
    call("create_subscriber", Notification=FORECAST, Subscriber=topic)(world, account)
    theirs = {**ACTUAL, "Threshold": 50.0}
    call("create_notification", Notification=theirs, Subscribers=[mail(STRANGER)])(world, account)
    as_of_now(BY_EXPRESSION)(world, account)
    assert [
        each for change in world.planned(BUDGET, account, declaration=TOLD) for each in change.breaks or ()
    ] == [
        "its alert at 50 % of actual cost, which is not declared, goes, and whoever that tells is told no more",
        "actions and tags that somebody gave it, which are not looked at, go with it",
    ]
    target = world.target(BUDGET, account, TOLD)
    if refused:
        fault = {"service": "budgets", "operation": "CreateBudget", "effect": refused}
        world.aws.faults.plan([fault])
        with pytest.raises(ComponentNotSettled):
            loop.apply(BUDGET, target)
        world.aws.faults.clear()
        assert portrait(world, account) is None
    loop.apply(BUDGET, replace(target))
    told = {**EVERYBODY, ("FORECASTED", 100.0): sorted([TEAM, OTHERS, topic["Address"]])}
    assert portrait(world, account) == (WHOLE, told)
    assert world.apply(BUDGET, account, declaration=TOLD) == []
