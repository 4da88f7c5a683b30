"""What AWS would bill of what has just been measured."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.recorder import Invocation
from bench.tally import INVOKE, OURS
from cli.costs import Usage
from local.calls import CallRecord

READS: Mapping[str, int] = {"GetItem": 1, "Query": 1, "BatchGetItem": 3}
WRITES: Mapping[str, int] = {"PutItem": 1, "UpdateItem": 1, "DeleteItem": 1, "TransactWriteItems": 4}
"""Request units of a call. Reads are strongly consistent, items below 1 KB; a batch asks for three at most."""
S3_WRITES = ("PutObject", "ListObjectsV2", "ListObjects", "ListBuckets")
MEGABYTES = 1024


def usage_of(
    invocations: Sequence[Invocation], calls: Iterable[CallRecord], histories: Iterable[Sequence[Any]]
) -> Usage:
    """Of one or more executions. Their logs are taken to be as long as their histories with data."""
    events = [event for history in histories for event in history]
    ours = [call for call in calls if call.action != INVOKE and OURS.search(call.principal_arn or "")]
    return Usage(
        transitions=sum(event["type"].endswith("StateEntered") for event in events),
        requests=len(invocations),
        gb_seconds=sum(each.memory / MEGABYTES * (each.end - each.start) for each in invocations),
        table_reads=sum(READS.get(call.operation, 0) for call in _of(ours, "dynamodb")),
        table_writes=sum(WRITES.get(call.operation, 0) for call in _of(ours, "dynamodb")),
        events=sum(call.operation == "PutEvents" for call in ours),
        logged=sum(each.logged for each in invocations) + sum(_length(event) for event in events),
        s3_writes=sum(call.operation in S3_WRITES for call in _of(ours, "s3")),
        s3_reads=sum(call.operation not in S3_WRITES for call in _of(ours, "s3")),
        kms=len(_of(ours, "kms")),
        traces=1,
    )


def _of(calls: Iterable[CallRecord], service: str) -> list[CallRecord]:
    return [call for call in calls if call.service == service]


def _length(event: Any) -> int:
    return len(json.dumps(event, default=str))
