"""Accounts that are renamed, moved and tagged anew, by event and by start: told first, once, and whatever dies meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from prove.crash_points import Point, survives, undisturbed
from prove.runs import Change
from prove.world import World
from tests.workflow import statements
from tests.workflow.command_line import shell_of
from tests.workflow.conftest import Cloud, Slot
from tests.workflow.own_organization.changing import (
    DEVELOPMENT,
    PRODUCTION,
    allowing_changes,
    change,
    made,
    refused,
    writes,
)
from tests.workflow.own_organization.test_identity import move, roles_of
from tests.workflow.test_operators import carrying
from tests.workflow.test_requesters import entry, put


@pytest.fixture(scope="module")
def world(slot: Slot) -> Iterator[World]:
    yield from allowing_changes(slot)


@pytest.fixture
def cloud(world: World) -> Cloud:
    return world.cloud


def drift(cloud: Cloud, account: str) -> list[dict[str, Any]]:
    """What a plan finds to do, or tells of the account itself."""
    output = cloud.start(accountId=account, mode="plan").output
    told = [each for each in output.get("reports", []) if each["component"] == "account"]
    return [*output["changes"], *told]


def test_an_event_renames_moves_and_tags_an_account_and_has_one_answer(cloud: Cloud) -> None:
    name, email, account = made(cloud, tags={"team": "a", "old": "yes"})
    before = roles_of(cloud, account)
    event, ended = change(
        cloud,
        accountId=account,
        accountName=f"{name}-new",
        organizationalUnit=PRODUCTION,
        tags={"team": "b", "old": None, "late": "1"},
    )
    assert (ended.status, ended.output["outcome"]) == ("SUCCEEDED", "repaired"), str(ended)
    detail = cloud.answer("Account Ready", requestId=event)["detail"]
    assert detail["changed"] == [
        {"field": "accountName", "was": name, "is": f"{name}-new"},
        {"field": "tags", "was": {"old": "yes", "team": "a"}, "is": {"late": "1", "team": "b"}},
        {"field": "organizationalUnit", "was": DEVELOPMENT, "is": PRODUCTION},
    ]
    assert (detail["again"], detail["accountName"], detail["accountId"]) == (True, f"{name}-new", account)
    components = {each["component"] for each in detail["changes"]}
    assert components >= {"account", "access"}
    listed = cloud.accounts()[email]
    assert (listed["Name"], cloud.unit_of(email)) == (f"{name}-new", PRODUCTION)
    tags = {key: value for key, value in cloud.tags_of(account).items() if not key.startswith("groundwork:")}
    assert tags == {"team": "b", "late": "1"}
    assert roles_of(cloud, account) == before  # the dev role is there in both, and may less in production
    cloud.all_ended()
    assert len(cloud.answers(requestId=event)) == 1
    assert drift(cloud, account) == []
    item = cloud.ledger_item(f"account#{account}")
    assert (item["name"]["S"], item["unit"]["S"]) == (f"{name}-new", PRODUCTION)


def test_the_same_event_again_changes_and_answers_nothing(cloud: Cloud) -> None:
    _, _, account = made(cloud)
    event, ended = change(cloud, accountId=account, tags={"team": "a"})
    change(cloud, accountId=account, tags={"team": "b"})
    again = cloud.start(**cloud.input_of(ended.arn))
    assert (again.status, again.output["outcome"]) == ("SUCCEEDED", "in-progress")
    assert ended.arn in again.output["note"]
    assert cloud.tags_of(account)["team"] == "b"
    cloud.all_ended()
    assert len(cloud.answers(requestId=event)) == 1


def test_what_is_so_already_is_answered_and_changes_nothing(cloud: Cloud) -> None:
    name, email, _ = made(cloud)
    since = len(cloud.aws.calls)
    event, ended = change(cloud, email=email, accountName=name, organizationalUnit=DEVELOPMENT)
    assert (ended.output["outcome"], ended.output["changed"]) == ("unchanged", []), ended
    assert cloud.answer("Account Ready", requestId=event)["detail"]["changed"] == []
    assert [each for each in writes(cloud, since) if "organizations" in each or "account " in each] == []


def test_a_plan_tells_what_a_change_would_do_and_writes_nothing(cloud: Cloud) -> None:
    name, email, account = made(cloud)
    since = len(cloud.aws.calls)
    wish = {"accountName": f"{name}-x", "organizationalUnit": PRODUCTION, "tags": {"team": "a"}}
    planned = cloud.start(accountId=account, mode="plan", **wish)
    assert planned.status == "SUCCEEDED", str(planned)
    assert [each["field"] for each in planned.output["changed"]] == [
        "accountName",
        "tags",
        "organizationalUnit",
    ]
    text = "\n".join(planned.output["plan"])
    for words in (
        f"is in the unit {DEVELOPMENT!r}, and the unit {PRODUCTION!r} is asked for; by that",
        "role allow-dev-from-security-account has observe, not PowerUserAccess and workload-roles",
        "group dev-external-accounts enters it by allow-dev-from-security-account no longer",
        "by organizations MoveAccount",
        f"{name + '-x'!r} is asked for",
    ):
        assert words in text, text
    assert [each for each in planned.output.get("reports", []) if each["component"] == "account"] == []
    assert writes(cloud, since) == []
    assert (cloud.accounts()[email]["Name"], cloud.unit_of(email)) == (name, DEVELOPMENT)
    applied = cloud.start(accountId=account, **wish)
    told = {(each["component"], each["resource"], each["action"]) for each in planned.output["changes"]}
    assert told == {
        (each["component"], each["resource"], each["action"]) for each in applied.output["changes"]
    }
    assert cloud.unit_of(email) == PRODUCTION


def test_what_may_not_be_is_refused_in_one_sentence_each(world: World) -> None:
    cloud = world.cloud
    (name, email, account), (other, theirs, _) = made(cloud), made(cloud)
    security, management = world.security, cloud.aws.management_account
    since = len(cloud.aws.calls)
    for asked, words in (
        ({}, "accountId is missing"),
        ({"accountId": account}, "Nothing is to be changed"),
        ({"accountId": account, "email": "else@example.com", "tags": {"a": "b"}}, "is not that of account"),
        ({"email": "else@example.com", "tags": {"a": "b"}}, "is that of no account"),
        ({"accountId": "999999999999", "tags": {"a": "b"}}, "AccountUnknown"),
        ({"accountId": management, "tags": {"a": "b"}}, "is the management account, which is never changed"),
        ({"accountId": account, "tags": {"groundwork:kind": "tooling"}}, "are Groundwork's own"),
        (
            {"accountId": account, "tags": {f"k{n}": "v" * 250 for n in range(20)}},
            "ask for at most 4000 at once",
        ),
        ({"accountId": account, "tags": {f"k{n}": "v" for n in range(51)}}, "AWS allows 50"),
        ({"accountId": account, "accountName": other}, f"accountName {other!r} is that of the account"),
        (
            {"accountId": account, "accountName": "Security"},
            "is that of the account that baseline.yaml declares",
        ),
        ({"accountId": account, "kind": "tooling", "tags": {"a": "b"}}, "kind 'tooling' is not that of"),
        (
            {"accountId": account, "organizationalUnit": "Workloads/Prodution"},
            "did you mean 'Workloads/Production'",
        ),
        (
            {"accountId": account, "organizationalUnit": "Workloads/Staging"},
            "does not say who asks, and an account in",
        ),
        ({"accountId": account, "sendAgain": True, "tags": {"a": "b"}}, "sendAgain stands without newEmail"),
        ({"accountId": account, "newEmail": "nobody"}, "is no e-mail address that AWS accepts"),
        (
            {"accountId": account, "newEmail": "aws+security@example.com"},
            "is that of 'security' in baseline.yaml",
        ),
        ({"accountId": account, "newEmail": theirs}, f"newEmail {theirs!r} is that of account"),
        ({"accountId": account, "contacts": {"legal": {}}}, "contacts.legal is an unknown field"),
        ({"accountId": account, "contacts": {}}, "Nothing is to be changed"),
        ({"accountId": security, "organizationalUnit": PRODUCTION}, "baseline.yaml declares 'Security'"),
        ({"accountId": security, "accountName": "sec"}, "is not that of 'security' in baseline.yaml"),
        (
            {"accountId": security, "newEmail": "sec@example.com"},
            "is not that of 'security' in baseline.yaml",
        ),
        ({"accountId": security, "kind": "workload", "tags": {"a": "b"}}, "kind 'workload' is not that of"),
        ({"accountId": account, "colour": "red", "tags": {"a": "b"}}, "colour is an unknown field"),
    ):
        assert words in refused(cloud, **asked), asked
    assert [each for each in writes(cloud, since) if "organizations" in each or "account " in each] == []
    assert (cloud.accounts()[email]["Name"], cloud.unit_of(email)) == (name, DEVELOPMENT)


def test_an_account_that_has_never_been_ready_is_refused(world: World) -> None:
    cloud, (name, email) = world.cloud, world.cloud.fresh()
    world.aws.faults.plan(
        [{"service": "iam", "operation": "CreateRole", "effect": "LimitExceeded", "nth": 1}]
    )
    failed = cloud.ask(accountName=name, email=email)
    world.aws.faults.clear()
    assert failed.error == "BaselineFailed"
    account = str(cloud.accounts()[email]["Id"])
    assert refused(cloud, accountId=account, tags={"a": "b"}).startswith("AccountNotReady")
    assert cloud.start(accountId=account).output["outcome"] == "ready"
    assert change(cloud, accountId=account, tags={"a": "b"})[1].output["outcome"] == "repaired"


def test_changes_of_one_account_follow_one_another_and_runs_that_hold_it(cloud: Cloud) -> None:
    _, email, account = made(cloud)
    run = cloud.begin(accountId=account)
    events = [
        cloud.post_change(accountId=account, organizationalUnit=PRODUCTION),
        cloud.post_change(accountId=account, tags={"team": "a"}),
    ]
    ends = [cloud.ended(run), *(cloud.ended(cloud.execution_of(each)) for each in events)]
    assert {each.status for each in ends} == {"SUCCEEDED"}, ends
    assert (cloud.unit_of(email), cloud.tags_of(account)["team"]) == (PRODUCTION, "a")
    cloud.all_ended()
    assert [len(cloud.answers(requestId=each)) for each in events] == [1, 1]
    assert drift(cloud, account) == []


def test_an_account_that_somebody_moved_is_moved_back_where_that_is_declared(cloud: Cloud) -> None:
    _, email, account = made(cloud)
    move(cloud, account, PRODUCTION)
    planned = cloud.start(accountId=account, mode="plan")
    (told,) = [each for each in planned.output["changes"] if each["component"] == "account"]
    assert f"is in the unit {PRODUCTION!r}" in told["reason"]
    assert told["call"]["operation"] == "MoveAccount"
    assert cloud.unit_of(email) == PRODUCTION
    applied = cloud.start(accountId=account)
    assert (applied.output["outcome"], cloud.unit_of(email)) == ("repaired", DEVELOPMENT), applied
    assert cloud.start(accountId=account).output["outcome"] == "unchanged"


def test_a_name_that_an_account_gave_up_is_free(cloud: Cloud) -> None:
    (name, _, account), (_, other) = made(cloud), cloud.fresh()
    change(cloud, accountId=account, accountName=f"{name}-gone")
    assert cloud.ask(accountName=name, email=other).output["outcome"] == "ready"
    taken = cloud.ask(accountName=f"{name}-gone", email=cloud.fresh()[1])
    assert "which has just been given it" in taken.cause


def test_who_may_ask_for_accounts_may_not_ask_for_changes_and_the_other_way_round(cloud: Cloud) -> None:
    name, email, account = made(cloud)
    requester, changer = (
        carrying(cloud, "rita", "RequesterPolicyArn"),
        carrying(cloud, "cora", "ChangerPolicyArn"),
    )
    asking, changing = {"accountName": name, "email": email}, {"accountId": account, "tags": {"by": "cora"}}
    wish = entry(changing, DetailType="Account Change Requested")
    assert (put(cloud, requester, wish), put(cloud, changer, entry(asking))) == ([], [])
    (event,) = put(cloud, changer, wish)
    assert cloud.answer("Account Ready", requestId=event)["detail"]["accountId"] == account
    assert cloud.tags_of(account)["by"] == "cora"
    assert put(cloud, changer, entry(changing, DetailType="Account Ready")) == []


def test_the_command_plans_and_asks(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    name, email, account = made(cloud)
    groundwork = shell_of(cloud, cloud.aws.administrator, monkeypatch)
    wish = ("--ou", PRODUCTION, "--tag", "team=a")
    planned = groundwork("change", name, *wish, "--plan")
    assert (planned.code, cloud.unit_of(email)) == (2, DEVELOPMENT), planned
    assert f"the unit {PRODUCTION!r} is asked for" in planned.out
    done = groundwork("change", account, *wish, "--wait", "--output", "json")
    assert (done.code, done.data["outcome"]) == (0, "repaired"), done
    assert (cloud.unit_of(email), cloud.tags_of(account)["team"]) == (PRODUCTION, "a")
    assert groundwork("change", email, "--untag", "team", "--wait").code == 0
    assert "team" not in cloud.tags_of(account)
    wrong = groundwork("change", account, "--tag", "groundwork:kind=tooling")
    assert (wrong.code, "are Groundwork's own" in wrong.err) == (3, True), wrong


CHANGER = "ChangeAccountFunction"
STRUCK = [
    *(
        Point(CHANGER, service, operation, 1).fault("kill-function", "after")
        for service, operation in (
            ("account", "StartPrimaryEmailUpdate"),
            ("account", "PutAccountName"),
            ("account", "PutAlternateContact"),
            ("account", "PutContactInformation"),
            ("dynamodb", "DeleteItem"),
            ("organizations", "TagResource"),
            ("organizations", "MoveAccount"),
            ("dynamodb", "UpdateItem"),
        )
    ),
    Point("ReadRequestFunction", "dynamodb", "UpdateItem", 1).fault("kill-function", "after"),
    Point("RecordOutcomeFunction", "dynamodb", "UpdateItem", 1).fault("kill-function", "after"),
]


@pytest.fixture(scope="module")
def run(world: World) -> Change:
    run = Change(world)
    undisturbed(run, world)
    undisturbed(run, world)
    return run


@pytest.mark.parametrize("fault", STRUCK, ids=json.dumps)
def test_a_change_survives_whatever_dies(world: World, run: Change, fault: dict[str, Any]) -> None:
    assert survives(run, world, fault) == (True, [])
    assert run.starts == 1


def test_a_last_look_for_which_aws_has_no_time_is_taken_later(cloud: Cloud) -> None:
    """IAM is one for all of an account: more calls are refused than the SDK asks again."""
    _, email, account = made(cloud)
    refuses = {"service": "iam", "account": account, "effect": "throttle", "nth": 1, "times": 12}
    cloud.aws.faults.plan([{"function": "VerifyBaselineFunction", **refuses}])
    _, ended = change(cloud, accountId=account, organizationalUnit=PRODUCTION)
    struck = cloud.aws.faults.struck
    cloud.aws.faults.clear()
    assert (ended.status, cloud.unit_of(email), struck) == ("SUCCEEDED", PRODUCTION, 12), ended


def test_who_reads_a_change_looks_at_the_name_and_the_address_that_the_account_has(cloud: Cloud) -> None:
    looking = next(
        each for each in statements.of_roles() if str(each) == "ReadRequestFunction.LookAtAccounts"
    )
    name, email, account = made(cloud)
    with statements.taken_out(cloud, looking):
        for asked in ({"accountName": f"{name}-x"}, {"newEmail": f"new-{email}"}):
            told = refused(cloud, accountId=account, **asked)
            assert any(action.partition(":")[2] in told for action in looking.actions), told
    assert change(cloud, accountId=account, accountName=f"{name}-x")[1].output["outcome"] == "repaired"
