"""Who may call what: IAM as AWS enforces it, for every call to the embedded AWS.

gate         stands in front of moto: identifies, parses, asks the authorizer
authorizer   what the call needs, and whether its caller may
requests     call -> actions, resources, condition keys (operations, resources, resolvers, keys, dependents)
state        the policies that hold now, read from moto; groundwork.policies decides what they say
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.authorization import gate
from local.authorization.authorizer import Authorizer

if TYPE_CHECKING:
    from local.engine import Engine


def install(engine: Engine) -> None:
    engine.authorizer = Authorizer(engine)
    gate.install(engine)
