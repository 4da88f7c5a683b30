"""In the management account: one GuardDuty policy on the root. Enabling its type ends auto-enable in the whole organization.

It is not closed below, as AWS's pages on these policies name `@@assign` alone: what somebody else's policy on a unit or an
account takes from it is told.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_guardduty.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_guardduty_syntax.html
https://docs.aws.amazon.com/guardduty/latest/ug/guardduty-organization-policies-considerations.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from groundwork.baseline import service_policies
from groundwork.baseline.central_policies import PolicyType, minified
from groundwork.baseline.component import Call, Target, left_to_people
from groundwork.baseline.service_policies import Found, Otherwise, Service, settings_of
from groundwork.declaration import Declaration
from groundwork.declaration.policy_files import Document
from groundwork.errors import InvalidDeclaration

from .settings import Settings

SERVICE = "guardduty.amazonaws.com"
LONGEST = 10_000
"""Characters of a policy. https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html"""
DEFAULT, ENABLEMENT = "default", ("guardduty", "enablement")


def _otherwise(theirs: Document, ours: Document) -> Iterator[Otherwise]:
    """What is off by it in a block of ours, and what a Region's block leaves out in place of our default."""
    blocks = {name: _statuses(block) for name, block in settings_of(theirs, *ENABLEMENT)}
    for name, block in settings_of(ours, *ENABLEMENT):
        there = blocks.get(name, {})
        for feature in block:
            if there.get(feature, "enabled") != "enabled":
                yield Otherwise(f"{name}.{feature} is {there[feature]}", takes=True)
        if name != DEFAULT:
            continue
        for region, instead in blocks.items():
            missing = [feature for feature in block if instead.get(feature) != "enabled"]
            if region != DEFAULT and missing:
                yield Otherwise(f"{region} has, in place of our default, no {', '.join(missing)}", takes=True)


def _statuses(block: Mapping[str, Any]) -> dict[str, str]:
    found = {name: dict(settings_of(block, name)).get("status", {}) for name in block}
    return {name: str(status["@@assign"]) for name, status in found.items() if "@@assign" in status}


TYPE = PolicyType(
    "GUARDDUTY_POLICY",
    "GuardDuty policy",
    "Groundwork: GuardDuty is on in every account. Declared in baseline.yaml; changes made here are put right.",
    partial(service_policies.differences, hidden=("guardduty", "enablement", "status", "@@assign")),
)
GUARDDUTY = Service(
    *("GuardDuty", "guardduty", SERVICE, "AWSServiceRoleForAmazonGuardDuty", TYPE, "threat-detection"),
    otherwise=_otherwise,
    ends="with it, auto-enable ends in the whole organization",
)
READS, WRITES = GUARDDUTY.reads(), GUARDDUTY.writes()


def content(settings: Settings, regions: Sequence[str]) -> dict[str, Any]:
    """A block for each governed Region, or the one for all. A Region's block would replace that, not add to it."""
    block = {
        key.replace("-", "_"): {"status": {"@@assign": "enabled"}}
        for key in ("foundational", *settings.features)
    }
    names = [DEFAULT] if settings.regions == "all" else sorted(regions)
    return {"guardduty": {"enablement": dict.fromkeys(names, block)}}


def rendered(settings: Settings, declaration: Declaration) -> Document:
    """Raises InvalidDeclaration for what AWS takes as too long."""
    document = content(settings, declaration.regions.governed)
    length = len(minified(document))
    if length > LONGEST:
        raise InvalidDeclaration(
            f"baseline.yaml: threatDetection: the GuardDuty policy has {length} characters, AWS takes {LONGEST}; declare "
            "regions: all, which is one block instead of one for each governed Region, or fewer features."
        )
    return document


def read(settings: Settings, target: Target) -> Found:
    return service_policies.read(GUARDDUTY, settings.policy, target)


def calls(settings: Settings, found: Found, target: Target) -> Iterator[Call]:
    if settings.by == "policy":
        document = content(settings, target.declaration.regions.governed)
        resource = f"{TYPE.words} {settings.policy}"
        held = service_policies.held(GUARDDUTY, settings.policy, document, found, target)
    else:
        resource, held = "GuardDuty", _no_longer_held(settings, found)
    yield from service_policies.calls(GUARDDUTY, resource, held, found, target)


def _no_longer_held(settings: Settings, found: Found) -> Iterator[Call]:
    """What the policy left behind. Nobody's auto-enable works beside the policy type."""
    there = found.policies.policies.get(settings.policy)
    if there:
        call = Call(
            *("organizations", "DetachPolicy", {}, f"{TYPE.words} {there.name}", "delete"),
            reason="is ours, and by: auto-enable is declared",
        )
        yield left_to_people(call)
    if found.type_status:
        why = (
            "is on in the root, which keeps auto-enable off in the whole organization: detach its policies and disable it by "
            "hand (aws organizations disable-policy-type), or declare by: policy"
        )
        yield GUARDDUTY.report(f"policy type {TYPE.name}", why)
