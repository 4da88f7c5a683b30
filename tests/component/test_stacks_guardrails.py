"""guardrails: a declared stack, and the role that it keeps, are changed by entry roles alone."""

from __future__ import annotations

import json

from groundwork.baseline.central_policies import minified
from groundwork.baseline.components.guardrails.document import guardrail_documents
from groundwork.declaration import Declaration
from groundwork.declaration.loading import load
from groundwork.declaration.stacks import Stack, StackWhere
from groundwork.declaration.stacks.templates import LONGEST_SENT, Template
from groundwork.policies.documents import Request, compile_policy
from tests.component.test_guardrails import (
    ADMINISTRATOR,
    ENTRY,
    MEMBER,
    ORGANIZATION,
    SECURITY,
    WRITER,
    denied,
    role,
)

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


def with_template(length: int) -> Declaration:
    default = load()
    where = StackWhere(kinds=["workload"])
    network = Stack(name="network", template="network.yaml", where=where, policies=["own"])
    baseline = {**default.baseline, "workload": [*default.baseline["workload"], "stacks"]}
    declared = default.model_copy(update={"baseline": baseline, "stacks": [network]})
    declared._templates = {"network.yaml": Template("#" * length, {})}
    return declared


def test_the_bucket_of_large_templates_is_the_archives_alone() -> None:
    bucket = f"arn:aws:s3:::groundwork-templates-{SECURITY}"
    large, small = with_template(LONGEST_SENT + 1), with_template(LONGEST_SENT)
    for attack in (
        ("s3:PutObject", f"{bucket}/templates/0123"),
        ("s3:DeleteObject", f"{bucket}/templates/0123"),
        ("s3:PutBucketPolicy", bucket),
        ("s3:DeleteBucket", bucket),
    ):
        for principal in (ADMINISTRATOR, ENTRY, STACK_ROLE):
            assert denied(*attack, principal=principal, declaration=large), (attack, principal)
            assert not denied(*attack, principal=principal, declaration=small), (attack, principal)
        assert not denied(*attack, principal=WRITER, declaration=large), attack
    for principal in (ADMINISTRATOR, ENTRY):
        assert not denied("s3:GetObject", f"{bucket}/templates/0123", principal=principal, declaration=large)
    for document in guardrail_documents(large, ORGANIZATION).values():
        assert len(minified(document)) <= 5_120
