"""For every statement of every role the smallest real work that needs it.

An errand prepares the ground and returns a job, which is run without each of the statements that have this errand, one
after the other, and then with all of them again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from groundwork.callers import source_of
from tests.workflow import approval_errands, change_errands, management_errands
from tests.workflow.closing import Closings
from tests.workflow.closing_errands import OF_CLOSING, Shut
from tests.workflow.conftest import until
from tests.workflow.management_errands import MANAGEMENT, delegate, designate, mend_management, remove_units
from tests.workflow.notification_errands import OF_WHO_TELLS
from tests.workflow.place import UNIT, Job, Place, told
from tests.workflow.roll_out_errands import OF_THE_ROLL_OUT, roll_out, update_machine
from tests.workflow.statements import physical, role_of

STATE_TAG = "groundwork:state"


# -- the state machines and the rules ---------------------------------------------------------------


def repair(place: Place) -> Job:
    """A run that has something to do, and so something to tell or to look at again."""

    def job() -> str:
        place.spoil()
        return told(place.cloud.start(accountId=place.account))

    return job


def start_follow_ups(place: Place) -> Job:
    """The security account becomes ready for the first time, and the management account runs again."""
    place.forget(place.security)
    place.untag(place.security, STATE_TAG)

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


def tell_nobody(place: Place) -> Job:
    """An account fails, and its rule calls the function that tells people."""

    def job() -> str:
        since = len(place.cloud.aws.calls)
        failed = place.cloud.start(accountId="12")
        return _buried_or_called(
            place,
            "NotifyPeopleFunction",
            since,
            lambda each: (each["source"], each["execution"]) == ("groundwork", failed.arn),
        )

    return job


def have_back(place: Place) -> Job:
    """An account is had back, and the rule of what ends calls the function that tells people."""
    shut = Shut(place)

    def job() -> str:
        shut.put()
        since = len(place.cloud.aws.calls)
        ended = Closings(place.cloud).start(accountId=shut.id, reopen=True)
        place.settle()
        return _buried_or_called(
            place,
            "NotifyPeopleFunction",
            since,
            lambda each: (each["source"], each["execution"]) == ("groundwork", ended.arn),
        )

    return job


def decide_by_a_rule(place: Place) -> Job:
    """Somebody decides about a request, and a rule calls the function that takes decisions."""
    cloud = place.cloud
    source = source_of(str(cloud.aws.client("sts").get_caller_identity()["UserId"]))
    entry = {"Source": source, "DetailType": "Account Request Decided", "Detail": "{}"}

    def job() -> str:
        since = len(cloud.aws.calls)
        (posted,) = cloud.aws.client("events").put_events(Entries=[entry])["Entries"]
        return _buried_or_called(
            place, "DecideRequestFunction", since, lambda each: each["event"] == posted["EventId"]
        )

    return job


def stop_roll_out(place: Place) -> Job:
    """A roll-out is stopped, and its rule calls the function that tells people."""
    states, machine = place.cloud.aws.client("stepfunctions"), place.cloud.outputs["RollOutStateMachineArn"]

    def job() -> str:
        since = len(place.cloud.aws.calls)
        begun = states.start_execution(stateMachineArn=machine, input='{"mode": "plan"}')["executionArn"]
        states.stop_execution(executionArn=begun)
        return _buried_or_called(
            place, "NotifyPeopleFunction", since, lambda each: each["execution"] == begun
        )

    return job


def come_by_schedule(rule: str, function: str, place: Place) -> Job:
    """The schedule is due."""
    events, name = place.cloud.aws.client("events"), physical(place.cloud, rule)
    usual = events.describe_rule(Name=name)["ScheduleExpression"]

    def job() -> str:
        since = len(place.cloud.aws.calls)
        events.put_rule(Name=name, ScheduleExpression="rate(1 minute)", State="ENABLED")
        try:
            return _buried_or_called(place, function, since, lambda each: each["source"] == "aws.events")
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


def lease_after_another(place: Place) -> Job:
    """Somebody has held the lease since this execution looked at the organization, and the ledger has lost which accounts
    are security's and tooling's."""
    payload = place.given(place.security, "leases")

    def lease() -> str:
        place.lose_pinned()
        return place.invoke("LeaseAccountFunction", payload)

    return lease


def _email_of_security(place: Place) -> str:
    return next(mail for mail, each in place.cloud.accounts().items() if each["Id"] == place.security)


def await_forgotten_security(place: Place) -> Job:
    """The ledger has lost the security account, and that its request has ended: whether it is ready, its tag says."""
    place.abandon_request(_email_of_security(place))
    place.forget(place.security)
    return place.start(place.account)


def await_abandoned_security(place: Place) -> Job:
    """The security account is not ready, and its execution has died; then it is ready all the same."""
    place.abandon_request(_email_of_security(place))
    place.forget(place.security)
    place.untag(place.security, STATE_TAG)
    jobs = iter((place.start(place.account), place.start(place.security)))

    def job() -> str:
        return next(jobs)()

    return job


def adopt(place: Place) -> Job:
    """An account whose kind nobody has written down yet."""
    place.untag(place.account, "groundwork:kind")
    return place.start(place.account)


def become_ready(place: Place) -> Job:
    place.untag(place.account, STATE_TAG)
    return place.start(place.account)


def leave_quarantine(place: Place) -> Job:
    """Some account is taken to the one of two places where it is not."""
    organizations = place.cloud.aws.client("organizations")
    name, email = place.cloud.fresh()
    account = place.cloud.ask(accountName=name, email=email).output["accountId"]
    root = organizations.list_roots()["Roots"][0]["Id"]
    unit = organizations.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"][0]["Id"]

    def job() -> str:
        parent = organizations.list_parents(ChildId=account)["Parents"][0]["Id"]
        waiting = {"unit": parent, "home": unit if parent == root else root}
        tag = {"Key": STATE_TAG, "Value": f"in-quarantine {parent} {waiting['home']}"}
        organizations.tag_resource(ResourceId=account, Tags=[tag])
        payload = {
            "account": {"id": account, "name": name, "email": email, "kind": "workload"},
            "waiting": waiting,
            "execution": "arn",
        }
        return place.invoke("LeaveQuarantineFunction", payload)

    return job


def enter_old_account(place: Place) -> Job:
    """It is asked whether it is usable only while it has not been ready."""
    place.age(place.account)
    place.untag(place.account, STATE_TAG)
    return place.start(place.account)


def work_in_old_account(place: Place) -> Job:
    """A young one would be waited for."""
    place.age(place.security)
    return place.component("ApplyComponentFunction", place.security, "access")


def plan_with_a_stranger(place: Place) -> Job:
    """A role lets in an account of which nobody has told."""
    iam, payload = place.cloud.inside("iam", place.account), place.given(place.account, "component", "access")
    stranger = {"Effect": "Allow", "Principal": {"AWS": "999999999999"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [stranger]})
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName="lets-a-stranger-in", AssumeRolePolicyDocument=trust)
    return lambda: place.invoke("ApplyComponentFunction", payload | {"mode": "plan"})


def repair_old_account(place: Place) -> Job:
    place.age(place.account)
    return repair(place)


def vend_into_new_unit(place: Place) -> Job:
    return place.vend(organizationalUnit=f"{UNIT}/{place.cloud.fresh()[0]}")


def take_over_lease_at_work(component: str, function: str, place: Place, account_id: str) -> Job:
    """A function that finds its lease run out, and that another execution has taken it since and has died: called with
    what the machine gave it last time."""
    payload = place.given(account_id, "component", component)
    place.abandon_lease(account_id)
    return lambda: place.invoke(function, payload | {"leasedUntil": 0})


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
            about = {"detail": {"email": place.email}, "accountId": place.account}
            stopped.append(place.cloud.begin(source="groundwork", **about))
            place.cloud.aws.client("stepfunctions").stop_execution(executionArn=stopped[0])

        def seen() -> list[str]:
            denied = place.denials("AnswerLostExecutionFunction", since)
            return denied or (["answered"] if place.cloud.answers(execution=stopped[0]) else [])

        outcome = until(seen, f"an answer for {stopped[0]}")[0]
        return "" if outcome == "answered" else outcome

    return job


def find(place: Place) -> Job:
    return lambda: place.invoke("DiscoverAccountsFunction", {})


def forget(place: Place) -> Job:
    """An account has left the organization."""
    name, email = place.cloud.fresh()
    vended = place.cloud.ask(accountName=name, email=email)
    place.cloud.aws.creation.minimum_age = 0
    place.cloud.aws.client("organizations").remove_account_from_organization(
        AccountId=vended.output["accountId"]
    )
    return find(place)


def find_abandoned(place: Place) -> Job:
    """The ledger knows of the request and not of the account: its execution died between the two."""
    place.forget(place.account)
    place.untag(place.account, STATE_TAG)
    place.abandon_request(place.email)
    return partial(_find_and_wait, place, place.account)


def find_unannounced(place: Place) -> Job:
    """An account made behind Groundwork's back, and its event lost."""
    organizations, (name, email) = place.cloud.aws.client("organizations"), place.cloud.fresh()
    organizations.create_account(AccountName=name, Email=email)
    account = until(lambda: place.cloud.accounts().get(email), f"the account {name}")
    return partial(_find_and_wait, place, str(account["Id"]))


