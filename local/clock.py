"""Time in the embedded AWS: everything AWS makes one wait for, scaled by one factor."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True)
class Clock:
    """How much faster than AWS the embedded AWS makes time pass.

    `scale` is real seconds per AWS second: 1.0 is faithful, 0.1 ten times as fast. Only
    waiting is scaled (Wait and Retry, schedules, quotas, CreateAccount), not time stamps or timeouts; but the
    time at which an execution enters a state, by which it may reckon how long to wait, is.
    """

    scale: float = 1.0
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        if not 0 < self.scale <= 1:
            raise ValueError(f"time scale {self.scale}: must be over 0 and at most 1")

    def now(self) -> datetime:
        """What time it is where so much time has passed."""
        return self.began + (datetime.now(UTC) - self.began) / self.scale

    def seconds(self, aws_seconds: float) -> float:
        """Real seconds that stand for `aws_seconds`."""
        return aws_seconds * self.scale

    def wait(self, aws_seconds: float, interrupted: threading.Event | None = None) -> bool:
        """Let `aws_seconds` pass; True when `interrupted` was set meanwhile."""
        if interrupted is None:
            time.sleep(self.seconds(aws_seconds))
            return False
        return interrupted.wait(self.seconds(aws_seconds))


def iso_8601(moment: datetime) -> str:
    """A time stamp as AWS writes it where it is text: with milliseconds and Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
