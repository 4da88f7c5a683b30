"""What a policy of type GUARDDUTY_POLICY may say, and what it comes to in one Region.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_guardduty_syntax.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

FOUNDATIONAL, DEFAULT = "foundational", "default"
FEATURES = (
    "s3_data_events",
    "eks_audit_logs",
    "ebs_malware_protection",
    "rds_login_events",
    "lambda_network_logs",
    "runtime_monitoring",
    "ai_protection",
)
STATES = ("enabled", "disabled")
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


class Malformed(ValueError):
    """Why AWS would not take the document."""


def check(document: Mapping[str, Any]) -> None:
    """Raises Malformed."""
    blocks = _settings(_only(_only(document, "guardduty"), "enablement"))
    if not blocks:
        raise Malformed("enablement holds neither default nor a Region")
    for where, block in blocks.items():
        if where != DEFAULT and not REGION.fullmatch(where):
            raise Malformed(f"{where} is neither default nor a Region")
        on = {feature for feature, state in _states(where, block) if state == "enabled"}
        if on and FOUNDATIONAL not in on:
            raise Malformed(f"in {where}, foundational is to be enabled where another feature is")


def in_region(effective: Mapping[str, Any], region: str) -> dict[str, bool]:
    """What an effective policy holds in a Region: whether each feature that it names is on. The Region's own block
    replaces the default; where there is neither, it holds nothing."""
    blocks = effective.get("guardduty", {}).get("enablement", {})
    block = blocks.get(region, blocks.get(DEFAULT, {}))
    return {feature: each["status"] == "enabled" for feature, each in block.items()}


def _states(where: str, block: Any) -> Iterator[tuple[str, str]]:
    for feature, setting in _settings(block).items():
        if feature not in (FOUNDATIONAL, *FEATURES):
            raise Malformed(f"{where} names the feature {feature}, which there is not")
        if feature == "runtime_monitoring" and "additional_configuration" in _settings(setting):
            raise Malformed("additional_configuration of runtime_monitoring is not embedded")
        status = _only(setting, "status")
        if not isinstance(status, dict) or status.get("@@assign") not in STATES or _settings(status):
            raise Malformed(f'the status of {feature} in {where} is {{"@@assign": "enabled"}} or "disabled"')
        yield feature, status["@@assign"]


def _only(found: Any, key: str) -> Any:
    """What stands under the only key that may be there."""
    settings = _settings(found)
    if settings.keys() != {key}:
        there = ", ".join(settings) or "nothing"
        raise Malformed(f"{key} is expected, and nothing beside it; there is {there}")
    return settings[key]


def _settings(found: Any) -> dict[str, Any]:
    """Without what the document says of itself, as which operators policies below may use."""
    if not isinstance(found, dict):
        raise Malformed(f"an object is expected where {found!r} stands")
    return {key: value for key, value in found.items() if not key.startswith("@@")}
