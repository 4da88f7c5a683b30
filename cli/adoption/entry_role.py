"""How the owner of an account that was invited makes the role by which Groundwork enters it.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_create-cross-account-role.html
"""

from __future__ import annotations

import json
import shlex

from cli.connection import Connection
from cli.declaration.declared import load_if_there
from groundwork.declaration.entry_roles import ORGANIZATIONS

TEMPLATE = "examples/entry-role.yaml"
STACK = "groundwork-entry-role"
GUARDED = (
    "Where the guard rails bind the account already nobody there may make it: take groundwork-guardrails off its path in "
    "Organizations meanwhile, or move the account out of the units that guardrails.where names"
)


def commands(aws: Connection) -> list[list[str]]:
    """Two ways, each as lines for a shell of an administrator in the account: a stack, and the role alone."""
    declaration = load_if_there()
    name = declaration.entry_role_names[0] if declaration else ORGANIZATIONS
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{aws.partition}:iam::{aws.account}:root"},
        "Action": "sts:AssumeRole",
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))
    policy = f"arn:{aws.partition}:iam::aws:policy/AdministratorAccess"
    return [
        [
            f"aws cloudformation deploy --stack-name {STACK} --template-file entry-role.yaml \\",
            "  --capabilities CAPABILITY_NAMED_IAM \\",
            f"  --parameter-overrides ManagementAccountId={aws.account} RoleName={name}",
        ],
        [
            f"aws iam create-role --role-name {name} \\",
            f"  --assume-role-policy-document {shlex.quote(trust)}",
            f"aws iam attach-role-policy --role-name {name} \\",
            f"  --policy-arn {policy}",
        ],
    ]
