"""The declaration: every mistake in it is named by file, key, value and remedy."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from groundwork.baseline.components import COMPONENTS
from groundwork.contracts import Account, Kind
from groundwork.declaration.access import Where
from groundwork.declaration.loading import all_mistakes, check, load
from groundwork.declaration.policy_files import ESCALATIONS
from groundwork.fields import ancestors
from tests.unit.declaration.files import DEFAULT, changed, policy, refusal

MAKES_ROLES = {"Effect": "Allow", "Action": ["iam:Create*"], "Resource": "*"}


# -- the default -------------------------------------------------------------------------------------


def test_the_default_is_that_of_the_article() -> None:
    declaration = load()
    assert [(account.name, account.kind) for account in declaration.accounts] == [
        ("security", "security"),
        ("mgmt", "tooling"),
    ]
    assert [role.name for role in declaration.access.roles] == [
        "allow-admin-from-security-account",
        "allow-dev-from-security-account",
        "allow-dev-from-security-account",
        "allow-read-only-from-security-account",
        "allow-deploy-from-mgmt-account",
        "allow-support-from-security-account",
    ]
    exempt = [role.name for role in declaration.access.roles if role.trust.mfa == "exempt"]
    assert exempt == ["allow-deploy-from-mgmt-account"]
    assert declaration.access.users == []
    (boundary,), deploy = declaration.access.boundaries, declaration.access.roles[4]
    assert boundary.policies == deploy.policies  # so that no role may more than the pipeline that made it


def test_a_copy_of_the_default_loads(home: Path) -> None:
    assert load(home).model_dump() == load().model_dump()
    assert load(home).version == load().version


def test_as_json_it_is_the_same(home: Path) -> None:
    """As the functions read it: a build writes it beside the YAML."""
    (home / "baseline.json").write_text(json.dumps(DEFAULT))
    (home / "baseline.yaml").unlink()
    assert load(home).model_dump() == load().model_dump()
    assert load(home).version == load().version


def test_the_mfa_policy_denies_everything_but_the_device_itself() -> None:
    deny = next(each for each in load().policy("mfa-self-service")["Statement"] if each["Effect"] == "Deny")
    assert deny["Resource"] == "*"
    assert deny["Condition"] == {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    assert "sts:AssumeRole" not in deny["NotAction"]


# -- mistakes in baseline.yaml -----------------------------------------------------------------------

ROLE = {"name": "extra", "where": {"kinds": ["workload"]}, "trust": {"account": "security"}}
GROUP = {"name": "extra"}
BOUNDARY = {
    "name": "extra",
    "where": {"kinds": ["workload"]},
    "policies": ["deploy"],
    "rolesBelow": "/extra/",
}

MISTAKES: list[tuple[str, Any, str]] = [
    ("colour", "blue", "colour: is an unknown key; remove it, or see baseline.schema.json for the right name."),
    ("access.roles.0.colour", "blue", "access.roles.0.colour: is an unknown key"),
    ("accounts", [], "accounts declares 0 accounts of kind security; declare exactly one"),
    ("accounts.1.kind", "security", "accounts declares 2 accounts of kind security; declare exactly one"),
    ("accounts.0.kind", "sandbox", "accounts.0.kind: 'sandbox' is unknown; it must be"),
    ("accounts.0.email", "nobody", "accounts.0.email: 'nobody' is no e-mail address that AWS accepts; write it like"),
    ("accounts.0.name", "x" * 51, "accounts.0.name: 'xxxxx"),
    ("accounts.1.email", "AWS+security@example.com", "accounts declares 'aws+security@example.com' twice; remove one"),
    ("accounts.0.id", "12", "accounts.0.id: '12' is no account id; an account id has exactly 12 digits"),
    ("accounts.0.organizationalUnit", "/Security", "organizationalUnit: '/Security' has an empty segment; write it like"),
    ("organizationalUnits+", "a/b/c/d/e/f", "organizationalUnits.5: 'a/b/c/d/e/f' is 6 levels deep; AWS allows 5"),
    ("organizationalUnits+", "x" * 129, "has a segment of 129 characters; AWS allows 128"),
    ("regions.governed", [], "regions.governed: []"),
    ("regions.home", "eu-west-1", "home 'eu-west-1' is not among the governed Regions; add it to governed"),
    (
        *("regions", {"home": "eu-central-2", "governed": ["eu-central-2", "il-central-1"]}),
        (
            "regions.governed: AWS Config records IAM's users, groups, roles and policies in none of eu-central-2, "
            "il-central-1; add one that it does, like us-east-1"
        ),
    ),
    ("regions.home", "Ireland", "regions.home: 'Ireland' is no Region; write it like eu-central-1"),
    ("entryRoles", [], "entryRoles: []"),
    ("entryRoles.0", {"name": "Door", "trust": "wide"}, "entryRoles.0.trust: 'wide' is unknown; it must be 'management' or 'narrow'"),
    ("entryRoles.0", {"name": "Door", "trust": "narrow"}, "entryRoles.0: Door: the trust narrow lets nobody in once Groundwork is gone"),
    (
        "entryRoles.0",
        {"name": "Door", "trust": "narrow", "breakGlass": ["role/break-glass"]},
        "entryRoles.0: Door: breakGlass 'role/break-glass' is no user: name users, like user/break-glass",
    ),
    ("entryRoles.0", {"name": "Door", "trust": "narrow", "breakGlass": ["user/*"]}, "breakGlass 'user/*' is no user"),
    ("entryRoles.0", {"name": "Door", "breakGlass": ["user/ada"]}, "entryRoles.0: Door: breakGlass is for trust narrow; set it, or"),
    (
        "entryRoles.1",
        {"name": "AWSControlTowerExecution", "trust": "narrow", "breakGlass": ["user/ada"]},
        "entryRoles.1: AWSControlTowerExecution: Control Tower enters by it; give another entry role the trust narrow",
    ),
    ("baseline.sandbox", ["access"], "baseline.sandbox"),
    ("baseline.workload", ["acess"], "baseline.workload.0: 'acess' is no component; the components are access, account-assignments"),
    ("access.roles.0.name", "no spaces", "'no spaces' is no IAM name; use 1 to 64 letters, digits and _+=,.@-"),
    ("access.roles.0.path", "doors", "access.roles.0.path: 'doors' is no IAM path; it begins and ends with a slash"),
    ("access.roles.0.maxSessionDuration", 60, "access.roles.0.maxSessionDuration: 60 is too small; it must be 3600 or more"),
    ("access.roles.0.tags", {"Managed-By": "me"}, "holds the key 'Managed-By', which is reserved; choose another"),
    ("access.roles.0.tags", {"aws:x": "me"}, "holds the key 'aws:x', which is reserved; choose another"),
    ("access.roles.0.tags", {str(n): "" for n in range(50)}, "holds 50 tags; IAM allows 50 and Groundwork sets one"),
    ("access.roles.0.where.kinds", [], "access.roles.0.where.kinds: []"),
    ("access.roles.0.trust.mfa", "exempt", "mfa exempt is for machines: name their roles under principals"),
    ("access.roles.4.trust.principals", ["user/*"], "mfa exempt is for machines: name their roles under principals"),
    (
        "access.roles+",
        ROLE | {"name": "Allow-Admin-From-Security-Account"},
        "declares 'allow-admin-from-security-account' twice for the same accounts; remove one of them, or give them kinds,",
    ),
    ("access.roles.1.where", {"kinds": ["workload"]}, "declares 'allow-dev-from-security-account' twice for the same accounts"),
    ("access.roles.1.trust.mfa", "exempt", "access.roles.1.trust: mfa exempt is for machines"),
    ("access.roles.1.path", "/people/", "access.roles allow-dev-from-security-account: is declared twice, and differs in"),
    ("access.roles.1.name", "Allow-dev-from-security-account", "allow-dev-from-security-account: is declared twice, and differs"),
    (
        "access.roles.2.where.exceptOrganizationalUnits+",
        "Nowhere",
        "access.roles allow-dev-from-security-account: where names the unit 'Nowhere'; add it to organizationalUnits",
    ),
    ("guardrails", {"where": ["Nowhere"]}, "guardrails.where: names the unit 'Nowhere'; add it to organizationalUnits"),
    ("access.boundaries+", BOUNDARY | {"name": "workload-boundary"}, "access.boundaries declares 'workload-boundary' twice"),
    ("access.boundaries+", BOUNDARY | {"name": "deploy"}, "access.boundaries deploy: is the name of a file of policies/, too"),
    ("access.roles.0.permissionsBoundary", "workload-boundary", "'workload-boundary' is for roles that others make; name a file"),
    ("access.boundaries+", BOUNDARY | {"policies": []}, "access.boundaries.1.policies: []"),
    ("access.boundaries+", BOUNDARY | {"policies": ["nothing"]}, "access.boundaries extra: policies: 'nothing' is no file in"),
    ("access.boundaries+", BOUNDARY | {"policies": ["deploy", "deploy"]}, "extra: policies: two statements have the Sid Neither"),
    ("access.boundaries+", BOUNDARY | {"rolesBelow": "x"}, "access.boundaries.1.rolesBelow: 'x' is no IAM path"),
    ("access.boundaries.0.where.organizationalUnits", ["Nowhere"], "access.boundaries workload-boundary: where names the unit"),
    ("access.roles+", ROLE | {"name": "OrganizationAccountAccessRole"}, "access.roles OrganizationAccountAccessRole: is an entry role"),
    (
        "access.roles.0.where.organizationalUnits",
        ["Nowhere"],
        "access.roles allow-admin-from-security-account: where names the unit 'Nowhere'; add it to organizationalUnits",
    ),
    ("accounts.1.kind", "workload", "access.roles allow-deploy-from-mgmt-account: trusts the tooling account, and accounts declares none"),
    ("access.roles.0.policies", ["nothing"], "access.roles allow-admin-from-security-account: policies: 'nothing' is no file in policies/; add policies/nothing.json."),
    ("access.groups+", {"name": "Admin-External-Accounts"}, "access.groups declares 'admin-external-accounts' twice"),
    ("access.groups+", GROUP | {"policies": ["nothing"]}, "access.groups extra: policies: 'nothing' is no file in policies/"),
    ("access.groups+", GROUP | {"enter": [{"role": "nothing"}]}, "access.groups extra: enters 'nothing', which is no declared role"),
    (
        "access.groups.1.enter.0.organizationalUnits",
        ["Nowhere"],
        "access.groups dev-external-accounts: names the unit 'Nowhere'; add it to organizationalUnits",
    ),
    ("access.users+", {"name": "ada", "groups": ["nothing"]}, "access.users ada: is in 'nothing', which is no declared group"),
    ("trail.mode", "none", "trail.mode: 'none' is unknown; it must be"),
    ("accountSettings.passwordPolicy.minimumLength", 5, "accountSettings.passwordPolicy.minimumLength: 5 is too small; it must be 6 or more"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "value", "words"), MISTAKES, ids=[f"{key}={value}"[:60] for key, value, _ in MISTAKES]
)
def test_a_mistake_is_named_with_its_remedy(home: Path, key: str, value: Any, words: str) -> None:
    answer = refusal(changed(home, key, value))
    assert answer.startswith("baseline.yaml: ")
    assert words in answer


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("logArchive.admit", "all", "'all' is unknown; it must be 'organization' or a list."),
        ("logArchive.admit", [12], ".0: 12 is no text; put it in quotes."),
        ("externalAccess.unusedAccess", True, "True is unknown; it must be False or a mapping of keys."),
        (
            "externalAccess.unusedAccess",
            {"days": 0},
            ".days: 0 is too small; it must be 1 or more.",
        ),
        ("entryRoles.0", 7, "7 is not right: it must be a mapping of keys."),
    ],
)
def test_a_value_of_several_forms_is_told_once_in_that_which_was_meant(
    home: Path, key: str, value: Any, sentence: str
) -> None:
    assert refusal(changed(home, key, value)).removeprefix(f"baseline.yaml: {key}").lstrip(": ") == sentence


def test_what_is_left_of_a_mistake_is_no_second_one(home: Path) -> None:
    exception = {"what": ["s3"], "accounts": ["dev"], "reason": "a web site"}
    changed(home, "organizationPolicies.exceptions", [exception])
    (told,) = all_mistakes(home, COMPONENTS)
    assert "'s3' is unknown" in told


def test_every_mistake_is_named_at_once(home: Path) -> None:
    changed(home, "access.roles+", ROLE | {"path": "x", "maxSessionDuration": 1})
    assert len(refusal(home).splitlines()) == 2


def test_what_is_missing_is_named(home: Path) -> None:
    (home / "baseline.yaml").write_text(yaml.safe_dump({"accounts": DEFAULT["accounts"]}))
    assert refusal(home) == "baseline.yaml: baseline: is missing; add it."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "baseline.yaml: is no YAML: "),
        ("- a", "baseline.yaml: holds ['a']; it must be a mapping of keys, see baseline.schema.json."),
        ("", "baseline.yaml: holds None; it must be a mapping of keys"),
    ],
)
def test_a_file_that_cannot_be_read(home: Path, text: str, words: str) -> None:
    (home / "baseline.yaml").write_text(text)
    assert refusal(home).startswith(words)


def test_no_file(home: Path) -> None:
    (home / "baseline.yaml").unlink()
    assert refusal(home) == f"baseline.yaml: is missing in {home.name}/; restore it from the repository."


# -- mistakes in policies/ ---------------------------------------------------------------------------

ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


@pytest.mark.parametrize(
    ("statements", "document", "words"),
    [
        ([ALLOW], {"Version": "2008-10-17"}, 'policies/deploy.json: Version: must be "2012-10-17"; add it.'),
        ([], {}, "policies/deploy.json: Statement: is missing or empty; add at least one statement."),
        (
            [ALLOW | {"Effect": "Grant"}],
            {},
            "policies/deploy.json: Statement.0.Effect: 'Grant' must be Allow or Deny.",
        ),
        ([ALLOW, ALLOW | {"NotAction": "*"}], {}, "Statement.1: give exactly one of Action and NotAction."),
        (
            [{"Effect": "Deny", "Action": "*"}],
            {},
            "Statement.0: give exactly one of Resource and NotResource.",
        ),
    ],
)
def test_a_mistake_in_a_policy(home: Path, statements: list[Any], document: Any, words: str) -> None:
    assert words in refusal(policy(home, *statements, **document))


def test_a_policy_that_is_no_json_is_named_by_line(home: Path) -> None:
    (home / "policies" / "deploy.json").write_text('{\n"Version": \n}')
    assert refusal(home).startswith("policies/deploy.json: line 3: is no JSON: ")


def test_no_groups_without_the_mfa_policy(home: Path) -> None:
    (home / "policies" / "mfa-self-service.json").unlink()
    words = "baseline.yaml: access.groups: 'mfa-self-service' is no file in policies/; add policies/mfa-self-service.json."
    assert refusal(home) == words


def test_a_groups_policy_may_not_take_the_name_of_ours(home: Path) -> None:
    policy(home, ALLOW, name="enter-all")
    answer = refusal(changed(home, "access.groups+", GROUP | {"policies": ["enter-all"]}))
    assert "access.groups extra: policies: 'enter-all' begins with enter-" in answer
    assert answer.endswith("rename the file.")


@pytest.mark.parametrize(
    "statement",
    [
        MAKES_ROLES,
        MAKES_ROLES | {"Action": "*"},
        MAKES_ROLES | {"Action": "IAM:createrole"},
        {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"},
    ],
)
def test_a_role_that_may_make_roles_needs_a_boundary(home: Path, statement: Any) -> None:
    answer = refusal(policy(home, statement))
    assert answer == (
        "baseline.yaml: access.roles allow-deploy-from-mgmt-account: policies/deploy.json gives it iam:CreateRole, "
        "a way to any power; set permissionsBoundary, or take iam:CreateRole out."
    )
    load.cache_clear()
    changed(home, "access.roles.4.permissionsBoundary", "PowerUserAccess")
    assert load(home).access.roles[4].permissions_boundary == "PowerUserAccess"


@pytest.mark.parametrize("action", ESCALATIONS)
def test_any_other_way_to_any_power_needs_one_too(home: Path, action: str) -> None:
    assert f"gives it {action}, a way" in refusal(policy(home, MAKES_ROLES | {"Action": action}))


PATH, BOUNDED = "arn:<partition>:iam::<account>:role/workload/*", "iam:PermissionsBoundary"
OWN = "arn:<partition>:iam::<account>:policy/workload-boundary"
IN_THE_BOUNDARY = MAKES_ROLES | {"Action": "iam:CreateRole", "Condition": {"StringEquals": {BOUNDED: OWN}}}
BELOW_THE_PATH = MAKES_ROLES | {"Action": "iam:UpdateAssumeRolePolicy", "Resource": [PATH]}


@pytest.mark.parametrize("statement", [IN_THE_BOUNDARY, BELOW_THE_PATH])
def test_one_that_makes_roles_with_a_declared_boundary_needs_none_itself(home: Path, statement: Any) -> None:
    assert load(policy(home, statement))


@pytest.mark.parametrize(
    "statement",
    [
        IN_THE_BOUNDARY | {"Condition": {"StringEquals": {BOUNDED: f"{OWN}s"}}},
        IN_THE_BOUNDARY | {"Condition": {"StringEquals": {BOUNDED: [OWN, "*"]}}},
        IN_THE_BOUNDARY | {"Condition": {"StringEqualsIfExists": {BOUNDED: OWN}}},
        IN_THE_BOUNDARY | {"Condition": {"StringNotEquals": {BOUNDED: OWN}}},
        IN_THE_BOUNDARY | {"Condition": {}, "Resource": PATH},
        IN_THE_BOUNDARY | {"Action": "iam:*"},
        BELOW_THE_PATH | {"Resource": [PATH, "arn:<partition>:iam::<account>:role/*"]},
        BELOW_THE_PATH | {"Resource": "arn:<partition>:iam::<account>:role/workload*"},
        {"Effect": "Allow", "Action": "iam:UpdateAssumeRolePolicy", "NotResource": [PATH]},
        IN_THE_BOUNDARY | {"Action": "iam:PutUserPolicy"},
    ],
)
def test_what_only_looks_like_it_does(home: Path, statement: Any) -> None:
    assert "a way to any power; set permissionsBoundary" in refusal(policy(home, statement))


def test_a_managed_policy_may_be_such_a_way(home: Path) -> None:
    assert "IAMFullAccess is a way to any power" in refusal(
        changed(home, "access.roles.1.managedPolicies", ["IAMFullAccess"])
    )


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        (
            "baseline.workload",
            ["log-archive"],
            "baseline.workload: log-archive is for accounts of kind security; take it out.",
        ),
        (
            "baseline.management",
            ["access"],
            "access is for accounts of kind security and tooling and workload",
        ),
        ("baseline.tooling", ["guardrails"], "guardrails is for accounts of kind management"),
    ],
)
def test_a_component_belongs_to_some_kinds(home: Path, key: str, value: Any, words: str) -> None:
    assert words in refusal(changed(home, key, value))


@pytest.mark.parametrize(
    "statement",
    [MAKES_ROLES | {"Effect": "Deny"}, {"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"}, ALLOW],
)
def test_one_that_may_not_needs_none(home: Path, statement: Any) -> None:
    assert load(policy(home, statement))


# -- where ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "kind", "unit", "admitted"),
    [
        ({"kinds": ["workload"]}, "workload", "", True),
        ({"kinds": ["workload"]}, "tooling", "", False),
        (
            {"kinds": ["workload"], "organizationalUnits": ["Workloads"]},
            "workload",
            "Workloads/Development",
            True,
        ),
        (
            {"kinds": ["workload"], "organizationalUnits": ["Work"]},
            "workload",
            "Workloads/Development",
            False,
        ),
        (
            {"kinds": ["workload"], "exceptOrganizationalUnits": ["Workloads/Development"]},
            "workload",
            "Workloads",
            True,
        ),
        (
            {"kinds": ["workload"], "exceptOrganizationalUnits": ["Workloads"]},
            "workload",
            "Workloads/Development",
            False,
        ),
        ({"kinds": ["workload"], "names": ["dev"]}, "workload", "Anywhere", True),
        ({"kinds": ["workload"], "names": ["prod"]}, "workload", "Anywhere", False),
    ],
)
def test_where(where: Any, kind: Kind, unit: str, admitted: bool) -> None:
    account = Account(id="123456789012", name="dev", email="aws+dev@example.com", kind=kind, unit=unit)
    assert Where.model_validate(where).admits(account) is admitted


ANY = {"kinds": ["workload"]}


@pytest.mark.parametrize(
    ("one", "two", "apart"),
    [
        (ANY, ANY, False),
        (ANY, {"kinds": ["tooling"]}, True),
        (ANY, {"kinds": ["tooling", "workload"]}, False),
        (ANY | {"organizationalUnits": ["A"]}, ANY | {"organizationalUnits": ["B"]}, True),
        (ANY | {"organizationalUnits": ["A"]}, ANY | {"organizationalUnits": ["A/B"]}, False),
        (ANY | {"organizationalUnits": ["A/B"]}, ANY | {"organizationalUnits": ["A"]}, False),
        (ANY | {"organizationalUnits": ["A"]}, ANY | {"organizationalUnits": ["AB"]}, True),
        (ANY | {"organizationalUnits": ["A/B"]}, ANY | {"exceptOrganizationalUnits": ["A"]}, True),
        (ANY | {"organizationalUnits": ["A"]}, ANY | {"exceptOrganizationalUnits": ["A/B"]}, False),
        (ANY | {"organizationalUnits": ["A", "B"]}, ANY | {"exceptOrganizationalUnits": ["A"]}, False),
        (ANY, ANY | {"exceptOrganizationalUnits": ["A"]}, False),
        (ANY | {"names": ["dev"]}, ANY | {"names": ["prod"]}, True),
        (ANY | {"names": ["dev"]}, ANY | {"names": ["prod", "dev"]}, False),
        (ANY | {"names": ["dev"]}, ANY, False),
    ],
)
def test_where_no_account_is_in_both(one: Any, two: Any, apart: bool) -> None:
    one, two = Where.model_validate(one), Where.model_validate(two)
    assert one.is_apart_from(two) is two.is_apart_from(one) is apart


def test_ancestors_are_topmost_first() -> None:
    assert ancestors("a/b/c") == ["a", "a/b", "a/b/c"]


# -- the CDK -----------------------------------------------------------------------------------------


def with_cdk(home: Path, *, kind: str = "workload", **settings: Any) -> Path:
    raw = copy.deepcopy(DEFAULT)
    raw["baseline"][kind].append("cdk")
    raw["cdk"] = settings
    (home / "baseline.yaml").write_text(yaml.safe_dump(raw))
    return home


def test_the_cdk_is_nobodys_unless_it_is_declared(home: Path) -> None:
    assert not load().has_component("cdk")
    load(changed(home, "cdk", {"policies": ["nothing"]}))  # and then nothing of it is looked at
    load.cache_clear()
    declared = check(load(with_cdk(home)), COMPONENTS)
    assert declared.cdk.qualifier == "hnb659fds"
    assert declared.cdk.policies == declared.access.boundaries[0].policies
    assert declared.version != load().version


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"qualifier": "Capital"}, "cdk.qualifier: 'Capital' is not right"),
        ({"qualifier": "elevenchars"}, "cdk.qualifier: 'elevenchars' is not right"),
        ({"principals": []}, "cdk.principals: []"),
        ({"principals": ["user/ada"]}, "cdk.principals.0: 'user/ada' is not right"),
        ({"policies": []}, "cdk.policies: []"),
        (
            {"policies": ["nothing"]},
            "cdk.policies: 'nothing' is no file in policies/; add policies/nothing.json.",
        ),
        ({"lookupPolicies": ["nothing"]}, "cdk.lookupPolicies: 'nothing' is no file in policies/"),
        ({"managedPolicies": ["AdministratorAccess"]}, "cdk.managedPolicies: is an unknown key"),
    ],
)
def test_a_mistake_about_the_cdk(home: Path, settings: Any, words: str) -> None:
    assert words in refusal(with_cdk(home, **settings))


def test_what_apps_are_deployed_with_is_no_way_to_any_power(home: Path) -> None:
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    for key in ("policies", "lookupPolicies"):
        load.cache_clear()
        settings: dict[str, Any] = {key: ["all"]}
        answer = refusal(with_cdk(policy(home, everything, name="all"), **settings))
        assert answer == (
            f"baseline.yaml: cdk.{key}: policies/all.json gives iam:CreateRole, a way to any power; take iam:CreateRole out."
        )


@pytest.mark.parametrize("kind", ["management", "security", "tooling"])
def test_the_cdk_is_for_workloads(home: Path, kind: str) -> None:
    words = f"baseline.yaml: baseline.{kind}: cdk is for accounts of kind workload; take it out."
    assert refusal(with_cdk(home, kind=kind)) == words


def test_the_cdk_needs_pipelines(home: Path) -> None:
    raw = yaml.safe_load(with_cdk(home).joinpath("baseline.yaml").read_text())
    raw["accounts"].pop()
    raw["access"]["roles"].pop()
    (home / "baseline.yaml").write_text(yaml.safe_dump(raw))
    assert "baseline: cdk trusts the tooling account, and accounts declares none" in refusal(home)
