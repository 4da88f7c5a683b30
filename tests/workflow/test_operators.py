"""The command line in the hands of whoever carries groundwork-operator, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from groundwork.report.page import report_in
from local.identity.credentials import Credentials
from tests.workflow import statements
from tests.workflow.command_line import CommandLine, shell_of
from tests.workflow.conftest import Cloud, unscheduled
from tests.workflow.people import join

NOT_CALLED_HERE = {
    "organizations:ListParents": "AWS need not say in its list where an account is",
    "s3:ListBucket": "without it S3 calls results that have expired forbidden, and not gone",
}


def carrying(cloud: Cloud, name: str, output: str) -> Credentials:
    """A user of the management account with one policy of the stack's."""
    key = join(cloud, cloud.aws.management_account, name)
    cloud.aws.client("iam").attach_user_policy(UserName=name, PolicyArn=cloud.outputs[output])
    return key


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def groundwork(cloud: Cloud, patch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    """Without the schedules: the newest executions are those that were asked for."""
    cloud.declared("security")
    with unscheduled(cloud):
        yield shell_of(cloud, carrying(cloud, "olga", "OperatorPolicyArn"), patch)


@pytest.fixture(scope="module")
def requester(cloud: Cloud, patch: pytest.MonkeyPatch) -> CommandLine:
    cloud.declared("security")
    return shell_of(cloud, carrying(cloud, "rita", "RequesterPolicyArn"), patch)


@pytest.fixture(scope="module")
def asked(cloud: Cloud, groundwork: CommandLine) -> str:
    """The name of an account that an operator has asked for, and waited for."""
    name, email = cloud.fresh()
    said = groundwork("request", name, "--email", email, "--ou", "Workloads/Development", "--wait")
    assert said.code == 0, said
    assert f"{name}: ready" in said.out
    assert f" {name} " in said.err
    return name


def test_the_list_of_accounts(cloud: Cloud, groundwork: CommandLine, asked: str) -> None:
    before = cloud.accounts()
    said = groundwork("accounts", "--output", "json")
    assert said.code == 0, said
    (found,) = [each for each in said.data if each["name"] == asked]
    assert found["kind"] == "workload"
    assert found["unit"] == "Workloads/Development"
    assert found["state"] == "ready"
    assert found["baseline"] == cloud.declaration.version
    assert found["drift"] == []
    listed = [each["email"] for each in said.data]
    assert len(listed) == len(set(listed))
    assert set(listed) == before.keys()
    management = said.data[0]
    assert (management["kind"], management["state"]) == ("management", "ready")


def test_the_list_as_the_ledger_remembers_it(cloud: Cloud, groundwork: CommandLine, asked: str) -> None:
    listed = groundwork("accounts", "--output", "json").data
    before = len(cloud.aws.calls)
    quick = groundwork("accounts", "--quick", "--output", "json").data
    ours = ("management", "security", asked)  # accounts of other tests may be closed, or have been moved
    assert [each for each in quick if each["name"] in ours] == [
        each for each in listed if each["name"] in ours
    ]
    assert not {each.service for each in cloud.aws.calls[before:] if not each.function} & {"organizations"}


def test_filters_of_the_list(groundwork: CommandLine, asked: str) -> None:
    below = groundwork("accounts", "--unit", "Workloads", "--kind", "workload", "--output", "json").data
    assert asked in {each["name"] for each in below}
    assert not {each["name"] for each in below} & {"security", "management"}
    assert groundwork("accounts", "--state", "failed", "--unit", "Security", "--output", "json").data == []


def test_a_plan_shows_what_differs_and_apply_mends_it(
    cloud: Cloud, groundwork: CommandLine, asked: str
) -> None:
    account = next(each["Id"] for each in cloud.accounts().values() if each["Name"] == asked)
    good = groundwork("plan", asked)
    assert (good.code, good.out.splitlines()[-1]) == (0, "1 account: 1 unchanged")
    cloud.inside("cloudtrail", account).stop_logging(Name="groundwork")
    differs = groundwork("plan", asked)
    assert differs.code == 2
    assert "HIGH    trail groundwork: is not logging" in differs.out
    (listed,) = [each for each in groundwork("accounts", "--output", "json").data if each["name"] == asked]
    assert listed["drift"] == ["trail"]
    shown = groundwork("show", asked)
    assert "differs" in shown.out and "is not logging" in shown.out
    refused = groundwork("apply", asked)
    assert (refused.code, refused.err.strip()) == (
        3,
        "There is no terminal to ask on. Give --yes; `groundwork plan` only looks.",
    )
    mended = groundwork("apply", asked, "--yes")
    assert mended.code == 0, mended
    assert mended.out.splitlines()[-1] == "1 account: 1 repaired"
    assert cloud.inside("cloudtrail", account).get_trail_status(Name="groundwork")["IsLogging"]
    again = groundwork("apply", asked, "--yes")
    assert (again.code, again.out.splitlines()[-1]) == (0, "Nothing to do.")


def test_the_report_shows_what_is_there_and_what_has_changed(
    cloud: Cloud, groundwork: CommandLine, asked: str, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    said = groundwork("report", "-o", str(file))
    assert said.code == 0, said
    assert said.out == f"{file}: {len(cloud.accounts())} accounts\n"
    shown = report_in(file.read_text())
    (row,) = [each for each in shown.accounts if each.name == asked]
    assert (row.state, row.unit, row.behind) == ("ready", "Workloads/Development", False)
    assert set(row.components.values()) == {"as declared"}
    assert {"access", "trail", "config", "account-settings"} <= row.components.keys()
    assert "dev-external-accounts" in {
        door.principal for door in shown.doors or [] if row.id in door.accounts
    }
    (made,) = [run for run in shown.runs or [] if run.account_id == row.id and run.outcome == "ready"]
    assert {"CreateAccount", "Trail", "Done"} <= {state.name for state in made.states}
    assert {state.ended for state in made.states} == {"succeeded"}
    assert shown.changes is None
    cloud.inside("cloudtrail", row.id).stop_logging(Name="groundwork")
    assert groundwork("plan", "--all", "--component", "trail").code in (1, 2)  # others may fail
    assert groundwork("report", "-o", str(file), "--output", "json").code == 0
    later = report_in(file.read_text())
    (row,) = [each for each in later.accounts if each.name == asked]
    assert [each.words for each in row.differences if each.severity == "high"] == [
        "trail groundwork: is not logging; will be put right"
    ]
    assert f"{asked} differs in trail" in [each.words for each in later.changes or []]
    assert later.roll_out and later.roll_out.mode == "plan"
    rolled = [run for run in later.runs or [] if run.machine == "groundwork-roll-out" and run.mode == "plan"]
    assert any({"EachAccount", "Done"} <= {state.name for state in run.states} for run in rolled)
    bucket, _, key = str(later.roll_out.results).removeprefix("s3://").partition("/")
    page = cloud.aws.client("s3").get_object(Bucket=bucket, Key=key.replace("summary.json", "report.html"))
    (row,) = [each for each in report_in(page["Body"].read().decode()).accounts if each.name == asked]
    assert (row.unit, row.components["trail"]) == ("Workloads/Development", "differs")
    assert groundwork("apply", asked, "--yes").code == 0


def test_an_earlier_report_must_be_one(groundwork: CommandLine, tmp_path: Path) -> None:
    old = tmp_path / "old.html"
    said = groundwork("report", "-o", str(tmp_path / "new.html"), "--since", str(old))
    assert said.code == 3
    assert said.err.strip() == (
        f"--since {old}: is no report: No such file or directory. Name a page that `groundwork report` wrote."
    )


def test_history_and_show(groundwork: CommandLine, asked: str) -> None:
    found = groundwork("history", asked, "--output", "json").data
    assert found[-1]["trigger"] == "Account Requested"
    assert found[-1]["outcome"] == "ready"
    shown = groundwork("show", asked, "--output", "json").data
    components = {each["component"]: each["outcome"] for each in shown["lastResults"]["run"]}
    assert {"access", "trail", "config", "account-settings"} <= components.keys()


def test_a_file_of_accounts(cloud: Cloud, groundwork: CommandLine, asked: str, tmp_path: Path) -> None:
    name, email = cloud.fresh()
    there = next(each["Email"] for each in cloud.accounts().values() if each["Name"] == asked)
    file = tmp_path / "accounts.yaml"
    file.write_text(
        "accounts:\n"
        f"  - {{name: {asked}, email: {there}, organizationalUnit: Workloads/Staging, tags: {{team: blue}}}}\n"
        f"  - {{name: {name}, email: {email}, organizationalUnit: Workloads/Staging}}\n"
    )
    said = groundwork("request", "--file", str(file), "--wait", "--output", "json")
    assert said.code == 0, said
    assert said.data["asked"][name]["outcome"] == "ready"
    (known,) = said.data["there"]
    assert known["name"] == asked
    assert known["differs"] == {
        "organizationalUnit": {"asked": "Workloads/Staging", "is": "Workloads/Development"},
        "tag team": {"asked": "blue", "is": None},
    }
    again = groundwork("request", "--file", str(file))
    assert again.code == 0
    assert "Nothing was asked for: all of it is there." in again.out


def test_a_mistyped_unit_is_asked_about(cloud: Cloud, groundwork: CommandLine) -> None:
    name, email = cloud.fresh()
    said = groundwork("request", name, "--email", email, "--ou", "Workloads/Devlopment")
    assert said.code == 3
    assert said.err.strip() == (
        "There is no unit 'Workloads/Devlopment' (did you mean 'Workloads/Development'?). Correct it, or have it made "
        "with --create-ou."
    )
    assert email not in cloud.accounts()


def test_failures_are_told_and_started_again(cloud: Cloud, groundwork: CommandLine) -> None:
    cloud.ended(cloud.begin(accountId="999999999999"))
    said = groundwork("failures")
    assert said.code == 1
    assert "AccountUnknown: Account 999999999999 is not in this organization." in said.out
    assert "Check the id" in said.out
    before = set(cloud.executions())
    assert groundwork("failures", "--again", "--last", "1").code == 1  # others' may go on for hours
    (again,) = set(cloud.executions()) - before
    assert cloud.ended(again).error == "AccountUnknown"


def test_undelivered_events_are_replayed(groundwork: CommandLine) -> None:
    said = groundwork("replay")
    assert (said.code, said.out.strip()) == (0, "0 delivered, 0 left in the queue")


def test_all_accounts_are_planned_by_a_roll_out(groundwork: CommandLine, asked: str) -> None:
    said = groundwork("plan", "--all", "--component", "trail", "--output", "json")
    outcomes = {each["accountName"]: each["outcome"] for each in said.data}
    assert outcomes.keys() >= {"security", asked}
    assert outcomes[asked] == "unchanged"
    assert said.code in (0, 1, 2), said.err  # accounts of other tests may differ, or fail


def test_a_requester_may_ask_and_no_more(cloud: Cloud, requester: CommandLine) -> None:
    name, email = cloud.fresh()
    said = requester("request", name, "--email", email)
    assert said.code == 0, said
    event = said.out.partition("request ")[2].split()[0]
    assert cloud.ended(cloud.execution_of(event)).status == "SUCCEEDED"
    refused = requester("accounts")
    assert refused.code == 4
    assert "is not permitted" in refused.err and "groundwork-operator" in refused.err


def test_an_operator_may_change_nothing_by_himself(cloud: Cloud, groundwork: CommandLine) -> None:
    who = Credentials(
        groundwork.surroundings["AWS_ACCESS_KEY_ID"], groundwork.surroundings["AWS_SECRET_ACCESS_KEY"]
    )
    organizations = cloud.aws.client("organizations", credentials=who)
    with pytest.raises(organizations.exceptions.AccessDeniedException):
        organizations.create_organizational_unit(ParentId="r-abcd", Name="mine")
    table = cloud.aws.client("dynamodb", credentials=who)
    with pytest.raises(table.exceptions.ClientError, match="AccessDenied"):
        table.delete_item(TableName=cloud.outputs["LedgerTable"], Key={"pk": {"S": "pinned"}})


def test_every_action_of_the_operators_policy_is_what_a_command_calls(
    cloud: Cloud, groundwork: CommandLine, asked: str, tmp_path: Path
) -> None:
    """After all that the tests above have done."""
    assert groundwork("watch").code in (0, 1)
    assert groundwork("doctor").code in (0, 1)
    assert groundwork("report", "-o", str(tmp_path / "report.html")).code == 0
    actions = {
        action
        for statement in statements.of_resources()
        if statement.holder == "OperatorPolicy"
        for action in statement.actions
    }
    called = {
        call.action
        for call in cloud.aws.calls
        if call.verdict == "allowed" and (call.principal_arn or "").endswith(":user/olga")
    }
    assert actions - called == NOT_CALLED_HERE.keys()
