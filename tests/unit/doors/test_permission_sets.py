"""Permission sets as doors: which roles they are, and who is assigned them, as IAM Identity Center answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from groundwork.baseline.components.access.state import RoleState
from groundwork.contracts import Account
from groundwork.doors.assigned import with_held
from groundwork.doors.changes import changes
from groundwork.doors.permission_sets import name_of, region_of
from groundwork.doors.premises import Place, Premises
from groundwork.doors.sentences import sentences
from groundwork.doors.table import doors
from prove.laid_down import ORGANIZATION

ID = "400000000000"
PROVIDER = f"arn:aws:iam::{ID}:saml-provider/AWSSSO_0a1b2c3d4e5f6789_DO_NOT_DELETE"
READ_ONLY = frozenset(["arn:aws:iam::aws:policy/ReadOnlyAccess"])
OURS = [{"Key": "managed-by", "Value": "groundwork"}]


def trusting(**principal: Any) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": principal,
        "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"],
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


ROLE = RoleState(
    "AWSReservedSSO_Reader_0123456789abcdef",
    "/aws-reserved/sso.amazonaws.com/eu-central-1/",
    attached=READ_ONLY,
    trust=trusting(Federated=PROVIDER),
)
ACCOUNT = Account(id=ID, name="dev", email="aws+dev@example.com", kind="workload")


def premises(*roles: RoleState) -> Premises:
    return Premises(ORGANIZATION, {ID: Place(ACCOUNT, "dev", roles=roles)})


class Center:
    """Both services: `assigned` are principals of the permission set Reader, `tags` its tags."""

    def __init__(
        self, *assigned: tuple[str, str], tags: Any = (), owner: str = "", denied: str = "", reason: str = ""
    ) -> None:
        self.assigned, self.tags, self.denied, self.reason = assigned, tags, denied, reason
        self.owner = owner or ORGANIZATION.management_account_id
        self.regions: list[str] = []

    def __call__(self, service: str, region: str) -> Any:
        assert service in ("sso-admin", "identitystore")
        self.regions.append(region)
        return self

    def get_paginator(self, operation: str) -> Any:
        if operation == self.denied:
            raise refusal("AccessDeniedException", self.reason)
        pages: dict[str, Any] = {
            "list_instances": {
                "Instances": [{"InstanceArn": "it", "IdentityStoreId": "d-1", "OwnerAccountId": self.owner}]
            },
            "list_permission_sets": {"PermissionSets": ["ps"]},
            "list_tags_for_resource": {"Tags": self.tags},
            "list_account_assignments": {
                "AccountAssignments": [
                    {"PrincipalType": kind, "PrincipalId": id_} for kind, id_ in self.assigned
                ]
            },
        }
        return Pages(pages[operation])

    def describe_permission_set(self, **_: str) -> Any:
        return {"PermissionSet": {"Name": "Reader"}}

    def describe_group(self, **given: str) -> Any:
        if given["GroupId"] == "gone":
            raise refusal("ResourceNotFoundException", self.reason)
        return {"DisplayName": given["GroupId"].title()}

    def describe_user(self, **given: str) -> Any:
        return {"UserName": given["UserId"]}


class Pages:
    def __init__(self, page: Any) -> None:
        self.page = page

    def paginate(self, **_: str) -> list[Any]:
        return [self.page]


def refusal(code: str, reason: str = "") -> ClientError:
    told = {"Error": {"Code": code, "Message": "no"}, **({"Reason": reason} if reason else {})}
    return ClientError(told, "operation")  # type: ignore[arg-type]


def test_whoever_is_assigned_comes_in_and_nobody_else() -> None:
    center = Center(("GROUP", "readers"), ("USER", "ada"), ("GROUP", "gone"), tags=OURS)
    found = with_held(premises(ROLE), center)
    assert set(center.regions) == {"eu-central-1"}
    told = {(door.role, door.who, door.power.words) for door in doors(found) if door.account.id == ID}
    assert told == {
        ("permission set Reader", f"{who} of IAM Identity Center", "reads")
        for who in ("Readers", "user ada", "the deleted group gone")
    }
    opened = sentences(changes(premises(), found))
    assert len(opened) == 1
    assert opened[0].startswith(
        "opens: Readers of IAM Identity Center, the deleted group gone of IAM Identity Center and "
    )
    assert opened[0].endswith(
        "may enter dev by permission set Reader: reads, with MFA where IAM Identity Center demands it"
    )


def test_nobody_is_told_as_deleted_where_the_key_is_gone() -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        with_held(premises(ROLE), Center(("GROUP", "gone"), reason="KMS_KEY_NOT_FOUND"))


def test_what_somebody_else_made_is_told_as_that() -> None:
    found = with_held(premises(ROLE), Center(("GROUP", "readers")))
    assert {door.role for door in doors(found)} == {"permission set Reader of others"}


@pytest.mark.parametrize(
    ("center", "why"),
    [
        (
            Center(denied="list_account_assignments"),
            "you may not ask it. Have somebody allow you sso:List*, sso:DescribePermissionSet and identitystore:Describe*.",
        ),
        (
            Center(denied="list_permission_sets", reason="KMS_AccessDeniedException"),
            "you may not use its key in AWS KMS. Have somebody allow you kms:Decrypt by it, in its policy and in yours.",
        ),
        (
            Center(owner="999999999999"),
            "no instance of the organization is shown to you in eu-central-1.",
        ),
    ],
    ids=["denied", "not by the key", "of the account alone"],
)
def test_where_nobody_tells_who_is_assigned_it_is_left_out_and_said(center: Center, why: str) -> None:
    found = with_held(premises(ROLE), center)
    assert doors(found) == []
    assert found.notes == (f"Who comes in by IAM Identity Center is left out: {why}",)
    assert not found.shows_assignments


@pytest.mark.parametrize(
    "other",
    [
        replace(ROLE, path="/"),
        replace(ROLE, name="AWSReservedSSO_Reader"),
        replace(ROLE, trust=trusting(Federated=PROVIDER, AWS="999999999999")),
        replace(ROLE, trust=trusting(Federated=f"arn:aws:iam::{ID}:saml-provider/mine")),
        replace(ROLE, trust=trusting(AWS="*")),
    ],
    ids=["path", "name", "another besides", "another provider", "everybody"],
)
def test_a_role_that_looks_like_one_is_judged_by_its_trust(other: RoleState) -> None:
    assert name_of(other) == ""

    def nobody_is_asked(service: str, region: str) -> Any:
        raise AssertionError((service, region))

    asked: Callable[[str, str], Any] = nobody_is_asked
    assert with_held(premises(other), asked) == premises(other)


def test_the_region_stands_in_the_path_but_for_the_first_one() -> None:
    assert region_of([replace(ROLE, path="/aws-reserved/sso.amazonaws.com/")]) == "us-east-1"
    assert region_of([ROLE]) == "eu-central-1"
    assert region_of([replace(ROLE, path="/")]) is None
