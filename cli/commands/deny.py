"""`groundwork deny`"""

from __future__ import annotations

from cli.bus.decisions import Reason, RequestId, decide


def deny(
    request: RequestId,
    reason: Reason = "",
) -> None:
    """Deny what somebody else has asked for: nothing is made, and the requester is told why.

    Needs groundwork-approver. Nobody decides their own request.

    Example: groundwork deny 85973605-b18a-4c8b-86f1-8370ad359688 --reason "use dev"
    """
    decide(request, "deny", reason)
