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
from groundwork.declaration.settings import DefaultVpc
from groundwork.errors import ComponentNotSettled, RefusedByAws
from local.iam.root_user import root_user
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
    # Of the default VPC: it and the six kinds of things in it are looked at, and nine calls delete it.
    assert len(world.calls_since(mark)) == 4 + 4 + 7 + 9
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
    assert default_vpcs(world, account) == []


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
        "DescribeVpcs",
        "GetAccountPasswordPolicy",
        "GetEbsEncryptionByDefault",
        "GetPublicAccessBlock",
        "ListAccountAliases",
    ]


def test_its_permissions_fit_a_session() -> None:
    for more in (SETTINGS.writes, SETTINGS.reads_in_plan):
        assert len(sessions.session_policy([*SETTINGS.reads, *more], "012345678901", "aws")) <= 2048


def test_every_governed_region_is_encrypted_and_one_that_is_off_is_reported(world: World) -> None:
    account = world.account()
    changes = world.apply(SETTINGS, account, declaration=declared(world, HOME, ELSEWHERE, OFF))
    assert encrypts(world, account, HOME)
    assert encrypts(world, account, ELSEWHERE)
    (report,) = [change for change in changes if change.action == "report"]
    assert report.resource == f"Region {OFF}"


def test_what_is_not_declared_is_left_alone(world: World) -> None:
    account = world.account()
    untouched = DefaultVpc(delete=[], close=[])
    off = declared(
        world, alias=None, s3_public_access_block=False, ebs_encryption=False, default_vpc=untouched
    )
    changes = world.apply(SETTINGS, account, declaration=off)
    assert [change.resource for change in changes] == ["password policy"]
    assert default_vpcs(world, account)
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


def test_the_default_vpc_goes_in_every_governed_region_and_no_other_vpc(world: World) -> None:
    account = world.account()
    told = declared(world, HOME, ELSEWHERE)
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


def main_table(ec2: Any, vpc: str) -> str:
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    return str(table["RouteTableId"])


def peering(ec2: Any, vpc: str) -> str:
    other = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=other)["VpcPeeringConnection"]
    return str(made["VpcPeeringConnectionId"])


Use = Callable[[Any, str], Any]


def default_part(ec2: Any, kind: str, answer: str, known_by: str, vpc: str) -> Any:
    found = getattr(ec2, f"describe_{kind}")(Filters=[{"Name": "vpc-id", "Values": [vpc]}])[answer]
    return next(each for each in found if each[known_by] in ("default", True))


USES: dict[str, tuple[Use, str]] = {
    "a network interface": (
        lambda ec2, vpc: ec2.create_network_interface(
            SubnetId=ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"][0][
                "SubnetId"
            ]
        ),
        "1 network interface",
    ),
    "a subnet": (
        lambda ec2, vpc: ec2.create_subnet(VpcId=vpc, CidrBlock="172.31.240.0/24"),
        "1 subnet",
    ),
    "a security group": (
        lambda ec2, vpc: ec2.create_security_group(VpcId=vpc, GroupName="web", Description="web"),
        "1 security group",
    ),
    "a rule in the default security group": (
        lambda ec2, vpc: ec2.authorize_security_group_ingress(
            GroupId=default_part(ec2, "security_groups", "SecurityGroups", "GroupName", vpc)["GroupId"],
            IpPermissions=[
                {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
            ],
        ),
        "1 security group",
    ),
    "an entry in the default network ACL": (
        lambda ec2, vpc: ec2.create_network_acl_entry(
            NetworkAclId=default_part(ec2, "network_acls", "NetworkAcls", "IsDefault", vpc)["NetworkAclId"],
            RuleNumber=90,
            Protocol="-1",
            RuleAction="deny",
            Egress=False,
            CidrBlock="198.51.100.0/24",
        ),
        "1 network ACL",
    ),
    "a route table": (lambda ec2, vpc: ec2.create_route_table(VpcId=vpc), "1 route table"),
    "a network ACL": (lambda ec2, vpc: ec2.create_network_acl(VpcId=vpc), "1 network ACL"),
    "a gateway endpoint": (
        lambda ec2, vpc: ec2.create_vpc_endpoint(
            VpcId=vpc,
            ServiceName="com.amazonaws.us-east-1.s3",
            VpcEndpointType="Gateway",
            RouteTableIds=[main_table(ec2, vpc)],
        ),
        "1 route table",
    ),
    "a way to another VPC": (
        lambda ec2, vpc: ec2.create_route(
            RouteTableId=main_table(ec2, vpc),
            DestinationCidrBlock="10.0.0.0/16",
            VpcPeeringConnectionId=peering(ec2, vpc),
        ),
        "1 route table",
    ),
}


