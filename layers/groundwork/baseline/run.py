"""One component in one account: enter with just its permissions, then apply or verify."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from groundwork.baseline.component import Clients, Component, Installation, Permission, Target
from groundwork.baseline.components import COMPONENTS
from groundwork.baseline.loop import apply, plan
from groundwork.contracts import Account, Change, Model, Organization
from groundwork.declaration import ComponentName, Declaration
from groundwork.errors import BaselineNotVerified
from groundwork.sessions import enter, own_clients


class Work(Model):
    """One component for one account, as the state machine hands it over."""

    component: ComponentName
    account: Account
    organization: Organization
    execution: str


class Result(Model):
    """What became of a component. `skipped`: the declaration does not give it to this kind of account."""

    component: ComponentName
    outcome: Literal["changed", "unchanged", "skipped"]
    changes: list[Change] = Field(default_factory=list)


def apply_inside(work: Work, declaration: Declaration) -> Result:
    """Enter the account and bring it to what the component declares, with a session that can do just that.

    Raises what the component raises, `ComponentNotSettled` and `AccountNotUsable`.
    """
    if not _declared(work, declaration):
        return Result(component=work.component, outcome="skipped")
    component = _component(work.component)
    clients = _enter(work, declaration, [*component.reads, *component.writes])
    return _apply(component, work, declaration, clients, Installation())


def apply_in_management(work: Work, declaration: Declaration, installation: Installation) -> Result:
    """The same in the management account, which is never entered: with the function's own credentials."""
    if not _declared(work, declaration):
        return Result(component=work.component, outcome="skipped")
    return _apply(_component(work.component), work, declaration, own_clients(), installation)


def verify_inside(
    names: Sequence[ComponentName], account: Account, organization: Organization, declaration: Declaration
) -> None:
    """Look again at these components with sessions that cannot write. Raises `BaselineNotVerified`."""
    rest: list[Change] = []
    for name in names:
        component = _component(name)
        clients = enter(
            account.id, organization.partition, declaration.entry_roles, component.reads, f"verify-{name}"
        )
        rest += plan(component, Target(account, organization, declaration, clients))
    differences = [f"{change.resource}: {change.reason}" for change in rest if change.action != "report"]
    if differences:
        raise BaselineNotVerified(f"Account {account.id} differs again: {'; '.join(differences)}")


def _declared(work: Work, declaration: Declaration) -> bool:
    return work.component in declaration.baseline.get(work.account.kind, [])


def _component(name: ComponentName) -> Component[object]:
    return COMPONENTS[name]


def _enter(work: Work, declaration: Declaration, permissions: Sequence[Permission]) -> Clients:
    return enter(
        work.account.id, work.organization.partition, declaration.entry_roles, permissions, work.component
    )


def _apply(
    component: Component[object],
    work: Work,
    declaration: Declaration,
    clients: Clients,
    installation: Installation,
) -> Result:
    changes = apply(component, Target(work.account, work.organization, declaration, clients, installation))
    done = any(change.action != "report" for change in changes)
    return Result(component=work.component, outcome="changed" if done else "unchanged", changes=changes)
