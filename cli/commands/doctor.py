"""`groundwork doctor`"""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from cli.given import GIVEN

if TYPE_CHECKING:
    from cli.connection import Connection
    from cli.health.lines import Line

ALWAYS = ("organization", "trail", "config")
"""The components that are looked after where no declaration is at hand."""
COLORS = {"good": "done", "warning": "drifted", "bad": "failed", "unknown": "drifted"}


def doctor() -> None:
    """Look whether all that Groundwork needs is there; exit 1 if something is bad.

    Credentials, Region, organization, quotas, trail and deliveries, the deployed version, its queue and its alarms: each
    with what to do. Nothing is changed. Needs groundwork-operator; what the credentials may not see is said so.

    Example: groundwork doctor --profile management
    """
    from cli.connection import Connection
    from cli.output import as_json, colored, say, table, waiting
    from cli.trouble import FAILED

    with waiting("Looking"):
        lines = examined(Connection())
    if GIVEN.as_json:
        as_json([each.to_json() for each in lines])
    else:
        rows = [(colored(each.verdict, COLORS[each.verdict]), each.check, each.found) for each in lines]
        say(table(("", "", ""), rows))
        for each in lines:
            if each.remedy:
                say(colored(f"\n{each.check}: {each.found}.", COLORS[each.verdict]))
                say(f"  {each.remedy}")
    if any(each.verdict == "bad" for each in lines):
        raise typer.Exit(FAILED)


def examined(aws: Connection) -> list[Line]:
    """What every check says, in order."""
    from cli.declaration.declared import load_if_there
    from cli.health import installation, organization
    from cli.health.lines import Patient, looked
    from groundwork.side_by_side import side_by_side

    declaration = load_if_there()
    patient = Patient(aws, declaration.components if declaration else ALWAYS)
    first = {"Credentials": organization.credentials}
    rest = {
        "Region": organization.region,
        "Features of the organization": organization.features,
        "Policy types of the root": organization.policy_types,
        "Service control policies on the root": organization.policies_on_the_root,
        "Trusted access": organization.trusted_access,
        "Root users of member accounts": organization.root_features,
        "Room for accounts": organization.room,
        "The trail that tells of new accounts": organization.trail,
        "AWS Config of the management account": organization.recorder,
        "The stack": installation.stack,
        "State machines": installation.machines,
        "The management account": installation.management,
        "Plan of every account": installation.daily_plan,
        "Undelivered events": installation.undelivered,
        "Alarms": installation.alarms,
        "Who is told of failures": installation.told,
        "Who may ask for accounts": installation.requesters,
    }
    aws.caller  # noqa: B018 - without credentials there is nothing to look at
    lines: list[Line] = []
    for what, check in first.items():
        lines += looked(patient, check, what)
    found = side_by_side(
        *(lambda check=check, what=what: list(looked(patient, check, what)) for what, check in rest.items())
    )
    return [*lines, *(line for some in found for line in some)]
