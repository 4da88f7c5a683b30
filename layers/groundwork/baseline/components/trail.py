"""The trail: every account's management events, in every Region, validated, encrypted, in the log archive.

`trail.mode` says whose trail: each account's own, or one organization trail of the management account that covers
them all. Trails that others made stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from groundwork.baseline.archive import (
    FIND_KEY,
    LOG_ARCHIVE,
    archive,
    foreseen_key_arn,
    is_known,
    key_arn,
    may_be,
)
from groundwork.baseline.component import (
    Action,
    Call,
    Component,
    Permission,
    Target,
    TrailStore,
    removal,
    worst,
)
from groundwork.baseline.delivery import undelivered
from groundwork.contracts import Severity
from groundwork.errors import (
    AccountNotCovered,
    GroundworkError,
    SecurityAccountMissing,
    SecurityAccountNotReady,
)
from groundwork.side_by_side import side_by_side

MINE = {"managed-by": "groundwork"}
TRAILS = "arn:{partition}:cloudtrail:*:{account}:trail/*"
ALL_MANAGEMENT_EVENTS = {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": []}

READ_AS = {"EnableLogFileValidation": "LogFileValidationEnabled"}
"""Where DescribeTrails has another name for a setting than CreateTrail and UpdateTrail."""

WRONG: Mapping[str, tuple[str, Severity]] = {
    "S3BucketName": ("delivers to bucket {found}; expected {wanted}", "high"),
    "S3KeyPrefix": ("delivers below {found}; expected the top of the bucket", "medium"),
    "KmsKeyId": ("encrypts with {found}; expected {wanted}", "high"),
    "IsMultiRegionTrail": ("records one Region only; expected every Region", "high"),
    "IncludeGlobalServiceEvents": ("leaves out global services such as IAM", "high"),
    "EnableLogFileValidation": ("does not validate log files", "high"),
    "IsOrganizationTrail": ("covers every account of the organization: {found}; expected {wanted}", "high"),
}
"""What another value of a setting means, and how bad it is."""

SHOWN = {"": "S3's own key", True: "yes", False: "no"}


@dataclass(frozen=True)
class SeenTrail:
    """A trail as DescribeTrails has it. `logging` and `selective` (something less than all management events) are
    read only of the trail that counts, `tags` only of the account's own."""

    described: Mapping[str, Any]
    tags: Mapping[str, str] = field(default_factory=dict)
    logging: bool = False
    selective: bool = False
    undelivered: str = ""

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
    covers a member that has a trail of its own besides, as Control Tower's does."""

    own: SeenTrail | None
    others: tuple[SeenTrail, ...]
    covering: SeenTrail | None
    store: TrailStore | None
    waiting: str = ""
    organizations: tuple[SeenTrail, ...] = ()


class Trail(Component[Found]):
    name = "trail"
    kinds = ("management", "security", "tooling", "workload")
    reads = (
        Permission(["cloudtrail:DescribeTrails"]),
        Permission(["cloudtrail:GetEventSelectors", "cloudtrail:ListTags"], [TRAILS]),
        Permission(["cloudtrail:GetTrailStatus"], ["arn:{partition}:cloudtrail:*:*:trail/*"]),
        FIND_KEY,
    )
    writes = (
        Permission(
            [
                "cloudtrail:AddTags",
                "cloudtrail:CreateTrail",
                "cloudtrail:DeleteTrail",
                "cloudtrail:PutEventSelectors",
                "cloudtrail:StartLogging",
                "cloudtrail:UpdateTrail",
            ],
            [TRAILS],
        ),
        # What AWS demands besides of whoever makes an organization trail.
        Permission(
            ["organizations:DescribeOrganization", "organizations:ListAWSServiceAccessForOrganization"]
        ),
        Permission(
            ["iam:CreateServiceLinkedRole", "iam:GetRole"],
            ["arn:{partition}:iam::{account}:role/aws-service-role/cloudtrail.amazonaws.com/*"],
        ),
    )

    # -- read ----------------------------------------------------------------------------------------

    def read(self, target: Target) -> Found:
        covered = _is_covered_by_organization(target)
        described, key = side_by_side(lambda: _described(target), lambda: None if covered else _key(target))
        trails = _own(described, target)
        declared = next((trail for trail in trails if trail.name == target.declaration.trail.name), None)
        store, waiting = _store(target, declared, key) if key else (None, "")
        tags, examined, covering = side_by_side(
            lambda: _tags(target, trails),
            lambda: _examined(target, declared) if declared and store else None,
            lambda: _covering(target, described) if covered else None,
        )
        seen = examined or declared
        own = replace(seen, tags=tags[seen.arn]) if seen else None
        others = tuple(replace(each, tags=tags[each.arn]) for each in trails if each is not declared)
        shadows = (
            SeenTrail(trail) for trail in described if trail["TrailARN"].split(":")[4] != target.account.id
        )
        besides = () if covered else tuple(each for each in shadows if each.setting("IsOrganizationTrail"))
        return Found(own, others, covering, store, waiting, besides)

    # -- diff ----------------------------------------------------------------------------------------

    def diff(self, found: Found, target: Target) -> Iterable[Call]:
        """Raises `AccountNotCovered` where an organization trail should cover the account and does not."""
        if _is_covered_by_organization(target):
            yield from _calls_of_member(found, target)
        elif found.store:
            yield from _calls_of_own(found.own, found.store, target)
        if found.waiting:
            severity: Severity = "medium" if found.store else "high"
            yield _report(target.declaration.trail.name, found.waiting, severity)
        if found.own and found.own.undelivered:
            yield _report(found.own.name, found.own.undelivered, "high")
        for trail in found.organizations:
            bucket = trail.setting("S3BucketName")
            yield _report(
                trail.name,
                f"the organization trail {trail.arn} covers this account, too, and delivers to bucket {bucket}: a second copy "
                "of every event is billed",
            )
        for trail in found.others:
            yield from _removal(trail, "is tagged as ours and no longer declared", target)

    def left(self, target: Target) -> Iterable[Call]:
        """Logs stay in the archive when their trail goes."""
        trails = _own(_described(target), target)
        tags = _tags(target, trails)
        why = f"is tagged as ours, and trail is declared no longer for accounts of kind {target.account.kind}"
        for trail in trails:
            yield from _removal(replace(trail, tags=tags[trail.arn]), why, target)


