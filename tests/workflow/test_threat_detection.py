"""GuardDuty is on in an account from its first moment, and costs no call of Groundwork's there."""

from __future__ import annotations

from tests.workflow.conftest import Cloud, until

TYPE = "GUARDDUTY_POLICY"


def test_a_vended_account_has_it_without_a_call_in_it(cloud: Cloud) -> None:
    security = cloud.declared("security")
    organizations = cloud.aws.client("organizations")
    root = organizations.list_roots()["Roots"][0]

    def attached() -> list[str]:
        listed = organizations.list_policies_for_target(TargetId=root["Id"], Filter=TYPE)["Policies"]
        return [policy["Name"] for policy in listed]

    until(attached, "the security account's Ready has the management account attach the policy")
    assert attached() == ["groundwork-threat-detection"]
    name, email = cloud.fresh()
    mark = len(cloud.aws.calls)
    vended = cloud.ask(accountName=name, email=email)
    assert (vended.status, vended.output["outcome"]) == ("SUCCEEDED", "ready"), str(vended)
    asked = [call for call in cloud.aws.calls[mark:] if call.service == "guardduty"]
    assert [call for call in asked if call.account == vended.output["accountId"]] == []
    inside = cloud.inside("guardduty", vended.output["accountId"])
    (detector,) = inside.list_detectors()["DetectorIds"]
    features = inside.get_detector(DetectorId=detector)["Features"]
    held = {each["Name"]: each["Status"] for each in features if each.get("ManagedBy") == TYPE}
    assert held == dict.fromkeys(held, "ENABLED")
    assert {"S3_DATA_EVENTS", "RDS_LOGIN_EVENTS"} <= held.keys()
    administrator = inside.get_administrator_account(DetectorId=detector)["Administrator"]
    assert administrator["AccountId"] == security
