"""The authorizer: who calls, what for, and may they.

`admit` decides over a parsed call; `local.authorization.gate` stands at the server's door and asks it. What the engine does
in Python itself, behind that door, is no call and is never asked about. Adapters that act for a service ask
`resource_allows`, `service_assume` and `role_may`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from groundwork.policies.decision import (
    ALLOWED,
    Authority,
    Decision,
    ResourceSide,
    decide,
    decide_for_service,
)
from groundwork.policies.documents import Caller, Request
from local.authorization import keys, operations, reasons, reference, refusals, state
from local.authorization.dependents import Need
from local.authorization.keys import Keys
from local.authorization.refusals import Refusal
from local.authorization.requests import needs_of
from local.authorization.resources import Call
from local.authorization.state import Membership
from local.calls import CallRecord
from local.identity.principals import Principal

if TYPE_CHECKING:
    from local.engine import Engine

WITH_RESOURCE_POLICIES = frozenset(("s3", "kms", "sqs", "sns", "lambda", "events"))
NOT_THERE_YET = frozenset(("s3:CreateBucket",))
"""What these make has no policy, whoever else may have a bucket of that name."""
RESOURCE_POLICY_REQUIRED = frozenset(("kms", "sts"))
TRUST_ACTIONS = frozenset(("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"))
AWS_OWN = "aws"  # the account segment of what AWS manages, as in arn:aws:iam::aws:policy/...
STS_WITHOUT_ROLE = frozenset(("sts:AssumeRole", "sts:GetCallerIdentity"))


class Authorizer:
    """Decides over calls, and keeps the log of them (`engine.calls`)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # Calls over HTTP -----------------------------------------------------------------------------

    def admit(self, call: Call) -> Refusal | None:
        """Decide over a call and log it. None: let it in. Raises EngineGap where a table lacks an entry."""
        if f"{operations.prefix_of(call.service)}:{call.operation}" in operations.FREE:
            action = f"sts:{call.operation}"
            decision, need, why = self._without_permission(call, action), Need(action), ""
        else:
            needs = needs_of(call)
            decision, need, why = self._decide_all(call, needs)
        self._log(call, need, decision, why)
        if decision.allowed:
            return None
        why = refusals.of_a_key(call.service) if need.action.startswith("kms:") else ""
        words = decision.reason(need.action)
        return replace(refusals.denied(call.principal.arn, need.action, need.resource, words), reason=why)

    def _without_permission(self, call: Call, action: str) -> Decision:
        """GetCallerIdentity and its like: not even a Deny stops them, but sessions of GetSessionToken have limits."""
        return self._session_token_limits(call, action) or ALLOWED

    def _session_token_limits(self, call: Call, action: str) -> Decision | None:
        """A session of GetSessionToken calls no IAM without MFA, and of STS only what its page lists."""
        principal = call.principal
        if principal.kind == "assumed-role" or principal.console or principal.task or not principal.temporary:
            return None
        if action.startswith("iam:") and principal.mfa_at is None:
            return Decision(False)
        if action.startswith("sts:") and action not in STS_WITHOUT_ROLE:
            return Decision(False)
        return None

    def _decide_all(self, call: Call, needs: Sequence[Need]) -> tuple[Decision, Need, str]:
        """Over all that a call needs; with what decided, and why not, in words."""
        principal = call.principal
        limits = self._session_token_limits(call, needs[0].action)
        if limits is not None:
            return limits, needs[0], "a session of GetSessionToken may not"
        if principal.kind == "root" and needs[0].action == "sts:AssumeRole":
            return Decision(False), needs[0], "roles may not be assumed by root users"
        place = state.membership(principal.account)
        authority = state.authority(principal, place)
        known: Keys = {
            **keys.of_connection(call.region, agent=call.headers.get("User-Agent", "")),
            **keys.of_principal(principal, place),
            **self._mfa_of(call),
        }
        for need in needs:
            own = keys.of_request(call, needs[0].action) if need.action != "iam:PassRole" else {}
            decision, request = self._decide(principal, authority, need, {**known, **own, **need.keys}, place)
            if not decision.allowed:
                return decision, need, reasons.reason(decision, request, principal, place)
        return ALLOWED, needs[0], ""

    def _mfa_of(self, call: Call) -> Keys:
        """AssumeRole with a device's code counts as MFA; that the code is right is `local.identity.sts`'s to check."""
        if call.operation == "AssumeRole" and call.get("SerialNumber") and call.get("TokenCode"):
            return {"aws:multifactorauthpresent": "true", "aws:multifactorauthage": "0"}
        return {}

    def _decide(
        self, principal: Principal, authority: Authority, need: Need, known: Keys, place: Membership | None
    ) -> tuple[Decision, Request]:
        """With the request that was decided over."""
        side, keys_of_resource = self._resource_side(need, principal, place)
        request = Request(
            need.action,
            need.resource,
            {**known, **keys_of_resource},
            caller_of(principal, bounded=authority.boundary is not None),
            uncomputed_of(need),
        )
        return decide(request, authority, side), request

    def _resource_side(
        self, need: Need, principal: Principal, place: Membership | None
    ) -> tuple[ResourceSide, Keys]:
        caller = principal.account
        service = need.action.split(":")[0]
        if need.resource == "*" or need.action in NOT_THERE_YET:
            return ResourceSide(), keys.of_resource(caller, place)
        owner = owner_of(need.resource, caller)
        home = place if owner == caller else state.membership(owner)
        known = {
            **keys.of_resource(owner, home, need.resource),
            **keys.resource_tags(need.resource),
            **keys.resource_aliases(need.resource),
        }
        controls = state.resource_control_levels(home, owner, need.action, principal)
        if service not in WITH_RESOURCE_POLICIES and need.action not in TRUST_ACTIONS:
            return ResourceSide(control=controls), known
        policy = state.resource_policy(need.resource)
        required = service in RESOURCE_POLICY_REQUIRED and (policy is not None or service == "sts")
        return ResourceSide(policy, owner, required, controls), known

    def _log(self, call: Call, need: Need, decision: Decision, why: str) -> None:
        verdict: Literal["allowed", "denied"] = "allowed" if decision.allowed else "denied"
        record = CallRecord(
            time.time(),
            call.account,
            call.principal.arn,
            need.action,
            need.resource,
            verdict,
            call.region,
            call.service,
            call.operation,
            reference.action(need.action).mutating and need.action not in STS_ISSUES,
            self._engine.functions.calling(call.headers.get("User-Agent", "")),
            why,
            call.headers.get("User-Agent", ""),
        )
        self._engine.calls.append(record)
        for hear in self._engine.on_call:
            hear(record)

    # What adapters ask ---------------------------------------------------------------------------

    def resource_allows(
        self,
        service: str,
        action: str,
        resource: str,
        *,
        source_arn: str | None = None,
        source_account: str | None = None,
        context: Mapping[str, Any] | None = None,
        own_key: bool = False,
    ) -> Decision:
        """May a service principal (`events.amazonaws.com`) do `action` on a resource by the resource's policy?

        Where what is written is encrypted with a customer managed key (of a queue, a topic or a bucket's
        default), the key's policy must admit the service too. own_key: the service brings its own key, as a
        trail with KmsKeyId; ask for that one apart.
        context: further condition keys, as `s3:x-amz-acl` or `kms:EncryptionContext:aws:cloudtrail:arn`.
        """
        known = self._of_service(service, source_arn, source_account)
        known |= {key.lower(): value for key, value in (context or {}).items()}
        owner = owner_of(resource, source_account or "")
        known |= keys.of_resource(owner, state.membership(owner) if owner else None, resource)
        request = Request(action, resource, known, Caller(service=service))
        decision = decide_for_service(request, _side(action, resource, owner))
        key = None if own_key or not decision.allowed else state.key_for_writing(action, resource)
        if key is None:
            return decision
        if action == "s3:PutObject":
            known["kms:encryptioncontext:aws:s3:arn"] = resource
        for use in (
            ("kms:GenerateDataKey", "kms:Decrypt") if action != "s3:PutObject" else ("kms:GenerateDataKey",)
        ):
            side = _side(use, key, owner_of(key, owner))
            decision = decide_for_service(Request(use, key, known, Caller(service=service)), side)
            if not decision.allowed:
                return decision
        return decision

    def service_assume(
        self,
        role_arn: str,
        service: str,
        *,
        source_arn: str | None = None,
        source_account: str | None = None,
        without_source: bool = False,
    ) -> bool:
        """Whether a role exists and its trust policy admits a service principal. `without_source` is for a service that
        is documented to bring neither aws:SourceArn nor aws:SourceAccount along."""
        account = role_arn.split(":")[4]
        source = None if without_source else source_account or account
        known = self._of_service(service, source_arn, source)
        known |= keys.of_resource(account, state.membership(account))
        request = Request("sts:AssumeRole", role_arn, known, Caller(service=service))
        return decide_for_service(request, _side(request.action, role_arn, account)).allowed

    def role_may(
        self, role_arn: str, action: str, resource: str = "*", *, context: Mapping[str, Any] | None = None
    ) -> Decision:
        """May a session of this role do `action`? For what a service checks with a role before it uses it."""
        account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[1]
        arn = f"arn:aws:sts::{account}:assumed-role/{name}/check"
        now = time.time()
        principal = Principal(
            "assumed-role", account, arn, "AROA:check", "check", role_arn, issued=now, expires=now + 1
        )
        place = state.membership(account)
        known: Keys = {
            **keys.of_connection(self._engine.region),
            **keys.of_principal(principal, place),
            **{key.lower(): value for key, value in (context or {}).items()},
        }
        authority = state.authority(principal, place)
        decision, _ = self._decide(principal, authority, Need(action, resource), known, place)
        return decision

    def _of_service(self, service: str, source_arn: str | None, source_account: str | None) -> Keys:
        known: Keys = {
            **keys.of_connection(self._engine.region),
            "aws:principalisawsservice": "true",
            "aws:principalservicename": service,
            "aws:principaltype": "AWSService",
        }
        if source_arn:
            known["aws:sourcearn"] = source_arn
        account = source_account or (source_arn.split(":")[4] if source_arn else None)
        if account:
            known["aws:sourceaccount"] = account
            place = state.membership(account)
            if place is not None:
                known["aws:sourceorgid"] = place.organization_id
                known["aws:sourceorgpaths"] = (place.path,)
        return known


