"""What one execution is for: the value that travels from state to state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from groundwork.aws.organizations import Listed
from groundwork.contracts import Change, Kind, Mode, Model, Outcome
from groundwork.errors import AccountClosing, AccountNotActive
from groundwork.fields import AccountId
from groundwork.ledger.memory import Memory
from groundwork.ledger.records import closing_in
from groundwork.tags import STATE_TAG


class Seen(Model):
    """An account as Organizations showed it a moment ago, and what the ledger said about it where it has been asked."""

    listed: Listed
    tags: dict[str, str]
    memory: Memory | None = None


class Asker(Model):
    """Which event asked for the account, with which e-mail, and what it asked for that is otherwise, or will be: by field,
    what was `asked` and what `is`."""

    request_id: str
    email: str | None = None
    """None in an execution that an earlier version of Groundwork began."""
    differs: dict[str, Any] = Field(default_factory=dict)


class Wish(Model):
    """What an account is to be from now on; what is left out stays. `untag` are the keys of tags that are taken off,
    `contacts` are by type, as AWS has them, and empty where one is taken off; `expires` is a day, or `never`. `send_again`: AWS is to send another code to the new
    e-mail address."""

    account_name: str | None = None
    new_email: str | None = None
    send_again: bool = False
    organizational_unit: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    untag: list[str] = Field(default_factory=list)
    expires: str | None = None
    contacts: dict[str, dict[str, str]] = Field(default_factory=dict)


class Changed(Model):
    """A field of a change request, and what the account `was` there and `is` now. Of tags and contacts those alone that
    differ; of a contact in words, without what stands in it."""

    field: Literal["accountName", "email", "organizationalUnit", "tags", "contacts", "expires"]
    was: str | dict[str, str]
    now: str | dict[str, str] = Field(alias="is")


class WaitsForCode(Model):
    """AWS has sent a code to the address that the root user is to have, at `sent_at`; until somebody gives it to AWS, the
    account keeps its own. Another code is sent to whoever asks after `another_at`. Both are ISO 8601, UTC."""

    new_email: str
    sent_at: str
    another_at: str
    remedy: str


class Answer(Model):
    """An event for the bus."""

    detail_type: str
    detail: dict[str, Any]


QUARANTINED: tuple[Kind, ...] = ("tooling", "workload")
"""The kinds of account that may have to wait. Everything else delivers to the security account, which comes first."""
ENTERING, INSIDE = "entering-quarantine", "in-quarantine"
"""How the value of the tag begins; the ids of the two units follow."""


class Waiting(Model):
    """Of a new account in quarantine, a unit that is closed to everybody but Groundwork until its baseline is verified:
    `unit` is the id of the one it waits in, `home` that of its own, or of the root.

    The tag `groundwork:state` says both before the account is moved, so that an execution that dies anywhere, and a ledger
    that is lost, lose neither. That it was moved in the tag says afterwards: who is not there then was let out. See
    docs/decisions/0033."""

    unit: str
    home: str

    @property
    def entering(self) -> str:
        return f"{ENTERING} {self.unit} {self.home}"

    @property
    def inside(self) -> str:
        return f"{INSIDE} {self.unit} {self.home}"


def waits_in(state: str | None, parent: str) -> Waiting | None:
    """What the tag says of an account that is in quarantine; `parent` is where it is."""
    said = (state or "").split()
    if len(said) == 3 and said[0] in (ENTERING, INSIDE) and said[1] == parent:
        return Waiting(unit=said[1], home=said[2])
    return None


def is_entering(state: str | None) -> bool:
    """Whether an execution died before it could write that it had moved the account in."""
    return (state or "").startswith(f"{ENTERING} ")


class Work(Model):
    """What this execution is for.

    `route` is `create` (an account of our own making, to be created or continued), `approval` (the same, once somebody
    has approved it), `baseline` (an account that is there), `change` (the same, once it has been changed as `wish` says) or `done` (nothing is left to do; `note` says why). Only an account that is created is put into a unit and
    given the requester's tags. `components` are those that were asked for; all of them
    where it is empty. `creation_id` is the CreateAccount request that an earlier execution
    made. `seen` spares the next state a second look. `asked_by` is the event that started this execution, if one did:
    `request_id` may be that of an earlier one, whose account this is. `answers` are what there is to say where nothing
    is left to do. `progress` is whether `Account Progressing` is sent. `changed` is what of the account itself was changed,
    or would be, `changes` the same in words, and `waits_for_code` what of it is left to a person.
    """

    route: Literal["create", "approval", "baseline", "change", "done"]
    execution: str
    request_id: str | None = None
    account_name: str
    email: str
    kind: Kind
    account_id: AccountId | None = None
    creation_id: str | None = None
    organizational_unit: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    outcome: Outcome | None = None
    note: str | None = None
    mode: Mode = "apply"
    components: list[str] = Field(default_factory=list)
    seen: Seen | None = None
    asked_by: Asker | None = None
    answers: list[Answer] = Field(default_factory=list)
    progress: bool = False
    wish: Wish | None = None
    changed: list[Changed] | None = None
    waits_for_code: WaitsForCode | None = None
    changes: list[Change] = Field(default_factory=list)


# -- what stands against work in an account ---------------------------------------------------------


def is_ready(tags: Mapping[str, str]) -> bool:
    return tags.get(STATE_TAG) == "ready"


def require_active(listed: Listed) -> None:
    if listed.state != "ACTIVE":
        raise AccountNotActive(
            f"Account {listed.id} ({listed.name!r}) is {listed.state}; only ACTIVE accounts are worked on."
        )


def require_staying(listed: Listed, tags: Mapping[str, str]) -> None:
    """Raises `AccountClosing`."""
    if note := is_closing(listed, tags):
        raise AccountClosing(note)


def is_closing(listed: Listed, tags: Mapping[str, str]) -> str | None:
    """A sentence about an account that is to be closed: nobody works in it until then."""
    closing = closing_in(tags.get(STATE_TAG))
    if closing is None or listed.state != "ACTIVE":
        return None
    return (
        f"Account {listed.id} ({listed.name!r}) is to be closed at {closing.closes_at}, and is left alone; to have it back: "
        f"groundwork reopen {listed.id}."
    )
