"""quota-template: the quotas that Service Quotas asks for in every account that is made from now on.

The organization has one quota request template, in us-east-1, with ten quotas at most. AWS asks for them when it makes an
account, and decides on each; there is no call in the account, and none for those that are there already. What others put
into the template is told and stays: nothing in it says whose an entry is.

https://docs.aws.amazon.com/servicequotas/latest/userguide/organization-templates.html
https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_AssociateServiceQuotaTemplate.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any

from botocore.exceptions import ClientError
from pydantic import AfterValidator, Field

from groundwork.baseline.component import Call, Component, Permission, Target
from groundwork.contracts import Model
from groundwork.declaration.fields import Region
from groundwork.side_by_side import side_by_side

HOME = "us-east-1"
SERVICE_QUOTAS = "servicequotas.amazonaws.com"
TRUSTED = f"trusted access of {SERVICE_QUOTAS}"
RESOURCE = "quota request template"
MOST = 10
LISTED = "ServiceQuotaIncreaseRequestInTemplateList"
Which = tuple[str, str, str]
"""Service, quota and Region."""
Code = Annotated[str, Field(pattern=r"^[a-zA-Z][a-zA-Z0-9-]{1,127}$")]


class Quota(Model):
    """`aws service-quotas list-services` and `list-service-quotas` have the codes."""

    service: Code = Field(description="Code of a service, like vpc")
    quota: Code = Field(description="Code of a quota of it that can be raised, like L-F678F1CE")
    region: Region
    value: float = Field(gt=0, le=1e10)

    @property
    def which(self) -> Which:
        return self.service, self.quota, self.region


def _each_once(quotas: list[Quota]) -> list[Quota]:
    names = [each.which for each in quotas]
    if twice := next((each for each in names if names.count(each) > 1), None):
        raise ValueError(f"has {_words(twice)} twice; remove one")
    return quotas


class Settings(Model):
    quotas: Annotated[list[Quota], AfterValidator(_each_once)] = Field(
        min_length=1, max_length=MOST, description="What is asked for in every new account, ten at most"
    )


@dataclass(frozen=True)
class Found:
    """The template's values. Without `trusted` access nobody says what is in it."""

    trusted: bool = False
    values: Mapping[Which, float] = field(default_factory=dict)
    associated: bool = False


class QuotaTemplate(Component[Found]):
    name = "quota-template"
    kinds = ("management",)
    settings = Settings
    reads = (
        Permission(
            [
                "organizations:DescribeOrganization",
                "servicequotas:GetAssociationForServiceQuotaTemplate",
                "servicequotas:ListServiceQuotaIncreaseRequestsInTemplate",
            ]
        ),
    )
    writes = (
        Permission(
            [
                "servicequotas:AssociateServiceQuotaTemplate",
                "servicequotas:PutServiceQuotaIncreaseRequestIntoTemplate",
            ]
        ),
        # What AWS demands besides of whoever associates it.
        Permission(
            ["organizations:EnableAWSServiceAccess"],
            conditions={"StringEquals": {"organizations:ServicePrincipal": SERVICE_QUOTAS}},
        ),
    )

    def read(self, target: Target) -> Found:
        client = target.client("service-quotas", HOME)
        try:
            values, associated = side_by_side(partial(_values, client), partial(_is_associated, client))
        except ClientError as refused:
            if refused.response["Error"]["Code"] != "AWSServiceAccessNotEnabledException":
                raise
            return Found()
        return Found(True, values, associated)

    def diff(self, found: Found, target: Target) -> Iterator[Call]:
        declared: Settings = target.declaration.settings(self.name)
        after = "" if found.trusted else TRUSTED
        for each in declared.quotas:
            there = found.values.get(each.which)
            if there != each.value:
                given = {
                    **dict(zip(("ServiceCode", "QuotaCode", "AwsRegion"), each.which, strict=True)),
                    "DesiredValue": each.value,
                }
                is_ = "is not asked for" if there is None else f"is asked for as {there:g}"
                yield Call(
                    *("service-quotas", "PutServiceQuotaIncreaseRequestIntoTemplate", given),
                    resource=f"{RESOURCE}: {_words(each.which)}",
                    action="create" if there is None else "update",
                    reason=f"{is_} in new accounts; expected {each.value:g}",
                    region=HOME,
                    after=after,
                )
        known = {each.which for each in declared.quotas}
        others = [each for each in found.values if each not in known]
        if not found.associated:
            besides = f"; what is there and not declared ({len(others)}) comes with it" if others else ""
            yield Call(
                *("service-quotas", "AssociateServiceQuotaTemplate", {}, RESOURCE, "update"),
                f"is not associated with the organization: nothing is asked for in new accounts{besides}",
                region=HOME,
                after=after,
            )
        for which in others:
            told = (
                f"is asked for as {found.values[which]:g} in new accounts, and is not declared: declare it under "
                "quotaTemplate.quotas, or take it out of the template by hand"
            )
            yield Call(
                *("service-quotas", "", {}, f"{RESOURCE}: {_words(which)}", "report", told, HOME),
                severity="low",
            )


def _values(client: Any) -> Mapping[Which, float]:
    pages = client.get_paginator("list_service_quota_increase_requests_in_template").paginate()
    return {
        (each["ServiceCode"], each["QuotaCode"], each["AwsRegion"]): float(each["DesiredValue"])
        for page in pages
        for each in page[LISTED]
    }


def _is_associated(client: Any) -> bool:
    try:
        found = client.get_association_for_service_quota_template()
    except ClientError as refused:
        if refused.response["Error"]["Code"] != "ServiceQuotaTemplateNotInUseException":
            raise
        return False
    return bool(found["ServiceQuotaTemplateAssociationStatus"] == "ASSOCIATED")


def _words(which: Which) -> str:
    service, quota, region = which
    return f"{service} {quota} in {region}"
