"""The guard rail of two units: in the one where new accounts wait, and in the one where accounts wait to be closed, nobody
does anything, but for Groundwork.

Those are the entry roles, where trails of the accounts send their events to CloudWatch Logs, CloudTrail's role for that, and
the role of each declared stack, by which CloudFormation makes it. Each is spared by its full name without a path, so that a
role that is only called like one is not.
Service-linked roles, like AWS Config's, and services that act as themselves are bound by no service control policy. It
spares no root user, and no session of sts:AssumeRoot either.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html#not-restricted-by-scp
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from groundwork.aws.organizations import Organizations
from groundwork.baseline.central_policies import Policy, minified
from groundwork.baseline.component import Target
from groundwork.baseline.components.guardrails.document import LONGEST
from groundwork.baseline.components.guardrails.monitoring import sends_from_members
from groundwork.baseline.components.guardrails.names import Names, is_laid_down
from groundwork.baseline.components.trail.logs import ROLE
from groundwork.baseline.places import places
from groundwork.contracts import Organization
from groundwork.declaration import Declaration
from groundwork.declaration.policy_files import Document
from groundwork.declaration.stacks import ROLE as STACK_ROLE
from groundwork.errors import InvalidDeclaration

HARM = "new accounts are open before their baseline is verified"
HARM_OF_SUSPENDED = "accounts that are to be closed go on being used"


@dataclass(frozen=True)
class Shut:
    """A unit that is closed to everybody but Groundwork: by which policy, and what it means that it is not."""

    unit: str
    policy: str
    harm: str


def shut_units(declaration: Declaration) -> list[Shut]:
    """Those that are declared."""
    policy = declaration.guardrails.policy
    quarantine, suspended = declaration.quarantine.unit, declaration.closing.unit
    return [
        *([Shut(quarantine, f"{policy}-quarantine", HARM)] if quarantine else []),
        *([Shut(suspended, f"{policy}-suspended", HARM_OF_SUSPENDED)] if suspended else []),
    ]


def quarantine_document(declaration: Declaration, organization: Organization) -> Document:
    """Raises `InvalidDeclaration` when there are more stacks than a policy can name."""
    names = Names(declaration, organization)
    service = [names.iam(f"role/{ROLE}")] if sends_from_members(declaration) else []
    laid_down = is_laid_down("stacks", declaration)
    declared = [each for each in declaration.stacks if laid_down and not each.by_stack_set]
    stacks = [names.iam(f"role/{STACK_ROLE}{each.name}") for each in declared]
    everything = {"Sid": "Quarantine", "Action": "*", "Resource": "*"}
    statement = names.exempting(everything, [*names.entry_roles, *service, *stacks])
    document: Document = {"Version": "2012-10-17", "Statement": [statement]}
    if (length := len(minified(document))) > LONGEST:
        raise InvalidDeclaration(
            f"baseline.yaml: stacks: the service control policy of quarantine, which spares the role of each, has {length:,} "
            f"characters, AWS takes {LONGEST:,}; declare fewer stacks, or give them shorter names."
        )
    return document


def shut_places(target: Target) -> dict[str, str]:
    """The ids of these units, with words. One that is only just made is looked up: the next account may be on its way there."""
    units = [each.unit for each in shut_units(target.declaration)]
    known = places(units, target) if units else {}
    if len(known) == len(units):
        return known
    found = Organizations(target.client("organizations")).units(target.organization.root_id, units)
    return {found[unit]: words_of(unit) for unit in units if unit in found}


def words_of(unit: str) -> str:
    return f"the unit {unit}"


def shut_policies(found: Mapping[str, str], target: Target) -> list[Policy]:
    return [
        Policy(
            each.policy,
            quarantine_document(target.declaration, target.organization),
            {place: words for place, words in found.items() if words == words_of(each.unit)},
            each.harm,
            idle=each.harm,
        )
        for each in shut_units(target.declaration)
    ]
