"""What a change of the declaration opens and closes: without AWS, in an account for each kind and declared unit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from groundwork.declaration.loading import HOME
from groundwork.doors.sentences import sentences
from tests.unit.declaration.files import changed, refusal
from tests.unit.doors.conftest import Opened

DEVELOPERS, LOOKERS = "access.roles.1", "access.roles.2"
"""The role of developers where they work, and everywhere else."""
BY = "by allow-dev-from-security-account"
PRODUCTION = "workload accounts in Workloads and Workloads/Production"


def test_a_comment_opens_nothing(home: Path, opened: Opened) -> None:
    text = (HOME / "baseline.yaml").read_text()
    (home / "baseline.yaml").write_text(f"# Another comment\n{text}\n# and one at the end\n")
    assert opened() == []


def test_a_description_opens_nothing(home: Path, opened: Opened) -> None:
    changed(home, f"{DEVELOPERS}.description", "Whoever writes code")
    assert opened() == []


def test_other_words_for_the_same_policy_open_nothing(home: Path, opened: Opened) -> None:
    path = home / "policies" / "observe.json"
    document = json.loads(path.read_text())
    document["Statement"][0] |= {"Action": document["Statement"][0]["Action"][::-1], "Sid": "SeeAll"}
    path.write_text(json.dumps(document))
    assert opened() == []


def test_a_wide_unit_opens_production(home: Path, opened: Opened) -> None:
    changed(home, "access.groups.1.enter.0.organizationalUnits", ["Workloads"])
    assert sentences(opened()) == [
        f"opens: dev-external-accounts may enter {PRODUCTION} {BY}: reads, with MFA"
    ]


def test_units_left_out_open_everything(home: Path, opened: Opened) -> None:
    changed(home, "access.groups.1.enter.0", {"role": "allow-dev-from-security-account"})
    (told,) = sentences(opened())
    assert "dev-external-accounts may enter mgmt and workload accounts in the root" in told
    assert "Workloads/Production" in told


def test_a_wildcard_is_refused_with_what_to_write_instead(home: Path) -> None:
    changed(home, "access.groups.1.enter.0.organizationalUnits", ["Workloads/*"])
    assert (
        "names the unit 'Workloads/*'; a unit stands for all that are below it, without *: write Workloads"
        in refusal(home)
    )


def test_a_wider_role_opens_nothing_and_widens_what_is_behind(home: Path, opened: Opened) -> None:
    changed(home, f"{DEVELOPERS}.where.organizationalUnits", ["Workloads"])
    changed(home, f"{LOOKERS}.where.exceptOrganizationalUnits", ["Workloads"], keep=True)
    found = opened()
    assert {(each.way, each.who) for each in found} == {
        ("widens", "admin-external-accounts"),
        ("widens", "administrators of security"),
    }
    assert all(each.what.startswith("now also writes; newly allowed: iam:PassRole, ") for each in found)


def test_what_opens_one_way_closes_the_other(home: Path, opened: Opened) -> None:
    changed(home, "access.groups.1.enter.0.organizationalUnits", ["Workloads/Development"])
    assert sentences(opened()) == [
        (
            "closes: dev-external-accounts may no longer enter workload accounts in Workloads/Staging "
            f"{BY} (reads and writes, with MFA)"
        )
    ]


def test_machines_of_any_name_are_a_door(home: Path, opened: Opened) -> None:
    changed(home, "access.roles.4.trust.principals", ["role/*"])
    (told,) = sentences(opened())
    assert told.startswith("opens: role/* of mgmt may enter workload accounts in the root, ")
    assert told.endswith("by allow-deploy-from-mgmt-account: reads and writes, without MFA")


def test_a_third_party_is_a_door(home: Path, opened: Opened) -> None:
    trust = {"account": "123456789012", "externalId": "abc", "mfa": "exempt", "principals": ["role/scanner"]}
    where = {"kinds": ["workload"], "organizationalUnits": ["Workloads/Production"]}
    role = {"name": "scan", "where": where, "trust": trust, "managedPolicies": ["SecurityAudit"]}
    changed(home, "access.roles+", role)
    assert sentences(opened()) == [
        (
            "opens: role/scanner of account 123456789012 may enter workload accounts in Workloads/Production by scan: "
            "reads, without MFA"
        )
    ]


def test_a_user_is_a_door(home: Path, opened: Opened) -> None:
    changed(home, "access.users+", {"name": "ada", "groups": ["dev-external-accounts"]})
    assert sentences(opened()) == [
        (
            "opens: user ada may enter workload accounts in Workloads/Development and Workloads/Staging "
            f"{BY}: reads and writes, with MFA"
        )
    ]


def test_a_boundary_that_goes_widens(home: Path, opened: Opened) -> None:
    """The same policy, first held by a boundary."""
    changed(home, "access.roles.3.permissionsBoundary", "job-function/ViewOnlyAccess")
    found = opened()
    assert {each.way for each in found} == {"narrows"}
    assert all("no longer allowed: dynamodb:GetItem" in each.what for each in found)


def edited(home: Path, name: str, number: int, **parts: Any) -> None:
    path = home / "policies" / f"{name}.json"
    document = json.loads(path.read_text())
    document["Statement"][number] |= parts
    path.write_text(json.dumps(document))


def test_an_action_in_a_policy_file_is_named(home: Path, opened: Opened) -> None:
    known = json.loads((home / "policies" / "observe.json").read_text())["Statement"][0]["Action"]
    edited(home, "observe", 0, Action=[*known, "dynamodb:GetItem", "sqs:ReceiveMessage"])
    found = opened()
    assert {each.actions for each in found} == {("dynamodb:GetItem", "sqs:ReceiveMessage")}
    assert {each.way for each in found} == {"widens"}
    assert {each.what for each in found} == {"newly allowed: dynamodb:GetItem, sqs:ReceiveMessage"}


def test_ten_actions_are_named_and_the_others_counted(home: Path, opened: Opened) -> None:
    known = json.loads((home / "policies" / "observe.json").read_text())["Statement"][0]["Action"]
    edited(home, "observe", 0, Action=[*known, "sqs:*"])
    what = opened()[0].what
    told, _, rest = what.partition("newly allowed: ")[2].partition(" and ")
    assert len(told.split(", ")) == 10
    assert rest == f"{len(opened()[0].actions) - 10} more"
    assert "sqs:SendMessage" in told


def test_a_deny_that_goes_is_named(home: Path, opened: Opened) -> None:
    edited(home, "observe", 1, Action=["ec2:DescribeInstanceAttribute"])
    assert {each.actions[0] for each in opened()} == {"ec2:DescribeLaunchTemplateVersions"}


def test_a_condition_that_goes_is_named(home: Path, opened: Opened) -> None:
    edited(home, "deploy", 2, Condition={})
    found = opened()
    assert {each.way for each in found} == {"widens"}
    assert {each.what for each in found} == {
        (
            "newly allowed: sts:AssumeRole in other organizations, sts:SetSourceIdentity in other organizations, "
            "sts:TagSession in other organizations"
        )
    }


def test_a_resource_that_is_wider_is_named(home: Path, opened: Opened) -> None:
    resource = "arn:<partition>:iam::<account>:role/*"
    document = json.loads((home / "policies" / "workload-roles.json").read_text())
    number = next(n for n, each in enumerate(document["Statement"]) if each["Sid"] == "PassRolesToWorkloads")
    edited(home, "workload-roles", number, Resource=resource)
    found = opened()
    assert {each.actions for each in found} == {("iam:PassRole",)}
    assert {each.who for each in found} >= {"role/ci-cd/* of mgmt", "dev-external-accounts"}
    assert "roles with the boundary workload-boundary" in {each.who for each in found}


def test_what_needs_no_mfa_any_more_is_named(home: Path, opened: Opened) -> None:
    document = json.loads((home / "policies" / "mfa-self-service.json").read_text())
    number = next(n for n, each in enumerate(document["Statement"]) if each["Sid"] == "NothingElseWithoutMFA")
    edited(
        home, "mfa-self-service", number, NotAction=[*document["Statement"][number]["NotAction"], "s3:Get*"]
    )
    found = opened()
    assert {each.who for each in found} == {"admin-external-accounts", "ro-external-accounts"}
    assert all(each.what.endswith(", without MFA") and "s3:GetObject" in each.actions for each in found)


def test_the_guard_rail_counts(home: Path, opened: Opened) -> None:
    changed(home, "guardrails", {"allowLeaving": True})
    found = opened()
    assert {each.actions for each in found} == {
        ("account:CloseAccount", "organizations:AcceptHandshake", "organizations:LeaveOrganization")
    }


def test_a_narrow_entry_role_lets_fewer_in(home: Path, opened: Opened) -> None:
    narrow = {"name": "OrganizationAccountAccessRole", "trust": "narrow", "breakGlass": ["user/rescue"]}
    changed(home, "entryRoles", [narrow])
    assert {(each.way, each.who, each.what) for each in opened()} == {
        ("closes", "administrators of the management account", "reads, writes and grants, without MFA"),
        ("narrows", "user/rescue of the management account", "with MFA only"),
    }
