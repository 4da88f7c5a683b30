"""One component in one account: enter with just its permissions, then apply, plan or verify."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import Any, Literal

from pydantic import Field

from groundwork.aws.clients import own_client
from groundwork.aws.sessions import Inside, inside, needed, session_policy
from groundwork.baseline import loop
from groundwork.baseline.component import Component, Installation, Notes, Permission, Target
from groundwork.baseline.components import COMPONENTS
from groundwork.contracts import Account, Change, Kind, Mode, Model, Organization
from groundwork.declaration import ComponentName, Declaration
from groundwork.declaration.loading import check
from groundwork.errors import BaselineNotVerified, BaselineUndone, GroundworkError, SessionPolicyTooLarge
from groundwork.fields import Whole
from groundwork.rendering import held_to
from groundwork.side_by_side import side_by_side

MOST_PASSES = 3
"""After a pass too many it is not the declaration that has changed, but somebody who undoes it."""
MADE = "made "
"""What a try made of a component is noted under this and the name."""
LONGEST_TOGETHER = 1_500
"""Characters of a session policy for several components: STS has a second limit, of a form that nobody can count, and
whoever stays away from the first one seldom meets that."""
MOST_COMPONENTS: dict[Kind, int] = {"management": 17, "security": 20, "tooling": 12, "workload": 11}
"""That accounts of each kind may have, whatever is declared."""
ROOM_FOR_RESULTS = 200_000
LONGEST_RESULT = 18_000
"""Bytes: the results of an account's components travel together in one state of at most 262,144. A plan looks once; what
is applied may go round three times, and each result stays."""


class ComponentTask(Model):
    """One component for one account, as the state machine hands it over. `chosen` are the components that somebody
    asked for; all of them where it is empty. `leased_until` is in seconds since the epoch, `started` ISO 8601; `tried` is how
    often the state machine has tried before."""

    component: ComponentName
    account: Account
    organization: Organization
    execution: str
    mode: Mode = "apply"
    started: str = ""
    chosen: list[ComponentName] = Field(default_factory=list)
    leased_until: Whole | None = None
    tried: Whole = 0


class Result(Model):
    """What became of a component. `differs`: a plan found something to do. `skipped`: the declaration does not give it
    to this kind of account, or nobody asked for it."""

    component: ComponentName
    outcome: Literal["changed", "unchanged", "differs", "skipped"]
    changes: list[Change] = Field(default_factory=list)


def is_wanted(task: ComponentTask, declaration: Declaration) -> bool:
    """Whether there is anything to do for this component in this account: where it is declared, and where it may have
    been."""
    if task.chosen and task.component not in task.chosen:
        return False
    kind = task.account.kind
    if task.component in declaration.baseline.get(kind, []):
        return True
    return task.account.may_hold_more_than(declaration.version) and kind in COMPONENTS[task.component].kinds


def skipped(task: ComponentTask) -> Result:
    return Result(component=task.component, outcome="skipped")


def work_inside(
    task: ComponentTask, declaration: Declaration, installation: Installation, notes: Notes
) -> Result:
    """Enter the account, or the one that administers a service for it, and bring it to what the component declares, with a
    session that can do just that; a plan's session can only look.

    Raises what the component raises, `ComponentNotSettled`, `AccountNotUsable`, `AccountNotEnterable` and
    `EntryRoleDenied`.
    """
    component, plans = _component(task.component, declaration), task.mode == "plan"
    earlier = _earlier(task, notes)
    needs = component.needs(task.account, task.organization, declaration)
    permissions = [*needs.reads, *(needs.reads_in_plan if plans else needs.writes)]
    roles = declaration.entry_role_names if plans else component.entry_roles(declaration)

    def work(entered: Inside) -> Result:
        target = Target(
            task.account,
            task.organization,
            declaration,
            entered.client,
            installation,
            foresees=plans,
            entered_by=None if plans else entered.role,
            execution=task.execution,
            started=task.started,
            notes=notes,
        )
        with _noted(task, target, notes, earlier):
            return _result(task, target, earlier)

    place = _entered(component, task.account, task.organization)
    return inside(place, task.organization, roles, permissions, task.component, work, task.account)


def work_in_management(
    task: ComponentTask, declaration: Declaration, installation: Installation, notes: Notes
) -> Result:
    """The same with the credentials of the management account's own function, which enters no account."""
    target = Target(
        task.account,
        task.organization,
        declaration,
        own_client,
        installation,
        foresees=task.mode == "plan",
    )
    earlier = _earlier(task, notes)
    with _noted(task, target, notes, earlier):
        result = _result(task, target, earlier)
        if result.outcome == "changed":
            loop.verify(_component(task.component, declaration), target)
    return result


