"""trail: each account's own into the archive, or one organization trail that covers them all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from moto.s3.models import s3_backends

from groundwork.aws import sessions
from groundwork.baseline import loop
from groundwork.baseline.component import Installation
from groundwork.baseline.components.trail import Trail
from groundwork.contracts import Account, Change
from groundwork.declaration import Declaration
from groundwork.errors import AccountNotCovered, SecurityAccountMissing, SecurityAccountNotReady
from tests.component.conftest import World
from tests.component.elsewhere import admit, own_bucket, own_key

TRAIL = Trail()
NAME = "groundwork"
BOOTSTRAP = "groundwork-bootstrap-trail"


@pytest.fixture(scope="module")
def member(ready: World) -> Account:
    """A member account with its trail, which every test leaves as declared."""
    account = ready.account()
    ready.apply(TRAIL, account)
    return account


def trails(world: World, account: Account, region: str | None = None) -> dict[str, dict[str, Any]]:
    """By ARN, whatever DescribeTrails shows in the account."""
    shown = world.client("cloudtrail", account, region).describe_trails()["trailList"]
    return {trail["TrailARN"]: trail for trail in shown}


def arn_of(account: Account) -> str:
    return f"arn:aws:cloudtrail:us-east-1:{account.id}:trail/{NAME}"


def is_logging(world: World, account: Account) -> bool:
    return bool(world.client("cloudtrail", account).get_trail_status(Name=arn_of(account))["IsLogging"])


def log_files(world: World, prefix: str) -> int:
    bucket = f"groundwork-trail-{world.security.id}"
    listed = world.client("s3", world.security).list_objects_v2(Bucket=bucket, Prefix=prefix)
    return int(listed["KeyCount"])


def declared(world: World, mode: str) -> Declaration:
    trail = world.declaration.trail.model_copy(update={"mode": mode})
    return world.declaration.model_copy(update={"trail": trail})


# -- from nothing --------------------------------------------------------------------------------------


def test_from_nothing_an_account_gets_a_trail_into_the_archive(ready: World) -> None:
    account = ready.account()
    target, mark = ready.target(TRAIL, account), len(ready.aws.calls)
    loop.apply(TRAIL, target)
    made = [call.operation for call in ready.calls_since(mark)]
    assert sorted(made[:2]) == ["DescribeKey", "DescribeTrails"]
    assert made[2:] == ["CreateTrail", "StartLogging"]
    loop.verify(TRAIL, target)
    assert [call.operation for call in ready.calls_since(mark)].count("DescribeKey") == 1
    (trail,) = trails(ready, account).values()
    assert trail["S3BucketName"] == f"groundwork-trail-{ready.security.id}"
    assert trail["IsMultiRegionTrail"]
    assert trail["IncludeGlobalServiceEvents"]
    assert trail["LogFileValidationEnabled"]
    assert trail["KmsKeyId"].startswith(f"arn:aws:kms:us-east-1:{ready.security.id}:key/")
    assert is_logging(ready, account)
    cloudtrail = ready.client("cloudtrail", account)
    (tagged,) = cloudtrail.list_tags(ResourceIdList=[arn_of(account)])["ResourceTagList"]
    assert tagged["TagsList"] == [{"Key": "managed-by", "Value": "groundwork"}]
    assert log_files(ready, f"AWSLogs/{account.id}/CloudTrail/") == 1


def test_a_second_run_writes_nothing(ready: World, member: Account) -> None:
    mark = len(ready.aws.calls)
    assert ready.apply(TRAIL, member) == []
    made = [call.operation for call in ready.calls_since(mark)]
    assert sorted(made[:2]) == ["DescribeKey", "DescribeTrails"]
    assert sorted(made[2:]) == ["GetTrailStatus", "ListTags"]


def test_a_trail_whose_logs_do_not_arrive_is_reported(ready: World, member: Account) -> None:
    bucket = s3_backends[ready.security.id]["aws"].get_bucket(f"groundwork-trail-{ready.security.id}")
    policy, bucket.policy = bucket.policy, None
    cloudtrail = ready.client("cloudtrail", member)
    cloudtrail.stop_logging(Name=NAME)
    cloudtrail.start_logging(Name=NAME)
    (told,) = ready.plan(TRAIL, member)
    assert (told.action, told.severity, told.resource) == ("report", "high", f"trail {NAME}")
    assert told.reason.startswith("does not deliver its logs: S3 answers AccessDenied")
    assert ready.apply(TRAIL, member) == [told]
    bucket.policy = policy
    cloudtrail.stop_logging(Name=NAME)
    cloudtrail.start_logging(Name=NAME)
    assert ready.plan(TRAIL, member) == []


def test_its_permissions_fit_a_session() -> None:
    assert len(sessions.session_policy([*TRAIL.reads, *TRAIL.writes], "012345678901", "aws")) <= 2048


# -- what others made ---------------------------------------------------------------------------------


def test_other_peoples_trails_stay_and_our_former_ones_are_reported(ready: World) -> None:
    account = ready.account()
    cloudtrail, bucket = ready.client("cloudtrail", account), own_bucket(ready, account, "cloudtrail")
    cloudtrail.create_trail(Name="theirs", S3BucketName=bucket)
    mine = [{"Key": "managed-by", "Value": "groundwork"}]
    cloudtrail.create_trail(Name="former", S3BucketName=bucket, TagsList=mine)
    changes = ready.apply(TRAIL, account)
    assert [(change.action, change.resource) for change in changes] == [
        *(("create", "trail groundwork"), ("create", "trail groundwork"), ("report", "trail former"))
    ]
    assert {trail["Name"] for trail in trails(ready, account).values()} == {"theirs", "former", NAME}


# -- the management account comes first ----------------------------------------------------------------


def apply_in_management(world: World, **given: Any) -> list[Change]:
    """With the bucket and the key that the stack brings along."""
    admit(world, world.management, "cloudtrail", BOOTSTRAP)
    key = own_key(world, world.management, "cloudtrail")
    target = world.target(TRAIL, world.management, **given)
    return loop.apply(TRAIL, replace(target, installation=Installation(bootstrap_trail=(BOOTSTRAP, key))))


@pytest.fixture
def no_management_trail(ready: World) -> Iterator[World]:
    """Nor any after it."""
    _without_trails(ready)
    yield ready
    _without_trails(ready)


def _without_trails(world: World) -> None:
    cloudtrail = world.aws.client("cloudtrail")
    for trail in cloudtrail.describe_trails()["trailList"]:
        cloudtrail.delete_trail(Name=trail["TrailARN"])


def test_before_security_it_delivers_into_the_bootstrap_bucket_and_then_into_the_archive(
    no_management_trail: World,
) -> None:
    world = no_management_trail
    alone = world.organization.model_copy(update={"security_account_id": None})
    changes = apply_in_management(world, organization=alone)
    assert [change.action for change in changes] == ["create", "create", "report"]
    assert changes[-1].reason.startswith(f"delivers into the bootstrap bucket {BOOTSTRAP} for now")
    (trail,) = trails(world, world.management).values()
    assert (trail["S3BucketName"], trail["KmsKeyId"]) == (
        *(BOOTSTRAP, own_key(world, world.management, "cloudtrail")),
    )
    assert is_logging(world, world.management)

    (change,) = apply_in_management(world)
    archive = f"groundwork-trail-{world.security.id}"
    assert f"delivers to bucket {BOOTSTRAP}; expected {archive}" in change.reason
    (trail,) = trails(world, world.management).values()
    assert trail["S3BucketName"] == archive
    assert is_logging(world, world.management)


def test_without_a_bootstrap_bucket_it_says_so_and_does_nothing(ready: World) -> None:
    alone = ready.organization.model_copy(update={"security_account_id": None})
    (report,) = ready.apply(TRAIL, ready.management, organization=alone)
    assert report.action == "report"
    assert report.reason.startswith("has nowhere to deliver to: No security account exists")
    assert trails(ready, ready.management) == {}


def test_a_member_waits_for_the_security_account_and_says_so(ready: World) -> None:
    account = ready.account()
    alone = ready.organization.model_copy(update={"security_account_id": None})
    with pytest.raises(SecurityAccountMissing, match=r"nobody asked for 'security'"):
        ready.apply(TRAIL, account, organization=alone)
    names = ready.declaration.log_archive.model_copy(update={"key_alias": "alias/not-there"})
    without_key = ready.declaration.model_copy(update={"log_archive": names})
    with pytest.raises(SecurityAccountNotReady, match=r"alias/not-there cannot be found"):
        ready.apply(TRAIL, account, declaration=without_key)


# -- one organization trail ----------------------------------------------------------------------------


def is_covered(changes: list[Change]) -> bool:
    """Whether nothing was done, and it was said why."""
    (report,) = changes
    return report.action == "report" and report.reason.startswith("covered by the organization trail arn:")


def test_one_organization_trail_covers_everybody_and_back(no_management_trail: World) -> None:
    world = no_management_trail
    one, own = declared(world, "organization"), declared(world, "account")
    account = world.account()
    world.apply(TRAIL, account, declaration=own)
    apply_in_management(world, declaration=own)

    with pytest.raises(AccountNotCovered, match=f"covers account {account.id}"):
        world.apply(TRAIL, account, declaration=one)
    assert is_logging(world, account)  # its own trail goes only when another one covers it

    (change,) = apply_in_management(world, declaration=one)
    assert change.reason == "covers every account of the organization: no; expected yes"
    (deleted,) = world.apply(TRAIL, account, declaration=one)
    assert (deleted.action, deleted.resource) == ("delete", "trail groundwork")
    assert set(trails(world, account)) == {arn_of(world.management)}
    mark = len(world.aws.calls)
    assert is_covered(world.apply(TRAIL, account, declaration=one))
    assert len(world.calls_since(mark)) <= 3

    (change,) = apply_in_management(world, declaration=own)
    assert change.reason == "covers every account of the organization: yes; expected no"
    world.apply(TRAIL, account, declaration=own)
    assert set(trails(world, account)) == {arn_of(account)}
    assert is_logging(world, account)


def test_the_security_account_comes_before_the_organization_trail(no_management_trail: World) -> None:
    world = no_management_trail
    one = declared(world, "organization")
    (report,) = world.apply(TRAIL, world.security, declaration=one)
    assert report.action == "report"
    assert "The management account's next execution makes it" in report.reason
    apply_in_management(world, declaration=one)
    assert is_covered(world.apply(TRAIL, world.security, declaration=one))
    assert set(trails(world, world.security)) == {arn_of(world.management)}


def test_a_member_says_why_it_is_not_covered(no_management_trail: World) -> None:
    world, account = no_management_trail, no_management_trail.account()
    one = declared(world, "organization")
    apply_in_management(world, declaration=one)
    assert is_covered(world.apply(TRAIL, account, declaration=one))
    cloudtrail = world.aws.client("cloudtrail")
    cloudtrail.stop_logging(Name=NAME)
    with pytest.raises(AccountNotCovered, match="is not logging"):
        world.apply(TRAIL, account, declaration=one)
    apply_in_management(world, declaration=one)
    assert is_covered(world.apply(TRAIL, account, declaration=one))
    cloudtrail.update_trail(Name=NAME, IsMultiRegionTrail=False)
    with pytest.raises(AccountNotCovered, match="records one Region only"):
        world.apply(TRAIL, account, declaration=one)


def test_an_own_trail_stays_until_the_one_that_is_to_cover_the_account_delivers(
    no_management_trail: World,
) -> None:
    """A new account waits for nothing that only whoever has the archive can mend."""
    world, account = no_management_trail, no_management_trail.account()
    one = declared(world, "organization")
    world.apply(TRAIL, account)
    apply_in_management(world, declaration=one)
    bucket = s3_backends[world.security.id]["aws"].get_bucket(f"groundwork-trail-{world.security.id}")
    policy, bucket.policy = bucket.policy, None
    cloudtrail = world.aws.client("cloudtrail")

    def start_again() -> None:
        cloudtrail.stop_logging(Name=NAME)
        cloudtrail.start_logging(Name=NAME)

    start_again()
    for each, stays in ((account, "the account's own trail stays: "), (world.account(), "")):
        (told,) = world.apply(TRAIL, each, declaration=one)
        assert (told.action, told.severity, told.resource) == ("report", "high", f"trail {NAME}")
        assert told.reason.startswith(
            f"{stays}the organization trail {arn_of(world.management)}, which is to cover the account, does not deliver its "
            "logs: S3 answers AccessDenied"
        )
    assert is_logging(world, account)

    bucket.policy = policy
    start_again()
    (deleted,) = world.apply(TRAIL, account, declaration=one)
    assert (deleted.action, deleted.resource) == ("delete", f"trail {NAME}")


def test_an_untagged_trail_of_our_name_is_left_to_a_member_that_is_covered(
    no_management_trail: World,
) -> None:
    world, account = no_management_trail, no_management_trail.account()
    one = declared(world, "organization")
    apply_in_management(world, declaration=one)
    world.client("cloudtrail", account).create_trail(
        Name=NAME, S3BucketName=own_bucket(world, account, "cloudtrail")
    )
    (report,) = world.apply(TRAIL, account, declaration=one)
    assert report.action == "report"
    assert arn_of(account) in trails(world, account)


def test_another_organization_trail_beside_the_own_one_is_told(no_management_trail: World) -> None:
    """As Control Tower's, whose bucket is not the archive: the own trail stays what is declared."""
    world, account = no_management_trail, no_management_trail.account()
    bucket = own_bucket(world, world.management, "cloudtrail")
    cloudtrail = world.aws.client("cloudtrail")
    cloudtrail.create_trail(
        Name="theirs", S3BucketName=bucket, IsMultiRegionTrail=True, IsOrganizationTrail=True
    )
    theirs = arn_of(world.management).replace(f"/{NAME}", "/theirs")
    *made, report = world.apply(TRAIL, account)
    assert [change.action for change in made] == ["create", "create"]
    assert report.reason == (
        f"the organization trail {theirs} covers this account, too, and delivers to bucket {bucket}: "
        "a second copy of every event is billed"
    )
    assert (report.action, report.severity) == ("report", "low")
    cloudtrail.delete_trail(Name="theirs")
    assert world.apply(TRAIL, account) == []
