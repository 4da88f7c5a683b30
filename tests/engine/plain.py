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
from moto.core.config import default_user_config


def _client(name: Any) -> Any:
    return boto3.client(name, region_name="us-east-1")


AT_HAND = {"boto3": boto3, "json": json, "default_user_config": default_user_config, "client": _client}
"""What a program need not import."""


def run(program: str, answer: Connection) -> None:
    """Send what the program prints, or the error that ends it."""
    printed = io.StringIO()
    with suppress(Exception), mock_aws(), redirect_stdout(printed):
        try:
            exec(program, dict(AT_HAND))
        finally:
            error = sys.exc_info()[1]
            answer.send(printed.getvalue().strip() or f"{type(error).__name__}: {error}")
