"""What somebody gains who may post `Account Requested` and nothing else: an account, and nothing else."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.identity.credentials import Credentials
from tests.workflow.conftest import Cloud, Execution
from tests.workflow.looking import portrait
from tests.workflow.people import DENIED, enter, join, machine, may, stranger
from tests.workflow.statements import role_of

_numbers: Iterator[int] = itertools.count()


@pytest.fixture(scope="module")
def security(cloud: Cloud) -> str:
    return cloud.declared("security")


@pytest.fixture(scope="module")
def requester(cloud: Cloud) -> Credentials:
    name = f"requester-{next(_numbers)}"
    key = join(cloud, cloud.aws.management_account, name)
    cloud.aws.client("iam").attach_user_policy(UserName=name, PolicyArn=cloud.outputs["RequesterPolicyArn"])
    return key


def put(cloud: Cloud, who: Credentials, *entries: dict[str, Any]) -> list[str]:
    """Post events; their ids, empty when AWS refuses them."""
    given = [entry | {"Detail": json.dumps(entry["Detail"])} for entry in entries]
    try:
        answer = cloud.aws.client("events", credentials=who).put_events(Entries=given)
    except ClientError as error:
        if error.response["Error"]["Code"] not in DENIED:
            raise
        return []
    return [entry["EventId"] for entry in answer["Entries"] if "EventId" in entry]


def entry(detail: dict[str, Any], **changed: str) -> dict[str, Any]:
    return {"Source": "groundwork", "DetailType": "Account Requested", "Detail": detail} | changed


def asked(cloud: Cloud, who: Credentials, **detail: Any) -> Execution:
    (event_id,) = put(cloud, who, entry(detail))
    return cloud.ended(cloud.execution_of(event_id))


def standing(cloud: Cloud, email: str) -> Any:
    """All there is to an account: where and what it is, and what it holds."""
    account = cloud.accounts()[email]
    return account["Name"], cloud.unit_of(email), cloud.tags_of(account["Id"]), portrait(cloud, account["Id"])


def test_a_requester_gets_a_workload(cloud: Cloud, security: str, requester: Credentials) -> None:
    name, email = cloud.fresh()
    ended = asked(cloud, requester, accountName=name, email=email, organizationalUnit="Workloads/Development")
    assert ended.status == "SUCCEEDED", str(ended)
    assert cloud.tags_of(ended.output["accountId"])["groundwork:kind"] == "workload"


@pytest.mark.parametrize("kind", ["tooling", "security", "management"])
def test_a_kind_with_power_is_refused(cloud: Cloud, security: str, requester: Credentials, kind: str) -> None:
    name, email = cloud.fresh()
    ended = asked(cloud, requester, accountName=name, email=email, kind=kind)
    assert (ended.status, ended.error) == ("FAILED", "InvalidRequest")
    assert email not in cloud.accounts()


def test_the_name_of_the_tooling_account_is_no_door_into_production(
    cloud: Cloud, security: str, requester: Credentials
) -> None:
    """A workload called mgmt, with a ci-cd role, deploys nowhere."""
    _, email = cloud.fresh()
    impostor = asked(
        cloud, requester, accountName="mgmt", email=email, organizationalUnit="Infrastructure", sameName=True
    ).output
    assert impostor["kind"] == "workload"
    cloud.invoke("DiscoverAccountsFunction")  # which notes who has the name
    cloud.declared("mgmt")
    cloud.all_ended()
    name, email = cloud.fresh()
    prod = asked(cloud, requester, accountName=name, email=email, organizationalUnit="Workloads/Production")
    pipeline = machine(cloud, impostor["accountId"], "/ci-cd/", "pipeline")
    assert not enter(cloud, pipeline, prod.output["accountId"], "allow-deploy-from-mgmt-account")


def test_the_email_of_an_existing_account_gains_nothing(
    cloud: Cloud, security: str, requester: Credentials
) -> None:
    name, email = cloud.fresh()
    cloud.ask(accountName=name, email=email, organizationalUnit="Workloads/Production")
    before, accounts = standing(cloud, email), set(cloud.accounts())
    theirs = {"email": email, "organizationalUnit": "Workloads/Development", "tags": {"owner": "me"}}
    ended = asked(cloud, requester, accountName="mine", **theirs)
    assert (ended.status, ended.error) == ("FAILED", "EmailBelongsToAnotherAccount")
    assert (standing(cloud, email), set(cloud.accounts())) == (before, accounts)


def test_another_unit_for_somebody_elses_account_gains_nothing(
    cloud: Cloud, security: str, requester: Credentials
) -> None:
    """Name and e-mail are right, so that it is a repeat: the account stays where and what it is."""
    name, email = cloud.fresh()
    cloud.ask(accountName=name, email=email, organizationalUnit="Workloads/Production", tags={"owner": "ada"})
    before = standing(cloud, email)
    theirs = {"organizationalUnit": "Workloads/Development", "tags": {"owner": "me"}}
    ended = asked(cloud, requester, accountName=name, email=email, **theirs)
    assert (ended.status, ended.output["outcome"]) == ("SUCCEEDED", "unchanged")
    assert standing(cloud, email) == before


def test_another_unit_for_an_account_made_behind_our_back_gains_nothing(
    cloud: Cloud, security: str, requester: Credentials
) -> None:
    name, email = cloud.fresh()
    made = cloud.aws.client("organizations").create_account(AccountName=name, Email=email)
    first = cloud.ended(cloud.execution_of(made["CreateAccountStatus"]["Id"]))
    assert first.status == "SUCCEEDED", str(first)
    before = standing(cloud, email)
    theirs = {"organizationalUnit": "Workloads/Development", "tags": {"owner": "me"}}
    ended = asked(cloud, requester, accountName=name, email=email, **theirs)
    assert (ended.status, ended.output["outcome"]) == ("SUCCEEDED", "unchanged")
    assert standing(cloud, email) == before


def test_the_unit_of_the_security_account_gives_no_power(
    cloud: Cloud, security: str, requester: Credentials
) -> None:
    before = portrait(cloud, security)
    name, email = cloud.fresh()
    ended = asked(cloud, requester, accountName=name, email=email, organizationalUnit="Security")
    assert (ended.status, ended.output["kind"]) == ("SUCCEEDED", "workload"), ended
    assert portrait(cloud, security) == before
    administrator = machine(cloud, ended.output["accountId"], "/ci-cd/", "pipeline")
    other, other_email = cloud.fresh()
    target = asked(cloud, requester, accountName=other, email=other_email).output["accountId"]
    found = portrait(cloud, target)
    roles = [name.removeprefix("role ") for name in found if name.startswith("role ")]
    assert [role for role in roles if enter(cloud, administrator, target, role)] == []


@pytest.mark.parametrize(
    "tag", ["groundwork:kind", "groundwork:state", "groundwork:request", "Groundwork:Kind"]
)
def test_tags_of_ours_are_refused(cloud: Cloud, security: str, requester: Credentials, tag: str) -> None:
    name, email = cloud.fresh()
    ended = asked(cloud, requester, accountName=name, email=email, tags={tag: "tooling"})
    assert (ended.status, ended.error) == ("FAILED", "InvalidRequest")
    assert tag in ended.cause
    assert email not in cloud.accounts()


FORGED = {
    "an answer": {"DetailType": "Account Ready"},
    "a failure": {"DetailType": "Account Failed"},
    "another source": {"Source": "their.own"},
    "a source of AWS": {"Source": "aws.organizations", "DetailType": "AWS Service Event via CloudTrail"},
    "another case": {"Source": "Groundwork"},
}


@pytest.mark.parametrize("case", FORGED)
def test_nothing_else_can_be_posted(cloud: Cloud, requester: Credentials, case: str) -> None:
    number = f"forged-{next(_numbers)}"
    forged = entry({"accountName": number, "accountId": number}, **FORGED[case])
    assert put(cloud, requester, forged) == []
    honest = entry({"accountName": number, "email": "refused"})  # one that is allowed does not carry it along
    put(cloud, requester, honest, forged)
    own = cloud.post(accountName=number, email="refused")
    cloud.answer("Account Failed", requestId=own)
    heard = cloud.answers(accountName=number)
    assert [event for event in heard if event["detail"].get("execution") is None] == []
    assert {event["detail-type"] for event in heard} == {"Account Failed"}


ANSWERS = ("Account Ready", "Account Repaired", "Account Failed", "Account Drifted", "Account Anything")


def owner(cloud: Cloud, _: str) -> Credentials:
    return cloud.aws.administrator


def putter(cloud: Cloud, _: str) -> Credentials:
    """A user of the management account who may post any event."""
    name = f"putter-{next(_numbers)}"
    key = join(cloud, cloud.aws.management_account, name)
    statement = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    cloud.aws.client("iam").put_user_policy(UserName=name, PolicyName="post", PolicyDocument=document)
    return key


def of_another_function(cloud: Cloud, _: str) -> Credentials:
    """Whoever stole the credentials of a function that sends no answers."""
    role = role_of(cloud, "ApplyComponentFunction")
    return cloud.aws.mint(
        f"arn:aws:iam::{cloud.aws.management_account}:role/{role}", "stolen", service="lambda.amazonaws.com"
    )


def of_a_member(cloud: Cloud, member: str) -> Credentials:
    return cloud.entry(member)


def a_stranger(cloud: Cloud, _: str) -> Credentials:
    return stranger(cloud)


@pytest.mark.parametrize("who", [owner, putter, of_another_function, of_a_member, a_stranger])
def test_nobody_else_speaks_as_groundwork(
    cloud: Cloud, security: str, who: Callable[[Cloud, str], Credentials]
) -> None:
    """Not even an administrator of the management account: the bus itself refuses."""
    bus = f"arn:aws:events:us-east-1:{cloud.aws.management_account}:event-bus/default"
    number = f"forged-{next(_numbers)}"
    caller = who(cloud, security)
    for answer in ANSWERS:
        forged = entry({"accountName": number}, DetailType=answer, EventBusName=bus)
        assert put(cloud, caller, forged) == [], answer
    own = cloud.post(accountName=number, email="refused")
    cloud.answer("Account Failed", requestId=own)
    assert {event["detail"]["requestId"] for event in cloud.answers(accountName=number)} == {own}


@pytest.mark.parametrize("who", [of_another_function, of_a_member, a_stranger])
def test_nobody_asks_whom_iam_does_not_let(
    cloud: Cloud, security: str, who: Callable[[Cloud, str], Credentials]
) -> None:
    name, email = cloud.fresh()
    bus = f"arn:aws:events:us-east-1:{cloud.aws.management_account}:event-bus/default"
    asking = entry({"accountName": name, "email": email}, EventBusName=bus)
    assert put(cloud, who(cloud, security), asking) == []
    assert cloud.executions_about(email) == []


def test_an_event_on_the_bus_of_another_account_asks_for_nothing(cloud: Cloud, security: str) -> None:
    """A member account may say what it likes on its own bus."""
    name, email = cloud.fresh()
    assert put(cloud, cloud.entry(security), entry({"accountName": name, "email": email}))
    own, own_email = cloud.fresh()
    assert cloud.ask(accountName=own, email=own_email).status == "SUCCEEDED"
    assert cloud.executions_about(email) == []


def test_a_requester_may_do_nothing_else(cloud: Cloud, requester: Credentials) -> None:
    def client(service: str) -> Any:
        return cloud.aws.client(service, credentials=requester)

    account, machine_arn, table = cloud.aws.management_account, cloud.machine, cloud.outputs["LedgerTable"]
    tries = [
        (client("stepfunctions"), "start_execution", {"stateMachineArn": machine_arn, "input": "{}"}),
        (client("stepfunctions"), "list_executions", {"stateMachineArn": machine_arn}),
        (client("organizations"), "list_accounts", {}),
        (client("organizations"), "create_account", {"AccountName": "x", "Email": "aws+x@example.com"}),
        (client("dynamodb"), "scan", {"TableName": table}),
        (client("events"), "list_rules", {}),
        (
            client("events"),
            "put_rule",
            {"Name": "tap", "EventPattern": json.dumps({"source": ["groundwork"]})},
        ),
        (client("lambda"), "list_functions", {}),
        (client("iam"), "list_users", {}),
        (
            client("sts"),
            "assume_role",
            {"RoleArn": f"arn:aws:iam::{account}:role/any", "RoleSessionName": "requester"},
        ),
    ]
    assert [operation for who, operation, given in tries if may(who, operation, **given)] == []
