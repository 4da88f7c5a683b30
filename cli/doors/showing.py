"""The doors, asked for and shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cli.declaration import declared
from cli.given import GIVEN
from cli.output import as_json, aside, counted, say, table, waiting
from cli.trouble import NOT_PERMITTED, Trouble
from groundwork.declaration.aws_names import did_you_mean
from groundwork.doors.declared import declared as rendered
from groundwork.doors.declared import without_aws
from groundwork.doors.power import WORDS, Power
from groundwork.doors.premises import Premises
from groundwork.doors.sentences import sentences, where
from groundwork.doors.table import AS_THEMSELVES, Door, declared_doors, doors

if TYPE_CHECKING:
    from cli.connection import Connection
    from groundwork.contracts import Account, Organization
    from groundwork.declaration import Declaration
    from groundwork.doors.changes import Change

COLUMNS = ("  ROLE", "WHO", "WITHOUT MFA", "WITH MFA")
THEMSELVES = "(no role)"
BY_CENTER = "Whether people of IAM Identity Center show MFA is set there: their doors count as without."
COLORS = {Power.GRANT: "magenta", Power.WRITE: "yellow", Power.READ: "cyan"}


@dataclass(frozen=True)
class Asked:
    """Where to look: in example accounts, or in those that there are; of these in the named ones."""

    offline: bool
    accounts: Sequence[str]


# -- asked for ------------------------------------------------------------------------------------------


def declared_ones(asked: Asked) -> tuple[list[Door], Sequence[str]]:
    """The doors that the declaration opens, with what could not be worked out."""
    declaration = declared.load()
    if asked.offline:
        (premises,) = without_aws(declaration)
        chosen = _chosen([place.account for place in premises.places.values()], asked.accounts)
        found = doors(premises)
    else:
        organization, accounts = _there(declaration)
        found, premises = declared_doors(declaration, organization, accounts)
        chosen = _chosen(accounts, asked.accounts)
    return [door for door in found if door.account.id in chosen], premises.notes


def held(asked: Asked) -> tuple[list[Door], Sequence[str]]:
    """The doors that are there. Raises `Trouble` where no account can be entered."""
    _, premises, chosen = _held(asked, declared.load())
    return [door for door in doors(premises) if door.account.id in chosen], premises.notes


def changes_against(asked: Asked, against: str) -> list[Change]:
    """What the declaration opens and closes beside another."""
    from cli.declaration.revisions import other
    from groundwork.doors.changes import changes

    now = declared.load()
    before = other(against, declared.folder())
    if asked.offline:
        return _of_chosen(changes(*without_aws(before, now)), asked)
    organization, accounts = _there(now)
    pair = [rendered(each, organization, accounts, {}) for each in (before, now)]
    return _of_chosen(changes(*pair), asked)


def changes_of_held(asked: Asked) -> list[Change]:
    """What is open and not declared, and what is declared and shut: of member accounts, since no role of the management
    account is declared."""
    from cli.doors.entering import installation
    from groundwork.doors.changes import changes
    from groundwork.doors.held import without_members
    from groundwork.doors.permission_sets import without

    declaration = declared.load()
    aws, there, chosen = _held(asked, declaration)
    members = {id_: each for id_, each in there.places.items() if each.account.kind != "management"}
    there, accounts = replace(there, places=members), [each.account for each in members.values()]
    wanted = rendered(declaration, there.organization, accounts, {}, installation(aws))
    if not there.shows_assignments:
        wanted = without(wanted)
    for note in there.notes:
        aside().print(note)
    if not declaration.access.users:
        there = without_members(there)
    found = changes(wanted, there)
    return [each for each in found if each.account.id in chosen]


def _held(asked: Asked, declaration: Declaration) -> tuple[Connection, Premises, set[str]]:
    from cli.connection import Connection
    from cli.doors.entering import entering, organization
    from groundwork.doors.assigned import with_held
    from groundwork.doors.held import held as read

    aws = Connection()
    with waiting("Reading the organization"):
        there, accounts = organization(aws, declaration)
    chosen = _chosen(accounts, asked.accounts)
    # Whoever enters the chosen ones comes from these: users of security, pipelines of tooling.
    looked_at = [each for each in accounts if each.id in chosen or each.kind in ("security", "tooling")]
    with waiting("Looking at each account's IAM"):
        premises = read(declaration, there, looked_at, entering(aws, declaration, there))
    with waiting("Asking who comes in by IAM Identity Center"):
        premises = with_held(premises, aws.client)
    if not premises.places:
        raise Trouble(
            "None of the accounts can be entered with these credentials.",
            "Use those of somebody of the management account who may take an entry role.",
            NOT_PERMITTED,
        )
    return aws, premises, chosen


def _there(declaration: Declaration) -> tuple[Organization, list[Account]]:
    from cli.connection import Connection
    from cli.doors.entering import organization

    with waiting("Reading the organization"):
        return organization(Connection(), declaration)


def _of_chosen(found: list[Change], asked: Asked) -> list[Change]:
    if not asked.accounts:
        return found
    chosen = _chosen([each.account for each in found], asked.accounts, must_be_there=False)
    return [each for each in found if each.account.id in chosen]


def _chosen(accounts: Sequence[Account], wanted: Sequence[str], *, must_be_there: bool = True) -> set[str]:
    """The ids of the accounts with these names, ids or e-mails; of all of them where none is named. Raises `Trouble`."""
    if not wanted:
        return {each.id for each in accounts}
    found = set[str]()
    for text in wanted:
        these = [
            each
            for each in accounts
            if text.casefold() in (each.id, each.name.casefold(), each.email.casefold())
        ]
        if not these and must_be_there:
            close = did_you_mean(text, [each.name for each in accounts])
            raise Trouble(
                f"No account {text!r} has doors{close}.",
                "`groundwork accounts` lists them; one that is closed, or waits for it, has no doors.",
            )
        found |= {each.id for each in these}
    return found


# -- shown ----------------------------------------------------------------------------------------------


def show(found: Sequence[Door], notes: Sequence[str]) -> None:
    """Accounts with the same doors stand together."""
    if GIVEN.as_json:
        as_json({"doors": [_door(each) for each in found], "notes": list(notes)})
        return
    by_account: dict[str, tuple[str, list[Door]]] = {}
    for door in found:
        by_account.setdefault(door.account.id, (door.words, []))[1].append(door)
    alike: dict[tuple[object, ...], tuple[list[str], list[Door]]] = {}
    for words, its in by_account.values():
        key = tuple((door.role, door.who, door.without_mfa, door.with_mfa) for door in its)
        alike.setdefault(key, ([], its))[0].append(words)
    rows = [(where(words), list(_rows(its))) for words, its in alike.values()]
    widths = [max((len(row[column]) for _, its in rows for row in its), default=0) for column in (0, 1)]
    for words, each in rows:
        say(words)
        lines = [(row[0].ljust(widths[0]), row[1].ljust(widths[1]), *row[2:]) for row in each]
        say(table(COLUMNS, ((f"  {line[0]}", *line[1:]) for line in lines)), "")
    say(f"{counted(len(found), 'door')} into {counted(len(by_account), 'account')}")
    if any(door.sort == "assigned" for door in found):
        say(BY_CENTER)
    for note in notes:
        say(note)


def _rows(its: Iterable[Door]) -> Iterator[tuple[str, str, Any, Any]]:
    """Those who enter by the same role with the same power stand together."""
    alike: dict[tuple[str, Power, Power, bool], list[str]] = {}
    for door in its:
        shows_none = door.sort in ("federated", "assigned") or door.who.startswith("role/")
        key = (door.role or THEMSELVES, door.without_mfa, door.with_mfa, shows_none)
        alike.setdefault(key, []).append(door.who)
    for (role, without_mfa, with_mfa, shows_none), crowd in alike.items():
        yield role, ", ".join(crowd), _power(without_mfa), "" if shows_none else _power(with_mfa)


def _power(power: Power) -> Any:
    from rich.text import Text

    color = next((color for each, color in COLORS.items() if each in power), "bright_black")
    return Text(power.words if power else "·", style=color)


def _door(door: Door) -> Mapping[str, Any]:
    return {
        "accountId": door.account.id,
        "account": door.account.name or door.words,
        "kind": door.account.kind,
        "unit": door.account.unit,
        "role": None if door.role == AS_THEMSELVES else door.role,
        "who": door.who,
        "sort": door.sort,
        "withoutMfa": _words(door.without_mfa),
        "withMfa": _words(door.with_mfa),
    }


def _words(power: Power) -> list[str]:
    """["enters", "reads", "writes", "grants"]: empty where the door stays shut."""
    words = {Power.ENTER: "enters", **WORDS}
    return [word for each, word in words.items() if each in power]


def tell(found: Sequence[Change], against: str) -> None:
    """A sentence for each change."""
    if GIVEN.as_json:
        as_json(
            {
                "against": against,
                "changes": [
                    {
                        "change": each.way,
                        "who": each.who,
                        "accountId": each.account.id,
                        "account": each.account.name or each.words,
                        "kind": each.account.kind,
                        "unit": each.account.unit,
                        "role": each.role or None,
                        "what": each.what,
                        "actions": list(each.actions),
                    }
                    for each in found
                ],
            }
        )
        return
    for sentence in sentences(found):
        say(sentence)
    if not found:
        say(f"No door opens and none closes beside {against}.")
