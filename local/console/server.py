"""The console's server: on loopback, for the page that it serves itself, and for nobody else's.

Whoever gets here acts as the management account's administrator. A page of another site can make a browser ask
(cross-site request forgery), and a name that resolves to 127.0.0.1 makes it the same site (DNS rebinding): so the Host,
and the Origin where there is one, must be this server's, and what acts must come as JSON, which no form sends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flask

from local.console.changes import Changes
from local.console.pages import pages
from local.server import Server

if TYPE_CHECKING:
    from local.engine import Engine

NAMES = ("127.0.0.1", "localhost")
READING = ("GET", "HEAD")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Console:
    """Listens from the moment it is made, until its engine closes; port 0 takes a free one."""

    def __init__(self, engine: Engine, port: int = 0) -> None:
        changes = Changes(engine)
        application = flask.Flask(__name__, static_folder="static", static_url_path="")
        application.register_blueprint(pages(engine, changes))
        application.before_request(self._refuse_strangers)
        application.after_request(_secured)
        self._server = Server(port, application)
        self.port, self.url = self._server.port, self._server.url
        engine.on_close(self._server.close)
        engine.on_close(changes.close)

    def _refuse_strangers(self) -> tuple[dict[str, str], int] | None:
        request = flask.request
        hosts = [f"{name}:{self.port}" for name in NAMES]
        if request.host not in hosts:
            return _refused(f"Host is {request.host}; open {self.url}")
        origin = request.headers.get("Origin")
        if origin is not None and origin not in [f"http://{host}" for host in hosts]:
            return _refused(f"Origin is {origin}; only the console's own page may ask")
        if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            return _refused("Another site asks; only the console's own page may")
        if request.method not in READING and not request.is_json:
            return _refused("Content-Type must be application/json")
        return None


def _refused(why: str) -> tuple[dict[str, str], int]:
    return {"error": why}, 403


def _secured(response: Any) -> Any:
    response.headers.update(HEADERS)
    return response
