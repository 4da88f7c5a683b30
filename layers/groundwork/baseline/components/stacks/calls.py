"""What leads from a stack as it is to the declared one: one step, and what waits for it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from groundwork.baseline.component import Action, Call
from groundwork.contracts import Severity
from groundwork.declaration.stacks import STACK, Stack
from groundwork.declaration.stacks.templates import FOLDER, Template

from .comparing import compared, made_of
from .shown import same_value
from .state import LEFT, LEFT_BY_A_REPLACEMENT, NOT_DELETED, ROLLED_BACK, STUCK, Seen, token
from .words import ChangeSet, listed

CREATE, UPDATE, DELETE, PROTECT = (
    "CreateStack",
    "ExecuteChangeSet",
    "DeleteStack",
    "UpdateTerminationProtection",
)
PLANNED, APPLIED = "groundwork-plan", "groundwork-apply"
"""The names of change sets, of a plan and of what is applied: neither takes the other's."""
REMEDIES: Mapping[str, str] = {
    "DELETE_FAILED": (
        "could not be deleted ({failure}). By an entry role, empty what resists, or keep it with `aws cloudformation "
        "delete-stack --deletion-mode FORCE_DELETE_STACK`"
    ),
    "IMPORT_ROLLBACK_FAILED": (
        "an import of resources into it could not be rolled back ({failure}). By an entry role, mend what resists and roll "
        "it back"
    ),
    "UPDATE_FAILED": (
        "an update failed and was kept as it was ({failure}). By an entry role, roll it back with `aws cloudformation "
        "rollback-stack`"
    ),
    "UPDATE_ROLLBACK_FAILED": (
        "an update could not be rolled back ({failure}). By an entry role, mend what resists and roll on with `aws "
        "cloudformation continue-update-rollback`, which can also skip it"
    ),
}
"""By the status, what a person has to decide."""
DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
STEPS = (LEFT, LEFT_BY_A_REPLACEMENT, "deleted", "replaced", "kept, and forgot,", "added", "changed")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a stack is, or is to be. `waits` says for what its calls wait, and `needs` what is mended before them. `again` is
    whether a creation, or an update, that this execution asked for was `denied`, and one more is asked for."""

    name: str
    region: str
    execution: str = ""
    waits: str = ""
    needs: tuple[str, ...] = ()
    again: bool = False

    @property
    def resource(self) -> str:
        return f"stack {STACK}{self.name} in {self.region}"

    def call(
        self,
        operation: str,
        action: Action,
        reason: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        severity: Severity = "medium",
        after: str = "",
    ) -> Call:
        its = self._token(operation, again=self.again)
        asked = {"StackName": f"{STACK}{self.name}", **(parameters or {})}
        if its and operation != PROTECT:
            asked["ClientRequestToken"] = its
        return Call(
            *(
                "cloudformation",
                operation,
                asked,
                self.resource,
                action,
                reason,
                self.region,
                severity,
                after,
            ),
            needs=self.needs,
        )

    def has_asked(self, seen: Seen) -> bool:
        """Whether its last operation is one that this execution asked for."""
        operations = (CREATE, UPDATE, DELETE)
        return any(
            self.asked_for(seen, operation, again=again)
            for operation in operations
            for again in (False, True)
        )

    def asked_for(self, seen: Seen, operation: str, *, again: bool) -> bool:
        """Whether its last operation is this one of this execution."""
        return bool(seen.token) and seen.token == self._token(operation, again=again)

    def is_first(self, seen: Seen) -> bool:
        """Whether its last operation is the first creation, or the first update, that this execution asked for."""
        return any(self.asked_for(seen, operation, again=False) for operation in (CREATE, UPDATE))

    def _token(self, operation: str, *, again: bool) -> str:
        """What follows a denial is asked with another one than what was asked before."""
        return token(self.execution, f"{operation} again" if again else operation, self.resource)


@dataclass(frozen=True, kw_only=True)
class Declared(Place):
    """`values` are its parameters', `role` the ARN of its role, `url` where its template is, if that is too large to be sent. `mends` says for what an update waits, as CloudFormation plans
    none by a role that is not as declared; `change_set` is what it says of the update, where it was asked."""

    stack: Stack
    template: Template
    values: Mapping[str, str]
    role: str
    url: str = ""
    mends: str = ""
    change_set: ChangeSet | None = None

    @property
    def contents(self) -> dict[str, Any]:
        """What CloudFormation is asked to make of it. A stack that is there keeps its role."""
        sent = {"TemplateURL": self.url} if self.url else {"TemplateBody": self.template.body}
        return {
            **sent,
            "Parameters": [
                {"ParameterKey": name, "ParameterValue": value} for name, value in self.values.items()
            ],
            "Capabilities": list(self.stack.capabilities),
        }

    def update(self, reason: str, *, severity: Severity = "medium", after: str = "") -> Call:
        """AWS's reference has it that what failed is not rolled back unless it is asked for."""
        asked = {"ChangeSetName": APPLIED, "DisableRollback": False}
        return self.call(UPDATE, "update", reason, asked, severity=severity, after=after)


# -- declared ------------------------------------------------------------------------------------------


def of_declared(seen: Seen | None, place: Declared) -> Iterator[Call]:
    """Nothing for one that is as declared."""
    if seen is None:
        yield _creation(place, place.waits)
    elif seen.in_progress:
        yield _in_progress(seen, place)
    elif seen.never_made:
        told = f" ({seen.failure})" if seen.failure else ""
        why = (
            f"is {seen.status}: its creation came to nothing{told}, and CloudFormation changes no such stack"
        )
        yield from _deletion(seen, place, why)
        yield _creation(place, f"the deletion of {place.resource}")
    else:
        if place.has_asked(seen) and seen.status in DONE:
            yield _made_before(seen, place)
            yield from _left(seen, place)
        yield from _update(seen, place)


