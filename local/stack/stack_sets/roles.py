"""The roles by which StackSets that Organizations lets in work: a service-linked one in the management account, one in each
target account, and there `stacksets-exec-*` with AdministratorAccess, which is an ordinary role: service control policies bind it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-activate-trusted-access.html
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/CloudFormationStackSetsOrgAdminServiceRolePolicy.html
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from moto.iam.models import iam_backends

from local.iam.service_linked_roles import give_role, path_of
from local.identity.credentials import Credentials

if TYPE_CHECKING:
    from local.engine import Engine

OF_MANAGEMENT = "stacksets.cloudformation.amazonaws.com"
OF_MEMBERS = "member.org.stacksets.cloudformation.amazonaws.com"
EXECUTION = "stacksets-exec-"
ADMINISTRATOR = "arn:{partition}:iam::aws:policy/AdministratorAccess"
ADMINS_POLICY = (
    "arn:{partition}:iam::aws:policy/aws-service-role/CloudFormationStackSetsOrgAdminServiceRolePolicy"
)


def make_administrators(engine: Engine) -> str:
    """What ActivateOrganizationsAccess makes in the management account; its ARN."""
    management, partition = engine.management_account, engine.partition
    give_role(management, OF_MANAGEMENT, partition)
    iam: Any = iam_backends[management][partition]
    role = next(each for each in iam.roles.values() if each.path == path_of(OF_MANAGEMENT))
    if not role.managed_policies:
        iam.attach_role_policy(ADMINS_POLICY.format(partition=partition), role.name)
    return str(role.arn)


def make_execution_role(engine: Engine, account: str) -> str:
    """Of a target account; its ARN."""
    give_role(account, OF_MEMBERS, engine.partition)
    iam: Any = iam_backends[account][engine.partition]
    name = f"{EXECUTION}{hashlib.sha256(account.encode()).hexdigest()[:32]}"
    there = next((each for each in iam.roles.values() if each.name == name), None)
    if there is None:
        trust = {
            "Effect": "Allow",
            "Principal": {"AWS": make_administrators(engine)},
            "Action": "sts:AssumeRole",
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        there = iam.create_role(name, document, "/", None, "", [], "3600")
        iam.attach_role_policy(ADMINISTRATOR.format(partition=engine.partition), name)
    return str(there.arn)


def execution_session(engine: Engine, account: str) -> Credentials:
    """As StackSets enter an account: by the role of the management account."""
    role = make_execution_role(engine, account)
    administrator = engine.mint(make_administrators(engine), "StackSets", service=OF_MANAGEMENT)
    sts = engine.client("sts", credentials=administrator)
    session = sts.assume_role(RoleArn=role, RoleSessionName="StackSets")["Credentials"]
    return Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
