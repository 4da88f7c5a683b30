"""perimeter: what the policy says, asked of AWS's own evaluation logic, and whom it shuts out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from groundwork.baseline.central_policies import minified
from groundwork.baseline.components.perimeter import Perimeter
from groundwork.baseline.components.perimeter.document import LONGEST, let_in, perimeter_document
from groundwork.baseline.components.perimeter.reach import checked_document, doors, shut, shuts_out
from groundwork.contracts import Organization
from groundwork.declaration import Declaration
from groundwork.declaration.access import Role, Trust, Where
from groundwork.declaration.loading import load
from groundwork.declaration.outsiders import Outsider
from groundwork.errors import InvalidDeclaration, SecurityAccountMissing
from groundwork.policies.documents import Caller, Kind, Request, compile_policy
from tests.component.without_aws import target_without_aws

ORGANIZATION = Organization(
    id="o-exampleorg1",
    partition="aws",
    root_id="r-ab12",
    management_account_id="111111111111",
    security_account_id="222222222222",
)
MEMBER, SECURITY, STRANGER, PARTNER = "333333333333", "222222222222", "999999999999", "888888888888"
ROLE = f"arn:aws:iam::{MEMBER}:role/theirs"
BUCKET = "arn:aws:s3:::theirs"
KEY = f"arn:aws:kms:us-east-1:{MEMBER}:key/11111111-2222-3333-4444-555555555555"
RESOURCES = [
    ("sts:AssumeRole", ROLE),
    ("s3:GetObject", f"{BUCKET}/a"),
    ("kms:Decrypt", KEY),
    ("sqs:SendMessage", f"arn:aws:sqs:us-east-1:{MEMBER}:queue"),
    ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:us-east-1:{MEMBER}:secret:a-123456"),
    ("dynamodb:GetItem", f"arn:aws:dynamodb:us-east-1:{MEMBER}:table/a"),
    ("ecr:BatchGetImage", f"arn:aws:ecr:us-east-1:{MEMBER}:repository/a"),
    ("logs:PutSubscriptionFilter", f"arn:aws:logs:us-east-1:{MEMBER}:destination:a"),
    ("codeartifact:ReadFromRepository", f"arn:aws:codeartifact:us-east-1:{MEMBER}:repository/a/b"),
    ("aoss:APIAccessAll", f"arn:aws:aoss:us-east-1:{MEMBER}:collection/a"),
]
CONFUSED = RESOURCES[:5]


def declared(*outsiders: Outsider, **perimeter: Any) -> Declaration:
    shipped = load()
    settings = shipped.perimeter.model_copy(update=perimeter)
    return shipped.model_copy(update={"outsiders": list(outsiders), "perimeter": settings})


def denied(
    action: str,
    resource: str,
    keys: Mapping[str, Any],
    declaration: Declaration | None = None,
    service: str | None = None,
) -> bool:
    document = perimeter_document(declaration or load(), ORGANIZATION)
    known = {"aws:securetransport": "true", "aws:resourceaccount": MEMBER, **keys}
    caller = Caller(service=service) if service else Caller(f"arn:aws:iam::{STRANGER}:role/x", STRANGER)
    return compile_policy(document, Kind.RESOURCE).verdict(Request(action, resource, known, caller)).denied


def somebody(account: str, organization: str | None = None) -> dict[str, Any]:
    keys = {"aws:principalaccount": account, "aws:principalisawsservice": "false"}
    return {**keys, **({"aws:principalorgid": organization} if organization else {})}


def service(account: str | None = None, organization: str | None = None) -> dict[str, Any]:
    keys: dict[str, Any] = {"aws:principalisawsservice": "true"}
    if account:
        keys["aws:sourceaccount"] = account
    return {**keys, **({"aws:sourceorgid": organization} if organization else {})}


@pytest.mark.parametrize("act", RESOURCES, ids=lambda act: act[0])
def test_only_the_organization_gets_in(act: tuple[str, str]) -> None:
    assert not denied(*act, somebody(MEMBER, ORGANIZATION.id))
    assert denied(*act, somebody(STRANGER, "o-another"))
    assert denied(*act, somebody(STRANGER))
    assert denied(*act, {}), "nobody knows who asks"
    assert denied(*act, {**somebody(MEMBER, ORGANIZATION.id), "aws:securetransport": "false"})
    assert not denied(*act, service(), service="ec2.amazonaws.com"), "a service that says nothing"


@pytest.mark.parametrize("act", CONFUSED, ids=lambda act: act[0])
def test_services_of_aws_act_for_the_organization_alone(act: tuple[str, str]) -> None:
    assert not denied(*act, service("444444444444", ORGANIZATION.id), service="sns.amazonaws.com")
    assert denied(*act, service(STRANGER, "o-another"), service="sns.amazonaws.com")
    assert denied(*act, service(STRANGER), service="sns.amazonaws.com")
    assert not denied(*act, service(MEMBER), service="sns.amazonaws.com"), (
        "for the account itself, which may not say more"
    )


def test_identity_providers_are_left_to_the_trust_of_roles() -> None:
    for action in ("sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML", "sts:TagSession"):
        assert not denied(action, ROLE, {"aws:principalisawsservice": "false"})


def test_partners_are_let_in_where_they_are_declared() -> None:
    everywhere = declared(Outsider(who=PARTNER))
    for act in RESOURCES:
        assert not denied(*act, somebody(PARTNER), everywhere)
        assert denied(*act, somebody(STRANGER), everywhere)
    there = declared(Outsider(who=PARTNER, to=["arn:*:iam::*:role/vendor-*", "arn:*:s3:::theirs/*"]))
    for act in (("sts:AssumeRole", f"arn:aws:iam::{MEMBER}:role/vendor-a"), RESOURCES[1]):
        assert not denied(*act, somebody(PARTNER), there)
        assert denied(*act, somebody(STRANGER), there)
        assert not denied(*act, somebody(MEMBER, ORGANIZATION.id), there)
    assert denied("sts:AssumeRole", ROLE, somebody(PARTNER), there)


def test_a_role_that_trusts_a_third_party_lets_it_in() -> None:
    shipped = load()
    role = Role(
        name="vendor",
        path="/partners/",
        where=Where(kinds=["workload"]),
        trust=Trust(account=PARTNER, external_id="abc-123"),
    )
    access = shipped.access.model_copy(update={"roles": [*shipped.access.roles, role]})
    declaration = shipped.model_copy(update={"access": access})
    vendor = f"arn:aws:iam::{MEMBER}:role/partners/vendor"
    assert not denied("sts:AssumeRole", vendor, somebody(PARTNER), declaration)
    assert denied("sts:AssumeRole", vendor, somebody(STRANGER), declaration)
    assert denied("sts:AssumeRole", ROLE, somebody(PARTNER), declaration)
    assert checked_document(declaration, ORGANIZATION)


def test_what_is_public_is_named() -> None:
    site = declared(Outsider(who="everybody", to=["arn:*:s3:::site-*"]))
    assert not denied("s3:GetObject", "arn:aws:s3:::site-a/index.html", {}, site)
    assert denied("s3:GetObject", f"{BUCKET}/a", {}, site)
    for wrong in ("*", "*site", "arn:aws:s3:::site-[ab]"):
        with pytest.raises(InvalidDeclaration, match="outsiders everybody: to "):
            perimeter_document(declared(Outsider(who="everybody", to=[wrong])), ORGANIZATION)


def test_a_public_web_site_which_has_no_tls_stays_up_and_nothing_else_goes_without() -> None:
    public = ["arn:*:s3:::site-*", "arn:*:sqs:*:*:open-*"]
    site = declared(Outsider(who="everybody", to=public), Outsider(who=PARTNER, to=["arn:*:s3:::theirs/*"]))
    plain = {"aws:securetransport": "false"}
    for resource in ("arn:aws:s3:::site-a/index.html", "arn:aws:s3:::site-a"):
        assert not denied("s3:GetObject", resource, plain, site)
    for act in (*RESOURCES, ("sqs:SendMessage", f"arn:aws:sqs:us-east-1:{MEMBER}:open-a")):
        for keys in (somebody(MEMBER, ORGANIZATION.id), somebody(PARTNER), {}):
            assert denied(*act, {**keys, **plain}, site)
    document = perimeter_document(site, ORGANIZATION)
    assert shut(document, doors(site, ORGANIZATION)) == []
    (closed,) = shut(tls_everywhere(document), doors(site, ORGANIZATION))
    assert closed == "everybody, of outsiders, gets to arn:*:s3:::site-* as a web site, without TLS"


def tls_everywhere(document: Any) -> Any:
    changed = without(document, "OverTls", "NotResource")
    next(each for each in changed["Statement"] if each["Sid"] == "OverTls")["Resource"] = "*"
    return changed


def test_only_the_declared_services_are_held() -> None:
    only = declared(services=["s3"])
    assert denied("s3:GetObject", f"{BUCKET}/a", somebody(STRANGER), only)
    assert not denied("sts:AssumeRole", ROLE, somebody(STRANGER), only)
    assert not denied("kms:Decrypt", KEY, service(STRANGER), only, "sns.amazonaws.com")


def test_providers_of_identities_need_no_exception() -> None:
    assert let_in(declared(Outsider(who="saml-provider/okta")), ORGANIZATION) == let_in(
        declared(), ORGANIZATION
    )


def test_it_fits_and_what_does_not_is_refused() -> None:
    assert len(minified(perimeter_document(load(), ORGANIZATION))) <= 1_500
    many = [Outsider(who=PARTNER, to=[f"arn:*:iam::*:role/vendor-{'x' * 40}-{each}"]) for each in range(20)]
    assert len(minified(perimeter_document(declared(*many), ORGANIZATION))) <= LONGEST
    with pytest.raises(InvalidDeclaration, match=r"outsiders: .* takes 5120; name fewer of them"):
        perimeter_document(
            declared(*many * 2, *[each.model_copy(update={"to": [f"{each.to[0]}y"]}) for each in many * 2]),
            ORGANIZATION,
        )


def test_without_a_security_account_there_is_none() -> None:
    with pytest.raises(SecurityAccountMissing):
        perimeter_document(load(), ORGANIZATION.model_copy(update={"security_account_id": None}))


# -- whom it shuts out -----------------------------------------------------------------------------------


def without(document: Any, sid: str, element: str, *keys: str) -> Any:
    changed = json.loads(json.dumps(document))
    statement = next(each for each in changed["Statement"] if each["Sid"] == sid)
    inner, path = statement, [element, *keys]
    for key in path[:-1]:
        inner = inner[key]
    inner.pop(path[-1])
    return changed


def test_nothing_of_ours_is_shut_out_and_a_policy_that_would_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    declaration = declared(Outsider(who=PARTNER, to=["arn:*:iam::*:role/vendor-*"]), Outsider(who=STRANGER))
    document = perimeter_document(declaration, ORGANIZATION)
    assert len(list(doors(declaration, ORGANIZATION))) > 60
    assert shut(document, doors(declaration, ORGANIZATION)) == []
    for broken, words in (
        (
            without(document, "OwnOrganization", "Condition", "BoolIfExists"),
            "cloudtrail.amazonaws.com delivers to the log",
        ),
        (
            without(
                document, "OwnOrganization", "Condition", "StringNotEqualsIfExists", "aws:PrincipalOrgID"
            ),
            "Groundwork enters by OrganizationAccountAccessRole",
        ),
        (
            without(document, "Partners", "Condition", "StringNotEqualsIfExists", "aws:PrincipalAccount"),
            f"{PARTNER}, of outsiders, gets to arn:*:iam::*:role/vendor-*",
        ),
        (
            without(document, "OnOurBehalf", "Condition", "StringNotEqualsIfExists", "aws:SourceAccount"),
            "a service takes a role of its account",
        ),
    ):
        assert words in " ".join(shut(broken, doors(declaration, ORGANIZATION)))
        monkeypatch.setattr(
            "groundwork.baseline.components.perimeter.reach.perimeter_document", lambda *_, it=broken: it
        )
        with pytest.raises(InvalidDeclaration, match="it would shut out what must get in"):
            checked_document(declaration, ORGANIZATION)


def test_each_delivery_is_spared_because_the_archive_is_left_alone() -> None:
    document = perimeter_document(load(), ORGANIZATION)
    spared = next(each for each in document["Statement"] if each["Sid"] == "OnOurBehalf")["NotResource"]
    for resource in spared:
        less = json.loads(json.dumps(document))
        for statement in less["Statement"]:
            if statement["Sid"] == "OnOurBehalf":
                statement["NotResource"].remove(resource)
        assert any(
            "delivers to the log archive" in each for each in shut(less, doors(load(), ORGANIZATION))
        ), resource


def test_a_doors_two_overlapping_outsiders_are_told_when_one_shuts_the_other_out() -> None:
    """Everybody is let in to all of a bucket, and a partner to a part of it: the part is the partner's alone."""
    both = declared(
        Outsider(who="everybody", to=["arn:*:s3:::site/x"]), Outsider(who=PARTNER, to=["arn:*:s3:::site/*"])
    )
    with pytest.raises(InvalidDeclaration, match="everybody, of outsiders, gets to arn:"):
        checked_document(both, ORGANIZATION)


def test_a_plan_of_an_account_knows_whom_it_shuts_out() -> None:
    target = target_without_aws("workload", declared())
    assert shuts_out(STRANGER, ROLE, target)
    assert shuts_out("everybody", f"{BUCKET}", target)
    assert not shuts_out("saml-provider/okta", ROLE, target)
    assert not shuts_out(STRANGER, f"arn:aws:lambda:us-east-1:{MEMBER}:function:a", target)
    assert not shuts_out(STRANGER, ROLE, target_without_aws("management", declared()))
    assert not shuts_out(STRANGER, ROLE, target_without_aws("workload", declared(where=["Security"])))
    without = declared().model_copy(update={"baseline": {"management": ["guardrails"]}})
    assert not shuts_out(STRANGER, ROLE, target_without_aws("workload", without))


def test_the_component_refuses_what_would_be_refused_before_any_account_is_looked_at() -> None:
    assert Perimeter().rendered(load()) == [perimeter_document(load(), ORGANIZATION)]
