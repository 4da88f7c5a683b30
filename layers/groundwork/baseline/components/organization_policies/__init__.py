"""organization-policies: EC2's, S3's and AI services' policies of the organization, which hold settings in every account
without a call in any (`documents.py` has what they say).

They hold against everybody in an account, the entry roles included, and nothing that Groundwork does there is among what
they refuse: what they hold, `account-settings` does not ask about (docs/decisions/0032).

Policies of others stay as they are. While one of them says otherwise, ours is not attached, since that would overrule, or
be overruled by, a decision of somebody; it is reported, and an exception says what is meant.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_ec2.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_s3.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_ai-opt-out.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from itertools import groupby, product

from groundwork.baseline import central_policies
from groundwork.baseline.central_policies import Other, Policy, PolicyType
from groundwork.baseline.component import Call, Component, Permission, Target
from groundwork.baseline.components import COMPONENTS
from groundwork.baseline.components.organization_policies.documents import (
    NAMES,
    REFUSED,
    S3,
    TYPES,
    UNHELD,
    Path,
    document,
    held,
    type_of,
)
from groundwork.baseline.components.organization_policies.others import Conflict, conflicts
from groundwork.baseline.places import Member, bound, members, places
from groundwork.contracts import Severity
from groundwork.declaration import Declaration
from groundwork.declaration.organization_policies import Held, PolicyException
from groundwork.declaration.policy_files import Document
from groundwork.errors import InvalidDeclaration

HARM = {
    "DECLARATIVE_POLICY_EC2": "accounts could make snapshots and images public, and launch with IMDSv1",
    "S3_POLICY": "each account decides for itself whether its buckets may be public",
    "AISERVICES_OPT_OUT_POLICY": "AI services may keep and learn from what they are given",
}
KNOWS = "account-settings"
"""The component that asks nothing where a policy holds it."""
SEVERITY: Mapping[str, Severity] = {"AISERVICES_OPT_OUT_POLICY": "medium"}


@dataclass(frozen=True)
class Found:
    """By the name of a policy type. `members` are read where an exception names an id, something is not attached, or
    somebody else's policy hangs on an account."""

    policies: Mapping[str, central_policies.Found]
    others: Mapping[str, tuple[Other, ...]]
    members: tuple[Member, ...] = ()


class OrganizationPolicies(Component[Found]):
    name = "organization-policies"
    kinds = ("management",)
    reads = (central_policies.READS, Permission(("organizations:ListAccounts",)))
    writes = (
        *central_policies.writes(*(each.name for each in TYPES)),
        Permission(
            ("organizations:AttachPolicy",), ("arn:{partition}:organizations::{account}:account/o-*/*",)
        ),
    )

    def rendered(self, declaration: Declaration) -> Sequence[Document]:
        """Raises `InvalidDeclaration` where what is held would refuse a component its work."""
        found = held(declaration.organization_policies)
        names = {name for names in declaration.baseline.values() for name in names} - {KNOWS}
        for what, name in product(found, sorted(names)):
            calls = {action for permission in COMPONENTS[name].writes for action in permission.actions}
            if refused := sorted(
                action for action in REFUSED[what] if any(fnmatch(action, one) for one in calls)
            ):
                raise InvalidDeclaration(
                    f"organizationPolicies.{what}: the component {name} calls {refused[0]}, which AWS refuses to everybody "
                    f"while a policy holds this; set {what} to false or null, or take {name} out of the baseline."
                )
        return [document(settings) for settings in found.values()]

    def read(self, target: Target) -> Found:
        client, found = target.client("organizations"), dict[str, central_policies.Found]()
        others, missing = dict[str, tuple[Other, ...]](), False
        # AWS is asked about no account that is gone: it would fail the run.
        known = members(target) if target.declaration.organization_policies.ids_in_exceptions else ()
        for each in TYPES:
            wanted = _wanted(each, target, known)
            names, at = {policy.name for policy in wanted}, {place for p in wanted for place in p.places}
            if wanted:
                at.add(target.organization.root_id)
                others[each.name] = central_policies.others(client, each.name, names, each.description)
                missing |= any(place.isdigit() for other in others[each.name] for place in other.attached)
            there = found[each.name] = central_policies.read(each, names, at, target)
            missing |= any(p.places.keys() - there.attached.get(p.name, frozenset()) for p in wanted)
        return Found(found, others, known or (members(target) if missing else ()))

    def diff(self, found: Found, target: Target) -> Iterator[Call]:
        for each in TYPES:
            there, wanted = found.policies[each.name], _wanted(each, target, found.members)
            in_the_way = list(_in_the_way(each, wanted, found, target))
            if wanted and not _is_attached(wanted[0], there) and any(one.bad for one in in_the_way):
                remedy = "name the place under organizationPolicies.exceptions, or take that policy off"
                for one in in_the_way:
                    yield _report(each, f"is not laid down: {one.words}; {remedy}", "high")
                continue
            yield from central_policies.calls(each, wanted, there, target)
            for one in in_the_way:
                remedy = "take it off, or declare an exception for the place"
                yield _report(each, f"{one.words}; {remedy}", "high" if one.bad else "low")
        yield from _unknown(found.members, target)

    def left(self, target: Target) -> Iterator[Call]:
        for each in TYPES:
            yield from central_policies.left(each, self.name, (), target)


