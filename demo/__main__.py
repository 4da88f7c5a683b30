"""`make demo`: five events, five accounts, every door tried, one repaired, an application deployed, a user gone.

Everything runs on this machine, on the embedded AWS. Exit code 1 when anything is not as the declaration promises.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from cli.executions.runs import Run
from demo.callers import (
    INSTANCES,
    PIPELINE,
    Person,
    assume,
    callers_of,
    entered,
    make_others,
    make_people,
    named_people,
    role_arn,
)
from demo.doors import door_table, try_all
from demo.holdings import facts_of, holdings
from demo.leaver import declare, now, ways_of
from demo.organization import Organization, tree
from demo.pipeline import Pipeline
from demo.progress import ExecutionFailed, Executions, NothingHappens, Progress
from demo.promises import Door, doors_of
from demo.repair import Sabotage
from demo.roll_out import findings, roll_out
from demo.thief import steal
from groundwork.contracts import Account, Change
from groundwork.declaration import Declaration
from groundwork.declaration.loading import load
from local.engine import Engine
from local.identity.credentials import Credentials
from local.stack.template.packaging import DECLARATION

ROOT = Path(__file__).parent.parent
TIME_SCALE = 0.05
WIDTH = 100
UNLUCKY_ORDER = ("dev", "stage", "prod", "mgmt", "security")
"""Dev first, security last: everybody has to wait for somebody."""

SANDBOX = "sandbox"
WHO_ELSE = "ci: role/ci-cd/pipeline; adm: an administrator, of the management account (org), elsewhere (else)"


class Story:
    """The demo, chapter by chapter. `broken` are the promises that did not hold."""

    def __init__(self, aws: Engine, folder: Path, console: Console) -> None:
        self._aws, self._folder, self._console = aws, folder, console
        self._declaration = self._declare(named_people(load()))
        self._organization = Organization(aws, self._declaration)
        self._held: dict[str, list[str]] = {}
        self.broken: list[str] = []

    def tell(self) -> None:
        self._deploy()
        self._ask_for_five_accounts()
        self._show_the_organization()
        people, stranger = self._try_the_doors()
        self._run_again()
        self._create_one_behind_our_back()
        self._sabotage_and_repair(people[0], stranger)
        self._deploy_an_application()
        self._somebody_leaves(people[0], people[1])

    @property
    def accounts(self) -> int:
        return len(self._organization.accounts())

    @property
    def executions(self) -> int:
        self._executions.look()
        return len(self._executions.runs)

    # Chapters ------------------------------------------------------------------------------------

    def _deploy(self) -> None:
        self._chapter("Deploy Groundwork into the management account, which it plans, and changes nothing")
        outputs = self._aws.deploy(ROOT / "template.yaml")
        self._executions = Executions(self._aws, outputs["StateMachineArn"])
        self._roll_out = outputs["RollOutStateMachineArn"]
        with Progress(self._console, self._executions, ["management"]) as progress:
            planned = progress.until("the management account's plan", _all_over_after(1))[0]
        self._result(planned.outcome == "drifted", "the plan is there to be read", planned.in_words())
        management = {"accountId": self._aws.management_account}
        self._chapter(f"Say yes: start the execution with {json.dumps(management)}")
        with Progress(self._console, self._executions, ["management"]) as progress:
            self._executions.start(**management)
            progress.until("the management account's baseline", _all_over_after(1))

    def _ask_for_five_accounts(self) -> None:
        self._chapter(
            f"Ask for five accounts by five events, in an unlucky order: {', '.join(UNLUCKY_ORDER)}"
        )
        with Progress(self._console, self._executions, UNLUCKY_ORDER) as progress:
            for name in UNLUCKY_ORDER:
                entries = json.loads((ROOT / "events" / f"account-requested-{name}.json").read_text())
                self._aws.client("events").put_events(Entries=entries)
            progress.until("five accounts", _all_over_after(len(UNLUCKY_ORDER), "Account Requested"))

    def _show_the_organization(self) -> None:
        self._chapter("The organization")
        accounts = self._organization.accounts()
        self._console.print(tree(self._organization, accounts))
        self._chapter("What was laid down, read in each account")
        self._held = {account.name: self._facts(account) for account in accounts}
        self._console.print(holdings(self._held))
        for account in accounts:
            state = self._organization.state(account)
            self._expect(state == "ready", f"{account.name} is {state}, not ready")

    def _try_the_doors(self) -> tuple[list[Person], Credentials]:
        self._chapter("The doors, each tried with AssumeRole, a read, a write and a new role")
        accounts, security = self._organization.accounts(), self._organization.account("security")
        people = make_people(self._aws, security, self._declaration)
        others, stranger = make_others(self._aws, accounts, self._declaration)
        doors = [door for account in accounts for door in doors_of(account, self._declaration)]
        tries = try_all(self._aws, [*callers_of(people, security), *others], doors, self._declaration)
        self._console.print("  " + "; ".join(f"{person.name}: {person.group}" for person in people))
        self._console.print(f"  {WHO_ELSE}", end="\n\n")
        self._console.print(door_table(tries))
        self.broken += [each.in_words() for each in tries if not each.holds]
        self._steal_a_key(people[0], security, doors)
        return people, stranger

    def _steal_a_key(self, victim: Person, security: Account, doors: list[Door]) -> None:
        self._chapter(f"A thief has {victim.name}'s access key, and no MFA")
        administrator = entered(self._aws, security, self._declaration)
        for attempt in steal(self._aws, victim, administrator, doors):
            self._result(not attempt.succeeded, f"refused: {attempt.words}", f"not refused: {attempt.words}")

    def _run_again(self) -> None:
        self._chapter("Run dev again: there is nothing to change")
        run = self._start_by_hand("dev")
        self._show_changes(run)
        self._expect(run.outcome == "unchanged" and not _changes(run), f"dev's second run: {run.in_words()}")

    def _create_one_behind_our_back(self) -> None:
        self._chapter(
            f"Create an account behind Groundwork's back: aws organizations create-account ({SANDBOX})"
        )
        with Progress(self._console, self._executions, [SANDBOX]) as progress:
            self._aws.client("organizations").create_account(
                AccountName=SANDBOX, Email=f"aws+{SANDBOX}@example.com"
            )
            run = progress.until(
                "an execution for the new account", _all_over_after(1, "CreateAccountResult")
            )[0]
        self._expect(run.outcome == "ready", f"{SANDBOX}: {run.in_words()}")
        differs = sorted(set(self._held["prod"]) ^ set(self._facts(self._organization.account(SANDBOX))))
        self._result(
            not differs,
            f"{run.trigger} was enough: it holds what prod holds",
            f"it differs from prod: {', '.join(differs)}",
        )

    def _sabotage_and_repair(self, administrator: Person, stranger: Credentials) -> None:
        prod = self._organization.account("prod")
        sabotage = Sabotage(self._aws, prod, self._declaration)
        self._chapter(
            f"Sabotage prod: {administrator.name}, its administrator with MFA, meets the service control policy"
        )
        for attempt in sabotage.as_administrator(administrator):
            self._result(
                attempt.is_denied_by_guardrails, f"refused: {attempt.words}", f"not refused by it: {attempt}"
            )
        self._chapter("Sabotage prod through the entry role, which only the management account can take")
        for attempt in sabotage.by_the_entry_role():
            self._result(attempt.refusal is None, f"done: {attempt.words}", f"refused: {attempt}")
        self._result(sabotage.lets_in(stranger), "a stranger walks in", "the stranger stays out all the same")
        self._look_at_everybody(prod)
        self._chapter(f"Repair prod: start the execution with {json.dumps({'accountId': prod.id})}")
        run = self._start_by_hand("prod")
        self._show_changes(run)
        self._expect(run.outcome == "repaired", f"prod's repair: {run.in_words()}")
        self._result(not sabotage.lets_in(stranger), "the stranger stays out", "the stranger still walks in")
        differs = sorted(set(self._held["prod"]) ^ set(self._facts(prod)))
        self._result(not differs, "prod holds what it held before", f"prod differs: {', '.join(differs)}")

    def _deploy_an_application(self) -> None:
        """By a pipeline of mgmt; in prod it also tries what leads further."""
        tooling = self._organization.account("mgmt")
        path, _, name = f"/{PIPELINE}".rpartition("/")
        credentials = self._aws.mint(
            role_arn(self._aws, tooling.id, name, f"{path}/"), "deployment", service=INSTANCES
        )
        self._chapter(
            f"Deploy an application, a function with a role, a bucket and a queue, by role/{PIPELINE} of {tooling.name}"
        )
        for account in (self._organization.account(name) for name in ("dev", "stage", "prod")):
            pipeline = Pipeline(self._aws, credentials, account)
            for greeting in ("hello", "good day"):
                stack = pipeline.deploy(greeting)
                wrote = pipeline.use()
                self._result(
                    wrote == (greeting, greeting),
                    f"{account.name}: {stack['StackStatus']}, and the function writes {greeting!r}",
                    f"{account.name}: {stack['StackStatus']}, and the function writes {wrote}",
                )
        self._chapter(f"The same pipeline in {account.name} tries what leads further")
        for attempt in pipeline.reach_further():
            self._result(attempt.refusal is not None, f"refused: {attempt.words}", f"not refused: {attempt}")

    def _somebody_leaves(self, stays: Person, leaver: Person) -> None:
        """The one who leaves is still in dev when the roll-out begins."""
        dev, security = self._organization.account("dev"), self._organization.account("security")
        groups = {group.name: group for group in self._declaration.access.groups}
        role, other = (groups[person.group].enter[0].role for person in (leaver, stays))
        ways = list(ways_of(self._aws, leaver, security, dev, role))
        for way in ways:
            self._expect(way.refusal() is None, f"{way.words}: is shut already")
        self._chapter(
            f"{leaver.name} leaves: the line out of baseline.yaml, sessions revoked; deployed, rolled out"
        )
        self._declare([user for user in named_people(self._declaration) if user[0] != leaver.name], now())
        self._aws.deploy(ROOT / "template.yaml")
        output = roll_out(self._aws, self._roll_out, include={"accountIds": [security.id, dev.id]})
        self._result(
            not output["failures"], f"rolled out: {output['accounts']}", f"failed: {output['failures']}"
        )
        for way in ways:
            refusal = way.refusal()
            self._result(refusal is not None, f"refused: {way.words}: {refusal}", f"not refused: {way.words}")
        session = assume(self._aws, stays.with_mfa, role_arn(self._aws, dev.id, other))
        self._aws.client("s3", credentials=session).list_buckets()
        self._result(True, f"{stays.name}, who stays, enters {dev.name} anew", "")

    def _look_at_everybody(self, sabotaged: Account) -> None:
        self._chapter(
            'Look at every account: start groundwork-roll-out with {"mode": "plan"}, as it does once a day'
        )
        output = roll_out(self._aws, self._roll_out, mode="plan")
        self._executions.look()
        self._console.print(findings(output, self._organization.accounts()))
        differing = sorted(output["differences"])
        self._result(
            differing == [sabotaged.id], "prod differs, and nobody else", f"these differ: {differing}"
        )

    # Telling -------------------------------------------------------------------------------------

    def _declare(self, people: list[tuple[str, str]], revoke_before: datetime | None = None) -> Declaration:
        """What the next deployment brings out."""
        home = self._folder / str(len(people))
        declaration = declare(home, people, revoke_before)
        os.environ[DECLARATION] = str(home)
        return declaration

    def _start_by_hand(self, name: str) -> Run:
        with Progress(self._console, self._executions, [name]) as progress:
            arn = self._executions.start(accountId=self._organization.account(name).id)
            runs = progress.until(
                f"{name}'s execution", lambda runs: any(run.arn == arn and run.over for run in runs)
            )
        return next(run for run in runs if run.arn == arn)

    def _facts(self, account: Account) -> list[str]:
        return facts_of(self._aws, account, entered(self._aws, account, self._declaration))

    def _show_changes(self, run: Run) -> None:
        for change in _changes(run):
            words = Text.assemble((f"{change.action} {change.resource}", "yellow"), f"  {change.reason}")
            self._console.print(Padding(words, (0, 0, 0, 2), expand=False))
        if not _changes(run):
            self._console.print(Text("  nothing to change", style="green"))

    def _chapter(self, title: str) -> None:
        self._console.print()
        self._console.print(Text(title, style="bold"))

    def _result(self, holds: bool, good: str, bad: str) -> None:
        self._console.print(
            Text(f"  ✓ {good}", style="green") if holds else Text(f"  ✗ {bad}", style="bold red")
        )
        self._expect(holds, bad)

    def _expect(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.broken.append(otherwise)


def _all_over_after(count: int, trigger: str | None = None) -> Callable[[list[Run]], bool]:
    """Whether so many executions of a trigger have been seen, and none at all is at work."""

    def arrived(runs: list[Run]) -> bool:
        wanted = [run for run in runs if trigger in (None, run.trigger)]
        return len(wanted) >= count and all(run.over for run in runs)

    return arrived


def _changes(run: Run) -> list[Change]:
    return [Change.model_validate(change) for change in run.output.get("changes", [])]


def main() -> int:
    console = Console(highlight=False)
    console.width = max(WIDTH, console.width)
    atexit.register(gc.freeze)  # nothing is worth collecting any more, and it would take seconds
    began = time.monotonic()
    try:
        with TemporaryDirectory(prefix="organization-") as folder, Engine(time_scale=TIME_SCALE) as aws:
            story = Story(aws, Path(folder), console)
            gc.freeze()  # moto's own data is many objects, and none of them ever garbage
            story.tell()
            console.print(
                f"\n[bold]{time.monotonic() - began:.0f} s, {len(aws.calls):,} calls to the embedded AWS, "
                f"{story.executions} executions, {story.accounts} accounts[/]"
            )
    except (ExecutionFailed, NothingHappens) as failure:
        console.print(Text(f"✗ {failure}", style="bold red"))
        return 1
    except KeyboardInterrupt:
        return 130
    for broken in story.broken:
        console.print(Text(f"✗ {broken}", style="bold red"))
    return 1 if story.broken else 0


if __name__ == "__main__":
    sys.exit(main())
