"""Which services integrate with Organizations.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_integrate_services_list.html
"""

from __future__ import annotations

from moto.organizations.models import FakeDelegatedAdministrator, FakeServiceAccess

TRUSTED = frozenset(FakeServiceAccess.TRUSTED_SERVICES) | {
    "chatbot.amazonaws.com",
    "cost-optimization-hub.bcm.amazonaws.com",
    "ec2.amazonaws.com",
    "iam.amazonaws.com",
    "malware-protection.guardduty.amazonaws.com",
    "networkmanager.amazonaws.com",
    "notifications.amazonaws.com",
    "observabilityadmin.amazonaws.com",
    "report.declarative-policies-ec2.amazonaws.com",
    "resource-explorer-2.amazonaws.com",
    "security-ir.amazonaws.com",
}
"""Services that can be given trusted access."""

DELEGATED_ADMINISTRATORS = dict.fromkeys(FakeDelegatedAdministrator.SUPPORTED_SERVICES, 1) | {
    "account.amazonaws.com": 3,
    "auditmanager.amazonaws.com": 1,
    "backup.amazonaws.com": 3,
    "cloudtrail.amazonaws.com": 3,
    "compute-optimizer.amazonaws.com": 1,
    "config.amazonaws.com": 3,
    "config-multiaccountsetup.amazonaws.com": 3,
    "cost-optimization-hub.bcm.amazonaws.com": 1,
    "detective.amazonaws.com": 1,
    "devops-guru.amazonaws.com": 1,
    "fms.amazonaws.com": 10,
    "health.amazonaws.com": 5,
    "iam.amazonaws.com": 3,
    "inspector2.amazonaws.com": 1,
    "ipam.amazonaws.com": 1,
    "license-manager.amazonaws.com": 1,
    "member.org.stacksets.cloudformation.amazonaws.com": 5,
    "networkmanager.amazonaws.com": 10,
    "observabilityadmin.amazonaws.com": 1,
    "reachabilityanalyzer.networkinsights.amazonaws.com": 5,
    "reporting.trustedadvisor.amazonaws.com": 5,
    "resource-explorer-2.amazonaws.com": 1,
    "securityhub.amazonaws.com": 1,
    "securitylake.amazonaws.com": 1,
    "sso.amazonaws.com": 1,
    "storage-lens.s3.amazonaws.com": 5,
    "tagpolicies.tag.amazonaws.com": 3,
}
"""Services that can have delegated administrators, and how many accounts each."""


def is_trusted_service(principal: str) -> bool:
    return principal in TRUSTED


def supports_delegation(principal: str) -> bool:
    return principal in DELEGATED_ADMINISTRATORS


def delegated_limit(principal: str) -> int:
    return DELEGATED_ADMINISTRATORS[principal]
