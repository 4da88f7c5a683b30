"""State VerifyBaseline: looks again at every component that changed something, with sessions that cannot write."""

from __future__ import annotations

from groundwork.baseline.component import Installation
from groundwork.baseline.run import verify_inside
from groundwork.contracts import Account, Model, Organization
from groundwork.declaration import ComponentName
from groundwork.declaration.loading import load
from groundwork.entry import entry
from groundwork.fields import Whole
from groundwork.settings import settings


class Input(Model):
    components: list[ComponentName]
    account: Account
    organization: Organization
    execution: str
    passes: Whole


@entry(Input)
def handle(event: Input) -> None:
    environment = settings()
    installation = Installation(archive_writer=environment.archive_writer, entering=environment.entering)
    verify_inside(event.components, event.account, event.organization, load(), installation, event.passes)
