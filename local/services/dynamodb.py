"""Amazon DynamoDB: writes to an item come one after the other, the look at its condition included.

moto looks at the condition and writes in two steps, between which another thread may do the same.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html#WorkingWithItems.ConditionalUpdate
"""

from __future__ import annotations

from functools import wraps
from threading import RLock
from typing import Any

from moto.dynamodb.models import DynamoDBBackend

from local.engine import Engine

WRITES = ("put_item", "update_item", "delete_item", "transact_write_items")


def install(engine: Engine) -> None:
    one_at_a_time = RLock()

    def serialized(write: Any) -> Any:
        @wraps(write)
        def call(*given: Any, **named: Any) -> Any:
            with one_at_a_time:
                return write(*given, **named)

        return call

    for name in WRITES:
        engine.patch(DynamoDBBackend, name, serialized(vars(DynamoDBBackend)[name]))
