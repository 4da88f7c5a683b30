"""`python -m checks.live` holds after a vend, and each of its checks fails when what it looks at is broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from checks.live import CHECKS, Live, look, table
from groundwork.baseline.components.guardrails.document import policy_names
from local.identity.credentials import Credentials
from tests.workflow.conftest import ROOT, TIME_SCALE, Cloud, Slot, bootstrapped, deployed


@pytest.fixture(scope="module")
def vended(slot: Slot) -> Iterator[Cloud]:
    cloud = bootstrapped(deployed(slot.own(time_scale=TIME_SCALE)))
    cloud.declared("security")
    yield cloud
    slot.close()


def command(cloud: Cloud) -> subprocess.CompletedProcess[str]:
    """As a person runs it: its own process, with credentials and address from the environment."""
    key = cloud.aws.administrator
    environment = {
        **os.environ,
        **cloud.aws.endpoint_variables(),
        "COLUMNS": "200",
        "PYTHONPATH": f"{ROOT / 'layers'}:{ROOT}",
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
    }
    run = [sys.executable, "-m", "checks.live"]
    return subprocess.run(run, env=environment, capture_output=True, check=False, text=True, cwd=ROOT)


def live(cloud: Cloud) -> Live:
    """Afresh: what has been looked up is not looked up again."""

    def clients(service: str, region: str, session: Mapping[str, str]) -> Any:
        held = (
            Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
            if session
            else None
        )
        return cloud.aws.client(service, region=region, credentials=held)

    return Live(clients, cloud.declaration)


def broken(cloud: Cloud) -> list[str]:
    return [each.check for each in look(live(cloud)) if not each.holds]


def test_everything_holds_after_a_vend(vended: Cloud) -> None:
    found = look(live(vended))
    assert [each for each in found if not each.holds] == []
    assert len(found) >= len(CHECKS)
    assert table(found).row_count == len(found)


def test_it_is_a_command(vended: Cloud) -> None:
    said = command(vended)
    assert said.returncode == 0, said
    assert "does not hold" not in said.stdout and "Whose credentials these are" in said.stdout
    put_right = _tag(vended, vended.declared("security"))
    assert command(vended).returncode == 1
    put_right()


def test_it_writes_nothing(vended: Cloud) -> None:
    before = len(vended.aws.calls)
    look(live(vended))
    own = (
        call for call in vended.aws.calls[before:] if not call.function
    )  # a scheduled pass may be on its way
    verbs = {str(call.action).split(":")[1] for call in own}
    assert {verb for verb in verbs if not verb.startswith(("Get", "List", "Describe"))} == {"AssumeRole"}


Sabotage = Callable[[Cloud, str], Callable[[], Any]]
"""Breaks one thing in the organization with this security account, and answers how it is put right."""


def _tag(cloud: Cloud, security: str) -> Callable[[], Any]:
    organizations = cloud.aws.client("organizations")
    organizations.untag_resource(ResourceId=security, TagKeys=["groundwork:state"])
    ready = [{"Key": "groundwork:state", "Value": "ready"}]
    return lambda: organizations.tag_resource(ResourceId=security, Tags=ready)


def _guard_rails(cloud: Cloud, security: str) -> Callable[[], Any]:
    organizations = cloud.aws.client("organizations")
    root = organizations.list_roots()["Roots"][0]["Id"]
    listed = organizations.list_policies_for_target(TargetId=root, Filter="SERVICE_CONTROL_POLICY")[
        "Policies"
    ]
    name = policy_names(cloud.declaration)["archive"]
    policy = next(each["Id"] for each in listed if each["Name"] == name)
    there = {"PolicyId": policy, "TargetId": root}
    organizations.detach_policy(**there)
    return lambda: organizations.attach_policy(**there)


def _trail(cloud: Cloud, security: str) -> Callable[[], Any]:
    trails = cloud.inside("cloudtrail", security)
    trails.stop_logging(Name=cloud.declaration.trail.name)
    return lambda: trails.start_logging(Name=cloud.declaration.trail.name)


def _recorder(cloud: Cloud, security: str) -> Callable[[], Any]:
    config = cloud.inside("config", security)
    name = config.describe_configuration_recorders()["ConfigurationRecorders"][0]["name"]
    config.stop_configuration_recorder(ConfigurationRecorderName=name)
    return lambda: config.start_configuration_recorder(ConfigurationRecorderName=name)


def _aggregator(cloud: Cloud, security: str) -> Callable[[], Any]:
    config, name = cloud.inside("config", security), cloud.declaration.config.aggregator
    (made,) = config.describe_configuration_aggregators()["ConfigurationAggregators"]
    config.delete_configuration_aggregator(ConfigurationAggregatorName=name)
    source = made["OrganizationAggregationSource"]
    return lambda: config.put_configuration_aggregator(
        ConfigurationAggregatorName=name, OrganizationAggregationSource=source
    )


def _lock(cloud: Cloud, security: str) -> Callable[[], Any]:
    s3, bucket = cloud.inside("s3", security), f"groundwork-trail-{security}"
    there = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    weaker = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
    guard = _guard_rails(cloud, security)
    s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=weaker)

    def undo() -> None:
        s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=there)
        guard()

    return undo


def _trust(cloud: Cloud, security: str) -> Callable[[], Any]:
    iam, role = cloud.inside("iam", security), "groundwork-log-archive"
    there = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    root = {"AWS": f"arn:aws:iam::{security}:root"}
    statement = {"Effect": "Allow", "Principal": root, "Action": "sts:AssumeRole"}
    guard = _guard_rails(cloud, security)

    def put(*statements: Any) -> None:
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=document)

    put(*there["Statement"], statement)

    def undo() -> None:
        put(*there["Statement"])
        guard()

    return undo


def _key(cloud: Cloud, security: str) -> Callable[[], Any]:
    kms = cloud.inside("kms", security)
    key = kms.describe_key(KeyId=cloud.declaration.log_archive.key_alias)["KeyMetadata"]["Arn"]
    guard = _guard_rails(cloud, security)
    kms.disable_key(KeyId=key)

    def undo() -> None:
        kms.enable_key(KeyId=key)
        guard()

    return undo


SABOTAGES: Mapping[str, Sabotage] = {
    "groundwork:state of security": _tag,
    "Policies on the root": _guard_rails,
    "Trail groundwork of security": _trail,
    "Config of security in us-east-1": _recorder,
    "Config's aggregator": _aggregator,
    "Object Lock of groundwork-trail-": _lock,
    "Who takes groundwork-log-archive": _trust,
    "Key alias/": _key,
}


@pytest.mark.parametrize("check", SABOTAGES)
def test_what_is_broken_does_not_hold(vended: Cloud, check: str) -> None:
    undo = SABOTAGES[check](vended, vended.declared("security"))
    told = broken(vended)
    undo()
    assert [each for each in told if each.startswith(check)], told
    assert broken(vended) == []


def test_credentials_of_another_account_are_told(vended: Cloud) -> None:
    inside = vended.entry(vended.declared("security"))
    there = Live(
        lambda service, region, _: vended.aws.client(service, region=region, credentials=inside),
        vended.declaration,
    )
    assert next(each.check for each in look(there) if not each.holds) == "Whose credentials these are"


def test_a_state_machine_that_aws_did_not_take_is_told(vended: Cloud) -> None:
    """Comes last: it is not put back."""
    vended.aws.client("stepfunctions").delete_state_machine(
        stateMachineArn=vended.outputs["RollOutStateMachineArn"]
    )
    assert broken(vended) == ["AWS took the state machine groundwork-roll-out"]
