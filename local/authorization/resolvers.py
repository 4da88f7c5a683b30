"""Resolvers: the resources of calls whose parameters do not name them as the ARN templates do.

Each gives ARNs, or None to leave the call to the templates.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlparse

from local.authorization import identity_center, state
from local.authorization.operations import EngineGap
from local.authorization.reference import Action
from local.authorization.resources import EVERYTHING, Call, Resolver
from local.clients import service_model
from local.identity.principals import PARTITION


def _iam(call: Call, action: Action) -> list[str] | None:
    """IAM's ARNs hold paths, which only the entity knows; a user's own calls may leave the name out."""
    name = action.name.removeprefix("iam:")
    if name == "CreateServiceLinkedRole":
        service = call.get("AWSServiceName")
        return [_global(call, f"role/aws-service-role/{service}/*")]
    found: list[str] = []
    kinds = {**action.required, **action.optional}
    for kind, parameter in IAM_NAMES.items():
        if kind not in kinds:
            continue
        given = call.get(parameter)
        if given is None and kind == "user" and "user" in action.required and call.principal.kind == "user":
            given = call.principal.name
        if given is not None:
            found.append(_iam_arn(call, name, kind, str(given)))
    for kind, parameters in IAM_ARNS.items():
        given = call.get(*parameters) if kind in kinds else None
        if isinstance(given, str) and given.startswith("arn:"):
            found.append(given)
    if "policy" in kinds and name == "CreatePolicy":
        found.append(_global(call, f"policy{call.get('Path') or '/'}{call.get('PolicyName')}"))
    if name == "CreateVirtualMFADevice":
        found.append(_global(call, f"mfa{call.get('Path') or '/'}{call.get('VirtualMFADeviceName')}"))
    of_a_user = call.principal.task and "user" in kinds
    if not found and call.principal.kind == "root" and (of_a_user or action.level not in ("List", "Read")):
        return [_global(call, "root")]
    return found or (EVERYTHING if action.name in IAM_ON_EVERYTHING else None)


IAM_NAMES = {
    "role": "RoleName",
    "user": "UserName",
    "group": "GroupName",
    "instance-profile": "InstanceProfileName",
    "server-certificate": "ServerCertificateName",
}
IAM_ARNS = {
    "policy": ("PolicyArn",),
    "mfa": ("SerialNumber",),
    "saml-provider": ("SAMLProviderArn",),
    "oidc-provider": ("OpenIDConnectProviderArn",),
}
IAM_ON_EVERYTHING = frozenset(("iam:ListVirtualMFADevices", "iam:ListMFADevices"))


def _global(call: Call, resource: str) -> str:
    return call.arn("iam", resource, region="")


def _iam_arn(call: Call, operation: str, kind: str, name: str) -> str:
    backend = state.iam(call.account)
    holder: Any = None
    if kind == "role":
        holder = state.find_role(call.account, name)
    elif kind == "user":
        holder = backend.users.get(name)
    elif kind == "group":
        holder = backend.groups.get(name)
    path = holder.path if holder is not None else "/"
    if operation.startswith("Create") and call.get("Path"):
        path = call.get("Path")
    return _global(call, f"{kind}{path}{name}")


def _organizations(call: Call, action: Action) -> list[str] | None:
    """Ids tell what they are of: r- a root, ou- a unit, p- a policy, twelve digits an account."""
    if not action.resource_level:
        return None
    backend = state.organization_backend(call.account)
    if backend is None:
        return EVERYTHING
    names = (
        "TargetId",
        "ParentId",
        "SourceParentId",
        "DestinationParentId",
        "ChildId",
        "PolicyId",
        "AccountId",
    )
    ids = [call.get(name) for name in (*names, "OrganizationalUnitId", "ResourceId", "RootId", "HandshakeId")]
    arns = [_organizations_arn(call, backend, str(found)) for found in dict.fromkeys(ids) if found]
    return arns or ([backend.org.arn] if "organization" in action.required else EVERYTHING)


def _organizations_arn(call: Call, backend: Any, identifier: str) -> str:
    entities = [*backend.ou, *backend.accounts, *backend.policies]
    found = next((entity for entity in entities if entity.id == identifier), None)
    if found is not None:
        return str(found.arn)
    org = f"{backend.org.master_account_id}:{{}}/{backend.org.id}/{identifier}"
    for prefix, kind in (
        ("ou-", "ou"),
        ("r-", "root"),
        ("p-", "policy"),
        ("h-", "handshake"),
        ("", "account"),
    ):
        if identifier.startswith(prefix):
            return f"arn:{PARTITION}:organizations::{org.format(kind)}"
    raise EngineGap(f"organizations {call.operation}: what is {identifier}?")


def _account(call: Call, action: Action) -> list[str] | None:
    target = call.get("AccountId")
    backend = state.organization_backend(call.account)
    if target and target != call.account and backend is not None:
        name = f"account/{backend.org.id}/{target}"
        return [call.arn("account", name, region="", account=backend.org.master_account_id)]
    return [call.arn("account", "account", region="")] if action.resource_level else None


def _s3(call: Call, action: Action) -> list[str] | None:
    if call.service == "s3control" or not action.resource_level:
        return None
    bucket, key = call.get("Bucket"), call.get("Key")
    if not bucket:
        return None
    keys = [key] if key else [entry["Key"] for entry in (call.get("Delete") or {}).get("Objects", [])]
    if "object" in {**action.required, **action.optional}:
        return [f"arn:{PARTITION}:s3:::{bucket}/{name}" for name in keys] or None
    return [f"arn:{PARTITION}:s3:::{bucket}"]


def copied_object(source: str) -> str:
    """The ARN of the object that an x-amz-copy-source header names."""
    return f"arn:{PARTITION}:s3:::{unquote(source).lstrip('/').split('?', 1)[0]}"


def _lambda(call: Call, action: Action) -> list[str] | None:
    kinds = {**action.required, **action.optional}
    if "layer" in kinds or "layerVersion" in kinds:
        layer, version = call.get("LayerName", "Arn"), call.get("VersionNumber")
        if not layer:
            return None
        arn = layer if layer.startswith("arn:") else call.arn("lambda", f"layer:{layer}")
        return [f"{arn}:{version}" if version else arn]
    name = call.get("FunctionName", "Resource")
    if name and "function" in kinds:
        return [function_arn(call, str(name), call.get("Qualifier"))]
    if "eventSourceMapping" in kinds and not call.get("UUID"):
        return [call.arn("lambda", "event-source-mapping:*")]
    return None


def function_arn(call: Call, name: str, qualifier: str | None = None) -> str:
    """From a name, `account:function:name` or an ARN, each with or without a qualifier."""
    parts = unquote(name).split(":")
    if parts[0] == "arn":
        arn, rest = ":".join(parts[:7]), parts[7:]
    else:
        at = parts.index("function") + 1 if "function" in parts else 0
        account = parts[0] if "function" in parts else call.account
        arn, rest = call.arn("lambda", f"function:{parts[at]}", account=account), parts[at + 1 :]
    chosen = rest[0] if rest else qualifier
    return f"{arn}:{chosen}" if chosen else arn


def _events(call: Call, action: Action) -> list[str] | None:
    kinds = {**action.required, **action.optional}
    if not any(kind.startswith("rule-on") for kind in kinds):
        return None
    if arn := call.get("ResourceARN"):
        return [arn]
    rule, bus = call.get("Rule", "Name"), str(call.get("EventBusName") or "default").rsplit("/", 1)[-1]
    return (
        [call.arn("events", f"rule/{rule}" if bus == "default" else f"rule/{bus}/{rule}")] if rule else None
    )


def event_bus(call: Call, name: str | None) -> str:
    return name if name and name.startswith("arn:") else call.arn("events", f"event-bus/{name or 'default'}")


def _sqs(call: Call, action: Action) -> list[str] | None:
    url = call.get("QueueUrl")
    if url:
        account, _, name = urlparse(str(url)).path.strip("/").rpartition("/")
        return [call.arn("sqs", name, account=account.rpartition("/")[2]) if account else str(url)]
    name = call.get("QueueName")
    return [call.arn("sqs", name)] if name and action.resource_level else None


def _sns(call: Call, action: Action) -> list[str] | None:
    arn = call.get("TopicArn", "TargetArn", "SubscriptionArn", "ResourceArn")
    return [":".join(str(arn).split(":")[:6])] if arn else None


def _kms(call: Call, action: Action) -> list[str] | None:
    found = []
    alias = call.get("AliasName")
    if alias and "alias" in {**action.required, **action.optional}:
        found.append(call.arn("kms", str(alias)))
    key = call.get("TargetKeyId", "KeyId", "SourceKeyId")
    if key is None and call.get("CiphertextBlob"):
        key = key_of_ciphertext(call.get("CiphertextBlob"))
    if key is None and alias:
        key = alias
    if key:
        found.append(key_arn(call, str(key)))
    return found or None


def key_arn(call: Call, key: str) -> str:
    return state.key_arn(key, call.region, call.account)


def key_of_ciphertext(blob: Any) -> str:
    """moto writes the key's id in front of what it encrypts."""
    from moto.kms.utils import _deserialize_ciphertext_blob

    raw = blob if isinstance(blob, bytes) else base64.b64decode(blob)
    return str(_deserialize_ciphertext_blob(raw).key_id)


