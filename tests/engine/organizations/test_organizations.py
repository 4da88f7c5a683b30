"""Organizations in the embedded AWS: as its API reference and user guide say, and where moto is not."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.cloudtrail.models import Trail, cloudtrail_backends
from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.organizations.models import organizations_backends
from moto.s3.models import s3_backends

from local.engine import Engine
from local.identity.credentials import Credentials
from local.organizations import CreationSettings, organization_of
from local.organizations.quotas import Throttle
from local.organizations.young_accounts import ANSWERS
from tests.engine.support import eventually, plain_moto


class RecordingEngine(Engine):
    """Keeps what AWS itself emits."""

    def __init__(self, **settings: Any) -> None:
        self.emitted: list[tuple[str, str, dict[str, Any]]] = []
        super().__init__(**settings)

    def emit(self, source: str, detail_type: str, detail: Any, **where: Any) -> None:
        self.emitted.append((source, detail_type, dict(detail)))


@pytest.fixture(scope="module")
def running() -> Iterator[RecordingEngine]:
    with RecordingEngine(time_scale=0.01, organization=None) as engine:
        yield engine


@pytest.fixture
def engine(running: RecordingEngine) -> RecordingEngine:
    """The engine without any organization, trail or setting of the tests before."""
    organizations_backends.clear()
    organizations_backends.master_accounts.clear()
    cloudtrail_backends.clear()
    running.creation = CreationSettings(Throttle(running.clock))
    running.creation.throttle.enforced = False
    running.emitted.clear()
    return running


@pytest.fixture
def organizations(engine: RecordingEngine) -> Any:
    """A client of the management account of a new organization."""
    client = engine.client("organizations")
    client.create_organization(FeatureSet="ALL")
    return client


@pytest.fixture
def creation(engine: Engine) -> CreationSettings:
    settings: CreationSettings = engine.creation
    return settings


def refused(call: Callable[..., Any], **parameters: Any) -> tuple[str, str | None]:
    """Code and reason of the error that a call is answered with."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response = caught.value.response
    reason = response.get("Reason")
    return response["Error"]["Code"], str(reason) if reason else None


def create(
    organizations: Any, email: str = "dev@example.com", name: str = "dev", **more: Any
) -> dict[str, Any]:
    """The final status of a creation."""
    request = organizations.create_account(AccountName=name, Email=email, **more)["CreateAccountStatus"]
    assert request["State"] == "IN_PROGRESS"

    def finished() -> Any:
        status = organizations.describe_create_account_status(CreateAccountRequestId=request["Id"])
        return status["CreateAccountStatus"]["State"] != "IN_PROGRESS" and status["CreateAccountStatus"]

    final: dict[str, Any] = eventually(finished)
    return final


def new_account(organizations: Any, name: str = "dev") -> str:
    return str(create(organizations, f"{name}@example.com", name)["AccountId"])


def root_id(organizations: Any) -> str:
    return str(organizations.list_roots()["Roots"][0]["Id"])


# Creating accounts ---------------------------------------------------------------------------------


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


# The event -----------------------------------------------------------------------------------------


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


# Accounts ------------------------------------------------------------------------------------------


def test_an_account_moves_only_from_where_it_is(organizations: Any) -> None:
    account, root = new_account(organizations), root_id(organizations)
    unit = organizations.create_organizational_unit(ParentId=root, Name="Workloads")["OrganizationalUnit"]
    move = organizations.move_account
    wrong = {"AccountId": account, "SourceParentId": unit["Id"]}
    assert refused(move, **wrong, DestinationParentId=root)[0] == "DuplicateAccountException"
    assert refused(move, **wrong, DestinationParentId="r-none")[0] == "DestinationParentNotFoundException"
    move(AccountId=account, SourceParentId=root, DestinationParentId=unit["Id"])
    elsewhere = {"AccountId": account, "SourceParentId": "ou-none-12345678", "DestinationParentId": root}
    assert refused(move, **elsewhere)[0] == "SourceParentNotFoundException"
    described = organizations.list_accounts_for_parent(ParentId=unit["Id"])["Accounts"][0]
    assert described["Paths"][0].endswith(f"{unit['Id']}/{account}/")
    assert organizations.list_parents(ChildId=account)["Parents"] == [
        {"Id": unit["Id"], "Type": "ORGANIZATIONAL_UNIT"}
    ]


