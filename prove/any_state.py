"""Any state: a component's plan tells all that its repair does, from states that hypothesis thinks up.

The tests are those of `tests/component` that are given examples; here each gets several times as many.
"""

from __future__ import annotations

import re
import subprocess
import sys

from prove.chapter import Chapter, Say

COMMAND = (
    *("-m", "pytest", "-q", "-n", "2"),
    *("--hypothesis-profile", "prove", "-m", "hypothesis", "tests/component"),
)


def prove(_seed: int, say: Say) -> Chapter:
    chapter = Chapter("Plans of components in any state", "tests with examples")
    say("examples of states")
    done = subprocess.run([sys.executable, *COMMAND], capture_output=True, text=True, check=False)
    chapter.tried = sum(int(many) for many in re.findall(r"(\d+) (?:passed|failed|error)", done.stdout))
    for what in re.findall(r"^(?:FAILED|ERROR) (.*)$", done.stdout, re.MULTILINE):
        chapter.fail(what, f"python {' '.join(COMMAND)}")
    if done.returncode and not chapter.failures:
        chapter.fail(done.stdout[-500:] or done.stderr[-500:], f"python {' '.join(COMMAND)}")
    return chapter
