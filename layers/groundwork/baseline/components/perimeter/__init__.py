"""perimeter: one resource control policy that keeps whoever is not of the organization from the resources of member accounts
(`document.py` has what it says, `reach.py` whom it shuts out).

First it is only reported: what it would hang on, and which accounts it would bind. With `mode: enforce` it is attached, to the
units that are named or to the root. It is never taken off: `mode: report` again tells where it hangs.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from groundwork.aws.organizations import Organizations
from groundwork.baseline import central_policies
from groundwork.baseline.central_policies import Policy, PolicyType
from groundwork.baseline.component import Call, Component, Permission, Target
from groundwork.baseline.components.perimeter.reach import checked_document
from groundwork.baseline.documents import differences
from groundwork.baseline.imagined import all_there
from groundwork.declaration import Declaration
from groundwork.declaration.policy_files import Document

RCP = PolicyType(
    "RESOURCE_CONTROL_POLICY",
    "resource control policy",
    "Groundwork: only the organization gets to its resources. Declared in baseline.yaml; changes made here are put right.",
    differences,
)
MOST_NAMES = 10
"""Of accounts, told in one sentence."""


@dataclass(frozen=True)
class Member:
    """An account, and the ids of the units above it."""

    name: str
    units: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """`members` are read where somebody asks, in a plan, or where the policy is to be attached."""

    policies: central_policies.Found
    members: tuple[Member, ...] | None = None


class Perimeter(Component[Found]):
    name = "perimeter"
    kinds = ("management",)
    reads = (central_policies.READS, Permission(("organizations:ListAccounts",)))
    writes = central_policies.writes(RCP.name)

    def rendered(self, declaration: Declaration) -> Sequence[Document]:
        return [checked_document(declaration, all_there(declaration))]

    def read(self, target: Target) -> Found:
        declared, places = target.declaration.perimeter, _places(target)
        at = {target.organization.root_id, *places}
        found = central_policies.read(RCP, [declared.policy], at, target)
        missing = places.keys() - found.attached.get(declared.policy, frozenset())
        asked = missing and (target.foresees or declared.mode == "enforce")
        return Found(found, _members(target) if asked else None)

    def diff(self, found: Found, target: Target) -> Iterator[Call]:
        declared, places = target.declaration.perimeter, _places(target)
        if target.organization.security_account_id is None:
            yield _report(target, "waits for the security account, whose log archive it leaves alone")
            return
        document = checked_document(target.declaration, target.organization)
        enforced = declared.mode == "enforce"
        policy = Policy(
            declared.policy,
            document,
            {
                place: f"{words}, where it binds {_bound(place, found, target)}"
                for place, words in places.items()
            }
            if enforced
            else {},
            harm="strangers get to whatever a policy of a resource opens to them",
            idle="it keeps nobody out",
        )
        if enforced or declared.policy in found.policies.policies:
            yield from central_policies.calls(RCP, [policy], found.policies, target)
        if not enforced:
            for place, words in places.items():
                bound = _bound(place, found, target)
                yield _report(
                    target,
                    f"is not enforced: it would hang on {words} and bind {bound}. A plan of each account tells whom it would "
                    "shut out; enforce it for one unit after the other: perimeter: {mode: enforce, where: [<a unit>]}",
                )

    def left(self, target: Target) -> Iterator[Call]:
        yield from central_policies.left(RCP, self.name, [target.declaration.perimeter.policy], target)


def _report(target: Target, reason: str) -> Call:
    resource = f"{RCP.words} {target.declaration.perimeter.policy}"
    return Call("organizations", "AttachPolicy", {}, resource, "report", reason, severity="low")


def _places(target: Target) -> dict[str, str]:
    """What it hangs on, in words by id. A unit that is declared and not there yet comes at the next look."""
    units, declared = target.organization.units, target.declaration.perimeter.where
    if not declared:
        return {target.organization.root_id: "the root"}
    return {units[unit].split("/")[-2]: f"the unit {unit}" for unit in declared if unit in units}


def _members(target: Target) -> tuple[Member, ...]:
    """From one pass over all accounts, which tells the units of each. Resources of the management account are not bound."""
    client: Any = target.client("organizations")
    listed = sorted(Organizations(client).accounts(), key=lambda each: each.name)
    management = target.organization.management_account_id
    return tuple(Member(each.name, tuple(each.unit_ids)) for each in listed if each.id != management)


def _bound(place: str, found: Found, target: Target) -> str:
    if found.members is None:
        return "the accounts there"
    root = place == target.organization.root_id
    names = [each.name for each in found.members if root or place in each.units]
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    counted = f"{len(names)} account{'' if len(names) == 1 else 's'}"
    return f"{counted} ({', '.join(names[:MOST_NAMES])}{more})" if names else counted