@pytest.mark.parametrize("what", USES)
def test_a_default_vpc_in_use_is_left_alone_and_reported(world: World, what: str) -> None:
    use, holds = USES[what]
    account = world.account()
    ec2 = world.client("ec2", account)
    (vpc,) = default_vpcs(world, account)
    use(ec2, vpc)
    subnets = len(ec2.describe_subnets()["Subnets"])
    reports = [change for change in world.apply(SETTINGS, account) if change.action == "report"]
    assert [report.resource for report in reports] == ["default VPC in us-east-1"]
    assert reports[0].reason.startswith(f"{vpc} should not be there")
    assert reports[0].reason.endswith(f"it holds {holds}")
    assert default_vpcs(world, account) == [vpc]
    assert len(ec2.describe_subnets()["Subnets"]) == subnets


def test_a_default_vpc_that_only_looks_unused_is_not_deleted(world: World) -> None:
    """A VPN gateway to which no route leads carries nothing; EC2 then keeps the VPC."""
    account = world.account()
    ec2 = world.client("ec2", account)
    (vpc,) = default_vpcs(world, account)
    gateway = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    ec2.attach_vpn_gateway(VpnGatewayId=gateway, VpcId=vpc)
    with pytest.raises(ComponentNotSettled, match=r"DependencyViolation.* to which no route leads"):
        world.apply(SETTINGS, account)
    assert default_vpcs(world, account) == [vpc]


def test_a_default_vpc_stays_where_people_may_be_at_work(world: World) -> None:
    """A function that sleeps, or a group of no instances, has nothing in it."""
    account = world.account().model_copy(update={"fresh": False})
    (vpc,) = default_vpcs(world, account)
    (told,) = [each for each in world.apply(SETTINGS, account) if "VPC" in each.resource]
    assert (told.action, told.reason.startswith(f"{vpc} should not be there, and stays")) == ("report", True)
    assert default_vpcs(world, account) == [vpc]
    world.apply(SETTINGS, account, declaration=declared(world, HOME, default_vpc=DefaultVpc(later=True)))
    assert default_vpcs(world, account) == []


def test_its_subnets_go_first_of_which_ec2_keeps_one_that_is_used(world: World) -> None:
    planned = [each.call for each in world.planned(SETTINGS, world.account()) if "VPC" in each.resource]
    operations = [call.operation for call in planned if call]
    assert operations.index("DetachInternetGateway") > operations.index("DeleteSubnet")
    assert operations[-1] == "DeleteVpc"


def open_parts(world: World, account: Account, region: str = HOME) -> set[str]:
    """What lets anything through in the default VPC."""
    ec2 = world.client("ec2", account, region)
    (vpc,) = default_vpcs(world, account, region)
    inside = [{"Name": "vpc-id", "Values": [vpc]}]
    (group,) = ec2.describe_security_groups(Filters=[*inside, {"Name": "group-name", "Values": ["default"]}])[
        "SecurityGroups"
    ]
    (acl,) = ec2.describe_network_acls(Filters=[*inside, {"Name": "default", "Values": ["true"]}])[
        "NetworkAcls"
    ]
    found = {name for name in ("IpPermissions", "IpPermissionsEgress") if group[name]}
    return found | {"acl" for entry in acl["Entries"] if entry["RuleAction"] == "allow"}


CLOSING = DefaultVpc(delete=[], close=["workload"])


