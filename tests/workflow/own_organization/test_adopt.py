"""80 accounts that were there before Groundwork: planned as they are, nothing changed, then one unit adopted."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from local.organizations import organization_of
from tests.workflow.command_line import CommandLine, Said, shell_of
from tests.workflow.conftest import ROOT, Slot
from tests.workflow.grown import LABS, MANY, SORTS, UNITS, Grown, grown
from tests.workflow.test_operators import carrying
from tests.workflow.test_plan import writes

TITLES = {
    "plain": [],
    "invited": ["no entry role"],
    "public": ["public buckets", "an alias"],
    "vpc": ["a default VPC in use"],
    "recorded": ["AWS Config of somebody else"],
    "unrecorded": ["AWS Config of somebody else in the way"],
    "trailed": ["trails of somebody else"],
    "alias": ["an alias"],
    "root": ["root credentials"],
    "sets": ["stack sets", "trails of somebody else"],
    "tower": ["Control Tower", "AWS Config of somebody else"],
    "ours": ["public buckets", "a role of our name"],
}
"""What an account of each sort stands out by."""
SENTENCES = {
    "invited": "AccountNotEnterable: No entry role of account <id> lets us in",
    "public": "S3 public access block: bucket photos-<name> is public by its policy today, and will not be",
    "vpc": "is left alone because it is in use: it holds 1 network interface",
    "recorded": "covered by recorder 'audit', which somebody else made",
    "unrecorded": "recorder 'audit' and channel 'audit', made by somebody else, which is not recording",
    "trailed": "trail audit: somebody else made it, and it stays",
    "alias": "account alias is known-as-<name>, and stays: set accountSettings.replaceAlias",
    "root": "root user: has a password",
    "sets": "role/AWSCloudFormationStackSetExecutionRole: stack sets work here by it",
    "tower": "role/AWSControlTowerExecution: Control Tower has enrolled the account",
    "ours": "role/allow-admin-from-security-account: somebody else made it, and who uses it finds it changed",
}
"""And one of the sentences that say so."""


@pytest.fixture(scope="module")
def organization(slot: Slot) -> Iterator[Grown]:
    yield grown(slot)
    slot.close()


@pytest.fixture(scope="module")
def groundwork(organization: Grown) -> Iterator[CommandLine]:
    cloud = organization.cloud
    with pytest.MonkeyPatch.context() as patch:
        yield shell_of(cloud, carrying(cloud, "olga", "OperatorPolicyArn"), patch)


class Plan:
    """What the command said, what it wrote, and what was changed meanwhile in accounts and in Organizations."""

    def __init__(self, groundwork: CommandLine, organization: Grown, file: Path) -> None:
        aws = organization.cloud.aws
        mark = len(aws.calls)
        self.said: Said = groundwork("adopt", "--plan", "--file", str(file))
        self.calls = aws.calls[mark:]
        self.changed = writes(organization.cloud, self.calls)
        self.data: Any = json.loads(file.read_text())
        self.accounts = {each["accountName"]: each for each in self.data["accounts"]}


@pytest.fixture(scope="module")
def plan(organization: Grown, groundwork: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return Plan(groundwork, organization, tmp_path_factory.mktemp("adopt") / "adoption.json")


def test_every_account_is_told_as_it_is(plan: Plan, organization: Grown) -> None:
    assert (plan.said.code, len(plan.accounts)) == (2, MANY + 1), plan.said
    for name, account_id in organization.ids.items():
        sort, account = name.rpartition("-")[0], plan.accounts[name]
        standing = {"invited": "not yet", "suspended": "left out"}.get(sort, "to adopt")
        assert account["standing"] == standing, account
        titles = list(dict.fromkeys(fact["about"] for fact in account["facts"] if fact["about"]))
        assert titles == TITLES.get(sort, []), name
        wanted = SENTENCES.get(sort, "").replace("<id>", account_id).replace("<name>", name)
        assert not wanted or any(wanted in fact["sentence"] for fact in account["facts"]), account["facts"]
        made = {change["resource"] for change in account["changes"] if change["action"] == "create"}
        assert (standing == "to adopt") is ("trail groundwork" in made)


def test_what_breaks_what_is_left_and_what_stays_are_told_apart(plan: Plan) -> None:
    def of(name: str, about: str) -> set[str]:
        return {fact["what"] for fact in plan.accounts[name]["facts"] if fact["about"] == about}

    assert of("public-2", "public buckets") == of("ours-1", "a role of our name") == {"would break"}
    assert of("root-1", "root credentials") == {"is left to you"}
    assert of("unrecorded-1", "AWS Config of somebody else in the way") == {"is left to you"}
    assert of("public-2", "an alias") == of("tower-1", "Control Tower") == {"stays"}
    assert of("invited-1", "no entry role") == {"cannot be adopted yet"}


def test_it_changes_nothing(plan: Plan, organization: Grown) -> None:
    assert plan.changed == []
    cloud = organization.cloud
    assert cloud.tags_of(cloud.aws.management_account) == {}
    assert cloud.tags_of(organization.ids["plain-1"]) == {}


def test_an_account_is_asked_nothing_twice_and_organizations_is_not_asked_for_units_at_each(
    plan: Plan, organization: Grown
) -> None:
    inside = [each for each in plan.calls if each.account == organization.ids["plain-2"]]
    asked = Counter((each.service, each.operation) for each in inside)
    assert asked
    assert set(asked.values()) == {1}, asked.most_common(3)
    of_units = [each for each in plan.calls if each.function and "Unit" in each.operation]
    assert len(of_units) < MANY / 2, Counter(each.operation for each in of_units)


def test_accounts_that_have_the_same_in_common_are_told_together(plan: Plan) -> None:
    headings = {
        f"{many} accounts to adopt: {', '.join(TITLES[sort]) or 'nothing stands out'}"
        for sort, (many, _) in SORTS.items()
        if sort not in ("invited", "suspended")
    }
    told = plan.said.out.splitlines()
    assert headings <= set(told)
    assert f"{SORTS['invited'][0]} accounts cannot be adopted yet: no entry role" in told
    assert (
        told[-2] == "81 accounts: 7 cannot be adopted yet, 69 to adopt, the management account, 4 left out."
    )
    assert len(plan.data["groups"]) == len(SORTS) + 1
    longest = max(plan.said.out.split("\n\n"), key=lambda part: part.count("\n"))
    assert longest.count("\n") < 30


def test_nobody_is_adopted_before_the_security_account_is_ready(groundwork: CommandLine) -> None:
    said = groundwork("adopt", "--unit", LABS, "--yes")
    assert said.code == 1
    assert said.err.startswith("The security account is not ready")


def test_the_owner_of_an_invited_account_makes_the_entry_role(
    plan: Plan, organization: Grown, groundwork: CommandLine
) -> None:
    """As the plan says, before the guard rails are there."""
    aws, owner = organization.cloud.aws, organization.owners["invited-1"]
    assert f"ManagementAccountId={aws.management_account}" in plan.said.out
    aws.client("cloudformation", credentials=owner).create_stack(
        StackName="groundwork-entry-role",
        TemplateBody=(ROOT / "examples" / "entry-role.yaml").read_text(),
        Parameters=[{"ParameterKey": "ManagementAccountId", "ParameterValue": aws.management_account}],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    said = groundwork("adopt", "--plan", "--name", "invited-1", "--output", "json")
    (account,) = said.data["accounts"]
    assert (said.code, account["standing"]) == (2, "to adopt")


def test_one_unit_is_adopted_and_no_other_account(organization: Grown, groundwork: CommandLine) -> None:
    cloud = organization.cloud
    assert groundwork("apply", cloud.aws.management_account, "--yes").code == 0
    cloud.declared("security")
    said = groundwork("adopt", "--unit", LABS, "--yes", "--output", "json")
    assert said.code == 1, said
    its = {name: account_id for name, account_id in organization.ids.items() if name.endswith("-1")}
    outcomes = {each["accountName"]: each["outcome"] for each in said.data["adopted"]}
    assert outcomes.keys() == its.keys() - {"suspended-1"}
    assert {name for name, outcome in outcomes.items() if outcome == "failed"} == {"unrecorded-1"}
    failure = next(each["failure"] for each in said.data["adopted"] if each["outcome"] == "failed")
    assert "ConflictingSetup" in failure["cause"]
    for name, account_id in organization.ids.items():
        adopted = name in its and name != "suspended-1"
        assert ("groundwork:kind" in cloud.tags_of(account_id)) is adopted, name


def test_the_same_command_goes_on_with_those_that_are_left(
    organization: Grown, groundwork: CommandLine
) -> None:
    cloud, left = organization.cloud, organization.ids["unrecorded-1"]
    cloud.inside("config", left).start_configuration_recorder(ConfigurationRecorderName="audit")
    said = groundwork("adopt", "--unit", LABS, "--yes", "--output", "json")
    assert said.code == 0, said
    assert [each["accountName"] for each in said.data["adopted"]] == ["unrecorded-1"]
    assert said.data["passedOver"] == len(SORTS) - 1
    again = groundwork("adopt", "--unit", LABS, "--yes")
    assert (again.code, again.out) == (0, "Nothing to do: all of them are adopted already, or left out.\n")


def test_a_person_is_asked_for_each(
    organization: Grown, groundwork: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions: list[str] = []

    def answer(question: str, **_: Any) -> bool:
        questions.append(question)
        return "alias-2" in question

    monkeypatch.setattr("typer.confirm", answer)
    monkeypatch.setattr("cli.output.aside", lambda: Console(file=io.StringIO(), force_terminal=True))
    said = groundwork("adopt", "--name", "alias-2", "--name", "plain-2")
    assert sorted(questions) == [
        f"Adopt {name} ({organization.ids[name]})?" for name in ("alias-2", "plain-2")
    ]
    assert "account alias is known-as-alias-2, and stays" in said.out
    assert "1 adopted, 0 failed." in said.out
    tags = [organization.cloud.tags_of(organization.ids[name]) for name in ("alias-2", "plain-2")]
    assert ["groundwork:kind" in each for each in tags] == [True, False]


def test_what_was_moved_and_renamed_after_it_was_adopted_is_told(
    organization: Grown, groundwork: CommandLine
) -> None:
    cloud, moved = organization.cloud, organization.ids["plain-1"]
    organizations, found = cloud.aws.client("organizations"), organization_of(moved)
    assert found is not None
    here = organizations.list_parents(ChildId=moved)["Parents"][0]["Id"]
    there = found.account(organization.ids["plain-2"]).parent_id
    organizations.move_account(AccountId=moved, SourceParentId=here, DestinationParentId=there)
    security = cloud.declared("security")
    found.account(security).name = "audit"
    said = groundwork("adopt", "--plan", "--name", moved, "--name", security, "--output", "json")
    told = {each["accountId"]: each for each in said.data["accounts"]}
    assert {each["standing"] for each in told.values()} == {"adopted"}
    assert said.code == 0
    sentences = {key: " ".join(fact["sentence"] for fact in each["facts"]) for key, each in told.items()}
    assert f"is in the unit '{UNITS[0]}' and was in the unit '{LABS}'" in sentences[moved]
    assert "is called 'audit', not 'security'" in sentences[security]


def test_the_guard_rails_let_nobody_make_an_entry_role_afterwards(organization: Grown) -> None:
    iam = organization.cloud.aws.client("iam", credentials=organization.owners["invited-2"])
    with pytest.raises(ClientError, match="explicit deny in a service control policy"):
        iam.create_role(RoleName="OrganizationAccountAccessRole", AssumeRolePolicyDocument="{}")
