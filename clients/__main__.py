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
    parser.add_argument(
        "--write", action="store_true", help="docs/clients.md, of those that met what they should"
    )
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
        failures = list(world.aws.failures)
    right = {name: each for name, each in seen.items() if not any(trial.broken for trial in each[1])}
    told = [f"{len(seen)} clients", f"{len(seen) - len(right)} met something else than they should"]
    told += [f"the embedded AWS failed: {failure!r}" for failure in failures]
    print(f"\n{'; '.join(told)}; {time.monotonic() - began:.0f} s")
    if given.write:
        table.write(right, list(CLIENTS.values()))
    return 1 if failures or len(right) < len(seen) else 0


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
