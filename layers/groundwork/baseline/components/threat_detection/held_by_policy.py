"""In the management account: one GuardDuty policy on the root, and GuardDuty's service-linked role, without which no policy
reaches this account itself.

From the moment on in which the policy type is enabled nothing else switches GuardDuty on in a new account: so the policy is
made first, the type enabled then, and the policy attached at once; all of it when the security account administers every
governed Region, and not before. Nothing is begun where somebody else does, or has a policy on the root.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_guardduty_syntax.html
https://docs.aws.amazon.com/guardduty/latest/ug/guardduty-organization-policies-considerations.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from groundwork.baseline import administrators, central_policies, service_roles
from groundwork.baseline.central_policies import Policy, PolicyType, minified
from groundwork.baseline.component import Call, Permission, Target, left_to_people
from groundwork.baseline.regions import governed, skipped
from groundwork.contracts import Kind
from groundwork.declaration import Declaration
from groundwork.declaration.policy_files import Document
from groundwork.errors import InvalidDeclaration

from .settings import Settings

SERVICE = "guardduty.amazonaws.com"
ROLE_NAME = "AWSServiceRoleForAmazonGuardDuty"
MANAGEMENT: tuple[Kind, ...] = ("management",)
ROLES = "arn:{partition}:iam::{account}:role/"
LONGEST = 10_000
"""Characters of a policy. https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html"""


def _differences(found: Document, wanted: Document) -> str:
    there, declared = dict(_settings(found)), dict(_settings(wanted))
    return "; ".join(
        f"{name} is {there.get(name, 'not there')}, expected {declared.get(name, 'not there')}"
        for name in sorted(there.keys() | declared.keys())
        if there.get(name) != declared.get(name)
    )


def _settings(document: object, within: str = "") -> Iterator[tuple[str, str]]:
    """What a document sets, by where: `us-east-1.foundational` is enabled."""
    if not isinstance(document, Mapping):
        yield within, str(document)
        return
    for key, value in document.items():
        hidden = key in ("guardduty", "enablement", "status", "@@assign")
        yield from _settings(value, within if hidden else f"{within}.{key}".lstrip("."))


TYPE = PolicyType(
    "GUARDDUTY_POLICY",
    "GuardDuty policy",
    "Groundwork: GuardDuty is on in every account. Declared in baseline.yaml; changes made here are put right.",
    _differences,
)
READS = (
    replace(central_policies.READS, kinds=MANAGEMENT),
    Permission(("guardduty:ListOrganizationAdminAccounts", "organizations:ListRoots"), kinds=MANAGEMENT),
    # While the role does not exist, IAM knows no path of it.
    Permission(("iam:GetRole",), (f"{ROLES}*{ROLE_NAME}",), kinds=MANAGEMENT),
)
WRITES = (
    *(replace(each, kinds=MANAGEMENT) for each in central_policies.writes(TYPE.name)),
    Permission(
        ("organizations:EnablePolicyType",),
        ("arn:{partition}:organizations::{account}:root/o-*/r-*",),
        kinds=MANAGEMENT,
    ),
    Permission(
        ("iam:CreateServiceLinkedRole",),
        (f"{ROLES}aws-service-role/{SERVICE}/*",),
        {"StringEquals": {"iam:AWSServiceName": SERVICE}},
        kinds=MANAGEMENT,
    ),
)


@dataclass(frozen=True)
class Found:
    """`type_status` is that of the policy type in the root, empty where it is off. `role`: whether the service-linked role
    exists."""

    administrators: administrators.ByRegion = field(default_factory=dict)
    off: tuple[str, ...] = ()
    policies: central_policies.Found = field(default_factory=central_policies.Found)
    type_status: str = ""
    role: bool = False


def content(settings: Settings, regions: Sequence[str]) -> dict[str, Any]:
    """A block for each governed Region, or the one for all. A Region's block would replace that, not add to it."""
    block = {
        key.replace("-", "_"): {"status": {"@@assign": "enabled"}}
        for key in ("foundational", *settings.features)
    }
    names = ["default"] if settings.regions == "all" else sorted(regions)
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
    if target.organization.security_account_id is None:
        return Found()
    on, off = governed(target)
    (root,) = target.client("organizations").list_roots()["Roots"]
    types = {each["Type"]: each["Status"] for each in root["PolicyTypes"]}
    return Found(
        administrators.read("guardduty", on, target),
        off,
        central_policies.read(TYPE, [settings.policy], [target.organization.root_id], target),
        types.get(TYPE.name, ""),
        service_roles.exists(ROLE_NAME, target),
    )


def calls(settings: Settings, found: Found, target: Target) -> Iterator[Call]:
    resource = f"{TYPE.words} {settings.policy}" if settings.by == "policy" else "GuardDuty"
    if target.organization.security_account_id is None:
        yield _report(resource, "waits for the security account, which is to administer GuardDuty")
        return
    others = administrators.strangers(found.administrators, target)
    yield from administrators.reports("guardduty", "threat-detection", others)
    if others:
        return
    if not found.role:
        missing = "does not exist: GuardDuty is switched on for everybody but the management account"
        yield service_roles.creation(SERVICE, ROLE_NAME, missing)
    if settings.by == "policy":
        yield from _held(settings, resource, found, target)
    else:
        yield from _no_longer_held(settings, found)
    yield from skipped("guardduty", found.off)


def _held(settings: Settings, resource: str, found: Found, target: Target) -> Iterator[Call]:
    if found.policies.others:
        theirs = ", ".join(found.policies.others)
        why = (
            f"is not attached to the root, where somebody else's {theirs} is: two would be one policy, of which neither side "
            f"knows all. Detach that one by hand, or take threat-detection out of the baseline"
        )
        yield _report(resource, why)
        return
    missing = [name for name, each in found.administrators.items() if not each.account or each.leaving]
    if missing and not found.type_status:
        where = ", ".join(missing)
        yield _report(resource, f"waits for the security account to administer GuardDuty in {where}")
        return
    wanted = Policy(
        settings.policy,
        content(settings, target.declaration.regions.governed),
        {target.organization.root_id: "the root"},
        harm="GuardDuty is on where somebody switches it on",
        idle="it switches GuardDuty on in no account",
    )
    for call in central_policies.calls(TYPE, [wanted], found.policies, target):
        if call.operation == "AttachPolicy" and found.type_status != "ENABLED":
            if not found.type_status:
                yield _enabling(target)
            call = replace(call, after=call.after or f"{TYPE.name} is enabled")
        yield call


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
        yield _report(f"policy type {TYPE.name}", why)


def _enabling(target: Target) -> Call:
    given = {"RootId": target.organization.root_id, "PolicyType": TYPE.name}
    return Call(
        *("organizations", "EnablePolicyType", given, f"policy type {TYPE.name}", "create"),
        reason="is off in the root: no such policy switches GuardDuty on; with it, auto-enable ends in the whole organization",
        severity="high",
    )


def _report(resource: str, reason: str) -> Call:
    return Call("guardduty", "", {}, resource, "report", reason)
