"""Account Management and S3's account settings in the embedded AWS, and where moto has no such thing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.engine import Engine
from tests.engine.organizations.accounts import administrator, code_of, new_member
from tests.engine.support import plain_moto


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(time_scale=0.01) as running:
        yield running


def test_an_account_knows_its_regions(engine: Engine) -> None:
    account = engine.client("account")
    regions = {r["RegionName"]: r["RegionOptStatus"] for r in account.list_regions()["Regions"]}
    assert regions["us-east-1"] == "ENABLED_BY_DEFAULT"
    default = account.list_regions(RegionOptStatusContains=["ENABLED_BY_DEFAULT"])["Regions"]
    assert {r["RegionOptStatus"] for r in default} == {"ENABLED_BY_DEFAULT"}
    status = account.get_region_opt_status(RegionName="eu-central-1")
    assert status["RegionOptStatus"] == "ENABLED_BY_DEFAULT"


def test_public_access_is_blocked_for_an_account(engine: Engine) -> None:
    member = new_member(engine)
    s3control = engine.client("s3control", credentials=administrator(member))
    unset = code_of(s3control.get_public_access_block, AccountId=member)
    assert unset == "NoSuchPublicAccessBlockConfiguration"
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    block = dict.fromkeys(names, True)
    s3control.put_public_access_block(AccountId=member, PublicAccessBlockConfiguration=block)
    held = s3control.get_public_access_block(AccountId=member)["PublicAccessBlockConfiguration"]
    assert held == block


def test_plain_moto_still_falls_short() -> None:
    observed = plain_moto("""
        try: client("account").list_regions()
        except Exception as e: print("no regions")
    """)
    assert observed == "no regions"
