"""In the security account, which administers GuardDuty: its own detector and auto-enable in every governed Region; or, where
a policy holds them, a look at what has come of it.

https://docs.aws.amazon.com/guardduty/latest/ug/set-guardduty-auto-enable-preferences.html
https://docs.aws.amazon.com/guardduty/latest/APIReference/API_CreateDetector.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError

from groundwork.aws.sessions import DENIALS
from groundwork.baseline import administrators
from groundwork.baseline.component import Call, Permission, Target, known_later
from groundwork.baseline.regions import governed, in_each, skipped
from groundwork.baseline.service_policies import ROLES
from groundwork.contracts import Kind

from .held_by_policy import SERVICE, TYPE
from .settings import Settings

SECURITY: tuple[Kind, ...] = ("security",)
ON_BY_DEFAULT = (
    "S3_DATA_EVENTS",
    "EKS_AUDIT_LOGS",
    "EBS_MALWARE_PROTECTION",
    "RDS_LOGIN_EVENTS",
    "LAMBDA_NETWORK_LOGS",
)
"""Features that a new detector has unless it is said that it has not."""
PRINCIPALS = [SERVICE, "malware-protection.guardduty.amazonaws.com"]

READS = (
    Permission(
        (
            "guardduty:DescribeOrganizationConfiguration",
            "guardduty:GetDetector",
            "guardduty:ListDetectors",
            "organizations:ListDelegatedAdministrators",
            "organizations:ListRoots",
        ),
        kinds=SECURITY,
    ),
)
WRITES = (
    Permission(
        ("guardduty:CreateDetector", "guardduty:UpdateDetector", "guardduty:UpdateOrganizationConfiguration"),
        kinds=SECURITY,
    ),
    Permission(
        ("iam:CreateServiceLinkedRole",),
        (f"{ROLES}aws-service-role/*",),
        {"StringEquals": {"iam:AWSServiceName": PRINCIPALS}},
        kinds=SECURITY,
    ),
)


@dataclass(frozen=True)
class Region:
    """The security account's detector, empty where it has none, and what it is set to do in other accounts. `features` are
    those that are on in it, `held` those that a policy holds on. `members` and `auto` are the auto-enable settings, empty
    while it does not administer the Region."""

    detector: str = ""
    enabled: bool = False
    features: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    members: str = ""
    auto: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """`others` are accounts besides this one that administer GuardDuty. `type_is_on`: whether the organization has GuardDuty
    policies, beside which nobody's auto-enable works."""

    regions: Mapping[str, Region] = field(default_factory=dict)
    off: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    type_is_on: bool = False


def read(settings: Settings, target: Target) -> Found:
    on, off = governed(target)
    if settings.by == "policy":
        return Found(in_each(target, "guardduty", on, _detector), off)
    administer = administrators.registered_if_known(SERVICE, target)
    others = tuple(sorted(account for account in administer if account != target.account.id))
    regions = {} if others else in_each(target, "guardduty", on, _with_auto_enable)
    return Found(regions, off, others, _type_is_on(target) if not others else False)


def calls(settings: Settings, found: Found, target: Target) -> Iterator[Call]:
    wanted = [name.replace("-", "_").upper() for name in settings.features]
    if settings.by == "policy":
        yield from _come_about(settings, wanted, found.regions)
    elif found.others:
        accounts = ", ".join(found.others)
        reason = (
            f"is administered by account {accounts}, which runs it for the organization: it is left alone, here too. Take "
            "threat-detection out of the baseline, or take that account off by hand in the management account"
        )
        yield _report("GuardDuty", reason)
    elif found.type_is_on:
        reason = f"is not set: the policy type {TYPE.name} is on, and the management account's plan says what to do"
        yield _report("auto-enable of GuardDuty", reason)
    else:
        for name, region in found.regions.items():
            yield from _own_detector(name, region, wanted)
            yield from _auto_enable(name, region, wanted, target)
    yield from skipped("guardduty", found.off)


