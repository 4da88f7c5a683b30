"""What the tests of the embedded AWS share."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")
PATIENCE_SECONDS = 20.0
PROBE_SECONDS = 0.01


def eventually(probe: Callable[[], Found]) -> Found:
    """The first truthy answer of `probe`; fails when none comes."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not (found := probe()):
        assert time.monotonic() < end, "it never came"
        time.sleep(PROBE_SECONDS)
    return found


def plain_moto(code: str) -> str:
    """What `code` prints when it runs against moto alone, in a process of its own."""
    preamble = """
        import boto3, json
        from moto import mock_aws
        from moto.core.config import default_user_config
        mock_aws().start()
        def client(name): return boto3.client(name, region_name="us-east-1")
    """
    program = textwrap.dedent(preamble) + textwrap.dedent(code)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]
