"""The plan of many accounts as a person reads it: together those that have the same in common, a screen for each group."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cli.adoption.entry_role import GUARDED, TEMPLATE
from cli.adoption.planning import Planned
from cli.adoption.traits import LATER, NO_ENTRY_ROLE, ORDER, What
from cli.output import counted, say, say_as_it_is

if TYPE_CHECKING:
    from rich.console import RenderableType

    from groundwork.contracts import Change

MOST_NAMES, MOST_FACTS, MOST_RESOURCES = 16, 8, 6
"""In one group: a screen."""
STANDINGS: Mapping[str, str] = {
    "not yet": "cannot be adopted yet",
    "to adopt": "to adopt",
    "management": "the management account",
    "adopted": "adopted already",
    "left out": "left out",
}
"""In the order in which they are told."""
TOGETHER = ("not yet", "to adopt")
"""Those that are grouped by what they have in common."""
STYLES = {What.FAILS: "red", What.BREAKS: "bold red", What.LEFT: "yellow", What.STAYS: "bright_black"}
VERBS = {"create": "create", "update": "change", "delete": "delete"}
OF_A_DEFAULT_VPC = " of the default VPC"
IDS = re.compile(r"\b(vpc|subnet|eni|sg)-[0-9a-f]{8,}\b")


@dataclass(frozen=True)
class Group:
    """Accounts that stand alike and have the same in common."""

    standing: str
    accounts: Sequence[Planned]

    @property
    def titles(self) -> tuple[str, ...]:
        return self.accounts[0].titles if self.standing in TOGETHER else ()

    @property
    def heading(self) -> str:
        if self.standing == "management":
            return "The management account"
        words = f"{counted(len(self.accounts), 'account')} {STANDINGS[self.standing]}"
        if self.standing not in TOGETHER:
            return words
        return f"{words}: {', '.join(self.titles) or 'nothing stands out'}"

    def to_json(self) -> dict[str, Any]:
        ids = [each.entry.account_id for each in self.accounts]
        return {"standing": self.standing, "about": list(self.titles), "accountIds": ids}


def grouped(planned: Sequence[Planned]) -> list[Group]:
    """Those to adopt first, the largest group first."""
    found: dict[tuple[str, frozenset[str]], list[Planned]] = {}
    for each in planned:
        titles = each.titles if each.standing in TOGETHER else ()
        found.setdefault((each.standing, frozenset(titles)), []).append(each)
    groups = [Group(standing, its) for (standing, _), its in found.items()]
    order = list(STANDINGS)
    return sorted(groups, key=lambda each: (order.index(each.standing), -len(each.accounts)))


def tell(groups: Sequence[Group], commands: Sequence[Sequence[str]]) -> None:
    """`commands` are the ways to make an entry role."""
    for group in groups:
        say(*_shown(group))
        if NO_ENTRY_ROLE in group.titles:
            _tell_of_entry_role(commands)
        say("")


def in_total(planned: Sequence[Planned]) -> str:
    """`80 accounts: 5 cannot be adopted yet, 60 to adopt, ...`"""
    counts = {standing: sum(each.standing == standing for each in planned) for standing in STANDINGS}
    words = ", ".join(
        STANDINGS[standing] if standing == "management" else f"{number} {STANDINGS[standing]}"
        for standing, number in counts.items()
        if number
    )
    return f"{counted(len(planned), 'account')}: {words}."


def facts_of(each: Planned) -> Iterator[RenderableType]:
    """One account's, for whoever is asked about it."""
    for what in ORDER:
        if its := [fact.sentence for fact in each.facts if fact.what is what]:
            yield from _block(what, [("", sentence) for sentence in its])
    yield from _changes([each])


def _shown(group: Group) -> Iterator[RenderableType]:
    from rich.text import Text

    yield Text(group.heading, style="bold")
    yield _indented(Text(_names(group)), 2)
    if group.standing == "left out":
        return
    for what in ORDER:
        if what is What.FAILS and NO_ENTRY_ROLE in group.titles:
            continue  # the same in each: what to do about it follows
        if its := _sentences(group, what):
            yield from _block(what, its[:MOST_FACTS], len(its) - MOST_FACTS)
    yield from _changes(group.accounts)


