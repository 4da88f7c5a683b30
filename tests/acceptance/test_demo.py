"""`make demo`, from nothing to its last line, as whoever clones this runs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_SECONDS = 600


def test_the_demo_keeps_every_promise() -> None:
    surroundings = os.environ | {"PYTHONPATH": f"{ROOT / 'layers'}:{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-m", "demo"],
        check=False,
        cwd=ROOT,
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=MOST_SECONDS,
    )
    told = done.stdout
    assert done.returncode == 0, told + done.stderr
    assert "✗" not in told
    assert "≠" not in told.replace("R≠· differs", "")  # the legend's
    for name in ("management", "security", "mgmt", "dev", "stage", "prod"):
        assert re.search(rf"── {name}  \d{{12}}  .*, ready", told), name
    assert re.search(r"✓ \d+ tries: every door does what the declaration promises", told)
    assert "nothing to change" in told
    assert "CreateAccountResult was enough" in told
    assert told.count("✓ refused:") == 3
    assert re.search(r"create role/allow-dev-from-security-account .*does not exist", told)
    assert re.search(r"update role/allow-read-only-from-security-account .*account 999999999999", told)
    assert re.search(r"update trail groundwork .*not logging", told)
    assert "prod holds what it held before" in told
    assert re.search(r"\d+ s, [\d,]+ calls to the embedded AWS, \d+ executions, 7 accounts", told)
