"""Bad input: refused before anything is touched, in words a person understands, and heard on the bus."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from botocore.session import get_session

from groundwork.vending.creation import REASONS
from tests.workflow.conftest import Cloud, Execution

UNIT = "Workloads/Development"
PASSING = (
    "ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED",
    "ConcurrentModificationException",
    "FinalizingOrganizationException",
    "ServiceException",
    "TooManyRequestsException",
)
"""What AWS says of a moment."""


def refused(cloud: Cloud, event_id: str) -> Execution:
    """The failed execution for an event, and the same words on the bus."""
    ended = cloud.ended(cloud.execution_of(event_id))
    assert ended.status == "FAILED"
    answer = cloud.answer("Account Failed", requestId=event_id)["detail"]
    assert answer["error"] == ended.error
    assert answer["cause"] in ended.cause
    assert answer["remedy"] in ended.cause
    assert answer["execution"] == ended.arn
    return ended


def untouched(cloud: Cloud, before: set[str]) -> None:
    """No account was made, and none is on its way."""
    assert set(cloud.accounts()) == before
    organizations = cloud.aws.client("organizations")
    assert not organizations.list_create_account_status(States=["IN_PROGRESS"])["CreateAccountStatuses"]


def request(**changed: Any) -> dict[str, Any]:
    detail = {"accountName": "refused", "email": "aws+refused@example.com", **changed}
    return {key: value for key, value in detail.items() if value is not None}


MALFORMED: dict[str, tuple[dict[str, Any], str]] = {
    "no name": (request(accountName=None), "accountName is missing"),
    "empty name": (request(accountName=""), "accountName '' is empty"),
    "blank name": (request(accountName="  "), "is empty"),
    "long name": (request(accountName="x" * 51), "has 51 characters; AWS allows at most 50"),
    "unprintable name": (request(accountName="caf\u00e9"), "accountName 'café' may hold printable ASCII"),
    "name of another type": (request(accountName=["dev"]), "accountName ['dev'] is not right"),
    "no email": (request(email=None), "email is missing"),
    "empty email": (request(email=""), "email '' is empty"),
    "no address": (request(email="nobody.example.com"), "is no e-mail address that AWS accepts"),
    "two ats": (request(email="a@b@example.com"), "is no e-mail address that AWS accepts"),
    "short email": (request(email="a@b.c"), "has 5 characters; AWS takes 6 to 64"),
    "long email": (request(email="a" * 60 + "@b.co"), "has 65 characters; AWS takes 6 to 64"),
    "unknown field": (request(owner="ada"), "owner is an unknown field; known are accountName, email"),
    "unknown kind": (request(kind="production"), "kind 'production' is unknown; it must be"),
    "management kind": (request(kind="management"), "kind 'management' is unknown"),
    "security kind": (
        request(kind="security"),
        "only 'security' with 'aws+security@example.com' is declared so",
    ),
    "tooling kind": (request(kind="tooling"), "only 'mgmt' with 'aws+mgmt@example.com' is declared so"),
    "declared name, other email": (request(accountName="security", kind="security"), "only 'security' with"),
    "declared email, other name": (
        request(email="aws+security@example.com", kind="security"),
        "is declared for the account 'security', not for 'refused'",
    ),
    "our tag": (request(tags={"groundwork:kind": "security"}), "begin with groundwork: are Groundwork's own"),
    "our tag in capitals": (
        request(tags={"Groundwork:State": "ready"}),
        "begin with groundwork: are Groundwork's own",
    ),
    "tag of AWS": (request(tags={"aws:x": "1"}), "begin with aws: are reserved by AWS"),
    "too many tags": (request(tags={f"k{n}": "v" for n in range(51)}), "holds 51 tags"),
    "long tag key": (request(tags={"k" * 129: "v"}), "a key of 129 characters"),
    "long tag value": (request(tags={"k": "v" * 257}), "a value of 257 characters"),
    "empty segment": (request(organizationalUnit="Workloads//Dev"), "has an empty segment"),
    "leading slash": (request(organizationalUnit="/Workloads"), "has an empty segment"),
    "empty unit": (request(organizationalUnit=""), "has an empty segment"),
    "long segment": (request(organizationalUnit="Workloads/" + "x" * 129), "a segment of 129 characters"),
    "six levels": (request(organizationalUnit="a/b/c/d/e/f"), "is 6 levels deep; AWS allows 5"),
}


@pytest.fixture(scope="module")
def posted(cloud: Cloud) -> dict[str, str]:
    """All malformed requests, posted at once: event ids by case."""
    return {case: cloud.post(**detail) for case, (detail, _) in MALFORMED.items()}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_request(cloud: Cloud, posted: dict[str, str], case: str) -> None:
    ended = refused(cloud, posted[case])
    assert ended.error == "InvalidRequest"
    assert MALFORMED[case][1] in ended.cause


def test_malformed_requests_touch_nothing(cloud: Cloud, posted: dict[str, str]) -> None:
    for event_id in posted.values():
        refused(cloud, event_id)
    emails = {str(detail.get("email")) for detail, _ in MALFORMED.values()} - {"aws+security@example.com"}
    assert not emails & set(cloud.accounts())
    made = cloud.aws.client("organizations").list_create_account_status()["CreateAccountStatuses"]
    assert "refused" not in {status["AccountName"] for status in made}


STARTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "short id": ({"accountId": "12345"}, "InvalidRequest", "exactly 12 digits"),
    "id with letters": ({"accountId": "12345678901a"}, "InvalidRequest", "exactly 12 digits"),
    "a number": ({"accountId": 123456789012}, "InvalidRequest", "put it in quotes"),
    "unknown key": (
        {"accountId": "210987654321", "force": True},
        "InvalidRequest",
        "force is an unknown field",
    ),
    "nothing": ({}, "InvalidRequest", "accountId is missing"),
    "unknown account": ({"accountId": "210987654321"}, "AccountUnknown", "is not in this organization"),
}


@pytest.mark.parametrize("case", STARTS)
def test_a_start_with_a_wrong_account_id(cloud: Cloud, case: str) -> None:
    given, error, words = STARTS[case]
    ended = cloud.start(**given)
    assert (ended.status, ended.error) == ("FAILED", error)
    assert words in ended.cause
    assert cloud.answer("Account Failed", execution=ended.arn)["detail"]["remedy"]


def test_a_suspended_account_is_left_alone(cloud: Cloud) -> None:
    cloud.declared("security")
    name, email = cloud.fresh()
    account = cloud.ask(accountName=name, email=email).output["accountId"]
    cloud.aws.client("organizations").close_account(AccountId=account)
    ended = cloud.start(accountId=account)
    assert ended.error == "AccountNotActive"
    assert account in ended.cause


def test_an_email_of_another_account_is_refused_and_that_account_left_as_it_is(cloud: Cloud) -> None:
    cloud.declared("security")
    name, email = cloud.fresh()
    owner = cloud.ask(accountName=name, email=email, organizationalUnit=UNIT)
    assert owner.status == "SUCCEEDED", str(owner)
    before, accounts = standing(cloud, email), set(cloud.accounts())
    ended = refused(
        cloud,
        cloud.post(
            accountName="refused",
            email=email.upper(),
            organizationalUnit="Workloads/Production",
            tags={"stolen": "yes"},
        ),
    )
    assert ended.error == "EmailBelongsToAnotherAccount"
    assert name in ended.cause
    assert standing(cloud, email) == before
    untouched(cloud, accounts)


def standing(cloud: Cloud, email: str) -> Any:
    """Where and what an account is, in Organizations."""
    organizations = cloud.aws.client("organizations")
    account = cloud.accounts()[email]
    tags = organizations.list_tags_for_resource(ResourceId=account["Id"])["Tags"]
    return account["Name"], account["Paths"], sorted((tag["Key"], tag["Value"]) for tag in tags)


def test_an_email_taken_outside_the_organization(cloud: Cloud) -> None:
    cloud.declared("security")
    name, email = cloud.fresh()
    before = set(cloud.accounts())
    cloud.aws.creation.taken_emails.add(email)
    ended = refused(cloud, cloud.post(accountName=name, email=email))
    assert ended.error == "AccountRefused"
    assert "outside this organization" in ended.cause
    assert "Ask with another e-mail" in ended.cause
    untouched(cloud, before)


FAILURE_REASONS = set(
    get_session().get_service_model("organizations").shape_for("CreateAccountFailureReason").metadata["enum"]
)
FINAL = sorted(name for name in FAILURE_REASONS if not REASONS[name].passing)
AT_ONCE = sorted((REASONS.keys() - FAILURE_REASONS) | {"INVALID_PAYMENT_INSTRUMENT"})
"""What CreateAccount itself answers with: there is no request then, and nothing to wait for."""


@pytest.fixture(scope="module")
def failures(cloud: Cloud) -> dict[str, Execution]:
    """One execution for each final failure of CreateAccount, by its reason."""
    return _each_refused(cloud, cloud.aws.creation.failures, FINAL)


def _each_refused(cloud: Cloud, script: Any, reasons: list[str]) -> dict[str, Execution]:
    cloud.declared("security")
    before = set(cloud.accounts())
    script.extend(reasons)
    asked = [cloud.fresh() for _ in reasons]
    events = [cloud.post(accountName=name, email=email) for name, email in asked]
    ended = [refused(cloud, event_id) for event_id in events]
    untouched(cloud, before)
    return {execution.cause.partition(":")[0]: execution for execution in ended}


@pytest.mark.parametrize("reason", FINAL)
def test_a_final_failure_of_create_account_has_its_own_remedy(
    failures: dict[str, Execution], reason: str
) -> None:
    assert failures[reason].error == "AccountRefused"
    assert REASONS[reason].meaning in failures[reason].cause
    assert REASONS[reason].remedy in failures[reason].cause


@pytest.fixture(scope="module")
def refusals(cloud: Cloud) -> dict[str, Execution]:
    """One execution for each answer by which CreateAccount refuses at once, by its reason."""
    return _each_refused(cloud, cloud.aws.creation.errors, AT_ONCE)


@pytest.mark.parametrize("reason", AT_ONCE)
def test_an_answer_that_refuses_at_once_has_its_own_remedy(
    refusals: dict[str, Execution], reason: str
) -> None:
    assert refusals[reason].error == "AccountRefused"
    assert REASONS[reason].remedy in refusals[reason].cause
    assert "AWS says: " in refusals[reason].cause


@pytest.mark.parametrize(
    ("queue", "reason"),
    [("failures", "INVALID_PAYMENT_INSTRUMENT"), ("errors", "MASTER_ACCOUNT_MISSING_CONTACT_INFO")],
)
def test_after_its_cause_is_mended_the_same_event_makes_the_account(
    cloud: Cloud, queue: str, reason: str
) -> None:
    cloud.declared("security")
    name, email = cloud.fresh()
    getattr(cloud.aws.creation, queue).append(reason)
    assert refused(cloud, cloud.post(accountName=name, email=email)).cause.startswith(reason)
    again = cloud.ask(accountName=name, email=email)
    assert again.status == "SUCCEEDED", str(again)
    assert cloud.accounts()[email]["State"] == "ACTIVE"


def test_passing_answers_of_create_account_are_waited_out(cloud: Cloud) -> None:
    cloud.declared("security")
    name, email = cloud.fresh()
    cloud.aws.creation.errors.extend(PASSING)
    ended = cloud.ask(accountName=name, email=email)
    assert ended.status == "SUCCEEDED", str(ended)
    assert not cloud.aws.creation.errors
    assert [account["Name"] for account in cloud.accounts().values()].count(name) == 1
    assert cloud.answered("Account Failed", email=email) == 0


def test_an_account_limit_amid_a_batch_fails_the_rest_and_a_repeat_makes_them_once_it_is_raised(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.declared("security")
    batch = [cloud.fresh() for _ in range(4)]
    before = len(cloud.accounts())
    with monkeypatch.context() as limit:
        limit.setattr(cloud.aws.creation, "account_limit", before + 2)
        ended = _all_of(cloud, batch)
        assert Counter(each.status for each in ended) == {"SUCCEEDED": 2, "FAILED": 2}, ended
        for each in ended:
            if each.status == "FAILED":
                assert each.error == "AccountRefused"
                assert each.cause.startswith("ACCOUNT_LIMIT_EXCEEDED: ")
                assert REASONS["ACCOUNT_LIMIT_EXCEEDED"].remedy in each.cause
        assert len(cloud.accounts()) == before + 2
    assert {each.status for each in _all_of(cloud, batch)} == {"SUCCEEDED"}
    assert len(cloud.accounts()) == before + 4
    for _, email in batch:
        cloud.answer("Account Ready", email=email)
        assert cloud.answered("Account Ready", email=email) == 1


def _all_of(cloud: Cloud, batch: list[tuple[str, str]]) -> list[Execution]:
    events = [cloud.post(accountName=name, email=email) for name, email in batch]
    return [cloud.ended(cloud.execution_of(event)) for event in events]


def test_passing_failures_of_create_account_are_tried_again(cloud: Cloud) -> None:
    cloud.declared("security")
    name, email = cloud.fresh()
    cloud.aws.creation.failures.extend(name for name, reason in REASONS.items() if reason.passing)
    ended = cloud.ask(accountName=name, email=email)
    assert ended.status == "SUCCEEDED", str(ended)
    assert not cloud.aws.creation.failures
    assert [account["Name"] for account in cloud.accounts().values()].count(name) == 1
