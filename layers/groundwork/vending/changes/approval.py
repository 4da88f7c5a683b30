"""Which changes of an account wait for somebody's approval, and what is shown to whoever gives it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from groundwork.contracts import Account, ChangeRequested
from groundwork.errors import InvalidRequest
from groundwork.ledger.records import ApprovalRecord, CodeSent
from groundwork.rendering import on_one_line, sentence
from groundwork.vending.approval import require_known, why_in
from groundwork.vending.changes.difference import ONE, Condition, changed, in_words
from groundwork.vending.work import Wish

if TYPE_CHECKING:
    from groundwork.declaration import Declaration
    from groundwork.declaration.settings import ApprovedChange

UNSEEN = "perhaps another text"
"""Of a contact, which is looked at once the change has been approved, as is whether there is one to take off."""


def approval_of_change(
    trigger: ChangeRequested,
    account: Account,
    now: Condition,
    wish: Wish,
    code: CodeSent | None,
    declaration: Declaration,
) -> ApprovalRecord | None:
    """What is to be approved before anything is changed, or None. `code` has been sent to the address that was approved then.
    Raises `InvalidRequest` where it must be known who asks, and is not."""
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
    return ApprovalRecord(
        request_id=trigger.request_id,
        email=account.email,
        account_name=account.name,
        kind=account.kind,
        organizational_unit=now.organizational_unit,
        requester=require_known(trigger.requester, why),
        why=why,
        same_role=declaration.approvals.same_role,
        account_id=account.id,
        asked=_digest(trigger),
        plan="\n".join(on_one_line(sentence(each)) for each in in_words(account, now, wanted, declaration)),
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


def require_same_plan(known: ApprovalRecord, needed: ApprovalRecord | None) -> None:
    """What was approved is what was shown. Raises `InvalidRequest`."""
    if needed and needed.plan != known.plan:
        raise InvalidRequest(
            f"The change of account {known.account_id} is no longer what was approved: meanwhile the account, or baseline.yaml, has "
            f"become another. It would be: {on_one_line(needed.plan)} Post the event again, and have it approved as it is now."
        )


def _digest(trigger: ChangeRequested) -> str:
    asked = json.dumps(trigger.asked.given, sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()
