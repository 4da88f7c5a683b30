"""threat-detection in states that nobody saw: nothing is begun before its time."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from groundwork.baseline import central_policies, service_policies
from groundwork.baseline.administrators import Administrator
from groundwork.baseline.central_policies import TAG, FoundPolicy
from groundwork.baseline.components.threat_detection import ThreatDetection, held_by_policy
from groundwork.baseline.components.threat_detection.settings import Settings
from groundwork.declaration.loading import check, load
from tests.component.without_aws import MEMBER, PURE, SECURITY, target_without_aws

THREATS, NAME, HOME = ThreatDetection(), "groundwork-threat-detection", "us-east-1"
TARGET = target_without_aws("management", check(load(), {THREATS.name: THREATS}))
CONTENT = held_by_policy.content(Settings(), [HOME])
GOOD = FoundPolicy("p-1", NAME, held_by_policy.TYPE.description, CONTENT, {TAG["Key"]: TAG["Value"]})
ROOT = frozenset({TARGET.organization.root_id})


def seen(
    policy: FoundPolicy | None, *, attached: bool, status: str, role: bool, administrator: str, leaving: bool
) -> service_policies.Found:
    there = {} if policy is None else {NAME: policy}
    places = {NAME: ROOT if attached and status == "ENABLED" else frozenset[str]()} if there else {}
    return service_policies.Found(
        {HOME: Administrator(administrator, leaving and bool(administrator))},
        policies=central_policies.Found(there, places),
        type_status=status,
        role=role,
    )


states = st.builds(
    seen,
    policy=st.sampled_from([None, GOOD, replace(GOOD, tags={}), replace(GOOD, document={"guardduty": {}})]),
    attached=st.booleans(),
    status=st.sampled_from(["", "PENDING_ENABLE", "ENABLED", "PENDING_DISABLE"]),
    role=st.booleans(),
    administrator=st.sampled_from(["", SECURITY, MEMBER]),
    leaving=st.booleans(),
)


@PURE
@given(found=states)
def test_nothing_is_begun_before_its_time_and_the_type_comes_after_the_policy(
    found: service_policies.Found,
) -> None:
    calls = [call for call in THREATS.diff(found, TARGET) if call.action != "report"]
    operations = [call.operation for call in calls]
    administrator = found.administrators[HOME]
    if administrator.account == MEMBER:
        assert calls == []
        return
    waits = administrator != (SECURITY, False) and not found.type_status
    assert ("CreateServiceLinkedRole" in operations) == (not found.role)
    if waits:
        assert operations in ([], ["CreateServiceLinkedRole"])
        return
    missing = NAME not in found.policies.policies
    loose = missing or not found.policies.attached[NAME]
    assert ("CreatePolicy" in operations) == missing
    assert ("EnablePolicyType" in operations) == (not found.type_status)
    assert ("AttachPolicy" in operations) == loose
    order = [name for name in operations if name in ("CreatePolicy", "EnablePolicyType", "AttachPolicy")]
    assert order == [name for name in ("CreatePolicy", "EnablePolicyType", "AttachPolicy") if name in order]
    for call in calls:
        if call.operation == "AttachPolicy":
            assert bool(call.after) == (missing or found.type_status != "ENABLED")
