"""Whatever is asked, the answer is AWS's, in the protocol of the request. `make prove` asks every operation there is."""

from __future__ import annotations

import json
import logging
import socket
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Signer
from botocore.exceptions import ClientError

from checks.embedded import is_here, is_known
from local.clients import service_model
from local.engine import Engine
from local.identity.credentials import Credentials
from prove.every_operation import Answers, ask
from tests.engine.support import plain_moto

SPREAD = {
    "query": ("sts", "iam", "sns", "cloudformation", "autoscaling", "sdb"),
    "ec2": ("ec2",),
    "json 1.0": ("dynamodb", "stepfunctions", "sqs", "cloudwatch", "health"),
    "json 1.1": ("kms", "organizations", "events", "ssm", "service-quotas", "codebuild", "cognito-idp"),
    "rest-xml": ("s3", "s3control", "route53", "cloudfront"),
    "rest-json": ("lambda", "accessanalyzer", "account", "sesv2", "inspector2", "sso", "cloudsearchdomain"),
    "smithy-rpc-v2-cbor": ("eventbridgev2", "cloudwatchomni"),
}
"""Services of each protocol: some that are here, in part or whole, and some that are not."""
EACH = 10
"""How many operations of a service are asked, from all over its list."""


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.02) as engine:
        yield engine


