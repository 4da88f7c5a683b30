"""docs/baseline.md: what the baseline lays down, who holds it, for which controls, what AWS bills for it, and how to switch
it off.

`laid_down/<component>.yaml` has the entries of each component. A setting of the component stands under `settings` of the
entry that it is about. Figures are those of `layers/groundwork/prices.json`, which has the date and the price list of each;
what depends on use has its price list alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, Field, model_validator

from checks.references import MADE, table
from groundwork.baseline.components import COMPONENTS
from groundwork.contracts import Model
from groundwork.declaration import Declaration
from groundwork.declaration.component_names import camel
from groundwork.declaration.loading import load
from groundwork.prices import Price, prices

HOME = Path(__file__).with_name("laid_down")
Holder = Literal["organization", "administrator", "account"]
HOLDERS: Mapping[Holder, str] = {
    "organization": "organization: a policy or a switch of AWS Organizations or of another service, which every member has, new ones from "
    "their first moment; no call for an account, and nothing that could drift in it",
    "administrator": "delegated administrator: the security account, for all accounts at once",
    "account": "account: laid down in each, and mended in each",
}
NUMBERED = {"2.1": 6, "2": 21, "3.1": 4, "3.2": 4, "3.3": 1, "4": 10, "5": 16, "6.1": 2, "6": 8}
"""How many recommendations each section of the CIS AWS Foundations Benchmark 7.0 has, those that have parts aside.
https://www.cisecurity.org/benchmark/amazon_web_services
"""
CIS = [
    f"{section}.{number}"
    for section, most in NUMBERED.items()
    for number in range(1, most + 1)
    if f"{section}.{number}" not in NUMBERED
]


def _is_of_cis(control: str) -> str:
    if control not in CIS:
        raise ValueError(f"{control!r} is no recommendation of the CIS AWS Foundations Benchmark 7.0")
    return control


Cis = Annotated[str, AfterValidator(_is_of_cis)]
Fsbp = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9]*\.[0-9]+$")]


class Bill(Model):
    """`price` is a name in `inAccounts` or `monthly` of prices.json: of so many a month, or of each where no number is given.
    `see` is the price list of what has no price there. `once`: for the organization, not for each account."""

    price: str | None = None
    number: int | None = Field(default=None, ge=1)
    see: Annotated[str, Field(pattern=r"^https://aws\.amazon\.com/")] | None = None
    once: bool = False

    @model_validator(mode="after")
    def _either(self) -> Bill:
        if (self.price is None) == (self.see is None):
            raise ValueError("give either price or see")
        if self.number and self.see:
            raise ValueError("number is of a price; take it out, or give a price")
        return self


class Entry(Model):
    """`what` is a clause without a full stop; `switchOff` says what to write in baseline.yaml, or why it cannot be off; without it, the
    component has to be taken out of its lines of `baseline`. `option`: off unless declared. `bills` is empty where AWS asks
    nothing for it."""

    what: str
    holder: Holder
    settings: list[str] = Field(default_factory=list)
    cis: list[Cis] = Field(default_factory=list)
    fsbp: list[Fsbp] = Field(default_factory=list)
    bills: list[Bill] = Field(default_factory=list)
    switch_off: str | None = None
    option: bool = False


@cache
def entries(component: str) -> Sequence[Entry]:
    """Raises FileNotFoundError for a component that has none."""
    found = yaml.safe_load((HOME / f"{component}.yaml").read_text(encoding="utf-8"))
    return [Entry.model_validate(each) for each in found]


def settings_of(component: str) -> set[str]:
    """The settings that may be declared for a component, like `trail.mode`."""
    section = camel(component)
    fields = {field.alias or name: field.annotation for name, field in Declaration.model_fields.items()}
    model = COMPONENTS[component].settings or fields.get(section)
    if not (isinstance(model, type) and issubclass(model, Model)):
        return set()
    return {f"{section}.{field.alias or name}" for name, field in model.model_fields.items()}


def document() -> str:
    """docs/baseline.md."""
    cis = _met(lambda entry: entry.cis)
    return "\n".join(
        [
            "# The baseline, for an auditor",
            "",
            MADE.format("checks/laid_down and layers/groundwork/prices.json"),
            "",
            "What Groundwork lays down, component by component; for which recommendations of the CIS AWS Foundations Benchmark 7.0",
            "and which controls of AWS's Foundational Security Best Practices (FSBP, by the ids of Security Hub); what AWS bills for it;",
            "and how to switch it off in `baseline.yaml`: a component, by taking it out of the lines of `baseline`.",
            "",
            "Who holds something:",
            "",
            *(f"- {words}." for words in HOLDERS.values()),
            "",
            _by_itself(),
            f"[Prices](#prices) are list prices of {prices().region}, read on {prices().read_on}, without free tiers.",
            "",
            *(line for name in COMPONENTS for line in _component(name)),
            "## By control",
            "",
            *_by_control("CIS 7.0", cis),
            "",
            f"By nothing that is laid down: {', '.join(each for each in sorted(CIS, key=_order) if each not in cis)}.",
            "They are about what is done in an account, or by people.",
            "",
            *_by_control("FSBP", _met(lambda entry: entry.fsbp)),
            "",
            "## Prices",
            "",
            *table(("What", "Dollars", "Price list"), map(_priced, _used())),
            "",
        ]
    )


def _component(name: str) -> Iterator[str]:
    kinds = [kind for kind, names in load().baseline.items() if name in names]
    yield f"## {name}"
    yield ""
    yield (
        f"In accounts of kind {', '.join(kinds)}."
        if kinds
        else "In no account, until a line of `baseline` names it."
    )
    yield ""
    rows = (
        (
            each.what + (" (option)" if each.option else ""),
            each.holder,
            ", ".join(each.cis),
            ", ".join(each.fsbp),
            "; ".join(map(_billed, each.bills)) or "nothing",
            each.switch_off or "with the component",
        )
        for each in entries(name)
    )
    yield from table(("What", "Holder", "CIS 7.0", "FSBP", "AWS bills, a month", "Off"), rows)
    yield ""


def _met(controls_of: Callable[[Entry], Sequence[str]]) -> Mapping[str, Iterable[str]]:
    """By control, the components that meet it."""
    met: dict[str, dict[str, None]] = {}
    for name, entry in _all():
        words = f"[`{name}`](#{name}){' (option)' if entry.option else ''}"
        for control in controls_of(entry):
            met.setdefault(control, {})[words] = None
    return met


def _all() -> Iterator[tuple[str, Entry]]:
    """Every entry, with its component."""
    return ((name, entry) for name in COMPONENTS for entry in entries(name))


def _by_control(standard: str, met: Mapping[str, Iterable[str]]) -> Iterator[str]:
    rows = ((control, ", ".join(met[control])) for control in sorted(met, key=_order))
    yield from table((standard, "Met by"), rows)


def _order(control: str) -> tuple[str, list[int]]:
    service = control.rpartition(".")[0] if control[0].isalpha() else ""
    return service.lower(), [int(part) for part in control.removeprefix(service).strip(".").split(".")]


def _billed(bill: Bill) -> str:
    where = ", for all accounts together" if bill.once else ""
    if bill.price is None:
        return f"by use: [price list]({bill.see}){where}"
    price = price_of(bill.price)
    if bill.number is None:
        return f"{_dollars(price)} for each {price.what.partition(', ')[2].removeprefix('a ').removeprefix('an ')}{where}"
    return f"{bill.number * price.of_one:.2f} dollars ({bill.number} x {price.what}){where}"


def price_of(name: str) -> Price:
    """Raises KeyError."""
    return {**prices().monthly, **prices().in_accounts}[name]


def _dollars(price: Price) -> str:
    return f"{price.of_one:.6f}".rstrip("0") + " dollars"


def _by_itself() -> str:
    """What an account costs, whatever is done in it."""
    fixed = [
        bill.number * price_of(bill.price).of_one
        for name, entry in _all()
        if load().has_component(name) and not entry.option
        for bill in entry.bills
        if bill.price and bill.number and not bill.once
    ]
    return (
        f"By the default declaration AWS bills an account {sum(fixed):.2f} dollars a month at a fixed rate; all else is billed by "
        "use, as the tables say."
    )


def _used() -> list[Price]:
    names = {bill.price for _, entry in _all() for bill in entry.bills if bill.price}
    return [price_of(name) for name in sorted(names)]


def _priced(price: Price) -> tuple[str, str, str]:
    each = f"{price.dollars:g}" + (f" for {price.per:,}" if price.per > 1 else "")
    return price.what, each, f"[{price.source.removeprefix('https://')}]({price.source})"
