"""Policies of AWS Organizations as Groundwork holds them, of whatever type: found, compared, put right, attached.

None is ever detached or deleted here: what is no longer declared is reported, as what takes guard rails off is no function
of ours. See docs/decisions/0028. Policies of others are left alone; who may not stand beside one finds it in
`Found.others`, who may be overruled below in `others`.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from groundwork.baseline.component import Action, Call, Permission, Target, known_later, stays
from groundwork.contracts import Severity
from groundwork.declaration.policy_files import Document
from groundwork.fields import shown

TAG = {"Key": "managed-by", "Value": "groundwork"}
READS = Permission(
    (
        "organizations:DescribePolicy",
        "organizations:ListPolicies",
        "organizations:ListPoliciesForTarget",
        "organizations:ListTagsForResource",
        "organizations:ListTargetsForPolicy",
    )
)


def writes(*policy_types: str) -> tuple[Permission, ...]:
    """What the calls of `calls` need, for policies of these types."""
    return (
        Permission(
            ("organizations:CreatePolicy", "organizations:TagResource"),
            conditions={"StringEquals": {f"aws:RequestTag/{TAG['Key']}": TAG["Value"]}},
        ),
        Permission(
            ("organizations:AttachPolicy", "organizations:UpdatePolicy"),
            (
                *(
                    f"arn:{{partition}}:organizations::{{account}}:policy/o-*/{policy_type.lower()}/p-*"
                    for policy_type in policy_types
                ),
                "arn:{partition}:organizations::{account}:ou/o-*/ou-*",
                "arn:{partition}:organizations::{account}:root/o-*/r-*",
            ),
        ),
    )


@dataclass(frozen=True)
class PolicyType:
    """`name` is Organizations' own, like SERVICE_CONTROL_POLICY, `words` is for people. Policies of ours have
    `description`, by which former ones are known. `differences` says in words what sets a document that is there apart
    from the wanted one."""

    name: str
    words: str
    description: str
    differences: Callable[[Document, Document], str]


@dataclass(frozen=True)
class Policy:
    """What is wanted. `places` has the ids of roots, units and accounts that it hangs on, in words. `harm` says what it
    means that it is not there, `idle` that it does not hang on one of them."""

    name: str
    content: Document
    places: Mapping[str, str]
    harm: str
    idle: str
    severity: Severity = "high"


@dataclass(frozen=True)
class FoundPolicy:
    id: str
    name: str
    description: str
    document: Document
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Former:
    """A policy with our description and a name that is not declared, and the ids of where it hangs."""

    id: str
    name: str
    attached: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """`policies` bear declared names; `attached` are the ids of the places that each hangs on: of those that were asked
    about, or of all in an account that is behind the declaration. `former` are policies of ours that are found on these
    places, or anywhere; `others` the names of everybody else's on these places, without AWS's."""

    policies: Mapping[str, FoundPolicy] = field(default_factory=dict)
    attached: Mapping[str, frozenset[str]] = field(default_factory=dict)
    former: tuple[Former, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Other:
    """A policy that is not ours, and the ids of where it hangs."""

    name: str
    content: Mapping[str, Any]
    attached: tuple[str, ...]


def minified(document: Document) -> str:
    """AWS counts each character, white space too."""
    return json.dumps(document, separators=(",", ":"))


def read(policy_type: PolicyType, names: Collection[str], places: Collection[str], target: Target) -> Found:
    """What is there of the policies of these names, on these places and, where one is on none of them, anywhere."""
    client = target.client("organizations")
    lister = client.get_paginator("list_policies_for_target")
    on = {
        place: [
            policy
            for page in lister.paginate(TargetId=place, Filter=policy_type.name)
            for policy in page["Policies"]
        ]
        for place in places
    }
    found = {policy["Id"]: policy for policies in on.values() for policy in policies}
    if target.is_behind or not {*names} <= {policy["Name"] for policy in found.values()}:
        found |= {policy["Id"]: policy for policy in _everywhere(client, policy_type)}
    by_name = {policy["Name"]: policy for policy in found.values() if policy["Name"] in names}
    return Found(
        policies={name: _policy(client, policy) for name, policy in by_name.items()},
        attached={
            name: frozenset(place for place, policies in on.items() if policy["Id"] in _ids(policies))
            | (frozenset(_targets(client, policy["Id"])) if target.is_behind else frozenset())
            for name, policy in by_name.items()
        },
        former=tuple(
            _former(client, policy)
            for policy in found.values()
            if policy.get("Description") == policy_type.description and policy["Name"] not in names
        ),
        others=tuple(
            sorted(
                {
                    policy["Name"]
                    for policies in on.values()
                    for policy in policies
                    if policy.get("Description") != policy_type.description
                    and policy["Name"] not in names
                    and not policy["AwsManaged"]
                }
            )
        ),
    )


def calls(policy_type: PolicyType, wanted: Sequence[Policy], found: Found, target: Target) -> Iterator[Call]:
    """What leads from what is found to what is wanted, policy by policy, and reports of what hangs where it should not."""
    for policy in wanted:
        yield from _calls(policy_type, policy, found, target)
    for former in found.former:
        declared = " and ".join(policy.name for policy in wanted) or "none"
        yield _left(policy_type, former, f"is ours, and {declared} is declared instead")


def left(policy_type: PolicyType, component: str, names: Collection[str], target: Target) -> Iterator[Call]:
    """The reports of all that is ours, where the component is declared no longer."""
    client = target.client("organizations")
    for policy in _everywhere(client, policy_type):
        if policy.get("Description") == policy_type.description or policy["Name"] in names:
            why = f"is ours, and {component} is declared no longer"
            yield _left(policy_type, _former(client, policy), why)


def _calls(policy_type: PolicyType, policy: Policy, found: Found, target: Target) -> Iterator[Call]:
    resource = f"{policy_type.words} {policy.name}"
    there, attached = found.policies.get(policy.name), found.attached.get(policy.name, frozenset())
    if there is None:
        yield _creation(policy_type, policy, resource)
    else:
        yield from _mending(policy_type, policy, there, resource)
    for place, words in policy.places.items():
        if place not in attached:
            yield _call(
                "AttachPolicy",
                {"PolicyId": there.id if there else known_later(f"id of {resource}"), "TargetId": place},
                resource,
                "update",
                f"is not attached to {words}: {policy.idle}",
                policy.severity,
                "" if there else f"{resource} exists",
            )
    for place in sorted(attached - policy.places.keys()):
        root = place == target.organization.root_id
        where = "the root, too, and binds every member" if root else f"{place}, too"
        hangs = f"hangs on {where}, where it is not declared"
        yield _stays(resource, hangs, "detach it there, or declare that")


def _creation(policy_type: PolicyType, policy: Policy, resource: str) -> Call:
    given = {
        "Name": policy.name,
        "Description": policy_type.description,
        "Type": policy_type.name,
        "Content": minified(policy.content),
        "Tags": [TAG],
    }
    return _call("CreatePolicy", given, resource, "create", f"does not exist: {policy.harm}", policy.severity)


def _mending(policy_type: PolicyType, policy: Policy, found: FoundPolicy, resource: str) -> Iterator[Call]:
    changes: dict[str, str] = {}
    reasons = []
    same = found.document == policy.content  # as it was written: nothing has to be read
    if not same and (drift := policy_type.differences(found.document, policy.content)):
        changes["Content"] = minified(policy.content)
        reasons.append(drift)
    if found.description != policy_type.description:
        changes["Description"] = policy_type.description
        reasons.append(
            f"description is {shown(found.description)}; expected {shown(policy_type.description)}"
        )
    if found.tags.get(TAG["Key"]) != TAG["Value"]:
        # The tag first: it is what keeps delegated administrators from the policy.
        reason = (
            f"exists without the tag {TAG['Key']}={TAG['Value']}, by which it protects itself; it is adopted"
        )
        given = {"ResourceId": found.id, "Tags": [TAG]}
        yield _call("TagResource", given, resource, "update", reason, policy.severity)
    if changes:
        severity = policy.severity if "Content" in changes else "low"
        given = {"PolicyId": found.id, **changes}
        yield _call("UpdatePolicy", given, resource, "update", "; ".join(reasons), severity)


def _left(policy_type: PolicyType, policy: Former, why: str) -> Call:
    hangs = f"{why}; it hangs on {', '.join(policy.attached) or 'nothing'}"
    return _stays(
        f"{policy_type.words} {policy.name}", hangs, "detach and delete it by hand, or declare it again"
    )


def _stays(resource: str, reason: str, remedy: str) -> Call:
    return stays(_call("DetachPolicy", {}, resource, "delete", reason, "medium"), remedy)


def _call(
    operation: str,
    parameters: Mapping[str, Any],
    resource: str,
    action: Action,
    reason: str,
    severity: Severity,
    after: str = "",
) -> Call:
    return Call(
        *("organizations", operation, parameters, resource, action, reason), severity=severity, after=after
    )


# -- reading -------------------------------------------------------------------------------------------


def others(client: Any, policy_type: str, ours: Collection[str], description: str = "") -> tuple[Other, ...]:
    """Everybody's policies that hang anywhere, without those of these names and, where one is given, of this description."""
    pages = client.get_paginator("list_policies").paginate(Filter=policy_type)
    found = [
        policy
        for page in pages
        for policy in page["Policies"]
        if policy["Name"] not in ours and not (description and policy.get("Description") == description)
    ]
    return tuple(other for other in (_other(client, policy) for policy in found) if other.attached)


