"""Policies of the organization that hold something in an account, for the tests of what they hold."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from local.engine import Engine
from tests.engine.support import eventually


def enable(engine: Engine, policy_type: str) -> str:
    """The root's id, once policies of that type take effect."""
    organizations = engine.client("organizations")

    def enabled() -> str | None:
        (root,) = organizations.list_roots()["Roots"]
        on = {each["Type"]: each["Status"] for each in root["PolicyTypes"]}
        if policy_type not in on:
            organizations.enable_policy_type(RootId=root["Id"], PolicyType=policy_type)
        return str(root["Id"]) if on.get(policy_type) == "ENABLED" else None

    return eventually(enabled)


@contextmanager
def hold(engine: Engine, policy_type: str, *targets: str) -> Iterator[Callable[[Mapping[str, Any]], str]]:
    """A function that attaches one policy with some content to these targets; detached at the end."""
    organizations, made = engine.client("organizations"), list[str]()
    root = enable(engine, policy_type)

    def holding(content: Mapping[str, Any]) -> str:
        name = f"held-{uuid.uuid4()}"
        given = {"Name": name, "Type": policy_type, "Content": json.dumps(content), "Description": ""}
        made.append(organizations.create_policy(**given)["Policy"]["PolicySummary"]["Id"])
        for target in targets or (root,):
            organizations.attach_policy(PolicyId=made[-1], TargetId=target)
        return made[-1]

    yield holding
    for policy in made:
        for target in targets or (root,):
            organizations.detach_policy(PolicyId=policy, TargetId=target)
