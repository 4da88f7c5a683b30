"""List prices of AWS in us-east-1, in US dollars, without free tiers: `prices.json`, with its date and its sources.

Each is from the price list of its service; where the page shows its table only in a browser, it was checked against what
others quote from it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path

from pydantic import Field

from groundwork.contracts import Model

CHANGES = (300, 3_000)
"""Recorded by AWS Config in a month: of an account that is little worked in, and of one that is busy. Ours."""


class Price(Model):
    """`dollars` for so many of something; `source` is the price list."""

    dollars: float
    per: int = 1
    what: str
    source: str

    @property
    def of_one(self) -> float:
        return self.dollars / self.per


class Standing(Price):
    """What stands there all month, whatever is done: how many."""

    number: int


class Prices(Model):
    """`usage` is by what is counted of a run, `in_accounts` what the baseline costs in an account."""

    read_on: str
    region: str
    usage: Mapping[str, Price] = Field(repr=False)
    in_accounts: Mapping[str, Price]
    monthly: Mapping[str, Standing]


@cache
def prices() -> Prices:
    return Prices.model_validate_json(Path(__file__).with_suffix(".json").read_text())


BILLED_BY_USE: Mapping[str, str] = {
    "threat-detection": "GuardDuty",
    "posture": "Security Hub",
    "vulnerability-scanning": "Amazon Inspector",
    "sensitive-data": "Amazon Macie",
    "flow-logs": "VPC flow logs",
}
"""What components switch on in every account, and what nobody knows the price of beforehand."""


def month_of_an_account(*, recorded: bool, daily: bool, regions: int, components: Collection[str]) -> str:
    """What an account costs a month by its baseline alone, in a sentence. `recorded` is whether AWS Config records it;
    `components` are those of any kind of account."""
    by_use = [words for name, words in BILLED_BY_USE.items() if name in components]
    besides = " and ".join([*filter(None, [", ".join(by_use)]), "what is run in it"])
    if not recorded:
        cheap = "costs nothing while nobody works in it"
        return f"Its baseline {cheap}; {besides} {'are' if by_use else 'is'} billed by use."
    known = prices()
    price = known.in_accounts["configItemDaily" if daily else "configItem"]
    few, many = (f"{changes * price.of_one:,.2f}" for changes in CHANGES)
    where = "" if regions == 1 else f" in each of {regions} Regions"
    return (
        f"Its baseline costs what AWS Config records: {few} dollars a month for {CHANGES[0]} changes, {many} for "
        f"{CHANGES[1]:,}{where} (list prices of {known.region}, {known.read_on}); {besides} {'are' if by_use else 'is'} "
        "billed by use."
    )
