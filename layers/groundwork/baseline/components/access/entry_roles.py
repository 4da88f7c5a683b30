"""The entry roles: who else gets in by them.

AWS makes OrganizationAccountAccessRole with every power and a trust in the whole management account; the owner may have
it narrowed to Groundwork's own functions and to users who are there for an emergency.
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_access.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from groundwork.baseline.component import Call, Target, needing
from groundwork.baseline.documents import differences, principals
from groundwork.declaration.entry_roles import EntryRole
from groundwork.declaration.policy_files import Document, statements

from .documents import TRUST_CHARACTERS, compact, hold_to
from .state import RoleState

GROUNDWORK, BREAK_GLASS = "Groundwork", "BreakGlass"
"""The statements of a narrow trust; by these it is known as ours."""


def calls(found: Mapping[str, RoleState], target: Target) -> Iterator[Call]:
    """Raises `InvalidDeclaration` when a trust policy is longer than IAM takes."""
    for declared in target.declaration.entry_roles:
        role = found.get(declared.name)
        if role is None:
            continue
        if declared.trust == "narrow":
            yield from needing((), _brought_to(trust_policy(declared, target), role))
        elif {statement.get("Sid") for statement in statements(role.trust)} == {GROUNDWORK, BREAK_GLASS}:
            yield from needing((), _brought_to(by_default(target), role))
        else:
            yield from needing((), _wider(role, target.organization.management_account_id))


def trust_policy(role: EntryRole, target: Target) -> Document:
    """Groundwork's functions are known by what the names of their roles begin with: a stack that is made again ends them
    otherwise, and must get in. The account is named as principal, since IAM forgets a role that is deleted."""
    management = f"arn:{target.organization.partition}:iam::{target.organization.management_account_id}"

    def allowed(who: str, arns: list[str], **more: Mapping[str, str]) -> Document:
        return {
            "Sid": who,
            "Effect": "Allow",
            "Principal": {"AWS": f"{management}:root"},
            "Action": "sts:AssumeRole",
            "Condition": {"ArnLike": {"aws:PrincipalArn": arns}, **more},
        }

    document: Document = {
        "Version": "2012-10-17",
        "Statement": [
            allowed(GROUNDWORK, list(target.installation.entering)),
            allowed(
                BREAK_GLASS,
                [f"{management}:{who}" for who in role.break_glass],
                Bool={"aws:MultiFactorAuthPresent": "true"},
            ),
        ],
    }
    hold_to(TRUST_CHARACTERS, [document], f"entryRoles {role.name}: breakGlass", "name fewer users")
    return document


def by_default(target: Target) -> Document:
    """As Organizations makes the role."""
    management = f"arn:{target.organization.partition}:iam::{target.organization.management_account_id}:root"
    statement = {"Effect": "Allow", "Principal": {"AWS": management}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _brought_to(wanted: Document, role: RoleState) -> Iterator[Call]:
    drift = differences(role.trust, wanted)
    if not drift:
        return
    parameters = {"RoleName": role.name, "PolicyDocument": compact(wanted)}
    yield Call(
        *("iam", "UpdateAssumeRolePolicy", parameters, f"role/{role.name}", "update", f"trust {drift}"),
        severity="high",
    )


def _wider(role: RoleState, management: str) -> Iterator[Call]:
    """AWS's default is left alone, and so is what its owner has narrowed. Whoever else gets in is told."""
    others = sorted(
        {
            who
            for statement in statements(role.trust)
            if statement.get("Effect") == "Allow"
            for who in principals(statement)
            if who != f"account {management}"
            and f":iam::{management}:" not in who
            and not who.startswith("the deleted ")
        }
    )
    if others:
        reason = (
            f"has every power here, and its trust policy lets {', '.join(others)} in besides the management account: "
            "take them out, or declare the trust narrow under entryRoles"
        )
        yield Call(
            *(
                "iam",
                "UpdateAssumeRolePolicy",
                {"RoleName": role.name},
                f"role/{role.name}",
                "report",
                reason,
            ),
            severity="high",
        )