TAGGED_LOG_GROUPS = frozenset(("logs:TagResource", "logs:UntagResource", "logs:ListTagsForResource"))


def _logs(call: Call, action: Action) -> list[str] | None:
    """Log groups are checked as `log-group:name:log-stream:stream`, save for tags ("Resources", IAM in Logs)."""
    if action.name in TAGGED_LOG_GROUPS:
        return [call.get("resourceArn").removesuffix(":*")]
    if action.name == "logs:DescribeLogGroups":
        return [call.arn("logs", f"log-group:{call.get('logGroupNamePrefix') or ''}:log-stream:")]
    kinds = {**action.required, **action.optional}
    if "log-group" not in kinds and "log-stream" not in kinds:
        return None
    group = call.get("logGroupName", "logGroupIdentifier")
    groups = [group] if group else call.get("logGroupNames", "logGroupIdentifiers", "logGroupArns") or []
    stream = call.get("logStreamName") or ""
    return [f"{_log_group(call, name)}:log-stream:{stream}" for name in groups] or None


def _log_group(call: Call, name: str) -> str:
    return name.removesuffix(":*") if name.startswith("arn:") else call.arn("logs", f"log-group:{name}")


def _cloudtrail(call: Call, action: Action) -> list[str] | None:
    if "trail" not in {**action.required, **action.optional}:
        return None
    given = call.get("Name", "TrailName", "ResourceId")
    names = [given] if given else call.get("ResourceIdList", "trailNameList") or []
    arns = [n if str(n).startswith("arn:") else call.arn("cloudtrail", f"trail/{n}") for n in names]
    return arns or None


