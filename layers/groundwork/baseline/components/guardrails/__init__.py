"""guardrails: one service control policy on the root that keeps member accounts from undoing the baseline
(`document.py` has what it says, and what it cannot).

A policy of ours that is no longer declared, and a place where the declared one no longer belongs, are reported: what
takes guard rails off is no function of ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from groundwork.baseline import central_policies
from groundwork.baseline.central_policies import Found, Policy, PolicyType
from groundwork.baseline.component import Call, Component, Target
from groundwork.baseline.components.guardrails.document import guardrail_document
from groundwork.baseline.documents import differences
from groundwork.baseline.imagined import all_there
from groundwork.declaration import Declaration
from groundwork.declaration.policy_files import Document

SCP = PolicyType(
    "SERVICE_CONTROL_POLICY",
    "service control policy",
    "Groundwork: member accounts cannot undo their baseline. Declared in baseline.yaml; changes made here are put right.",
    differences,
)


class Guardrails(Component[Found]):
    name = "guardrails"
    kinds = ("management",)
    reads = (central_policies.READS,)
    writes = central_policies.writes(SCP.name)

    def rendered(self, declaration: Declaration) -> Sequence[Document]:
        return [guardrail_document(declaration, all_there(declaration))]

    def read(self, target: Target) -> Found:
        places = {target.organization.root_id, *_places(target)}
        return central_policies.read(SCP, [target.declaration.guardrails.policy], places, target)

    def diff(self, found: Found, target: Target) -> Iterator[Call]:
        name = target.declaration.guardrails.policy
        if target.organization.security_account_id is None:
            waits = "waits for the security account, whose buckets and key it protects"
            yield Call("organizations", "AttachPolicy", {}, f"{SCP.words} {name}", "report", waits)
            return
        policy = Policy(
            name,
            guardrail_document(target.declaration, target.organization),
            _places(target),
            harm="member accounts could undo their baseline",
            idle="it protects no account",
        )
        yield from central_policies.calls(SCP, [policy], found, target)

    def left(self, target: Target) -> Iterator[Call]:
        yield from central_policies.left(SCP, self.name, [target.declaration.guardrails.policy], target)


def _places(target: Target) -> dict[str, str]:
    """What it hangs on, in words by id. A unit that is declared and not there yet comes at the next look."""
    units, root = target.organization.units, target.organization.root_id
    where = [unit for unit in target.declaration.guardrails.where if unit in units]
    if not target.declaration.guardrails.where:
        return {root: "the root"}
    return {units[unit].split("/")[-2]: f"the unit {unit}" for unit in where}
