"""What the bench has found, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.marks import Judged, judged
from bench.models.critical_path import Call, Step, calls_of, invocations_of
from bench.models.night import Need, bounds, own_pace
from bench.models.prices import CONFIG_ITEM, PRICES, READ_ON, REGION
from bench.scenarios import MARKS
from bench.settings import Settings
from bench.sheet import Sheet, marked
from bench.tally import Tally
from cli.costs import Usage, cost, dollars, month, night
from groundwork.declaration.loading import load

NAMES = {"new": "new account", "again": "re-run", "plan": "plan"}
SIZES = (10, 80, 1_000, 6_000)
CHANGES = (300, 3_000)
"""Recorded in an account in a month: a quiet one, and one where much is deployed. Ours; put in your own."""
NIGHTS = (1_000, 10_000)


def sheets_of(found: Mapping[str, Any]) -> dict[str, list[Sheet]]:
    """All that was measured, by the name under which the document has it."""
    now, sheets = found["now"], {}
    if "calls" in now:
        sheets["calls"] = calls(now["calls"])
    if "at_latency" in now:
        at_latency = now["at_latency"]
        sheets["path"] = [critical_path(name, at_latency[name]) for name in ("new", "again")]
        sheets["costs"] = costs(at_latency)
        if "roll-out" in at_latency:
            sheets["nights"] = [nights(at_latency, load().roll_out.concurrency)]
    if "burst" in now:
        sheets["bursts"] = [bursts(now["burst"])]
    settings = Settings(**found["settings"])
    sheets["rows"] = [rows(judged(now, found["before"], settings.latency), found["base"], settings)]
    return sheets


def rows(judgements: Iterable[Judged], base: str, settings: Settings) -> Sheet:
    """Every row with its mark; beside it the base, if there is one."""
    columns = ["", *([base] if base else []), "now", *(["ratio"] if base else []), "mark"]
    conditions = (
        f"{settings.latency * 1000:.0f} ms a call, {settings.regions} Regions, {settings.accounts} accounts"
    )
    sheet = Sheet(f"Measured at {conditions}", columns)
    for each in judgements:
        cells = [each.row.words, *([_value(each, each.base)] if base else [])]
        cells.append(_value(each, each.now))
        if base:
            cells.append("" if each.ratio is None else f"{each.ratio:.2f}")
        sheet.add(*cells, marked(_mark(each), each.holds))
    return sheet


def calls(counted: Mapping[str, Mapping[str, Any]]) -> list[Sheet]:
    """AWS API calls by service and scenario, and by how many accounts there are."""
    few, *more = counted
    tallies = {name: Tally(**given) for name, given in counted[few].items()}
    sheet = Sheet("AWS API calls", ["service", *tallies])
    for service in sorted({service for tally in tallies.values() for service in tally.services}):
        sheet.add(service, *(_number(tally.services.get(service, 0)) for tally in tallies.values()))
    sheet.add("all", *(marked(f"{tally.total}", within(name, tally)) for name, tally in tallies.items()))
    sheet.add("at most", *(f"{MARKS[name]}" if name in MARKS else "" for name in tallies))
    sheet.add("lambda Invoke", *(_number(tally.invocations) for tally in tallies.values()))
    growth = Sheet("By number of accounts", ["accounts", *MARKS])
    for accounts in (few, *more):
        growth.add(accounts, *(f"{Tally(**counted[accounts][name]).total}" for name in MARKS))
    return [sheet, growth]


def within(name: str, tally: Tally) -> bool | None:
    return tally.total <= MARKS[name] if name in MARKS else None


def path_of(found: Mapping[str, Any]) -> list[Step]:
    """A critical path as JSON has kept it."""
    return [
        Step(**{**step, "calls": tuple(Call(**call) for call in step["calls"])}) for step in found["path"]
    ]


def critical_path(name: str, found: Mapping[str, Any]) -> Sheet:
    """What one account waits for, state by state."""
    path = path_of(found)
    sheet = Sheet(
        f"Critical path of a {NAMES[name]}: {calls_of(path)} calls and {invocations_of(path)} invocations, "
        f"{sum(step.seconds for step in path):.2f} of {min(found['seconds']):.2f} s",
        ["state", "calls", "seconds", "in this order"],
        texts=("state", "in this order"),
    )
    for step in path:
        order = ", ".join(call.name for call in step.calls)
        sheet.add(step.name, f"{len(step.calls) or ''}", f"{step.seconds:.2f}", order)
    return sheet


def costs(found: Mapping[str, Any]) -> list[Sheet]:
    """What one run of each kind costs, and what a month does."""
    used = {name: Usage(**found[name]["usage"]) for name in NAMES}
    each = Sheet(
        f"Cost at list prices of {REGION}, {READ_ON}, in US dollars for a thousand",
        ["", *NAMES.values()],
    )
    for name, price in PRICES.items():
        each.add(price.what, *(f"{1_000 * cost(usage)[name]:.4f}" for usage in used.values()))
    each.add("all", *(f"{1_000 * dollars(usage):.2f}" for usage in used.values()))
    months = Sheet(
        "Cost a month, in US dollars",
        ["accounts", "a night", "30 nights", "vends", "repairs", "what stands there", "all"]
        + [f"AWS Config at {changes:,} changes an account" for changes in CHANGES],
    )
    for accounts in SIZES:
        bill = month(accounts, used["new"], used["again"], used["plan"])
        months.add(
            f"{accounts:,}",
            f"{dollars(night(used['plan'], accounts)):.2f}",
            f"{bill.nights:.2f}",
            f"{bill.vends:.2f}",
            f"{bill.repairs:.2f}",
            f"{bill.standing:.2f}",
            f"{bill.total:.2f}",
            *(f"{accounts * changes * CONFIG_ITEM.of_one:,.0f}" for changes in CHANGES),
        )
    return [each, months]


def nights(found: Mapping[str, Any], concurrency: int) -> Sheet:
    """A plan of every account: what each quota allows, the one that binds first on top."""
    need = need_of(found)
    sheet = Sheet(
        "A plan of every account, the quota that binds first on top",
        ["quota", "limit", "an account", *(f"{number:,} accounts" for number in NIGHTS), "concurrency up to"],
    )
    paces = (_duration(own_pace(need, number, concurrency)) for number in NIGHTS)
    sheet.add("the roll-out's own concurrency", f"{concurrency}", f"{need.seconds:.1f} s", *paces, "")
    many = {bound.what: bound for bound in bounds(need, NIGHTS[0])}
    for bound in bounds(need, NIGHTS[-1]):
        sheet.add(
            bound.what,
            bound.limit,
            f"{bound.each:.2f}",
            _duration(many[bound.what].seconds),
            _duration(bound.seconds),
            f"{bound.keeps_up_to:,.0f}",
        )
    return sheet


def need_of(found: Mapping[str, Any]) -> Need:
    """What the plan of one account needs, from a run at AWS's latency."""
    usage = Usage(**found["plan"]["usage"])
    fields = ("transitions", "table_reads", "table_writes")
    counted = {name: getattr(usage, name) for name in fields}
    return Need(
        calls={**found["roll-out"]["each"], **counted, "transitions": usage.transitions + 1},
        seconds=min(found["plan"]["seconds"]),
        in_functions=found["plan"]["in_functions"],
    )


def bursts(found: Sequence[Mapping[str, Any]]) -> Sheet:
    """So many requests at once, under AWS's quotas."""
    sheet = Sheet(
        "So many requests at once: CreateAccount is called as fast as its quota allows",
        ["requests", "took, AWS's time", "the quota allows", "share of it", "refused"],
    )
    for each in found:
        share = marked(f"{each['share']:.3f}", each["share"] >= each["mark"])
        sheet.add(
            f"{each['requests']}",
            _duration(each["took"]),
            _duration(each["allowed"]),
            share,
            f"{each['refused']}",
        )
    return sheet


def _value(each: Judged, value: float | None) -> str:
    return "" if value is None else f"{value:,.{each.row.digits}f} {each.row.unit}".strip()


def _mark(each: Judged) -> str:
    row = each.row
    if row.of_base is not None and each.base is not None:
        return f"{row.of_base:.2f} of the base"
    return "" if row.at_most is None else f"at most {row.at_most:g} {row.unit}".strip()


def _number(calls: int) -> str:
    return f"{calls}" if calls else "·"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7_200 else f"{seconds / 3600:.1f} h"
