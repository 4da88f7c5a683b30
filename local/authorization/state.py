"""What moto holds that decides about a call: policies of principals, of resources and of the organization."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.iam.models import IAMBackend, Role, User, iam_backends
from moto.organizations.models import organizations_backends

from groundwork.policies.decision import Authority, Levels
from groundwork.policies.documents import Kind, Policy, compile_policy
from local.identity.principals import Principal
from local.organizations.policy_types import RCP, SCP, WITH_RCPS

PARTITION = "aws"
EVERYTHING = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
SERVICE_LINKED_PATH = ":role/aws-service-role/"


@dataclass(frozen=True)
class Membership:
    """An account's place: `path` as in aws:PrincipalOrgPaths, `targets` from the root down to the account."""

    organization: Any
    backend: Any
    path: str
    targets: tuple[Any, ...]

    @property
    def management_account(self) -> str:
        return str(self.organization.master_account_id)

    @property
    def organization_id(self) -> str:
        return str(self.organization.id)


def iam(account: str) -> IAMBackend:
    backend: IAMBackend = iam_backends[account][PARTITION]
    return backend


def find_role(account: str, name: str) -> Role | None:
    return next((role for role in list(iam(account).roles.values()) if role.name == name), None)


def find_user(account: str, name: str) -> User | None:
    return iam(account).users.get(name)


def organization_backend(account: str) -> Any:
    """The organizations backend of the management account of `account`'s organization, or None."""
    home = organizations_backends.master_accounts.get(account)
    backend = organizations_backends[home[0]][home[1]] if home else organizations_backends[account][PARTITION]
    return backend if backend.org is not None else None


def identity_center(account: str) -> Any:
    """IAM Identity Center of `account`'s organization, or None."""
    from local.services.identity_center import center_of

    return center_of(account, PARTITION)


def membership(account: str) -> Membership | None:
    """Where an account is in its organization; None outside of any."""
    backend = organization_backend(account)
    if backend is None:
        return None
    targets = backend.way_to(account)
    if not targets:
        return None
    path = "/".join((backend.org.id, *(target.id for target in targets[:-1]))) + "/"
    return Membership(backend.org, backend, path, tuple(targets))


def _control_levels(place: Membership | None, account: str, kind: str) -> Levels:
    if place is None or place.management_account == account or not place.targets:
        return ()
    enabled = getattr(place.targets[0], "policy_types", ())
    if not any(entry["Type"] == kind and entry["Status"] == "ENABLED" for entry in enabled):
        return ()
    read_as = Kind.IDENTITY if kind == SCP else Kind.RESOURCE
    return [
        [compile_policy(p.content, read_as) for p in list(target.attached_policies) if p.type == kind]
        for target in place.targets
    ]


def service_control_levels(place: Membership | None, principal: Principal) -> Levels:
    """The SCPs over a principal; service-linked roles are exempt, and so is the management account."""
    if principal.role_arn and SERVICE_LINKED_PATH in principal.role_arn:
        return ()
    return _control_levels(place, principal.account, SCP)


def resource_control_levels(
    place: Membership | None, account: str, action: str, principal: Principal | None = None
) -> Levels:
    """The RCPs over a resource, for the services that have them. Service-linked roles are exempt, and so is
    kms:RetireGrant. https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
    """
    if action.split(":", maxsplit=1)[0] not in WITH_RCPS or action == "kms:RetireGrant":
        return ()
    if principal and principal.role_arn and SERVICE_LINKED_PATH in principal.role_arn:
        return ()
    return _control_levels(place, account, RCP)


def authority(principal: Principal, place: Membership | None) -> Authority:
    """Every policy that bounds a principal, as it stands now."""
    controls = service_control_levels(place, principal)
    if principal.kind == "root":
        limits = [compile_policy(EVERYTHING), compile_policy(principal.task)] if principal.task else None
        return Authority(limits, service_control=controls)
    session = principal.session_policies and [
        compile_policy(text, Kind.SESSION) for text in principal.session_policies
    ]
    holder: Any = None
    if principal.kind == "user":
        holder = find_user(principal.account, principal.name)
    elif principal.role_name:
        holder = find_role(principal.account, principal.role_name)
    if holder is None:
        return Authority((), service_control=controls)
    return Authority(
        identity=_attached(holder) + _of_groups(holder, principal.account),
        boundary=_boundary(holder, principal.account),
        session=session or None,
        service_control=controls,
    )


