"""The report in a browser: what it shows, how it is asked, and that strangers' text stays text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator

from groundwork.report.findings import failure
from groundwork.report.model import Door, Report
from groundwork.report.page import page as written
from tests.browser import CHROMIUM, MISSING, SCHEMES, WIDTHS, Opened, chromium
from tests.unit.report.invented import five, many, row

pytestmark = pytest.mark.skipif(not CHROMIUM, reason=MISSING)
Open = Callable[[Report], Opened]
ATTACK = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as launched:
        yield launched


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens a report; at the end the browser must not have complained, nor the page have asked for anything."""
    pages: list[Opened] = []

    def open_(report: Report) -> Opened:
        file = tmp_path / f"report-{len(pages)}.html"
        file.write_text(written(report))
        pages.append(Opened(browser, file.as_uri()))
        return pages[-1]

    yield open_
    for each in pages:
        assert not each.complaints
        assert {url.partition(":")[0] for url in each.asked} <= {"file", "data"} and len(each.asked) <= 2
        each.page.close()


def leaves(opened: Opened) -> list[str]:
    """The accounts that the tree shows."""
    return opened.page.locator("#tree .leaf .account").all_inner_texts()


def differing(opened: Opened) -> Locator:
    return opened.page.get_by_role("button", name="Differs")


def test_it_shows_all_that_is_known(opened: Open) -> None:
    page = opened(five()).page
    assert page.get_by_role("heading", level=1).inner_text() == "Organization o-4rrq2vwx1z"
    headings = page.get_by_role("heading", level=2).all_inner_texts()
    assert headings == ["What failed", "What changed", "Organization", "Doors", "Components", "Recent runs"]
    assert page.get_by_role("navigation").get_by_role("link").all_inner_texts() == ["Overview", *headings]
    assert "denies cloudtrail:StartLogging" in page.locator("#failures").inner_text()
    row = page.locator("#doors tbody tr").filter(has_text="prod")
    cells = {each.get_attribute("data-label"): each.inner_text() for each in row.locator("td").all()}
    assert {who: text.split("\n")[0] for who, text in cells.items() if text != "shut"} == {
        "admin-external-accounts": "Administers",
        "ro-external-accounts": "Reads",
        "role/ci-cd/* of mgmt": "Writes",
        "administrators of the management account": "Administers",
        "administrators of security": "Administers",
    }
    assert cells["dev-external-accounts"] == "shut"
    assert row.locator(".without").count() == 2, "pipelines and the management account come without MFA"


def test_what_is_not_known_is_left_out(opened: Open) -> None:
    bare = Report(made="2026-11-30T04:00:00+00:00", by="a roll-out", accounts=[])
    page = opened(bare).page
    assert page.get_by_role("heading", level=2).all_inner_texts() == ["Organization"]


def test_what_strangers_wrote_stays_text(opened: Open) -> None:
    report = five()
    account = report.accounts[3].model_copy(update={"name": ATTACK, "unit": ATTACK})
    told = {"error": ATTACK, "cause": ATTACK, "remedy": ATTACK}
    door = Door(principal=ATTACK, role=ATTACK, power="grants", by=[ATTACK], mfa=False, accounts=[account.id])
    hostile = report.model_copy(
        update={
            "organization": ATTACK,
            "accounts": [account, *report.accounts[4:]],
            "failures": [failure(account.id, ATTACK, told)],
            "doors": [door],
            "changes": [each.model_copy(update={"words": ATTACK}) for each in report.changes or []],
            "runs": [
                each.model_copy(update={"link": "javascript:alert(1)", "outcome": ATTACK, "name": ATTACK})
                for each in report.runs or []
            ],
        }
    )
    page = opened(hostile).page
    page.locator("#failures .account").click()
    assert page.get_by_role("dialog").get_by_role("heading", level=2).inner_text() == ATTACK
    assert page.title() == f"{ATTACK}: Groundwork report"
    assert page.locator("img, a[href^='javascript']").count() == 0
    assert page.locator("#doors thead").inner_text().count(ATTACK) == 1


