"""Service-linked roles, which a service of AWS works with and only IAM may make.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
"""

from __future__ import annotations

from botocore.exceptions import ClientError

from groundwork.baseline.component import Call, Target
from groundwork.contracts import Severity


def exists(name: str, target: Target) -> bool:
    try:
        target.client("iam").get_role(RoleName=name)
    except ClientError as missing:
        if missing.response["Error"]["Code"] != "NoSuchEntity":
            raise
        return False
    return True


def creation(service: str, name: str, reason: str, severity: Severity = "high") -> Call:
    """Of the role that the service, like config.amazonaws.com, gives this name."""
    given = {"AWSServiceName": service}
    return Call(
        *("iam", "CreateServiceLinkedRole", given, f"role {name}", "create", reason), severity=severity
    )
