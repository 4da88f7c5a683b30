"""The organization as it is now, read from AWS, and a tree of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from rich.text import Text
from rich.tree import Tree

from groundwork.contracts import Account, Kind
from groundwork.declaration import Declaration
from groundwork.fields import ancestors
from local.engine import Engine

KIND_TAG, STATE_TAG = "groundwork:kind", "groundwork:state"
KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}


class Organization:
    """Reads the organization as its management account's administrator."""

    def __init__(self, aws: Engine, declaration: Declaration) -> None:
        self._aws, self._declaration = aws, declaration
        self._organizations = aws.client("organizations")

    def accounts(self) -> list[Account]:
        """The management account first, then unit by unit as they are declared, then the rest."""
        root = self._organizations.list_roots()["Roots"][0]["Id"]
        order = self._declaration.organizational_units

        def place(account: Account) -> tuple[bool, int]:
            known = order.index(account.unit) if account.unit in order else len(order)
            return account.kind != "management", known

        return sorted(self._below(root, ""), key=place)

    def account(self, name: str) -> Account:
        return next(account for account in self.accounts() if account.name == name)

    def _below(self, parent: str, path: str) -> Iterator[Account]:
        for each in self._pages("list_accounts_for_parent", "Accounts", ParentId=parent):
            management = each["Id"] == self._aws.management_account
            kind = "management" if management else self._tags(each["Id"]).get(KIND_TAG, "workload")
            yield Account(
                id=each["Id"],
                name="management" if management else each["Name"],
                email=each["Email"],
                kind=KINDS[kind],
                unit=path,
            )
        for unit in self._pages(
            "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=parent
        ):
            yield from self._below(unit["Id"], f"{path}/{unit['Name']}".lstrip("/"))

    def state(self, account: Account) -> str:
        """As Groundwork's tag says: ready, or what else."""
        return self._tags(account.id).get(STATE_TAG, "untouched")

    def _tags(self, account: str) -> dict[str, str]:
        return {
            tag["Key"]: tag["Value"]
            for tag in self._pages("list_tags_for_resource", "Tags", ResourceId=account)
        }

    def _pages(self, operation: str, key: str, **parameters: str) -> list[Any]:
        pages = self._organizations.get_paginator(operation).paginate(**parameters)
        return [item for page in pages for item in page[key]]


def tree(organization: Organization, accounts: Sequence[Account]) -> Tree:
    """Units and their accounts."""
    root = Tree("[bold]organization[/]", guide_style="bright_black")
    branches = {"": root}
    for account in accounts:
        for path in ancestors(account.unit) if account.unit else ():
            if path not in branches:
                above, _, name = path.rpartition("/")
                branches[path] = branches[above].add(Text(name, style="cyan"))
        state = organization.state(account)
        branches[account.unit].add(
            Text.assemble(
                (account.name, "bold"),
                f"  {account.id}  {account.email}  ",
                (f"{account.kind}, {state}", "green" if state == "ready" else "yellow"),
            )
        )
    return root
