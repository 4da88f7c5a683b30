"""The role that may enter every account: what somebody gains by it who stole the credentials of a function."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.identity.credentials import Credentials
from tests.workflow.conftest import Cloud
from tests.workflow.people import enter, may
from tests.workflow.statements import ROLE_HOLDERS, role_of, template

ENTRY = "OrganizationAccountAccessRole"
WAYS_IN = (ENTRY, "AWSControlTowerExecution")
HOLDERS = {"CheckAccessFunction", "ApplyComponentFunction", "VerifyBaselineFunction", "TakeInventoryFunction"}
SERVICES = {
    "AWS::Serverless::Function": "lambda.amazonaws.com",
    "AWS::Serverless::StateMachine": "states.amazonaws.com",
}
STRANGER = "999999999999"
_numbers: Iterator[int] = itertools.count()


def holders() -> list[str]:
    return [name for name, resource in template()["Resources"].items() if resource["Type"] in ROLE_HOLDERS]


@pytest.fixture(scope="module")
def member(cloud: Cloud) -> str:
    return cloud.declared("security")


def service_of(holder: str) -> str:
    """The service of AWS that takes the role."""
    resource = template()["Resources"][holder]
    if resource["Type"] in SERVICES:
        return SERVICES[resource["Type"]]
    (statement,) = resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    return str(statement["Principal"]["Service"])


def stolen(cloud: Cloud, holder: str) -> Credentials:
    """What whoever reads the environment of a function has, for as long as it lasts."""
    service = service_of(holder)
    arn = f"arn:aws:iam::{cloud.aws.management_account}:role/{role_of(cloud, holder)}"
    return cloud.aws.mint(arn, "stolen", service=service)


@pytest.fixture(scope="module")
def traps(cloud: Cloud) -> Iterator[list[str]]:
    """Accounts with entry roles that would let the management account in: its own, and a stranger's."""
    management = cloud.aws.management_account
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{management}:root"},
        "Action": "sts:AssumeRole",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    owners = {management: cloud.aws.administrator, STRANGER: cloud.aws.registry.root(STRANGER)}
    laid = [
        (cloud.aws.client("iam", credentials=owner), role) for owner in owners.values() for role in WAYS_IN
    ]
    for iam, role in laid:
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=document)
    yield list(owners)
    for iam, role in laid:
        iam.delete_role(RoleName=role)


@pytest.mark.parametrize("holder", holders())
def test_only_who_works_in_member_accounts_holds_the_key(cloud: Cloud, member: str, holder: str) -> None:
    thief = stolen(cloud, holder)
    assert bool(enter(cloud, thief, member, ENTRY)) == (holder in HOLDERS)


@pytest.mark.parametrize("holder", holders())
def test_nobody_enters_the_management_account_or_a_strangers(
    cloud: Cloud, traps: list[str], holder: str
) -> None:
    """Though the roles there would let them in."""
    thief = stolen(cloud, holder)
    tries = [(account, role) for account in traps for role in WAYS_IN]
    assert [each for each in tries if enter(cloud, thief, *each)] == []


def test_the_traps_are_open_to_others(cloud: Cloud, traps: list[str]) -> None:
    assert all(enter(cloud, cloud.aws.administrator, account, ENTRY) for account in traps)


def assumed(cloud: Cloud, thief: Credentials, account: str, **more: Any) -> Credentials:
    arn = f"arn:aws:iam::{account}:role/{ENTRY}"
    sts = cloud.aws.client("sts", credentials=thief)
    given = sts.assume_role(RoleArn=arn, RoleSessionName=f"thief-{next(_numbers)}", **more)["Credentials"]
    return Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def test_a_session_policy_holds_a_mistake_and_not_a_thief(cloud: Cloud, member: str) -> None:
    """What docs/security.md admits: who assumes the role chooses the session policy. No condition key demands one."""
    thief, name = stolen(cloud, "ApplyComponentFunction"), f"thief-{next(_numbers)}"
    reads = {"Effect": "Allow", "Action": "iam:Get*", "Resource": "*"}
    held = assumed(cloud, thief, member, Policy=json.dumps({"Version": "2012-10-17", "Statement": [reads]}))
    assert not may(cloud.aws.client("iam", credentials=held), "create_user", UserName=name)
    free = assumed(cloud, thief, member)
    assert may(cloud.aws.client("iam", credentials=free), "create_user", UserName=name)


def test_every_entry_leaves_a_trace_with_the_function_that_made_it(cloud: Cloud, member: str) -> None:
    """That a thief was there is seen in the call log: the session's name is the thief's, the role the function's."""
    thief = stolen(cloud, "VerifyBaselineFunction")
    before = len(cloud.aws.calls)
    assumed(cloud, thief, member)
    (call,) = [
        each
        for each in cloud.aws.calls[before:]
        if each.action == "sts:AssumeRole" and "stolen" in str(each.principal_arn)
    ]
    assert role_of(cloud, "VerifyBaselineFunction") in str(call.principal_arn)
    assert call.resource == f"arn:aws:iam::{member}:role/{ENTRY}"
