"""The scheduled pass over the organization: start the machine for accounts that nobody told us of."""

from __future__ import annotations

from datetime import UTC, datetime

from groundwork.aws.executions import Executions
from groundwork.aws.organizations import Listed, Organizations
from groundwork.contracts import Mode, Model
from groundwork.ledger import Ledger
from groundwork.ledger.records import Memory
from groundwork.vending.enrolment import INSTALLED_TAG
from groundwork.vending.kinds import KIND_TAG


class Found(Model):
    """The accounts for which an execution was started."""

    started: list[str]


def discover_accounts(
    ledger: Ledger,
    organizations: Organizations,
    executions: Executions,
    state_machine_arn: str,
    management: str,
) -> Found:
    """One pass over Organizations, one over the ledger. Accounts that were there before Groundwork are left to a person;
    accounts somebody works on, or has worked on, to whoever started that. The management account goes first, and is only
    planned: it is for a person to say yes."""
    known = {record.account_id for record in ledger.accounts()}
    if management not in known:
        begun = _start(executions, state_machine_arn, management, "plan")
        return Found(started=[management] if begun else [])
    installed = organizations.tags(management).get(INSTALLED_TAG)
    if installed is None:
        return Found(started=[])
    since = datetime.fromisoformat(installed)
    unknown = [
        listed
        for listed in organizations.accounts()
        if listed.state == "ACTIVE" and listed.id not in known and listed.id != management
    ]
    memory = ledger.recall([listed.email for listed in unknown])
    for listed in unknown:
        if memory.ids.get(listed.email.lower()) != listed.id:
            ledger.note_email(listed.email, listed.id)  # it was invited, maybe
    idle = [listed for listed in unknown if not _is_busy(memory, executions, listed)]
    ours = [listed for listed in idle if listed.joined >= since or KIND_TAG in organizations.tags(listed.id)]
    return Found(started=[listed.id for listed in ours if _start(executions, state_machine_arn, listed.id)])


def _is_busy(memory: Memory, executions: Executions, listed: Listed) -> bool:
    record = memory.requests.get(listed.email.lower())
    return bool(record and executions.is_running(record.owner))


def _start(executions: Executions, state_machine_arn: str, account_id: str, mode: Mode = "apply") -> bool:
    """A name per account and day: two passes that overlap start it once, and a failure is not repeated for ever."""
    name = f"found-{account_id}-{datetime.now(UTC):%Y-%m-%d}"
    return executions.start(state_machine_arn, name, account_id, mode)
