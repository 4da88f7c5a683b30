"""IAM and DynamoDB: the calls of an account come one after the other.

moto answers each request in a thread of its own, and walks through what another thread is changing; a conditional
write of DynamoDB looks at its condition and writes in two steps.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html#WorkingWithItems.ConditionalUpdate
"""

from __future__ import annotations

from collections import defaultdict
from threading import RLock
from typing import Any

from moto.core.responses import BaseResponse

from local.engine import Engine

SERVICES = ("iam", "dynamodb")


def install(engine: Engine) -> None:
    one_at_a_time: defaultdict[tuple[str, str], Any] = defaultdict(RLock)
    answer = vars(BaseResponse)["call_action"]

    def call_action(response: BaseResponse) -> Any:
        if response.service_name not in SERVICES:
            return answer(response)
        with one_at_a_time[response.service_name, response.current_account]:
            return answer(response)

    engine.patch(BaseResponse, "call_action", call_action)
