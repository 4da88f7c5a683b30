"""moto's server on a loopback port, in this process."""

from __future__ import annotations

import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

CLOSE_POLL_SECONDS = 0.02


class _Handler(MotoRequestHandler):
    disable_nagle_algorithm = True  # answers are written in pieces: with Nagle some would wait 40 ms
    protocol_version = "HTTP/1.1"


class Server:
    """Listens from the moment it is made; port 0 takes a free one."""

    def __init__(self, port: int) -> None:
        application = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", port, application, threaded=True, request_handler=_Handler)
        self.port = self._server.port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(CLOSE_POLL_SECONDS,), name="server", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
