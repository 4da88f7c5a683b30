"""access: whoever gets in from outside of the organization is told in a plan, and left alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from groundwork.baseline import strangers
from groundwork.baseline.strangers import Door, Seen, Stranger
from groundwork.contracts import Account, Change
from groundwork.declaration import Declaration
from tests.component.access import ACCESS, baselined, declared
from tests.component.conftest import ENTRY_ROLE, WORKER, World
from tests.component.without_aws import MANAGEMENT, MEMBER, SECURITY, target_without_aws

STRANGER = "999999999999"
TOKENS = "token.actions.githubusercontent.com"
ISSUER = f"oidc-provider/{TOKENS}"
GITHUB = f"arn:aws:iam::{MEMBER}:{ISSUER}"
ASK = {
    "Effect": "Allow",
    "Action": ["organizations:DescribeAccount"],
    "Resource": "*",
}
ENTER = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": f"arn:aws:iam::*:role/{ENTRY_ROLE}"}
OURS = "o-exampleorg1"


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allows(principal: Any, **condition: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition}


def account(number: str, who: str = "root") -> dict[str, str]:
    return {"AWS": f"arn:aws:iam::{number}:{who}"}


# -- the trust of a role ------------------------------------------------------------------------------


def let_in(
    monkeypatch: pytest.MonkeyPatch, *statements: dict[str, Any], path: str = "/"
) -> list[tuple[str, str]]:
    """Who gets into a role with this trust, and how bad that is, where Organizations knows one account more."""
    monkeypatch.setattr(strangers, "Organizations", Known)
    monkeypatch.setattr(strangers, "in_each", lambda *_: {})
    role = Door("door", path, document(*statements))
    return [(each.who, each.severity) for each in strangers.seen([role], [], target_without_aws()).strangers]


class Known:
    def has(self, account_id: str) -> bool:
        return account_id == "444444444444"


@pytest.mark.parametrize(
    ("statement", "who"),
    [
        (allows(account(STRANGER)), [(STRANGER, "high")]),
        (allows({"AWS": STRANGER}), [(STRANGER, "high")]),
        (allows(account(STRANGER, "role/x")), [(STRANGER, "high")]),
        (allows(account(STRANGER), StringEquals={"sts:ExternalId": "x"}), [(STRANGER, "medium")]),
        (allows({"AWS": [f"arn:aws:iam::{MEMBER}:root", STRANGER]}), [(STRANGER, "high")]),
        (allows("*"), [("everybody", "high")]),
        (allows({"AWS": "*"}, StringEquals={"sts:ExternalId": "x"}), [("everybody", "high")]),
        (allows("*", StringEquals={"aws:PrincipalOrgID": "o-theirs"}), [("everybody", "high")]),
        (allows("*", StringEqualsIfExists={"aws:PrincipalOrgID": OURS}), [("everybody", "high")]),
        (allows("*", StringNotEquals={"aws:PrincipalOrgID": OURS}), [("everybody", "high")]),
        (allows("*", **{"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": f"{OURS}/*"}}), [("everybody", "high")]),
        (allows("*", ArnLike={"aws:PrincipalArn": f"arn:aws:iam::{STRANGER}:role/*"}), [(STRANGER, "high")]),
        (allows("*", ArnLike={"aws:PrincipalArn": "arn:aws:iam::*:role/x"}), [("everybody", "high")]),
        (
            {"Effect": "Allow", "NotPrincipal": account(STRANGER), "Action": "sts:AssumeRole"},
            [("everybody", "high")],
        ),
        (
            allows({"Federated": f"arn:aws:iam::{MEMBER}:saml-provider/okta"}),
            [("saml-provider/okta", "medium")],
        ),
        (allows({"Federated": GITHUB}), [(ISSUER, "high")]),
        (allows({"Federated": GITHUB}, StringLike={f"{TOKENS}:sub": "repo:ours/*"}), [(ISSUER, "medium")]),
        (allows({"Federated": "accounts.google.com"}), [("accounts.google.com", "medium")]),
    ],
)  # fmt: skip
def test_a_stranger_gets_in(
    monkeypatch: pytest.MonkeyPatch, statement: dict[str, Any], who: list[tuple[str, str]]
) -> None:
    assert let_in(monkeypatch, statement) == who
    assert let_in(monkeypatch, statement, path="/aws-reserved/sso.amazonaws.com/") == []


@pytest.mark.parametrize(
    "statements",
    [
        [allows(account(MEMBER))],
        [allows(account(SECURITY)), allows(account(MANAGEMENT, "user/ada"))],
        [allows(account("444444444444"))],
        [allows({"Service": "ec2.amazonaws.com"})],
        [allows("*", StringEquals={"aws:PrincipalOrgID": OURS})],
        [allows("*", **{"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{OURS}/r-ab12/*"}})],
        [allows("*", StringEquals={"aws:PrincipalOrgID": "${aws:ResourceOrgID}"})],
        [allows("*", StringEquals={"aws:PrincipalAccount": SECURITY})],
        [allows(account(STRANGER)) | {"Action": ["sts:TagSession", "sts:SetSourceIdentity"]}],
        [
            allows("*"),
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sts:*",
                "Condition": {
                    "StringNotEqualsIfExists": {"aws:PrincipalOrgID": OURS},
                    "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
                },
            },
        ],
        [allows({"AWS": "AROAEXAMPLEID1234567"})],
        [{"Effect": "Deny", "Principal": "*", "Action": "sts:*"}],
        [
            allows(account(STRANGER)),
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sts:*",
                "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": OURS}},
            },
        ],
    ],
)
def test_nobody_from_outside_gets_in(
    monkeypatch: pytest.MonkeyPatch, statements: list[dict[str, Any]]
) -> None:
    assert let_in(monkeypatch, *statements) == []


# -- in an account ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def workload(world: World) -> Iterator[Account]:
    """A workload account with its baseline, and doors that somebody made."""
    world.make_role(WORKER, json.dumps(document(ENTER, ASK)))
    account_ = baselined(world)
    iam, s3 = (world.client(each, account_) for each in ("iam", "s3"))
    for name, number in (("homemade", STRANGER), ("neighbour", world.account().id)):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document(allows(account(number)))))
    for name, principal in (("open", "*"), ("shared", {"AWS": world.tooling.id})):
        bucket = f"{name}-{account_.id}"
        s3.create_bucket(Bucket=bucket)
        reading = {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject"}
        text = json.dumps(document(reading | {"Resource": f"arn:aws:s3:::{bucket}/*"}))
        s3.put_bucket_policy(Bucket=bucket, Policy=text)
    yield account_
    world.make_role(WORKER, json.dumps(document(ENTER)))


def known(*outsiders: dict[str, Any]) -> Declaration:
    return declared(lambda access: None, outsiders=list(outsiders))


def told(changes: list[Change]) -> dict[str, tuple[str, str]]:
    assert {change.action for change in changes} <= {"report"}
    return {change.resource: (change.reason, change.severity) for change in changes}


def test_a_plan_tells_of_a_role_that_lets_a_stranger_in(world: World, workload: Account) -> None:
    start = len(world.aws.calls)
    assert told(world.plan(ACCESS, workload)) == {
        "role/homemade": (
            (
                f"lets in account {STRANGER}, from outside of the organization: take them out, or name them under outsiders; "
                f"the perimeter would shut out {STRANGER}"
            ),
            "high",
        )
    }
    asked = [call.operation for call in world.calls_since(start)]
    assert sorted(asked) == [
        *(
            "DescribeAccount",
            "DescribeAccount",
            "GetAccountAuthorizationDetails",
            "ListAnalyzers",
            "ListRoles",
        ),
    ]
    assert world.apply(ACCESS, workload) == []  # nothing is changed, and nothing more is asked


def test_one_who_is_declared_is_known(world: World, workload: Account) -> None:
    roles = f"arn:aws:iam::{workload.id}:role/home*"
    everywhere, there = {"who": STRANGER, "why": "ours"}, {"who": STRANGER, "to": [roles]}
    for outsider in (everywhere, there):
        assert world.plan(ACCESS, workload, declaration=known(outsider)) == []
    for other in ({"who": STRANGER, "to": ["arn:aws:iam::*:role/x"]}, {"who": "999999999998"}):
        assert told(world.plan(ACCESS, workload, declaration=known(other))).keys() == {"role/homemade"}


def test_a_plan_tells_what_the_accounts_analyzer_has_found(world: World, workload: Account) -> None:
    analyzer = world.client("accessanalyzer", workload)
    arn = analyzer.create_analyzer(analyzerName="own", type="ACCOUNT")["arn"]
    bucket = f"arn:aws:s3:::open-{workload.id}"
    start = len(world.aws.calls)
    found = told(world.plan(ACCESS, workload))
    assert found.keys() == {"role/homemade", bucket}
    assert found[bucket] == (
        (
            "lets in everybody (s3:GetObject), from outside of the organization: take them out, or name them under outsiders; "
            "the perimeter would shut out everybody"
        ),
        "high",
    )
    assert [call.operation for call in world.calls_since(start)].count("ListFindings") == 1
    everybody = {"who": "everybody", "to": ["arn:aws:s3:::open-*"]}
    assert told(world.plan(ACCESS, workload, declaration=known(everybody))).keys() == {"role/homemade"}
    assert arn


def test_where_it_may_not_be_asked_a_plan_says_so(world: World, workload: Account) -> None:
    iam, denial = (
        world.client("iam", workload),
        {"Effect": "Deny", "Action": "access-analyzer:*", "Resource": "*"},
    )
    iam.put_role_policy(RoleName=ENTRY_ROLE, PolicyName="no", PolicyDocument=json.dumps(document(denial)))
    try:
        reason, severity = told(world.plan(ACCESS, workload))["Access Analyzer in us-east-1"]
    finally:
        iam.delete_role_policy(RoleName=ENTRY_ROLE, PolicyName="no")
    assert reason.startswith("may not be asked who gets in from outside of the organization")
    assert severity == "low"


def test_a_role_that_another_report_is_of_is_told_once() -> None:
    target = target_without_aws("tooling")
    door = Stranger(target.role_arn("ci-cd/open"), "everybody", "", "high")
    assert list(strangers.calls(Seen((door,)), target, {"role/open"})) == []


@pytest.mark.parametrize(
    "who", [f"account {STRANGER}", f"account {STRANGER} (with an external id)", "*", "arn:aws:iam::1:root"]
)
def test_who_is_an_id_a_provider_or_everybody(who: str) -> None:
    with pytest.raises(ValidationError, match="give"):
        known({"who": who})