def _sentences(group: Group, what: What) -> list[tuple[str, str]]:
    """With the account of each. What stays in all of them alike is told once, first, without the names of things."""
    each_in = [(each, fact.sentence) for each in group.accounts for fact in each.facts if fact.what is what]
    if what is not What.STAYS or len(group.accounts) == 1:
        return [(each.name, sentence) for each, sentence in each_in]
    who: dict[str, set[str]] = {}
    for each, sentence in each_in:
        who.setdefault(_alike(sentence, each), set()).add(each.entry.account_id)
    everywhere = [words for words, ids in who.items() if len(ids) == len(group.accounts)]
    rest = [(each.name, sentence) for each, sentence in each_in if _alike(sentence, each) not in everywhere]
    return [*(("in each", words) for words in everywhere), *rest]


def _alike(sentence: str, each: Planned) -> str:
    return IDS.sub(r"<\1>", sentence.replace(each.entry.account_id, "<account>"))


def _block(what: What, sentences: Sequence[tuple[str, str]], more: int = 0) -> Iterator[RenderableType]:
    from rich.text import Text

    yield Text(f"  {what.value}", style=STYLES[what])
    rows, told = list[tuple[str, ...]](), ""
    for name, sentence in sentences:
        rows.append((name if name != told else "", sentence))
        told = name
    if more > 0:
        rows.append(("...", f"and {more} more"))
    yield _rows(rows)


def _changes(accounts: Sequence[Planned]) -> Iterator[RenderableType]:
    """What the baseline makes or changes, by component: the resources of all of them, each once."""
    from rich.text import Text

    found: dict[tuple[str, str], dict[str, int]] = {}
    for each in accounts:
        for component, verb, resource in _plain(each):
            its = found.setdefault((component, verb), {})
            its[resource] = its.get(resource, 0) + 1
    if found:
        yield Text("  the baseline would", style="bright_black")
        yield _rows(
            [
                (component, verb, _listed(resources, len(accounts)))
                for (component, verb), resources in sorted(found.items())
            ]
        )


def _plain(each: Planned) -> list[tuple[str, str, str]]:
    """Component, verb and resource. What is made is not changed besides."""
    told: dict[tuple[str, str], str] = {}
    for change in each.changes:
        if change.action != "report" and OF_A_DEFAULT_VPC not in change.resource:
            told.setdefault((change.component, _resource(change, each)), VERBS[change.action])
        elif change.action == "report" and LATER in change.reason:
            told.setdefault((change.component, _resource(change, each)), "create, later")
    return sorted((component, verb, resource) for (component, resource), verb in told.items())


def _resource(change: Change, each: Planned) -> str:
    """As it is called in any account."""
    if change.resource.startswith("account alias "):
        return "account alias"
    return change.resource.replace(each.entry.account_id, "<account>")


def _listed(resources: Mapping[str, int], accounts: int) -> str:
    words = [name if number == accounts else f"{name} (in {number})" for name, number in resources.items()]
    return _cut(words, MOST_RESOURCES)


def _names(group: Group) -> str:
    if group.standing == "left out":
        return _cut([f"{each.name} ({each.entry.state})" for each in group.accounts], MOST_NAMES)
    return _cut([each.name for each in group.accounts], MOST_NAMES)


def _cut(words: Sequence[str], most: int) -> str:
    more = len(words) - most
    return ", ".join([*words[:most], *([f"and {more} more"] if more > 0 else [])])


def _rows(rows: Sequence[Sequence[str]]) -> RenderableType:
    """The last column wraps."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    *narrow, _ = rows[0]
    for _ in narrow:
        table.add_column(no_wrap=True)
    table.add_column()
    for row in rows:
        table.add_row(*map(Text, row))
    return _indented(table, 4)


def _indented(what: RenderableType, by: int) -> RenderableType:
    from rich.padding import Padding

    return Padding(what, (0, 0, 0, by), expand=False)


def _tell_of_entry_role(commands: Sequence[Sequence[str]]) -> None:
    from rich.text import Text

    what_to_do = (
        "Groundwork finds no way in. The account's owner makes the role there: as a stack of "
        f"{TEMPLATE}, or by hand. Signed in there as an administrator:"
    )
    say(_indented(Text(what_to_do), 2))
    for lines in commands:
        say("")
        for line in lines:
            say_as_it_is(f"    {line}")
    say("")
    say(_indented(Text(f"{GUARDED}."), 2))
