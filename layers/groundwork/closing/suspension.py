"""Into the unit where an account waits to be closed, and back.

The tag `groundwork:state` says first what is about to be done, so that whatever dies on the way is finished by whoever
comes next. Whoever does it holds the account, also where the lease that it began with has run out, and lets it go at the
end: no run and no change of it comes between.
"""

from __future__ import annotations

import hashlib

from botocore.exceptions import ClientError

from groundwork.aws.executions import Executions
from groundwork.aws.organizations import Organizations, unit_gone
from groundwork.closing.telling import Ending, ending, reopened
from groundwork.closing.work import Closure
from groundwork.errors import AccountBusy
from groundwork.ledger import Ledger
from groundwork.ledger.records import ClosingRecord
from groundwork.tags import STATE_TAG

REOPENED = "reopened"
"""The state of an account that had none: nobody has adopted it."""


def suspend(work: Closure, ledger: Ledger, organizations: Organizations, executions: Executions) -> Closure:
    """Nobody but Groundwork does anything in the account from now on. What was written first about it stands. The account is
    held until the inventory is taken: a repeat of this undoes nothing that was asked for since. Raises `AccountBusy` while
    another execution holds it."""
    ledger.leases.take(work.listed.id, work.execution, executions.is_running)
    record = ledger.closings.open(_of(work))
    organizations.tag(record.account_id, {STATE_TAG: record.tag})
    there = organizations.account(record.account_id)  # an attempt before this one may have moved it
    organizations.move(record.account_id, there.parent_id, record.unit)
    return work.model_copy(update={"record": record})


def reopen(
    work: Closure,
    ledger: Ledger,
    organizations: Organizations,
    executions: Executions,
    state_machine_arn: str,
) -> Ending:
    """Back to where it was, unless a person has moved it since. Groundwork's own account is brought to its baseline, which
    the declaration may have changed since; one that had expired does so no more. Raises `AccountBusy` while another execution
    holds the account, or CloseAccount may be called at this moment, and `RefusedByAws` where its unit is gone."""
    ledger.leases.take(work.listed.id, work.execution, executions.is_running)
    record = _of(work)
    if ledger.answered_by(work.asker) == work.execution:  # by an attempt before this one
        ledger.leases.release(record.account_id, work.execution)
        return ending(work, "reopened", reopened(work))
    if not ledger.closings.begin_reopening(record.account_id):
        raise AccountBusy(f"Account {record.account_id} is due, and CloseAccount is being called for it.")
    if organizations.account(record.account_id).parent_id == record.unit:
        _move_home(record, organizations)
    organizations.tag(record.account_id, {STATE_TAG: record.former or REOPENED})
    ledger.endings.begin_anew(record.account_id, record.expired_on)
    ledger.closings.forget(record.account_id)
    if record.former:
        name = f"reopened-{record.account_id}-{hashlib.sha256(work.execution.encode()).hexdigest()[:16]}"
        executions.start(state_machine_arn, name, record.account_id, "apply")
    first = ledger.answer_once(work.asker, work.execution)
    ledger.leases.release(record.account_id, work.execution)
    return ending(work, "reopened", reopened(work) if first else None)


def _of(work: Closure) -> ClosingRecord:
    if work.record is None:
        raise ValueError("the account is not to be closed")
    return work.record


def _move_home(record: ClosingRecord, organizations: Organizations) -> None:
    try:
        organizations.move(record.account_id, record.unit, record.home)
    except ClientError as error:
        if error.response["Error"]["Code"] != "DestinationParentNotFoundException":
            raise
        raise unit_gone(record.home) from error
