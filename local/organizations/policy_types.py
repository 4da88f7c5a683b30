"""What Organizations knows of each policy type: sizes, attachments, syntax, who else must be switched on.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_syntax.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from moto.organizations.models import FakeOrganization, FakePolicy

from groundwork.policies.conditions import MalformedPolicy, as_list
from groundwork.policies.documents import Kind, compile_policy

from . import policy_syntax
from .errors import constraint, error, invalid_input

SCP = "SERVICE_CONTROL_POLICY"
RCP = "RESOURCE_CONTROL_POLICY"
WITH_RCPS = frozenset(
    (
        *("aoss", "appconfig", "appstream", "autoscaling", "autoscaling-plans", "budgets", "clouddirectory"),
        *("cloudfront", "cloudsearch", "cloudtrail-data", "codeartifact", "codebuild", "codecommit"),
        *("codepipeline", "cognito-identity", "cognito-idp", "comprehend", "comprehendmedical"),
        *("compute-optimizer", "cost-optimization-hub", "dax", "dsql", "dynamodb", "ecr", "ecr-public"),
        *("events", "firehose", "fis", "fms", "gamelift", "health", "inspector-scan", "kendra"),
        *("kinesisvideo", "kms", "logs", "memorydb", "networkmonitor", "notifications", "opensearch"),
        *("pca-connector-ad", "personalize", "polly", "pricing", "resource-groups", "rolesanywhere", "s3"),
        *("secretsmanager", "servicediscovery", "signin", "sqs", "sts", "support", "swf", "textract"),
        *("timestream-influxdb", "transcribe", "transfer", "translate", "wafv2", "workspaces", "xray"),
    )
)
"""Prefixes of the services whose resources resource control policies bind, as listed in 2026-11; AWS adds to them. See
"List of AWS services that support RCPs" in
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html"""
VERSION = "2012-10-17"
"""What the Version of a service control policy and of a resource control policy must be."""


@dataclass(frozen=True)
class PolicyType:
    """max_size in characters; max_attached per root, unit or account; needs: service with trusted access."""

    max_size: int = 10_000
    max_attached: int = 10
    needs: str | None = None


POLICY_TYPES = {
    SCP: PolicyType(10_240, 10),
    RCP: PolicyType(5_120, 5),
    "TAG_POLICY": PolicyType(),
    "BACKUP_POLICY": PolicyType(),
    "AISERVICES_OPT_OUT_POLICY": PolicyType(2_500, 5),
    "CHATBOT_POLICY": PolicyType(max_attached=5),
    "DECLARATIVE_POLICY_EC2": PolicyType(),
    "SECURITYHUB_POLICY": PolicyType(needs="securityhub.amazonaws.com"),
    "SECURITYHUB_CSPM_POLICY": PolicyType(needs="securityhub.amazonaws.com"),
    "INSPECTOR_POLICY": PolicyType(needs="inspector2.amazonaws.com"),
    "UPGRADE_ROLLOUT_POLICY": PolicyType(),
    "BEDROCK_POLICY": PolicyType(),
    "S3_POLICY": PolicyType(),
    "NETWORK_SECURITY_DIRECTOR_POLICY": PolicyType(),
    "GUARDDUTY_POLICY": PolicyType(needs="guardduty.amazonaws.com"),
}


class Policy(FakePolicy):
    """A policy of any type; moto knows only the five oldest."""

    def __init__(self, organization: FakeOrganization, **kwargs: Any) -> None:
        super().__init__(organization, **(kwargs | {"Type": SCP}))
        self.type = kwargs["Type"]
        self._arn_format = f"arn:{{0}}:organizations::{{1}}:policy/{{2}}/{self.type.lower()}/{{3}}"


def check_content(policy_type: str, content: str) -> None:
    """Raises MalformedPolicyDocumentException, or ConstraintViolationException for one that is too long."""
    if len(content) > POLICY_TYPES[policy_type].max_size:
        raise constraint("POLICY_CONTENT_LIMIT_EXCEEDED")
    try:
        document = json.loads(content)
    except json.JSONDecodeError:
        raise malformed("The provided policy document is not valid JSON.") from None
    if not isinstance(document, dict):
        raise malformed("The provided policy document is no object.")
    if policy_type in (SCP, RCP):
        if document.get("Version") != VERSION:
            raise malformed(f'The element Version is missing, or another than "{VERSION}".')
        statements = document.get("Statement", [])
        for statement in statements if isinstance(statements, list) else [statements]:
            if policy_type == RCP:
                _check_of_resources(statement)
    try:
        policy_syntax.check(policy_type, document)
        if policy_type in (SCP, RCP):
            compile_policy(content, Kind.IDENTITY if policy_type == SCP else Kind.RESOURCE)
    except (policy_syntax.Malformed, MalformedPolicy) as wrong:
        raise malformed(f"The provided policy document is not valid: {wrong}.") from wrong


def _check_of_resources(statement: Any) -> None:
    """What a resource control policy may not say, and another policy of a resource may."""
    if not isinstance(statement, dict):
        raise malformed("A statement is an object.")
    if statement.get("Principal") != "*" or statement.get("Effect") != "Deny":
        raise malformed('A resource control policy denies, to the Principal "*".')
    if "Action" not in statement:
        raise malformed("A statement of a resource control policy needs an Action element.")
    for action in as_list(statement["Action"]):
        if str(action).partition(":")[0].lower() not in WITH_RCPS:
            raise malformed(f"The action {action} is of no service that supports resource control policies.")


def malformed(message: str) -> Exception:
    return error("MalformedPolicyDocumentException", message)


def check_tags(tags: Iterable[dict[str, str]], already: Iterable[str] = ()) -> None:
    """https://docs.aws.amazon.com/organizations/latest/userguide/orgs_tagging.html"""
    keys = [tag["Key"] for tag in tags]
    if len(keys) != len(set(keys)):
        raise invalid_input("DUPLICATE_TAG_KEY")
    if any(key.lower().startswith("aws:") for key in keys):
        raise invalid_input("INVALID_SYSTEM_TAGS_PARAMETER")
    if len(set(keys) | set(already)) > 50:
        raise constraint("MAX_TAG_LIMIT_EXCEEDED")
