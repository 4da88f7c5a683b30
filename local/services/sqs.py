"""Amazon SQS, where moto falls short of it: times of a queue are whole seconds.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
"""

from __future__ import annotations

from typing import Any

from moto.core.utils import unix_time
from moto.sqs.models import Queue

from local.engine import Engine


def install(engine: Engine) -> None:
    initialize, set_attributes = vars(Queue)["__init__"], vars(Queue)["_set_attributes"]

    def initialized(queue: Any, *given: Any, **named: Any) -> None:
        initialize(queue, *given, **named)
        queue.created_timestamp = int(queue.created_timestamp)

    def changed(queue: Any, attributes: Any, now: float | None = None) -> None:
        set_attributes(queue, attributes, int(now or unix_time()))

    engine.patch(Queue, "__init__", initialized)
    engine.patch(Queue, "_set_attributes", changed)
