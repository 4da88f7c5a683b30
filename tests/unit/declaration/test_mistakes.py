"""What AWS would refuse, and what nothing bears by that name, is refused in a sentence: field, value, remedy."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundwork.declaration.aws_names import attachable, did_you_mean, listed_on, partitions
from groundwork.declaration.loading import load
from tests.unit.declaration.files import DEFAULT, changed, policy, refusal

TAGS, PATH, POLICIES = "access.roles.0.tags", "access.roles.0.path", "access.roles.0.managedPolicies"
TRUST, BUCKET = "access.roles.4.trust", "logArchive.trailBucket"
POLICY_OF_ALL, EXCEPTION = "organizationPolicies.", "organizationPolicies.exceptions+"
ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}

MISTAKES: list[tuple[str, Any, str]] = [
    # names of AWS
    (
        *(POLICIES, ["ReadOnlyAcess"]),
        "access.roles allow-admin-from-security-account: managedPolicies: 'ReadOnlyAcess' is no AWS managed policy of",
    ),
    (POLICIES, ["ReadOnlyAcess"], "(did you mean 'ReadOnlyAccess'?); correct it, or name it under newerThanGroundwork"),
    (POLICIES, ["readonlyaccess"], "(did you mean 'ReadOnlyAccess'?)"),
    (POLICIES, ["ViewOnlyAccess"], "(did you mean 'job-function/ViewOnlyAccess'?)"),
    (POLICIES, ["arn:aws:iam::aws:policy/ReadOnlyAccess"], "is an ARN; give the policy's name, like ReadOnlyAccess"),
    (POLICIES, ["ReadOnlyAccess", "ReadOnlyAccess"], "managedPolicies: names 'ReadOnlyAccess' twice; remove one"),
    (POLICIES, ["aws-service-role/AWSConfigServiceRolePolicy"], "is for the service-linked role of one service"),
    ("access.groups.0.managedPolicies", ["Administrator"], "access.groups admin-external-accounts: managedPolicies: 'Administrator'"),
    ("access.roles.0.permissionsBoundary", "PowerUserAcess", "is neither a file of policies/ nor an AWS managed policy"),
    ("access.roles.0.permissionsBoundary", "observer", "(did you mean 'observe'?)"),
    ("regions.governed+", "eu-centrl-1", "regions.governed: 'eu-centrl-1' is no Region of AWS (did you mean 'eu-central-1'?)"),
    ("guardrails.regions", ["eu-wst-1"], "guardrails.regions: 'eu-wst-1' is no Region of AWS (did you mean 'eu-west-1'?)"),
    ("regions.governed+", "cn-north-1", "is in the partition aws-cn and regions.home in aws; no organization spans both"),
    ("regions.governed+", "us-east-1", "regions: governed names 'us-east-1' twice; remove one of them"),
    ("regions.governed+", "Frankfurt", "'Frankfurt' is no Region; write it like eu-central-1"),
    # names in the file
    ("access.users+", {"name": "ada", "groups": ["admin-external-acounts"]}, "(did you mean 'admin-external-accounts'?)"),
    ("access.groups.0.enter.0.role", "allow-admin-from-security", "(did you mean 'allow-admin-from-security-account'?)"),
    ("access.roles.0.where.organizationalUnits", ["Workloads/Developmnt"], "(did you mean 'Workloads/Development'?)"),
    ("accounts.0.organizationalUnit", "Securty", "accounts security: names the unit 'Securty' (did you mean 'Security'?)"),
    ("organizationalUnits+", "workloads/Development", "differ in case alone; write it in one way"),
    ("acess", {}, "acess: is an unknown key (did you mean 'access'?); remove it"),
    ("access.roles.0.managedPolicy", [], "(did you mean 'managedPolicies'?)"),
    ("trail.mode", "organisation", "trail.mode: 'organisation' is unknown (did you mean 'organization'?)"),
    # policies of the organization
    (POLICY_OF_ALL + "from", "Workloads/Tset", "organizationPolicies.from: names the unit 'Workloads/Tset'"),
    (EXCEPTION, {"what": ["imdsV2"], "organizationalUnits": ["Nowhere"], "reason": "x"}, "organizationPolicies.exceptions: names the unit 'Nowhere'"),
    (EXCEPTION, {"what": ["imdsV2"], "reason": "x"}, "names no place; give organizationalUnits or accounts"),
    (EXCEPTION, {"what": [], "accounts": ["dev"], "reason": "x"}, "organizationPolicies.exceptions"),
    (EXCEPTION, {"what": ["imdsV1"], "accounts": ["dev"], "reason": "x"}, "'imdsV1' is unknown (did you mean 'imdsV2'?)"),
    (EXCEPTION, {"what": ["vpcBlockPublicAccess"], "accounts": ["dev"], "reason": "x"}, "excepts vpcBlockPublicAccess, which is not held"),
    (EXCEPTION, {"what": ["s3PublicAccessBlock"], "organizationalUnits": ["Security"], "reason": "x"}, "the security account's buckets hold the logs of all"),
    (EXCEPTION, {"what": ["s3PublicAccessBlock"], "accounts": ["security"], "reason": "x"}, "the security account's buckets hold the logs of all"),
    (POLICY_OF_ALL + "imdsHopLimit", 1, "organizationPolicies.imdsHopLimit"),
    # the default VPC
    (
        *("accountSettings.deleteDefaultVpc", ["workload"]),
        "accountSettings: deleteDefaultVpc is called defaultVpc now; write defaultVpc: {delete: [workload], close: []} for",
    ),
    ("accountSettings.deleteDefaultVpc", [], "write defaultVpc: {delete: [], close: []} for what it said, or take it out."),
    ("accountSettings.defaultVpc", {"delete": ["management"]}, "delete.0: 'management' is unknown; it must be 'security', "),
    ("accountSettings.defaultVpc", {"close": ["workload"]}, "defaultVpc: delete and close both name 'workload'; take it out"),
    # tags
    (TAGS, {"Team": "a", "team": "b"}, "holds the keys 'Team' and 'team', which are one to IAM; remove one of them"),
    (TAGS, {"a*b": "x"}, "holds a character AWS does not take at the key 'a*b'; use letters, digits, spaces and"),
    (TAGS, {"team": "a;b"}, "holds a character AWS does not take at the key 'team'"),
    (TAGS, {"x" * 129: ""}, "holds a key of 129 characters"),
    (TAGS, {"": "x"}, "holds a key of 0 characters"),
    (TAGS, {"team": "x" * 257}, "holds a value of 257 characters at the key 'team'"),
    (TAGS, {"team": "aws:x"}, "holds the value 'aws:x' at the key 'team'; what begins with aws: is reserved"),
    (TAGS, {"groundwork:kind": "x"}, "keys that begin with groundwork: are Groundwork's own"),
    (TAGS, {"team": 1}, "access.roles.0.tags.team: 1 is no text; put it in quotes"),
    (
        *("access.users+", {"name": "ada", "accessKeys": False, "tags": {str(n): "" for n in range(49)}}),
        "access.users ada: tags holds 49; IAM allows 50 and Groundwork sets two of a user without access keys",
    ),
    # paths and names
    (PATH, "/a b/", "is no IAM path; use letters, digits and punctuation but *?$<>{}, and leave ' ' out"),
    (PATH, "/teams//data/", "is no IAM path; write one slash between its parts"),
    (PATH, "/*/", "and leave '*' out"),
    (PATH, f"/{'x' * 512}/", "has 514 characters; IAM takes at most 512"),
    (PATH, "/aws-service-role/x/", "is a path that IAM keeps for AWS's services"),
    ("access.roles.0.name", "arn:aws:iam::123456789012:role/x", "is an ARN; give the name alone"),
    ("access.roles.0.name", "x" * 65, "has 65 characters; IAM takes at most 64"),
    ("access.roles.0.description", "x" * 1001, "has 1001 characters; IAM takes at most 1,000"),
    ("access.roles.0.description", "Größe 東京", "holds '東', which IAM takes in no description"),
    ("access.users+", {"name": "ada", "groups": ["a"] * 11}, "access.users.0.groups"),
    # who is trusted
    (f"{TRUST}.account", "arn:aws:iam::123456789012:root", "is an ARN; give the account's id alone"),
    (f"{TRUST}.account", "tolling", "is no account (did you mean 'tooling'?)"),
    (f"{TRUST}.principals", ["arn:aws:iam::123456789012:role/x"], "is an ARN; give what stands after the account"),
    (f"{TRUST}.principals", ["ci-cd/*"], "is no principal; begin with role/ or user/, like role/ci-cd/*"),
    (f"{TRUST}.externalId", "x", "is no external id; it has 2 to 1,224 letters"),
    # other services
    (BUCKET, "Logs-<security>", "is no bucket's name; use small letters"),
    (BUCKET, "logs-<account>", "holds <account>; only <security> is filled in here"),
    (BUCKET, "x" * 52 + "<security>", "makes a bucket's name of 64 characters; S3 takes 3 to 63"),
    (BUCKET, "a..b", "write one dot between its parts"),
    (BUCKET, "192.168.5.4", "S3 takes none that reads like an IP address"),
    (BUCKET, "xn--logs", "begins with xn--, which S3 keeps for itself"),
    (BUCKET, "groundwork-config-<security>", "must differ; give each a bucket of its own"),
    ("logArchive.keyAlias", "alias/aws/logs", "is no alias of a key"),
    ("trail.name", "a..b", "is no trail's name"),
    ("config.aggregator", "a+b", "is no aggregator's name"),
    ("closing", {"unit": "Sandbox", "accounts": ["security"]}, "names security, of kind security, which is never closed"),
    ("closing", {"accounts": ["leftover"]}, "closing.unit, in which they would wait, is not declared; declare it"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "value", "words"), MISTAKES, ids=[f"{key}={value}"[:60] for key, value, _ in MISTAKES]
)
def test_what_aws_would_refuse_is_named(home: Path, key: str, value: Any, words: str) -> None:
    answer = refusal(changed(home, key, value))
    assert answer.startswith("baseline.yaml: ")
    assert words in answer


def test_a_key_twice(home: Path) -> None:
    (home / "baseline.yaml").write_text("a: 1\nb:\n  c: 1\n  c: 2\n")
    assert refusal(home) == "baseline.yaml: line 3: holds the key 'c' twice; remove one."


def test_all_of_them_are_told(home: Path) -> None:
    changed(home, POLICIES, ["ReadOnlyAcess", "PowerUser"])
    assert len(refusal(home).splitlines()) == 2


# -- the lists ---------------------------------------------------------------------------------------


def test_a_name_that_is_newer_than_the_lists(home: Path) -> None:
    changed(home, "newerThanGroundwork", ["NewAccess", "eu-north-9"])
    changed(home, POLICIES, ["NewAccess"], keep=True)
    assert load(changed(home, "regions.governed+", "eu-north-9", keep=True))


def test_the_lists_are_real() -> None:
    assert date.fromisoformat(listed_on()) >= date(2026, 1, 1)
    assert {"AdministratorAccess", "job-function/ViewOnlyAccess"} <= attachable()
    assert partitions()["us-gov-west-1"] == "aws-us-gov"
    assert not any(name.endswith("-global") for name in partitions())


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.sampled_from(sorted(attachable())), st.data())
def test_a_letter_that_is_left_out_finds_its_name(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(name) - 1))
    typo = name[:at] + name[at + 1 :]
    if typo not in attachable():
        assert "did you mean" in did_you_mean(typo, attachable())


# -- sizes, before there is an account ---------------------------------------------------------------


def test_a_group_that_enters_too_much(home: Path) -> None:
    enter = [{"role": "allow-read-only-from-security-account", "names": [f"account-{n}" for n in range(60)]}]
    changed(home, "access.groups.2.enter", enter)
    assert "access.groups ro-external-accounts: enter and policies, with mfa-self-service,: makes" in refusal(
        home
    )


def test_a_role_whose_policies_are_too_long(home: Path) -> None:
    many = [f"s3:GetObject{n:04}" for n in range(700)]
    answer = refusal(policy(home, ALLOW | {"Action": many}, name="observe"))
    assert "access.roles allow-dev-from-security-account: policies: makes" in answer
    assert "characters of policy; IAM takes 10,240: shorten them." in answer


def test_a_trust_that_names_too_many(home: Path) -> None:
    changed(home, f"{TRUST}.principals", [f"role/ci-cd/pipeline-{n:03}" for n in range(60)])
    assert "access.roles allow-deploy-from-mgmt-account: trust: makes" in refusal(home)


def test_guard_rails_that_are_too_long(home: Path) -> None:
    roles = [
        {"name": f"{'x' * 55}-{n}", "where": {"kinds": ["workload"]}, "trust": {"account": "security"}}
        for n in range(120)
    ]
    answer = refusal(changed(home, "access.roles+", *roles))
    assert "the service control policy groundwork-guardrails that protects it has" in answer


def test_a_policy_that_waits_for_ever(home: Path) -> None:
    """The tooling account's id, where none is declared."""
    statement = ALLOW | {"Resource": "arn:<partition>:s3:::artifacts-<tooling>/*"}
    policy(home, statement, name="observe")
    changed(home, "accounts", DEFAULT["accounts"][:1])
    roles = [each for each in DEFAULT["access"]["roles"] if each["trust"]["account"] != "tooling"]
    changed(home, "access.roles", roles, keep=True)
    assert "the tooling account does not exist yet, and accounts declares none" in refusal(home)


