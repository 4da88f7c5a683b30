"""State CheckAccess: asks whether the account can be worked in, by failing with AccountNotUsable while it cannot."""

from __future__ import annotations

from groundwork.contracts import Account, Mode, Model, Organization
from groundwork.declaration.loading import load
from groundwork.entry import entry
from groundwork.vending.readiness import check_access


class Input(Model):
    account: Account
    organization: Organization
    execution: str
    mode: Mode = "apply"


@entry(Input)
def handle(event: Input) -> None:
    check_access(event.account, event.organization, load(), event.mode)
