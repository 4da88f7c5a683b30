"""The documents that the declaration lays down, rendered for accounts by the components themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from groundwork.baseline.archive import WRITER
from groundwork.baseline.component import Installation, Target
from groundwork.baseline.components.access import entry_roles
from groundwork.baseline.components.access.documents import NotYetKnown
from groundwork.baseline.components.access.state import RoleState
from groundwork.baseline.components.access.wanted import Wanted, wanted
from groundwork.baseline.components.cdk import roles as cdk_roles
from groundwork.baseline.components.guardrails.document import guardrail_documents
from groundwork.baseline.components.guardrails.quarantine import quarantine_document, shut_units
from groundwork.baseline.components.log_archive import LogArchive, writer
from groundwork.contracts import Account, Organization
from groundwork.declaration import Declaration
from groundwork.declaration.entry_roles import EntryRole
from groundwork.declaration.policy_files import Document
from groundwork.declaration.stacks import SETS, stack_sets
from groundwork.doors import permission_sets
from groundwork.doors.example_accounts import example_accounts
from groundwork.doors.premises import FULL_ACCESS, Place, Premises
from groundwork.fields import is_below

ADMINISTRATOR = "AdministratorAccess"
FUNCTIONS = "role/groundwork-*"
"""How the roles of Groundwork's functions begin in the management account, where nobody has asked the stack."""


def declared(
    declaration: Declaration,
    organization: Organization,
    accounts: Iterable[Account],
    words: Mapping[str, str],
    installation: Installation | None = None,
) -> Premises:
    """`installation` names Groundwork's functions, where the stack has been asked. Raises `InvalidDeclaration` where a
    document is longer than AWS takes."""
    notes: list[str] = []
    places = {}
    for account in accounts:
        place = Place(
            account,
            words.get(account.id) or called(account),
            control=control_over(declaration, organization, account),
        )
        target = Target(
            account, organization, declaration, _nobody, installation or _installation(organization)
        )
        places[account.id] = place if account.kind == "management" else _filled(place, target, notes)
        notes += _by_stack_sets(place, target)
    return Premises(organization, places, tuple(dict.fromkeys(notes)))


def without_aws(*declarations: Declaration) -> list[Premises]:
    """Each declaration's doors in the same example accounts."""
    organization, accounts, words = example_accounts(*declarations)
    return [declared(declaration, organization, accounts.values(), words) for declaration in declarations]


def called(account: Account) -> str:
    if account.kind == "management":
        return "the management account"
    return f"{account.name} ({account.unit})" if account.unit else account.name


def control_over(
    declaration: Declaration, organization: Organization, account: Account
) -> Sequence[Sequence[Document]]:
    """The service control policies that the declaration lays down, with the one of AWS that allows the rest. What others
    have hung on the organization is not looked at: it can only take power away."""
    if account.kind == "management" or "guardrails" not in declaration.baseline.get("management", []):
        return ()
    where = declaration.guardrails.where
    found: list[Document] = []
    if organization.security_account_id and (
        not where or any(is_below(account.unit, unit) for unit in where)
    ):
        found += guardrail_documents(declaration, organization).values()
    if any(is_below(account.unit, each.unit) for each in shut_units(declaration)):
        found.append(quarantine_document(declaration, organization))
    return ((FULL_ACCESS, *found),) if found else ()


def _filled(place: Place, target: Target, notes: list[str]) -> Place:
    """With what the components lay down there; a note on each part that cannot be worked out yet."""
    made = wanted(target) if target.is_declared("access") else Wanted()
    notes += [f"{place.words}: {left_out.resource}: {left_out.why}." for left_out in made.left_out]
    roles = [*made.roles, *_of_the_cdk(target, notes), *_of_the_archive(target)]
    filled = replace(
        place,
        roles=[*roles, entry_role(target.declaration.entry_roles[0], target)],
        groups=made.groups,
        users=made.users,
        policies={policy.arn: policy.document for policy in made.policies},
    )
    return permission_sets.with_declared(filled, target, notes)


def _by_stack_sets(place: Place, target: Target) -> Iterable[str]:
    """AWS's own roles, through which whoever administers StackSets works everywhere, are no doors of anybody else."""
    if target.is_declared(SETS) and stack_sets(target.declaration.stacks):
        yield (
            f"{place.words} administers StackSets: once it is delegated, whoever may make one there works in every member account "
            "as an administrator, by AWS's roles stacksets-exec-*, which are no rows here."
        )


def entry_role(declared_role: EntryRole, target: Target) -> RoleState:
    """As AWS makes it with an account, or as its owner has it narrowed."""
    narrow = declared_role.trust == "narrow"
    trust = entry_roles.trust_policy(declared_role, target) if narrow else entry_roles.by_default(target)
    everything = frozenset([target.managed_policy_arn(ADMINISTRATOR)])
    return RoleState(declared_role.name, attached=everything, trust=trust)


def _of_the_cdk(target: Target, notes: list[str]) -> list[RoleState]:
    if not target.is_declared("cdk"):
        return []
    try:
        return cdk_roles.wanted(target, target.declaration.regions.home)
    except NotYetKnown as unknown:
        notes.append(f"The roles of the CDK: {unknown}.")
        return []


def _of_the_archive(target: Target) -> list[RoleState]:
    """The role that changes the log archive, which one of Groundwork's functions takes."""
    if not target.is_declared("log-archive"):
        return []
    needs = LogArchive().needs(target.account, target.organization, target.declaration)
    made = writer.wanted([*needs.reads, *needs.writes], target)
    return [RoleState(WRITER, inline={writer.POLICY: made.policy or {}}, trust=made.trust)]


def _installation(organization: Organization) -> Installation:
    functions = f"arn:{organization.partition}:iam::{organization.management_account_id}:{FUNCTIONS}"
    return Installation(archive_writer=functions, entering=(functions,))


def _nobody(service: str, region: str | None = None) -> Any:
    raise AssertionError(f"what is declared is known without asking {service} in {region}")
