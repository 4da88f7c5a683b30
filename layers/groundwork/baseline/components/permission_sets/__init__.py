"""permission-sets: declared roles as permission sets of IAM Identity Center, made once for the organization.

It works in the security account, to which IAM Identity Center is delegated. A change of a permission set reaches the accounts that
have it once it is provisioned again, which AWS does by itself: the state machine asks again until it is done. Who is assigned a
permission set in an account is `account-assignments`'. A permission set that anybody is assigned in the management account is for
that account alone to change.

IAM Identity Center goes on counting an account that was closed among those that have a permission set, and provisions nothing in
it. AWS does not say what becomes of the others then: whoever is behind after that is provisioned one by one.

https://docs.aws.amazon.com/singlesignon/latest/userguide/delegated-admin.html
https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_ProvisionPermissionSet.html
https://github.com/aws-samples/aws-identitycenter-codepipeline-auto-assignment/issues/31
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from groundwork.baseline.component import Call, Component, Permission, Target, known_later, removal
from groundwork.baseline.components.access.documents import NotYetKnown, compact
from groundwork.baseline.components.permission_sets import instance
from groundwork.baseline.components.permission_sets.instance import (
    AGAIN,
    CHANGES,
    INSTANCE,
    LOOKS,
    MOST_FAILURES,
    OURS,
    PERMISSION_SET,
    Instance,
    Requests,
    Standing,
)
from groundwork.baseline.components.permission_sets.state import PermissionSet, duration_of, read, wanted
from groundwork.baseline.documents import differences, widens
from groundwork.contracts import Severity
from groundwork.declaration import identity_center
from groundwork.declaration.access import Role
from groundwork.declaration.settings import PERMISSION_SETS
from groundwork.errors import IdentityCenterFailed, IdentityCenterInProgress
from groundwork.side_by_side import side_by_side

_SETS = (INSTANCE, PERMISSION_SET)
_ALL_ACCOUNTS = "arn:{partition}:sso:::account/*"


@dataclass(frozen=True)
class Found:
    """`sets` are ours, by name; `others` the names of those that somebody else made. `provisioning` is what AWS was asked to bring to
    accounts. `closed` are accounts that have one and are not open, looked for where accounts are behind, or keep one that goes."""

    standing: Standing = field(default_factory=Standing)
    sets: Mapping[str, PermissionSet] = field(default_factory=dict)
    others: frozenset[str] = frozenset()
    provisioning: Requests = field(default_factory=Requests)
    closed: frozenset[str] = frozenset()

    def behind(self, one: PermissionSet) -> frozenset[str]:
        """The open accounts that have it as it was before."""
        return one.outdated - self.closed

    def failed(self, one: PermissionSet, account: str = "") -> list[Mapping[str, Any]]:
        """In any account, or in this one."""
        ours = [each for each in self.provisioning.failed if each["PermissionSetArn"] == one.arn]
        return [each for each in ours if not account or each.get("AccountId") == account]

    def goes_one_by_one(self, one: PermissionSet) -> bool:
        """Whether AWS has left open accounts behind when it came to a closed one."""
        return bool(self.closed.intersection(one.accounts) and self.failed(one))

    def one_by_one(self, one: PermissionSet) -> frozenset[str]:
        """The open accounts that are behind then, without those in which it failed too often."""
        if not self.goes_one_by_one(one):
            return frozenset()
        count = Counter(each.get("AccountId", "") for each in self.failed(one))
        return frozenset(each for each in self.behind(one) if count[each] < MOST_FAILURES)

    def has_failed(self, one: PermissionSet) -> bool:
        """Whether nothing more is asked for."""
        if self.goes_one_by_one(one):
            return not self.one_by_one(one)
        return len(self.failed(one)) >= MOST_FAILURES


class PermissionSets(Component[Found]):
    name = PERMISSION_SETS
    kinds = ("security",)
    lasting = IdentityCenterInProgress
    reads = (
        *LOOKS,
        Permission(
            [
                "sso:DescribePermissionSetProvisioningStatus",
                "sso:GetInlinePolicyForPermissionSet",
                "sso:GetPermissionsBoundaryForPermissionSet",
                "sso:ListAccountsForProvisionedPermissionSet",
                "sso:ListCustomerManagedPolicyReferencesInPermissionSet",
                "sso:ListManagedPoliciesInPermissionSet",
                "sso:ListPermissionSetProvisioningStatus",
            ],
            _SETS,
        ),
        Permission(["organizations:ListAccounts"]),
    )
    writes = (
        *CHANGES,
        Permission(
            [
                "sso:AttachManagedPolicyToPermissionSet",
                "sso:CreatePermissionSet",
                "sso:DeleteInlinePolicyFromPermissionSet",
                "sso:DeletePermissionSet",
                "sso:DeletePermissionsBoundaryFromPermissionSet",
                "sso:DetachCustomerManagedPolicyReferenceFromPermissionSet",
                "sso:DetachManagedPolicyFromPermissionSet",
                "sso:PutInlinePolicyToPermissionSet",
                "sso:TagResource",
                "sso:UpdatePermissionSet",
            ],
            _SETS,
        ),
        Permission(["sso:ProvisionPermissionSet"], (*_SETS, _ALL_ACCOUNTS)),
    )

    # -- read ----------------------------------------------------------------------------------------

    def read(self, target: Target) -> Found:
        """Those that nobody declares are looked at as well: they are ours by their tag alone."""
        standing = instance.standing(target)
        if standing.instance is None:
            return Found(standing)
        where = standing.instance
        names = instance.permission_sets(where, target)
        ours = instance.ours(names.values(), where, target)
        read_ones = side_by_side(*(partial(read, arn, where, target) for arn in sorted(ours)))
        sets = {each.name: each for each in read_ones}
        outdated = any(each.outdated for each in read_ones)
        asked = instance.requests("provisioning", where, target) if outdated else Requests()
        kept = any(sets[name].accounts for name in sets.keys() - _declared(target))
        having = {account for each in read_ones for account in each.accounts}
        closed = frozenset(having - _open(target)) if having and (outdated or kept) else frozenset[str]()
        return Found(standing, sets, frozenset(names) - sets.keys(), asked, closed)

    # -- diff ----------------------------------------------------------------------------------------

    def diff(self, found: Found, target: Target) -> Iterable[Call]:
        """Raises `IdentityCenterFailed` once nothing is left that can be done, and `InvalidDeclaration` when policies are
        longer than a permission set's may be."""
        if (where := found.standing.instance) is None:
            return instance.hindrance(found.standing, "permission sets", target)
        return with_failures(list(self._calls(found, where, target)), list(_not_provisioned(found)), target)

    def _calls(self, found: Found, where: Instance, target: Target) -> Iterator[Call]:
        roles = identity_center.permission_sets(target.declaration)
        for role in roles:
            yield from _of_role(role, found, where, target)
        for name in sorted(found.sets.keys() - _declared(target)):
            yield from _former(found.sets[name], found, where, target)

    def left(self, target: Target) -> Iterable[Call]:
        found = self.read(target)
        if where := found.standing.instance:
            for _, each in sorted(found.sets.items()):
                yield from _former(each, found, where, target)


