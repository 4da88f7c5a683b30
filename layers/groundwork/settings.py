"""The environment of a function, typed. Read when a handler runs, never at import."""

from __future__ import annotations

import os

from groundwork.contracts import Model


class Settings(Model):
    ledger_table: str
    state_machine_arn: str
    bootstrap_trail_bucket: str
    bootstrap_trail_key_arn: str
    archive_writer_role_arn: str
    entering_role_arns: str
    roll_outs_bucket: str
    notices_topic_arn: str
    notices_for_chat: str
    undelivered_events_url: str

    @property
    def partition(self) -> str:
        return self.state_machine_arn.split(":")[1]

    @property
    def closing_machine_arn(self) -> str:
        return f"{self.state_machine_arn.rpartition(':')[0]}:groundwork-close-account"

    @property
    def management_account_id(self) -> str:
        """The account the stack is deployed in, and may only be deployed in."""
        return self.state_machine_arn.split(":")[4]

    @property
    def archive_writer(self) -> str:
        """The function that changes the log archive, by its role."""
        return however_it_ends(self.archive_writer_role_arn)

    @property
    def entering(self) -> tuple[str, ...]:
        """The functions that enter accounts, by their roles."""
        return tuple(however_it_ends(arn) for arn in self.entering_role_arns.split(","))


def however_it_ends(arn: str) -> str:
    """A role that CloudFormation named, in this stack and in one that is made again."""
    return f"{arn.rpartition('-')[0]}-*"


def settings() -> Settings:
    return Settings(**{name: os.environ[name.upper()] for name in Settings.model_fields})
