"""The roles of the stack itself: who holds the crown jewel, which is the way into every account, and who may post."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from groundwork.declaration.policy_files import Document
from prove import laid_down
from prove.asked import Caller, Case, Keys, Wish
from prove.laid_down import IDS, MANAGEMENT, REGION
from prove.policy_cases.people import (
    ADMIN,
    ADMINISTRATOR,
    ANOTHER,
    DEPLOY,
    ENTRY,
    ENTRY_TRUST,
    OURS,
    OUTSIDE,
    STRANGER,
    do,
    doors_of,
    enter,
    number_of,
    session,
    user,
    where,
)

HOLDERS = (
    "CheckAccessFunctionRole",
    "ApplyComponentFunctionRole",
    "VerifyBaselineFunctionRole",
    "TakeInventoryFunctionRole",
)
"""Only these work in member accounts."""
TRUSTS_US: Document = ENTRY_TRUST
BUS = f"arn:aws:events:{REGION}:{MANAGEMENT}:event-bus/default"
ANSWERS = (
    "Account Ready",
    "Account Repaired",
    "Account Failed",
    "Account Drifted",
    "Account Progressing",
    "Account Closing",
    "Account Closed",
    "Account Reopened",
    "Account Expiring",
)
SPEAKERS = {
    "VendAccountStateMachineRole": ANSWERS[:5],
    "CloseAccountStateMachineRole": ("Account Closing", "Account Reopened", "Account Failed"),
    "CloseDueAccountsFunctionRole": ("Account Closed", "Account Failed"),
    "RequestClosingsFunctionRole": ("Account Expiring", "Account Closing"),
    "AnswerLostExecutionFunctionRole": ("Account Failed",),
}
"""What each role of the stack may answer."""
MACHINE = "VendAccountStateMachineRole"
PUTTER: Document = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "events:PutEvents", "Resource": "*"}],
}


def cases() -> Iterator[Case]:
    for role in laid_down.stack_roles():
        yield from _crown_jewel(_thief(role), role in HOLDERS)
        yield from _answers(_thief(role), role)
        yield from _reach(_thief(role), role)
    yield from _requesters()
    yield from _identities()


def _thief(role: str) -> Caller:
    identity = laid_down.stack_roles()[role]
    return session(f"whoever stole the credentials of {role}", "management", role, identity)


# -- the way in ----------------------------------------------------------------------------------------


def _crown_jewel(thief: Caller, holds: bool) -> Iterator[Case]:
    for account in ("security", *OUTSIDE):
        yield Case(thief, enter(account, ENTRY), allowed=holds)
        for role in set(doors_of(account)) - {ENTRY}:
            yield Case(thief, enter(account, role), allowed=False, why="that door is for people")
    yield Case(
        thief, enter("dev", ENTRY, organization=ANOTHER), allowed=False, why="no account that left, either"
    )
    for name in (ENTRY, "AWSControlTowerExecution", ADMIN, "Administrator"):
        yield Case(
            thief,
            _assume("management", name, OURS, "of the management account, which trusts it"),
            allowed=False,
        )
        foreign = _assume(STRANGER, name, ANOTHER, "of an account of another organization, which trusts it")
        yield Case(thief, foreign, allowed=False)
        homeless = _assume(STRANGER, name, None, "of an account in no organization, which trusts it")
        yield Case(thief, homeless, allowed=False)
    yield Case(
        thief, _assume("dev", f"x/{ENTRY}", OURS, "of dev under another path, which trusts it"), allowed=False
    )
    root = do("sts:AssumeRoot", f"arn:aws:iam::{IDS['dev']}:root", "dev", "be root in dev by sts:AssumeRoot")
    yield Case(thief, root, allowed=False, why="that is for people, by the command line")
    tower = _assume("dev", "AWSControlTowerExecution", OURS, "of dev, which trusts it")
    yield Case(thief, tower, allowed=holds)


def _assume(account: str, role: str, organization: str | None, words: str) -> Wish:
    number = number_of(account)
    arn = f"arn:aws:iam::{number}:role/{role}"
    keys = where(account if account in IDS else "management", organization) | {"aws:ResourceAccount": number}
    return Wish(f"assume {role} {words}", "sts:AssumeRole", arn, number, TRUSTS_US, keys)


# -- what else a stolen role reaches -------------------------------------------------------------------


@dataclass(frozen=True)
class Power:
    """Something worth stealing in the management account, and the roles of the stack that have it."""

    action: str
    resource: str
    holders: tuple[str, ...] = ()
    keys: Keys = field(default_factory=dict)


def _of(service: str, resource: str, region: str = REGION) -> str:
    return f"arn:aws:{service}:{region}:{MANAGEMENT}:{resource}"


ACCOUNT = _of("organizations", f"account/{OURS}/{IDS['prod']}", "")
ACCOUNT_SETTINGS = _of("account", f"account/{OURS}/{IDS['prod']}", "")
UNIT = _of("organizations", f"ou/{OURS}/ou-ab12-workloads", "")
POLICY = _of("organizations", f"policy/{OURS}/service_control_policy/p-guardrails", "")
OWN_ROLE, ANY_ROLE = _of("iam", "role/ApplyComponentFunctionRole", ""), _of("iam", "role/Administrator", "")
OWN_FUNCTION = _of("lambda", "function:groundwork-ApplyComponentFunction")
TRAIL = _of("cloudtrail", "trail/groundwork")
CREATOR, CHANGER, ENROLLER, KEEPER = (
    f"{name}FunctionRole"
    for name in ("CreateAccount", "ChangeAccount", "EnrollAccount", "ApplyManagementComponent")
)
STARTERS = (
    MACHINE,
    "RollOutStateMachineRole",
    "RequestApprovalStateMachineRole",
    "DiscoverAccountsFunctionRole",
    "ReopenAccountFunctionRole",
    "ReplayEventsFunctionRole",
    "RulesRole",
)
CLOSING_STARTERS = ("RequestClosingsFunctionRole", "ReplayEventsFunctionRole", "RulesRole")
MOVERS = (
    CHANGER,
    "EnrollAccountFunctionRole",
    "SuspendAccountFunctionRole",
    "ReopenAccountFunctionRole",
)
IN_QUARANTINE = {"aws:ResourceTag/groundwork:state": "in-quarantine ou-ab12-quarantine r-ab12"}
CLOSING = "closing 2026-12-30T14:00:00Z ou-ab12-suspended r-ab12 ready"
WAITS = {"aws:ResourceTag/groundwork:state": CLOSING}
SAYS_SO: Keys = {"aws:RequestTag/groundwork:state": CLOSING, "aws:TagKeys": ["groundwork:state"]}
SAYS_NO_MORE: Keys = {"aws:RequestTag/groundwork:state": "ready", "aws:TagKeys": ["groundwork:state"]}
CLOSERS = ("SuspendAccountFunctionRole", "ReopenAccountFunctionRole")
AMONG_OTHERS: Keys = {
    **SAYS_SO,
    "aws:RequestTag/groundwork:request": "1a2b3c4d",
    "aws:RequestTag/managed-by": "groundwork",
    "aws:TagKeys": ["groundwork:request", "groundwork:state", "managed-by"],
}
OTHERS_SERVICE = {"organizations:ServicePrincipal": "sso.amazonaws.com"}
OUR_SERVICE = {"organizations:ServicePrincipal": "config.amazonaws.com"}
BACKUP, STACK_SETS = (
    {"organizations:ServicePrincipal": f"{name}.amazonaws.com"}
    for name in ("backup", "member.org.stacksets.cloudformation")
)
POWERS = (
    # over accounts
    Power("organizations:CreateAccount", "*", (CREATOR,)),
    Power("organizations:MoveAccount", ACCOUNT, MOVERS),
    Power("organizations:MoveAccount", ACCOUNT, MOVERS, {"aws:ResourceTag/groundwork:state": "ready"}),
    Power("organizations:MoveAccount", ACCOUNT, (*MOVERS, "LeaveQuarantineFunctionRole"), IN_QUARANTINE),
    Power("organizations:MoveAccount", ACCOUNT, CLOSERS, WAITS),
    Power("organizations:CreateOrganizationalUnit", UNIT, (CHANGER, ENROLLER, KEEPER)),
    Power("account:PutAccountName", ACCOUNT_SETTINGS, (CHANGER,)),
    Power("account:PutAlternateContact", ACCOUNT_SETTINGS, (CHANGER,)),
    Power("account:DeleteAlternateContact", ACCOUNT_SETTINGS, (CHANGER,)),
    Power("account:PutContactInformation", ACCOUNT_SETTINGS, (CHANGER,)),
    Power("account:StartPrimaryEmailUpdate", ACCOUNT_SETTINGS, (CHANGER,)),
    Power("account:AcceptPrimaryEmailUpdate", ACCOUNT_SETTINGS),  # a person's, with credentials of their own
    Power("organizations:UntagResource", ACCOUNT, (CHANGER,), {"aws:TagKeys": ["team"]}),
    Power("organizations:UntagResource", ACCOUNT, (), {"aws:TagKeys": ["groundwork:kind"]}),
    Power("organizations:CloseAccount", ACCOUNT),
    Power("organizations:CloseAccount", ACCOUNT, (), {"aws:ResourceTag/groundwork:state": "ready"}),
    Power("organizations:CloseAccount", ACCOUNT, ("CloseDueAccountsFunctionRole",), WAITS),
    Power("organizations:CloseAccount", ACCOUNT, (), WAITS | {"aws:ResourceTag/groundwork:protected": "yes"}),
    Power("organizations:TagResource", ACCOUNT, ("SuspendAccountFunctionRole",), SAYS_SO),
    Power("organizations:TagResource", ACCOUNT, (), AMONG_OTHERS),
    Power("organizations:TagResource", ACCOUNT, CLOSERS, {**WAITS, **SAYS_NO_MORE}),
    Power("organizations:RemoveAccountFromOrganization", ACCOUNT),
    Power("organizations:DeleteOrganizationalUnit", UNIT),
    Power(
        "organizations:DeleteOrganizationalUnit",
        UNIT,
        (KEEPER,),
        {"aws:ResourceTag/managed-by": "groundwork"},
    ),
    # over guard rails
    Power("organizations:UpdatePolicy", POLICY, (KEEPER,)),
    Power("organizations:AttachPolicy", POLICY, (KEEPER,)),
    Power("organizations:DetachPolicy", POLICY),
    Power("organizations:DeletePolicy", POLICY),
    Power("organizations:DisablePolicyType", _of("organizations", f"root/{OURS}/r-ab12", "")),
    Power("organizations:RegisterDelegatedAdministrator", ACCOUNT, (KEEPER,), OUR_SERVICE),
    Power("organizations:RegisterDelegatedAdministrator", ACCOUNT, (), OTHERS_SERVICE),
    Power("organizations:DeregisterDelegatedAdministrator", ACCOUNT, (), OUR_SERVICE),
    *(
        Power("organizations:AttachPolicy", ACCOUNT, holders, {"organizations:PolicyType": kind})
        for kind, holders in (
            ("DECLARATIVE_POLICY_EC2", (KEEPER,)),
            ("SERVICE_CONTROL_POLICY", ()),
            ("TAG_POLICY", ()),
            ("BACKUP_POLICY", ()),
        )
    ),
    *(
        Power("organizations:UpdatePolicy", POLICY.replace("service_control_policy", kind), holders)
        for kind, holders in (
            ("backup_policy", (KEEPER,)),
            ("tag_policy", (KEEPER,)),
            ("securityhub_policy", ()),
        )
    ),
    Power("organizations:EnableAWSServiceAccess", "*", (KEEPER,), BACKUP),
    Power("organizations:EnableAWSServiceAccess", "*", (), STACK_SETS),
    Power("inspector2:EnableDelegatedAdminAccount", "*", (KEEPER,)),
    Power("inspector2:DisableDelegatedAdminAccount", "*"),
    Power("macie2:EnableOrganizationAdminAccount", "*", (KEEPER,)),
    Power("macie2:DisableOrganizationAdminAccount", "*"),
    Power("macie2:EnableMacie", "*", (KEEPER,)),
    Power("macie2:DisableMacie", "*"),
    Power("macie2:CreateMember", _of("macie2", "member/*")),
    Power("macie2:CreateClassificationJob", "*"),
    Power("iam:EnableOrganizationsRootSessions", "*", (KEEPER,)),
    Power("iam:DisableOrganizationsRootSessions", "*"),
    # over money
    Power("budgets:ModifyBudget", _of("budgets", "budget/groundwork-monthly", ""), (KEEPER,)),
    Power("budgets:ModifyBudget", _of("budgets", "budget/of-somebody-else", "")),
    Power("budgets:CreateBudgetAction", _of("budgets", "budget/groundwork-monthly/action/x", "")),
    Power("servicequotas:PutServiceQuotaIncreaseRequestIntoTemplate", "*", (KEEPER,)),
    Power("servicequotas:DisassociateServiceQuotaTemplate", "*"),
    Power("servicequotas:RequestServiceQuotaIncrease", "*"),
    # over itself
    Power("cloudformation:UpdateStack", _of("cloudformation", "stack/groundwork/1a2b3c4d")),
    Power("iam:PassRole", ANY_ROLE, (), {"iam:PassedToService": "cloudformation.amazonaws.com"}),
    Power("iam:CreateRole", ANY_ROLE),
    Power("iam:PutRolePolicy", OWN_ROLE),
    Power("iam:AttachRolePolicy", OWN_ROLE),
    Power("iam:UpdateAssumeRolePolicy", OWN_ROLE),
    Power("iam:PassRole", ANY_ROLE, (), {"iam:PassedToService": "lambda.amazonaws.com"}),
    Power("iam:CreateUser", _of("iam", "user/eve", "")),
    Power("iam:CreateAccessKey", _of("iam", "user/administrator", "")),
    Power("lambda:UpdateFunctionCode", OWN_FUNCTION),
    Power("lambda:UpdateFunctionConfiguration", OWN_FUNCTION),
    Power("states:UpdateStateMachine", laid_down.machine_arn("groundwork-vend-account")),
    Power("states:StartExecution", laid_down.machine_arn("groundwork-vend-account"), STARTERS),
    Power("states:StartExecution", laid_down.machine_arn("groundwork-close-account"), CLOSING_STARTERS),
    Power("states:SendTaskSuccess", "*", ("DecideRequestFunctionRole",)),
    Power("states:SendTaskFailure", "*"),
    Power("events:PutPermission", "*"),
    # over evidence
    Power("cloudtrail:UpdateTrail", TRAIL, (KEEPER,)),
    Power("cloudtrail:StopLogging", TRAIL),
    Power("cloudtrail:DeleteTrail", TRAIL),
    Power("s3:GetObject", "arn:aws:s3:::BootstrapTrailBucket/AWSLogs/x"),
    Power("s3:DeleteObject", "arn:aws:s3:::BootstrapTrailBucket/AWSLogs/x"),
    Power("kms:ScheduleKeyDeletion", _of("kms", "key/12345678-1234-1234-1234-123456789012")),
    Power("logs:DeleteLogGroup", _of("logs", "log-group:/groundwork/functions-1a2b3c4d")),
    Power("dynamodb:DeleteTable", _of("dynamodb", "table/groundwork-Ledger")),
)


def _reach(thief: Caller, role: str) -> Iterator[Case]:
    for power in POWERS:
        said = f"{power.action} on {power.resource}"
        said += "".join(f" for {value}" for value in power.keys.values())
        wish = do(power.action, power.resource, "management", said, **power.keys)
        yield Case(thief, wish, role in power.holders)


# -- the bus -------------------------------------------------------------------------------------------


def _post(
    detail_type: str,
    source: str = "groundwork",
    requesters: str = "",
    approvers: str = "",
    closers: str = "",
    changers: str = "",
) -> Wish:
    keys = {"events:source": [source], "events:detail-type": [detail_type], **where("management")}
    held = f" where Requesters are {requesters}" if requesters else ""
    held += f" where Approvers are {approvers}" if approvers else ""
    held += f" where Closers are {closers}" if closers else ""
    held += f" where Changers are {changers}" if changers else ""
    policy = laid_down.bus_policy(requesters, approvers, closers, changers)
    return Wish(
        f"post {source}'s {detail_type}{held}", "events:PutEvents", BUS, number_of("management"), policy, keys
    )


def _answers(thief: Caller, role: str) -> Iterator[Case]:
    for answer in ANSWERS:
        yield Case(thief, _post(answer), allowed=answer in SPEAKERS.get(role, ()))
    yield Case(thief, _post("Account Requested"), allowed=False)
    yield Case(thief, _post(CHANGE), allowed=False)


CHANGE = "Account Change Requested"
DECIDED = "Account Request Decided"
CLOSINGS = ("Account Close Requested", "Account Reopen Requested")


def _identities() -> Iterator[Case]:
    """Who says who they are, for a request, a decision and a closing: only for themselves."""
    attached = {
        name: laid_down.stack()[f"{name}Policy"]["Properties"]["PolicyDocument"]
        for name in ("Requester", "Approver", "Closer", "Changer")
    }
    asker = user(
        "a user with groundwork-requester", "management", [attached["Requester"]], "absent", name="asker"
    )
    approver = session("a role with groundwork-approver", "management", "boss", [attached["Approver"]])
    closer = session("a role with groundwork-closer", "management", "retirement", [attached["Closer"]])
    changer = user(
        "a user with groundwork-changer", "management", [attached["Changer"]], "absent", name="changer"
    )
    putter = session("a role that may post any event", "management", "app", [PUTTER])
    owner = user("an administrator of the management account", "management", [ADMINISTRATOR], "true")
    member = session("an administrator of dev", "dev", ADMIN, [ADMINISTRATOR])
    everybody = (asker, approver, closer, changer, putter, owner, member)
    for caller in everybody:
        for other in everybody:
            named, own = f"groundwork.by.{other.keys['aws:userid']}", other is caller
            asks, decides = caller in (asker, putter, owner), caller in (approver, putter, owner)
            changes = caller in (changer, putter, owner)
            yield Case(caller, _post("Account Requested", named), allowed=own and asks)
            yield Case(caller, _post(CHANGE, named), allowed=own and changes)
            yield Case(caller, _post(DECIDED, named), allowed=own and decides)
            for closing in CLOSINGS:
                closes = caller in (closer, putter, owner)
                yield Case(caller, _post(closing, named), allowed=own and closes)
        yield Case(caller, _post(DECIDED), allowed=False, why="a decision says whose it is")
        for closing in CLOSINGS:
            yield Case(
                caller, _post(closing), allowed=False, why="who has an account closed says who they are"
            )
        name = f"groundwork.by.{caller.keys['aws:userid']}"
        held = _post(DECIDED, name, approvers=str(approver.role_arn))
        yield Case(caller, held, allowed=caller is approver)
        for closing in CLOSINGS:
            shut = _post(closing, name, closers=str(closer.role_arn))
            yield Case(caller, shut, allowed=caller is closer)
        kept = _post("Account Requested", name, requesters=asker.arn)
        yield Case(caller, kept, allowed=caller is asker)
        kept = _post(CHANGE, name, changers=changer.arn)
        yield Case(caller, kept, allowed=caller is changer)
        yield Case(caller, _post(CHANGE), allowed=caller in (changer, putter, owner))


def _requesters() -> Iterator[Case]:
    policy = laid_down.stack()["RequesterPolicy"]["Properties"]["PolicyDocument"]
    requester = user("a user with groundwork-requester", "management", [policy], "absent", name="requester")
    putter = session("a role that may post any event", "management", "app", [PUTTER])
    owner = user("an administrator of the management account", "management", [ADMINISTRATOR], "true")
    nobody = user("a user of the management account without policies", "management", [], "absent")
    member = session("an administrator of dev", "dev", ADMIN, [ADMINISTRATOR])
    pipeline = session("a ci-cd role of mgmt", "mgmt", "ci-cd/pipeline", [ADMINISTRATOR])
    deployer = session("a pipeline that entered prod", "prod", DEPLOY, [ADMINISTRATOR])
    stranger = user("an administrator of a foreign account", STRANGER, [PUTTER], "true", organization=ANOTHER)
    everybody = (requester, putter, owner, nobody, member, pipeline, deployer, stranger)
    for caller in everybody:
        asks = caller in (requester, putter, owner)
        yield Case(caller, _post("Account Requested"), allowed=asks)
        for answer in (*ANSWERS, "Account Invented"):
            yield Case(caller, _post(answer), allowed=False, why="only Groundwork speaks as Groundwork")
        yield Case(caller, _post("Something Else", source="their.own"), allowed=caller in (putter, owner))
    named = f"{requester.arn},arn:aws:iam::{MANAGEMENT}:role/portal/*"
    portal = session("a role under portal/", "management", "portal/backend", [policy])
    for caller in (*everybody, portal):
        asks = caller in (requester, portal)
        yield Case(caller, _post("Account Requested", requesters=named), allowed=asks)
