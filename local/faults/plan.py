"""Faults on order: which calls of Groundwork fail, how, and which events come twice, late, out of order or never.

    aws.faults.plan([{"service": "organizations", "operation": "CreateAccount", "when": "after", "effect": "kill-function"}])

A plan repeats: what strikes by share is drawn from its seed. It strikes who works with a role (functions, state machines,
EventBridge), never the administrator at the command line. `docs/faults.md` tells it to contributors.
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from local.authorization.resources import Call

OF_CALLS = ("throttle", "server-error", "timeout", "reset", "access-denied", "kill-function")
OF_EVENTS = ("duplicate", "delay", "reorder", "drop")
EVERY = "*"


class InvalidPlan(ValueError):
    """The plan cannot be followed; the message names the fault and the field."""


class Fault(BaseModel):
    """What strikes, and whom.

    service, operation: as the API's model names them (`organizations`, `CreateAccount`); of an event, its source and
        its detail-type. `*` is any.
    account: the account that is worked in. function: part of the name of the function that calls.
    nth: the nth such call since the plan was made, and as many after it as `times` says. share: so many of them, at
        random. Neither: all of them.
    when: `before` AWS does it, or `after`: then it is done, and the caller does not hear of it.
    effect: one of OF_CALLS or OF_EVENTS, or the code of an error.
    seconds: how late a delayed event is, in AWS seconds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    service: str
    operation: str = EVERY
    account: str | None = None
    function: str | None = None
    nth: int | None = Field(default=None, ge=1)
    times: int = Field(default=1, ge=1)
    share: float | None = Field(default=None, gt=0, le=1)
    when: Literal["before", "after"] = "before"
    effect: str
    seconds: float = Field(default=60, gt=0)

    @model_validator(mode="after")
    def _makes_sense(self) -> Fault:
        if self.nth is not None and self.share is not None:
            raise ValueError("nth and share exclude each other")
        if self.effect not in OF_CALLS + OF_EVENTS and not self.effect[:1].isupper():
            known = ", ".join(OF_CALLS + OF_EVENTS)
            raise ValueError(f"effect {self.effect!r} is none of {known}, nor the code of an error")
        return self

    @property
    def of_events(self) -> bool:
        return self.effect in OF_EVENTS

    def means(self, service: str, operation: str, account: str, function: str) -> bool:
        return (
            self.service in (service, EVERY)
            and self.operation in (operation, EVERY)
            and self.account in (account, None)
            and (self.function is None or self.function in function)
        )


@dataclass
class _Counted:
    fault: Fault
    met: int = 0
    struck: int = 0


class Faults:
    """The plan that is followed, none at first; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: list[_Counted] = []
        self._chance = random.Random(0)

    def plan(self, faults: Iterable[Mapping[str, Any] | Fault], seed: int = 0) -> None:
        """Follow this plan from now on, in place of the one before. Raises `InvalidPlan`."""
        counted = [_Counted(_fault(number, each)) for number, each in enumerate(faults, 1)]
        with self._lock:
            self._counted, self._chance = counted, random.Random(seed)

    def clear(self) -> None:
        self.plan([])

    @property
    def struck(self) -> int:
        """How often the plan has struck so far."""
        with self._lock:
            return sum(each.struck for each in self._counted)

    def of_call(self, call: Call, function: str) -> Fault | None:
        """The fault that strikes this call, if any."""
        if not self._counted or call.principal.kind != "assumed-role":
            return None
        return self._next(call.service, call.operation, call.account, function, of_events=False)

    def of_event(self, event: Mapping[str, Any]) -> Fault | None:
        """The fault that strikes this event, if any."""
        if not self._counted:
            return None
        return self._next(event["source"], event["detail-type"], event["account"], "", of_events=True)

    def _next(
        self, service: str, operation: str, account: str, function: str, *, of_events: bool
    ) -> Fault | None:
        with self._lock:
            meant = [
                each
                for each in self._counted
                if each.fault.of_events is of_events
                and each.fault.means(service, operation, account, function)
            ]
            for each in meant:
                each.met += 1
            for each in meant:
                if self._strikes(each):
                    each.struck += 1
                    return each.fault
        return None

    def _strikes(self, counted: _Counted) -> bool:
        fault = counted.fault
        if fault.nth is not None:
            return fault.nth <= counted.met < fault.nth + fault.times
        return fault.share is None or self._chance.random() < fault.share


def read_plan(path: Path) -> tuple[list[Fault], int]:
    """The faults and the seed of a plan in a file: a list of faults, or `{"seed": 7, "faults": [...]}`. Raises
    `InvalidPlan`."""
    try:
        written = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InvalidPlan(f"{path}: {error}") from error
    plan = written if isinstance(written, dict) else {"faults": written}
    if not isinstance(plan.get("faults"), list) or not isinstance(plan.get("seed", 0), int):
        raise InvalidPlan(f'{path}: give a list of faults, or {{"seed": 7, "faults": [...]}}')
    return [_fault(number, each) for number, each in enumerate(plan["faults"], 1)], plan.get("seed", 0)


def _fault(number: int, written: Any) -> Fault:
    try:
        return Fault.model_validate(written)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "fault"
        raise InvalidPlan(f"fault {number}: {field}: {first['msg']}") from error
