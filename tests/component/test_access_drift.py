"""access: what is done behind our back is named and mended, whatever the state it is found in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwork.baseline.archive import is_known
from groundwork.baseline.component import Target
from groundwork.baseline.components.access.state import Found, GroupState, PolicyState, RoleState, UserState
from groundwork.baseline.components.access.wanted import wanted
from groundwork.contracts import Account, Kind
from tests.component.access import ACCESS, ADMIN, ANYTHING, READ_ONLY, READER, baselined, holdings
from tests.component.access_sabotage import (
    EVERYTHING,
    LIMITS,
    OF_SECURITY,
    OF_WORKLOADS,
    STRANGER,
    attach_own,
    iam,
    laid_down,
    retrust,
)
from tests.component.conftest import World
from tests.component.leavers import leaving_policy, leaving_role
from tests.component.sabotage import (
    Sabotage,
    independent,
    prove,
    prove_all,
    prove_complete,
    some_of,
    used_and_declared,
)
from tests.component.without_aws import ON_ENGINE, PURE, target_without_aws


@pytest.fixture(scope="module")
def workload(world: World) -> Account:
    """A workload account with everything that can be declared, which every test leaves so."""
    account = world.account()
    assert prove_complete(world, ACCESS, account, declaration=EVERYTHING)
    return account


@pytest.fixture(scope="module")
def security(world: World) -> Account:
    assert prove_complete(world, ACCESS, world.security, declaration=EVERYTHING)
    return world.security


def portrait(world: World, account: Account) -> Any:
    """All of the account's IAM but the policy that a saboteur made, and how many versions the boundary has."""
    found = holdings(world, account)
    found["Policies"] = [
        {key: part for key, part in policy.items() if key in ("PolicyName", "PolicyVersionList")}
        for policy in found["Policies"]
        if policy["PolicyName"] != "foreign"
    ]
    for policy in found["Policies"]:
        (policy["PolicyVersionList"],) = (
            version["Document"] for version in policy["PolicyVersionList"] if version["IsDefaultVersion"]
        )
    return found


# -- one by one --------------------------------------------------------------------------------------


@pytest.mark.parametrize("sabotage", OF_WORKLOADS, ids=lambda each: each.name)
def test_a_workload_that_drifted_is_put_right(world: World, workload: Account, sabotage: Sabotage) -> None:
    prove(world, ACCESS, workload, sabotage, lambda: portrait(world, workload), declaration=EVERYTHING)


@pytest.mark.parametrize("sabotage", OF_SECURITY, ids=lambda each: each.name)
def test_the_security_account_that_drifted_is_put_right(
    world: World, security: Account, sabotage: Sabotage
) -> None:
    prove(world, ACCESS, security, sabotage, lambda: portrait(world, security), declaration=EVERYTHING)


def test_the_words_for_a_foreign_account(world: World, workload: Account) -> None:
    retrust(ADMIN, lambda trust: trust[0].update(Principal={"AWS": STRANGER}))(world, workload)
    (made,) = world.apply(ACCESS, workload, declaration=EVERYTHING)
    assert made.reason == (
        f"trust policy lets account 999999999999 in; expected {world.security.id}; "
        f"does not let account {world.security.id} in"
    )


def test_a_foreign_policy_is_detached_and_itself_left_alone(world: World, workload: Account) -> None:
    attach_own("role", READER)(world, workload)
    world.apply(ACCESS, workload, declaration=EVERYTHING)
    arn = f"arn:aws:iam::{workload.id}:policy/foreign"
    assert world.client("iam", workload).get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 0


def test_the_same_trust_written_differently_is_left_alone(world: World) -> None:
    account = baselined(world)

    def rewrite(statements: list[dict[str, Any]]) -> None:
        statements[0]["Action"] = [statements[0]["Action"]]
        statements[0]["Principal"]["AWS"] = [statements[0]["Principal"]["AWS"]]

    retrust(ADMIN, rewrite)(world, account)
    assert world.plan(ACCESS, account) == []


# -- many at once ------------------------------------------------------------------------------------


@ON_ENGINE
@given(sabotages=some_of(OF_WORKLOADS, most=12))
def test_a_plan_tells_all_that_apply_does_in_a_workload(
    world: World, workload: Account, sabotages: list[Sabotage]
) -> None:
    complete(world, workload, sabotages)


@ON_ENGINE
@given(sabotages=some_of(OF_SECURITY, most=12))
def test_a_plan_tells_all_that_apply_does_in_the_security_account(
    world: World, security: Account, sabotages: list[Sabotage]
) -> None:
    complete(world, security, sabotages)


def complete(world: World, account: Account, sabotages: list[Sabotage]) -> None:
    good = portrait(world, account)
    for each in sabotages:
        each.do(world, account)
    assert prove_complete(world, ACCESS, account, declaration=EVERYTHING)
    assert portrait(world, account) == good


@ON_ENGINE
@given(sabotages=independent(OF_WORKLOADS[:-5]))
def test_a_plan_tells_nothing_else(world: World, workload: Account, sabotages: list[Sabotage]) -> None:
    prove_all(world, ACCESS, workload, sabotages, lambda: portrait(world, workload), declaration=EVERYTHING)


