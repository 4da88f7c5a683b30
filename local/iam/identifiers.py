"""Adapter: IAM's unique identifiers, which say by their first letters what they are of. moto has these for roles alone, and
gives a policy of AWS another one in each account.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
"""

from __future__ import annotations

import hashlib
import string
from random import choices
from typing import Any

from moto.iam import models
from moto.iam.models import AWSManagedPolicy, Group, InstanceProfile, User, iam_backends

from local.engine import Engine

LETTERS = string.ascii_uppercase + "234567"
LENGTH = 17
USER, GROUP, PROFILE, POLICY = "AIDA", "AGPA", "AIPA", "ANPA"


def install(engine: Engine) -> None:
    for kind, prefix in ((User, USER), (Group, GROUP), (InstanceProfile, PROFILE)):
        engine.patch(kind, "__init__", _with_identifier(prefix, vars(kind)["__init__"]))
    engine.patch(models, "random_policy_id", lambda: _new(POLICY))
    engine.add(AWSManagedPolicy, "id", property(_of_arn, _keep_out))
    for user in iam_backends[engine.management_account][engine.partition].users.values():
        user.id = _new(USER)  # the administrator is there before any adapter


def _new(prefix: str) -> str:
    return prefix + "".join(choices(LETTERS, k=LENGTH))


def _with_identifier(prefix: str, initialize: Any) -> Any:
    def initialized(entity: Any, *given: Any, **named: Any) -> None:
        initialize(entity, *given, **named)
        entity.id = _new(prefix)

    return initialized


def _of_arn(policy: AWSManagedPolicy) -> str:
    """The same wherever one looks."""
    digest = hashlib.sha256(f"{policy.path}{policy.name}".encode()).digest()
    return POLICY + "".join(LETTERS[byte % len(LETTERS)] for byte in digest[:LENGTH])


def _keep_out(policy: AWSManagedPolicy, _: str) -> None:
    """moto's own, at random."""
