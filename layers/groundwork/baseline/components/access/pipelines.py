"""Roles of the tooling account that the declaration takes for pipelines: who else gets into them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from groundwork.baseline.component import Call, Target
from groundwork.baseline.documents import principals
from groundwork.declaration.policy_files import Document, statements

from .state import RoleState

WHO = ("aws:principalarn", "aws:userid")
"""Keys that tell one principal of an account from another.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""
SUBJECT = ":sub"
"""What the key ends in that tells one workflow of an OIDC provider from another, as of everybody's at GitHub.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
"""

LETS_ABSENT_BE = re.compile(r"Not|Null|IfExists$|^ForAllValues:")
"""Operators that are fulfilled by whoever does not bring the key, or ask that it be another."""

EVERYBODY = re.compile(r"(arn:[^:]*:[^:]*::[^:]*:)?(assumed-role|role|user|repo)?[/:*?]*")
"""A pattern that tells nobody apart: nothing is left of it but the kind of principal."""


def open_to_others(roles: Iterable[RoleState], target: Target) -> Iterator[Call]:
    """Reports each role that may deploy and whose trust lets in whoever of an account is allowed to assume roles, as a
    power user is, or every identity of a provider. Nobody but its owner knows who runs it: it is left alone."""
    patterns = [
        pattern
        for role in target.declaration.access.roles
        if role.trust.account == "tooling"
        for pattern in role.trust.principals
    ]
    if target.declaration.has_component("cdk"):
        patterns += target.declaration.cdk.principals
    for role in roles:
        if not any(fnmatchcase(f"role{role.path}{role.name}", pattern) for pattern in patterns):
            continue
        if them := sorted({who for statement in statements(role.trust) for who in _let_in(statement)}):
            reason = (
                f"may deploy, and its trust policy lets in {', '.join(them)}: name the service or the identity that runs "
                "the pipeline, with its conditions"
            )
            operation, parameters = "UpdateAssumeRolePolicy", {"RoleName": role.name}
            yield Call("iam", operation, parameters, f"role/{role.name}", "report", reason, severity="high")


def _let_in(statement: Document) -> Iterator[str]:
    """Those of a statement's principals who are many."""
    if statement.get("Effect") != "Allow":
        return
    narrowed = {key for key, values in _conditions(statement) if _tells_apart(values)}
    if narrowed.isdisjoint(WHO):
        yield from (
            f"all of {who}" if who.startswith("account ") else who
            for who in principals(statement)
            if who.startswith(("everybody", "account "))
        )
    if not any(key.endswith(SUBJECT) for key in narrowed):
        yield from (
            f"every identity of {who.rpartition('/')[2]}"
            for who in principals(statement)
            if who.startswith("federated ") and ":oidc-provider/" in who
        )


def _conditions(statement: Document) -> Iterator[tuple[str, list[str]]]:
    """What a statement asks for, without what it asks only if it is there, or asks not to be."""
    asked: Mapping[str, Mapping[str, Any]] = statement.get("Condition", {})
    for operator, keys in asked.items():
        if not LETS_ABSENT_BE.search(operator):
            for key, values in keys.items():
                yield key.lower(), [values] if isinstance(values, str) else [str(each) for each in values]


def _tells_apart(values: Iterable[str]) -> bool:
    return not any(EVERYBODY.fullmatch(value) for value in values)
