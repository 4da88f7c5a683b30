"""The part of the declaration that says which of the owner's own templates are deployed where."""

from __future__ import annotations

import re
from collections.abc import Iterable
from graphlib import TopologicalSorter
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from groundwork.contracts import Account, Kind, Model
from groundwork.declaration.access import Where
from groundwork.declaration.fields import ManagedPolicy, PolicyName, Region
from groundwork.declaration.policy_grammar import PLACEHOLDERS
from groundwork.declaration.stacks.templates import FOLDER
from groundwork.fields import Tags

COMPONENT, SETS = "stacks", "stack-sets"
"""The components that lay stacks down: account by account, and by StackSets."""
STACK, ROLE = "groundwork-", "groundwork-stack-"
"""What the names of stacks begin with, and those of the roles that CloudFormation makes them by."""
EXECUTION_ROLES = "stacksets-exec-*"
"""The roles that AWS lays down in accounts for StackSets of AWS Organizations."""
IN_PARAMETERS = (*PLACEHOLDERS, "name", "region")
"""What is filled in where it stands in angle brackets in a parameter's value: of an account its name besides."""
TAG = r"<tag:([^<>]*)>"
IN_PARAMETERS_OF_SETS = ("management", "organization", "partition", "security", "tooling")
"""The same where one value is for all accounts."""
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


def _share(value: str | int) -> str | int:
    if isinstance(value, str) and not re.fullmatch(r"(0|[1-9][0-9]?|100)%", value):
        raise ValueError("is no number of accounts and no share of them; write 5, or 10%")
    return value


Share = Annotated[Annotated[int, Field(ge=0, strict=True)] | str, AfterValidator(_share)]
"""Accounts in each Region: a number of them, or a percentage."""


class StackWhere(Where):
    kinds: list[Kind] = Field(default_factory=list, description="At least one, but for a StackSet")
    tags: Tags = Field(default_factory=dict, description="All of them, of the account, with these values")

    def admits(self, account: Account) -> bool:
        return super().admits(account) and self.tags.items() <= account.tags.items()


StackName = Annotated[str, AfterValidator(_stack_name)]


class StackSetOptions(Model):
    """How CloudFormation works on a StackSet."""

    max_concurrent: Share = Field(
        default="10%", description="Accounts in which it is at work at once, or a share of them"
    )
    failure_tolerance: Share = Field(
        default=0,
        description="Accounts, or a share of them, that may fail in a Region before CloudFormation stops",
    )
    regions_in_parallel: bool = Field(
        default=False, description="Not one after the other, as they are declared"
    )
    retain_stacks: bool = Field(
        default=True,
        description="An account that leaves the units keeps its stack, which nobody looks after any more",
    )


class Stack(Model):
    """One template, and where a stack of it is."""

    name: StackName = Field(description=f"The stack is called {STACK}<name>, its role {ROLE}<name>")
    mode: Literal["stack", "stackSet"] = Field(
        default="stack",
        description="A stack in each account, or one StackSet of AWS Organizations for whole units",
    )
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

    stack_set: StackSetOptions | None = Field(default=None, description="For mode: stackSet alone")

    @property
    def by_stack_set(self) -> bool:
        return self.mode == "stackSet"

    @property
    def options(self) -> StackSetOptions:
        return self.stack_set or StackSetOptions()

    @property
    def tags_in_parameters(self) -> dict[str, list[str]]:
        """By parameter, the keys of the account's tags that it is filled in with."""
        return {name: found for name, value in self.parameters.items() if (found := re.findall(TAG, value))}

    def places(self, home: str) -> list[str]:
        return self.regions or [home]


def stack_sets(declared: Iterable[Stack]) -> list[Stack]:
    return [each for each in declared if each.by_stack_set]


def tags_named(declared: Iterable[Stack]) -> set[str]:
    """The keys of all tags by which accounts are chosen, or parameters filled in."""
    return {
        key
        for each in declared
        for keys in (each.where.tags, *each.tags_in_parameters.values())
        for key in keys
    }


def declared_in(declared: Iterable[Stack], account: Account) -> list[Stack]:
    """The stacks that Groundwork itself lays down in an account, each after those that it waits for."""
    here = {each.name: each for each in declared if not each.by_stack_set and each.where.admits(account)}
    order = TopologicalSorter({name: set(each.after) & here.keys() for name, each in here.items()})
    return [here[name] for name in order.static_order()]