def _earlier(task: ComponentTask, notes: Notes) -> list[Change]:
    """What earlier tries made that ended in an error."""
    if task.mode == "plan" or not task.tried:
        return []
    noted = json.loads(notes.get(MADE + task.component) or "[]")
    return [Change.model_validate(each) for each in noted]


@contextmanager
def _noted(task: ComponentTask, target: Target, notes: Notes, earlier: list[Change]) -> Iterator[None]:
    """Where what is done ends in an error, what it made joins what was made `earlier`, and is noted for the next try."""
    try:
        yield
    except GroundworkError:
        if target.made:
            component = _component(task.component, target.declaration)
            earlier += [each for each in loop.made(component, target) if each not in earlier]
            so_far = held_to(LONGEST_RESULT, earlier)
            notes[MADE + task.component] = json.dumps([each.to_json() for each in so_far])
        raise


def verify_inside(
    names: Sequence[ComponentName],
    account: Account,
    organization: Organization,
    declaration: Declaration,
    installation: Installation,
    passes: int = 1,
) -> None:
    """Look again at these components, which have been brought to what is declared so many times, with a session that
    cannot write. Raises `BaselineNotVerified`, and in the end `BaselineUndone`."""

    def plans(together: Sequence[Component[object]], entered: Inside) -> list[Change]:
        target = Target(account, organization, declaration, entered.client, installation)
        return list(chain(*side_by_side(*(partial(loop.plan, component, target) for component in together))))

    def reads_of(component: Component[object]) -> Sequence[Permission]:
        return component.needs(account, organization, declaration).reads

    def look(together: Sequence[Component[object]]) -> list[Change]:
        reads = [permission for each in together for permission in reads_of(each)]
        try:
            place = _entered(together[0], account, organization)
            roles = declaration.entry_role_names
            return inside(place, organization, roles, reads, "verify", partial(plans, together), account)
        except SessionPolicyTooLarge:
            if len(together) == 1:
                raise
            half = len(together) // 2
            return [*look(together[:half]), *look(together[half:])]

    components = [_component(name, declaration) for name in names]
    groups = [
        together
        for there in (False, True)
        for together in _fitting_a_session(
            [each for each in components if each.by_administrator == there],
            reads_of,
            account,
            organization.partition,
        )
    ]
    rest = chain(*side_by_side(*(partial(look, together) for together in groups)))
    differences = [f"{change.resource}: {change.reason}" for change in rest if change.action != "report"]
    if differences:
        error = BaselineNotVerified if passes < MOST_PASSES else BaselineUndone
        raise error(f"Account {account.id} differs again: {'; '.join(differences)}")


def _entered(component: Component[Any], account: Account, organization: Organization) -> Account:
    """The account in which the component's calls are made."""
    security = organization.security_account_id
    if not component.by_administrator or security in (None, account.id):
        return account
    return Account(id=str(security), name="security", email="", kind="security")


def _fitting_a_session(
    components: Iterable[Component[Any]],
    reads_of: Callable[[Component[Any]], Sequence[Permission]],
    account: Account,
    partition: str,
) -> Iterator[list[Component[Any]]]:
    """The components in groups whose reads stand in one session policy."""
    together: list[Component[Any]] = []
    for component in components:
        reads = needed(chain(*map(reads_of, [*together, component])), account.kind)
        if together and len(session_policy(reads, account.id, partition)) > LONGEST_TOGETHER:
            yield together
            together = []
        together = [*together, component]
    if together:
        yield together


def _component(name: ComponentName, declaration: Declaration) -> Component[object]:
    """The component, with what is declared for it alone."""
    component = COMPONENTS[name]
    check(declaration, {name: component})
    return component


def longest_result(mode: Mode, account: Account, declaration: Declaration) -> int:
    """Bytes of one component's result: an account that is behind the declaration may hold something of any component."""
    behind = account.may_hold_more_than(declaration.version)
    components = MOST_COMPONENTS[account.kind] if behind else len(declaration.baseline.get(account.kind, []))
    passes = 1 if mode == "plan" else MOST_PASSES
    return min(LONGEST_RESULT, ROOM_FOR_RESULTS // (passes * max(components, 1)))


def _result(task: ComponentTask, target: Target, earlier: Sequence[Change]) -> Result:
    component = _component(task.component, target.declaration)
    plans = task.mode == "plan"
    found = loop.plan(component, target) if plans else loop.apply(component, target, earlier)
    changes = held_to(longest_result(task.mode, task.account, target.declaration), found)
    differs = any(change.action != "report" for change in changes)
    outcome: Literal["changed", "differs"] = "differs" if plans else "changed"
    return Result(component=task.component, outcome=outcome if differs else "unchanged", changes=changes)
