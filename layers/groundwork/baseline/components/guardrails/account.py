"""The guard rails of an account as a whole: it stays in the organization, its root user does nothing, and what the
organization holds for it (GuardDuty, Security Hub, Inspector, Macie, Access Analyzer, public access of EC2 and S3) is not
undone from within.

The root user: sessions of sts:AssumeRoot, by which the management account does what only a root user may (delete its
credentials, unlock a bucket's or a queue's policy), have aws:AssumedRoot and go on working. What else needs a root user's own
credentials, as MFA delete of a bucket, is denied, but for the tasks that no service control policy binds. A root user whose
account is to use it again: `guardrails: {denyRootUser: false}`.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user-privileged-task.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-assumedroot
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html#not-restricted-by-scp
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from groundwork.baseline.components.guardrails.monitoring import of_monitoring
from groundwork.baseline.components.guardrails.names import Names, Statement

OF_POLICIES: Mapping[str, list[str]] = {
    "image_block_public_access": ["ec2:DisableImageBlockPublicAccess"],
    "imds_v2": ["ec2:ModifyInstanceMetadataDefaults"],
    "s3_public_access_block": ["s3:PutAccountPublicAccessBlock"],
    "serial_console_off": ["ec2:EnableSerialConsoleAccess"],
    "snapshot_block_public_access": [
        "ec2:DisableSnapshotBlockPublicAccess",
        "ec2:EnableSnapshotBlockPublicAccess",
    ],
    "vpc_block_public_access": [
        "ec2:*VpcBlockPublicAccessExclusion",
        "ec2:ModifyVpcBlockPublicAccessOptions",
    ],
}
"""What undoes what `organizationPolicies` holds, by the setting. EnableSnapshotBlockPublicAccess is there because it also
lessens: from all sharing to new sharing alone."""
UNDOING: Mapping[str, list[str]] = {
    "threat-detection": [
        "guardduty:DeleteDetector",
        "guardduty:DeleteMembers",
        "guardduty:DisableOrganizationAdminAccount",
        "guardduty:Disassociate*",
        "guardduty:StopMonitoringMembers",
        "guardduty:UpdateDetector",
        "guardduty:UpdateMemberDetectors",
        "guardduty:UpdateOrganizationConfiguration",
    ],
    "posture": [
        "securityhub:BatchDisableStandards",
        "securityhub:DeleteConfigurationPolicy",
        "securityhub:DeleteFindingAggregator",
        "securityhub:DeleteMembers",
        "securityhub:Disable*",
        "securityhub:Disassociate*",
        "securityhub:StartConfigurationPolicy*",
        "securityhub:UpdateConfigurationPolicy",
        "securityhub:UpdateFindingAggregator",
        "securityhub:UpdateOrganizationConfiguration",
        "securityhub:UpdateSecurityHubConfiguration",
    ],
    "vulnerability-scanning": ["inspector2:Disable*", "inspector2:DisassociateMember"],
    "sensitive-data": [
        "macie2:DeleteMember",
        "macie2:Disable*",
        "macie2:Disassociate*",
        "macie2:UpdateAutomatedDiscoveryConfiguration",
        "macie2:UpdateMacieSession",
        "macie2:UpdateMemberSession",
        "macie2:UpdateOrganizationConfiguration",
    ],
}
"""What undoes what a component holds, by the component. Which findings are archived and which controls are left out of a
standard is for the security account's people to say."""
OF_THE_ANALYZERS = ["access-analyzer:DeleteAnalyzer", "access-analyzer:UpdateAnalyzer"]


def of_the_account(names: Names) -> Iterator[Statement]:
    """Nobody is spared by the first two; the entry roles are by the others."""
    declared = names.declaration
    yield _membership(names)
    if declared.guardrails.deny_root_user:
        yield {
            "Sid": "RootUser",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {
                "ArnLike": {"aws:PrincipalArn": names.iam("root")},
                "Null": {"aws:AssumedRoot": "true"},
            },
        }
    if undoing := sorted(_undoing(names)):
        held = {"Sid": "HeldByTheOrganization", "Action": undoing, "Resource": "*"}
        yield names.exempting(held, names.entry_roles)
    if declared.has_component("external-access"):
        analyzers = names.arn("access-analyzer", "analyzer/*", names.security)
        kept = {"Sid": "Analyzers", "Action": OF_THE_ANALYZERS, "Resource": analyzers}
        yield names.exempting(kept, names.entry_roles)
    yield from of_monitoring(names)


def _undoing(names: Names) -> Iterator[str]:
    """While the organization's policies are tried in one unit, the others' accounts decide for themselves. What another
    account runs is for that one to change."""
    declared, policies = names.declaration, names.declaration.organization_policies
    if declared.has_component("organization-policies") and policies.from_unit is None:
        for setting, actions in OF_POLICIES.items():
            if getattr(policies, setting):
                yield from actions
    for component, actions in UNDOING.items():
        if declared.has_component(component) and component not in names.run_by_others:
            yield from actions


def _membership(names: Names) -> Statement:
    """Nobody in a member account has it leave, or pass for another; the management account does that from outside. An
    account leaves in two ways: on its own, and straight into another organization whose invitation it accepts."""
    actions = ["account:*PrimaryEmailUpdate", "account:PutAccountName"]
    if not names.declaration.guardrails.allow_leaving:
        actions += [
            "account:CloseAccount",
            "organizations:AcceptHandshake",
            "organizations:LeaveOrganization",
        ]
    return {"Sid": "Membership", "Effect": "Deny", "Action": sorted(actions), "Resource": "*"}
