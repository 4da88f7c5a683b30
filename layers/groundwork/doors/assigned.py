"""Who is assigned the permission sets that are in accounts, asked of IAM Identity Center.

https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_ListAccountAssignments.html
https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_DescribeGroup.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any

from botocore.exceptions import ClientError

from groundwork.baseline.components.permission_sets import instance
from groundwork.baseline.components.permission_sets.identities import is_absent
from groundwork.doors.permission_sets import called, name_of, of_center, region_of, without
from groundwork.doors.premises import PermissionSet, Place, Premises
from groundwork.side_by_side import side_by_side

Clients = Callable[[str, str], Any]
"""Of a service, in a Region, with the credentials of the management account or of the delegated administrator."""


DENIED = ("AccessDenied", "AccessDeniedException")
NOT_ALLOWED = "you may not ask it. Have somebody allow you sso:List*, sso:DescribePermissionSet and identitystore:Describe*"
NOT_BY_THE_KEY = "you may not use its key in AWS KMS. Have somebody allow you kms:Decrypt by it, in its policy and in yours"


def with_held(premises: Premises, clients: Clients) -> Premises:
    """With who is assigned the permission sets that are in these accounts; without them, and with a note, where that is not
    shown."""
    region = region_of(role for place in premises.places.values() for role in place.roles)
    if region is None:
        return premises
    try:
        if center := _center(clients, region, premises.organization.management_account_id):
            asked = (partial(center.seen_in, place) for place in premises.places.values())
            return replace(premises, places={place.account.id: place for place in side_by_side(*asked)})
        why = f"no instance of the organization is shown to you in {region}"
    except ClientError as refused:
        if refused.response["Error"]["Code"] not in DENIED:
            raise
        why = NOT_BY_THE_KEY if refused.response.get("Reason") else NOT_ALLOWED
    note = f"Who comes in by IAM Identity Center is left out: {why}."
    return replace(without(premises), notes=(*premises.notes, note), shows_assignments=False)


def _center(clients: Clients, region: str, management: str) -> _Center | None:
    """The organization's instance, which the management account owns."""
    sso = clients("sso-admin", region)
    pages = sso.get_paginator("list_instances").paginate()
    found = (
        each for page in pages for each in page.get("Instances", []) if each["OwnerAccountId"] == management
    )
    its = next(found, None)
    return _Center(sso, clients("identitystore", region), its) if its else None


class _Center:
    def __init__(self, sso: Any, store: Any, its: Mapping[str, Any]) -> None:
        self._sso, self._store = sso, store
        self._instance, self._identities = its["InstanceArn"], its["IdentityStoreId"]
        pages = sso.get_paginator("list_permission_sets").paginate(InstanceArn=self._instance)
        arns = [arn for page in pages for arn in page.get("PermissionSets", [])]
        names = side_by_side(*(partial(self._name, arn) for arn in arns))
        self._arns = dict(zip(names, arns, strict=True))
        self._who = cache(self._called)
        self._is_ours = cache(self._has_tag)

    def seen_in(self, place: Place) -> Place:
        """An account with who is assigned the permission sets that are there. One that is being taken away is nobody's."""
        found = {}
        for role in place.roles:
            if name := name_of(role):
                arn = self._arns.get(name)
                people = self._assigned(place.account.id, arn) if arn else frozenset()
                of_others = arn is not None and not self._is_ours(arn)
                found[role.name] = PermissionSet(called(name, of_others=of_others), people)
        return replace(place, permission_sets=found)

    def _name(self, arn: str) -> str:
        described = self._sso.describe_permission_set(InstanceArn=self._instance, PermissionSetArn=arn)
        return str(described["PermissionSet"]["Name"])

    def _has_tag(self, arn: str) -> bool:
        pages = self._sso.get_paginator("list_tags_for_resource").paginate(
            InstanceArn=self._instance, ResourceArn=arn
        )
        return any(tag == instance.OURS for page in pages for tag in page.get("Tags", []))

    def _assigned(self, account: str, arn: str) -> frozenset[str]:
        pages = self._sso.get_paginator("list_account_assignments").paginate(
            InstanceArn=self._instance, AccountId=account, PermissionSetArn=arn
        )
        return frozenset(
            self._who(each["PrincipalType"], each["PrincipalId"])
            for page in pages
            for each in page.get("AccountAssignments", [])
        )

    def _called(self, kind: str, id_: str) -> str:
        """By name; one that has been deleted still has its assignments, and stands by its id."""
        try:
            if kind == "GROUP":
                group = self._store.describe_group(IdentityStoreId=self._identities, GroupId=id_)
                return of_center(group.get("DisplayName", id_))
            user = self._store.describe_user(IdentityStoreId=self._identities, UserId=id_)
            return of_center(f"user {user.get('UserName', id_)}")
        except ClientError as gone:
            if not is_absent(gone, kind):
                raise
            return of_center(f"the deleted {kind.lower()} {id_}")
