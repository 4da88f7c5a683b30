"""guardrails: what the CDK deploys by is changed by entry roles alone, and does its work."""

from __future__ import annotations

import json

from groundwork.baseline.central_policies import minified
from groundwork.baseline.components.guardrails.document import guardrail_documents
from groundwork.declaration.loading import load
from groundwork.policies.documents import Request, compile_policy
from tests.component.cdk import with_cdk
from tests.component.test_guardrails import ADMINISTRATOR, ENTRY, MEMBER, ORGANIZATION, denied, role


def cdk(purpose: str) -> str:
    return role(f"cdk-hnb659fds-{purpose}-role-{MEMBER}-us-east-1")


ASSETS = f"arn:aws:s3:::cdk-hnb659fds-assets-{MEMBER}-us-east-1"
VERSION = f"arn:aws:ssm:us-east-1:{MEMBER}:parameter/cdk-bootstrap/hnb659fds/version"
OF_THE_CDK = [
    ("iam:AttachRolePolicy", cdk("cfn-exec")),
    ("iam:CreateRole", cdk("deploy")),
    ("iam:CreateRole", cdk("deploy").replace("role/", "role/theirs/")),
    ("iam:PassRole", cdk("cfn-exec")),
    ("iam:PutRolePolicy", cdk("lookup")),
    ("iam:UpdateAssumeRolePolicy", cdk("file-publishing")),
    ("s3:DeleteBucket", ASSETS),
    ("s3:PutBucketPolicy", ASSETS),
    ("s3:PutObject", f"{ASSETS}/0123.zip"),
    ("ssm:DeleteParameter", VERSION),
    ("ssm:PutParameter", VERSION),
]


def test_what_the_cdk_deploys_by_is_protected_where_it_is_declared() -> None:
    declared, workload = with_cdk(), load().access.roles[-1].name
    for attack in OF_THE_CDK:
        for principal in (ADMINISTRATOR, role(workload), cdk("cfn-exec"), cdk("lookup")):
            assert denied(*attack, principal=principal, declaration=declared), (attack, principal)
        assert not denied(*attack, principal=ENTRY, declaration=declared), attack
        assert not denied(*attack), attack
    document = guardrail_documents(declared, ORGANIZATION)[declared.guardrails.policy]
    for resource in document["Statement"][-1]["Resource"]:
        without = json.loads(minified(document))
        without["Statement"][-1]["Resource"].remove(resource)
        policy = compile_policy(minified(without))
        context = {"aws:principalarn": ADMINISTRATOR}
        assert not all(policy.verdict(Request(*attack, context)).denied for attack in OF_THE_CDK), resource


def test_what_the_cdk_deploys_by_does_its_work_under_the_guard_rails() -> None:
    declared = with_cdk()
    for action, resource, principal in (
        ("iam:PassRole", cdk("cfn-exec"), cdk("deploy")),
        ("s3:PutObject", f"{ASSETS}/0123.zip", cdk("file-publishing")),
        ("s3:GetObject", f"{ASSETS}/0123.zip", cdk("cfn-exec")),
        ("ssm:GetParameter", VERSION, cdk("lookup")),
        ("sts:AssumeRole", cdk("deploy"), f"arn:aws:iam::{MEMBER}:role/ci-cd/pipeline"),
        ("iam:CreateRole", role("cdk-other-deploy-role"), ADMINISTRATOR),
        ("s3:PutObject", ASSETS.replace("hnb659fds", "other"), ADMINISTRATOR),
    ):
        assert not denied(action, resource, principal=principal, declaration=declared), (action, principal)
