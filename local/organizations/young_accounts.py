"""Accounts that AWS has not finished activating: who is turned away from what, with which answer, and for how long."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse

from .creation_settings import CreationSettings

if TYPE_CHECKING:
    from local.engine import Engine

ANSWERS = {
    "AccessDenied": "Access denied.",
    "OptInRequired": "You are not subscribed to this service. Please go to http://aws.amazon.com to subscribe.",
    "RegionDisabledException": "Account is not activated in this Region.",
    "SubscriptionRequiredException": "The AWS Access Key Id needs a subscription for the service",
}
"""What AWS says to an account that it has not finished activating."""
OWN_ANSWERS = {"ec2": "OptInRequired", "s3": "NotSignedUp"}
READY_FROM_THE_START = frozenset({"iam", "sts", "organizations", "account"})


class NotReadyYet(ServiceException):
    """A service's answer to an account that it does not know yet. Not moto's class: moto would take that for
    an exception of a service called `core`."""


class YoungAccounts:
    """Which accounts are young, by the settings that held when each was made."""

    def __init__(self) -> None:
        self.not_ready_until: dict[str, float] = {}
        """Account id, or that and a key of `service_delays`, to the monotonic second from which services answer."""
        self.answers: dict[str, tuple[str, str | None]] = {}
        """Account id to the answers that were set when it was made."""

    def welcome(self, account_id: str, settings: CreationSettings, seconds: Callable[[float], float]) -> None:
        """A new account; `seconds` are real ones of AWS seconds."""
        now = time.monotonic()
        self.answers[account_id] = (settings.entry_answer, settings.service_answer)
        self.not_ready_until[account_id] = now + seconds(settings.service_delay)
        if settings.entry_answer != "AccessDenied":
            self.not_ready_until[f"{account_id} entry"] = now + seconds(settings.entry_delay)
        for where, delay in settings.service_delays.items():
            self.not_ready_until[f"{account_id} {where}"] = now + seconds(delay)

    def entry_refusal(self, account_id: str) -> tuple[str, str] | None:
        """Code and message with which STS lets nobody into a young account; None once it does."""
        if time.monotonic() >= self.not_ready_until.get(f"{account_id} entry", 0):
            return None
        code, _ = self.answers[account_id]
        return code, ANSWERS[code]

    def refusal(self, account_id: str, service: str | None, region: str = "") -> tuple[str, str] | None:
        """Code and message with which `service` turns a young account away; None once it is ready."""
        own = (f"{account_id} {service}:{region}", f"{account_id} {service}")
        until = next((self.not_ready_until[key] for key in own if key in self.not_ready_until), None)
        if until is None:
            until = 0 if service in READY_FROM_THE_START else self.not_ready_until.get(account_id, 0)
        if time.monotonic() >= until:
            return None
        _, answer = self.answers.get(account_id, ("AccessDenied", None))
        code = answer or OWN_ANSWERS.get(str(service), "SubscriptionRequiredException")
        return code, (ANSWERS | {"NotSignedUp": "Your account is not signed up for the Amazon S3 service."})[
            code
        ]


def install(engine: Engine) -> None:
    """Services answer a new account with SubscriptionRequiredException or OptInRequired until it is ready."""
    engine.young_accounts = young = YoungAccounts()
    answer = vars(BaseResponse)["call_action"]

    def call_action(response: BaseResponse) -> Any:
        refusal = young.refusal(response.current_account, response.service_name, response.region)
        if refusal is None:
            return answer(response)
        with (
            warnings.catch_warnings()
        ):  # moto warns of codes that the service's model leaves out, as these are
            warnings.simplefilter("ignore")
            return response.serialized(ActionResult(NotReadyYet(*refusal)))

    engine.patch(BaseResponse, "call_action", call_action)
