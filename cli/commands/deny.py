"""`groundwork deny`"""

from __future__ import annotations

from typing import Annotated

import typer


def deny(
    request: Annotated[str, typer.Argument(help="The request's id, which the notice of it has.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept with the request, and shown.")] = "",
) -> None:
    """Deny what somebody else has asked for: nothing is made, and the requester is told why.

    Needs groundwork-approver. Nobody decides their own request.

    Example: groundwork deny 85973605-b18a-4c8b-86f1-8370ad359688 --reason "use dev"
    """
    from cli.deciding import decide

    decide(request, "deny", reason)
