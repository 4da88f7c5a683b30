"""`groundwork approve`"""

from __future__ import annotations

from typing import Annotated

import typer


def approve(
    request: Annotated[str, typer.Argument(help="The request's id, which the notice of it has.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept with the request, and shown.")] = "",
) -> None:
    """Approve what somebody else has asked for: the account is made.

    Needs groundwork-approver. Nobody decides their own request.

    Example: groundwork approve 85973605-b18a-4c8b-86f1-8370ad359688 --reason "planned for May"
    """
    from cli.deciding import decide

    decide(request, "approve", reason)
