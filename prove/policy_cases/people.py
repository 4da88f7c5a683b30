"""Callers, with what IAM knows of them, and the doors they try."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from groundwork.declaration.policy_files import Document
from prove import laid_down
from prove.asked import Caller, Levels, Mfa, Wish
from prove.laid_down import IDS, MANAGEMENT, ORGANIZATION

ADMIN, DEV, READ_ONLY, DEPLOY, SUPPORT, ENTRY = (
    "allow-admin-from-security-account",
    "allow-dev-from-security-account",
    "allow-read-only-from-security-account",
    "allow-deploy-from-mgmt-account",
    "allow-support-from-security-account",
    "OrganizationAccountAccessRole",
)
GROUPS = ("admin-external-accounts", "dev-external-accounts", "ro-external-accounts")
OUTSIDE = ("mgmt", "dev", "stage", "prod")
OURS, ANOTHER = ORGANIZATION.id, "o-anotherorgid"
STRANGER = "999999999999"
MFA_WORDS = {"absent": "without MFA", "false": "with a session without MFA", "true": "with MFA"}
ADMINISTRATOR = laid_down.managed("arn:aws:iam::aws:policy/AdministratorAccess")
FULL_ACCESS: Document = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
ENTRY_TRUST: Document = {  # as AWS makes it with an account
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def number_of(account: str) -> str:
    return IDS.get(account, account)


def guarded(account: str) -> Levels:
    """The service control policies over an account: none over the management account and over strangers."""
    if account == "management" or account not in IDS:
        return ()
    return ((FULL_ACCESS, *laid_down.guardrails()), (FULL_ACCESS,), (FULL_ACCESS,))


def _known(account: str, arn: str, mfa: Mfa, kind: str, organization: str | None) -> dict[str, Any]:
    keys: dict[str, Any] = {
        "aws:PrincipalArn": arn,
        "aws:PrincipalAccount": number_of(account),
        "aws:PrincipalType": kind,
        "aws:SecureTransport": "true",
    }
    if organization:
        keys["aws:PrincipalOrgID"] = organization
    if mfa != "absent":
        keys["aws:MultiFactorAuthPresent"] = mfa
    return keys


def documents(holder: Any) -> tuple[Document, ...]:
    """All policies of a role or group."""
    return (*holder.inline.values(), *(laid_down.managed(arn) for arn in sorted(holder.attached)))


def user(
    words: str,
    account: str,
    identity: Iterable[Document],
    mfa: Mfa,
    *,
    name: str = "ada",
    organization: str | None = OURS,
    boundary: Document | None = None,
) -> Caller:
    arn = f"arn:aws:iam::{number_of(account)}:user/{name}"
    keys = {**_known(account, arn, mfa, "User", organization), "aws:username": name}
    keys["aws:userid"] = f"AIDA{name.upper():0<17}"
    return Caller(
        f"{words} {MFA_WORDS[mfa]}",
        arn,
        tuple(identity),
        keys,
        boundary=boundary,
        organization_policies=guarded(account) if organization == OURS else (),
    )


def member(group: str | None, mfa: Mfa, **more: Any) -> Caller:
    """A user of the security account."""
    groups = {each.name: each for each in laid_down.access("security").groups}
    words = f"a user of {group}" if group else "a user of the security account who is in no group"
    return user(words, "security", documents(groups[group]) if group else (), mfa, **more)


def session(
    words: str,
    account: str,
    role: str,
    identity: Iterable[Document],
    *,
    mfa: Mfa = "false",
    organization: str | None = OURS,
    boundary: Document | None = None,
    policy: Document | None = None,
) -> Caller:
    """Somebody in a role, given with its path. MFA is not carried into a role that another role assumed."""
    number, name = number_of(account), role.rsplit("/", 1)[-1]
    role_arn = f"arn:aws:iam::{number}:role/{role}"
    return Caller(
        words,
        f"arn:aws:sts::{number}:assumed-role/{name}/session",
        tuple(identity),
        {
            **_known(account, role_arn, mfa, "AssumedRole", organization),
            "aws:userid": f"AROA{name.upper():0<17}:session",
        },
        role_arn=role_arn,
        boundary=boundary,
        session=policy,
        organization_policies=guarded(account) if organization == OURS else (),
    )


def inside(
    account: str, role: str, words: str, *, mfa: Mfa = "false", policy: Document | None = None
) -> Caller:
    """A session of one of the roles that are laid down, or of the entry role."""
    if role == ENTRY:
        return session(words, account, ENTRY, [ADMINISTRATOR], mfa=mfa, policy=policy)
    state = next(each for each in laid_down.access(account).roles if each.name == role)
    return session(words, account, role, documents(state), mfa=mfa, policy=policy)


# -- doors -------------------------------------------------------------------------------------------


def doors_of(account: str) -> dict[str, Document]:
    """The roles of a member account that somebody else may come in by, with the policy of each."""
    return {**{role.name: role.trust for role in laid_down.access(account).roles}, ENTRY: ENTRY_TRUST}


def enter(account: str, role: str, *, organization: str | None = OURS) -> Wish:
    """Entering an account by a role. An account of another organization looks just like ours, but for where it is."""
    return Wish(
        f"enter {account} by {role}" + ("" if organization == OURS else ", which has left the organization"),
        "sts:AssumeRole",
        f"arn:aws:iam::{IDS[account]}:role/{role}",
        IDS[account],
        doors_of(account)[role],
        where(account, organization),
    )


def where(account: str, organization: str | None = OURS) -> dict[str, Any]:
    """What IAM knows of the account that holds the resource."""
    keys: dict[str, Any] = {"aws:ResourceAccount": number_of(account)}
    if organization:
        path = laid_down.unit_path(account).replace(OURS, organization)
        keys |= {"aws:ResourceOrgID": organization, "aws:ResourceOrgPaths": [path]}
    return keys


def do(action: str, resource: str, account: str, words: str = "", **keys: Any) -> Wish:
    """Doing something with a resource that has no policy of its own."""
    said = words or f"{action} on {resource} of {account}"
    return Wish(said, action, resource, number_of(account), None, {**where(account), **keys})
