"""For every statement of every role the smallest real work that needs it.

An errand prepares the ground and returns a job, which is run twice: without the statement and with it again. The job
tells what went wrong, in AWS's words, or nothing when it went well.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from local.organizations import organization_of
from tests.workflow.conftest import Cloud, Execution, until
from tests.workflow.statements import physical, role_of

Job = Callable[[], str]
UNIT = "Workloads/Sandbox"
"""Where the workload accounts here are; the declaration does not name it."""


@dataclass(frozen=True)
class Place:
    """An organization with its security account and one workload account, both ready."""

    cloud: Cloud
    security: str
    account: str
    email: str

    @property
    def management(self) -> str:
        return self.cloud.aws.management_account

    # -- running things ----------------------------------------------------------------------------

    def start(self, account_id: str) -> Job:
        return lambda: told(self.cloud.start(accountId=account_id))

    def vend(self, **more: Any) -> Job:
        """Ask for an account nobody has asked for; the second time the same again."""
        name, email = self.cloud.fresh()
        return lambda: told(self.cloud.ask(accountName=name, email=email, **more))

    def invoke(self, function: str, event: dict[str, Any]) -> str:
        answer = self.cloud.aws.client("lambda").invoke(
            FunctionName=physical(self.cloud, function), Payload=json.dumps(event).encode()
        )
        payload = json.loads(answer["Payload"].read())
        return f"{payload['errorType']}: {payload['errorMessage']}" if "FunctionError" in answer else ""

    def settle(self) -> None:
        """Wait until no execution runs."""
        client, machine = self.cloud.aws.client("stepfunctions"), self.cloud.machine

        def none_runs() -> bool:
            running = client.list_executions(stateMachineArn=machine, statusFilter="RUNNING")
            return not running["executions"]

        until(none_runs, "all executions to end")

    # -- what was there before ---------------------------------------------------------------------

    @property
    def forgotten_execution(self) -> str:
        """An execution that ended so long ago that Step Functions has forgotten it."""
        return f"{self.cloud.machine.replace(':stateMachine:', ':execution:')}:forgotten"

    def write(self, key: str, **values: str) -> None:
        """Write into an item of the ledger what an execution that died has left there."""
        self.cloud.aws.client("dynamodb").update_item(
            TableName=self.cloud.outputs["LedgerTable"],
            Key={"pk": {"S": key}},
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
            ExpressionAttributeNames={f"#{name}": name for name in values},
            ExpressionAttributeValues={
                f":{name}": {"N" if value.isdigit() else "S": value} for name, value in values.items()
            },
        )

    def forget(self, account_id: str) -> None:
        """The ledger loses an account."""
        self.cloud.aws.client("dynamodb").delete_item(
            TableName=self.cloud.outputs["LedgerTable"], Key={"pk": {"S": f"account#{account_id}"}}
        )

    def abandon_request(self, email: str) -> None:
        self.write(f"request#{email}", state="claimed", owner=self.forgotten_execution)

    def abandon_lease(self, account_id: str) -> None:
        later = str(int(time.time()) + 900)
        self.write(f"account#{account_id}", leaseOwner=self.forgotten_execution, leaseUntil=later)

    def untag(self, account_id: str, key: str) -> None:
        self.cloud.aws.client("organizations").untag_resource(ResourceId=account_id, TagKeys=[key])

    def age(self, account_id: str) -> None:
        """The account is no longer so young that its entry role may be on its way."""
        organization = organization_of(account_id)
        assert organization is not None
        organization.account(account_id).create_time -= timedelta(hours=2)

    def spoil(self) -> None:
        """Something small to repair in the workload account."""
        self.cloud.inside("ec2", self.account).disable_ebs_encryption_by_default()

    # -- what was seen -----------------------------------------------------------------------------

    def denials(self, holder: str, since: int) -> list[str]:
        """The actions that the role of a resource was denied, from a place in the log of calls on."""
        session = f":assumed-role/{role_of(self.cloud, holder)}/"
        return [
            call.action
            for call in self.cloud.aws.calls[since:]
            if call.verdict == "denied" and session in (call.principal_arn or "")
        ]

    def undelivered(self) -> list[dict[str, str]]:
        """What came into the dead-letter queue: ids of the event and of the execution it is about, and why."""
        sqs, url = self.cloud.aws.client("sqs"), self.cloud.outputs["UndeliveredEventsUrl"]
        messages = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", [])
        found = []
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            event, attributes = json.loads(message["Body"]), message["MessageAttributes"]
            found.append(
                {
                    "event": event["id"],
                    "source": event["source"],
                    "execution": event["detail"].get("executionArn", ""),
                    "why": attributes["ERROR_MESSAGE"]["StringValue"],
                }
            )
        return found


def told(ended: Execution) -> str:
    return "" if ended.status == "SUCCEEDED" else f"{ended.error}: {ended.cause}"


# -- the state machine and the rules ---------------------------------------------------------------


def repair(place: Place) -> Job:
    """A run that has something to do, and so something to tell or to look at again."""

    def job() -> str:
        place.spoil()
        return told(place.cloud.start(accountId=place.account))

    return job


def log_executions(place: Place) -> Job:
    """Deploying the machine as it is: Step Functions looks whether its role may deliver the logs."""
    client = place.cloud.aws.client("stepfunctions")
    logging = client.describe_state_machine(stateMachineArn=place.cloud.machine)["loggingConfiguration"]

    def job() -> str:
        try:
            client.update_state_machine(stateMachineArn=place.cloud.machine, loggingConfiguration=logging)
        except client.exceptions.ClientError as refused:
            return f"{refused} (logs:CreateLogDelivery and its like)"
        return ""

    return job


def start_follow_ups(place: Place) -> Job:
    """The security account becomes ready for the first time, and the management account has its turn."""
    place.forget(place.security)
    place.untag(place.security, "groundwork:state")

    def follow_ups() -> set[str]:
        return {arn for arn in place.cloud.executions() if f"{place.management}-after-security" in arn}

    before = follow_ups()

    def job() -> str:
        ended = told(place.cloud.start(accountId=place.security))
        place.settle()
        return ended or ("" if follow_ups() > before else "no follow-up was started")

    return job


def start_by_a_rule(place: Place) -> Job:
    name = place.cloud.aws.client("organizations").describe_account(AccountId=place.account)["Account"][
        "Name"
    ]

    def job() -> str:
        event = place.cloud.post(accountName=name, email=place.email)

        def seen() -> list[str]:
            buried = [
                f"in the queue: {each['why']}" for each in place.undelivered() if each["event"] == event
            ]
            return buried or [told(place.cloud.ended(arn)) for arn in place.cloud.executions_about(event)]

        return until(seen, f"an execution for {event}, or the event in the dead-letter queue")[0]

    return job


# -- what lets AWS services in ----------------------------------------------------------------------


def lose_execution(place: Place) -> Job:
    """An execution fails, and its rule calls the function that sees to it."""

    def job() -> str:
        since = len(place.cloud.aws.calls)
        failed = place.cloud.start(accountId="12")
        return _buried_or_called(
            place, "AnswerLostExecutionFunction", since, lambda each: each["execution"] == failed.arn
        )

    return job


def come_by_schedule(place: Place) -> Job:
    """The schedule is due."""
    events, name = place.cloud.aws.client("events"), physical(place.cloud, "FindAccountsRule")
    usual = events.describe_rule(Name=name)["ScheduleExpression"]

    def job() -> str:
        since = len(place.cloud.aws.calls)
        events.put_rule(Name=name, ScheduleExpression="rate(1 minute)", State="ENABLED")
        try:
            return _buried_or_called(
                place, "FindAccountsFunction", since, lambda each: each["source"] == "aws.events"
            )
        finally:
            events.put_rule(Name=name, ScheduleExpression=usual, State="DISABLED")

    return job


def _buried_or_called(
    place: Place, function: str, since: int, about: Callable[[dict[str, str]], bool]
) -> str:
    """Why an event came into the dead-letter queue; nothing when the function that it was for is at work."""
    session = f":assumed-role/{role_of(place.cloud, function)}/"

    def seen() -> list[str]:
        buried = [each["why"] for each in place.undelivered() if about(each)]
        called = any(session in (call.principal_arn or "") for call in place.cloud.aws.calls[since:])
        return buried or ["" for _ in range(called)]

    return until(seen, f"a call of {function}, or the event in the dead-letter queue")[0]


def start_bootstrap_trail(place: Place) -> Job:
    """A trail into the stack's own bucket, as the management account's first one is."""
    cloudtrail, kms = place.cloud.aws.client("cloudtrail"), place.cloud.aws.client("kms")
    bucket = physical(place.cloud, "BootstrapTrailBucket")
    key = kms.describe_key(KeyId=physical(place.cloud, "BootstrapTrailKey"))["KeyMetadata"]["Arn"]

    def job() -> str:
        try:
            cloudtrail.create_trail(Name="first", S3BucketName=bucket, KmsKeyId=key)
        except cloudtrail.exceptions.ClientError as refused:
            return str(refused)
        cloudtrail.delete_trail(Name="first")
        return ""

    return job


# -- functions -------------------------------------------------------------------------------------


def ask_again(place: Place) -> Job:
    """A request for an account that is ready: answered by the ledger alone."""
    account = place.cloud.aws.client("organizations").describe_account(AccountId=place.account)["Account"]
    return lambda: told(place.cloud.ask(accountName=account["Name"], email=place.email))


def take_over_request(place: Place) -> Job:
    place.abandon_request(place.email)
    return place.start(place.account)


def take_over_lease(place: Place) -> Job:
    place.abandon_lease(place.account)
    return place.start(place.account)


def await_abandoned_security(place: Place) -> Job:
    place.abandon_request(
        next(mail for mail, each in place.cloud.accounts().items() if each["Id"] == place.security)
    )
    return place.start(place.account)


def adopt(place: Place) -> Job:
    """An account whose kind nobody has written down yet."""
    place.untag(place.account, "groundwork:kind")
    return place.start(place.account)


def become_ready(place: Place) -> Job:
    place.untag(place.account, "groundwork:state")
    return place.start(place.account)


def enter_old_account(place: Place) -> Job:
    place.age(place.account)
    return place.start(place.account)


def vend_into_new_unit(place: Place) -> Job:
    return place.vend(organizationalUnit=f"{UNIT}/{place.cloud.fresh()[0]}")


def take_over_lease_at_work(component: str, function: str, place: Place, account_id: str) -> Job:
    """A function that finds, in the middle of its execution's work, that another one has taken the lease since and
    has died: called with what the machine gave it last time."""
    ended = place.cloud.start(accountId=account_id)
    history = place.cloud.aws.client("stepfunctions").get_paginator("get_execution_history")
    payloads = [
        json.loads(event["taskScheduledEventDetails"]["parameters"])["Payload"]
        for page in history.paginate(executionArn=ended.arn)
        for event in page["events"]
        if event["type"] == "TaskScheduled"
    ]
    (payload,) = [each for each in payloads if each.get("component") == component]
    place.abandon_lease(account_id)
    return lambda: place.invoke(function, payload)


def fail_to_create(place: Place) -> Job:
    """AWS does not make the account that was asked for."""

    def job() -> str:
        place.cloud.aws.creation.failures.append("INVALID_EMAIL")
        refused = place.vend()()
        return "" if "INVALID_EMAIL" in refused else refused

    return job


def refuse(place: Place) -> Job:
    """A start that is refused: well when it is refused, and answered, for what is wrong with it."""

    def job() -> str:
        ended = place.cloud.start(accountId="12")
        if ended.error != "InvalidRequest":
            return told(ended)
        place.cloud.answer("Account Failed", execution=ended.arn)
        return ""

    return job


def answer_for_stopped(place: Place) -> Job:
    """A person stops an execution. What could not be answered at once is by Lambda's next attempt."""
    stopped: list[str] = []

    def job() -> str:
        since = len(place.cloud.aws.calls)
        if not stopped:
            stopped.append(place.cloud.begin(source="groundwork", detail={"email": place.email}))
            place.cloud.aws.client("stepfunctions").stop_execution(executionArn=stopped[0])

        def seen() -> list[str]:
            denied = place.denials("AnswerLostExecutionFunction", since)
            return denied or (["answered"] if place.cloud.answers(execution=stopped[0]) else [])

        outcome = until(seen, f"an answer for {stopped[0]}")[0]
        return "" if outcome == "answered" else outcome

    return job


