"""The guard rails of StackSets, where one account administers them for the organization.

AWS lays a role `stacksets-exec-*` with AdministratorAccess down in each target account, by a service-linked role, which no service
control policy binds. The role itself is an ordinary one, which they do bind: a StackSet cannot change what Groundwork lays down.
Who could change its trust, or make one of its name, would have its power; and who may make StackSets in the account that administers
them has it in every member account. Where the stacks that they make keep their role is documented nowhere: those of ours are
changed by that role and by entry roles alone.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-activate-trusted-access.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-delegated-admin.html
"""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.baseline.components.guardrails.names import Names, Statement
from groundwork.contracts import Kind
from groundwork.declaration.stacks import EXECUTION_ROLES, STACK
from groundwork.declaration.stacks.set_mistakes import administrators

CHANGING = [
    "cloudformation:CreateStackInstances",
    "cloudformation:CreateStackSet",
    "cloudformation:DeleteStackInstances",
    "cloudformation:DeleteStackSet",
    "cloudformation:ImportStacksToStackSet",
    "cloudformation:StopStackSetOperation",
    "cloudformation:UpdateStackInstances",
    "cloudformation:UpdateStackSet",
]
"""Looking is free."""


def of_stack_sets(names: Names, free: list[str]) -> Iterator[Statement]:
    """`free` is what anybody may do with a stack, and with a role, of ours."""
    chosen, organization = administrators(names.declaration), names.organization
    if not chosen:
        return
    ids: dict[Kind, str | None] = {
        "security": organization.security_account_id,
        "tooling": organization.tooling_account_id,
    }
    resources = [
        names.arn("cloudformation", f"stack/StackSet-{STACK}*/*", "*"),
        names.iam(f"role/*{EXECUTION_ROLES}"),
    ]
    statement = {"Sid": "StackSets", "NotAction": free, "Resource": resources}
    yield names.exempting(statement, [*names.entry_roles, names.iam(f"role/{EXECUTION_ROLES}")])
    if known := sorted(account for kind in chosen if (account := ids[kind])):
        administration = {
            "Sid": "StackSetsAdministrator",
            "Action": CHANGING,
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalAccount": known}},
        }
        yield names.exempting(administration, names.entry_roles)
