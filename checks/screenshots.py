"""`python -m checks.screenshots`: the pictures of docs/console.md and docs/report.md, taken by a headless Chromium of a run of
the embedded AWS of their own. The same each time, but for ids and times. Run by hand when console or report change.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from botocore.exceptions import ClientError
from playwright.sync_api import Browser, Page, sync_playwright

from local.console.sabotages import sabotage
from local.console.server import Console
from local.engine import Engine
from local.identity.credentials import Credentials
from local.waiting import until

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
MOST_BYTES = 160_000
MARGIN = 24
TIME_SCALE = 0.2
"""Slow enough for the picture of an execution that waits."""
PATIENCE_MILLISECONDS = 300_000
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--hide-scrollbars",
)
Scheme = Literal["light", "dark"]


class Scene:
    """A deployed Groundwork, and its console in a browser."""

    def __init__(self, aws: Engine, browser: Browser) -> None:
        self.aws, self._browser = aws, browser
        aws.creation.throttle.enforced = False
        self._outputs = aws.deploy(ROOT / "template.yaml", parameters={"ApplyOnDeployment": "true"})
        self.url = Console(aws).url

    def page(self, place: str, scheme: Scheme, height: int) -> Page:
        page = self._browser.new_page(
            viewport={"width": 1280, "height": height}, color_scheme=scheme, reduced_motion="reduce"
        )
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        page.goto(f"{self.url}/#/{place}")
        page.locator("tbody tr").first.wait_for()
        return page

    def report(self) -> Page:
        """The page that `groundwork report` writes."""
        with TemporaryDirectory() as made:
            file = Path(made, "report.html")
            command = (sys.executable, "-m", "cli", "report", "-o", str(file))
            whose = {**self.aws.administrator.for_environment(), **self.aws.endpoint_variables()}
            subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, **whose})
            page = self._browser.new_page(viewport={"width": 1200, "height": 900}, color_scheme="light")
            page.goto(file.as_uri())
        return page

    def ask(self, name: str) -> None:
        entries = json.loads((ROOT / "events" / f"account-requested-{name}.json").read_text())
        self.aws.client("events").put_events(Entries=entries)

    def execution(self, name: str) -> str:
        """The first execution for the account of this name."""
        states = self.aws.client("stepfunctions")

        def find() -> str | None:
            listed = states.list_executions(stateMachineArn=self._outputs["StateMachineArn"])["executions"]
            for each in listed:
                given = json.loads(states.describe_execution(executionArn=each["executionArn"])["input"])
                if given.get("detail", {}).get("accountName") == name:
                    return str(each["executionArn"])
            return None

        return until(find, f"an execution for {name}")

    def account(self, name: str) -> str:
        listed = self.aws.client("organizations").list_accounts()["Accounts"]
        return str(next(each["Id"] for each in listed if each["Name"] == name))

    def plan(self, account: str) -> str:
        """A plan's execution, once it has ended."""
        states = self.aws.client("stepfunctions")
        given = json.dumps({"accountId": account, "mode": "plan"})
        machine = self._outputs["StateMachineArn"]
        arn = str(states.start_execution(stateMachineArn=machine, input=given)["executionArn"])
        until(lambda: states.describe_execution(executionArn=arn)["status"] == "SUCCEEDED", "the plan")
        return arn

    def burgle(self, account: str) -> None:
        """An administrator of an account tries what the guardrails forbid."""
        role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
        entered = self.aws.client("sts").assume_role(RoleArn=role, RoleSessionName="entry")["Credentials"]
        entry = _credentials(entered)
        iam = self.aws.client("iam", credentials=entry)
        iam.create_user(UserName="ada")
        iam.attach_user_policy(UserName="ada", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        key = iam.create_access_key(UserName="ada")["AccessKey"]
        ada = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
        tried: Sequence[tuple[str, str, dict[str, str]]] = (
            ("cloudtrail", "stop_logging", {"Name": "groundwork"}),
            ("cloudtrail", "delete_trail", {"Name": "groundwork"}),
            ("iam", "delete_role", {"RoleName": "allow-admin-from-security-account"}),
            ("organizations", "leave_organization", {}),
        )
        for service, operation, given in tried:
            with suppress(ClientError):
                getattr(self.aws.client(service, credentials=ada), operation)(**given)


def _credentials(session: Any) -> Credentials:
    return Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])


def take(scene: Scene) -> None:
    for name in ("security", "dev"):  # dev has to wait for security
        scene.ask(name)
    page = scene.page(f"execution/{scene.execution('dev')}", "light", 930)
    page.locator('[data-state="AwaitSecurity"][data-status="retrying"]').wait_for()
    _save(page, "console-execution")
    scene.ask("prod")
    page = scene.page("accounts", "light", 470)
    for name in ("security", "dev", "prod"):
        page.locator("tbody tr", has_text=name).locator(".chip.good", has_text="ready").first.wait_for()
    prod = scene.account("prod")
    for what in ("stop-trail", "stranger"):
        sabotage(scene.aws, prod, what)
    plan = scene.plan(prod)
    page.locator(".chip.odd").wait_for()
    _save(page, "console-accounts")
    page = scene.page(f"execution/{plan}", "light", 820)
    page.get_by_role("button", name="Trail", exact=True).click()
    page.get_by_role("region", name="Output").wait_for()
    page.evaluate("document.querySelector('figure').hidden = true; scrollTo(0, 0)")
    _save(page, "console-plan")
    scene.burgle(prod)
    page = scene.page("calls", "dark", 560)
    page.get_by_label("Principal").fill("user/ada")
    page.get_by_text("4 in all").wait_for()
    _save(page, "console-calls")
    for name in ("mgmt", "stage"):
        scene.ask(name)
    page = scene.page("accounts", "light", 470)
    for name in ("mgmt", "stage"):
        page.locator("tbody tr", has_text=name).locator(".chip.good", has_text="ready").first.wait_for()
    page.close()
    take_report(scene)


OTHER_PARTS = "#failures, #changes, #tree"


def take_report(scene: Scene) -> None:
    """Who enters the accounts of Workloads."""
    page = scene.report()
    page.get_by_label("Organizational unit").select_option("Workloads")
    for part in page.locator(OTHER_PARTS).all():
        part.evaluate("part => { part.hidden = true }")
    end = page.locator("#doors").evaluate("part => part.getBoundingClientRect().bottom + scrollY")
    _save(page, "report", int(end) + MARGIN)


def _save(page: Page, name: str, height: int | None = None) -> None:
    """What the window shows, or so much of the page."""
    path = PICTURES / f"{name}.png"
    width = page.evaluate("innerWidth")
    clip: Any = {"x": 0, "y": 0, "width": width, "height": height} if height else None
    page.screenshot(path=path, clip=clip, full_page=clip is not None)
    page.close()
    size = path.stat().st_size
    print(f"{path.relative_to(ROOT)}: {size:,} bytes")
    if size > MOST_BYTES:
        raise SystemExit(f"{path.name} is over {MOST_BYTES:,} bytes: show less of the page")


def main() -> int:
    chromium = shutil.which("chromium")
    if chromium is None:
        print("No chromium is installed: apt-get install chromium", file=sys.stderr)
        return 1
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright, Engine(time_scale=TIME_SCALE) as aws:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        take(Scene(aws, browser))
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
