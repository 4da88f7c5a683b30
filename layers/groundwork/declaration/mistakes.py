"""What no key shows by itself: names that nothing bears, and what AWS would refuse of keys together. All of it is told."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from groundwork.declaration import Declaration
from groundwork.declaration.access import Boundary, Group, Role
from groundwork.declaration.aws_names import (
    SERVICE_LINKED,
    attachable,
    did_you_mean,
    listed_on,
    partitions,
)
from groundwork.declaration.fields import MOST_TAGS
from groundwork.declaration.organization_policies import Held
from groundwork.declaration.own_policies import KINDS, TypeName, faults_in
from groundwork.declaration.stacks import Stack
from groundwork.fields import ancestors, is_below, shown

NEWER = "newerThanGroundwork"


def mistakes(declaration: Declaration) -> Iterator[str]:
    """Each a sentence, which names key, value and remedy. That a policy has its file is checked with the files."""
    yield from _regions(declaration)
    yield from _units(declaration)
    yield from _references(declaration)
    yield from _roles(declaration)
    yield from _managed_policies(declaration)
    yield from _tags(declaration)
    yield from _exceptions(declaration)
    yield from _quarantine(declaration)
    yield from _closing(declaration)
    yield from _own_policies(declaration)


def _regions(declaration: Declaration) -> Iterator[str]:
    known = partitions()
    named = [("regions.governed", name) for name in declaration.regions.governed]
    named += [("guardrails.regions", name) for name in declaration.guardrails.regions or ()]
    for key, name in named:
        if name not in known and name not in declaration.newer_than_groundwork:
            yield (
                f"{key}: {shown(name)} is no Region of AWS{did_you_mean(name, known)}; correct it, or name it "
                f"under {NEWER} if AWS has it"
            )
    home = known.get(declaration.regions.home)
    for name in declaration.regions.governed:
        if home and known.get(name, home) != home:
            yield (
                f"regions.governed: {shown(name)} is in the partition {known[name]} and regions.home in {home}; no "
                "organization spans both: take it out"
            )


# -- units --------------------------------------------------------------------------------------------


def _units(declaration: Declaration) -> Iterator[str]:
    units = declared_units(declaration)
    spellings: dict[str, str] = {}
    for unit in sorted(units):
        other = spellings.setdefault(unit.lower(), unit)
        if other != unit:
            yield (
                f"organizationalUnits: {shown(unit)} and {shown(other)} differ in case alone; write it in one way"
            )
    for key, unit in _named_units(declaration):
        if unit not in units and "*" in unit:
            above = unit.partition("*")[0].rpartition("/")[0]
            instead = f"write {above}" if above else "leave it out for everywhere"
            yield f"{key} the unit {shown(unit)}; a unit stands for all that are below it, without *: {instead}"
        elif unit not in units:
            yield (
                f"{key} the unit {shown(unit)}{did_you_mean(unit, units)}; add it to organizationalUnits, or correct it"
            )


def declared_units(declaration: Declaration) -> set[str]:
    """The units that are declared, and those above them."""
    return {ancestor for unit in declaration.organizational_units for ancestor in ancestors(unit)}


def _named_units(declaration: Declaration) -> Iterator[tuple[str, str]]:
    for account in declaration.accounts:
        if account.organizational_unit is not None:
            yield f"accounts {account.name}: names", account.organizational_unit
    for key, each in _placed(declaration):
        for unit in (*each.where.organizational_units, *each.where.except_organizational_units):
            yield f"{key} {each.name}: where names", unit
    for group in declaration.access.groups:
        for enter in group.enter:
            for unit in enter.organizational_units:
                yield f"access.groups {group.name}: names", unit
    policies = declaration.organization_policies
    for key, units in (
        ("guardrails.where", declaration.guardrails.where),
        ("quarantine.unit", [declaration.quarantine.unit] if declaration.quarantine.unit else []),
        ("closing.unit", [declaration.closing.unit] if declaration.closing.unit else []),
        ("perimeter.where", declaration.perimeter.where),
        ("organizationPolicies.from", [policies.from_unit] if policies.from_unit else []),
        *(("organizationPolicies.exceptions", each.organizational_units) for each in policies.exceptions),
        *((f"ownPolicies {each.name}", each.where) for each in declaration.own_policies),
        ("approvals.organizationalUnits", declaration.approvals.organizational_units),
    ):
        for unit in units:
            yield f"{key}: names", unit


def _placed(declaration: Declaration) -> Iterator[tuple[str, Role | Boundary]]:
    yield from (("access.roles", role) for role in declaration.access.roles)
    yield from (("access.boundaries", boundary) for boundary in declaration.access.boundaries)


# -- who enters what ----------------------------------------------------------------------------------


def _references(declaration: Declaration) -> Iterator[str]:
    roles = {role.name for role in declaration.access.roles}
    groups = {group.name for group in declaration.access.groups}
    for group in declaration.access.groups:
        for enter in group.enter:
            if enter.role not in roles:
                yield (
                    f"access.groups {group.name}: enters {shown(enter.role)}, which is no declared "
                    f"role{did_you_mean(enter.role, roles)}; declare it under access.roles"
                )
    for user in declaration.access.users:
        for name in user.groups:
            if name not in groups:
                yield (
                    f"access.users {user.name}: is in {shown(name)}, which is no declared "
                    f"group{did_you_mean(name, groups)}; declare it under access.groups"
                )


def _roles(declaration: Declaration) -> Iterator[str]:
    others = {boundary.name for boundary in declaration.access.boundaries}
    for role in declaration.access.roles:
        if role.permissions_boundary in others:
            yield (
                f"access.roles {role.name}: permissionsBoundary {role.permissions_boundary!r} is for roles that others "
                "make; name a file of policies/"
            )
        if role.trust.account == "tooling" and declaration.tooling is None:
            yield (
                f"access.roles {role.name}: trusts the tooling account, and accounts declares none; "
                "declare an account of kind tooling"
            )
        if role.name in declaration.entry_role_names:
            yield f"access.roles {role.name}: is an entry role, which AWS makes; choose another name"


# -- AWS managed policies -----------------------------------------------------------------------------


def _managed_policies(declaration: Declaration) -> Iterator[str]:
    newer = declaration.newer_than_groundwork
    holders: tuple[tuple[str, Role | Group | Stack], ...] = (
        *(("access.roles", role) for role in declaration.access.roles),
        *(("access.groups", group) for group in declaration.access.groups),
        *(("stacks", stack) for stack in declaration.stacks),
    )
    for key, holder in holders:
        names = holder.managed_policies
        for name in names:
            yield from _managed_policy(f"{key} {holder.name}: managedPolicies", name, newer)
        if twice := sorted({name for name in names if names.count(name) > 1}):
            yield f"{key} {holder.name}: managedPolicies: names {twice[0]!r} twice; remove one of them"
    for role in declaration.access.roles:
        boundary = role.permissions_boundary
        if boundary is not None and not declaration.has_policy(boundary):
            key = f"access.roles {role.name}: permissionsBoundary"
            yield from _managed_policy(key, boundary, newer, declaration.policy_names)


def _managed_policy(
    key: str, name: str, newer: Collection[str], files: Collection[str] = ()
) -> Iterator[str]:
    if name.startswith(SERVICE_LINKED):
        yield f"{key}: {name!r} is for the service-linked role of one service; IAM attaches it to nothing else"
    elif name not in attachable() and name not in newer:
        what = "neither a file of policies/ nor an AWS managed policy" if files else "no AWS managed policy"
        yield (
            f"{key}: {shown(name)} is {what} of {listed_on()}{did_you_mean(name, {*files, *attachable()})}; correct it, or "
            f"name it under {NEWER} if AWS has it"
        )


# -- tags ---------------------------------------------------------------------------------------------


def _tags(declaration: Declaration) -> Iterator[str]:
    """A user without access keys carries a second tag of ours."""
    access = declaration.access
    for user in access.users:
        keyless = not (access.access_keys if user.access_keys is None else user.access_keys)
        if keyless and len(user.tags) >= MOST_TAGS:
            yield (
                f"access.users {user.name}: tags holds {len(user.tags)}; IAM allows 50 and Groundwork sets two of a user "
                f"without access keys: give at most {MOST_TAGS - 1}"
            )


# -- policies of the organization ---------------------------------------------------------------------


def _exceptions(declaration: Declaration) -> Iterator[str]:
    policies, security, key = (
        declaration.organization_policies,
        declaration.security,
        "organizationPolicies.exceptions",
    )
    for each in policies.exceptions:
        for what in each.what:
            if not policies.holds(what):
                yield f"{key}: excepts {what}, which is not held; take it out, or set organizationPolicies.{what}"
        for unit in each.organizational_units:
            if not policies.reach(unit):
                yield (
                    f"{key}: names the unit {shown(unit)}, which is not in {shown(policies.from_unit)}, where the policies "
                    "are tried first; take it out, or set organizationPolicies.from to null"
                )
        home = security.organizational_unit
        holds_it = [unit for unit in each.organizational_units if home and is_below(home, unit)]
        named = [one for one in each.accounts if one in (security.name, security.id)]
        if "s3PublicAccessBlock" in each.what and (holds_it or named):
            yield (
                f"{key}: excepts s3PublicAccessBlock for {shown((holds_it + named)[0])}, and the security account's buckets "
                "hold the logs of all; take that out"
            )


def _quarantine(declaration: Declaration) -> Iterator[str]:
    """What the unit is not: a place to stay, without its policy, or under an S3 policy that does not reach the accounts'
    own units, which would keep their public access block from being set."""
    unit, tried_in = declaration.quarantine.unit, declaration.organization_policies.from_unit
    if unit is None:
        return
    key = f"quarantine.unit: {shown(unit)}"
    yield from _shut(key, unit, declaration)
    if tried_in is not None and is_below(unit, tried_in):
        yield (
            f"{key} is below organizationPolicies.from, and not every account's own unit is; name a unit outside of it"
        )


def _closing(declaration: Declaration) -> Iterator[str]:
    """What the unit is not: a place to stay, or the one where new accounts wait."""
    unit, quarantine = declaration.closing.unit, declaration.quarantine.unit
    for account in declaration.accounts:
        if account.kind != "workload" and declaration.closing.names(account.id or "", account.name):
            yield f"closing.accounts: names {account.name}, of kind {account.kind}, which is never closed; take it out"
    if unit is None:
        if declaration.closing.accounts:
            yield "closing.accounts: names accounts, and closing.unit, in which they would wait, is not declared; declare it"
        return
    key = f"closing.unit: {shown(unit)}"
    yield from _shut(key, unit, declaration)
    if quarantine is not None and (is_below(unit, quarantine) or is_below(quarantine, unit)):
        yield f"{key} and quarantine.unit, where new accounts wait, must lie apart; name a unit of its own"


def _shut(key: str, unit: str, declaration: Declaration) -> Iterator[str]:
    for other in sorted(declared_units(declaration)):
        if other != unit and is_below(other, unit):
            yield f"{key} has the unit {shown(other)} below it, which its policy closes as well; name a unit with none"
    for account in declaration.accounts:
        if account.organizational_unit == unit:
            yield f"{key} is that of the account {account.name}; name a unit in which no account stays"
    if "guardrails" not in declaration.baseline.get("management", []):
        yield f"{key} is closed by guardrails, which is not in the baseline of management; add it there"


HELD_BY_GROUNDWORK: Mapping[TypeName, tuple[Held, ...]] = {
    "ec2": (
        "imdsV2",
        "snapshotBlockPublicAccess",
        "imageBlockPublicAccess",
        "serialConsoleOff",
        "vpcBlockPublicAccess",
    ),
    "s3": ("s3PublicAccessBlock",),
    "ai-services-opt-out": ("aiServicesOptOut",),
}
"""What `organizationPolicies` may hold by policies of a type: one beside them would overrule it, or be overruled."""


def _own_policies(declaration: Declaration) -> Iterator[str]:
    own = declaration.own_policies
    if own and "own-policies" not in declaration.baseline.get("management", []):
        yield "ownPolicies: the component own-policies lays them down; add it to baseline.management, or take them out"
    names = [each.name.lower() for each in own]
    ours = ("groundwork-", declaration.guardrails.policy, declaration.perimeter.policy)
    for each in own:
        key = f"ownPolicies {each.name}"
        if names.count(each.name.lower()) > 1:
            yield f"{key}: is declared twice; name all units under one where, or rename one"
        if each.name.startswith(ours):
            yield f"{key}: begins as the names of Groundwork's own policies do; rename it and its file"
        if not declaration.has_own_document(each.name):
            yield f"{key}: {each.name!r} is no file in policies/organization/; add {each.file}"
        held = [
            what
            for what in HELD_BY_GROUNDWORK.get(each.type, ())
            if declaration.organization_policies.holds(what)
        ]
        if held and declaration.has_component("organization-policies"):
            yield (
                f"{key}: organizationPolicies holds {', '.join(held)} by a {KINDS[each.type].words} of Groundwork's; declare "
                "what you want there, or set that to false or null"
            )
        elif (
            each.type == "s3"
            and declaration.has_component("account-settings")
            and declaration.account_settings.s3_public_access_block
        ):
            yield f"{key}: takes accountSettings.s3PublicAccessBlock out of the accounts' hands; set that to false"


def own_policy_faults(declaration: Declaration) -> Iterator[str]:
    """What AWS would refuse in the files of the owner's own policies, each a sentence with its file."""
    for each in declaration.own_policies:
        if declaration.has_own_document(each.name):
            for fault in faults_in(declaration.own_document(each.name), KINDS[each.type]):
                yield f"{each.file}: {fault}"
