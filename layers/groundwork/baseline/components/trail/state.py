"""What is there of trails, as AWS tells it, and where the account's own belongs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from groundwork.baseline.archive import archive, foreseen_key_arn, key_arn
from groundwork.baseline.component import Target, TrailStore
from groundwork.baseline.delivery import undelivered
from groundwork.errors import GroundworkError, SecurityAccountMissing, SecurityAccountNotReady

from . import events
from .logs import Delivery

MINE = {"managed-by": "groundwork"}

READ_AS = {"EnableLogFileValidation": "LogFileValidationEnabled"}
"""Where DescribeTrails has another name for a setting than CreateTrail and UpdateTrail."""


@dataclass(frozen=True)
class SeenTrail:
    """A trail as DescribeTrails has it. `logging` is read only of the trail that counts; so are `selectors`, the answer of
    GetEventSelectors where somebody chose, and `insights`, the types it records, None where they were not asked for.
    `tags` are the account's own trails'. `undelivered` and `unsent` say why logs do not arrive in the archive, and in
    the log group; `sends` is whether events ever arrived there."""

    described: Mapping[str, Any]
    tags: Mapping[str, str] = field(default_factory=dict)
    logging: bool = False
    selectors: Mapping[str, Any] = field(default_factory=dict)
    insights: frozenset[str] | None = None
    undelivered: str = ""
    unsent: str = ""
    sends: bool = False

    @property
    def name(self) -> str:
        return str(self.described["Name"])

    @property
    def arn(self) -> str:
        return str(self.described["TrailARN"])

    @property
    def home(self) -> str:
        return str(self.described["HomeRegion"])

    @property
    def tagged(self) -> bool:
        return MINE.items() <= self.tags.items()

    def setting(self, name: str) -> Any:
        return self.described.get(READ_AS.get(name, name))


@dataclass(frozen=True)
class Found:
    """`own`: the account's trail of the declared name. `others`: its further trails. `covering`: the organization
    trail that delivers into the archive, seen from a member. `store`: where the own trail belongs, as far as it is
    known; None where there is nowhere yet. `waiting` says why it is not all of the archive. `organizations`: what
    covers a member that has a trail of its own besides, as Control Tower's does. `delivery`: what takes the own trail's
    events into CloudWatch Logs, where that is declared."""

    own: SeenTrail | None
    others: tuple[SeenTrail, ...]
    covering: SeenTrail | None
    store: TrailStore | None
    waiting: str = ""
    organizations: tuple[SeenTrail, ...] = ()
    delivery: Delivery | None = None


def is_covered_by_organization(target: Target) -> bool:
    return target.declaration.trail.mode == "organization" and target.account.kind != "management"


def own(described: Iterable[Mapping[str, Any]], target: Target) -> list[SeenTrail]:
    """Without those of the organization that are shown in a member."""
    return [SeenTrail(trail) for trail in described if trail["TrailARN"].split(":")[4] == target.account.id]


def described_trails(target: Target) -> Sequence[Mapping[str, Any]]:
    cloudtrail = target.client("cloudtrail", target.declaration.regions.home)
    trails: Sequence[Mapping[str, Any]] = cloudtrail.describe_trails(includeShadowTrails=True)["trailList"]
    return trails


def tags_of(target: Target, trails: Sequence[SeenTrail]) -> dict[str, dict[str, str]]:
    """By ARN. ListTags answers for the trails of one Region, up to 20 (an account has at most 5 in each)."""
    found: dict[str, dict[str, str]] = {}
    for home in sorted({trail.home for trail in trails}):
        arns = sorted({trail.arn for trail in trails if trail.home == home})
        for listed in target.client("cloudtrail", home).list_tags(ResourceIdList=arns)["ResourceTagList"]:
            found[listed["ResourceId"]] = {tag["Key"]: tag.get("Value", "") for tag in listed["TagsList"]}
    return found


def examined(target: Target, trail: SeenTrail) -> SeenTrail:
    """With what DescribeTrails leaves out: whether it is logging, whether logs arrive, and what it records."""
    cloudtrail = target.client("cloudtrail", trail.home)
    status = cloudtrail.get_trail_status(Name=trail.arn)
    selectors: Mapping[str, Any] = {}
    if trail.described.get("HasCustomEventSelectors"):
        selectors = cloudtrail.get_event_selectors(TrailName=trail.arn)
    insights: frozenset[str] | None = None
    if target.declaration.trail.insights:
        has_any = bool(trail.described.get("HasInsightSelectors"))
        insights = events.insights(cloudtrail, trail.arn) if has_any else frozenset()
    return replace(
        trail,
        logging=status["IsLogging"],
        selectors=selectors,
        insights=insights,
        undelivered=undelivered(status),
        unsent=str(status.get("LatestCloudWatchLogsDeliveryError") or ""),
        sends=bool(status.get("LatestCloudWatchLogsDeliveryTime")),
    )


def covering(target: Target, described: Iterable[Mapping[str, Any]]) -> SeenTrail | None:
    """The organization trail that is to deliver into the archive; of several, one that covers every Region and logs, and
    whose logs arrive, if there is one."""
    bucket = archive(target).trail_bucket
    trails = [
        _with_status(SeenTrail(trail), target)
        for trail in described
        if trail.get("IsOrganizationTrail") and trail["S3BucketName"] == bucket
    ]

    def serves(trail: SeenTrail) -> tuple[bool, bool]:
        return trail.logging and bool(trail.setting("IsMultiRegionTrail")), not trail.undelivered

    return max(trails, key=serves, default=None)


def _with_status(trail: SeenTrail, target: Target) -> SeenTrail:
    """A member must name the organization's trail by its whole ARN. While it is not shown there, it is asked again.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html
    """
    cloudtrail = target.client("cloudtrail", target.declaration.regions.home)
    status, joined = cloudtrail.get_trail_status(Name=trail.arn), target.account.joined
    since = datetime.fromisoformat(joined) if joined else None
    return replace(
        trail, logging=bool(status["IsLogging"]), undelivered=undelivered(status, covered_since=since)
    )


# -- where it delivers to ------------------------------------------------------------------------------


def key(target: Target) -> str | GroundworkError:
    """The ARN of the archive's key, or why it is not known."""
    try:
        return key_arn(target)
    except (SecurityAccountMissing, SecurityAccountNotReady) as not_yet:
        return not_yet


def store(target: Target, own: SeenTrail | None, key: str | GroundworkError) -> tuple[TrailStore | None, str]:
    """Where the account's own trail delivers, and why it is not the archive.

    The management account comes first of all: until the archive is there, its trail delivers into the bucket that
    the stack brought along. Once in the archive it never goes back. A plan goes on without the key.
    """
    if isinstance(key, str):
        return TrailStore(archive(target).trail_bucket, key), ""
    if target.account.kind == "management" and not (own and _is_in_archive(own, target)):
        return _bootstrap(target, key)
    if not target.foresees:
        raise key
    store = TrailStore(archive(target).trail_bucket, foreseen_key_arn(target))
    return store, f"its key cannot be verified: {key}"


def _is_in_archive(own: SeenTrail, target: Target) -> bool:
    security = target.organization.security_account_id
    return security is not None and own.setting("S3BucketName") == archive(target).trail_bucket


def _bootstrap(target: Target, not_yet: GroundworkError) -> tuple[TrailStore | None, str]:
    if target.installation.bootstrap_trail is None:
        return None, f"has nowhere to deliver to: {not_yet}"
    store = TrailStore(*target.installation.bootstrap_trail)
    return store, f"delivers into the bootstrap bucket {store.bucket} for now: {not_yet}"
