"""AWS Organizations, where moto falls short of it.

moto creates accounts at once, lets anyone call, knows five policy types, and has neither quotas, standing,
policy limits nor the CreateAccountResult event. `engine.creation` (`CreationSettings`) says how CreateAccount behaves.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.organizations.models import FakeDelegatedAdministrator, FakeServiceAccess, organizations_backends
from moto.organizations.responses import OrganizationsResponse

from local.engine import Engine
from local.model_validation import violations

from . import young_accounts
from .backend import Organizations, organization_of
from .callers import may_call
from .creation_settings import CreationSettings
from .errors import error, invalid_input
from .quotas import Throttle
from .services import DELEGATED_ADMINISTRATORS, TRUSTED

__all__ = ["CreationSettings", "Organizations", "in_effect", "install", "organization_of"]


OUTSIDE_OF_ORGANIZATIONS = frozenset({"CreateOrganization"})
NEW_OPERATIONS = (
    "accept_handshake",
    "describe_handshake",
    "enable_all_features",
    "list_accounts_with_invalid_effective_policy",
    "list_effective_policy_validation_errors",
    "list_handshakes_for_organization",
)


def install(engine: Engine) -> None:
    """Replaces moto's Organizations by one that behaves as AWS; sets `engine.creation`."""
    engine.creation = CreationSettings(Throttle(engine.clock))
    Organizations.engine = engine
    engine.patch(organizations_backends, "backend", Organizations)
    organizations_backends.clear()
    organizations_backends.master_accounts.clear()
    engine.patch(FakeServiceAccess, "TRUSTED_SERVICES", sorted(TRUSTED))
    engine.patch(FakeDelegatedAdministrator, "SUPPORTED_SERVICES", sorted(DELEGATED_ADMINISTRATORS))
    engine.patch(OrganizationsResponse, "organizations_backend", property(_admitted_backend))
    for name in NEW_OPERATIONS:
        engine.add(OrganizationsResponse, name, _passes_parameters(name))
    engine.add(OrganizationsResponse, "describe_effective_policy", _describe_effective_policy)
    engine.add(OrganizationsResponse, "leave_organization", _leave_organization)
    young_accounts.install(engine)


def in_effect(policy_type: str, account_id: str) -> dict[str, Any]:
    """The policy of that type that binds an account, as `DescribeEffectivePolicy` has it; empty where none does."""
    organization = organization_of(account_id)
    return organization.in_effect(policy_type, account_id) if organization else {}


def _admitted_backend(response: OrganizationsResponse) -> Organizations:
    """The caller's organization, once throttle, request and standing have been checked, in AWS's order."""
    caller, operation = response.current_account, response._get_action()
    Organizations.engine.creation.throttle.admit(operation)
    _check_request(operation, response.request_params)
    if operation in OUTSIDE_OF_ORGANIZATIONS:
        backend = organizations_backends[caller][response.partition]
        assert isinstance(backend, Organizations)
        return backend
    organization = organization_of(caller, response.partition)
    if organization is None:
        raise error("AWSOrganizationsNotInUseException")
    management = caller == organization.account_id
    if not may_call(operation, management=management, delegated=organization.is_delegated(caller)):
        raise error("AccessDeniedException")
    return organization


def _check_request(operation: str, parameters: dict[str, Any]) -> None:
    for violation in violations("organizations", operation, parameters):
        raise invalid_input(violation.reason)


def _passes_parameters(name: str) -> Any:
    def handler(response: OrganizationsResponse) -> ActionResult:
        return ActionResult(getattr(response.organizations_backend, name)(**response.request_params))

    return handler


def _describe_effective_policy(response: OrganizationsResponse) -> ActionResult:
    backend: Any = response.organizations_backend
    return ActionResult(
        backend.describe_effective_policy(response.current_account, **response.request_params)
    )


def _leave_organization(response: OrganizationsResponse) -> str:
    backend: Any = response.organizations_backend
    backend.leave_organization(response.current_account)
    return "{}"
