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

from groundwork.baseline.components.external_access import ACCOUNT
from groundwork.baseline.components.external_access import NAMES as ANALYZERS
from groundwork.baseline.components.external_access import Settings as ExternalAccess
from groundwork.baseline.components.guardrails.monitoring import of_monitoring
from groundwork.baseline.components.guardrails.names import Names, Statement
from groundwork.baseline.components.posture.settings import Settings as Posture
from groundwork.baseline.components.sensitive_data import Settings as SensitiveData
from groundwork.baseline.components.threat_detection.settings import Settings as ThreatDetection
from groundwork.declaration import Declaration
from groundwork.declaration.loading import settings_of

OF_POLICIES: Mapping[str, list[str]] = {
    "image_block_public_access": ["ec2:DisableImageBlockPublicAccess"],
    "imds_v2": ["ec2:ModifyInstanceMetadataDefaults"],
    "s3_public_access_block": ["s3:PutAccountPublicAccessBlock"],
    "serial_console_off": ["ec2:EnableSerialConsoleAccess"],
    "snapshot_block_public_access": [
        "ec2:DisableSnapshotBlockPublicAccess",
        "ec2:EnableSnapshotBlockPublicAccess",
    ],
    "vpc_block_public_access": ["ec2:ModifyVpcBlockPublicAccessOptions"],
}
"""What undoes what `organizationPolicies` holds, by the setting. EnableSnapshotBlockPublicAccess is there because it also
lessens: from all sharing to new sharing alone. Exclusions from VPC Block Public Access are allowed by the policy, and here."""
UNDOING: Mapping[str, list[str]] = {
    "threat-detection": [
        "guardduty:DeleteDetector",
        "guardduty:DeleteMembers",
        "guardduty:DisableOrganizationAdminAccount",
        "guardduty:Disassociate*",
        "guardduty:StopMonitoringMembers",
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
OF_FEATURES = ["guardduty:UpdateDetector", "guardduty:UpdateMemberDetectors"]
"""What switches GuardDuty's features on and off, declared or not. A policy of the organization holds those that it names and
the detector itself: AWS refuses to change them, and the others are an account's own to say.

https://docs.aws.amazon.com/guardduty/latest/ug/guardduty-organization-policies-considerations.html
"""
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
    anywhere, in_security = _undoing(names)
    if anywhere:
        held = {"Sid": "HeldByTheOrganization", "Action": sorted(anywhere), "Resource": "*"}
        yield names.exempting(held, names.entry_roles)
    if in_security:
        held = {"Sid": "HeldBySecurity", "Action": sorted(in_security), "Resource": "*"}
        of_security = {"Condition": {"StringEquals": {"aws:PrincipalAccount": names.security}}}
        yield names.exempting({**held, **of_security}, names.entry_roles)
    if declared.has_component("external-access"):
        analyzers = [names.arn("access-analyzer", "analyzer/*", names.security)]
        if settings_of(declared, "external-access", ExternalAccess).per_account:
            analyzers.append(names.arn("access-analyzer", f"analyzer/{ANALYZERS[ACCOUNT]}", "*"))
        kept = {"Sid": "Analyzers", "Action": OF_THE_ANALYZERS, "Resource": analyzers}
        yield names.exempting(kept, names.entry_roles)
    yield from of_monitoring(names)


def _undoing(names: Names) -> tuple[list[str], list[str]]:
    """What undoes something in any account, and in the security account. While the organization's policies are tried in one
    unit, the others' accounts decide for themselves. What another account runs is for that one to change."""
    declared, policies = names.declaration, names.declaration.organization_policies
    anywhere: list[str] = []
    in_security: list[str] = []
    if declared.has_component("organization-policies") and policies.from_unit is None:
        for setting, actions in OF_POLICIES.items():
            if getattr(policies, setting):
                anywhere += actions
    for component, actions in UNDOING.items():
        if declared.has_component(component) and component not in names.run_by_others:
            held = in_security if _leaves_accounts_out(component, declared) else anywhere
            held += actions
            held += _of_features(component, declared)
    return anywhere, in_security


def _leaves_accounts_out(component: str, declared: Declaration) -> bool:
    """Whether some accounts decide for themselves. The others are members of the security account's then, and AWS lets no
    member part with it or switch off what is configured for it."""
    if component == "posture":
        return bool(settings_of(declared, component, Posture).where)
    if component == "sensitive-data":
        return bool(settings_of(declared, component, SensitiveData).except_accounts)
    return False


def _of_features(component: str, declared: Declaration) -> list[str]:
    if component != "threat-detection":
        return []
    return [] if settings_of(declared, component, ThreatDetection).by == "policy" else OF_FEATURES


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
