"""How many accounts an organization may have, as Service Quotas tells, and having more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import Engine
from local.identity.credentials import Credentials
from tests.engine.support import eventually, plain_moto

QUOTA = {"ServiceCode": "organizations", "QuotaCode": "L-29A0C5DF"}


@pytest.fixture
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.005) as engine:
        engine.creation.throttle.enforced = False
        yield engine


def test_the_quota_is_ten_and_grows_when_it_is_asked_to(aws: Engine) -> None:
    quotas, organizations = aws.client("service-quotas"), aws.client("organizations")
    listed = quotas.list_service_quotas(ServiceCode="organizations")["Quotas"]
    assert [(quota["QuotaName"], quota["QuotaCode"], quota["Value"]) for quota in listed] == [
        ("Default maximum number of accounts", "L-29A0C5DF", 10.0)
    ]
    aws.creation.account_limit = 1
    assert created(organizations, "one")["FailureReason"] == "ACCOUNT_LIMIT_EXCEEDED"
    asked = quotas.request_service_quota_increase(**QUOTA, DesiredValue=3)["RequestedQuota"]
    assert (asked["Status"], asked["DesiredValue"]) == ("PENDING", 3.0)
    assert (
        refused(quotas.request_service_quota_increase, **QUOTA, DesiredValue=4)
        == "ResourceAlreadyExistsException"
    )
    eventually(lambda: status(quotas, asked["Id"]) == "APPROVED")
    assert quotas.get_service_quota(**QUOTA)["Quota"]["Value"] == 3
    assert quotas.get_aws_default_service_quota(**QUOTA)["Quota"]["Value"] == 10
    assert created(organizations, "one")["State"] == "SUCCEEDED"
    history = quotas.list_requested_service_quota_change_history(
        ServiceCode="organizations", Status="APPROVED"
    )
    assert [each["Id"] for each in history["RequestedQuotas"]] == [asked["Id"]]


def test_it_is_raised_from_the_management_account_and_in_one_region(aws: Engine) -> None:
    member = created(aws.client("organizations"), "member")["AccountId"]
    role = f"arn:aws:iam::{member}:role/OrganizationAccountAccessRole"
    aws.creation.entry_delay = 0
    key = eventually(lambda: entered(aws, role))
    quotas = aws.clients.get("service-quotas", aws.region, key)
    assert quotas.get_service_quota(**QUOTA)["Quota"]["Value"] == 10
    assert refused(quotas.request_service_quota_increase, **QUOTA, DesiredValue=20) == "AccessDeniedException"
    quotas = aws.client("service-quotas")
    assert (
        refused(quotas.request_service_quota_increase, **QUOTA, DesiredValue=10) == "IllegalArgumentException"
    )
    elsewhere = aws.client("service-quotas", region="eu-central-1")
    assert refused(elsewhere.get_service_quota, **QUOTA) == "NoSuchResourceException"
    assert refused(quotas.get_service_quota, **{**QUOTA, "QuotaCode": "L-0"}) == "NoSuchResourceException"
    assert quotas.list_aws_default_service_quotas(ServiceCode="vpc")["Quotas"]


def test_requests_are_listed_to_their_account_by_service_and_quota(aws: Engine) -> None:
    aws.creation.entry_delay = 0
    member = created(aws.client("organizations"), "member")["AccountId"]
    role = f"arn:aws:iam::{member}:role/OrganizationAccountAccessRole"
    others = aws.clients.get("service-quotas", aws.region, eventually(lambda: entered(aws, role)))
    quotas = aws.client("service-quotas")
    asked = quotas.request_service_quota_increase(**QUOTA, DesiredValue=20)["RequestedQuota"]
    assert json.loads(asked["Requester"]) == {
        "accountId": aws.management_account,
        "callerArn": f"arn:aws:iam::{aws.management_account}:user/administrator",
    }
    history, by_quota = (
        quotas.list_requested_service_quota_change_history,
        quotas.list_requested_service_quota_change_history_by_quota,
    )
    for found in (history(), history(ServiceCode="organizations"), by_quota(**QUOTA)):
        assert [each["Id"] for each in found["RequestedQuotas"]] == [asked["Id"]]
    assert history(ServiceCode="vpc")["RequestedQuotas"] == []
    assert by_quota(ServiceCode="lambda", QuotaCode="L-B99A9384")["RequestedQuotas"] == []
    assert by_quota(**{**QUOTA, "QuotaCode": "L-0"})["RequestedQuotas"] == []
    assert others.list_requested_service_quota_change_history()["RequestedQuotas"] == []
    assert refused(others.get_requested_service_quota_change, RequestId=asked["Id"]) == (
        "NoSuchResourceException"
    )


def test_quotas_of_other_services_are_not_embedded(aws: Engine) -> None:
    quotas = aws.client("service-quotas")
    concurrency = {"ServiceCode": "lambda", "QuotaCode": "L-B99A9384"}
    with pytest.raises(ClientError, match=r"\(NotImplemented\).*it has no quotas of lambda"):
        quotas.get_service_quota(**concurrency)
    assert refused(quotas.request_service_quota_increase, **concurrency, DesiredValue=5) == "NotImplemented"
    assert refused(quotas.list_aws_default_service_quotas, ServiceCode="lambda") == "NotImplemented"
    (default,) = quotas.list_aws_default_service_quotas(ServiceCode="organizations")["Quotas"]
    assert default == quotas.get_aws_default_service_quota(**QUOTA)["Quota"]


def test_plain_moto_knows_no_quota_of_organizations() -> None:
    said = plain_moto(
        """
        client("service-quotas").get_service_quota(ServiceCode="organizations", QuotaCode="L-29A0C5DF")
        """
    )
    assert "NoSuchResourceException" in said


def created(organizations: Any, name: str) -> Any:
    """The end of a request for an account."""
    request = organizations.create_account(AccountName=name, Email=f"{name}@example.com")[
        "CreateAccountStatus"
    ]

    def ended() -> Any:
        found = organizations.describe_create_account_status(CreateAccountRequestId=request["Id"])
        return (
            found["CreateAccountStatus"] if found["CreateAccountStatus"]["State"] != "IN_PROGRESS" else None
        )

    return eventually(ended)


def status(quotas: Any, request: str) -> str:
    return str(quotas.get_requested_service_quota_change(RequestId=request)["RequestedQuota"]["Status"])


def entered(aws: Engine, role: str) -> Any:
    try:
        found = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    except ClientError:
        return None
    return Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])


def refused(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return str(caught.value.response["Error"]["Code"])