# -- reading -------------------------------------------------------------------------------------------


def _is_covered_by_organization(target: Target) -> bool:
    return target.declaration.trail.mode == "organization" and target.account.kind != "management"


def _own(described: Iterable[Mapping[str, Any]], target: Target) -> list[SeenTrail]:
    """Without those of the organization that are shown in a member."""
    return [SeenTrail(trail) for trail in described if trail["TrailARN"].split(":")[4] == target.account.id]


def _described(target: Target) -> Sequence[Mapping[str, Any]]:
    cloudtrail = target.client("cloudtrail", target.declaration.regions.home)
    trails: Sequence[Mapping[str, Any]] = cloudtrail.describe_trails(includeShadowTrails=True)["trailList"]
    return trails


def _tags(target: Target, trails: Sequence[SeenTrail]) -> dict[str, dict[str, str]]:
    """By ARN. ListTags answers for the trails of one Region, up to 20 (an account has at most 5 in each)."""
    found: dict[str, dict[str, str]] = {}
    for home in sorted({trail.home for trail in trails}):
        arns = sorted({trail.arn for trail in trails if trail.home == home})
        for listed in target.client("cloudtrail", home).list_tags(ResourceIdList=arns)["ResourceTagList"]:
            found[listed["ResourceId"]] = {tag["Key"]: tag.get("Value", "") for tag in listed["TagsList"]}
    return found


def _examined(target: Target, trail: SeenTrail) -> SeenTrail:
    """With what DescribeTrails leaves out: whether it is logging, whether logs arrive, and whether it is selective."""
    cloudtrail = target.client("cloudtrail", trail.home)
    status = cloudtrail.get_trail_status(Name=trail.arn)
    selective = bool(trail.described.get("HasCustomEventSelectors")) and not _all_management_events(
        cloudtrail.get_event_selectors(TrailName=trail.arn)
    )
    return replace(trail, logging=status["IsLogging"], selective=selective, undelivered=undelivered(status))


def _all_management_events(selectors: Mapping[str, Any]) -> bool:
    """Whether some selector, basic or advanced, takes every management event.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedEventSelector.html
    """
    everything = {"Field": "eventCategory", "Equals": ["Management"]}
    basic = any(
        each.get("ReadWriteType") == "All"
        and each.get("IncludeManagementEvents")
        and not each.get("ExcludeManagementEventSources")
        for each in selectors.get("EventSelectors", [])
    )
    return basic or any(
        [dict(field) for field in each["FieldSelectors"]] == [everything]
        for each in selectors.get("AdvancedEventSelectors", [])
    )


def _covering(target: Target, described: Iterable[Mapping[str, Any]]) -> SeenTrail | None:
    """The organization trail that delivers into the archive; one that covers every Region and logs, if there is one."""
    bucket, home = archive(target).trail_bucket, target.declaration.regions.home
    trails = [
        trail for trail in described if trail.get("IsOrganizationTrail") and trail["S3BucketName"] == bucket
    ]
    best: SeenTrail | None = None
    for trail in trails:
        best = SeenTrail(trail, logging=_is_logging(target, home, trail["TrailARN"]))
        if best.logging and best.setting("IsMultiRegionTrail"):
            return best
    return best


def _is_logging(target: Target, home: str, arn: str) -> bool:
    """A member must name the organization's trail by its whole ARN. While it is not shown there, it is asked again.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html
    """
    return bool(target.client("cloudtrail", home).get_trail_status(Name=arn)["IsLogging"])


def _key(target: Target) -> str | GroundworkError:
    """The ARN of the archive's key, or why it is not known."""
    try:
        return key_arn(target)
    except (SecurityAccountMissing, SecurityAccountNotReady) as not_yet:
        return not_yet


