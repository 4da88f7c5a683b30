"""One stack's resources: made in the order of their dependencies, changed where they differ, rolled back whole.

The order follows Ref, Fn::GetAtt, Fn::Sub and DependsOn. An update compares resolved properties, so that a
changed resource reaches everything that refers to it. A change of a create-only property replaces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.stack.errors import NotEmbedded, RollbackFailed, StackError
from local.stack.exports import Neighbours, in_use
from local.stack.resource import Context, Made, Properties, check_names, resource_type, tag_list
from local.stack.template import schema
from local.stack.template.intrinsics import holds, references, resolve
from local.stack.template.parameters import parameter_texts, parameter_values

KEEPING = ("Retain", "RetainExceptOnCreate")
RESOURCE_KEYS = {
    "Type",
    "Properties",
    "DependsOn",
    "Condition",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "Metadata",
}
SECTIONS = {
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
}
FAILURES = (StackError, ClientError, BotoCoreError)

Record = Callable[["Resource", str, str], None]
"""Told of every step: the resource, its status, the reason or ""."""


@dataclass(frozen=True)
class Resource:
    """A resource of a stack as it stands in AWS. The last three names are those that moto's responses read."""

    logical_id: str
    type_name: str
    properties: Properties
    made: Made
    on_delete: str = "Delete"
    on_replace: str = "Delete"

    @property
    def physical_resource_id(self) -> str:
        return self.made.physical_id

    @property
    def logical_resource_id(self) -> str:
        return self.logical_id

    @property
    def cf_resource_type(self) -> str:
        return self.type_name


@dataclass(frozen=True)
class Setting:
    """Where a stack lives and how it reaches AWS."""

    api: Callable[[str], Any]
    account: str
    region: str
    partition: str
    stack_name: str
    stack_id: str
    tags: Mapping[str, str]
    neighbours: Neighbours


