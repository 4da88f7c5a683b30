"""Clients of several principals: one is made, and each of its copies signs as its own holder."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.engine import Engine
from local.identity.credentials import Credentials
from tests.engine.support import policy

PEOPLE = ("ada", "grace")


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(organization=None) as engine:
        yield engine


def person(aws: Engine, name: str) -> Credentials:
    iam = aws.client("iam")
    iam.create_user(UserName=name)
    allowed = {"Effect": "Allow", "Action": ["iam:List*", "s3:*", "sts:*"], "Resource": "*"}
    iam.put_user_policy(UserName=name, PolicyName="allow", PolicyDocument=policy(allowed))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def test_each_calls_as_its_holder_also_side_by_side(aws: Engine) -> None:
    clients = {name: aws.client("sts", credentials=person(aws, name)) for name in PEOPLE}
    with ThreadPoolExecutor(8) as threads:
        asked = list(PEOPLE) * 20
        answered = list(threads.map(lambda name: clients[name].get_caller_identity()["Arn"], asked))
    assert [arn.rpartition("/")[2] for arn in answered] == asked
    assert aws.client("sts").get_caller_identity()["Arn"].endswith(":user/administrator")


def test_paginators_waiters_and_uploads_call_as_the_holder(aws: Engine) -> None:
    credentials = person(aws, "mary")
    began = len(aws.calls)
    s3 = aws.client("s3", credentials=credentials)
    s3.create_bucket(Bucket="of-mary")
    s3.get_waiter("bucket_exists").wait(Bucket="of-mary")
    s3.put_object(Bucket="of-mary", Key="one", Body=b"1")
    assert [
        item["Key"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket="of-mary")
        for item in page["Contents"]
    ] == ["one"]
    aws.client("iam", credentials=credentials).get_paginator("list_users").paginate().build_full_result()
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket="of-mary", Key="two")
    callers = {call.principal_arn for call in aws.calls[began:]}
    assert callers == {f"arn:aws:iam::{aws.management_account}:user/mary"}


def test_a_session_brings_its_token(aws: Engine) -> None:
    issued = aws.client("sts", credentials=person(aws, "joan")).get_session_token()["Credentials"]
    session = Credentials(issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"])
    assert aws.client("sts", credentials=session).get_caller_identity()["Arn"].endswith(":user/joan")


def test_what_is_presigned_names_its_holder(aws: Engine) -> None:
    credentials = person(aws, "edith")
    url = aws.client("s3", credentials=credentials).generate_presigned_url(
        "get_object", Params={"Bucket": "a-bucket", "Key": "one"}
    )
    assert credentials.access_key_id in url
