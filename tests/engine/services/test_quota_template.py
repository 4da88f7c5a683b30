"""The quota request template: what is asked for in every account that an organization makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import Engine
from local.identity.credentials import Credentials
from tests.engine.services.test_service_quotas import created
from tests.engine.support import plain_moto, policy

VPCS = {"ServiceCode": "vpc", "QuotaCode": "L-F678F1CE", "AwsRegion": "eu-west-1"}
PRINCIPAL = "servicequotas.amazonaws.com"


@pytest.fixture
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.001) as engine:
        engine.creation.throttle.enforced = False
        engine.creation.seconds = engine.creation.entry_delay = engine.creation.service_delay = 0
        yield engine


@pytest.fixture
def quotas(aws: Engine) -> Any:
    aws.client("organizations").enable_aws_service_access(ServicePrincipal=PRINCIPAL)
    return aws.client("service-quotas")


def refused(ask: Callable[..., Any], **given: Any) -> str:
    with pytest.raises(ClientError) as refusal:
        ask(**given)
    return str(refusal.value.response["Error"]["Code"])


def asked_in(aws: Engine, name: str, region: str) -> list[tuple[str, float, str]]:
    """What was asked for in a new account of this name, in a Region."""
    member = created(aws.client("organizations"), name)["AccountId"]
    session = aws.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{member}:role/OrganizationAccountAccessRole", RoleSessionName="test"
    )["Credentials"]
    key = Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    inside = aws.client("service-quotas", region=region, credentials=key)
    found = inside.list_requested_service_quota_change_history()["RequestedQuotas"]
    return [(each["QuotaName"], each["DesiredValue"], each["Status"]) for each in found]


def test_what_it_says_is_asked_for_in_accounts_made_after_it_was_associated(aws: Engine, quotas: Any) -> None:
    made = quotas.put_service_quota_increase_request_into_template(**VPCS, DesiredValue=20)
    entry = made["ServiceQuotaIncreaseRequestInTemplate"]
    assert (entry["QuotaName"], entry["DesiredValue"]) == ("VPCs per Region", 20.0)
    assert asked_in(aws, "before", "eu-west-1") == []
    quotas.associate_service_quota_template()
    assert asked_in(aws, "after", "eu-west-1") == [("VPCs per Region", 20.0, "PENDING")]
    assert asked_in(aws, "elsewhere", "us-east-1") == []
    quotas.put_service_quota_increase_request_into_template(**VPCS, DesiredValue=30)
    assert asked_in(aws, "later", "eu-west-1") == [("VPCs per Region", 30.0, "PENDING")]
    quotas.disassociate_service_quota_template()
    assert asked_in(aws, "last", "eu-west-1") == []
    accounts = {"ServiceCode": "organizations", "QuotaCode": "L-29A0C5DF", "DesiredValue": 20}
    quotas.request_service_quota_increase(**accounts)


def test_it_is_read_and_taken_out_of(quotas: Any) -> None:
    assert (
        refused(quotas.get_association_for_service_quota_template) == "ServiceQuotaTemplateNotInUseException"
    )
    quotas.put_service_quota_increase_request_into_template(**VPCS, DesiredValue=20)
    listed = quotas.list_service_quota_increase_requests_in_template
    name = "ServiceQuotaIncreaseRequestInTemplateList"
    (entry,) = listed()[name]
    got = quotas.get_service_quota_increase_request_from_template(**VPCS)
    assert got["ServiceQuotaIncreaseRequestInTemplate"] == entry
    assert listed(AwsRegion="us-east-1")[name] == []
    quotas.delete_service_quota_increase_request_from_template(**VPCS)
    gone = quotas.delete_service_quota_increase_request_from_template
    assert refused(gone, **VPCS) == "NoSuchResourceException"
    status = quotas.get_association_for_service_quota_template
    quotas.associate_service_quota_template()
    assert status()["ServiceQuotaTemplateAssociationStatus"] == "ASSOCIATED"
    quotas.disassociate_service_quota_template()
    assert status()["ServiceQuotaTemplateAssociationStatus"] == "DISASSOCIATED"


def test_it_holds_ten_quotas_that_can_be_raised(quotas: Any) -> None:
    put = quotas.put_service_quota_increase_request_into_template
    fixed = VPCS | {"QuotaCode": "L-3248932A"}
    assert refused(put, **fixed, DesiredValue=30_000) == "IllegalArgumentException"
    assert refused(put, **VPCS | {"QuotaCode": "L-0"}, DesiredValue=1) == "NoSuchResourceException"
    assert refused(put, **VPCS | {"ServiceCode": "lambda"}, DesiredValue=1) == "NotImplemented"
    for number in range(10):
        put(**VPCS | {"AwsRegion": f"eu-west-{number}"}, DesiredValue=20)
    put(**VPCS, DesiredValue=30)
    eleventh = VPCS | {"AwsRegion": "us-east-1"}
    assert refused(put, **eleventh, DesiredValue=20) == "QuotaExceededException"


def test_it_is_the_management_accounts_in_one_region_where_service_quotas_is_trusted(
    aws: Engine, quotas: Any
) -> None:
    elsewhere = aws.client("service-quotas", region="eu-west-1").associate_service_quota_template
    assert refused(elsewhere) == "TemplatesNotAvailableInRegionException"
    aws.client("organizations").disable_aws_service_access(ServicePrincipal=PRINCIPAL)
    for ask in (
        quotas.associate_service_quota_template,
        quotas.list_service_quota_increase_requests_in_template,
    ):
        assert refused(ask) == "AWSServiceAccessNotEnabledException"
    aws.client("organizations").enable_aws_service_access(ServicePrincipal=PRINCIPAL)
    member = created(aws.client("organizations"), "member")["AccountId"]
    session = aws.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{member}:role/OrganizationAccountAccessRole", RoleSessionName="test"
    )["Credentials"]
    key = Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    inside = aws.client("service-quotas", credentials=key)
    assert refused(inside.associate_service_quota_template) == "AccessDeniedException"


def test_who_associates_it_needs_what_service_quotas_needs_of_organizations(aws: Engine, quotas: Any) -> None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_servicequotas.html"""
    iam = aws.client("iam")
    iam.create_user(UserName="planner")
    key = iam.create_access_key(UserName="planner")["AccessKey"]
    own = aws.client("service-quotas", credentials=Credentials(key["AccessKeyId"], key["SecretAccessKey"]))

    def allow(*actions: str) -> None:
        may = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        iam.put_user_policy(UserName="planner", PolicyName="may", PolicyDocument=policy(may))

    allow("servicequotas:*")
    assert refused(own.list_service_quota_increase_requests_in_template) == "AccessDeniedException"
    allow("servicequotas:*", "organizations:DescribeOrganization")
    own.list_service_quota_increase_requests_in_template()
    assert refused(own.associate_service_quota_template) == "AccessDeniedException"
    allow("servicequotas:*", "organizations:DescribeOrganization", "organizations:EnableAWSServiceAccess")
    own.associate_service_quota_template()


@pytest.mark.parametrize("features", ["billing", None])
def test_it_is_for_organizations_with_all_features(features: Any) -> None:
    with Engine(organization=features) as aws:
        answer = refused(aws.client("service-quotas").associate_service_quota_template)
    assert (
        answer
        == {
            "billing": "OrganizationNotInAllFeaturesModeException",
            None: "NoAvailableOrganizationException",
        }[features]
    )


def test_plain_moto_has_no_template() -> None:
    said = plain_moto("client('service-quotas').associate_service_quota_template()")
    assert "NotImplementedError" in said or "not been implemented" in said
