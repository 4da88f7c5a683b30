"""KMS keys of other accounts and EC2's defaults in the embedded AWS, and where moto differs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.engine import Engine
from tests.engine.organizations.accounts import administrator, code_of, new_member
from tests.engine.support import plain_moto


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(time_scale=0.01) as running:
        yield running


def key_policy(*accounts: str) -> str:
    principals = [f"arn:aws:iam::{account}:root" for account in accounts]
    statement = {"Effect": "Allow", "Principal": {"AWS": principals}, "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_key_of_another_account_is_used_by_its_arn_when_its_policy_says_so(engine: Engine) -> None:
    member, kms = new_member(engine), engine.client("kms")
    theirs = engine.client("kms", credentials=administrator(member))
    policy = key_policy(engine.management_account, member)
    shared = kms.create_key(Policy=policy)["KeyMetadata"]["Arn"]
    private = kms.create_key(Policy=key_policy(engine.management_account))["KeyMetadata"]["Arn"]
    assert theirs.describe_key(KeyId=shared)["KeyMetadata"]["Arn"] == shared
    assert json.loads(theirs.get_key_policy(KeyId=shared)["Policy"]) == json.loads(policy)
    assert code_of(theirs.describe_key, KeyId=private) == "AccessDeniedException"


def test_aliases_are_an_accounts_own_and_rotation_is_kept(engine: Engine) -> None:
    kms, key = engine.client("kms"), engine.client("kms").create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/logs", TargetKeyId=key)
    kms.enable_key_rotation(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True
    assert kms.describe_key(KeyId="alias/logs")["KeyMetadata"]["KeyId"] == key
    theirs = engine.client("kms", credentials=administrator(new_member(engine)))
    assert "alias/logs" not in {alias["AliasName"] for alias in theirs.list_aliases()["Aliases"]}


def member_ec2(engine: Engine) -> Any:
    return engine.client("ec2", credentials=administrator(new_member(engine)))


def test_a_default_vpc_goes_only_after_what_is_in_it(engine: Engine) -> None:
    ec2 = member_ec2(engine)
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    inside = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
    attached = [{"Name": "attachment.vpc-id", "Values": [vpc["VpcId"]]}]
    (gateway,) = ec2.describe_internet_gateways(Filters=attached)["InternetGateways"]
    assert code_of(ec2.delete_vpc, VpcId=vpc["VpcId"]) == "DependencyViolation"
    for subnet in ec2.describe_subnets(Filters=inside)["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    assert code_of(ec2.delete_vpc, VpcId=vpc["VpcId"]) == "DependencyViolation"
    ec2.detach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=vpc["VpcId"])
    ec2.delete_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"])
    ec2.delete_vpc(VpcId=vpc["VpcId"])
    assert ec2.describe_vpcs()["Vpcs"] == []
    assert ec2.describe_network_acls()["NetworkAcls"] == []
    assert ec2.describe_security_groups()["SecurityGroups"] == []


def test_a_vpc_with_a_network_acl_or_an_endpoint_of_somebody_stays(engine: Engine) -> None:
    ec2 = member_ec2(engine)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    assert code_of(ec2.delete_vpc, VpcId=vpc) == "DependencyViolation"
    ec2.delete_network_acl(NetworkAclId=acl)
    s3 = {"ServiceName": "com.amazonaws.us-east-1.s3", "VpcEndpointType": "Gateway"}
    made = ec2.create_vpc_endpoint(VpcId=vpc, **s3)["VpcEndpoint"]
    assert code_of(ec2.delete_vpc, VpcId=vpc) == "DependencyViolation"
    ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
    ec2.delete_vpc(VpcId=vpc)


def test_a_new_vpc_lets_its_default_group_talk_to_itself_and_its_acl_everybody(engine: Engine) -> None:
    ec2 = member_ec2(engine)
    (group,) = ec2.describe_security_groups()["SecurityGroups"]
    (comes,), (goes,) = group["IpPermissions"], group["IpPermissionsEgress"]
    assert [each["GroupId"] for each in comes["UserIdGroupPairs"]] == [group["GroupId"]]
    assert (comes["IpProtocol"], comes["IpRanges"]) == ("-1", [])
    assert (goes["IpProtocol"], goes["IpRanges"]) == ("-1", [{"CidrIp": "0.0.0.0/0"}])
    (acl,) = ec2.describe_network_acls()["NetworkAcls"]
    entries = {(each["RuleNumber"], each["Egress"], each["RuleAction"]) for each in acl["Entries"]}
    assert entries == {
        (number, egress, action)
        for number, action in ((100, "allow"), (32767, "deny"))
        for egress in (True, False)
    }
    gone = {"NetworkAclId": acl["NetworkAclId"], "RuleNumber": 100, "Egress": False}
    ec2.delete_network_acl_entry(**gone)
    assert code_of(ec2.delete_network_acl_entry, **gone) == "InvalidNetworkAclEntry.NotFound"


def test_ebs_encryption_by_default_has_a_key(engine: Engine) -> None:
    ec2 = member_ec2(engine)
    assert ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is False
    ec2.enable_ebs_encryption_by_default()
    assert ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is True
    assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == "alias/aws/ebs"


def test_regions_say_whether_they_are_opted_in(engine: Engine) -> None:
    regions = {r["RegionName"]: r["OptInStatus"] for r in member_ec2(engine).describe_regions()["Regions"]}
    assert regions["us-east-1"] == "opt-in-not-required"


def test_plain_moto_still_falls_short() -> None:
    observed = plain_moto("""
        ec2 = client("ec2")
        vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        gateways = len(ec2.describe_internet_gateways()["InternetGateways"])
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        for s in ec2.describe_subnets()["Subnets"]: ec2.delete_subnet(SubnetId=s["SubnetId"])
        ec2.delete_vpc(VpcId=vpc)
        try: client("kms").describe_key(KeyId="arn:aws:kms:us-east-1:999999999999:key/" + "0" * 8)
        except Exception as e: error = type(e).__name__
        kms = client("kms")
        try: kms.get_key_policy(KeyId=kms.create_key()["KeyMetadata"]["KeyId"])
        except Exception as e: nameless = type(e).__name__
        left = [acl["VpcId"] for acl in ec2.describe_network_acls()["NetworkAcls"]] == [vpc]
        ec2.create_vpc(CidrBlock="10.0.0.0/16")
        (group,) = ec2.describe_security_groups()["SecurityGroups"]
        print(json.dumps([gateways, "deleted", error, nameless, left, group["IpPermissions"]]))
    """)
    assert json.loads(observed) == [0, "deleted", "NotFoundException", "NotFoundException", True, []]


def test_regions_are_those_that_the_account_has_unless_it_asks_for_all(engine: Engine) -> None:
    ec2 = engine.client("ec2")
    all_of_them = {
        each["RegionName"]: each["OptInStatus"] for each in ec2.describe_regions(AllRegions=True)["Regions"]
    }
    here = {each["RegionName"] for each in ec2.describe_regions()["Regions"]}
    assert here == {name for name, status in all_of_them.items() if status != "not-opted-in"}
    assert {"us-east-1"} < here < set(all_of_them)
    closed = min(set(all_of_them) - here)
    assert [each["RegionName"] for each in ec2.describe_regions(RegionNames=[closed])["Regions"]] == [closed]
    only = [{"Name": "opt-in-status", "Values": ["not-opted-*"]}]
    found = ec2.describe_regions(AllRegions=True, Filters=only)["Regions"]
    assert {each["RegionName"] for each in found} == set(all_of_them) - here
    assert code_of(ec2.describe_regions, RegionNames=["us-east-9"]) == "InvalidParameterValue"
    assert (
        code_of(ec2.describe_regions, Filters=[{"Name": "name", "Values": ["x"]}]) == "InvalidParameterValue"
    )


def test_regions_are_opt_in_that_are_younger_than_march_2019_and_of_ones_own_partition(
    engine: Engine,
) -> None:
    regions = engine.client("ec2").describe_regions(AllRegions=True)["Regions"]
    status = {each["RegionName"]: each["OptInStatus"] for each in regions}
    young = {"af-south-1", "ap-east-1", "ap-southeast-3", "eu-south-1", "me-south-1", "il-central-1"}
    assert {status[name] for name in young} == {"not-opted-in"}
    assert list(status.values()).count("opt-in-not-required") == 17
    assert not [name for name in status if name.startswith(("us-gov-", "cn-"))]


def test_plain_moto_gives_every_region_to_everybody() -> None:
    said = plain_moto(
        """
        regions = {each["RegionName"]: each["OptInStatus"] for each in client("ec2").describe_regions()["Regions"]}
        print("not-opted-in" in regions.values(), regions["af-south-1"], "cn-north-1" in regions)
        """
    )
    assert said == "True opt-in-not-required True"
