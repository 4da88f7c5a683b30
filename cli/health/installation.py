"""Groundwork itself, as it is deployed: its version, its state machines, its queue and alarms, who is told and who asks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cli.connection import REGION, ROLL_OUT, STACK, VEND
from cli.health.lines import Line, Patient, bad, good, warning
from cli.home import HOME

COMPLETE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
DEPLOY = "make build, then sam deploy (docs/deploy.md)."
ALARMS = "groundwork-"


def version() -> str:
    """Of this command, and of what it would deploy."""
    found = re.search(
        r"^  Version:\n(?:    .*\n)*?    Value: (\S+)$", (HOME / "template.yaml").read_text(), re.MULTILINE
    )
    return found[1] if found else ""


def stack(patient: Patient) -> Iterator[Line]:
    check = f"The stack {STACK} in {REGION}"
    found = patient.stack
    if found is None:
        yield bad(check, "is not there", f"Deploy it: {DEPLOY}")
        return
    status = found["StackStatus"]
    if status in COMPLETE:
        yield good(check, status)
    elif status.endswith("_IN_PROGRESS"):
        yield warning(check, status, "Look again when it has ended.")
    else:
        yield bad(
            check,
            status,
            "Read its events: aws cloudformation describe-stack-events --stack-name groundwork.",
        )
    deployed, own = patient.outputs.get("Version", "unknown"), version()
    if deployed == own:
        yield good("Version", own)
    else:
        yield warning(
            "Version",
            f"{deployed} is deployed, this command is of {own}",
            f"Deploy this one, or install the other: {DEPLOY} What changed: CHANGELOG.md.",
        )


def machines(patient: Patient) -> Iterator[Line]:
    client = patient.client("stepfunctions")
    for name in (VEND, ROLL_OUT):
        check = f"State machine {name}"
        try:
            found = client.describe_state_machine(stateMachineArn=patient.aws.state_machine(name))["status"]
        except client.exceptions.StateMachineDoesNotExist:
            yield bad(check, "is not there", f"Deploy it: {DEPLOY}")
            continue
        if found == "ACTIVE":
            yield good(check, "active")
        else:
            yield bad(check, found.lower(), f"Deploy it again: {DEPLOY}")


def management(patient: Patient) -> Iterator[Line]:
    """No account is made before the management account is ready."""
    owner = patient.organization["MasterAccountId"]
    pages = patient.client("organizations").get_paginator("list_tags_for_resource").paginate(ResourceId=owner)
    tags = {each["Key"]: each["Value"] for page in pages for each in page["Tags"]}
    state = tags.get("groundwork:state", "was never run")
    if state == "ready":
        yield good(
            "The management account", f"ready, by declaration {tags.get('groundwork:baseline', 'unknown')}"
        )
    else:
        remedy = "Read its plan and say yes: groundwork apply management. No account is made before."
        yield bad("The management account", state, remedy)


def undelivered(patient: Patient) -> Iterator[Line]:
    url = patient.outputs.get("UndeliveredEventsUrl")
    if not url:
        return
    told = patient.client("sqs").get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    )["Attributes"]
    waiting = sum(map(int, told.values()))
    if waiting:
        remedy = "Have them delivered again: groundwork replay. They are kept for two weeks."
        yield bad("Undelivered events", f"{waiting}", remedy)
    else:
        yield good("Undelivered events", "none")


def alarms(patient: Patient) -> Iterator[Line]:
    pages = patient.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=ALARMS)
    found = {each["AlarmName"]: each["StateValue"] for page in pages for each in page["MetricAlarms"]}
    ringing = sorted(name for name, state in found.items() if state == "ALARM")
    if not found and patient.stack:
        yield bad("Alarms", "none is there", f"Deploy again: {DEPLOY}")
    elif ringing:
        yield bad("Alarms", f"in ALARM: {', '.join(ringing)}", "See what failed: groundwork failures.")
    elif found:
        yield good("Alarms", f"{len(found)}, none in ALARM")


def told(patient: Patient) -> Iterator[Line]:
    topic = patient.outputs.get("NoticesTopicArn")
    if not topic:
        return
    pages = patient.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    found = [each for page in pages for each in page["Subscriptions"]]
    pending = [each["Endpoint"] for each in found if not each["SubscriptionArn"].startswith("arn:")]
    if not found:
        remedy = "Deploy with the parameter NoticesEmail, or subscribe to the topic groundwork-notices."
        yield warning("Who is told of failures", "nobody", remedy)
    elif pending:
        remedy = "They have to follow the link in AWS's e-mail."
        yield warning("Who is told of failures", f"not confirmed: {', '.join(pending)}", remedy)
    else:
        yield good("Who is told of failures", f"{len(found)} subscribed to groundwork-notices")


def daily_plan(patient: Patient) -> Iterator[Line]:
    every = patient.parameters.get("PlanEvery")
    if every == "off":
        remedy = "Nobody finds what differs from the baseline. Deploy with PlanEvery='cron(0 5 * * ? *)'."
        yield warning("Plan of every account", "off", remedy)
    elif every:
        yield good("Plan of every account", every)


def requesters(patient: Patient) -> Iterator[Line]:
    policy = patient.outputs.get("RequesterPolicyArn")
    if not policy:
        return
    pages = patient.client("iam").get_paginator("list_entities_for_policy").paginate(PolicyArn=policy)
    kinds = ("PolicyUsers", "PolicyGroups", "PolicyRoles")
    names = sorted(
        name
        for page in pages
        for kind in kinds
        for each in page.get(kind, [])
        for key, name in each.items()
        if key.endswith("Name")
    )
    named = patient.parameters.get("Requesters", "")
    carry = f"groundwork-requester is with {', '.join(names)}" if names else "nobody has groundwork-requester"
    who = f"{named} alone" if named else "whoever may post events in the management account"
    yield good("Who may ask for accounts", f"{who}; {carry}")
