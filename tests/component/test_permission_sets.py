"""permission-sets: declared roles as permission sets of IAM Identity Center, and nothing of what others made."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from groundwork.aws import sessions
from groundwork.baseline.components.permission_sets import Found
from groundwork.baseline.components.permission_sets.state import duration_of, seconds_of
from groundwork.contracts import Account
from groundwork.errors import (
    ComponentNotSettled,
    IdentityCenterInProgress,
    InvalidDeclaration,
)
from tests.component.conftest import World
from tests.component.identity_center import (
    ADMIN,
    DEVELOP,
    NAMES,
    OBSERVE,
    OF_A_KEY,
    PRINCIPAL,
    READ,
    SETS,
    SUPPORT,
    People,
    declared,
)
from tests.component.sabotage import Sabotage, prove, prove_complete, used_and_declared, words
from tests.component.without_aws import target_without_aws


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """AWS has one administrator of IAM Identity Center in an organization."""
    return own_world


@pytest.fixture(scope="module")
def people(world: World) -> People:
    """In order: nobody has delegated, nobody has enabled, then both."""
    declaration, organizations = declared(world.declaration), world.aws.client("organizations")
    command = (
        f"aws organizations register-delegated-administrator --account-id {world.security.id} "
        f"--service-principal {PRINCIPAL}"
    )
    for told in (world.planned, world.apply):
        (change,) = told(SETS, world.security, declaration=declaration)
        assert (change.action, change.severity) == ("report", "high")
        assert "does not administer IAM Identity Center" in change.reason
        assert command in change.reason
    organizations.enable_aws_service_access(ServicePrincipal=PRINCIPAL)
    organizations.register_delegated_administrator(AccountId=world.security.id, ServicePrincipal=PRINCIPAL)
    (change,) = world.apply(SETS, world.security, declaration=declaration)
    assert (change.action, change.severity) == ("report", "high")
    assert "no instance of IAM Identity Center in us-east-1" in change.reason
    assert "enable it in its console" in change.reason
    return People(world)


@pytest.fixture(scope="module")
def made(people: People) -> People:
    world = people.world
    done = prove_complete(world, SETS, world.security, declaration=declared(world.declaration))
    assert {change.resource for change in done} == {f"permission set {name}" for name in NAMES if name}
    return people


# -- from nothing --------------------------------------------------------------------------------------


def test_a_permission_set_holds_what_the_role_does(made: People) -> None:
    described, inline, managed, references, outdated, boundary = made.portrait()[DEVELOP]
    assert (described["SessionDuration"], described["Description"]) == (
        "PT1H",
        "Developers, who are users of the security account",
    )
    assert [each["Name"] for each in managed] == ["PowerUserAccess"]
    assert (references, outdated, boundary) == ([], [], None)
    document = json.loads(inline)
    assert "<" not in inline
    making = next(each for each in document["Statement"] if "iam:CreateRole" in each["Action"])
    assert making["Resource"] == ["arn:aws:iam::*:role/workload/*"]
    assert making["Condition"]["StringEquals"] == {
        "aws:ResourceAccount": "${aws:PrincipalAccount}",
        "iam:PermissionsBoundary": "arn:aws:iam::${aws:PrincipalAccount}:policy/workload-boundary",
    }
    (of_aws,) = (each for each in document["Statement"] if each["Resource"] == ["arn:aws:iam::aws:policy/*"])
    assert of_aws == {
        "Effect": "Allow",
        "Action": ["iam:Get*", "iam:List*"],
        "Resource": ["arn:aws:iam::aws:policy/*"],
    }
    tags = made.sso.list_tags_for_resource(**made.instance, ResourceArn=made.arn(DEVELOP)).get("Tags", [])
    assert tags == [{"Key": "managed-by", "Value": "groundwork"}]
    assert [each["Name"] for each in made.portrait()[READ][2]] == ["ReadOnlyAccess"]
    assert json.loads(made.portrait()[OBSERVE][1])


def test_a_second_run_writes_nothing(made: People) -> None:
    mark = len(made.world.aws.calls)
    assert made.world.apply(SETS, made.world.security, declaration=declared(made.world.declaration)) == []
    assert [call.operation for call in made.world.calls_since(mark) if call.mutating] == []


def test_its_permissions_fit_a_session() -> None:
    assert len(sessions.session_policy([*SETS.reads, *SETS.writes], "012345678901", "aws")) <= 2048


# -- drift ---------------------------------------------------------------------------------------------


def people_of(world: World) -> People:
    return People(world)


def on(name: str, do: Callable[[People, dict[str, str]], object]) -> Callable[[World, Account], object]:
    def done(world: World, _: Account) -> None:
        people = people_of(world)
        do(people, people.which(name))

    return done


PAGE = "https://console.aws.amazon.com/ec2/"
BILLING = "arn:aws:iam::aws:policy/job-function/Billing"
READING = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ANYTHING = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)
SABOTAGES = [
    Sabotage(
        "longer sessions",
        on(READ, lambda people, which: people.sso.update_permission_set(**which, SessionDuration="PT12H")),
        f"permission set {READ}",
        "its sessions last PT12H; expected PT1H",
    ),
    Sabotage(
        "another description",
        on(READ, lambda people, which: people.sso.update_permission_set(**which, Description="mine")),
        f"permission set {READ}",
        "its description is 'mine'",
        "low",
    ),
    Sabotage(
        "a relay state",
        on(READ, lambda people, which: people.sso.update_permission_set(**which, RelayState=PAGE)),
        f"permission set {READ}",
        f"its relay state is {PAGE}; expected none",
        "low",
    ),
    Sabotage(
        "a policy besides",
        on(
            READ,
            lambda people, which: people.sso.attach_managed_policy_to_permission_set(
                **which, ManagedPolicyArn=BILLING
            ),
        ),
        f"permission set {READ}",
        "has job-function/Billing, which is not declared",
        "high",
    ),
    Sabotage(
        "a policy less",
        on(
            READ,
            lambda people, which: people.sso.detach_managed_policy_from_permission_set(
                **which, ManagedPolicyArn=READING
            ),
        ),
        f"permission set {READ}",
        "lacks ReadOnlyAccess",
    ),
    Sabotage(
        "an inline policy",
        on(
            ADMIN,
            lambda people, which: people.sso.put_inline_policy_to_permission_set(
                **which, InlinePolicy=ANYTHING
            ),
        ),
        f"permission set {ADMIN}",
        "has an inline policy, which is not declared",
        "high",
    ),
    Sabotage(
        "another inline policy",
        on(
            OBSERVE,
            lambda people, which: people.sso.put_inline_policy_to_permission_set(
                **which, InlinePolicy=ANYTHING
            ),
        ),
        f"permission set {OBSERVE}",
        "holds the foreign statement number 1 (Allow * on *)",
        "high",
    ),
    Sabotage(
        "no inline policy",
        on(OBSERVE, lambda people, which: people.sso.delete_inline_policy_from_permission_set(**which)),
        f"permission set {OBSERVE}",
        "lacks the declared inline policy",
    ),
    Sabotage(
        "a policy of the accounts",
        on(
            SUPPORT,
            lambda people, which: people.sso.attach_customer_managed_policy_reference_to_permission_set(
                **which, CustomerManagedPolicyReference={"Name": "theirs", "Path": "/"}
            ),
        ),
        f"permission set {SUPPORT}",
        "has the accounts' own policy theirs",
        "high",
    ),
    Sabotage(
        "a boundary",
        on(
            SUPPORT,
            lambda people, which: people.sso.put_permissions_boundary_to_permission_set(
                **which, PermissionsBoundary={"ManagedPolicyArn": READING}
            ),
        ),
        f"permission set {SUPPORT}",
        "has a permissions boundary, which is not declared",
    ),
]


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda each: each.name)
def test_drift_is_named_and_mended(made: People, sabotage: Sabotage) -> None:
    world = made.world
    prove(world, SETS, world.security, sabotage, made.portrait, declaration=declared(world.declaration))


def test_one_that_was_deleted_comes_back(made: People) -> None:
    made.sso.delete_permission_set(**made.which(SUPPORT))
    done = prove_complete(made.world, SETS, made.world.security, declaration=declared(made.world.declaration))
    assert {change.resource for change in done} == {f"permission set {SUPPORT}"}


def test_a_relay_state_is_put_kept_and_taken_off(made: People) -> None:
    world = made.world

    def page() -> str | None:
        return dict(made.portrait()[READ][0]).get("RelayState")

    with_page = {"relay_state": PAGE}
    done = prove_complete(
        world, SETS, world.security, declaration=declared(world.declaration, roles=with_page)
    )
    assert {change.reason for change in done} == {f"its relay state is none; expected {PAGE}"}
    assert (page(), {change.severity for change in done}) == (PAGE, {"low"})
    longer = declared(world.declaration, roles={**with_page, "description": "Others"})
    prove_complete(world, SETS, world.security, declaration=longer)
    assert page() == PAGE  # though an update that leaves it out takes it off
    prove_complete(world, SETS, world.security, declaration=declared(world.declaration))
    assert page() is None


# -- accounts that have it -----------------------------------------------------------------------------


def test_a_change_reaches_the_accounts_that_have_it(made: People) -> None:
    world, account = made.world, made.world.account()
    group = made.group("readers")
    made.assign(READ, group, account)
    assert made.role(account, READ)["policies"] == ["ReadOnlyAccess"]
    changed = declared(
        world.declaration, roles={"managed_policies": ["SecurityAudit"], "max_session_duration": 7200}
    )
    done = prove_complete(world, SETS, world.security, declaration=changed)
    assert (f"permission set {READ} in accounts", "1 account has it as it was before") in {
        (change.resource, change.reason) for change in done
    }
    assert made.role(account, READ)["policies"] == ["SecurityAudit"]
    prove_complete(world, SETS, world.security, declaration=declared(world.declaration))
    made.assign(READ, group, account, off=True)


def test_it_waits_for_aws_and_asks_once(made: People) -> None:
    world, account = made.world, made.world.account()
    group = made.group("waiting")
    made.assign(READ, group, account)
    changed = declared(world.declaration, roles={"managed_policies": ["SecurityAudit"]})
    made.center.seconds = 10_000_000
    with pytest.raises(IdentityCenterInProgress, match="1 account has it as it was before"):
        world.apply(SETS, world.security, declaration=changed)
    mark = len(world.aws.calls)
    with pytest.raises(IdentityCenterInProgress):
        world.apply(SETS, world.security, declaration=changed)
    assert [call.operation for call in world.calls_since(mark) if call.mutating] == []
    finish(made)
    assert world.apply(SETS, world.security, declaration=changed) == []
    prove_complete(world, SETS, world.security, declaration=declared(world.declaration))
    made.assign(READ, group, account, off=True)


def finish(people: People) -> None:
    """AWS has done what it was at work on."""
    people.center.seconds = 0
    for request in people.center.requests:
        request.due = 0
    people.sso.list_permission_sets(**people.instance)


def test_what_aws_failed_once_is_provisioned_by_the_next_try(made: People) -> None:
    world, account = made.world, made.world.account()
    group = made.group("late")
    made.assign(READ, group, account)
    changed = declared(world.declaration, roles={"managed_policies": ["SecurityAudit"]})
    made.center.failures.append("Please try again in a few minutes.")
    one_try = made.tries(SETS, world.security, changed)
    with pytest.raises(IdentityCenterInProgress, match="it failed: Please try again in a few minutes"):
        one_try()
    one_try()
    assert made.role(account, READ)["policies"] == ["SecurityAudit"]
    assert world.apply(SETS, world.security, declaration=changed) == []
    prove_complete(world, SETS, world.security, declaration=declared(world.declaration))
    made.assign(READ, group, account, off=True)


def test_what_aws_could_not_provision_is_told_in_its_words(made: People) -> None:
    world, account = made.world, made.world.account()
    group = made.group("failing")
    made.assign(READ, group, account)
    changed = declared(world.declaration, roles={"managed_policies": ["SecurityAudit"]})
    made.failing("Number of roles in the account is exceeded.", made.tries(SETS, world.security, changed))
    assert words(world.apply(SETS, world.security, declaration=changed)) == [
        f"update permission set {READ} in accounts: 1 account has it as it was before"
    ]
    prove_complete(world, SETS, world.security, declaration=declared(world.declaration))
    made.assign(READ, group, account, off=True)


# -- what others have, and what is taken out -----------------------------------------------------------


def test_a_closed_account_keeps_a_change_from_no_other(made: People) -> None:
    """IAM Identity Center counts it for 90 days, and provisions nothing in it."""
    world, gone, account = made.world, made.world.account(), made.world.account()
    group = made.group("closing")
    for each in (gone, account):
        made.assign(READ, group, each)
    (closed,) = (each for each in made.center.organization.accounts if each.id == gone.id)
    closed.state = "CLOSED"
    changed = declared(world.declaration, roles={"managed_policies": ["SecurityAudit"]})
    one_try = made.tries(SETS, world.security, changed)
    done = words(one_try())
    assert f"update permission set {READ} in accounts: 1 account has it as it was before" in done
    assert f"update permission set {READ} in account {account.id}: it has it as it was before" in done
    assert made.role(account, READ)["policies"] == ["SecurityAudit"]
    mark = len(world.aws.calls)
    assert one_try() == []
    assert world.plan(SETS, world.security, declaration=changed) == []
    assert [call.operation for call in world.calls_since(mark) if call.mutating] == []
    closed.state = "ACTIVE"  # AWS Support has opened it again
    prove_complete(world, SETS, world.security, declaration=changed)
    assert made.role(gone, READ)["policies"] == ["SecurityAudit"]
    prove_complete(world, SETS, world.security, declaration=declared(world.declaration))
    for each in (gone, account):
        made.assign(READ, group, each, off=True)


def test_one_of_others_is_told_and_left_alone(made: People) -> None:
    world = made.world
    made.sso.create_permission_set(**made.instance, Name="Theirs")
    before = made.portrait()
    names = (ADMIN, DEVELOP, OBSERVE, READ, None, "Theirs")
    keeping = declared(world.declaration, names=names, prune={"permission-sets": "report"})
    told = world.apply(SETS, world.security, declaration=keeping)
    assert [(change.action, change.resource, change.reason.partition(";")[0]) for change in told] == [
        ("report", "permission set Theirs", "is there, made by others: it is left alone"),
        ("report", f"permission set {SUPPORT}", "is ours, and no longer declared"),
    ]
    assert made.portrait() == before
    made.sso.delete_permission_set(**made.which("Theirs"))


def test_one_that_is_no_longer_declared_goes_once_no_account_has_it(made: People) -> None:
    world, account = made.world, made.world.account()
    group = made.group("former")
    made.assign(SUPPORT, group, account)
    fewer = declared(world.declaration, names=(ADMIN, DEVELOP, OBSERVE, READ, None, None))
    (told,) = world.apply(SETS, world.security, declaration=fewer)
    assert told.reason.startswith("is ours, and no longer declared; 1 account still has it")
    (closed,) = (each for each in made.center.organization.accounts if each.id == account.id)
    closed.state = "CLOSED"
    (told,) = world.apply(SETS, world.security, declaration=fewer)
    assert "closed accounts still have it: it is deleted once AWS has taken them out" in told.reason
    closed.state = "ACTIVE"
    made.assign(SUPPORT, group, account, off=True)
    (gone,) = prove_complete(world, SETS, world.security, declaration=fewer)
    assert (gone.action, gone.taken_out) == ("delete", True)
    assert SUPPORT not in made.portrait()
    prove_complete(world, SETS, world.security, declaration=declared(world.declaration))


def test_the_management_accounts_are_for_that_account_to_change(made: People) -> None:
    world = made.world
    group = made.group("owners")
    made.assign(READ, group, world.management)
    changed = declared(world.declaration, roles={"max_session_duration": 7200})
    with pytest.raises(ComponentNotSettled, match="assigned the permission set in the management account"):
        world.apply(SETS, world.security, declaration=changed)
    made.assign(READ, group, world.management, off=True)
    prove_complete(world, SETS, world.security, declaration=declared(world.declaration))


def test_every_permission_is_used_and_none_is_missing(made: People) -> None:
    used, said = used_and_declared(made.world, SETS)
    assert said - used == OF_A_KEY
    assert used - said == set()


def test_another_administrator_is_left_alone() -> None:
    target = target_without_aws("security", declared(target_without_aws().declaration))
    from groundwork.baseline.components.permission_sets.instance import Standing

    (told,) = SETS.diff(Found(Standing("999999999999")), target)
    assert told.reason.startswith("account 999999999999 administers IAM Identity Center")


def test_policies_that_are_too_long_are_refused() -> None:
    from groundwork.baseline.components.permission_sets.instance import Instance, Standing

    long = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["s3:" + "x" * 11_000], "Resource": "*"}],
    }
    declaration = declared(target_without_aws().declaration, roles={"policies": ["long"]})
    declaration._policies = {**declaration._policies, "long": long}
    target = target_without_aws("security", declaration)
    with pytest.raises(InvalidDeclaration, match="IAM takes 10,240"):
        list(
            SETS.diff(
                Found(Standing(str(target.organization.security_account_id), Instance("a", "b", "c"))), target
            )
        )


@pytest.mark.parametrize(
    ("seconds", "written"), [(3600, "PT1H"), (5400, "PT90M"), (3601, "PT3601S"), (43200, "PT12H")]
)
def test_durations(seconds: int, written: str) -> None:
    assert duration_of(seconds) == written
    assert seconds_of(written) == seconds
    assert (seconds_of("PT1H30M"), seconds_of("P1D"), seconds_of("P1Y")) == (5400, 86400, 0)
