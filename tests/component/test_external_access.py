"""external-access: the organization's analyzers in the security account, and what others run stays."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from groundwork.aws import sessions
from groundwork.baseline.components.access import Access
from groundwork.baseline.components.delegation import Delegation
from groundwork.baseline.components.external_access import (
    ACCESS_ANALYZER,
    ACCOUNT,
    NAMES,
    ORGANIZATION,
    UNUSED,
    ExternalAccess,
    Found,
)
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.declaration.loading import check
from groundwork.errors import ComponentNotSettled, InvalidDeclaration, QuotaReached
from tests.component.conftest import ENTRY_ROLE, WORKER, World
from tests.component.sabotage import (
    Sabotage,
    differences,
    prove,
    prove_complete,
    used_and_declared,
    words,
)
from tests.component.without_aws import SECURITY, target_without_aws

EXTERNAL, DELEGATION = ExternalAccess(), Delegation()
STRANGER = "999999999999"
HERE, ABROAD = "us-east-1", "eu-west-1"


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """AWS has one administrator of the service in an organization."""
    organizations = own_world.aws.client("organizations")
    for service in (ACCESS_ANALYZER, "config.amazonaws.com", "config-multiaccountsetup.amazonaws.com"):
        organizations.enable_aws_service_access(ServicePrincipal=service)
    return own_world


def declared(
    world: World, *, governed: Sequence[str] = (HERE,), everywhere: bool = True, **settings: Any
) -> Declaration:
    kinds = ("security", "tooling", "workload") if everywhere else ("security",)
    baseline = {
        kind: [*components, *(["external-access"] if kind in kinds else [])]
        for kind, components in world.declaration.baseline.items()
    }
    regions = world.declaration.regions.model_copy(update={"governed": [*governed]})
    made = world.declaration.model_copy(update={"baseline": baseline, "regions": regions})
    made._given, made._settings = {"external-access": settings}, {}
    return check(made, {"external-access": EXTERNAL})


@pytest.fixture
def delegated(world: World) -> Iterator[World]:
    """The security account administers the service; afterwards it has no analyzer."""
    world.apply(DELEGATION, world.security, declaration=declared(world))
    yield world
    for region in (HERE, ABROAD):
        without_analyzers(world, world.security, region)


def without_analyzers(world: World, account: Account, region: str = HERE) -> None:
    client = world.client("accessanalyzer", account, region)
    for each in client.list_analyzers()["analyzers"]:
        client.delete_analyzer(analyzerName=each["name"])


def analyzers(world: World, account: Account, region: str = HERE) -> dict[str, str]:
    """Types by name, of those that work."""
    listed = world.client("accessanalyzer", account, region).list_analyzers()["analyzers"]
    return {each["name"]: each["type"] for each in listed if each["status"] == "ACTIVE"}


# -- from nothing --------------------------------------------------------------------------------------


def test_delegation_makes_the_role_first_and_looks_no_more_afterwards(world: World) -> None:
    declaration = declared(world)
    done = prove_complete(world, DELEGATION, world.security, declaration=declaration)
    role, register = (
        "role AWSServiceRoleForAccessAnalyzer",
        f"delegated administrator of {ACCESS_ANALYZER}",
    )
    assert {role + " in the management account", register} <= {change.resource for change in done}
    mark = len(world.aws.calls)
    assert world.apply(DELEGATION, world.security, declaration=declaration) == []
    made = [call for call in world.calls_since(mark) if "delegation" in str(call.principal_arn)]
    assert not any(
        call.mutating or call.operation in ("GetRole", "ListDelegatedAdministrators") for call in made
    )


def test_each_governed_region_gets_one_analyzer_of_the_organization(delegated: World) -> None:
    both = declared(delegated, governed=(HERE, ABROAD))
    done = prove_complete(delegated, EXTERNAL, delegated.security, declaration=both)
    assert len(done) == 2
    for region in (HERE, ABROAD):
        assert analyzers(delegated, delegated.security, region) == {NAMES[ORGANIZATION]: ORGANIZATION}
    mark = len(delegated.aws.calls)
    assert delegated.apply(EXTERNAL, delegated.security, declaration=both) == []
    made = sorted(call.operation for call in delegated.calls_since(mark))
    assert made == ["DescribeRegions", "ListAnalyzers", "ListAnalyzers"]


def test_it_costs_a_member_no_call(delegated: World) -> None:
    account, mark = delegated.account(), len(delegated.aws.calls)
    (told,) = delegated.apply(EXTERNAL, account, declaration=declared(delegated))
    assert words([told]) == [
        "report analyzers: the organization's analyzers in the security account look at it"
    ]
    assert delegated.calls_since(mark) == []


def test_unused_access_and_an_analyzer_in_each_account_are_options(delegated: World) -> None:
    more = declared(delegated, unusedAccess={"days": 60}, perAccount=True, governed=(HERE, ABROAD))
    account = delegated.account()
    prove_complete(delegated, EXTERNAL, delegated.security, declaration=more)
    prove_complete(delegated, EXTERNAL, account, declaration=more)
    assert set(analyzers(delegated, delegated.security).values()) == {ORGANIZATION, UNUSED, ACCOUNT}
    assert set(analyzers(delegated, delegated.security, ABROAD).values()) == {ORGANIZATION, ACCOUNT}
    assert analyzers(delegated, account) == analyzers(delegated, account, ABROAD) == {NAMES[ACCOUNT]: ACCOUNT}
    (told,) = delegated.plan(
        EXTERNAL,
        delegated.security,
        declaration=declared(delegated, unusedAccess={"days": 90}, perAccount=True),
    )
    assert told.reason == (
        "groundwork-unused-access finds what nobody used for 60 days; expected 90: delete it by an entry role of the "
        "security account, and the next execution makes it anew"
    )


def test_a_plan_of_access_tells_what_the_organization_s_analyzer_found(delegated: World) -> None:
    declaration = declared(delegated)
    delegated.apply(EXTERNAL, delegated.security, declaration=declaration)
    account = delegated.account()
    s3, bucket = delegated.client("s3", account), f"shared-{account.id}"
    s3.create_bucket(Bucket=bucket)
    reading = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{STRANGER}:root"},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [reading]}))
    asking = {"Effect": "Allow", "Action": "organizations:DescribeAccount", "Resource": "*"}
    entering = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": f"arn:aws:iam::*:role/{ENTRY_ROLE}",
    }
    delegated.make_role(WORKER, json.dumps({"Version": "2012-10-17", "Statement": [asking, entering]}))
    planned = delegated.plan(Access(), delegated.security, declaration=declaration)
    told = [change.reason for change in planned if change.resource == f"arn:aws:s3:::{bucket}"]
    (reason,) = told
    assert reason.startswith(
        f"lets in account {STRANGER} (s3:GetObject in account {account.id}), from outside"
    )


def test_its_permissions_fit_a_session() -> None:
    assert len(sessions.session_policy([*EXTERNAL.reads, *EXTERNAL.writes], "012345678901", "aws")) <= 2048


# -- what others run -----------------------------------------------------------------------------------


def test_an_analyzer_that_serves_already_is_enough(delegated: World) -> None:
    client = delegated.client("accessanalyzer", delegated.security)
    client.create_analyzer(analyzerName="theirs", type=ORGANIZATION)
    assert delegated.apply(EXTERNAL, delegated.security, declaration=declared(delegated)) == []
    assert analyzers(delegated, delegated.security) == {"theirs": ORGANIZATION}


def analyzer(name: str, type_: str, status: str = "ACTIVE", days: int | None = None) -> dict[str, Any]:
    configuration = {"unusedAccess": {"unusedAccessAge": days}} if days else {}
    return {"name": name, "type": type_, "status": status, "configuration": configuration}


ORGANIZATIONS = analyzer("theirs", ORGANIZATION)


@pytest.mark.parametrize(
    "there",
    [
        [analyzer("theirs", UNUSED, days=90), analyzer(NAMES[UNUSED], UNUSED, days=60), ORGANIZATIONS],
        [analyzer(NAMES[UNUSED], UNUSED, "CREATING", days=60), ORGANIZATIONS],
        [analyzer("theirs", UNUSED, days=60), analyzer(NAMES[ORGANIZATION], ORGANIZATION, "CREATING")],
        [analyzer("theirs", UNUSED, days=60), analyzer(NAMES[ACCOUNT], ORGANIZATION)],
    ],
    ids=[
        "ours before others'",
        "being made",
        "the organization's being made",
        "of our name and another type",
    ],
)
def test_nothing_is_done_beside_what_serves(world: World, there: Sequence[dict[str, Any]]) -> None:
    declaration = declared(world, unusedAccess={"days": 60})
    target = replace(target_without_aws("security"), declaration=declaration)
    assert list(EXTERNAL.diff(Found({HERE: there}, administrator=SECURITY), target)) == []


def test_another_administrator_is_told_and_left_alone(world: World) -> None:
    organizations, declaration = world.aws.client("organizations"), declared(world)
    world.apply(DELEGATION, world.security, declaration=declaration)
    organizations.deregister_delegated_administrator(
        AccountId=world.security.id, ServicePrincipal=ACCESS_ANALYZER
    )
    theirs = {"AccountId": world.tooling.id, "ServicePrincipal": ACCESS_ANALYZER}
    organizations.register_delegated_administrator(**theirs)
    (told,) = world.apply(DELEGATION, world.security, declaration=declaration)
    assert told.reason.startswith(f"is account {world.tooling.id}, and there can be one: what it has stays.")
    (told,) = world.apply(EXTERNAL, world.security, declaration=declaration)
    assert told.reason.startswith(f"is not made: account {world.tooling.id} administers {ACCESS_ANALYZER}")
    organizations.deregister_delegated_administrator(**theirs)


def test_before_it_is_delegated_it_waits(world: World) -> None:
    (planned,) = world.planned(EXTERNAL, world.security, declaration=declared(world))
    assert planned.call is not None
    assert planned.call.after == f"delegated administrator of {ACCESS_ANALYZER}"
    with pytest.raises(ComponentNotSettled):
        world.apply(EXTERNAL, world.security, declaration=declared(world))


def test_an_analyzer_that_rests_is_told(delegated: World) -> None:
    declaration, organizations = declared(delegated), delegated.aws.client("organizations")
    delegated.apply(EXTERNAL, delegated.security, declaration=declaration)
    given = {"AccountId": delegated.security.id, "ServicePrincipal": ACCESS_ANALYZER}
    organizations.deregister_delegated_administrator(**given)
    (told,) = delegated.plan(EXTERNAL, delegated.security, declaration=declaration)
    assert told.severity == "high"
    assert told.reason.startswith("is DISABLED (DELEGATED_ADMINISTRATOR_DEREGISTERED), and finds nothing")
    assert "delete the analyzer by an entry role of the security account, and" in told.reason
    delegated.apply(DELEGATION, delegated.security, declaration=declaration)
    assert delegated.plan(EXTERNAL, delegated.security, declaration=declaration) == []


def test_the_quota_is_named(delegated: World) -> None:
    """Five of the organization in a Region, whoever has them: here the management account."""
    theirs = delegated.aws.client("accessanalyzer")
    for number in range(5):
        theirs.create_analyzer(analyzerName=f"theirs-{number}", type=ORGANIZATION)
    with pytest.raises(QuotaReached, match="five of the organization, or one of the account"):
        delegated.apply(EXTERNAL, delegated.security, declaration=declared(delegated))
    for number in range(5):
        theirs.delete_analyzer(analyzerName=f"theirs-{number}")


# -- one at a time -------------------------------------------------------------------------------------


def deleted(name: str) -> Callable[[World, Account], Any]:
    return lambda world, account: world.client("accessanalyzer", account).delete_analyzer(analyzerName=name)


@pytest.mark.parametrize("type_", [ORGANIZATION, UNUSED, ACCOUNT])
def test_one_that_was_deleted_is_named_and_made_anew(delegated: World, type_: str) -> None:
    declaration = declared(delegated, unusedAccess={"days": 90}, perAccount=True)
    delegated.apply(EXTERNAL, delegated.security, declaration=declaration)
    sabotage = Sabotage(
        *(
            "deleted",
            deleted(NAMES[type_]),
            f"analyzer {NAMES[type_]} in {HERE}",
            "does not exist: nobody looks",
        )
    )
    prove(
        *(delegated, EXTERNAL, delegated.security, sabotage),
        lambda: analyzers(delegated, delegated.security),
        declaration=declaration,
    )


def test_what_is_taken_out_of_the_declaration_goes_as_prune_says(delegated: World) -> None:
    account = delegated.account()
    delegated.apply(EXTERNAL, account, declaration=declared(delegated, perAccount=True))
    without = declared(delegated)
    before = delegated.before(account)
    told = delegated.plan(EXTERNAL, before, declaration=without)
    assert [change.action for change in told] == ["report", "report"]
    assert "is ours, and no longer declared" in told[0].reason
    pruning = without.model_copy(update={"prune": {"external-access": "remove"}})
    pruning._settings = without._settings
    (gone,) = differences(delegated.apply(EXTERNAL, before, declaration=pruning))
    assert gone.action == "delete"
    assert analyzers(delegated, account) == {}


def test_what_cannot_be_is_said_in_one_sentence(world: World) -> None:
    with pytest.raises(
        InvalidDeclaration, match=r"externalAccess\.perAccount: true lays down analyzers in accounts"
    ):
        declared(world, everywhere=False, perAccount=True)
    with pytest.raises(InvalidDeclaration, match=r"externalAccess\.unusedAccess"):
        declared(world, unusedAccess={"days": 400})


# -- permissions ---------------------------------------------------------------------------------------


def test_it_may_do_what_it_does_and_nothing_else(delegated: World) -> None:
    used, may = used_and_declared(delegated, EXTERNAL)
    assert used == may
