"""moto's server on a loopback port, in this process."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

HOST = "127.0.0.1"
NEVER, SOON = 3600.0, 0.05
"""Seconds after which the server looks again whether to end. It wakes up for each connection, and need not otherwise."""


class _Handler(MotoRequestHandler):
    disable_nagle_algorithm = True  # answers are written in pieces: with Nagle some would wait 40 ms
    protocol_version = "HTTP/1.1"


class Server:
    """Listens from the moment it is made; port 0 takes a free one. Serves moto, or another WSGI application."""

    def __init__(self, port: int, application: Any = None) -> None:
        application = application or DomainDispatcherApplication(create_backend_app)
        self._server = make_server(HOST, port, application, threaded=True, request_handler=_Handler)
        self.port = self._server.port
        self.url = f"http://{HOST}:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(NEVER,), name="server", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        ending = threading.Thread(target=self._server.shutdown)
        ending.start()
        while ending.is_alive():
            with suppress(OSError):
                socket.create_connection((HOST, self.port)).close()  # a reason to wake up
            ending.join(SOON)
        self._thread.join()
        self._server.server_close()
