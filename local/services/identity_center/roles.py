"""A permission set in an account: a role below a path of AWS's own, which trusts the SAML provider of IAM Identity Center.

https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
https://docs.aws.amazon.com/singlesignon/latest/userguide/identity-center-and-iam-roles.html
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

from moto.iam.models import IAMBackend, iam_backends

from .permission_set import PermissionSet

PATH, PREFIX = "/aws-reserved/sso.amazonaws.com/", "AWSReservedSSO_"
INLINE = "AwsSSOInlinePolicy"
LONGEST_SESSION = "43200"


class Home(NamedTuple):
    """The instance, by its ARN, and where it is."""

    instance: str
    partition: str
    region: str


def path_in(region: str) -> str:
    """Identity Center of us-east-1 leaves its Region out."""
    return PATH if region == "us-east-1" else f"{PATH}{region}/"


def name_of(permission_set: PermissionSet, account: str) -> str:
    unique = hashlib.sha256(f"{permission_set.arn} {account}".encode()).hexdigest()[:16]
    return f"{PREFIX}{permission_set.name}_{unique}"


def put(permission_set: PermissionSet, account: str, home: Home) -> None:
    """The role with what the permission set holds now, made anew."""
    remove(permission_set, account, home.partition)
    iam = _iam(account, home.partition)
    unique = hashlib.sha256(f"{home.instance} {account}".encode()).hexdigest()[:16]
    provider = f"AWSSSO_{unique}_DO_NOT_DELETE"
    if provider not in iam.saml_providers:
        iam.create_saml_provider(provider, "<EntityDescriptor/>")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": f"arn:{home.partition}:iam::{account}:saml-provider/{provider}"},
                "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"],
                "Condition": {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}},
            }
        ],
    }
    boundary = permission_set.boundary or {}
    own = boundary.get("CustomerManagedPolicyReference")
    role = iam.create_role(
        role_name=name_of(permission_set, account),
        assume_role_policy_document=json.dumps(trust),
        path=path_in(home.region),
        permissions_boundary=_own_arn(home.partition, account, own["Path"], own["Name"])
        if own
        else boundary.get("ManagedPolicyArn"),
        description=permission_set.description or "",
        tags=[],
        max_session_duration=LONGEST_SESSION,
    )
    for arn in permission_set.managed:
        iam.attach_role_policy(arn, role.name)
    for path, name in permission_set.customer_managed:
        iam.attach_role_policy(_own_arn(home.partition, account, path, name), role.name)
    if permission_set.inline:
        iam.put_role_policy(role.name, INLINE, permission_set.inline)


def remove(permission_set: PermissionSet, account: str, partition: str) -> None:
    iam, name = _iam(account, partition), name_of(permission_set, account)
    role: Any = next((each for each in iam.roles.values() if each.name == name), None)
    if role is None:
        return
    for arn in list(role.managed_policies):
        iam.detach_role_policy(arn, name)
    for policy in list(role.policies):
        iam.delete_role_policy(name, policy)
    iam.delete_role(name)


def _own_arn(partition: str, account: str, path: str, name: str) -> str:
    return f"arn:{partition}:iam::{account}:policy{path}{name}"


def _iam(account: str, partition: str) -> IAMBackend:
    backend: IAMBackend = iam_backends[account][partition]
    return backend