def _declared(target: Target) -> set[str | None]:
    return {role.permission_set for role in identity_center.permission_sets(target.declaration)}


def _open(target: Target) -> set[str]:
    """The ids of the organization's accounts that are."""
    pages = target.client("organizations").get_paginator("list_accounts").paginate()
    return {each["Id"] for page in pages for each in page["Accounts"] if each["State"] == "ACTIVE"}


def with_failures(made: list[Call], failures: list[Call], target: Target) -> list[Call]:
    """What is to be done, and what cannot: told in a plan, and raised as `IdentityCenterFailed` where nothing else is left."""
    grave = [each for each in failures if each.severity == "high"]
    is_due = any(call.action != "report" and call.after in ("", AGAIN) for call in made)
    if grave and not target.foresees and not is_due:
        raise IdentityCenterFailed("; ".join(f"{call.resource}: {call.reason}" for call in grave))
    return [*made, *failures]


def _of_role(role: Role, found: Found, where: Instance, target: Target) -> Iterator[Call]:
    resource = f"permission set {role.permission_set}"
    if role.permission_set in found.others:
        told = "is there, made by others: it is left alone; delete it, or give the role another permissionSet"
        yield Call("sso-admin", "", {}, resource, "report", told)
        return
    try:
        declared = wanted(role, target)
    except NotYetKnown as unknown:
        later = f"left out for now: {unknown}; it is laid down once that is there"
        yield Call("sso-admin", "", {}, resource, "report", later)
        return
    yield from _Difference(declared, found, where, resource, target).calls()