def test_a_closed_account_is_shown_as_closed_in_the_end(
    engine: Engine, organizations: Any, creation: CreationSettings
) -> None:
    account, creation.closing_seconds = new_account(organizations), 10_000
    organizations.close_account(AccountId=account)

    def state() -> str:
        return str(organizations.describe_account(AccountId=account)["Account"]["State"])

    assert state() == "PENDING_CLOSURE"
    assert refused(organizations.close_account, AccountId=account)[0] == "ConflictException"
    account, creation.closing_seconds = new_account(organizations, "stage"), 1
    organizations.close_account(AccountId=account)
    assert eventually(lambda: state() == "CLOSED")
    assert refused(organizations.close_account, AccountId=account)[0] == "AccountAlreadyClosedException"
    assert refused(organizations.close_account, AccountId=engine.management_account) == (
        "ConstraintViolationException",
        "CANNOT_CLOSE_MANAGEMENT_ACCOUNT",
    )


def test_a_closed_account_is_gone_for_good_in_the_end_and_nobody_gets_its_address(
    organizations: Any, creation: CreationSettings
) -> None:
    creation.closed_seconds = 1
    account = new_account(organizations)
    email = organizations.describe_account(AccountId=account)["Account"]["Email"]
    organizations.close_account(AccountId=account)

    def gone() -> bool:
        return account not in {each["Id"] for each in organizations.list_accounts()["Accounts"]}

    assert eventually(gone)
    assert refused(organizations.describe_account, AccountId=account)[0] == "AccountNotFoundException"
    assert email in creation.taken_emails


def test_three_accounts_close_at_once(organizations: Any, creation: CreationSettings) -> None:
    creation.closing_seconds = 10_000
    accounts = [new_account(organizations, f"a{n}") for n in range(4)]
    for account in accounts[:3]:
        organizations.close_account(AccountId=account)
    assert refused(organizations.close_account, AccountId=accounts[3]) == (
        "ConstraintViolationException",
        "CLOSE_ACCOUNT_REQUESTS_LIMIT_EXCEEDED",
    )


def test_a_young_account_cannot_leave(organizations: Any, creation: CreationSettings) -> None:
    account = new_account(organizations)
    remove = organizations.remove_account_from_organization
    assert refused(remove, AccountId=account) == ("ConstraintViolationException", "WAIT_PERIOD_ACTIVE")
    creation.minimum_age = 0
    remove(AccountId=account)
    assert refused(organizations.describe_account, AccountId=account)[0] == "AccountNotFoundException"
    assert organization_of(account) is None


def test_the_management_account_was_invited_and_lists_itself(engine: Engine, organizations: Any) -> None:
    (account,) = organizations.list_accounts()["Accounts"]
    assert (account["Id"], account["JoinedMethod"]) == (engine.management_account, "INVITED")
    assert refused(organizations.leave_organization)[0] == "MasterCannotLeaveOrganizationException"


def test_accounts_come_in_pages_of_twenty(organizations: Any, creation: CreationSettings) -> None:
    creation.account_limit, creation.seconds = 100, 0.1
    for n in range(21):
        create(organizations, f"a{n}@example.com")
    first = organizations.list_accounts()
    second = organizations.list_accounts(NextToken=first["NextToken"])
    assert (len(first["Accounts"]), len(second["Accounts"])) == (20, 2)
    assert refused(organizations.list_accounts, NextToken="?")[0] == "InvalidInputException"


# Organizational units ------------------------------------------------------------------------------


def unit(organizations: Any, parent: str, name: str) -> str:
    made = organizations.create_organizational_unit(ParentId=parent, Name=name)["OrganizationalUnit"]
    return str(made["Id"])


def test_units_have_paths_distinct_names_and_five_levels(organizations: Any) -> None:
    parent = root_id(organizations)
    create_unit = organizations.create_organizational_unit
    for level in range(5):
        parent = unit(organizations, parent, f"level {level}")
    path = organizations.describe_organizational_unit(OrganizationalUnitId=parent)["OrganizationalUnit"][
        "Path"
    ]
    assert path.count("/ou-") == 5
    assert path.endswith(f"{parent}/")
    expected = ("ConstraintViolationException", "OU_DEPTH_LIMIT_EXCEEDED")
    assert refused(create_unit, ParentId=parent, Name="six") == expected
    top = {"ParentId": root_id(organizations)}
    assert refused(create_unit, **top, Name="level 0")[0] == "DuplicateOrganizationalUnitException"
    assert refused(create_unit, **top, Name="n" * 129) == ("InvalidInputException", "MAX_LENGTH_EXCEEDED")
    assert refused(create_unit, ParentId="r-gone", Name="x")[0] == "ParentNotFoundException"