@pytest.mark.parametrize("protocol", SPREAD)
def test_every_answer_is_one_of_aws(aws: Engine, protocol: str, capfd: pytest.CaptureFixture[str]) -> None:
    answers = Answers()
    for service in SPREAD[protocol]:
        names = service_model(service).operation_names
        ask(aws, service, answers, names[:: max(1, len(names) // EACH)])
    assert answers.wrong == {}
    assert answers.unasked == []
    unlisted = [each for each in answers.there if is_known(each[0]) and not is_here(aws, *each)]
    assert unlisted == []  # docs/embedded-operations.md has every operation that answers
    assert answers.kinds.total() >= EACH
    assert "Traceback" not in "".join(capfd.readouterr())


def test_a_service_that_is_not_here_is_named(aws: Engine) -> None:
    said = refused(aws.client("drs").initialize_service)
    assert said == (
        "NotImplemented: The embedded AWS does not have drs POST /InitializeService. "
        "docs/embedded-aws.md says what it has, and how to add to it."
    )
    assert refused(aws.client("fsx").describe_backups).startswith(
        "NotImplemented: The embedded AWS does not have fsx DescribeBackups."
    )


def test_an_operation_that_is_not_here_is_named(aws: Engine) -> None:
    said = refused(
        aws.client("iam").simulate_principal_policy, PolicySourceArn=administrator(aws), ActionNames=["s3:*"]
    )
    assert said.startswith(
        "NotImplemented: The embedded AWS does not have iam SimulatePrincipalPolicy. docs/"
    )
    said = refused(aws.client("cloudtrail").lookup_events)
    assert said.startswith("NotImplemented: The embedded AWS does not have cloudtrail LookupEvents.")


def test_of_a_service_that_is_only_read_what_does_more_is_not_here(aws: Engine) -> None:
    said = refused(aws.client("backup").delete_backup_plan, BackupPlanId="plan")
    assert said.startswith("NotImplemented: The embedded AWS does not have backup DeleteBackupPlan. docs/")
    ask = aws.client("securitylake").list_data_lakes  # of which moto has nothing at all
    assert refused(ask).startswith(
        "NotImplemented: The embedded AWS does not have securitylake ListDataLakes."
    )


def test_who_may_not_is_told_that_first(aws: Engine) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="stranger")
    key = iam.create_access_key(UserName="stranger")["AccessKey"]
    stranger = aws.client("cloudtrail", credentials=Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
    assert refused(stranger.lookup_events).startswith("AccessDeniedException: ")


def test_where_moto_fails_it_is_said_in_a_line(aws: Engine, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, logger="local.answers"):
        said = refused(aws.client("ec2").delete_transit_gateway, TransitGatewayId="tgw-1")
    assert said.startswith(
        "InternalError: The embedded AWS failed over this call, which is a defect of it: KeyError"
    )
    assert "moto/ec2/models/transit_gateway.py:" in said
    assert [record.exc_info for record in caplog.records] == [None]
    assert isinstance(aws.failures.pop(), KeyError)


def test_a_request_without_a_key_is_told_that_there_are_no_other_identities(aws: Engine) -> None:
    web = {
        "RoleArn": "arn:aws:iam::123456789012:role/deploy",
        "RoleSessionName": "ci",
        "WebIdentityToken": "token",
    }
    said = refused(aws.client("sts").assume_role_with_web_identity, **web)
    assert said.startswith(
        "NotImplemented: The embedded AWS does not have AssumeRoleWithWebIdentity for whoever"
    )
    assert refused(
        aws.client("cognito-idp").initiate_auth, ClientId="1", AuthFlow="USER_PASSWORD_AUTH"
    ).startswith("NotImplemented: ")
    assert refused(aws.client("sso").list_accounts, accessToken="token").startswith("NotImplemented: ")


def test_a_url_presigned_by_version_2_is_told_to_take_version_4(aws: Engine) -> None:
    """boto3 makes such ones for S3, where nobody asks it for another."""
    query = "AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=c2lnbmVk&Expires=4102444800"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{aws.url}/a-bucket/one?{query}")
    said = caught.value.read().decode()
    assert "<Code>NotImplemented</Code>" in said
    assert "does not sign with Version 4" in said


def test_what_is_no_arn_is_told_as_that(aws: Engine) -> None:
    assert refused(aws.client("stepfunctions").describe_execution, executionArn="lost").startswith(
        "InvalidArn: "
    )
    assert refused(aws.client("sqs").purge_queue, QueueUrl="lost").startswith("InvalidAddress: ")
    sns = aws.client("sns")
    with pytest.raises(sns.exceptions.InvalidParameterException):
        sns.publish(TopicArn="lost", Message="hello")


@pytest.mark.parametrize(
    ("service", "target", "kind", "body", "code"),
    [
        ("fsx", "A.B", "application/x-amz-json-1.1", b"{}", "NotImplemented"),
        ("health", "A.B", "application/x-amz-json-1.0", b"{}", "NotImplemented"),
        ("inspector2", "", "application/json", b"{}", "NotImplemented"),
        ("kms", "TrentService.ListKeys", "application/x-amz-json-1.1", b"{", "SerializationException"),
    ],
)
def test_what_is_sent_without_an_sdk(
    aws: Engine, service: str, target: str, kind: str, body: bytes, code: str
) -> None:
    headers = {"Content-Type": kind, **({"X-Amz-Target": target} if target else {})}
    request = AWSRequest("POST", f"{aws.url}/", data=body, headers=headers)
    key = aws.administrator
    SigV4Auth(Signer(key.access_key_id, key.secret_access_key), service, aws.region).add_auth(request)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(f"{aws.url}/", body, dict(request.headers)))
    assert kind in caught.value.headers["Content-Type"]
    assert json.loads(caught.value.read())["__type"] == code


def test_who_goes_away_amid_a_request_is_no_trouble(aws: Engine, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_connection(("127.0.0.1", aws.port)) as line:
        line.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nAction=")
        line.shutdown(socket.SHUT_WR)
        assert line.recv(1) == b""
    assert "Traceback" not in "".join(capfd.readouterr())


def test_plain_moto_raises_what_it_does_not_have() -> None:
    said = plain_moto(
        """
        from werkzeug.test import Client
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        scope = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/iam/aws4_request"
        form = {"Action": "SimulatePrincipalPolicy", "Version": "2010-05-08"}
        server = Client(DomainDispatcherApplication(create_backend_app))
        print(server.post("/", headers={"Authorization": scope}, data=form).data)
        """
    )
    assert said == "NotImplementedError: The simulate_principal_policy action has not been implemented"


def administrator(aws: Engine) -> str:
    return f"arn:aws:iam::{aws.management_account}:user/administrator"


def refused(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"
