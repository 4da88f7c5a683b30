"""org-formation: `init` reads the whole organization into one file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from clients.environments import LOCKS, from_npm
from clients.trials import Client, Trial, holds, run, works
from clients.world import World

PACKAGE = "aws-organization-formation"


def version() -> str:
    from_npm("org_formation")
    locked = json.loads((LOCKS / "org_formation" / "package-lock.json").read_text())
    return str(locked["packages"][f"node_modules/{PACKAGE}"]["version"])


def tries(world: World) -> Iterator[Trial]:
    folder = world.home / "org-formation"
    command: list[str | Path] = [
        from_npm("org_formation") / "org-formation",
        "init",
        "organization.yml",
        "--region",
        "us-east-1",
    ]
    said = run(command, world.shell(world.aws.administrator), folder)
    yield works(
        "`org-formation init organization.yml`",
        said,
        "a file of the organization",
        "written to organization.yml",
    )
    file = folder / "organization.yml"
    text = file.read_text() if file.is_file() else ""
    wanted = [
        *(f"AccountId: '{account.id}'" for account in world.accounts.values()),
        *("OrganizationalUnitName: Production", "GroundworkGuardrailsSCP", "groundwork:state: ready"),
    ]
    missing = [each for each in wanted if each not in text]
    yield holds(
        "What the file has",
        "every account, unit, tag and alias, and the service control policy",
        not missing,
        f"lacks {missing}",
    )


CLIENT = Client("org-formation", version, tries)
