"""The organization as the doors need it, and the way into its accounts for one look at their IAM."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cli.connection import STACK
from groundwork.aws.sessions import SESSION_SECONDS, answer_of, session_policy
from groundwork.baseline.component import Installation
from groundwork.contracts import Account, Kind, Organization
from groundwork.doors.held import LOOKS, Enter, NotEntered
from groundwork.fields import ancestors
from groundwork.settings import however_it_ends
from groundwork.side_by_side import side_by_side
from groundwork.vending.kinds import kind_of

if TYPE_CHECKING:
    from cli.connection import Connection
    from groundwork.aws.organizations import Listed
    from groundwork.declaration import Declaration

SESSION = "groundwork-doors"
ENTERING = ("ApplyComponentFunctionRole", "CheckAccessFunctionRole", "VerifyBaselineFunctionRole")
"""In the template; the first one changes the log archive."""
NOWHERE = "ou-none"
"""Stands for a declared unit in which there is no account."""


def organization(aws: Connection, declaration: Declaration) -> tuple[Organization, list[Account]]:
    """The organization, and its active accounts but those that wait to be closed. Each is of the kind that the ledger
    knows, or else the declaration."""
    from cli.inventory import unit_paths
    from groundwork.aws.organizations import Organizations

    asked = Organizations(aws.client("organizations"))
    listed, runs = side_by_side(lambda: list(asked.accounts()), lambda: aws.ledger().last_runs())
    paths = unit_paths(aws, listed)
    pinned: dict[Kind, str] = {
        run.kind: id_ for id_, run in runs.items() if run.kind in ("security", "tooling")
    }
    accounts = [
        Account(
            id=each.id,
            name=each.name,
            email=each.email,
            kind=kind_of(each, declaration, pinned),
            unit=paths.get(each.unit_ids, ""),
        )
        for each in listed
        if each.state == "ACTIVE"
        and paths.get(each.unit_ids, "") != declaration.closing.unit  # suspended, with every door shut
    ]
    order = sorted(accounts, key=lambda each: (each.kind != "management", each.unit, each.name))
    return _organization(listed[0], paths, order, declaration), order


def _organization(
    one: Listed, paths: Mapping[tuple[str, ...], str], accounts: Iterable[Account], declaration: Declaration
) -> Organization:
    root = f"{one.organization_id}/{one.root_id}/"
    units = {path: root + "".join(f"{id_}/" for id_ in ids) for ids, path in paths.items() if path}
    for unit in sorted(declaration.organizational_units):
        for each in ancestors(unit):
            above = units.get(each.rpartition("/")[0], root)
            units.setdefault(each, f"{above}{NOWHERE}/")
    ids = {account.kind: account.id for account in accounts if account.kind != "workload"}
    names = declaration.names_in_groups
    return Organization(
        id=one.organization_id,
        partition=one.partition,
        root_id=one.root_id,
        management_account_id=one.management_account_id,
        security_account_id=ids.get("security"),
        tooling_account_id=ids.get("tooling"),
        units=units,
        named_accounts={account.name: account.id for account in accounts if account.name in names},
    )


def installation(aws: Connection) -> Installation:
    """Groundwork's functions that enter accounts, by their roles."""
    cloudformation, account = aws.client("cloudformation"), f"arn:{aws.partition}:iam::{aws.account}"
    arns = []
    for name in ENTERING:
        found = cloudformation.describe_stack_resource(StackName=STACK, LogicalResourceId=name)
        arns.append(however_it_ends(f"{account}:role/{found['StackResourceDetail']['PhysicalResourceId']}"))
    return Installation(archive_writer=arns[0], entering=tuple(arns))


def entering(aws: Connection, declaration: Declaration, there: Organization) -> Enter:
    """IAM in an account, by the first entry role that opens, with a session that can only look. The management account is
    looked at with the caller's own credentials."""

    def iam(account: Account) -> Any:
        if account.id == there.management_account_id:
            return aws.client("iam")
        policy = session_policy([LOOKS], account.id, there.partition)
        answers = []
        for role in declaration.entry_role_names:
            try:
                session = aws.client("sts").assume_role(
                    RoleArn=f"arn:{there.partition}:iam::{account.id}:role/{role}",
                    RoleSessionName=SESSION,
                    Policy=policy,
                    DurationSeconds=SESSION_SECONDS,
                )
            except ClientError as refused:
                if refused.response["Error"]["Code"] not in ("AccessDenied", "AccessDeniedException"):
                    raise
                answers.append(answer_of(refused))
                continue
            return aws.client_with(session["Credentials"], "iam")
        raise NotEntered(
            f"{account.name}: you may not enter it by {' or '.join(declaration.entry_role_names)}."
        )

    return iam
