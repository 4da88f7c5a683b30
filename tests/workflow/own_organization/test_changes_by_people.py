"""Changes of accounts in which people have a part: contacts, root e-mail addresses with their codes, approvals; and that the
security and the tooling account stay what they are."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from groundwork.callers import source_of
from local.identity.credentials import Credentials
from local.organizations import organization_of
from prove.moments import ahead_of
from prove.world import World
from tests.workflow.command_line import shell_of
from tests.workflow.conftest import Cloud, Slot
from tests.workflow.listening import listening
from tests.workflow.own_organization.changing import (
    DEVELOPMENT,
    PRODUCTION,
    allowing_changes,
    change,
    made,
    refused,
    writes,
)
from tests.workflow.own_organization.test_identity import move
from tests.workflow.test_operators import carrying
from tests.workflow.test_requesters import entry, put


@pytest.fixture(scope="module")
def world(slot: Slot) -> Iterator[World]:
    yield from allowing_changes(slot)


@pytest.fixture
def cloud(world: World) -> Cloud:
    return world.cloud


ADA = {
    "name": "Ada Lovelace",
    "title": "Security",
    "email": "ada@private.example",
    "phone": "+41 44 123 45 67",
}
HOME = {
    "fullName": "Engines Ltd",
    "addressLine1": "12 St James's Square",
    "city": "London",
    "stateOrRegion": "London",
    "postalCode": "SW1Y 4JH",
    "countryCode": "GB",
    "phoneNumber": "+44 20 123 456",
}


def test_contacts_are_put_where_they_differ_and_no_answer_quotes_them(cloud: Cloud) -> None:
    _, _, account = made(cloud)
    theirs = cloud.aws.client("account")
    wish = {"contacts": {"security": ADA, "primary": HOME}}
    since = len(cloud.aws.calls)
    planned = cloud.start(accountId=account, mode="plan", **wish)
    assert writes(cloud, since) == []
    plan = {each["call"]["operation"]: each for each in planned.output["changes"]}
    assert plan.keys() == {"PutAlternateContact", "PutContactInformation"}
    assert "has no security contact, and one is asked for" in plan["PutAlternateContact"]["reason"]
    event, ended = change(cloud, accountId=account, **wish)
    assert ended.output["outcome"] == "repaired", ended
    none = {"primary": "none", "security": "none"}
    asked = dict.fromkeys(none, "as asked for")
    detail = cloud.answer("Account Ready", requestId=event)["detail"]
    assert detail["changed"] == [{"field": "contacts", "was": none, "is": asked}]
    held = theirs.get_alternate_contact(AccountId=account, AlternateContactType="SECURITY")[
        "AlternateContact"
    ]
    assert [held[key] for key in ("Name", "Title", "EmailAddress", "PhoneNumber")] == list(ADA.values())
    of_account = theirs.get_contact_information(AccountId=account)["ContactInformation"]
    assert (of_account["FullName"], of_account["CountryCode"]) == ("Engines Ltd", "GB")

    theirs.put_contact_information(
        AccountId=account, ContactInformation=of_account | {"City": "Paris", "CompanyName": "Engines"}
    )
    theirs.put_alternate_contact(
        AccountId=account, **{key: value for key, value in held.items() if key != "Name"}, Name="Eve"
    )
    event, ended = change(cloud, accountId=account, **wish)
    (other,) = ended.output["changed"]
    assert other["was"] == {"primary": "another city", "security": "another name"}
    held = theirs.get_alternate_contact(AccountId=account, AlternateContactType="SECURITY")[
        "AlternateContact"
    ]
    assert held["Name"] == ADA["name"]
    of_account = theirs.get_contact_information(AccountId=account)["ContactInformation"]
    assert (of_account["City"], of_account["CompanyName"]) == ("London", "Engines")  # what is left out stays
    since = len(cloud.aws.calls)
    assert change(cloud, accountId=account, **wish)[1].output["outcome"] == "unchanged"
    assert [each for each in writes(cloud, since) if "account " in each] == []
    asking = "Account Change Requested"
    told = [each for each in cloud.answers(accountId=account) if each["detail-type"] != asking]
    answers = json.dumps([each["detail"] for each in told])
    kept = json.dumps([cloud.ledger_item(key) for key in (f"change#{event}", f"account#{account}")])
    for value in (*ADA.values(), *HOME.values()):
        assert value not in answers
        assert value not in kept or value == "Security"
    mistaken = refused(cloud, accountId=account, contacts={"billing": ADA | {"phone": "by pigeon"}})
    assert "contacts.billing.phone may hold digits" in mistaken
    assert "pigeon" not in mistaken


def test_a_contact_is_taken_off_once_by_event_and_by_command(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, account = made(cloud)
    theirs = cloud.aws.client("account")
    change(cloud, accountId=account, contacts={"security": ADA, "billing": ADA})
    off = {"contacts": {"security": None}}
    (planned,) = cloud.start(accountId=account, mode="plan", **off).output["changes"]
    assert planned["call"]["operation"] == "DeleteAlternateContact"
    _, ended = change(cloud, accountId=account, **off)
    assert ended.output["changed"] == [
        {"field": "contacts", "was": {"security": "one"}, "is": {"security": "none"}}
    ]
    groundwork = shell_of(cloud, cloud.aws.administrator, monkeypatch)
    shown = groundwork("change", account, "--no-contact", "billing", "--wait", "--output", "json")
    assert (shown.code, shown.data["outcome"]) == (0, "repaired"), shown
    for kind in ("SECURITY", "BILLING"):
        with pytest.raises(theirs.exceptions.ResourceNotFoundException):
            theirs.get_alternate_contact(AccountId=account, AlternateContactType=kind)
    since = len(cloud.aws.calls)
    assert change(cloud, accountId=account, **off)[1].output["changed"] == []
    assert [each for each in writes(cloud, since) if "account " in each] == []
    assert "contacts.primary is null" in refused(cloud, accountId=account, contacts={"primary": None})


def code_for(account: str) -> tuple[str, str]:
    organization = organization_of(account)
    assert organization is not None
    return organization.email_updates[account]


def test_a_root_email_changes_once_a_person_has_given_aws_its_code(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, email, account = made(cloud)
    new = f"new-{email}"
    event, ended = change(cloud, accountId=account, newEmail=new)
    detail = cloud.answer("Account Ready", requestId=event)["detail"]
    assert (detail["changed"], detail["email"], ended.output["outcome"]) == ([], email, "unchanged")
    assert detail["waitsForCode"]["newEmail"] == new
    assert "accept-primary-email-update" in detail["waitsForCode"]["remedy"]
    assert any(new in each["reason"] for each in detail["reports"])
    to, code = code_for(account)
    assert to == new
    again, _ = change(cloud, accountId=account, newEmail=new.upper())
    assert code_for(account) == (new, code)  # the one that was sent is good still
    waits = cloud.answer("Account Ready", requestId=again)["detail"]["waitsForCode"]
    assert waits == detail["waitsForCode"]
    change(cloud, accountId=account, newEmail=new, sendAgain=True)
    (to, newest) = code_for(account)
    groundwork = shell_of(cloud, cloud.aws.administrator, monkeypatch)
    wish = ("change", account, "--email", new, "--accept-email", "--wait", "--output", "json")
    monkeypatch.setattr("sys.stdin", io.StringIO("wrong1\n"))
    wrong = groundwork(*wish)
    assert (wrong.code, "AWS does not take the code" in wrong.err) == (1, True), wrong
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{newest}\n"))
    accepted = groundwork(*wish)
    assert (accepted.code, accepted.data["outcome"]) == (0, "repaired"), accepted
    assert accepted.data["changed"] == [{"field": "email", "was": email, "is": new}]
    assert cloud.accounts()[new]["Id"] == account
    known = cloud.ledger_item(f"account#{account}")
    assert (known["email"]["S"], cloud.ledger_item(f"email#{new}")["accountId"]["S"]) == (new, account)
    for key in (f"email#{email}", f"request#{email}"):
        assert not cloud.ledger_item(key), key
    for named in (new, email):  # an event that names it by its former address, posted anew, is about it still
        assert change(cloud, email=named, newEmail=new)[1].output["changed"] == []
    assert "is that of no account" in refused(cloud, email=email, tags={"a": "b"})
    everything = json.dumps(
        [cloud.input_of(each["executionArn"]) for each in executions(cloud)]
        + [each["detail"] for each in cloud.answers(accountId=account)]
    )
    assert (code in everything, newest in everything) == (False, False)


def executions(cloud: Cloud) -> list[dict[str, Any]]:
    client = cloud.aws.client("stepfunctions")
    return list(client.list_executions(stateMachineArn=cloud.machine)["executions"])


STAGING = "Workloads/Staging"


def test_a_change_waits_until_somebody_else_has_approved_what_it_does(cloud: Cloud) -> None:
    name, email, account = made(cloud)
    office = Office(cloud, "cora", "ann")
    since = len(cloud.aws.calls)
    event = office.ask(accountId=account, organizationalUnit=STAGING)
    notice = office.people.notice(f"groundwork approve {event}")["Message"]
    for words in (
        f"a change of {name}",
        f"is in the unit {DEVELOPMENT!r}, and the unit {STAGING!r} is asked for; by that",
        "an account in 'Workloads/Staging' needs an approval",
        "nothing is changed",
    ):
        assert words in notice or words in office.people.notice(f"groundwork approve {event}")["Subject"], (
            notice
        )
    first = cloud.ended(cloud.execution_of(event)).output
    assert (first["outcome"], "It waits for an approval" in first["note"]) == ("in-progress", True)
    assert (
        [each for each in writes(cloud, since) if "organizations" in each],
        cloud.unit_of(email),
    ) == ([], DEVELOPMENT)
    office.decide(event, "approve", office.asker)  # whoever asks does not decide
    office.people.notice("whoever asks does not decide")
    office.decide(event, "approve", office.approver)
    detail = cloud.answer("Account Ready", requestId=event)["detail"]
    assert [each["field"] for each in detail["changed"]] == ["organizationalUnit"]
    cloud.all_ended()
    assert (cloud.unit_of(email), len(cloud.answers(requestId=event))) == (STAGING, 1)

    move(cloud, account, DEVELOPMENT)
    denied = office.ask(accountId=account, organizationalUnit=STAGING)
    office.people.notice(f"groundwork approve {denied}")
    office.decide(denied, "deny", office.approver, "not before May")
    failed = cloud.answer("Account Failed", requestId=denied)["detail"]
    assert (failed["error"], "not before May" in failed["cause"], failed["accountId"]) == (
        "RequestDenied",
        True,
        account,
    )
    assert cloud.unit_of(email) == DEVELOPMENT

    stale = office.ask(accountId=account, organizationalUnit=STAGING)
    office.people.notice(f"groundwork approve {stale}")
    move(cloud, account, PRODUCTION)
    office.decide(stale, "approve", office.approver)
    failed = cloud.answer("Account Failed", requestId=stale)["detail"]
    assert "is no longer what was approved" in failed["cause"]
    assert cloud.unit_of(email) == PRODUCTION


def test_what_needs_an_approval_by_the_time_it_would_be_done_is_not_done(cloud: Cloud) -> None:
    """It needed none when it was asked for: the account was in that unit, and somebody moves it out while this waits."""
    _, email, account = made(cloud)
    move(cloud, account, STAGING)
    moved = list[str]()

    def meanwhile(function: str) -> None:
        if function == "ChangeAccountFunction" and not moved:
            moved.append(function)
            move(cloud, account, DEVELOPMENT)

    with ahead_of(cloud.aws, meanwhile):
        told = refused(cloud, accountId=account, organizationalUnit=STAGING, tags={"team": "a"})
    assert f"needs an approval by now, since an account in {STAGING!r} needs an approval" in told
    assert (cloud.unit_of(email), "team" in cloud.tags_of(account)) == (DEVELOPMENT, False)
    known = cloud.ledger_item(f"account#{account}")
    assert (known["state"]["S"], "leaseOwner" in known) == ("ready", False)


def test_another_change_than_was_approved_is_not_made_however_late_it_becomes_another(cloud: Cloud) -> None:
    _, email, account = made(cloud)
    office = Office(cloud, "eva", "finn")
    event = office.ask(accountId=account, organizationalUnit=STAGING)
    office.people.notice(f"groundwork approve {event}")
    moved = list[str]()

    def meanwhile(function: str) -> None:
        if function == "ChangeAccountFunction" and not moved:
            moved.append(function)
            move(cloud, account, PRODUCTION)

    with ahead_of(cloud.aws, meanwhile):
        office.decide(event, "approve", office.approver)
        failed = cloud.answer("Account Failed", requestId=event)["detail"]
    assert "is no longer what was approved" in failed["cause"]
    assert cloud.unit_of(email) == PRODUCTION


@pytest.fixture
def shown_late(cloud: Cloud) -> Iterator[None]:
    """Organizations shows another name, or root e-mail address, in four hours."""
    creation = cloud.aws.creation
    creation.labels_delay = 4 * 3600 * 1000
    yield
    creation.labels_delay = 0


def test_a_name_is_given_back_while_organizations_shows_it_still(cloud: Cloud, shown_late: None) -> None:
    name, email, account = made(cloud)
    theirs = cloud.aws.client("account")
    for wanted, was in ((f"{name}-x", name), (name, f"{name}-x")):
        _, ended = change(cloud, accountId=account, accountName=wanted)
        assert ended.output["changed"] == [{"field": "accountName", "was": was, "is": wanted}], ended
        assert theirs.get_account_information(AccountId=account)["AccountName"] == wanted
        assert change(cloud, accountId=account, accountName=wanted)[1].output["changed"] == []
    assert cloud.accounts()[email]["Name"] == name


def test_a_former_root_address_is_another_one_while_organizations_shows_it_still(
    cloud: Cloud, shown_late: None
) -> None:
    _, email, account = made(cloud)
    new = f"new-{email}"
    change(cloud, accountId=account, newEmail=new)
    to, code = code_for(account)
    client = cloud.aws.client("account")
    client.accept_primary_email_update(AccountId=account, PrimaryEmail=to, Otp=code)
    assert cloud.accounts()[email]["Id"] == account
    _, noted = change(cloud, accountId=account, newEmail=new)
    assert [(each["was"], each["is"]) for each in noted.output["changed"]] == [(email, new)]
    (planned,) = (
        each
        for each in cloud.start(accountId=account, mode="plan", newEmail=email).output["changes"]
        if each["component"] == "account"
    )
    assert f"has the root e-mail address {new!r}, and {email!r} is asked for" in planned["reason"]


def test_an_event_that_was_carried_out_is_not_judged_once_more(cloud: Cloud) -> None:
    _, _, account = made(cloud)
    event, ended = change(cloud, accountId=account, expires="2099-12-31")
    protected = [{"Key": "groundwork:protected", "Value": "yes"}]
    cloud.aws.client("organizations").tag_resource(ResourceId=account, Tags=protected)
    assert "and is never closed" in refused(cloud, accountId=account, expires="2099-12-31")
    again = cloud.start(**cloud.input_of(ended.arn))
    assert (again.status, again.output["outcome"]) == ("SUCCEEDED", "in-progress"), again
    cloud.all_ended()
    assert len(cloud.answers(requestId=event)) == 1
    assert "expires" not in cloud.ledger_item(f"change#{event}")  # however late it comes


def test_what_was_changed_and_put_back_stays_so_when_the_rest_of_it_is_finished(cloud: Cloud) -> None:
    """The account was tagged, its baseline failed, and a person has tagged it otherwise: the same event brings it to its
    baseline, and leaves that."""
    _, _, account = made(cloud)
    denied = {"service": "iam", "function": "ApplyComponentFunction", "effect": "access-denied"}
    cloud.aws.faults.plan([denied | {"account": account, "times": 1000, "nth": 1}])
    event, failed = change(cloud, accountId=account, tags={"team": "a"}, expires="2099-12-31")
    cloud.aws.faults.clear()
    assert (failed.status, cloud.tags_of(account)["team"]) == ("FAILED", "a"), failed
    other = [{"Key": "team", "Value": "b"}]
    cloud.aws.client("organizations").tag_resource(ResourceId=account, Tags=other)
    change(cloud, accountId=account, expires="never")
    again = cloud.start(**cloud.input_of(failed.arn))
    assert again.status == "SUCCEEDED", again
    detail = cloud.answer("Account Ready", requestId=event)["detail"]
    assert [each["field"] for each in detail["changed"]] == ["expires", "tags"]
    assert cloud.tags_of(account)["team"] == "b"
    assert "expiresOn" not in cloud.ledger_item(f"ending#{account}")


class Office:
    """Two people who say who they are: one asks for changes, one approves them."""

    def __init__(self, cloud: Cloud, asker: str, approver: str) -> None:
        self.cloud, self.people = cloud, listening(cloud)
        self.asker = carrying(cloud, asker, "ChangerPolicyArn")
        both = cloud.outputs["ApproverPolicyArn"]
        cloud.aws.client("iam").attach_user_policy(UserName=asker, PolicyArn=both)
        self.approver = carrying(cloud, approver, "ApproverPolicyArn")

    def ask(self, **detail: Any) -> str:
        return self._put(self.asker, "Account Change Requested", detail)

    def decide(self, request: str, decision: str, who: Credentials, reason: str = "") -> None:
        self._put(
            who, "Account Request Decided", {"requestId": request, "decision": decision, "reason": reason}
        )

    def _put(self, who: Credentials, detail_type: str, detail: dict[str, Any]) -> str:
        caller = self.cloud.aws.client("sts", credentials=who).get_caller_identity()["UserId"]
        (event,) = put(self.cloud, who, entry(detail, Source=source_of(caller), DetailType=detail_type))
        return event


@pytest.mark.parametrize("kind", ["security", "tooling"])
def test_security_and_tooling_stay_it_under_changes(world: World, kind: str) -> None:
    cloud = world.cloud
    account = world.security if kind == "security" else cloud.declared("mgmt")
    former = next(each for each in cloud.accounts().values() if each["Id"] == account)["Email"]
    client = cloud.aws.client("account")
    for email in (f"other-{former}", former):  # somebody gives it another address, and the former one again
        client.start_primary_email_update(AccountId=account, PrimaryEmail=email)
        client.accept_primary_email_update(AccountId=account, PrimaryEmail=email, Otp=code_for(account)[1])
        client.put_account_name(AccountId=account, AccountName="workload-7" if email != former else kind)
        tagged = change(cloud, accountId=account, tags={"cost-center": email})[1]
        assert (tagged.status, tagged.output["kind"]) == ("SUCCEEDED", kind), tagged
        assert cloud.tags_of(account)["groundwork:kind"] == kind
        pins = cloud.tags_of(cloud.aws.management_account)
        assert pins[f"groundwork:{kind}"] == account
        assert cloud.ledger_item("pinned")[kind]["S"] == account
    wish = refused(cloud, accountId=made(cloud)[2], kind=kind, tags={"a": "b"})
    assert f"kind {kind!r} is not that of" in wish
    named = "mgmt" if kind == "tooling" else kind
    client.put_account_name(AccountId=account, AccountName=named)
    change(cloud, accountId=account, tags={"cost-center": None})
