"""From when to when each call took, and each invocation; of whoever works with a role.

The engine's own log has the moment of a call, not its length, and not which invocation it belongs to.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from bench.models.critical_path import Call, Step
from local.engine import Engine

FUNCTION = re.compile(r"(\w+?)Function\b")
SANDBOX = re.compile(r"\bapp/(sandbox-\w+)")
PLATFORM_LOG_BYTES = 450
"""What Lambda itself logs of an invocation, in JSON: its start and its report."""


@dataclass
class Open:
    """A request that is being answered; `call` is None until it is known whose it is, and stays so for the
    administrator's."""

    start: float
    call: Any = None
    invocation: Invocation | None = None


@dataclass(frozen=True)
class Invocation:
    """One run of a function. `logged` is in bytes, `memory` in MB."""

    state: str
    sandbox: str
    start: float
    end: float
    memory: int
    logged: int


class Recorder:
    """`calls` by sandbox, "" for those that no function made; `steps` and `invocations`, in the order of their ends."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._own = engine, threading.local()
        self.clear()
        self._answer = engine.patch(DomainDispatcherApplication, "__call__", self._around_answer())
        self._admit = engine.patch(type(engine.authorizer), "admit", self._around_admit())
        self._invoke = engine.patch(type(engine.functions), "invoke", self._around_invoke())

    def clear(self) -> None:
        self.invocations: list[Invocation] = []
        self._invoked: list[tuple[Invocation, float, float]] = []
        self._calls: list[tuple[str, Call]] = []

    def steps(self) -> list[Step]:
        """What has happened since the last `clear`."""
        within: dict[str, list[Call]] = {}
        for sandbox, call in self._calls:
            within.setdefault(sandbox, []).append(call)
        invoked = [
            Step(
                invocation.state,
                start,
                end,
                tuple(call for call in within.get(invocation.sandbox, ()) if start <= call.start <= end),
            )
            for invocation, start, end in self._invoked
        ]
        return invoked + [Step(call.name, call.start, call.end, invoked=False) for call in within.get("", ())]

    def _around_answer(self) -> Any:
        def answer(application: Any, environ: Any, start_response: Any) -> Iterable[bytes]:
            own = self._own.open = Open(time.time())
            try:
                return self._answer(application, environ, start_response)  # type: ignore[no-any-return]
            finally:
                self._own.open = None
                self._close(own)

        return answer

    def _around_admit(self) -> Any:
        def admit(authorizer: Any, call: Any) -> Any:
            own = getattr(self._own, "open", None)
            if call.principal.kind != "assumed-role" or (own and own.call):
                return self._admit(authorizer, call)
            if own:
                own.call = call
                return self._admit(authorizer, call)
            off_the_wire = Open(time.time(), call)
            try:
                return self._admit(authorizer, call)
            finally:
                self._close(off_the_wire)

        return admit

    def _around_invoke(self) -> Any:
        def invoke(fleet: Any, spec: Any, payload: bytes, request_id: str) -> Any:
            start = time.time()
            outcome, stream = self._invoke(fleet, spec, payload, request_id)
            invocation = Invocation(
                _state(spec.name, payload),
                _sandbox_of(fleet, stream),
                start,
                time.time(),
                spec.memory,
                sum(len(line) + 1 for line in outcome.log) + PLATFORM_LOG_BYTES,
            )
            self.invocations.append(invocation)
            own = getattr(self._own, "open", None)
            if own:
                own.invocation = invocation
            else:  # not over the wire
                self._invoked.append((invocation, start - self._engine.latency.seconds, invocation.end))
            return outcome, stream

        return invoke

    def _close(self, own: Open) -> None:
        end = time.time()
        if own.invocation:
            self._invoked.append((own.invocation, own.start, end))
        elif own.call and own.call.operation != "Invoke":
            sandbox = SANDBOX.search(own.call.headers.get("User-Agent", ""))
            name = f"{own.call.service} {own.call.operation}"
            self._calls.append((sandbox.group(1) if sandbox else "", Call(name, own.start, end)))


def _sandbox_of(fleet: Any, stream: str) -> str:
    """The id of the sandbox that writes a log stream, as its calls name it."""
    return next((each.id for each in fleet._sandboxes if each.log_stream == stream), "")


def _state(function: str, payload: bytes) -> str:
    """The state whose invocation this is: a component's has the component's name."""
    given = json.loads(payload)
    component = given.get("component") if isinstance(given, dict) else None
    if component:
        return "".join(part.capitalize() for part in str(component).split("-"))
    named = FUNCTION.search(function)
    return named.group(1) if named else function
