"""own-policies: the owner's own policies of AWS Organizations, from files of `policies/organization/`.

Each is made, compared, put right, tagged and attached to the root or to the units that are declared; one of its name that is
there is taken over. None is detached or deleted: what is no longer declared is reported (docs/decisions/0028). Before
anything is touched it is asked of each control policy whether Groundwork could still do its work (`lockout.py`).

A backup policy makes backup plans in the accounts that it reaches; the vault and the role that it names must be there.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies.html
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from groundwork.baseline import central_policies
from groundwork.baseline.central_policies import Policy, PolicyType, minified
from groundwork.baseline.component import Call, Component, Permission, Target
from groundwork.baseline.components.guardrails.document import policy_names
from groundwork.baseline.components.organization_policies.documents import differences as settings_differ
from groundwork.baseline.components.own_policies.lockout import locked_out
from groundwork.baseline.documents import differences as statements_differ
from groundwork.baseline.example_accounts import all_there
from groundwork.baseline.places import Member, bound, members, places
from groundwork.contracts import Organization
from groundwork.declaration import Declaration
from groundwork.declaration.own_policies import KINDS, Kind, OwnPolicy
from groundwork.declaration.policy_files import Document
from groundwork.errors import InvalidDeclaration

DESCRIPTION = (
    "Groundwork: from policies/organization/. Declared in baseline.yaml; changes made here are put right."
)
ROOT = "the root"


def _policy_type(kind: Kind) -> PolicyType:
    return PolicyType(kind.name, kind.words, DESCRIPTION, settings_differ if kind.key else statements_differ)


TYPES = {name: _policy_type(kind) for name, kind in KINDS.items()}


@dataclass(frozen=True)
class Found:
    """`policies` by the name of a policy type. `members` are read where something is not attached."""

    policies: Mapping[str, central_policies.Found]
    members: tuple[Member, ...] = ()


class OwnPolicies(Component[Found]):
    name = "own-policies"
    kinds = ("management",)
    reads = (central_policies.READS, Permission(("organizations:ListAccounts",)))
    writes = central_policies.writes(*(each.name for each in TYPES.values()))

    def rendered(self, declaration: Declaration) -> Sequence[Document]:
        """Raises `InvalidDeclaration` for what AWS would refuse, and for what would lock Groundwork out."""
        organization = all_there(declaration)
        filled = [(each, filled_in(each, declaration, organization)) for each in declaration.own_policies]
        wrong = [*_too_long(filled), *_too_many(declaration)]
        for each, document in filled:
            wrong += locked_out(each, document, declaration, organization) if document else ()
        if wrong:
            raise InvalidDeclaration("\n".join(wrong))
        return [document for _, document in filled if document]

    def read(self, target: Target) -> Found:
        found, missing = dict[str, central_policies.Found](), False
        for name, policy_type in TYPES.items():
            own = [each for each in target.declaration.own_policies if each.type == name]
            at = {place for each in own for place in places(each.where, target)}
            at |= {target.organization.root_id} if own else set()
            there = central_policies.read(policy_type, [each.name for each in own], at, target)
            found[policy_type.name] = there
            missing |= any(
                places(each.where, target).keys() - there.attached.get(each.name, frozenset()) for each in own
            )
        return Found(found, members(target) if missing else ())

    def diff(self, found: Found, target: Target) -> Iterator[Call]:
        for name, policy_type in TYPES.items():
            wanted = []
            for own in (each for each in target.declaration.own_policies if each.type == name):
                document = filled_in(own, target.declaration, target.organization)
                if document is None:
                    waits = "waits for an account that it names, which is not there yet"
                    resource = f"{policy_type.words} {own.name}"
                    yield Call("organizations", "AttachPolicy", {}, resource, "report", waits)
                else:
                    wanted.append(_wanted(own, document, found.members, target))
            yield from central_policies.calls(policy_type, wanted, found.policies[policy_type.name], target)

    def left(self, target: Target) -> Iterator[Call]:
        for policy_type in TYPES.values():
            yield from central_policies.left(policy_type, self.name, (), target)


def filled_in(own: OwnPolicy, declaration: Declaration, organization: Organization) -> Document | None:
    """Its file with the placeholders filled in; None while an account that it names is not there."""
    text = json.dumps(declaration.own_document(own.name))
    for name, value in (
        ("partition", organization.partition),
        ("organization", organization.id),
        ("management", organization.management_account_id),
        ("security", organization.security_account_id),
        ("tooling", organization.tooling_account_id),
    ):
        if f"<{name}>" in text:
            if value is None:
                return None
            text = text.replace(f"<{name}>", value)
    document: Document = json.loads(text)
    return document


def _wanted(own: OwnPolicy, document: Document, known: Sequence[Member], target: Target) -> Policy:
    at = places(own.where, target)
    reached = "; ".join(bound(place, known, target) for place in at)
    return Policy(
        own.name,
        document,
        at,
        harm=f"what {own.file} says holds nowhere",
        idle=f"what it says does not hold there; it would bind {reached}",
        severity="medium" if KINDS[own.type].key else "high",
    )


# -- what AWS would refuse -----------------------------------------------------------------------------


def _too_long(filled: Sequence[tuple[OwnPolicy, Document | None]]) -> Iterator[str]:
    for own, document in filled:
        kind, length = KINDS[own.type], len(minified(document)) if document else 0
        if length > kind.longest:
            yield (
                f"{own.file}: has {length:,} characters without white space, and AWS takes {kind.longest:,} in a {kind.words}: "
                "make two policies of it."
            )


def _too_many(declaration: Declaration) -> Iterator[str]:
    """https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html"""
    own = Counter((each.type, place) for each in declaration.own_policies for place in each.where or [ROOT])
    for (name, place), number in own.items():
        kind, others = KINDS[name], _others(KINDS[name], place, declaration)
        if number + others > kind.most:
            beside = f" beside {others} of Groundwork's and AWS's" if others else ""
            yield (
                f"baseline.yaml: ownPolicies: {number} {_plural(kind.words)} hang on {place}{beside}, and AWS takes "
                f"{kind.most} there: make fewer of them, or hang some on a unit above or below."
            )


def _others(kind: Kind, place: str, declaration: Declaration) -> int:
    """How many of a type hang there besides the owner's: AWS's own, which allows the rest, and Groundwork's."""
    if kind.name == "SERVICE_CONTROL_POLICY":
        guarded, where = declaration.has_component("guardrails"), declaration.guardrails.where or [ROOT]
        there = len(policy_names(declaration)) if guarded and place in where else 0
        shut = {declaration.quarantine.unit, declaration.closing.unit}
        waiting = 1 if guarded and place in shut else 0
        return 1 + there + waiting
    if kind.name == "RESOURCE_CONTROL_POLICY":
        perimeter = declaration.perimeter
        there = declaration.has_component("perimeter") and place in (perimeter.where or [ROOT])
        return 1 + (1 if there and perimeter.mode == "enforce" else 0)
    return 0


def _plural(words: str) -> str:
    return f"{words.removesuffix('y')}ies"
