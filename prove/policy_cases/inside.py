"""What a session may do once it is there: without MFA, under the guard rails, in a boundary, in a session policy."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import get_args

from groundwork.aws.sessions import needed, session_policy
from groundwork.baseline.archive import WRITER
from groundwork.baseline.components import COMPONENTS
from groundwork.declaration.policy_files import Document
from prove import laid_down
from prove.asked import Caller, Case, Keys, Mfa
from prove.laid_down import IDS, REGION, SECURITY
from prove.policy_cases.people import (
    ADMIN,
    ADMINISTRATOR,
    DEPLOY,
    DEV,
    ENTRY,
    GROUPS,
    READ_ONLY,
    do,
    enter,
    inside,
    member,
    session,
    user,
)

OWN, OTHER = (f"arn:aws:iam::{SECURITY}:user/{name}" for name in ("ada", "grace"))
DEVICE = f"arn:aws:iam::{SECURITY}:mfa/ada"
TRAIL_BUCKET = f"arn:aws:s3:::groundwork-trail-{SECURITY}"


def cases() -> Iterator[Case]:
    yield from _self_service()
    yield from _roles()
    yield from _guardrails()
    yield from _boundaries()
    yield from _session_policies()


def _tried(
    caller: Caller, allowed: bool, tries: Iterable[tuple[str, str]], account: str, why: str = ""
) -> Iterator[Case]:
    for action, resource in tries:
        yield Case(caller, do(action, resource, account), allowed, why)


# -- self-service ------------------------------------------------------------------------------------

WITHOUT_MFA = [
    ("iam:ListMFADevices", OWN),
    ("iam:GetUser", OWN),
    ("iam:ChangePassword", OWN),
]
IN_THE_CONSOLE = [
    ("iam:CreateVirtualMFADevice", DEVICE),
    ("iam:CreateVirtualMFADevice", f"{DEVICE}-2"),
    ("iam:DeleteVirtualMFADevice", DEVICE),
    ("iam:EnableMFADevice", OWN),
    ("iam:ResyncMFADevice", OWN),
]
WITH_MFA = [
    ("iam:DeactivateMFADevice", OWN),
    ("iam:CreateAccessKey", OWN),
    ("iam:DeleteAccessKey", OWN),
    ("signin:AuthorizeOAuth2Access", f"arn:aws:signin:us-east-1:{SECURITY}:oauth2/public-client/localhost"),
]
SOMEBODY_ELSES = [
    ("iam:CreateVirtualMFADevice", f"arn:aws:iam::{SECURITY}:mfa/grace"),
    ("iam:EnableMFADevice", OTHER),
    ("iam:DeactivateMFADevice", OTHER),
    ("iam:CreateAccessKey", OTHER),
    ("iam:ChangePassword", OTHER),
]
POWERS = [
    ("iam:CreateUser", OTHER),
    ("iam:AttachUserPolicy", OWN),
    ("iam:AddUserToGroup", f"arn:aws:iam::{SECURITY}:group/admin-external-accounts"),
    ("ec2:DescribeInstances", "*"),
    ("s3:GetObject", f"{TRAIL_BUCKET}/AWSLogs/x"),
]


def _self_service() -> Iterator[Case]:
    for group in GROUPS:
        for mfa in get_args(Mfa):
            caller, shown = member(group, mfa), mfa == "true"
            yield from _tried(caller, True, WITHOUT_MFA, "security")
            console = mfa != "absent"
            yield from _tried(caller, console, IN_THE_CONSOLE, "security", "never with an access key alone")
            yield from _tried(caller, shown, WITH_MFA, "security")
            administers = shown and group == "admin-external-accounts"
            yield from _tried(caller, administers, SOMEBODY_ELSES, "security")
            yield from _tried(caller, administers, POWERS[:2], "security")
            yield from _tried(caller, shown and group != "dev-external-accounts", POWERS[3:], "security")


# -- what a role may -----------------------------------------------------------------------------------

MACHINES = "arn:aws:ec2:us-east-1:444444444444:instance/*"


def _roles() -> Iterator[Case]:
    reader, developer, administrator, pipeline = (
        inside("dev", role, f"somebody in dev by {role}") for role in (READ_ONLY, DEV, ADMIN, DEPLOY)
    )
    stop, look = ("ec2:TerminateInstances", MACHINES), ("ec2:DescribeInstances", "*")
    new_user = ("iam:CreateUser", f"arn:aws:iam::{IDS['dev']}:user/eve")
    leave = ("organizations:LeaveOrganization", "*")
    for caller in (reader, developer, administrator, pipeline):
        yield from _tried(caller, True, [look], "dev")
        yield from _tried(caller, caller is not reader, [stop], "dev")
        yield from _tried(caller, caller is administrator, [new_user], "dev")
        yield from _tried(caller, False, [leave], "dev", "not even an administrator")


# -- guard rails ---------------------------------------------------------------------------------------


def _iam(account: str, name: str) -> str:
    return f"arn:aws:iam::{IDS[account]}:{name}"


IN_DEV = [
    ("cloudtrail:StopLogging", f"arn:aws:cloudtrail:{REGION}:{IDS['dev']}:trail/groundwork"),
    ("cloudtrail:DeleteTrail", f"arn:aws:cloudtrail:eu-west-1:{IDS['dev']}:trail/groundwork"),
    ("config:StopConfigurationRecorder", "*"),
    ("iam:UpdateAssumeRolePolicy", _iam("dev", f"role/{ADMIN}")),
    ("iam:AttachRolePolicy", _iam("dev", f"role/{READ_ONLY}")),
    ("iam:CreateRole", _iam("dev", f"role/made-up/{ADMIN}")),
    ("iam:UpdateAssumeRolePolicy", _iam("dev", f"role/{ENTRY}")),
    ("iam:CreateRole", _iam("dev", "role/AWSControlTowerExecution")),
    ("iam:DeleteAccountPasswordPolicy", "*"),
]
LEAVE = ("organizations:LeaveOrganization", "*")
IN_SECURITY = [
    ("s3:PutBucketPolicy", TRAIL_BUCKET),
    ("s3:PutLifecycleConfiguration", TRAIL_BUCKET),
    ("s3:DeleteObject", f"{TRAIL_BUCKET}/AWSLogs/x"),
    ("iam:PutGroupPolicy", _iam("security", "group/ro-external-accounts")),
]
FREE_IN_DEV = [
    ("cloudtrail:StopLogging", f"arn:aws:cloudtrail:{REGION}:{IDS['dev']}:trail/their-own"),
    ("iam:CreateRole", _iam("dev", "role/their-own")),
    ("iam:GetRole", _iam("dev", f"role/{ADMIN}")),
]


def root_user(account: str, words: str, keys: Keys | None = None) -> Caller:
    arn = f"arn:aws:iam::{IDS[account]}:root"
    who = user(words, account, [ADMINISTRATOR], "true", name="root")
    known = {**who.keys, "aws:PrincipalArn": arn, "aws:PrincipalType": "Account", **(keys or {})}
    known.pop("aws:username")
    return replace(who, arn=arn, keys=known)


def _guardrails() -> Iterator[Case]:
    entered = inside("dev", ENTRY, "Groundwork in dev by the entry role")
    administrator = inside("dev", ADMIN, f"somebody in dev by {ADMIN}")
    impostor = session(
        f"a role of dev called {ENTRY} under another path", "dev", f"x/{ENTRY}", [ADMINISTRATOR]
    )
    root = root_user("dev", "the root user of dev")
    yield from _tried(root, False, [*IN_DEV, LEAVE, *FREE_IN_DEV], "dev", "root users do nothing")
    privileged = root_user("dev", "who is root in dev by sts:AssumeRoot", {"aws:AssumedRoot": "true"})
    yield from _tried(privileged, False, [*IN_DEV, LEAVE], "dev", "the service control policy holds")
    yield from _tried(privileged, True, FREE_IN_DEV, "dev", "the management account does what only root may")
    for caller in (administrator, impostor):
        yield from _tried(caller, False, [*IN_DEV, LEAVE], "dev", "the service control policy holds")
        yield from _tried(caller, True, FREE_IN_DEV, "dev", "it leaves everything else alone")
    yield from _tried(entered, True, [*IN_DEV, *FREE_IN_DEV], "dev", "the entry roles are exempt")
    yield from _tried(entered, False, [LEAVE], "dev", "nobody has an account leave from inside")
    keeper = member("admin-external-accounts", "true")
    yield from _tried(keeper, False, IN_SECURITY, "security", "not even who keeps the logs")
    thief = inside("security", ENTRY, "whoever is in security by the entry role")
    yield from _tried(thief, False, IN_SECURITY[:3], "security", "the archive convicts him")
    yield from _tried(thief, True, IN_SECURITY[3:], "security")
    groundwork = session("Groundwork in security by the archive's role", "security", WRITER, [ADMINISTRATOR])
    yield from _tried(groundwork, True, IN_SECURITY[:2], "security", "as far as the guard rails go")
    yield from _tried(groundwork, False, IN_SECURITY[2:3], "security", "not even the archive's role deletes")


# -- boundaries ----------------------------------------------------------------------------------------


def _boundaries() -> Iterator[Case]:
    no_sts: Document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "NotAction": "sts:*", "Resource": "*"}],
    }
    read_only = laid_down.managed("arn:aws:iam::aws:policy/ReadOnlyAccess")
    for bounds, words in ((no_sts, "that leaves out sts"), (read_only, "of ReadOnlyAccess")):
        pipeline = session(
            f"a ci-cd role of mgmt in a permissions boundary {words}",
            "mgmt",
            "ci-cd/bounded",
            [ADMINISTRATOR],
            boundary=bounds,
        )
        for account in ("dev", "stage", "prod"):
            yield Case(pipeline, enter(account, DEPLOY), allowed=False)
        bounded = member("admin-external-accounts", "true", boundary=bounds)
        bounded = replace(bounded, words=f"{bounded.words}, in a permissions boundary {words},")
        yield Case(bounded, enter("dev", ADMIN), allowed=False)
    wide = member("ro-external-accounts", "true", boundary=ADMINISTRATOR)
    wide = replace(wide, words=f"{wide.words}, in a permissions boundary that allows everything,")
    yield Case(wide, enter("dev", READ_ONLY), allowed=True)
    yield Case(wide, enter("dev", ADMIN), allowed=False, why="a boundary grants nothing")


# -- session policies ----------------------------------------------------------------------------------


def _session_policies() -> Iterator[Case]:
    """Each component's session, in the account it works in, may not do what another component does."""
    account = "dev"
    new_key = ("iam:CreateAccessKey", _iam(account, "user/eve"))
    others = [new_key, ("s3:DeleteBucket", TRAIL_BUCKET), ("organizations:LeaveOrganization", "*")]
    for component in COMPONENTS.values():
        if "workload" not in component.kinds:
            continue
        for what, permissions in (
            ("reads", component.reads),
            ("works", [*component.reads, *component.writes]),
        ):
            policy = json.loads(session_policy(needed(permissions, "workload"), IDS[account], "aws"))
            caller = inside(
                account, ENTRY, f"Groundwork in {account}, where {component.name} {what}", policy=policy
            )
            yield from _tried(caller, False, others, account, "its session policy does not name it")
    trail = COMPONENTS["trail"]
    reads = json.loads(session_policy(trail.reads, IDS[account], "aws"))
    works = json.loads(session_policy([*trail.reads, *trail.writes], IDS[account], "aws"))
    create = [("cloudtrail:CreateTrail", f"arn:aws:cloudtrail:{REGION}:{IDS[account]}:trail/groundwork")]
    for policy, what, may in ((reads, "looks", False), (works, "works", True)):
        caller = inside(account, ENTRY, f"Groundwork in {account}, where trail {what}", policy=policy)
        yield from _tried(caller, may, create, account)
