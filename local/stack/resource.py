"""The shape of a resource type: how one kind of resource is made, changed and taken away through its service's API."""

from __future__ import annotations

import json
import secrets
import string
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from local.stack.errors import NotEmbedded, StackError
from local.stack.template import schema

Properties = dict[str, Any]
SUFFIX_ALPHABET = string.ascii_letters + string.digits
SUFFIX_LENGTH = 12


@dataclass(frozen=True)
class Context:
    """The stack a resource belongs to, and the clients it is made with."""

    api: Callable[[str], Any]
    account: str
    region: str
    partition: str
    stack_name: str
    logical_id: str

    def name(self, limit: int, *, lower: bool = False) -> str:
        """A physical name as CloudFormation makes one up: stack, logical id and a random suffix."""
        suffix = "".join(secrets.choice(SUFFIX_ALPHABET) for _ in range(SUFFIX_LENGTH))
        half = (limit - SUFFIX_LENGTH - 2) // 2
        made = f"{self.stack_name[:half]}-{self.logical_id[:half]}-{suffix}"
        return made.lower() if lower else made

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


@dataclass(frozen=True)
class Made:
    """What a resource is called in AWS, and what Fn::GetAtt may ask of it."""

    physical_id: str
    attributes: Mapping[str, str] = field(default_factory=dict)


class ResourceType(ABC):
    """One CloudFormation resource type.

    `applies` names the properties that are carried out; a template that sets another one is refused.
    """

    name: ClassVar[str]
    applies: ClassVar[frozenset[str]]

    @abstractmethod
    def create(self, to: Context, wanted: Properties) -> Made: ...

    def update(self, to: Context, made: Made, old: Properties, wanted: Properties) -> Made:
        """Change in place; called only when no create-only property changed."""
        raise NotEmbedded(f"the embedded CloudFormation cannot update {self.name}")

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        raise NotEmbedded(f"the embedded CloudFormation cannot delete {self.name}")


class PutType(ResourceType):
    """A type whose one API call both creates and replaces."""

    @abstractmethod
    def put(self, to: Context, wanted: Properties, physical_id: str | None) -> Made: ...

    def create(self, to: Context, wanted: Properties) -> Made:
        return self.put(to, wanted, None)

    def update(self, to: Context, made: Made, old: Properties, wanted: Properties) -> Made:
        return self.put(to, wanted, made.physical_id)


TYPES: dict[str, ResourceType] = {}


def embedded(kind: type[ResourceType]) -> type[ResourceType]:
    """Class decorator: register a type; its `applies` must be properties that the type has."""
    unknown = kind.applies - schema.properties(kind.name)
    if unknown:
        raise ValueError(f"{kind.name} has no {sorted(unknown)}")
    TYPES[kind.name] = kind()
    return kind


def resource_type(name: str) -> ResourceType:
    if name not in TYPES:
        schema.schema(name)
        raise NotEmbedded(f"the embedded CloudFormation has no {name}")
    return TYPES[name]


def check_names(logical_id: str, type_name: str, names: Iterable[str]) -> None:
    """Refuse a property that AWS does not know, or that we would silently leave out."""
    given = set(names)
    if strange := given - schema.properties(type_name):
        raise StackError(f"{logical_id}: Encountered unsupported property {', '.join(sorted(strange))}")
    if ignored := given - resource_type(type_name).applies:
        what = ", ".join(sorted(ignored))
        raise NotEmbedded(
            f"{logical_id}: the embedded CloudFormation does not carry out {what} of {type_name}"
        )


# Small things that most types need -----------------------------------------------------------------


def document(value: Any) -> str:
    """A policy or definition as the API wants it: text."""
    return value if isinstance(value, str) else json.dumps(value)


def only(values: Mapping[str, Any], *names: str) -> Properties:
    return {name: values[name] for name in names if name in values}


def renamed(values: Mapping[str, Any], names: Mapping[str, str]) -> Properties:
    """The properties that `names` lists, under the names that it gives them."""
    return {new: values[old] for old, new in names.items() if old in values}


def tag_map(values: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in values.get("Tags", [])}


def lower_first(value: Any) -> Any:
    """Keys as those services write them that begin a name with a small letter (Logs, Step Functions)."""
    if isinstance(value, dict):
        return {key[0].lower() + key[1:]: lower_first(item) for key, item in value.items()}
    return [lower_first(item) for item in value] if isinstance(value, list) else value


def tag_changes(old: Mapping[str, Any], wanted: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """Tags to set and tag keys to take away."""
    before, after = tag_map(old), tag_map(wanted)
    return {k: v for k, v in after.items() if before.get(k) != v}, [k for k in before if k not in after]


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as most of AWS's services take them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
