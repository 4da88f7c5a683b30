"""docs/embedded-operations.md: what the embedded AWS has, read from the running one.

`python -m checks.embedded` prints it, from a process of its own: there is one engine in a process.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import botocore.session
from botocore.model import OperationModel
from moto.backends import get_backend
from moto.core.utils import camelcase_to_underscores
from moto.elb.responses import ELBResponse
from moto.elbv2.responses import ELBV2Response

from checks.references import MADE
from local.authorization import operations, reference
from local.authorization.gate import FOR_ANYBODY
from local.authorization.requests import SEVERAL
from local.clients import service_model
from local.engine import Engine
from local.events.delivery import DELIVERED_SERVICES
from local.services.s3 import SUBRESOURCES
from local.stack.resource import TYPES
from local.unused_services import answer_of

ROOT = Path(__file__).parent.parent
APART: Mapping[str, Sequence[str]] = {
    "es": (
        *("DescribeElasticsearchDomain", "DescribeElasticsearchDomainConfig", "DescribeElasticsearchDomains"),
        *("ListDomainNames", "ListTags"),
    ),
    "xray": (
        *("BatchGetTraces", "GetServiceGraph", "GetTraceGraph", "GetTraceSummaries", "PutTelemetryRecords"),
        "PutTraceSegments",
    ),
}
"""What moto has under other names than the operation's."""
AT_ONE_ADDRESS = {"elb": ELBResponse, "elbv2": ELBV2Response}
"""moto's classes of services that it has at one address."""
NOT_OURS = frozenset((*FOR_ANYBODY, "GetFederationToken", "ListDirectoryBuckets", "WriteGetObjectResponse"))
"""Of services that are here, but refused: for other identities, or signed for another service."""


def document() -> str:
    """The text of the page, from a process of its own."""
    surroundings = {**os.environ, "PYTHONPATH": "layers:."}
    made = subprocess.run(
        [sys.executable, "-m", "checks.embedded"],
        cwd=ROOT,
        env=surroundings,
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout


def here(aws: Engine) -> dict[str, list[str]]:
    """The operations of each service that the embedded AWS has: its IAM knows their actions, and something answers."""
    known = {
        name: [each for each in service_model(name).operation_names if is_here(aws, name, each)]
        for name in botocore.session.get_session().get_available_services()
        if is_known(name)
    }
    return {name: found for name, found in known.items() if found}


def is_known(service: str) -> bool:
    """Whether the embedded IAM knows the actions of a service."""
    return reference.is_service(operations.prefix_of(service))


def is_here(aws: Engine, service: str, operation: str) -> bool:
    """Whether the embedded AWS has an operation of a service, by botocore's names."""
    if operation in NOT_OURS or not _is_authorized(service, operation):
        return False
    if service == "s3":
        return _is_of_s3(service_model(service).operation_model(operation))
    if answer_of(service, operation):
        return True
    method = camelcase_to_underscores(operation)
    return operation in APART.get(service, ()) or any(
        hasattr(each, method) for each in _responses(aws, service)
    )


def _is_authorized(service: str, operation: str) -> bool:
    try:
        operations.action_of(service, operation, {})
    except operations.EngineGap:
        return f"{service}:{operation}" in SEVERAL
    return True


def _is_of_s3(operation: OperationModel) -> bool:
    """moto has S3's operations under no names; what it does not have, its adapter refuses by the address."""
    path, _, query = str(operation.http["requestUri"]).partition("?")
    names = {part.partition("=")[0] for part in query.split("&")} - {"", "x-id", "select-type"}
    kind = "key" if "{Key" in path else "bucket"
    return names <= SUBRESOURCES[kind].get(str(operation.http["method"]), frozenset())


def _responses(aws: Engine, service: str) -> set[Any]:
    """moto's classes that answer for a service."""
    if service in AT_ONE_ADDRESS:
        return {AT_ONE_ADDRESS[service]}
    found: Any = get_backend
    try:
        backends = found(service)[aws.management_account]
    except (ImportError, KeyError, ValueError, AttributeError):
        return set()
    backend = backends[aws.region] if aws.region in backends else backends[aws.partition]
    handlers = (getattr(each, "__self__", None) for each in backend.flask_paths.values())
    return {each for each in handlers if each is not None}


def _lines(aws: Engine) -> Iterator[str]:
    found = here(aws)
    total = sum(map(len, found.values()))
    yield "# What the embedded AWS has"
    yield ""
    yield MADE.format("the running embedded AWS")
    yield ""
    yield f"{total:,} operations of {len(found)} services, by the names that botocore has for them. Another one is answered with"
    yield "`NotImplemented`, by each in the protocol of its service. How to use it, and how well it does what it does:"
    yield "[embedded-aws.md](embedded-aws.md)."
    yield ""
    yield "| Service | Operations | of |"
    yield "|---|---:|---:|"
    for name, names in found.items():
        yield f"| [{name}](#{name}) | {len(names)} | {len(service_model(name).operation_names)} |"
    yield ""
    yield "## Resources of CloudFormation"
    yield ""
    yield from _listed(sorted(TYPES))
    yield ""
    yield "And `Fn::` functions, conditions, rules and SAM's own types, which the real translator makes into these."
    yield ""
    yield "## Targets of EventBridge's rules"
    yield ""
    yield from _listed(sorted(DELIVERED_SERVICES))
    for name, names in found.items():
        yield ""
        yield f"## {name}"
        yield ""
        yield from _listed(names)


def _listed(names: Sequence[str]) -> Iterator[str]:
    yield ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    with Engine(organization=None) as running:
        sys.stdout.write("\n".join(_lines(running)) + "\n")
