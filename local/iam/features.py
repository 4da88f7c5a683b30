"""IAM beside policies: service-linked roles, the organization's root features, AWS managed policies.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-enable-root-access.html
"""

from __future__ import annotations

import copy
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.iam.models import IAMBackend, ManagedPolicy, Role
from moto.iam.responses import IamResponse

from local.engine import Engine
from local.iam.service_linked_roles import path_of
from local.organizations import Organizations, organization_of

IAM_PRINCIPAL = "iam.amazonaws.com"
ROLE_NAMES = {
    "access-analyzer.amazonaws.com": "AccessAnalyzer",
    "cloudtrail.amazonaws.com": "CloudTrail",
    "config.amazonaws.com": "Config",
    "config-conforms.amazonaws.com": "ConfigConforms",
    "config-multiaccountsetup.amazonaws.com": "ConfigMultiAccountSetup",
    "guardduty.amazonaws.com": "AmazonGuardDuty",
    "inspector2.amazonaws.com": "AmazonInspector2",
    "macie.amazonaws.com": "AmazonMacie",
    "member.org.stacksets.cloudformation.amazonaws.com": "CloudFormationStackSetsOrgMember",
    "observabilityadmin.amazonaws.com": "ObservabilityAdmin",
    "organizations.amazonaws.com": "Organizations",
    "securityhub.amazonaws.com": "SecurityHub",
    "sso.amazonaws.com": "SSO",
    "stacksets.cloudformation.amazonaws.com": "CloudFormationStackSetsOrgAdmin",
    "support.amazonaws.com": "Support",
    "telemetry-enablement.observabilityadmin.amazonaws.com": "ObservabilityAdmin_TelemetryEnablement",
    "trustedadvisor.amazonaws.com": "TrustedAdvisor",
}
"""What follows AWSServiceRoleFor, where moto's rule (the principal's first word as it stands) does not give it."""
CHANGES_OF_A_ROLE = (
    "attach_role_policy",
    "delete_role",
    "delete_role_permissions_boundary",
    "delete_role_policy",
    "detach_role_policy",
    "put_role_permissions_boundary",
    "put_role_policy",
    "update_assume_role_policy",
)
RESERVED = "/aws-reserved/"
FEATURES = {"RootCredentialsManagement": "root_credentials_management", "RootSessions": "root_sessions"}

_loaded: dict[str, list[ManagedPolicy]] = {}
"""AWS managed policies by partition, for as long as the process lives: they never change."""


class IamError(ServiceException):
    """An exception of IAM, by its name."""


def install(engine: Engine) -> None:
    _share_managed_policies(engine)
    engine.patch(IAMBackend, "create_service_linked_role", _create_service_linked_role)
    for name in CHANGES_OF_A_ROLE:
        engine.patch(IamResponse, name, _sparing_service_linked_roles(vars(IamResponse)[name]))
    engine.add(IamResponse, "list_organizations_features", _list_features)
    for feature, name in FEATURES.items():
        engine.add(IamResponse, f"enable_organizations_{name}", _changes_features(feature, enabled=True))
        engine.add(IamResponse, f"disable_organizations_{name}", _changes_features(feature, enabled=False))


def _share_managed_policies(engine: Engine) -> None:
    """moto parses all 1,400 AWS managed policies again for each account, which takes it most of a second."""
    load = vars(IAMBackend)["_init_aws_policies"]

    def policies_of(backend: IAMBackend) -> list[ManagedPolicy]:
        if backend.partition not in _loaded:
            _loaded[backend.partition] = load(backend)
        own = [copy.copy(policy) for policy in _loaded[backend.partition]]
        for policy in own:
            policy.account_id = backend.account_id
        return own

    engine.patch(IAMBackend, "_init_aws_policies", policies_of)


def _create_service_linked_role(iam: IAMBackend, service_name: str, description: str, suffix: str) -> Role:
    """Raises InvalidInput for a role that is there, or a service that has none."""
    service, _, domain = service_name.partition(".")
    if domain != "amazonaws.com" and not domain.endswith(".amazonaws.com"):
        raise IamError("InvalidInput", f"Service {service_name} is not a valid service principal.")
    name = "AWSServiceRoleFor" + ROLE_NAMES.get(service_name, service[:1].upper() + service[1:])
    name += f"_{suffix}" if suffix else ""
    if any(role.name == name for role in iam.roles.values()):
        message = f"Service role name {name} has been taken in this account, please try a different suffix."
        raise IamError("InvalidInput", message)
    trust = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
        f'"Principal":{{"Service":"{service_name}"}},"Action":"sts:AssumeRole"}}]}}'
    )
    return iam.create_role(
        name, trust, path_of(service_name), None, description or "", [], "3600", linked_service=service_name
    )


def _sparing_service_linked_roles(handler: Any) -> Any:
    """Nobody but AWS changes or deletes a service-linked role, except by DeleteServiceLinkedRole, or one of IAM Identity Center."""

    def guarded(response: IamResponse) -> Any:
        name = response._get_param("RoleName")
        roles = (role for role in response.backend.roles.values() if role.name == name)
        if any(role._linked_service or role.path.startswith(RESERVED) for role in roles):
            message = f"Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"
            raise IamError("UnmodifiableEntity", message)
        return handler(response)

    return guarded


def _list_features(response: IamResponse) -> ActionResult:
    return _features(_administered(response))


def _changes_features(feature: str, *, enabled: bool) -> Any:
    def change(response: IamResponse) -> ActionResult:
        organization = _administered(response)
        others = organization.iam_features - {feature}
        organization.iam_features = others | {feature} if enabled else others
        return _features(organization)

    return change


def _features(organization: Organizations) -> ActionResult:
    assert organization.org is not None
    return ActionResult(
        {"OrganizationId": organization.org.id, "EnabledFeatures": sorted(organization.iam_features)}
    )


def _administered(response: IamResponse) -> Organizations:
    """The organization whose features the caller may see and change, or IAM's refusal."""
    caller = response.current_account
    organization = organization_of(caller, response.partition)
    if organization is None:
        raise IamError("OrganizationNotFoundException", "The account is not part of an organization.")
    if caller != organization.account_id and not organization.is_delegated(caller, IAM_PRINCIPAL):
        message = "The account is neither the management account nor a delegated administrator for IAM."
        raise IamError("AccountNotManagementOrDelegatedAdministratorException", message)
    if not organization.has_all_features:
        message = "The organization does not have all features enabled."
        raise IamError("OrganizationNotInAllFeaturesModeException", message)
    if not organization.is_trusted(IAM_PRINCIPAL):
        message = "Trusted access for IAM is not enabled in the organization."
        raise IamError("ServiceAccessNotEnabledException", message)
    return organization
