"""The `groundwork` command, run as its users run it: with credentials of their own, in this process."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from cli.app import main
from local.identity.credentials import Credentials
from tests.workflow.conftest import Cloud


@dataclass
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


@dataclass
class CommandLine:
    """A person's shell. `surroundings` are its variables."""

    patch: pytest.MonkeyPatch
    surroundings: Mapping[str, str]

    def __call__(self, *arguments: str, **more: str) -> Said:
        out, err = io.StringIO(), io.StringIO()
        with self.patch.context() as shell:
            for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "GROUNDWORK_DECLARATION"):
                shell.delenv(name, raising=False)
            for name, value in {**self.surroundings, **more}.items():
                shell.setenv(name, value)
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = main(list(arguments))
        return Said(code, out.getvalue(), err.getvalue())


def shell_of(cloud: Cloud, who: Credentials, patch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(patch, {**who.for_environment(), **cloud.aws.endpoint_variables()})
