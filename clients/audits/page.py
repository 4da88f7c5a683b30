"""docs/audit.md: the scores of the accounts, and each failure with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import yaml
from pydantic import Field

from checks.references import MADE, table
from clients.audits.results import UNTOUCHED, UNUSED, Results, Scores, command, kept
from groundwork.contracts import Model

REASONS = Path(__file__).with_name("reasons.yaml")


class Reason(Model):
    """`checks` are Prowler's, with wildcards; in these accounts and with these declarations alone, where some are given."""

    checks: list[str] = Field(min_length=1)
    reason: str
    accounts: list[str] = Field(default_factory=list)
    declarations: list[str] = Field(default_factory=list)

    def is_of(self, check: str, account: str, declaration: str) -> bool:
        return (
            any(fnmatchcase(check, pattern) for pattern in self.checks)
            and (not self.accounts or account in self.accounts)
            and (not self.declarations or declaration in self.declarations)
        )


@cache
def reasons() -> Sequence[Reason]:
    return [Reason.model_validate(each) for each in yaml.safe_load(REASONS.read_text(encoding="utf-8"))]


def reason_of(check: str, account: str, declaration: str) -> str | None:
    """The first that fits."""
    return next((each.reason for each in reasons() if each.is_of(check, account, declaration)), None)


HEAD = """# What an outside checker finds

{made}

[Prowler](https://github.com/prowler-cloud/prowler) looks at accounts of the embedded AWS as Groundwork lays them down,
and at one that nobody touched: with the CIS AWS Foundations Benchmark 7.0, AWS's Foundational Security Best Practices
(FSBP), and its own set for new accounts. What fails is listed with its reason. What is laid down, by control:
[baseline.md](baseline.md). The embedded AWS is not AWS: [first-day.md](first-day.md).

## Commands

```sh
make audit-accounts                                       # the default declaration
make audit-accounts WITH=in-each-account                  # with Inspector, S3's data events, analyzers and alarms in each account
make audit-accounts WITH=once                             # the same, but alarms over an organization trail
make audit-accounts DECLARATION=../organization ONLY=dev  # yours
```

What is found is compared with this page: a failure that is not here ends the command with 1. `WRITE=1` keeps what is
found, and `make format` writes it here.

For each account it runs Prowler {version}, installed apart from a lock with hashes, with the credentials of an
administrator in it and `AWS_ENDPOINT_URL` of the embedded AWS; once as it stands here, and once with
`{unused}`:

```sh
{command}
```

On AWS it is the same, with your credentials and without `AWS_ENDPOINT_URL`.

## Scores

Passed / failed checks. A check fails where one of its findings does; one without a verdict (manual, or about what is not
there) is not counted. First of what is in use, which is what Prowler looks at by itself; *all* is with
`{unused}`, which counts default VPCs, and services in which nothing is, too.

"""
CARE = """
## Read with care

- `organizations_delegated_administrators` passes for a wrong reason: Prowler 5.46 asks each administrator for a status, which
  AWS Organizations does not give any more, and takes it that there is none. Read rightly it fails until the security
  account's id stands in Prowler's own configuration, under `organizations_trusted_delegated_administrators`.
- Contacts (CIS 2.2 and 2.3) are manual to Prowler, whatever is there.
- One Region is looked at. Where more are governed, name them all."""


def document() -> str:
    """docs/audit.md. Raises FileNotFoundError where nothing is kept."""
    results = kept()
    if not results.runs:
        raise FileNotFoundError("clients/audits/results.json: `make audit-accounts WRITE=1` makes it")
    made = MADE.format("clients/audits/results.json and clients/audits/reasons.yaml")
    head = HEAD.format(made=made, version=results.prowler, unused=UNUSED, command=_command())
    failures = (
        line
        for declaration, accounts in results.runs.items()
        for account, found in accounts.items()
        if account != UNTOUCHED
        for line in _failures(results, declaration, account, found)
    )
    return head + "\n".join([*_scores(results), CARE, *failures, ""])


def _scores(results: Results) -> Iterator[str]:
    titles = list(results.frameworks)
    heads = [f"{title}{also}" for also in ("", ", all") for title in titles]
    rows = (
        (declaration, account, *_numbers(results, found), results.read_on[declaration])
        for declaration, accounts in results.runs.items()
        for account, found in accounts.items()
    )
    yield from table(("Declaration", "Account", *heads, "Found on"), rows)


def _numbers(results: Results, found: Scores) -> Iterator[str]:
    for part in (found.in_use, found.everything):
        for checks in results.frameworks.values():
            score = part.of(checks)
            yield f"{len(score.passed)} / {len(score.failed)}"


def _command() -> str:
    words = ["prowler", *command("us-east-1", "reports")]
    text = ""
    for word in words:
        text += f" \\\n  {word}" if word.startswith("--") else f" {word}"
    return text.strip()


def _failures(results: Results, declaration: str, account: str, found: Scores) -> Iterator[str]:
    yield ""
    yield f"## {account}: {declaration} declaration"
    yield ""
    rows = (
        (
            f"`{check}`" + ("" if check in found.in_use.failed else " (of what is in no use)"),
            str(count),
            *(_marks(checks.get(check, []), title) for title, checks in results.frameworks.items()),
            reason_of(check, account, declaration) or "**no reason is given**",
        )
        for check, count in found.everything.failed.items()
    )
    yield from table(("Failed check", "Findings", *results.frameworks, "Why"), rows)


def _marks(controls: Sequence[str], title: str) -> str:
    return ("x" if controls else "") if title == "Onboarding" else ", ".join(controls)
