"""account-assignments: declared groups have permission sets in each account, by IAM Identity Center."""

from __future__ import annotations

from dataclasses import replace

import pytest

from groundwork.aws import sessions
from groundwork.baseline.component import Installation
from groundwork.baseline.components.account_assignments import Found
from groundwork.baseline.components.permission_sets.instance import Standing
from groundwork.baseline.run import ComponentTask, Result, work_inside
from groundwork.contracts import Account
from groundwork.errors import ComponentNotSettled, IdentityCenterFailed, IdentityCenterInProgress
from tests.component.conftest import WORKER, World
from tests.component.identity_center import (
    ADMIN,
    ASSIGNMENTS,
    DEVELOP,
    GROUPS,
    OF_A_KEY,
    READ,
    SETS,
    SUPPORT,
    People,
    declared,
)
from tests.component.sabotage import Sabotage, differences, prove, prove_complete, used_and_declared, words
from tests.component.without_aws import target_without_aws

ADMINS, DEVELOPERS, READERS = GROUPS


@pytest.fixture(scope="module")
def people(own_world: World) -> People:
    """The permission sets are there, and the groups."""
    world, declaration = own_world, declared(own_world.declaration)
    made = People(world)
    made.delegate()
    made.ids = {name: made.group(name) for name in GROUPS}
    account = world.account()
    planned = world.planned(ASSIGNMENTS, account, declaration=declaration)
    assert {change.call.after for change in planned if change.call} == {
        f"permission set {name}, which the security account's own execution makes"
        for name in (ADMIN, DEVELOP, READ, SUPPORT)
    }
    world.apply(SETS, world.security, declaration=declaration)
    return made


@pytest.fixture
def account(people: People) -> Account:
    """A development account that has all its assignments."""
    world = people.world
    made = world.account()
    world.apply(ASSIGNMENTS, made, declaration=declared(world.declaration))
    return made


def expected(people: People) -> set[tuple[str, str]]:
    """In a development account."""
    ids = people.ids
    return {(ADMIN, ids[ADMINS]), (SUPPORT, ids[ADMINS]), (DEVELOP, ids[DEVELOPERS]), (READ, ids[READERS])}


# -- from nothing --------------------------------------------------------------------------------------


def test_groups_have_the_permission_sets_of_the_roles_that_they_may_enter(people: People) -> None:
    world, account = people.world, people.world.account()
    done = prove_complete(world, ASSIGNMENTS, account, declaration=declared(world.declaration))
    assert {change.resource for change in done} == {
        f"assignment of {ADMIN} to {ADMINS}",
        f"assignment of {SUPPORT} to {ADMINS}",
        f"assignment of {DEVELOP} to {DEVELOPERS}",
        f"assignment of {READ} to {READERS}",
    }
    assert people.assigned(account) == expected(people)
    role = people.role(account, DEVELOP)
    assert role["Path"] == "/aws-reserved/sso.amazonaws.com/"
    assert role["policies"] == ["PowerUserAccess"]


def test_by_unit_and_kind(people: People) -> None:
    world, ids = people.world, people.ids
    declaration = declared(world.declaration)
    production = world.account(unit="Workloads/Production")
    world.apply(ASSIGNMENTS, production, declaration=declaration)
    assert people.assigned(production) == {
        (ADMIN, ids[ADMINS]),
        (SUPPORT, ids[ADMINS]),
        (READ, ids[READERS]),
    }
    world.apply(ASSIGNMENTS, world.security, declaration=declaration)
    assert people.assigned(world.security) == {(SUPPORT, ids[ADMINS])}


def test_a_second_run_writes_nothing_and_describes_no_permission_set_again(
    account: Account, people: People
) -> None:
    world, mark = people.world, len(people.world.aws.calls)
    assert world.apply(ASSIGNMENTS, account, declaration=declared(world.declaration)) == []
    made = [call.operation for call in world.calls_since(mark)]
    assert "DescribePermissionSet" not in made
    assert "ListAccountAssignmentCreationStatus" not in made
    assert len(made) <= 16


def test_a_group_may_be_called_otherwise_in_the_identity_store(people: People) -> None:
    world, account = people.world, people.world.account()
    theirs = people.group("AWS Administrators (all)")
    declaration = declared(world.declaration, groups={ADMINS: "AWS Administrators (all)"})
    world.apply(ASSIGNMENTS, account, declaration=declaration)
    assert (ADMIN, theirs) in people.assigned(account)
    assert (ADMIN, people.ids[ADMINS]) not in people.assigned(account)


