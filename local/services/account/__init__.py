"""AWS Account Management: which Regions an account has, which moto does not tell.

https://docs.aws.amazon.com/accounts/latest/reference/API_ListRegions.html
https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
"""

from __future__ import annotations

from typing import Any

from moto.account.responses import AccountResponse
from moto.core.responses import ActionResult

from local.engine import Engine
from local.services.account.labels import AccountError, add_operations
from local.services.ec2 import regions_in

STATES = {"opt-in-not-required": "ENABLED_BY_DEFAULT", "opted-in": "ENABLED", "not-opted-in": "DISABLED"}
"""EC2's OptInStatus of a Region as Account Management calls it."""


def install(engine: Engine) -> None:
    add_operations(engine, {"ListRegions": _list_regions, "GetRegionOptStatus": _get_region_opt_status})


def region_states(partition: str) -> dict[str, str]:
    """Every Region by name, and whether accounts have it."""
    return {region.name: STATES[region.opt_in_status] for region in regions_in(partition)}


def _list_regions(response: AccountResponse) -> ActionResult:
    wanted: Any = response._get_param("RegionOptStatusContains")
    regions = region_states(response.partition)
    shown = [{"RegionName": name, "RegionOptStatus": state} for name, state in regions.items()]
    return ActionResult(
        {"Regions": [each for each in shown if not wanted or each["RegionOptStatus"] in wanted]}
    )


def _get_region_opt_status(response: AccountResponse) -> ActionResult:
    name = str(response._get_param("RegionName"))
    regions = region_states(response.partition)
    if name not in regions:
        raise AccountError("ValidationException", f"There is no Region {name}.")
    return ActionResult({"RegionName": name, "RegionOptStatus": regions[name]})
