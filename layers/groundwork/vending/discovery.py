"""The scheduled pass over the organization: the ledger follows what AWS says of accounts, and the machine is started for
those that nobody told us of."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import Field

from groundwork.aws.executions import Executions
from groundwork.aws.organizations import Listed, Organizations
from groundwork.contracts import Mode, Model
from groundwork.ledger import Ledger
from groundwork.ledger.directory import PIN_TAGS, Directory
from groundwork.ledger.memory import Memory
from groundwork.tags import INSTALLED_TAG, KIND_TAG, STATE_TAG
from groundwork.vending.work import is_closing


class Found(Model):
    """The accounts for which an execution was started, and those that have left the organization, or are closed for
    good, and that the ledger no longer has."""

    started: list[str]
    forgotten: list[str] = Field(default_factory=list)


def discover_accounts(
    ledger: Ledger,
    organizations: Organizations,
    executions: Executions,
    state_machine_arn: str,
    management: str,
) -> Found:
    """One pass over Organizations, one over the ledger. Accounts that were there before Groundwork are left to a person;
    accounts somebody works on, or has worked on, to whoever started that. The management account goes first, and is only
    planned: it is for a person to say yes. Accounts that were ready when the ledger was lost, or that a person had adopted,
    are left to the daily plan, which makes it know them.

    Of accounts that were there before those alone are asked for their tags with whose e-mail somebody has asked for one: AWS
    takes ten such calls a second for the whole organization."""
    memory = ledger.recall_all()
    if management not in memory.accounts:
        begun = _start(executions, state_machine_arn, management, "plan")
        return Found(started=[management] if begun else [])
    installed = organizations.tags(management).get(INSTALLED_TAG)
    if installed is None:
        return Found(started=[])
    since = datetime.fromisoformat(installed)
    accounts = list(organizations.accounts())
    forgotten = Directory(ledger, organizations).follow(memory, accounts)
    _pin_who_is_known(ledger, memory)
    unknown = [
        listed
        for listed in accounts
        if listed.state == "ACTIVE"
        and listed.id not in memory.accounts
        and (listed.joined >= since or listed.email.lower() in memory.requests)
    ]
    started = []
    for listed in unknown:
        if _is_busy(memory, executions, listed):
            continue
        tags = organizations.tags(listed.id)
        ours = (listed.joined >= since or KIND_TAG in tags) and not is_closing(listed, tags)
        if ours and tags.get(STATE_TAG) != "ready" and _start(executions, state_machine_arn, listed.id):
            started.append(listed.id)
    return Found(started=started, forgotten=forgotten)


def _pin_who_is_known(ledger: Ledger, memory: Memory) -> None:
    """The security and the tooling account of a Groundwork that did not pin them yet."""
    for kind in PIN_TAGS:
        of_kind = [each.account_id for each in memory.accounts.values() if each.kind == kind]
        if len(of_kind) == 1 and kind not in (memory.pinned or {}):
            ledger.pin(kind, of_kind[0])


def _is_busy(memory: Memory, executions: Executions, listed: Listed) -> bool:
    record = memory.requests.get(listed.email.lower())
    return bool(record and executions.is_running(record.owner))


def _start(executions: Executions, state_machine_arn: str, account_id: str, mode: Mode = "apply") -> bool:
    """A name per account and day: two passes that overlap start it once, and a failure is not repeated for ever."""
    name = f"found-{account_id}-{datetime.now(UTC):%Y-%m-%d}"
    return executions.start(state_machine_arn, name, account_id, mode)