def _other(client: Any, policy: Mapping[str, Any]) -> Other:
    pages = client.get_paginator("list_targets_for_policy").paginate(PolicyId=policy["Id"])
    content = client.describe_policy(PolicyId=policy["Id"])["Policy"]["Content"]
    targets = [each["TargetId"] for page in pages for each in page["Targets"]]
    return Other(policy["Name"], json.loads(content), tuple(sorted(targets)))


def _everywhere(client: Any, policy_type: PolicyType) -> list[Mapping[str, Any]]:
    pages = client.get_paginator("list_policies").paginate(Filter=policy_type.name)
    return [policy for page in pages for policy in page["Policies"] if not policy["AwsManaged"]]


def _ids(policies: Sequence[Mapping[str, Any]]) -> set[str]:
    return {policy["Id"] for policy in policies}


def _targets(client: Any, policy: str) -> tuple[str, ...]:
    pages = client.get_paginator("list_targets_for_policy").paginate(PolicyId=policy)
    return tuple(sorted(each["TargetId"] for page in pages for each in page["Targets"]))


def _former(client: Any, policy: Mapping[str, Any]) -> Former:
    return Former(policy["Id"], policy["Name"], _targets(client, policy["Id"]))


def _policy(client: Any, summary: Mapping[str, Any]) -> FoundPolicy:
    pages = client.get_paginator("list_tags_for_resource").paginate(ResourceId=summary["Id"])
    return FoundPolicy(
        id=summary["Id"],
        name=summary["Name"],
        description=summary.get("Description", ""),
        document=json.loads(client.describe_policy(PolicyId=summary["Id"])["Policy"]["Content"]),
        tags={tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]},
    )
