"""What an organization that is there suggests: which accounts are security and tooling, which units there are, who else
works in it. Each with why; what the credentials may not see is said so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cli.declaration.founding.answers import Answers, Owned
from cli.trouble import DENIED
from groundwork.contracts import Kind, Model

if TYPE_CHECKING:
    from cli.connection import Connection
    from groundwork.aws.organizations import Listed

NAMES: Mapping[Kind, tuple[str, ...]] = {
    "security": ("security", "security-tooling", "audit"),
    "tooling": (
        "mgmt",
        "tooling",
        "tools",
        "shared-services",
        "deployment",
        "ci",
        "ci-cd",
        "cicd",
        "infrastructure",
    ),
}
"""What such accounts are called, most likely first."""
CONTROL_TOWER, IDENTITY_CENTER = "controltower.amazonaws.com", "sso.amazonaws.com"
OF_CONTROL_TOWER = ("audit", "log archive", "log-archive")


class Proposal(Model):
    """`about` is an account, a unit or a service; `proposed` what is written, or done, and `why`."""

    about: str
    proposed: str
    why: str


def proposed(aws: Connection, answers: Answers) -> list[Proposal]:
    """Puts into the answers what the organization suggests. Raises ClientError where its accounts may not be listed."""
    from cli.inventory import unit_paths
    from groundwork.aws.organizations import Organizations
    from groundwork.ledger.directory import pinned_by

    organizations = Organizations(aws.client("organizations"))
    listed = list(organizations.accounts())
    paths = unit_paths(aws, listed)
    places = {each.id: paths.get(each.unit_ids, "") for each in listed}
    services = _allowed(lambda: _trusted(aws))
    towered = CONTROL_TOWER in (services or ())
    found: list[Proposal] = []
    owner = next((each for each in listed if each.id == each.management_account_id), None)
    if owner:
        answers.email = owner.email
        found.append(_of(owner, places, "management", "it manages the organization"))
    pinned = _allowed(lambda: pinned_by(organizations.tags(owner.id))) if owner else None
    look = partial(_owned, listed=listed, places=places, pinned=pinned or {}, towered=towered)
    answers.security, told = look("security", answers.security)
    found.append(told)
    if answers.tooling:
        answers.tooling, told = look("tooling", answers.tooling)
        found.append(told)
    taken = {each.id for each in (answers.security, answers.tooling) if each}
    for each in listed:
        if each is not owner and each.id not in taken:
            why = "it is planned, and never changed until you adopt it: groundwork apply " + each.name
            found.append(_of(each, places, "workload, not declared", why))
    found += _units(aws, listed, answers)
    found += _services(services, answers)
    found += _trails(_allowed(lambda: aws.client("cloudtrail").describe_trails()["trailList"]))
    return found


def _owned(
    kind: Kind,
    default: Owned,
    *,
    listed: Iterable[Listed],
    places: Mapping[str, str],
    pinned: Mapping[Kind, str],
    towered: bool,
) -> tuple[Owned, Proposal]:
    """The account of that kind: the one that Groundwork has made it, or whose name says so, or a new one."""

    def found(account: Listed, why: str) -> tuple[Owned, Proposal]:
        owned = Owned(account.name, account.email, places[account.id] or None, account.id)
        return owned, _of(account, places, kind, why)

    by_name: dict[str, list[Listed]] = {}
    for each in sorted(listed, key=lambda account: account.joined):
        if each.id == pinned.get(kind):
            return found(each, "Groundwork has it so")
        if each.id != each.management_account_id and each.state == "ACTIVE":
            by_name.setdefault(each.name.casefold().replace(" ", "-"), []).append(each)
    for name in NAMES[kind]:
        if name in by_name and not (towered and name in OF_CONTROL_TOWER):
            oldest, *others = by_name[name]
            more = f", and is the oldest of {len(others) + 1} that are" if others else ""
            return found(oldest, f"it is called {oldest.name}{more}")
    why = f"no account is called {', '.join(NAMES[kind][:3])} or the like; it is made when it is asked for"
    return default, Proposal(about=default.name, proposed=f"{kind}, to be made", why=why)


def _of(account: Listed, places: Mapping[str, str], kind: str, why: str) -> Proposal:
    where = f" in {places[account.id]}" if places[account.id] else ""
    return Proposal(about=f"{account.name} ({account.id}){where}", proposed=kind, why=why)


def _units(aws: Connection, listed: Iterable[Listed], answers: Answers) -> Iterator[Proposal]:
    root = next((each.root_id for each in listed), None)
    there = list(_tree(aws.client("organizations"), root)) if root else []
    owned = {each.unit for each in (answers.security, answers.tooling) if each}
    if units := [each for each in there if each not in owned]:
        answers.units = units
        yield Proposal(
            about=", ".join(there), proposed="units", why="they are there; nothing is moved between them"
        )
        told = ", ".join(answers.of_developers) or "no unit"
        why = "by their names: developers change things there, and look elsewhere"
        yield Proposal(about=told, proposed="for developers", why=why)
    else:
        yield Proposal(
            about=", ".join(answers.units), proposed="units, to be made", why="there are no others"
        )


def _tree(client: Any, parent: str, above: str = "") -> Iterator[str]:
    pages = client.get_paginator("list_organizational_units_for_parent").paginate(ParentId=parent)
    for unit in [unit for page in pages for unit in page["OrganizationalUnits"]]:
        path = f"{above}/{unit['Name']}".lstrip("/")
        yield path
        yield from _tree(client, unit["Id"], path)


def _trusted(aws: Connection) -> set[str]:
    pages = aws.client("organizations").get_paginator("list_aws_service_access_for_organization").paginate()
    return {each["ServicePrincipal"] for page in pages for each in page["EnabledServicePrincipals"]}


def _services(services: set[str] | None, answers: Answers) -> Iterator[Proposal]:
    if services is None:
        yield Proposal(
            about="Control Tower, Identity Center", proposed="unknown", why="these credentials may not look"
        )
        return
    if CONTROL_TOWER in services:
        why = "Groundwork comes second in its accounts, and repoints none of its recorders (docs/deploy.md)"
        yield Proposal(about="Control Tower", proposed="stays", why=why)
    if IDENTITY_CENTER in services:
        answers.identity_center = True
        why = "people come by its permission sets: no group and no role for people is declared (docs/existing.md)"
        yield Proposal(about="IAM Identity Center", proposed="stays", why=why)


def _trails(trails: list[Any] | None) -> Iterator[Proposal]:
    if trails is None:
        yield Proposal(about="trails", proposed="unknown", why="these credentials may not look")
    for each in trails or ():
        if each.get("IsOrganizationTrail"):
            why = "it stays; Groundwork's own is a second copy, which is billed (docs/existing.md, 4.)"
            yield Proposal(about=f"organization trail {each['Name']}", proposed="stays", why=why)


def _allowed(ask: Callable[[], Any]) -> Any:
    """None where these credentials may not."""
    try:
        return ask()
    except ClientError as error:
        if error.response["Error"]["Code"] not in DENIED:
            raise
        return None
