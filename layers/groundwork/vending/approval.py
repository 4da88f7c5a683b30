"""Which requests wait for an approval, and who may give it. What was decided stands in the ledger, and nowhere else.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from groundwork.callers import BY, name_of, role_of
from groundwork.contracts import Decision, Requested
from groundwork.errors import InvalidRequest, RequestDenied, RequestNotApproved
from groundwork.fields import is_below
from groundwork.ledger import Ledger
from groundwork.ledger.records import ApprovalRecord, RequestRecord
from groundwork.prices import month_of_an_account
from groundwork.rendering import on_one_line

if TYPE_CHECKING:
    from groundwork.declaration import Declaration
    from groundwork.declaration.settings import Approvals

LONGEST_REASON = 256
"""Characters of what somebody says about a decision."""


def waiting_execution(execution: str, request_id: str) -> str:
    """The execution that waits for the approval of a request, for one of `groundwork-vend-account`."""
    return f"{execution.partition(':groundwork-vend-account:')[0]}:groundwork-request-approval:{request_id}"


# -- whether a request waits --------------------------------------------------------------------------


def approval_needed(
    trigger: Requested, wanted: RequestRecord, declaration: Declaration, ledger: Ledger
) -> ApprovalRecord | None:
    """What is to be approved before an account is made, or None. Raises `InvalidRequest` where it must be known who asks,
    and is not."""
    approvals = declaration.approvals
    if not approvals.declared:
        return None
    why = _why(wanted, approvals)
    if why or approvals.more_per_day:
        require_known(trigger.requester, why or "requests are counted for each requester")
    if trigger.requester is None:
        return None
    if why is None and approvals.more_per_day:
        day, most = datetime.now(UTC).date().isoformat(), approvals.more_per_day
        whose = _counted_as(trigger.requester, approvals)
        if not ledger.approvals.is_within(whose, day, trigger.request_id, most):
            why = f"one requester gets {most} a day, and this is one more"
    if why is None:
        return None
    return ApprovalRecord(
        request_id=trigger.request_id,
        email=wanted.email,
        account_name=wanted.account_name,
        kind=wanted.kind,
        organizational_unit=wanted.organizational_unit or "",
        tags=wanted.tags,
        requester=trigger.requester,
        why=why,
        cost=month_of_an_account(
            recorded="config" in declaration.baseline.get(wanted.kind, []),
            daily=declaration.config.recording == "daily",
            regions=len(declaration.regions.governed),
            components=declaration.components,
        ),
        same_role=approvals.same_role,
    )


def _counted_as(requester: str, approvals: Approvals) -> str:
    """The sessions of a role together, where their names are no persons: whoever takes on the role chooses the name."""
    role = role_of(requester)
    return role if role and approvals.same_role == "refuse" else requester


def _why(wanted: RequestRecord, approvals: Approvals) -> str | None:
    """A clause that says why a request needs an approval whoever asks."""
    if approvals.all_requests:
        return "every new account needs an approval"
    if wanted.kind in approvals.kinds:
        return f"an account of kind {wanted.kind} needs an approval"
    return why_in(wanted.organizational_unit or "", approvals)


def why_in(unit: str, approvals: Approvals) -> str | None:
    """Because of the unit in which the account is to be."""
    folded = unit.casefold()
    above = next((each for each in approvals.organizational_units if is_below(folded, each.casefold())), None)
    return f"an account in {above!r} needs an approval" if above else None


def require_known(requester: str | None, why: str) -> str:
    """Raises `InvalidRequest` where it must be known who asks, and is not."""
    if requester is None:
        raise InvalidRequest(
            f"source 'groundwork' does not say who asks, and {why}; post the event with the source '{BY}<UserId>', your own as "
            "`aws sts get-caller-identity` shows it."
        )
    return requester


def check_approved(approval: ApprovalRecord) -> None:
    """Raises `RequestDenied` or `RequestNotApproved` where that is what became of it."""
    what = f"to change account {approval.account_id}," if approval.account_id else "for"
    about = f"The request {approval.request_id} {what} {approval.account_name!r} with {approval.email!r}"
    if approval.decision == "deny":
        reason = f": {approval.decided_reason}" if approval.decided_reason else ""
        raise RequestDenied(f"{about} was denied by {approval.decided_by}{reason}.")
    if approval.decision == "ended":
        raise RequestNotApproved(f"{about} was approved by nobody in time.")


# -- deciding ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Decided:
    """The token wakes whoever waits; it is empty where nobody waits yet. `first` is false when the event came again."""

    token: str
    first: bool


def decide(decision: Decision, by: str, event_id: str, ledger: Ledger) -> Decided | str:
    """Or, in a sentence, why `by` decides nothing. The same event decides as often as it comes."""
    known = ledger.approvals.of(decision.request_id)
    if known is None:
        return f"No request {decision.request_id} waits for an approval, nor has within three months."
    if refused := _may_not(by, known):
        return refused
    reason = on_one_line(decision.reason.strip(), LONGEST_REASON)
    token = ledger.approvals.decide(decision.request_id, decision.decision, by, reason, event_id)
    if token is None:
        return _decided_before(ledger.approvals.of(decision.request_id) or known)
    return Decided(token, first=known.decision is None)


def _may_not(by: str, approval: ApprovalRecord) -> str | None:
    if by == approval.requester:
        return f"{by} has asked for it, and whoever asks does not decide; somebody else has to."
    if approval.same_role == "refuse" and role_of(by) and role_of(by) == role_of(approval.requester):
        return (
            f"{by} is a session of the role that has asked for it, and may be the same person; somebody with another role has "
            "to decide. (approvals.sameRole: allow in baseline.yaml takes each session name for a person.)"
        )
    return None


def _decided_before(approval: ApprovalRecord) -> str:
    if approval.decision == "ended":
        return "Its time was over before; a new event is a new request."
    verb = {"approve": "approved", "deny": "denied"}[approval.decision or "deny"]
    return f"It was {verb} by {approval.decided_by} before, and that stands."


def approver_in_words(approval: ApprovalRecord) -> str:
    """As it may stand in a tag: letters, digits, spaces and _.:/=+-@."""
    name = name_of(approval.decided_by)
    return "".join(each if each.isalnum() or each in " _.:/=+-@" else "_" for each in name)[:256]
