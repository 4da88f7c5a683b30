"""The roles that the CDK takes, each with less than the CDK's own template gives it.

A pipeline of the tooling account takes the first three; CloudFormation takes the fourth, and gets no more than a pipeline
may do itself. The deploy role must name that role in each call: a stack that somebody else made, with a role that may
more, is not changed with that role.

https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-customizing.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from groundwork.baseline.component import Target
from groundwork.baseline.components.access.documents import (
    ROLE_INLINE_CHARACTERS,
    filled,
    hold_to,
    trust_policy,
)
from groundwork.baseline.components.access.state import RoleState
from groundwork.declaration.access import Role, Trust, Where
from groundwork.declaration.policy_files import Document

from .names import DEPLOY, EXECUTE, LOOKUP, PUBLISH, Names, names

OURS = {"groundwork:component": "cdk"}
"""By this tag a role is known as ours. It is not the one of declared roles: those are `access`'s."""
PURPOSE = "aws-cdk:bootstrap-role"
"""The tag by which the CDK's own template tells its roles apart."""
POLICY = "cdk"

WITH_THE_ROLE = [
    "cloudformation:ContinueUpdateRollback",
    "cloudformation:CreateChangeSet",
    "cloudformation:CreateStack",
    "cloudformation:RollbackStack",
    "cloudformation:UpdateStack",
]
ON_STACKS = [
    "cloudformation:DeleteChangeSet",
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeEvents",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStackResources",
    "cloudformation:DescribeStacks",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:GetTemplate",
    "cloudformation:ListStackResources",
    "cloudformation:UpdateTerminationProtection",
]
CONTEXT = [
    "cloudformation:DescribeStackResources",
    "cloudformation:DescribeStacks",
    "cloudformation:GetTemplate",
    "cloudformation:ListStackResources",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeImages",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcEndpointServices",
    "ec2:DescribeVpcs",
    "ec2:DescribeVpnGateways",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeTags",
    "kms:ListAliases",
    "route53:GetHostedZone",
    "route53:ListHostedZonesByName",
    "ssm:GetParameter",
    "ssm:GetParameters",
]
"""What the CDK's context providers ask, `cdk diff`, and `cdk deploy` of a stack that failed. No key is used: a SecureString
stays closed.

https://docs.aws.amazon.com/cdk/v2/guide/context.html
"""


def wanted(target: Target, region: str) -> list[RoleState]:
    """The execution role comes first: the deploy role names it. Raises `NotYetKnown` while there is no tooling account,
    and `InvalidDeclaration` when a policy is longer than IAM takes."""
    its, declared = names(target, region), target.declaration.cdk
    execution = {name: filled(target.declaration.policy(name), target) for name in declared.policies}
    looking = {name: filled(target.declaration.policy(name), target) for name in declared.lookup_policies}
    looking[POLICY] = _document(_allow("Context", CONTEXT, "*"))
    for key, documents in (("policies", execution), ("lookupPolicies", looking)):
        hold_to(ROLE_INLINE_CHARACTERS, list(documents.values()), f"cdk.{key}", "shorten them")
    return [
        RoleState(
            its.role(EXECUTE),
            inline=execution,
            trust=_of_cloudformation(),
            description="What CloudFormation makes the stacks of CDK apps by",
            tags=OURS,
        ),
        _for_pipelines(its, DEPLOY, "Deploys CDK apps", {POLICY: _deploy(its)}, target),
        _for_pipelines(its, PUBLISH, "Uploads the files of CDK apps", {POLICY: _publish(its)}, target),
        _for_pipelines(its, LOOKUP, "Looks up what CDK apps are made for", looking, target),
    ]


def _for_pipelines(
    its: Names, purpose: str, description: str, inline: Mapping[str, Document], target: Target
) -> RoleState:
    trust = Trust(account="tooling", principals=target.declaration.cdk.principals, mfa="exempt")
    role = Role(name=its.role(purpose), where=Where(kinds=["workload"]), trust=trust)
    return RoleState(
        role.name,
        inline=inline,
        trust=trust_policy(role, target),
        description=description,
        tags={**OURS, PURPOSE: purpose},
    )


def _of_cloudformation() -> Document:
    """Without a condition: CloudFormation documents none for the role of a stack, which IAM lets nobody pass who is not of
    the role's own account.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    service = {"Service": "cloudformation.amazonaws.com"}
    return _document({"Effect": "Allow", "Principal": service, "Action": "sts:AssumeRole"})


def _deploy(its: Names) -> Document:
    stacks, execution = its.arn("cloudformation", "stack/*"), its.role_arn(EXECUTE)
    return _document(
        _allow("ByTheExecutionRole", WITH_THE_ROLE, stacks, {"cloudformation:RoleArn": execution}),
        # The CDK names no role when it deletes a stack whose creation failed: CloudFormation takes the stack's own.
        _allow("DeleteStacks", "cloudformation:DeleteStack", stacks),
        _allow("ChangeSetsAndReads", ON_STACKS, stacks),
        _allow(
            "PassTheExecutionRole",
            "iam:PassRole",
            execution,
            {"iam:PassedToService": "cloudformation.amazonaws.com"},
        ),
        *_read_assets(its, ["s3:GetObject", "s3:ListBucket"]),
        _allow(
            "Version", ["ssm:GetParameter", "ssm:GetParameters"], its.arn("ssm", f"parameter{its.parameter}")
        ),
    )


def _publish(its: Names) -> Document:
    actions = [
        "s3:AbortMultipartUpload",
        "s3:GetBucketLocation",
        "s3:GetEncryptionConfiguration",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
    ]
    return _document(*_read_assets(its, actions))


def _read_assets(its: Names, actions: Sequence[str]) -> Iterator[dict[str, Any]]:
    """In the bucket of this account: nobody else's of the same name is written to or read.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceaccount
    """
    bucket = [its.bucket_arn, f"{its.bucket_arn}/*"]
    yield _allow("Assets", actions, bucket, {"aws:ResourceAccount": its.account})


def _allow(
    sid: str,
    actions: str | Sequence[str],
    resource: str | Sequence[str],
    equals: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    statement = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}
    return statement | ({"Condition": {"StringEquals": equals}} if equals else {})


def _document(*statements: dict[str, Any]) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}
