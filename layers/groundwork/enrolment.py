"""A created account becomes an enrolled one: in its unit, tagged, and known to the ledger."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from groundwork.contracts import Account, Model, Organization
from groundwork.declaration import Declaration, DeclaredAccount
from groundwork.kinds import KIND_TAG, is_declared
from groundwork.ledger import Ledger
from groundwork.organizations import Listed, Organizations, facts
from groundwork.work import Work

STATE_TAG = "groundwork:state"
REQUEST_TAG = "groundwork:request"
"""The id of the event that asked for the account: CreateAccount itself sets it, so a lost ledger can be rebuilt."""
INSTALLED_TAG = "groundwork:installed"
"""On the management account: what joined before this time was there before Groundwork."""


class Enrolled(Model):
    """The account and its organization as the components need them. `ready` says that it was ready before."""

    account: Account
    organization: Organization
    ready: bool


class Enroller:
    def __init__(self, declaration: Declaration, ledger: Ledger, organizations: Organizations) -> None:
        self._declaration = declaration
        self._ledger = ledger
        self._organizations = organizations

    def enroll(self, work: Work, account_id: str) -> Enrolled:
        """Only an account that this work's own request made is moved and given the requester's tags."""
        listed = self._organizations.account(account_id)
        tags = self._organizations.tags(account_id)
        wanted = (
            {}
            if tags.get(KIND_TAG) == work.kind and STATE_TAG in tags
            else {KIND_TAG: work.kind, STATE_TAG: "enrolled"}
        )
        if work.kind == "management" and INSTALLED_TAG not in tags:
            wanted[INSTALLED_TAG] = datetime.now(UTC).isoformat(timespec="seconds")
        if work.route == "create":
            record = self._ledger.request(work.email)
            wanted |= {
                key: value for key, value in (record.tags if record else {}).items() if tags.get(key) != value
            }
            if record and record.organizational_unit:
                self._organizations.move(
                    listed, self._organizations.ensure_unit(listed.root_id, record.organizational_unit)
                )
                listed = self._organizations.account(account_id)
            self._ledger.note_account(work.email, account_id)
        if tags.get(STATE_TAG) == "ready":
            wanted.pop(STATE_TAG, None)
        if wanted:
            self._organizations.tag(account_id, wanted)
        account = Account(
            id=account_id,
            name=listed.name,
            email=listed.email,
            kind=work.kind,
            unit=unit_of(listed, self._declaration, self._organizations),
            joined=listed.joined.isoformat(),
        )
        ready = tags.get(STATE_TAG) == "ready"
        self._ledger.enroll(account, ready)
        return Enrolled(account=account, organization=self.organization(listed, account), ready=ready)

    def organization(self, listed: Listed, account: Account) -> Organization:
        """The organization as it is now; who of security and tooling is not there yet is left out."""
        units = self._organizations.units(listed.root_id, self._declaration.organizational_units)
        security = self._declared_id(self._declaration.security, account)
        tooling = self._declared_id(self._declaration.tooling, account) if self._declaration.tooling else None
        return facts(listed, units, security, tooling, self._named(account))

    def _declared_id(self, declared: DeclaredAccount, account: Account) -> str | None:
        if declared.id:
            return declared.id
        if account.kind == declared.kind:
            return account.id
        record = self._ledger.request(declared.email)
        if record:
            return record.account_id
        found = self._organizations.by_email(declared.email)
        return found.id if found and found.state == "ACTIVE" and is_declared(found, declared) else None

    def _named(self, account: Account) -> dict[str, str]:
        """The ids of accounts that groups name: only the security account's policies need them."""
        names = self._declaration.names_in_groups
        if account.kind != "security" or not names:
            return {}
        return bearers(names, self._declaration.accounts, self._organizations.accounts())


def bearers(
    names: Collection[str], declared: Iterable[DeclaredAccount], accounts: Iterable[Listed]
) -> dict[str, str]:
    """The ids behind these names. AWS lets accounts share a name, and whoever may ask for one chooses it: a declared
    name is that of the declared account alone, any other that of its oldest bearer."""
    owners = {account.name: account for account in declared}
    found: dict[str, str] = {}
    for account in sorted(accounts, key=lambda each: each.joined):
        owner = owners.get(account.name)
        if account.name in names and account.state == "ACTIVE" and (not owner or is_declared(account, owner)):
            found.setdefault(account.name, account.id)
    return found


def unit_of(listed: Listed, declaration: Declaration, organizations: Organizations) -> str:
    """The path of names of the unit the account is in; empty in the root."""
    known = {
        unit: path
        for path, unit in organizations.units(listed.root_id, declaration.organizational_units).items()
    }
    path = ""
    for unit in listed.unit_ids:
        path = known.get(unit) or f"{path}/{organizations.unit_name(unit)}".lstrip("/")
    return path
