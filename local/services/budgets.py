"""AWS Budgets: an account's budgets with their notifications, subscribers and tags, of which moto has the half.

A budget is its account's own. A notification is known by what it compares and by its threshold, and goes with its last
subscriber. What is spent here is nothing, so nobody is ever told.

https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_Operations_AWS_Budgets.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from moto.budgets.models import Budget, Notification
from moto.budgets.responses import BudgetsResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult

from local.engine import Engine

MOST_NOTIFICATIONS = 10
MOST_OF: Mapping[str, int] = {"EMAIL": 10, "SNS": 1}
"""Subscribers of a notification, by type.
https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_NotificationWithSubscribers.html"""
MOST_TAGS = 50
KEY = ("NotificationType", "ComparisonOperator", "Threshold", "ThresholdType")
TAGS = "groundwork_tags"
"""Where a budget's tags are kept, which moto does not know."""
OF_NOW = ("FilterExpression", "Metrics")
"""What a budget is filtered by and counts, shown to who asks for it."""
OF_BEFORE = ("CostFilters", "CostTypes")


class BudgetsError(ServiceException):
    """An exception of AWS Budgets, by its name."""


def install(engine: Engine) -> None:
    for name, handler in HANDLERS.items():
        answer = _answering(handler)
        if name in vars(BudgetsResponse):
            engine.patch(BudgetsResponse, name, answer)
        else:
            engine.add(BudgetsResponse, name, answer)


def _answering(handler: Callable[[BudgetsResponse], object]) -> Callable[[BudgetsResponse], ActionResult]:
    def answer(response: BudgetsResponse) -> ActionResult:
        account = response._get_param("AccountId")
        if account not in (None, response.current_account):
            raise BudgetsError(
                "AccessDeniedException", f"Account {response.current_account} has no access to {account}."
            )
        return ActionResult(handler(response) or {})

    return answer


# -- budgets -------------------------------------------------------------------------------------------


def _create_budget(response: BudgetsResponse) -> None:
    wanted = _checked(response._get_param("Budget"))
    budgets = _budgets(response)
    if wanted["BudgetName"] in budgets:
        raise _duplicate(f"budget: {wanted['BudgetName']}")
    made = Budget(wanted, [])
    for each in response._get_param("NotificationsWithSubscribers") or []:
        _add_notification(made, each["Notification"], each["Subscribers"])
    setattr(made, TAGS, _tags(response))
    budgets[wanted["BudgetName"]] = made


def _update_budget(response: BudgetsResponse) -> None:
    """Everything but its name and its notifications is as it is given. An expression and a metric stay where none are given, as
    AWS does not say that they go."""
    wanted = _checked(response._get_param("NewBudget"))
    found = _named(response, wanted["BudgetName"])
    kept = {each: found.budget[each] for each in OF_NOW if each in found.budget}
    fresh = Budget({**kept, **wanted}, [])
    fresh.budget["TimePeriod"] = found.budget["TimePeriod"] | (wanted.get("TimePeriod") or {})
    found.budget = fresh.budget


def _describe_budget(response: BudgetsResponse) -> object:
    return {"Budget": _shown(_budget(response), response)}


def _describe_budgets(response: BudgetsResponse) -> object:
    return {"Budgets": [_shown(each, response) for each in _budgets(response).values()]}


def _shown(budget: Budget, response: BudgetsResponse) -> dict[str, Any]:
    """https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_DescribeBudget.html"""
    shown: dict[str, Any] = budget.to_dict()
    if any(each in budget.budget for each in OF_NOW) and "CostTypes" not in budget.budget:
        del shown["CostTypes"]
    if not response._get_param("ShowFilterExpression"):
        for each in OF_NOW:
            shown.pop(each, None)
    return shown


def _delete_budget(response: BudgetsResponse) -> None:
    del _budgets(response)[_budget(response).budget["BudgetName"]]


def _checked(wanted: Mapping[str, Any]) -> dict[str, Any]:
    name = str(wanted["BudgetName"])
    if ":" in name or "\\" in name or "/action/" in name or len(name) > 100:
        raise BudgetsError("InvalidParameterException", f"Budget name {name} is not valid.")
    if any(map(wanted.get, OF_NOW)) and any(map(wanted.get, OF_BEFORE)):
        raise BudgetsError(
            "InvalidParameterException", f"Either {' and '.join(OF_NOW)} or {' and '.join(OF_BEFORE)}."
        )
    if wanted.get("BudgetType") not in ("COST", "USAGE"):
        raise NotImplementedError(f"it has no budgets of type {wanted.get('BudgetType')}")
    return dict(wanted)


def _budgets(response: BudgetsResponse) -> dict[str, Budget]:
    return response.backend.budgets[response.current_account]


def _budget(response: BudgetsResponse) -> Budget:
    return _named(response, response._get_param("BudgetName"))


def _named(response: BudgetsResponse, name: str) -> Budget:
    found = _budgets(response).get(name)
    if found is None:
        raise _not_found(f"Unable to get budget: {name} - the budget doesn't exist.")
    return found


# -- notifications and subscribers -----------------------------------------------------------------------


def _describe_notifications(response: BudgetsResponse) -> object:
    return {"Notifications": [_described(each) for each in _budget(response).notifications]}


def _describe_notifications_for_account(response: BudgetsResponse) -> object:
    found = [
        {"BudgetName": name, "Notifications": [_described(each) for each in budget.notifications]}
        for name, budget in _budgets(response).items()
    ]
    return {"BudgetNotificationsForAccount": found}


def _create_notification(response: BudgetsResponse) -> None:
    given = response._get_param("Notification"), response._get_param("Subscribers")
    _add_notification(_budget(response), *given)