ORGANIZATIONS_CONFIG = {
    "OrganizationConfigRule": "organization-config-rule",
    "OrganizationConformancePack": "organization-conformance-pack",
}
"""What Config has for an organization, and its ARN's path. Rules are not embedded: none is there."""


def _config(call: Call, action: Action) -> list[str] | None:
    """Config's ARNs end in an id of its own making, which only the existing resource knows."""
    from moto.config.models import config_backends

    backend = config_backends[call.account][call.region]
    kinds = {**action.required, **action.optional}
    if "ConfigurationRecorder" in kinds:
        given = call.get("ConfigurationRecorder") or {}
        name = call.get("ConfigurationRecorderName") or given.get("name")
        names = [name] if name else call.get("ConfigurationRecorderNames") or []
        return [call.arn("config", f"configuration-recorder/{found}/*") for found in names] or None
    if "ConfigurationAggregator" in kinds and (name := call.get("ConfigurationAggregatorName")):
        aggregator = backend.config_aggregators.get(name)
        known = aggregator.configuration_aggregator_arn if aggregator else None
        return [known or call.arn("config", "config-aggregator/*")]
    if "AggregationAuthorization" in kinds and (account := call.get("AuthorizedAccountId")):
        return [call.arn("config", f"aggregation-authorization/{account}/{call.get('AuthorizedAwsRegion')}")]
    for kind, path in ORGANIZATIONS_CONFIG.items():
        if kind in kinds:
            pack: Any = backend.organization_conformance_packs.get(call.get(f"{kind}Name"))
            return [pack.arn if pack else call.arn("config", f"{path}/*")]
    if "ConfigRule" in kinds:
        name = call.get("ConfigRuleName") or (call.get("ConfigRule") or {}).get("ConfigRuleName")
        names = [name] if name else call.get("ConfigRuleNames") or []
        rules = backend.config_rules
        return [
            rules[n].config_rule_arn if n in rules else call.arn("config", "config-rule/*") for n in names
        ]
    return None


def _macie2(call: Call, action: Action) -> list[str] | None:
    """What is made has no id yet; an associated account's is the account's."""
    kinds = {**action.required, **action.optional}
    if "Member" in kinds and (account := (call.get("account") or {}).get("accountId") or call.get("id")):
        return [call.arn("macie2", f"member/{account}")]
    return None


def _cloudformation(call: Call, action: Action) -> list[str] | None:
    if call.get("ChangeSetName") and "changeset" in action.optional:  # DescribeEvents
        return [str(call.get("ChangeSetName"))]
    name = call.get("StackName", "StackId")
    if not name and action.name == "cloudformation:DescribeStackResources" and call.get("PhysicalResourceId"):
        from local.stack.held import holder

        holding = holder(call.account, call.region, str(call.get("PhysicalResourceId")))
        return [holding.stack_id] if holding else EVERYTHING
    if not name or "stack" not in {**action.required, **action.optional}:
        return None
    if str(name).startswith("arn:"):
        return [str(name)]
    from moto.cloudformation.models import cloudformation_backends

    stacks = cloudformation_backends[call.account][call.region].stacks
    found = next((stack.stack_id for stack in list(stacks.values()) if stack.name == name), None)
    return [found or call.arn("cloudformation", f"stack/{name}/*")]


