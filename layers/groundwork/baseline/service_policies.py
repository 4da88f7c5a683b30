"""In the management account: one policy of the organization on the root, which switches a security service of AWS on in every
account, and the service's service-linked role, without which no such policy is sure to reach this account itself.

From the moment on in which a policy type is enabled nothing else may switch the service on in a new account: so the policy is
made first, the type enabled then, and the policy attached at once; all of it when the security account administers every
governed Region, and not before. Nothing is begun where somebody else does, or has a policy on the root. A policy of
somebody else on a unit or an account is closer to the account and holds there against ours: one that says otherwise is
told, and left to people.

https://docs.aws.amazon.com/guardduty/latest/ug/guardduty-organization-policies-considerations.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_inspector.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from groundwork.baseline import administrators, central_policies, places, service_roles
from groundwork.baseline.central_policies import Other, Policy, PolicyType
from groundwork.baseline.component import Call, Permission, Target
from groundwork.baseline.regions import governed, skipped
from groundwork.contracts import Kind, Severity
from groundwork.declaration import ComponentName
from groundwork.declaration.policy_files import Document
from groundwork.fields import shown

MANAGEMENT: tuple[Kind, ...] = ("management",)
ROLES = "arn:{partition}:iam::{account}:role/"
CHILDREN_MAY, NOTHING = "@@operators_allowed_for_child_policies", ["@@none"]


class Otherwise(NamedTuple):
    """What somebody else's policy says of a setting of ours. `takes`: less than what ours switches on is on then."""

    words: str
    takes: bool


@dataclass(frozen=True)
class Service:
    """One that policies of its own type switch on. `name` is for people, `client` as the SDK calls it. `role` is its
    service-linked role in the management account. `otherwise` compares somebody else's policy with ours. `ends` says what
    else enabling the type does."""

    name: str
    client: str
    principal: str
    role: str
    type: PolicyType
    component: ComponentName
    otherwise: Callable[[Document, Document], Iterator[Otherwise]]
    ends: str = ""

    def reads(self) -> tuple[Permission, ...]:
        looks = (*administrators.looks([self.client]), "organizations:ListRoots")
        return (
            replace(central_policies.READS, kinds=MANAGEMENT),
            Permission(looks, kinds=MANAGEMENT),
            # While the role does not exist, IAM knows no path of it.
            Permission(("iam:GetRole",), (f"{ROLES}*{self.role}",), kinds=MANAGEMENT),
        )

    def writes(self) -> tuple[Permission, ...]:
        return (
            *(replace(each, kinds=MANAGEMENT) for each in central_policies.writes(self.type.name)),
            Permission(
                ("organizations:EnablePolicyType",),
                ("arn:{partition}:organizations::{account}:root/o-*/r-*",),
                kinds=MANAGEMENT,
            ),
            Permission(
                ("iam:CreateServiceLinkedRole",),
                (f"{ROLES}aws-service-role/{self.principal}/*",),
                {"StringEquals": {"iam:AWSServiceName": self.principal}},
                kinds=MANAGEMENT,
            ),
        )

    def report(self, resource: str, reason: str, severity: Severity = "medium") -> Call:
        return Call(self.client, "", {}, resource, "report", reason, severity=severity)


@dataclass(frozen=True)
class Found:
    """`type_status` is that of the policy type in the root, empty where it is off. `role`: whether the service-linked role
    exists. `others` are everybody else's policies of the type, wherever they hang."""

    administrators: administrators.ByRegion = field(default_factory=dict)
    off: tuple[str, ...] = ()
    policies: central_policies.Found = field(default_factory=central_policies.Found)
    type_status: str = ""
    role: bool = False
    others: tuple[Other, ...] = ()

    def closes(self, name: str) -> bool:
        """Whether the policy of this name is there and lets none below it say otherwise."""
        there = self.policies.policies.get(name)
        return there is not None and _closes(there.document)


def differences(found: Document, wanted: Document, hidden: Iterable[str]) -> str:
    """What two documents set otherwise, by where; the names of `hidden` settings are left out."""
    there, declared = dict(_settings(found, hidden)), dict(_settings(wanted, hidden))
    return "; ".join(
        f"{name} is {there.get(name, 'not there')}, expected {declared.get(name, 'not there')}"
        for name in sorted(there.keys() | declared.keys())
        if there.get(name) != declared.get(name)
    )


def _settings(document: object, hidden: Iterable[str], within: str = "") -> Iterator[tuple[str, str]]:
    """What a document sets, by where: `us-east-1.foundational` is enabled."""
    if not isinstance(document, Mapping):
        shown = (
            ", ".join(sorted(map(str, document))) or "empty" if isinstance(document, list) else str(document)
        )
        yield within, shown
        return
    for key, value in document.items():
        yield from _settings(value, hidden, within if key in hidden else f"{within}.{key}".lstrip("."))


