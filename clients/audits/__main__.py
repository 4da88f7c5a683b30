"""`make audit-accounts`: Prowler in accounts of the embedded AWS, with CIS 7.0, FSBP and its onboarding set.

An account that nobody touched, and a workload account, the security account and the management account as Groundwork lays
them down. What is found is compared with what was found when docs/audit.md was written. Exit code 1 where something fails
that did not, or that docs/audit.md gives no reason for.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from botocore.exceptions import ClientError

from clients.audits.page import reason_of
from clients.audits.results import FRAMEWORKS, KEPT, UNTOUCHED, Results, Scores, kept
from clients.audits.scores import NoReport, controls, scores
from clients.audits.variants import VARIANTS, declare
from clients.environments import NotInstalled, from_pip, locked
from clients.world import accounts, shell
from demo.callers import assume, role_arn
from groundwork.errors import InvalidDeclaration
from local.engine import Engine
from local.identity.credentials import Credentials
from local.waiting import until

DEFAULT = "default"
VENDED = ("dev", "security", "management")
ENTRY = "OrganizationAccountAccessRole"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m clients.audits", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument(
        "--declaration", default="", help="the folder of another declaration; its name is the run's"
    )
    parser.add_argument("--variant", choices=VARIANTS, help="the default declaration with options")
    parser.add_argument("--only", nargs="*", choices=(UNTOUCHED, *VENDED), help="these accounts alone")
    parser.add_argument("--keep", metavar="FOLDER", help="where Prowler's reports stay")
    parser.add_argument("--write", action="store_true", help="clients/audits/results.json, for docs/audit.md")
    given = parser.parse_args(arguments)
    name = given.variant or Path(given.declaration).name or DEFAULT
    wanted = given.only or ((UNTOUCHED, *VENDED) if name == DEFAULT else VENDED)
    try:
        from_pip("prowler")
        with TemporaryDirectory(prefix="audits-") as folder:
            declaration = Path(given.declaration).absolute() if given.declaration else None
            if given.variant:
                declare(given.variant, declaration := Path(folder) / given.variant)
            found = dict(
                _scores(wanted, declaration, Path(given.keep or folder).absolute() / "reports" / name)
            )
    except (NotInstalled, NoReport, InvalidDeclaration) as failure:
        print(failure, file=sys.stderr)
        return 1
    before = kept()
    results = _results(before, name, found)
    known = before.runs.get(name, {})
    _show(results, known, found)
    news = list(_news(name, known, found))
    print("".join(f"  {each}\n" for each in news), end="")
    if given.write:
        KEPT.write_text(results.model_dump_json(indent=1, by_alias=True) + "\n")
        print(f"{KEPT} is written; `make format` writes docs/audit.md")
    return 1 if news else 0


def _scores(wanted: Sequence[str], declaration: Path | None, folder: Path) -> Iterator[tuple[str, Scores]]:
    for place in (_untouched, _vended):
        with place(wanted, declaration) as shells:
            for account, (environment, region) in shells.items():
                began = time.monotonic()
                yield account, scores(environment, region, folder / account)
                print(f"{account}: {time.monotonic() - began:.0f} s", flush=True)


Shells = Mapping[str, tuple[Mapping[str, str], str]]
"""By account, the environment of its administrator, and the Region."""


@contextmanager
def _untouched(wanted: Sequence[str], _: Path | None) -> Iterator[Shells]:
    """An account as CreateAccount leaves it, in an organization without Groundwork."""
    if UNTOUCHED not in wanted:
        yield {}
        return
    with TemporaryDirectory(prefix="audits-") as home, Engine(time_scale=0.02) as aws:
        organizations = aws.client("organizations")
        status = organizations.create_account(AccountName=UNTOUCHED, Email="untouched@example.com")

        def created() -> str:
            asked = status["CreateAccountStatus"]["Id"]
            told = organizations.describe_create_account_status(CreateAccountRequestId=asked)
            return str(told["CreateAccountStatus"].get("AccountId", ""))

        def entered() -> Credentials | None:
            try:
                return assume(aws, aws.administrator, role_arn(aws, account, ENTRY))
            except ClientError:  # it is young
                return None

        account = until(created, "the account")
        inside = until(entered, "a session in the account")
        yield {UNTOUCHED: (shell(aws, Path(home), inside), aws.region)}


@contextmanager
def _vended(wanted: Sequence[str], declaration: Path | None) -> Iterator[Shells]:
    names = [name for name in VENDED if name in wanted]
    if not names:
        yield {}
        return
    with accounts(declaration, ("security", "dev")) as world:
        for name in ("security", "management", "dev"):  # each once more, now that the others are there
            world.run(name)
        yield {name: (world.shell(world.inside(name)), world.aws.region) for name in names}


def _results(before: Results, name: str, found: Mapping[str, Scores]) -> Results:
    """What was kept, with what was found now in its place."""
    runs = {**before.runs, name: {**before.runs.get(name, {}), **found}}
    scored = {
        check
        for run in runs.values()
        for each in run.values()
        for check in (*each.everything.passed, *each.everything.failed)
    }
    return Results(
        prowler=locked("prowler", "prowler"),
        frameworks={
            title: {check: ids for check, ids in sorted(controls(framework).items()) if check in scored}
            for title, framework in FRAMEWORKS.items()
        },
        runs=runs,
        read_on={**before.read_on, name: f"{datetime.now(UTC):%Y-%m-%d}"},
    )


def _show(results: Results, known: Mapping[str, Scores], found: Mapping[str, Scores]) -> None:
    """Print the scores beside those that were kept, and what fails no more."""
    print(
        f"\nProwler {results.prowler}: passed / failed of what is in use, and of everything; in brackets what was kept"
    )
    for account, scored in found.items():
        for title, checks in results.frameworks.items():
            then = f"   ({_row(known[account], checks)})" if account in known else ""
            print(f"  {account:12} {title:12} {_row(scored, checks)}{then}")
    for account, scored in found.items():
        before = known.get(account, scored).everything.failed
        for check in sorted(before.keys() - scored.everything.failed.keys()):
            print(f"  {account}: {check} fails no more")


def _news(name: str, known: Mapping[str, Scores], found: Mapping[str, Scores]) -> Iterator[str]:
    """What is worse than what was kept, or without a reason."""
    for account, scored in found.items():
        before = known.get(account, scored).everything.failed
        for check in sorted(scored.everything.failed):
            if check not in before:
                yield f"{account}: {check} fails, and did not"
            if account != UNTOUCHED and reason_of(check, account, name) is None:
                yield f"{account}: {check} fails, and clients/audits/reasons.yaml has no reason"


def _row(found: Scores, checks: Mapping[str, object]) -> str:
    parts = (found.in_use.of(checks), found.everything.of(checks))
    return "   ".join(f"{len(each.passed):3} / {len(each.failed):<3}" for each in parts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