def test_a_unit_is_renamed_and_deleted_only_when_empty(organizations: Any) -> None:
    root = root_id(organizations)
    outer = unit(organizations, root, "outer")
    inner = unit(organizations, outer, "inner")
    delete = organizations.delete_organizational_unit
    assert refused(delete, OrganizationalUnitId=outer)[0] == "OrganizationalUnitNotEmptyException"
    delete(OrganizationalUnitId=inner)
    organizations.update_organizational_unit(OrganizationalUnitId=outer, Name="renamed")
    listed = organizations.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"]
    assert [each["Name"] for each in listed] == ["renamed"]


def test_everything_can_be_tagged(organizations: Any) -> None:
    root = root_id(organizations)
    for resource in (
        root,
        unit(organizations, root, "unit"),
        new_account(organizations),
        policy(organizations),
    ):
        organizations.tag_resource(ResourceId=resource, Tags=[{"Key": "a", "Value": "1"}])
        assert organizations.list_tags_for_resource(ResourceId=resource)["Tags"] == [
            {"Key": "a", "Value": "1"}
        ]
        tags = [{"Key": "aws:x", "Value": ""}]
        assert (
            refused(organizations.tag_resource, ResourceId=resource, Tags=tags)[0] == "InvalidInputException"
        )
        organizations.untag_resource(ResourceId=resource, TagKeys=["a"])
        assert organizations.list_tags_for_resource(ResourceId=resource)["Tags"] == []


# Policies ------------------------------------------------------------------------------------------

DENY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "%s", "Resource": "*"}]}'
WITH_OPERATOR = DENY.replace("}]}", ', "Condition": {"%s": {"aws:PrincipalTag/a": "b"}}}]}') % ("s3:*", "%s")
OF_RESOURCES = DENY.replace('"Effect"', '"Principal": "*", "Effect"')
SCP = "SERVICE_CONTROL_POLICY"


def policy(organizations: Any, name: str = "p", kind: str = SCP, content: str = DENY % "s3:*") -> str:
    made = organizations.create_policy(Name=name, Description="", Type=kind, Content=content)
    return str(made["Policy"]["PolicySummary"]["Id"])


def enable(organizations: Any, kind: str) -> str:
    """Enables a policy type and waits until it is; the root's id."""
    root = root_id(organizations)
    states = organizations.enable_policy_type(RootId=root, PolicyType=kind)["Root"]["PolicyTypes"]
    assert states == [{"Type": kind, "Status": "PENDING_ENABLE"}]
    wanted = {"Type": kind, "Status": "ENABLED"}
    eventually(lambda: wanted in organizations.list_roots()["Roots"][0]["PolicyTypes"])
    return root


def test_only_policies_of_an_enabled_type_attach_and_once(organizations: Any) -> None:
    root, mine = root_id(organizations), policy(organizations)
    attach = organizations.attach_policy
    assert refused(attach, PolicyId=mine, TargetId=root)[0] == "PolicyTypeNotEnabledException"
    enable(organizations, SCP)
    again = {"RootId": root, "PolicyType": SCP}
    assert refused(organizations.enable_policy_type, **again)[0] == "PolicyTypeAlreadyEnabledException"
    attach(PolicyId=mine, TargetId=root)
    assert refused(attach, PolicyId=mine, TargetId=root)[0] == "DuplicatePolicyAttachmentException"
    assert refused(attach, PolicyId=mine, TargetId="999999999999")[0] == "TargetNotFoundException"
    for number in range(8):
        attach(PolicyId=policy(organizations, f"more {number}"), TargetId=root)
    eleventh = policy(organizations, "eleventh")
    expected = ("ConstraintViolationException", "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED")
    assert refused(attach, PolicyId=eleventh, TargetId=root) == expected
    organizations.disable_policy_type(RootId=root, PolicyType=SCP)
    assert eventually(lambda: not organizations.list_roots()["Roots"][0]["PolicyTypes"])
    left = organizations.list_policies_for_target(TargetId=root, Filter=SCP)["Policies"]
    assert [each["Id"] for each in left] == ["p-FullAWSAccess"]


