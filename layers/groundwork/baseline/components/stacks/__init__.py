"""stacks: the owner's own templates, each as a stack of AWS CloudFormation in the accounts and Regions that it is
declared for, made by a role of its own that may do what the declaration says.

A stack is compared with its template, its parameters and its termination protection. What is changed in its resources
behind CloudFormation's back a plan tells where `driftDetection` is declared. Where an update is due, a change set says what
it would do. CloudFormation works on its own: the state machine asks again until it is done, and one execution asks for each
operation once. What failed is told with CloudFormation's own first failed event.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacks.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from groundwork.baseline.component import Call, Component, Needs, Permission, Target
from groundwork.baseline.components.access import state as iam_state
from groundwork.baseline.components.access.state import RoleState
from groundwork.baseline.components.stacks import change_sets, denied, drift, large, roles, state
from groundwork.baseline.components.stacks.calls import APPLIED, PLANNED, Declared, Place
from groundwork.baseline.components.stacks.difference import Difference, Found, is_due, stacks_of
from groundwork.baseline.components.stacks.drift import Drift
from groundwork.baseline.components.stacks.state import Seen
from groundwork.baseline.components.stacks.words import ChangeSet
from groundwork.baseline.regions import FIND_REGIONS, governed, in_each, others, skipped
from groundwork.contracts import Account, Organization
from groundwork.declaration import Declaration
from groundwork.declaration.stacks import COMPONENT, ROLE, STACK, declared_in
from groundwork.errors import StackFailed, StackInProgress, TemplateNotThere

_STACKS = (f"arn:{{partition}}:cloudformation:*:{{account}}:stack/{STACK}*/*",)
_CHANGE_SETS = (f"arn:{{partition}}:cloudformation:*:{{account}}:changeSet/{STACK}*",)
"""PLANNED and APPLIED. One pattern, in one statement: a session's policy has 2,048 characters."""
_ROLES = (f"arn:{{partition}}:iam::{{account}}:role/{ROLE}*",)


def _on_change_set(name: str, *more: str) -> Permission:
    return Permission(
        [f"cloudformation:{operation}ChangeSet" for operation in ("Create", "Delete", "Describe", *more)],
        _STACKS,
        {"StringEquals": {"cloudformation:ChangeSetName": name}},
    )