class Model:
    """A template with its parameters, checked before anything is made; the Scope of its functions."""

    def __init__(self, template: Mapping[str, Any], given: Mapping[str, str], setting: Setting) -> None:
        if strange := sorted(set(template) - SECTIONS):
            raise NotEmbedded(
                f"the embedded CloudFormation does not carry out the section {', '.join(strange)}"
            )
        self.template, self.setting = template, setting
        declared_parameters = template.get("Parameters", {})
        self.texts = parameter_texts(declared_parameters, given)
        self.parameters = parameter_values(declared_parameters, self.texts, self._stored)
        self.made: dict[str, Made] = {}
        self.imports: set[str] = set()
        self.pseudo = {
            "AWS::AccountId": setting.account,
            "AWS::NotificationARNs": [],
            "AWS::Partition": setting.partition,
            "AWS::Region": setting.region,
            "AWS::StackId": setting.stack_id,
            "AWS::StackName": setting.stack_name,
            "AWS::URLSuffix": "amazonaws.com.cn" if setting.partition == "aws-cn" else "amazonaws.com",
        }
        self._assert_rules()
        declared = template.get("Resources") or {}
        if not declared:
            raise StackError("Template format error: At least one Resources member must be defined.")
        self.resources = {
            name: part
            for name, part in declared.items()
            if "Condition" not in part or self.condition(part["Condition"])
        }
        for name, part in declared.items():
            self._check(name, part)
        self.order = self._order(set(declared))

    def _assert_rules(self) -> None:
        """Before anything is made or changed.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
        """
        for name, rule in self.template.get("Rules", {}).items():
            if "RuleCondition" in rule and not holds(rule["RuleCondition"], self):
                continue
            for assertion in rule["Assertions"]:
                if not holds(assertion["Assert"], self):
                    told = assertion.get("AssertDescription", "an assertion does not hold")
                    raise StackError(f"Rule {name} failed: {told}")

    def _stored(self, name: str) -> str:
        stored = self.setting.api("ssm").get_parameters(Names=[name])["Parameters"]
        if not stored:
            raise StackError(f"Unable to fetch parameters [{name}] from parameter store for this account.")
        return str(stored[0]["Value"])

    def _check(self, name: str, part: Mapping[str, Any]) -> None:
        if strange := sorted(set(part) - RESOURCE_KEYS):
            raise NotEmbedded(f"{name}: the embedded CloudFormation does not carry out {', '.join(strange)}")
        resource_type(part["Type"])
        check_names(name, part["Type"], part.get("Properties", {}))

    def _order(self, declared: set[str]) -> list[str]:
        graph: dict[str, set[str]] = {}
        for name, part in self.resources.items():
            after = part.get("DependsOn", [])
            names = references(part.get("Properties", {})) | set([after] if isinstance(after, str) else after)
            if unknown := sorted(
                names - declared - set(self.parameters) - set(self.pseudo) - {"AWS::NoValue"}
            ):
                told = f"Unresolved resource dependencies [{', '.join(unknown)}] in the Resources block of the template"
                raise StackError(f"Template format error: {told}")
            graph[name] = names & set(self.resources)
        try:
            return list(TopologicalSorter(graph).static_order())
        except CycleError as cycle:
            raise StackError(f"Circular dependency between resources: {cycle.args[1]}") from cycle

    def wanted(self, name: str) -> Properties:
        """A resource's properties, resolved, in their schema's types, with the stack's tags."""
        part = self.resources[name]
        values = resolve(part.get("Properties", {}), self)
        kind = resource_type(part["Type"])
        if self.setting.tags and "Tags" in kind.applies:
            values["Tags"] = self._tagged(part["Type"], values.get("Tags"))
        return schema.checked(part["Type"], values)

    def _tagged(self, type_name: str, own: Any) -> Any:
        if schema.schema(type_name)["properties"]["Tags"].get("type") == "object":
            return {**self.setting.tags, **(own or {})}
        listed = {tag["Key"]: tag["Value"] for tag in own or []}
        return tag_list({**self.setting.tags, **listed})

    def outputs(self) -> dict[str, Any]:
        return {
            name: resolve(part["Value"], self)
            for name, part in self.template.get("Outputs", {}).items()
            if "Condition" not in part or self.condition(part["Condition"])
        }

    def exports(self, outputs: Mapping[str, Any]) -> dict[str, str]:
        """By name, what those of the outputs say that are exported."""
        names = self.export_names(outputs)
        if len(set(names.values())) < len(names):
            raise StackError("Template error: two outputs are exported by one name")
        return {name: outputs[key] for key, name in names.items()}

    def export_names(self, outputs: Iterable[str]) -> dict[str, str]:
        declared = self.template.get("Outputs", {})
        return {
            key: resolve(declared[key]["Export"]["Name"], self)
            for key in outputs
            if "Export" in declared[key]
        }

    # Scope ---------------------------------------------------------------------------------------

    def ref(self, name: str) -> Any:
        for known in (self.parameters, self.pseudo):
            if name in known:
                return known[name]
        if name in self.made:
            return self.made[name].physical_id
        raise StackError(f"Template error: Unresolved resource dependency [{name}]")

    def attribute(self, logical_id: str, name: str) -> Any:
        if logical_id not in self.made:
            raise StackError(
                f"Template error: instance of Fn::GetAtt references undefined resource {logical_id}"
            )
        attributes = self.made[logical_id].attributes
        if name not in attributes:
            kind = self.resources[logical_id]["Type"]
            raise StackError(f"Template error: resource {logical_id} ({kind}) has no attribute {name}")
        return attributes[name]

    def condition(self, name: str) -> bool:
        conditions = self.template.get("Conditions", {})
        if name not in conditions:
            raise StackError(f"Template format error: Unresolved condition dependency {name}")
        return holds(conditions[name], self)

    def mapping(self, name: str) -> Mapping[str, Mapping[str, Any]]:
        mappings: Mapping[str, Mapping[str, Mapping[str, Any]]] = self.template.get("Mappings", {})
        return mappings[name]

    def imported(self, name: str) -> str:
        self.imports.add(name)
        return self.setting.neighbours.value(name)


