"""The SAM CLI: the real build of Groundwork over the stack that is there, as docs/deploy.md has it, and its removal.

The last one: nothing is left of Groundwork's functions and rules after it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

from clients.trials import Client, Said, Trial, holds, run, works
from clients.world import ROOT, World
from local.stack.template.packaging import DECLARATION

SAM = ROOT / ".venv-sam" / "bin"
STACK = "groundwork"


def version() -> str:
    found = next((SAM.parent / "lib").glob("python3*/site-packages"))

    return next(each.version for each in distributions(path=[str(found)]) if each.name == "aws-sam-cli")


def tries(world: World) -> Iterator[Trial]:
    built = world.home / "build"
    shell = {**world.shell(world.aws.administrator), "SAM_CLI_TELEMETRY": "0"}

    def sam(*arguments: str | Path, **more: str) -> Said:
        return run([SAM / "sam", *arguments], {**shell, **more}, ROOT)

    yield works(
        "`sam build`, for Lambda's Python 3.13 on arm64",
        sam(
            *("build", "--build-dir", built, "--cache-dir", world.home / "cache"),
            PYTHON=str(SAM / "python"),
            DECLARATION=os.environ[DECLARATION],
        ),
        "as for AWS",
        "Build Succeeded",
    )
    deploy = ("deploy", "--template-file", built / "template.yaml", "--config-file", ROOT / "samconfig.toml")
    yield works(
        "`sam deploy` over the stack that `make local` has deployed",
        sam(*deploy, "--no-confirm-changeset"),
        "its functions run: compiled packages come from this machine, in the same versions",
        "Successfully created/updated stack - groundwork",
    )
    outcome = world.run("dev")["outcome"]
    yield holds(
        "An execution for dev by those functions", "`unchanged`", outcome == "unchanged", str(outcome)
    )
    yield works(
        "`sam deploy` again",
        sam(*deploy, "--no-confirm-changeset"),
        "no changes",
        "No changes to deploy",
    )
    yield works(
        "`sam delete`",
        sam("delete", "--stack-name", STACK, "--region", "us-east-1", "--no-prompts"),
        "the stack is gone",
        "Deleted successfully",
    )
    yield holds("The ledger, which the stack keeps, after it", "stays", *_kept(world))


def _kept(world: World) -> tuple[bool, str]:
    there = world.aws.client("dynamodb").list_tables()["TableNames"]
    return world.outputs["LedgerTable"] in there, f"the tables are {there}"


CLIENT = Client("SAM CLI", version, tries)
