"""sensitive-data: Amazon Macie watches the S3 buckets of every account, in the governed Regions, run from the security account.

The security account, which `delegation` makes its administrator, switches it on for accounts to come, adds those that were
there before and those that somebody removed, and says whether Macie takes samples of what is in buckets (automated
discovery), which it may begin with by itself. No administrator may switch Macie on in the management account: that one does
it itself, where the component is in its line. What somebody else runs for the organization is reported, and left alone.
Macie is never switched off here.

https://docs.aws.amazon.com/macie/latest/user/accounts-mgmt-ao-notes.html
https://docs.aws.amazon.com/macie/latest/user/accounts-mgmt-ao-administer.html
https://docs.aws.amazon.com/macie/latest/user/discovery-asdd-account-enable.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, TypeVar

from botocore.exceptions import ClientError
from pydantic import Field

from groundwork.aws.sessions import DENIALS
from groundwork.baseline import administrators
from groundwork.baseline.component import Call, Component, Permission, Target
from groundwork.baseline.regions import FIND_REGIONS, governed, in_each, skipped
from groundwork.contracts import Kind, Model, Severity
from groundwork.fields import AccountName

SERVICE = "macie.amazonaws.com"
IN_OPT_IN_REGIONS = "macie.*.amazonaws.com"
"""There the service-linked role names the Region, as macie.me-south-1.amazonaws.com."""
MANAGEMENT: tuple[Kind, ...] = ("management",)
SECURITY: tuple[Kind, ...] = ("security",)
ON = "ENABLED"
FREQUENCIES: Mapping[str, str] = {
    "fifteen-minutes": "FIFTEEN_MINUTES",
    "one-hour": "ONE_HOUR",
    "six-hours": "SIX_HOURS",
}
PUBLISHED = {"publishClassificationFindings": False, "publishPolicyFindings": True}
"""What goes to Security Hub where nobody says otherwise."""
REFUSALS = DENIALS | {"ResourceNotFoundException"}
SETTLED = ("Enabled", "AccountSuspended")

Answer = TypeVar("Answer")


class Settings(Model):
    """Amazon Macie for the organization."""

    publishing_frequency: Literal["fifteen-minutes", "one-hour", "six-hours"] = Field(
        default="fifteen-minutes", description="How often a policy finding that goes on is published again"
    )
    automated_discovery: bool = Field(
        default=False,
        description="Whether Macie takes samples of the objects in all buckets of all its accounts; billed by object and gigabyte",
    )
    security_hub: bool | None = Field(
        default=None,
        description="Whether the security account's findings of sensitive data go to Security Hub, where those about buckets "
        "go by AWS's default. Left as it is unless it is said",
    )
    except_accounts: list[AccountName] = Field(
        default_factory=list, description="Accounts that are left as they are, by name, or by id"
    )


class Listed(NamedTuple):
    """An account of the organization."""

    name: str
    email: str


@dataclass(frozen=True)
class Region:
    """Macie in the account; `status` is empty while it is off. `discovers` says whether automated discovery is on, and in
    which members it goes on by itself; None in a member, whose administrator says. `auto_enable` is None while the account
    does not administer the Region. `members` has the relationship of each account that is associated, by id."""

    status: str = ""
    frequency: str = ""
    discovers: tuple[bool, str] | None = None
    publishes: Mapping[str, bool] = field(default_factory=lambda: PUBLISHED)
    auto_enable: bool | None = None
    members: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """`others` are accounts besides the security account that administer Macie. `accounts` are the organization's active
    ones, by id; none while this account may not list them."""

    regions: Mapping[str, Region] = field(default_factory=dict)
    off: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    accounts: Mapping[str, Listed] = field(default_factory=dict)


class SensitiveData(Component[Found]):
    name = "sensitive-data"
    kinds = ("management", "security")
    settings = Settings
    reads = (
        Permission(["macie2:GetAutomatedDiscoveryConfiguration", "macie2:GetMacieSession"]),
        Permission(administrators.looks(["macie2"]), kinds=MANAGEMENT),
        Permission(
            [
                "macie2:DescribeOrganizationConfiguration",
                "macie2:GetFindingsPublicationConfiguration",
                "macie2:ListMembers",
                "organizations:ListAccounts",
                "organizations:ListDelegatedAdministrators",
            ],
            kinds=SECURITY,
        ),
        FIND_REGIONS,
    )
    writes = (
        Permission(
            [
                "macie2:EnableMacie",
                "macie2:UpdateAutomatedDiscoveryConfiguration",
                "macie2:UpdateMacieSession",
            ]
        ),
        Permission(
            [
                "macie2:CreateMember",
                "macie2:PutFindingsPublicationConfiguration",
                "macie2:UpdateMemberSession",
                "macie2:UpdateOrganizationConfiguration",
            ],
            kinds=SECURITY,
        ),
        Permission(
            ["iam:CreateServiceLinkedRole"],
            ["arn:{partition}:iam::{account}:role/aws-service-role/macie.*"],
            {"StringLike": {"iam:AWSServiceName": [SERVICE, IN_OPT_IN_REGIONS]}},
        ),
    )

    def read(self, target: Target) -> Found:
        on, off = governed(target)
        if target.account.kind == "management":
            there = administrators.strangers(administrators.read("macie2", on, target), target)
            others = tuple(sorted(set(there.values())))
            return Found({} if others else in_each(target, "macie2", on, _account), off, others)
        known = administrators.registered_if_known(SERVICE, target)
        others = tuple(sorted(account for account in known if account != target.account.id))
        if others:
            return Found(off=off, others=others)
        return Found(in_each(target, "macie2", on, _administrator), off, accounts=_accounts(target))

    def diff(self, found: Found, target: Target) -> Iterator[Call]:
        settings: Settings = target.declaration.settings(self.name)
        if found.others:
            told = (
                f"is administered by account {', '.join(found.others)}, which runs it for the organization: it is left alone, here "
                "too. Take sensitive-data out of the baseline, or take that account off by hand in the management account (aws "
                "macie2 disable-organization-admin-account)"
            )
            yield _report("Macie", told)
        for name, region in found.regions.items():
            is_security = target.account.kind == "security"
            if is_security or not _is_member(region):
                yield from _session(name, region, settings)
                yield from _discovery(name, region, settings)
            if is_security:
                yield from _findings(name, region, settings)
                yield from _auto_enable(name, region, target)
        yield from _members(found, settings, target)
        yield from skipped("macie2", found.off)


# -- read ----------------------------------------------------------------------------------------------


def _account(client: Any) -> Region:
    session = _unless_refused(client.get_macie_session)
    if session is None:
        return Region()
    found = _unless_refused(client.get_automated_discovery_configuration)
    discovers = found and (found["status"] == ON, found.get("autoEnableOrganizationMembers", ""))
    return Region(session["status"], session["findingPublishingFrequency"], discovers)


def _administrator(client: Any) -> Region:
    region = _account(client)
    if not region.status:
        return region
    settings = _unless_refused(client.describe_organization_configuration)
    published = _unless_refused(client.get_findings_publication_configuration) or {}
    return replace(
        region,
        publishes=published.get("securityHubConfiguration", PUBLISHED),
        auto_enable=None if settings is None else settings["autoEnable"],
        members=_associated(client) if settings else {},
    )


def _associated(client: Any) -> dict[str, str]:
    """Those, too, that are members no more."""
    pages = client.get_paginator("list_members").paginate(onlyAssociated="false")
    return {each["accountId"]: each["relationshipStatus"] for page in pages for each in page["members"]}


def _unless_refused(ask: Callable[[], Answer]) -> Answer | None:
    """None where Macie is off or suspended, or it is not this account's to say. Macie tells that with the code that IAM has
    for who may not ask, and IAM names the action."""
    try:
        return ask()
    except ClientError as refused:
        error = refused.response["Error"]
        if error["Code"] not in REFUSALS or "not authorized to perform" in error["Message"]:
            raise
        return None


def _accounts(target: Target) -> dict[str, Listed]:
    pages = target.client("organizations").get_paginator("list_accounts").paginate()
    try:
        listed = [each for page in pages for each in page["Accounts"]]
    except ClientError as refused:
        if refused.response["Error"]["Code"] not in DENIALS:
            raise
        return {}  # it administers nothing yet
    return {each["Id"]: Listed(each["Name"], each["Email"]) for each in listed if each["State"] == "ACTIVE"}


# -- diff ----------------------------------------------------------------------------------------------


def _is_member(region: Region) -> bool:
    """What a member has is its administrator's to say."""
    return bool(region.status) and region.discovers is None


