"""StackSets as CloudFormation shows them, what they are in, and what is being done to them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-concepts.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackSet.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackSetOperations.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError

from groundwork.baseline.components.stacks import shown
from groundwork.declaration.stacks import STACK

DELEGATED = {"CallAs": "DELEGATED_ADMIN"}
SERVICE_MANAGED = "SERVICE_MANAGED"
MARK = "Groundwork lays it down"
"""What the description of ours begins with. A tag would be handed down to everything that the stacks hold."""
AT_WORK = ("QUEUED", "RUNNING", "STOPPING")
NOT_DONE = ("CANCELLED", "FAILED", "INOPERABLE")
"""The detailed statuses of instances that an operation left out, or came to nothing in."""
INOPERABLE = "INOPERABLE"


@dataclass(frozen=True)
class Operation:
    """`failures` are the words of the accounts and Regions where one of ours failed, or of the operation itself."""

    identifier: str
    action: str
    status: str
    failures: tuple[str, ...] = ()

    @property
    def is_at_work(self) -> bool:
        return self.status in AT_WORK


@dataclass(frozen=True)
class Instance:
    """The stack of an account in a Region that is not as the StackSet has it."""

    account: str
    region: str
    status: str
    reason: str

    @property
    def words(self) -> str:
        return f"account {self.account} in {self.region}: {self.reason or self.status}"


@dataclass(frozen=True)
class Seen:
    """A StackSet of our names. `targets` are Regions by the id of a unit, `behind` the instances that are not current, `own`
    the operations that the execution at work has asked for, the newest first."""

    name: str
    is_ours: bool = True
    content: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    capabilities: frozenset[str] = frozenset()
    description: str = ""
    deploys: bool = True
    retains: bool = False
    manages_execution: bool = False
    targets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    behind: tuple[Instance, ...] = ()
    own: tuple[Operation, ...] = ()
    at_work: tuple[Operation, ...] = ()


def prefix(execution: str) -> str:
    """What the ids of the operations of an execution begin with."""
    return f"groundwork-{_digest(execution)[:24]}-" if execution else ""


def identifier(execution: str, *what: str) -> str:
    """An operation's id: CloudFormation carries out one id once."""
    return f"{prefix(execution)}{_digest(' '.join(what))[:24]}" if execution else ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def listed(cloudformation: Any) -> dict[str, Mapping[str, Any]] | None:
    """Those of our names, by what follows them; None where the account may not ask, as it administers none."""
    pages = cloudformation.get_paginator("list_stack_sets").paginate(Status="ACTIVE", **DELEGATED)
    try:
        found = [each for page in pages for each in page["Summaries"]]
    except ClientError as refused:
        if refused.response["Error"]["Code"] != "ValidationError":
            raise
        return None
    return {
        each["StackSetName"].removeprefix(STACK): each
        for each in found
        if each["StackSetName"].startswith(STACK)
    }


def is_ours(summary: Mapping[str, Any]) -> bool:
    described = str(summary.get("Description", ""))
    return summary.get("PermissionModel") == SERVICE_MANAGED and described.startswith(MARK)


def seen(cloudformation: Any, name: str, execution: str, asked: Iterable[str]) -> Seen:
    """`asked` are the ids of the operations that this try has asked for: a list may show them late."""
    which = {"StackSetName": f"{STACK}{name}", **DELEGATED}
    told = cloudformation.describe_stack_set(**which)["StackSet"]
    automatic = told.get("AutoDeployment", {})
    operations = list(_operations(cloudformation, which, asked))
    ours = prefix(execution)
    return Seen(
        name,
        is_ours=is_ours(told),
        content=shown.read(told["TemplateBody"]),
        parameters={
            each["ParameterKey"]: each.get("ParameterValue", "") for each in told.get("Parameters", [])
        },
        capabilities=frozenset(told.get("Capabilities", [])),
        description=str(told.get("Description", "")),
        deploys=bool(automatic.get("Enabled")),
        retains=bool(automatic.get("RetainStacksOnAccountRemoval")),
        manages_execution=bool(told.get("ManagedExecution", {}).get("Active")),
        targets={
            each["OrganizationalUnitId"]: frozenset(each["Regions"])
            for each in _all(cloudformation.list_stack_set_auto_deployment_targets, which)
        },
        behind=tuple(_behind(cloudformation, which)),
        own=tuple(
            _with_failures(cloudformation, which, each)
            for each in operations
            if ours and each.identifier.startswith(ours)
        ),
        at_work=tuple(each for each in operations if each.is_at_work),
    )


def _all(ask: Any, given: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Pages of summaries; botocore has no paginator for some of them."""
    asked = dict(given)
    while True:
        page = ask(**asked)
        yield from page["Summaries"]
        if not page.get("NextToken"):
            return
        asked["NextToken"] = page["NextToken"]


def _operations(cloudformation: Any, which: Mapping[str, Any], asked: Iterable[str]) -> Iterator[Operation]:
    known = frozenset(asked)
    for own in sorted(known):
        told = cloudformation.describe_stack_set_operation(OperationId=own, **which)["StackSetOperation"]
        yield _operation(told)
    for each in _all(cloudformation.list_stack_set_operations, which):
        if each["OperationId"] not in known:
            yield _operation(each)


def _operation(told: Mapping[str, Any]) -> Operation:
    reason = str(told.get("StatusReason", "")).rstrip(". ")
    failures = (reason,) if told["Status"] in ("FAILED", "STOPPED") and reason else ()
    return Operation(told["OperationId"], told["Action"], told["Status"], failures)


def _with_failures(cloudformation: Any, which: Mapping[str, Any], operation: Operation) -> Operation:
    """Of one that failed, which account, Region and reason CloudFormation names."""
    if operation.status not in ("FAILED", "STOPPED"):
        return operation
    filters = [{"Name": "OPERATION_RESULT_STATUS", "Values": "FAILED"}]
    asked = {"OperationId": operation.identifier, "Filters": filters, **which}
    told = tuple(
        f"account {each['Account']} in {each['Region']}: {str(each.get('StatusReason', '')).rstrip('. ')}"
        for each in _all(cloudformation.list_stack_set_operation_results, asked)
    )
    return replace(operation, failures=told or operation.failures)


def _behind(cloudformation: Any, which: Mapping[str, Any]) -> Iterator[Instance]:
    """By three questions, whatever the number of accounts."""
    for status in NOT_DONE:
        asked = {**which, "Filters": [{"Name": "DETAILED_STATUS", "Values": status}]}
        for each in _all(cloudformation.list_stack_instances, asked):
            if each["Status"] != "CURRENT":
                reason = str(each.get("StatusReason", "")).rstrip(". ")
                yield Instance(each["Account"], each["Region"], each["Status"], reason)
