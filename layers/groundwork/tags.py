"""The tags by which Groundwork knows an account in Organizations, whatever becomes of the ledger."""

from __future__ import annotations

KIND_TAG = "groundwork:kind"
STATE_TAG = "groundwork:state"
CREATING = "creating"
"""The state that CreateAccount gives an account, until it is enrolled."""
BASELINE_TAG = "groundwork:baseline"
"""The version of the declaration that the account was last brought to; while an execution is on its way, and for as long
as something is left that it no longer names, the earlier ones follow it."""
REQUEST_TAG = "groundwork:request"
"""The id of the event that asked for the account: CreateAccount itself sets it, so a lost ledger can be rebuilt."""
APPROVED_TAG = "groundwork:approved-by"
"""Who approved the request, where that was needed."""
PROTECTED_TAG = "groundwork:protected"
"""On an account that nobody closes, whatever its value is."""
INSTALLED_TAG = "groundwork:installed"
"""On the management account: what joined before this time was there before Groundwork."""
EXPIRES_TAG = "groundwork:expires"
"""The day on which an account expires, where one was asked for: it counts among the requester's tags."""
OWN_TAGS = (KIND_TAG, STATE_TAG, BASELINE_TAG, REQUEST_TAG, APPROVED_TAG)
"""What any account may have besides the requester's."""