def _dynamodb(call: Call, action: Action) -> list[str] | None:
    if not action.resource_level:
        return None
    if items := call.get("RequestItems"):
        return [_table(call, name) for name in items]
    table = call.get("TableName", "TargetTableName", "ResourceArn", "TableArn")
    if not table or not isinstance(table, str):
        return None
    index = call.get("IndexName")
    return [f"{_table(call, table)}/index/{index}" if index else _table(call, table)]


def _table(call: Call, name: str) -> str:
    return name if name.startswith("arn:") else call.arn("dynamodb", f"table/{name}")


def _scheduler(call: Call, action: Action) -> list[str] | None:
    kinds = {**action.required, **action.optional}
    if "schedule" in kinds and call.get("Name"):
        return [call.arn("scheduler", f"schedule/{call.get('GroupName') or 'default'}/{call.get('Name')}")]
    return None


def _ssm(call: Call, action: Action) -> list[str] | None:
    kinds = {**action.required, **action.optional}
    if "parameter" in kinds:
        name = call.get("Name", "Path") or (
            call.get("ResourceType") == "Parameter" and call.get("ResourceId")
        )
        names = [name] if name else call.get("Names") or []
        return [_parameter(call, str(found)) for found in names] or None
    return None


def _parameter(call: Call, name: str) -> str:
    return name if name.startswith("arn:") else call.arn("ssm", f"parameter/{name.lstrip('/')}")


def _states(call: Call, action: Action) -> list[str] | None:
    """A version or alias is named in the state machine's ARN; a labelled run is checked as given."""
    arn = call.get("stateMachineArn", "executionArn", "mapRunArn", "stateMachineAliasArn", "resourceArn")
    return [str(arn)] if arn and action.resource_level else None


def _observabilityadmin(call: Call, action: Action) -> list[str] | None:
    name = call.get("RuleName", "RuleIdentifier")
    if not name or "organization-telemetry-rule" not in action.required:
        return None
    arn = str(name)
    return [
        arn
        if arn.startswith("arn:")
        else call.arn("observabilityadmin", f"organization-telemetry-rule/{arn}")
    ]


def _securityhub(call: Call, action: Action) -> list[str] | None:
    return (
        [call.arn("securityhub", "hub/default")] if "hub" in {**action.required, **action.optional} else None
    )


def _sts(call: Call, action: Action) -> list[str] | None:
    if action.name == "sts:AssumeRoot":
        target = str(call.get("TargetPrincipal"))
        return [f"arn:{PARTITION}:iam::{target}:root" if target.isdigit() else target]
    role = call.get("RoleArn")
    return [str(role)] if role and re.match(r"arn:[\w-]+:iam::\d{12}:role/", str(role)) else None


def _apigateway(call: Call, action: Action) -> list[str] | None:
    """What is read is the path of the request ("Actions, resources, and condition keys for API Gateway Management")."""
    if action.name != "apigateway:GET":
        return None
    asked = service_model(call.service).operation_model(call.operation)
    members = asked.input_shape.members if asked.input_shape else {}
    names = {shape.serialization.get("name", member): member for member, shape in members.items()}
    path = asked.http["requestUri"].partition("?")[0].removeprefix("/v2")
    filled = re.sub(r"{(\w+)\+?}", lambda found: str(call.get(names[found[1]]) or "*"), path)
    return [call.arn("apigateway", filled, account="")]


def _budgets(call: Call, action: Action) -> list[str] | None:
    """UpdateBudget and CreateBudget hold the name within the budget."""
    budget = call.get("Budget", "NewBudget")
    name = call.get("BudgetName") or (budget or {}).get("BudgetName")
    return [call.arn("budgets", f"budget/{name}", region="")] if name else None


RESOLVERS: Mapping[str, Resolver] = {
    "budgets": _budgets,
    "apigateway": _apigateway,
    "iam": _iam,
    "organizations": _organizations,
    "account": _account,
    "s3": _s3,
    "lambda": _lambda,
    "events": _events,
    "sqs": _sqs,
    "sns": _sns,
    "kms": _kms,
    "logs": _logs,
    "cloudtrail": _cloudtrail,
    "config": _config,
    "cloudformation": _cloudformation,
    "dynamodb": _dynamodb,
    "scheduler": _scheduler,
    "ssm": _ssm,
    "states": _states,
    "observabilityadmin": _observabilityadmin,
    "macie2": _macie2,
    "securityhub": _securityhub,
    "sso": identity_center.of_sso,
    "identitystore": identity_center.of_identitystore,
    "sts": _sts,
}
