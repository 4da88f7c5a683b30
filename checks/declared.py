"""`python -m checks.declared [folder]`: whether the declaration in this folder is valid, as it would be deployed.

The folder has the owner's `baseline.yaml`, and may have `policies/`; without it, the declaration of `layers/baseline` is
looked at. Prints one sentence for each mistake, or what is declared.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sized
from pathlib import Path
from tempfile import TemporaryDirectory

from groundwork.baseline.components import COMPONENTS
from groundwork.declaration import Declaration
from groundwork.declaration.loading import check, load
from groundwork.errors import InvalidDeclaration

LAYER = Path(__file__).parents[1] / "layers" / "baseline"


def declared(folder: str = "") -> Declaration:
    """The declaration, put together by the Makefile of the layer that ships it. Raises InvalidDeclaration."""
    environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MFLAGS")}
    with TemporaryDirectory() as artifacts:
        build = ["make", "--silent", "-C", str(LAYER), "code"]
        given = [f"ARTIFACTS_DIR={artifacts}", f"PYTHON={sys.executable}", f"DECLARATION={folder}"]
        done = subprocess.run([*build, *given], capture_output=True, text=True, env=environment, check=False)
        home = Path(artifacts) / "python" / "baseline"
        if done.returncode and not (home / "baseline.yaml").exists():
            raise InvalidDeclaration(done.stderr.splitlines()[0])
        (home / "baseline.json").unlink(missing_ok=True)  # what is wrong is told of the file that was written
        return check(load(home), COMPONENTS)


def main(folder: str = "") -> int:
    try:
        found = declared(folder)
    except InvalidDeclaration as invalid:
        print(invalid, file=sys.stderr)
        return 1
    counted: dict[str, Sized] = {
        "accounts": found.accounts,
        "units": found.organizational_units,
        "roles": found.access.roles,
        "groups": found.access.groups,
        "users": found.access.users,
    }
    told = ", ".join(f"{len(some)} {name}" for name, some in counted.items())
    print(f"Declaration {found.version}, of {folder or LAYER}/baseline.yaml: {told}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