def _find_and_wait(place: Place, account_id: str) -> str:
    if refused := place.invoke("DiscoverAccountsFunction", {}):
        return refused
    names = [arn for arn in place.cloud.executions() if f":found-{account_id}-" in arn]
    return told(place.cloud.ended(names[0])) if names else "no execution was started"


def _start(place: Place) -> Job:
    return place.start(place.account)


def _start_management(place: Place) -> Job:
    return place.start(place.management)


def _take_over_access(place: Place) -> Job:
    return take_over_lease_at_work("access", "ApplyComponentFunction", place, place.account)


def _take_over_settings(place: Place) -> Job:
    return take_over_lease_at_work(
        "account-settings", "ApplyManagementComponentFunction", place, place.management
    )


ERRANDS: dict[str, Callable[[Place], Job]] = {
    "VendAccountStateMachine.InvokeItsFunctions": _start,
    "VendAccountStateMachine.SendAnswers": repair,
    "VendAccountStateMachine.StartFollowUps": start_follow_ups,
    "VendAccountStateMachine.WriteExecutionLogs": partial(
        update_machine, "StateMachineArn", "logs:CreateLogDelivery"
    ),
    **approval_errands.OF_APPROVALS,
    **OF_CLOSING,
    **change_errands.OF_CHANGES,
    **OF_THE_ROLL_OUT,
    **OF_WHO_TELLS,
    "RulesRole.StartTheMachines": start_by_a_rule,
    "ReadRequestFunction.UseTheLedger": ask_again,
    "ReadRequestFunction.LookAtTheOrganization": _start,
    "ReadRequestFunction.SeeWhoIsRunning": take_over_request,
    "TakeAdmissionSlotFunction.JoinTheAdmissionQueue": Place.vend,
    "CreateAccountFunction.UseTheLedger": Place.vend,
    "CreateAccountFunction.LookAtTheOrganization": Place.vend,
    "CreateAccountFunction.CreateAccounts": Place.vend,
    "CreateAccountFunction.TagThemAtBirth": Place.vend,
    "CheckCreationFunction.UseTheLedger": Place.vend,
    "CheckCreationFunction.LookAtTheOrganization": Place.vend,
    "EnrollAccountFunction.UseTheLedger": Place.vend,
    "EnrollAccountFunction.LookAtTheOrganization": _start_management,
    "EnrollAccountFunction.TagAccounts": adopt,
    "EnrollAccountFunction.CreateUnits": vend_into_new_unit,
    "EnrollAccountFunction.MoveAccounts": partial(Place.vend, organizationalUnit=UNIT),
    "LeaveQuarantineFunction.UseTheLedger": leave_quarantine,
    "LeaveQuarantineFunction.MoveAccountsThatWait": leave_quarantine,
    "LeaveQuarantineFunction.MoveThemBetweenUnits": leave_quarantine,
    "CheckAccessFunction.EnterMemberAccounts": enter_old_account,
    "AwaitSecurityFunction.UseTheLedger": await_forgotten_security,
    "AwaitSecurityFunction.LookAtTheOrganization": await_forgotten_security,
    "AwaitSecurityFunction.SeeWhoIsRunning": await_abandoned_security,
    "LeaseAccountFunction.UseTheLedger": _start,
    "LeaseAccountFunction.LookAtTheOrganization": lease_after_another,
    "LeaseAccountFunction.SeeWhoIsRunning": take_over_lease,
    "ApplyComponentFunction.UseTheLedger": _take_over_access,
    "ApplyComponentFunction.EnterMemberAccounts": work_in_old_account,
    "ApplyComponentFunction.SeeWhoIsRunning": _take_over_access,
    "ApplyComponentFunction.SeeWhoIsOfTheOrganization": plan_with_a_stranger,
    **{
        f"ApplyManagementComponentFunction.{sid}": partial(mend_management, *work)
        for sid, work in MANAGEMENT.items()
    },
    "ApplyManagementComponentFunction.LookAtTheOrganization": management_errands.plan_with_a_stranger,
    "ApplyManagementComponentFunction.DelegateToSecurity": delegate,
    "ApplyManagementComponentFunction.DelegateToSecurityByRegion": designate,
    "ApplyManagementComponentFunction.RemoveItsUnits": remove_units,
    "ApplyManagementComponentFunction.KeepItsTrailsLogGroup": management_errands.watch,
    "ApplyManagementComponentFunction.PassItsTrailTheRoleForLogs": management_errands.watch,
    "ApplyManagementComponentFunction.KeepItsAlarms": management_errands.watch,
    "ApplyManagementComponentFunction.KeepItsBudget": management_errands.keep_budget,
    "ApplyManagementComponentFunction.KeepItsContacts": management_errands.keep_contacts,
    "ApplyManagementComponentFunction.KeepTheQuotaTemplate": management_errands.keep_quota_template,
    "ApplyManagementComponentFunction.KeepPoliciesOfTheOwner": management_errands.keep_own_policies,
    "ApplyManagementComponentFunction.KeepInspectorsPolicy": management_errands.hold_inspector,
    "ApplyManagementComponentFunction.KeepItsMacie": management_errands.keep_macie,
    "TrailLogsRole.SendEvents": management_errands.send_events,
    "ApplyManagementComponentFunction.UseTheLedger": _take_over_settings,
    "ApplyManagementComponentFunction.SeeWhoIsRunning": _take_over_settings,
    "VerifyBaselineFunction.EnterMemberAccounts": repair_old_account,
    "RecordOutcomeFunction.UseTheLedger": _start,
    "RecordOutcomeFunction.TagAccounts": become_ready,
    "RecordFailureFunction.UseTheLedger": refuse,
    "AnswerLostExecutionFunction.UseTheLedger": partial(answer_for_stopped),
    "AnswerLostExecutionFunction.SeeHowItEnded": partial(answer_for_stopped),
    "AnswerLostExecutionFunction.SendAnswers": partial(answer_for_stopped),
    "DiscoverAccountsFunction.UseTheLedger": find,
    "DiscoverAccountsFunction.LookAtTheOrganization": find,
    "DiscoverAccountsFunction.SeeWhoIsRunning": find_abandoned,
    "DiscoverAccountsFunction.StartTheMachine": find_unannounced,
}
"""By statement of a role. `answer_for_stopped` is each time another errand: Lambda tries a job of its only so often."""

RARELY: tuple[Callable[[Place], Job], ...] = (
    lease_after_another,
    take_over_lease,
    _take_over_access,
    _take_over_settings,
    fail_to_create,
    answer_for_stopped,
    find,
    forget,
    find_abandoned,
    management_errands.plan_settings,
    roll_out,
    approval_errands.decide,
    approval_errands.refuse_decision,
    OF_WHO_TELLS["ReplayEventsFunction.EmptyTheQueue"],
)
"""What does not happen when accounts are just made, and is part of every function's work."""
