"""Every event that asks for an account is answered: the first by `Account Ready` when it is, and each later one, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from groundwork.contracts import Requested
from groundwork.vending.work import Answer, Asker, Work

READY = "Account Ready"


def asked_by(trigger: Requested, there: Mapping[str, Any]) -> Asker:
    """`there` is what the account is, or will be, by the names of a request's fields."""
    given = trigger.asked.given
    differs: dict[str, Any] = {
        name: {"asked": given[name], "is": there[name]}
        for name in ("accountName", "email", "kind", "organizationalUnit", "expires")
        if name in there and given.get(name) not in (None, there[name])
    }
    tags = there.get("tags", {})
    missing = {key: value for key, value in trigger.asked.tags.items() if tags.get(key) != value}
    if missing:
        differs["tags"] = {"asked": missing, "is": {key: tags[key] for key in missing if key in tags}}
    return Asker(request_id=trigger.request_id, email=trigger.asked.email, differs=differs)


def ready_again(work: Work, asked: Asker, account: Mapping[str, Any]) -> Answer:
    """To whoever asked for an account that is ready, or has become so for somebody who asked before."""
    detail = {name: account[name] for name in ("accountId", "accountName", "email", "kind")} | {
        "outcome": "unchanged",
        "changes": [],
        "again": True,
        "differs": asked.differs,
        "execution": work.execution,
        "requestId": asked.request_id,
    }
    return Answer(detail_type=READY, detail=detail)


def answered_again(work: Work, asked: Asker) -> Work:
    """The work of an execution that has nothing to do but answer."""
    account = {
        "accountId": work.account_id,
        "accountName": work.account_name,
        "email": work.email,
        "kind": work.kind,
    }
    note = work.note
    if asked.differs:
        note = f"{note} What was asked for and is otherwise: {', '.join(asked.differs)}."
    return work.model_copy(update={"note": note, "answers": [ready_again(work, asked, account)]})
