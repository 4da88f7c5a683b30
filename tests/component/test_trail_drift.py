"""trail: what is done to it behind our back is named and mended, whatever the state it is found in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwork.baseline.archive import may_be
from groundwork.baseline.component import Call, TrailStore
from groundwork.baseline.components.trail import Trail
from groundwork.baseline.components.trail.state import MINE, READ_AS, Found, SeenTrail
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.errors import SecurityAccountNotReady
from tests.component.conftest import World
from tests.component.elsewhere import own_bucket, own_key
from tests.component.sabotage import (
    Sabotage,
    differences,
    prove,
    prove_complete,
    some_of,
)
from tests.component.without_aws import MEMBER, ON_ENGINE, PURE, SECURITY, target_without_aws

TRAIL = Trail()
NAME, RESOURCE = "groundwork", "trail groundwork"
TAGS = [{"Key": "managed-by", "Value": "groundwork"}]
ALL_EVENTS = {"ReadWriteType": "All", "IncludeManagementEvents": True}


@pytest.fixture(scope="module")
def member(ready: World) -> Account:
    """A member account with its trail, which every test leaves as declared."""
    account = ready.account()
    ready.apply(TRAIL, account)
    return account


@pytest.fixture
def organization_trail(ready: World) -> Iterator[Declaration]:
    """The declaration of one organization trail; that one is there while the test runs."""
    trail = ready.declaration.trail.model_copy(update={"mode": "organization"})
    declaration = ready.declaration.model_copy(update={"trail": trail})
    ready.apply(TRAIL, ready.management, declaration=declaration)
    yield declaration
    ready.aws.client("cloudtrail").delete_trail(Name=NAME)


def portrait(world: World, account: Account) -> list[Any]:
    """The account's trails as AWS tells them. What is empty, and AWS's default selector, need not be told."""
    cloudtrail = world.client("cloudtrail", account)
    shown = []
    for trail in cloudtrail.describe_trails()["trailList"]:
        arn, selectors = trail["TrailARN"], [ALL_EVENTS]
        if trail.pop("HasCustomEventSelectors"):
            chosen = cloudtrail.get_event_selectors(TrailName=arn)
            selectors = chosen.get("EventSelectors") or chosen["AdvancedEventSelectors"]
        tags = cloudtrail.list_tags(ResourceIdList=[arn])["ResourceTagList"]
        logging = cloudtrail.get_trail_status(Name=arn)["IsLogging"]
        shown.append((filled(trail), [filled(selector) for selector in selectors], tags, logging))
    return shown


def filled(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value not in ("", [])}


# -- one at a time -------------------------------------------------------------------------------------


def by_hand(operation: str, **given: Any) -> Callable[[World, Account], Any]:
    """As one would with the AWS CLI, inside the account."""
    return lambda world, account: getattr(world.client("cloudtrail", account), operation)(**given)


def updated(**changes: Any) -> Callable[[World, Account], Any]:
    return by_hand("update_trail", Name=NAME, **changes)


def selecting(**less: Any) -> Callable[[World, Account], Any]:
    return by_hand("put_event_selectors", TrailName=NAME, EventSelectors=[ALL_EVENTS | less])


def sent_elsewhere(world: World, account: Account, **changes: Any) -> None:
    updated(S3BucketName=own_bucket(world, account, "cloudtrail"), **changes)(world, account)


def encrypted_otherwise(world: World, account: Account) -> None:
    updated(KmsKeyId=own_key(world, account, "cloudtrail"))(world, account)


def untag(world: World, account: Account) -> None:
    arn = world.client("cloudtrail", account).get_trail(Name=NAME)["Trail"]["TrailARN"]
    by_hand("remove_tags", ResourceId=arn, TagsList=TAGS)(world, account)


def select_narrowly(world: World, account: Account) -> None:
    fields = [
        {"Field": "eventCategory", "Equals": ["Management"]},
        {"Field": "readOnly", "Equals": ["true"]},
    ]
    advanced = [{"FieldSelectors": fields}]
    by_hand("put_event_selectors", TrailName=NAME, AdvancedEventSelectors=advanced)(world, account)


def high(name: str, do: Callable[[World, Account], Any], words: str) -> Sabotage:
    return Sabotage(name, do, RESOURCE, words, "high")


SABOTAGES = (
    high("stopped", by_hand("stop_logging", Name=NAME), "is not logging"),
    high("one Region", updated(IsMultiRegionTrail=False), "records one Region only; expected every Region"),
    high(
        "without IAM",
        updated(IsMultiRegionTrail=False, IncludeGlobalServiceEvents=False),
        "leaves out global services such as IAM",
    ),
    high("unvalidated", updated(EnableLogFileValidation=False), "does not validate log files"),
    high("another bucket", sent_elsewhere, "delivers to bucket own-cloudtrail-"),
    high(
        "a folder of another bucket",
        lambda world, account: sent_elsewhere(world, account, S3KeyPrefix="hidden"),
        "delivers below hidden; expected the top of the bucket",
    ),
    high("no key", updated(KmsKeyId=""), "encrypts with S3's own key; expected arn:aws:kms:us-east-1:"),
    high("another key", encrypted_otherwise, "encrypts with arn:aws:kms:us-east-1:"),
    high("writes only", selecting(ReadWriteType="WriteOnly"), "leaves out management events"),
    high(
        "without those of KMS",
        selecting(ExcludeManagementEventSources=["kms.amazonaws.com"]),
        "leaves out management events",
    ),
    high("no management events", selecting(IncludeManagementEvents=False), "leaves out management events"),
    high("reads only", select_narrowly, "leaves out management events; expected all of them"),
    Sabotage("untagged", untag, RESOURCE, "lacks the tag managed-by: groundwork", "low"),
    high("deleted", by_hand("delete_trail", Name=NAME), "does not exist"),
)


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_what_drifted_is_named_and_mended_and_nothing_else(
    ready: World, member: Account, sabotage: Sabotage
) -> None:
    prove(ready, TRAIL, member, sabotage, lambda: portrait(ready, member))


def test_an_organization_trail_cut_down_to_one_account_is_named_and_mended(
    ready: World, organization_trail: Declaration
) -> None:
    words = "covers every account of the organization: no; expected yes"
    cut_down = Sabotage("one account", updated(IsOrganizationTrail=False), RESOURCE, words, "high")
    manager = ready.management
    prove(ready, TRAIL, manager, cut_down, lambda: portrait(ready, manager), declaration=organization_trail)


# -- all at once ---------------------------------------------------------------------------------------


@ON_ENGINE
@given(sabotages=some_of(SABOTAGES))
def test_the_plan_is_what_apply_does_from_any_state(
    ready: World, member: Account, sabotages: list[Sabotage]
) -> None:
    for each in sabotages:
        each.do(ready, member)
    assert {change.resource for change in prove_complete(ready, TRAIL, member)} == {RESOURCE}


GOOD = SeenTrail(
    {
        "Name": NAME,
        "TrailARN": f"arn:aws:cloudtrail:us-east-1:{MEMBER}:trail/{NAME}",
        "HomeRegion": "us-east-1",
        "S3BucketName": f"groundwork-trail-{SECURITY}",
        "KmsKeyId": f"arn:aws:kms:us-east-1:{SECURITY}:key/1",
        "IsMultiRegionTrail": True,
        "IncludeGlobalServiceEvents": True,
        "LogFileValidationEnabled": True,
        "IsOrganizationTrail": False,
    },
    MINE,
    logging=True,
)
STORE = TrailStore(GOOD.described["S3BucketName"], GOOD.described["KmsKeyId"])
FAULTS: Mapping[str, tuple[str, Any]] = {
    "delivers to bucket elsewhere": ("S3BucketName", "elsewhere"),
    "delivers below hidden": ("S3KeyPrefix", "hidden"),
    "encrypts with arn:aws:kms:us-east-1:333333333333:key/1": (
        *("KmsKeyId", f"arn:aws:kms:us-east-1:{MEMBER}:key/1"),
    ),
    "encrypts with S3's own key": ("KmsKeyId", None),
    "records one Region only": ("IsMultiRegionTrail", False),
    "leaves out global services": ("IncludeGlobalServiceEvents", False),
    "does not validate log files": ("LogFileValidationEnabled", False),
    "covers every account of the organization: yes": ("IsOrganizationTrail", True),
    "leaves out management events": (
        "selectors",
        {"EventSelectors": [ALL_EVENTS | {"ReadWriteType": "ReadOnly"}]},
    ),
    "is not logging": ("logging", False),
    "lacks the tag": ("tags", {}),
}
"""What is said of a trail, and the setting that makes it so."""

Faults = st.lists(st.sampled_from([*FAULTS]), unique_by=lambda words: FAULTS[words][0])


def with_faults(faults: Iterable[str]) -> SeenTrail:
    settings = dict(FAULTS[words] for words in faults)
    described = {name: value for name, value in settings.items() if name[0].isupper()}
    own = {name: value for name, value in settings.items() if name not in described}
    return replace(GOOD, described={**GOOD.described, **described}, **own)


def reasons(own: SeenTrail | None, store: TrailStore = STORE) -> list[str]:
    calls = TRAIL.diff(Found(own, (), None, store), target_without_aws())
    return [part for call in calls for part in call.reason.replace("; expected", ", expected").split("; ")]


def after(own: SeenTrail | None, calls: Iterable[Call]) -> SeenTrail | None:
    """The trail that AWS would show when these calls were made."""
    for call in calls:
        given = {READ_AS.get(name, name): value for name, value in call.parameters.items() if name != "Name"}
        if call.operation == "CreateTrail":
            own = SeenTrail(
                {**GOOD.described, **given}, {tag["Key"]: tag["Value"] for tag in given["TagsList"]}
            )
            continue
        assert own is not None
        if call.operation == "UpdateTrail":
            own = replace(own, described={**own.described, **given})
        elif call.operation == "AddTags":
            own = replace(own, tags={tag["Key"]: tag["Value"] for tag in given["TagsList"]})
        elif call.operation == "PutEventSelectors":
            own = replace(own, selectors={"EventSelectors": given["EventSelectors"]})
        elif call.operation == "StartLogging":
            own = replace(own, logging=True)
    return own


@PURE
@given(Faults)
def test_each_fault_is_named_and_no_other(faults: list[str]) -> None:
    told = reasons(with_faults(faults))
    assert len(told) == len(faults)
    assert all(any(reason.startswith(words) for reason in told) for words in faults), told


@PURE
@given(st.none() | Faults.map(with_faults))
def test_its_calls_leave_nothing_to_do(own: SeenTrail | None) -> None:
    mended = after(own, TRAIL.diff(Found(own, (), None, STORE), target_without_aws()))
    assert reasons(mended) == []


@PURE
@given(Faults)
def test_a_key_that_nobody_knows_is_no_difference(faults: list[str]) -> None:
    """What is there may be it, as long as it is one of the security account's."""
    for bucket in (STORE.bucket, "groundwork-trail-<security>"):
        unknown = TrailStore(bucket, f"arn:aws:kms:us-east-1:{SECURITY}:key/<id>")
        assert [reason.split(",")[0] for reason in reasons(with_faults(faults), unknown)] == [
            reason.split(",")[0] for reason in reasons(with_faults(faults))
        ]


