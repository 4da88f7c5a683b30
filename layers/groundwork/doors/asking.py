"""Questions put to the evaluator: may this one do that there?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_

from groundwork.baseline.components.access.state import RoleState
from groundwork.declaration.policy_files import statements
from groundwork.doors.people import MEMBERS_ACCOUNT, STRANGERS_ACCOUNT, Someone
from groundwork.doors.power import Power
from groundwork.doors.premises import Place, Premises, compiled, of_aws
from groundwork.doors.probes import SAMPLES, Probe, named, sample, satisfying
from groundwork.policies.conditions import Values
from groundwork.policies.decision import Authority, ResourceSide, decide, decide_for_service
from groundwork.policies.documents import Caller, Kind, Request, compile_policy

SESSION = "groundwork-doors"
ITS_OWN = (
    *("aws:multifactorauth", "aws:principalaccount", "aws:principalarn", "aws:principalisawsservice"),
    *("aws:principalorg", "aws:principalservicename", "aws:principaltype", "aws:resource", "aws:username"),
)
"""Keys of which AWS alone says what they are: nobody brings them along."""
WELCOME = compile_policy(
    json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "*", "Resource": "*"}],
        }
    ),
    Kind.RESOURCE,
)
"""The policy of something that somebody elsewhere shares with everybody."""


@dataclass(frozen=True)
class Actor:
    """Somebody with credentials: what their policies are, and what AWS knows of them."""

    caller: Caller
    authority: Authority
    keys: Mapping[str, Values]


def may(actor: Actor, probe: Probe, place: Place, premises: Premises) -> bool:
    """Whether the actor may do this in the account."""
    asked = request(actor, probe, place, premises)
    side = ResourceSide(WELCOME, STRANGERS_ACCOUNT) if probe.abroad else ResourceSide(None, place.account.id)
    return bool(decide(asked, actor.authority, side))


def enters(actor: Actor, place: Place, role: RoleState, premises: Premises) -> bool:
    """Whether somebody may take a role, if they bring along what its trust asks of a request, like an external id."""
    (trust,) = compiled([role.trust], Kind.TRUST)
    side = ResourceSide(trust, place.account.id, required=True)
    for probe in attempts(actor, place, role, premises):
        asked = request(actor, probe, place, premises)
        if not trust.verdict(asked).allowed:
            continue
        if (
            decide_for_service(asked, side)
            if actor.caller.federated
            else decide(asked, actor.authority, side)
        ):
            return True
    return False


def attempts(actor: Actor, place: Place, role: RoleState, premises: Premises) -> Iterator[Probe]:
    """To take a role, for each statement of its trust as that one wants it."""
    action, provider = "sts:AssumeRole", actor.caller.federated
    if provider:
        action = f"sts:AssumeRoleWith{'SAML' if ':saml-provider/' in provider else 'WebIdentity'}"
    for statement in statements(role.trust):
        yield Probe(action, role_arn(place, role, premises), tuple(satisfying(statement).items()))


def power(actor: Actor, place: Place, premises: Premises, role: RoleState | None = None) -> Power:
    """What the actor may do in the account; of a role, also by what its own policies name."""
    partition, account_id = premises.organization.partition, place.account.id
    missing = set(SAMPLES)
    for each, actions in SAMPLES.items():
        if any(may(actor, sample(action, partition, account_id), place, premises) for action in actions):
            missing.remove(each)
    if role is not None:
        own = [
            place.policies[arn] for arn in sorted(role.attached) if arn in place.policies and not of_aws(arn)
        ]
        looked_for = missing & {Power.READ, Power.WRITE}
        for each, probe in named([*role.inline.values(), *own], partition, account_id, looked_for):
            if each in looked_for and may(actor, probe, place, premises):
                looked_for.remove(each)
                missing.remove(each)
    return reduce(or_, set(SAMPLES) - missing, Power.SHUT)


def standing(who: Someone, mfa: bool, premises: Premises) -> Actor:
    """Somebody before a door."""
    partition = premises.organization.partition
    keys: dict[str, Values] = {f"aws:principaltag/{name.lower()}": text for name, text in who.tags.items()}
    if who.federated:
        return Actor(Caller(federated=who.federated), Authority(()), keys)
    account_id = str(who.account_id)
    arn = f"arn:{partition}:iam::{account_id}:{who.principal}"
    authority = Authority(
        compiled(who.identity),
        None if who.boundary is None else compiled(who.boundary),
        service_control=premises.places[account_id].levels if account_id in premises.places else (),
    )
    keys |= _principal(arn, account_id, premises)
    if who.is_role:
        return Actor(_session(arn, account_id, who.boundary is not None), authority, _of_a_session(keys, mfa))
    keys |= {"aws:principaltype": "User", "aws:username": who.principal.rpartition("/")[2]}
    if mfa:
        keys |= {"aws:multifactorauthpresent": "true", "aws:multifactorauthage": "60"}
    return Actor(Caller(arn, account_id, bounded=who.boundary is not None), authority, keys)


def inside(place: Place, role: RoleState, mfa: bool, premises: Premises) -> Actor:
    """Whoever has taken a role; `mfa` is whether they showed it on the way."""
    account_id, boundary = place.account.id, place.boundary(role)
    arn = role_arn(place, role, premises)
    authority = Authority(
        compiled(place.documents(role)),
        None if boundary is None else compiled(boundary),
        service_control=() if place.account.kind == "management" else place.levels,
    )
    keys = _of_a_session(_principal(arn, account_id, premises), mfa)
    return Actor(_session(arn, account_id, boundary is not None), authority, keys)


def role_arn(place: Place, role: RoleState, premises: Premises) -> str:
    return f"arn:{premises.organization.partition}:iam::{place.account.id}:role{role.path}{role.name}"


def _session(role: str, account_id: str, bounded: bool) -> Caller:
    partition, name = role.split(":")[1], role.rpartition("/")[2]
    arn = f"arn:{partition}:sts::{account_id}:assumed-role/{name}/{SESSION}"
    return Caller(arn, account_id, role, bounded=bounded)


def _of_a_session(keys: Mapping[str, Values], mfa: bool) -> dict[str, Values]:
    known = {"aws:principaltype": "AssumedRole", "aws:multifactorauthpresent": "true" if mfa else "false"}
    return {**keys, **known, "aws:tokenissuetime": "2100-01-01T00:00:00Z"}


def _principal(arn: str, account_id: str, premises: Premises) -> dict[str, Values]:
    keys: dict[str, Values] = {
        "aws:principalarn": arn,
        "aws:principalaccount": account_id,
        "aws:principalisawsservice": "false",
    }
    path = premises.path(account_id)
    if path is None and account_id == MEMBERS_ACCOUNT:
        path = f"{premises.organization.id}/{premises.organization.root_id}/"
    if path is not None:
        keys["aws:principalorgid"] = premises.organization.id
        keys["aws:principalorgpaths"] = (path,)
        keys["aws:principalorgmasteraccountid"] = premises.organization.management_account_id
    return keys


def request(actor: Actor, probe: Probe, place: Place, premises: Premises) -> Request:
    """What the evaluator is asked."""
    brings = {key: value for key, value in probe.brings if not key.startswith(ITS_OWN)}
    path = premises.path(place.account.id) or ""
    known: dict[str, Values] = {
        "aws:securetransport": "true",
        "aws:viaawsservice": "false",
        "aws:requestedregion": "us-east-1",
        "aws:resourceaccount": place.account.id,
        "aws:resourceorgid": premises.organization.id,
        "aws:resourceorgpaths": (path,),
    }
    if probe.abroad:
        known = {key: value for key, value in known.items() if not key.startswith("aws:resource")}
        known["aws:resourceaccount"] = STRANGERS_ACCOUNT
    return Request(probe.action, probe.resource, {**known, **brings, **actor.keys}, actor.caller)
