"""Who may do what under the default declaration: each case a sentence, the decision as the documents promise it.

people   callers, and the doors they try
doors    everybody at every door: group, MFA, account, organization, chain
inside   what a session may do once it is in: self-service, guard rails, boundaries, session policies
stack    the roles of the stack itself, and the bus
workloads  what pipelines and developers make, and what these roles may
cdk      what apps of the CDK are deployed by, where it is declared
stacks   the owner's own templates: who has the power of their roles
stack_sets  the same for whole units: who may make them
quarantine  in the unit where new accounts wait
logs     services at the log archive: confused deputies
"""

from __future__ import annotations

from collections.abc import Iterator

from prove.asked import Case
from prove.policy_cases import cdk, doors, inside, logs, quarantine, stack, stack_sets, stacks, workloads


def every_case() -> Iterator[Case]:
    for part in (doors, inside, workloads, cdk, stacks, stack_sets, quarantine, stack, logs):
        yield from part.cases()
