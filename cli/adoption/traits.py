"""What stands out in an account that is there already: what its people would lose, what is left to them, what stays theirs.

A plan's difference that only makes or changes what is Groundwork's is none of these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundwork.contracts import Change

NO_WAY_IN, NO_ENTRY_ROLE = "AccountNotEnterable", "no entry role"


class What(StrEnum):
    """How a fact bears on who is at work in the account, the worst first."""

    FAILS = "cannot be adopted yet"
    BREAKS = "would break"
    LEFT = "is left to you"
    STAYS = "stays"


ORDER = tuple(What)

TITLES: Sequence[tuple[str, str, What | None, str]] = (
    ("account", "", None, "where it is, or what it is called"),
    ("account-settings", "S3 public access block", None, "public buckets"),
    ("account-settings", "account alias", None, "an alias"),
    ("account-settings", "default VPC", What.BREAKS, "a default VPC"),
    ("account-settings", "root user", None, "root credentials"),
    ("config", "", What.LEFT, "AWS Config of somebody else in the way"),
    ("config", "", None, "AWS Config of somebody else"),
    ("trail", "", None, "trails of somebody else"),
    ("access", "role/AWSCloudFormationStackSetExecutionRole", None, "stack sets"),
    ("access", "role/stacksets-exec-", None, "stack sets"),
    ("access", "role/AWSControlTowerExecution", None, "Control Tower"),
    ("access", "role/aws-controltower-", None, "Control Tower"),
    ("access", "", What.BREAKS, "a role of our name"),
    ("access", "", What.LEFT, "somebody from outside of the organization"),
)
"""What a fact is about, by its component, what its resource begins with, and how it bears; the first that fits."""
OF_OTHERS = ("somebody else", "covers this account")
"""What `config` and `trail` say of others: of a thing of ours they say neither."""
LATER, UNKNOWN = "left out for now", "cannot be verified"
"""What a plan says of things of ours while what they need is not there yet: it is no fact about the account."""
IN_USE = "because it is in use"
"""Of a default VPC, in the words of `account-settings`."""


@dataclass(frozen=True)
class Fact:
    """One thing in an account, in a sentence. What has no title is in many accounts, and sets none of them apart."""

    what: What
    title: str
    sentence: str


def facts(changes: Sequence[Change], failure: Mapping[str, str] | None) -> list[Fact]:
    """Of one account, the worst first."""
    found = [each for change in changes for each in _of_change(change)]
    if failure:
        found.append(_of_failure(failure))
    return sorted(found, key=lambda each: ORDER.index(each.what))


def _of_change(change: Change) -> Iterator[Fact]:
    for clause in change.breaks or ():
        yield Fact(What.BREAKS, _title(change, What.BREAKS), f"{change.resource}: {clause}")
    waits = any(words in change.reason for words in (LATER, UNKNOWN))
    if change.action == "report" and not change.breaks and not waits:
        what = What.LEFT if change.is_for_people else What.STAYS
        yield Fact(what, _title(change, what), f"{change.resource}: {change.reason}")


def _title(change: Change, what: What) -> str:
    """Empty for what stays and is in any account, like a default VPC that nobody uses."""
    own = change.component in ("config", "trail") and not any(words in change.reason for words in OF_OTHERS)
    if own and what is What.STAYS:
        return ""
    for component, begins, bears, title in TITLES:
        if change.component == component and change.resource.startswith(begins) and bears in (None, what):
            return title
    if change.resource.startswith("default VPC") and IN_USE in change.reason:
        return "a default VPC in use"
    return "" if what is What.STAYS else change.component


def _of_failure(failure: Mapping[str, str]) -> Fact:
    error = failure["error"]
    title = NO_ENTRY_ROLE if error == NO_WAY_IN else f"the plan fails: {error}"
    return Fact(What.FAILS, title, f"{error}: {failure['cause']} {failure.get('remedy', '')}".strip())
