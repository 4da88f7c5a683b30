"""Policy documents rendered from the declaration: pure, and never half of what is declared."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from groundwork.baseline.component import Target
from groundwork.declaration.access import Enter, Role, Trust
from groundwork.declaration.policy_files import Document, statements
from groundwork.declaration.policy_grammar import PLACEHOLDERS
from groundwork.errors import InvalidDeclaration

GROUP_INLINE_CHARACTERS = 5_120
ROLE_INLINE_CHARACTERS = 10_240
USER_INLINE_CHARACTERS = 2_048
MANAGED_POLICY_CHARACTERS = 6_144
TRUST_CHARACTERS = 2_048
"""Quotas of IAM, which does not count white space.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""


class NotYetKnown(Exception):
    """Something a document needs does not exist yet; the message says what. Nothing is laid down from it."""


def trust_policy(role: Role, target: Target) -> Document:
    """Who may assume a role. Only an account's root is named as principal: it exists from the start, unlike
    a role or user, which IAM refuses for the first seconds of its life. Conditions say who of the account.

    A third party, which is an account id with an external id, is outside the organization.
    Raises `NotYetKnown`, and `InvalidDeclaration` when it is too long.
    """
    trust, partition = role.trust, target.organization.partition
    account = trusted_account(trust, target)
    equals = {} if _is_third_party(trust) else {"aws:PrincipalOrgID": target.organization.id}
    if trust.external_id is not None:
        equals["sts:ExternalId"] = trust.external_id
    conditions: dict[str, dict[str, Any]] = {"StringEquals": equals}
    if trust.mfa == "required":
        conditions["Bool"] = {"aws:MultiFactorAuthPresent": "true"}
    if trust.principals:
        arns = [f"arn:{partition}:iam::{account}:{principal}" for principal in trust.principals]
        conditions["ArnLike"] = {"aws:PrincipalArn": arns}
    document = _document(
        [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
                "Action": "sts:AssumeRole",
                "Condition": conditions,
            }
        ]
    )
    hold_to(TRUST_CHARACTERS, [document], f"access.roles {role.name}: trust", "name fewer principals")
    return document


def trusted_account(trust: Trust, target: Target) -> str:
    """Raises `NotYetKnown`."""
    if trust.account in ("security", "tooling", "management"):
        return known_account(trust.account, target)
    return trust.account


def _is_third_party(trust: Trust) -> bool:
    return trust.account.isdigit() and trust.external_id is not None


def enter_policy(enter: Enter, role: Role, target: Target) -> Document:
    """Lets a group assume a role in the accounts of the organization that `enter` names.

    Raises `NotYetKnown` when one of them, or one that it leaves out, does not exist yet.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceorgpaths
    """
    organization = target.organization
    conditions: dict[str, dict[str, Any]] = {"StringEquals": {"aws:ResourceOrgID": organization.id}}
    if role.trust.mfa == "required":
        conditions["Bool"] = {"aws:MultiFactorAuthPresent": "true"}
    if enter.organizational_units:
        paths = [f"{_unit(unit, target)}*" for unit in enter.organizational_units]
        conditions["ForAnyValue:StringLike"] = {"aws:ResourceOrgPaths": paths}
    if set(enter.kinds) == {"workload"}:
        conditions["StringNotEquals"] = {"aws:ResourceAccount": _accounts_of_other_kinds(target)}
    resources = [
        f"arn:{organization.partition}:iam::{account}:role{role.path}{role.name}"
        for account in _accounts_to_enter(enter, target)
    ]
    return _document(
        [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": resources, "Condition": conditions}]
    )


def _accounts_to_enter(enter: Enter, target: Target) -> Sequence[str]:
    only_tooling = set(enter.kinds) == {"tooling"}
    if not enter.names:
        return [known_account("tooling", target)] if only_tooling else ["*"]
    ids = []
    for name in enter.names:
        if name not in target.organization.named_accounts:
            raise NotYetKnown(f"account {name!r} does not exist yet")
        ids.append(target.organization.named_accounts[name])
    return (
        [account for account in ids if account == known_account("tooling", target)] if only_tooling else ids
    )


def _accounts_of_other_kinds(target: Target) -> list[str]:
    tooling = [known_account("tooling", target)] if target.declaration.tooling else []
    return [known_account("management", target), known_account("security", target), *tooling]


def _unit(path: str, target: Target) -> str:
    if path not in target.organization.units:
        raise NotYetKnown(f"organizational unit {path!r} does not exist yet")
    return target.organization.units[path]


def known_account(kind: str, target: Target) -> str:
    """The id of the management, security or tooling account. Raises `NotYetKnown`."""
    organization = target.organization
    ids: dict[str, str | None] = {
        "management": organization.management_account_id,
        "security": organization.security_account_id,
        "tooling": organization.tooling_account_id,
        target.account.kind: target.account.id,
    }
    known = ids[kind]
    if known is None:
        raise NotYetKnown(f"the {kind} account does not exist yet")
    return known


def filled(document: Document, target: Target) -> Document:
    """A file of policies/ with its placeholders filled in. Raises `NotYetKnown`."""
    text = json.dumps(document)
    for name in PLACEHOLDERS:
        if f"<{name}>" in text:
            text = text.replace(f"<{name}>", value_of(name, target))
    return _document(json.loads(text)["Statement"])


def value_of(placeholder: str, target: Target) -> str:
    """What is filled in for one of `PLACEHOLDERS`. Raises `NotYetKnown`."""
    match placeholder:
        case "partition":
            return target.organization.partition
        case "account":
            return target.account.id
        case "organization":
            return target.organization.id
        case kind:
            return known_account(kind, target)


def together(documents: Iterable[Document]) -> Document:
    """One document that says what these say."""
    return _document([statement for document in documents for statement in statements(document)])


def _document(said: Any) -> Document:
    return {"Version": "2012-10-17", "Statement": said}


def hold_to(limit: int, documents: Sequence[Document], where: str, remedy: str) -> None:
    """Raises `InvalidDeclaration` when these documents are longer, in all, than IAM takes."""
    length = sum(len("".join(compact(document).split())) for document in documents)
    if length > limit:
        raise InvalidDeclaration(
            f"baseline.yaml: {where}: makes {length:,} characters of policy; IAM takes {limit:,}: {remedy}."
        )


def compact(document: Mapping[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))