def _store(
    target: Target, own: SeenTrail | None, key: str | GroundworkError
) -> tuple[TrailStore | None, str]:
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


# -- an account with a trail of its own ----------------------------------------------------------------


def _calls_of_own(own: SeenTrail | None, store: TrailStore, target: Target) -> Iterator[Call]:
    declared, home = target.declaration.trail, target.declaration.regions.home
    wanted = {
        "S3BucketName": store.bucket,
        "S3KeyPrefix": "",
        "KmsKeyId": store.key_arn,
        "IsMultiRegionTrail": True,
        "IncludeGlobalServiceEvents": True,
        "EnableLogFileValidation": True,
        "IsOrganizationTrail": declared.mode == "organization" and store.bucket != _bootstrap_bucket(target),
    }
    tags = [{"Key": name, "Value": value} for name, value in MINE.items()]

    def call(
        operation: str,
        parameters: Mapping[str, Any],
        action: Action,
        reason: str,
        severity: Severity,
        *,
        late: bool = False,
    ) -> Call:
        return Call(
            *("cloudtrail", operation, parameters, f"trail {declared.name}", action, reason),
            region=own.home if own else home,
            severity=severity,
            after=LOG_ARCHIVE if late else "",
        )

    if own is None:
        settings = {name: value for name, value in wanted.items() if value != ""}
        creation = {"Name": declared.name, **settings, "TagsList": tags}
        late = not is_known(store.key_arn)
        yield call("CreateTrail", creation, "create", "does not exist", "high", late=late)
        start = "a new trail does not log by itself"
        yield call("StartLogging", {"Name": declared.name}, "create", start, "high", late=late)
        return
    found = {name: own.setting(name) or type(value)() for name, value in wanted.items()}
    wrong = [name for name, value in wanted.items() if not may_be(found[name], value)]
    if wrong:
        changes = {"Name": own.arn, **{name: wanted[name] for name in wrong}}
        reason = "; ".join(_in_words(name, found[name], wanted[name]) for name in wrong)
        severity = worst(WRONG[name][1] for name in wrong)
        yield call("UpdateTrail", changes, "update", reason, severity, late=not is_known(str(changes)))
    if not own.tagged:
        tag = "lacks the tag managed-by: groundwork, by which Groundwork knows its trail: adopted"
        yield call("AddTags", {"ResourceId": own.arn, "TagsList": tags}, "update", tag, "low")
    if own.selective:
        selectors = {"TrailName": own.arn, "EventSelectors": [ALL_MANAGEMENT_EVENTS]}
        less = "leaves out management events; expected all of them"
        yield call("PutEventSelectors", selectors, "update", less, "high")
    if not own.logging:
        yield call("StartLogging", {"Name": own.arn}, "update", "is not logging", "high")


def _in_words(name: str, found: Any, wanted: Any) -> str:
    words, _ = WRONG[name]
    return words.format(found=_shown(found), wanted=_shown(wanted))


def _shown(value: Any) -> str:
    return SHOWN.get(value, str(value))


def _bootstrap_bucket(target: Target) -> str | None:
    return target.installation.bootstrap_trail[0] if target.installation.bootstrap_trail else None


# -- an account that an organization trail covers ------------------------------------------------------


def _calls_of_member(found: Found, target: Target) -> Iterator[Call]:
    covering, name = found.covering, target.declaration.trail.name
    if covering is None:
        bucket = archive(target).trail_bucket
        missing = (
            f"No organization trail that delivers to bucket {bucket} covers account {target.account.id}."
        )
        if target.account.kind != "security":
            raise AccountNotCovered(missing)
        # Its bucket comes first: the management account makes the trail once the security account is ready.
        yield _report(name, f"{missing} The management account's next execution makes it.", "high")
        return
    if not covering.setting("IsMultiRegionTrail"):
        raise AccountNotCovered(
            f"The organization trail {covering.arn} records one Region only: {covering.home}."
        )
    if not covering.logging:
        raise AccountNotCovered(f"The organization trail {covering.arn} is not logging.")
    if found.own is None:
        where = covering.setting("S3BucketName")
        yield _report(
            name, f"covered by the organization trail {covering.arn}, which delivers to bucket {where}"
        )
    elif found.own.tagged:
        twice = f"the organization trail {covering.arn} covers this account: a second copy of every event is billed"
        yield Call(
            *("cloudtrail", "DeleteTrail", {"Name": found.own.arn}, f"trail {name}", "delete", twice),
            region=found.own.home,
            severity="low",
        )
    else:
        yield _report(
            name,
            f"is not tagged as ours, and left alone; the organization trail {covering.arn} covers this account",
        )


def _removal(trail: SeenTrail, why: str, target: Target) -> Iterator[Call]:
    if trail.tagged:
        gone = {"Name": trail.arn}
        deletion = Call("cloudtrail", "DeleteTrail", gone, f"trail {trail.name}", "delete", why, trail.home)
        yield from removal("trail", [deletion], target)


def _report(name: str, reason: str, severity: Severity = "low") -> Call:
    return Call("cloudtrail", "", {}, f"trail {name}", "report", reason, severity=severity)
