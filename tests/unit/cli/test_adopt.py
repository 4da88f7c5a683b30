"""`groundwork adopt`: what stands out in an account, who is told together, and who may be named."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
import yaml

from cli.adoption.entry_role import TEMPLATE
from cli.adoption.planning import Planned, is_due
from cli.adoption.showing import MOST_FACTS, MOST_NAMES, grouped, in_total, tell
from cli.adoption.traits import What
from cli.app import main
from cli.inventory import Entry
from groundwork.baseline.components.access.entry_roles import by_default
from groundwork.contracts import Change
from tests.component.without_aws import MANAGEMENT, target_without_aws

ROOT = Path(__file__).parents[3]
VPC = "should not be there, and stays"


def entry(name: str, state: str = "not adopted", **more: Any) -> Entry:
    number = crc32(name.encode())
    return Entry(
        account_id=f"{number:012}",
        name=name,
        email=f"aws+{name}@example.com",
        unit="Labs",
        state=state,
        **dict.fromkeys(("kind", "baseline", "last_run", "last_run_at", "last_plan", "last_plan_at")) | more,
        drift=[],
    )


def change(component: str, resource: str, reason: str = "does not exist", **more: Any) -> Change:
    return Change(component=component, resource=resource, reason=reason, **{"action": "create"} | more)


def note(component: str, resource: str, reason: str, **more: Any) -> Change:
    return change(component, resource, reason, **{"action": "report", "severity": "low"} | more)


TRAIL = change("trail", "trail groundwork")
BLOCK = "S3 public access block"


@pytest.mark.parametrize(
    ("given", "what", "about"),
    [
        (change("account-settings", BLOCK, breaks=["bucket b is public"]), What.BREAKS, "public buckets"),
        (note("account-settings", "account alias dev-1", "account alias is x, and stays"), What.STAYS, "an alias"),
        (
            note("account-settings", "default VPC in us-east-1", "is left alone because it is in use"),
            What.STAYS,
            "a default VPC in use",
        ),
        (note("account-settings", "default VPC in us-east-1", VPC), What.STAYS, ""),
        (note("account-settings", "root user", "has a password", severity="high"), What.LEFT, "root credentials"),
        (
            note("config", "recorder in us-east-1", "covered by recorder 'audit', which somebody else made"),
            What.STAYS,
            "AWS Config of somebody else",
        ),
        (note("config", "Region me-south-1", "is not enabled"), What.STAYS, ""),
        (note("access", "role/admin", "is declared", breaks=["changed"]), What.BREAKS, "a role of our name"),
        (
            note("config", "recorder in us-east-1", "is not recording", severity="high"),
            What.LEFT,
            "AWS Config of somebody else in the way",
        ),
        (note("trail", "trail audit", "somebody else made it, and it stays"), What.STAYS, "trails of somebody else"),
        (note("access", "role/stacksets-exec-1", "stack sets work here"), What.STAYS, "stack sets"),
        (note("access", "role/homemade", "lets in 9", severity="high"), What.LEFT, "somebody from outside of the organization"),
        (note("access", "role/deploy", "has a path of its own"), What.STAYS, ""),
        (change("access", "role/admin", action="update", breaks=["changed"]), What.BREAKS, "a role of our name"),
        (note("budget", "budget x", "is over", severity="high"), What.LEFT, "budget"),
    ],
)  # fmt: skip
def test_what_stands_out(given: Change, what: What, about: str) -> None:
    (fact,) = Planned(entry("dev"), [given, TRAIL]).facts
    assert (fact.what, fact.title) == (what, about)
    assert fact.sentence.startswith(f"{given.resource}: ")


def test_what_waits_for_the_security_account_is_no_fact_about_an_account(
    capsys: pytest.CaptureFixture[str],
) -> None:
    waits = note("access", "role/admin", "left out for now: the security account does not exist yet")
    key = note("trail", "trail groundwork", "its key cannot be verified: no")
    account = Planned(entry("dev"), [waits, key, TRAIL])
    assert account.facts == []
    tell(grouped([account]), [])
    assert [line.split() for line in capsys.readouterr().out.splitlines()[3:5]] == [
        ["access", "create,", "later", "role/admin"],
        ["trail", "create", "trail", "groundwork"],
    ]


def test_where_an_account_stands() -> None:
    failure = {"error": "AccountNotEnterable", "cause": "No entry role", "remedy": "Make one."}
    assert Planned(entry("a")).standing == "to adopt"
    assert Planned(entry("a", "failed")).standing == "to adopt"
    assert Planned(entry("a"), failure=failure).standing == "not yet"
    assert Planned(entry("a"), failure=failure).titles == ("no entry role",)
    assert Planned(entry("a"), failure=failure | {"error": "X"}).titles == ("the plan fails: X",)
    assert Planned(entry("a", "ready")).standing == "adopted"
    assert Planned(entry("a", "suspended")).standing == "left out"
    assert Planned(entry("a", "ready", kind="management")).standing == "management"


@pytest.mark.parametrize(
    ("state", "due"),
    [("not adopted", True), ("failed", True), ("in progress", True), ("ready", False), ("suspended", False)],
)
def test_who_has_reached_the_baseline_is_passed_over(state: str, due: bool) -> None:
    assert is_due(entry("a", state)) is due
    assert not is_due(entry("a", state, kind="management"))


def test_a_group_is_a_screen(capsys: pytest.CaptureFixture[str]) -> None:
    """However many accounts are in it; what stays in each alike is told once, without ids."""
    accounts = [
        Planned(
            entry(f"web-{number}"),
            [
                change("account-settings", BLOCK, breaks=[f"bucket b{number} is public"]),
                note("account-settings", "default VPC in us-east-1", f"vpc-{number:08x} {VPC}"),
                change("access", "role/admin"),
                change("access", "role/admin", action="update"),
            ],
        )
        for number in range(40)
    ]
    plain = Planned(entry("plain"), [TRAIL])
    groups = grouped([plain, *accounts])
    tell(groups, [])
    told = capsys.readouterr().out
    first, second, _ = told.split("\n\n")
    assert first.startswith("40 accounts to adopt: public buckets\n  web-0, web-1, ")
    assert f"and {40 - MOST_NAMES} more" in first
    assert f"and {40 - MOST_FACTS} more" in first
    assert first.count("in each") == 1
    assert f"<vpc> {VPC}" in first
    assert "role/admin" in first
    assert "change" not in first
    assert first.count("\n") < 20
    assert second.startswith("1 account to adopt: nothing stands out\n  plain\n")
    assert in_total([plain, *accounts]) == "41 accounts: 41 to adopt."


@pytest.mark.parametrize("given", [[], ["--all", "--name", "dev"], ["--plan", "--all", "--unit", "Labs"]])
def test_which_accounts_must_be_said_once(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["adopt", *given]) == 3
    assert "Which accounts?" in capsys.readouterr().err


def test_without_a_terminal_it_must_be_told_yes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["adopt", "--all"]) == 3
    assert "There is no terminal to ask on. Give --yes; --plan only looks." in capsys.readouterr().err


class Tagged(yaml.SafeLoader):
    """Reads CloudFormation's short forms as their texts."""


Tagged.add_multi_constructor("!", lambda loader, suffix, node: loader.construct_scalar(node))


def test_the_template_makes_the_role_as_organizations_does() -> None:
    template = yaml.load((ROOT / TEMPLATE).read_text(), Tagged)
    properties = template["Resources"]["EntryRole"]["Properties"]
    trust = by_default(target_without_aws())
    principal = properties["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"]
    filled = principal.replace("${AWS::Partition}", "aws").replace("${ManagementAccountId}", MANAGEMENT)
    properties["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"] = filled
    assert properties["AssumeRolePolicyDocument"] == trust
    assert properties["ManagedPolicyArns"] == ["arn:${AWS::Partition}:iam::aws:policy/AdministratorAccess"]
