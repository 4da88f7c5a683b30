"""How policies combine into one decision.

Follows "Policy evaluation logic" of the IAM User Guide, within one account and across accounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from groundwork.policies.documents import Kind, Match, Policy, Request

Layer = Literal[
    "an identity-based policy",
    "a resource-based policy",
    "a permissions boundary",
    "a session policy",
    "a service control policy",
    "a resource control policy",
    "the role trust policy",
]
Levels = Sequence[Sequence[Policy]]
"""Organization policies: the root's, each unit's on the way down, the account's own. Each level must allow."""


@dataclass(frozen=True)
class Decision:
    """True where allowed. `layer` is which kind of policy decided against, `explicit` whether by a Deny."""

    allowed: bool
    layer: Layer | None = None
    explicit: bool = False

    def __bool__(self) -> bool:
        return self.allowed

    def reason(self, action: str) -> str:
        """The end of AWS's message ("Troubleshoot access denied error messages", IAM User Guide)."""
        if self.layer is None:
            return ""
        if self.explicit:
            return f" with an explicit deny in {self.layer}"
        return f" because no {self.layer.split(' ', 1)[1]} allows the {action} action"


ALLOWED = Decision(True)


@dataclass(frozen=True)
class Authority:
    """Everything that says what a principal may do, except the resource's own policy.

    identity is None for the root user, whom no identity policy binds. boundary and session are None where
    there is none (a session can have several: they are one layer).
    """

    identity: Sequence[Policy] | None
    boundary: Sequence[Policy] | None = None
    session: Sequence[Policy] | None = None
    service_control: Levels = ()


@dataclass(frozen=True)
class ResourceSide:
    """The resource's own policy and the account that holds the resource.

    required: the service admits no one whom the resource's policy does not (roles' trust, KMS keys).
    """

    policy: Policy | None = None
    account: str | None = None
    required: bool = False
    control: Levels = ()


def decide(request: Request, authority: Authority, resource: ResourceSide) -> Decision:
    """May the caller do this? An explicit deny anywhere wins; then every layer that applies must allow."""
    layers = _layers(authority)
    resource_layer = _layer_of(resource.policy)
    granted = Match.NONE
    for layer, policies in layers:
        if any(policy.verdict(request).denied for policy in policies):
            return Decision(False, layer, explicit=True)
    for level in resource.control:
        if any(policy.verdict(request).denied for policy in level):
            return Decision(False, "a resource control policy", explicit=True)
    if resource.policy is not None:
        verdict = resource.policy.verdict(request)
        if verdict.denied:
            return Decision(False, resource_layer, explicit=True)
        granted = verdict.allowed
    for level in authority.service_control:
        if not _allows(level, request):
            return Decision(False, "a service control policy")
    for level in resource.control:
        if not _allows(level, request):
            return Decision(False, "a resource control policy")
    crosses = resource.account is not None and resource.account != request.caller.account
    if (crosses or resource.required) and not granted:
        return Decision(False, resource_layer)
    return _principal_side(request, authority, Match.ACCOUNT if crosses else granted)


def _principal_side(request: Request, authority: Authority, granted: Match) -> Decision:
    """The caller's own policies, less those that the resource's policy makes dispensable in one account."""
    if granted is Match.DIRECT:
        return ALLOWED
    asked = granted is not Match.ROLE and authority.identity is not None
    if asked and not _allows(authority.identity or (), request):
        return Decision(False, "an identity-based policy")
    if authority.boundary is not None and not _allows(authority.boundary, request):
        return Decision(False, "a permissions boundary")
    if authority.session is not None and not _allows(authority.session, request):
        return Decision(False, "a session policy")
    return ALLOWED


def decide_for_service(request: Request, resource: ResourceSide) -> Decision:
    """May a service principal do this? The resource's policy speaks, and the organization's over it: a service has
    none of its own."""
    layer = _layer_of(resource.policy)
    for level in resource.control:
        if any(policy.verdict(request).denied for policy in level):
            return Decision(False, "a resource control policy", explicit=True)
    if resource.policy is None:
        return Decision(False, layer)
    verdict = resource.policy.verdict(request)
    if verdict.denied or not verdict.allowed:
        return Decision(False, layer, explicit=verdict.denied)
    return ALLOWED


def _layers(authority: Authority) -> list[tuple[Layer, Iterable[Policy]]]:
    return [
        ("a service control policy", [policy for level in authority.service_control for policy in level]),
        ("an identity-based policy", authority.identity or ()),
        ("a permissions boundary", authority.boundary or ()),
        ("a session policy", authority.session or ()),
    ]


def _layer_of(policy: Policy | None) -> Layer:
    return "the role trust policy" if policy and policy.kind is Kind.TRUST else "a resource-based policy"


def _allows(policies: Iterable[Policy], request: Request) -> bool:
    return any(policy.verdict(request).allowed for policy in policies)
