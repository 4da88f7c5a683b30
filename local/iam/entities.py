"""What IAM refuses to store, and what it shows of what it stores, where moto does otherwise.

Limits: "IAM and AWS STS quotas"; sizes do not count white space. Errors: the IAM API reference of each operation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import IAMBackend, ManagedPolicy, Role, User, iam_backends
from moto.iam.responses import IamResponse

from groundwork.policies.conditions import MalformedPolicy, as_list
from groundwork.policies.documents import Kind, compile_policy
from local.authorization import state
from local.iam import service_linked_roles
from local.identity.principals import PARTITION

if TYPE_CHECKING:
    from local.engine import Engine

TRUST_CHARACTERS = 2048
MANAGED_CHARACTERS = 6144
INLINE_CHARACTERS = {"role": 10240, "user": 2048, "group": 5120}
ATTACHED_POLICIES = 10
PAGE = 100
SHORTEST_MAXIMUM, LONGEST_MAXIMUM = 3600, 43200
WHITE_SPACE = re.compile(r"\s")
ALIAS = re.compile(r"(?=.{3,63}$)[a-z0-9](?:-?[a-z0-9])*")
SERVICE_PRINCIPAL = re.compile(r"[a-z0-9.-]+\.(amazonaws\.com(\.cn)?|amazon\.com|aws\.internal|aws\.com)")
SERVICE_ROLE_POLICIES = {  # what comes attached to a service-linked role ("Using service-linked roles" of each)
    "access-analyzer.amazonaws.com": "AccessAnalyzerServiceRolePolicy",
    "cloudtrail.amazonaws.com": "CloudTrailServiceRolePolicy",
    "config.amazonaws.com": "AWSConfigServiceRolePolicy",
    "config-conforms.amazonaws.com": "ConfigConformsServiceRolePolicy",
    "config-multiaccountsetup.amazonaws.com": "AWSConfigMultiAccountSetupPolicy",
    "guardduty.amazonaws.com": "AmazonGuardDutyServiceRolePolicy",
    "inspector2.amazonaws.com": "AmazonInspector2ServiceRolePolicy",
    "macie.amazonaws.com": "AmazonMacieServiceRolePolicy",
    "observabilityadmin.amazonaws.com": "AWSObservabilityAdminServiceRolePolicy",
    "organizations.amazonaws.com": "AWSOrganizationsServiceTrustPolicy",
    "securityhub.amazonaws.com": "AWSSecurityHubServiceRolePolicy",
    "telemetry-enablement.observabilityadmin.amazonaws.com": "AWSObservabilityAdminTelemetryEnablementServiceRolePolicy",
}


class IamError(ServiceException):
    """One of the errors of the IAM API reference."""


def size(document: str) -> int:
    """The characters of a policy that count."""
    return len(WHITE_SPACE.sub("", document))


def check_trust(document: str) -> None:
    """Raises MalformedPolicyDocument or LimitExceeded for a role's trust policy that IAM would not take."""
    _check_language(document, Kind.TRUST)
    if size(document) > TRUST_CHARACTERS:
        raise IamError("LimitExceeded", f"Cannot exceed quota for ACLSizePerRole: {TRUST_CHARACTERS}")
    for statement in as_list(json.loads(document)["Statement"]):
        for kind, name in _principals_of(statement):
            if not _exists(kind, name):
                message = f'Invalid principal in policy: "{kind.upper()}":"{name}"'
                raise IamError("MalformedPolicyDocument", message)


def _check_language(document: str, kind: Kind) -> None:
    try:
        compile_policy(document, kind)
    except MalformedPolicy as error:
        raise IamError("MalformedPolicyDocument", f"Syntax errors in policy: {error}") from error


