"""What leads from the stacks of an account, and their roles, to the declared ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from groundwork.baseline.archive import template_url
from groundwork.baseline.component import Call, Target, needing, removal
from groundwork.baseline.components.access import difference
from groundwork.baseline.components.access.documents import NotYetKnown
from groundwork.baseline.components.access.state import RoleState
from groundwork.declaration.stacks import COMPONENT, ROLE, STACK, Stack, declared_in

from . import calls, drift, in_use, large, parameters, roles
from .calls import Declared, Place
from .drift import Drift
from .state import Seen
from .words import ChangeSet


@dataclass(frozen=True)
class Found:
    """`roles` are those of our names, by name; `stacks` likewise, by Region and what follows STACK, `change_sets` of
    those to update, and `drifts` of those with drift detection. `off` are Regions that are not enabled. `not_there` are the
    large templates that CloudFormation would be asked to read, and that are not in their bucket; `denied` the stacks, by name
    and Region, whose creation, or update, by this execution was."""

    roles: Mapping[str, RoleState] = field(default_factory=dict)
    stacks: Mapping[str, Mapping[str, Seen]] = field(default_factory=dict)
    off: tuple[str, ...] = ()
    change_sets: Mapping[str, Mapping[str, ChangeSet]] = field(default_factory=dict)
    drifts: Mapping[str, Mapping[str, Drift]] = field(default_factory=dict)
    not_there: frozenset[str] = frozenset()
    denied: frozenset[tuple[str, str]] = frozenset()


def stacks_of(target: Target) -> list[Stack]:
    return declared_in(target.declaration.stacks, target.account) if target.is_declared(COMPONENT) else []


def is_due(call: Call) -> bool:
    return call.is_open and not call.after


class Difference:
    """`failures` are reports of what nothing can be asked of any more, `updates` what a change set may be made for, and `made`
    the templates of what CloudFormation can be asked to make or change."""

    def __init__(self, found: Found, target: Target) -> None:
        self.found, self.target = found, target
        self.failures: list[Call] = []
        self.updates: list[Declared] = []
        self.made: set[str] = set()
        self._declared = stacks_of(target)
        self._unfinished: set[str] = set()
        self._left_out: set[str] = set()

    def templates(self) -> set[str]:
        list(self.of_declared())
        return self.made

    def of_declared(self) -> Iterator[Call]:
        for stack in self._declared:
            if lacking := parameters.lacking(stack, self.target):
                self._unfinished.add(stack.name)
                self.failures.append(lacking)
                continue
            try:
                self._hold_to_order(stack)
                role, there = roles.wanted(stack, self.target), self.found.roles.get(_role(stack))
                mended = list(needing((), difference.role(there, role)))
                places = self._places(stack, there is None, mends=any(map(is_due, mended)))
            except NotYetKnown as unknown:
                self._left_out.add(stack.name)
                later = f"left out for now: {unknown}; it is laid down once that is there"
                yield Call("cloudformation", "CreateStack", {}, f"stack {STACK}{stack.name}", "report", later)
                continue
            yield from mended
            for place in places:
                steps = list(self._steps(place))
                if any(call.is_open for call in steps):
                    self._unfinished.add(stack.name)
                yield from steps
                if compared := self.found.drifts.get(place.region, {}).get(stack.name):
                    yield from drift.reports(compared, place)

    def _hold_to_order(self, stack: Stack) -> None:
        """Raises `NotYetKnown` where it comes after one that is left out, or that is not ours."""
        if before := [name for name in stack.after if name in self._left_out]:
            raise NotYetKnown(
                f"it comes after stack {STACK}{before[0]}, which is left out, or made by others"
            )

    def _places(self, stack: Stack, without_role: bool, *, mends: bool) -> list[Declared]:
        """Raises `NotYetKnown`."""
        target, role = self.target, _role(stack)
        before = [name for name in stack.after if name in self._unfinished]
        template = target.declaration.template(stack.template)
        waits = f"role {role}" if without_role else "".join(f"stack {STACK}{name}" for name in before[:1])
        if not waits and stack.template in self.found.not_there:
            waits = large.awaited(stack.template, target)
        return [
            Declared(
                name=stack.name,
                region=region,
                execution=target.execution,
                waits=waits,
                needs=(f"role/{role}",),
                again=(stack.name, region) in self.found.denied,
                stack=stack,
                template=template,
                url=template_url(target, template) if template.is_large else "",
                values=template.values(
                    parameters.filled(stack, target, name=target.account.name, region=region)
                ),
                role=target.role_arn(role),
                mends=f"role {role}" if mends else "",
                change_set=self.found.change_sets.get(region, {}).get(stack.name),
            )
            for region in stack.places(target.declaration.regions.home)
            if region in self.found.stacks
        ]

    def _steps(self, place: Declared) -> Iterator[Call]:
        seen = self.found.stacks[place.region].get(place.name)
        if seen and not seen.is_ours:
            by = f"with the role {seen.role}" if seen.role else "without a role of its own"
            self._left_out.add(place.name)
            told = f"is there, made by others ({by}): left alone; delete it, or give the declared one another name"
            yield place.call(calls.UPDATE, "report", told)
        elif why := calls.failed(seen, place):
            self._unfinished.add(place.name)
            self.failures.append(place.call(calls.UPDATE, "report", why, severity="high"))
        else:
            steps = list(calls.of_declared(seen, place))
            due = {call.operation for call in steps if is_due(call)}
            if due & {calls.CREATE, calls.UPDATE}:
                self.made.add(place.stack.template)
            if calls.UPDATE in due:
                self.updates.append(place)
            yield from steps

    # -- what is no longer declared ------------------------------------------------------------------

    def left_over(self) -> Iterator[Call]:
        remaining: set[str] = set()
        for region, there in self.found.stacks.items():
            for seen in there.values():
                if seen.is_ours and (seen.name, region) not in self._wanted:
                    remaining.add(seen.name)
                    yield from self._taken_out(seen, region)
        declared = {_role(each) for each in self._declared}
        for role in self.found.roles.values():
            name = role.name.removeprefix(ROLE)
            if role.name in declared or (name in remaining and not self._removes):
                continue
            after = f"the deletion of stack {STACK}{name}" if name in remaining else ""
            yield from removal(COMPONENT, roles.removed(role, after), self.target)

    @property
    def _wanted(self) -> set[tuple[str, str]]:
        home = self.target.declaration.regions.home
        return {(each.name, region) for each in self._declared for region in each.places(home)}

    @property
    def _removes(self) -> bool:
        return self.target.declaration.removes(COMPONENT)

    def _taken_out(self, seen: Seen, region: str) -> Iterator[Call]:
        place = Place(name=seen.name, region=region, execution=self.target.execution)
        if why := self._not_deleted(seen, place):
            self.failures.append(place.call(calls.DELETE, "report", why, severity="high"))
            return
        if in_use.cancelled(seen, place):
            going = [name for name in in_use.users(seen) if self._is_going(name, region)]
            waits = f"stack {STACK}{going[0]}, which imports what it exports" if going else ""
            place = replace(place, waits=waits, again=True)
        yield from removal(COMPONENT, calls.of_left_over(seen, place), self.target)

    def _not_deleted(self, seen: Seen, place: Place) -> str:
        if not self._removes:
            return ""
        return (
            in_use.told(seen) if in_use.cancelled(seen, place, again=True) else calls.not_deleted(seen, place)
        )

    def _is_going(self, name: str, region: str) -> bool:
        """Whether CloudFormation is to delete or to change the stack, or does so."""
        seen = self.found.stacks[region].get(name)
        if seen is None or not seen.is_ours:
            return False
        return (name, region) not in self._wanted or seen.in_progress or name in self._unfinished


def _role(stack: Stack) -> str:
    return roles.role_name(stack.name)
