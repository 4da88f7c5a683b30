"""The part of the declaration that says which of the owner's own templates are deployed where."""

from __future__ import annotations

import re
from collections.abc import Iterable
from graphlib import TopologicalSorter
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from groundwork.contracts import Account, Model
from groundwork.declaration.access import Where
from groundwork.declaration.fields import ManagedPolicy, PolicyName, Region
from groundwork.declaration.policy_grammar import PLACEHOLDERS
from groundwork.declaration.stacks.templates import FOLDER
from groundwork.fields import Tags

COMPONENT = "stacks"
STACK, ROLE = "groundwork-", "groundwork-stack-"
"""What the names of stacks begin with, and those of the roles that CloudFormation makes them by."""
IN_PARAMETERS = (*PLACEHOLDERS, "name", "region")
"""What is filled in where it stands in angle brackets in a parameter's value: of an account its name besides."""
TAG = r"<tag:([^<>]*)>"
READ = r"(Batch)?(Describe|Get|List)\w*\*?"
"""An action that reads, as AWS names it, or several that begin so."""


def _stack_name(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", value):
        raise ValueError(
            "is no name of a stack; use up to 40 small letters, digits and hyphens, a letter first"
        )
    return value


def _file(value: str) -> str:
    if not re.fullmatch(r"[\w.-]+\.(json|ya?ml)", value, re.ASCII):
        raise ValueError(f"is no file of {FOLDER}/; give its name with its end, like network.yaml")
    return value


def _read(value: str) -> str:
    service, _, action = value.partition(":")
    if not re.fullmatch(r"[a-z][a-z0-9-]*", service) or not re.fullmatch(READ, action, re.ASCII):
        raise ValueError(
            "is no action that reads; give one whose name begins with Describe, Get or List, like sns:GetTopicAttributes"
        )
    return value


class StackWhere(Where):
    tags: Tags = Field(default_factory=dict, description="All of them, of the account, with these values")

    def admits(self, account: Account) -> bool:
        return super().admits(account) and self.tags.items() <= account.tags.items()


StackName = Annotated[str, AfterValidator(_stack_name)]


class Stack(Model):
    """One template, and where a stack of it is."""

    name: StackName = Field(description=f"The stack is called {STACK}<name>, its role {ROLE}<name>")
    template: Annotated[str, AfterValidator(_file)] = Field(description=f"A file of {FOLDER}/")
    where: StackWhere
    regions: list[Region] = Field(default_factory=list, description="Governed ones; none: the home Region")
    parameters: dict[str, str] = Field(
        default_factory=dict,
        description=f"<{'>, <'.join(IN_PARAMETERS)}> and <tag:KEY>, the value of the account's tag, are filled in",
    )
    capabilities: list[Literal["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]] = Field(default_factory=list)
    policies: list[PolicyName] = Field(
        default_factory=list, description="Files of policies/: what CloudFormation may do to make the stack"
    )
    managed_policies: list[ManagedPolicy] = Field(
        default_factory=list, max_length=20, description="Names of AWS managed policies, besides"
    )
    termination_protection: bool = False
    after: list[StackName] = Field(default_factory=list, description="Stacks that are complete before")
    drift_detection: bool = Field(
        default=False, description="A plan has CloudFormation compare its resources with what is there"
    )
    drift_reads: list[Annotated[str, AfterValidator(_read)]] = Field(
        default_factory=list, description="Actions by which CloudFormation reads them with a plan's session"
    )

    @property
    def tags_in_parameters(self) -> dict[str, list[str]]:
        """By parameter, the keys of the account's tags that it is filled in with."""
        return {name: found for name, value in self.parameters.items() if (found := re.findall(TAG, value))}

    def places(self, home: str) -> list[str]:
        return self.regions or [home]


def tags_named(declared: Iterable[Stack]) -> set[str]:
    """The keys of all tags by which accounts are chosen, or parameters filled in."""
    return {
        key
        for each in declared
        for keys in (each.where.tags, *each.tags_in_parameters.values())
        for key in keys
    }


def declared_in(declared: Iterable[Stack], account: Account) -> list[Stack]:
    """The stacks of an account, each after those that it waits for."""
    here = {each.name: each for each in declared if each.where.admits(account)}
    order = TopologicalSorter({name: set(each.after) & here.keys() for name, each in here.items()})
    return [here[name] for name in order.static_order()]
