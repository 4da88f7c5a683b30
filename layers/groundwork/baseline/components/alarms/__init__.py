"""alarms: somebody is told when what the CIS benchmark names is done: its metric filters over a trail's log group, an alarm
on each, and one encrypted topic for all of them, in the security account.

`by: organization` has them once, in the management account, over an organization trail. `by: account` has them in every
account, over its own trail. Both need `trail.cloudWatchLogs`.

https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import ConfigDict, Field

from groundwork.baseline import keys
from groundwork.baseline.component import Call, Component, Permission, Target
from groundwork.baseline.components.alarms import topic, watch
from groundwork.baseline.components.alarms.topic import Topic
from groundwork.baseline.components.alarms.watch import Watch
from groundwork.contracts import Model
from groundwork.declaration import Declaration
from groundwork.declaration.loading import FILE
from groundwork.errors import InvalidDeclaration
from groundwork.fields import Email
from groundwork.side_by_side import side_by_side


class Settings(Model):
    model_config = ConfigDict(hide_input_in_errors=True)
    """Addresses are personal data."""

    by: Literal["organization", "account"] = Field(
        default="organization",
        description="organization: once, over an organization trail; account: in each account, over its own trail",
    )
    notify: list[Email] = Field(
        default_factory=list,
        description="Who is told by mail, once the mail that AWS sends first is answered",
    )


@dataclass(frozen=True)
class Found:
    """What the account holds of it: the topic in the security account, `watch` where alarms belong."""

    topic: Topic | None = None
    watch: Watch | None = None


class Alarms(Component[Found]):
    name = "alarms"
    kinds = ("management", "security", "tooling", "workload")
    settings = Settings
    reads = (
        *watch.READS,
        Permission(["kms:ListKeys"], kinds=topic.SECURITY),
        replace(keys.LOOK, kinds=topic.SECURITY),
        *topic.READS,
    )
    writes = (
        *watch.WRITES,
        *(replace(each, kinds=topic.SECURITY) for each in keys.WRITES),
        *topic.WRITES,
    )

    def rendered(self, declaration: Declaration) -> Sequence[object]:
        """Raises `InvalidDeclaration` where no log group would hold what the alarms are about, or nobody the topic."""
        by, trail = declaration.settings(self.name).by, declaration.trail
        wrong = []
        if trail.mode != by:
            wrong.append(
                f"alarms.by: {by!r} watches a trail of {_whose(by)}, and trail.mode is {trail.mode!r}: declare trail.mode "
                f"{by!r}, or alarms.by {trail.mode!r}"
            )
        if trail.cloud_watch_logs is None:
            wrong.append(
                "alarms: watch the trail's events in CloudWatch Logs, and trail.cloudWatchLogs is not declared: give it "
                "retentionDays"
            )
        needed = ["security", "management"] if by == "organization" else ["security"]
        wrong += [
            f"baseline.{kind}: alarms lacks, and {what}: add it"
            for kind, what in zip(needed, ("the topic is there", "its log group is there"), strict=False)
            if self.name not in declaration.baseline.get(kind, [])  # type: ignore[call-overload]
        ]
        if wrong:
            raise InvalidDeclaration("\n".join(f"{FILE}: {each}." for each in wrong))
        return ()

    def read(self, target: Target) -> Found:
        of_topic, of_watch = side_by_side(
            lambda: topic.read(target) if target.account.kind == "security" else None,
            lambda: watch.read(target) if _watches(target) else None,
        )
        return Found(of_topic, of_watch)

    def diff(self, found: Found, target: Target) -> Iterator[Call]:
        if found.topic:
            yield from topic.calls(found.topic, target)
        if found.watch:
            yield from watch.calls(found.watch, target)
        if not found.topic and not found.watch:
            told = "the management account watches it, over the organization trail"
            yield Call("cloudwatch", "", {}, "alarms", "report", told, severity="low")


def _watches(target: Target) -> bool:
    """Whether alarms belong into the account."""
    return target.declaration.settings("alarms").by == "account" or target.account.kind == "management"


def _whose(by: str) -> str:
    return "the whole organization" if by == "organization" else "each account"
