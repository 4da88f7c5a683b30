"""The documents that accounts really hold, read by IAM's GetAccountAuthorizationDetails alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from groundwork.aws.sessions import Permission
from groundwork.baseline.components.access.state import read
from groundwork.contracts import Account, Organization
from groundwork.declaration import Declaration
from groundwork.doors.declared import called, control_over
from groundwork.doors.premises import Place, Premises

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_iam.literals import EntityTypeType

LOOKS = Permission(("iam:GetAccountAuthorizationDetails",))
"""All that a session needs, and all that it may do."""
EVERYTHING: tuple[EntityTypeType, ...] = (
    "User",
    "Role",
    "Group",
    "LocalManagedPolicy",
    "AWSManagedPolicy",
)
AT_ONCE = 16
Enter = Callable[[Account], "IAMClient"]
"""IAM in an account, with no more than `LOOKS`."""


class NotEntered(Exception):
    """The message is a sentence that says why an account could not be looked at."""


def held(
    declaration: Declaration, organization: Organization, accounts: Sequence[Account], enter: Enter
) -> Premises:
    """What is in these accounts. Of one that cannot be entered, `NotEntered`, a note says so. Service control policies are
    those that the declaration lays down."""

    def look(account: Account) -> Place | str:
        place = Place(account, called(account), control=control_over(declaration, organization, account))
        try:
            return filled(place, enter(account))
        except NotEntered as why:
            return str(why)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        seen = list(pool.map(look, accounts))
    places = {each.account.id: each for each in seen if isinstance(each, Place)}
    return Premises(organization, places, tuple(each for each in seen if isinstance(each, str)))


def filled(place: Place, iam: IAMClient) -> Place:
    """The account with what its IAM says of itself."""
    found = read(iam, EVERYTHING, ())
    return replace(
        place,
        roles=list(found.roles.values()),
        groups=list(found.groups.values()),
        users=list(found.users.values()),
        policies={arn: policy.document for arn, policy in found.policies.items()},
    )


def without_members(premises: Premises) -> Premises:
    """Without users who have no policy but those of their groups: what they may do is what the groups may, and who is in a
    group is not declared where no users are."""
    places = {
        id_: replace(
            place, users=[user for user in place.users if user.inline or user.attached or user.boundary]
        )
        for id_, place in premises.places.items()
    }
    return replace(premises, places=places)
