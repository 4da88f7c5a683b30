"""How the work on an account begins, whatever asked for it: on what is there, or by claiming a request; and how one execution holds
the account, so that two never work in it at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from groundwork.aws.account_management import AccountManagement
from groundwork.aws.executions import Executions
from groundwork.aws.organizations import Listed, Organizations
from groundwork.contracts import Account, Kind, Model, Organization, Outcome
from groundwork.declaration import Declaration
from groundwork.errors import RequestInProgress, RequestNotApproved
from groundwork.fields import ancestors
from groundwork.ledger import Ledger
from groundwork.ledger.directory import Directory
from groundwork.ledger.memory import Memory
from groundwork.ledger.records import RequestRecord
from groundwork.tags import INSTALLED_TAG
from groundwork.vending.approval import waiting_execution
from groundwork.vending.enrolment import Enroller, asked_of_ledger
from groundwork.vending.kinds import kind_of
from groundwork.vending.work import Seen, Work, require_active

READY_ALREADY = "It is ready already."


class Beginning:
    def __init__(
        self,
        declaration: Declaration,
        ledger: Ledger,
        organizations: Organizations,
        executions: Executions,
        account_management: AccountManagement,
        management: str,
    ) -> None:
        self._account_management = account_management
        self._declaration = declaration
        self._ledger = ledger
        self._organizations = organizations
        self._directory = Directory(ledger, organizations)
        self._executions = executions
        self._management = management

    def _is_busy(self, record: RequestRecord, execution: str) -> bool:
        """Whether another execution is on this request."""
        return record.owner != execution and self._executions.is_running(record.owner)

    def _waits(self, execution: str, request_id: str) -> str:
        """The execution that waits for the approval of a request, or is to. Raises `RequestNotApproved` where it did and has
        failed: its name is used up, and nobody would wait."""
        waits = waiting_execution(execution, request_id)
        if self._executions.has_failed(waits):
            raise RequestNotApproved(f"{waits}, which waited for an approval of {request_id}, has failed.")
        return waits

    def _installed(self) -> str | None:
        return self._organizations.tags(self._management).get(INSTALLED_TAG)

    def _bearer(self, name: str, email: str, memory: Memory) -> str | None:
        """Who but the account with this e-mail has a name, in words. What the ledger has noted AWS confirms; an account that is closed
        does not count."""
        noted = memory.names.get(name.casefold())
        if noted is None or noted.email == email.lower():
            return None
        account_id = noted.account_id
        if noted.email and noted.held:
            return f"the account with {noted.email!r}, which has just been given it"
        if noted.email:
            its = self._ledger.recall([noted.email])
            record = its.requests.get(noted.email)
            if (
                record
                and not record.account_id
                and (record.begun or self._executions.is_running(record.owner))
            ):
                return f"an account that is being made with {noted.email!r}"
            account_id = its.ids.get(noted.email)
        bearer = self._directory.account(account_id) if account_id else None
        if bearer is None or bearer.email.lower() == email.lower():
            return None
        if bearer.state == "ACTIVE" and bearer.name.casefold() == name.casefold():
            return f"the account {bearer.id} ({bearer.email})"
        return None

    def _memory_of(self, listed: Listed, names: Sequence[str] = (), requests: Sequence[str] = ()) -> Memory:
        """What the ledger knows of the account; from here on it knows whose the e-mail is."""
        of_account = asked_of_ledger(listed, self._declaration)
        memory = self._directory.recall(self._management, *of_account, names, requests)
        if memory.ids.get(listed.email.lower()) != listed.id:
            self._ledger.note_email(listed.email, listed.id)
        return memory

    def _continue(
        self, record: RequestRecord, previous: RequestRecord | None, existing: Listed | None, execution: str
    ) -> Work:
        if existing:
            require_active(existing)
            record = record.model_copy(update={"account_id": existing.id})
        if not self._ledger.claim(record, previous):
            raise RequestInProgress(f"Another execution has just claimed the request for {record.email}.")
        return Work(
            route="create",
            execution=execution,
            request_id=record.request_id,
            account_name=existing.name if existing else record.account_name,
            email=record.email,
            kind=record.kind,
            account_id=record.account_id,
            creation_id=record.creation_id,
            organizational_unit=record.organizational_unit,
            tags=record.tags,
        )

    def _baseline(
        self,
        listed: Listed,
        tags: Mapping[str, str],
        execution: str,
        request_id: str | None,
        memory: Memory,
        *,
        whatever_state: bool = False,
    ) -> Work:
        """Raises `AccountNotActive`, unless its state makes no difference, as where nothing is left to do."""
        if not whatever_state:
            require_active(listed)
        return Work(
            route="baseline",
            execution=execution,
            request_id=request_id,
            account_name=listed.name,
            email=listed.email,
            kind=self._kind(listed, memory),
            account_id=listed.id,
            seen=Seen(listed=listed, tags=dict(tags), memory=self._near(listed, memory)),
        )

    def _kind(self, listed: Listed, memory: Memory) -> Kind:
        return kind_of(listed, self._declaration, memory.pinned or {})

    def _near(self, listed: Listed, memory: Memory) -> Memory:
        """Without the units of other accounts: it travels through the state machine."""
        declared = {unit for path in self._declaration.organizational_units for unit in ancestors(path)}
        units = {
            path: unit for path, unit in memory.units.items() if path in declared or unit in listed.unit_ids
        }
        return memory.model_copy(update={"units": units})


def done(work: Work, outcome: Outcome, note: str) -> Work:
    """Nothing is left to do for what was asked; `note` says why."""
    return work.model_copy(update={"route": "done", "outcome": outcome, "note": note, "seen": None})


# -- holding an account ----------------------------------------------------------------------------


class Leased(Model):
    """Until when it is held, in seconds since the epoch; and the account and its organization as they are by then. `moved_on`
    says that somebody has moved it out of quarantine meanwhile, if it waited there."""

    leased_until: int
    account: Account
    organization: Organization
    moved_on: bool = False


def lease(
    account: Account,
    organization: Organization,
    leases: int,
    execution: str,
    declaration: Declaration,
    ledger: Ledger,
    organizations: Organizations,
    executions: Executions,
) -> Leased:
    """`leases` is how often somebody had held the account, and let it go, when it was enrolled. Raises `AccountBusy` while
    another execution holds it, and `AccountClosing` where one has suspended it meanwhile."""
    held = ledger.leases.take(account.id, execution, executions.is_running)
    if held.number == leases + 1:
        return Leased(leased_until=held.until, account=account, organization=organization)
    # Somebody worked here since, and perhaps knew more than we do.
    enrolled = Enroller(declaration, ledger, organizations).look_again(account)
    return Leased(
        leased_until=held.until,
        account=enrolled.account,
        organization=enrolled.organization,
        moved_on=enrolled.waiting is None,
    )
