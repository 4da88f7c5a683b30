"""No role may more than its work needs: every statement taken out of a deployed role makes real work fail.

Each is taken out alone, and put back: the work is then finished by the next attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from botocore.exceptions import ClientError

from local.credentials import Credentials
from tests.workflow import errands, statements
from tests.workflow.conftest import Cloud, until
from tests.workflow.errands import ERRANDS, Job, Place
from tests.workflow.statements import Statement, taken_out

OF_ROLES = statements.of_roles()
OF_RESOURCES = {str(statement): statement for statement in statements.of_resources()}
BURYING = OF_RESOURCES["UndeliveredEventsPolicy.KeepWhatRulesCannotDeliver"]
ASKING = OF_RESOURCES["RequesterPolicy.AskForAnAccount"]
STARTING = next(each for each in OF_ROLES if each.holder == "RulesRole")
ADMITTING: dict[str, tuple[Callable[[Place], Job], str]] = {
    "ExecutionLostPermission": (errands.lose_execution, "not allowed lambda:InvokeFunction"),
    "FindAccountsPermission": (errands.come_by_schedule, "not allowed lambda:InvokeFunction"),
    "BootstrapTrailKey.CloudTrailEncrypts": (errands.start_bootstrap_trail, "InsufficientEncryptionPolicy"),
    "BootstrapTrailKey.CloudTrailLooksAtIt": (errands.start_bootstrap_trail, "InsufficientEncryptionPolicy"),
    "BootstrapTrailBucketPolicy.CloudTrailLooks": (
        errands.start_bootstrap_trail,
        "InsufficientS3BucketPolicy",
    ),
    "BootstrapTrailBucketPolicy.CloudTrailWrites": (
        errands.start_bootstrap_trail,
        "InsufficientS3BucketPolicy",
    ),
}
"""Statements that let an AWS service in: the work that needs it, and the words of the refusal."""


@pytest.fixture(scope="module")
def place(cloud: Cloud) -> Iterator[Place]:
    """Nothing happens by itself here: no CreateAccountResult comes, and nobody looks for lost accounts."""
    events, creation = cloud.aws.client("events"), cloud.aws.creation
    security = cloud.declared("security")
    copies, creation.event_copies = creation.event_copies, 0
    schedule = statements.physical(cloud, "FindAccountsRule")
    events.disable_rule(Name=schedule)
    name, email = cloud.fresh()
    vended = cloud.ask(accountName=name, email=email, organizationalUnit=errands.UNIT)
    assert vended.status == "SUCCEEDED", vended
    yield Place(cloud, security, vended.output["accountId"], email)
    events.enable_rule(Name=schedule)
    creation.event_copies = copies


def test_every_statement_of_every_role_has_its_errand() -> None:
    assert sorted(map(str, OF_ROLES)) == sorted(ERRANDS)


@pytest.mark.parametrize("statement", OF_ROLES, ids=str)
def test_without_a_statement_work_fails_and_with_it_again_it_is_finished(
    place: Place, statement: Statement
) -> None:
    job = ERRANDS[str(statement)](place)
    with taken_out(place.cloud, statement):
        refused = job()
    assert any(action in refused for action in statement.actions), refused or "nothing failed"
    assert job() == ""


def test_every_statement_of_every_resource_is_tried_here() -> None:
    # Without the key's own administrators nobody could put a statement back: AWS refuses such a policy.
    tried = {*ADMITTING, str(BURYING), str(ASKING), "BootstrapTrailKey.AdministeredByIam"}
    assert tried == set(OF_RESOURCES)


@pytest.mark.parametrize("name", ADMITTING)
def test_without_a_statement_that_lets_a_service_in_it_stays_out(place: Place, name: str) -> None:
    errand, words = ADMITTING[name]
    job = errand(place)
    with taken_out(place.cloud, OF_RESOURCES[name]):
        refused = job()
    assert words in refused, refused or "nothing failed"
    assert job() == ""


def test_without_its_policy_the_dead_letter_queue_takes_nothing(place: Place) -> None:
    def undeliverable() -> str:
        since = len(place.cloud.aws.calls)
        event = place.cloud.post(accountName="account", email=place.email)
        until(lambda: place.denials(STARTING.holder, since), "a rule that cannot start the machine")
        return event

    with taken_out(place.cloud, STARTING):
        with taken_out(place.cloud, BURYING):
            lost = undeliverable()
        kept = undeliverable()
    buried: list[str] = []

    def arrived() -> bool:
        buried.extend(each["event"] for each in place.undelivered())
        return kept in buried

    until(arrived, "the event in the dead-letter queue")
    assert lost not in buried


def test_without_the_requesters_policy_nobody_but_an_administrator_asks(place: Place) -> None:
    cloud, iam = place.cloud, place.cloud.aws.client("iam")
    iam.create_user(UserName="requester")
    key = iam.create_access_key(UserName="requester")["AccessKey"]
    events = cloud.aws.client("events", credentials=Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
    entry = {"Source": "groundwork", "DetailType": "Account Requested", "Detail": "{}"}
    with pytest.raises(ClientError, match=ASKING.actions[0]):
        events.put_events(Entries=[entry])
    iam.attach_user_policy(UserName="requester", PolicyArn=cloud.outputs["RequesterPolicyArn"])
    (answer,) = events.put_events(Entries=[entry])["Entries"]
    refused = cloud.ended(cloud.execution_of(answer["EventId"]))
    assert refused.error == "InvalidRequest"
    with pytest.raises(ClientError, match=ASKING.actions[0]):
        events.put_events(Entries=[{**entry, "DetailType": "Account Ready"}])