def _session(name: str, region: Region, settings: Settings) -> Iterator[Call]:
    resource, frequency = f"Macie in {name}", FREQUENCIES[settings.publishing_frequency]
    wanted = {"status": ON, "findingPublishingFrequency": frequency}
    if not region.status:
        off = "is off: nobody sees which buckets are open to others or unencrypted"
        yield Call("macie2", "EnableMacie", wanted, resource, "create", off, name)
    else:
        there = {"status": region.status, "findingPublishingFrequency": region.frequency}
        reasons = {
            "status": "is suspended: nobody sees which buckets are open to others or unencrypted",
            "findingPublishingFrequency": f"publishes findings again by {region.frequency}; expected {frequency}",
        }
        missing = {key: value for key, value in wanted.items() if there[key] != value}
        if missing:
            reason = "; ".join(reasons[key] for key in missing)
            yield Call("macie2", "UpdateMacieSession", missing, resource, "update", reason, name)


def _discovery(name: str, region: Region, settings: Settings) -> Iterator[Call]:
    """Set also where Macie does not say, being off or suspended: AWS does not say with which it begins."""
    wanted = {"status": "DISABLED"}
    if settings.automated_discovery:
        wanted = {"status": ON, "autoEnableOrganizationMembers": "ALL"}
    on, members = region.discovers or (None, "")
    if on is None:
        reason = f"is not known; expected {'on' if settings.automated_discovery else 'off'}"
    elif on and not settings.automated_discovery:
        reason = "is on, and AWS bills what it looks at; expected off"
    elif not on and settings.automated_discovery:
        reason = "is off: Macie looks into no bucket; expected on"
    elif on and members != "ALL":
        reason = f"is on by itself in {members or 'no'} members; expected all"
    else:
        return
    resource = f"automated discovery in {name}"
    yield Call("macie2", "UpdateAutomatedDiscoveryConfiguration", wanted, resource, "update", reason, name)


