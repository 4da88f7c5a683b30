"""From a call to everything that the caller must be allowed: actions, resources and condition keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from local.authorization import reference
from local.authorization.dependents import Need, dependents_of
from local.authorization.keys import Keys
from local.authorization.operations import TRANSACTIONS, EngineGap, NoArn, action_of
from local.authorization.resolvers import RESOLVERS, event_bus
from local.authorization.resources import Call, resources_of


def needs_of(call: Call) -> list[Need]:
    """What a call demands of its caller; the first is the call's own action. Raises EngineGap and NoArn."""
    apart = SEVERAL.get(f"{call.service}:{call.operation}")
    if apart is not None:
        needs = list(apart(call))
        if not needs:
            raise EngineGap(f"{call.service} {call.operation}: nothing in it to authorize")
        return needs
    action = action_of(call.service, call.operation, call.parameters)
    resources = resources_of(call, reference.action(action), RESOLVERS)
    for resource in resources:
        if resource != "*" and resource.count(":") < 5:
            raise NoArn(resource)
    own = [Need(action, resource) for resource in resources]
    return [*own, *dependents_of(call, action, resources)]


def _put_events(call: Call) -> Iterator[Need]:
    """Each entry on its bus, with its own source and detail type; and each bus, with those of all its entries as lists.

    Which of the two AWS asks is not written down, so that a call must be allowed under both.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
    """
    by_bus: dict[str, list[Mapping[str, Any]]] = {}
    for entry in call.get("Entries") or []:
        by_bus.setdefault(event_bus(call, entry.get("EventBusName")), []).append(entry)
    for bus, entries in by_bus.items():
        for together in [*([entry] for entry in entries), *([entries] if len(entries) > 1 else [])]:
            yield Need("events:PutEvents", bus, _said(together))


def _said(entries: Sequence[Mapping[str, Any]]) -> Keys:
    names = {"events:source": "Source", "events:detail-type": "DetailType"}
    found = {key: tuple(each[name] for each in entries if each.get(name)) for key, name in names.items()}
    return {key: values for key, values in found.items() if values}


def _transaction(call: Call) -> Iterator[Need]:
    """dynamodb has no action for a transaction: each item demands its own."""
    for item in call.get("TransactItems") or []:
        for kind, part in item.items():
            if kind not in TRANSACTIONS:
                raise EngineGap(f"dynamodb {call.operation}: unknown part {kind}")
            yield Need(TRANSACTIONS[kind], _table_of(call, part))


def _table_of(call: Call, part: Mapping[str, Any]) -> str:
    name = str(part["TableName"])
    return name if name.startswith("arn:") else call.arn("dynamodb", f"table/{name}")


def _batch_write(call: Call) -> Iterator[Need]:
    for table in call.get("RequestItems") or {}:
        yield Need("dynamodb:BatchWriteItem", _table_of(call, {"TableName": table}))


def _re_encrypt(call: Call) -> Iterator[Need]:
    from local.authorization.resolvers import key_arn, key_of_ciphertext

    yield Need("kms:ReEncryptFrom", key_arn(call, key_of_ciphertext(call.get("CiphertextBlob"))))
    yield Need("kms:ReEncryptTo", key_arn(call, str(call.get("DestinationKeyId"))))


def _create_alias(call: Call) -> Iterator[Need]:
    """An alias and its key are both checked ("Controlling access to aliases", KMS Developer Guide)."""
    from local.authorization.resolvers import key_arn

    action = f"kms:{call.operation}"
    yield Need(action, call.arn("kms", str(call.get("AliasName"))))
    yield Need(action, key_arn(call, str(call.get("TargetKeyId") or call.get("AliasName"))))


SEVERAL = {
    "events:PutEvents": _put_events,
    "dynamodb:TransactWriteItems": _transaction,
    "dynamodb:TransactGetItems": _transaction,
    "dynamodb:BatchWriteItem": _batch_write,
    "kms:ReEncrypt": _re_encrypt,
    "kms:CreateAlias": _create_alias,
    "kms:UpdateAlias": _create_alias,
    "kms:DeleteAlias": _create_alias,
}
