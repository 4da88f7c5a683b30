"""A permission set of IAM Identity Center.

https://docs.aws.amazon.com/singlesignon/latest/userguide/permissionsetsconcept.html
"""

from __future__ import annotations

import time
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any


@dataclass
class PermissionSet:
    """`roles` has, by account in which it is provisioned, its contents as they were then."""

    arn: str
    name: str
    description: str | None = None
    duration: str = "PT1H"
    relay_state: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    inline: str = ""
    managed: dict[str, str] = field(default_factory=dict)
    """Names by ARN."""
    customer_managed: list[tuple[str, str]] = field(default_factory=list)
    boundary: dict[str, Any] | None = None
    created: float = field(default_factory=time.time)
    roles: dict[str, Any] = field(default_factory=dict)

    @property
    def contents(self) -> dict[str, Any]:
        return {
            "duration": self.duration,
            "inline": self.inline,
            "managed": sorted(self.managed),
            "customer_managed": sorted(self.customer_managed),
            "boundary": deepcopy(self.boundary),
        }

    def is_latest_in(self, account: str) -> bool:
        return bool(self.roles[account] == self.contents)

    def shown(self) -> dict[str, Any]:
        told = {
            "Name": self.name,
            "PermissionSetArn": self.arn,
            "Description": self.description,
            "CreatedDate": self.created,
            "SessionDuration": self.duration,
            "RelayState": self.relay_state,
        }
        return {name: value for name, value in told.items() if value is not None}
