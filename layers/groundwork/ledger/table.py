"""One DynamoDB table with the partition key `pk`: items as plain dictionaries of texts, whole numbers and maps of them.

Expressions are written as AWS documents them, every attribute as `#name`, since some names are reserved words.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from re import findall
from typing import TYPE_CHECKING, Any, Literal

from groundwork.aws.clients import own_client

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MOST_KEYS = 100
"""Of one BatchGetItem."""

Item = dict[str, Any]


@dataclass(frozen=True)
class Expression:
    """Such as `#owner = :owner`, and the values of what begins with a colon."""

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)


def where(condition: str, **values: Any) -> Expression:
    return Expression(condition, values)


def either(*conditions: Expression) -> Expression:
    return _joined("OR", conditions)


def every(*conditions: Expression) -> Expression:
    return _joined("AND", conditions)


def _joined(operator: str, conditions: Iterable[Expression]) -> Expression:
    return Expression(f" {operator} ".join(f"({each.text})" for each in conditions), _all_values(conditions))


def _all_values(expressions: Iterable[Expression]) -> dict[str, Any]:
    return {name: value for each in expressions for name, value in each.values.items()}


def setting(values: Mapping[str, Any], where_missing: Mapping[str, Any] | None = None) -> Expression:
    """Set these attributes, and the others where there are none."""
    missing = where_missing or {}
    parts = [
        *(f"#{name} = :new_{name}" for name in values),
        *(f"#{name} = if_not_exists(#{name}, :new_{name})" for name in missing),
    ]
    return Expression(
        "SET " + ", ".join(parts), {f"new_{name}": value for name, value in {**values, **missing}.items()}
    )


def adding(**numbers: int) -> Expression:
    return Expression("ADD " + ", ".join(f"#{name} :{name}" for name in numbers), numbers)


def removing(*names: str) -> Expression:
    return Expression("REMOVE " + ", ".join(f"#{name}" for name in names))


def together(*changes: Expression) -> Expression:
    """One update of several kinds: SET, ADD, REMOVE."""
    return Expression(" ".join(each.text for each in changes), _all_values(changes))


class Table:
    def __init__(self, name: str, client: DynamoDBClient | None = None) -> None:
        self._name = name
        self._client: DynamoDBClient = client or own_client("dynamodb")

    def get(self, key: str) -> Item | None:
        found = self._client.get_item(TableName=self._name, Key=_item({"pk": key}), ConsistentRead=True)
        return _plain(found["Item"]) if "Item" in found else None

    def get_many(self, keys: Iterable[str]) -> dict[str, Item]:
        """Items by key; absent ones are left out.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
        """
        wanted = list(dict.fromkeys(keys))
        found: dict[str, Item] = {}
        for start in range(0, len(wanted), MOST_KEYS):
            some = [_item({"pk": key}) for key in wanted[start : start + MOST_KEYS]]
            asked: Any = {self._name: {"Keys": some, "ConsistentRead": True}}
            while asked:
                answer = self._client.batch_get_item(RequestItems=asked)
                items = map(_plain, answer["Responses"].get(self._name, []))
                found |= {str(item["pk"]): item for item in items}
                asked = answer.get("UnprocessedKeys")
        return found

    def scan(self, condition: Expression, *, consistent: bool = False) -> Iterator[Item]:
        """`consistent`: with all that was written before.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
        """
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._name,
            FilterExpression=condition.text,
            ConsistentRead=consistent,
            **_given(condition),
        )
        for page in pages:
            yield from map(_plain, page["Items"])

    def put(self, item: Item, condition: Expression) -> bool:
        """False when the condition does not hold."""
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.put_item(
                TableName=self._name,
                Item=_item(item),
                ConditionExpression=condition.text,
                **_given(condition),
            )
            return True
        return False

    def delete(self, key: str, condition: Expression) -> bool:
        """False when the condition does not hold, as of an item that is not there."""
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.delete_item(
                TableName=self._name,
                Key=_item({"pk": key}),
                ConditionExpression=condition.text,
                **_given(condition),
            )
            return True
        return False

    def write(self, key: str, change: Expression, condition: Expression | None = None) -> bool:
        """False when the condition does not hold."""
        return self._update(key, change, condition, "NONE") is not None

    def update(self, key: str, change: Expression, condition: Expression | None = None) -> Item | None:
        """The item as it is then; None when the condition does not hold."""
        return self._update(key, change, condition, "ALL_NEW")

    def _update(
        self, key: str, change: Expression, condition: Expression | None, answer: Literal["NONE", "ALL_NEW"]
    ) -> Item | None:
        """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html"""
        held: Any = {"ConditionExpression": condition.text} if condition else {}
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            updated = self._client.update_item(
                TableName=self._name,
                Key=_item({"pk": key}),
                UpdateExpression=change.text,
                ReturnValues=answer,
                **held,
                **_given(change, condition),
            )
            return _plain(updated.get("Attributes", {}))
        return None


def _given(*expressions: Expression | None) -> Any:
    """Names and values as the calls take them."""
    used = [each for each in expressions if each]
    names = {name: name.removeprefix("#") for each in used for name in findall(r"#\w+", each.text)}
    values = {f":{name}": _value(value) for name, value in _all_values(used).items()}
    given: dict[str, Any] = {"ExpressionAttributeNames": names}
    return given | ({"ExpressionAttributeValues": values} if values else {})


# -- values ----------------------------------------------------------------------------------------


def _item(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in item.items()}


def _value(value: Any) -> dict[str, Any]:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html"""
    match value:
        case str():
            return {"S": value}
        case int():
            return {"N": str(value)}
        case Mapping():
            return {"M": _item(value)}
    raise TypeError(f"The ledger holds no {type(value).__name__}")


def _plain(item: Mapping[str, Mapping[str, Any]]) -> Item:
    return {name: _plain_value(value) for name, value in item.items()}


def _plain_value(value: Mapping[str, Any]) -> Any:
    ((kind, held),) = value.items()
    match kind:
        case "N":
            return int(held)
        case "M":
            return _plain(held)
    return held
