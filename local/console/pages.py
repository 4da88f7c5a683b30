"""What the page asks for. Reads are GETs; what acts is a POST of JSON. Whatever AWS refuses, it refuses in its words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import flask
from botocore.exceptions import ClientError, ParamValidationError

from local.console.accounts import Accounts, stack_outputs
from local.console.calls import client
from local.console.changes import Changes
from local.console.executions import Executions
from local.console.sabotages import SABOTAGES, NothingToBreak, sabotage

if TYPE_CHECKING:
    from local.engine import Engine

MOST = 200
"""Events, and calls, on the page at once."""
VENDING, ROLLING_OUT = "StateMachineArn", "RollOutStateMachineArn"


class Wrong(Exception):
    """The page was given what cannot be; the message says which field, and what to give."""


def pages(engine: Engine, changes: Changes) -> flask.Blueprint:
    routes = flask.Blueprint("pages", __name__)
    accounts, executions = Accounts(engine), Executions(engine)
    _install_errors(routes)

    @routes.get("/")
    def page() -> Any:
        return flask.current_app.send_static_file("index.html")

    @routes.get("/api/changes")
    def stream() -> Any:
        return flask.Response(changes.stream(), mimetype="text/event-stream")

    @routes.get("/api/overview")
    def overview() -> Any:
        outputs = stack_outputs(engine)
        return {
            "endpoint": engine.url,
            "region": engine.region,
            "managementAccount": engine.management_account,
            "machines": executions.machines(),
            "vending": outputs.get(VENDING, ""),
            "rollOut": outputs.get(ROLLING_OUT, ""),
            "sabotages": [{"name": name, "words": words} for name, (words, _) in SABOTAGES.items()],
        }

    @routes.get("/api/accounts")
    def all_accounts() -> Any:
        return accounts.listed(changes.about_accounts())

    @routes.get("/api/executions")
    def all_executions() -> Any:
        return {"executions": executions.listed()}

    @routes.get("/api/execution")
    def execution() -> Any:
        return executions.one(flask.request.args["arn"])

    @routes.get("/api/state")
    def state() -> Any:
        found = executions.state(flask.request.args["arn"], int(flask.request.args["id"]))
        return found or ({"error": "There is no such state in this execution."}, 404)

    @routes.get("/api/picture")
    def picture() -> Any:
        drawn = executions.picture(flask.request.args["machine"])
        return flask.Response(drawn or "", mimetype="image/svg+xml", status=200 if drawn else 204)

    @routes.get("/api/events")
    def events() -> Any:
        newest = changes.heard.newest(MOST, flask.request.args.get("shown", "all"))
        return {"events": newest, "count": changes.heard.count}

    @routes.get("/api/calls")
    def calls() -> Any:
        asked = flask.request.args
        return changes.calls.newest(
            MOST, asked.get("account", ""), asked.get("principal", ""), denied="denied" in asked
        )

    @routes.post("/api/requests")
    def request_account() -> Any:
        """Post `Account Requested`, as whoever wants an account does."""
        detail = {key: value for key, value in _given().items() if value not in ("", {}, None)}
        entry = {"Source": "groundwork", "DetailType": "Account Requested", "Detail": json.dumps(detail)}
        (answer,) = client(engine, "events").put_events(Entries=[entry])["Entries"]
        if "ErrorMessage" in answer:
            raise Wrong(answer["ErrorMessage"])
        return {"event": answer["EventId"]}

    @routes.post("/api/executions")
    def start() -> Any:
        given = _given()
        return {"arn": executions.start(_text(given, "machine"), _text(given, "input"))}

    @routes.post("/api/sabotages")
    def break_something() -> Any:
        given = _given()
        name, account = _text(given, "name"), _text(given, "accountId")
        if name not in SABOTAGES:
            raise Wrong(f"name is {name!r}; give one of {', '.join(SABOTAGES)}")
        return {"done": sabotage(engine, account, name)}

    return routes


def _given() -> dict[str, Any]:
    given = flask.request.get_json(silent=True)
    if not isinstance(given, dict):
        raise Wrong("The body is no JSON object.")
    return given


def _text(given: dict[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise Wrong(f"{name} is missing; give a text")
    return value


def _install_errors(routes: flask.Blueprint) -> None:
    @routes.errorhandler(ClientError)
    def refused(error: ClientError) -> Any:
        told = error.response["Error"]
        return {"error": f"{told['Code']}: {told['Message']}"}, 400

    @routes.errorhandler(ParamValidationError)
    @routes.errorhandler(Wrong)
    @routes.errorhandler(NothingToBreak)
    def wrong(error: Exception) -> Any:
        return {"error": str(error)}, 400
