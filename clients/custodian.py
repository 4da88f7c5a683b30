"""Cloud Custodian over the organization: c7n-org enters four accounts as an administrator with MFA, and asks of each what
the baseline promises."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clients.environments import from_pip, locked
from clients.trials import Client, Trial, holds, run, works
from clients.world import World

ACCOUNTS = ("mgmt", "dev", "stage", "prod")
BROKEN: dict[str, list[Any]] = {
    "trail-off": [
        {"type": "check-cloudtrail", "multi-region": True, "running": True, "kms": True, "file-digest": True}
    ],
    "config-off": [{"type": "check-config", "all-resources": True, "running": True}],
    "buckets-may-be-public": [{"type": "s3-public-block", "key": "BlockPublicAcls", "value": False}],
    "volumes-in-the-clear": [{"type": "default-ebs-encryption", "state": False}],
}


def version() -> str:
    from_pip("custodian")
    return f"{locked('custodian', 'c7n')}, c7n-org {locked('custodian', 'c7n-org')}"


def tries(world: World) -> Iterator[Trial]:
    folder = world.home / "custodian"
    folder.mkdir()
    ada = world.person("ada")
    accounts = [
        {
            "account_id": world.accounts[name].id,
            "name": name,
            "regions": ["us-east-1"],
            "role": world.door(name, ada.group),
        }
        for name in ACCOUNTS
    ]
    policies: list[Any] = [
        {"name": name, "resource": "aws.account", "filters": filters} for name, filters in BROKEN.items()
    ]
    policies.append({"name": "roles", "resource": "aws.iam-role"})
    (folder / "accounts.json").write_text(json.dumps({"accounts": accounts}))
    (folder / "policies.json").write_text(json.dumps({"policies": policies}))
    command: list[str | Path] = [
        *(from_pip("custodian") / "c7n-org", "run", "-c", "accounts.json", "-u", "policies.json"),
        *("-s", "out", "--region", "us-east-1"),
    ]
    said = run(command, world.shell(ada.with_mfa), folder)
    yield works(
        f"`c7n-org run`: {len(policies)} policies in {len(ACCOUNTS)} accounts, by `allow-admin`",
        said,
        "each runs in each",
        "policy:roles matched:",
    )
    found = {
        (account, policy): len(json.loads(path.read_text()))
        for path in (folder / "out").rglob("resources.json")
        for account, _, policy, _ in (path.relative_to(folder / "out").parts,)
    }
    asked = {(account, policy["name"]) for account in ACCOUNTS for policy in policies}
    yield holds(
        "Trail off, Config off, buckets that may be public, volumes in the clear",
        "found nowhere; roles in each account",
        found.keys() == asked and all((policy not in BROKEN) == bool(n) for (_, policy), n in found.items()),
        str(found or said.end()),
    )


CLIENT = Client("Cloud Custodian", version, tries)
