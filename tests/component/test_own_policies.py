"""own-policies: the owner's files hold where they are declared to, are put right, taken over, and never taken off."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from groundwork.baseline.central_policies import TAG
from groundwork.baseline.components.organization import Organization as OrganizationComponent
from groundwork.baseline.components.own_policies import DESCRIPTION, OwnPolicies
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.declaration.own_policies import KINDS, OwnPolicy
from groundwork.errors import InvalidDeclaration, OrganizationBusy
from tests.component.conftest import World
from tests.component.sabotage import (
    Sabotage,
    differences,
    prove_all,
    prove_complete,
    some_of,
    used_and_declared,
    words,
)
from tests.component.without_aws import ON_ENGINE
from tests.engine.organizations.policies import enable

OWN = OwnPolicies()
UNIT = "Workloads"
PAGE = Path(__file__).parents[2] / "docs" / "declare.md"
SECTION = PAGE.read_text().partition("## Your own policies of the organization")[2].partition("\n## ")[0]
TAGS, PLANS = (json.loads(each) for each in re.findall(r"```json\n(.*?)```", SECTION, re.DOTALL))
"""The page's own examples."""
NO_STREAMS = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "NoStreams", "Effect": "Deny", "Action": "kinesis:*", "Resource": "*"}],
}
POLICIES = [
    OwnPolicy(name="cost-center", type="tag", where=[UNIT]),
    OwnPolicy(name="daily-backup", type="backup"),
    OwnPolicy(name="no-streams", type="service-control", where=[UNIT]),
]
DOCUMENTS: Mapping[str, Any] = {"cost-center": TAGS, "daily-backup": PLANS, "no-streams": NO_STREAMS}
TYPES = tuple(KINDS[each.type].name for each in POLICIES)


def declared(world: World, *own: OwnPolicy, **documents: Any) -> Declaration:
    """The owner's three policies, or these."""
    baseline = {**world.declaration.baseline, "management": ["organization", "own-policies"]}
    changes = {"own_policies": list(own or POLICIES), "baseline": baseline}
    declaration = world.declaration.model_copy(update=changes)
    declaration._own_documents = {
        **DOCUMENTS,
        **{name.replace("_", "-"): each for name, each in documents.items()},
    }
    return declaration


@pytest.fixture(scope="module")
def with_types(world: World) -> Iterator[World]:
    """The types on, and none of these policies, until the module ends."""
    for each in TYPES:
        enable(world.aws, each)
    world.members["dev"] = world.account(name="dev")
    yield world
    clear(world)
    for each in TYPES:
        world.aws.client("organizations").disable_policy_type(
            RootId=world.organization.root_id, PolicyType=each
        )


@pytest.fixture
def enabled(with_types: World) -> World:
    clear(with_types)
    return with_types


def ours(world: World) -> Iterator[Mapping[str, Any]]:
    for each in TYPES:
        for policy in world.aws.client("organizations").list_policies(Filter=each)["Policies"]:
            if not policy["AwsManaged"]:
                yield policy


def clear(world: World) -> None:
    client = world.aws.client("organizations")
    for policy in ours(world):
        for target in client.list_targets_for_policy(PolicyId=policy["Id"])["Targets"]:
            client.detach_policy(PolicyId=policy["Id"], TargetId=target["TargetId"])
        client.delete_policy(PolicyId=policy["Id"])


def portrait(world: World) -> Any:
    """What each says, its description and tags, and where it hangs."""
    client = world.aws.client("organizations")
    return {
        policy["Name"]: (
            json.loads(client.describe_policy(PolicyId=policy["Id"])["Policy"]["Content"]),
            policy["Description"],
            client.list_tags_for_resource(ResourceId=policy["Id"])["Tags"],
            sorted(
                each["TargetId"] for each in client.list_targets_for_policy(PolicyId=policy["Id"])["Targets"]
            ),
        )
        for policy in ours(world)
    }


def unit_id(world: World, unit: str = UNIT) -> str:
    return world.organization.units[unit].split("/")[-2]


def policy_id(world: World, name: str) -> str:
    return str(next(each["Id"] for each in ours(world) if each["Name"] == name))


