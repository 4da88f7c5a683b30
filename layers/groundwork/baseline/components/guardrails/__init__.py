"""guardrails: one service control policy on the root that keeps member accounts from undoing the baseline
(`document.py` has what it says, and what it cannot)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from groundwork.baseline.component import Action, Call, Component, Permission, Target, known_later
from groundwork.baseline.components.guardrails.document import TAG, guardrail_document, minified
from groundwork.baseline.documents import differences
from groundwork.contracts import Severity
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
class Found:
    """`policy` bears the declared name. `forgotten` are the names of policies on the root which bear Groundwork's
    description but not the declared name."""

    policy: FoundPolicy | None
    attached: bool
    forgotten: tuple[str, ...] = ()


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
                "arn:{partition}:organizations::{account}:root/o-*/r-*",
            ),
        ),
    )

    def read(self, target: Target) -> Found:
        client, name = target.client("organizations"), target.declaration.guardrails.policy
        on_root = client.get_paginator("list_policies_for_target").paginate(
            TargetId=target.organization.root_id, Filter=SCP
        )
        attached = [policy for page in on_root for policy in page["Policies"]]
        mine = next((policy for policy in attached if policy["Name"] == name), None)
        everywhere = client.get_paginator("list_policies").paginate(Filter=SCP) if mine is None else ()
        found = mine or next(
            (each for page in everywhere for each in page["Policies"] if each["Name"] == name), None
        )
        return Found(
            policy=_policy(client, found) if found else None,
            attached=mine is not None,
            forgotten=tuple(
                each["Name"]
                for each in attached
                if each.get("Description") == DESCRIPTION and each["Name"] != name
            ),
        )

    def diff(self, found: Found, target: Target) -> Iterator[Call]:
        name, root = target.declaration.guardrails.policy, target.organization.root_id
        if target.organization.security_account_id is None:
            yield _report(name, "waits for the security account, whose buckets and key it protects")
            return
        wanted = guardrail_document(target.declaration, target.organization)
        if found.policy is None:
            yield _create(name, wanted)
            yield _attach(
                name, root, known_later(f"id of {_resource(name)}"), after=f"{_resource(name)} exists"
            )
        else:
            yield from _mend(found.policy, wanted)
            if not found.attached:
                yield _attach(name, root, found.policy.id)
        for other in found.forgotten:
            yield _report(
                other, f"is ours and still attached to the root, but {name} is declared; detach and delete it"
            )


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


def _attach(name: str, root: str, policy: str, after: str = "") -> Call:
    there = {"PolicyId": policy, "TargetId": root}
    reason = "is not attached to the root: it protects no account"
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
