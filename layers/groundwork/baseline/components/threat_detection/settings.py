"""What may be declared of threat detection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field, model_validator

from groundwork.contracts import Model
from groundwork.declaration.fields import Name

Feature = Literal[
    "s3-data-events",
    "eks-audit-logs",
    "ebs-malware-protection",
    "rds-login-events",
    "lambda-network-logs",
    "runtime-monitoring",
    "ai-protection",
]
FEATURES: Sequence[Feature] = (
    "s3-data-events",
    "eks-audit-logs",
    "ebs-malware-protection",
    "rds-login-events",
    "lambda-network-logs",
)
"""Unless it is declared otherwise: those that need no agent in anybody's workload."""


class Settings(Model):
    """GuardDuty for the organization. Foundational threat detection is always on."""

    by: Literal["policy", "auto-enable"] = Field(
        default="policy",
        description="Held by a policy of the organization, which no account can change; or switched on in every account by "
        "the security account",
    )
    policy: Name = "groundwork-threat-detection"
    regions: Literal["governed", "all"] = Field(
        default="governed",
        description="Where the policy switches it on; findings of Regions that are not governed stay in the account",
    )
    features: list[Feature] = Field(
        default_factory=lambda: [*FEATURES],
        description="Besides the foundational ones; each is billed by what it looks at. What is not named is left alone",
    )

    @model_validator(mode="after")
    def _auto_enable_knows_governed_regions(self) -> Settings:
        if self.by == "auto-enable" and self.regions == "all":
            raise ValueError(
                "regions: all is for by: policy; auto-enable works where the security account administers GuardDuty: take "
                "regions out, or name more Regions in regions.governed"
            )
        return self
