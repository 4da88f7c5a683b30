"""account-settings: password policy, alias, public access, EBS encryption, the default VPC."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from groundwork.aws import sessions
from groundwork.baseline import loop
from groundwork.baseline.components.account_settings import AccountSettings, alias_of
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.errors import RefusedByAws
from tests.component.conftest import World

SETTINGS = AccountSettings()
HOME, ELSEWHERE, OFF = "us-east-1", "eu-west-1", "me-south-1"
BLOCKED = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)


@pytest.fixture(scope="module")
def member(world: World) -> Account:
    """A member account with its settings, which every test leaves as declared."""
    account = world.account(name="dev")
    world.apply(SETTINGS, account)
    return account


def declared(world: World, *regions: str, **settings: Any) -> Declaration:
    governed = world.declaration.regions.model_copy(update={"governed": list(regions or [HOME])})
    changed = world.declaration.account_settings.model_copy(update=settings)
    return world.declaration.model_copy(update={"regions": governed, "account_settings": changed})


def default_vpcs(world: World, account: Account, region: str = HOME) -> list[str]:
    ec2 = world.client("ec2", account, region)
    vpcs = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    return [vpc["VpcId"] for vpc in vpcs]


def encrypts(world: World, account: Account, region: str = HOME) -> bool:
    return bool(
        world.client("ec2", account, region).get_ebs_encryption_by_default()["EbsEncryptionByDefault"]
    )


# -- from nothing --------------------------------------------------------------------------------------


def test_from_nothing_every_setting_is_made(world: World) -> None:
    account = world.account(name="Data_Lake!")
    target, mark = world.target(SETTINGS, account), len(world.aws.calls)
    loop.apply(SETTINGS, target)
    assert len(world.calls_since(mark)) == 4 + 4
    loop.verify(SETTINGS, target)
    iam = world.client("iam", account)
    policy = iam.get_account_password_policy()["PasswordPolicy"]
    assert policy["MinimumPasswordLength"] == 14
    assert policy["PasswordReusePrevention"] == 24
    assert not policy["ExpirePasswords"]
    classes = ("Symbols", "Numbers", "UppercaseCharacters", "LowercaseCharacters")
    assert all(policy[f"Require{each}"] for each in classes)
    assert policy["AllowUsersToChangePassword"]
    assert iam.list_account_aliases()["AccountAliases"] == [f"data-lake-{account.id}"]
    s3 = world.client("s3control", account)
    assert s3.get_public_access_block(AccountId=account.id)["PublicAccessBlockConfiguration"] == BLOCKED
    assert encrypts(world, account)
    assert default_vpcs(world, account)  # nobody told us to take it away


def test_an_alias_that_is_there_stays_and_passwords_that_expire_no_longer_do(world: World) -> None:
    account = world.account()
    iam = world.client("iam", account)
    iam.create_account_alias(AccountAlias=f"known-to-all-{account.id}")
    iam.update_account_password_policy(MinimumPasswordLength=14, MaxPasswordAge=30)
    changes = world.apply(SETTINGS, account)
    assert iam.list_account_aliases()["AccountAliases"] == [f"known-to-all-{account.id}"]
    told = {change.resource: change for change in changes}
    alias = told[f"account alias {account.name}-{account.id}"]
    assert (alias.action, "and stays: set accountSettings.replaceAlias" in alias.reason) == ("report", True)
    assert "maximum age in days: 30; expected none" in told["password policy"].reason
    assert not iam.get_account_password_policy()["PasswordPolicy"]["ExpirePasswords"]


def test_a_second_run_writes_nothing(world: World, member: Account) -> None:
    mark = len(world.aws.calls)
    assert world.apply(SETTINGS, member) == []
    assert sorted(call.operation for call in world.calls_since(mark)) == [
        *(
            "GetAccountPasswordPolicy",
            "GetEbsEncryptionByDefault",
            "GetPublicAccessBlock",
            "ListAccountAliases",
        )
    ]


def test_its_permissions_fit_a_session() -> None:
    assert len(sessions.session_policy([*SETTINGS.reads, *SETTINGS.writes], "012345678901", "aws")) <= 2048


def test_every_governed_region_is_encrypted_and_one_that_is_off_is_reported(world: World) -> None:
    account = world.account()
    changes = world.apply(SETTINGS, account, declaration=declared(world, HOME, ELSEWHERE, OFF))
    assert encrypts(world, account, HOME)
    assert encrypts(world, account, ELSEWHERE)
    (report,) = [change for change in changes if change.action == "report"]
    assert report.resource == f"Region {OFF}"


def test_what_is_not_declared_is_left_alone(world: World) -> None:
    account = world.account()
    off = declared(world, alias=None, s3_public_access_block=False, ebs_encryption=False)
    changes = world.apply(SETTINGS, account, declaration=off)
    assert [change.resource for change in changes] == ["password policy"]
    assert world.client("iam", account).list_account_aliases()["AccountAliases"] == []


# -- the alias -----------------------------------------------------------------------------------------


def test_a_taken_alias_is_refused_by_name(world: World) -> None:
    world.client("iam", world.account()).create_account_alias(AccountAlias="acme-prod")
    with pytest.raises(
        RefusedByAws, match=r"account alias acme-prod: .* Another AWS account has this alias\. Declare"
    ):
        world.apply(SETTINGS, world.account(), declaration=declared(world, alias="acme-prod"))


@pytest.mark.parametrize(
    ("pattern", "name", "alias"),
    [
        ("<name>-<account>", "dev", "dev-211047650761"),
        ("<name>-<account>", "My  Account!", "my-account-211047650761"),
        ("<name>-<account>", "___", "account-211047650761"),
        ("<name>-<account>", "-a--b-", "a-b-211047650761"),
        ("acme--<name>", "dev", "acme-dev"),
        ("<name>", "x", "account-x"),
        ("a-rather-long-prefix-<name>-<account>", "n" * 50, f"a-rather-long-prefix-{'n' * 29}-211047650761"),
    ],
)
def test_an_alias_is_always_valid(pattern: str, name: str, alias: str) -> None:
    assert alias_of(pattern, name, "211047650761") == alias
    assert 3 <= len(alias) <= 63


# -- the default VPC -----------------------------------------------------------------------------------


def test_the_default_vpc_goes_where_told_in_every_governed_region(world: World) -> None:
    account = world.account()
    told = declared(world, HOME, ELSEWHERE, delete_default_vpc=["workload"])
    ec2 = world.client("ec2", account)
    others = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    world.apply(SETTINGS, account, declaration=told)
    assert default_vpcs(world, account, HOME) == []
    assert default_vpcs(world, account, ELSEWHERE) == []
    assert [vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"]] == [others]
    assert ec2.describe_internet_gateways()["InternetGateways"] == []
    mark = len(world.aws.calls)
    assert world.apply(SETTINGS, account, declaration=told) == []
    assert len(world.calls_since(mark)) == 3 + 1 + 2 * 2


Use = Callable[[Any, str], Any]
USES: dict[str, tuple[Use, str]] = {
    "a network interface": (
        lambda ec2, vpc: ec2.create_network_interface(
            SubnetId=ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"][0][
                "SubnetId"
            ]
        ),
        "1 network interfaces",
    ),
    "a subnet": (
        lambda ec2, vpc: ec2.create_subnet(VpcId=vpc, CidrBlock="172.31.240.0/24"),
        "1 subnets",
    ),
    "a security group": (
        lambda ec2, vpc: ec2.create_security_group(VpcId=vpc, GroupName="web", Description="web"),
        "1 security groups",
    ),
    "a route table": (lambda ec2, vpc: ec2.create_route_table(VpcId=vpc), "1 route tables"),
    "a gateway endpoint": (
        lambda ec2, vpc: ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3"),
        "1 endpoints",
    ),
    "a peering connection": (
        lambda ec2, vpc: ec2.create_vpc_peering_connection(
            VpcId=vpc, PeerVpcId=ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        ),
        "1 peering connections",
    ),
}


@pytest.mark.parametrize("what", USES)
def test_a_default_vpc_in_use_is_left_alone_and_reported(world: World, what: str) -> None:
    use, holds = USES[what]
    account, told = world.account(), declared(world, delete_default_vpc=["workload"])
    ec2 = world.client("ec2", account)
    (vpc,) = default_vpcs(world, account)
    use(ec2, vpc)
    subnets = len(ec2.describe_subnets()["Subnets"])
    reports = [
        change for change in world.apply(SETTINGS, account, declaration=told) if change.action == "report"
    ]
    assert [report.resource for report in reports] == ["default VPC in us-east-1"]
    assert reports[0].reason.startswith(f"{vpc} should not be there")
    assert reports[0].reason.endswith(f"it holds {holds}")
    assert default_vpcs(world, account) == [vpc]
    assert len(ec2.describe_subnets()["Subnets"]) == subnets
