"""State VerifyBaseline: looks again at every component that changed something, with sessions that cannot write."""

from __future__ import annotations

from groundwork.baseline.run import verify_inside
from groundwork.contracts import Account, Model, Organization
from groundwork.declaration import ComponentName
from groundwork.declaration.loading import load
from groundwork.entry import entry
from groundwork.fields import Whole


class Input(Model):
    components: list[ComponentName]
    account: Account
    organization: Organization
    execution: str
    passes: Whole


@entry(Input)
def handle(event: Input) -> None:
    verify_inside(event.components, event.account, event.organization, load(), event.passes)
