"""What an outside checker found: its verdicts, what is kept of them, and the page that gives each failure its reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from clients.audits.page import Reason, document, reason_of, reasons
from clients.audits.results import FRAMEWORKS, UNTOUCHED, Score, command, kept
from clients.audits.scores import verdicts
from clients.audits.variants import VARIANTS, declare
from groundwork.baseline.components import COMPONENTS
from groundwork.declaration.loading import check, load

FOUND = kept()
FAILED = [
    (check, account, declaration)
    for declaration, accounts in FOUND.runs.items()
    for account, found in accounts.items()
    if account != UNTOUCHED
    for check in {**found.everything.failed, **found.in_use.failed}
]


def test_a_check_fails_where_a_finding_does() -> None:
    found = verdicts(iter([("a", "PASS"), ("a", "FAIL"), ("a", "FAIL"), ("b", "PASS"), ("c", "MANUAL")]))
    assert found == Score(passed=["b"], failed={"a": 2})
    assert found.of({"a": []}) == Score(passed=[], failed={"a": 2})


def test_every_failure_that_is_kept_has_its_reason() -> None:
    assert [each for each in FAILED if reason_of(*each) is None] == []


def test_no_reason_is_for_nothing() -> None:
    used = {reason_of(*each) for each in FAILED}
    assert [each.checks for each in reasons() if each.reason not in used] == []


def test_the_first_reason_that_fits_is_given() -> None:
    reason = Reason(checks=["s3_*"], reason="because", accounts=["dev"], declarations=["default"])
    assert reason.is_of("s3_bucket", "dev", "default")
    assert not reason.is_of("iam_user", "dev", "default")
    assert not reason.is_of("s3_bucket", "security", "default")
    assert not reason.is_of("s3_bucket", "dev", "other")
    with pytest.raises(ValidationError):
        Reason(checks=[], reason="because")


def test_the_page_has_every_score_and_every_failure() -> None:
    page = document()
    assert set(FOUND.frameworks) == set(FRAMEWORKS)
    assert "**no reason is given**" not in page
    assert "AWS_ENDPOINT_URL" in page
    for failed, account, declaration in FAILED:
        part = page.split(f"## {account}: {declaration} declaration")[1].split("\n## ")[0]
        assert f"| `{failed}`" in part


def test_the_command_names_every_framework() -> None:
    assert set(FRAMEWORKS.values()) <= set(command("eu-central-1", "reports"))


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_is_a_declaration(name: str, tmp_path: Path) -> None:
    declare(name, tmp_path / name)
    declaration = check(load(tmp_path / name), COMPONENTS)
    assert all("alarms" in components for components in declaration.baseline.values())
    assert declaration.trail.data_events.s3 == "all"