def find(place: Place) -> Job:
    return lambda: place.invoke("FindAccountsFunction", {})


def find_abandoned(place: Place) -> Job:
    """The ledger knows of the request and not of the account: its execution died between the two."""
    place.forget(place.account)
    place.abandon_request(place.email)
    return partial(_find_and_wait, place, place.account)


def find_unannounced(place: Place) -> Job:
    """An account made behind Groundwork's back, and its event lost."""
    organizations, (name, email) = place.cloud.aws.client("organizations"), place.cloud.fresh()
    organizations.create_account(AccountName=name, Email=email)
    account = until(lambda: place.cloud.accounts().get(email), f"the account {name}")
    return partial(_find_and_wait, place, str(account["Id"]))


def _find_and_wait(place: Place, account_id: str) -> str:
    if refused := place.invoke("FindAccountsFunction", {}):
        return refused
    names = [arn for arn in place.cloud.executions() if f":found-{account_id}-" in arn]
    return told(place.cloud.ended(names[0])) if names else "no execution was started"


# -- the management account ------------------------------------------------------------------------


def _rename_unit(place: Place) -> None:
    """A declared unit is missing."""
    organizations = place.cloud.aws.client("organizations")
    root = organizations.list_roots()["Roots"][0]["Id"]
    units = organizations.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"]
    unit = next(each["Id"] for each in units if each["Name"] == "Infrastructure")
    organizations.update_organizational_unit(OrganizationalUnitId=unit, Name="Former infrastructure")


