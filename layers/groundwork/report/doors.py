"""Who enters which account, as declared: the doors of `groundwork.doors` as lines of the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from groundwork.baseline.components import COMPONENTS
from groundwork.baseline.example_accounts import IDS, all_there
from groundwork.contracts import Account, Kind, Organization
from groundwork.declaration import Declaration
from groundwork.declaration.loading import check
from groundwork.doors import table
from groundwork.doors.people import Sort
from groundwork.doors.permission_sets import called
from groundwork.doors.power import Power as Powers
from groundwork.fields import ancestors
from groundwork.report.model import Door, Power

STRONGEST_FIRST: Sequence[tuple[Powers, Power]] = (
    (Powers.GRANT, "grants"),
    (Powers.WRITE, "writes"),
    (Powers.READ, "reads"),
)
AT_HOME = "no role: in their own account"
SORTS: Sequence[Sort] = ("group", "user", "assigned", "principal", "federated", "member", "stranger")
LAST = ("administrators of ", "role/groundwork-")
"""How whole accounts and Groundwork's own functions are called: behind the principals that the owner names."""


def declared_doors(
    declaration: Declaration, accounts: Iterable[Account], organization_id: str = ""
) -> list[Door]:
    """Those of each way in together, groups first. Which ids units have decides nothing: what asks and what answers is rendered with the
    same ones. Raises `InvalidDeclaration` where a document is longer than AWS takes."""
    accounts = list(accounts)
    there = {each.id for each in accounts}
    organization, stand_ins = _with_examples(declaration, accounts, organization_id)
    found, _ = table.declared_doors(check(declaration, COMPONENTS), organization, [*stand_ins, *accounts])
    groups = [each.name for each in declaration.access.groups]

    def place(door: table.Door) -> tuple[int, bool, int]:
        of_groups = groups.index(door.who) if door.who in groups else 0
        return SORTS.index(door.sort), door.who.startswith(LAST), of_groups

    rows: dict[tuple[str, str, Power, bool | None, tuple[str, ...]], list[str]] = {}
    for door in sorted(found, key=place):
        if door.account.id in there:
            by = _policies(declaration, door.role, door.account)
            mfa = None if door.sort == "assigned" else door.needs_mfa
            key = (door.who, door.role or AT_HOME, _strongest(door.power), mfa, by)
            rows.setdefault(key, []).append(door.account.id)
    return [
        Door(principal=who, role=role, power=power, mfa=mfa, by=list(by), accounts=ids)
        for (who, role, power, mfa, by), ids in rows.items()
    ]


def _strongest(power: Powers) -> Power:
    return next((word for each, word in STRONGEST_FIRST if each in power), "enters")


def _policies(declaration: Declaration, role: str, account: Account) -> tuple[str, ...]:
    its = (
        each
        for each in declaration.access.roles
        if role in (each.name, called(str(each.permission_set))) and each.where.admits(account)
    )
    return tuple(name for each in its for name in (*each.managed_policies, *each.policies))


def _with_examples(
    declaration: Declaration, accounts: Sequence[Account], organization_id: str
) -> tuple[Organization, list[Account]]:
    """The organization of these accounts, and those that are needed and are not among them: a roll-out may be about a
    few."""
    here: dict[Kind, str] = {each.kind: each.id for each in accounts if each.kind != "workload"}
    missing = [
        Account(
            id=IDS[each.kind],
            name=each.name,
            email=each.email,
            kind=each.kind,
            unit=each.organizational_unit or "",
        )
        for each in declaration.accounts
        if each.kind != "workload" and each.kind not in here
    ]
    ids: dict[Kind, str] = {**here, **{each.kind: each.id for each in missing}}
    whole = all_there(declaration)
    units = {step for each in accounts for step in ancestors(each.unit)} | whole.units.keys()
    paths = {unit: f"ou-ab12-{number:08}" for number, unit in enumerate(sorted(units), 1)}
    named = {each.name: each.id for each in accounts if each.name in declaration.names_in_groups}
    organization_id = organization_id or whole.id
    organization = whole.model_copy(
        update={
            "id": organization_id,
            "management_account_id": ids.get("management", IDS["management"]),
            "security_account_id": ids.get("security"),
            "tooling_account_id": ids.get("tooling"),
            "units": {
                unit: "/".join(
                    [organization_id, whole.root_id, *(paths[each] for each in ancestors(unit)), ""]
                )
                for unit in units
            },
            "named_accounts": {**whole.named_accounts, **named},
        }
    )
    return organization, missing
