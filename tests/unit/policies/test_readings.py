"""What of the policy language is easily read in another way: each case as AWS documents it, or, where nothing is written,
so that the request is refused. `prove/evaluators/disagreements.py` has the sources."""

from __future__ import annotations

from typing import Any

import pytest

from groundwork.policies.conditions import MalformedPolicy
from groundwork.policies.decision import Authority, ResourceSide, decide
from groundwork.policies.documents import Caller, Kind, Match, Policy, Request
from local.organizations.policy_types import WITH_RCPS

HERE = "111111111111"
BUCKET = "arn:aws:s3:::logs"
ADA = f"arn:aws:iam::{HERE}:role/ada"
CONTEXT = {
    "events:source": ("aws.ec2", "aws.ecs"),
    "aws:tagkeys": ("cost",),
    "aws:principalarn": ADA,
    "aws:multifactorauthage": "0.5",
    "aws:principaltag/team": "YWI=",
    "aws:currenttime": "2026-11-29T10:00:00Z",
}


def statement(effect: str, **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "*", "Resource": "*", **more}


def policy(*statements: dict[str, Any], kind: Kind = Kind.IDENTITY) -> Policy:
    return Policy({"Version": "2012-10-17", "Statement": list(statements)}, kind)


READINGS = [
    # condition, whether an Allow with it allows, whether a Deny with it denies
    # Several values are compared by a set operator alone: the tables of "Using IAM policy conditions in EventBridge".
    ({"StringEquals": {"events:source": ["aws.ec2", "aws.ecs"]}}, False, False),
    ({"StringLike": {"events:source": "aws.*"}}, False, False),
    ({"StringEqualsIfExists": {"events:source": ["aws.ec2", "aws.ecs"]}}, False, False),
    ({"ForAllValues:StringEquals": {"events:source": ["aws.ec2", "aws.ecs"]}}, True, True),
    ({"StringEquals": {"aws:TagKeys": "cost"}}, True, True),
    # Whether they differ from one is written nowhere: no Allow by it, and no way around a Deny.
    ({"StringNotEquals": {"events:source": "aws.s3"}}, False, True),
    # An ARN has six fields, each matched by itself. Of five, nothing is written.
    ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*"}}, False, True),
    ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:*"}}, True, True),
    ({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*"}}, False, True),
    ({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:*"}}, False, False),
    ({"ForAnyValue:ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*"}}, False, True),
    # Numbers begin and end with a point, too.
    ({"NumericEquals": {"aws:MultiFactorAuthAge": ".5"}}, True, True),
    ({"NumericLessThan": {"aws:MultiFactorAuthAge": "1."}}, True, True),
    # A date is a month, a day or a time with its zone.
    ({"DateGreaterThan": {"aws:CurrentTime": "2026-11"}}, True, True),
    ({"DateLessThan": {"aws:CurrentTime": "2026-11-29T10:00+00:30"}}, False, False),
    # Base64 is compared as it is written: both of these are the letters ab.
    ({"BinaryEquals": {"aws:PrincipalTag/team": "YWI="}}, True, True),
    ({"BinaryEquals": {"aws:PrincipalTag/team": "YWJ="}}, False, False),
]


@pytest.mark.parametrize(("condition", "allows", "denies"), READINGS)
def test_conditions(condition: dict[str, Any], allows: bool, denies: bool) -> None:
    request = Request("events:PutRule", "*", CONTEXT)
    assert bool(policy(statement("Allow", Condition=condition)).verdict(request).allowed) is allows
    assert policy(statement("Deny", Condition=condition)).verdict(request).denied is denies


@pytest.mark.parametrize(
    "date", ["2026-11-29T10:00:00", "20261129T100000Z", "2026-W48-7", "tomorrow", "\u0661"]
)
def test_what_is_no_date_of_iam(date: str) -> None:
    with pytest.raises(MalformedPolicy):
        policy(statement("Allow", Condition={"DateLessThan": {"aws:CurrentTime": date}}))


@pytest.mark.parametrize(
    ("effect", "kind"), [("Allow", Kind.RESOURCE), ("Allow", Kind.TRUST), ("Deny", Kind.TRUST)]
)
def test_not_principal_is_for_a_deny_of_a_resource(effect: str, kind: Kind) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html"""
    without = statement(effect, NotPrincipal={"AWS": HERE})
    if kind is Kind.TRUST:
        del without["Resource"]
    with pytest.raises(MalformedPolicy):
        policy(without, kind=kind)


def test_what_is_granted_to_everyone_has_the_limits_of_a_boundary() -> None:
    """AWS says who is named is not limited by the boundary; of everyone it says nothing."""
    everyone = policy(statement("Allow", Principal="*"), kind=Kind.RESOURCE)
    limits = Authority([], boundary=[policy(statement("Allow", Action="ec2:*"))])
    user = Caller(f"arn:aws:iam::{HERE}:user/bob", HERE, bounded=True)
    request = Request("s3:ListBucket", BUCKET, caller=user)
    assert everyone.verdict(request).allowed is Match.ROLE
    assert decide(request, limits, ResourceSide(everyone, HERE)).layer == "a permissions boundary"
    named = policy(statement("Allow", Principal={"AWS": user.arn}), kind=Kind.RESOURCE)
    assert decide(request, limits, ResourceSide(named, HERE))


@pytest.mark.parametrize(
    "service", ["events", "ecr-public", "cloudtrail-data", "rolesanywhere", "cognito-idp"]
)
def test_resource_control_policies_bind_the_services_of_today(service: str) -> None:
    assert service in WITH_RCPS
    assert "sns" not in WITH_RCPS
