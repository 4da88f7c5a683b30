"""The code that AWS has sent to a new root e-mail address, given back by the person who has it. It goes to AWS and nowhere
else: it is no argument, which a shell would remember, and no event, which others may read.

https://docs.aws.amazon.com/accounts/latest/reference/API_AcceptPrimaryEmailUpdate.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cli.trouble import FAILED, Trouble

if TYPE_CHECKING:
    from cli.connection import Connection


def accept(aws: Connection, account_id: str, email: str | None) -> None:
    """Asks for the code, or reads it from what is piped in. Raises `Trouble` where AWS does not take it, or does not show the
    address yet; one that is the account's already is accepted."""
    import sys

    import typer
    from botocore.exceptions import ClientError

    if email is None:
        raise Trouble(
            "--accept-email stands without --email.", "Give the address to which the code was sent."
        )
    client = aws.client("account")
    if client.get_primary_email(AccountId=account_id)["PrimaryEmail"].lower() == email.lower():
        return
    asks = sys.stdin.isatty()
    said = (
        typer.prompt(f"The code that AWS sent to {email}", hide_input=True, err=True)
        if asks
        else sys.stdin.readline()
    )
    code = said.strip()
    if not re.fullmatch(r"[a-zA-Z0-9]{6}", code):
        raise Trouble(
            "That is no code of AWS: it has six letters and digits.",
            "Look into the mail, and repeat the command.",
        )
    try:
        answer = client.accept_primary_email_update(AccountId=account_id, PrimaryEmail=email, Otp=code)
    except ClientError as refused:
        if refused.response["Error"]["Code"] not in (
            "ConflictException",
            "ResourceNotFoundException",
            "ValidationException",
        ):
            raise
        raise Trouble(
            f"AWS does not take the code for {email}: {refused.response['Error'].get('Message', '')}",
            "It may be mistyped, too old or void since another was sent; for another: --send-again.",
            FAILED,
        ) from None
    if str(answer["Status"]) == "FAILED":
        raise Trouble(
            f"AWS has taken the code for {email}, and has not changed the address; it says no reason.",
            "For another code: --send-again.",
            FAILED,
        )
    if client.get_primary_email(AccountId=account_id)["PrimaryEmail"].lower() != email.lower():
        raise Trouble(
            f"AWS has taken the code for {email}, and shows the former address still.",
            "Repeat the command without --accept-email in some minutes, which notes the new one.",
            FAILED,
        )
