"""What an account is, what it is asked to be, and the calls that lie between: pure, and told before anything is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from groundwork.aws.organizations import Listed
from groundwork.contacts import FIELDS, PRIMARY, PRIMARY_FIELDS, AsAwsHasIt, differing
from groundwork.contracts import NOT_TOLD, Account, Change, Model, PlannedCall, Severity
from groundwork.fields import NEVER
from groundwork.ledger.memory import Memory
from groundwork.tags import EXPIRES_TAG, OWN_TAGS
from groundwork.vending.account_drift import COMPONENT, effects_of, place
from groundwork.vending.work import Changed, WaitsForCode, Wish

if TYPE_CHECKING:
    from groundwork.declaration import Declaration


NONE, ONE, AS_ASKED = "none", "one", "as asked for"
"""Of a contact, in an answer. Where there is one, none is asked for."""


class Condition(Model):
    """What of an account can be changed: its name, its root user's e-mail address, the path of its unit, its tags but
    Groundwork's own, and the day on which it expires, or `never`. `contacts` says in words of each contact that is asked for in
    what it differs, and nothing where it does not: data of people are written down nowhere."""

    account_name: str
    organizational_unit: str
    tags: dict[str, str]
    expires: str = NEVER
    email: str = ""
    contacts: dict[str, str] = Field(default_factory=dict)

    def after(self, wish: Wish) -> Condition:
        kept = {key: value for key, value in self.tags.items() if key not in wish.untag}
        return Condition(
            account_name=wish.account_name or self.account_name,
            organizational_unit=wish.organizational_unit or self.organizational_unit,
            tags=kept | wish.tags,
            expires=wish.expires or self.expires,
            email=self.email if self.has_email(wish.new_email) else str(wish.new_email),
        )

    def has_email(self, asked: str | None) -> bool:
        """Whether nothing else is asked for. AWS takes an address in any case for the same."""
        return asked is None or asked.lower() == self.email.lower()

    def as_begun(self, begun: Condition, wish: Wish) -> Condition:
        """What it was when the change began, in all that is asked for; others may have changed the rest since."""
        asked = wish.tags.keys() | set(wish.untag)
        kept = {key: value for key, value in self.tags.items() if key not in asked}
        return Condition(
            account_name=begun.account_name if wish.account_name else self.account_name,
            organizational_unit=begun.organizational_unit
            if wish.organizational_unit
            else self.organizational_unit,
            tags=kept | {key: value for key, value in begun.tags.items() if key in asked},
            expires=begun.expires if wish.expires else self.expires,
            email=(wish.new_email and begun.email) or self.email,
            contacts=begun.contacts,
        )


def condition_of(listed: Listed, unit: str, tags: Mapping[str, str], memory: Memory) -> Condition:
    """As Organizations and the ledger show it; of contacts they know nothing."""
    ending = memory.endings.get(listed.id)
    return Condition(
        account_name=listed.name,
        organizational_unit=unit,
        tags={key: value for key, value in tags.items() if key not in (*OWN_TAGS, EXPIRES_TAG)},
        expires=(ending and ending.expires_on) or NEVER,
        email=listed.email,
    )


def changed(was: Condition, now: Condition) -> list[Changed]:
    """By field, in the order in which they are changed. Of the tags those alone that differ."""
    one, two = was.to_json(), now.to_json()
    keys = {key for key in was.tags.keys() | now.tags.keys() if was.tags.get(key) != now.tags.get(key)}
    one["tags"], two["tags"] = _some(was.tags, keys), _some(now.tags, keys)
    mended = was.contacts.keys() - now.contacts.keys()
    one["contacts"], two["contacts"] = _some(was.contacts, mended), _mended(was, mended)
    return [
        Changed.model_validate({"field": name, "was": one[name], "is": two[name]})
        for name in ("email", "accountName", "contacts", "expires", "tags", "organizationalUnit")
        if one[name] != two[name]
    ]


def _mended(was: Condition, contacts: set[str]) -> dict[str, str]:
    return {name: NONE if was.contacts[name] == ONE else AS_ASKED for name in sorted(contacts)}


def _some(tags: Mapping[str, str], keys: set[str]) -> dict[str, str]:
    return {key: tags[key] for key in sorted(keys) if key in tags}


def in_words(account: Account, was: Condition, now: Condition, declaration: Declaration) -> Iterator[Change]:
    """Each difference with what it does to doors and guard rails, and the call that closes it. `account` gives the kind."""
    called = {"AccountId": account.id}
    if was.email != now.email:
        reason = (
            f"has the root e-mail address {was.email!r}, and {now.email!r} is asked for: AWS sends a code there, which a person gives "
            "back; whoever has that mailbox can have the root user's password reset"
        )
        sent = called | {"PrimaryEmail": now.email}
        call = PlannedCall(service="account", operation="StartPrimaryEmailUpdate", parameters=sent)
        yield _update(account, reason, "medium", call)
    before = account.model_copy(update={"name": was.account_name, "unit": was.organizational_unit})
    if was.account_name != now.account_name:
        renamed = before.model_copy(update={"name": now.account_name})
        words, severity = effects_of(before, renamed, declaration)
        reason = f"is called {was.account_name!r}, and {now.account_name!r} is asked for; by that {words}"
        call = PlannedCall(
            service="account",
            operation="PutAccountName",
            parameters=called | {"AccountName": now.account_name},
        )
        yield _update(account, reason, severity, call)
    if was.expires != now.expires:
        tags = [{"Key": EXPIRES_TAG, "Value": now.expires}]
        call = PlannedCall(
            service="organizations",
            operation="TagResource",
            parameters={"ResourceId": account.id, "Tags": tags},
        )
        reason = f"{_end(was.expires)}, and {now.expires!r} is asked for"
        yield _update(account, reason, "medium", call)
    for name in sorted(was.contacts.keys() - now.contacts.keys()):
        yield _contact(account, name, was.contacts[name])
    yield from _tags(account, was.tags, now.tags)
    if was.organizational_unit != now.organizational_unit:
        before = before.model_copy(update={"name": now.account_name})
        moved = before.model_copy(update={"unit": now.organizational_unit})
        words, severity = effects_of(before, moved, declaration)
        where = f"is in {place(was.organizational_unit)}, and {place(now.organizational_unit)} is asked for"
        parameters = called | {"DestinationParentId": f"<{now.organizational_unit}>"}
        call = PlannedCall(service="organizations", operation="MoveAccount", parameters=parameters)
        yield _update(account, f"{where}; by that {words}", severity, call)


def _end(day: str) -> str:
    return "expires never" if day == NEVER else f"expires on {day}"


def code_was_sent(account: Account, waits: WaitsForCode) -> Change:
    return Change(
        component=COMPONENT,
        resource=f"account {account.name}",
        action="report",
        reason=f"keeps the root e-mail address {account.email!r} until somebody has given AWS the code that it sent to "
        f"{waits.new_email!r} at {waits.sent_at}. {waits.remedy}",
        severity="low",
    )


def _contact(account: Account, name: str, found: str) -> Change:
    given: dict[str, Any]
    if found == ONE:
        operation, given = "DeleteAlternateContact", {"AlternateContactType": name.upper()}
        reason = f"is to have no {name} contact: AWS then writes to the root user's e-mail address alone"
    else:
        if name == PRIMARY:
            operation, given = "PutContactInformation", {"ContactInformation": NOT_TOLD}
        else:
            operation = "PutAlternateContact"
            given = {"AlternateContactType": name.upper(), **dict.fromkeys(FIELDS, NOT_TOLD)}
        has = f"no {name} contact, and one" if found == NONE else f"{found} in its {name} contact than"
        reason = f"has {has} is asked for"
    call = PlannedCall(service="account", operation=operation, parameters={"AccountId": account.id, **given})
    return _update(account, reason, "low", call)


def contacts_of(there: Mapping[str, AsAwsHasIt | None], wish: Wish) -> dict[str, str]:
    """In what each contact that is asked for differs."""
    told = {name: contact_in_words(name, there[name], wanted) for name, wanted in wish.contacts.items()}
    return {name: words for name, words in told.items() if words}


def contact_in_words(name: str, there: AsAwsHasIt | None, wanted: AsAwsHasIt) -> str | None:
    """In what a contact differs, without what stands in it; None where it does not."""
    if not wanted:
        return ONE if there else None
    if there is None:
        return NONE
    words = PRIMARY_FIELDS if name == PRIMARY else FIELDS
    wrong = [words[field] for field in differing(there, wanted)]
    return f"another {', '.join(wrong)}" if wrong else None


def _tags(account: Account, was: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Change]:
    for key in sorted(was.keys() | now.keys()):
        before, after = was.get(key), now.get(key)
        if before == after:
            continue
        of: dict[str, Any] = {"ResourceId": account.id}
        if after is None:
            call = PlannedCall(
                service="organizations", operation="UntagResource", parameters=of | {"TagKeys": [key]}
            )
            yield _update(account, f"has the tag {key!r}, which is to be taken off", "low", call)
            continue
        tags = [{"Key": key, "Value": after}]
        call = PlannedCall(service="organizations", operation="TagResource", parameters=of | {"Tags": tags})
        has = "has no tag" if before is None else f"has {before!r} in the tag"
        yield _update(account, f"{has} {key!r}, and {after!r} is asked for", "low", call)


def _update(account: Account, reason: str, severity: Severity, call: PlannedCall) -> Change:
    return Change(
        component=COMPONENT,
        resource=f"account {account.name}",
        action="update",
        reason=reason,
        severity=severity,
        call=call,
    )
