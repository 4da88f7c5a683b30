"""conformance-pack: organization conformance packs of AWS Config, put by the security account in every governed Region.

Config makes their rules in every account of the organization that is not excepted, also in new ones, by a role of its own
that nobody in the account can keep from it: no account is called. A pack is ours by a parameter (`templates`); a declared
one that others put is taken over, all others are left alone.

Nothing waits for Config: it may take as long as there are accounts, and is at work again with each account that joins. What
is under way is told, and where something is to be written meanwhile Config refuses it, which is asked again. Where a pack
failed in an account, it is put again by the first execution that comes an hour later or more.

https://docs.aws.amazon.com/config/latest/developerguide/conformance-pack-organization-apis.html
https://docs.aws.amazon.com/config/latest/APIReference/API_PutOrganizationConformancePack.html
https://docs.aws.amazon.com/config/latest/APIReference/API_OrganizationConformancePackStatus.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from botocore.exceptions import ClientError
from pydantic import AfterValidator, Field, model_validator

from groundwork.baseline.component import Call, Component, Permission, Target, removal
from groundwork.baseline.places import MOST_NAMES
from groundwork.baseline.regions import FIND_REGIONS, governed, in_each, skipped
from groundwork.contracts import Model
from groundwork.declaration import Declaration
from groundwork.declaration.loading import FILE
from groundwork.errors import InvalidDeclaration
from groundwork.fields import AccountName

from .templates import OURS, Template, rendered

SETUP = "config-multiaccountsetup.amazonaws.com"
PUT_AGAIN = timedelta(hours=1)
"""Longer than the security account's execution takes: no execution puts a pack twice."""
_PACKS = ("arn:{partition}:config:*:{account}:organization-conformance-pack/*",)
_ROLES = "arn:{partition}:iam::{account}:role/"
_ROLE = "AWSServiceRoleForConfigMultiAccountSetup"


def _pack_name(value: str) -> str:
    if not re.fullmatch(r"[a-zA-Z][-a-zA-Z0-9]{0,127}", value):
        raise ValueError("must begin with a letter, and hold letters, digits and hyphens only, at most 128")
    return value


class Pack(Model):
    name: Annotated[str, AfterValidator(_pack_name)]
    template: str = Field(description="A file of conformance-packs/, without .yaml")
    parameters: dict[str, str] = Field(
        default_factory=dict, description="Of the template, where its defaults are not meant"
    )
    except_accounts: list[AccountName] = Field(
        default_factory=list, description="Accounts that do not get it, by name, or by id"
    )


class Settings(Model):
    packs: list[Pack] = Field(default_factory=list)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Settings:
        names = [each.name for each in self.packs]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"packs: two are called {twice!r}; rename one")
        return self


@dataclass(frozen=True)
class Region:
    """What is there: packs by name, what became of them, and where they failed, each account with why."""

    packs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    statuses: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    failures: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """A Region is None where the security account does not administer it yet. `accounts` has the ids of those that are
    named in exceptions, by name."""

    regions: Mapping[str, Region | None] = field(default_factory=dict)
    off: tuple[str, ...] = ()
    accounts: Mapping[str, str] = field(default_factory=dict)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))


