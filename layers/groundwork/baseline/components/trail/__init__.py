"""The trail: every account's management events, in every Region, validated, encrypted, in the log archive.

`trail.mode` says whose trail: each account's own, or one organization trail of the management account that covers
them all. Trails that others made stay as they are. Data events of S3, Insights and a copy in CloudWatch Logs, for
alarms, come where they are declared.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from groundwork.baseline.archive import FIND_KEY
from groundwork.baseline.component import Call, Component, Permission, Target
from groundwork.contracts import Kind, Severity
from groundwork.side_by_side import side_by_side

from . import logs, member, own, state
from .state import Found, SeenTrail

MANAGEMENT: tuple[Kind, ...] = ("management",)
TRAILS = "arn:{partition}:cloudtrail:*:{account}:trail/*"


class Trail(Component[Found]):
    name = "trail"
    kinds = ("management", "security", "tooling", "workload")
    reads = (
        Permission(["cloudtrail:DescribeTrails"]),
        Permission(
            ["cloudtrail:GetEventSelectors", "cloudtrail:GetInsightSelectors", "cloudtrail:ListTags"],
            [TRAILS],
        ),
        Permission(["cloudtrail:GetTrailStatus"], ["arn:{partition}:cloudtrail:*:*:trail/*"]),
        FIND_KEY,
        *logs.READS,
    )
    writes = (
        Permission(
            [
                "cloudtrail:AddTags",
                "cloudtrail:CreateTrail",
                "cloudtrail:DeleteTrail",
                "cloudtrail:PutEventSelectors",
                "cloudtrail:PutInsightSelectors",
                "cloudtrail:StartLogging",
                "cloudtrail:UpdateTrail",
            ],
            [TRAILS],
        ),
        # What AWS demands besides of whoever makes an organization trail.
        Permission(
            ["organizations:DescribeOrganization", "organizations:ListAWSServiceAccessForOrganization"],
            kinds=MANAGEMENT,
        ),
        Permission(
            ["iam:CreateServiceLinkedRole", "iam:GetRole"],
            ["arn:{partition}:iam::{account}:role/aws-service-role/cloudtrail.amazonaws.com/*"],
        ),
        *logs.WRITES,
    )

    def read(self, target: Target) -> Found:
        covered = state.is_covered_by_organization(target)
        sends = not covered and target.declaration.trail.cloud_watch_logs is not None
        described, key, group = side_by_side(
            lambda: state.described_trails(target),
            lambda: None if covered else state.key(target),
            lambda: logs.read_group(target) if sends else {},
        )
        trails = state.own(described, target)
        declared = next((trail for trail in trails if trail.name == target.declaration.trail.name), None)
        store, waiting = state.store(target, declared, key) if key else (None, "")
        tags, examined, covering = side_by_side(
            lambda: state.tags_of(target, trails),
            lambda: state.examined(target, declared) if declared and store else None,
            lambda: state.covering(target, described) if covered else None,
        )
        seen = examined or declared
        its = replace(seen, tags=tags[seen.arn]) if seen else None
        others = tuple(replace(each, tags=tags[each.arn]) for each in trails if each is not declared)
        shadows = (
            SeenTrail(trail) for trail in described if trail["TrailARN"].split(":")[4] != target.account.id
        )
        besides = () if covered else tuple(each for each in shadows if each.setting("IsOrganizationTrail"))
        delivery = None
        if sends:
            serves = its is not None and its.sends and not its.unsent and own.sends_there(its, target)
            looks = not serves and target.account.kind != "management"
            delivery = logs.found(group, logs.read_role(target) if looks else None)
        return Found(its, others, covering, store, waiting, besides, delivery)

    def diff(self, found: Found, target: Target) -> Iterable[Call]:
        """Raises `AccountNotCovered` where an organization trail should cover the account and does not."""
        if state.is_covered_by_organization(target):
            yield from member.calls(found, target)
        elif found.store:
            if found.delivery and (declared := target.declaration.trail.cloud_watch_logs):
                yield from logs.calls(found.delivery, declared, target)
            yield from own.calls(found.own, found.store, target)
        if found.waiting:
            severity: Severity = "medium" if found.store else "high"
            yield own.report(target.declaration.trail.name, found.waiting, severity)
        if found.own:
            yield from own.troubles(found.own, target)
        for trail in found.organizations:
            bucket = trail.setting("S3BucketName")
            yield own.report(
                trail.name,
                f"the organization trail {trail.arn} covers this account, too, and delivers to bucket {bucket}: a second copy "
                "of every event is billed",
            )
        for trail in found.others:
            yield from own.removed(trail, "is tagged as ours and no longer declared", target)
            if target.foresees and not trail.tagged:
                yield own.of_others(trail)

    def left(self, target: Target) -> Iterable[Call]:
        """Logs stay in the archive when their trail goes."""
        trails = state.own(state.described_trails(target), target)
        tags = state.tags_of(target, trails)
        why = f"is tagged as ours, and trail is declared no longer for accounts of kind {target.account.kind}"
        for trail in trails:
            yield from own.removed(replace(trail, tags=tags[trail.arn]), why, target)
