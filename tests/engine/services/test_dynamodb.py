"""Writes to an item come one after the other, as in DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from local.engine import Engine

WRITERS, ROUNDS = 8, 40


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with Engine(organization=None) as aws:
        client = aws.client("dynamodb")
        client.create_table(
            TableName="items",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


def test_of_many_that_write_an_item_that_is_not_there_one_does(dynamodb: Any) -> None:
    together = Barrier(WRITERS)

    def write(key: str) -> bool:
        together.wait()
        try:
            dynamodb.update_item(
                TableName="items",
                Key={"pk": {"S": key}},
                UpdateExpression="SET a = :one",
                ConditionExpression="attribute_not_exists(a)",
                ExpressionAttributeValues={":one": {"N": "1"}},
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True

    with ThreadPoolExecutor(WRITERS) as pool:
        for number in range(ROUNDS):
            assert sum(pool.map(write, [f"item-{number}"] * WRITERS)) == 1
