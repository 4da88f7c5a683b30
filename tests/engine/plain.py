"""Runs a program against moto alone. Imports nothing of ours, so that nothing of ours can have changed moto."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stdout, suppress
from multiprocessing.connection import Connection
from typing import Any

import boto3
from moto import mock_aws


def _client(name: Any) -> Any:
    return boto3.client(name, region_name="us-east-1")


def run(program: str, answer: Connection) -> None:
    """Send what the program prints, or the error that ends it."""
    printed = io.StringIO()
    with suppress(Exception), mock_aws(), redirect_stdout(printed):
        try:
            exec(program, {"boto3": boto3, "json": json, "client": _client})
        finally:
            error = sys.exc_info()[1]
            answer.send(printed.getvalue().strip() or f"{type(error).__name__}: {error}")