def test_a_default_vpc_is_closed_where_told(world: World) -> None:
    account, told = world.account(), declared(world, HOME, ELSEWHERE, default_vpc=CLOSING)
    assert open_parts(world, account) == {"IpPermissions", "IpPermissionsEgress", "acl"}
    world.apply(SETTINGS, account, declaration=told)
    assert open_parts(world, account) == open_parts(world, account, ELSEWHERE) == set()
    mark = len(world.aws.calls)
    assert world.apply(SETTINGS, account, declaration=told) == []
    assert len(world.calls_since(mark)) == 3 + 1 + 2 * (1 + 3)


CLOSING_USES = {
    "a network interface": "1 network interface",
    "a security group": "1 security group",
    "a rule in the default security group": "rules of somebody's in its default security group",
    "an entry in the default network ACL": "entries of somebody's in its default network ACL",
    "a network ACL": "1 network ACL",
}


@pytest.mark.parametrize("what", CLOSING_USES)
def test_a_default_vpc_in_use_is_not_closed(world: World, what: str) -> None:
    account, told = world.account(), declared(world, default_vpc=CLOSING)
    (vpc,) = default_vpcs(world, account)
    ec2 = world.client("ec2", account)
    USES[what][0](ec2, vpc)
    before = ec2.describe_security_groups()["SecurityGroups"], ec2.describe_network_acls()["NetworkAcls"]
    (report,) = [each for each in world.apply(SETTINGS, account, declaration=told) if each.action == "report"]
    assert report.resource == "default VPC in us-east-1"
    assert report.reason.endswith(f"left alone because it is in use: it holds {CLOSING_USES[what]}")
    after = ec2.describe_security_groups()["SecurityGroups"], ec2.describe_network_acls()["NetworkAcls"]
    assert after == before


@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_all_that_is_let_in_or_out_beside_aws_own_rule_is_somebodys(world: World, direction: str) -> None:
    """EC2 shows the two as one rule of the protocol."""
    account, told = world.account(), declared(world, default_vpc=CLOSING)
    (vpc,) = default_vpcs(world, account)
    ec2 = world.client("ec2", account)
    group = default_part(ec2, "security_groups", "SecurityGroups", "GroupName", vpc)["GroupId"]
    getattr(ec2, f"authorize_security_group_{direction}")(
        GroupId=group,
        IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}],
    )
    (report,) = [each for each in world.apply(SETTINGS, account, declaration=told) if each.action == "report"]
    assert report.reason.endswith("rules of somebody's in its default security group")
    assert open_parts(world, account) == {"IpPermissions", "IpPermissionsEgress", "acl"}


def test_the_management_account_keeps_its_default_vpc_closed(world: World) -> None:
    world.apply(SETTINGS, world.management)
    assert open_parts(world, world.management) == set()


# -- the root user -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "words"),
    [
        ({"password": True}, "has a password, which a member account's needs never"),
        ({"access_keys": ["AKIAONE"]}, "has access keys, which"),
        (
            {"password": True, "access_keys": ["AKIAONE", "AKIATWO"], "mfa": True},
            "has a password and access keys, which",
        ),
    ],
)
def test_a_plan_tells_of_a_root_users_credentials_in_a_member_account(
    world: World, held: dict[str, Any], words: str
) -> None:
    account = world.account()
    world.apply(SETTINGS, account)
    assert world.plan(SETTINGS, account) == []
    for name, value in held.items():
        setattr(root_user(account.id), name, value)
    (told,) = world.plan(SETTINGS, account)
    assert (told.resource, told.action, told.severity) == ("root user", "report", "high")
    assert words in told.reason
    assert world.apply(SETTINGS, account) == []


def test_a_plan_tells_of_keys_and_of_missing_mfa_in_the_management_account(world: World) -> None:
    world.apply(SETTINGS, world.management)
    assert world.plan(SETTINGS, world.management) == []
    root = root_user(world.management.id)
    root.mfa, root.access_keys = False, ["AKIAONE"]
    try:
        keys, mfa = world.plan(SETTINGS, world.management)
    finally:
        root.mfa, root.access_keys = True, []
    assert {(each.resource, each.action, each.severity) for each in (keys, mfa)} == {
        ("root user", "report", "high")
    }
    assert keys.reason.startswith("has access keys")
    assert mfa.reason.startswith("has no MFA")
