"""guardrails: a declared stack, and the role that it keeps, are changed by entry roles alone."""

from __future__ import annotations

import json

from groundwork.baseline.central_policies import minified
from groundwork.baseline.components.guardrails.document import guardrail_documents
from groundwork.declaration.loading import load
from groundwork.policies.documents import Request, compile_policy
from tests.component.test_guardrails import ADMINISTRATOR, ENTRY, MEMBER, ORGANIZATION, denied, role

OURS = f"arn:aws:cloudformation:us-east-1:{MEMBER}:stack/groundwork-network/0123"
STACK_ROLE = role("groundwork-stack-network")
ATTACKS = [
    ("cloudformation:CreateStack", OURS),
    ("cloudformation:DeleteStack", OURS),
    ("cloudformation:ExecuteChangeSet", OURS),
    ("cloudformation:UpdateStack", OURS),
    ("iam:CreateRole", STACK_ROLE),
    ("iam:PassRole", STACK_ROLE),
    ("iam:PutRolePolicy", STACK_ROLE),
    ("iam:UpdateAssumeRolePolicy", STACK_ROLE.replace("role/", "role/theirs/")),
]
FREE = [
    ("cloudformation:DescribeStackEvents", OURS),
    ("cloudformation:DetectStackDrift", OURS),
    ("cloudformation:UpdateStack", OURS.replace("groundwork-network", "theirs")),
    ("iam:GetRole", STACK_ROLE),
]


def test_a_declared_stack_is_protected_where_stacks_are_declared() -> None:
    default = load()
    workload = [*default.baseline["workload"], "stacks"]
    declared = default.model_copy(update={"baseline": {**default.baseline, "workload": workload}})
    for attack in ATTACKS:
        for principal in (ADMINISTRATOR, role("allow-dev-from-security-account"), STACK_ROLE):
            assert denied(*attack, principal=principal, declaration=declared), (attack, principal)
        assert not denied(*attack, principal=ENTRY, declaration=declared), attack
        assert not denied(*attack), attack
    for action in FREE:
        assert not denied(*action, principal=ADMINISTRATOR, declaration=declared), action
    document = guardrail_documents(declared, ORGANIZATION)[declared.guardrails.policy]
    for resource in document["Statement"][-1]["Resource"]:
        without = json.loads(minified(document))
        without["Statement"][-1]["Resource"].remove(resource)
        policy = compile_policy(minified(without))
        context = {"aws:principalarn": ADMINISTRATOR}
        assert not all(policy.verdict(Request(*attack, context)).denied for attack in ATTACKS), resource
