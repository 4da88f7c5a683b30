"""What IAM refuses to store, and what GetAccountAuthorizationDetails shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.engine import Engine
from tests.engine.authorization.people import HERE, allow, refused
from tests.engine.support import plain_moto, policy

TRUST = policy(
    {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{HERE}:root"}, "Action": "sts:AssumeRole"}
)


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.05) as engine:
        yield engine


@pytest.fixture
def iam(aws: Engine) -> Any:
    return aws.client("iam")


def trusting(principal: Any) -> str:
    return policy({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})


PRINCIPALS = [
    ({"AWS": "arn:aws:iam::999999999999:root"}, True),
    ({"AWS": "999999999999"}, True),
    ({"AWS": f"arn:aws:iam::{HERE}:user/administrator"}, True),
    ({"AWS": "*"}, True),
    ({"Service": "lambda.amazonaws.com"}, True),
    ({"AWS": f"arn:aws:iam::{HERE}:user/nobody"}, False),
    ({"AWS": "arn:aws:iam::999999999999:role/nobody"}, False),
    ({"AWS": "99"}, False),
    ({"Service": "lambda"}, False),
]


@pytest.mark.parametrize(("principal", "valid"), PRINCIPALS)
def test_a_trust_policy_names_only_who_exists(iam: Any, principal: Any, valid: bool) -> None:
    name = f"trusting-{abs(hash(str(principal)))}"
    if valid:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusting(principal))
        return
    said = refused(iam.create_role, RoleName=name, AssumeRolePolicyDocument=trusting(principal))
    assert said.startswith("MalformedPolicyDocument: Invalid principal in policy")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    said = refused(iam.update_assume_role_policy, RoleName=name, PolicyDocument=trusting(principal))
    assert "Invalid principal" in said
    assert iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {
        "AWS": f"arn:aws:iam::{HERE}:root"
    }


def of_size(characters: int) -> str:
    """An identity policy of so many characters that count."""
    empty = len(policy(allow("s3:GetObject", "arn:aws:s3:::")).replace(" ", ""))
    return policy(allow("s3:GetObject", "arn:aws:s3:::" + "x" * (characters - empty)))


def test_sizes(iam: Any) -> None:
    iam.create_role(RoleName="sized", AssumeRolePolicyDocument=TRUST)
    iam.create_user(UserName="sized")
    iam.create_group(GroupName="sized")
    for sort, limit in (("role", 10240), ("user", 2048), ("group", 5120)):
        put = getattr(iam, f"put_{sort}_policy")
        name = {f"{sort.capitalize()}Name": "sized"}
        put(**name, PolicyName="all", PolicyDocument=of_size(limit))
        assert "LimitExceeded" in refused(put, **name, PolicyName="more", PolicyDocument=of_size(200))
    iam.create_policy(PolicyName="whole", PolicyDocument=of_size(6144))
    assert "LimitExceeded" in refused(iam.create_policy, PolicyName="over", PolicyDocument=of_size(6145))
    long = trusting({"AWS": [f"{number:012}" for number in range(150)]})
    assert "ACLSizePerRole" in refused(iam.create_role, RoleName="long", AssumeRolePolicyDocument=long)


def test_ten_managed_policies_and_attaching_twice_is_attaching_once(iam: Any) -> None:
    iam.create_role(RoleName="many", AssumeRolePolicyDocument=TRUST)
    arns = [
        iam.create_policy(PolicyName=f"many-{n}", PolicyDocument=policy(allow("s3:*")))["Policy"]["Arn"]
        for n in range(11)
    ]
    for arn in [*arns[:10], arns[0]]:
        iam.attach_role_policy(RoleName="many", PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arns[0])["Policy"]["AttachmentCount"] == 1
    assert "PoliciesPerRole: 10" in refused(iam.attach_role_policy, RoleName="many", PolicyArn=arns[10])


def test_unknown_operators_and_boundaries_are_refused(iam: Any) -> None:
    strange = policy(allow("s3:*", Condition={"StringResembles": {"aws:username": "x"}}))
    assert "MalformedPolicyDocument" in refused(
        iam.create_policy, PolicyName="strange", PolicyDocument=strange
    )
    iam.create_role(RoleName="unbound", AssumeRolePolicyDocument=TRUST)
    gone = f"arn:aws:iam::{HERE}:policy/gone"
    assert "NoSuchEntity" in refused(
        iam.put_role_permissions_boundary, RoleName="unbound", PermissionsBoundary=gone
    )
    assert "ValidationError" in refused(
        iam.create_role, RoleName="short", AssumeRolePolicyDocument=TRUST, MaxSessionDuration=43201
    )


def test_a_service_linked_role_may_what_its_service_does(aws: Engine, iam: Any) -> None:
    made = iam.create_service_linked_role(AWSServiceName="config.amazonaws.com")["Role"]
    attached = iam.list_attached_role_policies(RoleName=made["RoleName"])["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == ["AWSConfigServiceRolePolicy"]
    assert aws.authorizer.role_may(made["Arn"], "config:BatchGetResourceConfig")
    assert not aws.authorizer.role_may(made["Arn"], "iam:CreateUser")


def test_an_alias_is_taken_once_in_all_of_aws(iam: Any) -> None:
    from local.authorization import state

    state.iam("222222222222").create_account_alias("taken")
    assert "EntityAlreadyExists" in refused(iam.create_account_alias, AccountAlias="taken")
    assert "InvalidInput" in refused(iam.create_account_alias, AccountAlias="-a-")
    iam.create_account_alias(AccountAlias="ours")
    assert iam.list_account_aliases()["AccountAliases"] == ["ours"]


def test_authorization_details_are_complete_and_paged(iam: Any) -> None:
    document = policy(allow("s3:*"))
    boundary = iam.create_policy(PolicyName="edge", PolicyDocument=document)["Policy"]["Arn"]
    tags = [{"Key": "managed-by", "Value": "groundwork"}]
    iam.create_role(
        RoleName="shown", Path="/x/", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=boundary, Tags=tags
    )
    iam.put_role_policy(RoleName="shown", PolicyName="inline", PolicyDocument=document)
    iam.attach_role_policy(RoleName="shown", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    iam.create_user(UserName="shown", PermissionsBoundary=boundary, Tags=tags)
    iam.create_group(GroupName="shown")
    iam.put_group_policy(GroupName="shown", PolicyName="inline", PolicyDocument=document)
    iam.add_user_to_group(GroupName="shown", UserName="shown")
    pages = list(
        iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 3})
    )
    assert len(pages) > 3
    whole = {
        name: [entry for page in pages for entry in page[name]]
        for name in ("RoleDetailList", "UserDetailList")
    }
    (shown,) = [entry for entry in whole["RoleDetailList"] if entry["RoleName"] == "shown"]
    assert (shown["Path"], shown["Tags"]) == ("/x/", tags)
    assert shown["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    assert shown["RolePolicyList"][0]["PolicyDocument"]["Statement"][0]["Action"] == "s3:*"
    assert shown["AttachedManagedPolicies"][0]["PolicyName"] == "ReadOnlyAccess"
    (user,) = [entry for entry in whole["UserDetailList"] if entry["UserName"] == "shown"]
    assert (user["GroupList"], user["Tags"]) == (["shown"], tags)
    assert user["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    policies = [entry for page in pages for entry in page["Policies"]]
    edge = next(entry for entry in policies if entry["PolicyName"] == "edge")
    assert edge["PolicyVersionList"][0]["Document"]["Statement"][0]["Action"] == "s3:*"
    assert edge["PermissionsBoundaryUsageCount"] == 2
    own = {entry["PolicyName"] for entry in policies if ":aws:policy/" not in entry["Arn"]}
    assert "edge" in own
    assert all(entry["AttachmentCount"] for entry in policies if ":aws:policy/" in entry["Arn"])
    only = iam.get_account_authorization_details(Filter=["Group"])
    assert "shown" in [group["GroupName"] for group in only["GroupDetailList"]]
    assert not only["RoleDetailList"]


def test_plain_moto_takes_any_principal() -> None:
    said = plain_moto(
        """
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                 "Principal": {"AWS": "arn:aws:iam::123456789012:role/nobody"}}]}
        print(client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["RoleName"])
        """
    )
    assert said == "r"
