"""account-settings: what is done to them behind our back is named and mended, whatever state they are found in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from groundwork.baseline.component import Call
from groundwork.baseline.components.account_settings import IN_WORDS, AccountSettings, Found, Region
from groundwork.baseline.components.account_settings.default_vpc import DefaultVpc
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.declaration.loading import load
from tests.component.conftest import World
from tests.component.imagined import MEMBER, ON_ENGINE, PURE, imagined
from tests.component.sabotage import Sabotage, prove, prove_complete, some_of, used_and_declared

SETTINGS = AccountSettings()
HOME, ELSEWHERE = "us-east-1", "eu-west-1"
BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
BLOCKED = dict.fromkeys(BLOCKS, True)
PASSWORDS = {
    "MinimumPasswordLength": 14,
    "RequireSymbols": True,
    "RequireNumbers": True,
    "RequireUppercaseCharacters": True,
    "RequireLowercaseCharacters": True,
    "AllowUsersToChangePassword": True,
    "PasswordReusePrevention": 24,
    "MaxPasswordAge": 90,
    "HardExpiry": False,
}


def told() -> Declaration:
    """Two Regions, and no default VPC in either; passwords expire, and an alias that is there is replaced."""
    declared = load()
    regions = declared.regions.model_copy(update={"governed": [HOME, ELSEWHERE]})
    passwords = declared.account_settings.password_policy.model_copy(update={"max_age_days": 90})
    settings = declared.account_settings.model_copy(
        update={"delete_default_vpc": ["workload"], "replace_alias": True, "password_policy": passwords}
    )
    return declared.model_copy(update={"regions": regions, "account_settings": settings})


TOLD = told()


@pytest.fixture(scope="module")
def member(world: World) -> Account:
    """A member account with its settings, which every test leaves as declared."""
    account = world.account(name="dev")
    world.apply(SETTINGS, account, declaration=TOLD)
    return account


def portrait(world: World, account: Account) -> list[Any]:
    """The settings as AWS tells them; of default VPCs, where there is one."""
    iam, s3 = world.client("iam", account), world.client("s3control", account)
    shown = [iam.list_account_aliases()["AccountAliases"]]
    asked: tuple[Callable[[], Any], ...] = (
        lambda: iam.get_account_password_policy()["PasswordPolicy"],
        lambda: s3.get_public_access_block(AccountId=account.id)["PublicAccessBlockConfiguration"],
    )
    for ask in asked:
        try:
            shown.append(ask())
        except ClientError as missing:
            shown.append(missing.response["Error"]["Code"])
    for region in (HOME, ELSEWHERE):
        ec2 = world.client("ec2", account, region)
        shown.append(ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"])
        shown.append([vpc["IsDefault"] for vpc in ec2.describe_vpcs()["Vpcs"]])
    return shown


# -- one at a time -------------------------------------------------------------------------------------

Deed = Callable[[World, Account], Any]


def by_hand(service: str, operation: str, region: str | None = None, **given: Any) -> Deed:
    """As one would with the AWS CLI, inside the account."""
    return lambda world, account: getattr(world.client(service, account, region), operation)(**given)


def passwords(words: str, **changes: Any) -> Sabotage:
    do = by_hand(
        "iam",
        "update_account_password_policy",
        **{name: value for name, value in (PASSWORDS | changes).items() if value is not None},
    )
    return Sabotage(f"passwords, {words}", do, "password policy", words)


def public(**changes: bool) -> Deed:
    def put(world: World, account: Account) -> None:
        world.client("s3control", account).put_public_access_block(
            AccountId=account.id, PublicAccessBlockConfiguration=BLOCKED | changes
        )

    return put


def delete_block(world: World, account: Account) -> None:
    world.client("s3control", account).delete_public_access_block(AccountId=account.id)


def delete_alias(world: World, account: Account) -> None:
    iam = world.client("iam", account)
    for alias in iam.list_account_aliases()["AccountAliases"]:
        iam.delete_account_alias(AccountAlias=alias)


ALIAS, BLOCK = "account alias dev-{account}", "S3 public access block"
SABOTAGES = (
    passwords("minimum length: 8; expected 14", MinimumPasswordLength=8),
    passwords("symbols required: no; expected yes", RequireSymbols=False),
    passwords("numbers required: no; expected yes", RequireNumbers=False),
    passwords("upper case required: no; expected yes", RequireUppercaseCharacters=False),
    passwords("lower case required: no; expected yes", RequireLowercaseCharacters=False),
    passwords("users may change theirs: no; expected yes", AllowUsersToChangePassword=False),
    passwords("remembered: not set; expected 24", PasswordReusePrevention=None),
    passwords("maximum age in days: 1000; expected 90", MaxPasswordAge=1000),
    passwords("locked out on expiry: yes; expected no", HardExpiry=True),
    Sabotage(
        "no password policy",
        by_hand("iam", "delete_account_password_policy"),
        "password policy",
        "does not exist",
    ),
    Sabotage(
        "another alias",
        by_hand("iam", "create_account_alias", AccountAlias="elsewhere"),
        ALIAS,
        "account alias is elsewhere; expected dev-{account}",
        "low",
    ),
    Sabotage("no alias", delete_alias, ALIAS, "does not exist", "low"),
    *(
        Sabotage(name, public(**{name: False}), BLOCK, f"is off: {name}; expected all four on", "high")
        for name in BLOCKS
    ),
    Sabotage("no block", delete_block, BLOCK, "does not exist", "high"),
    *(
        Sabotage(
            f"plain volumes in {region}",
            by_hand("ec2", "disable_ebs_encryption_by_default", region),
            f"EBS encryption in {region}",
            "new volumes are not encrypted",
        )
        for region in (HOME, ELSEWHERE)
    ),
    *(
        Sabotage(
            f"a default VPC in {region}",
            by_hand("ec2", "create_default_vpc", region),
            f"default VPC in {region}",
            "should not be there: this kind of account has none, and nothing is in it",
            "low",
        )
        for region in (HOME, ELSEWHERE)
    ),
)  # fmt: skip


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_what_drifted_is_named_and_mended_and_nothing_else(
    world: World, member: Account, sabotage: Sabotage
) -> None:
    prove(world, SETTINGS, member, sabotage, lambda: portrait(world, member), declaration=TOLD)


# -- all at once ---------------------------------------------------------------------------------------


@ON_ENGINE
@given(sabotages=some_of(SABOTAGES))
def test_the_plan_is_what_apply_does_from_any_state(
    world: World, member: Account, sabotages: list[Sabotage]
) -> None:
    for each in sabotages:
        each.do(world, member)
    done = prove_complete(world, SETTINGS, member, declaration=TOLD)
    assert {change.resource for change in done} == {each.within(member).resource for each in sabotages}


TARGET = imagined(declaration=TOLD)
ALIAS_OF_MEMBER = f"workload-{MEMBER}"
founds = st.builds(
    Found,
    st.none()
    | st.fixed_dictionaries(
        {},
        optional={
            name: st.booleans() if isinstance(value, bool) else st.sampled_from([value, value + 1])
            for name, value in PASSWORDS.items()
        },
    ),
    st.sampled_from([None, "elsewhere", ALIAS_OF_MEMBER]),
    st.just({}) | st.fixed_dictionaries(dict.fromkeys(BLOCKS, st.booleans())),
    st.fixed_dictionaries(
        dict.fromkeys(
            (HOME, ELSEWHERE),
            st.builds(
                Region,
                st.booleans(),
                st.none()
                | st.builds(
                    DefaultVpc,
                    st.just("vpc-1"),
                    st.lists(st.sampled_from(["subnet-1", "subnet-2"]), unique=True).map(tuple),
                    st.sampled_from([(), ("igw-1",)]),
                    st.sampled_from(["", "1 subnets"]),
                ),
            ),
        )
    ),
    st.just(()),
)


def after(found: Found, calls: Iterable[Call]) -> Found:
    """What AWS would show when these calls were made; it deletes no VPC that holds anything."""
    regions = dict(found.regions)
    for call in calls:
        given, name = call.parameters, str(call.region)
        vpc = regions[name].default_vpc if name in regions else None
        match call.operation:
            case "UpdateAccountPasswordPolicy":
                found = replace(found, password_policy=given)
            case "CreateAccountAlias":
                found = replace(found, alias=given["AccountAlias"])
            case "PutPublicAccessBlock":
                found = replace(found, public_access=given["PublicAccessBlockConfiguration"])
            case "EnableEbsEncryptionByDefault":
                regions[name] = replace(regions[name], encrypts=True)
            case "DeleteInternetGateway":
                assert vpc
                regions[name] = replace(regions[name], default_vpc=replace(vpc, gateways=()))
            case "DeleteSubnet":
                assert vpc
                rest = tuple(subnet for subnet in vpc.subnets if subnet != given["SubnetId"])
                regions[name] = replace(regions[name], default_vpc=replace(vpc, subnets=rest))
            case "DeleteVpc":
                assert vpc == DefaultVpc("vpc-1", (), (), "")
                regions[name] = replace(regions[name], default_vpc=None)
    return replace(found, regions=regions)


@PURE
@given(founds)
def test_its_calls_leave_nothing_to_do(found: Found) -> None:
    calls = list(SETTINGS.diff(found, TARGET))
    left = list(SETTINGS.diff(after(found, calls), TARGET))
    assert left == [call for call in calls if call.action == "report"]
    assert all("in use" in call.reason for call in left)


@PURE
@given(founds)
def test_each_setting_that_is_wrong_is_named_and_no_other(found: Found) -> None:
    reasons = {call.resource: call.reason for call in SETTINGS.diff(found, TARGET)}
    policy = found.password_policy
    wrong = {name for name, value in PASSWORDS.items() if (policy or {}).get(name, type(value)()) != value}
    expected = {
        "password policy": policy is None or wrong,
        f"account alias {ALIAS_OF_MEMBER}": found.alias != ALIAS_OF_MEMBER,
        BLOCK: found.public_access != BLOCKED,
        **{f"EBS encryption in {name}": not region.encrypts for name, region in found.regions.items()},
        **{f"default VPC in {name}": region.default_vpc for name, region in found.regions.items()},
    }
    assert reasons.keys() == {resource for resource, is_wrong in expected.items() if is_wrong}
    if policy is not None and wrong:
        named = {part.partition(":")[0] for part in reasons["password policy"].split("; ") if ":" in part}
        assert named == {IN_WORDS[name] for name in wrong}


# -- permissions ---------------------------------------------------------------------------------------


def test_it_may_do_what_it_does_and_nothing_else(world: World) -> None:
    prove_complete(world, SETTINGS, world.account(), declaration=TOLD)
    used, declared = used_and_declared(world, SETTINGS)
    assert used == declared
