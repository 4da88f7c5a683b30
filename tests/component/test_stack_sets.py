"""stack-sets: the owner's own templates reach whole units by one StackSet, which the tooling account administers."""

from __future__ import annotations

import pytest

from groundwork.baseline.components.stack_sets import PRINCIPAL
from groundwork.baseline.components.stack_sets.state import prefix
from groundwork.contracts import Account
from groundwork.errors import StackFailed, StackInProgress
from tests.component.conftest import World
from tests.component.sabotage import used_and_declared
from tests.component.stack_sets import (
    ABROAD,
    ACCOUNTS,
    DELEGATED,
    HERE,
    QUEUE,
    SET,
    SETS,
    TOPIC,
    WANTING,
    Sets,
    stack_set,
)


class Died(Exception):
    """As a Lambda dies after any line."""


BOTH = [HERE, ABROAD]


@pytest.fixture(scope="module")
def undelegated(own_world: World) -> Sets:
    return Sets(own_world)


@pytest.fixture(scope="module")
def accounts(own_world: World) -> list[Account]:
    units = ("Workloads/Development", "Workloads/Development", "Workloads/Production")
    return [own_world.account(unit=unit) for unit in units]


@pytest.fixture(scope="module")
def sets(undelegated: Sets, accounts: list[Account]) -> Sets:
    undelegated.delegate()
    return undelegated


# -- before it is delegated ----------------------------------------------------------------------------


def test_until_it_is_delegated_a_plan_says_who_does_what_and_nothing_fails(undelegated: Sets) -> None:
    world, declared = undelegated.world, undelegated.declaring(stack_set())
    (told,) = world.plan(SETS, world.tooling, declaration=declared)
    assert (told.action, told.resource) == (
        "report",
        "delegated administrator of member.org.stacksets.cloudformation.amazonaws.com",
    )
    assert f"--account-id {world.tooling.id}`" in told.reason
    assert "aws cloudformation activate-organizations-access" in told.reason
    assert [each.action for each in undelegated.one_try(declared, "one")] == ["report"]


def test_an_account_without_a_declared_one_costs_no_call(undelegated: Sets) -> None:
    world, mark = undelegated.world, len(undelegated.world.aws.calls)
    assert world.apply(SETS, world.tooling, declaration=undelegated.declaring()) == []
    assert world.operations_of("stack-sets", mark) == []


# -- from nothing to nothing ---------------------------------------------------------------------------


def test_it_is_made_of_the_template_and_put_into_the_units(sets: Sets, accounts: list[Account]) -> None:
    """In three accounts and two Regions."""
    world, declared = sets.world, sets.declaring(stack_set(regions=BOTH))
    planned = world.planned(SETS, world.tooling, declaration=declared)
    assert [(each.resource, each.action, each.call.after) for each in planned if each.call] == [
        (SET, "create", None),
        (ACCOUNTS, "create", "CreateStackSet of StackSet groundwork-alerts"),
    ]
    assert "Topic (AWS::SNS::Topic)" in planned[0].reason
    assert planned[1].reason.startswith(
        "is put into Workloads in us-east-1, eu-west-1: into all accounts there"
    )
    done = sets.apply(declared)
    assert [(each.resource, each.action) for each in done] == [(SET, "create"), (ACCOUNTS, "create")]
    assert sets.instances() == dict.fromkeys(
        {(each.id, region) for each in accounts for region in BOTH}, "CURRENT"
    )
    for account in accounts:
        assert sets.topics(account) == dict.fromkeys(BOTH, "plain")
    assert sets.topics(world.tooling) == {}


def test_a_second_run_writes_nothing_and_asks_as_much_for_any_number_of_accounts(sets: Sets) -> None:
    world, mark = sets.world, len(sets.world.aws.calls)
    assert sets.one_try(sets.declaring(stack_set(regions=BOTH)), "second") == []
    assert world.operations_of("stack-sets", mark) == [
        "DescribeStackSet",
        *["ListStackInstances"] * 3,
        "ListStackSetAutoDeploymentTargets",
        "ListStackSetOperations",
        "ListStackSets",
    ]


def test_an_account_that_comes_gets_it_without_a_call_of_ours(sets: Sets) -> None:
    world, mark = sets.world, len(sets.world.aws.calls)
    new = world.account(unit="Workloads/Development")
    sets.rest()
    assert sets.topics(new) == dict.fromkeys(BOTH, "plain")
    assert world.operations_of("stack-sets", mark) == []
    assert sets.one_try(sets.declaring(stack_set(regions=BOTH)), "third") == []
    sets.move(new, "Security")
    sets.rest()
    assert (new.id, HERE) not in sets.instances()
    assert sets.topics(new) == dict.fromkeys(BOTH, "plain")  # retainStacks, the default


