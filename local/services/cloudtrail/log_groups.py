"""What CloudTrail sends to CloudWatch Logs: the events that a trail's selectors take, into the log group of the trail.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/send-cloudtrail-events-to-cloudwatch-logs.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from moto.cloudtrail.models import Trail
from moto.logs.models import LogsBackend, logs_backends

from local.calls import CallRecord
from local.engine import Engine
from local.organizations import organization_of
from local.services.cloudtrail.errors import PRINCIPAL, CloudTrailError
from local.services.cloudtrail.events import event_of, selected

NO_ROLE = "InvalidCloudWatchLogsRoleArnException"
NO_GROUP = "InvalidCloudWatchLogsLogGroupArnException"


def check(trail: Trail) -> None:
    """Raises CloudTrailError unless the trail sends its events to a group of its account and Region, with a role that may
    send them; one is not without the other."""
    group = trail.cw_log_group_arn
    if not trail.cw_role_arn:
        raise CloudTrailError(NO_ROLE, "You must specify a role ARN as well as a log group.")
    of_the_trail = f"arn:{trail.partition}:logs:{trail.region_name}:{trail.account_id}:log-group:"
    if not group or not group.startswith(of_the_trail) or not group.endswith(":*"):
        raise CloudTrailError(NO_GROUP, "CloudTrail cannot validate the specified log group ARN.")
    refused = _refusal(trail, _stream_of(trail, trail.account_id, trail.region_name))
    if refused == "NoSuchLogGroup":
        raise CloudTrailError(NO_GROUP, "The specified log group does not exist.")
    if refused:
        raise CloudTrailError(NO_ROLE, "Access denied. Check the trust relationships for your role.")


def sender(visible: Callable[[str, str], Iterable[Trail]]) -> Callable[[CallRecord], None]:
    """What sends each call's event into the log groups of the trails that `visible(account, region)` names."""

    def hear(call: CallRecord) -> None:
        for trail in visible(call.account, call.region):
            if trail.cw_log_group_arn and trail.status.is_logging:
                _send(trail, call)

    return hear


def _send(trail: Trail, call: CallRecord) -> None:
    event = event_of(call)
    if not selected(trail, event):
        return
    stream = _stream_of(trail, call.account, call.region)
    refused = _refusal(trail, stream)
    vars(trail.status)["cloudwatch_error"] = refused
    if not refused:
        vars(trail.status)["cloudwatch_time"] = int(call.time)
        _put(trail, stream, event, call.time)


def _stream_of(trail: Trail, account: str, region: str) -> str:
    """Its name tells whose events it holds, and of which organization's trail."""
    organization = organization_of(trail.account_id, trail.partition) if trail.is_org_trail else None
    prefix = f"{organization.org.id}_" if organization and organization.org else ""
    return f"{prefix}{account}_CloudTrail_{region}"


def _refusal(trail: Trail, stream: str) -> str:
    """Why events do not come into the trail's log group; empty when they may. CloudTrail brings no aws:SourceArn and no
    aws:SourceAccount along to the role."""
    engine = Engine.current
    assert engine is not None
    logs, name = _group_of(trail)
    if name not in logs.groups:
        return "NoSuchLogGroup"
    role, to = str(trail.cw_role_arn), f"{_arn_of_group(trail)}:log-stream:{stream}"
    if not engine.authorizer.service_assume(role, PRINCIPAL, without_source=True):
        return "AccessDenied"
    actions = ("logs:CreateLogStream", "logs:PutLogEvents")
    may = all(engine.authorizer.role_may(role, action, to).allowed for action in actions)
    return "" if may else "AccessDenied"


def _put(trail: Trail, stream: str, event: Mapping[str, Any], moment: float) -> None:
    logs, name = _group_of(trail)
    if stream not in logs.groups[name].streams:
        logs.create_log_stream(name, stream)
    logs.groups[name].put_log_events(
        stream, [{"timestamp": int(moment * 1000), "message": json.dumps(event)}]
    )


def _arn_of_group(trail: Trail) -> str:
    return str(trail.cw_log_group_arn).removesuffix(":*")


def _group_of(trail: Trail) -> tuple[LogsBackend, str]:
    """Where the trail's log group is, and its name."""
    _, _, _, region, owner, _, name = _arn_of_group(trail).split(":", 6)
    return logs_backends[owner][region], name
