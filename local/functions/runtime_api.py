"""The Runtime API of a sandbox: how AWS's runtime client is given invocations, and answers them.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import io
import socket
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol

MAXIMUM_RESPONSE_BYTES = 6 * 1024 * 1024 + 100
MAXIMUM_HEADER_BYTES = 2 * 1024 * 1024
"""The runtime client sends up to 1 MB about an error in a header."""

_RUNTIME = "/2018-06-01/runtime"


@dataclass
class Invocation:
    """One event for a function. `answer` becomes the payload, the X-Amz-Function-Error header, and a status."""

    request_id: str
    payload: bytes
    answer: asyncio.Future[tuple[bytes, str | None, str]] = field(default_factory=asyncio.Future)
    handed_over: asyncio.Event = field(default_factory=asyncio.Event)

    def settle(self, payload: bytes, function_error: str | None, status: str) -> None:
        """The first word counts: a killed process also exits."""
        self.handed_over.set()
        if not self.answer.done():
            self.answer.set_result((payload, function_error, status))


class Runtime(Protocol):
    """The sandbox, as far as its Runtime API knows it."""

    async def next_invocation(self) -> Invocation | None: ...

    def hear(self, subject: str, verdict: str, body: bytes) -> None: ...


class RuntimeApi:
    """One port on loopback, for one sandbox: who asks there is that sandbox."""

    def __init__(self, runtime: Runtime, function_arn: str, timeout: float) -> None:
        self._runtime = runtime
        self._function_arn, self._timeout = function_arn, timeout
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._conversations: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_server(
            self._accept, sock=self._listener, limit=MAXIMUM_HEADER_BYTES
        )

    async def close(self) -> None:
        self._server.close()
        for conversation in self._conversations:
            conversation.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = asyncio.ensure_future(self._converse(reader, writer))
        self._conversations.add(conversation)
        conversation.add_done_callback(self._conversations.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until the runtime closes it, or is no more."""
        with contextlib.closing(writer), contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                method, path, _ = (await reader.readline() or b"- - -").decode().split()
                if method == "-":
                    return
                headers = http.client.parse_headers(io.BytesIO(await reader.readuntil(b"\r\n\r\n")))
                body = await reader.readexactly(int(headers.get("Content-Length", 0)))
                if method == "POST":
                    self._hear(writer, path, body)
                elif path != f"{_RUNTIME}/invocation/next":
                    _answer(writer, HTTPStatus.NOT_FOUND)
                elif invocation := await self._runtime.next_invocation():
                    self._hand_over(writer, invocation)
                else:
                    return
                await writer.drain()

    def _hand_over(self, writer: asyncio.StreamWriter, invocation: Invocation) -> None:
        deadline = time.time() + self._timeout
        _answer(
            writer,
            HTTPStatus.OK,
            invocation.payload,
            {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(int(deadline * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": self._function_arn,
                "Lambda-Runtime-Trace-Id": f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Sampled=0",
            },
        )
        invocation.handed_over.set()

    def _hear(self, writer: asyncio.StreamWriter, path: str, body: bytes) -> None:
        *_, subject, verdict = path.split("/")
        if verdict == "response" and len(body) > MAXIMUM_RESPONSE_BYTES:
            _answer(writer, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b'{"errorType": "RequestEntityTooLarge"}')
        else:
            _answer(writer, HTTPStatus.ACCEPTED, b'{"status": "OK"}')
        self._runtime.hear(subject, verdict, body)


def _answer(
    writer: asyncio.StreamWriter,
    status: HTTPStatus,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> None:
    lines = [f"HTTP/1.1 {status.value} {status.phrase}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    writer.write("\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body)
