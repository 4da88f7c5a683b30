"""Reports of organizations that are not there: of the five accounts of the samples, and of thousands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache

from groundwork.contracts import Account, Kind, Severity
from groundwork.declaration.loading import load
from groundwork.report.compare import compared
from groundwork.report.doors import declared_doors
from groundwork.report.findings import failure
from groundwork.report.model import AccountRow, Difference, Report, RollOutRow, Run, StateTime

NOW = datetime(2026, 11, 30, 4, 0, tzinfo=UTC)
ON_THE_WAY = (
    ("Begin", 0.01),
    ("ReadRequest", 0.42),
    ("Route", 0.01),
    ("EnrollAccount", 1.3),
    ("MustCheckAccess", 0.01),
    ("PlanOrApply", 0.01),
    ("NeedsSecurity", 0.01),
    ("AwaitSecurity", 0.3),
    ("LeaseAccount", 0.35),
    ("WhatComesFirst", 0.01),
    ("Baseline", 14.2),
    ("Access", 11.9),
    ("Trail", 6.3),
    ("Config", 14.1),
    ("AccountSettings", 5.2),
)
ENDS_WELL = (
    ("AllSettled", 0.01),
    ("VerifyBaseline", 2.2),
    ("RecordOutcome", 0.6),
    ("StartFollowUps", 0.02),
    ("SendAnswers", 0.3),
    ("Done", 0.01),
)
ENDS_BADLY = (("AllSettled", 0.01), ("RecordFailure", 0.5), ("SendFailure", 0.3), ("Failed", 0.01))
UNITS = [
    "Security",
    "Infrastructure",
    "Workloads",
    "Workloads/Development",
    "Workloads/Staging",
    "Workloads/Production",
]
SENTENCES: tuple[tuple[str, Severity, str], ...] = (
    ("trail", "high", "trail groundwork: is not logging; will be put right"),
    (
        "access",
        "high",
        "role/allow-admin-from-security-account: trust policy lets account 999999999999 in; will be put right",
    ),
    ("access", "medium", "role/allow-dev-from-security-account: does not exist; will be created"),
    ("config", "medium", "recorder groundwork in us-east-1: is stopped; will be put right"),
    ("account-settings", "low", "account alias: is payments-old; will be put right"),
)


@cache
def five() -> Report:
    """The samples' accounts some days later: dev differs, payments has failed."""
    accounts = [
        row(0, "management", "management", ""),
        row(1, "security", "security", "Security"),
        row(2, "mgmt", "tooling", "Infrastructure"),
        row(3, "dev", "workload", "Workloads/Development", differing=3),
        row(4, "stage", "workload", "Workloads/Staging"),
        row(5, "prod", "workload", "Workloads/Production"),
        row(6, "payments", "workload", "Workloads/Production", state="failed"),
        row(7, "sandbox", "workload", "", state="not adopted"),
    ]
    now = report(accounts, [run(0, accounts[6], failed=True), *(run(n, accounts[n]) for n in range(1, 6))])
    before = now.model_copy(
        update={
            "made": (NOW - timedelta(days=1)).isoformat(),
            "accounts": [row(3, "dev", "workload", "Workloads/Development"), *accounts[:3], *accounts[4:6]],
            "doors": [
                each.model_copy(update={"accounts": [accounts[3].id]})
                if each.principal == "dev-external-accounts"
                else each
                for each in now.doors or []
            ],
        }
    )
    return compared(before, now)


@cache
def many(count: int) -> Report:
    """As large as an organization with something wrong in every other account."""
    accounts = list(_many(count))
    runs = [run(n, accounts[n], failed=n % 7 == 3) for n in range(min(count, 60))]
    return report(accounts, runs)


def _many(count: int) -> Iterator[AccountRow]:
    yield row(0, "management", "management", "")
    yield row(1, "security", "security", "Security")
    yield row(2, "mgmt", "tooling", "Infrastructure")
    for number in range(3, count):
        unit = f"Workloads/{('Development', 'Staging', 'Production')[number % 3]}/Team {number % 40:02}"
        state = "failed" if number % 61 == 5 else "ready"
        yield row(
            number,
            f"team-{number % 40:02}-service-{number}",
            "workload",
            unit,
            state,
            number % 2 * (number % 6),
        )


def row(
    number: int, name: str, kind: Kind, unit: str, state: str = "ready", differing: int = 0
) -> AccountRow:
    adopted = state != "not adopted"
    differences = [
        Difference(component=component, severity=severity, words=words if n else f"{words} ({number})")
        for n, (component, severity, words) in enumerate(SENTENCES[:differing])
    ]
    differs = {each.component for each in differences}
    names = load().baseline[kind] if adopted else []
    return AccountRow(
        id=f"{211047650000 + number:012}",
        name=name,
        kind=kind if adopted else None,
        unit=unit,
        state=state,
        baseline="098fc5d4d743" if adopted else None,
        behind=number % 11 == 4,
        components={each: "differs" if each in differs else "as declared" for each in names},
        differences=differences,
        last_run_at=(NOW - timedelta(hours=number % 200)).isoformat(timespec="seconds"),
        last_plan_at=(NOW - timedelta(minutes=20)).isoformat(timespec="seconds"),
    )


def declared(account: AccountRow) -> Account:
    return Account(
        id=account.id,
        name=account.name,
        email="a@example.com",
        kind=account.kind or "workload",
        unit=account.unit,
    )


def run(number: int, account: AccountRow, *, failed: bool = False) -> Run:
    states = [
        StateTime(
            name=name,
            seconds=seconds,
            ended="failed" if failed and name in ("Trail", "Failed") else "succeeded",
            times=3 if name == "AwaitSecurity" else 1,
        )
        for name, seconds in (*ON_THE_WAY, *(ENDS_BADLY if failed else ENDS_WELL))
    ]
    return Run(
        name=f"85973605-b18a-4c8b-86f1-{number:012}",
        machine="groundwork-vend-account",
        account_id=account.id,
        account_name=account.name,
        mode="apply",
        ended="failed" if failed else "succeeded",
        outcome="BaselineFailed" if failed else ("ready", "repaired", "unchanged")[number % 3],
        started=(NOW - timedelta(minutes=7 * number + 3)).isoformat(timespec="seconds"),
        seconds=round(sum(seconds for _, seconds in ON_THE_WAY[:11]), 3),
        states=states if number < 12 else [],
        link="https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/arn",
    )


def report(accounts: list[AccountRow], runs: list[Run]) -> Report:
    told = {
        "error": "BaselineFailed",
        "cause": "trail: AccessDenied: An SCP that is not Groundwork's denies cloudtrail:StartLogging.",
        "remedy": "Look at the components' own causes; start the account again when they are mended.",
    }
    failures = [
        failure(each.id, each.name, told, NOW.isoformat()) for each in accounts if each.state == "failed"
    ]
    return Report(
        organization="o-4rrq2vwx1z",
        made=NOW.isoformat(),
        by="groundwork report",
        version="098fc5d4d743",
        units=UNITS,
        components=[
            "access",
            "trail",
            "config",
            "account-settings",
            "organization",
            "guardrails",
            "delegation",
            "log-archive",
        ],
        accounts=accounts,
        doors=declared_doors(load(), [declared(each) for each in accounts if each.kind]),
        runs=runs,
        failures=failures,
        roll_out=RollOutRow(
            name="nightly",
            mode="plan",
            accounts={"unchanged": len(accounts) - 2, "drifted": 1, "failed": 1},
            results="s3://groundwork-roll-outs/2026-11-30/nightly/summary.json",
        ),
    )
