"""What a change set shows: each resource that would be made, changed, replaced or taken away, and by which property.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceTargetDefinition.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from local.stack.deployment import KEEPING, Deployment, Model, Resource
from local.stack.errors import StackError
from local.stack.template import schema
from local.stack.template.intrinsics import references

ATTRIBUTES = ("Metadata", "DeletionPolicy", "UpdateReplacePolicy")
ALWAYS, CONDITIONALLY, NEVER = "Always", "Conditionally", "Never"

Shown = dict[str, Any]


def changes(deployment: Deployment, before: Model | None, model: Model) -> list[Shown]:
    """Each `ResourceChange` of them, as AWS names its fields."""
    there = deployment.resources
    model.made = {name: resource.made for name, resource in there.items() if name in model.resources}
    found: dict[str, Shown] = {}
    for name in model.order:
        kind = model.resources[name]["Type"]
        if name not in there:
            found[name] = _shown("Add", name, kind)
        elif details := list(_details(there[name], before, model, found)):
            found[name] = _modified(there[name], kind, details)
    for name in there.keys() - model.resources.keys():
        gone = there[name]
        policy = "Retain" if gone.on_delete in KEEPING else gone.on_delete
        found[name] = _shown("Remove", name, gone.type_name, gone) | {"PolicyAction": policy}
    return list(found.values())


def _shown(action: str, name: str, kind: str, resource: Resource | None = None) -> Shown:
    physical = {"PhysicalResourceId": resource.physical_resource_id} if resource else {}
    return {"Action": action, "LogicalResourceId": name, "ResourceType": kind, "Details": [], **physical}


def _modified(resource: Resource, kind: str, details: list[Shown]) -> Shown:
    """The change with the most impact decides."""
    needed = {(each["Target"].get("RequiresRecreation"), each["Evaluation"]) for each in details}
    replacement = "False"
    if (ALWAYS, "Static") in needed or kind != resource.type_name:
        replacement = "True"
    elif any(recreation in (ALWAYS, CONDITIONALLY) for recreation, _ in needed):
        replacement = "Conditional"
    scope = sorted({each["Target"]["Attribute"] for each in details})
    shown = _shown("Modify", resource.logical_id, kind, resource)
    return {**shown, "Replacement": replacement, "Scope": scope, "Details": details}


def _details(
    resource: Resource, before: Model | None, model: Model, found: Mapping[str, Shown]
) -> Iterator[Shown]:
    name = resource.logical_id
    part = model.resources[name]
    then = before.template["Resources"].get(name, {}) if before else {}
    old, new = then.get("Properties", {}), part.get("Properties", {})
    for key in sorted(_changed(resource, old, model)):
        direct = old.get(key) != new.get(key)
        given = None if direct else _parameter(new.get(key), before, model)
        source = {"ChangeSource": "ParameterReference", "CausingEntity": given} if given else _DIRECT
        yield _detail(part["Type"], key, "Static", source)
    for key, value in sorted(new.items()):
        for other in sorted(references(value) & found.keys()):
            if found[other]["Action"] == "Modify":
                source = {"ChangeSource": "ResourceReference", "CausingEntity": other}
                yield _detail(part["Type"], key, "Dynamic", source)
    for attribute in ATTRIBUTES:
        if then.get(attribute) != part.get(attribute):
            yield {"Target": {"Attribute": attribute}, "Evaluation": "Static", **_DIRECT}


_DIRECT: Mapping[str, Any] = {"ChangeSource": "DirectModification"}


def _changed(resource: Resource, old: Mapping[str, Any], model: Model) -> set[str]:
    """By what they resolve to; by what is written where that is not known before."""
    try:
        now, wanted = resource.properties, model.wanted(resource.logical_id)
    except StackError:
        now, wanted = dict(old), model.resources[resource.logical_id].get("Properties", {})
    return {key for key in now.keys() | wanted.keys() if now.get(key) != wanted.get(key)}


def _parameter(value: Any, before: Model | None, model: Model) -> str | None:
    """One that the value refers to, and that has another value now."""
    texts = before.texts if before else {}
    named = sorted(references(value) & model.texts.keys())
    return next((name for name in named if texts.get(name) != model.texts[name]), None)


def _detail(kind: str, key: str, evaluation: str, source: Mapping[str, Any]) -> Shown:
    if key == "Tags":
        return {"Target": {"Attribute": "Tags"}, "Evaluation": evaluation, **source}
    recreation = ALWAYS if key in schema.create_only(kind) else NEVER
    if key in schema.conditionally_create_only(kind):
        recreation = CONDITIONALLY
    target = {"Attribute": "Properties", "Name": key, "RequiresRecreation": recreation}
    return {"Target": target, "Evaluation": evaluation, **source}
