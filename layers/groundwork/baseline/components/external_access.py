"""external-access: IAM Access Analyzer looks who from outside of the organization gets in, in every governed Region.

One analyzer for the whole organization in each, in the security account, which is its delegated administrator: all
accounts are looked at, and there is nothing in them. An analyzer that others made there serves as well. Unused access,
and an analyzer in each account besides, are options.

A plan of the component `access` tells what the analyzers have found, the organization's in that of the security account.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-getting-started.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-delegated-administrator.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Field

from groundwork.baseline import administrators
from groundwork.baseline.component import Call, Component, Permission, Target, removal
from groundwork.baseline.regions import FIND_REGIONS, governed, in_each, skipped
from groundwork.contracts import Kind, Model
from groundwork.declaration import Declaration
from groundwork.declaration.loading import FILE
from groundwork.errors import InvalidDeclaration

ACCESS_ANALYZER = "access-analyzer.amazonaws.com"
ORGANIZATION, UNUSED, ACCOUNT = "ORGANIZATION", "ORGANIZATION_UNUSED_ACCESS", "ACCOUNT"
NAMES: Mapping[str, str] = {
    ORGANIZATION: "groundwork-organization",
    UNUSED: "groundwork-unused-access",
    ACCOUNT: "groundwork-account",
}
"""What ours are called, by their type."""
MISSING: Mapping[str, str] = {
    ORGANIZATION: "does not exist: nobody looks who from outside of the organization gets in",
    UNUSED: "does not exist: nobody looks for access that is not used",
    ACCOUNT: "does not exist: nobody looks who from outside of the account gets in",
}
SERVES = ("ACTIVE", "CREATING")
SECURITY: tuple[Kind, ...] = ("security",)
_ANALYZERS = ("arn:{partition}:access-analyzer:*:{account}:analyzer/*",)


class UnusedAccess(Model):
    days: int = Field(default=90, ge=1, le=365, description="Access that nobody used for so long is found")


class Settings(Model):
    unused_access: Literal[False] | UnusedAccess = Field(
        default=False,
        description="Roles, users and permissions that nobody uses, in all accounts: billed by role and user",
    )
    per_account: bool = Field(
        default=False,
        description="An analyzer in each account besides: who looks at the account alone, sees none of the organization's",
    )


@dataclass(frozen=True)
class Found:
    """The analyzers by Region. `off` are governed Regions that are not enabled. `administrator` is the account that
    administers the service for the organization, asked where an analyzer of the organization is missing; empty where
    nobody does, or nobody says."""

    analyzers: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    off: tuple[str, ...] = ()
    administrator: str = ""


class ExternalAccess(Component[Found]):
    name = "external-access"
    kinds = ("security", "tooling", "workload")
    settings = Settings
    reads = (
        Permission(["access-analyzer:ListAnalyzers"]),
        Permission(["organizations:ListDelegatedAdministrators"], kinds=SECURITY),
        FIND_REGIONS,
    )
    writes = (
        Permission(["access-analyzer:CreateAnalyzer", "access-analyzer:DeleteAnalyzer"], _ANALYZERS),
        Permission(
            ["iam:CreateServiceLinkedRole"],
            [f"arn:{{partition}}:iam::{{account}}:role/aws-service-role/{ACCESS_ANALYZER}/*"],
        ),
        # What AWS demands besides of whoever makes an analyzer of the organization.
        Permission(
            ["organizations:DescribeOrganization", "organizations:ListAWSServiceAccessForOrganization"],
            kinds=SECURITY,
        ),
    )

    def rendered(self, declaration: Declaration) -> Sequence[object]:
        """Raises `InvalidDeclaration` where accounts are to have analyzers and none has the component."""
        kinds = [kind for kind in ("tooling", "workload") if self.name in declaration.baseline.get(kind, [])]
        if declaration.settings(self.name).per_account and not kinds:
            raise InvalidDeclaration(
                f"{FILE}: externalAccess.perAccount: true lays down analyzers in accounts whose baseline has external-access, "
                "and only security has: add it to baseline.workload and baseline.tooling, or say false."
            )
        return ()

    def read(self, target: Target) -> Found:
        wanted = _wanted(target)
        if not wanted and not target.is_behind:
            return Found()
        on, off = governed(target)
        analyzers = in_each(target, "accessanalyzer", on, _listed)
        asks = any(
            type_ != ACCOUNT and not _serving(analyzers[region], type_)
            for type_, regions in wanted.items()
            for region in regions
            if region in analyzers
        )
        known = administrators.registered_if_known(ACCESS_ANALYZER, target) if asks else ()
        return Found(analyzers, off, next(iter(known), ""))

    def diff(self, found: Found, target: Target) -> Iterator[Call]:
        wanted = _wanted(target)
        for region, analyzers in found.analyzers.items():
            for type_, regions in wanted.items():
                if region in regions:
                    yield from _of_type(type_, region, analyzers, found, target)
            for type_, name in NAMES.items():
                if region not in wanted.get(type_, ()):
                    yield from _former(type_, name, region, analyzers, target)
        yield from skipped("accessanalyzer", found.off)
        if not wanted:
            told = "the organization's analyzers in the security account look at it"
            yield Call("accessanalyzer", "", {}, "analyzers", "report", told, severity="low")

    def left(self, target: Target) -> Iterable[Call]:
        on, _ = governed(target)
        for region, analyzers in in_each(target, "accessanalyzer", on, _listed).items():
            for type_, name in NAMES.items():
                yield from _former(type_, name, region, analyzers, target)


# -- read ----------------------------------------------------------------------------------------------


def _wanted(target: Target) -> dict[str, Sequence[str]]:
    """The Regions that are to have an analyzer, by its type. What is used of IAM is the same seen from any Region."""
    declared, regions = target.declaration.settings("external-access"), target.declaration.regions
    wanted: dict[str, Sequence[str]] = {}
    if target.account.kind == "security":
        wanted[ORGANIZATION] = regions.governed
        if declared.unused_access:
            wanted[UNUSED] = [regions.home]
    if declared.per_account:
        wanted[ACCOUNT] = regions.governed
    return wanted


def _listed(client: Any) -> list[Mapping[str, Any]]:
    return [each for page in client.get_paginator("list_analyzers").paginate() for each in page["analyzers"]]


def _serving(analyzers: Iterable[Mapping[str, Any]], type_: str) -> Mapping[str, Any] | None:
    """Ours before others'."""
    found = [each for each in analyzers if each["type"] == type_ and each["status"] in SERVES]
    return min(found, key=lambda each: each["name"] != NAMES[type_], default=None)


