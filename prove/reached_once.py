"""Run by the audit's Python, which has reach-security: requests with all their policies on standard input, and what its
evaluator of single requests says to each on standard output: true, false, or null for what it does not know. It knows
nothing of Groundwork. https://github.com/ctrl-adam/Reach
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from reach.engine import Environment, Principal, ResourcePolicy  # type: ignore[import-not-found]
from reach.policy import parse_policy  # type: ignore[import-not-found]
from reach.reference import evaluate  # type: ignore[import-not-found]


def answer(asked: Mapping[str, Any]) -> bool | None:
    caller = Principal(
        asked["caller"],
        [parse_policy(each, f"identity-{n}") for n, each in enumerate(asked["identity"])],
        parse_policy(asked["boundary"], "boundary") if asked["boundary"] else None,
    )
    environment = Environment(
        scp_layers=[
            (f"level-{n}", [parse_policy(each, f"organization-{n}") for each in level])
            for n, level in enumerate(asked["organization"])
        ],
        session_policies=[parse_policy(asked["session"], "session")] if asked["session"] else [],
        rcps=[parse_policy(each, "controls") for level in asked["controls"] for each in level],
    )
    policy = None
    if asked["policy"]:
        policy = ResourcePolicy(parse_policy(asked["policy"], "resource"), asked["owner"], asked["required"])
    said: bool | None = evaluate(
        caller, asked["action"], asked["resource"], asked["keys"], environment, policy
    )
    return said


if __name__ == "__main__":
    json.dump([answer(each) for each in json.load(sys.stdin)], sys.stdout)
