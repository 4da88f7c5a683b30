"""The names that AWS gives and the declaration may use: of its managed policies, as moto keeps them, which reads them from
AWS. A name that is newer stands in the declaration under `newerThanGroundwork`."""

from __future__ import annotations

import json
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data


def managed_policies() -> str:
    """layers/groundwork/declaration/managed_policies.txt: a path and name a line, below the day of the newest change."""
    policies: dict[str, dict[str, Any]] = json.loads(aws_managed_policies_data)
    newest = max(max(each["CreateDate"], each["UpdateDate"]) for each in policies.values())[:10]
    names = sorted(f"{each['Path']}{name}".removeprefix("/") for name, each in policies.items())
    return "\n".join([f"# AWS managed policies of {newest}", *names, ""])
