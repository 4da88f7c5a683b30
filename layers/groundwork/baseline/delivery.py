"""Whether logs arrive: a call that AWS took says nothing of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

PATIENCE = timedelta(hours=1)
"""CloudTrail delivers within some minutes of a call, and a digest every hour.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-intro.html
"""
ERRORS = {"LatestDeliveryError": "logs", "LatestDigestDeliveryError": "digests"}


def undelivered(
    status: Mapping[str, Any], now: datetime | None = None, covered_since: datetime | None = None
) -> str:
    """Why a trail's logs do not arrive, in words; empty while they do, or while it is too early to tell. `status` is the
    answer of GetTrailStatus. Of an organization's trail AWS does not say whether a member is told of deliveries of its own
    events or of all: `covered_since` is when it came to be covered.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html
    """
    failed = [f"{what}: S3 answers {status[name]}" for name, what in ERRORS.items() if status.get(name)]
    if failed:
        return f"does not deliver its {' and '.join(failed)}; the log archive's bucket and key policy must let it"
    started, delivered = status.get("StartLoggingTime"), status.get("LatestDeliveryTime")
    if (
        status.get("IsLogging")
        and started
        and not delivered
        and (now or datetime.now(UTC)) - max(started, covered_since or started) > PATIENCE
    ):
        return f"has logged since {started:%Y-%m-%d %H:%M} and never delivered; look at the log archive's bucket policy"
    return ""
