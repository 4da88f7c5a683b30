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
from groundwork.baseline.components.account_settings.default_vpc import DIRECTIONS, Open, Unwanted
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.declaration.loading import load
from groundwork.declaration.settings import DefaultVpc
from tests.component.conftest import World
from tests.component.sabotage import Sabotage, prove, prove_complete, some_of, used_and_declared
from tests.component.without_aws import MEMBER, ON_ENGINE, PURE, target_without_aws

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
        update={"replace_alias": True, "password_policy": passwords}
    )
    return declared.model_copy(update={"regions": regions, "account_settings": settings})


TOLD = told()
CLOSING = TOLD.model_copy(
    update={
        "account_settings": TOLD.account_settings.model_copy(
            update={"default_vpc": DefaultVpc(delete=[], close=["workload"])}
        )
    }
)


@pytest.fixture(scope="module")
def member(world: World) -> Account:
    """A member account with its settings, which every test leaves as declared."""
    account = world.account(name="dev")
    world.apply(SETTINGS, account, declaration=TOLD)
    return account


@pytest.fixture(scope="module")
def closed(world: World) -> Account:
    """One that keeps its default VPCs, closed."""
    account = world.account(name="old")
    world.apply(SETTINGS, account, declaration=CLOSING)
    return account


def portrait(world: World, account: Account) -> list[Any]:
    """The settings as AWS tells them; of default VPCs, where there is one, and what it lets through."""
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
        groups, acls = (
            ec2.describe_security_groups()["SecurityGroups"],
            ec2.describe_network_acls()["NetworkAcls"],
        )
        shown.append([group[direction] for group in groups for direction in DIRECTIONS])
        shown.append([entry["RuleAction"] for acl in acls for entry in acl["Entries"]])
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
            parts=f" of the default VPC in {region}",
        )
        for region in (HOME, ELSEWHERE)
    ),
)  # fmt: skip


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_what_drifted_is_named_and_mended_and_nothing_else(
    world: World, member: Account, sabotage: Sabotage
) -> None:
    prove(world, SETTINGS, member, sabotage, lambda: portrait(world, member), declaration=TOLD)


def default_parts(world: World, account: Account, region: str) -> tuple[Any, str, str]:
    """A client of the Region, and the ids of the default security group and the default network ACL."""
    ec2 = world.client("ec2", account, region)
    (group,), (acl,) = (
        ec2.describe_security_groups()["SecurityGroups"],
        ec2.describe_network_acls()["NetworkAcls"],
    )
    return ec2, group["GroupId"], acl["NetworkAclId"]


def let_in(region: str) -> Deed:
    def do(world: World, account: Account) -> None:
        ec2, group, _ = default_parts(world, account, region)
        ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        itself = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[ssh, itself])

    return do


def let_out(region: str) -> Deed:
    def do(world: World, account: Account) -> None:
        ec2, group, _ = default_parts(world, account, region)
        anywhere = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[anywhere])

    return do


def let_through(region: str, *, egress: bool, **source: str) -> Deed:
    def do(world: World, account: Account) -> None:
        ec2, _, acl = default_parts(world, account, region)
        rule = {"RuleNumber": 90, "Protocol": "-1", "RuleAction": "allow", "Egress": egress}
        ec2.create_network_acl_entry(NetworkAclId=acl, **rule, **source)

    return do


OPENED = tuple(
    Sabotage(f"{words} in {region}", do, f"default VPC in {region}", said)
    for region in (HOME, ELSEWHERE)
    for words, do, said in (
        ("a way in", let_in(region), "has rules, and nothing is in it"),
        ("a way out", let_out(region), "has rules, and nothing is in it"),
        (
            "an entry for what comes",
            let_through(region, egress=False, CidrBlock="10.0.0.0/8"),
            "lets traffic through, and nothing is in it",
        ),
        (
            "an entry for what goes",
            let_through(region, egress=True, Ipv6CidrBlock="::/0"),
            "lets traffic through, and nothing is in it",
        ),
    )
)