class ConformancePack(Component[Found]):
    name = "conformance-pack"
    kinds = ("security",)
    settings = Settings
    reads = (
        Permission(
            [
                "config:DescribeOrganizationConformancePacks",
                "config:DescribeOrganizationConformancePackStatuses",
            ]
        ),
        Permission(["config:GetOrganizationConformancePackDetailedStatus"], _PACKS),
        # Config sees by it that whoever asks is its delegated administrator.
        Permission(["organizations:ListDelegatedAdministrators", "organizations:ListAccounts"]),
        FIND_REGIONS,
    )
    writes = (
        Permission(
            ["config:PutOrganizationConformancePack", "config:DeleteOrganizationConformancePack"], _PACKS
        ),
        Permission(["iam:GetRole"], [f"{_ROLES}*{_ROLE}"]),
        Permission(["iam:CreateServiceLinkedRole"], [f"{_ROLES}aws-service-role/{SETUP}/*"]),
    )

    def rendered(self, declaration: Declaration) -> Sequence[Template]:
        if not declaration.has_component("config"):
            raise InvalidDeclaration(
                f"{FILE}: baseline.security: conformance-pack needs config: add it. With it the security account administers {SETUP}."
            )
        packs: Sequence[Pack] = declaration.settings(self.name).packs
        return [_template(number, pack, declaration) for number, pack in enumerate(packs)]

    def read(self, target: Target) -> Found:
        packs: Sequence[Pack] = target.declaration.settings(self.name).packs
        on, off = governed(target)
        names = {account for pack in packs for account in pack.except_accounts if not account.isdigit()}
        regions = in_each(target, "config", on, _region)
        asks = names or any(region and any(region.failures.values()) for region in regions.values())
        accounts = _accounts(target) if asks else []
        closed = {each["Id"] for each in accounts if each["State"] != "ACTIVE"}
        # Of two accounts of one name, one of them closed, the open one is meant.
        accounts.sort(key=lambda each: bool(each["State"] == "ACTIVE"))
        by_name = {each["Name"]: str(each["Id"]) for each in accounts}
        return Found({name: _in_open(region, closed) for name, region in regions.items()}, off, by_name)

    def diff(self, found: Found, target: Target) -> Iterator[Call]:
        packs: Sequence[Pack] = target.declaration.settings(self.name).packs
        for pack, template in zip(packs, self.rendered(target.declaration), strict=True):
            if unknown := [
                each for each in pack.except_accounts if not each.isdigit() and each not in found.accounts
            ]:
                told = (
                    f"is left as it is: conformancePack.packs names the account {unknown[0]!r} in exceptAccounts, and no account "
                    "is called so: correct it"
                )
                yield _report(f"conformance pack {pack.name}", told, "medium")
                continue
            wanted = _wanted(pack, template, found.accounts)
            for name, region in found.regions.items():
                yield from _of_pack(wanted, name, region, found.now)
        declared = {pack.name for pack in packs}
        for name, region in found.regions.items():
            yield from _former(name, region, declared, target)
        yield from skipped("config", found.off)

    def left(self, target: Target) -> Iterable[Call]:
        for name, region in in_each(target, "config", governed(target).on, _region).items():
            yield from _former(name, region, set(), target)


def _template(number: int, pack: Pack, declaration: Declaration) -> Template:
    key = f"conformancePack.packs.{number}"
    text = declaration.conformance_packs.get(pack.template)
    if text is None:
        raise InvalidDeclaration(
            f"{FILE}: {key}.template: {pack.template!r} is no file in conformance-packs/; add "
            f"conformance-packs/{pack.template}.yaml."
        )
    return rendered(pack.template, text, pack.parameters, f"{key}.parameters")


# -- read ----------------------------------------------------------------------------------------------


def _region(client: Any) -> Region | None:
    try:
        packs = {
            each["OrganizationConformancePackName"]: each
            for page in client.get_paginator("describe_organization_conformance_packs").paginate()
            for each in page["OrganizationConformancePacks"]
        }
    except ClientError as refused:
        if refused.response["Error"]["Code"] != "OrganizationAccessDeniedException":
            raise
        return None
    if not packs:
        return Region()
    statuses = {
        each["OrganizationConformancePackName"]: each
        for page in client.get_paginator("describe_organization_conformance_pack_statuses").paginate()
        for each in page["OrganizationConformancePackStatuses"]
    }
    failed = [name for name, each in statuses.items() if each["Status"] in ("CREATE_FAILED", "UPDATE_FAILED")]
    return Region(packs, statuses, {name: _failures(client, name) for name in failed if name in packs})


def _failures(client: Any, name: str) -> list[Mapping[str, Any]]:
    pages = client.get_paginator("get_organization_conformance_pack_detailed_status")
    return [
        each
        for status in ("CREATE_FAILED", "UPDATE_FAILED")
        for page in pages.paginate(OrganizationConformancePackName=name, Filters={"Status": status})
        for each in page["OrganizationConformancePackDetailedStatuses"]
    ]


def _accounts(target: Target) -> list[Mapping[str, Any]]:
    pages = target.client("organizations").get_paginator("list_accounts").paginate()
    return [each for page in pages for each in page["Accounts"]]


def _in_open(region: Region | None, closed: Collection[str]) -> Region | None:
    """In an account that was closed Config can do nothing any more, and fails for as long as the organization has it.

    https://github.com/hashicorp/terraform-provider-aws/issues/10455
    """
    if region is None:
        return None
    failures = {
        pack: [each for each in failed if each["AccountId"] not in closed]
        for pack, failed in region.failures.items()
    }
    return replace(region, failures=failures)


