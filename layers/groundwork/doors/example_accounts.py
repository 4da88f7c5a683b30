"""Accounts of an organization that is not there: one of each kind, and a workload account in each declared unit, so that
every rule of the declaration meets an account that it is about."""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.baseline.example_accounts import IDS
from groundwork.contracts import Account, Organization
from groundwork.declaration import Declaration
from groundwork.declaration.aws_names import partitions
from groundwork.fields import ancestors

EMAIL = "aws@example.com"


def example_accounts(*declarations: Declaration) -> tuple[Organization, dict[str, Account], dict[str, str]]:
    """The organization, its accounts by id, and how they are called: the same for all of these declarations."""
    units = sorted(
        {each for one in declarations for unit in one.organizational_units for each in ancestors(unit)}
    )
    paths = _paths(units)
    accounts = {IDS["management"]: _account(IDS["management"], "management", "management")}
    words = {IDS["management"]: "the management account"}
    for kind in ("security", "tooling"):
        for declared in (one.security if kind == "security" else one.tooling for one in declarations):
            if declared is not None:
                unit = declared.organizational_unit or ""
                accounts[IDS[kind]] = _account(IDS[kind], declared.name, kind, unit)
                words[IDS[kind]] = declared.name
    for number, unit in enumerate(("", *units)):
        id_ = f"{400_000_000_000 + number}"
        accounts[id_] = _account(id_, "", "workload", unit)
        words[id_] = f"workload accounts in {unit}" if unit else "workload accounts in the root"
    named = {}
    for number, (name, unit) in enumerate(sorted(dict(_named(declarations)).items())):
        id_ = named[name] = f"{500_000_000_000 + number}"
        accounts[id_] = _account(id_, name, "workload", unit)
        words[id_] = name
    known = {account.name: account.id for account in accounts.values() if account.name}
    organization = Organization(
        id="o-exampleorg1",
        partition=partitions().get(declarations[0].regions.home, "aws"),
        root_id="r-ab12",
        management_account_id=IDS["management"],
        security_account_id=IDS["security"],
        tooling_account_id=IDS["tooling"] if IDS["tooling"] in accounts else None,
        units=paths,
        named_accounts=known,
    )
    return organization, accounts, words


def _paths(units: list[str]) -> dict[str, str]:
    ids = {unit: f"ou-ab12-{number:08}" for number, unit in enumerate(units, 1)}
    return {
        unit: "/".join(["o-exampleorg1", "r-ab12", *(ids[each] for each in ancestors(unit)), ""])
        for unit in units
    }


def _account(id_: str, name: str, kind: str, unit: str = "") -> Account:
    return Account.model_validate({"id": id_, "name": name, "email": EMAIL, "kind": kind, "unit": unit})


def _named(declarations: tuple[Declaration, ...]) -> Iterator[tuple[str, str]]:
    """Workload accounts that a declaration names, with the unit that it puts them in or speaks of with them."""
    for declaration in declarations:
        apart = {account.name for account in declaration.accounts if account.kind != "workload"}
        placed = {account.name: account.organizational_unit or "" for account in declaration.accounts}
        access = declaration.access
        rules = [(role.where.names, role.where.organizational_units) for role in access.roles]
        rules += [
            (enter.names, enter.organizational_units) for group in access.groups for enter in group.enter
        ]
        mentioned = {name: next(iter(units), "") for names, units in rules for name in names}
        yield from ((name, unit) for name, unit in {**mentioned, **placed}.items() if name not in apart)
