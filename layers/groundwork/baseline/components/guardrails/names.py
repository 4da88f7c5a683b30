"""What the guard rails name: ARNs of the organization's partition, and whom a statement spares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from groundwork.baseline.archive import WRITER, templates_bucket
from groundwork.baseline.components.config.aggregator import ROLE as AGGREGATOR_ROLE
from groundwork.contracts import Organization
from groundwork.declaration import ComponentName, Declaration

CONFIG_ROLE = "aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
READS_OF_IAM = ["iam:Generate*", "iam:Get*", "iam:List*", "iam:Simulate*"]

Statement = dict[str, Any]


def is_laid_down(component: ComponentName, declaration: Declaration) -> bool:
    """Whether the component is in the baseline of any member account."""
    members = (each for kind, each in declaration.baseline.items() if kind != "management")
    return any(component in each for each in members)


@dataclass(frozen=True)
class Names:
    """What the policies name: ARNs of this partition."""

    declaration: Declaration
    organization: Organization
    run_by_others: frozenset[ComponentName] = frozenset()

    @property
    def security(self) -> str:
        return str(self.organization.security_account_id)

    @property
    def entry_roles(self) -> list[str]:
        return [self.iam(f"role/{name}") for name in self.declaration.entry_role_names]

    def resources(self) -> Iterator[str]:
        declared = self.declaration
        for name in dict.fromkeys(role.name for role in declared.access.roles):
            yield self.iam(f"role/*{name}")
        carried = (role.permissions_boundary or "" for role in declared.access.roles)
        own = [name for name in carried if declared.has_policy(name)]
        for name in dict.fromkeys([*own, *(boundary.name for boundary in declared.access.boundaries)]):
            yield self.iam(f"policy/*{name}")
        for group in declared.access.groups:
            yield self.iam(f"group{group.path}{group.name}", self.security)
        if is_laid_down("trail", declared):
            yield self.arn("cloudtrail", f"trail/{declared.trail.name}", "*")
        if is_laid_down("config", declared):
            yield self.iam(f"role/{CONFIG_ROLE}")
            yield self.iam(f"role/{AGGREGATOR_ROLE}", self.security)
            yield self.arn("config", "config-aggregator/*", self.security)
        if is_laid_down("log-archive", declared):
            yield self.iam(f"role/*{WRITER}", self.security)

    def archive(self) -> list[str]:
        """The buckets with all that is in them, and a second door to them."""
        logs = self.declaration.log_archive
        named = [logs.trail_bucket, logs.config_bucket, logs.access_logs_bucket]
        buckets = [bucket.replace("<security>", self.security) for bucket in named]
        if templates := templates_bucket(self.declaration, self.security):
            buckets.append(templates)
        return [
            *(self.arn("s3", f"{bucket}{end}", "", region="") for bucket in buckets for end in ("", "/*")),
            self.arn("s3", "accesspoint/*", self.security),
        ]

    def iam(self, resource: str, account: str = "*") -> str:
        return self.arn("iam", resource, account, region="")

    def arn(self, service: str, resource: str, account: str, region: str = "*") -> str:
        return f"arn:{self.organization.partition}:{service}:{region}:{account}:{resource}"

    def exempting(self, statement: Mapping[str, Any], roles: Sequence[str]) -> dict[str, Any]:
        """The statement as a Deny that spares these roles. A session's aws:PrincipalArn is its role's ARN."""
        spared = {"ArnNotLike": {"aws:PrincipalArn": roles}}
        return {"Effect": "Deny", **statement, "Condition": {**statement.get("Condition", {}), **spared}}