# -- diff ----------------------------------------------------------------------------------------------


def _wanted(pack: Pack, template: Template, accounts: Mapping[str, str]) -> dict[str, Any]:
    return {
        "OrganizationConformancePackName": pack.name,
        "TemplateBody": template.body,
        "ConformancePackInputParameters": [
            {"ParameterName": name, "ParameterValue": value} for name, value in template.parameters.items()
        ],
        "ExcludedAccounts": sorted({accounts.get(each, each) for each in pack.except_accounts}),
    }


def _of_pack(wanted: Mapping[str, Any], name: str, region: Region | None, now: datetime) -> Iterator[Call]:
    pack = str(wanted["OrganizationConformancePackName"])
    resource = f"conformance pack {pack} in {name}"
    put = ("config", "PutOrganizationConformancePack", wanted, resource)
    if region is None or pack not in region.packs:
        yield Call(
            *(*put, "create", "does not exist: Config checks no account by it", name),
            after="" if region else f"delegated administrator of {SETUP}",
        )
        return
    if reasons := [*_differences(wanted, region.packs[pack])]:
        yield Call(*(*put, "update", "; ".join(reasons), name))
        return
    state = region.statuses.get(pack, {})
    if failures := region.failures.get(pack):
        told = f"failed in {_in_words(failures)}"
        if now - state["LastUpdateTime"] > PUT_AGAIN:
            yield Call(*(*put, "update", told, name))
        else:
            remedy = (
                f"see to it that AWS Config records there, or name them in exceptAccounts; the first execution after "
                f"{state['LastUpdateTime'] + PUT_AGAIN:%Y-%m-%d %H:%M} puts it again"
            )
            yield _report(resource, f"{told}: {remedy}", "medium")
    elif str(state.get("Status")).endswith("IN_PROGRESS"):
        yield _report(resource, f"Config is at work on it ({state['Status']})", "low")


def _differences(wanted: Mapping[str, Any], there: Mapping[str, Any]) -> Iterator[str]:
    now, then = _parameters(there), _parameters(wanted)
    if OURS not in now:
        yield "was put by others, and is taken over as it is declared"
        return
    if now.pop(OURS) != then.pop(OURS):
        yield "has another template"
    for name in sorted(now.keys() | then.keys()):
        if now.get(name) != then.get(name):
            yield f"its parameter {name} is {now.get(name, 'not set')}; expected {then.get(name, 'the default')}"
    spared, expected = set(there.get("ExcludedAccounts", [])), set(wanted["ExcludedAccounts"])
    if more := sorted(spared - expected):
        yield f"leaves out {', '.join(more)}"
    if fewer := sorted(expected - spared):
        yield f"does not leave out {', '.join(fewer)}"


def _parameters(pack: Mapping[str, Any]) -> dict[str, str]:
    return {
        each["ParameterName"]: each["ParameterValue"]
        for each in pack.get("ConformancePackInputParameters", [])
    }


def _in_words(failures: Sequence[Mapping[str, Any]]) -> str:
    told = [
        f"account {each['AccountId']} ({each.get('ErrorCode', 'AWS says no more')}"
        + (f": {each['ErrorMessage']}" if each.get("ErrorMessage") else "")
        + ")"
        for each in failures[:MOST_NAMES]
    ]
    more = f" and {len(failures) - MOST_NAMES} more" if len(failures) > MOST_NAMES else ""
    return ", ".join(told) + more


def _former(name: str, region: Region | None, declared: set[str], target: Target) -> Iterator[Call]:
    region = region or Region()
    for pack, there in region.packs.items():
        leaving = region.statuses.get(pack, {}).get("Status") == "DELETE_IN_PROGRESS"
        if pack not in declared and OURS in _parameters(there) and not leaving:
            given = {"OrganizationConformancePackName": pack}
            resource, why = f"conformance pack {pack} in {name}", "is ours, and no longer declared"
            call = Call("config", "DeleteOrganizationConformancePack", given, resource, "delete", why, name)
            yield from removal("conformance-pack", [call], target)


def _report(resource: str, told: str, severity: Any) -> Call:
    return Call("config", "", {}, resource, "report", told, severity=severity)
