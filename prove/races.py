"""Repeats and races: whatever comes at once, twice, too early, too late or never, there is one account and one answer."""

from __future__ import annotations

import itertools
import json
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from botocore.exceptions import ClientError

from local.engine import Engine
from prove.chapter import Chapter, Say
from prove.world import QUARANTINE, TIME_SCALE, World, declaring, with_quarantine_and_a_stack
from tests.workflow.conftest import APPLYING, Cloud, Execution, until
from tests.workflow.looking import lacks, portrait

UNIT = "Workloads/Development"
GROUP, BY_UNIT = (
    "dev-external-accounts",
    "\n          organizationalUnits: [Workloads/Development, Workloads/Staging]",
)
"""The group of which the declaration says by units where it enters, and the line that does."""
LONGER_PASSWORDS = ("minimumLength: 14", "minimumLength: 20")
REPEATS = 50
MANY = 10
STRANGERS_EVERY = 8.0
"""AWS seconds between the accounts that somebody else wants: as many as AWS allows, and some more."""
RESULT_EVENTS = {
    "before our own poll": (0.0, 1),
    "during it": (2.0, 1),
    "after it": (60.0, 1),
    "twice": (17.0, 2),
    "never": (0.0, 0),
}
"""When CreateAccountResult comes, in AWS seconds after the account is there, and how often."""


class Wrong(Exception):
    """What a race left behind."""


def prove(_seed: int, say: Say) -> Chapter:
    chapter = Chapter("Repeats and races", "races")
    with Engine(time_scale=TIME_SCALE) as aws:
        world = World.deployed(aws)
        races: dict[str, Callable[[], None]] = {
            f"the same event {REPEATS} times at once": lambda: the_same_event(world.cloud, REPEATS),
            **{
                f"CreateAccountResult {name}": lambda when=when: result_event(world, *when)  # type: ignore[misc]
                for name, when in RESULT_EVENTS.items()
            },
            "two re-runs of one account at once": lambda: two_runs(world),
            "somebody else creates accounts, too": lambda: among_strangers(world),
            f"{MANY} accounts at once": lambda: many_at_once(world.cloud, world.security, MANY),
            "the declaration changes while executions run": lambda: another_declaration(world),  # the last
        }
        for name, race in races.items():
            _try(chapter, name, race)
            say(f"{chapter.tried} races: {name}")
    names = [f"named-{number}" for number in range(MANY)]
    with (
        declaring(*by_names(names)) as template,
        Engine(time_scale=TIME_SCALE) as aws,
    ):
        young = World.deployed(aws, template, security=False)
        name = f"{MANY} accounts and the account that all of them trust"
        _try(chapter, name, lambda: many_before_security(young.cloud, MANY))
        say(f"{chapter.tried} races: {name}")
        name = f"{MANY} accounts that a group of the security account names"
        _try(chapter, name, lambda: named_in_a_group(young.cloud, names))
        say(f"{chapter.tried} races: {name}")
    with with_quarantine_and_a_stack() as template, Engine(time_scale=TIME_SCALE) as aws:
        waiting = World.deployed(aws, template)
        for name, race in through_quarantine(waiting).items():
            _try(chapter, f"{name}, by way of quarantine", race)
            say(f"{chapter.tried} races: {name}, by way of quarantine")
    return chapter


def by_names(names: list[str]) -> tuple[str, str]:
    return BY_UNIT, f"\n          names: [{', '.join(names)}]"


def through_quarantine(world: World) -> dict[str, Callable[[], None]]:
    """What comes twice or at another time where new accounts wait, with a stack of their owner's."""
    return {
        f"the same event {MANY} times at once": lambda: the_same_event(world.cloud, MANY),
        **{
            f"CreateAccountResult {name}": lambda when=when: result_event(world, *when)  # type: ignore[misc]
            for name, when in RESULT_EVENTS.items()
        },
        f"{MANY} accounts at once": lambda: many_at_once(world.cloud, world.security, MANY),
        "two starts for an account that waits": lambda: two_starts_in_there(world),
    }


def _try(chapter: Chapter, name: str, race: Callable[[], None]) -> None:
    chapter.tried += 1
    try:
        race()
    except (Wrong, AssertionError) as wrong:
        chapter.fail(f"{name}: {wrong}", f"prove.races: {name}")


def _require(good: object, words: str) -> None:
    if not good:
        raise Wrong(words)


def _all_succeeded(ended: list[Execution]) -> None:
    failed = [
        f"{each.arn} {each.status} {each.error}: {each.cause}" for each in ended if each.status != "SUCCEEDED"
    ]
    _require(not failed, "; ".join(failed))


