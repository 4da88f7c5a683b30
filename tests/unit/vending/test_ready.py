"""An account becomes ready: its tag says so before anybody else may hold it."""

from __future__ import annotations

from typing import Any

import pytest

from groundwork.contracts import Account, Organization
from groundwork.declaration.loading import load
from groundwork.errors import OrganizationBusy
from groundwork.vending.enrolment import Enrolled
from groundwork.vending.outcome import Recorder
from groundwork.vending.work import Work

ACCOUNT = Account(id="400000000004", name="dev", email="aws+dev@example.com", kind="workload")
ORGANIZATION = Organization(
    id="o-exampleorgid", partition="aws", root_id="r-ab12", management_account_id="100000000001"
)
WORK = Work(
    route="baseline",
    execution="arn",
    account_name="dev",
    email=ACCOUNT.email,
    kind="workload",
    account_id=ACCOUNT.id,
)


class Noted:
    """Ledger and Organizations: what is written, in that order."""

    def __init__(self, *, busy: bool = False) -> None:
        self.busy, self.written = busy, list[str]()

    def tag(self, account_id: str, tags: dict[str, str]) -> None:
        if self.busy:
            raise OrganizationBusy("Organizations is busy.")
        self.written.append(f"tag {tags['groundwork:state']}")

    def note_ready(self, *_: Any) -> bool:
        self.written.append("ready, and let go")
        return True

    def answer_once(self, *_: Any) -> bool:
        return True


def succeeded(noted: Any) -> None:
    enrolled = Enrolled(account=ACCOUNT, organization=ORGANIZATION, ready=False)
    Recorder(load(), noted, noted).succeeded(WORK, enrolled, ORGANIZATION, [])


def test_it_is_let_go_once_its_tag_is_written() -> None:
    noted = Noted()
    succeeded(noted)
    assert noted.written == ["tag ready", "ready, and let go"]


def test_it_is_held_while_its_tag_cannot_be_written() -> None:
    noted = Noted(busy=True)
    with pytest.raises(OrganizationBusy):
        succeeded(noted)
    assert noted.written == []
