"""What is found in policies that IAM would take; and that what Groundwork itself lays down has nothing of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from checks.rendered import rendered
from cli.declaration.linting import reference
from cli.declaration.linting.linter import lint
from groundwork.declaration.loading import HOME, policy_files


def told(**statement: Any) -> list[tuple[str, str]]:
    """The severity and the words of what is found in a policy of this statement."""
    whole = {"Effect": "Allow", "Resource": "*", **statement}
    if "NotResource" in whole:
        del whole["Resource"]
    return [(each.severity, each.words) for each in lint({"Version": "2012-10-17", "Statement": [whole]})]


@pytest.mark.parametrize("path", policy_files(HOME), ids=lambda path: path.name)
def test_the_shipped_policies_are_good(path: Any) -> None:
    assert list(lint(json.loads(path.read_text()))) == []


def test_so_are_the_policies_that_are_made_of_the_shipped_declaration() -> None:
    kinds = ("AWS::IAM::Group", "AWS::IAM::ManagedPolicy", "AWS::Organizations::Policy")
    resources = {name: each for name, each in rendered()["Resources"].items() if each["Type"] in kinds}
    found = {
        (name, remark.severity, remark.words)
        for name, resource in resources.items()
        for document in _documents(resource)
        for remark in lint(document)
    }
    alias = "'arn:aws:kms:*:*:alias/*' is nothing that kms:DescribeKey takes; correct it"
    assert found == {("SessionConfig", "warning", alias), ("SessionTrail", "warning", alias)}


def _documents(part: Any) -> Iterator[Any]:
    if isinstance(part, dict):
        if "Statement" in part:
            yield part
        part = list(part.values())
    for each in part if isinstance(part, list) else ():
        yield from _documents(each)


@pytest.mark.parametrize(
    ("statement", "severity", "words"),
    [
        (
            {"Action": "s3:GetObjct"},
            "error",
            "'s3:GetObjct' is no action of IAM (did you mean 'GetObject'?); correct it, or name it",
        ),
        ({"Action": "s3:Gett*"}, "error", "'s3:Gett*' is no action of IAM; correct it"),
        (
            {"Action": "dynamo:GetItem"},
            "error",
            "'dynamo:GetItem': AWS has no service with this prefix (did you mean 'dynamodb'?); correct it, or name it",
        ),
        (
            {"Action": "s3:GetObject", "Resource": "arn:<partition>:sqs:*:<account>:queue"},
            "error",
            "'arn:<partition>:sqs:*:<account>:queue' is nothing that s3:GetObject takes; correct it",
        ),
        (
            {"Action": "s3:ListAllMyBuckets", "Resource": "arn:<partition>:s3:::bucket"},
            "error",
            "'arn:<partition>:s3:::bucket' is nothing that s3:ListAllMyBuckets takes; correct it",
        ),
        (
            {"Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "arn:<partition>:s3:::bucket/*"},
            "warning",
            "s3:ListBucket takes arn:${Partition}:s3:${Region}:${Account}:accesspoint/${AccessPointName} or ",
        ),
        (
            {"Action": "s3:GetObject", "Condition": {"StringEquals": {"aws:PrincipalOrg": "o-1"}}},
            "error",
            "'aws:PrincipalOrg' is no condition key of AWS (did you mean 'aws:PrincipalOrgID'?); correct it",
        ),
        (
            {"Action": "s3:ListBucket", "Condition": {"StringEquals": {"s3:prefixx": "a"}}},
            "error",
            "'s3:prefixx' is no condition key of s3 (did you mean 's3:prefix'?); correct it",
        ),
        (
            {"Action": "s3:GetObject", "Condition": {"StringEquals": {"s3:prefix": "a"}}},
            "error",
            "requests of s3:GetObject do not have s3:prefix, so that the statement never allows them; take one of them",
        ),
        (
            {
                "Effect": "Deny",
                "Action": ["iam:CreateRole", "iam:CreateUser", "iam:CreateGroup"],
                "Condition": {"StringNotEquals": {"iam:PermissionsBoundary": "arn:aws:iam::1:policy/b"}},
            },
            "warning",
            "requests of iam:CreateGroup do not have iam:PermissionsBoundary, so that the statement always denies them",
        ),
        ({"Action": "iam:*"}, "warning", "'iam:*' on every resource is a way to any power; name the actions"),
        ({"Action": "*"}, "warning", "'*' on every resource is a way to any power; name the actions"),
        ({"Action": "iam:Pass*"}, "warning", "'iam:Pass*' on every role; name the roles, or their path"),
        (
            {"NotAction": ["iam:*", "sts:*"]},
            "warning",
            "allows all of organizations, account, and what AWS adds later; name the actions under Action",
        ),
        (
            {"Action": "s3:GetObject", "NotResource": "arn:<partition>:s3:::secret/*"},
            "warning",
            "allows the actions on everything but these, on what is made later, too; name the resources",
        ),
    ],
    ids=lambda given: str(given)[:60],
)
def test_what_is_found(statement: dict[str, Any], severity: str, words: str) -> None:
    (found,) = told(**statement)
    assert found[0] == severity
    assert found[1].startswith(words)


@pytest.mark.parametrize(
    "statement",
    [
        {"Action": "s3:GetObject", "Resource": "arn:<partition>:s3:::bucket/${aws:username}/*"},
        {"Action": "S3:getobject", "Resource": "arn:*:s3:::b*"},
        {"Action": ["s3:Get*", "s3:List*"], "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]},
        {"Action": "sts:AssumeRole", "Condition": {"StringEquals": {"aws:ResourceOrgID": "<organization>"}}},
        {"Action": "s3:GetObject", "Condition": {"StringEquals": {"s3:ExistingObjectTag/team": "a"}}},
        {"Action": "ec2:RunInstances", "Condition": {"StringEquals": {"aws:RequestTag/team": "a"}}},
        {"Action": "s3:GetObject", "Condition": {"StringEqualsIfExists": {"s3:prefix": "a"}}},
        {"Action": "kms:Decrypt", "Condition": {"StringEquals": {"kms:EncryptionContext:a": "b"}}},
        {"NotAction": ["iam:*", "sts:*", "organizations:*", "account:*"]},
    ],
    ids=str,
)
def test_what_is_good(statement: dict[str, Any]) -> None:
    assert told(**statement) == []


def test_what_is_newer_than_the_reference_is_taken() -> None:
    statement = {
        "Effect": "Allow",
        "Action": "s3:Teleport",
        "Resource": "*",
        "Condition": {"Bool": {"s3:Far": "true"}},
    }
    document = {"Version": "2012-10-17", "Statement": statement}
    assert len(list(lint(document))) == 2
    assert list(lint(document, ["s3:Teleport", "s3:Far"])) == []


@pytest.mark.parametrize(
    ("pattern", "template", "verdict"),
    [
        ("arn:aws:s3:::b/*", "arn:${Partition}:s3:::${BucketName}/${ObjectName}", True),
        ("arn:aws:s3:::b", "arn:${Partition}:s3:::${BucketName}/${ObjectName}", False),
        ("arn:aws:sns:*:1:x:sqs:y", "arn:${Partition}:sqs:${Region}:${Account}:${QueueName}", False),
        ("arn:aws:iam::1:role/a?c", "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}", True),
        ("arn:aws:iam::1:user/a", "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}", False),
    ],
)
def test_a_pattern_and_a_template_may_have_an_arn_in_common(
    pattern: str, template: str, verdict: bool
) -> None:
    assert reference.may_be(pattern, template) is verdict
