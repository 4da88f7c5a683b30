"""Adapter: what the way to AWS and back takes, which on the loopback is nothing.

    aws.latency.seconds = 0.06

Every call that is not the administrator's waits so long before it is decided over: those of functions, of their
sessions in member accounts, of EventBridge, and those of Step Functions with a state machine's role, on the wire or off
it. These are real seconds: `time_scale` does not touch them.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import sleep
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.engine import Engine


@dataclass
class Latency:
    """How long a call is on its way; may be set at any time."""

    seconds: float = 0.0


def install(engine: Engine) -> None:
    latency = engine.latency = Latency()

    def admit_late(authorizer: Any, call: Any) -> Any:
        if latency.seconds and call.principal.kind == "assumed-role":
            sleep(latency.seconds)
        return admit(authorizer, call)

    admit = engine.patch(type(engine.authorizer), "admit", admit_late)
