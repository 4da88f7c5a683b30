"""Which changes of an account wait for somebody's approval, and what is shown to whoever gives it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundwork.aws.organizations import Listed
from groundwork.contracts import Account, ChangeRequested, Kind
from groundwork.errors import InvalidRequest
from groundwork.ledger.records import ApprovalRecord, CodeSent
from groundwork.rendering import on_one_line, sentence, worst_first
from groundwork.vending.approval import require_known, why_in
from groundwork.vending.changes.difference import ONE, Condition, changed, in_words
from groundwork.vending.work import Wish

if TYPE_CHECKING:
    from groundwork.declaration import Declaration
    from groundwork.declaration.settings import ApprovedChange

UNSEEN = "perhaps another text"
"""Of a contact, which is looked at once the change has been approved, as is whether there is one to take off."""


@dataclass(frozen=True)
class Guarded:
    """A change that somebody is to approve: `why`, a clause, and what it does, a sentence for each difference, the worst
    first."""

    why: str
    sentences: tuple[str, ...]

    @property
    def plan(self) -> str:
        """As it is shown. A sentence may be too long for that."""
        return "\n".join(map(on_one_line, self.sentences))

    @property
    def digest(self) -> str:
        """Of all of it."""
        return _sha256("\n".join(self.sentences))


def as_it_is(listed: Listed, kind: Kind, unit: str) -> Account:
    """The account that is to be changed, as AWS shows it: whatever the declaration calls it."""
    return Account(id=listed.id, name=listed.name, email=listed.email, kind=kind, unit=unit)


def guarded(
    account: Account, now: Condition, wish: Wish, code: CodeSent | None, declaration: Declaration
) -> Guarded | None:
    """What is to be approved before anything is changed, or None. `code` has been sent to the address that was approved
    then."""
    now = now.model_copy(
        update={"contacts": {name: UNSEEN if wanted else ONE for name, wanted in wish.contacts.items()}}
    )
    wanted = now.after(wish)
    fields: set[ApprovedChange] = {
        "newEmail" if each.field == "email" else each.field for each in changed(now, wanted)
    }
    if code and code.is_for(wish.new_email):
        fields -= {"newEmail"}
    why = next(_reasons(fields, wanted.organizational_unit, declaration), None)
    if why is None:
        return None
    changes = worst_first(in_words(account, now, wanted, declaration))
    return Guarded(why, tuple(map(sentence, changes)))


def approval_of_change(
    trigger: ChangeRequested, account: Account, change: Guarded, declaration: Declaration
) -> ApprovalRecord:
    """What waits until it is approved. Raises `InvalidRequest` where it is not known who asks."""
    return ApprovalRecord(
        request_id=trigger.request_id,
        email=account.email,
        account_name=account.name,
        kind=account.kind,
        organizational_unit=account.unit,
        requester=require_known(trigger.requester, change.why),
        why=change.why,
        same_role=declaration.approvals.same_role,
        account_id=account.id,
        asked=_digest(trigger),
        plan=change.plan,
        planned=change.digest,
    )


def _reasons(fields: set[ApprovedChange], unit: str, declaration: Declaration) -> Iterator[str]:
    """A clause that says why such a change needs an approval."""
    if "organizationalUnit" in fields and (why := why_in(unit, declaration.approvals)):
        yield why
    yield from (
        f"a change of {name} needs an approval" for name in declaration.changes.approvals if name in fields
    )


def require_same_request(known: ApprovalRecord, trigger: ChangeRequested, account_id: str) -> None:
    """Whoever starts the machine by hand may give an event any id. Raises `InvalidRequest`."""
    if (known.account_id, known.asked) != (account_id, _digest(trigger)):
        raise InvalidRequest(
            f"id {trigger.request_id!r} is that of another request, for {known.account_name!r} with {known.email!r}, which was to be "
            "approved as it was; post an event, which gets an id of its own."
        )


def require_approved(account: Account, known: ApprovalRecord | None, change: Guarded) -> None:
    """What is done is what was approved, and what was approved is what was shown. Raises `InvalidRequest`."""
    if known is None or known.decision != "approve":
        raise InvalidRequest(
            f"The change of account {account.id} needs an approval by now, since {change.why}: when it was asked for the account, or "
            f"baseline.yaml, was another. It would be: {on_one_line(change.plan)} Post the event again, and have it approved."
        )
    if known.planned != change.digest:
        raise InvalidRequest(
            f"The change of account {account.id} is no longer what was approved: meanwhile the account, or baseline.yaml, has "
            f"become another. It would be: {on_one_line(change.plan)} Post the event again, and have it approved as it is now."
        )


def _digest(trigger: ChangeRequested) -> str:
    return _sha256(json.dumps(trigger.asked.given, sort_keys=True))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
