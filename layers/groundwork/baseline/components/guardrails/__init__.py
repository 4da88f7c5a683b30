"""guardrails: one service control policy on the root that keeps member accounts from undoing the baseline
(`document.py` has what it says, and what it cannot).

A policy of ours that is no longer declared, and a place where the declared one no longer belongs, are reported: what
takes guard rails off is no function of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from groundwork.baseline.component import (
    Action,
    Call,
    Component,
    Permission,
    Target,
    known_later,
    stays,
)
from groundwork.baseline.components.guardrails.document import TAG, guardrail_document, minified
from groundwork.baseline.documents import differences
from groundwork.baseline.imagined import all_there
from groundwork.contracts import Severity
from groundwork.declaration import Declaration
from groundwork.declaration.policy_files import Document
from groundwork.fields import shown

SCP = "SERVICE_CONTROL_POLICY"
DESCRIPTION = "Groundwork: member accounts cannot undo their baseline. Declared in baseline.yaml; changes made here are put right."


@dataclass(frozen=True)
class FoundPolicy:
    id: str
    name: str
    description: str
    document: Document
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Former:
    """A policy with Groundwork's description and another name than is declared, and the ids of where it hangs."""

    id: str
    name: str
    attached: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """`policy` bears the declared name; `attached` are the ids of the places that it hangs on: of the root and the
    declared ones at least, of all in an account that is behind the declaration. `former` are policies of ours that are
    found there, or anywhere."""

    policy: FoundPolicy | None
    attached: frozenset[str]
    former: tuple[Former, ...] = ()


class Guardrails(Component[Found]):
    name = "guardrails"
    kinds = ("management",)
    reads = (
        Permission(
            (
                "organizations:DescribePolicy",
                "organizations:ListPolicies",
                "organizations:ListPoliciesForTarget",
                "organizations:ListTagsForResource",
                "organizations:ListTargetsForPolicy",
            )
        ),
    )
    writes = (
        Permission(
            ("organizations:CreatePolicy", "organizations:TagResource"),
            conditions={"StringEquals": {f"aws:RequestTag/{TAG['Key']}": TAG["Value"]}},
        ),
        Permission(
            ("organizations:AttachPolicy", "organizations:UpdatePolicy"),
            (
                "arn:{partition}:organizations::{account}:policy/o-*/service_control_policy/p-*",
                "arn:{partition}:organizations::{account}:ou/o-*/ou-*",
                "arn:{partition}:organizations::{account}:root/o-*/r-*",
            ),
        ),
    )

    def rendered(self, declaration: Declaration) -> Sequence[Document]:
        return [guardrail_document(declaration, all_there(declaration))]

    def read(self, target: Target) -> Found:
        client, name = target.client("organizations"), target.declaration.guardrails.policy
        lister = client.get_paginator("list_policies_for_target")
        on = {
            place: [
                policy for page in lister.paginate(TargetId=place, Filter=SCP) for policy in page["Policies"]
            ]
            for place in {target.organization.root_id: "", **_places(target)}
        }
        attached = [policy for policies in on.values() for policy in policies]
        mine = next((policy for policy in attached if policy["Name"] == name), None)
        everywhere = _everywhere(client) if mine is None or target.is_behind else attached
        found = mine or next((each for each in everywhere if each["Name"] == name), None)
        places = {place for place, policies in on.items() if any(each["Name"] == name for each in policies)}
        if found and target.is_behind:
            places |= {*_targets(client, found["Id"])}
        former = {each["Id"]: each for each in everywhere if _is_former(each, name)}
        return Found(
            policy=_policy(client, found) if found else None,
            attached=frozenset(places),
            former=tuple(_former(client, each) for each in former.values()),
        )

    def diff(self, found: Found, target: Target) -> Iterator[Call]:
        name, places = target.declaration.guardrails.policy, _places(target)
        if target.organization.security_account_id is None:
            yield _report(name, "waits for the security account, whose buckets and key it protects")
            return
        wanted = guardrail_document(target.declaration, target.organization)
        if found.policy is None:
            yield _create(name, wanted)
        else:
            yield from _mend(found.policy, wanted)
        policy = found.policy.id if found.policy else known_later(f"id of {_resource(name)}")
        after = "" if found.policy else f"{_resource(name)} exists"
        for place, words in places.items():
            if place not in found.attached:
                yield _attach(name, place, words, policy, after)
        if found.policy:
            for place in sorted(found.attached - places.keys()):
                root = place == target.organization.root_id
                where = "the root, too, and binds every member" if root else f"{place}, too"
                hangs = f"hangs on {where}, where it is not declared"
                yield _stays(name, hangs, "detach it there, or declare that")
        for former in found.former:
            yield from _left(former, f"is ours, and {name} is declared instead")

    def left(self, target: Target) -> Iterator[Call]:
        client = target.client("organizations")
        name = target.declaration.guardrails.policy
        for each in _everywhere(client):
            if _is_former(each, "") or each["Name"] == name:
                yield from _left(_former(client, each), "is ours, and guardrails is declared no longer")


