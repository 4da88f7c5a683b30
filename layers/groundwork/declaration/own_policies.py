"""The owner's own policies of AWS Organizations: files of `policies/organization/`, of which type each is, and where it is
attached. What AWS would refuse of a file is found here, as far as it shows without AWS.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
https://docs.aws.amazon.com/organizations/latest/userguide/policy-operators.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from groundwork.contracts import Model
from groundwork.declaration.aws_names import did_you_mean
from groundwork.declaration.fields import Name
from groundwork.declaration.policy_files import Document, statements
from groundwork.declaration.policy_grammar import PLACEHOLDERS, faults
from groundwork.errors import InvalidDeclaration
from groundwork.fields import UnitPath, shown

FOLDER = "policies/organization"
VALUE_OPERATORS = ("@@assign", "@@append", "@@remove")
CHILDREN_MAY = "@@operators_allowed_for_child_policies"

TypeName = Literal[
    "service-control",
    "resource-control",
    "tag",
    "backup",
    "chat-applications",
    "ai-services-opt-out",
    "ec2",
    "s3",
    "upgrade-rollout",
]


class OwnPolicy(Model):
    """A policy that Groundwork attaches as the owner wrote it."""

    name: Name = Field(description="Of the policy, and of its file, policies/organization/<name>.json")
    type: TypeName
    where: list[UnitPath] = Field(
        default_factory=list, description="Units that it hangs on; on the root, where none is named"
    )

    @property
    def file(self) -> str:
        return f"{FOLDER}/{self.name}.json"


@dataclass(frozen=True)
class Kind:
    """What AWS has of a policy type: its name, the key with which each document begins (none: IAM's policy language), the
    most characters of a document and the most policies on a root or unit, AWS's own included, and the service that needs
    trusted access to do all that it can with them."""

    name: str
    words: str
    key: str | None = None
    longest: int = 10_000
    most: int = 10
    service: str | None = None


KINDS: Mapping[TypeName, Kind] = {
    "service-control": Kind("SERVICE_CONTROL_POLICY", "service control policy", longest=10_240),
    "resource-control": Kind("RESOURCE_CONTROL_POLICY", "resource control policy", longest=5_120, most=5),
    "tag": Kind("TAG_POLICY", "tag policy", "tags", service="tagpolicies.tag.amazonaws.com"),
    "backup": Kind("BACKUP_POLICY", "backup policy", "plans", service="backup.amazonaws.com"),
    "chat-applications": Kind("CHATBOT_POLICY", "chat applications policy", "chatbot", most=5),
    "ai-services-opt-out": Kind(
        "AISERVICES_OPT_OUT_POLICY", "AI services opt-out policy", "services", longest=2_500, most=5
    ),
    "ec2": Kind("DECLARATIVE_POLICY_EC2", "EC2 policy", "ec2_attributes"),
    "s3": Kind("S3_POLICY", "S3 policy", "s3_attributes"),
    "upgrade-rollout": Kind("UPGRADE_ROLLOUT_POLICY", "upgrade rollout policy", "upgrade_rollout"),
}
"""Not here: what a component lays down with more than a policy (GuardDuty, Security Hub), and types that need a delegated
administrator or resources before they do anything (Inspector, Bedrock, network security director)."""


def policy_files(home: Path) -> list[Path]:
    return sorted((home / FOLDER).glob("*.json"))


def read_policy(path: Path) -> Document:
    """Raises `InvalidDeclaration` for what is no JSON object, or names a key twice, which AWS refuses."""
    name = f"{FOLDER}/{path.name}"

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        if twice := next((key for key in keys if keys.count(key) > 1), None):
            raise InvalidDeclaration(f"{name}: holds the key {shown(twice)} twice in one object; remove one.")
        return dict(pairs)

    try:
        document = json.loads(path.read_text(), object_pairs_hook=once)
    except json.JSONDecodeError as broken:
        raise InvalidDeclaration(f"{name}: line {broken.lineno}: is no JSON: {broken.msg}.") from None
    if not isinstance(document, dict):
        raise InvalidDeclaration(f"{name}: holds {shown(document)}; write an object.")
    return document


def faults_in(document: Document, kind: Kind) -> Iterator[str]:
    """What AWS would refuse in a document of this type, each a place and a sentence."""
    if kind.key is None:
        yield from _faults_in_statements(document, kind)
    else:
        yield from _faults_in_settings(document, kind.key, kind.words)
    names = dict.fromkeys(re.findall(r"<([A-Za-z]\w*)>", json.dumps(document)))
    if "account" in names:
        yield (
            "<account>: a policy of the organization reaches many accounts; write $account in a backup policy, * in an ARN, "
            "or a condition on ${aws:PrincipalAccount}"
        )
    for name in names if kind.key else ():  # of the others the grammar has told
        if name not in PLACEHOLDERS:
            known = ", ".join(f"<{each}>" for each in PLACEHOLDERS if each != "account")
            yield f"<{name}>: is not filled in{did_you_mean(name, PLACEHOLDERS)}; write one of {known}"


def _faults_in_statements(document: Document, kind: Kind) -> Iterator[str]:
    """https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html"""
    if document.get("Version") != "2012-10-17":
        yield 'Version: must be "2012-10-17"; add it'
    found = statements(document)
    if not found:
        yield "Statement: is missing or empty; add at least one statement"
    if kind.name == "RESOURCE_CONTROL_POLICY":
        for number, each in enumerate(found):
            if isinstance(each, Mapping) and (each.get("Principal"), each.get("Effect")) != ("*", "Deny"):
                yield f'Statement.{number}: a resource control policy denies, to "Principal": "*"; write it so'
        found = [
            {key: value for key, value in each.items() if key != "Principal"}
            if isinstance(each, Mapping)
            else each
            for each in found
        ]
    yield from faults(document, found)


def _faults_in_settings(document: Document, key: str, words: str) -> Iterator[str]:
    if document.keys() - {CHILDREN_MAY} != {key}:
        begins = ", ".join(map(str, document.keys() - {CHILDREN_MAY})) or "nothing"
        yield f"{shown(begins)}: is not how a document begins that is a {words}; let it begin with {key}"
    elif not document[key]:
        yield f"{key}: has no setting; add one, or take the policy out"
    else:
        yield from _faults_below(document, "")


def _faults_below(node: Mapping[str, Any], path: str) -> Iterator[str]:
    operators = [name for name in node if name.startswith("@@") and name != CHILDREN_MAY]
    settings = [name for name in node if not name.startswith("@@")]
    where = path or "the document"
    if operators and settings:
        yield f"{where}: has a value, by {operators[0]}, and settings, like {settings[0]}; write one of the two"
    for name in operators:
        if name not in VALUE_OPERATORS:
            known = (*VALUE_OPERATORS, CHILDREN_MAY)
            yield f"{where}: {name} is no operator{did_you_mean(name, known)}; write one of {', '.join(known)}"
        elif not _is_value(node[name], name):
            what = "a text, or a list of texts" if name == "@@assign" else "a list of texts"
            yield f"{where}: {name} has {shown(node[name])}; write {what}"
    if CHILDREN_MAY in node and not _are_operators(node[CHILDREN_MAY]):
        allowed = ", ".join((*VALUE_OPERATORS, "@@all", "@@none"))
        yield f"{where}: {CHILDREN_MAY} has {shown(node[CHILDREN_MAY])}; write a list of {allowed}"
    for name in settings:
        below = f"{path}/{name}".lstrip("/")
        if isinstance(node[name], Mapping):
            yield from _faults_below(node[name], below)
        else:
            yield f'{below}: has {shown(node[name])} without an operator; write {{"@@assign": ...}}'


def _is_value(value: Any, operator: str) -> bool:
    listed = isinstance(value, list) and all(isinstance(each, str) for each in value)
    return listed or (operator == "@@assign" and isinstance(value, str | int))


def _are_operators(value: Any) -> bool:
    known = {*VALUE_OPERATORS, "@@all", "@@none"}
    return isinstance(value, list) and bool(value) and all(each in known for each in value)
