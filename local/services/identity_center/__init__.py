"""IAM Identity Center of an organization, of which moto has one in every account, done as soon as it is asked for, and without
tags, boundaries and roles in accounts. A person switches it on: `enable`; AWS has no API for an instance of an organization.

Applications, trusted token issuers and attributes for access control are not embedded.

https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_Operations.html
https://docs.aws.amazon.com/singlesignon/latest/userguide/delegated-admin.html
"""

from __future__ import annotations

import json
from typing import Any

from moto.core.responses import ActionResult
from moto.identitystore.models import IdentityStoreBackend, identitystore_backends
from moto.identitystore.responses import IdentityStoreResponse
from moto.ssoadmin.responses import SSOAdminResponse

from local.engine import Engine
from local.iam.service_linked_roles import give_role
from local.model_validation import violations
from local.organizations import organization_of

from .center import SERVICE, Center, denied, invalid
from .operations import OPERATIONS, Asked, Operation

__all__ = ["Center", "center_of", "enable", "install"]

_CENTERS: dict[str, Center] = {}
"""By management account."""


def install(engine: Engine) -> None:
    _CENTERS.clear()
    engine.patch(Center, "clock", engine.clock)
    for name, operation in OPERATIONS.items():
        handler = _handler(name, operation)
        if hasattr(SSOAdminResponse, name):
            engine.patch(SSOAdminResponse, name, handler)
        else:
            engine.add(SSOAdminResponse, name, handler)
    engine.patch(IdentityStoreResponse, "identitystore_backend", property(_identity_store))


def enable(account: str, region: str = "us-east-1", partition: str = "aws") -> Center:
    """What a person does in the console of the management account: trusted access, the service-linked role, an instance."""
    organization = organization_of(account, partition)
    assert organization is not None
    assert organization.account_id == account
    if not organization.is_trusted(SERVICE):
        organization.enable_aws_service_access(ServicePrincipal=SERVICE)
    give_role(account, SERVICE, partition)
    return _CENTERS.setdefault(account, Center(organization, region))


def center_of(account: str, partition: str = "aws") -> Center | None:
    """That of the account's organization."""
    organization = organization_of(account, partition)
    return _CENTERS.get(organization.account_id) if organization else None


def _handler(name: str, operation: Operation) -> Any:
    api_name = "".join(part.capitalize() for part in name.split("_"))

    def handler(response: SSOAdminResponse) -> ActionResult:
        given = json.loads(response.body or "{}")
        for violation in violations("sso-admin", api_name, given):
            raise invalid(violation.reason)
        caller, center = response.current_account, center_of(response.current_account, response.partition)
        here = center if center and response.region == center.region else None
        if here:
            here.settle()
        if name != "list_instances":
            if here is None:
                raise denied(f"Account {caller} has no instance of IAM Identity Center here.")
            here.admit(caller)
            here.admit_by_key("KMS_NotFoundException")
            if given.get("InstanceArn", here.arn) != here.arn:
                raise denied("The instance is not the organization's.")
        return ActionResult(operation(Asked(caller, here, given)))

    return handler


def _identity_store(response: IdentityStoreResponse) -> IdentityStoreBackend:
    """It is where the instance is, whoever asks."""
    caller = response.current_account
    center = center_of(caller, response.partition)
    asked_for = str(json.loads(response.body or "{}").get("IdentityStoreId", "")).rpartition("/")[2]
    if center is None or response.region != center.region or asked_for != center.identity_store:
        raise denied(f"Account {caller} has no identity store {asked_for} here.")
    center.admit(caller)
    center.admit_by_key("KMS_KEY_NOT_FOUND")
    backend: IdentityStoreBackend = identitystore_backends[center.management][center.region]
    return backend
