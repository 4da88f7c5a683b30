"""Invoked by a person: delivers again what lies in the queue of undelivered events."""

from __future__ import annotations

from pydantic import ConfigDict

from groundwork.contracts import Model
from groundwork.entry import entry
from groundwork.notifications.replay import Replayed, Undelivered
from groundwork.settings import settings


class Input(Model):
    """Nothing needs to be said."""

    model_config = ConfigDict(extra="ignore")


@entry(Input)
def handle(_: Input) -> Replayed:
    return Undelivered(settings().undelivered_events_url).replay()
