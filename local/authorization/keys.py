"""The condition keys of a call.

Global keys follow "AWS global condition context keys" of the IAM User Guide; each service's own keys its page of
the Service Authorization Reference. A key that AWS would not set is absent. Keys of a service that are listed
there and not computed here make a policy that asks for them fail loudly (`uncomputed`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from local.authorization import reference, state
from local.authorization.resources import Call
from local.authorization.state import Membership
from local.identity.principals import Principal

Keys = dict[str, str | Sequence[str]]
PRINCIPAL_TYPES = {"root": "Account", "user": "User", "assumed-role": "AssumedRole"}


def of_principal(principal: Principal, place: Membership | None) -> Keys:
    """What is known of who calls. MFA: only temporary credentials say anything of it."""
    keys: Keys = {
        "aws:principalarn": principal.policy_arn,
        "aws:principalaccount": principal.account,
        "aws:principaltype": PRINCIPAL_TYPES[principal.kind],
        "aws:principalisawsservice": "false",
        "aws:userid": principal.user_id,
    }
    if principal.kind == "user":
        keys["aws:username"] = principal.name
    for tag, value in {**_entity_tags(principal), **principal.tags}.items():
        keys[f"aws:principaltag/{tag.lower()}"] = value
    if place is not None:
        keys["aws:principalorgid"] = place.organization_id
        keys["aws:principalorgpaths"] = (place.path,)
        keys["aws:principalorgmasteraccountid"] = place.management_account
    if principal.task:
        keys["aws:assumedroot"] = "true"
    elif principal.temporary:
        keys["aws:multifactorauthpresent"] = "true" if principal.mfa_at is not None else "false"
    if principal.temporary:
        keys["aws:tokenissuetime"] = _iso(principal.issued or 0)
    if principal.mfa_at is not None:
        keys["aws:multifactorauthage"] = str(int(time.time() - principal.mfa_at))
    if principal.source_identity:
        keys["aws:sourceidentity"] = principal.source_identity
    return keys


def _entity_tags(principal: Principal) -> dict[str, str]:
    if principal.kind == "user":
        user = state.find_user(principal.account, principal.name)
        return state.tags_of(user) if user else {}
    role = state.find_role(principal.account, principal.role_name) if principal.role_name else None
    return state.tags_of(role) if role else {}


def of_connection(region: str, address: str = "127.0.0.1", agent: str = "") -> Keys:
    """What is known of the connection. The loopback stands for AWS's own TLS endpoint."""
    now = time.time()
    return {
        "aws:requestedregion": region,
        "aws:securetransport": "true",
        "aws:sourceip": address,
        "aws:useragent": agent,
        "aws:currenttime": _iso(now),
        "aws:epochtime": str(int(now)),
        "aws:viaawsservice": "false",
        "s3:tlsversion": "1.3",
        "s3:authtype": "REST-HEADER",
        "s3:signatureversion": "AWS4-HMAC-SHA256",
    }


def of_resource(account: str | None, place: Membership | None, arn: str = "*") -> Keys:
    """What is known of the account that holds the resource. S3 has said so longer, and in its own key, too."""
    keys: Keys = {}
    if account is not None:
        keys["aws:resourceaccount"] = account
        if arn.split(":")[2:3] == ["s3"]:
            keys["s3:resourceaccount"] = account
    if place is not None:
        keys["aws:resourceorgid"] = place.organization_id
        keys["aws:resourceorgpaths"] = (place.path,)
    return keys


def resource_tags(arn: str) -> Keys:
    """aws:ResourceTag, for the kinds of resources whose tags are at hand in moto's models."""
    _, _, service, region, account, name = arn.split(":", 5)
    holder = TAGGED[service](region, account, name) if service in TAGGED else None
    tags = state.tags_of(holder) if holder is not None else {}
    own = {f"{service}:resourcetag/{tag.lower()}": value for tag, value in tags.items()}
    return {**{f"aws:resourcetag/{tag.lower()}": value for tag, value in tags.items()}, **own}


def resource_aliases(arn: str) -> Keys:
    """kms:ResourceAliases, every name that a key goes by.

    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-resource-aliases
    """
    _, _, service, region, account, name = arn.split(":", 5)
    if service != "kms" or not name.startswith("key/"):
        return {}
    from moto.kms.models import kms_backends

    names = tuple(
        alias.alias_name for alias in kms_backends[account][region].list_aliases(name.removeprefix("key/"))
    )
    return {"kms:resourcealiases": names} if names else {}


def _iam_holder(region: str, account: str, name: str) -> Any:
    kind, _, rest = name.partition("/")
    short = rest.rsplit("/", 1)[-1]
    if kind == "role":
        return state.find_role(account, short)
    if kind == "user":
        return state.find_user(account, short)
    if kind == "policy" and account != "aws":
        return state.iam(account).managed_policies.get(f"arn:aws:iam::{account}:{name}")
    return None


