"""AWS::Lambda and AWS::StepFunctions."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import yaml

from local.stack.resource import (
    Context,
    Made,
    Properties,
    PutType,
    ResourceType,
    document,
    embedded,
    lower_first,
    only,
    tag_changes,
    tag_map,
)

CONFIGURATION = (
    "Description",
    "DeadLetterConfig",
    "Environment",
    "EphemeralStorage",
    "Handler",
    "Layers",
    "LoggingConfig",
    "MemorySize",
    "Role",
    "Runtime",
    "Timeout",
    "TracingConfig",
)
DEFAULTS: Properties = {
    "Description": "",
    "DeadLetterConfig": {},
    "Environment": {"Variables": {}},
    "EphemeralStorage": {"Size": 512},
    "Layers": [],
    "LoggingConfig": {"LogFormat": "Text"},
    "MemorySize": 128,
    "Timeout": 3,
    "TracingConfig": {"Mode": "PassThrough"},
}


@embedded
class Function(ResourceType):
    name = "AWS::Lambda::Function"
    applies = frozenset(
        {
            "Architectures",
            "Code",
            "FunctionName",
            "KmsKeyArn",
            "PackageType",
            "ReservedConcurrentExecutions",
            "Tags",
        }
        | set(CONFIGURATION)
    )

    def create(self, to: Context, wanted: Properties) -> Made:
        client = to.api("lambda")
        function = client.create_function(
            FunctionName=wanted.get("FunctionName") or to.name(64),
            Code=_code(wanted["Code"]),
            Tags=tag_map(wanted),
            **only(wanted, *CONFIGURATION, "Architectures", "PackageType"),
            **({"KMSKeyArn": wanted["KmsKeyArn"]} if "KmsKeyArn" in wanted else {}),
        )
        made = Made(function["FunctionName"], {"Arn": function["FunctionArn"]})
        self._limit(client, made.physical_id, {}, wanted)
        return made

    def update(self, to: Context, made: Made, old: Properties, wanted: Properties) -> Made:
        client, name = to.api("lambda"), made.physical_id
        if old["Code"] != wanted["Code"] or old.get("Architectures") != wanted.get("Architectures"):
            client.update_function_code(
                FunctionName=name, **_code(wanted["Code"]), **only(wanted, "Architectures")
            )
        settings = {key: wanted.get(key, DEFAULTS.get(key)) for key in CONFIGURATION}
        changed = {key: value for key, value in settings.items() if old.get(key, DEFAULTS.get(key)) != value}
        if old.get("KmsKeyArn") != wanted.get("KmsKeyArn"):
            changed["KMSKeyArn"] = wanted.get("KmsKeyArn", "")
        if changed:
            client.update_function_configuration(FunctionName=name, **changed)
        put, gone = tag_changes(old, wanted)
        if put:
            client.tag_resource(Resource=made.attributes["Arn"], Tags=put)
        if gone:
            client.untag_resource(Resource=made.attributes["Arn"], TagKeys=gone)
        self._limit(client, name, old, wanted)
        return made

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        to.api("lambda").delete_function(FunctionName=made.physical_id)

    @staticmethod
    def _limit(client: Any, name: str, old: Properties, wanted: Properties) -> None:
        if "ReservedConcurrentExecutions" in wanted:
            client.put_function_concurrency(FunctionName=name, **only(wanted, "ReservedConcurrentExecutions"))
        elif "ReservedConcurrentExecutions" in old:
            client.delete_function_concurrency(FunctionName=name)


def _code(wanted: Properties) -> Properties:
    """CloudFormation takes source text as ZipFile and zips it as index.py; the API takes zipped bytes."""
    if "ZipFile" not in wanted:
        return wanted
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", wanted["ZipFile"])
    return {"ZipFile": buffer.getvalue()}


@embedded
class LayerVersion(ResourceType):
    name = "AWS::Lambda::LayerVersion"
    applies = frozenset(
        {
            "CompatibleArchitectures",
            "CompatibleRuntimes",
            "Content",
            "Description",
            "LayerName",
            "LicenseInfo",
        }
    )

    def create(self, to: Context, wanted: Properties) -> Made:
        settings = wanted | {"LayerName": wanted.get("LayerName") or to.name(140)}
        arn = to.api("lambda").publish_layer_version(**settings)["LayerVersionArn"]
        return Made(arn, {"LayerVersionArn": arn})

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        layer, version = made.physical_id.rsplit(":", 1)
        to.api("lambda").delete_layer_version(LayerName=layer, VersionNumber=int(version))


@embedded
class Permission(ResourceType):
    name = "AWS::Lambda::Permission"
    applies = frozenset(
        {
            "Action",
            "EventSourceToken",
            "FunctionName",
            "Principal",
            "PrincipalOrgID",
            "SourceAccount",
            "SourceArn",
        }
    )

    def create(self, to: Context, wanted: Properties) -> Made:
        statement = to.name(100)
        to.api("lambda").add_permission(StatementId=statement, **wanted)
        return Made(statement, {"Id": statement})

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        to.api("lambda").remove_permission(FunctionName=old["FunctionName"], StatementId=made.physical_id)


@embedded
class EventInvokeConfig(PutType):
    name = "AWS::Lambda::EventInvokeConfig"
    applies = frozenset(
        {"DestinationConfig", "FunctionName", "MaximumEventAgeInSeconds", "MaximumRetryAttempts", "Qualifier"}
    )

    def put(self, to: Context, wanted: Properties, physical_id: str | None) -> Made:
        to.api("lambda").put_function_event_invoke_config(**wanted)
        return Made(physical_id or f"{wanted['FunctionName']}|{wanted['Qualifier']}")

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        to.api("lambda").delete_function_event_invoke_config(**only(old, "FunctionName", "Qualifier"))


@embedded
class StateMachine(ResourceType):
    name = "AWS::StepFunctions::StateMachine"
    applies = frozenset(
        {
            "Definition",
            "DefinitionS3Location",
            "DefinitionString",
            "DefinitionSubstitutions",
            "LoggingConfiguration",
            "RoleArn",
            "StateMachineName",
            "StateMachineType",
            "Tags",
            "TracingConfiguration",
        }
    )

    def create(self, to: Context, wanted: Properties) -> Made:
        name = wanted.get("StateMachineName") or to.name(80)
        machine = to.api("stepfunctions").create_state_machine(
            name=name,
            type=wanted.get("StateMachineType", "STANDARD"),
            tags=[lower_first(tag) for tag in wanted.get("Tags", [])],
            **self._settings(to, wanted),
        )
        arn = machine["stateMachineArn"]
        return Made(arn, {"Arn": arn, "Name": name})

    def update(self, to: Context, made: Made, old: Properties, wanted: Properties) -> Made:
        client, arn = to.api("stepfunctions"), made.physical_id
        client.update_state_machine(stateMachineArn=arn, **self._settings(to, wanted))
        put, gone = tag_changes(old, wanted)
        if put:
            client.tag_resource(resourceArn=arn, tags=[{"key": k, "value": v} for k, v in put.items()])
        if gone:
            client.untag_resource(resourceArn=arn, tagKeys=gone)
        return made

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        to.api("stepfunctions").delete_state_machine(stateMachineArn=made.physical_id)

    @staticmethod
    def _settings(to: Context, wanted: Properties) -> Properties:
        return {
            "definition": _definition(to, wanted),
            "roleArn": wanted["RoleArn"],
            "loggingConfiguration": lower_first(wanted.get("LoggingConfiguration", {"Level": "OFF"})),
            "tracingConfiguration": lower_first(wanted.get("TracingConfiguration", {"Enabled": False})),
        }


def _definition(to: Context, wanted: Properties) -> str:
    """The definition as JSON text with every ${Placeholder} of DefinitionSubstitutions replaced."""
    if "DefinitionS3Location" in wanted:
        location = wanted["DefinitionS3Location"]
        where = {"Bucket": location["Bucket"], "Key": location["Key"]}
        text = to.api("s3").get_object(**where)["Body"].read().decode()
    else:
        text = wanted.get("DefinitionString") or document(wanted["Definition"])
    if not text.lstrip().startswith("{"):
        text = json.dumps(yaml.safe_load(text))
    for name, value in wanted.get("DefinitionSubstitutions", {}).items():
        text = text.replace("${" + name + "}", document(value))
    return str(text)
