"""Who the console answers, and what it says to what it cannot do. That it shows and does what it should:
`tests/workflow/test_console.py`."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from local.console.server import Console
from local.engine import Engine
from tests.engine.stepfunctions.machines import machine
from tests.engine.support import create_role, eventually

JSON = {"Content-Type": "application/json"}
EVIL = "evil.example.com"


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


@pytest.fixture(scope="module")
def console(aws: Engine) -> Console:
    return Console(aws)


@pytest.fixture(scope="module")
def passing(aws: Engine) -> str:
    create_role(aws, "machine", "states.amazonaws.com")
    return machine(aws, "passing", {"Pass": {"Type": "Pass", "End": True}})


def ask(
    console: Console, method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None
) -> tuple[int, str, Mapping[str, str]]:
    """Headers are sent as they are given, Host too."""
    connection = http.client.HTTPConnection("127.0.0.1", console.port)
    given = {"Host": f"127.0.0.1:{console.port}", **(headers or {})}
    connection.request(method, path, body, given)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text, dict(answer.headers)


def refused(answer: tuple[int, str, Mapping[str, str]]) -> str:
    status, text, _ = answer
    assert status == 403
    return str(json.loads(text)["error"])


def posted(console: Console, path: str, given: Any, **headers: str) -> tuple[int, str, Mapping[str, str]]:
    return ask(console, "POST", path, json.dumps(given), {**JSON, **headers})


@pytest.mark.parametrize("path", ["/", "/console.js", "/api/overview", "/api/changes"])
def test_a_name_that_was_rebound_to_loopback_gets_nothing(console: Console, path: str) -> None:
    for host in (EVIL, f"{EVIL}:{console.port}", "127.0.0.1", f"127.0.0.1.{EVIL}:{console.port}"):
        assert refused(ask(console, "GET", path, headers={"Host": host})).startswith(f"Host is {host};")


def test_both_names_of_loopback_are_its_own(console: Console) -> None:
    for host in (f"127.0.0.1:{console.port}", f"localhost:{console.port}"):
        assert (
            ask(console, "GET", "/api/overview", headers={"Host": host, "Origin": f"http://{host}"})[0] == 200
        )


@pytest.mark.parametrize("path", ["/api/executions", "/api/requests", "/api/sabotages"])
def test_another_sites_page_can_start_nothing(aws: Engine, console: Console, path: str) -> None:
    began = len(aws.calls)
    for origin in (f"https://{EVIL}", "null", "http://127.0.0.1:1", f"https://127.0.0.1:{console.port}"):
        assert refused(posted(console, path, {}, Origin=origin)).startswith(f"Origin is {origin};")
    assert "Another site" in refused(posted(console, path, {}, **{"Sec-Fetch-Site": "cross-site"}))
    # What a form of another site can send needs no leave of ours: so it is never JSON.
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        form = ask(console, "POST", path, "{}", {"Content-Type": kind})
        assert refused(form) == "Content-Type must be application/json"
    assert aws.calls[began:] == []


def test_nobody_may_frame_it_or_read_along(console: Console) -> None:
    status, _, headers = ask(console, "GET", "/")
    assert status == 200
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in headers
    assert ask(console, "OPTIONS", "/api/executions", headers={"Origin": f"https://{EVIL}"})[0] == 403


@pytest.mark.parametrize(
    ("path", "given", "words"),
    [
        ("/api/executions", {}, "machine is missing; give a text"),
        ("/api/executions", {"machine": "arn:aws:states:::x", "input": "{}"}, "InvalidArn"),
        ("/api/executions", [], "The body is no JSON object."),
        (
            "/api/sabotages",
            {"name": "all", "accountId": "123456789012"},
            "name is 'all'; give one of delete-role,",
        ),
        ("/api/sabotages", {"name": "stop-trail", "accountId": "123456789012"}, "The account has no trail"),
        ("/api/sabotages", {"name": "stop-trail", "accountId": "999999999999"}, "AccessDenied: "),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(
    console: Console, path: str, given: Any, words: str
) -> None:
    status, text, _ = posted(console, path, given)
    assert status == 400
    assert words in json.loads(text)["error"]


def test_without_groundwork_it_shows_what_is_there(aws: Engine, console: Console) -> None:
    overview = json.loads(ask(console, "GET", "/api/overview")[1])
    assert (overview["vending"], overview["machines"]) == ("", [])

    def found() -> list[str]:
        listed = json.loads(ask(console, "GET", "/api/accounts")[1])
        return [account["name"] for account in listed["accounts"] if listed["current"]]

    assert eventually(found) == ["management"]
    aws.client("organizations").create_account(AccountName="dev", Email="aws+dev@example.com")
    assert eventually(lambda: "dev" in found())


@pytest.mark.parametrize(
    "given",
    [
        '{"detail": []}',
        '{"detail": {"serviceEventDetails": "x"}, "source": "aws.organizations"}',
    ],
)
def test_an_execution_of_whatever_input_is_listed_beside_the_others(
    aws: Engine, console: Console, passing: str, given: str
) -> None:
    arn = json.loads(posted(console, "/api/executions", {"machine": passing, "input": given})[1])["arn"]
    status, text, _ = ask(console, "GET", "/api/executions")
    assert status == 200 and arn in {each["arn"] for each in json.loads(text)["executions"]}


def test_its_own_calls_are_not_among_those_it_shows(aws: Engine, console: Console) -> None:
    ask(console, "GET", "/api/overview")
    aws.client("sts").get_caller_identity()
    shown = json.loads(ask(console, "GET", "/api/calls?principal=ADMINISTRATOR")[1])["calls"]
    assert shown[0]["action"] == "sts:GetCallerIdentity"
    assert "cloudformation:DescribeStacks" not in {call["action"] for call in shown}
    assert "cloudformation:DescribeStacks" in {call.action for call in aws.calls}