def _detach_guardrails(place: Place, *, delete: bool = False) -> None:
    organizations = place.cloud.aws.client("organizations")
    root = organizations.list_roots()["Roots"][0]["Id"]
    attached = organizations.list_policies_for_target(TargetId=root, Filter="SERVICE_CONTROL_POLICY")[
        "Policies"
    ]
    name = place.cloud.declaration.guardrails.policy
    policy = next(each["Id"] for each in attached if each["Name"] == name)
    organizations.detach_policy(PolicyId=policy, TargetId=root)
    if delete:
        organizations.delete_policy(PolicyId=policy)


def _remove_recorder(place: Place, *, role: bool = False) -> None:
    config, iam = place.cloud.aws.client("config"), place.cloud.aws.client("iam")
    for recorder in config.describe_configuration_recorders()["ConfigurationRecorders"]:
        config.stop_configuration_recorder(ConfigurationRecorderName=recorder["name"])
        for channel in config.describe_delivery_channels()["DeliveryChannels"]:
            config.delete_delivery_channel(DeliveryChannelName=channel["name"])
        config.delete_configuration_recorder(ConfigurationRecorderName=recorder["name"])
    if role:
        iam.delete_service_linked_role(RoleName="AWSServiceRoleForConfig")


def _stop_recorder(place: Place) -> None:
    config = place.cloud.aws.client("config")
    for recorder in config.describe_configuration_recorders()["ConfigurationRecorders"]:
        config.stop_configuration_recorder(ConfigurationRecorderName=recorder["name"])


