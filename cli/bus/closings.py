"""Accounts that are closed, and had back: asked for by an event, and followed to its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from cli.trouble import FAILED, Trouble

if TYPE_CHECKING:
    from cli.connection import Connection
    from cli.executions.following import Asked

CLOSE_ACCOUNT = "groundwork-close-account"


def id_of(aws: Connection, account: str) -> str:
    """The id itself needs no look at the organization. Raises `Trouble` for a name or an e-mail that nobody has."""
    from cli.selection import selected

    if account.isdigit():
        return account
    (entry,) = selected(aws, [account], every=False)
    return entry.account_id


def ask(aws: Connection, what: Literal["close", "reopen"], detail: dict[str, Any]) -> Asked:
    """Raises `Trouble` for a mistake in it, and when the bus does not take it."""
    from cli.bus.putting import put
    from groundwork.closing.asked import CLOSE, REOPEN, read_asked
    from groundwork.errors import InvalidRequest

    detail_type = CLOSE if what == "close" else REOPEN
    try:
        read_asked({"source": aws.source, "detail-type": detail_type, "detail": detail})
    except InvalidRequest as wrong:
        raise Trouble(str(wrong), f"`groundwork {what} --help` shows what to give.") from None
    account_id = str(detail["accountId"])
    return put(aws, detail_type, {account_id: detail})[account_id]


def outcome(aws: Connection, account: str, asked: Asked) -> dict[str, Any]:
    """What became of it: the output of its execution, once that has ended. Raises `Trouble` where it failed."""
    from cli.executions.differences import failure_of
    from cli.executions.following import Follower

    run = Follower(aws, {account: asked}, CLOSE_ACCOUNT).to_the_end()[account]
    if run.failed:
        failure = failure_of(run.failure)
        raise Trouble(f"{failure['error']}: {failure['cause']}", failure["remedy"], FAILED)
    return run.output