def test_the_last_control_policy_stays(organizations: Any) -> None:
    root = enable(organizations, SCP)
    detach = organizations.detach_policy
    expected = ("ConstraintViolationException", "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED")
    assert refused(detach, PolicyId="p-FullAWSAccess", TargetId=root) == expected
    assert refused(detach, PolicyId="p-RCPFullAWSAccess", TargetId=root)[1] == "NON_DETACHABLE_POLICY"
    assert refused(organizations.delete_policy, PolicyId="p-FullAWSAccess")[1] == "IMMUTABLE_POLICY"
    mine = policy(organizations)
    assert refused(detach, PolicyId=mine, TargetId=root)[0] == "PolicyNotAttachedException"


@pytest.mark.parametrize(
    ("kind", "content", "code"),
    [
        (SCP, "not json", "MalformedPolicyDocumentException"),
        (SCP, DENY.replace("Deny", "Maybe") % "s3:*", "MalformedPolicyDocumentException"),
        (SCP, DENY.replace('"Resource"', '"Principal"') % "s3:*", "MalformedPolicyDocumentException"),
        (SCP, DENY % "GetObject", "MalformedPolicyDocumentException"),
        (SCP, DENY.replace('"Resource"', '"Resources"') % "s3:*", "MalformedPolicyDocumentException"),
        (SCP, WITH_OPERATOR % "StringEqual", "MalformedPolicyDocumentException"),
        (SCP, DENY.replace("2012-10-17", "2008-10-17") % "s3:*", "MalformedPolicyDocumentException"),
        (SCP, '{"Statement": []}', "MalformedPolicyDocumentException"),
        ("RESOURCE_CONTROL_POLICY", OF_RESOURCES % "*", "MalformedPolicyDocumentException"),
        ("RESOURCE_CONTROL_POLICY", OF_RESOURCES % "ec2:*", "MalformedPolicyDocumentException"),
        (SCP, DENY % ("x" * 10_240), "ConstraintViolationException"),
        ("RESOURCE_CONTROL_POLICY", DENY % "s3:*", "MalformedPolicyDocumentException"),
    ],
)
def test_a_document_that_is_no_policy_is_refused(
    organizations: Any, kind: str, content: str, code: str
) -> None:
    assert (
        refused(organizations.create_policy, Name="p", Description="", Type=kind, Content=content)[0] == code
    )


def test_what_is_one_is_taken(organizations: Any) -> None:
    policy(organizations, "with-operator", SCP, WITH_OPERATOR % "StringEquals")
    policy(organizations, "of-resources", "RESOURCE_CONTROL_POLICY", OF_RESOURCES % "s3:*")


def test_a_resource_control_policy_denies_everyone(organizations: Any) -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    policy(
        organizations,
        "p",
        "RESOURCE_CONTROL_POLICY",
        json.dumps({"Version": "2012-10-17", "Statement": statement}),
    )


def test_the_newer_policy_types_reach_accounts_merged(organizations: Any) -> None:
    account, root = new_account(organizations), enable(organizations, "S3_POLICY")
    block = "public_access_block_configuration"
    content = {"s3_attributes": {block: {"@@assign": "all"}}}
    general = policy(organizations, "general", "S3_POLICY", json.dumps(content))
    effective = organizations.describe_effective_policy
    request = {"PolicyType": "S3_POLICY", "TargetId": account}
    assert refused(effective, **request)[0] == "EffectivePolicyNotFoundException"
    organizations.attach_policy(PolicyId=general, TargetId=root)
    assert json.loads(effective(**request)["EffectivePolicy"]["PolicyContent"]) == {
        "s3_attributes": {block: "all"}
    }
    special = policy(organizations, "special", "S3_POLICY", json.dumps(content).replace('"all"', '"none"'))
    organizations.attach_policy(PolicyId=special, TargetId=account)
    assert json.loads(effective(**request)["EffectivePolicy"]["PolicyContent"]) == {
        "s3_attributes": {block: "none"}
    }