@pytest.mark.parametrize("found", [None, "", "key/", "key/1/2", "another/1"])
def test_what_cannot_be_what_is_known_in_part_is_a_difference(found: str | None) -> None:
    assert may_be("key/1", "key/<id>")
    assert not may_be(found, "key/<id>")


# -- a key that nobody can look at ---------------------------------------------------------------------


@pytest.fixture
def without_alias(ready: World, member: Account) -> Iterator[World]:
    """Somebody deleted the alias of the archive's key."""
    kms, alias = ready.client("kms", ready.security), ready.declaration.log_archive.key_alias
    key = kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"]
    kms.delete_alias(AliasName=alias)
    yield ready
    kms.create_alias(AliasName=alias, TargetKeyId=key)


def test_without_its_alias_a_trail_is_compared_in_everything_else(
    without_alias: World, member: Account
) -> None:
    world, cloudtrail = without_alias, without_alias.client("cloudtrail", member)
    (report,) = world.plan(TRAIL, member)
    assert report.action == "report"
    assert report.reason.startswith(
        "its key cannot be verified: The log archive's key arn:aws:kms:us-east-1:"
    )
    cloudtrail.stop_logging(Name=NAME)
    assert [change.reason for change in differences(world.plan(TRAIL, member))] == ["is not logging"]
    cloudtrail.start_logging(Name=NAME)
    with pytest.raises(SecurityAccountNotReady, match="cannot be found"):
        world.apply(TRAIL, member)


def test_a_new_trail_is_planned_before_there_is_an_archive(without_alias: World) -> None:
    world = without_alias
    nobody = world.organization.model_copy(update={"security_account_id": None})
    for organization in (world.organization, nobody):
        create, start, report = world.planned(TRAIL, world.account(), organization=organization)
        assert create.call is not None and start.call is not None
        assert "<" in create.call.parameters["KmsKeyId"]
        assert create.call.after == start.call.after == "the log archive in the security account"
        assert report.reason.startswith("its key cannot be verified: ")


def test_the_management_account_s_trail_in_the_archive_stays_there(
    ready: World, organization_trail: Declaration, request: pytest.FixtureRequest
) -> None:
    world: World = request.getfixturevalue("without_alias")
    (report,) = world.plan(TRAIL, world.management, declaration=organization_trail)
    assert report.reason.startswith("its key cannot be verified: ")
