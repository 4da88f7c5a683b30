"""No role may more than its work needs: every statement taken out of a deployed role makes real work fail.

Each is taken out alone, and put back. Statements that the same work needs are taken out one after the other, each time
it fails for the one that is missing; the attempt after the last one finishes the work.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from groundwork.callers import source_of
from local.identity.credentials import Credentials
from tests.workflow import errands, notification_errands, statements
from tests.workflow.conftest import APPLYING, ROOT, Cloud, nothing_by_itself, until
from tests.workflow.errands import ERRANDS
from tests.workflow.place import UNIT, Job, Place
from tests.workflow.statements import Statement, taken_out

OF_ROLES = statements.of_roles()
OF_RESOURCES = {str(statement): statement for statement in statements.of_resources()}
BURYING = OF_RESOURCES["UndeliveredEventsPolicy.KeepWhatRulesCannotDeliver"]
ASKING = OF_RESOURCES["RequesterPolicy.AskForAnAccount"]
DECIDING = OF_RESOURCES["ApproverPolicy.DecideRequests"]
CLOSING = OF_RESOURCES["CloserPolicy.CloseAndReopenAccounts"]
CHANGING = OF_RESOURCES["ChangerPolicy.AskForChanges"]
STARTING = next(each for each in OF_ROLES if each.holder == "RulesRole")
CREATING = next(each for each in OF_ROLES if each.sid == "CreateAccounts")
ENTERING = next(each for each in OF_ROLES if each.holder == "CheckAccessFunction")
ADMITTING: dict[str, tuple[Callable[[Place], Job], str]] = {
    "ExecutionLostPermission": (errands.lose_execution, "not allowed lambda:InvokeFunction"),
    "DiscoverAccountsPermission": (
        partial(errands.come_by_schedule, "DiscoverAccountsRule", "DiscoverAccountsFunction"),
        "not allowed lambda:InvokeFunction",
    ),
    "CloseDueAccountsPermission": (
        partial(errands.come_by_schedule, "CloseDueAccountsRule", "CloseDueAccountsFunction"),
        "not allowed lambda:InvokeFunction",
    ),
    "RequestClosingsPermission": (
        partial(errands.come_by_schedule, "CloseDueAccountsRule", "RequestClosingsFunction"),
        "not allowed lambda:InvokeFunction",
    ),
    "AccountEndingPermission": (errands.have_back, "not allowed lambda:InvokeFunction"),
    "RequestDecidedPermission": (errands.decide_by_a_rule, "not allowed lambda:InvokeFunction"),
    "AccountFailedPermission": (errands.tell_nobody, "not allowed lambda:InvokeFunction"),
    "RollOutLostPermission": (errands.stop_roll_out, "not allowed lambda:InvokeFunction"),
    "NoticesTopicPolicy.AlarmsTell": (notification_errands.raise_alarm, "nobody was told"),
    "NoticesKey.AlarmsEncrypt": (notification_errands.raise_alarm, "nobody was told"),
    "BootstrapTrailKey.CloudTrailEncrypts": (errands.start_bootstrap_trail, "InsufficientEncryptionPolicy"),
    "BootstrapTrailKey.CloudTrailLooksAtIt": (errands.start_bootstrap_trail, "InsufficientEncryptionPolicy"),
    "BootstrapTrailBucketPolicy.CloudTrailLooks": (
        errands.start_bootstrap_trail,
        "InsufficientS3BucketPolicy",
    ),
    "BootstrapTrailBucketPolicy.CloudTrailWrites": (
        errands.start_bootstrap_trail,
        "InsufficientS3BucketPolicy",
    ),
}
"""Statements that let an AWS service in: the work that needs it, and the words of the refusal."""

DELIVERY = "Step Functions asks for it itself; tests/engine/iam/test_service_roles.py tries each"
BESIDES = "AWS asks for it besides the call that the statement is for; without it that call is refused"
ADOPTED = "what was there under the declared name is adopted, with our tag"
LEDGER_LOST = "the ledger was lost: what is written on the account in Organizations is read instead"
MANY_RESULTS = "Step Functions writes the results of thousands of accounts in parts"
KINDS_BY_UNIT = "the declaration gives accounts their kind by their unit"
CAME_LATER = "the security account came while this one waited for it"
MADE_BEFORE = "an earlier attempt made the account and could not write that down"
GOT_FURTHER = "an attempt before this one did it, and died"
BUCKETS_THERE = "a plan is about to block public access, as in tests/component/test_breaks.py"
CHANGES_DECLARED = "changes are declared, as in tests/workflow/own_organization/test_changes.py"
CLOSING_DECLARED = "closing is declared, as in tests/workflow/own_organization/test_closing.py"
DELIVERING_LOGS = {
    "logs:CreateLogDelivery": DELIVERY,
    "logs:DeleteLogDelivery": DELIVERY,
    "logs:DescribeLogGroups": DELIVERY,
    "logs:DescribeResourcePolicies": DELIVERY,
    "logs:GetLogDelivery": DELIVERY,
    "logs:ListLogDeliveries": DELIVERY,
    "logs:PutResourcePolicy": DELIVERY,
    "logs:UpdateLogDelivery": DELIVERY,
}
PARENTS = "organizations:ListParents"
SENDING = "CloudTrail sends events itself, where trail.cloudWatchLogs is declared"
JUSTIFIED: dict[str, dict[str, str]] = {
    "VendAccountStateMachine.WriteExecutionLogs": DELIVERING_LOGS,
    "RollOutStateMachine.WriteExecutionLogs": DELIVERING_LOGS,
    "CloseAccountStateMachine.WriteExecutionLogs": DELIVERING_LOGS,
    "ReadClosingFunction.LookAtTheOrganization": {
        "organizations:ListOrganizationalUnitsForParent": CLOSING_DECLARED
    },
    "ReopenAccountFunction.UseTheLedger": {"dynamodb:BatchGetItem": GOT_FURTHER},
    "CloseDueAccountsFunction.UseTheLedger": {
        "dynamodb:BatchGetItem": LEDGER_LOST,
        "dynamodb:PutItem": LEDGER_LOST,
        "dynamodb:DeleteItem": "somebody took the tag off an account that is due",
    },
    "CloseDueAccountsFunction.LookAtTheOrganization": {
        "organizations:ListOrganizationalUnitsForParent": CLOSING_DECLARED
    },
    "RequestClosingsFunction.LookAtTheOrganization": {
        "organizations:ListAccounts": "closing.accounts names accounts, as in tests/workflow/own_organization/test_expiring.py"
    },
    "RequestApprovalStateMachine.WriteExecutionLogs": DELIVERING_LOGS,
    "RequestApprovalFunction.EncryptNotices": {"kms:Decrypt": BESIDES, "kms:GenerateDataKey": BESIDES},
    "DecideRequestFunction.EncryptNotices": {"kms:Decrypt": BESIDES, "kms:GenerateDataKey": BESIDES},
    "RollOutStateMachine.WaitForTheAccounts": {
        "states:StopExecution": "somebody stops the roll-out, or it stops itself"
    },
    "RollOutStateMachine.ReadTheListAndWriteResults": {
        "s3:AbortMultipartUpload": MANY_RESULTS,
        "s3:ListMultipartUploadParts": MANY_RESULTS,
    },
    "RollOutStateMachine.EncryptNotices": {"kms:Decrypt": BESIDES, "kms:GenerateDataKey": BESIDES},
    "NotifyPeopleFunction.EncryptNotices": {"kms:Decrypt": BESIDES, "kms:GenerateDataKey": BESIDES},
    "ReplayEventsFunction.EmptyTheQueue": {
        "sqs:ChangeMessageVisibility": "an event still cannot be delivered, as in tests/workflow/test_replay.py"
    },
    "RollOutStateMachine.HearOfTheirEnd": {"events:DescribeRule": BESIDES, "events:PutTargets": BESIDES},
    "ReadRequestFunction.LookAtAccounts": {
        "account:GetAccountInformation": CHANGES_DECLARED,
        "account:GetPrimaryEmail": CHANGES_DECLARED,
    },
    "ReadRequestFunction.LookAtTheOrganization": {
        "organizations:ListAccounts": LEDGER_LOST,
        "organizations:DescribeOrganizationalUnit": KINDS_BY_UNIT,
        "organizations:ListOrganizationalUnitsForParent": KINDS_BY_UNIT,
    },
    "CreateAccountFunction.LookAtTheOrganization": {
        "organizations:ListAccounts": MADE_BEFORE,
        "organizations:ListTagsForResource": MADE_BEFORE,
    },
    "CheckCreationFunction.LookAtTheOrganization": {"organizations:ListAccounts": MADE_BEFORE},
    "ChangeAccountFunction.UseTheLedger": {
        "dynamodb:GetItem": "somebody else holds the account",
        "dynamodb:PutItem": LEDGER_LOST,
    },
    "EnrollAccountFunction.UseTheLedger": {"dynamodb:PutItem": LEDGER_LOST},
    "EnrollAccountFunction.LookAtTheOrganization": {"organizations:ListAccounts": LEDGER_LOST},
    "CreateAccountFunction.UseTheLedger": {"dynamodb:PutItem": LEDGER_LOST},
    "CheckCreationFunction.UseTheLedger": {"dynamodb:PutItem": LEDGER_LOST},
    "LeaseAccountFunction.UseTheLedger": {"dynamodb:PutItem": LEDGER_LOST},
    "LeaseAccountFunction.LookAtTheOrganization": {
        "organizations:ListAccounts": LEDGER_LOST,
        "organizations:DescribeOrganizationalUnit": "the account's unit is not a declared one",
    },
    "AwaitSecurityFunction.UseTheLedger": {
        "dynamodb:BatchGetItem": CAME_LATER,
        "dynamodb:PutItem": LEDGER_LOST,
        "dynamodb:UpdateItem": LEDGER_LOST,
    },
    "AwaitSecurityFunction.LookAtTheOrganization": {
        "organizations:ListAccounts": LEDGER_LOST,
        "organizations:ListTagsForResource": LEDGER_LOST,
        "organizations:DescribeOrganizationalUnit": "the account's unit is not a declared one",
        "organizations:DescribeAccount": CAME_LATER,
        "organizations:ListOrganizationalUnitsForParent": CAME_LATER,
    },
    "DiscoverAccountsFunction.UseTheLedger": {"dynamodb:UpdateItem": "an account was invited"},
    "ApplyManagementComponentFunction.LookAtTheOrganization": {
        "organizations:DescribeOrganizationalUnit": BESIDES,
        "organizations:ListTargetsForPolicy": "a guard rail of ours is declared no longer",
    },
    "ApplyManagementComponentFunction.CreateGuardrails": {"organizations:TagResource": BESIDES},
    **{
        f"ApplyManagementComponentFunction.{statement}": {
            "organizations:UpdatePolicy": "the policy was changed, or the declaration"
        }
        for statement in (
            "KeepGuardrails",
            "KeepInspectorsPolicy",
            "KeepPoliciesOfTheOrganization",
            "KeepPoliciesOfTheOwner",
        )
    },
    "ApplyManagementComponentFunction.LookAtItself": {
        "cloudtrail:GetEventSelectors": "somebody gave the trail event selectors",
        "cloudtrail:GetInsightSelectors": "trail.insights is declared, as in tests/component/test_trail_options.py",
        "config:DescribeDeliveryChannelStatus": "somebody else's delivery channel was there before",
        "ec2:DescribeRegions": "more Regions than the home Region are governed",
        "access-analyzer:ListFindings": "somebody has switched Access Analyzer on",
        "macie2:GetAutomatedDiscoveryConfiguration": "Macie is on, as in tests/component/test_sensitive_data.py",
        "s3:GetBucketAcl": BUCKETS_THERE,
        "s3:GetBucketPolicyStatus": BUCKETS_THERE,
        "s3:GetBucketPublicAccessBlock": BUCKETS_THERE,
        "s3:ListAllMyBuckets": BUCKETS_THERE,
    },
    "ApplyManagementComponentFunction.KeepItsMacie": {
        "macie2:UpdateMacieSession": "somebody suspended Macie"
    },
    "ApplyManagementComponentFunction.KeepItsSettings": {
        "s3:PutAccountPublicAccessBlock": "no policy of the organization holds it",
    },
    "TrailLogsRole.SendEvents": {
        "logs:CreateLogStream": SENDING,
        "logs:PutLogEvents": SENDING,
    },
    "ApplyManagementComponentFunction.KeepItsTrail": {
        "cloudtrail:AddTags": ADOPTED,
        "cloudtrail:PutEventSelectors": "somebody's event selectors leave management events out",
        "cloudtrail:PutInsightSelectors": "trail.insights is declared, as in tests/component/test_trail_options.py",
    },
}
"""Actions that nothing here uses, by statement: when they are used."""


@pytest.fixture(scope="module")
def place(cloud: Cloud) -> Iterator[Place]:
    """Nothing happens by itself here: no CreateAccountResult comes, and nobody looks for lost accounts."""
    with nothing_by_itself(cloud):
        security = cloud.declared("security")
        name, email = cloud.fresh()
        vended = cloud.ask(
            accountName=name, email=email, organizationalUnit=UNIT, createOrganizationalUnit=True
        )
        assert vended.status == "SUCCEEDED", str(vended)
        yield Place(cloud, security, vended.output["accountId"], email)


def test_every_statement_of_every_role_has_its_errand() -> None:
    # tests/workflow/own_organization/test_changes.py takes it out where accounts may be renamed.
    where_changes_are_declared = {"ReadRequestFunction.LookAtAccounts"}
    assert sorted(map(str, OF_ROLES)) == sorted({*ERRANDS, *where_changes_are_declared})


def _by_errand() -> list[Any]:
    """Every errand, with the statements that it needs in the order of the template."""
    found: dict[Callable[[Place], Job], list[Statement]] = {}
    for statement in OF_ROLES:
        if errand := ERRANDS.get(str(statement)):
            found.setdefault(errand, []).append(statement)
    return [pytest.param(each, needed, id=" ".join(map(str, needed))) for each, needed in found.items()]


@pytest.mark.parametrize(("errand", "needed"), _by_errand())
def test_without_a_statement_work_fails_and_with_it_again_it_is_finished(
    place: Place, errand: Callable[[Place], Job], needed: list[Statement]
) -> None:
    job = errand(place)
    for statement in needed:
        with taken_out(place.cloud, statement):
            refused = job()
        assert any(action in refused for action in statement.actions), (
            statement,
            refused or "nothing failed",
        )
    assert job() == ""


def test_taking_a_statement_out_is_deploying_the_template_without_it(place: Place, tmp_path: Path) -> None:
    cloud, one_of_many, only_one = place.cloud, CREATING, ENTERING
    roles = {each: statements.role_of(cloud, each.holder) for each in (one_of_many, only_one)}
    taken = {}
    for statement, role in roles.items():
        with taken_out(cloud, statement):
            taken[role] = statements.policies_of(cloud, role)
    for folder in ("functions", "layers", "statemachines"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    lacking = tmp_path / "template.yaml"
    lacking.write_text(json.dumps(statements.template_without(one_of_many, only_one)))
    job = place.vend()
    cloud.aws.deploy(lacking, parameters=APPLYING)
    assert {role: statements.policies_of(cloud, role) for role in roles.values()} == taken
    assert one_of_many.actions[0] in job()
    cloud.aws.deploy(ROOT / "template.yaml", parameters=APPLYING)
    place.settle()
    assert job() == ""


def test_every_statement_of_every_resource_is_tried_here() -> None:
    # Without the key's own administrators nobody could put a statement back: AWS refuses such a policy.
    administering = {"BootstrapTrailKey.AdministeredByIam", "NoticesKey.AdministeredByIam"}
    # tests/workflow/test_operators.py uses each action of the operator's.
    operating = {name for name in OF_RESOURCES if name.startswith("OperatorPolicy.")}
    asking = {str(ASKING), str(DECIDING), str(CLOSING), str(CHANGING)}
    tried = {*ADMITTING, str(BURYING), *asking, *administering, *operating}
    assert tried == set(OF_RESOURCES)


@pytest.mark.parametrize("name", ADMITTING)
def test_without_a_statement_that_lets_a_service_in_it_stays_out(place: Place, name: str) -> None:
    errand, words = ADMITTING[name]
    job = errand(place)
    with taken_out(place.cloud, OF_RESOURCES[name]):
        refused = job()
    assert words in refused, refused or "nothing failed"
    assert job() == ""


def test_without_its_policy_the_dead_letter_queue_takes_nothing(place: Place) -> None:
    def undeliverable() -> str:
        since = len(place.cloud.aws.calls)
        event = place.cloud.post(accountName="account", email=place.email)
        until(lambda: place.denials(STARTING.holder, since), "a rule that cannot start the machine")
        until(lambda: place.cloud.aws.is_at_rest, "the rule to have tried the queue")
        return event

    with taken_out(place.cloud, STARTING):
        with taken_out(place.cloud, BURYING):
            lost = undeliverable()
        kept = undeliverable()
    buried: list[str] = []

    def arrived() -> bool:
        buried.extend(each["event"] for each in place.undelivered())
        return kept in buried

    until(arrived, "the event in the dead-letter queue")
    assert lost not in buried


def test_without_the_requesters_policy_nobody_but_an_administrator_asks(place: Place) -> None:
    cloud, iam = place.cloud, place.cloud.aws.client("iam")
    iam.create_user(UserName="requester")
    key = iam.create_access_key(UserName="requester")["AccessKey"]
    events = cloud.aws.client("events", credentials=Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
    entry = {"Source": "groundwork", "DetailType": "Account Requested", "Detail": "{}"}
    with pytest.raises(ClientError, match=ASKING.actions[0]):
        events.put_events(Entries=[entry])
    iam.attach_user_policy(UserName="requester", PolicyArn=cloud.outputs["RequesterPolicyArn"])
    (answer,) = events.put_events(Entries=[entry])["Entries"]
    refused = cloud.ended(cloud.execution_of(answer["EventId"]))
    assert refused.error == "InvalidRequest"
    with pytest.raises(ClientError, match=ASKING.actions[0]):
        events.put_events(Entries=[{**entry, "DetailType": "Account Ready"}])


def test_without_the_approvers_policy_nobody_but_an_administrator_decides(place: Place) -> None:
    cloud, iam = place.cloud, place.cloud.aws.client("iam")
    user = iam.create_user(UserName="approver")["User"]
    key = iam.create_access_key(UserName="approver")["AccessKey"]
    events = cloud.aws.client("events", credentials=Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
    detail_type = "Account Request Decided"
    entry = {"Source": source_of(user["UserId"]), "DetailType": detail_type, "Detail": "{}"}
    with pytest.raises(ClientError, match=DECIDING.actions[0]):
        events.put_events(Entries=[entry])
    iam.attach_user_policy(UserName="approver", PolicyArn=cloud.outputs["ApproverPolicyArn"])
    assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0
    for other in ({"DetailType": "Account Requested"}, {"Source": "groundwork"}):
        with pytest.raises(ClientError, match=DECIDING.actions[0]):
            events.put_events(Entries=[entry | other])


def test_without_the_closers_policy_nobody_but_an_administrator_closes(place: Place) -> None:
    cloud, iam = place.cloud, place.cloud.aws.client("iam")
    user = iam.create_user(UserName="closer")["User"]
    key = iam.create_access_key(UserName="closer")["AccessKey"]
    events = cloud.aws.client("events", credentials=Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
    entry = {
        "Source": source_of(user["UserId"]),
        "DetailType": "Account Close Requested",
        "Detail": json.dumps({"accountId": place.account}),
    }
    with pytest.raises(ClientError, match=CLOSING.actions[0]):
        events.put_events(Entries=[entry])
    iam.attach_user_policy(UserName="closer", PolicyArn=cloud.outputs["CloserPolicyArn"])
    (answer,) = events.put_events(Entries=[entry])["Entries"]
    failed = cloud.answer("Account Failed", requestId=answer["EventId"])["detail"]
    assert (failed["error"], failed["accountId"]) == ("InvalidRequest", place.account)
    assert "baseline.yaml declares no closing.unit" in failed["cause"]
    for other in ({"DetailType": "Account Requested"}, {"Source": "groundwork"}):
        with pytest.raises(ClientError, match=CLOSING.actions[0]):
            events.put_events(Entries=[entry | other])


def test_every_action_of_every_role_is_used_or_it_is_said_when(place: Place) -> None:
    """That a statement with one action is used has been shown by taking it out."""
    place.cloud.declared("mgmt")
    for errand in errands.RARELY:
        assert errand(place)() == ""
    sessions = {
        f":assumed-role/{statements.role_of(place.cloud, holder)}/": holder
        for holder in {statement.holder for statement in OF_ROLES}
    }
    used = {
        (holder, call.action)
        for call in place.cloud.aws.calls
        if call.verdict == "allowed"
        for session, holder in sessions.items()
        if session in (call.principal_arn or "")
    }
    listed = {str(each): each.actions for each in OF_ROLES if len(each.actions) > 1}
    unused = {
        f"{statement} {action}"
        for statement, actions in listed.items()
        for action in actions
        if (statement.partition(".")[0], action) not in used
    }
    justified = {f"{statement} {action}" for statement, said in JUSTIFIED.items() for action in said}
    # AWS may leave an account's Paths out, and has not so far: tests/unit/vending/test_organizations.py
    justified |= {f"{statement} {PARENTS}" for statement, actions in listed.items() if PARENTS in actions}
    allowed = {f"{statement} {action}" for statement, actions in listed.items() for action in actions}
    assert unused <= justified, sorted(unused - justified)
    assert justified <= allowed, sorted(justified - allowed)
