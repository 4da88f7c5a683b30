"""From Lambda to the domain: the one place that knows what an invocation looks like.

A handler is a function from its input model to its output model; `entry` parses the event, puts account and
execution on every log line, and renders the result. Errors pass through: their class names are the contract with
the state machine.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Annotated, Any, TypeVar

from aws_lambda_powertools import Logger
from pydantic import ConfigDict, Field

from groundwork.contracts import Model

Input = TypeVar("Input", bound=Model)
logger = Logger(service="groundwork")


class Scheduled(Model):
    """The event of a schedule: `time` is when it was due."""

    model_config = ConfigDict(extra="ignore")

    time: Annotated[datetime, Field(strict=False)]


def entry(
    model: type[Input],
) -> Callable[[Callable[[Input], Model | None]], Callable[[dict[str, Any], Any], Any]]:
    """Make a Lambda handler of a function from `model` to a model (or to nothing)."""

    def decorate(handle: Callable[[Input], Model | None]) -> Callable[[dict[str, Any], Any], Any]:
        @wraps(handle)
        @logger.inject_lambda_context(clear_state=True)
        def handler(event: dict[str, Any], _context: Any) -> Any:
            parsed = model.model_validate(event)
            logger.append_keys(**_identity(event))
            result = handle(parsed)
            return result.to_json() if result is not None else {}

        return handler

    return decorate


def _identity(event: dict[str, Any]) -> dict[str, str]:
    """Whose account and which execution a line of the log is about. EventBridge's own events have an `account`, too:
    the id of the account they come from."""
    work, account, told = event.get("work") or {}, event.get("account") or {}, event.get("detail") or {}
    of_account = account.get("id") if isinstance(account, dict) else account
    account_id = of_account or event.get("accountId") or work.get("accountId")
    found = {
        "execution": event.get("execution") or work.get("execution") or told.get("executionArn"),
        "accountId": account_id,
        "email": work.get("email"),
    }
    return {key: value for key, value in found.items() if value}
