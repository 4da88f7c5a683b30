"""CreateAccount in the embedded AWS: what it makes, refuses and tells, as the API reference says."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from moto.cloudtrail.models import Trail, cloudtrail_backends
from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.s3.models import s3_backends

from local.engine import Engine
from local.organizations import CreationSettings
from local.organizations.young_accounts import ANSWERS
from tests.engine.organizations.organization import RecordingEngine, create, new_account, refused, root_id
from tests.engine.support import eventually


def test_a_created_account_is_active_in_the_root_with_its_tags_and_path(organizations: Any) -> None:
    status = create(organizations, email := "a@example.com", Tags=[{"Key": "cost-center", "Value": "42"}])
    assert status["State"] == "SUCCEEDED"
    assert "Email" not in status
    account = organizations.describe_account(AccountId=status["AccountId"])["Account"]
    assert account["State"] == "ACTIVE"
    assert "Status" not in account
    assert account["JoinedMethod"] == "CREATED"
    assert account["Email"] == email
    organization = organizations.describe_organization()["Organization"]["Id"]
    assert account["Paths"] == [f"{organization}/{root_id(organizations)}/{account['Id']}/"]
    assert organizations.list_tags_for_resource(ResourceId=account["Id"])["Tags"] == [
        {"Key": "cost-center", "Value": "42"}
    ]
    assert len(account["Id"]) == 12
    assert account["Id"].isdigit()


@pytest.mark.parametrize("role", ["OrganizationAccountAccessRole", "door"])
def test_the_access_role_trusts_the_management_account_and_may_do_everything(
    engine: Engine, organizations: Any, role: str
) -> None:
    account = create(organizations, RoleName=role)["AccountId"]
    iam = iam_backends[account]["aws"]
    made = eventually(
        lambda: next((r for r in iam.roles.values() if r.name == role and r.managed_policies), None)
    )
    assert made is not None
    trust = json.loads(made.assume_role_policy_document)["Statement"]
    assert [s["Principal"] for s in trust] == [{"AWS": f"arn:aws:iam::{engine.management_account}:root"}]
    assert list(made.managed_policies) == ["arn:aws:iam::aws:policy/AdministratorAccess"]


def test_a_new_account_has_a_default_vpc_in_every_region(organizations: Any) -> None:
    account = new_account(organizations)
    for region in ("us-east-1", "eu-central-1"):
        assert any(vpc.is_default for vpc in ec2_backends[account][region].vpcs.values())


def test_an_account_that_is_not_ready_turns_callers_away(
    engine: Engine, organizations: Any, creation: CreationSettings
) -> None:
    creation.entry_delay = creation.service_delay = 10_000
    account = new_account(organizations)
    roles = {role.name for role in iam_backends[account]["aws"].roles.values()}
    assert "AWSServiceRoleForOrganizations" in roles
    assert "OrganizationAccountAccessRole" not in roles
    answers = {
        service: engine.young_accounts.refusal(account, service)
        for service in ("ec2", "config", "iam", "sts")
    }
    codes = {service: answer and answer[0] for service, answer in answers.items()}
    assert codes == {
        "ec2": "OptInRequired",
        "config": "SubscriptionRequiredException",
        "iam": None,
        "sts": None,
    }
    assert engine.young_accounts.refusal(engine.management_account, "ec2") is None


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("ec2", lambda c: c.describe_vpcs(), "OptInRequired"),
        ("config", lambda c: c.describe_configuration_recorders(), "SubscriptionRequiredException"),
        ("cloudtrail", lambda c: c.describe_trails(), "SubscriptionRequiredException"),
    ],
)
def test_services_answer_a_young_account_in_their_own_protocol(
    engine: Engine, creation: CreationSettings, service: str, call: Callable[[Any], Any], code: str
) -> None:
    engine.young_accounts.not_ready_until[engine.management_account] = float("inf")
    assert refused(lambda: call(engine.client(service)))[0] == code
    engine.young_accounts.not_ready_until.clear()
    call(engine.client(service))


@pytest.mark.parametrize("code", sorted(ANSWERS))
def test_a_young_account_is_turned_away_in_each_way_that_has_been_seen(
    engine: Engine, organizations: Any, creation: CreationSettings, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(creation, "entry_answer", code)
    monkeypatch.setattr(creation, "service_answer", code)
    monkeypatch.setattr(creation, "service_delays", {"config": 10_000, "ec2:eu-west-1": 10_000})
    creation.entry_delay, creation.service_delay = 10_000, 0
    account = new_account(organizations)
    role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    assume = engine.client("sts").assume_role
    assert refused(lambda: assume(RoleArn=role, RoleSessionName="early"))[0] == code
    found = {
        (service, region)
        for service in ("config", "ec2", "cloudtrail")
        for region in ("us-east-1", "eu-west-1")
        if engine.young_accounts.refusal(account, service, region) == (code, ANSWERS[code])
    }
    assert found == {("config", "us-east-1"), ("config", "eu-west-1"), ("ec2", "eu-west-1")}


def test_one_root_email_is_one_account_whatever_its_case(
    organizations: Any, creation: CreationSettings
) -> None:
    creation.taken_emails.add("Taken@example.com")
    new_account(organizations)
    for email in ("DEV@example.com", "taken@EXAMPLE.com"):
        status = create(organizations, email)
        assert (status["State"], status["FailureReason"]) == ("FAILED", "EMAIL_ALREADY_EXISTS")
        assert "AccountId" not in status


def test_the_same_request_twice_at_once_makes_one_account(organizations: Any) -> None:
    organizations.create_account(AccountName="dev", Email="dev@example.com")
    assert create(organizations)["FailureReason"] == "CONCURRENT_ACCOUNT_MODIFICATION"


def test_closed_accounts_count_against_the_limit(organizations: Any, creation: CreationSettings) -> None:
    creation.account_limit = 2
    organizations.close_account(AccountId=new_account(organizations))
    assert create(organizations, "b@example.com")["FailureReason"] == "ACCOUNT_LIMIT_EXCEEDED"
    creation.account_limit = 3
    assert create(organizations, "b@example.com")["State"] == "SUCCEEDED"


def test_failures_and_errors_are_scripted(organizations: Any, creation: CreationSettings) -> None:
    creation.failures.extend(["INTERNAL_FAILURE", None])
    assert create(organizations)["FailureReason"] == "INTERNAL_FAILURE"
    assert create(organizations)["State"] == "SUCCEEDED"
    creation.errors.append("FinalizingOrganizationException")
    call = organizations.create_account
    assert refused(call, AccountName="x", Email="x@example.com")[0] == "FinalizingOrganizationException"


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"AccountName": "n" * 51}, "MAX_LENGTH_EXCEEDED"),
        ({"AccountName": "tab\t"}, "INVALID_PATTERN"),
        ({"AccountName": "münchen"}, "INVALID_PATTERN"),
        ({"Email": "no-at-sign"}, "INVALID_PATTERN"),
        ({"Email": "a" * 60 + "@b.de"}, "MAX_LENGTH_EXCEEDED"),
        ({"RoleName": "AWSServiceRoleForMe"}, "INVALID_ROLE_NAME"),
        ({"Tags": [{"Key": "aws:mine", "Value": ""}]}, "INVALID_SYSTEM_TAGS_PARAMETER"),
        ({"Tags": [{"Key": "a", "Value": ""}] * 2}, "DUPLICATE_TAG_KEY"),
        ({"Tags": [{"Key": "k" * 129, "Value": ""}]}, "MAX_LENGTH_EXCEEDED"),
    ],
)
def test_a_request_that_the_api_does_not_allow_is_refused(
    organizations: Any, parameters: dict[str, Any], reason: str
) -> None:
    request = {"AccountName": "dev", "Email": "dev@example.com"} | parameters
    assert refused(organizations.create_account, **request) == ("InvalidInputException", reason)
    assert organizations.list_create_account_status()["CreateAccountStatuses"] == []


def test_over_50_tags_are_too_many(organizations: Any) -> None:
    tags = [{"Key": str(n), "Value": ""} for n in range(51)]
    call = organizations.create_account
    expected = ("ConstraintViolationException", "MAX_TAG_LIMIT_EXCEEDED")
    assert refused(call, AccountName="dev", Email="dev@example.com", Tags=tags) == expected


@pytest.mark.parametrize(
    "email", [".dot@example.com", "a(b)@example.com", "a@-example.com", "a@exa_mple.com"]
)
def test_an_address_that_is_none_fails_the_creation(organizations: Any, email: str) -> None:
    assert create(organizations, email)["FailureReason"] == "INVALID_EMAIL"


def test_five_creations_at_once_and_not_six(organizations: Any, creation: CreationSettings) -> None:
    creation.seconds = 10_000
    for n in range(5):
        organizations.create_account(AccountName="dev", Email=f"{n}@example.com")
    expected = ("ConstraintViolationException", "ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED")
    assert refused(organizations.create_account, AccountName="dev", Email="six@example.com") == expected


def test_quotas_are_token_buckets_on_the_scaled_clock(organizations: Any, creation: CreationSettings) -> None:
    creation.throttle.enforced = True
    creation.at_once, many = 100, 50  # a slow machine gives the bucket time to fill
    taken = [_creates(organizations, AccountName="dev", Email=f"{n}@example.com") for n in range(many)]
    assert taken[:3] == [True] * 3
    assert False in taken
    assert creation.throttle.refused["CreateAccount"] >= taken.count(False)
    assert eventually(lambda: _creates(organizations, AccountName="dev", Email="late@example.com"))


def _creates(organizations: Any, **parameters: Any) -> bool:
    try:
        organizations.create_account(**parameters)
    except organizations.exceptions.TooManyRequestsException:
        return False
    return True


def test_statuses_are_listed_by_state_in_pages(organizations: Any, creation: CreationSettings) -> None:
    creation.failures.append("INTERNAL_FAILURE")
    create(organizations)
    create(organizations)
    failed = organizations.list_create_account_status(States=["FAILED"])["CreateAccountStatuses"]
    assert [status["State"] for status in failed] == ["FAILED"]
    first = organizations.list_create_account_status(MaxResults=1)
    second = organizations.list_create_account_status(MaxResults=1, NextToken=first["NextToken"])
    assert "NextToken" not in second
    states = [page["CreateAccountStatuses"][0]["State"] for page in (first, second)]
    assert states == ["FAILED", "SUCCEEDED"]


def start_trail(engine: Engine) -> None:
    account = engine.management_account
    bucket = f"logs-{uuid.uuid4()}"
    s3_backends[account]["aws"].create_bucket(bucket, "us-east-1")
    trail = Trail(account, "us-east-1", "all", bucket, "", "", True, True, True, False, "", "", "")
    cloudtrail_backends[account]["us-east-1"].trails["all"] = trail
    trail.start_logging()


def told_of(engine: RecordingEngine, status: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """The events that tell of a request."""
    return [
        e for e in engine.emitted if e[2]["serviceEventDetails"]["createAccountStatus"]["id"] == status["Id"]
    ]


def test_the_result_event_comes_while_a_trail_is_logging(engine: RecordingEngine, organizations: Any) -> None:
    start_trail(engine)
    status = create(organizations)
    source, detail_type, detail = eventually(lambda: told_of(engine, status))[0]
    assert (source, detail_type) == ("aws.organizations", "AWS Service Event via CloudTrail")
    assert (detail["eventName"], detail["eventType"]) == ("CreateAccountResult", "AwsServiceEvent")
    assert detail["requestParameters"] is detail["responseElements"] is None
    told = detail["serviceEventDetails"]["createAccountStatus"]
    assert (told["id"], told["accountId"], told["state"]) == (status["Id"], status["AccountId"], "SUCCEEDED")
    assert told["accountName"] == "****"
    assert "example.com" not in json.dumps(detail)


def test_a_failure_is_told_without_an_account(engine: RecordingEngine, organizations: Any) -> None:
    start_trail(engine)
    engine.creation.failures.append("INTERNAL_FAILURE")
    status = create(organizations)
    *_, detail = eventually(lambda: told_of(engine, status))[0]
    told = detail["serviceEventDetails"]["createAccountStatus"]
    assert told["failureReason"] == "INTERNAL_FAILURE"
    assert "accountId" not in told


def test_without_a_trail_there_is_no_event(engine: RecordingEngine, organizations: Any) -> None:
    engine.creation.event_delay = 0
    others = set(threading.enumerate())
    first = create(organizations)
    # The event is due in a timer, a moment after the account is there.
    for timer in set(threading.enumerate()) - others:
        if isinstance(timer, threading.Timer):
            timer.join()
    start_trail(engine)
    second = create(organizations, "second@example.com")
    assert eventually(lambda: told_of(engine, second))
    assert not told_of(engine, first)


def test_events_can_come_twice(engine: RecordingEngine, organizations: Any) -> None:
    start_trail(engine)
    engine.creation.event_copies = 2
    status = create(organizations)
    assert eventually(lambda: len(told_of(engine, status)) == 2)
