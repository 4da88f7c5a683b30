"""The roles of services in accounts, by the path that is theirs alone: AWSServiceRoleForAmazonGuardDuty and the like.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
"""

from __future__ import annotations

from threading import Lock

from moto.iam.models import IAMBackend, iam_backends

PATH = "/aws-service-role/"
_GIVING = Lock()


def path_of(service: str) -> str:
    return f"{PATH}{service}/"


def has_role(account: str, service: str, partition: str = "aws") -> bool:
    """Whether the account has the role of a service, like `guardduty.amazonaws.com`."""
    roles = list(_iam(account, partition).roles.values())
    return any(role.path == path_of(service) for role in roles)


def give_role(account: str, service: str, partition: str = "aws") -> None:
    """What a service does that is switched on: the role is made unless it is there. In several Regions at once it is made
    once."""
    with _GIVING:
        if not has_role(account, service, partition):
            _iam(account, partition).create_service_linked_role(service, "", "")


def _iam(account: str, partition: str) -> IAMBackend:
    backend: IAMBackend = iam_backends[account][partition]
    return backend
