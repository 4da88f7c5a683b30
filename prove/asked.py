"""A question to IAM, put to two evaluators that know nothing of each other: the engine's own, and an outside tool."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from groundwork.declaration.policy_files import Document
from groundwork.policies.decision import Authority, ResourceSide, decide, decide_for_service
from groundwork.policies.documents import Caller as EngineCaller
from groundwork.policies.documents import Kind, Request, compile_policy

ROOT = Path(__file__).parents[1]
AUDIT = ROOT / ".venv-audit"
SIMULATE = Path(__file__).parent / "simulator" / "simulate.cjs"

Keys = Mapping[str, str | list[str]]
Mfa = Literal["absent", "false", "true"]
Levels = tuple[tuple[Document, ...], ...]


@dataclass(frozen=True)
class Caller:
    """Who asks. A service has neither account nor policies of its own; its `keys` say for whom it acts.

    `organization_policies` are the service control policies from the root down to the account."""

    words: str
    arn: str
    identity: tuple[Document, ...] = ()
    keys: Keys = field(default_factory=dict)
    role_arn: str | None = None
    boundary: Document | None = None
    session: Document | None = None
    organization_policies: Levels = ()

    @property
    def is_service(self) -> bool:
        return self.arn.endswith(".amazonaws.com")

    @property
    def account(self) -> str:
        return "" if self.is_service else self.arn.split(":")[4]


@dataclass(frozen=True)
class Wish:
    """What is asked for: an action on a resource, the resource's own policy, and what the call itself says.

    `resource_controls` are the resource control policies from the root down to the owner, but for RCPFullAWSAccess."""

    words: str
    action: str
    resource: str
    owner: str
    policy: Document | None = None
    keys: Keys = field(default_factory=dict)
    resource_controls: Levels = ()

    @property
    def needs_its_policy(self) -> bool:
        """Whether the resource admits nobody whom its own policy does not."""
        return self.action.startswith(("sts:AssumeRole", "kms:"))


@dataclass(frozen=True)
class Case:
    caller: Caller
    wish: Wish
    allowed: bool
    why: str = ""

    def __str__(self) -> str:
        said = f"{self.caller.words} {'may' if self.allowed else 'may not'} {self.wish.words}"
        return f"{said}: {self.why}" if self.why else said

    @property
    def keys(self) -> dict[str, str | list[str]]:
        return {**self.caller.keys, **self.wish.keys}


# -- the engine's own evaluator ----------------------------------------------------------------------

EVERYONE: Document = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
}
"""What RCPFullAWSAccess says, which hangs on every level."""


def engine_allows(case: Case) -> bool:
    caller, wish = case.caller, case.wish
    kind = Kind.TRUST if wish.action == "sts:AssumeRole" else Kind.RESOURCE
    policy = compile_policy(wish.policy, kind) if wish.policy else None
    known = {
        key.lower(): tuple(value) if isinstance(value, list) else value for key, value in case.keys.items()
    }
    controls = [
        [compile_policy(each, Kind.RESOURCE) for each in (EVERYONE, *level)]
        for level in wish.resource_controls
    ]
    side = ResourceSide(policy, wish.owner, wish.needs_its_policy, controls)
    if caller.is_service:
        request = Request(wish.action, wish.resource, known, EngineCaller(service=caller.arn))
        return bool(decide_for_service(request, side))
    who = EngineCaller(caller.arn, caller.account, caller.role_arn, bounded=caller.boundary is not None)
    authority = Authority(
        identity=[compile_policy(document) for document in caller.identity],
        boundary=[compile_policy(caller.boundary)] if caller.boundary else None,
        session=[compile_policy(caller.session, Kind.SESSION)] if caller.session else None,
        service_control=[[compile_policy(each) for each in level] for level in caller.organization_policies],
    )
    return bool(decide(Request(wish.action, wish.resource, known, who), authority, side))


# -- the outside tool --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What the outside tool said, or why it did not understand the question."""

    result: str = ""
    error: str = ""

    @property
    def allowed(self) -> bool:
        return self.result == "Allowed"


def outsider_answers(cases: Sequence[Case]) -> list[Answer]:
    """All of them in one process. Raises `FileNotFoundError` where the tool is not installed: `make audit` does it."""
    environment = {**os.environ, "NODE_PATH": str(AUDIT / "node_modules")}
    done = subprocess.run(
        [AUDIT / "bin" / "node", SIMULATE],
        input=f"[{','.join(_simulation(case) for case in cases)}]",
        env=environment,
        capture_output=True,
        check=True,
        text=True,
    )
    return [_answer(said) for said in json.loads(done.stdout)]


def _answer(said: dict[str, Any]) -> Answer:
    if said.get("ignored"):
        return Answer(error=f"makes nothing of {', '.join(said['ignored'])}")
    return Answer(said.get("result", ""), said.get("error", ""))


UNKNOWN_TO_IT = {"kms:EncryptionContext:aws:cloudtrail:arn": "kms:RequestAlias"}
"""The tool knows no encryption contexts: policy and request both say it by another key, which nothing here uses."""


def _simulation(case: Case) -> str:
    text = json.dumps(_asked(case))
    for key, known in UNKNOWN_TO_IT.items():
        text = text.replace(key, known)
    return text


def _asked(case: Case) -> dict[str, Any]:
    caller, wish = case.caller, case.wish
    asked: dict[str, Any] = {
        "request": {
            "principal": caller.arn,
            "action": wish.action,
            "resource": {"resource": wish.resource, "accountId": wish.owner},
            "contextVariables": case.keys,
        },
        "identityPolicies": _named(caller.identity),
        "serviceControlPolicies": _levels(caller.organization_policies),
        "resourceControlPolicies": _levels(wish.resource_controls),
    }
    if wish.policy:
        asked["resourcePolicy"] = wish.policy
    if caller.boundary:
        asked["permissionBoundaryPolicies"] = _named([caller.boundary])
    if caller.session:
        asked["sessionPolicy"] = caller.session
    return asked


def _levels(levels: Levels) -> list[dict[str, Any]]:
    return [
        {"orgIdentifier": f"level-{number}", "policies": _named(level)} for number, level in enumerate(levels)
    ]


def _named(documents: Sequence[Document]) -> list[dict[str, Any]]:
    return [{"name": f"policy-{number}", "policy": document} for number, document in enumerate(documents)]
