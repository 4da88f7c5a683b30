"""The calls of an account to DynamoDB, and to IAM, come one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from moto.iam.models import IAMBackend

from local.engine import Engine

WRITERS, ROUNDS = 8, 40


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(organization=None) as running:
        yield running


@pytest.fixture(scope="module")
def dynamodb(aws: Engine) -> Any:
    client = aws.client("dynamodb")
    client.create_table(
        TableName="items",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


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


def test_two_calls_of_an_account_to_iam_never_meet(aws: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    both = Barrier(2)
    met: list[bool] = []
    create = IAMBackend.create_group

    def create_group(backend: IAMBackend, *given: Any) -> Any:
        try:
            both.wait(timeout=0.05)
            met.append(True)
        except BrokenBarrierError:
            met.append(False)
        return create(backend, *given)

    monkeypatch.setattr(IAMBackend, "create_group", create_group)
    iam = aws.client("iam")
    with ThreadPoolExecutor() as threads:
        list(threads.map(lambda name: iam.create_group(GroupName=name), ["one", "two"]))
    assert met == [False, False]
