"""Functions for the tests of sandboxes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from local.engine import Engine
from tests.engine.support import zipped


def invoke(aws: Engine, name: str, event: Any = None) -> Any:
    """What a function answers."""
    answer = aws.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event or {}).encode())
    return json.loads(answer["Payload"].read())


def publish_layer(aws: Engine, name: str, **modules: str) -> str:
    """A layer with these modules; its ARN."""
    content = zipped(**{f"python/{module}": text for module, text in modules.items()})
    return str(
        aws.client("lambda").publish_layer_version(LayerName=name, Content={"ZipFile": content})[
            "LayerVersionArn"
        ]
    )


def is_running(pid: int) -> bool:
    """Whether a process is there and not just waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def open_files() -> int:
    return len([*Path("/proc/self/fd").iterdir()])
