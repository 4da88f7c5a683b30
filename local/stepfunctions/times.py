"""Part of the Step Functions adapter: points in time as text.

"Accessing execution data from the Context object" of the Step Functions Developer Guide: ISO 8601.
"""

from __future__ import annotations

from datetime import UTC, datetime


def iso_8601(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
