"""sts:AssumeRoot in the embedded AWS: one task in a member account, for whoever administers the organization."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.engine import Engine
from local.iam.root_user import RootUser, root_user
from local.identity.credentials import Credentials
from local.waiting import until
from tests.engine.organizations.accounts import administrator, code_of, new_member
from tests.engine.support import plain_moto, policy

TASKS = "arn:aws:iam::aws:policy/root-task/"
ONE, TWO = "AKIA000000000000ONE1", "AKIA000000000000TWO2"
DELETE, AUDIT = f"{TASKS}IAMDeleteRootUserCredentials", f"{TASKS}IAMAuditRootUserCredentials"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(time_scale=0.01) as running:
        running.client("organizations").enable_aws_service_access(ServicePrincipal="iam.amazonaws.com")
        running.client("iam").enable_organizations_root_sessions()
        yield running


@pytest.fixture(scope="module")
def member(engine: Engine) -> str:
    return new_member(engine)


@pytest.fixture(autouse=True)
def held(member: str) -> RootUser:
    root = root_user(member)
    root.password, root.access_keys, root.certificates, root.mfa = (
        True,
        [ONE, TWO],
        ["CERTIFICATE0000000000000"],
        True,
    )
    return root


def session(engine: Engine, account: str, task: str = DELETE) -> Credentials:
    answer = engine.client("sts").assume_root(TargetPrincipal=account, TaskPolicyArn={"arn": task})
    given = answer["Credentials"]
    return Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def test_a_session_sees_the_root_users_credentials_and_takes_them_away(
    engine: Engine, member: str, held: RootUser
) -> None:
    who = session(engine, member)
    arn = f"arn:aws:iam::{member}:root"
    assert engine.client("sts", credentials=who).get_caller_identity()["Arn"] == arn
    iam = engine.client("iam", credentials=who)
    assert iam.get_login_profile()["LoginProfile"]
    iam.delete_login_profile()
    assert code_of(iam.get_login_profile) == code_of(iam.delete_login_profile) == "NoSuchEntity"
    keys = [each["AccessKeyId"] for each in iam.list_access_keys()["AccessKeyMetadata"]]
    assert keys == [ONE, TWO]
    iam.delete_access_key(AccessKeyId=ONE)
    (certificate,) = iam.list_signing_certificates()["Certificates"]
    iam.delete_signing_certificate(CertificateId=certificate["CertificateId"])
    (device,) = iam.list_mfa_devices()["MFADevices"]
    iam.deactivate_mfa_device(SerialNumber=device["SerialNumber"])
    assert held == RootUser(access_keys=[TWO])


def test_it_does_nothing_but_its_task(engine: Engine, member: str) -> None:
    theirs = engine.client("iam", credentials=administrator(member))
    theirs.create_user(UserName="eve")
    key = theirs.create_access_key(UserName="eve")["AccessKey"]["AccessKeyId"]
    iam = engine.client("iam", credentials=session(engine, member))
    looks = engine.client("iam", credentials=session(engine, member, AUDIT))
    refused: list[tuple[Any, dict[str, str]]] = [
        (iam.delete_access_key, {"UserName": "eve", "AccessKeyId": key}),
        (iam.list_access_keys, {"UserName": "eve"}),
        (iam.create_user, {"UserName": "mallory"}),
        (engine.client("s3", credentials=session(engine, member)).list_buckets, {}),
        (looks.delete_login_profile, {}),
        (looks.delete_access_key, {"AccessKeyId": ONE}),
    ]
    assert {code_of(call, **given) for call, given in refused} == {"AccessDenied"}
    assert looks.list_access_keys()["AccessKeyMetadata"]


def test_a_service_control_policy_tells_it_from_the_root_user(engine: Engine, member: str) -> None:
    organizations = engine.client("organizations")
    root = organizations.list_roots()["Roots"][0]["Id"]
    organizations.enable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
    enabled = {"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}
    until(lambda: enabled in organizations.list_roots()["Roots"][0]["PolicyTypes"], "the policy type")
    none_but_sessions = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {
            "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"},
            "Null": {"aws:AssumedRoot": "true"},
        },
    }
    made = organizations.create_policy(
        Name="no-root", Description="-", Type="SERVICE_CONTROL_POLICY", Content=policy(none_but_sessions)
    )
    organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=member)
    itself = engine.client("iam", credentials=engine.registry.root(member))
    assert code_of(itself.list_access_keys) == "AccessDenied"
    assert engine.client("iam", credentials=session(engine, member)).list_access_keys()["AccessKeyMetadata"]


def test_who_may_open_one(engine: Engine, member: str) -> None:
    def asking(credentials: Credentials | None = None, **changed: Any) -> str:
        given = {"TargetPrincipal": member, "TaskPolicyArn": {"arn": DELETE}, **changed}
        return code_of(engine.client("sts", credentials=credentials).assume_root, **given)

    assert session(engine, f"arn:aws:iam::{member}:root")
    assert asking(administrator(member)) == "AccessDenied"
    assert asking(engine.registry.root(engine.management_account)) == "AccessDenied"
    assert asking(TargetPrincipal=engine.management_account) == "AccessDenied"
    assert asking(TargetPrincipal="999999999999") == "AccessDenied"
    assert asking(TaskPolicyArn={"arn": "arn:aws:iam::aws:policy/AdministratorAccess"}) == "ValidationError"
    assert asking(DurationSeconds=901) == "ValidationError"

    iam = engine.client("iam")
    iam.create_user(UserName="limited")
    only = {"Effect": "Allow", "Action": "sts:AssumeRoot", "Resource": f"arn:aws:iam::{member}:root",
            "Condition": {"StringEquals": {"sts:TaskPolicyArn": AUDIT}}}  # fmt: skip
    iam.put_user_policy(UserName="limited", PolicyName="only", PolicyDocument=policy(only))
    key = iam.create_access_key(UserName="limited")["AccessKey"]
    limited = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    assert asking(limited) == "AccessDenied"
    assert engine.client("sts", credentials=limited).assume_root(
        TargetPrincipal=member, TaskPolicyArn={"arn": AUDIT}
    )["Credentials"]

    iam.disable_organizations_root_sessions()
    assert asking() == "AccessDenied"
    iam.enable_organizations_root_sessions()


def test_plain_moto_still_has_none() -> None:
    """Nor does it take a policy about a root user."""
    said = plain_moto(f"""
        sts, iam = client("sts"), client("iam")
        allow = {policy({"Effect": "Allow", "Action": "sts:AssumeRoot", "Resource": "arn:aws:iam::*:root"})!r}
        for call in (
            lambda: sts.assume_root(TargetPrincipal="123456789012", TaskPolicyArn={{"arn": "{DELETE}"}}),
            lambda: iam.create_policy(PolicyName="root", PolicyDocument=allow),
        ):
            try: call()
            except Exception as e: print(type(e).__name__)
    """)
    assert said.split() == ["NotImplementedError", "MalformedPolicyDocumentException"]