class _Difference:
    """Between a permission set and the declared one."""

    def __init__(
        self, declared: PermissionSet, found: Found, where: Instance, resource: str, target: Target
    ) -> None:
        self.there, self.declared, self.resource = found.sets.get(declared.name), declared, resource
        self.instance, self.found, self.target = where, found, target

    def calls(self) -> Iterator[Call]:
        if self.there is None:
            yield self._creation()
        changes = [*self._settings(), *self._policies()]
        yield from changes
        if self.there and self.there.accounts:
            yield from self._provisioning(self.there, changes)

    def _call(
        self, operation: str, reason: str, given: Mapping[str, Any], severity: Severity = "medium"
    ) -> Call:
        arn = self.there.arn if self.there else known_later(f"ARN of {self.resource}")
        which = {"InstanceArn": self.instance.arn, "PermissionSetArn": arn}
        return Call(
            *("sso-admin", operation, {**which, **given}, self.resource),
            *("update", reason, self.instance.region),
            severity=severity,
            after="" if self.there else f"{self.resource} is there",
            needs=(),
        )

    def _creation(self) -> Call:
        given = {
            "InstanceArn": self.instance.arn,
            "Name": self.declared.name,
            **_settings_of(self.declared),
            "Tags": [OURS],
        }
        why = "does not exist: nobody comes in by it"
        return Call(
            *("sso-admin", "CreatePermissionSet", given, self.resource, "create", why, self.instance.region),
            needs=(),
        )

    def _settings(self) -> Iterator[Call]:
        there, declared = self.there, self.declared
        if there is None:
            return
        told = list[str]()
        severity: Severity = "low"
        if there.seconds != declared.seconds:
            told.append(
                f"its sessions last {duration_of(there.seconds)}; expected {duration_of(declared.seconds)}"
            )
            severity = "medium"
        if there.description != declared.description:
            told.append(f"its description is {there.description!r}; expected {declared.description!r}")
        if there.relay_state != declared.relay_state:
            told.append(
                f"its relay state is {there.relay_state or 'none'}; expected {declared.relay_state or 'none'}"
            )
        if told:
            yield self._call("UpdatePermissionSet", "; ".join(told), _settings_of(declared), severity)

    def _policies(self) -> Iterator[Call]:
        there = self.there or PermissionSet("", "", 0)
        declared = self.declared
        for arn in sorted(there.managed - declared.managed):
            reason = f"has {_short(arn)}, which is not declared"
            yield self._call(
                "DetachManagedPolicyFromPermissionSet", reason, {"ManagedPolicyArn": arn}, "high"
            )
        for path, name in there.references:
            reference = {"CustomerManagedPolicyReference": {"Path": path, "Name": name}}
            reason = f"has the accounts' own policy {name}, which is not declared"
            yield self._call(
                "DetachCustomerManagedPolicyReferenceFromPermissionSet", reason, reference, "high"
            )
        for arn in sorted(declared.managed - there.managed):
            reason = f"lacks {_short(arn)}"
            yield self._call("AttachManagedPolicyToPermissionSet", reason, {"ManagedPolicyArn": arn})
        yield from self._inline(there.inline, declared.inline)
        if there.has_boundary:
            reason = "has a permissions boundary, which is not declared"
            yield self._call("DeletePermissionsBoundaryFromPermissionSet", reason, {})

    def _inline(self, there: Mapping[str, Any] | None, declared: Mapping[str, Any] | None) -> Iterator[Call]:
        if declared is None and there is not None:
            reason = "has an inline policy, which is not declared"
            yield self._call("DeleteInlinePolicyFromPermissionSet", reason, {}, "high")
        elif declared is not None and (words := differences(there, declared)):
            reason = "lacks the declared inline policy" if there is None else f"inline {words}"
            severity: Severity = "high" if there is not None and widens(there, declared) else "medium"
            yield self._call(
                "PutInlinePolicyToPermissionSet", reason, {"InlinePolicy": compact(declared)}, severity
            )

    def _provisioning(self, there: PermissionSet, changes: list[Call]) -> Iterator[Call]:
        """It comes last, and reaches all accounts at once. A description or a relay state reaches none."""
        reaching = [call for call in changes if call.severity != "low"]
        behind = self.found.behind(there)
        if not (reaching or behind):
            return
        waits = "it is as declared" if changes else ""
        if any(each["PermissionSetArn"] == there.arn for each in self.found.provisioning.in_progress):
            waits = "IAM Identity Center has provisioned it"
        if self.found.goes_one_by_one(there):
            for account in sorted(self.found.one_by_one(there)):
                where = {"TargetType": "AWS_ACCOUNT", "TargetId": account}
                yield self._provision(there, where, f"account {account}", "it has it as it was before", waits)
            return
        if self.found.has_failed(there):
            return
        count = len(set(there.accounts) - self.found.closed if reaching else behind)
        told = f"{'1 account has' if count == 1 else f'{count} accounts have'} it as it was before"
        yield self._provision(there, {"TargetType": "ALL_PROVISIONED_ACCOUNTS"}, "accounts", told, waits)

    def _provision(
        self, there: PermissionSet, where: Mapping[str, str], place: str, told: str, waits: str
    ) -> Call:
        given = {"InstanceArn": self.instance.arn, "PermissionSetArn": there.arn, **where}
        call = Call(
            *("sso-admin", "ProvisionPermissionSet", given, f"{self.resource} in {place}", "update", told),
            region=self.instance.region,
            after=waits,
            needs=(self.resource,),
        )
        return instance.once_a_try(call, self.found.failed(there, where.get("TargetId", "")), self.target)


