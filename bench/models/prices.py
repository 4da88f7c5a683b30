"""List prices of AWS, as `groundwork.prices` has them."""

from __future__ import annotations

from collections.abc import Mapping

from groundwork.prices import Price, Standing, prices

READ_ON, REGION = prices().read_on, prices().region

PRICES: Mapping[str, Price] = prices().usage
"""By the field of `cli.costs.Usage` that counts them."""

CONFIG_ITEM = prices().in_accounts["configItem"]
"""Billed in each account: one for each change of a resource, in each Region that records it."""

MONTHLY: Mapping[str, Standing] = prices().monthly
"""What stands there all month, whatever is done."""