def _organizations_holder(region: str, account: str, name: str) -> Any:
    backend = state.organization_backend(account) if account.isdigit() else None
    identifier = name.rsplit("/", 1)[-1]
    entities = [*backend.ou, *backend.accounts, *backend.policies] if backend else []
    return next((entity for entity in entities if entity.id == identifier), None)


def _table_holder(region: str, account: str, name: str) -> Any:
    from moto.dynamodb.models import dynamodb_backends

    return dynamodb_backends[account][region].tables.get(name.split("/")[1])


TAGGED: Mapping[str, Callable[[str, str, str], Any]] = {
    "iam": _iam_holder,
    "organizations": _organizations_holder,
    "dynamodb": _table_holder,
}


def of_request(call: Call, action: str) -> Keys:
    """What the call's parameters say: the tags it sets, and the service's own keys."""
    keys: Keys = {}
    tags = requested_tags(call)
    if tags:
        keys["aws:tagkeys"] = tuple(tags)
        keys |= {f"aws:requesttag/{tag.lower()}": value for tag, value in tags.items()}
    elif untagged := call.get("TagKeys", "TagKeyList", "Tags"):
        keys["aws:tagkeys"] = tuple(untagged)
    for key, read in PARAMETERS.get(
        action, PARAMETERS.get(action.split(":", maxsplit=1)[0] + ":", {})
    ).items():
        value = read(call) if callable(read) else call.get(read)
        if value is not None:
            keys[key] = value if isinstance(value, (str, tuple)) else str(value)
    if action.startswith("kms:"):
        context = call.get("EncryptionContext") or {}
        keys |= {f"kms:encryptioncontext:{name.lower()}": value for name, value in context.items()}
        if context:
            keys["kms:encryptioncontextkeys"] = tuple(context)
    return keys


def requested_tags(call: Call) -> dict[str, str]:
    tags = call.get("Tags", "TagsList", "TagSet", "ResourceTags")
    if tags is None:
        tags = (call.get("Tagging") or {}).get("TagSet") if isinstance(call.get("Tagging"), Mapping) else None
    if tags is None:
        specifications = call.get("TagSpecifications") or []
        tags = [tag for entry in specifications for tag in entry.get("Tags", [])]
    if isinstance(tags, Mapping):
        return {str(key): str(value) for key, value in tags.items()}
    pairs = ({name.lower(): value for name, value in tag.items()} for tag in tags if isinstance(tag, Mapping))
    named = ((p.get("key") or p.get("tagkey"), p.get("value", p.get("tagvalue", ""))) for p in pairs)
    return {name: value or "" for name, value in named if name}


def _boundary(call: Call) -> str | None:
    given = call.get("PermissionsBoundary")
    if given:
        return str(given)
    role, user = call.get("RoleName"), call.get("UserName")
    holder: Any = None
    if role:
        holder = state.find_role(call.account, role)
    elif user:
        holder = state.find_user(call.account, user)
    return getattr(holder, "permissions_boundary_arn", None)


def _policy_type(call: Call) -> str | None:
    given = call.get("Type", "PolicyType", "Filter")
    if given:
        return str(given)
    backend = state.organization_backend(call.account)
    wanted = call.get("PolicyId", "ResourceId")
    return next((p.type for p in backend.policies if p.id == wanted), None) if backend else None


def _names(values: Any) -> tuple[str, ...] | None:
    return tuple(str(value) for value in values) if values else None


def _pattern(name: str) -> Callable[[Call], tuple[str, ...] | None]:
    def read(call: Call) -> tuple[str, ...] | None:
        """None of what is no pattern: EventBridge itself refuses it."""
        try:
            values = json.loads(call.get("EventPattern") or "{}").get(name)
        except (AttributeError, ValueError, RecursionError):
            return None
        named = [value for value in values if isinstance(value, str)] if isinstance(values, list) else None
        return _names(named)

    return read


def _leading_keys(call: Call) -> tuple[str, ...] | None:
    from moto.dynamodb.models import dynamodb_backends

    name = str(call.get("TableName")).rsplit("/", 1)[-1]
    table = dynamodb_backends[call.account][call.region].tables.get(name)
    item = call.get("Key", "Item")
    if table is None or not isinstance(item, Mapping) or table.hash_key_attr not in item:
        return None
    return tuple(str(value) for value in item[table.hash_key_attr].values())


