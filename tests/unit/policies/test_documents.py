"""The policy language, and how policies combine: cases by hand from the IAM User Guide, no AWS state."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from groundwork.policies.conditions import MalformedPolicy
from groundwork.policies.decision import Authority, Decision, ResourceSide, decide, decide_for_service
from groundwork.policies.documents import Caller, Kind, Match, Policy, Request, UncomputedKey, compile_policy

HERE, THERE = "111111111111", "222222222222"
BUCKET = "arn:aws:s3:::logs"
USER = Caller(arn=f"arn:aws:iam::{HERE}:user/bob", account=HERE)
ROLE = f"arn:aws:iam::{HERE}:role/path/deploy"
SESSION = Caller(arn=f"arn:aws:sts::{HERE}:assumed-role/deploy/ci", account=HERE, role_arn=ROLE)


def document(*statements: dict[str, Any], version: str = "2012-10-17") -> dict[str, Any]:
    return {"Version": version, "Statement": list(statements)}


def allow(**more: Any) -> dict[str, Any]:
    defaults = {} if {"Action", "NotAction"} & set(more) else {"Action": "*"}
    if not {"Resource", "NotResource"} & set(more):
        defaults["Resource"] = "*"
    return {"Effect": "Allow", **defaults, **more}


def deny(**more: Any) -> dict[str, Any]:
    return {**allow(**more), "Effect": "Deny"}


def says(statement: dict[str, Any], request: Request, kind: Kind = Kind.IDENTITY) -> bool:
    return bool(Policy(document(statement), kind).verdict(request).allowed)


MATCHING = [
    # statement's elements, action, resource, expected
    ({"Action": "s3:GetObject"}, "s3:GetObject", BUCKET, True),
    ({"Action": "S3:getobject"}, "s3:GetObject", BUCKET, True),
    ({"Action": "s3:Get*"}, "s3:GetObject", BUCKET, True),
    ({"Action": "s3:Get?bject"}, "s3:GetObject", BUCKET, True),
    ({"Action": ["s3:Put*", "s3:GetObject"]}, "s3:GetObject", BUCKET, True),
    ({"Action": "s3:GetObject"}, "s3:GetObjectAcl", BUCKET, False),
    ({"Action": "*"}, "iam:CreateUser", "*", True),
    ({"NotAction": "iam:*"}, "iam:CreateUser", "*", False),
    ({"NotAction": "iam:*"}, "s3:GetObject", BUCKET, True),
    ({"Resource": f"{BUCKET}/*"}, "s3:GetObject", f"{BUCKET}/a/b:c", True),
    ({"Resource": f"{BUCKET}/*"}, "s3:ListBucket", BUCKET, False),
    ({"Resource": "arn:aws:s3:::LOGS"}, "s3:ListBucket", BUCKET, False),
    ({"NotResource": f"{BUCKET}/*"}, "s3:GetObject", f"{BUCKET}/a", False),
    ({"NotResource": f"{BUCKET}/*"}, "s3:ListBucket", BUCKET, True),
    ({"Resource": "arn:aws:iam::*:role/deploy"}, "sts:AssumeRole", f"arn:aws:iam::{HERE}:role/deploy", True),
    (
        {"Resource": "arn:aws:iam::*:role/deploy"},
        "sts:AssumeRole",
        f"arn:aws:iam::{HERE}:role/x/deploy",
        False,
    ),
    ({"Resource": "arn:aws:iam:*:role/x"}, "sts:AssumeRole", f"arn:aws:iam::{HERE}:role/x", False),
    ({"Resource": "arn:aws:lambda:eu*:function:f"}, "lambda:X", f"arn:aws:lambda:eu:{HERE}:function:f", True),
    (
        {"Resource": "arn:aws:lambda:e*u:function:f"},
        "lambda:X",
        f"arn:aws:lambda:e:{HERE}u:function:f",
        False,
    ),
    ({"Resource": "arn:aws:sqs"}, "sqs:SendMessage", f"arn:aws:sqs:eu:{HERE}:orders", True),
    ({"Resource": "arn:aws:sqs"}, "sqs:SendMessage", f"arn:aws:sns:eu:{HERE}:orders", False),
    ({"Resource": f"arn:aws:sqs:*:{HERE}"}, "sqs:SendMessage", f"arn:aws:sqs:eu:{HERE}:orders", True),
    (
        {"Resource": "arn:aws:sqs:*:${aws:PrincipalAccount}:orders"},
        "sqs:SendMessage",
        f"arn:aws:sqs:eu:{HERE}:orders",
        False,
    ),
    ({"Resource": "arn:aws:iam::*"}, "sts:AssumeRole", f"arn:aws:iam::{HERE}:role/x", True),
    (
        {"Resource": "arn:aws:lambda:*:*:function:f"},
        "lambda:X",
        f"arn:aws:lambda:eu:{HERE}:function:f:live",
        False,
    ),
    ({"Resource": "arn:aws:s3:::b/${aws:username}/*"}, "s3:GetObject", "arn:aws:s3:::b/bob/x", True),
    ({"Resource": "arn:aws:s3:::b/${aws:username}/*"}, "s3:GetObject", "arn:aws:s3:::b/eve/x", False),
    ({"Resource": "arn:aws:s3:::b/${aws:nobody}/*"}, "s3:GetObject", "arn:aws:s3:::b/${aws:nobody}/x", False),
    ({"Resource": "arn:aws:s3:::b/${aws:nobody, 'all'}/*"}, "s3:GetObject", "arn:aws:s3:::b/all/x", True),
    ({"Resource": "arn:aws:s3:::b/${*}"}, "s3:GetObject", "arn:aws:s3:::b/*", True),
    ({"Resource": "arn:aws:s3:::b/${*}"}, "s3:GetObject", "arn:aws:s3:::b/x", False),
    ({"Resource": "arn:aws:s3:::b/${aws:star}/x"}, "s3:GetObject", "arn:aws:s3:::b/anything/x", False),
]


@pytest.mark.parametrize(("elements", "action", "resource", "expected"), MATCHING)
def test_matching(elements: dict[str, Any], action: str, resource: str, expected: bool) -> None:
    context = {"aws:username": "bob", "aws:star": "*"}
    assert says(allow(**elements), Request(action, resource, context)) is expected


def test_the_old_version_has_no_policy_variables() -> None:
    statement = allow(Resource="arn:aws:s3:::b/${aws:username}")
    policy = Policy(document(statement, version="2008-10-17"), Kind.IDENTITY)
    context = {"aws:username": "bob"}
    assert not policy.verdict(Request("s3:GetObject", "arn:aws:s3:::b/bob", context)).allowed
    assert policy.verdict(Request("s3:GetObject", "arn:aws:s3:::b/${aws:username}", context)).allowed


CONTEXT = {
    "aws:name": "Bob",
    "aws:number": "10",
    "aws:fraction": "0.10000000000000000001",
    "aws:date": "2026-05-15T08:26:54Z",
    "aws:yes": "true",
    "aws:ip": "10.1.2.3",
    "aws:arn": f"arn:aws:iam::{HERE}:role/ci-cd/deploy",
    "aws:tagkeys": ("cost", "team"),
    "aws:empty": (),
    "aws:nothing": "",
    "aws:path": ("o-1/r-1/ou-dev/",),
    "aws:bytes": "QUI=",
}
CONDITIONS = [
    ({"StringEquals": {"aws:name": "Bob"}}, True),
    ({"StringEquals": {"AWS:Name": "Bob"}}, True),
    ({"StringEquals": {"aws:name": "bob"}}, False),
    ({"StringEquals": {"aws:name": ["eve", "Bob"]}}, True),
    ({"StringEquals": {"aws:gone": "Bob"}}, False),
    ({"StringEqualsIfExists": {"aws:gone": "Bob"}}, True),
    ({"StringEqualsIfExists": {"aws:name": "eve"}}, False),
    ({"StringNotEquals": {"aws:name": ["eve", "Bob"]}}, False),
    ({"StringNotEquals": {"aws:name": ["eve", "joe"]}}, True),
    ({"StringNotEquals": {"aws:gone": "Bob"}}, True),
    ({"StringEqualsIgnoreCase": {"aws:name": "bOB"}}, True),
    ({"StringNotEqualsIgnoreCase": {"aws:name": "bOB"}}, False),
    ({"StringLike": {"aws:name": "B*"}}, True),
    ({"StringLike": {"aws:name": "B?"}}, False),
    ({"StringNotLike": {"aws:name": "B*"}}, False),
    ({"StringEquals": {"aws:name": "${aws:name}"}}, True),
    ({"StringEquals": {"aws:name": "${aws:gone}"}}, False),
    ({"StringEquals": {"aws:name": "${aws:gone, 'Bob'}"}}, True),
    ({"NumericLessThan": {"aws:number": "11"}}, True),
    ({"NumericLessThan": {"aws:number": 10}}, False),
    ({"NumericLessThanEquals": {"aws:number": "10"}}, True),
    ({"NumericGreaterThan": {"aws:number": "9.5"}}, True),
    ({"NumericGreaterThanEquals": {"aws:number": "11"}}, False),
    ({"NumericEquals": {"aws:number": "10.0"}}, True),
    ({"NumericNotEquals": {"aws:number": "10"}}, False),
    ({"NumericLessThan": {"aws:name": "11"}}, False),
    ({"NumericNotEquals": {"aws:name": "10"}}, False),
    ({"NumericEquals": {"aws:fraction": "0.1"}}, False),
    ({"DateGreaterThan": {"aws:date": "2026-05-15T00:00:00Z"}}, True),
    ({"DateLessThan": {"aws:date": "2026-05-15"}}, False),
    ({"DateEquals": {"aws:date": "1778833614"}}, True),
    ({"DateNotEquals": {"aws:date": "2026-05-15T08:26:54Z"}}, False),
    ({"Bool": {"aws:yes": "true"}}, True),
    ({"Bool": {"aws:yes": True}}, True),
    ({"Bool": {"aws:yes": "false"}}, False),
    ({"Bool": {"aws:gone": "false"}}, False),
    ({"BoolIfExists": {"aws:gone": "false"}}, True),
    ({"IpAddress": {"aws:ip": "10.0.0.0/8"}}, True),
    ({"IpAddress": {"aws:ip": ["192.168.0.0/16", "10.1.2.4"]}}, False),
    ({"NotIpAddress": {"aws:ip": "10.0.0.0/8"}}, False),
    ({"IpAddress": {"aws:ip": "::/0"}}, False),
    ({"ArnLike": {"aws:arn": "arn:aws:iam::*:role/ci-cd/*"}}, True),
    ({"ArnEquals": {"aws:arn": "arn:aws:iam::*:role/ci-cd/*"}}, True),
    ({"ArnLike": {"aws:arn": "arn:aws:iam::*:role/other/*"}}, False),
    ({"ArnNotLike": {"aws:arn": "arn:aws:iam::*:role/ci-cd/*"}}, False),
    ({"ArnNotEquals": {"aws:gone": "arn:aws:iam::*:role/ci-cd/*"}}, True),
    ({"BinaryEquals": {"aws:bytes": "QUI="}}, True),
    ({"Null": {"aws:gone": "true"}}, True),
    ({"Null": {"aws:name": "true"}}, False),
    ({"Null": {"aws:name": False}}, True),
    ({"Null": {"aws:empty": "false"}}, False),
    ({"Null": {"aws:empty": "true"}}, True),
    ({"ForAllValues:StringEquals": {"aws:nothing": "Bob"}}, True),
    ({"ForAnyValue:StringEquals": {"aws:tagkeys": ["team", "other"]}}, True),
    ({"ForAnyValue:StringEquals": {"aws:tagkeys": "other"}}, False),
    ({"ForAnyValue:StringEquals": {"aws:gone": "team"}}, False),
    ({"ForAnyValue:StringNotEquals": {"aws:tagkeys": "team"}}, True),
    ({"ForAnyValue:StringLike": {"aws:path": "o-1/r-1/ou-dev/*"}}, True),
    ({"ForAllValues:StringEquals": {"aws:tagkeys": ["team", "cost", "x"]}}, True),
    ({"ForAllValues:StringEquals": {"aws:tagkeys": "team"}}, False),
    ({"ForAllValues:StringEquals": {"aws:gone": "team"}}, True),
    ({"ForAllValues:StringEquals": {"aws:empty": "team"}}, True),
    ({"ForAllValues:StringNotEquals": {"aws:tagkeys": "team"}}, False),
    ({"StringEquals": {"aws:name": "Bob"}, "Bool": {"aws:yes": "false"}}, False),
    ({"StringEquals": {"aws:name": "Bob", "aws:ip": "none"}}, False),
]


@pytest.mark.parametrize(("condition", "expected"), CONDITIONS)
def test_conditions(condition: dict[str, Any], expected: bool) -> None:
    assert says(allow(Condition=condition), Request("s3:GetObject", BUCKET, CONTEXT)) is expected


MALFORMED = [
    document(allow(Condition={"StringMatches": {"aws:name": "x"}})),
    document(allow(Condition={"ForSomeValues:StringEquals": {"aws:name": "x"}})),
    document(allow(Condition={"NullIfExists": {"aws:name": "true"}})),
    document(allow(Condition={"Bool": {"aws:name": "maybe"}})),
    document(allow(Condition={"NumericEquals": {"aws:name": "ten"}})),
    document(allow(Condition={"NumericEquals": {"aws:name": "1_000"}})),
    document(allow(Condition={"NumericEquals": {"aws:name": "nan"}})),
    document(allow(Condition={"NumericEquals": {"aws:name": " 10"}})),
    document(allow(Condition={"IpAddress": {"aws:name": "10.0.0.0/40"}})),
    document(allow(Condition={"StringEquals": "x"})),
    document({"Effect": "allow", "Action": "*", "Resource": "*"}),
    document({"Effect": "Allow", "Action": "*"}),
    document({"Effect": "Allow", "Resource": "*"}),
    document({"Effect": "Allow", "Action": "*", "NotAction": "s3:*", "Resource": "*"}),
    document(allow(Principal="*")),
    document(allow(Action="GetObject")),
    document(allow(Resource="logs")),
    document(allow(Resource="logs*")),
    document(allow(Resource="arn:aws:s*:::logs")),
    document(allow(Resource="arn:aws:*")),
    document(allow(Extra="x")),
    document(version="2012-10-17"),
    document(allow(), version="2013-01-01"),
    {"Statement": [allow()], "Comment": "x"},
]


@pytest.mark.parametrize("policy", MALFORMED)
def test_malformed_policies_are_refused(policy: dict[str, Any]) -> None:
    with pytest.raises(MalformedPolicy):
        Policy(policy, Kind.IDENTITY)


def test_text_that_is_no_json_is_refused() -> None:
    with pytest.raises(MalformedPolicy):
        compile_policy("{")


def test_a_key_that_is_not_computed_is_loud() -> None:
    policy = Policy(document(allow(Condition={"StringEquals": {"s3:Secret": "x"}})), Kind.IDENTITY)
    with pytest.raises(UncomputedKey):
        policy.verdict(Request("s3:GetObject", BUCKET, uncomputed=("s3:secret",)))


PRINCIPALS = [
    ("*", USER, Match.DIRECT),
    ("*", SESSION, Match.ROLE),
    ({"AWS": "*"}, USER, Match.DIRECT),
    ({"AWS": HERE}, USER, Match.ACCOUNT),
    ({"AWS": f"arn:aws:iam::{HERE}:root"}, SESSION, Match.ACCOUNT),
    ({"AWS": f"arn:aws:iam::{THERE}:root"}, USER, Match.NONE),
    ({"AWS": USER.arn}, USER, Match.DIRECT),
    ({"AWS": ROLE}, SESSION, Match.ROLE),
    ({"AWS": SESSION.arn}, SESSION, Match.DIRECT),
    ({"AWS": [THERE, ROLE]}, SESSION, Match.ROLE),
    ({"Service": "lambda.amazonaws.com"}, Caller(service="lambda.amazonaws.com"), Match.DIRECT),
    ({"Service": "lambda.amazonaws.com"}, Caller(service="events.amazonaws.com"), Match.NONE),
    ({"Service": "lambda.amazonaws.com"}, USER, Match.NONE),
]


@pytest.mark.parametrize(("principal", "caller", "expected"), PRINCIPALS)
def test_principals(principal: Any, caller: Caller, expected: Match) -> None:
    policy = Policy(document(allow(Principal=principal)), Kind.RESOURCE)
    assert policy.verdict(Request("s3:GetObject", BUCKET, caller=caller)).allowed is expected


def test_not_principal_in_a_deny_spares_only_who_is_named_with_their_account() -> None:
    statement = {**deny(), "NotPrincipal": {"AWS": [SESSION.arn, ROLE, f"arn:aws:iam::{HERE}:root"]}}
    policy = Policy(document(statement), Kind.RESOURCE)
    assert not policy.verdict(Request("s3:GetObject", BUCKET, caller=SESSION)).denied
    assert policy.verdict(Request("s3:GetObject", BUCKET, caller=USER)).denied
    bounded = replace(SESSION, bounded=True)
    assert policy.verdict(Request("s3:GetObject", BUCKET, caller=bounded)).denied
    statement["NotPrincipal"] = {"AWS": [ROLE]}
    assert Policy(document(statement), Kind.RESOURCE).verdict(Request("s3:X", BUCKET, caller=SESSION)).denied


def test_a_short_arn_is_completed_for_identities_alone() -> None:
    request = Request("sqs:SendMessage", f"arn:aws:sqs:eu:{HERE}:orders", caller=USER)
    short = document(allow(Resource="arn:aws:sqs"))
    assert Policy(short, Kind.IDENTITY).verdict(request).allowed
    assert not Policy(short, Kind.SESSION).verdict(request).allowed
    of_resource = document({**allow(Resource="arn:aws:sqs"), "Principal": "*"})
    assert not Policy(of_resource, Kind.RESOURCE).verdict(request).allowed


# How policies combine ------------------------------------------------------------------------------

YES, NO = Policy(document(allow()), Kind.IDENTITY), Policy(document(deny()), Kind.IDENTITY)
OTHER = Policy(document(allow(Action="ec2:*")), Kind.IDENTITY)
S3 = Request("s3:GetObject", BUCKET, caller=USER)
S3_BY_ROLE = Request("s3:GetObject", BUCKET, caller=SESSION)


def grants(principal: Any, kind: Kind = Kind.RESOURCE) -> Policy:
    return Policy(document(allow(Principal=principal)), kind)


def side(policy: Policy | None = None, account: str = HERE, **more: Any) -> ResourceSide:
    return ResourceSide(policy, account, **more)


COMBINING = [
    # request, authority, resource, allowed, layer
    (S3, Authority([YES]), side(), True, None),
    (S3, Authority([]), side(), False, "an identity-based policy"),
    (S3, Authority([OTHER]), side(), False, "an identity-based policy"),
    (S3, Authority([YES, NO]), side(), False, "an identity-based policy"),
    (S3, Authority(None), side(), True, None),
    (S3, Authority([YES], boundary=[OTHER]), side(), False, "a permissions boundary"),
    (S3, Authority([YES], boundary=[YES]), side(), True, None),
    (S3, Authority([YES], boundary=[]), side(), False, "a permissions boundary"),
    (S3, Authority([], boundary=[YES]), side(), False, "an identity-based policy"),
    (S3_BY_ROLE, Authority([YES], session=[OTHER]), side(), False, "a session policy"),
    (S3_BY_ROLE, Authority([OTHER], session=[YES]), side(), False, "an identity-based policy"),
    (S3_BY_ROLE, Authority([YES], session=[OTHER, YES]), side(), True, None),
    (S3, Authority([YES], service_control=[[YES], [YES, OTHER]]), side(), True, None),
    (S3, Authority([YES], service_control=[[YES], [OTHER]]), side(), False, "a service control policy"),
    (S3, Authority([YES], service_control=[[YES], []]), side(), False, "a service control policy"),
    (S3, Authority([YES], service_control=[[YES, NO], [YES]]), side(), False, "a service control policy"),
    (S3, Authority(None, service_control=[[NO]]), side(), False, "a service control policy"),
    # In one account a resource's policy is enough, unless it only names the account.
    (S3, Authority([]), side(grants({"AWS": USER.arn})), True, None),
    (S3, Authority([]), side(grants({"AWS": HERE})), False, "an identity-based policy"),
    (S3, Authority([], boundary=[]), side(grants({"AWS": USER.arn})), True, None),
    (S3_BY_ROLE, Authority([]), side(grants({"AWS": ROLE})), True, None),
    (
        S3_BY_ROLE,
        Authority([], boundary=[OTHER]),
        side(grants({"AWS": ROLE})),
        False,
        "a permissions boundary",
    ),
    (S3_BY_ROLE, Authority([], session=[OTHER]), side(grants({"AWS": ROLE})), False, "a session policy"),
    (S3_BY_ROLE, Authority([], session=[OTHER]), side(grants({"AWS": SESSION.arn})), True, None),
    (S3, Authority([NO]), side(grants({"AWS": USER.arn})), False, "an identity-based policy"),
    (S3, Authority([], service_control=[[OTHER]]), side(grants("*")), False, "a service control policy"),
    # Across accounts both must allow.
    (S3, Authority([YES]), side(None, THERE), False, "a resource-based policy"),
    (S3, Authority([YES]), side(grants({"AWS": HERE}), THERE), True, None),
    (S3, Authority([]), side(grants({"AWS": USER.arn}), THERE), False, "an identity-based policy"),
    (S3, Authority([YES]), side(grants({"AWS": THERE}), THERE), False, "a resource-based policy"),
    # A role's trust and a key's policy admit nobody by silence.
    (S3, Authority([YES]), side(None, required=True), False, "a resource-based policy"),
    (S3, Authority([YES]), side(grants({"AWS": HERE}), required=True), True, None),
    (S3, Authority([]), side(grants({"AWS": HERE}), required=True), False, "an identity-based policy"),
    (S3, Authority([]), side(grants({"AWS": USER.arn}), required=True), True, None),
    (S3, Authority([YES]), side(control=[[grants("*")], [grants({"AWS": THERE})]]), False, "rcp"),
]


@pytest.mark.parametrize(("request_", "authority", "resource", "allowed", "layer"), COMBINING)
def test_combining(
    request_: Request, authority: Authority, resource: ResourceSide, allowed: bool, layer: str | None
) -> None:
    decision = decide(request_, authority, resource)
    assert bool(decision) is allowed
    assert decision.layer == ("a resource control policy" if layer == "rcp" else layer)


def test_the_reason_is_worded_as_aws_does() -> None:
    implicit = Decision(False, "an identity-based policy")
    explicit = Decision(False, "a service control policy", explicit=True)
    assert implicit.reason("s3:X") == " because no identity-based policy allows the s3:X action"
    assert explicit.reason("s3:X") == " with an explicit deny in a service control policy"


def test_a_resource_control_policy_binds_services_too() -> None:
    """The confused deputy: a service that acts for another organization."""
    confused = {
        "Bool": {"aws:PrincipalIsAWSService": "true"},
        "StringNotEquals": {"aws:SourceOrgID": "o-1"},
        "Null": {"aws:SourceAccount": "false"},
    }
    control = [[Policy(document({**deny(Condition=confused), "Principal": "*"}), Kind.RESOURCE)]]
    open_to_it = Policy(
        document({**allow(), "Principal": {"Service": "events.amazonaws.com"}}), Kind.RESOURCE
    )
    context = {"aws:principalisawsservice": "true", "aws:sourceaccount": THERE, "aws:sourceorgid": "o-2"}

    def may(organization: str) -> Decision:
        known = context | {"aws:sourceorgid": organization}
        request = Request("s3:PutObject", BUCKET, known, Caller(service="events.amazonaws.com"))
        return decide_for_service(request, ResourceSide(open_to_it, HERE, control=control))

    assert may("o-1")
    assert not may("o-2")
    assert may("o-2").layer == "a resource control policy"


def test_a_service_needs_the_resource_to_admit_it_with_its_source() -> None:
    condition = {"StringEquals": {"aws:SourceOrgID": "o-1"}}
    policy = Policy(
        document(allow(Principal={"Service": "x.amazonaws.com"}, Condition=condition)), Kind.RESOURCE
    )
    caller = Caller(service="x.amazonaws.com")
    ours = Request("s3:PutObject", BUCKET, {"aws:sourceorgid": "o-1"}, caller)
    theirs = Request("s3:PutObject", BUCKET, {"aws:sourceorgid": "o-2"}, caller)
    assert decide_for_service(ours, side(policy))
    assert not decide_for_service(theirs, side(policy))
    assert not decide_for_service(ours, side(None))


def test_a_trust_policy_has_no_resource() -> None:
    with pytest.raises(MalformedPolicy):
        Policy(document(allow(Principal="*")), Kind.TRUST)
