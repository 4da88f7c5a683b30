"""The names by which the CDK finds what it deploys by, in one Region of one account.

https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
"""

from __future__ import annotations

from dataclasses import dataclass

from groundwork.baseline.component import Target

DEPLOY, PUBLISH, LOOKUP, EXECUTE = "deploy", "file-publishing", "lookup", "cfn-exec"


@dataclass(frozen=True)
class Names:
    qualifier: str
    partition: str
    account: str
    region: str

    @property
    def bucket(self) -> str:
        return f"cdk-{self.qualifier}-assets-{self.account}-{self.region}"

    @property
    def parameter(self) -> str:
        return f"/cdk-bootstrap/{self.qualifier}/version"

    @property
    def roles(self) -> list[str]:
        return [self.role(purpose) for purpose in (EXECUTE, DEPLOY, PUBLISH, LOOKUP)]

    @property
    def all(self) -> frozenset[str]:
        return frozenset([self.bucket, self.parameter, *self.roles])

    def role(self, purpose: str) -> str:
        return f"cdk-{self.qualifier}-{purpose}-role-{self.account}-{self.region}"

    def role_arn(self, purpose: str) -> str:
        return f"arn:{self.partition}:iam::{self.account}:role/{self.role(purpose)}"

    @property
    def bucket_arn(self) -> str:
        return f"arn:{self.partition}:s3:::{self.bucket}"

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


def names(target: Target, region: str) -> Names:
    return Names(target.declaration.cdk.qualifier, target.organization.partition, target.account.id, region)
