"""The owner's templates of AWS CloudFormation, `templates/*`, as they are read.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from groundwork.errors import InvalidDeclaration

FOLDER = "templates"
ENDS = (".json", ".yaml", ".yml")
LONGEST_SENT, LONGEST = 51_200, 1_000_000
"""Bytes of a template that is sent along with a call, and of one that CloudFormation reads from Amazon S3: the guide says 1 MB,
of which this is the smaller reading."""
IAM, NAMED_IAM = "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"
NAMES_OF_IAM: Mapping[str, str] = {
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
}
"""The property by which a resource of IAM gets a name of the template's choice."""
OF_IAM = frozenset(
    (
        *NAMES_OF_IAM,
        "AWS::IAM::AccessKey",
        "AWS::IAM::GroupPolicy",
        "AWS::IAM::Policy",
        "AWS::IAM::RolePolicy",
        "AWS::IAM::UserPolicy",
        "AWS::IAM::UserToGroupAddition",
    )
)
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html"""
MACROS, MACROS_IN_SHORT = "Fn::Transform", "Transform"
"""The function by which a part of a template is processed, and its short form, which JSON has as well.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-transform.html"""
MODULE, NESTED = "::MODULE", "AWS::CloudFormation::Stack"
"""How the type of a module ends, and what a nested stack is.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/modules.html"""
SHAPING = ("Resources", "Outputs", "Mappings", "Conditions")
"""The sections of a template that decide what a stack holds, its parameters' values besides."""


@dataclass(frozen=True)
class Template:
    """`body` is as it was written, `content` what it says: of YAML each value as text, as CloudFormation compares them."""

    body: str
    content: Mapping[str, Any]

    @cached_property
    def is_large(self) -> bool:
        """Whether CloudFormation takes it from Amazon S3 alone."""
        return len(self.body.encode()) > LONGEST_SENT

    @property
    def key(self) -> str:
        """Of the object that it is in a bucket, which is called by what it holds: another template is another object."""
        return f"{FOLDER}/{self._digest.hex()}"

    @property
    def checksum(self) -> str:
        """As S3 has it of such an object: SHA-256, in Base64."""
        return b64encode(self._digest).decode()

    @cached_property
    def _digest(self) -> bytes:
        return hashlib.sha256(self.body.encode()).digest()

    @property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        found: Mapping[str, Mapping[str, Any]] = self.content["Resources"]
        return found

    @property
    def parameters(self) -> Mapping[str, Mapping[str, Any]]:
        found: Mapping[str, Mapping[str, Any]] = self.content.get("Parameters") or {}
        return found

    def kind(self, parameter: str) -> str:
        return str(self.parameters.get(parameter, {}).get("Type", ""))

    def values(self, given: Mapping[str, str]) -> dict[str, str]:
        """Each parameter's value: the one that is given, or its default."""
        defaults = {
            name: text(each["Default"]) for name, each in self.parameters.items() if "Default" in each
        }
        return {**defaults, **given}

    @property
    def capability(self) -> str | None:
        """What the template needs to be told: that it makes roles or users, and whether it names them itself."""
        kinds = [(each.get("Type", ""), each.get("Properties") or {}) for each in self.resources.values()]
        if any(NAMES_OF_IAM.get(kind, "") in properties for kind, properties in kinds):
            return NAMED_IAM
        return IAM if any(kind in OF_IAM for kind, _ in kinds) else None


def shape(content: Mapping[str, Any]) -> dict[str, Any]:
    """What of a template decides what its stack holds: two that have the same need no update. Each value is text, as in
    YAML, so that it does not matter in which of the two a template is written."""
    return {section: _in_text(content[section]) for section in SHAPING if content.get(section)}


def _in_text(part: Any) -> Any:
    if isinstance(part, Mapping):
        return {name: _in_text(each) for name, each in part.items()}
    return [_in_text(each) for each in part] if isinstance(part, list) else text(part)