def settings_of(content: object, *path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What a document has below this path, by name; nothing where that is not there."""
    for name in path:
        content = content.get(name) if isinstance(content, Mapping) else None
    if isinstance(content, Mapping):
        yield from ((name, below) for name, below in content.items() if isinstance(below, Mapping))


def read(service: Service, name: str, target: Target) -> Found:
    """`name` is that of the policy."""
    if target.organization.security_account_id is None:
        return Found()
    on, off = governed(target)
    (root,) = target.client("organizations").list_roots()["Roots"]
    types = {each["Type"]: each["Status"] for each in root["PolicyTypes"]}
    return Found(
        administrators.read(service.client, on, target),
        off,
        central_policies.read(service.type, [name], [target.organization.root_id], target),
        types.get(service.type.name, ""),
        service_roles.exists(service.role, target),
        central_policies.others(target.client("organizations"), service.type.name, [name]),
    )


def calls(
    service: Service, resource: str, held: Iterable[Call], found: Found, target: Target
) -> Iterator[Call]:
    """`held` are the calls that come where the security account may administer; `resource` is what waits for it."""
    if target.organization.security_account_id is None:
        waits = f"waits for the security account, which is to administer {service.name}"
        yield service.report(resource, waits)
        return
    others = administrators.strangers(found.administrators, target)
    yield from administrators.reports(service.client, service.component, others)
    if others:
        return
    if not found.role:
        missing = f"does not exist: {service.name} is switched on for everybody but the management account"
        yield service_roles.creation(service.principal, service.role, missing)
    yield from held
    yield from skipped(service.client, found.off)


def held(service: Service, name: str, content: Document, found: Found, target: Target) -> Iterator[Call]:
    """The calls that lead to one policy of this name and content on the root."""
    resource = f"{service.type.words} {name}"
    if found.policies.others:
        theirs = ", ".join(found.policies.others)
        why = (
            f"is not attached to the root, where somebody else's {theirs} is: two would be one policy, of which neither side "
            f"knows all. Detach that one by hand, or take {service.component} out of the baseline"
        )
        yield service.report(resource, why)
        return
    missing = [region for region, each in found.administrators.items() if not each.account or each.leaving]
    if missing and not found.type_status:
        where = ", ".join(missing)
        waits = f"waits for the security account to administer {service.name} in {where}"
        yield service.report(resource, waits)
        return
    wanted = Policy(
        name,
        content,
        {target.organization.root_id: "the root"},
        harm=f"{service.name} is on where somebody switches it on",
        idle=f"it switches {service.name} on in no account",
    )
    for call in central_policies.calls(service.type, [wanted], found.policies, target):
        if call.operation == "AttachPolicy" and found.type_status != "ENABLED":
            if not found.type_status:
                yield _enabling(service, target)
            call = replace(call, after=call.after or f"{service.type.name} is enabled")
        yield call
    yield from _told(service, name, content, found, target)


def below(
    service: Service, content: Document, found: Found, target: Target
) -> Iterator[tuple[Other, str, list[Otherwise]]]:
    """Everybody else's policies that say otherwise than this content on a unit or an account, and where each does."""
    for other in found.others:
        if differing := list(service.otherwise(other.content, content)):
            for place in other.attached:
                if place != target.organization.root_id:
                    yield other, places.in_words(place, target), differing


def _told(service: Service, name: str, content: Document, found: Found, target: Target) -> Iterator[Call]:
    resource, there = f"{service.type.words} {name}", found.policies.policies.get(name)
    closed = there is not None and there.document == content and _closes(content)
    for other, where, differing in below(service, content, found, target):
        says = f"{shown(other.name)} on {where} says {'; '.join(each.words for each in differing)}"
        if closed:
            yield service.report(
                resource, f"{says}, and has no effect: ours is closed below; take it off", "low"
            )
        elif any(each.takes for each in differing):
            remedy = "take that policy off, or this out of it"
            yield service.report(
                resource, f"{says}: closer to the account, it holds there against ours; {remedy}", "high"
            )
        else:
            yield service.report(resource, f"{says}: while it does, ours stays open below", "low")


def _closes(document: object) -> bool:
    """Whether any setting of it is closed below."""
    if not isinstance(document, Mapping):
        return False
    return document.get(CHILDREN_MAY) == NOTHING or any(map(_closes, document.values()))


def _enabling(service: Service, target: Target) -> Call:
    given = {"RootId": target.organization.root_id, "PolicyType": service.type.name}
    ends = f"; {service.ends}" if service.ends else ""
    return Call(
        *("organizations", "EnablePolicyType", given, f"policy type {service.type.name}", "create"),
        reason=f"is off in the root: no such policy switches {service.name} on{ends}",
        severity="high",
    )
