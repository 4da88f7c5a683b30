"""An account that waits to be closed, as the ledger has it."""

from __future__ import annotations

from groundwork.ledger.records import ClosingRecord

ACCOUNT, UNIT, ROOT = "211047650761", "ou-ab12-9", "r-ab12"
RECORD = ClosingRecord(
    closes_at="2027-01-30T00:00:00Z",
    unit=UNIT,
    home=ROOT,
    former="ready",
    account_id=ACCOUNT,
    account_name="sandbox",
    email="aws+sandbox@example.com",
    execution="one",
)