def _update_notification(response: BudgetsResponse) -> None:
    found, wanted = _notification(response, "OldNotification"), response._get_param("NewNotification")
    if _key(wanted) != _key(found.details) and _find(_budget(response), wanted) is not None:
        raise _duplicate("notification")
    found.details = dict(wanted)


def _delete_notification(response: BudgetsResponse) -> None:
    _budget(response).notifications.remove(_notification(response))


def _describe_subscribers(response: BudgetsResponse) -> object:
    return {"Subscribers": list(_notification(response).subscribers)}


def _create_subscriber(response: BudgetsResponse) -> None:
    found, wanted = _subscribers(response), response._get_param("Subscriber")
    if wanted in found:
        raise _duplicate("subscriber")
    _check_number([*found, wanted])
    found.append(wanted)


def _update_subscriber(response: BudgetsResponse) -> None:
    found, wanted = _subscribers(response), response._get_param("NewSubscriber")
    place = _place(found, response._get_param("OldSubscriber"))
    if wanted in found:
        raise _duplicate("subscriber")
    found[place] = wanted


def _delete_subscriber(response: BudgetsResponse) -> None:
    found = _subscribers(response)
    del found[_place(found, response._get_param("Subscriber"))]
    if not found:
        _delete_notification(response)


def _add_notification(
    budget: Budget, notification: Mapping[str, Any], subscribers: list[dict[str, str]]
) -> None:
    if _find(budget, notification) is not None:
        raise _duplicate("notification")
    if len(budget.notifications) == MOST_NOTIFICATIONS:
        raise _too_many(f"A budget can have {MOST_NOTIFICATIONS} notifications.")
    if not subscribers:
        raise BudgetsError("InvalidParameterException", "A notification needs a subscriber.")
    _check_number(subscribers)
    budget.notifications.append(Notification(dict(notification), cast(Any, list(subscribers))))


def _check_number(subscribers: list[dict[str, str]]) -> None:
    for kind, most in MOST_OF.items():
        if sum(each["SubscriptionType"] == kind for each in subscribers) > most:
            raise _too_many(f"A notification can have {most} subscribers of type {kind}.")


def _notification(response: BudgetsResponse, parameter: str = "Notification") -> Notification:
    found = _find(_budget(response), response._get_param(parameter))
    if found is None:
        raise _not_found("Unable to get notification - the notification doesn't exist.")
    return found


def _find(budget: Budget, wanted: Mapping[str, Any]) -> Notification | None:
    return next((each for each in budget.notifications if _key(each.details) == _key(wanted)), None)


def _key(notification: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(_described(notification)[name] for name in KEY)


def _described(notification: Notification | Mapping[str, Any]) -> dict[str, Any]:
    details = notification.details if isinstance(notification, Notification) else notification
    return {"ThresholdType": "PERCENTAGE", "NotificationState": "OK", **details}


def _subscribers(response: BudgetsResponse) -> list[dict[str, str]]:
    return cast(list[dict[str, str]], _notification(response).subscribers)


def _place(found: list[dict[str, str]], wanted: dict[str, str]) -> int:
    if wanted not in found:
        raise _not_found("Unable to get subscriber - the subscriber doesn't exist.")
    return found.index(wanted)


# -- tags ------------------------------------------------------------------------------------------------


def _tag_resource(response: BudgetsResponse) -> None:
    found = _of_arn(response)
    setattr(found, TAGS, {**getattr(found, TAGS), **_tags(response)})


def _untag_resource(response: BudgetsResponse) -> None:
    found, gone = _of_arn(response), response._get_param("ResourceTagKeys")
    setattr(found, TAGS, {key: value for key, value in getattr(found, TAGS).items() if key not in gone})


def _list_tags(response: BudgetsResponse) -> object:
    return {
        "ResourceTags": [
            {"Key": key, "Value": value} for key, value in getattr(_of_arn(response), TAGS).items()
        ]
    }


def _tags(response: BudgetsResponse) -> dict[str, str]:
    given = {each["Key"]: each["Value"] for each in response._get_param("ResourceTags") or []}
    if len(given) > MOST_TAGS:
        raise BudgetsError("ServiceQuotaExceededException", f"A resource can have {MOST_TAGS} tags.")
    return given


def _of_arn(response: BudgetsResponse) -> Budget:
    return _named(response, str(response._get_param("ResourceARN")).partition(":budget/")[2])


def _not_found(message: str) -> BudgetsError:
    return BudgetsError("NotFoundException", message)


def _duplicate(what: str) -> BudgetsError:
    return BudgetsError("DuplicateRecordException", f"Error creating {what} - it already exists.")


def _too_many(message: str) -> BudgetsError:
    return BudgetsError("CreationLimitExceededException", message)


HANDLERS: Mapping[str, Callable[[BudgetsResponse], object]] = {
    "create_budget": _create_budget,
    "update_budget": _update_budget,
    "describe_budget": _describe_budget,
    "describe_budgets": _describe_budgets,
    "delete_budget": _delete_budget,
    "create_notification": _create_notification,
    "update_notification": _update_notification,
    "delete_notification": _delete_notification,
    "describe_notifications_for_budget": _describe_notifications,
    "describe_budget_notifications_for_account": _describe_notifications_for_account,
    "create_subscriber": _create_subscriber,
    "update_subscriber": _update_subscriber,
    "delete_subscriber": _delete_subscriber,
    "describe_subscribers_for_notification": _describe_subscribers,
    "tag_resource": _tag_resource,
    "untag_resource": _untag_resource,
    "list_tags_for_resource": _list_tags,
}
