"""STS over HTTP: whose session it is, what MFA changes, and what a session may not do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from local.authorization import state
from local.engine import Engine
from local.identity import totp
from local.identity.credentials import Credentials
from local.identity.principals import Principal
from tests.engine.authorization.people import HERE, Person, allow, refused
from tests.engine.support import plain_moto, policy

THERE = "222222222222"
ASSUME = allow("sts:AssumeRole")


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.05) as engine:
        yield engine


@pytest.fixture
def person(aws: Engine, request: pytest.FixtureRequest) -> Person:
    return Person(aws, request.node.name.split("[")[0][-40:] + str(time.monotonic_ns())[-8:])


class Device:
    """A virtual MFA device, enabled for a person."""

    def __init__(self, aws: Engine, person: Person) -> None:
        iam = aws.client("iam")
        made = iam.create_virtual_mfa_device(VirtualMFADeviceName=person.name)["VirtualMFADevice"]
        self.serial, self.seed = made["SerialNumber"], made["Base32StringSeed"]
        first, second = totp.consecutive_codes(self.seed)
        enable = {"UserName": person.name, "SerialNumber": self.serial, "AuthenticationCode1": first}
        iam.enable_mfa_device(**enable, AuthenticationCode2=second)

    def shown(self, later: int = 0) -> dict[str, str]:
        code = totp.code(self.seed, time.time() + later * totp.STEP_SECONDS)
        return {"SerialNumber": self.serial, "TokenCode": code}


def session(answer: Any) -> Credentials:
    given = answer["Credentials"]
    return Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def role(aws: Engine, name: str, principal: Any, *may: dict[str, Any], **more: Any) -> str:
    """A role here whose trust names `principal`; condition and further arguments of CreateRole in `more`."""
    trust = {"Effect": "Allow", "Principal": principal, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    if condition := more.pop("Condition", None):
        trust["Condition"] = condition
    iam = aws.client("iam")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust), **more)["Role"]
    if may:
        iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=policy(*may))
    return str(made["Arn"])


ANYBODY_HERE = {"AWS": f"arn:aws:iam::{HERE}:root"}
WITH_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def test_totp_gives_the_codes_of_rfc_6238() -> None:
    import base64

    seed = base64.b32encode(b"12345678901234567890").decode()
    vectors = {59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130"}
    assert {moment: totp.code(seed, moment) for moment in vectors} == vectors


def test_a_device_is_enabled_only_by_two_codes_in_a_row(aws: Engine, person: Person) -> None:
    iam = aws.client("iam")
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName=person.name)["VirtualMFADevice"]
    first, second = totp.consecutive_codes(made["Base32StringSeed"])
    enable = {"UserName": person.name, "SerialNumber": made["SerialNumber"]}
    wrong = {"AuthenticationCode1": second, "AuthenticationCode2": first}
    assert "InvalidAuthenticationCode" in refused(iam.enable_mfa_device, **enable, **wrong)
    assert iam.list_mfa_devices(UserName=person.name)["MFADevices"] == []
    iam.enable_mfa_device(**enable, AuthenticationCode1=first, AuthenticationCode2=second)
    assert len(iam.list_mfa_devices(UserName=person.name)["MFADevices"]) == 1


def test_get_session_token_wants_the_code_of_ones_own_device_once(aws: Engine, person: Person) -> None:
    device, other = Device(aws, person), Device(aws, Person(aws, f"other-{person.name}"[:60]))
    get = person.client("sts").get_session_token
    assert "invalid MFA one time pass code" in refused(get, SerialNumber=device.serial, TokenCode="000000")
    assert "AccessDenied" in refused(get, **other.shown())
    assert "AccessDenied" in refused(get, SerialNumber=device.serial)
    assert "AccessDenied" in refused(get, **device.shown(later=9))
    shown = device.shown()
    get(**shown)
    assert "invalid MFA one time pass code" in refused(get, **shown)


def test_mfa_is_true_after_it_false_without_it_and_absent_for_long_term_keys(
    aws: Engine, person: Person
) -> None:
    device = Device(aws, person)
    present = allow("sqs:ListQueues", Condition=WITH_MFA)
    person.may(present)
    with_mfa = session(person.client("sts").get_session_token(**device.shown()))
    without = session(person.client("sts").get_session_token())

    def may(credentials: Credentials) -> bool:
        try:
            aws.client("sqs", credentials=credentials).list_queues()
        except aws.client("sqs").exceptions.ClientError:
            return False
        return True

    assert (may(with_mfa), may(without), may(person.credentials)) == (True, False, False)
    key_is = {"Null": {"aws:MultiFactorAuthPresent": "true"}}
    person.may(allow("sqs:ListQueues", Condition=key_is))
    assert (may(with_mfa), may(without), may(person.credentials)) == (False, False, True)
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    person.may(allow("*"), {**deny, "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}})
    assert (may(with_mfa), may(without), may(person.credentials)) == (True, False, False)


def test_the_limits_of_a_session_of_get_session_token(aws: Engine, person: Person) -> None:
    person.may(allow("*"))
    device = Device(aws, person)
    without = session(person.client("sts").get_session_token())
    with_mfa = session(person.client("sts").get_session_token(**device.shown()))
    assert "AccessDenied" in refused(aws.client("iam", credentials=without).list_users)
    aws.client("iam", credentials=with_mfa).list_users()
    assert "AccessDenied" in refused(aws.client("sts", credentials=with_mfa).get_session_token)
    identity = aws.client("sts", credentials=without).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:iam::{HERE}:user/{person.name}"


def test_a_trust_that_names_the_account_leaves_it_to_identity_policies(aws: Engine, person: Person) -> None:
    arn = role(aws, "by-account", ANYBODY_HERE)
    assume = person.client("sts").assume_role
    said = refused(assume, RoleArn=arn, RoleSessionName="me")
    assert "not authorized to perform: sts:AssumeRole on resource: " + arn in said
    person.may(ASSUME)
    assume(RoleArn=arn, RoleSessionName="me")


def test_a_trust_that_names_the_user_is_enough_in_one_account(aws: Engine, person: Person) -> None:
    arn = role(aws, "by-user", {"AWS": f"arn:aws:iam::{HERE}:user/{person.name}"})
    person.client("sts").assume_role(RoleArn=arn, RoleSessionName="me")
    person.may({"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"})
    assert "explicit deny" in refused(person.client("sts").assume_role, RoleArn=arn, RoleSessionName="me")


def test_across_accounts_both_sides_must_agree(aws: Engine, person: Person) -> None:
    iam = state.iam(THERE)
    trust = policy(
        {"Effect": "Allow", "Principal": ANYBODY_HERE, "Action": "sts:AssumeRole", "Condition": WITH_MFA}
    )
    arn = iam.create_role("across", trust, "/", None, "", [], "3600").arn
    device = Device(aws, person)
    mfa = session(person.client("sts").get_session_token(**device.shown()))
    assume = aws.client("sts", credentials=mfa).assume_role
    assert "no identity-based policy" in refused(assume, RoleArn=arn, RoleSessionName="me")
    person.may(ASSUME)
    assert "role trust policy" in refused(person.client("sts").assume_role, RoleArn=arn, RoleSessionName="me")
    entered = session(assume(RoleArn=arn, RoleSessionName="me"))
    identity = aws.client("sts", credentials=entered).get_caller_identity()
    assert identity["Account"] == THERE
    assert identity["Arn"] == f"arn:aws:sts::{THERE}:assumed-role/across/me"
    assert identity["UserId"].endswith(":me")


def test_assume_role_takes_the_code_itself(aws: Engine, person: Person) -> None:
    arn = role(aws, "with-code", ANYBODY_HERE, Condition=WITH_MFA)
    person.may(ASSUME)
    device = Device(aws, person)
    assume = person.client("sts").assume_role
    wrong = {"SerialNumber": device.serial, "TokenCode": "000000"}
    assert "one time pass code" in refused(assume, RoleArn=arn, RoleSessionName="me", **wrong)
    assume(RoleArn=arn, RoleSessionName="me", **device.shown())


def test_mfa_is_not_carried_through_a_chain(aws: Engine, person: Person) -> None:
    first = role(aws, "chain-1", ANYBODY_HERE, ASSUME, Condition=WITH_MFA)
    second = role(aws, "chain-2", ANYBODY_HERE, Condition=WITH_MFA)
    person.may(ASSUME)
    device = Device(aws, person)
    hop = session(person.client("sts").assume_role(RoleArn=first, RoleSessionName="me", **device.shown()))
    said = refused(aws.client("sts", credentials=hop).assume_role, RoleArn=second, RoleSessionName="me")
    assert "role trust policy" in said


def test_durations(aws: Engine, person: Person) -> None:
    long = role(aws, "long", ANYBODY_HERE, ASSUME, MaxSessionDuration=7200)
    person.may(ASSUME)
    assume = person.client("sts").assume_role
    assert "ValidationError" in refused(assume, RoleArn=long, RoleSessionName="me", DurationSeconds=43201)
    assert "MaxSessionDuration" in refused(assume, RoleArn=long, RoleSessionName="me", DurationSeconds=7201)
    hop = session(assume(RoleArn=long, RoleSessionName="me", DurationSeconds=7200))
    chained = aws.client("sts", credentials=hop).assume_role
    assert "role chaining" in refused(chained, RoleArn=long, RoleSessionName="me", DurationSeconds=3601)
    chained(RoleArn=long, RoleSessionName="me", DurationSeconds=3600)


def test_a_session_policy_intersects(aws: Engine, person: Person) -> None:
    arn = role(aws, "wide", ANYBODY_HERE, allow("*"))
    person.may(ASSUME)
    assume = person.client("sts").assume_role
    narrow = session(assume(RoleArn=arn, RoleSessionName="me", Policy=policy(allow("sqs:ListQueues"))))
    aws.client("sqs", credentials=narrow).list_queues()
    assert "no session policy allows" in refused(aws.client("iam", credentials=narrow).list_users)
    too_long = policy(allow([f"sqs:{'x' * 100}{n}" for n in range(20)]))
    assert "ValidationError" in refused(assume, RoleArn=arn, RoleSessionName="me", Policy=too_long)
    assert "MalformedPolicyDocument" in refused(assume, RoleArn=arn, RoleSessionName="me", Policy="{}")
    read = {"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]}
    reader = session(assume(RoleArn=arn, RoleSessionName="me", **read))
    aws.client("iam", credentials=reader).list_users()
    assert "no session policy" in refused(aws.client("sqs", credentials=reader).create_queue, QueueName="q")


def test_session_tags_are_a_permission_and_become_principal_tags(aws: Engine, person: Person) -> None:
    own = {"StringEquals": {"aws:PrincipalTag/team": "core"}}
    arn = role(aws, "tagged-session", ANYBODY_HERE, allow("sqs:ListQueues", Condition=own))
    person.may(ASSUME)
    assume, tags = person.client("sts").assume_role, [{"Key": "team", "Value": "core"}]
    assert "sts:TagSession" in refused(assume, RoleArn=arn, RoleSessionName="me", Tags=tags)
    person.may(allow(["sts:AssumeRole", "sts:TagSession"]))
    tagged = session(assume(RoleArn=arn, RoleSessionName="me", Tags=tags))
    aws.client("sqs", credentials=tagged).list_queues()
    plain = session(assume(RoleArn=arn, RoleSessionName="me"))
    assert "AccessDenied" in refused(aws.client("sqs", credentials=plain).list_queues)


def test_an_external_id_is_a_condition(aws: Engine, person: Person) -> None:
    arn = role(aws, "external", ANYBODY_HERE, Condition={"StringEquals": {"sts:ExternalId": "s3cret"}})
    person.may(ASSUME)
    assume = person.client("sts").assume_role
    assert "AccessDenied" in refused(assume, RoleArn=arn, RoleSessionName="me")
    assume(RoleArn=arn, RoleSessionName="me", ExternalId="s3cret")


def test_the_condition_on_ones_role_sees_its_path(aws: Engine, person: Person) -> None:
    pipeline = {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{HERE}:role/ci-cd/*"}}
    deploy = role(aws, "deploy", ANYBODY_HERE, Condition=pipeline)
    runner = role(aws, "runner", ANYBODY_HERE, ASSUME, Path="/ci-cd/")
    person.may(ASSUME)
    assert "role trust policy" in refused(
        person.client("sts").assume_role, RoleArn=deploy, RoleSessionName="me"
    )
    running = session(person.client("sts").assume_role(RoleArn=runner, RoleSessionName="job"))
    aws.client("sts", credentials=running).assume_role(RoleArn=deploy, RoleSessionName="job")


def test_the_organization_of_the_role_is_a_condition_of_who_assumes(aws: Engine, person: Person) -> None:
    organization = aws.client("organizations").describe_organization()["Organization"]["Id"]
    arn = role(aws, "ours", ANYBODY_HERE)
    trust = policy({"Effect": "Allow", "Principal": ANYBODY_HERE, "Action": "sts:AssumeRole"})
    foreign = state.iam("333333333333").create_role("ours", trust, "/", None, "", [], "3600").arn
    person.may({**ASSUME, "Condition": {"StringEquals": {"aws:ResourceOrgID": organization}}})
    person.client("sts").assume_role(RoleArn=arn, RoleSessionName="me")
    assert "AccessDenied" in refused(person.client("sts").assume_role, RoleArn=foreign, RoleSessionName="me")


def test_the_root_user_assumes_no_role(aws: Engine) -> None:
    arn = role(aws, "for-root", ANYBODY_HERE)
    root = aws.registry.root(HERE)
    assert "AccessDenied" in refused(
        aws.client("sts", credentials=root).assume_role, RoleArn=arn, RoleSessionName="me"
    )
    assert aws.client("sts", credentials=root).get_caller_identity()["Arn"] == f"arn:aws:iam::{HERE}:root"


def test_a_role_that_is_not_there_looks_like_one_that_refuses(aws: Engine, person: Person) -> None:
    person.may(allow("*"))
    gone = f"arn:aws:iam::{HERE}:role/gone"
    assert "AccessDenied" in refused(person.client("sts").assume_role, RoleArn=gone, RoleSessionName="me")


def test_an_expired_session_and_a_wrong_token_are_refused(aws: Engine) -> None:
    now = time.time()
    arn = f"arn:aws:sts::{HERE}:assumed-role/r/s"
    ended = Principal("assumed-role", HERE, arn, "AROA:s", "s", issued=now - 10, expires=now - 1)
    over = aws.registry.issue(ended)
    assert "ExpiredToken" in refused(aws.client("sts", credentials=over).get_caller_identity)
    live = aws.registry.issue(
        Principal("assumed-role", HERE, arn, "AROA:s", "s", issued=now, expires=now + 60)
    )
    stolen = Credentials(live.access_key_id, live.secret_access_key, "another token")
    assert "InvalidClientTokenId" in refused(aws.client("sts", credentials=stolen).get_caller_identity)


def test_a_service_assumes_only_what_trusts_it(aws: Engine) -> None:
    source = f"arn:aws:events:us-east-1:{HERE}:rule/r"
    condition = {"ArnEquals": {"aws:SourceArn": source}}
    arn = role(aws, "for-events", {"Service": "events.amazonaws.com"}, Condition=condition)
    may = aws.authorizer.service_assume
    assert may(arn, "events.amazonaws.com", source_arn=source)
    assert not may(arn, "events.amazonaws.com", source_arn=source + "-2")
    assert not may(arn, "lambda.amazonaws.com", source_arn=source)
    assert not may(arn + "-gone", "events.amazonaws.com", source_arn=source)


def test_plain_moto_gives_everybody_the_same_session_and_asks_no_code() -> None:
    said = plain_moto(
        """
        sts = client("sts")
        one = sts.get_session_token(SerialNumber="arn:aws:iam::1:mfa/x", TokenCode="000000")["Credentials"]
        sts.assume_role(RoleArn="arn:aws:iam::999999999999:role/nobody-made", RoleSessionName="me")
        print(one["AccessKeyId"])
        """
    )
    assert said == "AKIAIOSFODNN7EXAMPLE"
