"""What lies between what an account is and what it is asked to be, told before anything is done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from groundwork.aws.organizations import Listed
from groundwork.baseline.components.account_contacts import Settings
from groundwork.contacts import Contact, Contacts
from groundwork.contracts import Account, ChangeRequest, ChangeRequested, Changes
from groundwork.declaration.loading import load
from groundwork.declaration.settings import Approvals
from groundwork.declaration.settings import Changes as Changing
from groundwork.errors import InvalidRequest
from groundwork.ledger.memory import Memory
from groundwork.ledger.records import ApprovalRecord, CodeSent, EndingRecord
from groundwork.notifications.approvals import asking
from groundwork.notifications.notices import with_chat
from groundwork.parsing import parsed
from groundwork.vending.account_drift import effects_of
from groundwork.vending.changes.approval import (
    Guarded,
    approval_of_change,
    guarded,
    require_approved,
    require_same_request,
)
from groundwork.vending.changes.contacts import contacts_in, mistakes_of_contacts
from groundwork.vending.changes.difference import Condition, changed, condition_of, contacts_of, in_words
from groundwork.vending.changes.making import Changer
from groundwork.vending.work import Wish

DECLARED = load()
DEVELOPMENT, PRODUCTION = "Workloads/Development", "Workloads/Production"
DEV = Account(id="400000000004", name="dev", email="aws+dev@example.com", kind="workload", unit=DEVELOPMENT)
NOW = Condition(account_name="dev", organizational_unit=DEVELOPMENT, tags={"team": "a", "old": "yes"})


def told(wish: Wish) -> list[str]:
    return [each.reason for each in in_words(DEV, NOW, NOW.after(wish), DECLARED)]


def test_what_is_left_out_stays() -> None:
    assert NOW.after(Wish()) == NOW
    assert NOW.after(Wish(tags={"team": "b"}, untag=["old", "never"])).tags == {"team": "b"}


def test_what_is_so_already_is_no_difference() -> None:
    same = Wish(account_name="dev", organizational_unit=DEVELOPMENT, tags={"team": "a"}, untag=["never"])
    assert (changed(NOW, NOW.after(same)), told(same)) == ([], [])


def test_of_the_tags_those_alone_are_told_that_differ() -> None:
    now = NOW.after(Wish(tags={"team": "a", "late": "1"}, untag=["old"]))
    (tags,) = changed(NOW, now)
    assert (tags.field, tags.was, tags.now) == ("tags", {"old": "yes"}, {"late": "1"})


def test_a_move_tells_both_units_and_the_doors_between() -> None:
    (move,) = told(Wish(organizational_unit=PRODUCTION))
    for words in (
        f"is in the unit {DEVELOPMENT!r}, and the unit {PRODUCTION!r} is asked for",
        "role allow-dev-from-security-account has observe, not PowerUserAccess and workload-roles",
        "group dev-external-accounts enters it by allow-dev-from-security-account no longer",
    ):
        assert words in move


def test_a_name_that_groups_enter_is_a_door() -> None:
    groups = DECLARED.access.groups
    named = (
        groups[0].enter[0].model_copy(update={"names": ["payments"], "organizational_units": [], "kinds": []})
    )
    group = groups[0].model_copy(update={"enter": [named]})
    access = DECLARED.access.model_copy(update={"groups": [group]})
    declaration = DECLARED.model_copy(update={"access": access})
    now = NOW.after(Wish(account_name="payments"))
    (renamed,) = in_words(DEV, NOW, now, declaration)
    assert f"group {group.name} enters it by {named.role}" in renamed.reason
    assert renamed.severity == "medium"


@pytest.mark.parametrize("wish", [Wish(account_name="dev-2"), Wish(tags={"team": "b"}, untag=["old"])])
def test_who_finishes_a_change_tells_what_it_was_when_it_began(wish: Wish) -> None:
    """And no more: what was not asked for others may have changed since."""
    half = NOW.after(wish).model_copy(update={"organizational_unit": PRODUCTION})
    begun = half.as_begun(NOW, wish)
    assert begun.organizational_unit == PRODUCTION
    assert changed(begun, half.after(wish)) == changed(NOW, NOW.after(wish))


def test_another_day_of_expiry_is_told_and_none_is_never() -> None:
    expiring = NOW.after(Wish(expires="2026-12-31"))
    (change,) = in_words(DEV, NOW, expiring, DECLARED)
    assert change.reason == "expires never, and '2026-12-31' is asked for"
    later, never = (expiring.after(Wish(expires=day)) for day in ("2027-03-31", "never"))
    assert changed(expiring, later)[0].to_json() == {
        "field": "expires",
        "was": "2026-12-31",
        "is": "2027-03-31",
    }
    assert changed(expiring, never)[0].now == "never"
    assert NOW.as_begun(expiring, Wish(expires="never")).expires == "2026-12-31"


# -- e-mail addresses ------------------------------------------------------------------------------


HOLDS = NOW.model_copy(update={"email": "aws+dev@example.com"})


def test_an_address_in_another_case_is_the_same() -> None:
    assert changed(HOLDS, HOLDS.after(Wish(new_email="AWS+dev@example.com"))) == []
    (email,) = changed(HOLDS, HOLDS.after(Wish(new_email="new@example.com")))
    assert (email.field, email.was, email.now) == ("email", "aws+dev@example.com", "new@example.com")


def test_a_new_address_tells_what_its_mailbox_is_worth() -> None:
    now = HOLDS.after(Wish(new_email="new@example.com"))
    (told,) = in_words(DEV, HOLDS, now, DECLARED)
    assert "whoever has that mailbox can have the root user's password reset" in told.reason
    assert (told.call and told.call.operation) == "StartPrimaryEmailUpdate"


class Ledger:
    """Of codes."""

    def __init__(self, code: CodeSent | None) -> None:
        self.changes, self.code, self.noted = self, code, list[str]()

    def note_code(self, account_id: str, was: str, new_email: str, begun_by: str) -> CodeSent:
        self.noted.append(new_email)
        return CodeSent(new_email=new_email, was=was, sent_at=0, sent_by=begun_by)


class Mailer:
    def __init__(self) -> None:
        self.sent: list[str] = []

    def send_code(self, account_id: str, email: str) -> None:
        self.sent.append(email)


LISTED = Listed(
    id="400000000004",
    name="dev",
    email="aws+dev@example.com",
    state="ACTIVE",
    joined=datetime.now(UTC),
    unit_ids=(),
    root_id="r-ab12",
    organization_id="o-exampleorg1",
    management_account_id="100000000001",
    partition="aws",
)


def sent_at(
    ago: timedelta, *, by: str = "earlier", email: str = "new@example.com", noted: int | None = None
) -> CodeSent:
    when = int((datetime.now(UTC) - ago).timestamp())
    return CodeSent(new_email=email, was="aws+dev@example.com", sent_at=when, sent_by=by, noted=noted)


def test_the_day_is_the_ledgers_and_no_tag_like_others() -> None:
    tags = {"team": "a", "groundwork:state": "ready", "groundwork:expires": "2026-12-10"}
    known = Memory(endings={LISTED.id: EndingRecord(account_id=LISTED.id, expires_on="2026-12-31")})
    found = condition_of(LISTED, DEVELOPMENT, tags, known)
    assert (found.tags, found.expires) == ({"team": "a"}, "2026-12-31")
    assert condition_of(LISTED, DEVELOPMENT, tags, Memory()).expires == "never"


SOON, LATE = timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("given", "again", "sends"),
    [
        (None, False, True),
        ({"ago": SOON}, False, False),
        ({"ago": SOON}, True, True),
        ({"ago": LATE}, False, True),
        # This event has had its code, however often it is carried out.
        ({"ago": LATE, "by": "this"}, True, False),
        ({"ago": SOON, "email": "other@example.com"}, False, True),
        # It had that address, and has another again.
        ({"ago": SOON, "noted": 1}, False, True),
    ],
)
def test_another_code_is_sent_only_to_whoever_needs_one(
    given: dict[str, Any] | None, again: bool, sends: bool
) -> None:
    code = sent_at(**given) if given else None
    mailer, ledger = Mailer(), Ledger(code)
    changer = Changer(DECLARED, ledger, None, mailer, lambda _: False)  # type: ignore[arg-type]
    wish = Wish(new_email="new@example.com", send_again=again)
    waits = changer._ask_for_code(LISTED, HOLDS.after(wish), wish, code, "this")
    assert waits is not None
    assert (mailer.sent, ledger.noted) == ((["new@example.com"],) * 2 if sends else ([], []))


# -- contacts ----------------------------------------------------------------------------------------


def test_a_primary_contact_has_a_state_where_aws_asks_for_one() -> None:
    primary = {
        "fullName": "Engines Ltd",
        "addressLine1": "12 St James's Square",
        "city": "London",
        "postalCode": "SW1Y 4JH",
        "countryCode": "GB",
        "phoneNumber": "+44 20 123 456",
    }
    with pytest.raises(InvalidRequest, match=r"contacts.primary lacks stateOrRegion, .* GB, .*; add it"):
        parsed(Changes, {"contacts": {"primary": primary}})
    for more in ({"stateOrRegion": "London"}, {"countryCode": "CH"}):
        parsed(Changes, {"contacts": {"primary": primary | more}})


ADA = Contact(name="Ada", title="Security", email="ada@private.example", phone="+41 44 1")


def test_a_contact_is_told_without_what_stands_in_it() -> None:
    wish = Wish(contacts={"security": dict(ADA.as_aws_has_it)})
    there = {"security": {**ADA.as_aws_has_it, "Name": "Eve", "PhoneNumber": "1"}}
    was = NOW.model_copy(update={"contacts": contacts_of(there, wish)})
    (told,) = in_words(DEV, was, was.after(wish), DECLARED)
    assert "has another name, phone number in its security contact than is asked for" in told.reason
    assert not any(word in told.model_dump_json() for word in ("Ada", "Eve", "private"))
    (field,) = changed(was, was.after(wish))
    assert (field.was, field.now) == (
        {"security": "another name, phone number"},
        {"security": "as asked for"},
    )
    assert contacts_of({"security": ADA.as_aws_has_it}, wish) == {}
    assert contacts_of({"security": None}, wish) == {"security": "none"}


def test_a_contact_that_is_null_is_taken_off() -> None:
    asked = Changes.model_validate({"contacts": {"security": None}})
    wish = Wish(contacts={name: dict(each) for name, each in contacts_in(asked).items()})
    assert asked.some
    was = NOW.model_copy(update={"contacts": contacts_of({"security": ADA.as_aws_has_it}, wish)})
    (told,) = in_words(DEV, was, was.after(wish), DECLARED)
    assert told.reason.startswith("is to have no security contact")
    assert told.call
    assert (told.call.operation, told.call.parameters) == (
        "DeleteAlternateContact",
        {"AccountId": DEV.id, "AlternateContactType": "SECURITY"},
    )
    (field,) = changed(was, was.after(wish))
    assert (field.was, field.now) == ({"security": "one"}, {"security": "none"})
    assert contacts_of({"security": None}, wish) == {}


def test_what_the_declaration_says_of_a_contact_no_event_changes() -> None:
    settings = Settings(security=ADA)
    baseline = {**DECLARED.baseline, "workload": [*DECLARED.baseline["workload"], "account-contacts"]}
    declaration: Any = SimpleNamespace(
        changes=Changing(contacts=True), baseline=baseline, settings=lambda _: settings
    )
    other = ADA.model_copy(update={"name": "Eve"})
    same, differs = (Changes(contacts=Contacts(security=each)) for each in (ADA, other))
    free = Changes(contacts=Contacts(billing=other))
    assert [*mistakes_of_contacts(same, "workload", declaration)] == []
    assert [*mistakes_of_contacts(free, "workload", declaration)] == []
    assert [*mistakes_of_contacts(differs, "tooling", declaration)] == []  # where they are not laid down
    (mistake,) = mistakes_of_contacts(differs, "workload", declaration)
    assert mistake.startswith("contacts.security is not what baseline.yaml declares under accountContacts")
    none, nobody = (Changes.model_validate({"contacts": {name: None}}) for name in ("security", "primary"))
    assert [*mistakes_of_contacts(none, "tooling", declaration)] == []
    (mistake,) = mistakes_of_contacts(none, "workload", declaration)
    assert mistake.startswith("contacts.security is null, and baseline.yaml declares one under")
    (mistake,) = mistakes_of_contacts(nobody, "tooling", declaration)
    assert "every account has one" in mistake
    declaration.changes = Changing()
    assert "changes: {contacts: true}" in next(mistakes_of_contacts(same, "workload", declaration))


# -- approvals ---------------------------------------------------------------------------------------


def needed(wish: Wish, fields: list[str], code: CodeSent | None = None) -> Guarded | None:
    changes = Changing.model_validate({"approvals": fields})
    approvals = Approvals(organizational_units=["Workloads/Staging"])
    declaration = DECLARED.model_copy(update={"changes": changes, "approvals": approvals})
    return guarded(DEV, HOLDS, wish, code, declaration)


def waiting(change: Guarded | None, requester: str | None = "AIDAEXAMPLEEXAMPLE") -> ApprovalRecord:
    assert change is not None
    trigger = ChangeRequested(request_id="1", asked=ChangeRequest(account_id=DEV.id), requester=requester)
    return approval_of_change(trigger, DEV, change, DECLARED)


@pytest.mark.parametrize(
    ("wish", "fields", "why"),
    [
        (Wish(new_email="new@example.com"), ["newEmail"], "a change of newEmail needs an approval"),
        (Wish(new_email="AWS+DEV@example.com"), ["newEmail"], None),
        (Wish(new_email="new@example.com"), ["tags"], None),
        (
            Wish(organizational_unit=PRODUCTION),
            ["organizationalUnit"],
            "a change of organizationalUnit needs",
        ),
        (Wish(organizational_unit=DEVELOPMENT), ["organizationalUnit"], None),
        (Wish(organizational_unit="Workloads/Staging/a"), [], "an account in 'Workloads/Staging' needs"),
        (Wish(tags={"team": "b"}), ["tags"], "a change of tags needs an approval"),
        (Wish(tags={"team": "a"}), ["tags"], None),
        (Wish(contacts={"billing": {}}), ["contacts"], "a change of contacts needs an approval"),
        (Wish(expires="2026-12-31"), ["expires"], "a change of expires needs an approval"),
        (Wish(expires="never"), ["expires"], None),
        (Wish(expires="2026-12-31"), ["tags"], None),
        (Wish(account_name="dev-2"), ["accountName"], "a change of accountName needs an approval"),
    ],
)
def test_what_is_declared_to_need_an_approval_waits_for_one(
    wish: Wish, fields: list[str], why: str | None
) -> None:
    found = needed(wish, fields)
    assert (found is not None) == (why is not None)
    if found and why:
        assert found.why.startswith(why)
        assert found.plan


def test_an_address_that_was_approved_and_sent_needs_no_second_approval() -> None:
    wish = Wish(new_email="new@example.com")
    assert needed(wish, ["newEmail"], sent_at(SOON)) is None
    assert needed(wish, ["newEmail"], sent_at(SOON, email="other@example.com")) is not None
    assert needed(wish, ["newEmail"], sent_at(SOON, noted=1)) is not None


def test_what_is_shown_of_a_change_begins_with_what_weighs_most() -> None:
    """A chat shows the first 3,000 characters alone."""
    tags = {f"key-{n}": "v" * 100 for n in range(40)}
    change = needed(Wish(tags=tags, organizational_unit=PRODUCTION), ["organizationalUnit"])
    shown = with_chat(asking(waiting(change), datetime.now(UTC))).chat or ""
    for words in ("Asked by:", "Why:", PRODUCTION, "key-0"):
        assert words in shown, words
    assert "key-9" not in shown
    assert "Asked by:" in shown.partition("Change 1:")[0]


def test_guard_rails_that_bind_an_account_no_longer_are_told_first() -> None:
    guardrails = DECLARED.guardrails.model_copy(update={"where": [PRODUCTION]})
    declaration = DECLARED.model_copy(update={"guardrails": guardrails})
    words, severity = effects_of(DEV.model_copy(update={"unit": PRODUCTION}), DEV, declaration)
    assert (words.startswith("the guard rails bind it no longer; role "), severity) == (True, "high")


def test_who_asks_must_be_known_where_an_approval_is_needed() -> None:
    with pytest.raises(InvalidRequest, match="does not say who asks, and a change of tags needs an approval"):
        waiting(needed(Wish(tags={"team": "b"}), ["tags"]), requester=None)


def test_what_was_approved_is_what_is_done() -> None:
    wish = Wish(organizational_unit=PRODUCTION)
    change = needed(wish, ["organizationalUnit"])
    assert change is not None
    known = waiting(change)
    require_approved(DEV, known.model_copy(update={"decision": "approve"}), change)
    for decision in (None, "deny", "ended"):
        with pytest.raises(InvalidRequest, match="needs an approval by now, since a change of"):
            require_approved(DEV, known.model_copy(update={"decision": decision}), change)
    with pytest.raises(InvalidRequest, match="needs an approval by now"):
        require_approved(DEV, None, change)
    (shown,) = change.sentences
    long = Guarded(change.why, (f"{shown}{'; and more' * 200}",))
    longer = Guarded(change.why, (f"{long.sentences[0]}; and the guard rails",))
    assert long.plan == longer.plan  # as much of it as is shown
    approved = waiting(long).model_copy(update={"decision": "approve"})
    with pytest.raises(InvalidRequest, match="is no longer what was approved"):
        require_approved(DEV, approved, longer)
    trigger = ChangeRequested(request_id="1", asked=ChangeRequest(account_id=DEV.id), requester="AIDA")
    require_same_request(known, trigger, DEV.id)
    other = trigger.model_copy(update={"asked": ChangeRequest(account_id=DEV.id, account_name="x")})
    for mistaken in ((other, DEV.id), (trigger, "400000000005")):
        with pytest.raises(InvalidRequest, match="is that of another request"):
            require_same_request(known, *mistaken)
