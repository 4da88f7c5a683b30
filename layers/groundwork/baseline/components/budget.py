"""budget: what an account may spend in a month, and who is told when it spends more, by AWS Budgets.

The budget is known by its name, and is as it is declared; those of others are left alone. So are topics that somebody lets
it tell, also where it is made anew; an e-mail address that is not declared is taken out of it. Addresses are personal data: a difference is told
without them. In the management account a budget counts what the whole organization spends.

AWS shows the expression by which a budget is filtered to who asks for it, and does not say whether an update without one takes
it off: such a budget is made anew. AWS deletes with it its alerts, and whom they tell.

https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_CreateBudget.html
https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_DescribeBudget.html
https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-create.html: member accounts may have their own
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from itertools import zip_longest
from typing import Annotated, Any, Literal

from botocore.exceptions import ClientError
from pydantic import AfterValidator, ConfigDict, Field

from groundwork.baseline.component import Call, Component, Permission, Target, needing, removal
from groundwork.contracts import Account, Model
from groundwork.declaration import Declaration
from groundwork.declaration.access import Where
from groundwork.declaration.loading import FILE
from groundwork.declaration.mistakes import declared_units
from groundwork.errors import InvalidDeclaration
from groundwork.fields import Email, shown
from groundwork.side_by_side import side_by_side

NAME = "groundwork-monthly"
RESOURCE = f"budget {NAME}"
COUNTED: Mapping[str, bool] = {
    **dict.fromkeys(
        (
            *("IncludeCredit", "IncludeDiscount", "IncludeOtherSubscription", "IncludeRecurring"),
            *("IncludeRefund", "IncludeSubscription", "IncludeSupport", "IncludeTax", "IncludeUpfront"),
        ),
        True,
    ),
    "UseAmortized": False,
    "UseBlended": False,
}
"""What a budget counts where nobody says otherwise.
https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_CostTypes.html"""
METRIC = "UnblendedCost"
"""What that is where a budget says it by a metric, in place of by what it includes."""
NARROWED: Mapping[str, str] = {
    "CostFilters": "counts only a part of what is spent",
    "AutoAdjustData": "sets its amount by itself",
    "PlannedBudgetLimits": "has an amount for each month",
}
"""What a declared budget has none of, and what it means that it is there."""
TOPICS = "topics of the budget that is made anew"
"""Under this they are noted, from before it is deleted."""
_BUDGET = (f"arn:{{partition}}:budgets::{{account}}:budget/{NAME}",)


def _different(addresses: list[str]) -> list[str]:
    if len({each.lower() for each in addresses}) < len(addresses):
        raise ValueError("names an address twice; remove one")
    return addresses


Amount = Annotated[float, Field(ge=0.01, le=1e12)]
Addresses = Annotated[list[Email], Field(min_length=1, max_length=10), AfterValidator(_different)]


class Alert(Model):
    """AWS forecasts once it has seen some five weeks of an account."""

    at: float = Field(gt=0, le=1_000_000, description="Percent of the amount")
    of: Literal["actual", "forecasted"] = "actual"

    @property
    def as_aws_has_it(self) -> Mapping[str, Any]:
        return {
            "NotificationType": self.of.upper(),
            "ComparisonOperator": "GREATER_THAN",
            "Threshold": self.at,
            "ThresholdType": "PERCENTAGE",
        }


def _no_alert_twice(alerts: list[Alert]) -> list[Alert]:
    if any(alert in alerts[:number] for number, alert in enumerate(alerts)):
        raise ValueError("has the same alert twice; remove one")
    return alerts


class BudgetException(Model):
    """Another amount, or others who are told, in some accounts."""

    where: Where
    monthly: Amount | None = None
    notify: Addresses | None = None


class Settings(Model):
    """Use addresses of teams rather than of people."""

    model_config = ConfigDict(hide_input_in_errors=True)

    monthly: Amount = Field(description="US dollars that an account may spend in a month")
    notify: Addresses = Field(description="E-mail addresses that are told, ten at most")
    alerts: Annotated[list[Alert], AfterValidator(_no_alert_twice)] = Field(
        default=[Alert(at=80)], min_length=1, max_length=10, description="Each costs a call in every run"
    )
    exceptions: list[BudgetException] = Field(
        default_factory=list, description="The first whose where is met counts"
    )

    def of(self, account: Account) -> Wanted:
        met = [each for each in self.exceptions if each.where.admits(account)][:1]
        amount = next((each.monthly for each in met if each.monthly), self.monthly)
        notify = next((each.notify for each in met if each.notify), self.notify)
        return Wanted(f"{amount:.2f}".removesuffix(".00"), notify)


@dataclass(frozen=True)
class Wanted:
    """What one account is to have."""

    amount: str
    notify: Sequence[str]

    @property
    def budget(self) -> Mapping[str, Any]:
        return {
            "BudgetName": NAME,
            "BudgetType": "COST",
            "TimeUnit": "MONTHLY",
            "BudgetLimit": {"Amount": self.amount, "Unit": "USD"},
            "CostFilters": {},
            "CostTypes": dict(COUNTED),
        }


@dataclass(frozen=True)
class Found:
    """`told` has the e-mail addresses of each declared alert, in their order, None where the alert is missing; `topics` those
    of others that it tells besides. `former` are alerts that are not declared, looked for where something may have been taken
    out of the declaration, or the budget is made anew."""

    budget: Mapping[str, Any] | None = None
    told: Sequence[Sequence[str] | None] = ()
    topics: Sequence[Sequence[str]] = ()
    former: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


class Budget(Component[Found]):
    name = "budget"
    kinds = ("management", "security", "tooling", "workload")
    settings = Settings
    reads = (Permission(["budgets:ViewBudget"], _BUDGET),)
    writes = (Permission(["budgets:ModifyBudget"], _BUDGET),)

    def rendered(self, declaration: Declaration) -> Sequence[object]:
        """Raises `InvalidDeclaration` for units that are not declared, and where the organization's budget has the amount
        of an account."""
        exceptions = declaration.settings(self.name).exceptions
        units = declared_units(declaration)
        for number, each in enumerate(exceptions):
            for unit in (*each.where.organizational_units, *each.where.except_organizational_units):
                if unit not in units:
                    raise InvalidDeclaration(
                        f"{FILE}: budget.exceptions.{number}: where names the unit {shown(unit)}; add it to "
                        "organizationalUnits, or correct it."
                    )
        own = any(each.monthly and "management" in each.where.kinds for each in exceptions)
        if self.name in declaration.baseline.get("management", []) and not own:
            raise InvalidDeclaration(
                f"{FILE}: budget: the management account's counts what the whole organization spends, and has no amount of its "
                "own: add an exception with where: {kinds: [management]} and its monthly, or take budget out of "
                "baseline.management."
            )
        return ()

    def read(self, target: Target) -> Found:
        budget = _there(target)
        alerts = [alert.as_aws_has_it for alert in _declared(target).alerts]
        if budget is None:
            return Found(topics=_noted_topics(alerts, target))
        subscribers = side_by_side(*(partial(_subscribers_of, alert, target) for alert in alerts))
        told = [None if each is None else _addresses(each, "EMAIL") for each in subscribers]
        topics = [_addresses(each or (), "SNS") for each in subscribers]
        goes = bool(_why_anew(budget))
        if goes and any(topics) and not target.foresees:
            named = {_words(alert): each for alert, each in zip(alerts, topics, strict=True)}
            target.notes[TOPICS] = json.dumps(named)
        return Found(budget, told, topics, tuple(_former(alerts, target)) if goes or target.is_behind else ())

    def diff(self, found: Found, target: Target) -> Iterable[Call]:
        """None needs another but those before it of the same budget."""
        return needing((), _calls(found, target))

    def left(self, target: Target) -> Iterable[Call]:
        if _there(target) is not None:
            why = "is ours, and no longer declared"
            deletion = Call("budgets", "DeleteBudget", _ours(target), RESOURCE, "delete", why, severity="low")
            yield from removal(self.name, [deletion], target)


def _declared(target: Target) -> Settings:
    declared: Settings = target.declaration.settings(Budget.name)
    return declared


def _ours(target: Target) -> dict[str, str]:
    return {"AccountId": target.account.id, "BudgetName": NAME}


# -- read ----------------------------------------------------------------------------------------------


def _there(target: Target) -> Mapping[str, Any] | None:
    try:
        found = target.client("budgets").describe_budget(**_ours(target), ShowFilterExpression=True)
    except ClientError as missing:
        if missing.response["Error"]["Code"] != "NotFoundException":
            raise
        return None
    there: Mapping[str, Any] = found["Budget"]
    return there


def _subscribers_of(alert: Mapping[str, Any], target: Target) -> Sequence[Mapping[str, str]] | None:
    pages = target.client("budgets").get_paginator("describe_subscribers_for_notification")
    try:
        return [
            each
            for page in pages.paginate(**_ours(target), Notification=alert)
            for each in page.get("Subscribers", [])
        ]
    except ClientError as missing:
        if missing.response["Error"]["Code"] != "NotFoundException":
            raise
        return None


def _addresses(subscribers: Iterable[Mapping[str, str]], sort: str) -> list[str]:
    return [each["Address"] for each in subscribers if each["SubscriptionType"] == sort]


def _noted_topics(alerts: Iterable[Mapping[str, Any]], target: Target) -> list[list[str]]:
    """Of the budget that this execution has deleted."""
    noted = None if target.foresees else target.notes.get(TOPICS)
    named: dict[str, list[str]] = json.loads(noted or "{}")
    return [named.get(_words(alert), []) for alert in alerts]


def _former(alerts: Collection[Mapping[str, Any]], target: Target) -> Iterator[Mapping[str, Any]]:
    pages = target.client("budgets").get_paginator("describe_notifications_for_budget")
    for page in pages.paginate(**_ours(target)):
        for each in page.get("Notifications", []):
            known = {key: value for key, value in each.items() if key != "NotificationState"}
            if {"ThresholdType": "PERCENTAGE", **known} not in alerts:
                yield known


# -- diff ----------------------------------------------------------------------------------------------


def _calls(found: Found, target: Target) -> Iterator[Call]:
    declared, account = _declared(target), {"AccountId": target.account.id}
    wanted = declared.of(target.account)
    everybody = [_by_mail(each) for each in wanted.notify]
    if found.budget is None:
        yield _creation(declared, wanted, found, target)
        return
    if why := _why_anew(found.budget):
        deletion = Call(
            "budgets", "DeleteBudget", _ours(target), RESOURCE, "delete", f"{why}: it is made anew"
        )
        yield replace(deletion, breaks=[*_lost(found)])
        yield _creation(declared, wanted, found, target, after="its deletion")
        return
    if wrong := "; ".join(_differences(found.budget, wanted)):
        yield Call(
            "budgets", "UpdateBudget", {**account, "NewBudget": wanted.budget}, RESOURCE, "update", wrong
        )
    for alert, told in zip(declared.alerts, found.told, strict=True):
        which = {**_ours(target), "Notification": alert.as_aws_has_it}
        resource = f"{RESOURCE}: {_words(alert.as_aws_has_it)}"
        if told is None:
            yield Call(
                *("budgets", "CreateNotification", {**which, "Subscribers": everybody}, resource, "create"),
                "does not exist: nobody is told",
                personal=("Subscribers",),
            )
        else:
            yield from _subscribers(which, resource, told, wanted.notify)
    for each in found.former:
        yield Call(
            *("budgets", "DeleteNotification", {**_ours(target), "Notification": each}),
            *(f"{RESOURCE}: {_words(each)}", "delete", "is not declared"),
            severity="low",
        )


def _why_anew(there: Mapping[str, Any]) -> str:
    """Empty where an update puts everything right."""
    if there.get("FilterExpression"):
        return "counts only a part of what is spent, by an expression"
    metrics = there.get("Metrics")
    return f"counts {', '.join(metrics)}; expected {METRIC}" if metrics and metrics != [METRIC] else ""


def _lost(found: Found) -> Iterator[str]:
    for alert in found.former:
        yield f"its {_words(alert)}, which is not declared, goes, and whoever that tells is told no more"
    yield "actions and tags that somebody gave it, which are not looked at, go with it"


def _creation(declared: Settings, wanted: Wanted, found: Found, target: Target, after: str = "") -> Call:
    everybody = [_by_mail(each) for each in wanted.notify]
    topics = found.topics or [()] * len(declared.alerts)
    given = {
        "AccountId": target.account.id,
        "Budget": wanted.budget,
        "NotificationsWithSubscribers": [
            {"Notification": alert.as_aws_has_it, "Subscribers": [*everybody, *map(_by_topic, its)]}
            for alert, its in zip(declared.alerts, topics, strict=True)
        ],
    }
    why = "does not exist: nobody is told what the account spends"
    return Call(
        *("budgets", "CreateBudget", given, RESOURCE, "create", why),
        after=after,
        personal=("NotificationsWithSubscribers",),
    )


def _differences(found: Mapping[str, Any], wanted: Wanted) -> Iterator[str]:
    limit = found.get("BudgetLimit", {"Amount": "0", "Unit": "USD"})
    if (Decimal(limit["Amount"]), limit["Unit"]) != (Decimal(wanted.amount), "USD"):
        there = f"{float(limit['Amount']):.2f}".removesuffix(".00")
        yield f"allows {there} {limit['Unit']}; expected {wanted.amount} USD"
    for key in ("BudgetType", "TimeUnit"):
        if found[key] != wanted.budget[key]:
            yield f"{key} is {found[key]}; expected {wanted.budget[key]}"
    yield from dict.fromkeys(words for key, words in NARROWED.items() if found.get(key))
    others = [key for key, value in found.get("CostTypes", {}).items() if value != COUNTED.get(key, value)]
    if others:
        yield f"counts otherwise than AWS does by default: {', '.join(sorted(others))}"


def _subscribers(
    which: Mapping[str, Any], resource: str, told: Sequence[str], notify: Sequence[str]
) -> Iterator[Call]:
    """One for one first: the last subscriber would take the alert with it, and there may be ten."""
    there, declared = {each.lower() for each in told}, {each.lower() for each in notify}
    missing = [_by_mail(each) for each in notify if each.lower() not in there]
    others = [_by_mail(each) for each in told if each.lower() not in declared]
    given: Mapping[str, Any]
    for old, new in zip_longest(others, missing):
        if old and new:
            operation, given = "UpdateSubscriber", {"OldSubscriber": old, "NewSubscriber": new}
            reason = "tells an address that is not declared in place of one that is"
        elif old:
            operation, given = "DeleteSubscriber", {"Subscriber": old}
            reason = "tells an address that is not declared"
        else:
            operation, given = "CreateSubscriber", {"Subscriber": new}
            reason = "does not tell a declared address"
        yield Call(
            *("budgets", operation, {**which, **given}, resource, "update", reason), personal=tuple(given)
        )


def _by_mail(address: str) -> dict[str, str]:
    return {"SubscriptionType": "EMAIL", "Address": address}


def _by_topic(arn: str) -> dict[str, str]:
    return {"SubscriptionType": "SNS", "Address": arn}


def _words(alert: Mapping[str, Any]) -> str:
    unit = "%" if alert.get("ThresholdType", "PERCENTAGE") == "PERCENTAGE" else "USD"
    return f"alert at {alert['Threshold']:g} {unit} of {alert['NotificationType'].lower()} cost"
