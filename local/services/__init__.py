"""The adapters of single AWS services, each a module of its own."""

from __future__ import annotations

import importlib

from local.engine import Engine

SERVICES = (
    "local.iam.features",
    "local.iam.groups",
    "local.iam.identifiers",
    "local.iam.root_user",
    "local.identity.root_sessions",
    "local.services.cloudtrail",
    "local.services.config",
    "local.services.s3",
    "local.services.s3.public_access",
    "local.services.sns",
    "local.services.sqs",
    "local.services.cloudwatch",
    "local.services.cloudwatch.metric_filters",
    "local.services.kms",
    "local.services.ec2",
    "local.services.ec2.account_settings",
    "local.services.access_analyzer",
    "local.services.budgets",
    "local.services.security_hub",
    "local.services.account",
    "local.services.account.labels",
    "local.services.account.alternate_contacts",
    "local.services.account.primary_contact",
    "local.services.guardduty",
    "local.services.identity_center",
    "local.services.inspector",
    "local.services.macie",
    "local.services.service_quotas",
    "local.services.telemetry",
    "local.services.serialized",
)


def install(engine: Engine) -> None:
    for name in SERVICES:
        importlib.import_module(name).install(engine)
