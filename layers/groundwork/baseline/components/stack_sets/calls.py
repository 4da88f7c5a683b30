"""What leads from a StackSet as it is to the declared one: an operation at a time, as CloudFormation takes them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateStackSet.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackSetOperationPreferences.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from groundwork.baseline.component import Action, Call, stays
from groundwork.baseline.components.stacks.comparing import compared, made_of
from groundwork.baseline.components.stacks.shown import same_value
from groundwork.baseline.components.stacks.words import listed
from groundwork.contracts import Severity
from groundwork.declaration.stacks import STACK, Stack, StackSetOptions
from groundwork.declaration.stacks.templates import FOLDER, Template

from .state import DELEGATED, INOPERABLE, MARK, SERVICE_MANAGED, Seen, identifier

CREATE, UPDATE, DELETE = "CreateStackSet", "UpdateStackSet", "DeleteStackSet"
PUT, TAKE = "CreateStackInstances", "DeleteStackInstances"
NOT_FORESEEN = (
    "CloudFormation makes no change set of a StackSet, so that nobody knows before what is replaced"
)


@dataclass(frozen=True, kw_only=True)
class Place:
    """A StackSet of ours, in the home Region of the account that administers it."""

    name: str
    region: str
    execution: str = ""

    @property
    def resource(self) -> str:
        return f"StackSet {STACK}{self.name}"

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
        asked = {"StackSetName": f"{STACK}{self.name}", **(parameters or {}), **DELEGATED}
        about = str(sorted((parameters or {}).items(), key=lambda each: each[0]))
        its = identifier(self.execution, operation, self.resource, about)
        if its and operation != DELETE:
            asked["ClientRequestToken" if operation == CREATE else "OperationId"] = its
        made = ("cloudformation", operation, asked, self.resource, action, reason)
        return Call(*made, self.region, severity, after, needs=())


@dataclass(frozen=True, kw_only=True)
class Declared(Place):
    """`units` are the ids of the declared ones by their paths, `places` the Regions in their order."""

    stack: Stack
    template: Template
    values: Mapping[str, str]
    units: Mapping[str, str]
    places: tuple[str, ...]

    @property
    def description(self) -> str:
        return f"{MARK}: {FOLDER}/{self.stack.template}"

    @property
    def contents(self) -> dict[str, Any]:
        return {
            "Description": self.description,
            "TemplateBody": self.template.body,
            "Parameters": [
                {"ParameterKey": name, "ParameterValue": value} for name, value in self.values.items()
            ],
            "Capabilities": list(self.stack.capabilities),
            "PermissionModel": SERVICE_MANAGED,
            "AutoDeployment": {
                "Enabled": True,
                "RetainStacksOnAccountRemoval": self.stack.options.retain_stacks,
            },
            "ManagedExecution": {"Active": True},
        }

    @property
    def where(self) -> str:
        return f"{', '.join(self.units)} in {', '.join(self.places)}"


def preferences(options: StackSetOptions, regions: Iterable[str]) -> dict[str, Any]:
    """How many at once, and how many may fail: apart from each other, which AWS's default is not."""
    together = "PARALLEL" if options.regions_in_parallel else "SEQUENTIAL"
    found: dict[str, Any] = {
        "RegionConcurrencyType": together,
        "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
    }
    if not options.regions_in_parallel:
        found["RegionOrder"] = list(regions)
    for name, value in (
        ("MaxConcurrent", options.max_concurrent),
        ("FailureTolerance", options.failure_tolerance),
    ):
        if isinstance(value, int):
            found[f"{name}Count"] = value
        else:
            found[f"{name}Percentage"] = int(value.removesuffix("%"))
    return found


# -- declared ------------------------------------------------------------------------------------------


def of_declared(seen: Seen | None, place: Declared, *, retries: bool, removes: bool) -> Iterator[Call]:
    """Nothing for one that is as declared. What comes after another operation waits for that."""
    steps = list(_steps(seen, place, retries=retries, removes=removes))
    at_work = seen.at_work if seen else ()
    waits = (
        f"CloudFormation, which is at work on it ({', '.join(each.action for each in at_work)})"
        if at_work
        else ""
    )
    if seen and any(each.is_at_work for each in seen.own) and not steps:
        yield place.call(UPDATE, "update", "is being changed", after=waits)
    first = ""
    for step in steps:
        if step.action == "report":
            yield step
        else:
            yield replace(step, after=waits or first)
            first = first or f"{step.operation} of {place.resource}"


def _steps(seen: Seen | None, place: Declared, *, retries: bool, removes: bool) -> Iterator[Call]:
    if seen is None:
        by = "by a role of AWS's with AdministratorAccess in each account"
        reason = f"{made_of(place.stack, place.template)}; {by}"
        yield place.call(CREATE, "create", reason, place.contents)
        yield _put(place, tuple(place.units), place.places)
        return
    words, severity = differences(seen, place)
    late = [each for each in seen.behind if each.status != INOPERABLE]
    if late and retries:
        words.append(f"tries once more where it failed: {'; '.join(listed(each.words for each in late))}")
    if words:
        regions = dict.fromkeys([*place.places, *sorted({r for of in seen.targets.values() for r in of})])
        asked = {**place.contents, "OperationPreferences": preferences(place.stack.options, regions)}
        yield place.call(UPDATE, "update", "; ".join(words), asked, severity=severity)
    yield from _taken(seen, place, removes=removes)
    lacking = {
        path: [region for region in place.places if region not in seen.targets.get(unit, ())]
        for path, unit in place.units.items()
    }
    if units := tuple(path for path, regions in lacking.items() if regions):
        regions_lacking = [each for each in place.places if any(each in lacking[path] for path in units)]
        yield _put(place, units, tuple(regions_lacking))


