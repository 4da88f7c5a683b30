"""Adapter: what services answer in which nothing was ever made or switched on. Here nothing can make it, either: of most of
these services only what reads is here at all.

moto has not the operation, not the service, or an answer that AWS would not give: every account has a support plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException
from moto.core.request import Request, determine_request_protocol
from moto.core.serialize import XFormedAttributePicker, get_serializer_class
from moto.core.utils import get_service_model
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from local.authorization.gate import ADMITTED, Environ, StartResponse
from local.authorization.resources import Call

if TYPE_CHECKING:
    from local.engine import Engine

Answer = Callable[[Call], object]
EVERY = "*"
"""Every operation of a service."""


class NotSwitchedOn(ServiceException):
    """What a service says instead of an answer, by the name of the exception."""


def _nothing(call: Call) -> object:
    """Each list of the answer is empty."""
    members = get_service_model(call.service).operation_model(call.operation).output_shape.members
    return {name: [] for name, shape in members.items() if shape.type_name == "list"}


def _no_support_plan(_: Call) -> object:
    """https://docs.aws.amazon.com/awssupport/latest/APIReference/Welcome.html: without a plan for businesses."""
    return NotSwitchedOn(
        "SubscriptionRequiredException", "Amazon Web Services Premium Support Subscription is required."
    )


def _no_shield_advanced(_: Call) -> object:
    """https://docs.aws.amazon.com/waf/latest/DDOSAPIReference/API_GetSubscriptionState.html"""
    return {"SubscriptionState": "INACTIVE"}


def _blocked_but_for_ssh(_: Call) -> object:
    """https://docs.aws.amazon.com/emr/latest/APIReference/API_BlockPublicAccessConfiguration.html: of a new account."""
    ports = [{"MinRange": 22, "MaxRange": 22}]
    rules = {"BlockPublicSecurityGroupRules": True, "PermittedPublicSecurityGroupRuleRanges": ports}
    return {"BlockPublicAccessConfiguration": rules}


ANSWERS: Mapping[str, Mapping[str, Answer]] = {
    "bedrock": {"ListGuardrails": _nothing},
    "codebuild": {"ListReportGroups": _nothing},
    "controltower": {"ListLandingZones": _nothing},
    "detective": {"ListGraphs": _nothing},
    "ec2": {"DescribeClientVpnEndpoints": _nothing, "DescribeReservedInstances": _nothing},
    "emr": {"GetBlockPublicAccessConfiguration": _blocked_but_for_ssh},
    "events": {"ListEndpoints": _nothing},
    "inspector2": {"ListCoverage": _nothing},
    "kafkaconnect": {"ListConnectors": _nothing},
    "resource-explorer-2": {"ListIndexes": _nothing},
    "sagemaker": {"ListMonitoringSchedules": _nothing},
    "savingsplans": {"DescribeSavingsPlans": _nothing},
    "shield": {"GetSubscriptionState": _no_shield_advanced},
    "ssm": {"DescribeInstanceInformation": _nothing, "ListResourceComplianceSummaries": _nothing},
    "support": {EVERY: _no_support_plan},
}


def answer_of(service: str, operation: str) -> Answer | None:
    """By botocore's names."""
    answers = ANSWERS.get(service, {})
    return answers.get(operation) or answers.get(EVERY)


def install(engine: Engine) -> None:
    """In front of moto, behind the gate."""

    def answered(application: Any, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        call: Call | None = environ.get(ADMITTED)
        answer = answer_of(call.service, call.operation) if call else None
        if call is None or answer is None:
            return asked(application, environ, start_response)  # type: ignore[no-any-return]
        status, headers, body = _written(answer(call), call, Request(environ))
        start_response(f"{status} Unused", list(headers.items()))
        return [body]

    asked = engine.patch(DomainDispatcherApplication, "__call__", answered)


def _written(result: object, call: Call, request: Request) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body, in the protocol of the request."""
    model = get_service_model(call.service)
    protocol = determine_request_protocol(model, request.content_type)
    written = get_serializer_class(call.service, protocol)(
        model.operation_model(call.operation), value_picker=XFormedAttributePicker(None)
    ).serialize(result)
    body = written["body"]
    raw = body if isinstance(body, bytes) else str(body).encode()
    headers = {name: str(value) for name, value in written["headers"].items()}
    return written["status_code"], {**headers, "Content-Length": str(len(raw))}, raw
