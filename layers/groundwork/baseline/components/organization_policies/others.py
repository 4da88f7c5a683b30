"""Policies of others that say something of the same settings: where they get into ours's way, in words.

Where two on one root, unit or account differ, the one that was attached first holds, and AWS does not tell which that
was. https://docs.aws.amazon.com/organizations/latest/userguide/inheritance-examples.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from groundwork.baseline.central_policies import Other
from groundwork.baseline.component import Target
from groundwork.baseline.components.organization_policies.documents import Path, Settings, assigned, closes
from groundwork.baseline.places import Member
from groundwork.fields import shown


@dataclass(frozen=True)
class Conflict:
    """`bad`: ours does not hold everywhere, or would take from others what they have decided."""

    words: str
    bad: bool


def conflicts(
    other: Other,
    settings: Settings,
    place: str,
    excepted: Mapping[Path, Collection[str]],
    members: Collection[Member],
    target: Target,
    *,
    attached: bool,
) -> Iterator[Conflict]:
    """Where `other` says otherwise than ours, which hangs on `place`, or is to. `excepted` are ids of places by setting."""
    for there in other.attached:
        where = _relation(there, place, members, target)
        for path, value in settings.items():
            theirs, name = assigned(other.content, path), "/".join(path)
            says = f"{shown(other.name)} on {there} says {name} = {shown(theirs)}, not {shown(value)}"
            spared = excepted.get(path, ())
            if where == "above" and closes(other.content, path) and theirs != value:
                yield Conflict(f"{shown(other.name)} on {there} lets none below it say {name}", bad=True)
            elif theirs is None or theirs == value or _excepted(there, spared, members, target):
                continue
            elif where == "same":
                yield Conflict(f"{says}: of two there, the one that was attached first holds", bad=True)
            elif where == "below" and not attached:
                yield Conflict(f"{says}, which would hold no longer", bad=True)
            elif where == "below" and path in excepted:
                yield Conflict(f"{says}: it holds there, as {name} is open below for exceptions", bad=True)
            elif where == "below":
                yield Conflict(f"{says}, and has no effect", bad=False)


def _relation(
    there: str, place: str, members: Collection[Member], target: Target
) -> Literal["same", "above", "below"] | None:
    """None where nothing says that the one is below the other."""
    if there == place:
        return "same"
    if place == target.organization.root_id:
        return "below"
    if account := next((each for each in members if each.id == there), None):
        return "below" if account.is_below(place, target) else None
    paths = target.organization.units.values()
    if any(f"/{there}/" in path and path.endswith(f"/{place}/") for path in paths):
        return "above"
    below = any(f"/{place}/" in path and path.endswith(f"/{there}/") for path in paths)
    return "below" if below else None


def _excepted(there: str, places: Collection[str], members: Collection[Member], target: Target) -> bool:
    return any(_relation(there, place, members, target) in ("same", "below") for place in places)
