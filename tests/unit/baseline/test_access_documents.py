"""access, pure: the policies it renders, and the words for what differs."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from groundwork.aws.sessions import session_policy
from groundwork.baseline.component import Target
from groundwork.baseline.components.access import Access, difference
from groundwork.baseline.components.access.documents import (
    NotYetKnown,
    enter_policy,
    filled,
    hold_to,
    trust_policy,
)
from groundwork.baseline.components.access.state import Found, PolicyState, parsed
from groundwork.baseline.components.access.trust_differences import trust_difference
from groundwork.contracts import Account, Organization
from groundwork.declaration.access import Enter, Role, Trust, Where
from groundwork.declaration.loading import load
from groundwork.errors import InvalidDeclaration

MANAGEMENT, SECURITY, TOOLING, WORKLOAD = "100000000001", "200000000002", "300000000003", "400000000004"
ORGANIZATION = Organization(
    id="o-exampleorgid",
    partition="aws-us-gov",
    root_id="r-ab12",
    management_account_id=MANAGEMENT,
    security_account_id=SECURITY,
    tooling_account_id=TOOLING,
    units={"Workloads": "o-exampleorgid/r-ab12/ou-ab12-1/"},
    named_accounts={"shop": "500000000005"},
)


def no_client(service: str, region: str | None = None) -> Any:
    raise AssertionError("nothing here may call AWS")


def target(organization: Organization = ORGANIZATION, kind: Any = "workload") -> Target:
    ids = {"security": SECURITY, "tooling": TOOLING, "workload": WORKLOAD}
    account = Account(id=ids[kind], name="dev", email="aws+dev@example.com", kind=kind)
    return Target(account, organization, load(), no_client)


def role(trust: dict[str, Any], **more: Any) -> Role:
    return Role(name="door", where=Where(kinds=["workload"]), trust=Trust(**trust), **more)


# -- trust -------------------------------------------------------------------------------------------


def trust(**given: Any) -> dict[str, Any]:
    (statement,) = trust_policy(role(given), target())["Statement"]
    return dict(statement)


def test_trust_names_the_root_of_the_account_and_asks_for_mfa_and_the_organization() -> None:
    assert trust(account="security") == {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws-us-gov:iam::{SECURITY}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"},
            "Bool": {"aws:MultiFactorAuthPresent": "true"},
        },
    }


def test_trust_in_machines_is_held_to_their_roles_instead_of_mfa() -> None:
    assert trust(account="tooling", principals=["role/ci-cd/*"], mfa="exempt")["Condition"] == {
        "StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"},
        "ArnLike": {"aws:PrincipalArn": [f"arn:aws-us-gov:iam::{TOOLING}:role/ci-cd/*"]},
    }


def test_an_external_id_is_asked_for_besides() -> None:
    equals = trust(account="security", external_id="x-1")["Condition"]["StringEquals"]
    assert equals == {"aws:PrincipalOrgID": "o-exampleorgid", "sts:ExternalId": "x-1"}


def test_a_third_party_is_outside_the_organization() -> None:
    equals = trust(account="999999999999", external_id="x-1")["Condition"]["StringEquals"]
    assert equals == {"sts:ExternalId": "x-1"}


def test_an_account_id_without_external_id_is_held_to_the_organization() -> None:
    assert "aws:PrincipalOrgID" in trust(account="999999999999")["Condition"]["StringEquals"]


@pytest.mark.parametrize("kind", ["security", "tooling"])
def test_no_trust_in_an_account_that_does_not_exist_yet(kind: str) -> None:
    nobody = ORGANIZATION.model_copy(update={f"{kind}_account_id": None})
    with pytest.raises(NotYetKnown, match=f"the {kind} account does not exist yet"):
        trust_policy(role({"account": kind}), target(nobody))


def test_a_trust_policy_that_is_too_long_names_the_role() -> None:
    principals = [f"role/team-{number}/*" for number in range(60)]
    with pytest.raises(
        InvalidDeclaration, match=r"baseline.yaml: access.roles door: trust: .* IAM takes 2,048"
    ):
        trust_policy(role({"account": "tooling", "principals": principals}), target())


# -- entry -------------------------------------------------------------------------------------------


def enter(organization: Organization = ORGANIZATION, path: str = "/", **given: Any) -> dict[str, Any]:
    door = role({"account": "security"}, path=path)
    (statement,) = enter_policy(Enter(role="door", **given), door, target(organization, "security"))[
        "Statement"
    ]
    return dict(statement)


def test_entry_is_for_the_whole_organization_and_no_account_outside_it() -> None:
    assert enter() == {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": ["arn:aws-us-gov:iam::*:role/door"],
        "Condition": {
            "StringEquals": {"aws:ResourceOrgID": "o-exampleorgid"},
            "Bool": {"aws:MultiFactorAuthPresent": "true"},
        },
    }


def test_entry_carries_the_path_of_the_role() -> None:
    assert enter(path="/doors/")["Resource"] == ["arn:aws-us-gov:iam::*:role/doors/door"]


def test_entry_by_unit_covers_the_units_below_and_no_longer_name() -> None:
    paths = enter(organizational_units=["Workloads"])["Condition"]["ForAnyValue:StringLike"]
    assert paths == {"aws:ResourceOrgPaths": ["o-exampleorgid/r-ab12/ou-ab12-1/*"]}


def test_entry_by_kind() -> None:
    assert enter(kinds=["tooling"])["Resource"] == [f"arn:aws-us-gov:iam::{TOOLING}:role/door"]
    others = enter(kinds=["workload"])["Condition"]["StringNotEquals"]
    assert others == {"aws:ResourceAccount": [MANAGEMENT, SECURITY, TOOLING]}
    assert enter(kinds=["workload", "tooling"]) == enter()


def test_entry_by_name() -> None:
    assert enter(names=["shop"])["Resource"] == ["arn:aws-us-gov:iam::500000000005:role/door"]


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"organizational_units": ["Workloads/New"]}, "organizational unit 'Workloads/New'"),
        ({"names": ["shop", "bank"]}, "account 'bank'"),
        ({"kinds": ["tooling"]}, "the tooling account"),
        ({"kinds": ["workload"]}, "the tooling account"),
    ],
)
def test_no_half_entry_while_something_does_not_exist(given: dict[str, Any], missing: str) -> None:
    with pytest.raises(NotYetKnown, match=f"{missing} does not exist yet"):
        enter(ORGANIZATION.model_copy(update={"tooling_account_id": None}), **given)


# -- files of policies/ ------------------------------------------------------------------------------


def test_every_placeholder_is_filled_in_and_iams_own_variables_stay() -> None:
    text = "<partition> <account> <organization> <management> <security> <tooling> ${aws:username}"
    document = {"Version": "2012-10-17", "Statement": [{"Resource": text}]}
    (statement,) = filled(document, target())["Statement"]
    assert statement["Resource"].split(" ") == [
        "aws-us-gov", WORKLOAD, "o-exampleorgid", MANAGEMENT, SECURITY, TOOLING, "${aws:username}",
    ]  # fmt: skip


def test_white_space_does_not_count_against_a_quota() -> None:
    spacious = [{"Sid": "a b" + " " * 5000}]
    hold_to(20, spacious, "here", "shorten it")
    with pytest.raises(
        InvalidDeclaration, match=r"baseline.yaml: here: makes 16 characters .* takes 12: shorten it"
    ):
        hold_to(12, [{"Sid": "abcd "}, {}], "here", "shorten it")


def test_documents_are_read_url_encoded_or_not() -> None:
    assert parsed("%7B%22Version%22%3A%20%222012-10-17%22%7D") == parsed({"Version": "2012-10-17"})


# -- words -------------------------------------------------------------------------------------------


def tampered(change: Any) -> str:
    """The words for a trust policy that `change` has tampered with."""
    given = {"account": "tooling", "principals": ["role/ci-cd/*"], "external_id": "x-1"}
    wanted = trust_policy(role(given), target())
    found = copy.deepcopy(dict(wanted))
    change(found["Statement"][0])
    return trust_difference(found, wanted)


def principal(name: Any) -> Any:
    return lambda statement: statement.update(Principal=name)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            principal({"AWS": "arn:aws:iam::999999999999:root"}),
            f"lets account 999999999999 in; expected {TOOLING}; does not let account {TOOLING} in",
        ),
        (
            principal({"AWS": ["arn:aws:iam::999999999999:root", f"arn:aws-us-gov:iam::{TOOLING}:root"]}),
            f"lets account 999999999999 in; expected {TOOLING}",
        ),
        (principal("*"), f"lets everybody in; expected {TOOLING}; does not let account {TOOLING} in"),
        (
            principal({"AWS": f"arn:aws-us-gov:iam::{TOOLING}:root", "Service": "ec2.amazonaws.com"}),
            f"lets service ec2.amazonaws.com in; expected {TOOLING}",
        ),
        (lambda statement: statement["Condition"].pop("Bool"), "does not ask for MFA"),
        (
            lambda statement: statement["Condition"]["StringEquals"].pop("aws:PrincipalOrgID"),
            "does not hold callers to organization o-exampleorgid",
        ),
        (
            lambda statement: statement["Condition"]["StringEquals"].pop("sts:ExternalId"),
            "does not ask for the declared external id",
        ),
        (
            lambda statement: statement["Condition"].update(ArnLike={"aws:PrincipalArn": "arn:*:role/*"}),
            f"does not hold callers to arn:aws-us-gov:iam::{TOOLING}:role/ci-cd/* (but to arn:*:role/*)",
        ),
        (
            lambda statement: statement["Condition"].update(IpAddress={"aws:SourceIp": "192.0.2.1/32"}),
            "asks for IpAddress aws:sourceip = 192.0.2.1/32, which is not declared",
        ),
        (
            lambda statement: statement.update(Action=["sts:AssumeRole", "sts:TagSession"]),
            "allows sts:AssumeRole, sts:TagSession; expected sts:AssumeRole",
        ),
    ],
)
def test_words_for_a_trust_policy(change: Any, words: str) -> None:
    assert tampered(change) == f"trust policy {words}"


def test_a_second_statement_that_lets_somebody_in_is_named() -> None:
    wanted = trust_policy(role({"account": "security"}), target())
    other = {"Effect": "Allow", "Principal": {"AWS": "999999999999"}, "Action": "sts:AssumeRole"}
    found = {**wanted, "Statement": [*wanted["Statement"], other]}
    assert (
        trust_difference(found, wanted) == f"trust policy lets account 999999999999 in; expected {SECURITY}"
    )


def test_the_same_trust_written_differently_is_no_difference() -> None:
    def rewrite(statement: dict[str, Any]) -> None:
        statement["Action"] = ["sts:AssumeRole"]
        statement["Condition"]["Bool"]["aws:MultiFactorAuthPresent"] = True
        arns = statement["Condition"]["ArnLike"]["aws:PrincipalArn"]
        statement["Condition"]["ArnLike"]["aws:PrincipalArn"] = arns[0]
        statement["Condition"] = dict(reversed(statement["Condition"].items()))

    assert tampered(rewrite) == ""


# -- the difference ----------------------------------------------------------------------------------


def test_a_sixth_version_of_a_policy_takes_the_place_of_the_oldest() -> None:
    said = [{"Effect": "Deny", "Action": "*", "Resource": "*"}]
    document = {"Version": "2012-10-17", "Statement": said}
    found = PolicyState(
        "arn:aws:iam::1:policy/limits", {**document, "Statement": []}, ("v2", "v3", "v4", "v9")
    )
    calls = list(difference.policy(found, PolicyState(found.arn, document)))
    assert [call.operation for call in calls] == ["DeletePolicyVersion", "CreatePolicyVersion"]
    assert calls[0].parameters["VersionId"] == "v2"


def test_without_tooling_account_the_deploy_role_is_left_out_and_said_so() -> None:
    nobody = ORGANIZATION.model_copy(update={"tooling_account_id": None})
    calls = list(Access().diff(Found(), target(nobody)))
    (report,) = [call for call in calls if "deploy" in call.resource]
    assert report.action == "report"
    assert report.reason.startswith("left out for now: the tooling account does not exist yet")


def test_the_session_policy_fits() -> None:
    access = Access()
    policy = session_policy([*access.reads, *access.writes], WORKLOAD, "aws-us-gov")
    assert len(policy) <= 2048
    assert json.loads(policy)["Version"] == "2012-10-17"
