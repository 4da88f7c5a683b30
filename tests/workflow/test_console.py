"""The console in a browser, on the deployed product: shown, asked, started, opened, filtered. At three widths, light and
dark, nothing is wider than the page, and the browser's console stays empty."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from playwright.sync_api import Browser, Locator, Page

from local.console.server import Console
from local.identity.credentials import Credentials
from tests.browser import CHROMIUM, MISSING, SCHEMES, WIDTHS, chromium
from tests.workflow.conftest import Cloud, until

TIMEOUT_MILLISECONDS = 30_000
"""After which a click on what is not there is given up."""
WIDER = """[document.documentElement, ...document.querySelectorAll(".card")]
    .filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.textContent)"""
"""What has to be scrolled sideways, or is cut off; but for the picture, which may be."""
pytestmark = pytest.mark.skipif(not CHROMIUM, reason=MISSING)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as launched:
        yield launched


@pytest.fixture(scope="module")
def console(cloud: Cloud) -> Console:
    return Console(cloud.aws)


@pytest.fixture(scope="module")
def account(cloud: Cloud, console: Console) -> str:
    """A workload account that is ready, of which the console has heard; the management account and security are."""
    cloud.declared("security")
    name, email = cloud.fresh()
    assert cloud.ask(accountName=name, email=email).status == "SUCCEEDED"
    return str(cloud.accounts()[email]["Id"])


class Opened:
    """The console's page. `complaints` is what the browser's own console says."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self._url = page, url
        self.complaints: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def at(self, place: str) -> Page:
        self.page.goto(f"{self._url}/#/{place}")
        self.shown(self.page.locator("h1"))
        return self.page

    def shown(self, found: Locator, what: str = "") -> Locator:
        """The first of them, once it is seen."""
        until(found.first.is_visible, what or str(found))
        return found.first

    def row(self, text: str) -> Locator:
        return self.page.locator("tbody tr", has_text=text)


@pytest.fixture
def opened(browser: Browser, console: Console) -> Iterator[Opened]:
    page = browser.new_page(reduced_motion="reduce")
    page.set_default_timeout(TIMEOUT_MILLISECONDS)
    opened = Opened(page, console.url)
    yield opened
    page.close()
    assert opened.complaints == []


def test_an_account_is_asked_for_and_watched_until_it_is_ready(
    cloud: Cloud, account: str, opened: Opened
) -> None:
    page = opened.at("accounts")
    name, email = cloud.fresh()
    page.get_by_role("button", name="Request an account").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Organizational unit").fill("Workloads/Development")
    page.get_by_label("Tags").fill("cost-center")
    page.get_by_role("button", name="Request", exact=True).click()
    told = opened.shown(page.get_by_role("alert").filter(has_text="cost-center"))
    assert told.inner_text() == 'Tags: "cost-center" has no value; write it like cost-center=42'
    page.get_by_label("Tags").fill("cost-center=42")
    page.get_by_role("button", name="Request", exact=True).click()
    opened.shown(opened.row(email).filter(has_text=name))
    until(lambda: "ready" in opened.row(email).first.inner_text().split("\n"), f"{name} to be ready")
    assert "Workloads/Development" in opened.row(email).inner_text()
    identifier = cloud.accounts()[email]["Id"]
    assert cloud.tags_of(identifier)["cost-center"] == "42"
    page.get_by_role("link", name="Events").click()
    ready = opened.shown(opened.row(email).filter(has_text="Account Ready"))
    assert "good" in (ready.get_attribute("class") or "")
    ready.get_by_text("JSON").click()
    assert identifier in ready.locator("pre").inner_text()


def test_an_execution_is_started_and_its_states_are_opened(
    cloud: Cloud, account: str, opened: Opened
) -> None:
    page = opened.at("executions")
    until(lambda: page.get_by_label("Account", exact=True).locator("option").count(), "the accounts")
    page.get_by_label("Account", exact=True).select_option(account)
    assert json.loads(page.get_by_label("Input").input_value()) == {"accountId": account, "mode": "plan"}
    page.get_by_role("button", name="Start execution").click()
    opened.shown(page.locator("main .head .chip", has_text="unchanged"), "the end of the plan")
    standing = {
        box.get_attribute("data-state"): box.get_attribute("data-status")
        for box in page.locator(".machine [data-state]").all()
    }
    assert (standing["PlanOrApply"], standing["Trail"], standing["Done"]) == ("done", "done", "done")
    assert (standing["CreateAccount"], standing["RecordFailure"]) == ("skipped", "skipped")
    page.get_by_role("button", name="Trail", exact=True).click()
    given = json.loads(opened.shown(page.get_by_role("region", name="Arguments")).inner_text())
    assert given["Payload"]["component"] == "trail"
    output = json.loads(page.get_by_role("region", name="Output").inner_text())
    assert output["component"] == "trail"
    page.locator('.machine [data-state="ReadRequest"]').click()
    opened.shown(page.get_by_role("heading", name="ReadRequest"))
    assert account in page.get_by_role("region", name="Input").inner_text()