def effective(world: World, policy_type: str) -> Any:
    found = world.aws.client("organizations").describe_effective_policy(
        PolicyType=policy_type, TargetId=world.members["dev"].id
    )
    return json.loads(found["EffectivePolicy"]["PolicyContent"])


# -- from nothing --------------------------------------------------------------------------------------


def test_from_nothing_each_hangs_where_it_is_declared_and_reaches_the_accounts(enabled: World) -> None:
    mark = len(enabled.aws.calls)
    done = enabled.apply(OWN, enabled.management, declaration=declared(enabled))
    assert {call.account for call in enabled.calls_since(mark)} == {enabled.management.id}
    assert (
        "tag policy cost-center: does not exist: what policies/organization/cost-center.json says holds nowhere"
        in [f"{each.resource}: {each.reason}" for each in done]
    )
    root, unit = enabled.organization.root_id, unit_id(enabled)
    found = portrait(enabled)
    assert {name: where for name, (*_, where) in found.items()} == {
        "cost-center": [unit],
        "daily-backup": [root],
        "no-streams": [unit],
    }
    assert {(description, str(tags)) for _, description, tags, _ in found.values()} == {
        (DESCRIPTION, str([dict(TAG)]))
    }
    assert effective(enabled, "TAG_POLICY")["tags"]["costcenter"]["tag_value"] == ["100", "200"]
    (selection,) = effective(enabled, "BACKUP_POLICY")["plans"]["daily"]["selections"]["tags"].values()
    assert selection["iam_role_arn"] == "arn:aws:iam::$account:role/backup"
    client = enabled.aws.client("organizations")
    for each in ("TAG_POLICY", "BACKUP_POLICY"):
        assert client.list_accounts_with_invalid_effective_policy(PolicyType=each)["Accounts"] == []


def test_a_second_run_writes_nothing_and_reads_little(enabled: World) -> None:
    enabled.apply(OWN, enabled.management, declaration=declared(enabled))
    mark = len(enabled.aws.calls)
    assert enabled.apply(OWN, enabled.management, declaration=declared(enabled)) == []
    asked = sorted(call.operation for call in enabled.calls_since(mark) if call.service == "organizations")
    assert asked == [
        *["DescribePolicy"] * 3,
        *["ListPoliciesForTarget"] * 5,  # each type on the root, and two on the unit
        *["ListTagsForResource"] * 3,
    ]


def test_a_plan_names_the_accounts_that_each_would_bind(enabled: World) -> None:
    (told,) = [
        each.reason
        for each in enabled.plan(OWN, enabled.management, declaration=declared(enabled))
        if each.resource == "service control policy no-streams" and "attached" in each.reason
    ]
    assert "is not attached to the unit Workloads: what it says does not hold there; it would bind " in told
    assert "dev" in told


def test_while_its_type_is_off_the_component_waits_and_organization_switches_it_on(enabled: World) -> None:
    rollout = OwnPolicy(name="rollout", type="upgrade-rollout")
    order = {"upgrade_rollout": {"default": {"patch_order": {"@@assign": "last"}}}}
    declaration = declared(enabled, *POLICIES, rollout, rollout=order)
    with pytest.raises(OrganizationBusy, match="PolicyTypeNotEnabledException"):
        enabled.apply(OWN, enabled.management, declaration=declaration)
    told = words(enabled.plan(OrganizationComponent(), enabled.management, declaration=declaration))
    assert (
        "create policy type UPGRADE_ROLLOUT_POLICY: is off in the root: no such policy binds anybody; own-policies attaches one"
        in told
    )
    for service in ("backup", "tagpolicies.tag"):
        assert f"create trusted access of {service}.amazonaws.com: is off; own-policies needs it" in told
    client = enabled.aws.client("organizations")
    (made,) = client.list_policies(Filter="UPGRADE_ROLLOUT_POLICY")["Policies"]
    client.delete_policy(PolicyId=made["Id"])


# -- what is done to them --------------------------------------------------------------------------------


def edit(name: str, change: Callable[[Any], object], world: World, account: Account) -> None:
    client, policy = world.aws.client("organizations"), policy_id(world, name)
    content = json.loads(client.describe_policy(PolicyId=policy)["Policy"]["Content"])
    change(content)
    client.update_policy(PolicyId=policy, Content=json.dumps(content))


