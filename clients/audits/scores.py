"""What Prowler finds in an account, by check.

A check fails where one of its findings does, and passes where none does and one passes. The rest has no verdict: manual, or
about what is not there.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from clients.audits.results import UNUSED, Score, Scores, command
from clients.environments import FOLDER, from_pip
from clients.trials import run


class NoReport(Exception):
    """Prowler ended without a report; the message is the end of what it said."""


def controls(framework: str) -> dict[str, list[str]]:
    """The checks of one of Prowler's frameworks, and the controls that each is of."""
    (file,) = FOLDER.glob(f"prowler/lib/*/site-packages/prowler/compliance/aws/{framework}.json")
    found: dict[str, list[str]] = {}
    for requirement in json.loads(file.read_text())["Requirements"]:
        for check in dict.fromkeys(requirement["Checks"]):
            found.setdefault(check, []).append(requirement["Id"])
    return found


def scores(environment: Mapping[str, str], region: str, folder: Path) -> Scores:
    """What Prowler finds in the account of whoever's credentials are in the environment. Raises `NoReport`."""
    return Scores(
        in_use=_score(environment, command(region, folder / "in-use"), folder / "in-use"),
        everything=_score(environment, [*command(region, folder / "all"), UNUSED], folder / "all"),
    )


def _score(environment: Mapping[str, str], asked: list[str], folder: Path) -> Score:
    shutil.rmtree(folder, ignore_errors=True)  # no report of before
    said = run([from_pip("prowler") / "prowler", *asked], environment, folder)
    reports = list(folder.glob("*.ocsf.json"))
    if said.code or not reports:
        raise NoReport(said.end())
    return verdicts(each for report in reports for each in _findings(report))


def _findings(report: Path) -> Iterator[tuple[str, str]]:
    for each in json.loads(report.read_text()):
        yield each["metadata"]["event_code"], each["status_code"]


def verdicts(findings: Iterator[tuple[str, str]]) -> Score:
    """From findings, each a check and PASS, FAIL or something else."""
    passed, failed = set[str](), Counter[str]()
    for check, status in findings:
        if status == "FAIL":
            failed[check] += 1
        elif status == "PASS":
            passed.add(check)
    return Score(passed=sorted(passed - failed.keys()), failed=dict(sorted(failed.items())))
