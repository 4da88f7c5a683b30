"""access: a role of the tooling account that may deploy, and lets in more than what runs it, is reported."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from groundwork.baseline.components.access.pipelines import open_to_others
from groundwork.baseline.components.access.state import RoleState
from tests.component.access import ACCESS
from tests.component.cdk import with_cdk
from tests.component.conftest import World
from tests.component.without_aws import target_without_aws

HERE = "333333333333"
ROOT = {"AWS": f"arn:aws:iam::{HERE}:root"}
GITHUB = {"Federated": f"arn:aws:iam::{HERE}:oidc-provider/token.actions.githubusercontent.com"}
AUDIENCE = {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}
SUB = "token.actions.githubusercontent.com:sub"


def trust(principal: Any, **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return {
        "Version": "2012-10-17",
        "Statement": [statement | ({"Condition": condition} if condition else {})],
    }


def reported(document: dict[str, Any], path: str = "/ci-cd/") -> str:
    roles = [RoleState("pipeline", path, trust=document)]
    return "; ".join(call.reason for call in open_to_others(roles, target_without_aws("tooling")))


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (trust(ROOT), f"lets in all of account {HERE}"),
        (trust({"AWS": HERE}), f"lets in all of account {HERE}"),
        (trust({"AWS": "arn:aws:iam::999999999999:root"}), "lets in all of account 999999999999"),
        (trust("*"), "lets in everybody"),
        (trust({"AWS": "*"}, StringEquals={"aws:PrincipalOrgID": "o-exampleorg1"}), "lets in everybody"),
        (trust(ROOT, Bool={"aws:MultiFactorAuthPresent": "true"}), f"all of account {HERE}"),
        (trust(ROOT, ArnLike={"aws:PrincipalArn": f"arn:aws:iam::{HERE}:role/*"}), f"all of account {HERE}"),
        (trust(ROOT, ArnLikeIfExists={"aws:PrincipalArn": f"arn:aws:iam::{HERE}:role/x"}), f"account {HERE}"),
        (trust(ROOT, ArnNotLike={"aws:PrincipalArn": f"arn:aws:iam::{HERE}:role/x"}), f"account {HERE}"),
        (
            trust(ROOT, **{"ForAllValues:StringEquals": {"aws:PrincipalArn": f"arn:aws:iam::{HERE}:role/x"}}),
            f"account {HERE}",
        ),
        (trust(ROOT, StringLike={"aws:PrincipalArn": "*"}), f"all of account {HERE}"),
        (trust(GITHUB), "lets in every identity of token.actions.githubusercontent.com"),
        (trust(GITHUB, StringEquals=AUDIENCE), "lets in every identity of token.actions"),
        (trust(GITHUB, StringLike={SUB: "*"}), "lets in every identity of token.actions"),
        (trust(GITHUB, StringLike={SUB: "repo:*"}), "lets in every identity of token.actions"),
    ],
)
def test_a_trust_that_is_open(document: dict[str, Any], words: str) -> None:
    assert words in reported(document)
    assert reported(document, "/ci-cd/team/")
    assert reported(document, "/other/") == ""


@pytest.mark.parametrize(
    "document",
    [
        trust({"Service": "codebuild.amazonaws.com"}),
        trust(ROOT, ArnEquals={"aws:PrincipalArn": f"arn:aws:iam::{HERE}:role/jenkins"}),
        trust(ROOT, ArnLike={"aws:PrincipalArn": f"arn:aws:iam::{HERE}:role/ci-*"}),
        trust({"AWS": f"arn:aws:iam::{HERE}:role/jenkins"}),
        trust(GITHUB, StringEquals={**AUDIENCE, SUB: "repo:example/shop:ref:refs/heads/main"}),
        trust(GITHUB, StringLike={SUB: "repo:example/shop:*"}),
        {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sts:*"}]},
    ],
)
def test_a_trust_that_is_not(document: dict[str, Any]) -> None:
    assert reported(document) == ""


@pytest.fixture
def pipeline(world: World) -> Iterator[None]:
    iam = world.client("iam", world.tooling)
    iam.create_role(RoleName="open", Path="/ci-cd/", AssumeRolePolicyDocument=json.dumps(trust("*")))
    yield
    iam.delete_role(RoleName="open")


@pytest.mark.usefixtures("pipeline")
def test_a_plan_says_so_and_nothing_is_changed(world: World) -> None:
    world.apply(ACCESS, world.tooling)
    (change,) = world.plan(ACCESS, world.tooling)
    assert (change.resource, change.action, change.severity) == ("role/open", "report", "high")
    assert change.reason.startswith("may deploy, and its trust policy lets in everybody: name the service")
    (again,) = world.apply(ACCESS, world.tooling)
    assert again == change
    assert world.client("iam", world.tooling).get_role(RoleName="open")["Role"][
        "AssumeRolePolicyDocument"
    ] == trust("*")


def test_who_deploys_by_the_cdk_is_a_pipeline_too() -> None:
    declared = with_cdk()
    declared = declared.model_copy(
        update={"cdk": declared.cdk.model_copy(update={"principals": ["role/apps/*"]})}
    )
    roles = [RoleState("apps", "/apps/", trust=trust(ROOT))]
    assert [call.resource for call in open_to_others(roles, target_without_aws("tooling", declared))] == [
        "role/apps"
    ]
    assert list(open_to_others(roles, target_without_aws("tooling"))) == []
