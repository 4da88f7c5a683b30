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
    roll_outs_bucket: str
    notices_topic_arn: str
    undelivered_events_url: str

    @property
    def partition(self) -> str:
        return self.state_machine_arn.split(":")[1]

    @property
    def management_account_id(self) -> str:
        """The account the stack is deployed in, and may only be deployed in."""
        return self.state_machine_arn.split(":")[4]


def settings() -> Settings:
    return Settings(**{name: os.environ[name.upper()] for name in Settings.model_fields})
