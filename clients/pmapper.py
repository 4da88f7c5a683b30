"""Principal Mapper: who can become whom in prod. It needs what Python 3.10 took out of `collections`."""

from __future__ import annotations

from collections.abc import Iterator

from clients.environments import from_pip, locked
from clients.trials import Client, Trial, holds, run, works
from clients.world import World

SHIM = """
import collections, collections.abc

for name in ("Mapping", "MutableMapping"):
    setattr(collections, name, getattr(collections.abc, name))
"""
ADMINISTRATORS = {"role/OrganizationAccountAccessRole", "role/allow-admin-from-security-account"}


def version() -> str:
    from_pip("pmapper")
    return f"{locked('pmapper', 'principalmapper')} (with a shim for Python 3.10 and later)"


def tries(world: World) -> Iterator[Trial]:
    folder, program = world.home / "pmapper", from_pip("pmapper") / "pmapper"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(SHIM)
    shell = {
        **world.shell(world.inside("prod")),
        "PYTHONPATH": str(folder),
        "PMAPPER_STORAGE": str(folder / "graphs"),
    }
    yield works(
        "`pmapper graph create --include-regions us-east-1` in prod",
        run([program, "graph", "create", "--include-regions", "us-east-1"], shell, folder),
        "a graph of the account's roles; it says that it found no CodeBuild, which is not embedded",
        "Graph Data for Account",
        "Unable to search region us-east-1 for projects.",
    )
    said = run([program, "query", "preset privesc *"], shell, folder)
    lines = [line for line in said.text.splitlines() if line.startswith("role/")]
    found = {line.split()[0] for line in lines if "is an administrative principal" in line}
    others = [line for line in lines if "is an administrative principal" not in line]
    yield holds(
        "`pmapper query 'preset privesc *'`",
        "nobody but the two roles that are administrators by declaration",
        found == ADMINISTRATORS and not others,
        said.end(),
    )


CLIENT = Client("Principal Mapper", version, tries)
