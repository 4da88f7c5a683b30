"""What was found, as it is kept: `results.json`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from groundwork.contracts import Model

KEPT = Path(__file__).with_name("results.json")
FRAMEWORKS: Mapping[str, str] = {
    "CIS 7.0": "cis_7.0_aws",
    "FSBP": "aws_foundational_security_best_practices_aws",
    "Onboarding": "aws_account_security_onboarding_aws",
}
"""By the name in the document, Prowler's."""
UNTOUCHED = "untouched"
"""The account in which nothing of Groundwork is: what fails there needs no reason."""
UNUSED = "--scan-unused-services"
OPTIONS = ("--ignore-exit-code-3", "--no-banner", "--no-color")


class Score(Model):
    """Of one account: the checks that passed, and of those that failed, how many findings did."""

    passed: list[str]
    failed: dict[str, int]

    def of(self, checks: Mapping[str, object]) -> Score:
        """The part that is about these checks."""
        failed = {check: count for check, count in self.failed.items() if check in checks}
        return Score(passed=[check for check in self.passed if check in checks], failed=failed)


class Scores(Model):
    """Of one account: of what is in use, which is what Prowler looks at by itself, and of `everything`."""

    in_use: Score
    everything: Score


class Results(Model):
    """`frameworks` has, by name, the checks with a verdict and the controls that each is of; `runs`, by declaration and
    account, what was found, and `read_on` when."""

    prowler: str = ""
    frameworks: dict[str, dict[str, list[str]]] = Field(default_factory=dict)
    runs: dict[str, dict[str, Scores]] = Field(default_factory=dict)
    read_on: dict[str, str] = Field(default_factory=dict)


def kept() -> Results:
    """Empty where nothing is kept yet."""
    return Results.model_validate_json(KEPT.read_text()) if KEPT.exists() else Results()


def command(region: str, folder: Path | str) -> list[str]:
    """Prowler's, but for the program itself."""
    report = ["--output-formats", "json-ocsf", "--output-directory", str(folder)]
    return ["aws", "--region", region, "--compliance", *FRAMEWORKS.values(), *OPTIONS, *report]
