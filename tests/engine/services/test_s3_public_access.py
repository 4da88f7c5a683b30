"""S3 Block Public Access in the embedded AWS: of a bucket, of an account, and of the organization."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import Engine
from local.organizations import Organizations
from tests.engine.organizations.accounts import administrator, code_of, new_member
from tests.engine.organizations.policies import hold
from tests.engine.support import plain_moto

ALL = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(time_scale=0.01) as running:
        yield running


@pytest.fixture
def member(engine: Engine) -> str:
    return new_member(engine)


@pytest.fixture
def clients(engine: Engine, member: str) -> tuple[Any, Any]:
    """Of S3's account settings and of its buckets."""
    inside = administrator(member)
    return engine.client("s3control", credentials=inside), engine.client("s3", credentials=inside)


@pytest.fixture
def held(engine: Engine, member: str) -> Iterator[Callable[[str], object]]:
    with hold(engine, "S3_POLICY", member) as holding:
        block = "public_access_block_configuration"
        yield lambda value: holding({"s3_attributes": {block: {"@@assign": value}}})


def every(value: bool) -> dict[str, bool]:
    return dict.fromkeys(ALL, value)


def policy(bucket: str, condition: dict[str, Any] | None = None, **more: Any) -> str:
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", **more}
    statement |= {"Resource": f"arn:aws:s3:::{bucket}/*"} | ({"Condition": condition} if condition else {})
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def bucket_of(s3: Any) -> str:
    name = f"bucket-{uuid.uuid4()}"
    s3.create_bucket(Bucket=name)
    return name


def test_while_an_s3_policy_holds_it_an_account_reads_all_four_and_changes_nothing(
    clients: tuple[Any, Any], member: str, held: Callable[[str], object]
) -> None:
    control, _ = clients
    assert (
        code_of(control.get_public_access_block, AccountId=member) == "NoSuchPublicAccessBlockConfiguration"
    )
    held("all")
    assert control.get_public_access_block(AccountId=member)["PublicAccessBlockConfiguration"] == every(True)
    wanted = {"AccountId": member, "PublicAccessBlockConfiguration": every(True)}
    with pytest.raises(ClientError) as denied:
        control.put_public_access_block(**wanted)
    assert denied.value.response["Error"]["Code"] == "AccessDenied"
    assert denied.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert code_of(control.delete_public_access_block, AccountId=member) == "AccessDenied"


def test_the_accounts_own_comes_back(engine: Engine, clients: tuple[Any, Any], member: str) -> None:
    control, _ = clients
    mixed = every(True) | {"BlockPublicAcls": False}
    control.put_public_access_block(AccountId=member, PublicAccessBlockConfiguration=mixed)
    with hold(engine, "S3_POLICY", member) as holding:
        holding({"s3_attributes": {"public_access_block_configuration": {"@@assign": "none"}}})
        shown = control.get_public_access_block(AccountId=member)["PublicAccessBlockConfiguration"]
        assert shown == every(False)
    assert control.get_public_access_block(AccountId=member)["PublicAccessBlockConfiguration"] == mixed


def test_public_policies_and_acls_are_refused_where_it_is_blocked(
    clients: tuple[Any, Any], held: Callable[[str], object]
) -> None:
    _, s3 = clients
    bucket = bucket_of(s3)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket))
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    held("all")
    assert code_of(s3.put_bucket_policy, Bucket=bucket, Policy=policy(bucket)) == "AccessDenied"
    assert code_of(s3.put_bucket_acl, Bucket=bucket, ACL="public-read") == "AccessDenied"
    s3.put_object(Bucket=bucket, Key="page", Body=b"")
    assert code_of(s3.put_object_acl, Bucket=bucket, Key="page", ACL="authenticated-read") == "AccessDenied"
    only_ours = {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}}
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, only_ours))
    wide = {"StringLike": {"aws:SourceArn": "arn:aws:sns:*"}}
    assert code_of(s3.put_bucket_policy, Bucket=bucket, Policy=policy(bucket, wide)) == "AccessDenied"
    s3.put_bucket_acl(Bucket=bucket, ACL="private")


def test_what_is_public_is_what_everybody_is_let_in_to(
    clients: tuple[Any, Any], held: Callable[[str], object]
) -> None:
    _, s3 = clients
    bucket = bucket_of(s3)
    held("all")
    outside = {"StringNotEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}}
    for public in (policy(bucket, Principal={"AWS": "*"}), policy(bucket, outside)):
        assert code_of(s3.put_bucket_policy, Bucket=bucket, Policy=public) == "AccessDenied"
    without_tls = {"Bool": {"aws:SecureTransport": "false"}}
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, without_tls, Effect="Deny"))


def test_the_buckets_own_block_counts_where_the_policy_opens(
    clients: tuple[Any, Any], held: Callable[[str], object]
) -> None:
    _, s3 = clients
    held("none")
    site, closed = bucket_of(s3), bucket_of(s3)
    s3.put_public_access_block(Bucket=closed, PublicAccessBlockConfiguration=every(True))
    s3.put_bucket_policy(Bucket=site, Policy=policy(site))
    assert code_of(s3.put_bucket_policy, Bucket=closed, Policy=policy(closed)) == "AccessDenied"


@pytest.mark.parametrize("binds", [True, False])
def test_whether_one_on_the_root_binds_the_management_account_can_be_chosen(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, binds: bool
) -> None:
    monkeypatch.setattr(Organizations, "binds_management", binds)
    control = engine.client("s3control")
    wanted = {"AccountId": engine.management_account, "PublicAccessBlockConfiguration": every(True)}
    with hold(engine, "S3_POLICY") as holding:
        holding({"s3_attributes": {"public_access_block_configuration": {"@@assign": "all"}}})
        if binds:
            assert code_of(control.put_public_access_block, **wanted) == "AccessDenied"
        else:
            control.put_public_access_block(**wanted)


def test_plain_moto_lets_anybody_be_public() -> None:
    observed = plain_moto("""
        s3, control = client("s3"), client("s3control")
        block = dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
        )
        control.put_public_access_block(AccountId="123456789012", PublicAccessBlockConfiguration=block)
        s3.create_bucket(Bucket="site")
        statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
        statement |= {"Resource": "arn:aws:s3:::site/*"}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        s3.put_bucket_policy(Bucket="site", Policy=json.dumps(document))
        s3.put_bucket_acl(Bucket="site", ACL="public-read")
        print("public")
    """)
    assert observed == "public"
