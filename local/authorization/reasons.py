"""Which policy refused a call, and which statement of it: what AWS tells nobody, and whoever looks at the call log wants to
know. Looked for only once a call is refused, while the policies are still those that refused it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from moto.iam.models import User

from groundwork.policies.conditions import as_list
from groundwork.policies.decision import Decision
from groundwork.policies.documents import Kind, Policy, Request
from local.authorization import state
from local.authorization.state import Membership
from local.identity.principals import Principal
from local.organizations.policy_types import RCP, SCP

Named = tuple[str, str]
"""What a policy is called, and its text."""


def reason(decision: Decision, request: Request, principal: Principal, place: Membership | None) -> str:
    """A refusal in words: `SCP groundwork-guardrails, statement ProtectTrails`. Without a policy that denies it is the kind
    of policy of which none allows."""
    layer = decision.layer
    if layer is None:
        return "what credentials of this kind may not do at all"
    if not decision.explicit:
        return f"no {layer.split(' ', 1)[1]}{_where(layer, request, principal, place)} allows it"
    kind, policies = _policies(layer, request, principal, place)
    for name, text in policies:
        statement = _denying(text, kind, request)
        if statement is not None:
            return f"{name}, statement {statement}"
    return f"an explicit deny in {layer}"


def _policies(
    layer: str, request: Request, principal: Principal, place: Membership | None
) -> tuple[Kind, Iterable[Named]]:
    match layer:
        case "a service control policy":
            return Kind.IDENTITY, _of_organization(place, SCP, "SCP")
        case "a resource control policy":
            owner = state.membership(request.resource.split(":")[4]) if ":" in request.resource else place
            return Kind.RESOURCE, _of_organization(owner or place, RCP, "RCP")
        case "a session policy":
            texts: Sequence[str] = principal.session_policies or ()
            return Kind.SESSION, [("the session policy", text) for text in texts]
        case "a permissions boundary":
            arn = getattr(_holder(principal), "permissions_boundary_arn", "") or ""
            text = state.managed_policy_text(principal.account, arn)
            return Kind.IDENTITY, [(f"permissions boundary {_short(arn)}", text)] if text else []
        case "an identity-based policy":
            return Kind.IDENTITY, _of_identity(principal)
        case _:
            text = state.resource_policy_text(request.resource)
            kind = Kind.TRUST if layer == "the role trust policy" else Kind.RESOURCE
            name = f"{'trust policy' if kind is Kind.TRUST else 'policy'} of {_short(request.resource)}"
            return kind, [(name, text)] if text else []


def _of_organization(place: Membership | None, kind: str, called: str) -> Iterator[Named]:
    for target in place.targets if place else ():
        for policy in list(target.attached_policies):
            if policy.type == kind:
                yield f"{called} {policy.name}", policy.content


def _holder(principal: Principal) -> Any:
    if principal.kind == "user":
        return state.find_user(principal.account, principal.name)
    return state.find_role(principal.account, principal.role_name) if principal.role_name else None


def _of_identity(principal: Principal) -> Iterator[Named]:
    holder = _holder(principal)
    holders = [holder] if holder else []
    if isinstance(holder, User):
        holders += [group for group in state.iam(principal.account).groups.values() if holder in group.users]
    for each in holders:
        yield from ((f"inline policy {name}", text) for name, text in list(each.policies.items()))
        for policy in list(each.managed_policies.values()):
            if text := state.managed_policy_text(principal.account, policy.arn):
                yield f"policy {policy.name}", text


def _denying(text: str, kind: Kind, request: Request) -> str | None:
    """The first statement that denies: its Sid, or its number."""
    written = as_list(json.loads(text)["Statement"])
    compiled = Policy(json.loads(text), kind).statements
    for number, (statement, element) in enumerate(zip(compiled, written, strict=True), 1):
        if statement.denies and statement.match(request):
            return str(element.get("Sid") or number)
    return None


def _where(layer: str, request: Request, principal: Principal, place: Membership | None) -> str:
    """Where in the organization no SCP allows it; whose policies do not."""
    if layer == "a service control policy" and place:
        for target in place.targets:
            texts = [p.content for p in list(target.attached_policies) if p.type == SCP]
            if not any(Policy(json.loads(text), Kind.IDENTITY).verdict(request).allowed for text in texts):
                return f" at {target.name}"
    if layer == "an identity-based policy":
        return f" of {_short(principal.role_arn or principal.arn)}"
    if layer in ("the role trust policy", "a resource-based policy"):
        return f" of {_short(request.resource)}"
    return ""


def _short(arn: str) -> str:
    """What an ARN names, with the account it is in: `role/x in 123456789012`."""
    parts = arn.split(":", 5)
    return arn if len(parts) < 6 else f"{parts[5]} in {parts[4]}" if parts[4].isdigit() else parts[5]
