"""Run by the audit's Python, which has reach-security: an organization and questions about it on standard input, and
what the prover says to each on standard output. It knows nothing of Groundwork.

A question is about all requests and contexts at once: `denied` is a proof that none is allowed, `allowed` comes with one
that is. What must not count as an answer stands in `unless`, Deny statements that are put before the solver as a
session policy. https://github.com/ctrl-adam/Reach
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from reach import engine  # type: ignore[import-not-found]
from reach.catalog import bundled  # type: ignore[import-not-found]
from reach.engine import Environment, Principal, Query, decide  # type: ignore[import-not-found]
from reach.loaders import AuthorizationDetails, trust_policy  # type: ignore[import-not-found]
from reach.policy import parse_policy  # type: ignore[import-not-found]

EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
COARSE = replace(bundled(), action_resources={}, action_keys={})
"""Any action with any resource and any key: more requests than AWS knows, so that a denial of them all is a proof still,
and few kinds of action, so that it is a quick one."""
engine.SOLVER_TIMEOUT_MS = 120_000  # a busy machine is no reason not to know
engine._explain_classes = lambda *_: []  # why something is denied takes longer than that it is


class Prover:
    def __init__(self, organization: Mapping[str, Any]) -> None:
        self._id, self._management = organization["id"], organization["management"]
        self._paths: Mapping[str, str] = organization["paths"]
        self._details = {
            account: AuthorizationDetails.from_json(details)
            for account, details in organization["details"].items()
        }
        self._layers = {
            account: [
                (name, [_policy(each, f"{name}-{n}") for n, each in enumerate(layer)])
                for name, layer in layers
            ]
            for account, layers in organization["layers"].items()
        }
        self._caller = cache(self._caller)  # type: ignore[method-assign]

    def answer(self, question: Mapping[str, Any]) -> dict[str, Any]:
        caller = self._caller(question["caller"], question["everything"])
        resource = question["resource"]
        owner = (resource.split(":") + [""] * 5)[4]
        trust = None
        if question["action"] == "sts:AssumeRole" and owner in self._details:
            trust = trust_policy(self._details[owner], resource)
        environment = Environment(
            scp_layers=self._layers.get(caller.account, []),
            session_policies=[_policy(question["unless"], "unless", EVERYTHING)]
            if question["unless"]
            else [],
            management_account=caller.account == self._management,
            org_context=self._of_caller(caller.account) | self._of_resource(owner),
        )
        query = Query(question["action"], resource, question["context"], trust)
        catalogue = COARSE if "*" in question["action"] else bundled()
        result = decide(caller, query, environment, catalogue)
        said = [*result.assumptions, *result.reasons]
        if result.witness:
            there = {key: value for key, value in result.witness.context.items() if value is not None}
            said.insert(0, f"{result.witness.action} on {result.witness.resource} with {there}")
        return {"verdict": result.verdict.value, "said": said}

    def _caller(self, arn: str, everything: bool) -> Any:
        there = self._details.get(arn.split(":")[4])
        own = there.principal(arn) if there and arn in there.principal_arns() else Principal(arn, [])
        if not everything:
            return own
        denies = [
            [each for each in policy.statements if each.effect == "Deny"] for policy in own.identity_policies
        ]
        kept = [
            replace(policy, statements=each)
            for policy, each in zip(own.identity_policies, denies, strict=True)
        ]
        return replace(own, identity_policies=[_policy([], "everything", EVERYTHING), *kept])

    def _of_caller(self, account: str) -> dict[str, Any]:
        inside = account in self._paths
        return {
            "aws:PrincipalOrgID": self._id if inside else None,
            "aws:PrincipalOrgPaths": [self._paths[account]] if inside else None,
        }

    def _of_resource(self, owner: str) -> dict[str, Any]:
        if not owner.isdigit():  # a bucket, or whatever matches: the solver may take any account
            return {}
        inside = owner in self._paths
        return {
            "aws:ResourceAccount": owner,
            "aws:ResourceOrgID": self._id if inside else None,
            "aws:ResourceOrgPaths": [self._paths[owner]] if inside else None,
        }


def _policy(document: Any, name: str, *more: Mapping[str, Any]) -> Any:
    if isinstance(document, list):
        document = {"Version": "2012-10-17", "Statement": [*more, *document]}
    return parse_policy(document, name)


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    prover = Prover(asked["organization"])
    json.dump([prover.answer(question) for question in asked["questions"]], sys.stdout)