def _settings_of(declared: PermissionSet) -> dict[str, str]:
    """All of them, at each update: what AWS does to one that is left out it does not say, and a relay state cannot be empty.
    That one is taken off where it is left out Terraform's provider has found.

    https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_UpdatePermissionSet.html
    """
    relay_state = {"RelayState": declared.relay_state} if declared.relay_state else {}
    return {
        "Description": declared.description,
        "SessionDuration": duration_of(declared.seconds),
        **relay_state,
    }


def _not_provisioned(found: Found) -> Iterator[Call]:
    """In accounts that are open, and once nothing more can be asked for."""
    by_arn = {each.arn: each for each in found.sets.values()}
    told = dict.fromkeys(
        (its.name, instance.why(each))
        for each in found.provisioning.failed
        if (its := by_arn.get(each["PermissionSetArn"]))
        and found.behind(its)
        and found.has_failed(its)
        and each.get("AccountId") not in found.closed
    )
    for name, why in told:
        words = f"could not be provisioned again: {why}"
        yield Call(
            "sso-admin", "", {}, f"permission set {name} in accounts", "report", words, severity="high"
        )


def _former(there: PermissionSet, found: Found, where: Instance, target: Target) -> Iterator[Call]:
    """AWS deletes none that is provisioned; the accounts' own executions take it off."""
    resource, why = f"permission set {there.name}", "is ours, and no longer declared"
    if there.accounts and found.closed.issuperset(there.accounts):
        told = f"{why}; closed accounts still have it: it is deleted once AWS has taken them out of the organization"
        yield Call("sso-admin", "", {}, resource, "report", told, severity="low", taken_out=True)
        return
    if there.accounts:
        count = len(set(there.accounts) - found.closed)
        told = (
            f"{why}; {'1 account still has' if count == 1 else f'{count} accounts still have'} it: their own executions take it off, and the next "
            "one of this account deletes it"
        )
        yield Call("sso-admin", "", {}, resource, "report", told, severity="low", taken_out=True)
        return
    given = {"InstanceArn": where.arn, "PermissionSetArn": there.arn}
    deletion = Call(
        "sso-admin", "DeletePermissionSet", given, resource, "delete", why, where.region, severity="low"
    )
    yield from removal(PERMISSION_SETS, [deletion], target)


def _short(arn: str) -> str:
    return arn.partition(":policy/")[2]