def _attached(holder: Any) -> list[Policy]:
    inline = [compile_policy(text) for text in list(holder.policies.values())]
    return inline + [managed_policy(policy) for policy in list(holder.managed_policies.values())]


def managed_policy(policy: Any) -> Policy:
    version = next(v for v in policy.versions if v.version_id == policy.default_version_id)
    return compile_policy(version.document)


def managed_policy_text(account: str, arn: str) -> str | None:
    policy = iam(account).managed_policies.get(arn)
    if policy is None:
        return None
    return next(str(v.document) for v in policy.versions if v.version_id == policy.default_version_id)


def _of_groups(holder: Any, account: str) -> list[Policy]:
    if not isinstance(holder, User):
        return []
    groups = [group for group in list(iam(account).groups.values()) if holder in group.users]
    return [policy for group in groups for policy in _attached(group)]


def _boundary(holder: Any, account: str) -> list[Policy] | None:
    arn = getattr(holder, "permissions_boundary_arn", None)
    if not arn:
        return None
    text = managed_policy_text(account, arn)
    return [compile_policy(text)] if text else []  # a boundary that is gone allows nothing


# Policies of resources ---------------------------------------------------------------------------


def resource_policy(arn: str) -> Policy | None:
    """The policy on a resource, None where it has none. The ARN may be of an object in a bucket."""
    document = resource_policy_text(arn)
    if document is None:
        return None
    kind = Kind.TRUST if arn.split(":")[2] == "iam" else Kind.RESOURCE
    return compile_policy(document, kind)


def resource_policy_text(arn: str) -> str | None:
    _, _, service, region, account, name = arn.split(":", 5)
    reader = READERS.get(service)
    return reader(region, account, name) if reader else None


def _backend(service: str, account: str, region: str) -> Any:
    from moto.backends import get_backend

    return get_backend(service)[account][region]  # type: ignore[call-overload]


def _trust(region: str, account: str, name: str) -> str | None:
    if not name.startswith("role/"):
        return None
    role = find_role(account, name.rsplit("/", 1)[1])
    return _text(role.assume_role_policy_document) if role and role.arn.endswith(f":{name}") else None


def bucket_owner(bucket: str) -> str | None:
    from moto.s3.models import s3_backends

    owner = s3_backends.bucket_accounts.get(bucket)
    return owner[1] if owner else None


def _bucket(region: str, account: str, name: str) -> str | None:
    bucket = name.split("/", 1)[0]
    owner = bucket_owner(bucket)
    found = _backend("s3", owner, PARTITION).buckets.get(bucket) if owner else None
    return _text(found.policy) if found and found.policy else None


def _key(region: str, account: str, name: str) -> str | None:
    key = _backend("kms", account, region).keys.get(name.removeprefix("key/"))
    return _text(key.policy) if key else None


def _queue(region: str, account: str, name: str) -> str | None:
    queue = _backend("sqs", account, region).queues.get(name)
    return _text(queue.policy) if queue and queue.policy else None


def _topic(region: str, account: str, name: str) -> str | None:
    topic = _backend("sns", account, region).topics.get(f"arn:{PARTITION}:sns:{region}:{account}:{name}")
    return _text(topic.policy) if topic else None


def _function(region: str, account: str, name: str) -> str | None:
    functions = _backend("lambda", account, region)._lambdas
    known = functions._functions.get(name.split(":")[1])
    function = known["latest"] if known else None
    if function is None:
        return None
    statements = [_with_full_principal(entry) for entry in function.policy.statements]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}) if statements else None