def test_no_other_script_runs(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(
        written(five()).replace("</body>", "<script>document.title = 'owned'</script></body>")
    )
    attacked = Opened(browser, (tmp_path / "report.html").as_uri())
    assert "owned" not in attacked.page.title()
    assert "Content Security Policy" in attacked.complaints[0]
    attacked.page.close()


def test_a_start_that_was_mistyped_says_nothing_of_its_account(opened: Open) -> None:
    ready = next(each for each in five().accounts if each.name == "mgmt")
    told = {"error": "InvalidRequest", "cause": "mode 'look' is unknown", "remedy": "Correct it."}
    page = opened(five().model_copy(update={"failures": [failure(ready.id, ready.name, told)]})).page
    assert "mode 'look' is unknown" in page.locator("#failures").inner_text()
    row = page.locator("#tree .leaf").filter(has=page.get_by_role("button", name="mgmt", exact=True))
    assert "Ready" in row.inner_text()


def test_whoever_enters_none_of_the_accounts_shown_has_no_column(opened: Open) -> None:
    door = Door(principal="readers", role="look", power="reads", mfa=True, accounts=[five().accounts[1].id])
    report = five().model_copy(update={"doors": [*(five().doors or ()), door]})
    page = opened(report).page
    assert page.locator("#doors thead th").filter(has_text="readers").count() == 1
    page.get_by_role("searchbox").fill("mgmt")
    page.locator("#doors thead th").filter(has_text="readers").wait_for(state="detached")


def test_doors_and_components_stand_side_by_side_on_a_laptop(opened: Open) -> None:
    page = opened(five()).page
    page.set_viewport_size({"width": 1280, "height": 800})
    for part in ("doors", "matrix"):
        box = page.locator(f"#{part} .scroll")
        assert box.evaluate("box => box.scrollWidth <= box.clientWidth"), part


def test_filters_and_search(opened: Open) -> None:
    shown = opened(five())
    assert len(leaves(shown)) == 8
    shown.page.get_by_role("searchbox").fill("prod")
    assert sorted(leaves(shown)) == ["payments", "prod"]
    shown.page.get_by_role("searchbox").fill("211047650003")
    assert leaves(shown) == ["dev"]
    shown.page.get_by_role("button", name="Clear").click()
    shown.page.get_by_label("Kind").select_option("tooling")
    assert leaves(shown) == ["mgmt"]
    shown.page.get_by_label("Kind").select_option("")
    shown.page.get_by_label("Organizational unit").select_option("Workloads")
    assert sorted(leaves(shown)) == ["dev", "payments", "prod", "stage"]
    assert shown.page.locator("#count").inner_text() == "4 of 8 accounts"
    shown.page.get_by_label("State", exact=True).select_option("failed")
    assert leaves(shown) == ["payments"]


def test_an_account_tells_its_doors_and_differences(opened: Open) -> None:
    page = opened(five()).page
    page.locator("#tree").get_by_role("button", name="dev", exact=True).click()
    dialog = page.get_by_role("dialog", name="dev")
    assert "trail groundwork: is not logging; will be put right" in dialog.inner_text()
    ways = dialog.locator(".ways > li").all_inner_texts()
    assert len(ways) == 12
    assert any(each.startswith("dev-external-accounts as") and "MFA" in each for each in ways)
    assert page.url.endswith("#account=211047650003")
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert page.evaluate("document.activeElement.dataset.account") == "211047650003"


def test_an_account_that_expires_or_waits_to_be_closed_tells_when(opened: Open) -> None:
    rows = [
        row(3, "dev", "workload", "Workloads/Development").model_copy(update={"expires_on": "2026-12-10"}),
        row(4, "old", "workload", "Suspended", "closing").model_copy(
            update={"closes_at": "2026-12-07T20:03:36Z"}
        ),
    ]
    page = opened(Report(made="2026-11-30T04:00:00+00:00", by="a test", accounts=rows)).page
    dev, old = (page.locator("#tree .leaf").filter(has_text=name) for name in ("dev", "old"))
    assert "expires 10 Dec 2026" in dev.inner_text()
    assert "closes 7 Dec 2026" in old.inner_text()
    old.get_by_role("button", name="old").click()
    assert "7 Dec 2026, 20:03 UTC" in page.get_by_role("dialog", name="old").inner_text()


def test_by_keyboard_alone(opened: Open) -> None:
    shown = opened(five())
    page = shown.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert differing(shown).get_attribute("aria-pressed") == "true"
    assert leaves(shown) == ["dev"]
    assert page.evaluate("document.activeElement.textContent").endswith("Differs")


def test_a_run_is_drawn_with_its_way_and_its_times(opened: Open) -> None:
    page = opened(five()).page
    picture = page.locator("#runs svg")
    assert picture.locator("[data-state=Trail]").get_attribute("class") == "failed"
    assert picture.locator("[data-state=VerifyBaseline]").get_attribute("class") == "passed-by"
    assert picture.locator("[data-state=Trail] .time").text_content() == "6.3 s"
    assert "Trail" in page.get_by_role("table", name="States of").inner_text()
    page.locator("#runs tbody tr").filter(has_text="dev").get_by_role("button").first.click()
    assert picture.locator("[data-state=Trail]").get_attribute("class") == "succeeded"


def test_nothing_is_wider_than_the_page(opened: Open) -> None:
    shown = opened(five())
    wide = {(width, scheme): shown.overflow(width, scheme) for width, scheme in product(WIDTHS, SCHEMES)}
    assert not {each: by for each, by in wide.items() if by > 0}


def test_two_thousand_accounts_are_searched(opened: Open) -> None:
    shown = opened(many(2000))
    assert shown.overflow(375, "dark") == 0
    shown.page.get_by_role("searchbox").fill("service-1777")
    assert leaves(shown) == ["team-17-service-1777"]