def test_what_an_earlier_try_asked_for_is_told_by_the_one_that_finds_it_done(people: People) -> None:
    world, account = people.world, people.world.account()
    noted: dict[str, dict[str, str]] = {"one": {}, "two": {}}
    declaration = declared(world.declaration)
    world.work_as(WORKER)

    def settle(tried: int, execution: str = "one") -> Result:
        task = ComponentTask(
            component="account-assignments",
            account=account,
            organization=world.organization,
            execution=execution,
            tried=tried,
        )
        return work_inside(task, declaration, Installation(), noted[execution])

    people.center.seconds = 10_000_000
    for tried in range(2):
        with pytest.raises(IdentityCenterInProgress):
            settle(tried)
    people.center.seconds = 0
    for request in people.center.requests:
        request.due = 0
    found = settle(2)
    assert (found.outcome, len(found.changes)) == ("changed", 4)
    assert {change.action for change in found.changes} == {"create"}
    assert settle(0, "two").outcome == settle(3, "two").outcome == "unchanged"


def test_its_permissions_fit_a_session() -> None:
    permissions = [*ASSIGNMENTS.reads, *ASSIGNMENTS.writes]
    assert len(sessions.session_policy(permissions, "012345678901", "aws")) <= 2048


def test_its_session_is_in_security_and_assigns_in_that_account_alone(
    account: Account, people: People
) -> None:
    world = people.world
    target = world.target(ASSIGNMENTS, account, declared(world.declaration))
    target.client("sso-admin").list_instances()
    assert f"::{world.security.id}:" in str(world.aws.calls[-1].principal_arn)
    other = world.account()
    given = {
        **people.which(READ),
        "TargetType": "AWS_ACCOUNT",
        "PrincipalType": "GROUP",
        "PrincipalId": people.ids[READERS],
    }
    with pytest.raises(Exception, match="not authorized to perform: sso:CreateAccountAssignment"):
        target.client("sso-admin").create_account_assignment(**given, TargetId=other.id)


# -- drift ---------------------------------------------------------------------------------------------


def _take_off(world: World, account: Account) -> None:
    people = People(world)
    people.assign(READ, _id(people, READERS), account, off=True)


def _let_in(world: World, account: Account) -> None:
    people = People(world)
    people.assign(ADMIN, _id(people, READERS), account)


def _id(people: People, name: str) -> str:
    attribute = {"AttributePath": "displayName", "AttributeValue": name}
    found: str = people.store.get_group_id(
        IdentityStoreId=people.center.identity_store, AlternateIdentifier={"UniqueAttribute": attribute}
    )["GroupId"]
    return found


SABOTAGES = [
    Sabotage(
        "a group less",
        _take_off,
        f"assignment of {READ} to {READERS}",
        "does not exist: ro-external-accounts does not come in",
    ),
    Sabotage(
        "a group besides",
        _let_in,
        f"assignment of {ADMIN} to {READERS}",
        "lets ro-external-accounts in, which is not declared",
        "high",
    ),
]


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda each: each.name)
def test_drift_is_named_and_mended(account: Account, people: People, sabotage: Sabotage) -> None:
    world = people.world
    declaration = declared(world.declaration)
    prove(world, ASSIGNMENTS, account, sabotage, lambda: people.assigned(account), declaration=declaration)


def test_a_person_who_was_assigned_by_hand_is_taken_off(account: Account, people: People) -> None:
    world = people.world
    user = _user_let_in(people, account)
    (done,) = prove_complete(world, ASSIGNMENTS, account, declaration=declared(world.declaration))
    assert (done.resource, done.severity) == (f"assignment of {ADMIN} to user {user}", "high")
    assert people.assigned(account) == expected(people)


def _user_let_in(people: People, account: Account) -> str:
    user: str = people.store.create_user(
        IdentityStoreId=people.center.identity_store,
        UserName=f"ada-{account.id}",
        DisplayName="Ada",
        Name={"GivenName": "Ada", "FamilyName": "Lovelace"},
    )["UserId"]
    given = {**people.which(ADMIN), "TargetType": "AWS_ACCOUNT", "TargetId": account.id}
    people.sso.create_account_assignment(**given, PrincipalType="USER", PrincipalId=user)
    return user