BOUNDARY: Mapping[str, Any] = {"iam:permissionsboundary": _boundary}
ATTACHED: Mapping[str, Any] = {"iam:policyarn": "PolicyArn", **BOUNDARY}
POLICY_TYPE: Mapping[str, Any] = {"organizations:policytype": _policy_type}
SERVICE: Mapping[str, Any] = {"organizations:serviceprincipal": "ServicePrincipal"}
ITEM: Mapping[str, Any] = {"dynamodb:leadingkeys": _leading_keys}
STACK_ROLE: Mapping[str, Any] = {"cloudformation:rolearn": "RoleARN"}
CHANGE_SET: Mapping[str, Any] = {"cloudformation:changesetname": "ChangeSetName"}
S3_OBJECT: Mapping[str, Any] = {
    "s3:x-amz-acl": "ACL",
    "s3:x-amz-server-side-encryption": "ServerSideEncryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId",
    "s3:x-amz-storage-class": "StorageClass",
    "s3:x-amz-copy-source": "CopySource",
    "s3:object-lock-mode": "ObjectLockMode",
    "s3:versionid": "VersionId",
}
PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "sts:AssumeRole": {
        "sts:externalid": "ExternalId",
        "sts:rolesessionname": "RoleSessionName",
        "sts:sourceidentity": "SourceIdentity",
        "sts:transitivetagkeys": lambda call: _names(call.get("TransitiveTagKeys")),
    },
    "sts:AssumeRoot": {"sts:taskpolicyarn": lambda call: (call.get("TaskPolicyArn") or {}).get("arn")},
    **{f"iam:{name}": BOUNDARY for name in ("CreateRole", "CreateUser", "DeleteRolePermissionsBoundary")},
    **{f"iam:{name}": BOUNDARY for name in ("PutRolePermissionsBoundary", "PutUserPermissionsBoundary")},
    **{
        f"iam:{name}": BOUNDARY
        for name in ("PutRolePolicy", "PutUserPolicy", "DeleteUserPermissionsBoundary")
    },
    **{f"iam:{name}": BOUNDARY for name in ("DeleteRolePolicy", "DeleteUserPolicy")},
    **{f"iam:{name}Policy": ATTACHED for name in ("AttachRole", "AttachUser", "AttachGroup")},
    **{f"iam:{name}Policy": ATTACHED for name in ("DetachRole", "DetachUser", "DetachGroup")},
    "iam:CreateServiceLinkedRole": {"iam:awsservicename": "AWSServiceName"},
    **{f"organizations:{name}AWSServiceAccess": SERVICE for name in ("Enable", "Disable")},
    **{f"organizations:{name}DelegatedAdministrator": SERVICE for name in ("Register", "Deregister")},
    "organizations:ListDelegatedAdministrators": SERVICE,
    "organizations:": POLICY_TYPE,
    "s3:": S3_OBJECT,
    "s3:ListBucket": {
        "s3:prefix": lambda call: str(call.parameters.get("Prefix", "")) or None,
        "s3:delimiter": "Delimiter",
        "s3:max-keys": "MaxKeys",
    },
    "kms:": {
        "kms:calleraccount": lambda call: call.account,
        "kms:keyspec": "KeySpec",
        "kms:keyusage": "KeyUsage",
        "kms:bypasspolicylockoutsafetycheck": "BypassPolicyLockoutSafetyCheck",
        "kms:requestalias": lambda call: (
            str(call.get("KeyId")) if "alias/" in str(call.get("KeyId")) else None
        ),
    },
    **{
        f"cloudformation:{name}": STACK_ROLE
        for name in (
            *("ContinueUpdateRollback", "CreateStack"),
            *("DeleteStack", "RollbackStack", "UpdateStack"),
        )
    },
    "cloudformation:CreateChangeSet": {**STACK_ROLE, **CHANGE_SET},
    **{f"cloudformation:{name}ChangeSet": CHANGE_SET for name in ("Delete", "Describe", "Execute")},
    "lambda:AddPermission": {"lambda:principal": "Principal"},
    "events:PutRule": {
        "events:source": _pattern("source"),
        "events:detail-type": _pattern("detail-type"),
    },
    "events:PutTargets": {
        "events:targetarn": lambda call: _names([t["Arn"] for t in call.get("Targets") or [] if "Arn" in t])
    },
    **{f"dynamodb:{name}": ITEM for name in ("GetItem", "PutItem", "UpdateItem", "DeleteItem")},
}
COMPUTED_APART = {  # by of_principal, of_connection, of_resource, resource_tags, resource_aliases or local.iam.dependents
    "iam": ("iam:passedtoservice", "iam:resourcetag/"),
    "events": ("events:source", "events:detail-type"),
    "s3": (
        *("s3:tlsversion", "s3:authtype", "s3:signatureversion"),
        *("s3:prefix", "s3:delimiter", "s3:max-keys", "s3:resourceaccount"),
    ),
    "kms": ("kms:viaservice", "kms:encryptioncontext", "kms:resourcealiases"),
}


@cache
def uncomputed(action: str) -> tuple[str, ...]:
    """Keys that AWS sets for an action and that are not computed here, up to what is variable in them."""
    service = action.split(":", maxsplit=1)[0]
    computed = set(PARAMETERS.get(action, {})) | set(PARAMETERS.get(f"{service}:", {}))
    apart = COMPUTED_APART.get(service, ())
    listed = (key.split("${")[0].lower() for key in reference.action(action).keys)
    return tuple(key for key in listed if key not in computed and not (apart and key.startswith(apart)))


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