def _made_before(seen: Seen, place: Declared) -> Call:
    """What an earlier try of this execution began, CloudFormation has done: its events say what."""
    if seen.status == "CREATE_COMPLETE":
        made = place.call(CREATE, "create", f"did not exist; it was made of {FOLDER}/{place.stack.template}")
    else:
        by_step = sorted(seen.steps.items(), key=lambda each: (STEPS.index(each[1]), each[0]))
        words = "; ".join(listed(f"{step} {name}" for name, step in by_step)) or "changed"
        severity: Severity = (
            "high" if {"deleted", "replaced", *NOT_DELETED} & set(seen.steps.values()) else "medium"
        )
        made = place.call(UPDATE, "update", words, severity=severity)
    return replace(made, made_before=True)


def _left(seen: Seen, place: Declared) -> Iterator[Call]:
    """Still there, and told by nobody later."""
    for name, why in seen.left.items():
        told = f"{why}, and is in the stack no longer: by an entry role, empty what resists and delete it, or it stays"
        report = place.call(UPDATE, "report", told, severity="high")
        yield replace(report, resource=f"{place.resource}: {name}")


def _creation(place: Declared, after: str) -> Call:
    protection = {"EnableTerminationProtection": place.stack.termination_protection}
    return place.call(
        CREATE,
        "create",
        made_of(place.stack, place.template),
        {**place.contents, "RoleARN": place.role, **protection},
        after=after,
    )


def _in_progress(seen: Seen, place: Declared) -> Call:
    """What follows is known when CloudFormation is done."""
    if seen.status == "DELETE_IN_PROGRESS":
        return _creation(place, _at_work(seen))
    return place.update("is being changed", after=_at_work(seen))


def _at_work(seen: Seen) -> str:
    return f"CloudFormation, which is at work on it ({seen.status})"


def _deletion(seen: Seen, place: Place, reason: str, after: str = "") -> Iterator[Call]:
    """With termination protection CloudFormation deletes none."""
    after = after or place.waits
    if seen.protected:
        off = {"EnableTerminationProtection": False}
        yield place.call(PROTECT, "update", f"{reason}; it is protected from that", off, after=after)
    yield place.call(DELETE, "delete", reason, after=after)


def _update(seen: Seen, place: Declared) -> Iterator[Call]:
    words, severity = differences(seen, place)
    if words:
        pending = place.change_set is not None and place.change_set.pending
        after = "its change set, which CloudFormation makes" if pending else place.waits or place.mends
        yield place.update("; ".join(words), severity=severity, after=after)
    wanted = place.stack.termination_protection
    if seen.protected != wanted:
        there, expected = ("off", "on") if wanted else ("on", "off")
        reason = f"termination protection is {there}; expected {expected}"
        yield place.call(PROTECT, "update", reason, {"EnableTerminationProtection": wanted})


def differences(seen: Seen, place: Declared) -> tuple[list[str], Severity]:
    """In words, what of its template and its parameters is not as declared: of the resources what CloudFormation says where
    it has been asked, and what the templates say where not. What is taken out of a template is deleted, with what it
    holds."""
    its = compared(seen.content or {}, place.stack, place.template)
    resources, others = list(its.resources), list(its.sections)
    severity: Severity = "high" if its.removes else "medium"
    if place.change_set and place.change_set.changes:
        resources, severity = place.change_set.words, place.change_set.severity
    for name, value in place.values.items():
        kind = place.template.kind(name)
        if name in seen.parameters and not same_value(seen.parameters[name], value, kind):
            others.append(f"parameter {name} is {seen.parameters[name]!r}; expected {value!r}")
    return [*resources, *others], severity


def failed(seen: Seen | None, place: Declared) -> str:
    """Why nothing is asked of CloudFormation: this execution has asked already, or a person has to decide."""
    if seen is None or seen.in_progress:
        return ""
    if place.has_asked(seen) and not (place.again and place.is_first(seen)):
        if seen.never_made:
            return f"its creation failed and was rolled back ({seen.status}): {seen.failure}"
        if seen.status == ROLLED_BACK and differences(seen, place)[0]:
            return f"its update failed and was rolled back ({seen.status}): {seen.failure}"
    if seen.status in STUCK:
        return f"is {seen.status}: {REMEDIES[seen.status].format(failure=seen.failure)}"
    return _not_taken(place.change_set, differences(seen, place)[0]) if place.change_set else ""


def _not_taken(change_set: ChangeSet, words: list[str]) -> str:
    """Why CloudFormation makes no change set."""
    if change_set.idle:
        return (
            f"{'; '.join(words)}: CloudFormation finds that this changes no resource, and takes no such update; change a "
            "Metadata attribute of a resource along with it"
        )
    return f"CloudFormation refuses its update: {change_set.failed}" if change_set.failed else ""


# -- no longer declared --------------------------------------------------------------------------------


def of_left_over(seen: Seen, place: Place) -> Iterator[Call]:
    at_work = _at_work(seen) if seen.in_progress else ""
    yield from _deletion(seen, place, "is no longer declared", at_work)


def not_deleted(seen: Seen, place: Place) -> str:
    """Why its deletion is not asked for: this execution has asked already."""
    if seen.status != "DELETE_FAILED" or not place.has_asked(seen):
        return ""
    return f"is no longer declared, and {REMEDIES[seen.status].format(failure=seen.failure)}"
