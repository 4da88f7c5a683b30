"""An organization whose declaration allows every change of accounts, and how one is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prove.world import TIME_SCALE, World, declaring
from tests.workflow.conftest import Cloud, Execution, Slot

DECLARED = """changes: {allowed: true, renaming: true, contacts: true, email: true, moves: enforce}

approvals: {organizationalUnits: [Workloads/Staging]}

closing: {unit: Suspended}

organizationalUnits:
  - Suspended
"""
DEVELOPMENT, PRODUCTION = "Workloads/Development", "Workloads/Production"


def allowing_changes(slot: Slot) -> Iterator[World]:
    with declaring("organizationalUnits:\n", DECLARED) as template:
        world = World.deployed(slot.own(time_scale=TIME_SCALE), template)
        world.cloud.all_ended()
        yield world
    slot.close()


def made(cloud: Cloud, **asked: Any) -> tuple[str, str, str]:
    """A workload account of one's own: its name, e-mail and id."""
    name, email = cloud.fresh()
    ended = cloud.ask(accountName=name, email=email, organizationalUnit=DEVELOPMENT, **asked)
    assert ended.status == "SUCCEEDED", str(ended)
    return name, email, str(ended.output["accountId"])


def change(cloud: Cloud, **asked: Any) -> tuple[str, Execution]:
    event = cloud.post_change(**asked)
    return event, cloud.ended(cloud.execution_of(event))


def refused(cloud: Cloud, **asked: Any) -> str:
    """Why nothing was changed, as it was answered."""
    event, ended = change(cloud, **asked)
    detail = cloud.answer("Account Failed", requestId=event)["detail"]
    assert detail["error"] == ended.error
    return f"{ended.error}: {detail['cause']}"


def writes(cloud: Cloud, since: int) -> list[str]:
    """What was changed in AWS, the ledger, queues and logs apart."""
    calls = cloud.aws.calls[since:]
    ours = {"dynamodb", "states", "events", "logs", "lambda", "sqs", "sts", "stepfunctions", "xray"}
    return [
        f"{each.service} {each.operation}" for each in calls if each.mutating and each.service not in ours
    ]