def test_a_service_policy_needs_the_services_trusted_access(organizations: Any) -> None:
    guardduty = {"RootId": root_id(organizations), "PolicyType": "GUARDDUTY_POLICY"}
    expected = ("ConstraintViolationException", "SERVICE_ACCESS_NOT_ENABLED")
    assert refused(organizations.enable_policy_type, **guardduty) == expected
    organizations.enable_aws_service_access(ServicePrincipal="guardduty.amazonaws.com")
    enable(organizations, "GUARDDUTY_POLICY")
    disable = organizations.disable_aws_service_access
    expected = ("ConstraintViolationException", "POLICY_TYPE_ENABLED_FOR_THIS_SERVICE")
    assert refused(disable, ServicePrincipal="guardduty.amazonaws.com") == expected


# Standing ------------------------------------------------------------------------------------------


def member(engine: Engine, account: str) -> Any:
    """Organizations as an administrator of a member account calls it."""
    iam = iam_backends[account]["aws"]
    iam.create_user("us-east-1", "admin")
    iam.attach_user_policy("arn:aws:iam::aws:policy/AdministratorAccess", "admin")
    key = iam.create_access_key("admin")
    return engine.client("organizations", credentials=Credentials(key.access_key_id, key.secret_access_key))


def test_a_member_sees_its_organization_and_may_leave_and_nothing_else(
    engine: Engine, organizations: Any, creation: CreationSettings
) -> None:
    account = new_account(organizations)
    theirs = member(engine, account)
    assert theirs.describe_organization() | {
        "ResponseMetadata": None
    } == organizations.describe_organization() | {"ResponseMetadata": None}
    assert refused(theirs.list_accounts)[0] == "AccessDeniedException"
    assert (
        refused(theirs.create_account, AccountName="x", Email="x@example.com")[0] == "AccessDeniedException"
    )
    assert refused(theirs.leave_organization) == ("ConstraintViolationException", "WAIT_PERIOD_ACTIVE")
    creation.minimum_age = 0
    theirs.leave_organization()
    assert refused(theirs.describe_organization)[0] == "AWSOrganizationsNotInUseException"


def test_a_delegated_administrator_reads_and_does_not_write(engine: Engine, organizations: Any) -> None:
    account, service = new_account(organizations), "config.amazonaws.com"
    register = organizations.register_delegated_administrator
    expected = ("ConstraintViolationException", "SERVICE_ACCESS_NOT_ENABLED")
    assert refused(register, AccountId=account, ServicePrincipal=service) == expected
    organizations.enable_aws_service_access(ServicePrincipal=service)
    register(AccountId=account, ServicePrincipal=service)
    again = refused(register, AccountId=account, ServicePrincipal=service)
    assert again[0] == "AccountAlreadyRegisteredException"
    theirs = member(engine, account)
    assert len(theirs.list_accounts()["Accounts"]) == 2
    (listed,) = theirs.list_delegated_administrators(ServicePrincipal=service)["DelegatedAdministrators"]
    assert (listed["Id"], listed["State"]) == (account, "ACTIVE")
    services = theirs.list_delegated_services_for_account(AccountId=account)["DelegatedServices"]
    assert [each["ServicePrincipal"] for each in services] == [service]
    assert (
        refused(theirs.create_account, AccountName="x", Email="x@example.com")[0] == "AccessDeniedException"
    )
    engine.creation.minimum_age = 0
    expected = ("ConstraintViolationException", "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG")
    assert refused(organizations.remove_account_from_organization, AccountId=account) == expected
    organizations.deregister_delegated_administrator(AccountId=account, ServicePrincipal=service)
    assert refused(theirs.list_accounts)[0] == "AccessDeniedException"


def test_the_management_account_and_unknown_services_are_not_delegated(
    engine: Engine, organizations: Any
) -> None:
    register = organizations.register_delegated_administrator
    mine = {"AccountId": engine.management_account}
    assert refused(register, **mine, ServicePrincipal="config.amazonaws.com")[1] == (
        "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR"
    )
    assert refused(register, **mine, ServicePrincipal="nobody.amazonaws.com")[0] == "InvalidInputException"
    trust = organizations.enable_aws_service_access
    assert refused(trust, ServicePrincipal="nobody.amazonaws.com")[0] == "InvalidInputException"
    for service in ("iam", "cloudtrail", "config-multiaccountsetup", "guardduty", "access-analyzer"):
        trust(ServicePrincipal=f"{service}.amazonaws.com")
    trusted = organizations.list_aws_service_access_for_organization()["EnabledServicePrincipals"]
    assert len(trusted) == 5


