"""stack-sets: the owner's own templates, each as one StackSet of AWS CloudFormation that deploys it to whole organizational
units, and by itself to each account that comes into one.

It works in the account that has it in its line of the baseline, as the delegated administrator of StackSets, which a person
makes it: whoever may register one has AdministratorAccess in every member account. Until then a plan says so, and nothing
fails. No other account pays a call for it. A StackSet of ours is known by its description. CloudFormation carries out one
operation after the other, on its own: the state machine asks again until it is done, and one execution asks for each operation
once. What failed is told with CloudFormation's own words: account, Region and reason.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/what-is-cfnstacksets.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-delegated-admin.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-manage-auto-deployment.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from groundwork.baseline.component import Call, Component, Permission, Target, removal
from groundwork.baseline.components.access.documents import NotYetKnown
from groundwork.baseline.components.stack_sets import calls, state
from groundwork.baseline.components.stack_sets.calls import Declared, Place
from groundwork.baseline.components.stack_sets.state import Seen
from groundwork.baseline.components.stacks import parameters
from groundwork.baseline.components.stacks.words import listed
from groundwork.declaration.stacks import COMPONENT, SETS, STACK, Stack, stack_sets
from groundwork.errors import StackFailed, StackInProgress

PRINCIPAL = "member.org.stacksets.cloudformation.amazonaws.com"
_SETS = f"arn:{{partition}}:cloudformation:*:*:stackset/{STACK}*"
"""Of whichever account: AWS keeps a delegated administrator's in the management account."""


@dataclass(frozen=True)
class Found:
    """The StackSets of our names that are declared, or ours, by what follows STACK. `administers`: whether the account may
    ask for them."""

    sets: Mapping[str, Seen] = field(default_factory=dict)
    administers: bool = True


class StackSets(Component[Found]):
    name = SETS
    kinds = ("security", "tooling")
    lasting = StackInProgress
    reads = (
        Permission(["cloudformation:ListStackSets", "organizations:ListDelegatedAdministrators"]),
        Permission(
            [
                "cloudformation:DescribeStackSet",
                "cloudformation:DescribeStackSetOperation",
                "cloudformation:ListStackInstances",
                "cloudformation:ListStackSetAutoDeploymentTargets",
                "cloudformation:ListStackSetOperationResults",
                "cloudformation:ListStackSetOperations",
            ],
            (_SETS,),
        ),
    )
    writes = (
        Permission(["cloudformation:CreateStackSet"]),
        Permission(["cloudformation:DeleteStackSet"], (_SETS,)),
        Permission(
            [
                "cloudformation:CreateStackInstances",
                "cloudformation:DeleteStackInstances",
                "cloudformation:UpdateStackSet",
            ],
            (
                _SETS,
                "arn:{partition}:cloudformation:*:*:stackset-target/*",
                "arn:{partition}:cloudformation:*:*:type/resource/*",
            ),
        ),
    )

    # -- read ----------------------------------------------------------------------------------------

    def read(self, target: Target) -> Found:
        """Nothing is asked where none is declared, unless the account is behind the declaration."""
        declared = {each.name for each in _declared(target)}
        if not declared and not target.is_behind:
            return Found()
        cloudformation = target.client("cloudformation", target.declaration.regions.home)
        there = state.listed(cloudformation)
        if there is None:
            return Found(administers=False)
        asked = [call.parameters for call in target.made if call.service == "cloudformation"]
        found: dict[str, Seen] = {}
        for name, summary in there.items():
            if not state.is_ours(summary):
                if name in declared:
                    found[name] = Seen(name, is_ours=False)
                continue
            ids = {each["OperationId"] for each in asked if _is_about(name, each) and "OperationId" in each}
            found[name] = state.seen(cloudformation, name, target.execution, sorted(ids))
        return Found(found)

    # -- diff ----------------------------------------------------------------------------------------

    def diff(self, found: Found, target: Target) -> Iterable[Call]:
        """Raises `StackFailed` once nothing is left that can be done."""
        if not found.administers:
            return [_not_delegated(target)] if _declared(target) else []
        failures: list[Call] = []
        made = [*_of_declared(found, target, failures), *_left_over(found, target, failures)]
        if failures and not target.foresees and not any(each.is_open and not each.after for each in made):
            raise StackFailed("; ".join(f"{each.resource}: {each.reason}" for each in failures) + ".")
        return [*made, *failures]

    def left(self, target: Target) -> Iterable[Call]:
        return self.diff(self.read(target), target)


