"""What an operation of a StackSet does: one after the other, Region by Region, with the account's own CloudFormation.

AWS works in several accounts at once. Here it is one at a time: how many fail before an operation ends is the same.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-concepts.html#stackset-ops-options
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeploymentTargets.html
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local.organizations import Organizations, organization_of
from local.stack.cloudformation import NOTHING_TO_DO

from .model import Instance, Operation, Place, StackSet
from .roles import execution_session

if TYPE_CHECKING:
    from local.engine import Engine

DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
NEVER_MADE = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")
STOPPED = "Cancelled since failure tolerance has exceeded"
SUSPENDED = "SKIPPED_SUSPENDED_ACCOUNT"
YOUNG_SECONDS = 5
"""After which a new account that does not answer yet is asked again."""


class Failed(Exception):
    """One account in one Region could not be done."""


def begin(engine: Engine, stack_set: StackSet, operation: Operation) -> None:
    """Carries it out in the background, after those that are queued before it."""
    with stack_set.lock:
        stack_set.operations.append(operation)
        is_first = len(stack_set.at_work) == 1
        if is_first:
            operation.status = "RUNNING"
    if is_first:
        engine.in_background(_work, engine, stack_set)


def follow_the_organization(engine: Engine, stack_sets: Iterator[StackSet]) -> None:
    """Automatic deployment: accounts that came into the units, or left them."""
    for stack_set in stack_sets:
        if not stack_set.automatic["Enabled"]:
            continue
        wanted = places(stack_set, stack_set.targets)
        with stack_set.lock:
            queued = {place for each in stack_set.at_work for place in each.places or ()}
            gone = [each for each in stack_set.instances if each not in wanted and each not in queued]
            come = [each for each in wanted if each not in stack_set.instances and each not in queued]
        for action, of in (("DELETE", gone), ("CREATE", come)):
            if of:
                identifier = str(uuid.uuid4())
                retains = stack_set.automatic["RetainStacksOnAccountRemoval"]
                made = Operation(identifier, action, {}, of, retains=retains, by_itself=True)
                begin(engine, stack_set, made)


def places(stack_set: StackSet, units: Mapping[str, Any]) -> dict[Place, str]:
    """The accounts of the units and of those below them, in their Regions, each with the unit. Never the management account."""
    organization = organization_of(stack_set.owner, stack_set.partition)
    assert isinstance(organization, Organizations)
    found: dict[Place, str] = {}
    for unit, regions in units.items():
        for account in organization.accounts:
            above = {place.id for place in organization.way_to(account.id)}
            if unit in above and account.id != organization.account_id:
                found |= {(account.id, region): unit for region in regions}
    return found


# -- an operation --------------------------------------------------------------------------------------


def _work(engine: Engine, stack_set: StackSet) -> None:
    while True:
        with stack_set.lock:
            waiting = stack_set.at_work
            if not waiting:
                return
            operation = waiting[0]
            operation.status = "RUNNING"
        _carry_out(engine, stack_set, operation)


def _carry_out(engine: Engine, stack_set: StackSet, operation: Operation) -> None:
    of = _instances(stack_set, operation)
    regions = [
        *(each for each in operation.preferences.get("RegionOrder", ())),
        *sorted({region for _, region in of}),
    ]
    parallel = operation.preferences.get("RegionConcurrencyType") == "PARALLEL"
    stopped = False
    for region in dict.fromkeys(regions):
        here = [each for place, each in of.items() if place[1] == region]
        most, failures = _tolerated(operation, len(here)), 0
        stopped = stopped and not parallel
        for instance in here:
            if stopped:
                _note(operation, instance, "CANCELLED", STOPPED)
                continue
            if not _done(engine, stack_set, operation, instance):
                failures += 1
            stopped = failures > most
        if failures > most:
            operation.reason = f"Failure tolerance exceeded in {region}"
    with stack_set.lock:
        operation.ended = datetime.now(UTC)
        operation.status = "FAILED" if operation.reason else "SUCCEEDED"


def _tolerated(operation: Operation, accounts: int) -> int:
    """Those of an automatic deployment are all tried."""
    if operation.by_itself:
        return accounts
    share = operation.preferences.get("FailureTolerancePercentage")
    return (
        int(operation.preferences.get("FailureToleranceCount", 0))
        if share is None
        else accounts * int(share) // 100
    )


def _instances(stack_set: StackSet, operation: Operation) -> dict[Place, Instance]:
    """What it is about, with the instances that it makes."""
    if operation.action == "UPDATE":
        return dict(stack_set.instances)
    wanted = places(stack_set, operation.units)
    if operation.action == "DELETE":
        gone = set(operation.places or ())
        return {
            place: each
            for place, each in stack_set.instances.items()
            if place in gone or each.region in operation.units.get(each.unit, ())
        }
    if operation.places is not None:
        targeted = places(stack_set, stack_set.targets)
        wanted = {place: targeted[place] for place in operation.places if place in targeted}
    for (account, region), unit in wanted.items():
        stack_set.instances.setdefault((account, region), Instance(account, region, unit))
    return {place: stack_set.instances[place] for place in wanted}


def _done(engine: Engine, stack_set: StackSet, operation: Operation, instance: Instance) -> bool:
    instance.operation = operation.identifier
    if not _is_active(stack_set, instance.account) and operation.action != "DELETE":
        instance.detailed = SUSPENDED
        operation.results[instance.account, instance.region] = (instance.unit, "SUCCEEDED", "")
        return True
    try:
        if operation.action == "DELETE":
            if instance.stack_id and not operation.retains:
                _delete(engine, instance)
            stack_set.instances.pop((instance.account, instance.region), None)
        elif instance.status != "CURRENT":
            _deploy(engine, stack_set, instance)
            instance.status = "CURRENT"
    except Failed as failure:
        instance.status = "INOPERABLE" if operation.action == "DELETE" else "OUTDATED"
        _note(operation, instance, "FAILED", str(failure))
        return False
    instance.detailed, instance.reason = "SUCCEEDED", ""
    operation.results[instance.account, instance.region] = (instance.unit, "SUCCEEDED", "")
    return True


def _note(operation: Operation, instance: Instance, status: str, reason: str) -> None:
    instance.operation, instance.reason = operation.identifier, reason
    instance.detailed = "INOPERABLE" if instance.status == "INOPERABLE" else status
    operation.results[instance.account, instance.region] = (instance.unit, status, reason)


def _is_active(stack_set: StackSet, account: str) -> bool:
    organization = organization_of(stack_set.owner, stack_set.partition)
    assert organization is not None
    return any(each.id == account and each.state == "ACTIVE" for each in organization.accounts)


# -- in the account ------------------------------------------------------------------------------------


def _client(engine: Engine, instance: Instance) -> Any:
    """AWS waits for a new account until it answers."""
    young = engine.young_accounts
    while engine.running and (
        young.entry_refusal(instance.account)
        or young.refusal(instance.account, "cloudformation", instance.region)
    ):
        engine.clock.wait(YOUNG_SECONDS)
    session = execution_session(engine, instance.account)
    return engine.client("cloudformation", region=instance.region, credentials=session)


def _deploy(engine: Engine, stack_set: StackSet, instance: Instance) -> None:
    asked = {
        "TemplateBody": stack_set.template,
        "Parameters": [
            {"ParameterKey": name, "ParameterValue": value} for name, value in stack_set.parameters.items()
        ],
        "Capabilities": stack_set.capabilities,
        "Tags": [{"Key": key, "Value": value} for key, value in stack_set.tags.items()],
    }
    try:
        cloudformation = _client(engine, instance)
        there = _described(cloudformation, instance.stack_id) if instance.stack_id else {}
        if there.get("StackStatus") in NEVER_MADE:
            cloudformation.delete_stack(StackName=instance.stack_id)
            there = {}
        if there:
            cloudformation.update_stack(StackName=instance.stack_id, **asked)
        else:
            name = f"StackSet-{stack_set.name}-{uuid.uuid4()}"
            instance.stack_id = cloudformation.create_stack(StackName=name, **asked)["StackId"]
        made = _described(cloudformation, instance.stack_id)
    except ClientError as refused:
        if NOTHING_TO_DO in str(refused):
            return
        raise Failed(refused.response["Error"]["Message"]) from refused
    if made["StackStatus"] not in DONE:
        raise Failed(_first_failure(cloudformation, instance.stack_id))


def _delete(engine: Engine, instance: Instance) -> None:
    try:
        cloudformation = _client(engine, instance)
        cloudformation.delete_stack(StackName=instance.stack_id)
        there = _described(cloudformation, instance.stack_id)
    except ClientError as refused:
        raise Failed(refused.response["Error"]["Message"]) from refused
    if there and there["StackStatus"] != "DELETE_COMPLETE":
        raise Failed(_first_failure(cloudformation, instance.stack_id))


def _described(cloudformation: Any, stack: str) -> dict[str, Any]:
    """Nothing for one that was deleted by name; one that was deleted is still known by its id."""
    try:
        found: dict[str, Any] = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as missing:
        if "does not exist" not in str(missing):
            raise
        return {}
    return {} if found["StackStatus"] == "DELETE_COMPLETE" else found


def _first_failure(cloudformation: Any, stack: str) -> str:
    """In the words of StackSets, of the newest operation."""
    told = ""
    for event in cloudformation.describe_stack_events(StackName=stack)["StackEvents"]:
        if event["ResourceStatus"].endswith("_FAILED"):
            told = (
                f"ResourceLogicalId:{event['LogicalResourceId']}, ResourceType:{event['ResourceType']}, "
                f"ResourceStatusReason:{event.get('ResourceStatusReason', '')}"
            )
        if event["PhysicalResourceId"] == event["StackId"] and event["ResourceStatus"] in (
            "CREATE_IN_PROGRESS",
            "UPDATE_IN_PROGRESS",
            "DELETE_IN_PROGRESS",
        ):
            break
    return told
