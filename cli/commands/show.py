"""`groundwork show`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.given import GIVEN

if TYPE_CHECKING:
    from cli.connection import Connection


PLANNED = {"differs": "drifted", "unchanged": "ready"}
"""What a component's plan found, by its color."""


def show(account: Annotated[str, typer.Argument(help="Its id, name or e-mail.")]) -> None:
    """One account: components, last runs, differences.

    Example: groundwork show prod
    """
    from cli.connection import Connection
    from cli.executions.differences import Found, tell
    from cli.executions.starting import changes_of
    from cli.output import ago, as_json, colored, say, table
    from cli.selection import selected

    aws = Connection()
    (entry,) = selected(aws, [account], every=False)
    runs = aws.ledger().last_runs().get(entry.account_id)
    results = {
        when: [each for each in (getattr(runs, f"last_{when}_results") if runs else []) if _is_of_kind(each)]
        for when in ("run", "plan")
    }
    planned = _output(aws, entry.last_plan) if entry.drift else {}
    if GIVEN.as_json:
        as_json({**entry.to_json(), "lastResults": results, "differences": planned.get("changes", [])})
        return
    facts = [
        ("account", f"{entry.name}  {entry.account_id}"),
        ("e-mail", entry.email),
        ("kind", entry.kind or ""),
        ("unit", entry.unit or "the root"),
        ("state", colored(entry.state)),
        *([("expires", f"{entry.expires_on}, when it is suspended")] if entry.expires_on else []),
        ("baseline", entry.baseline or "none yet"),
        ("last run", f"{ago(entry.last_run_at)}  {entry.last_run}" if entry.last_run else "none"),
        ("last plan", f"{ago(entry.last_plan_at)}  {entry.last_plan}" if entry.last_plan else "none"),
    ]
    say(table(("", ""), facts))
    newer = bool(entry.drift) or (entry.last_plan_at or "") > (entry.last_run_at or "")
    by_plan = {each["component"]: str(each.get("outcome", "")) for each in results["plan"]} if newer else {}
    if results["run"]:
        say("")
        rows = [
            (
                each["component"],
                colored(_words(each), "failed" if "error" in each else "ready"),
                colored(by_plan.get(each["component"], ""), PLANNED.get(by_plan.get(each["component"], ""))),
            )
            for each in results["run"]
        ]
        say(table(("COMPONENT", "LAST RUN", "LAST PLAN"), rows))
    if planned:
        say("")
        tell([Found(entry.name, entry.account_id, "drifted", changes_of(planned))])


def _is_of_kind(result: dict[str, Any]) -> bool:
    return result.get("outcome") != "skipped"


def _words(result: dict[str, Any]) -> str:
    from cli.output import counted

    if "error" in result:
        return f"failed: {result['error']}"
    told = [each.get("action") == "report" for each in result.get("changes", [])]
    counts = {"change": told.count(False), "report": told.count(True)}
    words = [counted(number, noun) for noun, number in counts.items() if number]
    return ", ".join([str(result["outcome"]), *words])


def _output(aws: Connection, execution: str | None) -> dict[str, Any]:
    """Nothing once Step Functions has forgotten the execution."""
    import json

    client = aws.client("stepfunctions")
    if not execution:
        return {}
    try:
        found: dict[str, Any] = json.loads(
            client.describe_execution(executionArn=execution).get("output") or "{}"
        )
    except client.exceptions.ExecutionDoesNotExist:
        return {}
    return found
