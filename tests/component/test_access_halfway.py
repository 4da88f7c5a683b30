"""access: a removal that dies at any of its calls, and sessions that are open meanwhile."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from groundwork.baseline.components.access.revocation import revocation
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from local.identity.credentials import Credentials
from tests.component.access import (
    ACCESS,
    ADMIN,
    ANYTHING,
    DEV,
    READER,
    SUPPORT,
    baselined,
    declared,
    holdings,
    is_in,
)
from tests.component.conftest import World
from tests.component.crashing import crash
from tests.component.leavers import (
    leaving_group,
    leaving_policy,
    leaving_role,
    leaving_user,
)
from tests.component.sabotage import prove_complete
from tests.component.test_access_doors import without_and_with_mfa
from tests.component.without_aws import ON_ENGINE

RO = "ro-external-accounts"

CALLS = 30
"""Of the removal below."""


@pytest.fixture(scope="module")
def tidy(world: World) -> Account:
    """A security account with its baseline, which every example leaves so."""
    account = world.account("security", "Security")
    world.apply(ACCESS, account)
    return account


@ON_ENGINE
@given(after=st.integers(0, CALLS - 1))
def test_wherever_a_removal_dies_the_next_run_ends_it(world: World, tidy: Account, after: int) -> None:
    good = holdings(world, tidy)
    lay_down_all(world, tidy)
    assert crash(world, tidy, after)
    prove_complete(world, ACCESS, tidy)
    assert holdings(world, tidy) == good
    assert world.client("iam", tidy).list_virtual_mfa_devices()["VirtualMFADevices"] == []


def test_so_many_calls_are_walked(world: World, tidy: Account) -> None:
    lay_down_all(world, tidy)
    assert not crash(world, tidy, CALLS)
    lay_down_all(world, tidy)
    assert crash(world, tidy, CALLS - 1)
    world.apply(ACCESS, tidy)


def lay_down_all(world: World, account: Account) -> None:
    leaving_group(world.client("iam", account))
    leaving_user(world.client("iam", account), "leaver", RO, "forgotten-people")
    leaving_role(world.client("iam", account))
    leaving_policy(world.client("iam", account))


# -- sessions that are open --------------------------------------------------------------------------


def test_sessions_of_peoples_roles_that_began_earlier_are_denied_and_may_begin_anew(world: World) -> None:
    account = baselined(world)
    world.apply(ACCESS, world.security)
    iam = world.client("iam", world.security)
    iam.create_user(UserName="colleague")
    iam.add_user_to_group(UserName="colleague", GroupName=RO)
    _, person = without_and_with_mfa(world, world.security, "colleague")
    arn = f"arn:aws:iam::{account.id}:role/{READER}"

    entered = world.aws.client("sts", credentials=person).assume_role(
        RoleArn=arn, RoleSessionName="colleague"
    )
    made = entered["Credentials"]
    session = Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])

    def revoked_before(when: datetime) -> Declaration:
        return declared(lambda access: access.update(revokeSessionsBefore=when.isoformat()))

    began = datetime.now(UTC)
    changes = prove_complete(world, ACCESS, account, declaration=revoked_before(began + timedelta(hours=1)))
    people = (ADMIN, DEV, READER, SUPPORT)
    assert {change.resource for change in changes} == {f"role/{name}" for name in people}
    with pytest.raises(ClientError, match="explicit deny"):
        world.aws.client("iam", credentials=session).list_roles()
    prove_complete(world, ACCESS, account, declaration=revoked_before(began - timedelta(hours=1)))
    assert is_in(world, session)
    assert prove_complete(world, ACCESS, account)
    assert is_in(world, session)


def test_sessions_that_somebody_revoked_by_hand_stay_so(world: World) -> None:
    account = baselined(world)
    iam = world.client("iam", account)
    by_hand = {"RoleName": READER, "PolicyName": "AWSRevokeOlderSessions"}
    document = json.dumps(revocation(datetime.now(UTC)))
    iam.put_role_policy(**by_hand, PolicyDocument=document)
    before = holdings(world, account)
    (report,) = world.apply(ACCESS, account)
    assert (report.action, report.severity) == ("report", "low")
    assert "older sessions were revoked by hand" in report.reason
    assert holdings(world, account) == before
    iam.put_role_policy(**by_hand, PolicyDocument=json.dumps(ANYTHING))
    (made,) = prove_complete(world, ACCESS, account)
    assert (made.action, made.severity) == ("update", "high")