def test_whoever_was_deleted_is_told_and_fails_nothing(account: Account, people: People) -> None:
    """IAM Identity Center takes none off who is not in its identity store."""
    world, store = people.world, people.center.identity_store
    user, group = _user_let_in(people, account), people.group("leaving")
    people.assign(READ, group, account)
    people.store.delete_user(IdentityStoreId=store, UserId=user)
    people.store.delete_group(IdentityStoreId=store, GroupId=group)
    mark = len(world.aws.calls)
    for told in (world.plan, world.apply):
        left = told(ASSIGNMENTS, account, declaration=declared(world.declaration))
        assert {(change.action, change.resource, change.severity) for change in left} == {
            ("report", f"assignment of {ADMIN} to the deleted user {user}", "low"),
            ("report", f"assignment of {READ} to the deleted group {group}", "low"),
        }
        assert {change.reason.partition(":")[0] for change in left} == {"stays, and lets nobody in"}
    assert [call.operation for call in world.calls_since(mark) if call.mutating] == []
    assert people.assigned(account) == {*expected(people), (ADMIN, user), (READ, group)}


# -- what others have, and what is taken out -----------------------------------------------------------


def test_who_has_a_permission_set_of_others_is_not_looked_at(account: Account, people: People) -> None:
    world = people.world
    people.sso.create_permission_set(**people.instance, Name="Theirs")
    people.assign("Theirs", people.ids[READERS], account)
    assert world.apply(ASSIGNMENTS, account, declaration=declared(world.declaration)) == []
    assert people.assigned(account) == {*expected(people), ("Theirs", people.ids[READERS])}
    names = (ADMIN, DEVELOP, None, "Theirs", None, SUPPORT)
    told = world.plan(ASSIGNMENTS, account, declaration=declared(world.declaration, names=names))
    assert ("report", "is not made: permission set Theirs was made by others, and is left alone") in {
        (change.action, change.reason) for change in told
    }


def test_what_is_no_longer_declared_is_taken_off_or_told(account: Account, people: People) -> None:
    world = people.world
    names = (ADMIN, DEVELOP, None, None, None, SUPPORT)
    told = world.apply(
        ASSIGNMENTS,
        account,
        declaration=declared(world.declaration, names=names, prune={"account-assignments": "report"}),
    )
    assert [change.action for change in told] == ["report"]
    (gone,) = prove_complete(
        world, ASSIGNMENTS, account, declaration=declared(world.declaration, names=names)
    )
    assert (gone.action, gone.resource.partition(" to ")[0], gone.taken_out) == (
        "delete",
        f"assignment of {READ}",
        True,
    )
    assert people.assigned(account) == expected(people) - {(READ, people.ids[READERS])}


def test_an_account_of_a_kind_that_no_longer_has_the_component_loses_all(
    account: Account, people: People
) -> None:
    world = people.world
    declaration = declared(world.declaration)
    without = declaration.model_copy(update={"baseline": {**declaration.baseline, "workload": ["access"]}})
    done = world.apply(ASSIGNMENTS, world.before(account), declaration=without)
    assert len(done) == 4
    assert people.assigned(account) == set()
    roles = world.client("iam", account).list_roles(PathPrefix="/aws-reserved/")["Roles"]
    assert roles == []


# -- what stands in the way ----------------------------------------------------------------------------


def test_a_group_that_is_not_there_is_told_and_the_others_come_in(people: People) -> None:
    world, account = people.world, people.world.account()
    declaration = declared(world.declaration, groups={READERS: "nobody knows it"})
    told = world.plan(ASSIGNMENTS, account, declaration=declaration)
    assert ("report group nobody knows it: is not in the identity store of IAM Identity Center") in words(
        told
    )[-1]
    with pytest.raises(IdentityCenterFailed, match="group nobody knows it: is not in the identity store"):
        world.apply(ASSIGNMENTS, account, declaration=declaration)
    assert people.assigned(account) == expected(people) - {(READ, people.ids[READERS])}


def test_while_a_group_is_not_found_none_is_taken_off_what_it_had(account: Account, people: People) -> None:
    """It may have another name since yesterday."""
    world = people.world
    declaration = declared(world.declaration, groups={READERS: "renamed"})
    with pytest.raises(IdentityCenterFailed, match="group renamed"):
        world.apply(ASSIGNMENTS, account, declaration=declaration)
    assert people.assigned(account) == expected(people)