def _come_about(settings: Settings, wanted: list[str], regions: Mapping[str, Region]) -> Iterator[Call]:
    """AWS says when it has done what a policy holds: a feature then names it."""
    for name, region in regions.items():
        waiting = [feature for feature in wanted if feature not in region.held]
        if not region.enabled or waiting:
            what = f"has no {', '.join(waiting)} held by a policy" if region.enabled else "is off"
            reason = (
                f"{what} in this account yet: waits for the policy {settings.policy}, which the management account attaches and "
                "AWS then carries out"
            )
            yield _report(f"GuardDuty in {name}", reason)


def _own_detector(name: str, region: Region, wanted: list[str]) -> Iterator[Call]:
    resource = f"detector in {name}"
    if not region.detector:
        features = {feature: feature in wanted for feature in (*ON_BY_DEFAULT, *wanted)}
        yield Call(
            "guardduty",
            "CreateDetector",
            {"Enable": True, "Features": [_status(feature, on) for feature, on in features.items()]},
            resource,
            "create",
            "does not exist: the account that administers GuardDuty can switch on nothing without it",
            name,
            "high",
        )
        return
    missing = [feature for feature in wanted if feature not in region.features]
    if missing or not region.enabled:
        off = "is suspended" if not region.enabled else ""
        lacks = f"has {', '.join(missing)} off" if missing else ""
        yield Call(
            "guardduty",
            "UpdateDetector",
            {
                "DetectorId": region.detector,
                "Enable": True,
                "Features": [_status(feature, on=True) for feature in missing],
            },
            resource,
            "update",
            "; ".join(filter(None, (off, lacks))),
            name,
            "medium" if region.enabled else "high",
        )


def _auto_enable(name: str, region: Region, wanted: list[str], target: Target) -> Iterator[Call]:
    missing = [feature for feature in wanted if region.auto.get(feature) != "ALL"]
    if region.members == "ALL" and not missing:
        return
    resource = f"auto-enable of GuardDuty in {name}"
    administers = administrators.resource("guardduty", name)
    reasons = []
    if region.members != "ALL":
        reasons.append(
            f"is {region.members or 'NONE'}: accounts have GuardDuty where somebody switches it on"
        )
    if missing:
        reasons.append(f"leaves {', '.join(missing)} out")
    yield Call(
        "guardduty",
        "UpdateOrganizationConfiguration",
        {
            "DetectorId": region.detector or known_later(f"id of the detector in {name}"),
            "AutoEnableOrganizationMembers": "ALL",
            "Features": [{"Name": feature, "AutoEnable": "ALL"} for feature in missing],
        },
        resource,
        "update",
        "; ".join(reasons),
        name,
        "high" if region.members != "ALL" else "medium",
        after="" if region.members else f"{administers} is {target.account.name}",
    )


def _status(feature: str, on: bool) -> dict[str, str]:
    return {"Name": feature, "Status": "ENABLED" if on else "DISABLED"}


def _report(resource: str, reason: str) -> Call:
    return Call("guardduty", "", {}, resource, "report", reason)


# -- reading -------------------------------------------------------------------------------------------


def _detector(client: Any) -> Region:
    detectors = client.list_detectors()["DetectorIds"]
    if not detectors:
        return Region()
    found = client.get_detector(DetectorId=detectors[0])
    on = [each for each in found["Features"] if each["Status"] == "ENABLED"]
    return Region(
        detectors[0],
        found["Status"] == "ENABLED",
        frozenset(each["Name"] for each in on),
        frozenset(each["Name"] for each in on if each.get("ManagedBy") == TYPE.name),
    )


def _with_auto_enable(client: Any) -> Region:
    """Without its settings while the account does not administer the Region, or AWS does not show that it does."""
    region = _detector(client)
    if not region.detector:
        return region
    try:
        found = client.describe_organization_configuration(DetectorId=region.detector)
    except ClientError as error:
        if error.response["Error"]["Code"] != "BadRequestException":
            raise
        return region
    auto = {each["Name"]: each["AutoEnable"] for each in found.get("Features", [])}
    return replace(region, members=found.get("AutoEnableOrganizationMembers", "NONE"), auto=auto)


def _type_is_on(target: Target) -> bool:
    """Not while this account administers nothing and may not ask."""
    try:
        (root,) = target.client("organizations").list_roots()["Roots"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in DENIALS:
            raise
        return False
    return TYPE.name in [each["Type"] for each in root["PolicyTypes"]]
