"""An organization that Control Tower set up, and whose audit account runs its security services, before Groundwork came: what
is theirs is told, and stays as it is.

https://docs.aws.amazon.com/controltower/latest/userguide/how-control-tower-works.html
"""

from __future__ import annotations

import json
from typing import Any

from local.engine import Engine
from tests.engine.services.test_cloudtrail import bucket_for_logs
from tests.workflow.conftest import TIME_SCALE, Slot, bootstrapped, deployed, until
from tests.workflow.own_organization.test_beginnings import make_account

TRAIL = "aws-controltower-BaselineCloudTrail"
GUARDRAIL = "aws-guardrails-abcdef"
TRUSTED = ("cloudtrail", "config", "controltower", "guardduty", "securityhub", "access-analyzer")
RUN_BY_AUDIT = ("guardduty", "securityhub")
"""Services with an administrator in each Region."""
ANALYZERS = "access-analyzer.amazonaws.com"


def control_tower(aws: Engine) -> str:
    """Its units, guard rail and organization trail; the audit account runs what finds threats. The id of that account."""
    organizations = aws.client("organizations")
    root = organizations.list_roots()["Roots"][0]["Id"]
    for service in TRUSTED:
        organizations.enable_aws_service_access(ServicePrincipal=f"{service}.amazonaws.com")
    organizations.enable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
    units = [
        organizations.create_organizational_unit(ParentId=root, Name=name)["OrganizationalUnit"]["Id"]
        for name in ("Security", "Sandbox")
    ]
    statement = {"Effect": "Deny", "Action": "controltower:*", "Resource": "*"}
    policy = organizations.create_policy(
        Name=GUARDRAIL,
        Description="Control Tower's",
        Type="SERVICE_CONTROL_POLICY",
        Content=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )["Policy"]["PolicySummary"]["Id"]
    until(lambda: _is_enabled(organizations), "service control policies to be enabled")
    for unit in units:
        organizations.attach_policy(PolicyId=policy, TargetId=unit)
    cloudtrail = aws.client("cloudtrail")
    organization = organizations.describe_organization()["Organization"]["Id"]
    folders = (f"AWSLogs/{organization}/*", f"AWSLogs/{aws.management_account}/*")
    bucket = bucket_for_logs(aws, paths=folders)
    cloudtrail.create_trail(
        Name=TRAIL, S3BucketName=bucket, IsMultiRegionTrail=True, IsOrganizationTrail=True
    )
    cloudtrail.start_logging(Name=TRAIL)
    audit = make_account(aws, "Audit")
    for service in RUN_BY_AUDIT:
        aws.client(service).enable_organization_admin_account(AdminAccountId=audit)
    organizations.register_delegated_administrator(AccountId=audit, ServicePrincipal=ANALYZERS)
    return audit


def _is_enabled(organizations: Any) -> bool:
    types = organizations.list_roots()["Roots"][0]["PolicyTypes"]
    return {"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"} in types


def theirs(aws: Engine) -> dict[str, Any]:
    """All of it, as AWS shows it."""
    organizations = aws.client("organizations")
    root = organizations.list_roots()["Roots"][0]["Id"]
    units = organizations.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"]
    policies = organizations.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
    policy = next(each["Id"] for each in policies if each["Name"] == GUARDRAIL)
    trails = aws.client("cloudtrail").describe_trails()["trailList"]
    analyzers = organizations.list_delegated_administrators(ServicePrincipal=ANALYZERS)
    return {
        "units": sorted(each["Id"] for each in units if each["Name"] in ("Security", "Sandbox")),
        "guardrail": organizations.describe_policy(PolicyId=policy)["Policy"]["Content"],
        "hangs on": sorted(
            each["TargetId"] for each in organizations.list_targets_for_policy(PolicyId=policy)["Targets"]
        ),
        "trail": next(each for each in trails if each["Name"] == TRAIL),
        "analyzers": [each["Id"] for each in analyzers["DelegatedAdministrators"]],
        **{
            service: aws.client(service).list_organization_admin_accounts()["AdminAccounts"]
            for service in RUN_BY_AUDIT
        },
    }


def test_what_control_tower_and_its_audit_account_have_is_told_and_stays(slot: Slot) -> None:
    aws = slot.own(time_scale=TIME_SCALE)
    audit = control_tower(aws)
    before = theirs(aws)
    cloud = bootstrapped(deployed(aws))
    cloud.declared("security")
    assert theirs(aws) == before
    ended = cloud.all_ended()
    assert {each.status for each in ended} == {"SUCCEEDED"}, ended
    reports = [report for each in ended for report in each.output.get("reports", [])]
    told = [f"{report['resource']}: {report['reason']}" for report in reports]
    for service in RUN_BY_AUDIT:
        assert is_told(f"administrator of {service} in {aws.region}: is account {audit}", told)
    assert is_told(f"delegated administrator of {ANALYZERS}: is account {audit}", told)
    assert cloud.unit_of("aws+security@example.com") == "Security"  # the unit that Control Tower made


def is_told(start: str, told: list[str]) -> bool:
    assert told
    return any(each.startswith(start) for each in told)