def test_it_waits_for_aws_and_asks_once(people: People) -> None:
    world, account = people.world, people.world.account()
    declaration = declared(world.declaration)
    people.center.seconds = 10_000_000
    with pytest.raises(IdentityCenterInProgress, match="does not come in"):
        world.apply(ASSIGNMENTS, account, declaration=declaration)
    mark = len(world.aws.calls)
    with pytest.raises(IdentityCenterInProgress):
        world.apply(ASSIGNMENTS, account, declaration=declaration)
    assert [call.operation for call in world.calls_since(mark) if call.mutating] == []
    finish(people)
    assert world.apply(ASSIGNMENTS, account, declaration=declaration) == []
    assert people.assigned(account) == expected(people)
    people.center.seconds = 10_000_000
    _let_in_slowly(people, account)
    with pytest.raises(IdentityCenterInProgress, match="lets ro-external-accounts in"):
        world.apply(ASSIGNMENTS, account, declaration=declaration)
    finish(people)
    assert world.apply(ASSIGNMENTS, account, declaration=declaration) == []


def _let_in_slowly(people: People, account: Account) -> None:
    people.assign(ADMIN, people.ids[READERS], account)
    finish(people)
    people.center.seconds = 10_000_000


def finish(people: People) -> None:
    """AWS has done what it was at work on."""
    people.center.seconds = 0
    for request in people.center.requests:
        request.due = 0
    people.sso.list_permission_sets(**people.instance)


@pytest.mark.parametrize("operation", ["ListPermissionSets", "CreateAccountAssignment"])
def test_it_waits_as_long_where_aws_is_at_work_for_somebody_else(people: People, operation: str) -> None:
    """And no longer than others where it is denied."""
    world, account = people.world, people.world.account()
    declaration = declared(world.declaration)
    for effect, error in (
        ("ConflictException", IdentityCenterInProgress),
        ("AccessDeniedException", ComponentNotSettled),
    ):
        world.aws.faults.plan([{"service": "sso-admin", "operation": operation, "effect": effect}])
        with pytest.raises(error, match=f"{operation}: {effect}"):
            world.apply(ASSIGNMENTS, account, declaration=declaration)
    world.aws.faults.clear()
    world.apply(ASSIGNMENTS, account, declaration=declaration)
    assert people.assigned(account) == expected(people)


def test_what_aws_could_not_assign_is_told_in_its_words_and_tried_by_the_next_execution(
    people: People,
) -> None:
    world, account = people.world, people.world.account()
    declaration = declared(world.declaration)
    people.failing(
        "The account has as many roles as it may.", people.tries(ASSIGNMENTS, account, declaration)
    )
    assert len(people.assigned(account)) == 3
    (done,) = differences(world.apply(ASSIGNMENTS, account, declaration=declaration))
    assert done.action == "create"
    assert people.assigned(account) == expected(people)


def test_what_aws_could_not_take_off_is_told_in_its_words(account: Account, people: People) -> None:
    world = people.world
    _let_in(world, account)
    people.failing("The role is protected.", people.tries(ASSIGNMENTS, account, declared(world.declaration)))
    world.apply(ASSIGNMENTS, account, declaration=declared(world.declaration))


def test_what_aws_failed_once_is_done_by_the_next_try(account: Account, people: People) -> None:
    world, declaration = people.world, declared(people.world.declaration)
    _let_in(world, account)
    _take_off(world, account)
    people.center.failures += ["Please try again in a few minutes."] * 2
    one_try = people.tries(ASSIGNMENTS, account, declaration)
    with pytest.raises(IdentityCenterInProgress, match="it failed: Please try again in a few minutes"):
        one_try()
    assert people.assigned(account) != expected(people)
    one_try()
    assert people.assigned(account) == expected(people)
    assert differences(world.plan(ASSIGNMENTS, account, declaration=declaration)) == []


def test_every_permission_is_used_and_none_is_missing(people: People) -> None:
    used, said = used_and_declared(people.world, ASSIGNMENTS)
    assert said - used == OF_A_KEY
    assert used - said == set()


def test_without_a_delegation_and_with_another_nothing_is_done() -> None:
    target = replace(
        target_without_aws("workload", declared(target_without_aws().declaration)), foresees=True
    )
    (told,) = ASSIGNMENTS.diff(Found(), target)
    assert (told.action, told.severity) == ("report", "high")
    assert told.reason.startswith("the security account does not administer IAM Identity Center")
    (told,) = ASSIGNMENTS.diff(Found(Standing("999999999999")), target)
    assert (told.action, told.severity) == ("report", "medium")
