"""`groundwork profiles --for sso`: what the access portal tells somebody who has signed in."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import botocore.session
import pytest

from tests.unit.cli.conftest import Told

URL, TOKEN = "https://example.awsapps.com/start", "a-token"
ROLES = {"4" * 12: ["PowerUser", "ReadOnly"], "5" * 12: ["ReadOnly"], "6" * 12: ["ReadOnly"]}
NAMES = {"4" * 12: "dev", "5" * 12: "prod", "6" * 12: "prod"}
FIRST = ("--for", "sso", "--start-url", URL, "--sso-region", "eu-west-1")


class Portal(BaseHTTPRequestHandler):
    """Two pages of accounts, and the roles of each."""

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        given = {key: value for key, (value,) in parse_qs(asked.query).items()}
        if self.headers["x-amz-sso_bearer_token"] != TOKEN:
            self._answer(401, {"message": "Session token not found or invalid"})
        elif asked.path == "/assignment/roles":
            self._answer(200, {"roleList": [{"roleName": each} for each in ROLES[given["account_id"]]]})
        else:
            ids = sorted(NAMES)[1:] if "next_token" in given else sorted(NAMES)[:1]
            accounts = [{"accountId": each, "accountName": NAMES[each]} for each in ids]
            more = {} if "next_token" in given else {"nextToken": "more"}
            self._answer(200, {"accountList": accounts, **more})

    def _answer(self, status: int, body: object) -> None:
        self.send_response(status)
        if status == 401:
            self.send_header("x-amzn-errortype", "UnauthorizedException")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def config(
    tmp_path: Path, groundwork: Callable[..., Told], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The file of somebody whose portal answers."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Portal)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", f"http://127.0.0.1:{server.server_port}")
    yield tmp_path / "config"
    server.shutdown()
    server.server_close()


def signed_in(home: Path, token: str = TOKEN, hours: int = 1, session: str = "groundwork") -> None:
    """What `aws sso login --sso-session ...` leaves."""
    cache = home / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    end = (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
    name = hashlib.sha1(session.encode(), usedforsecurity=False).hexdigest()
    (cache / f"{name}.json").write_text(json.dumps({"startUrl": URL, "accessToken": token, "expiresAt": end}))


def test_the_portal_tells_which_profiles_there_are(config: Path, groundwork: Callable[..., Told]) -> None:
    first = groundwork("profiles", *FIRST)
    assert first.code == 4 and "Sign in with `aws sso login --sso-session groundwork`" in first.err
    assert config.read_text().startswith("[sso-session groundwork]\n")

    signed_in(config.parent)
    said = groundwork("profiles", "--for", "sso")
    assert said.code == 0, said
    read = botocore.session.Session().full_config
    assert read["sso_sessions"]["groundwork"]["sso_start_url"] == URL
    assert set(read["profiles"]) == {
        "dev-PowerUser",
        "dev-ReadOnly",
        f"prod-{'5' * 12}-ReadOnly",
        f"prod-{'6' * 12}-ReadOnly",
    }
    assert read["profiles"]["dev-PowerUser"] == {
        "sso_session": "groundwork",
        "sso_account_id": "4" * 12,
        "sso_role_name": "PowerUser",
        "region": "eu-west-1",
    }
    assert groundwork("profiles", "--for", "sso", "--check").code == 0


def test_who_is_signed_in_no_more_loses_no_profile(config: Path, groundwork: Callable[..., Told]) -> None:
    signed_in(config.parent)
    assert groundwork("profiles", *FIRST).code == 0
    before = config.read_text()
    for token, hours in ((TOKEN, -1), ("revoked", 1)):
        signed_in(config.parent, token, hours)
        said = groundwork("profiles", "--for", "sso")
        assert said.code == 4 and "You are not signed in to IAM Identity Center." in said.err, said
    assert config.read_text() == before


def test_looking_writes_nothing(config: Path, groundwork: Callable[..., Told]) -> None:
    assert groundwork("profiles", *FIRST, "--check").code == 4
    assert not config.exists()