class Deployment:
    """What a stack has in AWS now."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.resources: dict[str, Resource] = {}
        self.outputs: dict[str, Any] = {}
        self.exports: dict[str, str] = {}
        self.imports: set[str] = set()

    def apply(self, model: Model) -> None:
        """Make AWS hold the model.

        On a failure everything is put back, and StackError says what failed; RollbackFailed when not all could.
        """
        before = dict(self.resources)
        superseded: list[Resource] = []
        model.made = {name: resource.made for name, resource in before.items() if name in model.resources}
        done: list[str] = []
        name = ""
        try:
            for name in model.order:
                done.append(name)
                replaced = self._bring(name, model)
                if replaced:
                    superseded.append(replaced)
                model.made[name] = self.resources[name].made
            name = ""  # what follows is the stack's own
            outputs = model.outputs()
            exports = model.exports(outputs)
            model.setting.neighbours.admit(self.exports, exports)
        except FAILURES as failure:
            left = self._roll_back(before, done, model)
            kind = RollbackFailed if left else StackError
            told = f"{name}: {_reason(failure)}" if name else _reason(failure)
            raise kind("; ".join([told, *left])) from failure
        self.outputs, self.exports, self.imports = outputs, exports, model.imports
        gone = [before[name] for name in reversed(before) if name not in model.resources]
        for resource in gone:
            del self.resources[resource.logical_id]
        self.resources = {name: self.resources[name] for name in model.order}
        self._clean_up(model, [(r, r.on_replace) for r in superseded] + [(r, r.on_delete) for r in gone])

    def delete(self, setting: Setting) -> None:
        """Raises ExportInUse before anything is done; StackError when something resists."""
        for name in self.exports:
            if users := setting.neighbours.importers(name):
                raise in_use("delete", name, users)
        for name in reversed(list(self.resources)):
            resource = self.resources[name]
            self._delete(setting, resource, keep=resource.on_delete in KEEPING)
            del self.resources[name]

    def _bring(self, name: str, model: Model) -> Resource | None:
        """Create, update or leave one resource; the old one when it was replaced."""
        part, current = model.resources[name], self.resources.get(name)
        kind = resource_type(part["Type"])
        policies = part.get("DeletionPolicy", "Delete"), part.get("UpdateReplacePolicy", "Delete")
        wanted = model.wanted(name)
        is_replaced = current is not None and _must_replace(current, part["Type"], wanted)
        if current is not None and not is_replaced:
            made = current.made
            if current.properties != wanted:
                self.record(current, "UPDATE_IN_PROGRESS", "")
                made = kind.update(context_of(model.setting, name), made, current.properties, wanted)
            self.resources[name] = Resource(name, part["Type"], wanted, made, *policies)
            if current.properties != wanted:
                self.record(self.resources[name], "UPDATE_COMPLETE", "")
            return None
        pending = Resource(name, part["Type"], wanted, Made(""), *policies)
        status = "UPDATE" if is_replaced else "CREATE"
        self.record(
            pending, f"{status}_IN_PROGRESS", "Requested update requires a replacement" if is_replaced else ""
        )
        try:
            made = kind.create(context_of(model.setting, name), wanted)
        except FAILURES as failure:
            self.record(pending, f"{status}_FAILED", _reason(failure))
            raise
        self.resources[name] = Resource(name, part["Type"], wanted, made, *policies)
        self.record(self.resources[name], f"{status}_COMPLETE", "")
        return current

    def _roll_back(self, before: dict[str, Resource], done: list[str], model: Model) -> list[str]:
        """Put back what was done, the last first; why not, for each resource that resisted."""
        left: list[str] = []
        for name in reversed(done):
            now, then = self.resources.get(name), before.get(name)
            if now is None or now is then:
                continue
            try:
                self._put_back(now, then, model)
            except FAILURES as failure:
                left.append(f"{name} could not be put back: {_reason(failure)}")
                continue
            if then is None:
                del self.resources[name]
            else:
                self.resources[name] = then
        return left

    def _put_back(self, now: Resource, then: Resource | None, model: Model) -> None:
        if then is None:
            self._delete(model.setting, now, keep=now.on_delete == "Retain")
        elif now.physical_resource_id != then.physical_resource_id:
            self._delete(model.setting, now, keep=False)
        elif now.properties != then.properties:
            kind, context = resource_type(now.type_name), context_of(model.setting, now.logical_id)
            kind.update(context, now.made, now.properties, then.properties)

    def _clean_up(self, model: Model, leftovers: Iterable[tuple[Resource, str]]) -> None:
        """Delete what the new template has no use for; as on AWS, what cannot be deleted does not undo the update."""
        for resource, policy in leftovers:
            with suppress(StackError):
                self._delete(model.setting, resource, keep=policy in KEEPING)

    def _delete(self, setting: Setting, resource: Resource, *, keep: bool) -> None:
        if keep:
            self.record(resource, "DELETE_SKIPPED", "")
            return
        self.record(resource, "DELETE_IN_PROGRESS", "")
        kind = resource_type(resource.type_name)
        try:
            kind.delete(context_of(setting, resource.logical_id), resource.made, resource.properties)
        except FAILURES as failure:
            self.record(resource, "DELETE_FAILED", _reason(failure))
            raise StackError(f"{resource.logical_id}: {_reason(failure)}") from failure
        self.record(resource, "DELETE_COMPLETE", "")


def _must_replace(current: Resource, type_name: str, wanted: Properties) -> bool:
    if current.type_name != type_name:
        return True
    return any(current.properties.get(key) != wanted.get(key) for key in schema.create_only(type_name))


def context_of(setting: Setting, logical_id: str) -> Context:
    return Context(
        setting.api, setting.account, setting.region, setting.partition, setting.stack_name, logical_id
    )


def _reason(failure: Exception) -> str:
    return str(failure)
