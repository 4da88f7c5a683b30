"""The role that changes the log archive: nobody takes it but the function that applies components.

Whoever holds an entry role can do everything in the security account but destroy the evidence: the guard rails spare
this role alone where the archive is concerned, and nobody where it is about this role's trust. Its own policy allows
what the component does, and so no deletion of a log or of the key.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from groundwork.aws.sessions import Permission, session_policy
from groundwork.baseline.archive import WRITER
from groundwork.baseline.component import Action, Call, Target
from groundwork.baseline.documents import differences
from groundwork.declaration.policy_files import Document

POLICY = "change-the-log-archive"


@dataclass(frozen=True)
class Writer:
    """The role as it is: who may take it, and what it may do. `others` are the names of further policies of it."""

    trust: Document
    policy: Document | None
    others: tuple[str, ...] = ()


def read(iam: Any, name: str) -> Writer | None:
    try:
        role = iam.get_role(RoleName=name)["Role"]
    except ClientError as missing:
        if missing.response["Error"]["Code"] != "NoSuchEntity":
            raise
        return None
    try:
        policy = iam.get_role_policy(RoleName=name, PolicyName=POLICY)["PolicyDocument"]
    except ClientError as missing:
        if missing.response["Error"]["Code"] != "NoSuchEntity":
            raise
        policy = None
    names = iam.list_role_policies(RoleName=name)["PolicyNames"]
    return Writer(role["AssumeRolePolicyDocument"], policy, tuple(each for each in names if each != POLICY))


def wanted(permissions: Sequence[Permission], target: Target) -> Writer:
    policy = session_policy(permissions, target.account.id, target.organization.partition)
    return Writer(_trust(target), json.loads(policy))


def calls(found: Writer | None, to_be: Writer) -> Iterator[Call]:
    trust, at = json.dumps(to_be.trust), {"RoleName": WRITER}
    if found is None:
        made = {**at, "AssumeRolePolicyDocument": trust, "Description": "Changes Groundwork's log archive"}
        missing = "does not exist: an entry role changes the archive"
        yield _call("CreateRole", made, "create", missing)
    elif wrong := differences(found.trust, to_be.trust):
        yield _call("UpdateAssumeRolePolicy", {**at, "PolicyDocument": trust}, "update", f"trust {wrong}")
    for other in found.others if found else ():
        strange = f"has the inline policy {other}, which is not declared"
        yield _call("DeleteRolePolicy", {**at, "PolicyName": other}, "update", strange)
    if wrong := differences(found.policy if found else None, to_be.policy or {}):
        document = {**at, "PolicyName": POLICY, "PolicyDocument": json.dumps(to_be.policy)}
        yield _call("PutRolePolicy", document, "update", f"{POLICY}: {wrong}")


def _call(operation: str, parameters: Mapping[str, Any], action: Action, reason: str) -> Call:
    resource = f"role/{WRITER}"
    return Call("iam", operation, parameters, resource, action, reason, severity="high")


def _trust(target: Target) -> Document:
    management = target.organization.management_account_id
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{target.organization.partition}:iam::{management}:root"},
                "Action": "sts:AssumeRole",
                "Condition": {"ArnLike": {"aws:PrincipalArn": target.installation.archive_writer}},
            }
        ],
    }
