"""The guard rail of Regions: who is no entry role does nothing outside of the governed Regions and of those that
`guardrails.regions` adds. Off where that is not declared.

Excepted is what AWS's own example excepts: services with one endpoint for all Regions, and actions that a service answers in
one Region for all. Certificates, keys and web ACLs are among them, because CloudFront takes them from us-east-1 alone. What a
service or a service-linked role does by itself is bound by no service control policy: logs arrive, whatever stands here.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html
"""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.baseline.components.guardrails.names import Names, Statement

EVERYWHERE = [
    *(
        "access-analyzer:*",
        "account:*",
        "acm:*",
        "artifact:*",
        "aws-marketplace-management:*",
        "aws-marketplace:*",
    ),
    *("aws-portal:*", "billing:*", "budgets:*", "ce:*", "chatbot:*", "chime:*", "cloudfront:*", "config:*"),
    *(
        "consolidatedbilling:*",
        "cur:*",
        "directconnect:*",
        "ec2:DescribeRegions",
        "ec2:DescribeTransitGateways",
    ),
    *(
        "ec2:DescribeVpnGateways",
        "ecr-public:*",
        "fms:*",
        "freetier:*",
        "globalaccelerator:*",
        "health:*",
        "iam:*",
    ),
    *(
        "invoicing:*",
        "kms:*",
        "networkmanager:*",
        "notifications:*",
        "organizations:*",
        "payments:*",
        "pricing:*",
    ),
    *("resource-explorer-2:*", "route53-recovery-cluster:*", "route53-recovery-control-config:*"),
    *(
        "route53-recovery-readiness:*",
        "route53:*",
        "route53domains:*",
        "s3:GetAccountPublic*",
        "s3:ListAllMyBuckets",
    ),
    *(
        "s3:ListMultiRegionAccessPoints",
        "s3:PutAccountPublic*",
        "savingsplans:*",
        "shield:*",
        "signin:*",
        "sso:*",
    ),
    *(
        "sts:*",
        "support:*",
        "supportplans:*",
        "sustainability:*",
        "tax:*",
        "trustedadvisor:*",
        "waf-regional:*",
    ),
    *("waf:*", "wafv2:*", "wellarchitected:*"),
]


def of_the_regions(names: Names) -> Iterator[Statement]:
    """Denies what is asked of a Region that is neither governed nor added."""
    declared = names.declaration
    allowed = sorted({*declared.regions.governed, *(declared.guardrails.regions or ())})
    statement = {
        "Sid": "Regions",
        "NotAction": EVERYWHERE,
        "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": allowed}},
    }
    yield names.exempting(statement, names.entry_roles)