def _put(place: Declared, units: tuple[str, ...], regions: tuple[str, ...]) -> Call:
    reason = (
        f"is put into {', '.join(units)} in {', '.join(regions)}: into all accounts there, and by itself into each that comes; "
        "never into the management account"
    )
    asked = {
        "DeploymentTargets": {"OrganizationalUnitIds": [place.units[path] for path in units]},
        "Regions": [*regions],
        "OperationPreferences": preferences(place.stack.options, regions),
    }
    made = place.call(PUT, "create", reason, asked)
    return replace(made, resource=f"{place.resource}: its accounts")


def _taken(seen: Seen, place: Declared, *, removes: bool) -> Iterator[Call]:
    """Units, and Regions, that are no longer declared."""
    wanted = set(place.units.values())
    for unit, regions in _grouped(seen.targets):
        gone = [each for each in unit if each not in wanted]
        kept = [each for each in unit if each in wanted]
        left = sorted(regions - set(place.places))
        for ids, of in ((gone, sorted(regions)), (kept, left)):
            if ids and of:
                taken = take(place, ids, of, preferences(place.stack.options, of))
                yield taken if removes else stays(taken, "declare them again, or set prune: {stacks: remove}")


def take(place: Place, units: list[str], regions: list[str], given: Mapping[str, Any]) -> Call:
    reason = f"is in {', '.join(units)} in {', '.join(regions)}, which are no longer declared for it: stacks, with what they hold"
    asked = {
        "DeploymentTargets": {"OrganizationalUnitIds": units},
        "Regions": regions,
        "RetainStacks": False,
        "OperationPreferences": dict(given),
    }
    made = place.call(TAKE, "delete", reason, asked, severity="high")
    return replace(made, resource=f"{place.resource}: its accounts", taken_out=True)


def _grouped(targets: Mapping[str, frozenset[str]]) -> list[tuple[list[str], frozenset[str]]]:
    """Units that have the same Regions go together."""
    found: dict[frozenset[str], list[str]] = {}
    for unit, regions in sorted(targets.items()):
        found.setdefault(regions, []).append(unit)
    return [(units, regions) for regions, units in found.items()]


def differences(seen: Seen, place: Declared) -> tuple[list[str], Severity]:
    """In words, what of it is not as declared, by the templates: CloudFormation tells nobody before."""
    its = compared(seen.content, place.stack, place.template)
    words = [*its.resources, *its.sections]
    for name in sorted(seen.parameters.keys() | place.values.keys()):
        was, is_to_be = seen.parameters.get(name), place.values.get(name)
        if was is None or is_to_be is None or not same_value(was, is_to_be, place.template.kind(name)):
            words.append(f"parameter {name} is {was!r}; expected {is_to_be!r}")
    if words:
        words.append(NOT_FORESEEN)
    words += _settings(seen, place)
    return words, "high" if its.removes else "medium"


def _settings(seen: Seen, place: Declared) -> Iterator[str]:
    retains = place.stack.options.retain_stacks
    if not seen.deploys:
        yield "does not deploy to new accounts by itself; expected that it does"
    if seen.retains != retains:
        what = ("loses its stack", "keeps its stack")
        yield f"an account that leaves the units {what[seen.retains]}; expected that it {what[retains]}"
    if not seen.manages_execution:
        yield "refuses an operation while another one is at work; expected that it queues them"
    if seen.capabilities != frozenset(place.stack.capabilities):
        expected = ", ".join(place.stack.capabilities) or "none"
        yield f"has the capabilities {', '.join(sorted(seen.capabilities)) or 'none'}; expected {expected}"
    if seen.description != place.description:
        yield f"its description is {seen.description!r}; expected {place.description!r}"


def told(seen: Seen, place: Place) -> Iterator[Call]:
    """What nothing can be asked for any more, or a person has to decide."""
    for each in seen.behind:
        if each.status == INOPERABLE:
            why = (
                f"{each.words}: its deletion failed, and CloudFormation leaves it out of everything from now on; by entry roles, "
                "take the instance out with `aws cloudformation delete-stack-instances --retain-stacks --call-as "
                "DELEGATED_ADMIN`, and delete the stack in that account"
            )
            yield place.call(UPDATE, "report", why, severity="high")
    tried = [each for each in seen.own if not each.is_at_work]
    late = [each.words for each in seen.behind if each.status != INOPERABLE]
    if tried and late:
        yield place.call(UPDATE, "report", f"failed in {'; '.join(listed(late))}", severity="high")


# -- no longer declared --------------------------------------------------------------------------------


def of_left_over(seen: Seen, place: Place) -> Iterator[Call]:
    """Its accounts first: CloudFormation deletes no StackSet that is in any."""
    if any(each.status == INOPERABLE for each in seen.behind):
        return
    waits = f"CloudFormation, which is at work on it ({seen.at_work[0].action})" if seen.at_work else ""
    steps = [
        take(place, units, sorted(regions), preferences(StackSetOptions(), sorted(regions)))
        for units, regions in _grouped(seen.targets)
    ]
    for number, step in enumerate(steps):
        yield replace(step, after=waits or (f"the first {TAKE}" if number else ""))
    after = waits or (f"{TAKE} of {place.resource}" if steps else "")
    yield place.call(DELETE, "delete", "is no longer declared", after=after)