def _one_account(cloud: Cloud, name: str, email: str, *later: str) -> str:
    """The id of the one account of this name, which has been answered for once; `later` are answers that may follow."""
    made = [account for account in cloud.accounts().values() if account["Name"] == name]
    _require(len(made) == 1 and made[0]["Email"] == email, f"{len(made)} accounts named {name}")
    account = str(made[0]["Id"])
    until(lambda: cloud.answered("Account Ready", accountId=account), f"Account Ready of {name}")
    _require(cloud.unit_of(email) != QUARANTINE, f"{name} is in quarantine still")
    said = Counter(event["detail-type"] for event in cloud.news(accountId=account))
    for follows in later:
        del said[follows]
    _require(said == {"Account Ready": 1}, f"{name} was answered {dict(said)}")
    return account


# -- races ---------------------------------------------------------------------------------------------


def the_same_event(cloud: Cloud, times: int) -> None:
    """Posted so often at once: one execution makes the account, the others find it."""
    name, email = cloud.fresh()
    detail = json.dumps({"accountName": name, "email": email, "organizationalUnit": UNIT})
    entry = {"Source": "groundwork", "DetailType": "Account Requested", "Detail": detail}
    events = cloud.aws.client("events")
    with ThreadPoolExecutor(times // 5) as posters:
        answers = list(posters.map(lambda _: events.put_events(Entries=[entry] * 5), range(times // 5)))
    posted = [each["EventId"] for answer in answers for each in answer["Entries"]]
    ended = [cloud.ended(cloud.execution_of(event)) for event in posted]
    cloud.all_ended()
    _all_succeeded(ended)
    _one_account(cloud, name, email)
    outcomes = Counter(each.output["outcome"] for each in ended)
    _require(outcomes == {"ready": 1, "unchanged": times - 1}, f"outcomes {dict(outcomes)}")


def result_event(world: World, delay: float, copies: int) -> None:
    """AWS's own word that the account is there comes at another time than our asking."""
    cloud, creation = world.cloud, world.aws.creation
    creation.event_delay, creation.event_copies = delay, copies
    try:
        name, email = cloud.fresh()
        ended = cloud.ask(accountName=name, email=email, organizationalUnit=UNIT)
        if copies:
            account = str(cloud.accounts()[email]["Id"])
            until(lambda: len(cloud.executions_about(account)) >= copies, "CreateAccountResult")
        _all_succeeded([ended, *cloud.all_ended()])
        _one_account(cloud, name, email)
    finally:
        creation.event_copies = 0


def two_runs(world: World) -> None:
    """One of them mends what is amiss, the other waits for it and finds nothing left."""
    cloud = world.cloud
    name, email = cloud.fresh()
    account = str(cloud.ask(accountName=name, email=email, organizationalUnit=UNIT).output["accountId"])
    before = portrait(cloud, account)
    cloud.inside("cloudtrail", account).stop_logging(Name="groundwork")
    both = [cloud.ended(arn) for arn in [cloud.begin(accountId=account), cloud.begin(accountId=account)]]
    _all_succeeded(both)
    outcomes = sorted(each.output["outcome"] for each in both)
    _require(outcomes == ["repaired", "unchanged"], f"outcomes {outcomes}")
    _require(portrait(cloud, account) == before, "the account is not what it was")
    _require("leaseOwner" not in cloud.ledger_item(f"account#{account}"), "its lease is still held")


def two_starts_in_there(world: World) -> None:
    """Of an account that failed and waits, by people and by the event that comes again: one of them lets it out, once."""
    cloud = world.cloud
    name, email = cloud.fresh()
    asked = {"accountName": name, "email": email, "organizationalUnit": UNIT}
    world.aws.faults.plan(
        [{"service": "iam", "operation": "CreateRole", "effect": "LimitExceeded", "nth": 1}]
    )
    failed = cloud.ask(**asked)
    world.aws.faults.clear()
    _require((failed.error, cloud.unit_of(email)) == ("BaselineFailed", QUARANTINE), f"it ended {failed}")
    account, mark = str(cloud.accounts()[email]["Id"]), len(world.aws.calls)
    begun = [cloud.begin(accountId=account), cloud.begin(accountId=account)]
    _all_succeeded([cloud.ended(arn) for arn in [*begun, cloud.execution_of(cloud.post(**asked))]])
    _require(cloud.unit_of(email) == UNIT, f"it is in {cloud.unit_of(email)}")
    moves = [each for each in world.aws.calls[mark:] if each.operation == "MoveAccount"]
    _require(len(moves) == 1, f"it was moved {len(moves)} times")
    until(lambda: cloud.answered("Account Ready", accountId=account), f"Account Ready of {name}")
    _require(cloud.answered("Account Ready", accountId=account) == 1, "it was answered twice")


def many_at_once(cloud: Cloud, security: str, many: int) -> None:
    """All become ready at once, and the security account loses nothing by it."""
    before = portrait(cloud, security)
    asked = [cloud.fresh() for _ in range(many)]
    posted = [cloud.post(accountName=name, email=email, organizationalUnit=UNIT) for name, email in asked]
    _all_succeeded([cloud.ended(cloud.execution_of(event)) for event in posted])
    cloud.all_ended()
    for name, email in asked:
        lacking = lacks(cloud, _one_account(cloud, name, email), security)
        _require(not lacking, f"{name} lacks {lacking}")
    _require(portrait(cloud, security) == before, "the security account changed")


def among_strangers(world: World) -> None:
    """Somebody else in the organization creates accounts, too, and uses AWS's bucket up: that is waited out."""
    cloud, aws = world.cloud, world.aws
    organizations, done = aws.client("organizations"), threading.Event()

    def strangers() -> None:
        for number in itertools.count():
            with suppress(ClientError):
                organizations.create_account(
                    AccountName=f"stranger-{number}", Email=f"aws+stranger-{number}@example.com"
                )
            if aws.clock.wait(STRANGERS_EVERY, done):
                return

    aws.creation.throttle.refused.clear()
    asked = [cloud.fresh() for _ in range(5)]
    posted = [cloud.post(accountName=name, email=email, organizationalUnit=UNIT) for name, email in asked]
    somebody = threading.Thread(target=strangers)
    somebody.start()
    try:
        _all_succeeded([cloud.ended(cloud.execution_of(event)) for event in posted])
    finally:
        done.set()
        somebody.join()
    cloud.all_ended()
    for name, email in asked:
        _one_account(cloud, name, email)
    _require(aws.creation.throttle.refused["CreateAccount"], "nobody was in anybody's way")


def many_before_security(cloud: Cloud, many: int) -> None:
    """Asked for together with the account that all of them trust, which is asked for last. The tooling account's Ready
    lays the deploy role down in those that are ready before it."""
    declared = {each.name: each for each in cloud.declaration.accounts}
    asked = [cloud.fresh() for _ in range(many)]
    posted = [cloud.post(accountName=name, email=email, organizationalUnit=UNIT) for name, email in asked]
    posted += [
        cloud.post(accountName=name, email=declared[name].email, kind=declared[name].kind)
        for name in ("mgmt", "security")
    ]
    _all_succeeded([cloud.ended(cloud.execution_of(event)) for event in posted])
    _all_succeeded(cloud.all_ended())
    security = str(cloud.accounts()[declared["security"].email]["Id"])
    for name, email in asked:
        lacking = lacks(cloud, _one_account(cloud, name, email, "Account Repaired"), security)
        _require(not lacking, f"{name} lacks {lacking}")
    groups = {key for key in portrait(cloud, security) if key.startswith("group ")}
    declared_groups = {f"group {group.name}" for group in cloud.declaration.access.groups}
    _require(groups == declared_groups, f"groups {groups}")


def another_declaration(world: World) -> None:
    """Deployed while accounts are on their way: all end ready, and a run afterwards brings each to what is declared now."""
    cloud = world.cloud
    asked = [cloud.fresh() for _ in range(3)]
    with declaring(*LONGER_PASSWORDS) as template:
        posted = [cloud.post(accountName=name, email=email, organizationalUnit=UNIT) for name, email in asked]
        emails = {email for _, email in asked}
        until(lambda: emails <= cloud.accounts().keys(), "the accounts")
        world.aws.deploy(template, parameters=APPLYING)
        _all_succeeded([cloud.ended(cloud.execution_of(event)) for event in posted])
        cloud.all_ended()
        for name, email in asked:
            account = _one_account(cloud, name, email)
            _all_succeeded([cloud.start(accountId=account)])
            length = portrait(cloud, account)["password policy"]["MinimumPasswordLength"]
            _require(length == 20, f"{name} has passwords of {length}")


def named_in_a_group(cloud: Cloud, names: Sequence[str]) -> None:
    """Each becomes ready and wants to be in the policy of the security account's group, all at once: none is left out."""
    security = cloud.declared("security")
    posted = [cloud.post(accountName=name, email=f"aws+{name}@example.com") for name in names]
    _all_succeeded([cloud.ended(cloud.execution_of(event)) for event in posted])
    _all_succeeded(cloud.all_ended())
    ids = {_one_account(cloud, name, f"aws+{name}@example.com") for name in names}
    policies = json.dumps(portrait(cloud, security)[f"group {GROUP}"])
    missing = sorted(account for account in ids if account not in policies)
    _require(not missing, f"group {GROUP} lacks {len(missing)} of {len(ids)} accounts: {missing}")
    _require("leaseOwner" not in cloud.ledger_item(f"account#{security}"), "security's lease is still held")
