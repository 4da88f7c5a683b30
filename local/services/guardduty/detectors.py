"""A detector: what GuardDuty looks at in one account and Region.

https://docs.aws.amazon.com/guardduty/latest/APIReference/API_CreateDetector.html
https://docs.aws.amazon.com/guardduty/latest/APIReference/API_GetDetector.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.utils import utcnow
from moto.guardduty.models import Detector as MotoDetector

from local.organizations import policy_syntax

FEATURES = tuple(name.upper() for name in policy_syntax.FEATURES)
OFF_AT_FIRST = frozenset({"RUNTIME_MONITORING"})
"""Every other feature is on in a new detector, unless it is said that it is not."""
ALWAYS = ("CLOUD_TRAIL", "DNS_LOGS", "FLOW_LOGS")
"""Foundational: they are read as long as the detector is enabled."""


class BadRequest(ServiceException):
    """GuardDuty's answer to whatever it does not take."""

    def __init__(self, why: str) -> None:
        super().__init__("BadRequestException", f"The request is rejected because {why}.")


class Detector(MotoDetector):
    """`statuses`: whether each feature is on, as the API names them."""

    def __init__(self, account: str, region: str, *, enabled: bool, frequency: str, tags: Mapping[str, str]):
        super().__init__(account, region, utcnow(), frequency, enabled, {}, dict(tags), [])
        self.statuses = {feature: feature not in OFF_AT_FIRST for feature in FEATURES}

    def described(self, held: Iterable[str]) -> dict[str, Any]:
        """As GetDetector answers. `held` are the features that a GuardDuty policy manages."""
        moment = self.updated_at.isoformat() + "Z"
        return {
            "CreatedAt": self.created_at.isoformat() + "Z",
            "FindingPublishingFrequency": self.finding_publish_freq,
            "ServiceRole": self.service_role,
            "Status": _status(self.enabled),
            "UpdatedAt": moment,
            "DataSources": self.data_sources(),
            "Tags": self.tags,
            "Features": [
                *({"Name": name, "Status": _status(self.enabled)} for name in ALWAYS),
                *self.features_shown(held),
            ],
        }

    def features_shown(self, held: Iterable[str]) -> list[dict[str, Any]]:
        managed = set(held)
        return [
            {"Name": feature, "Status": _status(on), "UpdatedAt": self.updated_at}
            | ({"ManagedBy": "GUARDDUTY_POLICY"} if feature in managed else {})
            for feature, on in self.statuses.items()
        ]

    def data_sources(self) -> dict[str, Any]:
        """The same in the words of before there were features."""
        foundational = {"Status": _status(self.enabled)}
        volumes = {"EbsVolumes": {"Status": _status(self.statuses["EBS_MALWARE_PROTECTION"])}}
        return {
            "CloudTrail": foundational,
            "DNSLogs": foundational,
            "FlowLogs": foundational,
            "S3Logs": {"Status": _status(self.statuses["S3_DATA_EVENTS"])},
            "Kubernetes": {"AuditLogs": {"Status": _status(self.statuses["EKS_AUDIT_LOGS"])}},
            "MalwareProtection": {"ScanEc2InstanceWithFindings": volumes},
        }


def _status(on: bool) -> str:
    return "ENABLED" if on else "DISABLED"