STS_ISSUES = frozenset(("sts:AssumeRole", "sts:AssumeRoot", "sts:TagSession", "sts:SetSourceIdentity"))
"""AWS lists these as Write, but they change nothing in any account."""


def caller_of(principal: Principal, *, bounded: bool = False) -> Caller:
    return Caller(principal.arn, principal.account, principal.role_arn, bounded=bounded)


def _side(action: str, resource: str, owner: str) -> ResourceSide:
    """A resource as a service meets it."""
    place = state.membership(owner) if owner and state.SERVICE_LINKED_PATH not in resource else None
    controls = state.resource_control_levels(place, owner, action)
    return ResourceSide(state.resource_policy(resource), owner, control=controls)


def owner_of(arn: str, otherwise: str) -> str:
    """The account that holds a resource; S3's ARNs do not say, moto does."""
    if arn.startswith("arn:aws:s3:::"):
        return state.bucket_owner(arn.split(":")[5].split("/", maxsplit=1)[0]) or otherwise
    account = arn.split(":")[4] if arn.count(":") >= 5 else ""
    return otherwise if account in ("", AWS_OWN) else account


def uncomputed_of(need: Need) -> tuple[str, ...]:
    missing = keys.uncomputed(need.action)
    return tuple(key for key in missing if key not in need.keys) if missing else ()