def _with_full_principal(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Lambda's AddPermission takes a principal bare; the policy that AWS makes of it names its type.

    It also keeps the function's ARN as the resource, which an alias or version qualifies.
    """
    known = ("Sid", "Effect", "Action", "Resource", "Principal", "Condition")
    statement = {name: entry[name] for name in known if name in entry}
    principal = statement.get("Principal")
    if isinstance(principal, str) and principal != "*":
        statement["Principal"] = {"AWS": principal}
    return statement


def _event_bus(region: str, account: str, name: str) -> str | None:
    bus = _backend("events", account, region).event_buses.get(name.removeprefix("event-bus/"))
    return _text(bus.policy) if bus and bus.policy else None


def _text(document: Any) -> str:
    if isinstance(document, bytes):
        return document.decode()
    return document if isinstance(document, str) else json.dumps(document)


READERS = {
    "iam": _trust,
    "s3": _bucket,
    "kms": _key,
    "sqs": _queue,
    "sns": _topic,
    "lambda": _function,
    "events": _event_bus,
}


# Keys ----------------------------------------------------------------------------------------------


def key_arn(key: str, region: str, account: str) -> str:
    """The ARN of a key given by id, ARN, alias or alias ARN; of the alias where no key has it."""
    if key.startswith("arn:") and ":key/" in key:
        return key
    if key.startswith("arn:"):
        _, _, _, region, account, key = key.split(":", 5)
    if not key.startswith("alias/"):
        return f"arn:{PARTITION}:kms:{region}:{account}:key/{key}"
    keys = list(_backend("kms", account, region).keys.values())
    found = next((entry for entry in keys if key in entry.aliases), None)
    return str(found.arn) if found else f"arn:{PARTITION}:kms:{region}:{account}:{key}"


def key_for_writing(action: str, resource: str) -> str | None:
    """The customer managed key that encrypts what `action` writes to a queue, a topic or a bucket."""
    _, _, _, region, account, name = resource.split(":", 5)
    if action == "sqs:SendMessage":
        queue = _backend("sqs", account, region).queues.get(name)
        key = getattr(queue, "kms_master_key_id", None)
    elif action == "sns:Publish":
        key = getattr(_backend("sns", account, region).topics.get(resource), "kms_master_key_id", None)
    elif action == "s3:PutObject":
        bucket = name.split("/", 1)[0]
        key, account = bucket_key(bucket), bucket_owner(bucket) or ""
        region = _backend("s3", account, PARTITION).buckets[bucket].region_name if key else ""
    else:
        return None
    return None if not key or "alias/aws/" in key else key_arn(key, region, account)


def bucket_key(bucket: str) -> str | None:
    """The KMS key of a bucket's default encryption."""
    owner = bucket_owner(bucket)
    found = _backend("s3", owner, PARTITION).buckets.get(bucket) if owner else None
    encryption: Any = getattr(found, "encryption", None) or {}
    rules = encryption.get("Rule") or []
    rules = rules if isinstance(rules, list) else [rules]
    defaults = [rule.get("ApplyServerSideEncryptionByDefault") or {} for rule in rules]
    return next((entry["KMSMasterKeyID"] for entry in defaults if entry.get("KMSMasterKeyID")), None)


def stack_role(arns: Sequence[str], region: str, account: str) -> str | None:
    """The role by which CloudFormation works on the one of these stacks that has one."""
    from moto.cloudformation.models import cloudformation_backends

    stacks = cloudformation_backends[account][region].stacks
    return next((stacks[arn].role_arn for arn in arns if arn in stacks and stacks[arn].role_arn), None)


def tags_of(holder: Any) -> dict[str, str]:
    """Tags of a moto object that keeps them as a list or a map."""
    tags: Any = getattr(holder, "tags", None) or {}
    if isinstance(tags, Mapping):
        values = list(tags.values())
        if values and isinstance(values[0], Mapping):
            return {tag["Key"]: tag["Value"] for tag in values}
        return dict(tags)
    entries: Sequence[Mapping[str, str]] = tags
    return {tag["Key"]: tag["Value"] for tag in entries}
