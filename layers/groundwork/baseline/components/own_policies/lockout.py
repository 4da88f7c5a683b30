"""Whom a control policy of the owner would keep from their work: Groundwork itself is asked about before anything is touched.

Of a service control policy, each action that a component calls in an account that the policy reaches, by each way in: denied
to one of them, accounts would be neither laid down nor repaired any more. Of a resource control policy, the doors that the
perimeter must leave open (`perimeter/reach.py`). Conditions on what nobody knows beforehand, like a tag of the request, are
asked as if it were absent.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from groundwork.aws.sessions import Permission
from groundwork.baseline.components import COMPONENTS
from groundwork.baseline.components.perimeter.reach import MEMBER, doors, shut
from groundwork.contracts import Kind, Organization
from groundwork.declaration import Declaration
from groundwork.declaration.own_policies import OwnPolicy
from groundwork.declaration.policy_files import Document, statements
from groundwork.fields import is_below
from groundwork.policies import documents
from groundwork.policies.conditions import Values
from groundwork.policies.documents import Caller, Policy, Request, compile_policy

IN_ONE_REGION = ("account", "budgets", "iam", "organizations")
"""Services of which requests come from one Region of the partition, whatever the Region in which their effect is."""
ENDPOINTS = {
    "aws": "us-east-1",
    "aws-cn": "cn-northwest-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-eusc": "eusc-de-east-1",
}
"""Which Region that is, by the partition."""
ELSEWHERE = {("aws-cn", "iam"): "cn-north-1"}
WHOLE_TYPE = re.compile(r"arn:[^:]*:[a-z0-9-]+:[^:]*:[^:]*:([A-Za-z-]+[:/])?\*")
"""A resource element that names all resources of a service, or all of one type."""


def locked_out(
    own: OwnPolicy, document: Document, declaration: Declaration, organization: Organization
) -> Iterator[str]:
    """A sentence where the policy stands against Groundwork's own work."""
    if own.type == "service-control":
        if denied := next(_denied(own, document, declaration, organization), None):
            role, action, component = denied
            roles = dict.fromkeys((*declaration.entry_role_names, role))
            spared = {
                "ArnNotLike": {"aws:PrincipalArn": [f"arn:<partition>:iam::*:role/{each}" for each in roles]}
            }
            yield (
                f"{own.file}: denies {action} to {role}, by which Groundwork lays {component} down; leave the action out, or "
                f'spare whom Groundwork works as: "Condition": {json.dumps(spared)}.'
            )
    elif own.type == "resource-control":
        reached = _reached(own, declaration)
        asked = (
            door
            for door in doors(declaration, organization)
            if door.owner != organization.security_account_id or "security" in reached
        )
        if closed := list(dict.fromkeys(shut(document, asked))):
            yield f"{own.file}: would shut out what must get in: {'; '.join(closed[:3])}; spare it by a condition."


def _reached(own: OwnPolicy, declaration: Declaration) -> tuple[Kind, ...]:
    """The kinds of member account that may be where it hangs."""

    def reaches(unit: str | None) -> bool:
        return not own.where or any(is_below(unit or "", each) for each in own.where)

    homes = {each.kind for each in declaration.accounts if reaches(each.organizational_unit)}
    return tuple(kind for kind in ("security", "tooling", "workload") if kind == "workload" or kind in homes)


def _denied(
    own: OwnPolicy, document: Document, declaration: Declaration, organization: Organization
) -> Iterator[tuple[str, str, str]]:
    """Role, action and component."""
    policy, reached = compile_policy(document, documents.Kind.IDENTITY), _reached(own, declaration)
    for kind in ("security", "tooling", "workload"):
        names = [name for name in declaration.baseline.get(kind, []) if name != "delegation"]
        for name in names:  # delegation is done in the management account, which no such policy binds
            component = COMPONENTS[name]
            there = "security" if component.by_administrator else kind
            if there not in reached:
                continue
            account = str(organization.security_account_id) if there == "security" else MEMBER
            for permission in (*component.reads, *component.reads_in_plan, *component.writes):
                if permission.kinds and kind not in permission.kinds:
                    continue
                for role in component.entry_roles(declaration):
                    who = f"arn:{organization.partition}:iam::{account}:role/{role}"
                    for action in permission.actions:
                        if _is_denied(action, permission, who, document, policy, declaration, organization):
                            yield role, action, name


def _is_denied(
    action: str,
    permission: Permission,
    who: str,
    document: Document,
    policy: Policy,
    declaration: Declaration,
    organization: Organization,
) -> bool:
    service, account = action.partition(":")[0], who.split(":")[4]
    known: Mapping[str, Values] = {
        "aws:principalarn": who,
        "aws:principalaccount": account,
        "aws:principalorgid": organization.id,
        "aws:principaltype": "AssumedRole",
        "aws:resourceaccount": account,
        "aws:resourceorgid": organization.id,
        "aws:securetransport": "true",
        "aws:viaawsservice": "false",
    }
    one = request_region(service, organization.partition)
    return any(
        policy.verdict(
            Request(action, resource, {**known, "aws:requestedregion": region}, Caller(who, account, who))
        ).denied
        for region in ([one] if one else declaration.regions.governed)
        for resource in _resources(service, permission, region, account, document, organization.partition)
    )


def request_region(service: str, partition: str) -> str | None:
    """The Region that requests to a service come from in a partition; None where that is the Region asked for."""
    if service not in IN_ONE_REGION:
        return None
    return ELSEWHERE.get((partition, service), ENDPOINTS.get(partition))


def _resources(
    service: str, permission: Permission, region: str, account: str, document: Document, partition: str
) -> Iterator[str]:
    """Something for each resource of the permission. Where that is everything: nothing in particular, something of the
    service, and something of each type that the policy names as a whole."""
    for pattern in permission.resources:
        if pattern != "*":
            yield _something(pattern.format(partition=partition, account=account))
            continue
        yield "*"
        yield f"arn:{partition}:{service}:{region}:{account}:x"
        for each in statements(document):
            for resource in _listed(each.get("Resource", [])):
                if WHOLE_TYPE.fullmatch(resource):
                    yield _something(resource)


def _something(pattern: str) -> str:
    return re.sub(r"[*?]", "x", pattern)


def _listed(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value