def test_a_change_reaches_all_accounts(sets: Sets, accounts: list[Account]) -> None:
    world = sets.world
    changed = sets.declaring(stack_set(regions=BOTH, parameters={"Shown": "<organization>"}), topic=QUEUE)
    (told,) = world.plan(SETS, world.tooling, declaration=changed)
    assert told.reason == (
        f"adds Queue (AWS::SQS::Queue); parameter Shown is 'plain'; expected '{world.organization.id}'; CloudFormation makes no "
        "change set of a StackSet, so that nobody knows before what is replaced"
    )
    (done,) = sets.apply(changed)
    assert (done.action, done.reason) == ("update", told.reason)
    for account in accounts:
        assert sets.topics(account) == dict.fromkeys(BOTH, world.organization.id)
    back = sets.declaring(stack_set(regions=BOTH))
    (told,) = world.plan(SETS, world.tooling, declaration=back)
    assert (told.severity, told.reason.partition(";")[0]) == ("high", "deletes Queue (AWS::SQS::Queue)")
    sets.apply(back)


def test_each_setting_is_told_and_put_right(sets: Sets) -> None:
    declared, which = sets.declaring(stack_set(regions=BOTH)), {"StackSetName": "groundwork-alerts"}

    def sabotage(**given: object) -> None:
        asked = {"UsePreviousTemplate": True, **which, **DELEGATED, **given}
        sets.client.update_stack_set(**asked)
        sets.rest()

    automatic = {"Enabled": False, "RetainStacksOnAccountRemoval": False}
    for given, reason in (
        ({"AutoDeployment": automatic}, "does not deploy to new accounts by itself; expected that it does"),
        ({"ManagedExecution": {"Active": False}}, "refuses an operation while another one is at work"),
        ({"Description": "Groundwork lays it down: x"}, "its description is 'Groundwork lays it down: x'"),
        ({"Capabilities": ["CAPABILITY_IAM"]}, "has the capabilities CAPABILITY_IAM; expected none"),
        ({"Parameters": [{"ParameterKey": "Shown", "ParameterValue": "x"}]}, "parameter Shown is 'x'"),
    ):
        sabotage(**{"Parameters": [{"ParameterKey": "Shown", "ParameterValue": "plain"}], **given})
        (told,) = sets.world.plan(SETS, sets.account, declaration=declared)
        assert reason in told.reason
        (done,) = sets.apply(declared)
        assert done.reason == told.reason


def test_regions_and_units_that_are_no_longer_declared(sets: Sets, accounts: list[Account]) -> None:
    world, narrow = sets.world, stack_set("Workloads/Production", regions=[HERE])
    told = [
        each
        for each in world.plan(SETS, world.tooling, declaration=sets.declaring(narrow))
        if each.action == "report"
    ]
    assert [(each.severity, each.resource) for each in told] == [("high", ACCOUNTS)]
    assert told[0].reason.endswith("declare them again, or set prune: {stacks: remove}")
    sets.apply(sets.declaring(narrow, prune=True))
    assert sets.topics(accounts[0]) == {}
    assert sets.topics(accounts[2]) == {HERE: "plain"}
    sets.apply(sets.declaring(stack_set(regions=BOTH)))
    assert sets.topics(accounts[0]) == dict.fromkeys(BOTH, "plain")


def test_one_that_is_no_longer_declared_goes_with_its_stacks_if_prune_says_so(
    sets: Sets, accounts: list[Account]
) -> None:
    world, behind = sets.world, sets.world.before(sets.account)
    sets.rest()  # a plan counts all that is written meanwhile
    told = world.plan(SETS, behind, declaration=sets.declaring())
    assert {each.action for each in told} == {"report"}
    assert "set prune: {stacks: remove}" in told[0].reason
    done = sets.apply(sets.declaring(prune=True), account=behind)
    assert {(each.resource, each.action) for each in done} == {(ACCOUNTS, "delete"), (SET, "delete")}
    assert sets.names() == set()
    for account in accounts:
        assert sets.topics(account) == {}


def test_one_that_another_account_administers_is_declared_all_the_same(sets: Sets) -> None:
    """AWS shows each delegated administrator the StackSets of all of them."""
    world, declared = sets.world, sets.declaring(stack_set(regions=[HERE]), prune=True)
    sets.apply(declared)
    given = {"AccountId": world.security.id, "ServicePrincipal": PRINCIPAL}
    world.aws.client("organizations").register_delegated_administrator(**given)
    assert world.plan(SETS, world.before(world.security), declaration=declared) == []
    world.aws.client("organizations").deregister_delegated_administrator(**given)
    sets.remove()


# -- what fails, and what is others' -------------------------------------------------------------------


def test_what_fails_is_told_with_account_region_and_reason(sets: Sets, accounts: list[Account]) -> None:
    world, (first, _, third) = sets.world, accounts
    ssm = world.client("ssm", first, HERE)
    ssm.put_parameter(Name="/taken", Value="others", Type="String")
    declared = sets.declaring(stack_set(regions=BOTH), topic=WANTING)
    with pytest.raises(StackFailed) as failed:
        sets.apply(declared, "fails")
    assert f"CREATE failed: account {first.id} in us-east-1: ResourceLogicalId:Taken" in str(failed.value)
    assert "Cancelled" not in str(failed.value)
    with pytest.raises(StackFailed):  # the same execution does not try again
        sets.apply(declared, "fails")
    assert sets.topics(third) == {}
    (told,) = world.plan(SETS, world.tooling, declaration=declared)
    assert told.reason.startswith("tries once more where it failed: ")
    assert f"account {first.id} in us-east-1: ResourceLogicalId:Taken" in told.reason
    ssm.delete_parameter(Name="/taken")
    (done,) = sets.apply(declared, "mended")
    assert (done.resource, done.action) == (SET, "update")
    assert sets.topics(third) == dict.fromkeys(BOTH, "plain")
    sets.remove()