def text(value: Any) -> str:
    """A parameter's value as CloudFormation shows it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def template_files(home: Path) -> list[Path]:
    return sorted(path for path in (home / FOLDER).glob("*") if path.suffix in ENDS)


def read_template(path: Path) -> Template:
    """Raises `InvalidDeclaration`, which names file, value and remedy."""
    name = f"{FOLDER}/{path.name}"
    try:
        body = path.read_text(encoding="utf-8")
        content = parsed(body)
    except (UnicodeDecodeError, ValueError) as broken:
        raise InvalidDeclaration(f"{name}: is no template: {' '.join(str(broken).split())}.") from None
    if found := list(_faults(content, len(body.encode()))):
        raise InvalidDeclaration("\n".join(f"{name}: {each}." for each in found))
    return Template(body, content)


def parsed(body: str) -> Any:
    """JSON, or YAML with CloudFormation's tags in their long form. Raises `ValueError`."""
    if body.lstrip().startswith("{"):
        return json.loads(body)
    import yaml  # only where a template is YAML: its import takes as long as that of the whole domain

    # The one in C, which is some five times as fast, is in the package for Lambda.
    class Loader(getattr(yaml, "CBaseLoader", yaml.BaseLoader)):  # type: ignore[misc]
        """Each scalar is text, so that `true` is `"true"` and a date is not one."""

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            keys = [str(key.value) for key, _ in node.value]
            if len(keys) > len(set(keys)):
                twice = next(key for key in keys if keys.count(key) > 1)
                line = node.start_mark.line + 1
                raise ValueError(f"line {line}: holds the key {twice!r} twice; remove one")
            made: dict[Any, Any] = super().construct_mapping(node, deep)
            return made

    def tagged(loader: Any, tag: str, node: Any) -> dict[str, Any]:
        if isinstance(node, yaml.ScalarNode):
            value: Any = loader.construct_scalar(node)
        elif isinstance(node, yaml.SequenceNode):
            value = loader.construct_sequence(node, deep=True)
        else:
            value = loader.construct_mapping(node, deep=True)
        if tag == "GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
        return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}

    Loader.add_multi_constructor("!", tagged)
    try:
        return yaml.load(body, Loader)  # noqa: S506 - it makes text, lists and mappings of what it reads
    except yaml.YAMLError as broken:
        raise ValueError(str(broken)) from None


def _faults(content: Any, length: int) -> Iterator[str]:
    if length > LONGEST:
        yield (
            f"has {length:,} bytes; CloudFormation takes {LONGEST:,}: make two stacks of it, or take comments and descriptions "
            "out"
        )
    resources = content.get("Resources") if isinstance(content, Mapping) else None
    if not isinstance(resources, Mapping) or not resources:
        yield "Resources: is missing or empty; a stack needs at least one"
        return
    for name, each in resources.items():
        if not isinstance(each, Mapping) or not isinstance(each.get("Type"), str):
            yield f"Resources.{name}: has no Type; add it, like AWS::S3::Bucket"
        elif each["Type"].endswith(MODULE):
            yield (
                f"Resources.{name}: {each['Type']} is a module: what it holds is for whoever registers it in an account to say, "
                "and would be made with the stack's role; write it out"
            )
        elif each["Type"] == NESTED:
            yield (
                f"Resources.{name}: is a stack within the stack, which the guard rails keep the stack's role from making; declare "
                "it as a stack of its own, and name it under after where one waits for the other"
            )
    if MACROS_IN_SHORT in content or _has_macros(content):
        yield (
            "Transform: is processed by a macro, and what comes out cannot be compared with what is there; write it out "
            "(`sam package` and `aws cloudformation get-template --template-stage Processed` show what that is)"
        )
    parameters = content.get("Parameters") or {}
    for name, each in parameters.items() if isinstance(parameters, Mapping) else ():
        if not isinstance(each, Mapping):
            yield f"Parameters.{name}: is no parameter; give it a Type"
        elif text(each.get("NoEcho", "")).lower() == "true":
            yield (
                f"Parameters.{name}: has NoEcho, and a declaration holds no secrets: name the secret in the template, as "
                "{{resolve:secretsmanager:...}}"
            )


def _has_macros(part: Any) -> bool:
    """In any section: a macro of an account decides what stands where it is."""
    if isinstance(part, list):
        return any(map(_has_macros, part))
    if not isinstance(part, Mapping):
        return False
    short = part.get(MACROS_IN_SHORT)
    is_macro = MACROS in part or (isinstance(short, Mapping) and "Name" in short)
    return is_macro or any(map(_has_macros, part.values()))