# -- the grammar of policies/ ------------------------------------------------------------------------

GRAMMAR: list[tuple[Any, str]] = [
    (ALLOW | {"Acton": "x"}, "Statement.0.Acton: is no element of a statement (did you mean 'Action'?); remove it"),
    (ALLOW | {"Principal": "*"}, "Statement.0.Principal: is for policies of resources; remove it"),
    (ALLOW | {"Sid": "Two words"}, "Statement.0.Sid: 'Two words' may hold letters and digits only; rename it"),
    (ALLOW | {"Action": "GetObject"}, "Statement.0.Action: 'GetObject' is no action; write it like s3:GetObject"),
    (ALLOW | {"Action": "s3*:Get"}, "Statement.0.Action: 's3*:Get' is no action"),
    (ALLOW | {"Resource": "my-bucket"}, "Statement.0.Resource: 'my-bucket' is no ARN; write one, or *"),
    (ALLOW | {"Resource": "arn:aws:s3:bucket"}, "is no ARN"),
    (ALLOW | {"Condition": {"StringEqual": {"a": "b"}}}, "'StringEqual' is no operator (did you mean 'StringEquals'?)"),
    (ALLOW | {"Condition": {"ForAnyValues:StringLike": {"a": "b"}}}, "is no operator"),
    (ALLOW | {"Condition": {"StringEquals": "b"}}, "Statement.0.Condition.StringEquals: 'b' is no condition"),
    (ALLOW | {"Condition": ["x"]}, "Statement.0.Condition: ['x'] is no condition; write an object of operators"),
    (ALLOW | {"Condition": {"Bool": {"a": {}}}}, "Statement.0.Condition.Bool.a: {} is no text"),
    (ALLOW | {"Resource": "arn:<partition>:s3:::<acount>"}, "<acount>: is not filled in (did you mean 'account'?)"),
    ("x", "Statement.0: 'x' is no statement; write an object"),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "words"), GRAMMAR)
def test_what_the_grammar_of_policies_does_not_take(home: Path, statement: Any, words: str) -> None:
    answer = refusal(policy(home, statement))
    assert answer.startswith("policies/deploy.json: ")
    assert words in answer


def test_two_statements_of_one_name_and_an_unknown_element(home: Path) -> None:
    named = ALLOW | {"Sid": "Same"}
    answer = refusal(policy(home, named, named, Versoin="2012-10-17"))
    assert "Statement: two statements have the Sid Same; rename one of them" in answer
    assert "Versoin: is no element of a policy (did you mean 'Version'?); remove it" in answer
