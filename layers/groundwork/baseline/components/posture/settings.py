"""What may be declared under `posture`."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from groundwork.contracts import Model
from groundwork.fields import UnitPath

NEWEST = ("aws-foundational-security-best-practices/v/1.0.0", "cis-aws-foundations-benchmark/v/5.0.0")
"""AWS's own, and the newest CIS AWS Foundations Benchmark that Security Hub offers.

https://docs.aws.amazon.com/securityhub/latest/userguide/cis-aws-foundations-benchmark.html
"""


def _standard(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]+/v/\d+\.\d+\.\d+", value):
        raise ValueError(
            f"is no standard of Security Hub; write it as its ARN ends, like {NEWEST[1]}: "
            "`aws securityhub describe-standards` lists them"
        )
    return value


def _control(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*\.[1-9]\d*", value):
        raise ValueError("is no control of Security Hub; write it like IAM.6, not as a benchmark numbers it")
    return value


def _policy_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9\-.!*/]+", value):
        raise ValueError("is no name of a configuration policy; AWS takes letters, digits and - . ! * /")
    return value


class ControlException(Model):
    """A control that is switched off in every account and Region, and why."""

    control: Annotated[str, AfterValidator(_control)]
    reason: str = Field(min_length=3, description="For whoever audits: it stays in the declaration")


class Settings(Model):
    """Standards and controls are those of every account: what is not declared is switched off there."""

    by: Literal["central-configuration", "policy"] = "central-configuration"
    policy: Annotated[str, AfterValidator(_policy_name)] = Field(
        default="groundwork-posture", description="The name of the configuration policy"
    )
    standards: list[Annotated[str, AfterValidator(_standard)]] = Field(default_factory=lambda: list(NEWEST))
    exceptions: list[ControlException] = Field(default_factory=list)
    where: list[UnitPath] = Field(
        default_factory=list,
        description="Units whose accounts are checked; all of the organization, where none is named",
    )

    @field_validator("by")
    @classmethod
    def _is_understood(cls, value: str) -> str:
        if value == "policy":
            raise ValueError(
                "is not supported yet: a Security Hub CSPM policy governs completely, and AWS's page on how it names standards "
                "could not be read to its end; declare central-configuration, which lays down the same"
            )
        return value

    @field_validator("standards")
    @classmethod
    def _each_once(cls, value: list[str]) -> list[str]:
        if not value:
            raise ValueError(
                "is empty: nothing would be checked; name a standard, or take posture out of the baseline"
            )
        if twice := next((name for name in value if value.count(name) > 1), None):
            raise ValueError(f"names {twice} twice; remove one of them")
        return value

    @field_validator("exceptions")
    @classmethod
    def _one_reason_each(cls, value: list[ControlException]) -> list[ControlException]:
        names = [each.control for each in value]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"names {twice} twice; give it one reason")
        return value