BEFORE_US = [
    Sabotage("a role of our name", iam("create_role", RoleName=ADMIN, Description="mine", AssumeRolePolicyDocument={
                 "Version": "2012-10-17",
                 "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}),
             f"role/{ADMIN}", ""),
    Sabotage("on another path, with tags", iam("create_role", RoleName="extra", Path="/x/", AssumeRolePolicyDocument={
                 "Version": "2012-10-17",
                 "Statement": [{"Effect": "Allow", "Principal": {"AWS": STRANGER}, "Action": "sts:AssumeRole"}]},
                 Tags=[{"Key": "team", "Value": "red"}, {"Key": "door", "Value": "open"}]),
             "role/extra", ""),
    Sabotage("a boundary of our name", iam("create_policy", PolicyName="limits", PolicyDocument={
                 **LIMITS, "Statement": LIMITS["Statement"][:1]}),
             "policy/limits", ""),
    Sabotage("a forgotten role", laid_down(leaving_role), "role/forgotten", ""),
    Sabotage("a forgotten policy", laid_down(leaving_policy), "policy/forgotten-boundary", ""),
]  # fmt: skip


@ON_ENGINE
@given(there=some_of(BEFORE_US))
def test_a_plan_tells_all_that_apply_does_from_nothing_or_half_of_it(
    world: World, there: list[Sabotage]
) -> None:
    account = world.account()
    for each in there:
        each.do(world, account)
    assert prove_complete(world, ACCESS, account, declaration=EVERYTHING)


def test_it_declares_the_permissions_that_it_uses_and_no_other(world: World, security: Account) -> None:
    mark, account = len(world.aws.calls), world.account()
    world.apply(ACCESS, account, declaration=EVERYTHING)
    for its, catalogue in ((account, OF_WORKLOADS), (security, OF_SECURITY)):
        for sabotage in catalogue:
            sabotage.do(world, its)
            world.apply(ACCESS, its, declaration=EVERYTHING)
    analyzer = world.client("accessanalyzer", account)
    analyzer.create_analyzer(analyzerName="own", type="ACCOUNT")
    two = EVERYTHING.regions.model_copy(update={"governed": ["us-east-1", "eu-central-1"]})
    world.plan(ACCESS, account, declaration=EVERYTHING.model_copy(update={"regions": two}))
    used, declared = used_and_declared(world, ACCESS, mark)
    assert used == declared


# -- states that nobody saw --------------------------------------------------------------------------

Thing = TypeVar("Thing", RoleState, GroupState, UserState, PolicyState)
CHANGES: Mapping[str, Any] = {
    "trust": {"Version": "2012-10-17", "Statement": []},
    "description": "mine",
    "max_session_duration": 7200,
    "boundary": READ_ONLY,
    "tags": {"team": "red"},
    "inline": {"own": LIMITS},
    "attached": frozenset([f"{READ_ONLY}2"]),
    "path": "/elsewhere/",
    "groups": frozenset(["admin-external-accounts"]),
}


def compared(thing: Thing) -> set[str]:
    """What is declared of it. A user's boundary is their owner's: it can only take power away."""
    return {key for key in vars(thing) if key != "boundary" or isinstance(thing, RoleState)}


def target(kind: Kind) -> Target:
    """In an organization where every account and unit exists that is declared."""
    known = target_without_aws(kind, EVERYTHING)
    units = {unit: f"o-exampleorg1/r-ab12/ou-{unit}/" for unit in EVERYTHING.organizational_units}
    organization = known.organization.model_copy(
        update={"tooling_account_id": "444444444444", "units": units}
    )
    return replace(known, organization=organization)


KINDS: tuple[Kind, ...] = ("workload", "security")
TARGETS: dict[str, Target] = {kind: target(kind) for kind in KINDS}
WANTED = {kind: wanted(target) for kind, target in TARGETS.items()}


@st.composite
def states(draw: st.DrawFn, kind: str) -> tuple[Found, set[str]]:
    """An account as declared but for some things that are missing or changed, and the names of those."""
    want = WANTED[kind]
    touched: set[str] = set()

    def some(sort: str, things: Iterable[Thing], changes: Mapping[str, Any]) -> Iterator[Thing]:
        for thing in things:
            fate = draw(st.sampled_from(["good", "changed", "missing"]))
            if fate != "good":
                name = thing.arn.rpartition("/")[2] if isinstance(thing, PolicyState) else thing.name
                touched.add(f"{sort}/{name}")
            if fate == "changed":
                possible = [key for key in changes if key in compared(thing)]
                changed = draw(st.sets(st.sampled_from(possible), min_size=1))
                yield replace(thing, **{key: changes[key] for key in changed})
            elif fate == "good":
                yield thing

    found = Found(
        {role.name: role for role in some("role", want.roles, CHANGES)},
        {group.name: group for group in some("group", want.groups, CHANGES)},
        {user.name: user for user in some("user", want.users, CHANGES)},
        {policy.arn: policy for policy in some("policy", want.policies, {"document": ANYTHING})},
    )
    return found, touched


@pytest.mark.parametrize("kind", TARGETS)
def test_what_is_as_declared_is_in_no_difference_and_all_else_is(kind: str) -> None:
    @PURE
    @given(state=states(kind))
    def holds(state: tuple[Found, set[str]]) -> None:
        found, touched = state
        calls = list(ACCESS.diff(found, TARGETS[kind]))
        assert {call.resource for call in calls} == touched
        assert [call for call in calls if call.after or not is_known(json.dumps(dict(call.parameters)))] == []

    holds()