def _stop_trail(place: Place) -> None:
    cloudtrail = place.cloud.aws.client("cloudtrail")
    cloudtrail.stop_logging(Name=place.cloud.declaration.trail.name)


def _distrust_cloudtrail(place: Place) -> None:
    organizations = place.cloud.aws.client("organizations")
    organizations.disable_aws_service_access(ServicePrincipal="cloudtrail.amazonaws.com")


def _withdraw_root_sessions(place: Place) -> None:
    place.cloud.aws.client("iam").disable_organizations_root_sessions()


def _delete_password_policy(place: Place) -> None:
    place.cloud.aws.client("iam").delete_account_password_policy()


def _deregister(place: Place) -> None:
    place.cloud.aws.client("organizations").deregister_delegated_administrator(
        AccountId=place.security, ServicePrincipal="config-multiaccountsetup.amazonaws.com"
    )


def _nothing(place: Place) -> None:
    """The account is as it should be, and that has to be seen."""


def mend_management(spoil: Callable[[Place], None], place: Place) -> Job:
    spoil(place)
    return place.start(place.management)


def delegate(place: Place) -> Job:
    _deregister(place)
    return place.start(place.security)


MANAGEMENT: dict[str, Callable[[Place], None]] = {
    "UseTheLedger": _nothing,
    "LookAtTheOrganization": _nothing,
    "LookAtItself": _nothing,
    "TrustAwsServices": _distrust_cloudtrail,
    "ManageRootCredentialsCentrally": _withdraw_root_sessions,
    "CreateUnitsAndPolicyTypes": _rename_unit,
    "CreateGuardrails": partial(_detach_guardrails, delete=True),
    "KeepGuardrails": _detach_guardrails,
    "KeepItsTrail": _stop_trail,
    "KeepItsConfig": _stop_recorder,
    "FindServiceLinkedRoles": _remove_recorder,
    "MakeServiceLinkedRoles": partial(_remove_recorder, role=True),
    "PassItToConfig": _remove_recorder,
    "KeepItsSettings": _delete_password_policy,
}
"""What has to be put right in the management account, by the statement that lets it be."""


