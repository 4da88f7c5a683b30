"""`make clients`: other people's clients against the embedded AWS with Groundwork in it, one after the other.

Exit code 1 when one of them meets anything but what its module says.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import sys
import time
from collections.abc import Sequence

from clients import (
    aws_cli,
    awsume,
    cdk,
    custodian,
    org_formation,
    pmapper,
    prowler,
    sam_cli,
    sso_util,
    table,
)
from clients.environments import NotInstalled
from clients.trials import Client, Trial
from clients.world import World, vended

MODULES = (aws_cli, awsume, cdk, org_formation, custodian, pmapper, prowler, sso_util, sam_cli)
CLIENTS = {module.__name__.rpartition(".")[2]: module.CLIENT for module in MODULES}
"""The SAM CLI last: it deletes Groundwork."""


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m clients", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=CLIENTS, help="these alone")
    parser.add_argument("--write", action="store_true", help="docs/clients.md, where all is as it should be")
    given = parser.parse_args(arguments)
    chosen = [CLIENTS[name] for name in CLIENTS if not given.only or name in given.only]
    atexit.register(gc.freeze)  # nothing is worth collecting any more, and it would take seconds
    began = time.monotonic()
    try:
        versions = {client.name: client.version() for client in chosen}
    except NotInstalled as failure:
        print(failure, file=sys.stderr)
        return 1
    with vended() as world:
        print(f"{len(world.accounts)} accounts are ready ({time.monotonic() - began:.0f} s)", flush=True)
        seen = {client.name: (versions[client.name], _try(client, world)) for client in chosen}
        broken = [trial for _, trials in seen.values() for trial in trials if trial.broken]
        broken += [Trial("the embedded AWS", "works", "", repr(failure)) for failure in world.aws.failures]
    print(f"{len(seen)} clients, {len(broken)} wrong, {time.monotonic() - began:.0f} s")
    if given.write and not broken:
        table.write(seen, list(CLIENTS.values()))
    return 1 if broken else 0


def _try(client: Client, world: World) -> list[Trial]:
    print(f"\n{client.name}", flush=True)
    trials: list[Trial] = []
    began = time.monotonic()
    for trial in client.tries(world):
        trials.append(trial)
        seconds, began = time.monotonic() - began, time.monotonic()
        print(f"  {'✗' if trial.broken else '✓'} {trial.words} ({seconds:.0f} s)", flush=True)
        print(f"      {trial.broken or f'{trial.verdict}: {trial.seen}'}", flush=True)
    return trials


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
