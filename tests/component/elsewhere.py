"""Where logs go that somebody sends elsewhere: a bucket and a key of the account itself, which admit the service."""

from __future__ import annotations

import json

from groundwork.contracts import Account
from tests.component.conftest import World


def own_bucket(world: World, account: Account, service: str) -> str:
    """A bucket that `cloudtrail` or `config` may write to."""
    bucket = f"own-{service}-{account.id}"
    admit(world, account, service, bucket)
    return bucket


def admit(world: World, account: Account, service: str, bucket: str) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": ["s3:GetBucketAcl", "s3:ListBucket", "s3:PutObject"],
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
    }
    s3, policy = world.client("s3", account), {"Version": "2012-10-17", "Statement": [statement]}
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


def own_key(world: World, account: Account, service: str) -> str:
    """The ARN of a key that the service may encrypt with; the same one each time."""
    kms, alias = world.client("kms", account), f"alias/own-{service}"
    aliases = [each["AliasName"] for each in kms.list_aliases()["Aliases"]]
    if alias not in aliases:
        principal = {"AWS": f"arn:aws:iam::{account.id}:root", "Service": f"{service}.amazonaws.com"}
        whole = {"Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [whole]})
        key = kms.create_key(Policy=policy)["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=alias, TargetKeyId=key)
    arn: str = kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"]
    return arn
