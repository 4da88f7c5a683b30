"""Somebody leaves: one line out of the declaration, one roll-out, and every door is tried."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.identity.console import SignInFailed, sign_in
from local.identity.credentials import Credentials
from tests.workflow.conftest import TIME_SCALE, Cloud, Slot, bootstrapped, deployed, groundwork_of_ones_own
from tests.workflow.people import PASSWORD, User, enter, keys, with_device

ADMIN = "allow-admin-from-security-account"
ADA = "{name: ada, groups: [admin-external-accounts, ro-external-accounts]}"
BOB = "{name: bob, groups: [admin-external-accounts]}"


def declaring(to: Path, users: str, *more: str) -> Path:
    """The template of a Groundwork with these users."""
    template = groundwork_of_ones_own(to)
    declaration = to / "layers/baseline/baseline.yaml"
    text = declaration.read_text()
    assert "  users: []" in text
    declaration.write_text(text.replace("  users: []", "\n  ".join([f"  users: [{users}]", *more]), 1))
    return template


def arrives(cloud: Cloud, security: str, name: str) -> User:
    """What an administrator and the user do after the roll-out: a password, a key, a device."""
    iam = cloud.inside("iam", security)
    iam.create_login_profile(UserName=name, Password=PASSWORD)
    return with_device(cloud, keys(iam.create_access_key(UserName=name)["AccessKey"]), name)


def works(cloud: Cloud, who: Credentials) -> bool:
    try:
        cloud.aws.client("iam", credentials=who).list_roles()
    except ClientError:
        return False
    return True


def test_who_left_is_out_of_every_door(slot: Slot, tmp_path: Path) -> None:
    before = declaring(tmp_path / "before", f"{ADA}, {BOB}")
    cloud = bootstrapped(deployed(slot.own(time_scale=TIME_SCALE), before))
    security = cloud.declared("security")
    name, email = cloud.fresh()
    dev = str(
        cloud.ask(accountName=name, email=email, organizationalUnit="Workloads/Development").output[
            "accountId"
        ]
    )
    ada, bob = arrives(cloud, security, "ada"), arrives(cloud, security, "bob")
    inside = enter(cloud, ada.session, dev, ADMIN)
    assert inside
    doors = [ada.session, inside]
    assert all(works(cloud, door) for door in doors)

    # IAM counts in seconds; a deployment takes longer than that.
    now = (datetime.now(UTC) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    after = declaring(tmp_path / "after", BOB, f"revokeSessionsBefore: {now}")
    cloud.outputs.update(cloud.aws.deploy(after))
    cloud.all_ended()
    done = cloud.roll_out()
    assert done.status == "SUCCEEDED", str(done)
    assert not done.output["failures"]

    assert not [door for door in doors if works(cloud, door)]
    for who in (ada.key, ada.session):
        with pytest.raises(ClientError, match="InvalidClientTokenId"):
            enter(cloud, who, dev, ADMIN)
    with pytest.raises(SignInFailed):
        sign_in(cloud.aws, security, "ada", PASSWORD)
    iam: Any = cloud.inside("iam", security)
    assert [user["UserName"] for user in iam.list_users()["Users"]] == ["bob"]
    devices = iam.list_virtual_mfa_devices()["VirtualMFADevices"]
    assert [device["SerialNumber"].rpartition("/")[2] for device in devices] == ["bob"]
    entered = enter(cloud, bob.session, dev, ADMIN)
    assert entered
    assert works(cloud, entered)
    assert cloud.roll_out().output["accounts"] == {"unchanged": 3}