def _principals_of(statement: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    element = statement.get("Principal", statement.get("NotPrincipal"))
    if element == "*":
        return []
    return [(kind, str(name)) for kind, names in element.items() for name in as_list(names)]


def _exists(kind: str, name: str) -> bool:
    """Whether a principal can be named: any account can, a user, role or session's role must be there."""
    if kind == "Service":
        return SERVICE_PRINCIPAL.fullmatch(name) is not None
    if kind != "AWS" or name == "*":
        return True
    if re.fullmatch(r"\d{12}", name) or re.fullmatch(r"arn:[\w-]+:iam::\d{12}:root", name):
        return True
    match = re.fullmatch(r"arn:[\w-]+:(iam|sts)::(\d{12}):(user|role|assumed-role)/(.+)", name)
    if match is None or match.group(2) not in iam_backends:
        return False
    _, account, sort, path = match.groups()
    if sort == "user":
        user = state.find_user(account, path.rsplit("/", 1)[-1])
        return user is not None and user.arn == name
    role = state.find_role(account, path.split("/")[0] if sort == "assumed-role" else path.rsplit("/", 1)[-1])
    return role is not None and (sort == "assumed-role" or role.arn == name)


def check_inline(sort: str, name: str, policies: Mapping[str, str], policy_name: str, document: str) -> None:
    """Raises LimitExceeded when the inline policies of one holder would be too long together."""
    _check_language(document, Kind.IDENTITY)
    total = sum(size(text) for key, text in {**policies, policy_name: document}.items())
    if total > INLINE_CHARACTERS[sort]:
        message = f"Maximum policy size of {INLINE_CHARACTERS[sort]} bytes exceeded for {sort} {name}"
        raise IamError("LimitExceeded", message)


def check_managed(document: str) -> None:
    _check_language(document, Kind.IDENTITY)
    if size(document) > MANAGED_CHARACTERS:
        raise IamError("LimitExceeded", f"Cannot exceed quota for PolicySize: {MANAGED_CHARACTERS}")


def check_maximum_session(seconds: Any) -> None:
    if not SHORTEST_MAXIMUM <= int(seconds or SHORTEST_MAXIMUM) <= LONGEST_MAXIMUM:
        raise IamError(
            "ValidationError",
            f"1 validation error detected: Value '{seconds}' at 'maxSessionDuration' failed to satisfy constraint: "
            f"Member must have value between {SHORTEST_MAXIMUM} and {LONGEST_MAXIMUM}",
        )


def check_boundary(backend: IAMBackend, arn: str | None) -> None:
    if arn and arn not in backend.managed_policies:
        raise IamError("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.")


# The patches ---------------------------------------------------------------------------------------


def install(engine: Engine) -> None:
    for patch in (
        _roles,
        _inline_policies,
        _managed_policies,
        _user_boundaries,
        _account,
    ):
        patch(engine)


def _before(engine: Engine, owner: type, name: str, check: Callable[..., None]) -> None:
    """Let `check` see the arguments of a method of moto before it runs."""

    def checked(self: Any, *arguments: Any, **named: Any) -> Any:
        check(self, *arguments, **named)
        return original(self, *arguments, **named)

    original = engine.patch(owner, name, checked)


def _roles(engine: Engine) -> None:
    # moto looks for a role among all of them, while another call may be making one.
    engine.patch(IAMBackend, "get_roles", lambda backend: list(backend.roles.values()))

    def create(
        backend: IAMBackend,
        role_name: str,
        assume_role_policy_document: str,
        path: str,
        permissions_boundary: str | None,
        description: str,
        tags: Any,
        max_session_duration: Any,
        linked_service: str | None = None,
    ) -> None:
        check_maximum_session(max_session_duration)
        check_boundary(backend, permissions_boundary)
        check_trust(assume_role_policy_document)

    def update_trust(backend: IAMBackend, role_name: str, policy_document: str) -> None:
        check_trust(policy_document)

    def update(backend: IAMBackend, role_name: str, role_description: str, max_session_duration: Any) -> None:
        check_maximum_session(max_session_duration)

    def bound(backend: IAMBackend, role_name: str, permissions_boundary: str) -> None:
        check_boundary(backend, permissions_boundary)

    _before(engine, IAMBackend, "create_role", create)
    _attach_service_role_policies(engine)
    _before(engine, IAMBackend, "update_assume_role_policy", update_trust)
    _before(engine, IAMBackend, "update_role", update)
    _before(engine, IAMBackend, "put_role_permissions_boundary", bound)


def _attach_service_role_policies(engine: Engine) -> None:
    """moto's service-linked roles may do nothing."""

    def create(backend: IAMBackend, *arguments: Any, **named: Any) -> Role:
        role: Role = create_in_moto(backend, *arguments, **named)
        name = SERVICE_ROLE_POLICIES.get(str(role._linked_service))
        policy = backend.managed_policies.get(f"arn:aws:iam::aws:policy{service_linked_roles.PATH}{name}")
        if policy is not None:
            policy.attach_to(role)
        return role

    def delete(backend: IAMBackend, role_name: str) -> str:
        role = backend.get_role(role_name)
        for policy in list(role.managed_policies.values()):
            policy.detach_from(role)
        task: str = delete_in_moto(backend, role_name)
        return task

    create_in_moto = engine.patch(IAMBackend, "create_role", create)
    delete_in_moto = engine.patch(IAMBackend, "delete_service_linked_role", delete)


def _inline_policies(engine: Engine) -> None:
    def role(backend: IAMBackend, role_name: str, policy_name: str, policy_json: str) -> None:
        holder = backend.get_role(role_name)
        check_inline("role", role_name, holder.policies, policy_name, policy_json)

    def user(backend: IAMBackend, user_name: str, policy_name: str, policy_json: str) -> None:
        check_inline("user", user_name, backend.get_user(user_name).policies, policy_name, policy_json)

    def group(backend: IAMBackend, group_name: str, policy_name: str, policy_json: str) -> None:
        check_inline("group", group_name, backend.get_group(group_name).policies, policy_name, policy_json)

    _before(engine, IAMBackend, "put_role_policy", role)
    _before(engine, IAMBackend, "put_user_policy", user)
    _before(engine, IAMBackend, "put_group_policy", group)


def _managed_policies(engine: Engine) -> None:
    def create(
        backend: IAMBackend, description: Any, path: Any, policy_document: str, policy_name: str, tags: Any
    ) -> None:
        check_managed(policy_document)

    def version(backend: IAMBackend, policy_arn: str, policy_document: str, set_as_default: bool) -> None:
        check_managed(policy_document)

    def attach(policy: ManagedPolicy, holder: Any) -> None:
        if policy.arn in holder.managed_policies:
            return  # attaching twice is attaching once
        if len(holder.managed_policies) >= ATTACHED_POLICIES:
            sort = type(holder).__name__
            raise IamError("LimitExceeded", f"Cannot exceed quota for PoliciesPer{sort}: {ATTACHED_POLICIES}")
        attach_in_moto(policy, holder)

    _before(engine, IAMBackend, "create_policy", create)
    _before(engine, IAMBackend, "create_policy_version", version)
    attach_in_moto = engine.patch(ManagedPolicy, "attach_to", attach)


def _user_boundaries(engine: Engine) -> None:
    """moto knows no boundary of a user."""

    def put(response: IamResponse) -> EmptyResult:
        arn = response._get_param("PermissionsBoundary")
        check_boundary(response.backend, arn)
        _set_boundary(response, arn)
        return EmptyResult()

    def delete(response: IamResponse) -> EmptyResult:
        _set_boundary(response, None)
        return EmptyResult()

    def create(response: IamResponse) -> Any:
        arn = response._get_param("PermissionsBoundary")
        check_boundary(response.backend, arn)
        result = create_in_moto(response)
        _set_boundary(response, arn)
        return result

    create_in_moto = engine.patch(IamResponse, "create_user", create)
    engine.add(IamResponse, "put_user_permissions_boundary", put)
    engine.add(IamResponse, "delete_user_permissions_boundary", delete)
    engine.add(User, "permissions_boundary_arn", None)
    engine.add(
        User,
        "permissions_boundary",
        property(lambda user: _shown_boundary(user.permissions_boundary_arn)),
    )


def _set_boundary(response: IamResponse, arn: str | None) -> None:
    user: Any = response.backend.get_user(response._get_param("UserName"))
    user.permissions_boundary_arn = arn


def _shown_boundary(arn: str | None) -> dict[str, str] | None:
    if not arn:
        return None
    return {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn}


def _account(engine: Engine) -> None:
    def alias(backend: IAMBackend, alias: str) -> None:
        if not ALIAS.fullmatch(alias):
            raise IamError("InvalidInput", f"The account alias {alias} is not valid.")
        others = [iam_backends[account][PARTITION] for account in list(iam_backends)]
        if any(alias in other.account_aliases for other in others if other is not backend):
            raise IamError("EntityAlreadyExists", f"The account alias {alias} already exists.")

    _before(engine, IAMBackend, "create_account_alias", alias)
    engine.patch(IamResponse, "get_account_authorization_details", _authorization_details)


LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")


def _authorization_details(response: IamResponse) -> ActionResult:
    """Everything in pages of MaxItems over all lists; of AWS's own policies those in use."""
    backend = response.backend
    wanted = set(response._get_param("Filter") or ())
    entries: list[tuple[str, Any]] = []
    if not wanted or "User" in wanted:
        entries += [("UserDetailList", user) for user in backend.users.values()]
    if not wanted or "Group" in wanted:
        entries += [("GroupDetailList", group) for group in backend.groups.values()]
    if not wanted or "Role" in wanted:
        entries += [("RoleDetailList", role) for role in backend.roles.values()]
    for policy in backend.managed_policies.values():
        own = policy.arn.split(":")[4] != "aws"
        asked = not wanted or ("LocalManagedPolicy" if own else "AWSManagedPolicy") in wanted
        if asked and (own or policy.attachment_count):
            entries.append(("Policies", _policy_detail(backend, policy)))
    start = int(response._get_param("Marker") or 0)
    end = start + int(response._get_param("MaxItems") or PAGE)
    result: dict[str, Any] = {name: [] for name in LISTS}
    for name, entry in entries[start:end]:
        result[name].append(entry)
    result["IsTruncated"] = end < len(entries)
    if result["IsTruncated"]:
        result["Marker"] = str(end)
    return ActionResult(result)


def _policy_detail(backend: IAMBackend, policy: Any) -> dict[str, Any]:
    holders: list[Any] = [*backend.roles.values(), *backend.users.values()]
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default_version_id,
        "AttachmentCount": policy.attachment_count,
        "PermissionsBoundaryUsageCount": sum(h.permissions_boundary_arn == policy.arn for h in holders),
        "IsAttachable": True,
        "Description": policy.description,
        "CreateDate": policy.create_date,
        "UpdateDate": policy.update_date,
        "PolicyVersionList": policy.policy_version_list,
    }
