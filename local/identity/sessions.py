"""Role sessions that a service principal opens: Lambda for a function, EventBridge for a target."""

from __future__ import annotations

import re
import time
from functools import partial
from typing import TYPE_CHECKING

from moto.iam.models import iam_backends

from local.identity.credentials import Credentials
from local.identity.principals import Principal

if TYPE_CHECKING:
    from local.engine import Engine

SESSION_SECONDS = 3600
_NOT_IN_NAMES = re.compile(r"[^\w+=,.@-]")


class RoleNotAssumable(Exception):
    """The role is not there, or its trust policy does not admit the service."""


def install(engine: Engine) -> None:
    engine.minter = partial(assume_as_service, engine)


def assume_as_service(engine: Engine, role_arn: str, session_name: str, service: str) -> Credentials:
    if role_arn.count(":") < 5 or "/" not in role_arn:
        raise RoleNotAssumable(f"{role_arn} is no ARN of a role")
    account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[1]
    roles = iam_backends[account][engine.partition].roles.values()
    role = next((role for role in roles if role.arn == role_arn), None)
    if role is None:
        raise RoleNotAssumable(f"the role {role_arn} does not exist")
    if not engine.authorizer.service_assume(role_arn, service):
        raise RoleNotAssumable(f"{service} is unable to assume role {role_arn}")
    session = _NOT_IN_NAMES.sub("-", session_name)[:64]
    now = time.time()
    principal = Principal(
        kind="assumed-role",
        account=account,
        arn=f"arn:{engine.partition}:sts::{account}:assumed-role/{name}/{session}",
        user_id=f"{role.id}:{session}",
        name=session,
        role_arn=role_arn,
        issued=now,
        expires=now + SESSION_SECONDS,
        service=service,
    )
    credentials: Credentials = engine.registry.issue(principal)
    return credentials
