"""The roles of the stack itself: who holds the crown jewel, which is the way into every account, and who may post."""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.policy_files import Document
from prove import laid_down
from prove.asked import Caller, Case, Wish
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
    doors_of,
    enter,
    number_of,
    session,
    user,
    where,
)

HOLDERS = ("CheckAccessFunctionRole", "ApplyComponentFunctionRole", "VerifyBaselineFunctionRole")
"""Only these work in member accounts."""
TRUSTS_US: Document = ENTRY_TRUST
BUS = f"arn:aws:events:{REGION}:{MANAGEMENT}:event-bus/default"
ANSWERS = ("Account Ready", "Account Repaired", "Account Failed", "Account Drifted")
MACHINE, LOST = "VendAccountStateMachineRole", "AnswerLostExecutionFunctionRole"
PUTTER: Document = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "events:PutEvents", "Resource": "*"}],
}


def cases() -> Iterator[Case]:
    for role in laid_down.stack_roles():
        yield from _crown_jewel(_thief(role), role in HOLDERS)
        yield from _answers(_thief(role), role)
    yield from _requesters()


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
    tower = _assume("dev", "AWSControlTowerExecution", OURS, "of dev, which trusts it")
    yield Case(thief, tower, allowed=holds)


def _assume(account: str, role: str, organization: str | None, words: str) -> Wish:
    number = number_of(account)
    arn = f"arn:aws:iam::{number}:role/{role}"
    keys = where(account if account in IDS else "management", organization) | {"aws:ResourceAccount": number}
    return Wish(f"assume {role} {words}", "sts:AssumeRole", arn, number, TRUSTS_US, keys)


# -- the bus -------------------------------------------------------------------------------------------


def _post(detail_type: str, source: str = "groundwork", requesters: str = "") -> Wish:
    keys = {"events:source": [source], "events:detail-type": [detail_type], **where("management")}
    held = f" where Requesters are {requesters}" if requesters else ""
    policy = laid_down.bus_policy(requesters)
    return Wish(
        f"post {source}'s {detail_type}{held}", "events:PutEvents", BUS, number_of("management"), policy, keys
    )


def _answers(thief: Caller, role: str) -> Iterator[Case]:
    for answer in ANSWERS:
        may = role == MACHINE or (role == LOST and answer == "Account Failed")
        yield Case(thief, _post(answer), allowed=may)
    yield Case(thief, _post("Account Requested"), allowed=False)


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