def _findings(name: str, region: Region, settings: Settings) -> Iterator[Call]:
    wanted, key = settings.security_hub, "publishClassificationFindings"
    if wanted is not None and region.publishes[key] != wanted:
        reason = "goes to Security Hub; expected not to" if not wanted else "does not go to Security Hub"
        yield Call(
            "macie2",
            "PutFindingsPublicationConfiguration",
            {"securityHubConfiguration": {**region.publishes, key: wanted}},
            f"sensitive data that Macie finds in {name}",
            "update",
            reason,
            name,
        )


def _auto_enable(name: str, region: Region, target: Target) -> Iterator[Call]:
    if not region.auto_enable:
        yield Call(
            *("macie2", "UpdateOrganizationConfiguration", {"autoEnable": True}),
            *(f"auto-enable of Macie in {name}", "update"),
            "is off: new accounts have Macie where somebody switches it on",
            name,
            after=_until_it_administers(name, region, target),
        )


def _until_it_administers(name: str, region: Region, target: Target) -> str:
    if region.auto_enable is not None:
        return ""
    return f"{administrators.resource('macie2', name)} is {target.account.name}"


def _members(found: Found, settings: Settings, target: Target) -> Iterator[Call]:
    names = {each.name for each in found.accounts.values()}
    unknown = [each for each in settings.except_accounts if not each.isdigit() and each not in names]
    if found.accounts and unknown:
        told = f"are left as they are: sensitiveData.exceptAccounts names {unknown[0]!r}, and no account is called so: correct it"
        yield _report("members of Macie", told)
        return
    for account, listed in found.accounts.items():
        if not _is_left({account, listed.name}, account, settings, target):
            for name, region in found.regions.items():
                waits = _until_it_administers(name, region, target)
                yield from _member(account, listed, name, region.members.get(account, ""), waits)


def _is_left(known_as: set[str], account: str, settings: Settings, target: Target) -> bool:
    """The administrator itself, whom the declaration excepts, and the management account where it has no Macie of ours."""
    if account == target.organization.management_account_id:
        return SensitiveData.name not in target.declaration.baseline.get("management", [])
    return account == target.account.id or bool(known_as.intersection(settings.except_accounts))


def _member(account: str, listed: Listed, name: str, there: str, waits: str) -> Iterator[Call]:
    resource = f"Macie of account {account} in {name}"
    if there == "Paused":
        given = {"id": account, "status": ON}
        suspended = "is suspended: Macie sees none of its buckets"
        yield Call("macie2", "UpdateMemberSession", given, resource, "update", suspended, name, after=waits)
    elif there == "Created":
        yield _report(resource, "is being switched on by AWS", "low")
    elif there == "RegionDisabled":
        yield _report(resource, "is left out: the Region is not enabled in the account", "low")
    elif there not in SETTLED:
        known = "was taken off" if there == "Removed" else "is not looked at from the security account"
        yield Call(
            "macie2",
            "CreateMember",
            {"account": {"accountId": account, "email": listed.email}},
            resource,
            "create",
            f"{known}: nobody sees which of its buckets are open to others or unencrypted",
            name,
            after=waits,
            personal=("account",),
        )


def _report(resource: str, told: str, severity: Severity = "medium") -> Call:
    return Call("macie2", "", {}, resource, "report", told, severity=severity)
