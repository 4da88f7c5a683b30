"""perimeter: one resource control policy that keeps whoever is not of the organization from the resources of member accounts
(`document.py` has what it says, `reach.py` whom it shuts out).

First it is only reported: what it would hang on, and which accounts it would bind. With `mode: enforce` it is attached, to the
units that are named or to the root. It is never taken off: `mode: report` again tells where it hangs.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from groundwork.baseline import central_policies
from groundwork.baseline.central_policies import Policy, PolicyType
from groundwork.baseline.component import Call, Component, Permission, Target
from groundwork.baseline.components.perimeter.reach import checked_document
from groundwork.baseline.documents import differences
from groundwork.baseline.example_accounts import all_there
from groundwork.baseline.places import Member, bound, members, places
from groundwork.declaration import Declaration
from groundwork.declaration.policy_files import Document

RCP = PolicyType(
    "RESOURCE_CONTROL_POLICY",
    "resource control policy",
    "Groundwork: only the organization gets to its resources. Declared in baseline.yaml; changes made here are put right.",
    differences,
)


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
        declared = target.declaration.perimeter
        where = places(declared.where, target)
        at = {target.organization.root_id, *where}
        found = central_policies.read(RCP, [declared.policy], at, target)
        missing = where.keys() - found.attached.get(declared.policy, frozenset())
        asked = missing and (target.foresees or declared.mode == "enforce")
        return Found(found, members(target) if asked else None)

    def diff(self, found: Found, target: Target) -> Iterator[Call]:
        declared = target.declaration.perimeter
        where = places(declared.where, target)
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
                for place, words in where.items()
            }
            if enforced
            else {},
            harm="strangers get to whatever a policy of a resource opens to them",
            idle="it keeps nobody out",
        )
        if enforced or declared.policy in found.policies.policies:
            yield from central_policies.calls(RCP, [policy], found.policies, target)
        if not enforced:
            for place, words in where.items():
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


def _bound(place: str, found: Found, target: Target) -> str:
    """Resources of the management account are not bound."""
    return "the accounts there" if found.members is None else bound(place, found.members, target)
