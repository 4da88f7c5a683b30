"""The door table: every visitor at every door, tried for real, beside what the declaration promises.

A try is AssumeRole and, once inside, one call for each power: read, write, and power over IAM. What was written is
removed with the same session.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from botocore.exceptions import ClientError
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from demo.callers import Caller, assume, role_arn
from demo.promises import Door, promised
from groundwork.declaration import Declaration
from groundwork.doors.power import EVERYTHING, Power
from local.engine import Engine
from local.identity.credentials import Credentials

REFUSALS = frozenset(("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"))
NOBODY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}]}'
AT_ONCE = 4

SIGNS = {
    Power.SHUT: ("·", "stays shut"),
    Power.ENTER: ("o", "enters only"),
    Power.ENTER | Power.READ: ("R", "reads"),
    Power.ENTER | Power.READ | Power.WRITE: ("W", "writes, too"),
    EVERYTHING: ("A", "makes roles, too"),
}
UNHEARD_OF = ("?", "does something nobody can declare")
COLORS = {"·": "bright_black", "R": "cyan", "W": "yellow", "A": "magenta"}
WRONG = "bold white on red"


@dataclass(frozen=True)
class Try:
    """One cell: what a caller could do behind a door, and what was promised."""

    caller: Caller
    door: Door
    found: Power
    promised: Power

    @property
    def holds(self) -> bool:
        return self.found == self.promised

    def in_words(self) -> str:
        return (
            f"{self.door.account.name} {self.door.role_name}, {self.caller.words}: the door {_words(self.found)}; "
            f"promised is that it {_words(self.promised)}"
        )


def try_all(
    aws: Engine, callers: Sequence[Caller], doors: Sequence[Door], declaration: Declaration
) -> list[Try]:
    """Every cell, door by door. Raises ClientError when a call fails for any reason but permissions."""

    def cell(where: tuple[Door, Caller]) -> Try:
        door, caller = where
        return Try(
            caller, door, try_door(aws, caller.credentials, door), promised(caller.visitor, door, declaration)
        )

    with ThreadPoolExecutor(AT_ONCE) as side_by_side:
        return list(side_by_side.map(cell, [(door, caller) for door in doors for caller in callers]))


def try_door(aws: Engine, who: Credentials, door: Door) -> Power:
    """What these credentials can do behind a door."""
    arn = role_arn(aws, door.account.id, door.role_name, door.path)
    session = permitted(lambda: assume(aws, who, arn, "door"))
    if session is None:
        return Power.SHUT
    return Power.ENTER | _read(aws, session) | _write(aws, session) | _grant(aws, session)


def _read(aws: Engine, session: Credentials) -> Power:
    ec2 = aws.client("ec2", credentials=session)
    return Power.SHUT if permitted(ec2.describe_security_groups) is None else Power.READ


def _write(aws: Engine, session: Credentials) -> Power:
    ec2 = aws.client("ec2", credentials=session)
    name = f"door-{secrets.token_hex(4)}"
    made = permitted(lambda: ec2.create_security_group(GroupName=name, Description="Was the door open?"))
    if made is None:
        return Power.SHUT
    ec2.delete_security_group(GroupId=made["GroupId"])
    return Power.WRITE


def _grant(aws: Engine, session: Credentials) -> Power:
    iam = aws.client("iam", credentials=session)
    name = f"door-{secrets.token_hex(4)}"
    if permitted(lambda: iam.create_role(RoleName=name, AssumeRolePolicyDocument=NOBODY)) is None:
        return Power.SHUT
    iam.delete_role(RoleName=name)
    return Power.GRANT


def permitted(call: Callable[[], Any]) -> Any:
    """A call's answer, None when permissions refuse it. Every other error is raised."""
    try:
        return call()
    except ClientError as error:
        if error.response["Error"]["Code"] in REFUSALS:
            return None
        raise


# -- shown -----------------------------------------------------------------------------------------


def door_table(tries: Sequence[Try]) -> RenderableType:
    """The table with its legend, and every difference in a sentence. 100 columns hold a dozen visitors."""
    by_door = [list(row) for _, row in groupby(tries, key=lambda each: each.door)]
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True)
    for each in by_door[0]:
        table.add_column(each.caller.heading, justify="center", no_wrap=True, min_width=4)
    for account, rows in groupby(by_door, key=lambda row: row[0].door.account):
        table.add_row(Text(account.name, style="bold cyan"))
        for row in rows:
            table.add_row(Text(f" {row[0].door.role_name}"), *[_cell(each) for each in row])
    return Group(table, Text(), _legend(tries), *_verdict(tries))


def _cell(each: Try) -> Text:
    found, wanted = _sign(each.found), _sign(each.promised)
    if not each.holds:
        return Text(f"{found}≠{wanted}", style=WRONG)
    return Text.assemble((found, COLORS.get(found, "")), ("=" + wanted, "bright_black"))


def _legend(tries: Sequence[Try]) -> Text:
    """Of the signs that stand in the table."""
    legend = Text("found=promised  ", style="bright_black")
    used = {_sign(power) for each in tries for power in (each.found, each.promised)}
    for sign, words in SIGNS.values():
        if sign in used:
            legend.append_text(
                Text.assemble((f"{sign} ", COLORS.get(sign, "")), (f"{words}  ", "bright_black"))
            )
    return legend.append_text(Text.assemble(("R≠·", WRONG), (" differs", "bright_black")))


def _verdict(tries: Sequence[Try]) -> Iterator[Text]:
    wrong = [each for each in tries if not each.holds]
    if not wrong:
        yield Text(f"✓ {len(tries)} tries: every door does what the declaration promises", style="green")
    else:
        yield Text(f"✗ {len(wrong)} of {len(tries)} tries differ from the declaration", style="bold red")
    for each in wrong:
        yield Text(f"  {each.in_words()}", style="red")


def _sign(power: Power) -> str:
    return SIGNS.get(power, UNHEARD_OF)[0]


def _words(power: Power) -> str:
    return SIGNS.get(power, UNHEARD_OF)[1]
