"""State SummarizeRollOut: what became of every account, and whether somebody must be told."""

from __future__ import annotations

from groundwork.contracts import Mode, Model
from groundwork.declaration.loading import load
from groundwork.entry import entry
from groundwork.roll_out.store import Store
from groundwork.roll_out.summary import Ended, Summarizer, not_begun
from groundwork.settings import settings
from groundwork.vending.outcome import Failure


class Input(Model):
    execution: str
    name: str
    mode: Mode | None = None
    failure: Failure | None = None


@entry(Input)
def handle(event: Input) -> Ended:
    environment = settings()
    for_chat = environment.notices_for_chat == "true"
    if event.mode is None and event.failure:
        return not_begun(event.failure).told(for_chat=for_chat)
    store = Store(environment.roll_outs_bucket, event.name)
    ended = Summarizer(store, load()).summarize(event.mode or "apply", event.failure)
    return ended.told(for_chat=for_chat)