def detach(name: str, world: World, account: Account) -> None:
    client, policy = world.aws.client("organizations"), policy_id(world, name)
    for target in client.list_targets_for_policy(PolicyId=policy)["Targets"]:
        client.detach_policy(PolicyId=policy, TargetId=target["TargetId"])


def delete(name: str, world: World, account: Account) -> None:
    detach(name, world, account)
    world.aws.client("organizations").delete_policy(PolicyId=policy_id(world, name))


def untag(name: str, world: World, account: Account) -> None:
    world.aws.client("organizations").untag_resource(ResourceId=policy_id(world, name), TagKeys=[TAG["Key"]])


def describe(name: str, world: World, account: Account) -> None:
    world.aws.client("organizations").update_policy(PolicyId=policy_id(world, name), Description="harmless")


COST, BACKUP, STREAMS = (
    "tag policy cost-center",
    "backup policy daily-backup",
    "service control policy no-streams",
)
VALUE = Sabotage(
    "a value more",
    partial(edit, "cost-center", lambda it: it["tags"]["costcenter"]["tag_value"]["@@assign"].append("300")),
    COST,
    "tags/costcenter/tag_value/@@assign is",
)
SABOTAGES = [
    VALUE,
    Sabotage("enforced no longer", partial(edit, "cost-center", lambda it: it["tags"]["costcenter"].pop("enforced_for")),
             COST, "says nothing of tags/costcenter/enforced_for/@@assign"),
    Sabotage("kept shorter", partial(edit, "daily-backup", lambda it: it["plans"]["daily"]["rules"]["nightly"]
             ["lifecycle"]["delete_after_days"].update({"@@assign": "1"})), BACKUP, "is '1'; expected '35'"),
    Sabotage("streams", partial(edit, "no-streams", lambda it: it["Statement"][0].update(Action="kinesis:Get*")),
             STREAMS, "differs in the statement NoStreams", "high"),
    Sabotage("described", partial(describe, "daily-backup"), BACKUP, "description is 'harmless'", "low"),
    Sabotage("untagged", partial(untag, "no-streams"), STREAMS, "exists without the tag managed-by=groundwork", "high"),
    Sabotage("detached", partial(detach, "no-streams"), STREAMS, "is not attached to the unit Workloads", "high"),
    Sabotage("detached", partial(detach, "daily-backup"), BACKUP, "is not attached to the root", "medium"),
    Sabotage("deleted", partial(delete, "cost-center"), COST, "does not exist", "medium"),
]  # fmt: skip


@pytest.mark.parametrize(
    "together",
    [SABOTAGES[:1], SABOTAGES[1:4], SABOTAGES[4:6], SABOTAGES[6:]],
    ids=["value", "content", "marks", "gone"],
)
def test_every_sabotage_is_named_and_put_right(with_types: World, together: list[Sabotage]) -> None:
    declaration = declared(with_types)
    with_types.apply(OWN, with_types.management, declaration=declaration)
    prove_all(
        with_types,
        OWN,
        with_types.management,
        together,
        lambda: portrait(with_types),
        declaration=declaration,
    )


@ON_ENGINE
@given(sabotages=some_of(SABOTAGES, most=4))
def test_a_plan_tells_all_that_apply_does_from_any_state(
    with_types: World, sabotages: list[Sabotage]
) -> None:
    declaration = declared(with_types)
    with_types.apply(OWN, with_types.management, declaration=declaration)
    good = portrait(with_types)
    for each in sabotages:
        each.do(with_types, with_types.management)
    assert prove_complete(with_types, OWN, with_types.management, declaration=declaration)
    assert portrait(with_types) == good


def test_it_declares_the_permissions_that_it_uses_and_no_other(enabled: World) -> None:
    mark, declaration = len(enabled.aws.calls), declared(enabled)
    prove_complete(enabled, OWN, enabled.management, declaration=declaration)
    VALUE.do(enabled, enabled.management)
    enabled.apply(OWN, enabled.management, declaration=declaration)
    enabled.plan(OWN, enabled.before(enabled.management), declaration=declaration)
    used, mine = used_and_declared(enabled, OWN, mark)
    assert used == mine


