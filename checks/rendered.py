"""The policies that the default declaration lays down, as a template that auditors of templates can read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from groundwork.aws.sessions import session_policy
from groundwork.baseline.archive import archive
from groundwork.baseline.components import COMPONENTS
from groundwork.baseline.components.log_archive import policies as archive_policies
from groundwork.declaration.policy_files import Document
from prove import laid_down
from prove.laid_down import IDS

Resource = dict[str, Any]
PIPELINES = (
    "a pipeline deploys whatever a workload is made of; its roles have a boundary, which says the same"
)
ACCEPTED = {
    "ProdAllowDeployFromMgmtAccount": {
        f"CKV_AWS_{number}": PIPELINES for number in (107, 108, 109, 110, 111)
    },
    "BoundaryWorkloadBoundary": {
        f"CKV_AWS_{number}": "a boundary grants nothing: it is the most that may be granted"
        for number in (107, 108, 109, 110, 111)
    },
    "LogArchiveKey": {"CKV_AWS_33": "anybody of the organization, by condition, and only to find the key"},
    "SessionConfig": {"CKV_AWS_111": "recorders and delivery channels have no ARN to name"},
    "SessionDelegation": {"CKV_AWS_111": "an administrator is designated without a resource to name"},
    "SessionPosture": {
        "CKV_AWS_111": "central configuration and aggregators have no ARN before they are made"
    },
    "SessionSensitiveData": {
        "CKV_AWS_111": "no resource can be named for Macie's settings, nor for the members it takes"
    },
    "SessionThreatDetection": {"CKV_AWS_111": "detectors have no ARN before they are made"},
}
"""Findings of checkov that stay, by resource, each with its reason."""


def rendered() -> Resource:
    parts = (_roles, _boundaries, _groups, _archive, _guardrails, _sessions)
    resources = dict(resource for part in parts for resource in part())
    for name, reasons in ACCEPTED.items():
        skipped = [{"id": check, "comment": reason} for check, reason in reasons.items()]
        resources[name]["Metadata"] = {"checkov": {"skip": skipped}}
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}


def _named(*words: str) -> str:
    return "".join(word.capitalize() for text in words for word in text.split("-"))


def _resource(kind: str, **properties: Any) -> Resource:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def _inline(holder: Any) -> Resource:
    policies = [{"PolicyName": name, "PolicyDocument": document} for name, document in holder.inline.items()]
    return {"Policies": policies, "ManagedPolicyArns": sorted(holder.attached)}


def _roles() -> Iterator[tuple[str, Resource]]:
    for account in ("mgmt", "prod"):
        for role in laid_down.access(account).roles:
            trust = {"AssumeRolePolicyDocument": role.trust, "Path": role.path}
            yield _named(account, role.name), _resource("IAM::Role", **trust, **_inline(role))


def _boundaries() -> Iterator[tuple[str, Resource]]:
    for policy in laid_down.access("prod").policies:
        yield (
            _named("boundary", policy.arn.rsplit("/", 1)[-1]),
            _resource("IAM::ManagedPolicy", PolicyDocument=policy.document),
        )


def _groups() -> Iterator[tuple[str, Resource]]:
    for group in laid_down.access("security").groups:
        yield _named(group.name), _resource("IAM::Group", Path=group.path, **_inline(group))


def _archive() -> Iterator[tuple[str, Resource]]:
    here = laid_down.target("security")
    names = archive(here)
    for bucket, policy in (
        (names.trail_bucket, archive_policies.trail_bucket(here)),
        (names.config_bucket, archive_policies.config_bucket(here)),
        (names.access_logs_bucket, archive_policies.access_logs_bucket(here)),
    ):
        yield _named(bucket), _resource("S3::BucketPolicy", Bucket=bucket, PolicyDocument=policy)
    key = _resource("KMS::Key", EnableKeyRotation=True, KeyPolicy=archive_policies.key(here))
    yield "LogArchiveKey", {**key, "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}


def _guardrails() -> Iterator[tuple[str, Resource]]:
    for number, document in enumerate(laid_down.guardrails(), 1):
        content = {"Content": document, "TargetIds": [laid_down.ORGANIZATION.root_id]}
        given = {"Name": f"groundwork-{number}", "Type": "SERVICE_CONTROL_POLICY", **content}
        yield f"Guardrails{number}", _resource("Organizations::Policy", **given)


def _sessions() -> Iterator[tuple[str, Resource]]:
    """Each component's session policy, which holds a session of the entry role to what the component calls."""
    for component in COMPONENTS.values():
        if component.kinds == ("management",):
            continue
        permissions = [*component.reads, *component.writes]
        policy: Document = json.loads(session_policy(permissions, IDS["dev"], "aws"))
        yield _named("session", component.name), _resource("IAM::ManagedPolicy", PolicyDocument=policy)
