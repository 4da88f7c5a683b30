"""AWS CloudTrail, where moto falls short of it."""

from __future__ import annotations

from moto.cloudtrail.models import Trail, cloudtrail_backends


def is_logging(account_id: str, region: str) -> bool:
    """Whether a trail of that account that covers `region` is logging.

    Only then do events reach EventBridge as `... via CloudTrail`.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
    """
    return any(trail.status.is_logging and _covers(trail, region) for trail in _trails(account_id))


def _trails(account_id: str) -> list[Trail]:
    regions = list(cloudtrail_backends[account_id].values())
    return [trail for backend in regions for trail in list(backend.trails.values())]


def _covers(trail: Trail, region: str) -> bool:
    return trail.is_multi_region or trail.region_name == region