@pytest.mark.parametrize("sabotage", OPENED[:4], ids=lambda sabotage: sabotage.name)
def test_a_closed_default_vpc_that_is_opened_is_closed_again(
    world: World, closed: Account, sabotage: Sabotage
) -> None:
    prove(world, SETTINGS, closed, sabotage, lambda: portrait(world, closed), declaration=CLOSING)


def test_all_of_it_in_two_regions_is_closed_again(world: World, closed: Account) -> None:
    for each in OPENED:
        if "goes" not in each.name:
            each.do(world, closed)
    done = prove_complete(world, SETTINGS, closed, declaration=CLOSING)
    assert {change.resource for change in done} == {each.resource for each in OPENED}


# -- all at once ---------------------------------------------------------------------------------------


@ON_ENGINE
@given(sabotages=some_of(SABOTAGES))
def test_the_plan_is_what_apply_does_from_any_state(
    world: World, member: Account, sabotages: list[Sabotage]
) -> None:
    for each in sabotages:
        each.do(world, member)
    done = prove_complete(world, SETTINGS, member, declaration=TOLD)
    whole = {change.resource for change in done if " of the default VPC" not in change.resource}
    assert whole == {each.within(member).resource for each in sabotages}


TARGET = target_without_aws(declaration=TOLD)
TARGET = replace(TARGET, account=TARGET.account.model_copy(update={"fresh": True}))
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
                    Unwanted,
                    st.just("vpc-1"),
                    st.lists(st.sampled_from(["subnet-1", "subnet-2"]), unique=True).map(tuple),
                    st.sampled_from([(), ("igw-1",)]),
                    st.sampled_from(["", "1 subnets"]),
                )
                | st.builds(
                    Open,
                    st.just("vpc-2"),
                    st.just("sg-1"),
                    st.fixed_dictionaries(
                        {name: st.sampled_from([[], [{"IpProtocol": "-1"}]]) for name in DIRECTIONS}
                    ),
                    st.just("acl-1"),
                    st.just(((100, False), (100, True))),
                    st.sampled_from(["", "1 network interface"]),
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
                assert isinstance(vpc, Unwanted)
                regions[name] = replace(regions[name], default_vpc=replace(vpc, gateways=()))
            case "DeleteSubnet":
                assert isinstance(vpc, Unwanted)
                rest = tuple(subnet for subnet in vpc.subnets if subnet != given["SubnetId"])
                regions[name] = replace(regions[name], default_vpc=replace(vpc, subnets=rest))
            case "DeleteVpc":
                assert vpc == Unwanted("vpc-1", (), (), "")
                regions[name] = replace(regions[name], default_vpc=None)
            case "RevokeSecurityGroupIngress" | "RevokeSecurityGroupEgress":
                assert isinstance(vpc, Open)
                (direction,) = (each for each, operation in DIRECTIONS.items() if operation == call.operation)
                assert given["IpPermissions"] == vpc.rules[direction]
                regions[name] = replace(
                    regions[name], default_vpc=replace(vpc, rules={**vpc.rules, direction: []})
                )
            case "DeleteNetworkAclEntry":
                assert isinstance(vpc, Open)
                entries = tuple(
                    entry for entry in vpc.entries if entry != (given["RuleNumber"], given["Egress"])
                )
                left = replace(vpc, entries=entries)
                is_closed = not entries and not any(left.rules.values())
                regions[name] = replace(regions[name], default_vpc=None if is_closed else left)
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
    calls = [call for call in SETTINGS.diff(found, TARGET) if " of the default VPC" not in call.resource]
    reasons = {call.resource: call.reason for call in calls}
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
    account = world.account()
    world.client("s3", account).create_bucket(Bucket=f"looked-at-{account.id}")
    prove_complete(world, SETTINGS, account, declaration=CLOSING)
    prove_complete(world, SETTINGS, account, declaration=TOLD)
    used, declared = used_and_declared(world, SETTINGS)
    assert used == declared
