"""The names that AWS gives: of its managed policies, by a list that is kept here with its day, and of its Regions, by
botocore's. Both are read when they are asked for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

MANAGED_POLICIES = Path(__file__).with_name("managed_policies.txt")
"""Generated: `checks/aws_names.py`."""
SERVICE_LINKED = "aws-service-role/"
"""The path of policies that IAM attaches to service-linked roles alone.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html
"""


@cache
def managed_policies() -> frozenset[str]:
    """The AWS managed policies, with their paths: `AdministratorAccess`, `job-function/ViewOnlyAccess`."""
    return frozenset(MANAGED_POLICIES.read_text().splitlines()[1:])


@cache
def attachable() -> frozenset[str]:
    """Those that IAM attaches to roles, groups and users."""
    return frozenset(each for each in managed_policies() if not each.startswith(SERVICE_LINKED))


def listed_on() -> str:
    """The day of the newest change in the list of managed policies."""
    with MANAGED_POLICIES.open() as lines:
        return next(lines).split()[-1]


@cache
def partitions() -> Mapping[str, str]:
    """The partition of each Region, those that are off until an account opts in included."""
    from botocore import BOTOCORE_ROOT  # where the file is read, not where a model is imported

    data = json.loads(Path(BOTOCORE_ROOT, "data", "partitions.json").read_text())
    return {
        region: partition["id"]
        for partition in data["partitions"]
        for region in partition["regions"]
        if not region.endswith("-global")
    }


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The name that it comes closest to, in brackets; empty where none is close."""
    from difflib import get_close_matches  # where there is a mistake

    by_lower = {each.lower(): each for each in sorted(known)}
    names = [each for each in by_lower if each.endswith(f"/{name.lower()}")]
    close = names or get_close_matches(name.lower(), by_lower, n=1, cutoff=0.7)
    return f" (did you mean {by_lower[close[0]]!r}?)" if close else ""