_PASSED = Permission(
    ["iam:PassRole"], _ROLES, {"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}}
)
"""In a plan, too: the guide says of a stack's role both that whoever works on the stack must be allowed to pass it, and that
they need not be."""


class Stacks(Component[Found]):
    name = COMPONENT
    lasting = StackInProgress
    reads = (
        Permission(["cloudformation:DescribeStacks", "iam:GetAccountAuthorizationDetails", "iam:ListRoles"]),
        Permission(
            [
                "cloudformation:DescribeEvents",
                "cloudformation:DescribeStackEvents",
                "cloudformation:GetTemplate",
            ],
            (*_STACKS, *_CHANGE_SETS),
        ),
        FIND_REGIONS,
    )
    reads_in_plan = (_on_change_set(PLANNED), _PASSED, *drift.reads(_STACKS))
    writes = (
        _on_change_set(APPLIED, "Execute"),
        Permission(
            [
                "cloudformation:CreateStack",
                "cloudformation:DeleteStack",
                "cloudformation:UpdateTerminationProtection",
            ],
            _STACKS,
        ),
        Permission(
            [
                "iam:AttachRolePolicy",
                "iam:CreateRole",
                "iam:DeleteRole",
                "iam:DeleteRolePermissionsBoundary",
                "iam:DeleteRolePolicy",
                "iam:DetachRolePolicy",
                "iam:PutRolePolicy",
                "iam:TagRole",
                "iam:UntagRole",
                "iam:UpdateAssumeRolePolicy",
                "iam:UpdateRole",
            ],
            _ROLES,
        ),
        _PASSED,
    )

    def needs(self, account: Account, organization: Organization, declaration: Declaration) -> Needs:
        """CloudFormation reads with the session of whoever asks it. So in an account with a stack of a large template also
        `s3:GetObject` of `templates/*` in the bucket of templates, with `aws:ResourceAccount` of the security account; and in a
        plan what `driftReads` names."""
        its = super().needs(account, organization, declaration)
        here = declared_in(declaration.stacks, account) if account.kind != "management" else []
        templates = large.reads(here, account, organization, declaration)
        actions = {action for each in here if each.drift_detection for action in each.drift_reads}
        drift_reads = [Permission(sorted(actions))] if actions else []
        return its._replace(
            reads_in_plan=[*its.reads_in_plan, *templates, *drift_reads], writes=[*its.writes, *templates]
        )

    # -- read ----------------------------------------------------------------------------------------

    def read(self, target: Target) -> Found:
        """Stacks are looked for where one is declared; in every governed Region while there is a role of one that is not,
        or the account is behind the declaration; and in all others of the account before a role is deleted."""
        declared = stacks_of(target)
        names = [roles.role_name(each.name) for each in declared]
        account = iam_state.read(target.client("iam"), ["Role"], names).roles
        ours = {name: role for name, role in account.items() if name in names or _is_left(role)}
        on, off = governed(target)
        home = target.declaration.regions.home
        wanted = {(each.name, region) for each in declared for region in each.places(home)}
        regions = {region for _, region in wanted} & set(on)
        if left := target.is_behind or ours.keys() - set(names):
            regions |= set(on)
        if left and (target.is_behind or target.declaration.removes(self.name)):
            regions |= set(others(target, on))

        def look(cloudformation: Any) -> dict[str, Seen]:
            here = cloudformation.meta.region_name
            compared = {
                each.name: target.declaration.template(each.template)
                for each in declared
                if (each.name, here) in wanted
            }
            return state.stacks(cloudformation, compared, remembers=_remembers(target))

        stacks = in_each(target, "cloudformation", sorted(regions), look)
        found = Found(ours, stacks, tuple(each for each in off if any(place == each for _, place in wanted)))
        if target.foresees:
            found = replace(found, drifts=_compared(found, target))
        if _remembers(target):
            found = replace(found, denied=denied.once(stacks, wanted, target))
        if target.foresees or _may_apply(target):
            if target.declaration.large_templates:
                templates = Difference(found, target).templates()
                found = replace(found, not_there=large.not_there(templates, target))
            found = replace(found, change_sets=_asked(found, target))
        return found

    # -- diff ----------------------------------------------------------------------------------------

    def diff(self, found: Found, target: Target) -> Iterable[Call]:
        """Raises `StackFailed` and `TemplateNotThere` once nothing is left that can be done, `InvalidDeclaration` when a role's policies are longer
        than IAM takes, and in a plan `StackInProgress` while CloudFormation makes a change set or compares."""
        difference = Difference(found, target)
        if target.foresees and (pending := _pending(found)):
            raise StackInProgress(f"CloudFormation {', and '.join(pending)}.")
        made = [*difference.of_declared(), *difference.left_over(), *skipped("cloudformation", found.off)]
        failures = difference.failures
        if not target.foresees and not any(is_due(call) for call in made):
            if failures:
                raise StackFailed("; ".join(f"{call.resource}: {call.reason}" for call in failures))
            if found.not_there:
                raise TemplateNotThere(large.unread(found.not_there, target))
        return [*made, *failures]

    def left(self, target: Target) -> Iterable[Call]:
        return self.diff(self.read(target), target)


def _may_apply(target: Target) -> bool:
    """Neither a plan nor the last look."""
    return target.entered_by is not None


def _remembers(target: Target) -> bool:
    """Whether what an earlier try has made is looked for."""
    return _may_apply(target) and bool(target.execution)


def _asked(found: Found, target: Target) -> dict[str, dict[str, ChangeSet]]:
    """By Region and name, what CloudFormation says of each update that is due. What is not executed is deleted once all
    have been read: a plan's, and what failed."""
    difference = Difference(found, target)
    list(difference.of_declared())
    places: dict[str, list[Declared]] = {}
    for place in difference.updates:
        places.setdefault(place.region, []).append(place)
    name = PLANNED if target.foresees else APPLIED

    def ask(cloudformation: Any) -> dict[str, ChangeSet]:
        here = places[cloudformation.meta.region_name]
        return {place.name: change_sets.made(cloudformation, place, name) for place in here}

    with ExitStack() as otherwise:
        if target.foresees:
            otherwise.callback(_remove, difference.updates, target, name)
        told = in_each(target, "cloudformation", sorted(places), ask)
        otherwise.pop_all()
    if not _pending(replace(found, change_sets=told)):
        of_no_use = [
            place
            for place in difference.updates
            for change_set in [told[place.region][place.name]]
            if target.foresees or change_set.idle or change_set.failed
        ]
        for place in of_no_use:
            change_sets.removed(target.client("cloudformation", place.region), place, name)
    return told


def _remove(places: Iterable[Declared], target: Target, name: str) -> None:
    """As far as they can be: why is told by what was raised before."""
    for place in places:
        with suppress(ClientError):
            change_sets.removed(target.client("cloudformation", place.region), place, name)


def _compared(found: Found, target: Target) -> dict[str, dict[str, Drift]]:
    """By Region and name, what CloudFormation says of the resources of each stack with drift detection."""
    wanted = {each.name for each in stacks_of(target) if each.drift_detection}

    def ask(cloudformation: Any) -> dict[str, Drift]:
        here = cloudformation.meta.region_name
        return {
            seen.name: drift.of(cloudformation, seen, Place(name=seen.name, region=here), target.notes)
            for seen in found.stacks[here].values()
            if seen.name in wanted and seen.is_ours and (seen.content or seen.status in drift.COMPARED)
        }

    return in_each(target, "cloudformation", sorted(found.stacks) if wanted else [], ask)


def _pending(found: Found) -> list[str]:
    """What CloudFormation is doing, in words."""
    asked: list[tuple[str, Mapping[str, Mapping[str, ChangeSet | Drift]]]] = [
        ("makes a change set of", found.change_sets),
        ("compares with what is there", found.drifts),
    ]
    pending = {
        verb: [
            Place(name=name, region=region).resource
            for region, here in told.items()
            for name, each in here.items()
            if each.pending
        ]
        for verb, told in asked
    }
    return [f"{verb} {', '.join(stacks)}" for verb, stacks in pending.items() if stacks]


def _is_left(role: RoleState) -> bool:
    return role.name.startswith(ROLE) and roles.OURS.items() <= role.tags.items()
