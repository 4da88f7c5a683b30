"""cdk: what is done to it behind our back is named and mended, whatever the state it is found in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from groundwork.baseline.components.cdk import SETTINGS
from groundwork.baseline.components.cdk.names import DEPLOY, EXECUTE, LOOKUP, PUBLISH
from groundwork.contracts import Account
from tests.component.cdk import CDK, ELSEWHERE, HOME, PARAMETER, Deed, named, roles, with_cdk
from tests.component.conftest import World
from tests.component.sabotage import Sabotage, prove, prove_complete, some_of, used_and_declared
from tests.component.without_aws import ON_ENGINE

TOLD = with_cdk(HOME, ELSEWHERE)
ANYBODY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@pytest.fixture(scope="module")
def member(world: World) -> Account:
    """A member account with what the CDK deploys by, which every test leaves as declared."""
    account = world.account()
    world.apply(CDK, account, declaration=TOLD)
    return account


def portrait(world: World, account: Account) -> Any:
    shown: list[Any] = [roles(world, account)]
    for region in (HOME, ELSEWHERE):
        s3, ssm = world.client("s3", account, region), world.client("ssm", account, region)
        bucket = named(account, region).bucket
        if bucket in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
            for setting in SETTINGS:
                try:
                    answer = dict(getattr(s3, setting.read)(Bucket=bucket))
                except s3.exceptions.ClientError as missing:
                    answer = dict(missing.response["Error"])
                answer.pop("ResponseMetadata", None)
                shown.append(answer)
        parameters = ssm.get_parameters(Names=[PARAMETER])["Parameters"]
        shown.append([each["Value"] for each in parameters])
    return json.loads(json.dumps(shown, default=str))


# -- one at a time -------------------------------------------------------------------------------------


def on_role(purpose: str, operation: str, **given: Any) -> Deed:
    return lambda world, account: getattr(world.client("iam", account), operation)(
        RoleName=named(account).role(purpose), **given
    )


def on_bucket(operation: str, region: str = HOME, **given: Any) -> Deed:
    return lambda world, account: getattr(world.client("s3", account, region), operation)(
        Bucket=named(account, region).bucket, **given
    )


def delete_role(purpose: str) -> Deed:
    def delete(world: World, account: Account) -> None:
        iam, at = world.client("iam", account), {"RoleName": named(account).role(purpose)}
        for name in iam.list_role_policies(**at)["PolicyNames"]:
            iam.delete_role_policy(**at, PolicyName=name)
        iam.delete_role(**at)

    return delete


def plain_bucket_policy(world: World, account: Account) -> None:
    statement = {
        "Sid": "OnlyOverTLS",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{world.tooling.id}:root"},
        "Action": "s3:GetObject",
        "Resource": f"{named(account).bucket_arn}/*",
    }
    world.client("s3", account).put_bucket_policy(
        Bucket=named(account).bucket,
        Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )


def role(purpose: str) -> str:
    return f"role/cdk-hnb659fds-{purpose}-role-{{account}}-{HOME}"


def bucket(parameter: str = "", region: str = HOME) -> str:
    return f"bucket cdk-hnb659fds-assets-{{account}}-{region}" + (f": {parameter}" if parameter else "")


BLOCK = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)
PARAMETERS = {region: f"parameter {PARAMETER} in {region}" for region in (HOME, ELSEWHERE)}
EVERY_SETTING = tuple(
    bucket(setting.parameter) for setting in SETTINGS if setting.parameter != "OwnershipControls"
)
SABOTAGES = (
    *(
        Sabotage(
            f"anybody takes {purpose}",
            on_role(purpose, "update_assume_role_policy", PolicyDocument=json.dumps(ANYBODY)),
            role(purpose),
            "trust policy lets everybody in",
            "high",
        )
        for purpose in (DEPLOY, PUBLISH, LOOKUP, EXECUTE)
    ),
    Sabotage(
        "the execution role is taken with a condition",
        on_role(
            EXECUTE,
            "update_assume_role_policy",
            PolicyDocument=json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "cloudformation.amazonaws.com"},
                            "Action": "sts:AssumeRole",
                            "Condition": {"StringEquals": {"aws:SourceAccount": "111111111111"}},
                        }
                    ],
                }
            ),
        ),
        role(EXECUTE),
        "asks for StringEquals aws:sourceaccount = 111111111111, which is not declared",
    ),
    Sabotage(
        "an administrator's power",
        on_role(
            EXECUTE, "attach_role_policy", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
        ),
        role(EXECUTE),
        "has AdministratorAccess attached, which is not declared",
        "high",
    ),
    Sabotage(
        "a policy more",
        on_role(
            DEPLOY, "put_role_policy", PolicyName="more", PolicyDocument=json.dumps(EVERYTHING)
        ),
        role(DEPLOY),
        "has the inline policy more, which is not declared",
        "high",
    ),
    Sabotage(
        "another policy",
        on_role(
            PUBLISH, "put_role_policy", PolicyName="cdk", PolicyDocument=json.dumps(EVERYTHING)
        ),
        role(PUBLISH),
        "inline policy cdk: holds the foreign statement number 1",
        "high",
    ),
    Sabotage(
        "no policy",
        on_role(LOOKUP, "delete_role_policy", PolicyName="cdk"),
        role(LOOKUP),
        "lacks the declared inline policy cdk",
    ),
    Sabotage(
        "a boundary",
        on_role(
            DEPLOY,
            "put_role_permissions_boundary",
            PermissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess",
        ),
        role(DEPLOY),
        "permissions boundary is arn:aws:iam::aws:policy/ReadOnlyAccess; none is declared",
    ),
    Sabotage(
        "longer sessions",
        on_role(PUBLISH, "update_role", MaxSessionDuration=43200, Description="Uploads the files of CDK apps"),
        role(PUBLISH),
        "session length is 43200 s; expected 3600 s",
    ),
    Sabotage(
        "another description",
        on_role(LOOKUP, "update_role", MaxSessionDuration=3600, Description="Nothing"),
        role(LOOKUP),
        "description is 'Nothing'",
        "low",
    ),
    Sabotage(
        "a tag more",
        on_role(DEPLOY, "tag_role", Tags=[{"Key": "team", "Value": "a"}]),
        role(DEPLOY),
        "tagged team, which is not declared",
    ),
    Sabotage(
        "a tag less",
        on_role(DEPLOY, "untag_role", TagKeys=["groundwork:component"]),
        role(DEPLOY),
        "tag groundwork:component is 'missing'; expected 'cdk'",
        "low",
    ),
    Sabotage("no role", delete_role(PUBLISH), role(PUBLISH), "the role does not exist"),
    Sabotage(
        "public access",
        on_bucket(
            "put_public_access_block",
            PublicAccessBlockConfiguration={**BLOCK, "BlockPublicPolicy": False},
        ),
        bucket("PublicAccessBlockConfiguration"),
        "public access is not blocked: BlockPublicPolicy is False, expected True",
        "high",
    ),
    Sabotage(
        "objects of others",
        on_bucket(
            "put_bucket_ownership_controls",
            OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]},
        ),
        bucket("OwnershipControls"),
        "the bucket's owner does not own every object",
        "high",
    ),
    Sabotage(
        "no versions",
        on_bucket("put_bucket_versioning", VersioningConfiguration={"Status": "Suspended"}),
        bucket("VersioningConfiguration"),
        "versioning is off: Status is Suspended, expected Enabled",
    ),
    Sabotage(
        "another key",
        on_bucket(
            "put_bucket_encryption",
            ServerSideEncryptionConfiguration={
                "Rules": [
                    {
                        "ApplyServerSideEncryptionByDefault": {
                            "SSEAlgorithm": "aws:kms",
                            "KMSMasterKeyID": "arn:aws:kms:us-east-1:111111111111:key/1",
                        }
                    }
                ]
            },
        ),
        bucket("ServerSideEncryptionConfiguration"),
        "default encryption is not as declared",
        "high",
    ),
    Sabotage(
        "kept for ever",
        on_bucket("delete_bucket_lifecycle"),
        bucket("LifecycleConfiguration"),
        "lifecycle is not as declared",
        "low",
    ),
    Sabotage("no policy of the bucket", on_bucket("delete_bucket_policy"), bucket("Policy"), "has no policy", "high"),
    Sabotage(
        "others read",
        plain_bucket_policy,
        bucket("Policy"),
        "lacks the statement OnlyThePublisherWrites",
        "high",
    ),
    Sabotage(
        "no bucket",
        on_bucket("delete_bucket"),
        bucket(),
        "does not exist: the CDK has nowhere to upload files to",
        besides=EVERY_SETTING,
    ),
    Sabotage(
        "no bucket elsewhere",
        on_bucket("delete_bucket", ELSEWHERE),
        bucket(region=ELSEWHERE),
        "does not exist: the CDK has nowhere to upload files to",
        besides=tuple(each.replace(HOME, ELSEWHERE) for each in EVERY_SETTING),
    ),
    *(
        Sabotage(
            f"no version in {region}",
            lambda world, account, region=region: world.client(  # type: ignore[misc]
                "ssm", account, region
            ).delete_parameter(Name=PARAMETER),
            PARAMETERS[region],
            "does not exist: the CDK takes the account for one without bootstrap",
        )
        for region in (HOME, ELSEWHERE)
    ),
    Sabotage(
        "another version",
        lambda world, account: world.client("ssm", account).put_parameter(
            Name=PARAMETER, Value="5", Type="String", Overwrite=True
        ),
        PARAMETERS[HOME],
        "is 5; expected 21",
    ),
)  # fmt: skip


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_what_drifted_is_named_and_mended_and_nothing_else(
    world: World, member: Account, sabotage: Sabotage
) -> None:
    prove(world, CDK, member, sabotage, lambda: portrait(world, member), declaration=TOLD)


# -- all at once ---------------------------------------------------------------------------------------

LEAVE_IT_THERE = tuple(
    each for each in SABOTAGES if not each.name.startswith(("no bucket", "no role", "no version"))
)
"""What can be done together, in any choice: nothing that is gone can be changed."""


@ON_ENGINE
@given(sabotages=some_of(LEAVE_IT_THERE))
def test_the_plan_is_what_apply_does_from_any_state(
    world: World, member: Account, sabotages: list[Sabotage]
) -> None:
    for each in sabotages:
        each.do(world, member)
    done = prove_complete(world, CDK, member, declaration=TOLD)
    assert {change.resource for change in done} == {each.within(member).resource for each in sabotages}


# -- permissions ---------------------------------------------------------------------------------------


def test_it_may_do_what_it_does_and_nothing_else(world: World, member: Account) -> None:
    for sabotage in SABOTAGES:
        if sabotage.name.startswith("no "):
            continue
        sabotage.do(world, member)
    world.apply(CDK, member, declaration=TOLD)
    world.apply(CDK, world.account(), declaration=TOLD)
    used, declared = used_and_declared(world, CDK)
    assert used == declared