def _is_attached(policy: Policy, found: central_policies.Found) -> bool:
    return policy.places.keys() <= found.attached.get(policy.name, frozenset())


def _report(policy_type: PolicyType, reason: str, severity: Severity) -> Call:
    resource = f"{policy_type.words} {NAMES[policy_type.name]}"
    return Call("organizations", "AttachPolicy", {}, resource, "report", reason, severity=severity)


# -- what is wanted ------------------------------------------------------------------------------------


def _wanted(policy_type: PolicyType, target: Target, known: Sequence[Member]) -> list[Policy]:
    """The policy that holds, and one for each set of settings that is excepted somewhere. Empty where nothing is held, and
    where the unit to begin with is not there yet."""
    declared = target.declaration.organization_policies
    parts = {what: each for what, each in held(declared).items() if type_of(each) == policy_type.name}
    begins = places([declared.from_unit] if declared.from_unit else [], target)
    if not parts or not begins:
        return []
    ((place, at),) = begins.items()
    everything = {path: value for each in parts.values() for path, value in each.items()}
    name, exceptions = NAMES[policy_type.name], _exceptions(policy_type, known, target)
    severity = SEVERITY.get(policy_type.name, "high")
    wanted = [
        Policy(
            name,
            document(everything, _open(policy_type, known, target)),
            {place: at},
            harm=HARM[policy_type.name],
            idle=f"it holds in no account; there it binds {bound(place, known, target)}",
            severity=severity,
        )
    ]
    for whats, spared in exceptions:
        loose = {path: UNHELD[path] for what in whats for path in parts[what]}
        harm = f"{', '.join(whats)} {'is' if len(whats) == 1 else 'are'} held where an exception is declared"
        reached = "; ".join(bound(each, known, target) for each in spared)
        wanted.append(
            Policy(
                f"{name}-except-{'-'.join(whats)}",
                document(loose),
                spared,
                harm=harm,
                idle=f"{harm}; it spares {reached}",
                severity="medium",
            )
        )
    return wanted


def _exceptions(
    policy_type: PolicyType, known: Sequence[Member], target: Target
) -> list[tuple[list[Held], dict[str, str]]]:
    """The settings of that type that are excepted together, and the ids of where, each with words."""
    declared = target.declaration.organization_policies
    parts = {what for what, each in held(declared).items() if type_of(each) == policy_type.name}
    at: dict[str, set[Held]] = {}
    words: dict[str, str] = {}
    for each in declared.exceptions:
        for place, where in _places(each, known, target):
            at.setdefault(place, set()).update(parts.intersection(each.what))
            words[place] = f"{where} ({each.reason})"
    in_order = sorted((sorted(whats), place) for place, whats in at.items() if whats)
    return [
        (whats, {place: words[place] for _, place in group})
        for whats, group in groupby(in_order, key=lambda one: one[0])
    ]


def _places(exception: PolicyException, known: Sequence[Member], target: Target) -> Iterator[tuple[str, str]]:
    named = target.organization.named_accounts
    if exception.organizational_units:
        yield from places(exception.organizational_units, target).items()
    for account in exception.accounts:
        if account in named or _is_there(account, known, target):
            yield named.get(account, account), f"the account {account}"


def _is_there(account: str, known: Sequence[Member], target: Target) -> bool:
    """Whether this is the id of an account that can have a policy."""
    management = target.organization.management_account_id
    return account == management or any(each.id == account and each.active for each in known)


def _open(policy_type: PolicyType, known: Sequence[Member], target: Target) -> dict[Path, set[str]]:
    """The settings that are excepted somewhere, and the ids of where."""
    parts, found = held(target.declaration.organization_policies), dict[Path, set[str]]()
    for whats, spared in _exceptions(policy_type, known, target):
        for path in (path for what in whats for path in parts[what]):
            found.setdefault(path, set()).update(spared)
    return found


def _unknown(known: Sequence[Member], target: Target) -> Iterator[Call]:
    declared = target.declaration.organization_policies
    for account in sorted(declared.ids_in_exceptions):
        if not _is_there(account, known, target):
            gone = (
                f"organizationPolicies.exceptions names the account {account}, and no active account of the organization has this "
                "id: correct it, or take it out"
            )
            yield _report(S3, gone, "medium")
    for name in sorted(declared.names_in_exceptions - target.organization.named_accounts.keys()):
        nobody = f"organizationPolicies.exceptions names the account {name!r}, and no account is called so: correct it"
        yield _report(S3, nobody, "medium")


# -- policies of others --------------------------------------------------------------------------------


def _in_the_way(
    policy_type: PolicyType, wanted: Sequence[Policy], found: Found, target: Target
) -> Iterator[Conflict]:
    if not wanted:
        return
    parts = held(target.declaration.organization_policies).values()
    ours = [each for each in parts if type_of(each) == policy_type.name]
    settings = {path: value for each in ours for path, value in each.items()}
    attached = _is_attached(wanted[0], found.policies[policy_type.name])
    excepted = _open(policy_type, found.members, target)
    for other in found.others.get(policy_type.name, ()):
        for place in wanted[0].places:
            yield from conflicts(other, settings, place, excepted, found.members, target, attached=attached)
