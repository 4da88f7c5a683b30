"""The adapters of single AWS services, each a module of its own."""

from __future__ import annotations

import importlib

from local.engine import Engine

SERVICES = (
    "local.iam_features",
    "local.iam_groups",
    "local.cloudtrail",
    "local.config_service",
    "local.s3",
    "local.sns",
    "local.cloudwatch",
    "local.kms",
    "local.ec2",
    "local.account",
)


def install(engine: Engine) -> None:
    for name in SERVICES:
        importlib.import_module(name).install(engine)
