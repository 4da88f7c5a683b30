"""account-contacts: to whom AWS writes about an account; nobody but AWS is told who that is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from hypothesis import given
from hypothesis import strategies as st

from groundwork.aws import sessions
from groundwork.baseline import loop
from groundwork.baseline.components.account_contacts import AccountContacts
from groundwork.contacts import ALTERNATE, FIELDS, AsAwsHasIt
from groundwork.contracts import NOT_TOLD, Account
from groundwork.declaration import Declaration
from groundwork.declaration.loading import check, load
from groundwork.errors import InvalidDeclaration, RefusedByAws, RefusedUnexpectedly
from tests.component.conftest import World
from tests.component.sabotage import Sabotage, prove, prove_complete, some_of, used_and_declared
from tests.component.without_aws import ON_ENGINE, PURE, target_without_aws

CONTACTS = AccountContacts()
DECLARED: Mapping[str, Mapping[str, str]] = {
    "security": {
        "name": "Ada Lovelace",
        "title": "Chief of security",
        "email": "ada@private.example",
        "phone": "+41 44 123 45 67",
    },
    "operations": {
        "name": "Charles Babbage",
        "title": "Operations",
        "email": "charles@private.example",
        "phone": "+44 20 1234",
    },
    "billing": {
        "name": "Mary Somerville",
        "title": "Billing",
        "email": "mary@private.example",
        "phone": "044",
    },
}
PERSONAL = {value for contact in DECLARED.values() for value in contact.values()}
STRANGER = {
    "Name": "Eve",
    "Title": "Eavesdropper",
    "EmailAddress": "eve@elsewhere.example",
    "PhoneNumber": "1",
}


def declaring(contacts: Mapping[str, Any]) -> Declaration:
    """Every kind of account has the component."""
    declared = load()
    told = declared.model_copy(
        update={"baseline": {kind: [*names, CONTACTS.name] for kind, names in declared.baseline.items()}}
    )
    told._given = {CONTACTS.name: contacts}
    told._settings = {}
    return check(told, {CONTACTS.name: CONTACTS})


TOLD, REPLACING = declaring(DECLARED), declaring({**DECLARED, "replace": True})


@pytest.fixture(scope="module")
def member(world: World) -> Account:
    """A member account with its contacts, which every test leaves as declared."""
    account = world.account(name="dev")
    world.apply(CONTACTS, account, declaration=TOLD)
    return account


def portrait(world: World, account: Account) -> dict[str, Any]:
    client, found = world.client("account", account), {}
    for name in ALTERNATE:
        with suppress(client.exceptions.ResourceNotFoundException):
            contact = client.get_alternate_contact(AlternateContactType=name.upper())["AlternateContact"]
            found[name] = {field: contact[field] for field in FIELDS}
    return found


WANTED = {name: dict(zip(FIELDS, contact.values(), strict=True)) for name, contact in DECLARED.items()}


@pytest.mark.parametrize("which", ["a member", "management"])
def test_from_nothing_every_declared_contact_is_made(world: World, which: str) -> None:
    account = world.account() if which == "a member" else world.management
    target, mark = world.target(CONTACTS, account, TOLD), len(world.aws.calls)
    loop.apply(CONTACTS, target)
    assert len(world.calls_since(mark)) == 3 + 3
    loop.verify(CONTACTS, target)
    assert portrait(world, account) == WANTED


def test_a_second_run_reads_each_declared_contact_once(world: World, member: Account) -> None:
    mark = len(world.aws.calls)
    assert world.apply(CONTACTS, member, declaration=TOLD) == []
    assert [call.operation for call in world.calls_since(mark)] == ["GetAlternateContact"] * 3
    mark, one = len(world.aws.calls), declaring({"security": DECLARED["security"]})
    assert world.apply(CONTACTS, member, declaration=one) == []
    assert [call.operation for call in world.calls_since(mark)] == ["GetAlternateContact"]


def test_no_trusted_access_is_needed(world: World) -> None:
    """It may be on for other reasons; a member sets its own contacts from inside."""
    organizations = world.aws.client("organizations")
    organizations.disable_aws_service_access(ServicePrincipal="account.amazonaws.com")
    account = world.account()
    world.apply(CONTACTS, account, declaration=TOLD)
    assert portrait(world, account) == WANTED


# -- drift ---------------------------------------------------------------------------------------------


def put(name: str, **changes: str) -> Callable[[World, Account], Any]:
    given = {"AlternateContactType": name.upper(), **(WANTED[name] | changes)}
    return lambda world, account: world.client("account", account).put_alternate_contact(**given)


def delete(name: str) -> Callable[[World, Account], Any]:
    return lambda world, account: world.client("account", account).delete_alternate_contact(
        AlternateContactType=name.upper()
    )


SABOTAGES = tuple(
    Sabotage(f"{name}, {words}", do, f"{name} contact", said)
    for name in ALTERNATE
    for words, do, said in (
        ("gone", delete(name), "does not exist: AWS writes to the root user's e-mail address alone"),
        ("name", put(name, Name="Eve"), "differs from what is declared: name"),
        ("title", put(name, Title="Eavesdropper"), "differs from what is declared: title"),
        ("phone", put(name, PhoneNumber="1"), "differs from what is declared: phone number"),
        (
            "all",
            put(name, **STRANGER),
            "differs from what is declared: name, title, e-mail address, phone number",
        ),
    )
)


@pytest.mark.parametrize("sabotage", SABOTAGES[:5], ids=lambda sabotage: sabotage.name)
def test_what_drifted_is_named_and_mended_and_nothing_else(
    world: World, member: Account, sabotage: Sabotage
) -> None:
    prove(world, CONTACTS, member, sabotage, lambda: portrait(world, member), declaration=REPLACING)


@ON_ENGINE
@given(sabotages=some_of(SABOTAGES))
def test_the_plan_is_what_apply_does_from_any_state(
    world: World, member: Account, sabotages: list[Sabotage]
) -> None:
    for each in sabotages:
        each.do(world, member)
    done = prove_complete(world, CONTACTS, member, declaration=REPLACING)
    assert {change.resource for change in done} <= {each.resource for each in sabotages}
    assert portrait(world, member) == WANTED


def test_a_contact_that_somebody_else_gave_stays_and_is_told(world: World) -> None:
    account = world.account()
    put("billing", **STRANGER)(world, account)
    put("operations", Title="Operations of this account")(world, account)
    (report,) = [each for each in world.apply(CONTACTS, account, declaration=TOLD) if each.action == "report"]
    assert report.resource == "billing contact"
    assert report.reason.endswith(
        "it may be somebody else's, and stays: set accountContacts.replace to have the declared one"
    )
    assert portrait(world, account) == {**WANTED, "billing": STRANGER}


contacts = st.none() | st.fixed_dictionaries(dict.fromkeys(FIELDS, st.sampled_from(["a", "b@c.de", "1"])))


@PURE
@given(st.fixed_dictionaries({name: contacts | st.just(WANTED[name]) for name in ALTERNATE}), st.booleans())
def test_its_calls_leave_nothing_to_do(found: dict[str, AsAwsHasIt | None], replace: bool) -> None:
    target = target_without_aws(declaration=REPLACING if replace else TOLD)
    calls = list(CONTACTS.diff(found, target))
    done: dict[str, AsAwsHasIt | None] = dict(found)
    for call in calls:
        if call.action != "report":
            name = call.parameters["AlternateContactType"].lower()
            done[name] = {field: call.parameters[field] for field in FIELDS}
    left = list(CONTACTS.diff(done, target))
    assert left == [call for call in calls if call.action == "report"]
    assert not (left and replace)


# -- personal data -------------------------------------------------------------------------------------


def quoted(text: str) -> set[str]:
    return {value for value in (*PERSONAL, *STRANGER.values()) if len(value) > 3 and value in text}


def test_neither_a_plan_nor_an_answer_tells_who_it_is(world: World) -> None:
    account = world.account()
    put("billing", **STRANGER)(world, account)
    planned = world.planned(CONTACTS, account, declaration=REPLACING)
    done = world.apply(CONTACTS, account, declaration=REPLACING)
    assert len(planned) == len(done) == 3
    for change in (*planned, *done):
        assert quoted(change.model_dump_json()) == set(), change
    call = planned[0].call
    assert call is not None
    assert call.parameters == {"AlternateContactType": "SECURITY", **dict.fromkeys(FIELDS, NOT_TOLD)}


def test_neither_does_a_refusal_of_aws(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS's message quotes what it was sent."""
    account = world.account()
    target = world.target(CONTACTS, account, TOLD)
    client = target.client("account")

    def refuse(**given: str) -> None:
        message = f"Value {given['EmailAddress']} failed to satisfy constraint"
        raise ClientError(
            {"Error": {"Code": "ValidationException", "Message": message}}, "PutAlternateContact"
        )

    monkeypatch.setattr(client, "put_alternate_contact", refuse)
    with pytest.raises(RefusedByAws, match="correct it under accountContacts") as refused:
        loop.apply(CONTACTS, target)
    assert quoted(str(refused.value)) == set()
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("refuses", ["AWS, in a way that nobody knows", "botocore"])
def test_neither_does_what_nobody_has_thought_about(
    world: World, monkeypatch: pytest.MonkeyPatch, refuses: str
) -> None:
    target = world.target(CONTACTS, world.account(), TOLD)

    def refuse(**given: str) -> None:
        message = f"Invalid value {given['EmailAddress']} of {given['Name']}"
        if refuses == "botocore":
            raise ParamValidationError(report=message)
        raise ClientError({"Error": {"Code": "NewException", "Message": message}}, "PutAlternateContact")

    monkeypatch.setattr(target.client("account"), "put_alternate_contact", refuse)
    with pytest.raises(RefusedUnexpectedly) as refused:
        loop.apply(CONTACTS, target)
    assert quoted(str(refused.value)) == set()
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"phone": "by mail"},
            "accountContacts.security.phone: what is given may hold digits, spaces and ()+- only",
        ),
        ({"phone": "0" * 26}, "what is given has 26 characters; AWS takes 25: shorten it"),
        ({"phone": 441234567}, "accountContacts.security.phone: what is given is no text; put it in quotes"),
        (
            {"email": "ada at private.example"},
            "accountContacts.security.email: what is given is no e-mail address",
        ),
        ({"name": " "}, "accountContacts.security.name: what is given is empty; give one"),
        ({"name": "x" * 65}, "has 65 characters; AWS takes 64"),
        ({"title": "x" * 51}, "has 51 characters; AWS takes 50"),
    ],
)
def test_neither_does_a_mistake_in_the_declaration(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidDeclaration) as refused:
        declaring({"security": {**DECLARED["security"], **changes}})
    assert words in str(refused.value)
    assert not any(str(value) in str(refused.value) for value in changes.values() if str(value).strip())


def test_a_component_without_a_contact_is_a_mistake() -> None:
    with pytest.raises(InvalidDeclaration, match="accountContacts: declares no contact; declare security, "):
        declaring({})


# -- permissions ---------------------------------------------------------------------------------------


def test_its_permissions_fit_a_session() -> None:
    assert len(sessions.session_policy([*CONTACTS.reads, *CONTACTS.writes], "012345678901", "aws")) <= 2048


def test_it_may_do_what_it_does_and_nothing_else(world: World) -> None:
    prove_complete(world, CONTACTS, world.account(), declaration=TOLD)
    used, declared = used_and_declared(world, CONTACTS)
    assert used == declared
