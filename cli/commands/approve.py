"""`groundwork approve`"""

from __future__ import annotations

from cli.bus.decisions import Reason, RequestId, decide


def approve(
    request: RequestId,
    reason: Reason = "",
) -> None:
    """Approve what somebody else has asked for: the account is made.

    Needs groundwork-approver. Nobody decides their own request.

    Example: groundwork approve 85973605-b18a-4c8b-86f1-8370ad359688 --reason "planned for May"
    """
    decide(request, "approve", reason)
