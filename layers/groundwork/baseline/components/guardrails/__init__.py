"""guardrails: service control policies on the root that keep member accounts from undoing the baseline
(`document.py` has what they say, and what they cannot).

A policy of ours that is no longer declared, and a place where a declared one no longer belongs, are reported: what
takes guard rails off is no function of ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from groundwork.baseline import administrators, central_policies
from groundwork.baseline.central_policies import Policy, PolicyType, minified
from groundwork.baseline.component import Call, Component, Permission, Target
from groundwork.baseline.components.guardrails.document import (
    ONCE_LONGEST,
    guardrail_documents,
    policy_names,
)
from groundwork.baseline.components.guardrails.quarantine import (
    quarantine_document,
    shut_places,
    shut_policies,
    shut_units,
)
from groundwork.baseline.documents import differences
from groundwork.baseline.example_accounts import all_there
from groundwork.baseline.places import places
from groundwork.baseline.regions import FIND_REGIONS, governed
from groundwork.declaration import ComponentName, Declaration
from groundwork.declaration.policy_files import Document

SCP = PolicyType(
    "SERVICE_CONTROL_POLICY",
    "service control policy",
    "Groundwork: member accounts cannot undo their baseline. Declared in baseline.yaml; changes made here are put right.",
    differences,
)
HARM: Mapping[str, str] = {
    "baseline": "member accounts could undo their baseline",
    "account": "member accounts could leave, and undo what the organization holds for them",
    "archive": "whoever enters the security account could destroy the evidence",
    "regions": "member accounts could work where nobody looks",
}
"""What it means that a policy is not there, by what it is for."""


RUN_BY: Mapping[ComponentName, str] = {
    "threat-detection": "guardduty",
    "posture": "securityhub",
    "vulnerability-scanning": "inspector2",
    "sensitive-data": "macie2",
}
"""Services that another account may run for the organization: what that one does is no undoing."""


FIND_UNITS = Permission(("organizations:ListOrganizationalUnitsForParent",))


@dataclass(frozen=True)
class Found(central_policies.Found):
    """`run_by_others` are the components whose service another account administers in a governed Region. `shut` has
    the ids of the units where accounts wait to be ready, or to be closed, with words."""

    run_by_others: frozenset[ComponentName] = frozenset()
    shut: Mapping[str, str] = field(default_factory=dict)


class Guardrails(Component[Found]):
    name = "guardrails"
    kinds = ("management",)
    reads = (
        central_policies.READS,
        Permission(administrators.looks(RUN_BY.values())),
        FIND_REGIONS,
        FIND_UNITS,
    )
    writes = central_policies.writes(SCP.name)

    def rendered(self, declaration: Declaration) -> Sequence[Document]:
        """Raises `InvalidDeclaration` when the declaration makes one longer than AWS takes."""
        organization = all_there(declaration)
        waiting = [quarantine_document(declaration, organization)] if shut_units(declaration) else []
        return [*guardrail_documents(declaration, organization).values(), *waiting]

    def read(self, target: Target) -> Found:
        shut = shut_places(target)
        at = {target.organization.root_id, *places(target.declaration.guardrails.where, target), *shut}
        there = central_policies.read(SCP, _names(target.declaration), at, target)
        return Found(**vars(there), run_by_others=_run_by_others(target), shut=shut)

    def diff(self, found: Found, target: Target) -> Iterator[Call]:
        names, at = policy_names(target.declaration), places(target.declaration.guardrails.where, target)
        shut = shut_policies(found.shut, target)
        if target.organization.security_account_id is None:
            waits = "waits for the security account, whose buckets and key it protects"
            resource = f"{SCP.words} {names['baseline']}"
            yield Call("organizations", "AttachPolicy", {}, resource, "report", waits)
            if shut:
                yield from central_policies.calls(SCP, shut, found, target)
            return
        documents = guardrail_documents(target.declaration, target.organization, found.run_by_others)
        wanted = [
            Policy(name, documents[name], at, HARM[part], idle="it protects no account")
            for part, name in names.items()
        ]
        missing = [policy for policy in wanted[1:] if not _hangs(policy, found)]
        for call in central_policies.calls(SCP, [*wanted, *shut], found, target):
            yield _later(call, missing) if _takes_out(call, wanted[0]) else call
        yield from _notes(documents)

    def left(self, target: Target) -> Iterator[Call]:
        yield from central_policies.left(SCP, self.name, _names(target.declaration), target)


def _names(declaration: Declaration) -> list[str]:
    return [*policy_names(declaration).values(), *(each.policy for each in shut_units(declaration))]


def _run_by_others(target: Target) -> frozenset[ComponentName]:
    declared = {name: service for name, service in RUN_BY.items() if target.declaration.has_component(name)}
    if not declared:
        return frozenset()
    regions = governed(target).on
    found = {name: administrators.read(service, regions, target) for name, service in declared.items()}
    return frozenset(name for name, each in found.items() if administrators.strangers(each, target))


def _hangs(policy: Policy, found: Found) -> bool:
    return policy.places.keys() <= found.attached.get(policy.name, frozenset())


def _takes_out(call: Call, first: Policy) -> bool:
    """Whether it may take something out of the first policy that another one is to say from now on."""
    return call.operation == "UpdatePolicy" and call.resource == f"{SCP.words} {first.name}"


def _later(call: Call, missing: Sequence[Policy]) -> Call:
    """Not before the others hang where they should: what was in one policy once, and is in two, is never in none."""
    after = " and ".join(f"{SCP.words} {policy.name} is attached" for policy in missing)
    return replace(call, after=after)


def _notes(documents: Mapping[str, Document]) -> Iterator[Call]:
    for name, document in documents.items():
        length = len(minified(document))
        if length > ONCE_LONGEST:
            yield Call(
                *("organizations", "UpdatePolicy", {}, f"{SCP.words} {name}", "report"),
                f"has {length} characters; an organization that has not the quota of May 2026 yet takes {ONCE_LONGEST}: "
                "where AWS refuses it, declare fewer roles and groups, or shorter names",
                severity="low",
            )
