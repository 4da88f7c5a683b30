"""S3 in the embedded AWS: logging targets, policies with conditions, one name space; and where moto differs."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from local.engine import Engine
from tests.engine.organizations.accounts import administrator, code_of, new_member
from tests.engine.support import plain_moto


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(time_scale=0.01) as running:
        yield running


@pytest.fixture
def s3(engine: Engine) -> Any:
    return engine.client("s3")


def bucket(s3: Any, *statements: dict[str, Any]) -> str:
    """A bucket whose policy has these statements on everything in it, and a deny of calls without TLS."""
    name = f"bucket-{uuid.uuid4()}"
    s3.create_bucket(Bucket=name)
    resources = {"Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]}
    tls = {"Effect": "Deny", "Principal": "*", "Action": "s3:*"}
    tls |= {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}  # type: ignore[dict-item]
    document = {"Version": "2012-10-17", "Statement": [s | resources for s in (tls, *statements)]}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(document))
    return name


def log_to(s3: Any, source: str, target: str) -> dict[str, Any]:
    enabled = {"TargetBucket": target, "TargetPrefix": "access/"}
    return {"Bucket": source, "BucketLoggingStatus": {"LoggingEnabled": enabled}}


LOGGING = {"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject"}


def test_access_logs_go_where_the_policy_lets_them(engine: Engine, s3: Any) -> None:
    source = bucket(s3)
    put, refusal = s3.put_bucket_logging, "InvalidTargetBucketForLogging"
    assert code_of(put, **log_to(s3, source, bucket(s3))) == refusal
    other_account = {"Condition": {"StringEquals": {"aws:SourceAccount": "999999999999"}}}
    assert code_of(put, **log_to(s3, source, bucket(s3, LOGGING | other_account))) == refusal
    this_account = {"Condition": {"StringEquals": {"aws:SourceAccount": engine.management_account}}}
    target = bucket(s3, LOGGING | this_account)
    put(**log_to(s3, source, target))
    assert s3.get_bucket_logging(Bucket=source)["LoggingEnabled"]["TargetBucket"] == target


def test_a_target_encrypted_with_kms_gets_no_logs(s3: Any) -> None:
    target = bucket(s3, LOGGING)
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    s3.put_bucket_encryption(Bucket=target, ServerSideEncryptionConfiguration={"Rules": [rule]})
    assert code_of(s3.put_bucket_logging, **log_to(s3, bucket(s3), target)) == "InvalidTargetBucketForLogging"


def test_a_deny_of_plain_connections_does_not_deny_the_rest(s3: Any) -> None:
    name = bucket(s3)
    s3.put_object(Bucket=name, Key="k", Body=b"v")
    assert s3.get_object(Bucket=name, Key="k")["Body"].read() == b"v"


def test_names_are_one_space_for_all_accounts(engine: Engine, s3: Any) -> None:
    name = bucket(s3)
    theirs = engine.client("s3", credentials=administrator(new_member(engine)))
    assert code_of(theirs.create_bucket, Bucket=name) == "BucketAlreadyExists"
    ours = engine.client("s3", region="eu-west-1")
    location = {"LocationConstraint": "eu-west-1"}
    regional = f"bucket-{uuid.uuid4()}"
    ours.create_bucket(Bucket=regional, CreateBucketConfiguration=location)
    again = code_of(ours.create_bucket, Bucket=regional, CreateBucketConfiguration=location)
    assert again == "BucketAlreadyOwnedByYou"


def test_another_account_comes_in_by_the_bucket_policy(engine: Engine, s3: Any) -> None:
    member = new_member(engine)
    principal = {"AWS": f"arn:aws:iam::{member}:root"}
    shared = bucket(
        s3, {"Effect": "Allow", "Principal": principal, "Action": ["s3:GetObject", "s3:PutObject"]}
    )
    theirs = engine.client("s3", credentials=administrator(member))
    theirs.put_object(Bucket=shared, Key="k", Body=b"theirs")
    assert s3.get_object(Bucket=shared, Key="k")["Body"].read() == b"theirs"
    assert code_of(theirs.get_object, Bucket=bucket(s3), Key="k") == "AccessDenied"


def test_every_bucket_encrypts_by_default(s3: Any) -> None:
    name = bucket(s3)
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
    by_key = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}

    def rules() -> Any:
        return s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]

    assert rules() == [rule]
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [by_key]})
    assert rules() == [by_key]
    s3.delete_bucket_encryption(Bucket=name)
    assert rules() == [rule]


def test_buckets_are_listed_by_name_and_page_by_page_with_their_regions(engine: Engine, s3: Any) -> None:
    """S3 tells the Region to whoever gives a parameter."""
    near, far = f"paged-a-{uuid.uuid4()}", f"paged-b-{uuid.uuid4()}"
    there = {"LocationConstraint": "eu-west-1"}
    engine.client("s3", region="eu-west-1").create_bucket(Bucket=far, CreateBucketConfiguration=there)
    s3.create_bucket(Bucket=near)
    first = s3.list_buckets(MaxBuckets=1, Prefix="paged-")
    assert [(each["Name"], each["BucketRegion"]) for each in first["Buckets"]] == [(near, engine.region)]
    assert first["Prefix"] == "paged-"
    rest = s3.list_buckets(MaxBuckets=1, Prefix="paged-", ContinuationToken=first["ContinuationToken"])
    assert [(each["Name"], each["BucketRegion"]) for each in rest["Buckets"]] == [(far, "eu-west-1")]
    assert "ContinuationToken" not in rest
    (of_one_region,) = s3.list_buckets(BucketRegion=engine.region, Prefix="paged-")["Buckets"]
    assert of_one_region["Name"] == near
    assert not any("BucketRegion" in each for each in s3.list_buckets()["Buckets"])


def test_s3_turns_an_account_away_that_is_not_ready(engine: Engine, s3: Any) -> None:
    name, young = bucket(s3), engine.young_accounts.not_ready_until
    young[engine.management_account] = float("inf")
    assert code_of(s3.list_buckets) == "NotSignedUp"
    assert code_of(s3.get_object, Bucket=name, Key="k") == "NotSignedUp"
    young.clear()
    assert code_of(s3.get_object, Bucket=name, Key="k") == "NoSuchKey"


def test_plain_moto_still_falls_short() -> None:
    observed = plain_moto("""
        s3 = client("s3")
        for name in ("source", "audit"): s3.create_bucket(Bucket=name)
        deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
        s3.put_bucket_policy(Bucket="audit", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
        def answer(call):
            try: call(); return "fine"
            except Exception as e: return type(e).__name__
        status = {"LoggingEnabled": {"TargetBucket": "audit", "TargetPrefix": ""}}
        print(json.dumps({
            "logging": answer(lambda: s3.put_bucket_logging(Bucket="source", BucketLoggingStatus=status)),
            "conditions": answer(lambda: s3.put_object(Bucket="audit", Key="k", Body=b"")),
            "encryption": answer(lambda: s3.get_bucket_encryption(Bucket="source")),
            "region": "BucketRegion" in s3.list_buckets(MaxBuckets=1)["Buckets"][0],
        }))
    """)
    assert json.loads(observed) == {
        "logging": "AttributeError",
        "conditions": "ClientError",
        "encryption": "ClientError",
        "region": False,
    }


def test_what_moto_does_not_have_of_a_bucket_is_not_done_to_the_bucket(s3: Any) -> None:
    name = bucket(s3)
    s3.put_object(Bucket=name, Key="here", Body=b"text")
    asked: dict[Any, dict[str, Any]] = {
        s3.delete_bucket_analytics_configuration: {"Bucket": name, "Id": "a"},
        s3.get_bucket_metrics_configuration: {"Bucket": name, "Id": "a"},
        s3.get_object_torrent: {"Bucket": name, "Key": "here"},
        s3.put_bucket_request_payment: {
            "Bucket": f"{name}-new",
            "RequestPaymentConfiguration": {"Payer": "Requester"},
        },
    }
    assert {code_of(call, **parameters) for call, parameters in asked.items()} == {"NotImplemented"}
    assert code_of(s3.head_bucket, Bucket=f"{name}-new") == "404"
    assert s3.get_object(Bucket=name, Key="here")["Body"].read() == b"text"


def test_plain_moto_deletes_a_bucket_of_which_something_is_to_be_deleted() -> None:
    said = plain_moto(
        """
        s3 = client("s3")
        s3.create_bucket(Bucket="everything")
        s3.delete_bucket_analytics_configuration(Bucket="everything", Id="a")
        print(s3.list_buckets()["Buckets"])
        """
    )
    assert said == "[]"
