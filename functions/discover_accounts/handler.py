"""On a schedule: starts the machine for accounts whose CreateAccountResult never came."""

from __future__ import annotations

from pydantic import ConfigDict

from groundwork.aws.executions import Executions
from groundwork.aws.organizations import Organizations
from groundwork.contracts import Model
from groundwork.entry import entry
from groundwork.ledger import Ledger
from groundwork.settings import settings
from groundwork.vending.discovery import Found, discover_accounts


class Input(Model):
    """The scheduled event says nothing of use."""

    model_config = ConfigDict(extra="ignore")


@entry(Input)
def handle(_: Input) -> Found:
    environment = settings()
    return discover_accounts(
        Ledger(environment.ledger_table),
        Organizations(),
        Executions(),
        environment.state_machine_arn,
        environment.management_account_id,
    )
