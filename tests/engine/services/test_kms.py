"""KMS: keys of other accounts by their ARN, and every operation by whatever names a key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.engine import Engine
from tests.engine.organizations.accounts import administrator, new_member
from tests.engine.support import plain_moto


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.001) as engine:
        yield engine


def open_key(aws: Engine) -> dict[str, Any]:
    """A key of the management account that its own IAM administers and any account may describe."""
    statements = [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{aws.management_account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:DescribeKey", "Resource": "*"},
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    made: dict[str, Any] = aws.client("kms").create_key(Policy=policy)["KeyMetadata"]
    return made


def test_another_account_describes_a_key_by_the_arn_of_its_alias(aws: Engine) -> None:
    key = open_key(aws)
    aws.client("kms").create_alias(AliasName="alias/shared", TargetKeyId=key["KeyId"])
    kms = aws.client("kms", credentials=administrator(new_member(aws)))
    alias = f"arn:aws:kms:us-east-1:{aws.management_account}:alias/shared"
    assert kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"] == key["Arn"]
    assert kms.describe_key(KeyId=key["Arn"])["KeyMetadata"]["Arn"] == key["Arn"]
    with pytest.raises(kms.exceptions.NotFoundException):
        kms.describe_key(KeyId="alias/shared")


def test_a_pair_of_keys_signs_and_verifies(aws: Engine) -> None:
    kms = aws.client("kms")
    key = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    how = {"KeyId": key, "Message": b"this", "SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256"}
    signature = kms.sign(**how)["Signature"]
    assert kms.verify(**how, Signature=signature)["SignatureValid"]
    assert kms.get_public_key(KeyId=key)["PublicKey"] == kms.get_public_key(KeyId=key)["PublicKey"]


def test_a_key_is_disabled_and_saved_by_its_arn(aws: Engine) -> None:
    key, kms = open_key(aws)["Arn"], aws.client("kms")

    def state() -> str:
        return str(kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"])

    kms.disable_key(KeyId=key)
    assert state() == "Disabled"
    kms.enable_key(KeyId=key)
    assert state() == "Enabled"
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert state() == "PendingDeletion"
    kms.cancel_key_deletion(KeyId=key)
    assert state() == "Disabled"


def test_moto_knows_neither() -> None:
    assert "NotFoundException" in plain_moto(
        """
        kms = client("kms")
        key = kms.create_key()["KeyMetadata"]
        kms.create_alias(AliasName="alias/shared", TargetKeyId=key["KeyId"])
        sts = client("sts").assume_role(RoleArn="arn:aws:iam::111111111111:role/x", RoleSessionName="test")["Credentials"]
        inside = boto3.client("kms", "us-east-1", aws_access_key_id=sts["AccessKeyId"],
            aws_secret_access_key=sts["SecretAccessKey"], aws_session_token=sts["SessionToken"])
        try:
            inside.describe_key(KeyId="arn:aws:kms:us-east-1:123456789012:alias/shared")
        except Exception as error:
            print(type(error).__name__)
        """
    )
    assert "KeyError" in plain_moto(
        'client("kms").disable_key(KeyId=client("kms").create_key()["KeyMetadata"]["Arn"])'
    )


def test_a_key_says_that_it_is_of_one_region(aws: Engine) -> None:
    kms = aws.client("kms")
    assert kms.describe_key(KeyId=open_key(aws)["Arn"])["KeyMetadata"]["MultiRegion"] is False
    many = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    assert kms.describe_key(KeyId=many)["KeyMetadata"]["MultiRegion"] is True


def test_plain_moto_does_not_say_it() -> None:
    assert plain_moto('print("MultiRegion" in client("kms").create_key()["KeyMetadata"])') == "False"
