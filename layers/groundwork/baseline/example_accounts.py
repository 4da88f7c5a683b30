"""Accounts of an organization in which all that is declared is there, with ids as long as AWS's: what is rendered for
them shows what AWS would refuse before there is an account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from groundwork.aws.clients import own_client
from groundwork.baseline.component import Target
from groundwork.contracts import Account, Kind, Organization
from groundwork.declaration import Declaration
from groundwork.declaration.access import Where
from groundwork.declaration.aws_names import partitions
from groundwork.fields import ancestors

IDS: dict[Kind, str] = {kind: str(number) * 12 for number, kind in enumerate(get_args(Kind), 1)}


def in_security(declaration: Declaration) -> Target:
    return Target(_account_in(Where(kinds=["security"])), all_there(declaration), declaration, own_client)


def everywhere(declaration: Declaration) -> Iterator[Target]:
    """The security account, and an account for each place in which a role or a boundary is declared."""
    organization = all_there(declaration)
    roles = (role.where for role in declaration.access.roles)
    boundaries = (boundary.where for boundary in declaration.access.boundaries)
    for where in (Where(kinds=["security"]), *roles, *boundaries):
        yield Target(_account_in(where), organization, declaration, own_client)


def _account_in(where: Where) -> Account:
    kind = where.kinds[0]
    name, unit = next(iter(where.names), "any"), next(iter(where.organizational_units), "")
    return Account(id=IDS[kind], name=name, email="aws@example.com", kind=kind, unit=unit)


def all_there(declaration: Declaration) -> Organization:
    units = {each for unit in declaration.organizational_units for each in ancestors(unit)}
    named = {name for group in declaration.access.groups for enter in group.enter for name in enter.names}
    root = "o-exampleorg1/r-ab12/"
    return Organization(
        id="o-exampleorg1",
        partition=partitions().get(declaration.regions.home, "aws"),
        root_id="r-ab12",
        management_account_id=IDS["management"],
        security_account_id=IDS["security"],
        tooling_account_id=IDS["tooling"] if declaration.tooling else None,
        units={unit: root + "ou-ab12-12345678/" * len(ancestors(unit)) for unit in units},
        named_accounts=dict.fromkeys(named, IDS["workload"]),
    )
