"""Service Quotas, of which moto has a list of defaults: how many accounts an organization may have, and having more.

What is asked for is granted, after a while. AWS looks at it, and may take days over it: what a request template asks for
a new account stays asked for.
https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_RequestServiceQuotaIncrease.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html: 10 accounts; the quotas are in
us-east-1 alone, and only the management account may ask for more.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import flask
from moto.core.responses import ActionResult
from moto.servicequotas.responses import ServiceQuotasResponse

from local.authorization.gate import ADMITTED
from local.engine import Engine
from local.organizations import organization_of

from . import template
from .errors import HOME_REGION, ServiceQuotasError, no_such_resource

SERVICE, SERVICE_NAME = "organizations", "AWS Organizations"
NAME = "Default maximum number of accounts"
CODES = ("L-29A0C5DF", "L-E619E033")
"""AWS says that codes change, and names do not: public code has one or the other. The first is listed."""
DEFAULT = 10
GRANTED_AFTER = 60.0
"""AWS seconds from a request to its being granted."""
ELSEWHERE = {"vpc": "Amazon Virtual Private Cloud (Amazon VPC)"}
"""Services whose defaults moto has."""


@dataclass
class Increase:
    """A request for a higher quota, by whom `requester` says; what a template asks for nobody does. `quota` is what Service
    Quotas says of it, without a value."""

    quota: Mapping[str, Any]
    desired: float
    requester: str | None
    account: str
    region: str = HOME_REGION
    id: str = field(default_factory=lambda: secrets.token_hex(20))
    status: str = "PENDING"
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    def described(self) -> dict[str, Any]:
        who = json.dumps({"accountId": self.account, "callerArn": self.requester}, separators=(",", ":"))
        return {
            **self.quota,
            "Id": self.id,
            "DesiredValue": self.desired,
            "Status": self.status,
            "Created": self.created,
            "LastUpdated": self.created,
            **({"Requester": who} if self.requester else {}),
            "QuotaRequestedAtLevel": "ACCOUNT",
        }


def install(engine: Engine) -> None:
    quotas = Quotas(engine)
    template.install(engine, quotas.ask)
    operations: dict[str, Callable[[ServiceQuotasResponse], ActionResult]] = {
        "list_services": quotas.list_services,
        "list_service_quotas": quotas.list_quotas,
        "get_service_quota": quotas.get_quota,
        "get_aws_default_service_quota": quotas.get_default,
        "list_aws_default_service_quotas": quotas.list_defaults,
        "request_service_quota_increase": quotas.request,
        "get_requested_service_quota_change": quotas.get_request,
        "list_requested_service_quota_change_history": quotas.list_requests,
        "list_requested_service_quota_change_history_by_quota": quotas.list_requests,
    }
    for name, handler in operations.items():
        if name in vars(ServiceQuotasResponse):
            engine.patch(ServiceQuotasResponse, name, _or_moto(handler, vars(ServiceQuotasResponse)[name]))
        else:
            engine.add(ServiceQuotasResponse, name, _method(handler))


def _method(handler: Callable[[ServiceQuotasResponse], Any]) -> Callable[[ServiceQuotasResponse], Any]:
    """moto calls what it finds in the class with the response."""

    def answer(response: ServiceQuotasResponse) -> Any:
        return handler(response)

    return answer


def _or_moto(handler: Callable[..., Any], motos: Callable[..., Any]) -> Callable[..., Any]:
    def answer(response: ServiceQuotasResponse) -> Any:
        return (motos if response._get_param("ServiceCode") in ELSEWHERE else handler)(response)

    return answer


class Quotas:
    """The quota on accounts, as Service Quotas tells of it, and the requests to raise it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._increases: list[Increase] = []

    def list_services(self, response: ServiceQuotasResponse) -> ActionResult:
        known = {SERVICE: SERVICE_NAME, **ELSEWHERE}
        return ActionResult(
            {"Services": [{"ServiceCode": code, "ServiceName": name} for code, name in known.items()]}
        )

    def list_quotas(self, response: ServiceQuotasResponse) -> ActionResult:
        code = response._get_param("QuotaCode") or CODES[0]
        return ActionResult({"Quotas": [self._quota(response, code)]})

    def get_quota(self, response: ServiceQuotasResponse) -> ActionResult:
        return ActionResult({"Quota": self._quota(response, response._get_param("QuotaCode"))})

    def get_default(self, response: ServiceQuotasResponse) -> ActionResult:
        quota = self._quota(response, response._get_param("QuotaCode"))
        return ActionResult({"Quota": quota | {"Value": float(DEFAULT)}})

    def list_defaults(self, response: ServiceQuotasResponse) -> ActionResult:
        return ActionResult({"Quotas": [self._quota(response, CODES[0]) | {"Value": float(DEFAULT)}]})

    def request(self, response: ServiceQuotasResponse) -> ActionResult:
        quota = self._quota(response, response._get_param("QuotaCode"))
        caller, desired = response.current_account, float(response._get_param("DesiredValue"))
        organization = organization_of(caller, response.partition)
        if organization is not None and organization.account_id != caller:
            raise ServiceQuotasError(
                "AccessDeniedException",
                "Only the management account of the organization may ask for more accounts.",
            )
        if desired <= quota["Value"]:
            raise ServiceQuotasError(
                "IllegalArgumentException",
                f"You must provide a quota value greater than the current quota value, {quota['Value']:.0f}.",
            )
        if any(each.status == "PENDING" and each.requester for each in self._increases):
            raise ServiceQuotasError(
                "ResourceAlreadyExistsException",
                "Only one open service quota increase request is allowed per quota.",
            )
        requester = flask.request.environ[ADMITTED].principal.arn
        increase = Increase(_named(quota["QuotaCode"], caller), desired, requester, caller)
        self._increases.append(increase)
        self._engine.in_background(self._grant, increase)
        return ActionResult({"RequestedQuota": increase.described()})

    def get_request(self, response: ServiceQuotasResponse) -> ActionResult:
        wanted = response._get_param("RequestId")
        for each in self._increases_of(response):
            if each.id == wanted:
                return ActionResult({"RequestedQuota": each.described()})
        raise no_such_resource(f"There is no quota increase request {wanted}.")

    def list_requests(self, response: ServiceQuotasResponse) -> ActionResult:
        """The caller's own, in the Region that is asked. Of other services there are those of a request template."""
        wanted = {name: response._get_param(name) for name in ("ServiceCode", "QuotaCode", "Status")}
        described = [each.described() for each in self._increases_of(response)]
        found = [
            each for each in described if all(value in (None, each[name]) for name, value in wanted.items())
        ]
        return ActionResult({"RequestedQuotas": found})

    def ask(self, account: str, region: str, quota: Mapping[str, Any], desired: float) -> None:
        """What a request template asks for in a new account."""
        arn = f"arn:aws:servicequotas:{region}:{account}:{quota['ServiceCode']}/{quota['QuotaCode']}"
        self._increases.append(Increase({**quota, "QuotaArn": arn}, desired, None, account, region))

    def _increases_of(self, response: ServiceQuotasResponse) -> list[Increase]:
        here = (response.current_account, response.region)
        return [each for each in self._increases if (each.account, each.region) == here]

    def _grant(self, increase: Increase) -> None:
        self._engine.clock.wait(GRANTED_AFTER)
        self._engine.creation.account_limit = int(increase.desired)
        increase.status = "APPROVED"

    def _quota(self, response: ServiceQuotasResponse, code: str) -> dict[str, Any]:
        """Raises NoSuchResourceException for any but that of AWS Organizations, in its Region; NotImplementedError for those
        of other services."""
        service = response._get_param("ServiceCode")
        if service != SERVICE:
            raise NotImplementedError(f"it has no quotas of {service}")
        if response.region != HOME_REGION:
            raise no_such_resource(
                "This service is not available in the current Region. Choose a different Region or a different service."
            )
        if code not in CODES:
            raise no_such_resource(f"{SERVICE} has no quota {code}.")
        return {
            **_named(code, response.current_account),
            "Value": float(self._engine.creation.account_limit),
            "Adjustable": True,
            "QuotaAppliedAtLevel": "ACCOUNT",
        }


def _named(code: str, account: str) -> dict[str, Any]:
    return {
        "ServiceCode": SERVICE,
        "ServiceName": SERVICE_NAME,
        "QuotaArn": f"arn:aws:servicequotas::{account}:{SERVICE}/{code}",
        "QuotaCode": code,
        "QuotaName": NAME,
        "Unit": "None",
        "GlobalQuota": True,
    }