# -- others, and former ones -----------------------------------------------------------------------------


def test_one_of_its_name_is_taken_over_and_others_stay(enabled: World) -> None:
    client = enabled.aws.client("organizations")
    theirs = json.dumps({"tags": {"team": {"tag_key": {"@@assign": "team"}}}})
    for name in ("cost-center", "of-another-team"):
        given = {"Name": name, "Type": "TAG_POLICY", "Content": theirs, "Description": "Of another team"}
        made = client.create_policy(**given)["Policy"]["PolicySummary"]["Id"]
        client.attach_policy(PolicyId=made, TargetId=unit_id(enabled))
    done = prove_complete(enabled, OWN, enabled.management, declaration=declared(enabled))
    told = [each for each in words(done) if "cost-center" in each]
    assert any("it is adopted" in each for each in told)
    assert any("says nothing of tags/costcenter" in each for each in told)
    found = portrait(enabled)
    assert found["cost-center"][0] == TAGS
    assert found["of-another-team"] == (json.loads(theirs), "Of another team", [], [unit_id(enabled)])


def test_what_is_no_longer_declared_stays_and_is_told(enabled: World) -> None:
    enabled.apply(OWN, enabled.management, declaration=declared(enabled))
    good, later = portrait(enabled), enabled.before(enabled.management)
    fewer = declared(enabled, POLICIES[1])
    told = {each.resource: each for each in enabled.apply(OWN, later, declaration=fewer)}
    assert differences(told.values()) == []
    assert told.keys() == {COST, STREAMS}
    hangs = f"it hangs on {unit_id(enabled)}; detach and delete it by hand, or declare it again"
    assert told[COST].reason == f"is ours, and none is declared instead; {hangs}"
    elsewhere = declared(enabled, POLICIES[0].model_copy(update={"where": ["Security"]}), *POLICIES[1:])
    enabled.apply(OWN, enabled.management, declaration=elsewhere)
    (told_of,) = enabled.apply(OWN, later, declaration=elsewhere)
    assert f"hangs on {unit_id(enabled)}, too, where it is not declared" in told_of.reason
    enabled.aws.client("organizations").detach_policy(
        PolicyId=policy_id(enabled, "cost-center"), TargetId=unit_id(enabled, "Security")
    )
    without = enabled.declaration
    told = {each.resource: each for each in enabled.apply(OWN, later, declaration=without)}
    assert told.keys() == {COST, BACKUP, STREAMS}
    assert "is ours, and own-policies is declared no longer; it hangs on" in told[BACKUP].reason
    assert portrait(enabled) == good


def test_a_file_that_names_an_account_waits_for_it(enabled: World) -> None:
    spared = json.loads(json.dumps(NO_STREAMS))
    spared["Statement"][0]["Condition"] = {"StringNotEquals": {"aws:PrincipalAccount": "<tooling>"}}
    declaration = declared(enabled, POLICIES[2], no_streams=spared)
    early = enabled.organization.model_copy(update={"tooling_account_id": None})
    (told,) = enabled.apply(OWN, enabled.management, declaration=declaration, organization=early)
    assert (told.action, told.resource) == ("report", STREAMS)
    assert told.reason == "waits for an account that it names, which is not there yet"
    enabled.apply(OWN, enabled.management, declaration=declaration)
    content = portrait(enabled)["no-streams"][0]
    condition = content["Statement"][0]["Condition"]
    assert condition == {"StringNotEquals": {"aws:PrincipalAccount": enabled.tooling.id}}


def test_nothing_is_touched_where_one_would_lock_groundwork_out(enabled: World) -> None:
    everything = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Deny", "Action": "iam:*", "Resource": "*"},
    }
    mark = len(enabled.aws.calls)
    with pytest.raises(InvalidDeclaration, match=r"denies iam:.* by which Groundwork lays access down"):
        enabled.apply(OWN, enabled.management, declaration=declared(enabled, no_streams=everything))
    assert not [call for call in enabled.calls_since(mark) if call.service == "organizations"]