# -- diff ----------------------------------------------------------------------------------------------


def _of_type(
    type_: str, region: str, analyzers: Sequence[Mapping[str, Any]], found: Found, target: Target
) -> Iterator[Call]:
    resource = f"analyzer {NAMES[type_]} in {region}"
    if serving := _serving(analyzers, type_):
        yield from _other_age(type_, serving, resource, target)
        return
    if type_ != ACCOUNT and found.administrator not in ("", target.account.id):
        told = (
            f"is not made: account {found.administrator} administers {ACCESS_ANALYZER} for the organization, and its analyzers "
            "are left alone. Take external-access out of the baseline, or take that account off by hand"
        )
        yield Call("accessanalyzer", "", {}, resource, "report", told)
        return
    if stopped := next((each for each in analyzers if each["name"] == NAMES[type_]), None):
        why = stopped.get("statusReason", {}).get("code", "AWS says no more")
        told = (
            f"is {stopped['status']} ({why}), and finds nothing: see whether the security account administers {ACCESS_ANALYZER}; "
            f"if it does and this stays, delete the analyzer {_allowed(type_)}, and the next execution makes it anew"
        )
        yield Call("accessanalyzer", "", {}, resource, "report", told, severity="high")
        return
    creation: dict[str, Any] = {"analyzerName": NAMES[type_], "type": type_}
    if type_ == UNUSED:
        creation["configuration"] = {"unusedAccess": {"unusedAccessAge": _days(target)}}
    waits = type_ != ACCOUNT and not found.administrator
    yield Call(
        *("accessanalyzer", "CreateAnalyzer", creation, resource, "create", MISSING[type_], region),
        after=f"delegated administrator of {ACCESS_ANALYZER}" if waits else "",
    )


def _allowed(type_: str) -> str:
    """Whom the guard rails let delete an analyzer."""
    return f"by an entry role of {'the account' if type_ == ACCOUNT else 'the security account'}"


def _days(target: Target) -> int:
    return int(target.declaration.settings("external-access").unused_access.days)


def _other_age(type_: str, serving: Mapping[str, Any], resource: str, target: Target) -> Iterator[Call]:
    """AWS changes the age of no analyzer that is there."""
    if type_ == UNUSED:
        age = serving.get("configuration", {}).get("unusedAccess", {}).get("unusedAccessAge")
        if age != _days(target):
            told = (
                f"{serving['name']} finds what nobody used for {age} days; expected {_days(target)}: delete it "
                f"{_allowed(type_)}, and the next execution makes it anew"
            )
            yield Call("accessanalyzer", "", {}, resource, "report", told, severity="low")


def _former(
    type_: str, name: str, region: str, analyzers: Sequence[Mapping[str, Any]], target: Target
) -> Iterator[Call]:
    if any((each["name"], each["type"]) == (name, type_) for each in analyzers):
        why = "is ours, and no longer declared"
        given = {"analyzerName": name}
        call = Call(
            *(
                "accessanalyzer",
                "DeleteAnalyzer",
                given,
                f"analyzer {name} in {region}",
                "delete",
                why,
                region,
            ),
            severity="low",
        )
        yield from removal("external-access", [call], target)
