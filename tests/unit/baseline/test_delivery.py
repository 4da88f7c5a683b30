"""Whether a trail's logs arrive, by what GetTrailStatus says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from groundwork.baseline.delivery import undelivered

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
STARTED = {"IsLogging": True, "StartLoggingTime": NOW - timedelta(hours=2)}


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ({**STARTED, "LatestDeliveryTime": NOW}, ""),
        (
            {**STARTED, "LatestDeliveryError": "AccessDenied"},
            "does not deliver its logs: S3 answers AccessDenied",
        ),
        (
            {**STARTED, "LatestDeliveryTime": NOW, "LatestDigestDeliveryError": "NoSuchBucket"},
            "does not deliver its digests: S3 answers NoSuchBucket",
        ),
        (STARTED, "has logged since 2026-11-29 10:00 and never delivered"),
        ({"IsLogging": True, "StartLoggingTime": NOW - timedelta(minutes=10)}, ""),
        ({"IsLogging": False}, ""),
    ],
    ids=["it arrives", "refused", "digests refused", "never", "a new trail gets its time", "off"],
)
def test_what_cloudtrail_says_of_its_deliveries(status: dict[str, Any], words: str) -> None:
    found = undelivered(status, NOW)
    assert found.startswith(words) and bool(found) == bool(words)


@pytest.mark.parametrize(("ago", "words"), [(30, ""), (90, "has logged since 2026-11-29 10:00")])
def test_an_account_that_an_older_trail_has_just_come_to_cover_gets_its_time(ago: int, words: str) -> None:
    found = undelivered(STARTED, NOW, covered_since=NOW - timedelta(minutes=ago))
    assert found.startswith(words) and bool(found) == bool(words)


def test_a_refused_delivery_is_told_of_a_new_account_at_once() -> None:
    assert undelivered({**STARTED, "LatestDeliveryError": "AccessDenied"}, NOW, covered_since=NOW)
