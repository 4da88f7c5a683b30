"""The quota request template of an organization, which moto has not: what is asked for in every account that is made.

It is the management account's, in us-east-1, and works while it is associated and Service Quotas is trusted. Whether
AssociateServiceQuotaTemplate gives trusted access itself is not documented (IAM's table demands the permission of the
caller, its errors name that it is missing): here it does not.

https://docs.aws.amazon.com/servicequotas/latest/userguide/organization-templates.html
https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_AssociateServiceQuotaTemplate.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.core.responses import ActionResult
from moto.servicequotas.resources.default_quotas.vpc import VPC_DEFAULT_QUOTAS
from moto.servicequotas.responses import ServiceQuotasResponse

from local.engine import Engine
from local.organizations import Organizations, organization_of

from .errors import HOME_REGION, ServiceQuotasError, no_such_resource

PRINCIPAL = "servicequotas.amazonaws.com"
MOST = 10
"""Quotas in a template."""
DESCRIBED = ("ServiceCode", "ServiceName", "QuotaCode", "QuotaName", "Unit", "GlobalQuota")
Ask = Callable[[str, str, Mapping[str, Any], float], None]
"""For an account and a Region, that a quota be so high."""


@dataclass
class Template:
    """`entries` by service, quota and Region. `associated` is None until it once was."""

    entries: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    associated: bool | None = None


def install(engine: Engine, ask: Ask) -> None:
    templates: dict[str, Template] = {}
    for name, handler in HANDLERS.items():
        engine.add(ServiceQuotasResponse, name, _answering(name, handler, templates))
    make = Organizations._new_account

    def made(organization: Organizations, *given: Any) -> Any:
        account = make(organization, *given)
        template = templates.get(organization.account_id, Template())
        if template.associated and organization.is_trusted(PRINCIPAL):
            for entry in template.entries.values():
                quota = {key: entry[key] for key in DESCRIBED}
                ask(account.id, entry["AwsRegion"], quota, entry["DesiredValue"])
        return account

    engine.patch(Organizations, "_new_account", made)


def _answering(name: str, handler: Handler, templates: dict[str, Template]) -> Any:
    def answer(response: ServiceQuotasResponse) -> ActionResult:
        if response.region != HOME_REGION:
            message = "The Service Quotas template is not available in this AWS Region."
            raise ServiceQuotasError("TemplatesNotAvailableInRegionException", message)
        organization = organization_of(response.current_account, response.partition)
        if organization is None:
            message = "The AWS account making this call is not a member of an organization."
            raise ServiceQuotasError("NoAvailableOrganizationException", message)
        if organization.account_id != response.current_account:
            message = "You do not have sufficient permission to perform this action."
            raise ServiceQuotasError("AccessDeniedException", message)
        if name == "associate_service_quota_template" and not organization.has_all_features:
            message = "The organization that your AWS account belongs to is not in All Features mode."
            raise ServiceQuotasError("OrganizationNotInAllFeaturesModeException", message)
        if not organization.is_trusted(PRINCIPAL):
            message = "Service Access with Service Quotas is not enabled in your organization."
            raise ServiceQuotasError("AWSServiceAccessNotEnabledException", message)
        template = templates.setdefault(organization.account_id, Template())
        return ActionResult(handler(response, template) or {})

    return answer


def _associate(response: ServiceQuotasResponse, template: Template) -> None:
    template.associated = True


def _disassociate(response: ServiceQuotasResponse, template: Template) -> None:
    _status(response, template)
    template.associated = False


def _status(response: ServiceQuotasResponse, template: Template) -> object:
    if template.associated is None:
        message = "The quota request template is not associated with your organization."
        raise ServiceQuotasError("ServiceQuotaTemplateNotInUseException", message)
    status = "ASSOCIATED" if template.associated else "DISASSOCIATED"
    return {"ServiceQuotaTemplateAssociationStatus": status}


def _put(response: ServiceQuotasResponse, template: Template) -> object:
    which = _which(response)
    if which not in template.entries and len(template.entries) == MOST:
        raise ServiceQuotasError(
            "QuotaExceededException", f"You have exceeded your service quota: {MOST} quotas in a template."
        )
    entry = _quota(*which[:2]) | {
        "AwsRegion": which[2],
        "DesiredValue": float(response._get_param("DesiredValue")),
    }
    template.entries[which] = entry
    return {"ServiceQuotaIncreaseRequestInTemplate": entry}


def _get(response: ServiceQuotasResponse, template: Template) -> object:
    return {"ServiceQuotaIncreaseRequestInTemplate": _entry(response, template)}


def _delete(response: ServiceQuotasResponse, template: Template) -> None:
    _entry(response, template)
    del template.entries[_which(response)]


def _list(response: ServiceQuotasResponse, template: Template) -> object:
    wanted = {name: response._get_param(name) for name in ("ServiceCode", "AwsRegion")}
    found = [
        entry
        for entry in template.entries.values()
        if all(value in (None, entry[name]) for name, value in wanted.items())
    ]
    return {"ServiceQuotaIncreaseRequestInTemplateList": found}


def _which(response: ServiceQuotasResponse) -> tuple[str, str, str]:
    service, code, region = map(response._get_param, ("ServiceCode", "QuotaCode", "AwsRegion"))
    return service, code, region


def _entry(response: ServiceQuotasResponse, template: Template) -> dict[str, Any]:
    found = template.entries.get(_which(response))
    if found is None:
        raise no_such_resource("There is no such quota increase request in the template.")
    return found


def _quota(service: str, code: str) -> dict[str, Any]:
    """Raises NotImplementedError for a service whose quotas nobody here knows."""
    if service != "vpc":
        raise NotImplementedError(f"it has no quotas of {service}")
    found = next((each for each in VPC_DEFAULT_QUOTAS if each["QuotaCode"] == code), None)
    if found is None:
        raise no_such_resource(f"{service} has no quota {code}.")
    if not found["Adjustable"]:
        raise ServiceQuotasError("IllegalArgumentException", f"The quota {code} is not adjustable.")
    return {key: found[key] for key in DESCRIBED}


Handler = Callable[[ServiceQuotasResponse, Template], object]
HANDLERS: Mapping[str, Handler] = {
    "associate_service_quota_template": _associate,
    "disassociate_service_quota_template": _disassociate,
    "get_association_for_service_quota_template": _status,
    "put_service_quota_increase_request_into_template": _put,
    "get_service_quota_increase_request_from_template": _get,
    "delete_service_quota_increase_request_from_template": _delete,
    "list_service_quota_increase_requests_in_template": _list,
}