def _start(place: Place) -> Job:
    return place.start(place.account)


ERRANDS: dict[str, Callable[[Place], Job]] = {
    "VendAccountStateMachine.InvokeItsFunctions": _start,
    "VendAccountStateMachine.SendAnswers": repair,
    "VendAccountStateMachine.StartFollowUps": start_follow_ups,
    "VendAccountStateMachine.WriteExecutionLogs": log_executions,
    "RulesRole.StartTheMachine": start_by_a_rule,
    "ReadRequestFunction.UseTheLedger": ask_again,
    "ReadRequestFunction.LookAtTheOrganization": _start,
    "ReadRequestFunction.SeeWhoIsRunning": take_over_request,
    "CreateAccountFunction.UseTheLedger": Place.vend,
    "CreateAccountFunction.LookAtTheOrganization": Place.vend,
    "CreateAccountFunction.CreateAccounts": Place.vend,
    "CreateAccountFunction.TagThemAtBirth": Place.vend,
    "CheckCreationFunction.UseTheLedger": Place.vend,
    "CheckCreationFunction.LookAtTheOrganization": Place.vend,
    "EnrollAccountFunction.UseTheLedger": _start,
    "EnrollAccountFunction.LookAtTheOrganization": _start,
    "EnrollAccountFunction.TagAccounts": adopt,
    "EnrollAccountFunction.CreateUnits": vend_into_new_unit,
    "EnrollAccountFunction.MoveAccounts": partial(Place.vend, organizationalUnit=UNIT),
    "CheckAccessFunction.EnterMemberAccounts": enter_old_account,
    "AwaitSecurityFunction.UseTheLedger": _start,
    "AwaitSecurityFunction.LookAtTheOrganization": _start,
    "AwaitSecurityFunction.SeeWhoIsRunning": await_abandoned_security,
    "LeaseAccountFunction.UseTheLedger": _start,
    "LeaseAccountFunction.SeeWhoIsRunning": take_over_lease,
    "ApplyComponentFunction.UseTheLedger": _start,
    "ApplyComponentFunction.EnterMemberAccounts": lambda place: place.start(place.security),
    "ApplyComponentFunction.SeeWhoIsRunning": lambda place: take_over_lease_at_work(
        "access", "ApplyComponentFunction", place, place.account
    ),
    **{
        f"ApplyManagementComponentFunction.{sid}": partial(mend_management, spoil)
        for sid, spoil in MANAGEMENT.items()
    },
    "ApplyManagementComponentFunction.DelegateToSecurity": delegate,
    "ApplyManagementComponentFunction.SeeWhoIsRunning": lambda place: take_over_lease_at_work(
        "account-settings", "ApplyManagementComponentFunction", place, place.management
    ),
    "VerifyBaselineFunction.EnterMemberAccounts": repair,
    "RecordOutcomeFunction.UseTheLedger": _start,
    "RecordOutcomeFunction.TagAccounts": become_ready,
    "RecordFailureFunction.UseTheLedger": refuse,
    "AnswerLostExecutionFunction.UseTheLedger": answer_for_stopped,
    "AnswerLostExecutionFunction.SeeWhoIsRunning": answer_for_stopped,
    "AnswerLostExecutionFunction.SendAnswers": answer_for_stopped,
    "FindAccountsFunction.UseTheLedger": find,
    "FindAccountsFunction.LookAtTheOrganization": find,
    "FindAccountsFunction.SeeWhoIsRunning": find_abandoned,
    "FindAccountsFunction.StartTheMachine": find_unannounced,
}
"""By statement of a role."""

RARELY: tuple[Callable[[Place], Job], ...] = (
    take_over_lease,
    ERRANDS["ApplyComponentFunction.SeeWhoIsRunning"],
    ERRANDS["ApplyManagementComponentFunction.SeeWhoIsRunning"],
    fail_to_create,
    answer_for_stopped,
    find,
)
"""What does not happen when accounts are just made, and is part of every function's work."""
