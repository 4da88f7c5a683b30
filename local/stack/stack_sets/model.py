"""A StackSet with service-managed permissions, its instances and its operations, as the API shows them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-concepts.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackSet.html
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any

Shown = dict[str, Any]
Place = tuple[str, str]
"""An account, and a Region."""
AT_WORK = ("QUEUED", "RUNNING", "STOPPING")


@dataclass
class Instance:
    """The stack of an account in a Region; without a `stack_id` there is none yet."""

    account: str
    region: str
    unit: str
    stack_id: str = ""
    status: str = "OUTDATED"
    detailed: str = "PENDING"
    reason: str = ""
    operation: str = ""


@dataclass
class Operation:
    """What is done in some accounts and Regions. `preferences` are those of whoever asked: an automatic deployment has none."""

    identifier: str
    action: str
    asked: Shown
    places: Sequence[Place] | None = None
    """Of an automatic deployment; of others they are known when it begins."""
    units: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Regions by unit."""
    preferences: Mapping[str, Any] = field(default_factory=dict)
    retains: bool = False
    by_itself: bool = False
    status: str = "QUEUED"
    reason: str = ""
    begun: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: datetime | None = None
    results: dict[Place, tuple[str, str, str]] = field(default_factory=dict)
    """By place: the unit, the status and the reason."""

    def summary(self) -> Shown:
        return {
            "OperationId": self.identifier,
            "Action": self.action,
            "Status": self.status,
            "StatusReason": self.reason or None,
            "CreationTimestamp": self.begun,
            "EndTimestamp": self.ended,
            "OperationPreferences": dict(self.preferences) or None,
            "StatusDetails": {"FailedStackInstancesCount": len(self.failed)},
        }

    @property
    def failed(self) -> list[Place]:
        return [place for place, (_, status, _) in self.results.items() if status == "FAILED"]

    def shown_results(self) -> list[Shown]:
        return [
            {
                "Account": account,
                "Region": region,
                "OrganizationalUnitId": unit,
                "Status": status,
                "StatusReason": reason or None,
                "AccountGateResult": {"Status": "SKIPPED"},
            }
            for (account, region), (unit, status, reason) in self.results.items()
        ]


@dataclass
class StackSet:
    """`owner` is the management account, in which it is, whoever made it. `targets` are Regions by unit."""

    name: str
    owner: str
    region: str
    partition: str
    template: str
    token: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    capabilities: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    description: str = ""
    automatic: dict[str, bool] = field(default_factory=dict)
    manages_execution: bool = False
    targets: dict[str, set[str]] = field(default_factory=dict)
    instances: dict[Place, Instance] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)
    suffix: str = field(default_factory=lambda: str(uuid.uuid4()))
    lock: Any = field(default_factory=Lock, repr=False)

    @property
    def identifier(self) -> str:
        return f"{self.name}:{self.suffix}"

    @property
    def arn(self) -> str:
        where = f"{self.region}:{self.owner}:stackset/{self.identifier}"
        return f"arn:{self.partition}:cloudformation:{where}"

    @property
    def at_work(self) -> list[Operation]:
        return [each for each in self.operations if each.status in AT_WORK]

    def operation(self, identifier: str) -> Operation | None:
        return next((each for each in self.operations if each.identifier == identifier), None)

    def summary(self) -> Shown:
        return {
            "StackSetName": self.name,
            "StackSetId": self.identifier,
            "Description": self.description or None,
            "Status": "ACTIVE",
            "PermissionModel": "SERVICE_MANAGED",
            "AutoDeployment": dict(self.automatic),
            "ManagedExecution": {"Active": self.manages_execution},
            "DriftStatus": "NOT_CHECKED",
        }

    def described(self) -> Shown:
        """Parameters and tags by name, as moto takes them."""
        return {
            **{key: value for key, value in self.summary().items() if key != "DriftStatus"},
            "StackSetARN": self.arn,
            "TemplateBody": self.template,
            "Parameters": self.parameters,
            "Capabilities": self.capabilities,
            "Tags": self.tags,
            "OrganizationalUnitIds": sorted(self.targets),
            "Regions": sorted({region for _, region in self.instances}),
        }

    def shown_instances(self) -> list[Shown]:
        return [
            {
                "StackSetId": self.identifier,
                "Account": each.account,
                "Region": each.region,
                "OrganizationalUnitId": each.unit,
                "StackId": each.stack_id or None,
                "Status": each.status,
                "StatusReason": each.reason or None,
                "StackInstanceStatus": {"DetailedStatus": each.detailed},
                "DriftStatus": "NOT_CHECKED",
                "LastOperationId": each.operation or None,
            }
            for each in self.instances.values()
        ]
