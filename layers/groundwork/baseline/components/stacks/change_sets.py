"""What an update would do, as CloudFormation itself says it: a change set of the stack.

Only CloudFormation knows what it replaces. It says so by no call that reads: a change set is made, described, and deleted
again, or executed where the update is applied. It changes no resource. A plan may make the one of its own name, of a stack
that is there: this is all that it ever writes. For a new stack none is made, as that would leave an empty one behind.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from groundwork.declaration.stacks import STACK

from .calls import Declared
from .state import token, validation_errors
from .words import ChangeSet

IN_PROGRESS = ("CREATE_PENDING", "CREATE_IN_PROGRESS", "DELETE_PENDING", "DELETE_IN_PROGRESS")
NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
"""What the reason of a change set holds that failed because there is nothing to change."""
REFUSALS = ("InsufficientCapabilitiesException", "ValidationError")
"""By which CloudFormation takes no change set of one stack: others are worked on all the same."""
AT_WORK = "_IN_PROGRESS state"
"""What stands in the refusal where it has begun to work on the stack since that was read."""


def made(cloudformation: Any, place: Declared, name: str) -> ChangeSet:
    """The change set for what is declared: the one that is there where it still holds, or a new one in place of it."""
    at = {"StackName": f"{STACK}{place.name}", "ChangeSetName": name}
    contents = place.contents
    meant = hashlib.sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()
    asked = token(place.execution, "CreateChangeSet", place.resource)
    there = _described(cloudformation, at)
    if there and there["Status"] not in IN_PROGRESS and not _holds(there, meant, asked):
        cloudformation.delete_change_set(**at)
        there = None
    if there is None:
        try:
            cloudformation.create_change_set(
                **at, **contents, ChangeSetType="UPDATE", Description=f"{meant} {asked}"
            )
        except ClientError as refused:
            return _refused(refused)
        there = _described(cloudformation, at)
    if there is None or there["Status"] in IN_PROGRESS or meant not in there.get("Description", ""):
        return ChangeSet(pending=True)
    if there["Status"] == "FAILED":
        why = there.get("StatusReason", "").rstrip(". ")
        if any(each in why for each in NO_CHANGES):
            return ChangeSet(idle=True)
        return ChangeSet(failed=validation_errors(cloudformation, ChangeSetName=there["ChangeSetId"]) or why)
    return ChangeSet([each["ResourceChange"] for each in there["Changes"]])


def _refused(error: ClientError) -> ChangeSet:
    """Raises what is no refusal of this one change set."""
    told = error.response["Error"]
    if told["Code"] not in REFUSALS:
        raise error
    why = told.get("Message", "").rstrip(". ")
    return ChangeSet(pending=True) if AT_WORK in why else ChangeSet(failed=why or told["Code"])


def removed(cloudformation: Any, place: Declared, name: str) -> None:
    cloudformation.delete_change_set(StackName=f"{STACK}{place.name}", ChangeSetName=name)


def _described(cloudformation: Any, at: Mapping[str, str]) -> dict[str, Any] | None:
    """With all pages of its changes."""
    try:
        pages = list(cloudformation.get_paginator("describe_change_set").paginate(**at))
    except ClientError as refused:
        if refused.response["Error"]["Code"] != "ChangeSetNotFound":
            raise
        return None
    return {**pages[0], "Changes": [change for page in pages for change in page.get("Changes", [])]}


def _holds(there: Mapping[str, Any], meant: str, asked: str) -> bool:
    """Whether it is for what is declared, and nothing has happened to its stack since; what failed may do so no more when
    another execution asks."""
    if there["Status"] == "FAILED":
        return bool(there.get("Description") == f"{meant} {asked}")
    return bool(there["ExecutionStatus"] == "AVAILABLE" and meant in there.get("Description", ""))
