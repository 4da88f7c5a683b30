"""budget: what an account may spend, and who is told; nobody but AWS is told who that is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from groundwork.aws import sessions
from groundwork.baseline import loop
from groundwork.baseline.components.budget import COUNTED, NAME, RESOURCE, Budget, Found
from groundwork.contracts import Account, Change
from groundwork.declaration import Declaration
from groundwork.declaration.loading import check, load
from groundwork.errors import InvalidDeclaration, QuotaReached, RefusedByAws
from tests.component.conftest import World
from tests.component.sabotage import Sabotage, prove, prove_complete, some_of, used_and_declared
from tests.component.without_aws import ON_ENGINE, PURE, target_without_aws

BUDGET = Budget()
TEAM, OTHERS, STRANGER = "costs@private.example", "others@private.example", "eve@elsewhere.example"
ALERTS = [{"at": 80}, {"at": 100, "of": "forecasted"}]
DECLARED: Mapping[str, Any] = {"monthly": 500, "notify": [TEAM, OTHERS], "alerts": ALERTS}
ACTUAL = {
    "NotificationType": "ACTUAL",
    "ComparisonOperator": "GREATER_THAN",
    "Threshold": 80.0,
    "ThresholdType": "PERCENTAGE",
}
FORECAST = ACTUAL | {"NotificationType": "FORECASTED", "Threshold": 100.0}
ON_ACTUAL, ON_FORECAST = (
    f"{RESOURCE}: alert at {words} cost" for words in ("80 % of actual", "100 % of forecasted")
)


def declaring(
    settings: Mapping[str, Any] = DECLARED, *, kinds: tuple[str, ...] = ("workload",), **more: Any
) -> Declaration:
    declared = load()
    lines = {
        kind: [*names, BUDGET.name] if kind in kinds else names for kind, names in declared.baseline.items()
    }
    told = declared.model_copy(update={"baseline": lines, **more})
    told._given = {BUDGET.name: settings}
    told._settings = {}
    return check(told, {BUDGET.name: BUDGET})


TOLD = declaring()


@pytest.fixture(scope="module")
def member(world: World) -> Account:
    """A member account with its budget, which every test leaves as declared."""
    account = world.account(name="dev")
    world.apply(BUDGET, account, declaration=TOLD)
    return account


def portrait(world: World, account: Account) -> Any:
    """The budget without what AWS counts, and whom each of its alerts tells."""
    client, ours = world.client("budgets", account), {"AccountId": account.id, "BudgetName": NAME}
    with suppress(client.exceptions.NotFoundException):
        budget = client.describe_budget(**ours)["Budget"]
        told = {}
        for alert in client.describe_notifications_for_budget(**ours)["Notifications"]:
            known = {key: value for key, value in alert.items() if key != "NotificationState"}
            found = client.describe_subscribers_for_notification(**ours, Notification=known)["Subscribers"]
            told[alert["NotificationType"], alert["Threshold"]] = sorted(each["Address"] for each in found)
        shown = ("BudgetLimit", "TimeUnit", "BudgetType", "CostFilters", "CostTypes", "AutoAdjustData")
        return {key: budget.get(key) or None for key in shown}, told
    return None


WHOLE = {
    "BudgetLimit": {"Amount": "500", "Unit": "USD"},
    "TimeUnit": "MONTHLY",
    "BudgetType": "COST",
    "CostFilters": None,
    "CostTypes": COUNTED,
    "AutoAdjustData": None,
}
EVERYBODY = {("ACTUAL", 80.0): sorted([TEAM, OTHERS]), ("FORECASTED", 100.0): sorted([TEAM, OTHERS])}


def operations(world: World, mark: int) -> list[str]:
    return [call.operation for call in world.calls_since(mark)]


# -- from nothing --------------------------------------------------------------------------------------


def test_from_nothing_one_call_makes_it_whole(world: World) -> None:
    account, mark = world.account(), len(world.aws.calls)
    (made,) = world.apply(BUDGET, account, declaration=TOLD)
    assert (made.resource, made.action) == (RESOURCE, "create")
    looks = ["DescribeBudget", *["DescribeSubscribersForNotification"] * 2]
    assert operations(world, mark) == ["DescribeBudget", "CreateBudget", *looks]
    assert portrait(world, account) == (WHOLE, EVERYBODY)


def test_a_second_run_writes_nothing_and_asks_twice_with_one_alert(world: World) -> None:
    account = world.account()
    once = declaring({"monthly": 0.5, "notify": [TEAM]})
    world.apply(BUDGET, account, declaration=once)
    assert portrait(world, account)[0]["BudgetLimit"]["Amount"] == "0.50"
    mark = len(world.aws.calls)
    assert world.apply(BUDGET, account, declaration=once) == []
    assert operations(world, mark) == ["DescribeBudget", "DescribeSubscribersForNotification"]


def test_others_budgets_are_left_alone(world: World, member: Account) -> None:
    client = world.client("budgets", member)
    theirs = {
        "BudgetName": "theirs",
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": "1", "Unit": "USD"},
    }
    client.create_budget(AccountId=member.id, Budget=theirs)
    assert world.apply(BUDGET, member, declaration=TOLD) == []
    client.delete_budget(AccountId=member.id, BudgetName="theirs")


def test_a_topic_that_somebody_lets_it_tell_stays(world: World) -> None:
    account = world.account()
    world.apply(BUDGET, account, declaration=TOLD)
    topic = {"SubscriptionType": "SNS", "Address": f"arn:aws:sns:us-east-1:{account.id}:chat"}
    ours = {"AccountId": account.id, "BudgetName": NAME, "Notification": ACTUAL}
    world.client("budgets", account).create_subscriber(**ours, Subscriber=topic)
    assert world.apply(BUDGET, account, declaration=TOLD) == []


def test_where_and_how_much(world: World) -> None:
    exceptions = [
        {"where": {"kinds": ["workload"], "names": ["big"]}, "monthly": 9000.25},
        {"where": {"kinds": ["workload"], "organizationalUnits": ["Workloads"]}, "notify": [STRANGER]},
        {"where": {"kinds": ["workload"]}, "monthly": 1},
    ]
    declared = declaring({"monthly": 500, "notify": [TEAM], "exceptions": exceptions})
    settings = declared.settings(BUDGET.name)

    def wanted(**given: Any) -> tuple[str, list[str]]:
        account = target_without_aws(declaration=declared).account.model_copy(update=given)
        found = settings.of(account)
        return found.amount, list(found.notify)

    assert wanted(name="big", unit="Workloads/Production") == ("9000.25", [TEAM])
    assert wanted(name="dev", unit="Workloads/Development") == ("500", [STRANGER])
    assert wanted(name="dev", unit="Sandbox") == ("1", [TEAM])
    assert wanted(name="mgmt", kind="tooling", unit="Infrastructure") == ("500", [TEAM])


def test_the_management_accounts_is_the_whole_organizations(world: World) -> None:
    kinds = ("management", "workload")
    with pytest.raises(
        InvalidDeclaration, match="counts what the whole organization spends, and has no amount"
    ):
        declaring(kinds=kinds)
    everybody = {"where": {"kinds": ["management"]}, "monthly": 20_000}
    declared = declaring({**DECLARED, "exceptions": [everybody]}, kinds=kinds)
    world.apply(BUDGET, world.management, declaration=declared)
    assert portrait(world, world.management)[0]["BudgetLimit"]["Amount"] == "20000"
    assert world.apply(BUDGET, world.management, declaration=declared) == []


# -- drift ---------------------------------------------------------------------------------------------

Do = Callable[[World, Account], Any]


def update(**changes: Any) -> Do:
    def do(world: World, account: Account) -> None:
        budget = {"BudgetName": NAME, "CostTypes": COUNTED, **WHOLE, **changes}
        given = {key: value for key, value in budget.items() if value is not None}
        client = world.client("budgets", account)
        with suppress(client.exceptions.NotFoundException):
            client.update_budget(AccountId=account.id, NewBudget=given)

    return do


def call(operation: str, **parameters: Any) -> Do:
    def do(world: World, account: Account) -> None:
        client = world.client("budgets", account)
        with suppress(
            client.exceptions.NotFoundException,
            client.exceptions.DuplicateRecordException,
            client.exceptions.CreationLimitExceededException,
        ):
            getattr(client, operation)(AccountId=account.id, BudgetName=NAME, **parameters)

    return do


def mail(address: str) -> dict[str, str]:
    return {"SubscriptionType": "EMAIL", "Address": address}


def swap(*changes: tuple[str, str]) -> Do:
    def do(world: World, account: Account) -> None:
        for old, new in changes:
            given = {"OldSubscriber": mail(old), "NewSubscriber": mail(new)}
            call("update_subscriber", Notification=ACTUAL, **given)(world, account)

    return do


FILTER = {"Service": ["Amazon Elastic Compute Cloud - Compute"]}
ADJUSTED = {"AutoAdjustType": "FORECAST"}
SABOTAGES = (
    Sabotage(
        "the amount",
        update(BudgetLimit={"Amount": "900000", "Unit": "USD"}),
        RESOURCE,
        "allows 900000 USD; expected 500 USD",
    ),
    Sabotage("the time", update(TimeUnit="ANNUALLY"), RESOURCE, "TimeUnit is ANNUALLY; expected MONTHLY"),
    Sabotage("a filter", update(CostFilters=FILTER), RESOURCE, "counts only a part of what is spent"),
    Sabotage("adjusted", update(AutoAdjustData=ADJUSTED), RESOURCE, "sets its amount by itself"),
    Sabotage(
        "what it counts",
        update(CostTypes={**COUNTED, "IncludeTax": False}),
        RESOURCE,
        "counts otherwise than AWS does by default: IncludeTax",
    ),
    Sabotage(
        "an alert gone",
        call("delete_notification", Notification=FORECAST),
        ON_FORECAST,
        "does not exist: nobody is told",
    ),
    Sabotage(
        "an address gone",
        call("delete_subscriber", Notification=ACTUAL, Subscriber=mail(TEAM)),
        ON_ACTUAL,
        "does not tell a declared address",
    ),
    Sabotage(
        "a stranger",
        call("create_subscriber", Notification=ACTUAL, Subscriber=mail(STRANGER)),
        ON_ACTUAL,
        "tells an address that is not declared",
    ),
    Sabotage(
        "others alone",
        swap((TEAM, STRANGER), (OTHERS, f"two.{STRANGER}")),
        ON_ACTUAL,
        "tells an address that is not declared in place of one that is",
    ),
    Sabotage(
        "all gone", call("delete_budget"), RESOURCE, "does not exist: nobody is told what the account spends"
    ),
)


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_what_drifted_is_named_and_mended_and_nothing_else(
    world: World, member: Account, sabotage: Sabotage
) -> None:
    prove(world, BUDGET, member, sabotage, lambda: portrait(world, member), declaration=TOLD)


@ON_ENGINE
@given(sabotages=some_of(SABOTAGES))
def test_the_plan_is_what_apply_does_from_any_state(
    world: World, member: Account, sabotages: list[Sabotage]
) -> None:
    for each in sabotages:
        each.do(world, member)
    prove_complete(world, BUDGET, member, declaration=TOLD)
    assert portrait(world, member) == (WHOLE, EVERYBODY)


def test_ten_addresses_give_way_to_ten_others(world: World) -> None:
    """There may be ten at a time, and the last one would take the alert with it."""
    account = world.account()
    for names in ("abcdefghij", "klmnopqrst"):
        addresses = [f"{name}@private.example" for name in names]
        world.apply(BUDGET, account, declaration=declaring({**DECLARED, "notify": addresses}))
        assert portrait(world, account)[1]["ACTUAL", 80.0] == addresses


addresses = st.lists(st.sampled_from([TEAM, OTHERS, STRANGER]), unique=True, min_size=1)


@PURE
@given(st.lists(st.none() | addresses, min_size=2, max_size=2), st.sampled_from(["500", "500.00", "1"]))
def test_its_calls_leave_nothing_to_do(told: list[list[str] | None], amount: str) -> None:
    target = target_without_aws(declaration=TOLD)
    budget = TOLD.settings(BUDGET.name).of(target.account).budget
    there = budget | {"BudgetLimit": {"Amount": amount, "Unit": "USD"}}
    calls = list(BUDGET.diff(Found(there, told), target))
    assert ("UpdateBudget" in {each.operation for each in calls}) == (amount == "1")
    left: list[list[str] | None] = []
    for alert, found in zip((ACTUAL, FORECAST), told, strict=True):
        now = list(found or [])
        for each in calls:
            if each.parameters.get("Notification") != alert:
                continue
            now += [one["Address"] for one in each.parameters.get("Subscribers", [])]
            for key in ("OldSubscriber", "Subscriber"):
                if key in each.parameters and each.operation != "CreateSubscriber":
                    now.remove(each.parameters[key]["Address"])
            for key in ("NewSubscriber", "Subscriber"):
                if key in each.parameters and each.operation != "DeleteSubscriber":
                    now.append(each.parameters[key]["Address"])
            assert now
        left.append(now)
    assert list(BUDGET.diff(Found(budget, left), target)) == []


# -- no longer declared ----------------------------------------------------------------------------------


def test_an_alert_that_is_no_longer_declared_goes(world: World) -> None:
    account = world.account()
    world.apply(BUDGET, account, declaration=TOLD)
    fewer = declaring({**DECLARED, "alerts": [{"at": 80}]})
    (gone,) = world.apply(BUDGET, world.before(account), declaration=fewer)
    assert (gone.resource, gone.action, gone.severity) == (ON_FORECAST, "delete", "low")
    assert set(portrait(world, account)[1]) == {("ACTUAL", 80.0)}


@pytest.mark.parametrize("prune", ["report", "remove"])
def test_a_budget_that_is_no_longer_declared_is_told_or_goes(world: World, prune: str) -> None:
    account = world.account()
    world.apply(BUDGET, account, declaration=TOLD)
    without = declaring(kinds=("tooling",), prune={BUDGET.name: prune})
    (told,) = world.apply(BUDGET, world.before(account), declaration=without)
    assert (told.resource, told.taken_out) == (RESOURCE, True)
    assert (portrait(world, account) is None) == (prune == "remove")
    assert bool(world.apply(BUDGET, world.before(account), declaration=without)) == (prune == "report")


# -- personal data -------------------------------------------------------------------------------------


def quoted(text: str) -> bool:
    return "private.example" in text or "elsewhere.example" in text


def test_neither_a_plan_nor_an_answer_tells_who_it_is(world: World, caplog: pytest.LogCaptureFixture) -> None:
    account = world.account()
    seen: list[Change] = []
    with caplog.at_level("INFO", "groundwork"):
        for each in (None, *SABOTAGES[5:]):
            if each:
                each.do(world, account)
            seen += world.planned(BUDGET, account, declaration=TOLD)
            seen += world.apply(BUDGET, account, declaration=TOLD)
    assert {each.resource for each in seen} == {RESOURCE, ON_ACTUAL, ON_FORECAST}
    assert not any(quoted(each.model_dump_json()) for each in seen)
    assert caplog.records
    assert not any(quoted(str(vars(record))) for record in caplog.records)


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        (
            "InvalidParameterException",
            RefusedByAws,
            "correct the amount, the alerts or the addresses under budget",
        ),
        ("AccessDeniedException", RefusedByAws, "activate IAM access to billing"),
        ("CreationLimitExceededException", QuotaReached, "take some off, or declare fewer under budget"),
    ],
)
def test_neither_does_a_refusal_of_aws(
    world: World, monkeypatch: pytest.MonkeyPatch, code: str, error: type[Exception], words: str
) -> None:
    """AWS's message quotes what it was sent."""
    target = world.target(BUDGET, world.account(), TOLD)

    def refuse(**given: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": str(given)}}, "CreateBudget")

    monkeypatch.setattr(target.client("budgets"), "create_budget", refuse)
    with pytest.raises(error, match=words) as refused:
        loop.apply(BUDGET, target)
    assert not quoted(str(refused.value))
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"monthly": 0}, "budget.monthly: what is given is too small"),
        ({"notify": []}, "budget.notify: what is given is not right"),
        ({"notify": ["costs at private.example"]}, "budget.notify.0: what is given is no e-mail address"),
        ({"notify": [TEAM, TEAM.upper()]}, "budget.notify: names an address twice; remove one"),
        ({"alerts": [{"at": 80}, {"at": 80}]}, "budget.alerts: has the same alert twice; remove one"),
        (
            {"exceptions": [{"where": {"kinds": ["workload"], "organizationalUnits": ["Nowhere"]}}]},
            "budget.exceptions.0: where names the unit 'Nowhere'; add it to organizationalUnits, or correct it",
        ),
    ],
)
def test_neither_does_a_mistake_in_the_declaration(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidDeclaration) as refused:
        declaring({**DECLARED, **changes})
    assert words in str(refused.value)
    assert not quoted(str(refused.value))


# -- permissions ---------------------------------------------------------------------------------------


def test_its_permissions_fit_a_session() -> None:
    assert len(sessions.session_policy([*BUDGET.reads, *BUDGET.writes], "012345678901", "aws")) <= 2048


def test_it_may_do_what_it_does_and_nothing_else(world: World) -> None:
    mark = len(world.aws.calls)
    prove_complete(world, BUDGET, world.account(), declaration=TOLD)
    used, declared = used_and_declared(world, BUDGET, mark)
    assert used == declared