def test_so_many_may_fail_and_are_told(sets: Sets, accounts: list[Account]) -> None:
    first, _, third = accounts
    ssm = sets.world.client("ssm", first, HERE)
    ssm.put_parameter(Name="/taken", Value="others", Type="String")
    tolerant = {"failureTolerance": "40%", "maxConcurrent": 5, "regionsInParallel": True}
    declared = sets.declaring(stack_set(regions=BOTH, stackSet=tolerant), topic=WANTING)
    done = sets.apply(declared)
    assert [(each.resource, each.action) for each in done] == [
        (SET, "create"),
        (ACCOUNTS, "create"),
        (SET, "report"),
    ]
    assert done[2].severity == "high"
    assert done[2].reason.startswith(f"failed in account {first.id} in us-east-1: ResourceLogicalId:Taken")
    assert sets.topics(third) == dict.fromkeys(BOTH, "plain")
    (operation,) = sets.client.list_stack_set_operations(StackSetName="groundwork-alerts", **DELEGATED)[
        "Summaries"
    ]
    assert operation["OperationPreferences"] == {
        "RegionConcurrencyType": "PARALLEL",
        "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
        "MaxConcurrentCount": 5,
        "FailureTolerancePercentage": 40,
    }
    ssm.delete_parameter(Name="/taken")
    sets.remove()


def test_a_stack_set_of_others_is_left_alone(sets: Sets) -> None:
    theirs = {
        "TemplateBody": TOPIC,
        "PermissionModel": "SERVICE_MANAGED",
        "AutoDeployment": {"Enabled": False},
    }
    sets.client.create_stack_set(StackSetName="groundwork-alerts", **theirs, **DELEGATED)
    for declared in (sets.declaring(stack_set()), sets.declaring(stack_set(name="other"), prune=True)):
        for told in sets.world.plan(SETS, sets.account, declaration=declared):
            assert told.resource != SET or told.reason.startswith("is there, made by others: left alone")
    (told,) = sets.apply(sets.declaring(stack_set(), prune=True))
    assert told.action == "report"
    sets.client.delete_stack_set(StackSetName="groundwork-alerts", **DELEGATED)


def test_a_unit_that_is_not_there_waits(sets: Sets) -> None:
    (told,) = sets.world.plan(SETS, sets.account, declaration=sets.declaring(stack_set("Sandboxes")))
    assert told.reason == (
        "left out for now: the organizational unit Sandboxes is not there; it is laid down once that is there"
    )


def test_while_cloudformation_is_at_work_the_state_machine_asks_again(
    sets: Sets, accounts: list[Account]
) -> None:
    """The operation is somebody else's: no try makes another one before that has ended."""
    aws, declared = sets.world.aws, sets.declaring(stack_set(regions=[HERE]))
    sets.apply(declared)
    aws.young_accounts.not_ready_until[accounts[0].id] = float("inf")
    values = [{"ParameterKey": "Shown", "ParameterValue": "theirs"}]
    asked = {"UsePreviousTemplate": True, "Parameters": values, **DELEGATED}
    sets.client.update_stack_set(StackSetName="groundwork-alerts", **asked)
    mark = len(aws.calls)
    for _ in range(2):
        with pytest.raises(StackInProgress, match="StackSet groundwork-alerts"):
            sets.one_try(declared, "waits")
    assert "UpdateStackSet" not in sets.world.operations_of("stack-sets", mark)
    aws.young_accounts.not_ready_until[accounts[0].id] = 0
    sets.rest()
    sets.apply(declared, "waits")
    assert sets.topics(accounts[0]) == {HERE: "plain"}


def test_a_try_that_died_after_its_call_asks_for_nothing_twice(sets: Sets) -> None:
    sets.remove()
    declared, mark = sets.declaring(stack_set(regions=[HERE])), len(sets.world.aws.calls)
    for _ in ("CreateStackSet", "CreateStackInstances"):
        with pytest.raises(Died):
            sets.dying(declared, "dies", Died)
    sets.apply(declared, "dies")
    made = sets.world.operations_of("stack-sets", mark)
    assert [each for each in made if each.startswith(("Create", "Update"))] == [
        "CreateStackInstances",
        "CreateStackSet",
    ]
    operations = sets.client.list_stack_set_operations(StackSetName="groundwork-alerts", **DELEGATED)
    assert [each["OperationId"].startswith(prefix("dies")) for each in operations["Summaries"]] == [True]
    sets.remove()


def test_each_permission_is_used(sets: Sets) -> None:
    used, declared = used_and_declared(sets.world, SETS)
    assert used == declared
