"""The call log: every call that reached the embedded AWS, by whom, and with which verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class CallRecord:
    """One call. `time` is seconds since the epoch; `action` is IAM's name (`lambda:InvokeFunction`),
    `operation` the API's (`Invoke`); `resource` is the ARN it was checked against, or `*`; `function` is the Lambda function that
    called, in whatever account, and empty for everybody else; `reason` names what refused it, and is empty where it was
    allowed; `agent` is the User-Agent of whoever called."""

    time: float
    account: str
    principal_arn: str | None
    action: str
    resource: str
    verdict: Literal["allowed", "denied"]
    region: str
    service: str
    operation: str
    mutating: bool
    function: str = ""
    reason: str = ""
    agent: str = ""
