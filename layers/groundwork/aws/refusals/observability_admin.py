"""CloudWatch's telemetry configuration: its evaluation, and rules of the organization.

https://docs.aws.amazon.com/cloudwatch/latest/observabilityadmin/API_CreateTelemetryRuleForOrganization.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/telemetry-config-troubleshoot.html
"""

from __future__ import annotations

from .answer import FAULT, THROTTLED, Answers, again, quota, read

CALLS = (
    "CreateTelemetryRuleForOrganization DeleteTelemetryRuleForOrganization "
    "GetTelemetryEvaluationStatusForOrganization GetTelemetryRuleForOrganization ListTelemetryRulesForOrganization "
    "StartTelemetryEvaluationForOrganization UpdateTelemetryRuleForOrganization"
)

ANSWERS: Answers = {
    "AccessDeniedException": {
        "GetTelemetryEvaluationStatusForOrganization": read(
            "The security account does not administer telemetry configuration yet, or may not ask."
        ),
        "": again(
            "CloudWatch does not see yet that the security account administers telemetry configuration. If it goes on: see "
            "whether the organization trusts observabilityadmin.amazonaws.com, and whether a policy of the organization keeps "
            "the entry role from iam:CreateServiceLinkedRole."
        ),
    },
    "ConflictException": again(
        "A rule for VPCs' flow logs was put a moment ago: seen at the next look. If it goes on: `aws observabilityadmin "
        "list-telemetry-rules-for-organization` shows a rule of the same kind; take one of them off."
    ),
    "InternalServerException": FAULT,
    "ResourceNotFoundException": again("Somebody deleted the rule a moment ago: seen at the next look."),
    "ServiceQuotaExceededException": quota(
        "The organization has as many telemetry rules as it may. Delete one in CloudWatch that is not needed, or take "
        "flow-logs out of the baseline."
    ),
    "TooManyRequestsException": THROTTLED,
    "ValidationException": again(
        "CloudWatch takes no rule while telemetry evaluation does not run everywhere yet. If it goes on: the message says what "
        "of flowLogs it does not take."
    ),
}