def test_what_is_broken_from_the_page_is_planned_and_repaired_from_it(
    cloud: Cloud, account: str, opened: Opened
) -> None:
    page = opened.at("accounts")
    name = next(each["Name"] for each in cloud.accounts().values() if each["Id"] == account)
    opened.shown(page.get_by_role("button", name=f"Sabotage {name}")).click()
    page.get_by_label("Stop the trail").check()
    page.get_by_role("button", name="Break it").click()
    opened.shown(page.get_by_text(f"{name}: stopped the trail groundwork."))
    page.get_by_role("button", name=f"Plan {name}").click()
    opened.shown(page.locator("main .head .chip", has_text="drifted"))
    assert "trail groundwork: is not logging" in opened.shown(page.locator("main li")).inner_text()
    page.get_by_role("button", name="Apply", exact=True).click()
    opened.shown(page.locator("main .head .chip", has_text="repaired"))
    trail = cloud.inside("cloudtrail", account).get_trail_status(Name="groundwork")
    assert trail["IsLogging"] is True


def test_a_denied_call_names_the_statement_that_denied_it(cloud: Cloud, account: str, opened: Opened) -> None:
    deny_somebody(cloud, account)
    page = opened.at("calls")
    until(lambda: page.get_by_label("Account", exact=True).locator("option").count() > 1, "the accounts")
    everything = page.locator("tbody tr").count()
    page.get_by_label("denied only").check()
    page.get_by_label("Account", exact=True).select_option(account)
    page.get_by_label("Principal").fill("user/burglar")
    until(lambda: page.locator("tbody tr").count() == 1 < everything, "the one denied call")
    row = opened.row("cloudtrail:StopLogging").inner_text()
    assert "by SCP groundwork-guardrails" in row
    assert "statement " in row
    page.get_by_label("denied only").uncheck()
    until(lambda: page.locator("tbody tr").count() == 2, "the call that was allowed")


def deny_somebody(cloud: Cloud, account: str) -> None:
    """An administrator of an account looks at its trails, which is allowed, and stops one, which the guardrails forbid."""
    iam = cloud.inside("iam", account)
    iam.create_user(UserName="burglar")
    iam.attach_user_policy(UserName="burglar", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    key = iam.create_access_key(UserName="burglar")["AccessKey"]
    credentials = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    trails = cloud.aws.client("cloudtrail", credentials=credentials)
    trails.describe_trails()
    with pytest.raises(ClientError, match="explicit deny in a service control policy"):
        trails.stop_logging(Name="groundwork")


def test_nothing_is_wider_than_the_page(cloud: Cloud, account: str, opened: Opened, tmp_path: Path) -> None:
    page = opened.page
    for place in ("accounts", "executions", "events", "calls", f"execution/{cloud.executions()[0]}"):
        opened.at(place)
        opened.shown(page.locator("tbody tr"), place)
        if place.startswith("execution/"):
            page.locator("tbody button").last.click()
            opened.shown(page.get_by_role("region", name="Input"))
        for width, scheme in product(WIDTHS, SCHEMES):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.screenshot(path=tmp_path / f"{place.partition('/')[0]}-{width}-{scheme}.png")
            assert page.evaluate(WIDER) == [], (place, width)


def test_the_keyboard_reaches_everything_and_every_field_has_a_name(account: str, opened: Opened) -> None:
    page = opened.at("accounts")
    opened.shown(page.locator("tbody tr"))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the content"
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.innerText"))
    assert {"Accounts", "Calls", "Request an account", "Plan", "Sabotage"} <= set(reached)
    for place in ("accounts", "executions", "events", "calls"):
        opened.at(place)
        for field in page.locator("input, select, textarea").all():
            assert field.evaluate("element => element.labels.length") == 1