def test_consolidated_billing_offers_accounts_and_no_policies(engine: Engine) -> None:
    client = engine.client("organizations")
    client.create_organization(FeatureSet="CONSOLIDATED_BILLING")
    account = new_account(client)
    unavailable = "PolicyTypeNotAvailableForOrganizationException"
    enabling = {"RootId": root_id(client), "PolicyType": SCP}
    assert refused(client.enable_policy_type, **enabling)[0] == unavailable
    limited = ("ConstraintViolationException", "ORGANIZATION_NOT_IN_ALL_FEATURES_MODE")
    assert refused(client.enable_aws_service_access, ServicePrincipal="config.amazonaws.com") == limited
    assert refused(client.close_account, AccountId=account) == limited
    handshake = client.enable_all_features()["Handshake"]
    assert client.describe_organization()["Organization"]["FeatureSet"] == "CONSOLIDATED_BILLING"
    client.accept_handshake(HandshakeId=handshake["Id"])
    assert client.describe_organization()["Organization"]["FeatureSet"] == "ALL"
    enable(client, SCP)


def test_without_an_organization_there_is_none_to_use(engine: Engine) -> None:
    client = engine.client("organizations")
    for call in (client.describe_organization, client.list_accounts, client.list_roots):
        assert refused(call)[0] == "AWSOrganizationsNotInUseException"
    client.create_organization(FeatureSet="ALL")
    assert refused(client.create_organization)[0] == "AlreadyInOrganizationException"


# moto alone ----------------------------------------------------------------------------------------


def test_plain_moto_still_falls_short() -> None:
    observed = plain_moto("""
        o = client("organizations")
        o.create_organization(FeatureSet="ALL")
        root = o.list_roots()["Roots"][0]["Id"]
        def make(**k): return o.create_account(**({"AccountName": "n", "Email": "a@example.com"} | k))
        first = make()["CreateAccountStatus"]
        def answer(call):
            try: return type(call()).__name__
            except Exception as e: return type(e).__name__
        account = o.describe_account(AccountId=first["AccountId"])["Account"]
        role = client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{account['Id']}:role/OrganizationAccountAccessRole", RoleSessionName="plain")["Credentials"]
        iam = boto3.client("iam", region_name="us-east-1", aws_access_key_id=role["AccessKeyId"],
            aws_secret_access_key=role["SecretAccessKey"], aws_session_token=role["SessionToken"])
        print(json.dumps({
            "at once": first["State"],
            "same e-mail": make()["CreateAccountStatus"]["State"],
            "long name": make(AccountName="n" * 51)["CreateAccountStatus"]["State"],
            "access": iam.list_attached_role_policies(RoleName="OrganizationAccountAccessRole")["AttachedPolicies"],
            "paths": "Paths" in account,
            "status": "Status" in account,
            "wrong source": answer(lambda: o.move_account(
                AccountId=account["Id"], SourceParentId=root, DestinationParentId=root)),
            "newer type": answer(lambda: o.enable_policy_type(RootId=root, PolicyType="S3_POLICY")),
            "untrusted": answer(lambda: o.register_delegated_administrator(
                AccountId=account["Id"], ServicePrincipal="guardduty.amazonaws.com")),
            "effective": answer(lambda: o.describe_effective_policy(PolicyType="TAG_POLICY")),
            "backup policy": answer(lambda: o.create_policy(
                Name="n", Description="", Type="BACKUP_POLICY", Content='{"a": 1}')),
        }))
    """)
    assert json.loads(observed) == {
        "at once": "SUCCEEDED",
        "same e-mail": "SUCCEEDED",
        "long name": "SUCCEEDED",
        "access": [],
        "paths": False,
        "status": True,
        "wrong source": "dict",
        "newer type": "InvalidInputException",
        "untrusted": "dict",
        "effective": "NotImplementedError",
        "backup policy": "NotImplementedError",
    }


def test_an_organization_is_not_deleted_while_an_account_is_being_created(
    organizations: Any, creation: CreationSettings
) -> None:
    creation.seconds = 10_000
    organizations.create_account(AccountName="dev", Email="dev@example.com")
    assert refused(organizations.delete_organization)[0] == "OrganizationNotEmptyException"
