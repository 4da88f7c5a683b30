"""guardrails: in the unit where new accounts wait nobody does anything but Groundwork."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from groundwork.baseline.components.guardrails.quarantine import HARM_OF_SUSPENDED, quarantine_document
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.declaration.organization_policies import Closing, Quarantine
from groundwork.declaration.settings import CloudWatchLogs
from groundwork.errors import InvalidDeclaration
from local.identity.credentials import Credentials
from tests.component.access import ACCESS, ADMIN
from tests.component.conftest import World
from tests.component.sabotage import Sabotage, prove, prove_complete
from tests.component.stacks import stack
from tests.component.test_access_doors import user_in
from tests.component.test_guardrails_on_root import (
    GUARDRAILS,
    SCP,
    content,
    delete,
    edited,
    ours,
    with_policies_on,
)

UNIT, NAME = "Quarantine", "groundwork-guardrails-quarantine"
SUSPENDED = "groundwork-guardrails-suspended"
RESOURCE = f"service control policy {NAME}"
HARM = "new accounts are open before their baseline is verified"


@pytest.fixture(scope="module")
def unit(world: World) -> Iterator[str]:
    """The id of a unit that was made after the account in work was looked at."""
    organizations = world.aws.client("organizations")
    made = organizations.create_organizational_unit(ParentId=world.organization.root_id, Name=UNIT)
    yield made["OrganizationalUnit"]["Id"]
    organizations.delete_organizational_unit(OrganizationalUnitId=made["OrganizationalUnit"]["Id"])


@pytest.fixture
def enabled(world: World, unit: str) -> Iterator[World]:
    yield with_policies_on(world)
    organizations = world.aws.client("organizations")
    for policy in on(world, unit):
        if policy["Name"] != "FullAWSAccess":
            organizations.detach_policy(PolicyId=policy["Id"], TargetId=unit)


@pytest.fixture
def declared(world: World) -> Declaration:
    return world.declaration.model_copy(update={"quarantine": Quarantine(unit=UNIT)})


def on(world: World, place: str) -> list[dict[str, Any]]:
    listed = world.aws.client("organizations").list_policies_for_target(TargetId=place, Filter=SCP)
    policies: list[dict[str, Any]] = listed["Policies"]
    return policies


def test_its_policy_hangs_on_the_unit_alone_and_is_then_left_alone(
    enabled: World, declared: Declaration, unit: str
) -> None:
    prove_complete(enabled, GUARDRAILS, enabled.management, declaration=declared)
    assert {each["Name"] for each in on(enabled, unit)} == {"FullAWSAccess", NAME}
    assert NAME not in {each["Name"] for each in on(enabled, enabled.organization.root_id)}
    assert content(enabled, NAME) == quarantine_document(declared, enabled.organization)
    assert enabled.apply(GUARDRAILS, enabled.management, declaration=declared) == []


def test_the_unit_where_accounts_wait_to_be_closed_has_the_same_under_a_name_of_its_own(
    enabled: World, unit: str
) -> None:
    declared = enabled.declaration.model_copy(update={"closing": Closing(unit=UNIT)})
    prove_complete(enabled, GUARDRAILS, enabled.management, declaration=declared)
    assert {each["Name"] for each in on(enabled, unit)} == {"FullAWSAccess", SUSPENDED}
    assert content(enabled, SUSPENDED) == quarantine_document(declared, enabled.organization)
    assert enabled.apply(GUARDRAILS, enabled.management, declaration=declared) == []
    detach(enabled, enabled.management, SUSPENDED)
    (found,) = [
        each
        for each in enabled.plan(GUARDRAILS, enabled.management, declaration=declared)
        if SUSPENDED in each.resource
    ]
    assert f"is not attached to the unit {UNIT}: {HARM_OF_SUSPENDED}" in found.reason


def test_it_does_not_wait_for_the_security_account(enabled: World, declared: Declaration, unit: str) -> None:
    nobody = enabled.organization.model_copy(update={"security_account_id": None})
    done = enabled.apply(GUARDRAILS, enabled.management, declaration=declared, organization=nobody)
    assert {each.resource for each in done if each.action != "report"} == {RESOURCE}
    assert {each["Name"] for each in on(enabled, unit)} == {"FullAWSAccess", NAME}


def detach(world: World, account: Account, name: str = NAME) -> None:
    organizations, policy = world.aws.client("organizations"), ours(world, name)
    (place,) = organizations.list_targets_for_policy(PolicyId=policy)["Targets"]
    organizations.detach_policy(PolicyId=policy, TargetId=place["TargetId"])


def detach_and_delete(world: World, account: Account) -> None:
    detach(world, account)
    delete(world, account, NAME)


SABOTAGES = [
    Sabotage("another spared", edited(
                 lambda statements: statements[0]["Condition"]["ArnNotLike"]["aws:PrincipalArn"].append("arn:aws:iam::*:role/Mine"),
                 NAME), RESOURCE, "ArnNotLike aws:PrincipalArn has arn:aws:iam::*:role/Mine besides", "high"),
    Sabotage("detached", detach, RESOURCE, f"is not attached to the unit {UNIT}: {HARM}", "high"),
    Sabotage("deleted", detach_and_delete, RESOURCE, f"does not exist: {HARM}", "high"),
]  # fmt: skip


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda each: each.name)
def test_every_sabotage_is_named_and_put_right(
    enabled: World, declared: Declaration, unit: str, sabotage: Sabotage
) -> None:
    def portrait() -> Any:
        organizations = enabled.aws.client("organizations")
        policies = [
            each for each in organizations.list_policies(Filter=SCP)["Policies"] if each["Name"] == NAME
        ]
        said = [
            (content(enabled, NAME), organizations.list_tags_for_resource(ResourceId=each["Id"])["Tags"])
            for each in policies
        ]
        return said, sorted(each["Name"] for each in on(enabled, unit))

    enabled.apply(GUARDRAILS, enabled.management, declaration=declared)
    prove(enabled, GUARDRAILS, enabled.management, sabotage, portrait, declaration=declared)


def test_declared_no_longer_it_is_told_and_stays(enabled: World, declared: Declaration, unit: str) -> None:
    enabled.apply(GUARDRAILS, enabled.management, declaration=declared)
    told = enabled.apply(GUARDRAILS, enabled.before(enabled.management))
    (left,) = [each for each in told if each.resource == RESOURCE]
    assert (left.action, unit in left.reason) == ("report", True)
    assert NAME in {each["Name"] for each in on(enabled, unit)}


# -- who may what in there ----------------------------------------------------------------------------


def attempt(client: Any, operation: str, **given: Any) -> str:
    try:
        getattr(client, operation)(**given)
    except ClientError as refused:
        return str(refused.response["Error"]["Message"])
    return "allowed"


def entering(world: World, user: Credentials, account: Account) -> Credentials:
    session = world.aws.client("sts", credentials=user).assume_role(
        RoleArn=f"arn:aws:iam::{account.id}:role/{ADMIN}", RoleSessionName="ada"
    )["Credentials"]
    return Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])


def test_in_there_nobody_does_anything_but_groundwork(
    enabled: World, declared: Declaration, unit: str
) -> None:
    """Its baseline is laid down there; an administrator who enters by a role of it finds it closed, and open outside."""
    enabled.apply(GUARDRAILS, enabled.management, declaration=declared)
    enabled.apply(ACCESS, enabled.security)
    account, organizations = enabled.account(unit=""), enabled.aws.client("organizations")
    root = enabled.organization.root_id
    organizations.move_account(AccountId=account.id, SourceParentId=root, DestinationParentId=unit)
    enabled.apply(ACCESS, account)  # with the session policy of the component

    _, ada = user_in(enabled, "admin-external-accounts")
    inside = entering(enabled, ada, account)
    tries = [
        ("s3", "list_buckets", {}),
        ("iam", "list_users", {}),
        ("ec2", "describe_vpcs", {}),
        ("iam", "delete_role", {"RoleName": ADMIN}),
    ]
    for service, operation, given in tries:
        said = attempt(enabled.aws.client(service, credentials=inside), operation, **given)
        assert "explicit deny in a service control policy" in said, (operation, said)
        if operation.startswith(("list", "describe")):
            assert attempt(enabled.client(service, account), operation, **given) == "allowed"

    linked = enabled.client("iam", account).create_service_linked_role(AWSServiceName="config.amazonaws.com")
    config = enabled.aws.mint(linked["Role"]["Arn"], "config", service="config.amazonaws.com")
    assert attempt(enabled.aws.client("s3", credentials=config), "list_buckets") == "allowed"

    organizations.move_account(AccountId=account.id, SourceParentId=unit, DestinationParentId=root)
    assert attempt(enabled.aws.client("s3", credentials=inside), "list_buckets") == "allowed"


@pytest.mark.parametrize(("mode", "spared"), [("account", True), ("organization", False)])
def test_cloudtrails_role_works_in_there_where_trails_of_accounts_need_it(
    world: World, declared: Declaration, mode: str, spared: bool
) -> None:
    trail = declared.trail.model_copy(update={"mode": mode, "cloud_watch_logs": CloudWatchLogs()})
    document = quarantine_document(declared.model_copy(update={"trail": trail}), world.organization)
    role = "arn:aws:iam::*:role/groundwork-trail-logs"
    assert (role in document["Statement"][0]["Condition"]["ArnNotLike"]["aws:PrincipalArn"]) == spared


def with_stacks(declared: Declaration, *names: str, laid_down: bool = True) -> Declaration:
    baseline = {
        kind: [*components, "stacks"] if laid_down and kind == "workload" else components
        for kind, components in declared.baseline.items()
    }
    stacks = [stack(name=name) for name in names]
    return declared.model_copy(update={"baseline": baseline, "stacks": stacks})


@pytest.mark.parametrize("laid_down", [True, False])
def test_cloudformation_makes_declared_stacks_in_there_by_their_roles_and_no_other(
    world: World, declared: Declaration, laid_down: bool
) -> None:
    declaring = with_stacks(declared, "alerts", "network", laid_down=laid_down)
    document = quarantine_document(declaring, world.organization)
    spared = document["Statement"][0]["Condition"]["ArnNotLike"]["aws:PrincipalArn"]
    roles = [f"arn:aws:iam::*:role/groundwork-stack-{name}" for name in ("alerts", "network")]
    assert [each for each in spared if "groundwork-stack-" in each] == (roles if laid_down else [])
    assert not any(each.endswith("*") for each in spared)


def test_more_stacks_than_its_policy_can_name_are_refused(world: World, declared: Declaration) -> None:
    many = with_stacks(declared, *(f"a-stack-with-a-name-of-forty-character{n:02}" for n in range(99)))
    assert quarantine_document(many, world.organization)
    more = with_stacks(declared, *(f"a-stack-with-a-name-of-forty-charact{n:04}" for n in range(140)))
    with pytest.raises(InvalidDeclaration, match=r"stacks: .* declare fewer stacks"):
        GUARDRAILS.rendered(more)
