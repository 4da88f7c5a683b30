"""`python -m checks.declared [folder]`: whether the declaration in this folder is valid, as it would be deployed.

The folder has the owner's `baseline.yaml`, and may have `policies/`; without it, the declaration of `layers/baseline` is
looked at. Prints one sentence for each mistake, as `groundwork check` does, or what is declared.
"""

from __future__ import annotations

import sys
from collections.abc import Sized
from pathlib import Path

from cli.declaration.checking import findings
from cli.declaration.declared import FILE, load
from cli.trouble import Trouble

LAYER = Path(__file__).parents[1] / "layers" / "baseline"


def main(folder: str = "") -> int:
    home = Path(folder) if folder else LAYER
    if not (home / FILE).is_file():
        print(
            f"DECLARATION={home}: has no {FILE}; copy layers/baseline/{FILE} there, or say the full path of the folder "
            "that has it",
            file=sys.stderr,
        )
        return 1
    try:
        found = findings(home)
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 1
    for each in found:
        print(each, file=sys.stderr)
    if any(each.severity == "error" for each in found):
        return 1
    declared = load(home)
    counted: dict[str, Sized] = {
        "accounts": declared.accounts,
        "units": declared.organizational_units,
        "roles": declared.access.roles,
        "groups": declared.access.groups,
        "users": declared.access.users,
    }
    told = ", ".join(f"{len(some)} {name}" for name, some in counted.items())
    print(f"Declaration {declared.version}, of {home / FILE}: {told}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
