"""What a change set says, in words: which resources go, are replaced, come or change, and by which properties.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceTargetDefinition.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from groundwork.contracts import Severity

MOST_TOLD = 40
"""Resources; the worst come first."""

Change = Mapping[str, Any]
"""A `ResourceChange`."""

_DELETES, _REPLACES, _MAY_REPLACE, _UNKNOWN = "deletes", "replaces", "may replace", "deletes or changes"
_KEEPS, _ADDS, _IMPORTS, _CHANGES = "keeps, and forgets,", "adds", "imports", "changes"
_KINDS = (_DELETES, _REPLACES, _MAY_REPLACE, _UNKNOWN, _KEEPS, _ADDS, _IMPORTS, _CHANGES)
_HARMFUL = (_DELETES, _REPLACES, _MAY_REPLACE, _UNKNOWN)
"""By which something may go, with what it holds."""


@dataclass(frozen=True)
class ChangeSet:
    """One that is `pending` is being made; one that `failed` says why in CloudFormation's words, or is `idle` because
    nothing would change."""

    changes: Sequence[Change] = ()
    pending: bool = False
    idle: bool = False
    failed: str = ""

    @property
    def words(self) -> list[str]:
        told = sorted(self.changes, key=lambda change: (_KINDS.index(_kind(change)), _named(change)))
        return listed(map(_sentence, told))

    @property
    def severity(self) -> Severity:
        return "high" if any(_kind(change) in _HARMFUL for change in self.changes) else "medium"


def listed(told: Iterable[str]) -> list[str]:
    """No more than a person reads."""
    words = list(told)
    return [*words[:MOST_TOLD], *([f"and {len(words) - MOST_TOLD} more"] if len(words) > MOST_TOLD else [])]


def _kind(change: Change) -> str:
    match change["Action"]:
        case "Add":
            return _ADDS
        case "Import":
            return _IMPORTS
        case "Remove":
            return _KEEPS if change.get("PolicyAction") == "Retain" else _DELETES
        case "Modify":
            replacing = {"True": _REPLACES, "Conditional": _MAY_REPLACE}
            return replacing.get(change.get("Replacement", "False"), _CHANGES)
        case _:
            return _UNKNOWN


def _sentence(change: Change) -> str:
    causes = ", ".join(dict.fromkeys(_causes(change)))
    return f"{_kind(change)} {_named(change)}{f': {causes}' if causes else ''}"


def _named(change: Change) -> str:
    return f"{change['LogicalResourceId']} ({change['ResourceType']})"


def _causes(change: Change) -> Iterator[str]:
    """The properties that change; of what is replaced, those for which it is."""
    targets = [each["Target"] for each in change.get("Details", []) if each.get("Target")]
    decisive = [each for each in targets if each.get("RequiresRecreation") in ("Always", "Conditionally")]
    chosen = decisive if _kind(change) in (_REPLACES, _MAY_REPLACE) and decisive else targets
    for target in chosen:
        yield target.get("Name") or target["Attribute"]
