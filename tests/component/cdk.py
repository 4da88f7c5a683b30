"""The CDK's component in a test: declared for workloads, in two Regions."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from groundwork.baseline.components.cdk import Cdk
from groundwork.baseline.components.cdk.names import Names
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.declaration.loading import load
from tests.component.conftest import World

CDK = Cdk()
HOME, ELSEWHERE = "us-east-1", "eu-west-1"
QUALIFIER = "hnb659fds"
PARAMETER = f"/cdk-bootstrap/{QUALIFIER}/version"
Deed = Callable[[World, Account], Any]


def with_cdk(*governed: str, qualifier: str = QUALIFIER) -> Declaration:
    declared = load()
    return declared.model_copy(
        update={
            "baseline": {**declared.baseline, "workload": [*declared.baseline["workload"], "cdk"]},
            "regions": declared.regions.model_copy(update={"governed": list(governed or (HOME,))}),
            "cdk": declared.cdk.model_copy(update={"qualifier": qualifier}),
        }
    )


def named(account: Account, region: str = HOME, qualifier: str = QUALIFIER) -> Names:
    return Names(qualifier, "aws", account.id, region)


def roles(world: World, account: Account) -> dict[str, Any]:
    """The CDK's roles as IAM tells them, by name."""
    pages = (
        world.client("iam", account)
        .get_paginator("get_account_authorization_details")
        .paginate(Filter=["Role"])
    )
    found = {
        role["RoleName"]: role
        for page in pages
        for role in page["RoleDetailList"]
        if role["RoleName"].startswith("cdk-")
    }
    described = {role["RoleName"]: role for role in world.client("iam", account).list_roles()["Roles"]}
    return {
        name: {
            **{key: role.get(key) for key in ("Path", "AssumeRolePolicyDocument", "AttachedManagedPolicies")},
            "RolePolicyList": sorted(role["RolePolicyList"], key=lambda each: str(each["PolicyName"])),
            "PermissionsBoundary": role.get("PermissionsBoundary"),
            "Tags": sorted(role.get("Tags", []), key=lambda tag: str(tag["Key"])),
            "Description": described[name].get("Description"),
            "MaxSessionDuration": described[name].get("MaxSessionDuration"),
        }
        for name, role in found.items()
    }


def policies(world: World, account: Account, purpose: str) -> dict[str, Any]:
    its = roles(world, account)[named(account).role(purpose)]["RolePolicyList"]
    return {each["PolicyName"]: each["PolicyDocument"] for each in its}


def bucket_policy(world: World, account: Account, region: str = HOME) -> dict[str, Any]:
    s3 = world.client("s3", account, region)
    policy: dict[str, Any] = json.loads(s3.get_bucket_policy(Bucket=named(account, region).bucket)["Policy"])
    return policy
