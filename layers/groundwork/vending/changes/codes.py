"""The code that AWS sends to a new root e-mail address: a person gives it to AWS, with credentials of their own. It passes
through no event, no execution and no ledger.

AWS does not say for how long a code is good.
https://docs.aws.amazon.com/accounts/latest/reference/API_StartPrimaryEmailUpdate.html
https://docs.aws.amazon.com/accounts/latest/reference/API_AcceptPrimaryEmailUpdate.html
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from groundwork.ledger.records import CodeSent
from groundwork.vending.work import WaitsForCode

FRESH = timedelta(minutes=15)
"""For so long whoever asks again is told of the code that was sent, rather than sent another, by which it would be void."""


def is_old(code: CodeSent) -> bool:
    return datetime.now(UTC) >= _sent(code) + FRESH


def waiting_for(account_id: str, code: CodeSent) -> WaitsForCode:
    """What is left to do, and for whom."""
    another = _shown(_sent(code) + FRESH)
    return WaitsForCode(
        new_email=code.new_email,
        sent_at=_shown(_sent(code)),
        another_at=another,
        remedy=(
            f"Whoever reads the mail to {code.new_email}, and may call account:AcceptPrimaryEmailUpdate in the management account: "
            f"groundwork change {account_id} --email {code.new_email} --accept-email. Or: aws account accept-primary-email-update "
            f"--account-id {account_id} --primary-email {code.new_email} --otp <the code>, and the same change asked for anew, "
            f"which notes it. AWS does not say how long a code is good: asked for anew after {another}, or with sendAgain: true, "
            "it sends another."
        ),
    )


def _sent(code: CodeSent) -> datetime:
    return datetime.fromtimestamp(code.sent_at, UTC)


def _shown(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