def _declared(target: Target) -> list[Stack]:
    return stack_sets(target.declaration.stacks) if target.is_declared(SETS) else []


def _is_about(name: str, asked: Mapping[str, object]) -> bool:
    return asked.get("StackSetName") == f"{STACK}{name}"


def _not_delegated(target: Target) -> Call:
    told = (
        f"is not account {target.account.id}, so that no StackSet is laid down: in the management account, an administrator "
        f"activates it (`aws cloudformation activate-organizations-access`) and registers the account (`aws organizations "
        f"register-delegated-administrator --service-principal {PRINCIPAL} --account-id {target.account.id}`). Whoever may "
        "make StackSets there has AdministratorAccess in all member accounts"
    )
    return Call("cloudformation", "", {}, f"delegated administrator of {PRINCIPAL}", "report", told)


def _of_declared(found: Found, target: Target, failures: list[Call]) -> Iterator[Call]:
    for stack in _declared(target):
        home = target.declaration.regions.home
        place = Place(name=stack.name, region=home, execution=target.execution)
        seen = found.sets.get(stack.name)
        if seen and not seen.is_ours:
            told = "is there, made by others: left alone; delete it, or give the declared one another name"
            yield place.call(calls.UPDATE, "report", told)
            continue
        if failed := _failed(seen):
            failures.append(place.call(calls.UPDATE, "report", failed, severity="high"))
            continue
        try:
            declared = _placed(stack, target)
        except NotYetKnown as unknown:
            later = f"left out for now: {unknown}; it is laid down once that is there"
            yield place.call(calls.CREATE, "report", later)
            continue
        tried = bool(seen and seen.own)
        retries = target.foresees or (bool(target.execution) and not tried)
        removes = target.declaration.removes(COMPONENT)
        yield from calls.of_declared(seen, declared, retries=retries, removes=removes)
        if seen:
            yield from calls.told(seen, place)


def _placed(stack: Stack, target: Target) -> Declared:
    """Raises `NotYetKnown`."""
    units = target.organization.units
    if missing := [each for each in stack.where.organizational_units if each not in units]:
        raise NotYetKnown(f"the organizational unit {missing[0]} is not there")
    template, home = target.declaration.template(stack.template), target.declaration.regions.home
    return Declared(
        name=stack.name,
        region=home,
        execution=target.execution,
        stack=stack,
        template=template,
        values=template.values(parameters.filled(stack, target)),
        units={path: units[path].rstrip("/").rpartition("/")[2] for path in stack.where.organizational_units},
        places=tuple(stack.places(home)),
    )


def _failed(seen: Seen | None) -> str:
    """What this execution has asked for, and came to nothing."""
    failed = [each for each in seen.own if each.status in ("FAILED", "STOPPED")] if seen else []
    if not failed:
        return ""
    words = "; ".join(listed(dict.fromkeys(words for each in failed for words in each.failures)))
    return f"{failed[0].action} failed: {words or 'CloudFormation gives no reason'}"


def _left_over(found: Found, target: Target, failures: list[Call]) -> Iterator[Call]:
    """AWS keeps the StackSets of all delegated administrators in one place: whichever account's line has them, they are declared."""
    declared = {each.name for each in stack_sets(target.declaration.stacks)}
    for name, seen in found.sets.items():
        if name in declared or not seen.is_ours:
            continue
        place = Place(name=name, region=target.declaration.regions.home, execution=target.execution)
        if failed := _failed(seen):
            failures.append(
                place.call(calls.DELETE, "report", f"is no longer declared: {failed}", severity="high")
            )
            continue
        yield from removal(COMPONENT, calls.of_left_over(seen, place), target)
        yield from calls.told(seen, place)
