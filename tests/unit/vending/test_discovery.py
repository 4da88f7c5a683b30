"""The scheduled pass: whom it asks AWS about, and whom it starts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from groundwork.aws.organizations import Listed
from groundwork.ledger.memory import Memory
from groundwork.ledger.records import AccountRecord, RequestRecord
from groundwork.tags import INSTALLED_TAG, KIND_TAG, STATE_TAG
from groundwork.vending.discovery import discover_accounts

MANAGEMENT, OLD, ADOPTED, NEW, READY, ASKED, ABANDONED = (f"{number:012}" for number in range(1, 8))
INSTALLED = datetime(2026, 11, 1, tzinfo=UTC)


class Aws:
    """An organization, a ledger that knows the management account and two requests, and what is started."""

    def __init__(self) -> None:
        self.asked, self.started = list[str](), list[str]()

    def tags(self, account: str) -> dict[str, str]:
        self.asked.append(account)
        return {
            MANAGEMENT: {INSTALLED_TAG: INSTALLED.isoformat()},
            ADOPTED: {KIND_TAG: "workload"},
            ABANDONED: {KIND_TAG: "workload"},
            READY: {STATE_TAG: "ready"},
        }.get(account, {})

    def accounts(self) -> Iterator[Listed]:
        for account in (MANAGEMENT, OLD, ADOPTED, NEW, READY, ASKED, ABANDONED):
            age = timedelta(days=1 if account in (NEW, READY) else -1)
            yield Listed(
                id=account,
                name=account,
                email=f"{account}@example.com",
                state="ACTIVE",
                joined=INSTALLED + age,
                unit_ids=(),
                root_id="r-ab12",
                organization_id="o-exampleorg1",
                management_account_id=MANAGEMENT,
                partition="aws",
            )

    def recall_all(self) -> Memory:
        known = AccountRecord(
            account_id=MANAGEMENT, name="m", email="m@example.com", kind="management", state="ready"
        )
        requests = {
            f"{account}@example.com": RequestRecord(
                email=f"{account}@example.com",
                account_name=account,
                kind="workload",
                tags={},
                request_id="1",
                owner="dead",
                state="failed",
            )
            for account in (ASKED, ABANDONED)
        }
        return Memory(accounts={MANAGEMENT: known}, requests=requests)

    def start(self, machine: str, name: str, account: str, mode: str) -> bool:
        self.started.append(account)
        return True

    def __getattr__(self, _: str) -> Any:
        return lambda *_, **__: None


def test_nobody_is_asked_for_the_tags_of_accounts_that_were_there_before() -> None:
    """But of those that somebody has asked for. AWS takes ten such calls a second of a whole organization, and there may be thousands of them."""
    aws: Any = Aws()
    found = discover_accounts(aws, aws, aws, "machine", MANAGEMENT)
    assert aws.asked == [MANAGEMENT, NEW, READY, ASKED, ABANDONED]
    assert found.started == aws.started == [NEW, ABANDONED]
