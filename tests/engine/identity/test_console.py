"""Signing in to the console: temporary credentials of a user that say whether MFA was shown."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from local.engine import Engine
from local.identity.console import SignInFailed, sign_in
from tests.engine.authorization.people import HERE, Person, allow, refused
from tests.engine.identity.test_sts import Device

OLD, NEW = "an-old-Password-1!", "a-new-Password-1!"


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(organization=None) as engine:
        yield engine


@pytest.fixture
def person(aws: Engine) -> Person:
    found = Person(aws, f"person-{time.monotonic_ns()}")
    aws.client("iam").create_login_profile(UserName=found.name, Password=OLD)
    found.may(allow("iam:*"))
    return found


def test_it_takes_the_password_and_may_call_iam_without_mfa(aws: Engine, person: Person) -> None:
    with pytest.raises(SignInFailed):
        sign_in(aws, HERE, person.name, NEW)
    with pytest.raises(SignInFailed):
        sign_in(aws, HERE, "nobody", OLD)
    console = sign_in(aws, HERE, person.name, OLD)
    assert console.session_token
    aws.client("iam", credentials=console).list_users()
    shown = aws.client("sts", credentials=console).get_caller_identity()["Arn"]
    assert shown == f"arn:aws:iam::{HERE}:user/{person.name}"


def test_its_sessions_say_whether_mfa_was_shown(aws: Engine, person: Person) -> None:
    without_mfa = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}
    person.may(allow("iam:ListUsers", Condition=without_mfa))
    plain = sign_in(aws, HERE, person.name, OLD)
    aws.client("iam", credentials=plain).list_users()
    device = Device(aws, person)
    with pytest.raises(SignInFailed, match="no code"):
        sign_in(aws, HERE, person.name, OLD)
    shown = device.shown(1)
    with_mfa = sign_in(aws, HERE, person.name, OLD, (shown["SerialNumber"], shown["TokenCode"]))
    assert "AccessDenied" in refused(aws.client("iam", credentials=with_mfa).list_users)
    assert "AccessDenied" in refused(person.client("iam").list_users), "a key says nothing of MFA"


def test_a_password_is_changed_by_who_knows_it(aws: Engine, person: Person) -> None:
    key = person.client("iam")
    assert "incorrect" in refused(key.change_password, OldPassword=NEW, NewPassword="another-Password-1!")
    sign_in(aws, HERE, person.name, OLD)
    key.change_password(OldPassword=OLD, NewPassword=NEW)
    sign_in(aws, HERE, person.name, NEW)
    without = Person(aws, f"keyless-{time.monotonic_ns()}")
    without.may(allow("iam:*"))
    said = refused(without.client("iam").change_password, OldPassword=OLD, NewPassword=NEW)
    assert "NoSuchEntity" in said