def _everywhere(client: Any) -> list[Mapping[str, Any]]:
    pages = client.get_paginator("list_policies").paginate(Filter=SCP)
    return [policy for page in pages for policy in page["Policies"]]


def _targets(client: Any, policy: str) -> tuple[str, ...]:
    pages = client.get_paginator("list_targets_for_policy").paginate(PolicyId=policy)
    return tuple(sorted(each["TargetId"] for page in pages for each in page["Targets"]))


def _is_former(policy: Mapping[str, Any], name: str) -> bool:
    return policy.get("Description") == DESCRIPTION and policy["Name"] != name


def _former(client: Any, policy: Mapping[str, Any]) -> Former:
    return Former(policy["Id"], policy["Name"], _targets(client, policy["Id"]))


def _left(policy: Former, why: str) -> Iterator[Call]:
    hangs = f"{why}; it hangs on {', '.join(policy.attached) or 'nothing'}"
    yield _stays(policy.name, hangs, "detach and delete it by hand, or declare it again")


def _stays(name: str, reason: str, remedy: str) -> Call:
    return stays(_call("DetachPolicy", {}, name, "delete", reason, "medium"), remedy)


def _places(target: Target) -> dict[str, str]:
    """What it hangs on, in words by id. A unit that is declared and not there yet comes at the next look."""
    units, root = target.organization.units, target.organization.root_id
    where = [unit for unit in target.declaration.guardrails.where if unit in units]
    if not target.declaration.guardrails.where:
        return {root: "the root: it protects no account"}
    return {units[unit].split("/")[-2]: f"the unit {unit}: it protects no account there" for unit in where}


def _resource(name: str) -> str:
    return f"service control policy {name}"


def _call(
    operation: str,
    parameters: Mapping[str, Any],
    name: str,
    action: Action,
    reason: str,
    severity: Severity = "high",
    after: str = "",
) -> Call:
    """High, where nothing else is said: while the policy is not as declared, member accounts can undo their baseline."""
    return Call(
        *("organizations", operation, parameters, _resource(name), action, reason),
        severity=severity,
        after=after,
    )


def _create(name: str, wanted: Document) -> Call:
    policy = {
        "Name": name,
        "Description": DESCRIPTION,
        "Type": SCP,
        "Content": minified(wanted),
        "Tags": [TAG],
    }
    return _call(
        "CreatePolicy", policy, name, "create", "does not exist: member accounts could undo their baseline"
    )


def _attach(name: str, place: str, words: str, policy: str, after: str) -> Call:
    there = {"PolicyId": policy, "TargetId": place}
    reason = f"is not attached to {words}"
    return _call("AttachPolicy", there, name, "update", reason, after=after)


def _mend(found: FoundPolicy, wanted: Document) -> Iterator[Call]:
    changes: dict[str, str] = {}
    reasons = []
    if drift := differences(found.document, wanted):
        changes["Content"] = minified(wanted)
        reasons.append(drift)
    if found.description != DESCRIPTION:
        changes["Description"] = DESCRIPTION
        reasons.append(f"description is {shown(found.description)}; expected {shown(DESCRIPTION)}")
    if found.tags.get(TAG["Key"]) != TAG["Value"]:
        # The tag first: it is what keeps delegated administrators from the policy.
        reason = (
            f"exists without the tag {TAG['Key']}={TAG['Value']}, by which it protects itself; it is adopted"
        )
        yield _call("TagResource", {"ResourceId": found.id, "Tags": [TAG]}, found.name, "update", reason)
    if changes:
        severity: Severity = "high" if "Content" in changes else "low"
        changed = {"PolicyId": found.id, **changes}
        yield _call("UpdatePolicy", changed, found.name, "update", "; ".join(reasons), severity)


def _report(name: str, reason: str) -> Call:
    return _call("AttachPolicy", {}, name, "report", reason, "medium")


def _policy(client: Any, summary: Mapping[str, Any]) -> FoundPolicy:
    pages = client.get_paginator("list_tags_for_resource").paginate(ResourceId=summary["Id"])
    return FoundPolicy(
        id=summary["Id"],
        name=summary["Name"],
        description=summary.get("Description", ""),
        document=json.loads(client.describe_policy(PolicyId=summary["Id"])["Policy"]["Content"]),
        tags={tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]},
    )
