"""organization-policies: what the organization holds in its accounts, with exceptions, beside others' policies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given

from groundwork.baseline.central_policies import TAG, Other
from groundwork.baseline.components import organization_policies
from groundwork.baseline.components.account_settings import AccountSettings
from groundwork.baseline.components.organization_policies import OrganizationPolicies
from groundwork.baseline.components.organization_policies.documents import (
    AI,
    BUCKETS,
    EC2,
    NAMES,
    S3,
    TYPES,
)
from groundwork.baseline.components.organization_policies.others import conflicts
from groundwork.contracts import Account, Change, Organization
from groundwork.declaration import Declaration
from groundwork.declaration.loading import load
from groundwork.declaration.organization_policies import PolicyException
from groundwork.errors import InvalidDeclaration
from local.organizations import Organizations
from tests.component.conftest import World
from tests.component.sabotage import Sabotage, prove_all, prove_complete, some_of, used_and_declared
from tests.component.without_aws import ON_ENGINE
from tests.engine.organizations.policies import enable

POLICIES, SETTINGS = OrganizationPolicies(), AccountSettings()
SITES, REASON = "Workloads/Staging", "the company's web sites"
LOOSE_BUCKETS = {"s3_attributes": {"public_access_block_configuration": {"@@assign": "none"}}}
LOOSE_SNAPSHOTS = {"ec2_attributes": {"snapshot_block_public_access": {"state": {"@@assign": "unblocked"}}}}


@pytest.fixture(scope="module")
def organization(own_world: World) -> World:
    """An organization of one's own with the policy types on, and an account in each of two units."""
    for each in TYPES:
        enable(own_world.aws, each.name)
    own_world.members["dev"] = own_world.account(name="dev")
    own_world.members["site"] = own_world.account(unit=SITES, name="site")
    return own_world


@pytest.fixture
def world(organization: World) -> Iterator[World]:
    """The same without any of these policies, also at the end."""
    remove_all(organization)
    yield organization
    remove_all(organization)


def remove_all(world: World) -> None:
    client = world.aws.client("organizations")
    for each in TYPES:
        for policy in client.list_policies(Filter=each.name)["Policies"]:
            for target in client.list_targets_for_policy(PolicyId=policy["Id"])["Targets"]:
                client.detach_policy(PolicyId=policy["Id"], TargetId=target["TargetId"])
            client.delete_policy(PolicyId=policy["Id"])


def declared(world: World, **settings: Any) -> Declaration:
    policies = world.declaration.organization_policies.model_copy(update=settings)
    return world.declaration.model_copy(update={"organization_policies": policies})


def excepting(world: World, *what: str, **places: Any) -> Declaration:
    exception = PolicyException.model_validate({"what": list(what), "reason": REASON, **places})
    return declared(world, exceptions=[exception])


def unit_id(world: World, unit: str) -> str:
    return world.organization.units[unit].split("/")[-2]


def portrait(world: World) -> Any:
    """Every policy of the three types: what it says, its description and tags, and where it hangs."""
    client, found = world.aws.client("organizations"), {}
    for each in TYPES:
        for policy in client.list_policies(Filter=each.name)["Policies"]:
            targets = client.list_targets_for_policy(PolicyId=policy["Id"])["Targets"]
            found[policy["Name"]] = (
                json.loads(client.describe_policy(PolicyId=policy["Id"])["Policy"]["Content"]),
                policy["Description"],
                client.list_tags_for_resource(ResourceId=policy["Id"])["Tags"],
                sorted(target["TargetId"] for target in targets),
            )
    return found


def effective(world: World, account: Account, policy_type: str) -> Any:
    found = world.aws.client("organizations").describe_effective_policy(
        PolicyType=policy_type, TargetId=account.id
    )
    return json.loads(found["EffectivePolicy"]["PolicyContent"])


def buckets_of(world: World, account: Account) -> str:
    attributes = effective(world, account, S3.name)["s3_attributes"]
    return str(attributes["public_access_block_configuration"])


def snapshots_of(world: World, account: Account) -> tuple[str, str]:
    found = world.client("ec2", account).get_snapshot_block_public_access_state()
    return found["State"], found["ManagedBy"]


def others(
    world: World, policy_type: str, content: Mapping[str, Any], place: str, name: str = "theirs"
) -> str:
    client = world.aws.client("organizations")
    made = client.create_policy(
        Name=name, Type=policy_type, Content=json.dumps(content), Description="Of another team"
    )
    policy = str(made["Policy"]["PolicySummary"]["Id"])
    client.attach_policy(PolicyId=policy, TargetId=place)
    return policy


def reports(changes: list[Change], severity: str) -> list[str]:
    return [each.reason for each in changes if each.action == "report" and each.severity == severity]


# -- from nothing --------------------------------------------------------------------------------------


def test_from_nothing_three_policies_hold_in_every_account_without_a_call_there(world: World) -> None:
    mark = len(world.aws.calls)
    world.apply(POLICIES, world.management)
    assert {call.account for call in world.calls_since(mark)} == {world.management.id}
    found = portrait(world)
    assert {name: where for name, (*_, where) in found.items()} == {
        key: [world.organization.root_id] for key in NAMES.values()
    }
    dev = world.members["dev"]
    ec2 = world.client("ec2", dev)
    assert snapshots_of(world, dev) == ("block-all-sharing", "declarative-policy")
    assert ec2.get_image_block_public_access_state()["ImageBlockPublicAccessState"] == "block-new-sharing"
    assert ec2.get_serial_console_access_status()["SerialConsoleAccessEnabled"] is False
    metadata = ec2.get_instance_metadata_defaults()["AccountLevel"]
    assert (metadata["HttpTokens"], metadata["HttpPutResponseHopLimit"]) == ("required", 2)
    assert "HttpTokensEnforced" not in metadata
    options = ec2.describe_vpc_block_public_access_options()["VpcBlockPublicAccessOptions"]
    assert options["ManagedBy"] == "account"
    assert buckets_of(world, dev) == "all"
    assert effective(world, dev, AI.name) == {"services": {"default": {"opt_out_policy": "optOut"}}}


def test_what_it_lays_down_is_what_aws_takes_for_right_in_every_account(world: World) -> None:
    everything = declared(world, imds_v2="enforced", vpc_block_public_access="block-bidirectional")
    world.apply(POLICIES, world.management, declaration=everything)
    client = world.aws.client("organizations")
    for each in TYPES:
        assert client.list_accounts_with_invalid_effective_policy(PolicyType=each.name)["Accounts"] == []
        assert len(json.dumps(portrait(world)[NAMES[each.name]][0])) < 2_500


def test_a_second_run_writes_nothing_and_reads_little(world: World) -> None:
    world.apply(POLICIES, world.management)
    mark = len(world.aws.calls)
    assert world.apply(POLICIES, world.management) == []
    asked = [call.operation for call in world.calls_since(mark) if call.service == "organizations"]
    each = ["DescribePolicy", "ListPolicies", "ListPoliciesForTarget", "ListTagsForResource"]
    assert sorted(asked) == sorted(each * len(TYPES)), asked


def test_a_plan_says_whom_it_would_bind(world: World) -> None:
    told = [each.reason for each in world.plan(POLICIES, world.management) if "attached" in each.reason]
    assert len(told) == 3
    everybody = "4 member accounts (dev, mgmt, security, site)"
    assert all(
        f"is not attached to the root: it holds in no account; there it binds {everybody}" in each
        for each in told
    )
    first = declared(world, from_unit=SITES)
    told = [each.reason for each in world.plan(POLICIES, world.management, declaration=first)]
    assert (
        sum(
            f"the unit {SITES}: it holds in no account; there it binds 1 member account (site)" in each
            for each in told
        )
        == 3
    )


# -- what is done to them --------------------------------------------------------------------------------


def policy_id(world: World, name: str) -> str:
    client = world.aws.client("organizations")
    listed = (policy for each in TYPES for policy in client.list_policies(Filter=each.name)["Policies"])
    return str(next(policy["Id"] for policy in listed if policy["Name"] == name))


def edited(name: str, change: Callable[[Any], object]) -> Callable[[World, Account], object]:
    def do(world: World, account: Account) -> None:
        client, policy = world.aws.client("organizations"), policy_id(world, name)
        content = json.loads(client.describe_policy(PolicyId=policy)["Policy"]["Content"])
        change(content)
        client.update_policy(PolicyId=policy, Content=json.dumps(content))

    return do


def assign(value: str, *path: str) -> Callable[[Any], object]:
    def change(content: Any) -> None:
        for name in path:
            content = content[name]
        content["@@assign"] = value

    return change


def open_below(*path: str) -> Callable[[Any], object]:
    def change(content: Any) -> None:
        for name in path:
            content = content[name]
        del content["@@operators_allowed_for_child_policies"]

    return change


def detach(name: str) -> Callable[[World, Account], object]:
    def do(world: World, account: Account) -> None:
        client, policy = world.aws.client("organizations"), policy_id(world, name)
        if client.list_targets_for_policy(PolicyId=policy)["Targets"]:
            client.detach_policy(PolicyId=policy, TargetId=world.organization.root_id)

    return do


def delete(name: str) -> Callable[[World, Account], object]:
    def do(world: World, account: Account) -> None:
        detach(name)(world, account)
        world.aws.client("organizations").delete_policy(PolicyId=policy_id(world, name))

    return do


def call(name: str, operation: str, **given: Any) -> Callable[[World, Account], object]:
    def do(world: World, account: Account) -> None:
        which = "ResourceId" if operation.endswith("resource") else "PolicyId"
        client = world.aws.client("organizations")
        getattr(client, operation)(**{which: policy_id(world, name)}, **given)

    return do


def untag(name: str) -> Callable[[World, Account], object]:
    return call(name, "untag_resource", TagKeys=[TAG["Key"]])


ON_EC2, ON_S3, ON_AI = (f"{each.words} {NAMES[each.name]}" for each in TYPES)
METADATA = ("ec2_attributes", "instance_metadata_defaults")
AT = "ec2_attributes/{}"
SABOTAGES = [
    *(
        Sabotage(
            "/".join(path[1:]),
            edited("groundwork-ec2", assign(value, *path)),
            ON_EC2,
            f"{'/'.join(path)}/@@assign is '{value}'; expected",
            "high",
        )
        for path, value in [
            ((*METADATA, "http_tokens"), "optional"),
            ((*METADATA, "http_put_response_hop_limit"), "64"),
            (("ec2_attributes", "snapshot_block_public_access", "state"), "unblocked"),
            (("ec2_attributes", "image_block_public_access", "state"), "unblocked"),
            (("ec2_attributes", "serial_console_access", "status"), "enabled"),
        ]
    ),
    Sabotage("an attribute gone", edited("groundwork-ec2", lambda it: it["ec2_attributes"].pop("image_block_public_access")),
             ON_EC2, "says nothing of ec2_attributes/image_block_public_access/state/@@assign", "high"),
    Sabotage("an attribute more", edited("groundwork-ec2", lambda it: it["ec2_attributes"].update(
                 vpc_block_public_access={"internet_gateway_block": {"mode": {"@@assign": "off"}}})),
             ON_EC2, "also says ec2_attributes/vpc_block_public_access/internet_gateway_block/mode/@@assign", "high"),
    Sabotage("open to those below", edited("groundwork-ec2", open_below("ec2_attributes", "serial_console_access", "status")),
             ON_EC2, "says nothing of ec2_attributes/serial_console_access/status/@@operators_allowed", "high"),
    Sabotage("buckets", edited("groundwork-s3", assign("none", "s3_attributes", "public_access_block_configuration")),
             ON_S3, "public_access_block_configuration/@@assign is 'none'; expected 'all'", "high"),
    Sabotage("buckets open to those below", edited("groundwork-s3", open_below("s3_attributes", "public_access_block_configuration")),
             ON_S3, "says nothing of s3_attributes/public_access_block_configuration/@@operators_allowed", "high"),
    Sabotage("opted in", edited("groundwork-ai-services", assign("optIn", "services", "default", "opt_out_policy")),
             ON_AI, "is 'optIn'; expected 'optOut'", "medium"),
    Sabotage("services open", edited("groundwork-ai-services", open_below("services")),
             ON_AI, "says nothing of services/@@operators_allowed", "medium"),
    Sabotage("description", call("groundwork-s3", "update_policy", Description="harmless"), ON_S3,
             "description is 'harmless'", "low"),
    *(
        Sabotage(f"{what} {name}", do(name), resource, words, severity)
        for what, do, words in (
            ("without tag", untag, "exists without the tag managed-by=groundwork"),
            ("detached", detach, "is not attached to the root: it holds in no account"),
            ("deleted", delete, "does not exist: "),
        )
        for name, resource, severity in (("groundwork-ec2", ON_EC2, "high"), ("groundwork-s3", ON_S3, "high"),
                                         ("groundwork-ai-services", ON_AI, "medium"))
    ),
]  # fmt: skip


GROUPS = {
    "values": SABOTAGES[:5] + [each for each in SABOTAGES if each.name in ("buckets", "opted in")],
    "shapes": [each for each in SABOTAGES if each.name.endswith((" gone", " more", "below", " open"))],
    "description": [each for each in SABOTAGES if each.name == "description"],
    "tags": [each for each in SABOTAGES if each.name.startswith("without tag")],
    "detached": [each for each in SABOTAGES if each.name.startswith("detached")],
    "deleted": [each for each in SABOTAGES if each.name.startswith("deleted")],
}
assert sum(map(len, GROUPS.values())) == len(SABOTAGES)


@pytest.mark.parametrize("group", GROUPS)
def test_every_sabotage_is_named_and_put_right(organization: World, group: str) -> None:
    organization.apply(POLICIES, organization.management)
    prove_all(organization, POLICIES, organization.management, GROUPS[group], lambda: portrait(organization))


@ON_ENGINE
@given(sabotages=some_of(SABOTAGES))
def test_a_plan_tells_all_that_apply_does_from_any_state(
    organization: World, sabotages: list[Sabotage]
) -> None:
    organization.apply(POLICIES, organization.management)
    good = portrait(organization)
    for each in sabotages:
        each.do(organization, organization.management)
    assert prove_complete(organization, POLICIES, organization.management)
    assert portrait(organization) == good


def test_it_declares_the_permissions_that_it_uses_and_no_other(world: World) -> None:
    mark = len(world.aws.calls)
    one = excepting(world, "s3PublicAccessBlock", accounts=[world.members["site"].id])
    assert prove_complete(world, POLICIES, world.management, declaration=one)
    for sabotage in (GROUPS["values"][0], GROUPS["tags"][0]):
        sabotage.do(world, world.management)
    world.apply(POLICIES, world.management, declaration=one)
    world.plan(POLICIES, world.before(world.management), declaration=one)
    used, mine = used_and_declared(world, POLICIES, mark)
    assert used == mine


# -- exceptions ------------------------------------------------------------------------------------------


def test_an_exception_of_a_unit_and_of_an_account_says_otherwise_there_alone(world: World) -> None:
    site, dev = world.members["site"], world.members["dev"]
    by_unit = excepting(
        world, "s3PublicAccessBlock", "snapshotBlockPublicAccess", organizational_units=[SITES]
    )
    prove_complete(world, POLICIES, world.management, declaration=by_unit)
    assert (buckets_of(world, site), buckets_of(world, dev)) == ("none", "all")
    assert (snapshots_of(world, site)[0], snapshots_of(world, dev)[0]) == ("unblocked", "block-all-sharing")
    assert world.client("ec2", site).get_serial_console_access_status()["ManagedBy"] == "declarative-policy"
    remove_all(world)
    named = excepting(world, "s3PublicAccessBlock", accounts=["dev"])
    known = world.organization.model_copy(update={"named_accounts": {"dev": dev.id}})
    prove_complete(world, POLICIES, world.management, declaration=named, organization=known)
    assert (buckets_of(world, site), buckets_of(world, dev)) == ("all", "none")
    told = world.apply(POLICIES, world.management, declaration=named)
    assert "no account is called so" in reports(told, "medium")[0]


def test_an_id_that_no_active_account_has_is_told_and_stops_nothing(world: World) -> None:
    """Mistyped, or of an account that has left or is closed."""
    site, gone, nobody = world.members["site"], world.account(), "999999999999"
    ids = [site.id, gone.id, nobody, world.management.id]
    meant = excepting(world, "s3PublicAccessBlock", accounts=ids)
    world.aws.client("organizations").close_account(AccountId=gone.id)
    prove_complete(world, POLICIES, world.management, declaration=meant)
    assert (buckets_of(world, site), buckets_of(world, world.members["dev"])) == ("none", "all")
    (_, _, _, where) = portrait(world)["groundwork-s3-except-s3PublicAccessBlock"]
    assert where == sorted([site.id, world.management.id])
    told = reports(world.apply(POLICIES, world.management, declaration=meant), "medium")
    assert [each.split(",")[0] for each in told] == [
        f"organizationPolicies.exceptions names the account {account}"
        for account in sorted([gone.id, nobody])
    ]
    assert all("correct it, or take it out" in each for each in told)


def test_where_all_that_is_excepted_is_gone_nothing_is_open_below(world: World) -> None:
    meant = excepting(world, "s3PublicAccessBlock", accounts=["999999999999"])
    world.apply(POLICIES, world.management, declaration=meant)
    assert portrait(world).keys() == {*NAMES.values()}
    others(world, S3.name, LOOSE_BUCKETS, world.members["dev"].id)
    assert buckets_of(world, world.members["dev"]) == "all"


def test_every_setting_can_be_excepted(world: World) -> None:
    all_on = declared(world, imds_v2="enforced", vpc_block_public_access="block-ingress")
    policies = all_on.organization_policies
    whats = ["imdsV2", "snapshotBlockPublicAccess", "imageBlockPublicAccess", "serialConsoleOff"]
    whats += ["vpcBlockPublicAccess", "s3PublicAccessBlock", "aiServicesOptOut"]
    exception = PolicyException.model_validate(
        {"what": whats, "reason": REASON, "organizational_units": [SITES]}
    )
    policies = policies.model_copy(update={"exceptions": [exception]})
    everything = all_on.model_copy(update={"organization_policies": policies})
    world.apply(POLICIES, world.management, declaration=everything)
    site = world.members["site"]
    ec2 = world.client("ec2", site)
    assert snapshots_of(world, site)[0] == "unblocked"
    assert ec2.get_image_block_public_access_state()["ImageBlockPublicAccessState"] == "unblocked"
    assert ec2.get_serial_console_access_status()["SerialConsoleAccessEnabled"] is True
    level = ec2.get_instance_metadata_defaults()["AccountLevel"]
    assert (level.get("HttpTokens"), level["HttpTokensEnforced"]) == (None, "disabled")
    options = ec2.describe_vpc_block_public_access_options()["VpcBlockPublicAccessOptions"]
    assert options["InternetGatewayBlockMode"] == "off"
    assert buckets_of(world, site) == "none"
    assert effective(world, site, AI.name) == {"services": {"default": {"opt_out_policy": "optIn"}}}
    client = world.aws.client("organizations")
    for each in TYPES:
        assert client.list_accounts_with_invalid_effective_policy(PolicyType=each.name)["Accounts"] == []


def test_nobody_below_loosens_what_is_not_excepted_nor_closes_what_is(world: World) -> None:
    site, dev = world.members["site"], world.members["dev"]
    one = excepting(world, "s3PublicAccessBlock", organizational_units=[SITES])
    world.apply(POLICIES, world.management, declaration=one)
    others(world, EC2.name, LOOSE_SNAPSHOTS, dev.id)
    assert snapshots_of(world, dev)[0] == "block-all-sharing"
    others(
        world,
        S3.name,
        {"s3_attributes": {"public_access_block_configuration": {"@@assign": "all"}}},
        site.id,
        "closed",
    )
    assert buckets_of(world, site) == "none"
    changes = world.apply(POLICIES, world.management, declaration=one)
    assert "'theirs'" in reports(changes, "low")[0]
    assert "and has no effect" in reports(changes, "low")[0]
    assert reports(changes, "high") == []
    others(world, S3.name, LOOSE_BUCKETS, dev.id, "loose")
    assert buckets_of(world, dev) == "none"
    (bad,) = reports(world.apply(POLICIES, world.management, declaration=one), "high")
    assert f"'loose' on {dev.id} says s3_attributes/public_access_block_configuration = 'none'" in bad
    assert "open below for exceptions" in bad


# -- one unit first --------------------------------------------------------------------------------------


def test_in_one_unit_first_and_then_everywhere(world: World) -> None:
    site, dev = world.members["site"], world.members["dev"]
    first = declared(world, from_unit=SITES)
    prove_complete(world, POLICIES, world.management, declaration=first)
    assert snapshots_of(world, site)[1] == "declarative-policy"
    assert snapshots_of(world, dev)[1] == "account"
    prove_complete(world, POLICIES, world.management)
    assert snapshots_of(world, dev)[1] == "declarative-policy"
    told = reports(world.apply(POLICIES, world.before(world.management)), "medium")
    assert sum(f"hangs on {unit_id(world, SITES)}, too" in each for each in told) == 3


def test_what_is_off_is_not_laid_down_and_what_was_is_told(world: World) -> None:
    world.apply(POLICIES, world.management)
    off = declared(world, s3_public_access_block=False, ai_services_opt_out=False, serial_console_off=False)
    changes = world.apply(POLICIES, world.before(world.management), declaration=off)
    assert {each.resource for each in changes if each.action == "report"} == {ON_S3, ON_AI}
    assert "serial_console_access" not in portrait(world)["groundwork-ec2"][0]["ec2_attributes"]
    none = world.declaration.model_copy(update={"baseline": {"management": ["organization"]}})
    left = world.apply(POLICIES, world.before(world.management), declaration=none)
    assert {(each.resource, each.action) for each in left} == {
        (each, "report") for each in (ON_EC2, ON_S3, ON_AI)
    }


# -- policies of others ----------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["root", "unit"])
def test_what_others_hold_otherwise_is_told_and_not_fought(world: World, place: str) -> None:
    """An organization with policies of another team, or of Control Tower."""
    site = world.members["site"]
    where = world.organization.root_id if place == "root" else unit_id(world, SITES)
    others(world, S3.name, LOOSE_BUCKETS, where)
    same = {"ec2_attributes": {"snapshot_block_public_access": {"state": {"@@assign": "block_all_sharing"}}}}
    others(world, EC2.name, same, unit_id(world, SITES), "aws-controltower-snapshots")
    before = portrait(world)
    changes = world.apply(POLICIES, world.management)
    (bad,) = reports(changes, "high")
    assert bad.startswith("is not laid down: 'theirs' on")
    assert "organizationPolicies.exceptions" in bad
    assert buckets_of(world, site) == "none"
    after = portrait(world)
    assert {name: after[name] for name in before} == before
    assert after.keys() - before.keys() == {"groundwork-ec2", "groundwork-ai-services"}
    if place == "unit":
        meant = excepting(world, "s3PublicAccessBlock", organizational_units=[SITES])
        changes = world.apply(POLICIES, world.management, declaration=meant)
        assert reports(changes, "high") == []
        assert (buckets_of(world, site), buckets_of(world, world.members["dev"])) == ("none", "all")


def test_one_of_others_on_an_account_counts_where_ours_is_to_hang(world: World) -> None:
    site, dev = world.members["site"], world.members["dev"]
    first = declared(world, from_unit=SITES)
    others(world, S3.name, LOOSE_BUCKETS, dev.id, "elsewhere")
    assert reports(world.plan(POLICIES, world.management, declaration=first), "high") == []
    others(world, S3.name, LOOSE_BUCKETS, site.id)
    (bad,) = reports(world.plan(POLICIES, world.management, declaration=first), "high")
    assert bad.startswith(f"is not laid down: 'theirs' on {site.id}")
    meant = excepting(world, "s3PublicAccessBlock", organizational_units=[SITES], accounts=[dev.id])
    assert reports(world.plan(POLICIES, world.management, declaration=meant), "high") == []


def test_one_above_the_unit_to_begin_with_may_forbid_it(world: World) -> None:
    closed = {"state": {"@@operators_allowed_for_child_policies": ["@@none"], "@@assign": "unblocked"}}
    others(
        world,
        EC2.name,
        {"ec2_attributes": {"snapshot_block_public_access": closed}},
        unit_id(world, "Workloads"),
    )
    others(world, S3.name, LOOSE_BUCKETS, unit_id(world, "Infrastructure"), "elsewhere")
    first = declared(world, from_unit=SITES)
    (bad,) = reports(world.apply(POLICIES, world.management, declaration=first), "high")
    assert "lets none below it say ec2_attributes/snapshot_block_public_access/state" in bad
    assert buckets_of(world, world.members["site"]) == "all"


IMAGINED = Organization(
    id="o-exampleorg1",
    partition="aws",
    root_id="r-ab12",
    management_account_id="111111111111",
    units={
        "Work": "o-exampleorg1/r-ab12/ou-work/",
        "Work/Sites": "o-exampleorg1/r-ab12/ou-work/ou-sites/",
        "Play": "o-exampleorg1/r-ab12/ou-play/",
    },
)
ABOVE, PLACE, ELSEWHERE = "ou-work", "ou-sites", "ou-play"


@pytest.mark.parametrize(
    ("at", "value", "children_may", "told"),
    [
        (ABOVE, "none", ["@@none"], "lets none below it say"),
        (ABOVE, "none", ["@@append", "@@remove"], "lets none below it say"),
        (ABOVE, "all", ["@@none"], ""),
        (ABOVE, "none", ["@@assign"], ""),
        (ABOVE, "none", ["@@all"], ""),
        (ABOVE, "none", None, ""),
        (PLACE, "none", None, "of two there, the one that was attached first holds"),
        (PLACE, "all", None, ""),
        (ELSEWHERE, "none", ["@@none"], ""),
    ],
)
def test_what_others_say_gets_in_the_way_where_it_holds_otherwise(
    world: World, at: str, value: str, children_may: list[str] | None, told: str
) -> None:
    """Of a unit to begin with, whose policy is not attached yet."""
    said = {"@@assign": value} | (
        {"@@operators_allowed_for_child_policies": children_may} if children_may else {}
    )
    other = Other("theirs", {"s3_attributes": {"public_access_block_configuration": said}}, (at,))
    target = replace(world.target(POLICIES, world.management), organization=IMAGINED)
    found = list(conflicts(other, {BUCKETS: "all"}, PLACE, {}, (), target, attached=False))
    assert [each.bad for each in found] == ([True] if told else [])
    assert all(told in each.words for each in found)


def test_an_exception_that_is_declared_no_longer_is_ours_and_none_of_others(world: World) -> None:
    one = excepting(world, "s3PublicAccessBlock", organizational_units=[SITES])
    world.apply(POLICIES, world.management, declaration=one)
    told = [each for each in world.apply(POLICIES, world.before(world.management)) if each.action == "report"]
    assert [(each.resource, each.severity) for each in told] == [
        ("S3 policy groundwork-s3-except-s3PublicAccessBlock", "medium")
    ]
    assert buckets_of(world, world.members["site"]) == "all"


def test_a_component_that_could_not_work_any_more_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """As account-settings could not, if it did not know."""
    monkeypatch.setattr(organization_policies, "KNOWS", "")
    refused = (
        r"organizationPolicies\.s3PublicAccessBlock: the component account-settings calls "
        r"s3:PutAccountPublicAccessBlock, which AWS refuses to everybody"
    )
    with pytest.raises(InvalidDeclaration, match=refused):
        POLICIES.rendered(load())


# -- account-settings ------------------------------------------------------------------------------------


def public_access_calls(world: World, mark: int) -> list[str]:
    return [call.operation for call in world.calls_since(mark) if "PublicAccessBlock" in call.operation]


def hold(world: World, **given: Any) -> Any:
    """The policies are there, and the ledger says so."""
    world.apply(POLICIES, world.management, **given)
    return world.organization.model_copy(update={"policies_hold": True})


def test_account_settings_asks_nothing_about_what_the_policy_holds(world: World) -> None:
    seen, account = hold(world), world.account()
    mark = len(world.aws.calls)
    world.apply(SETTINGS, account, organization=seen)
    world.plan(SETTINGS, world.before(account), organization=seen)
    assert public_access_calls(world, mark) == []
    block = world.client("s3control", account).get_public_access_block(AccountId=account.id)
    assert set(block["PublicAccessBlockConfiguration"].values()) == {True}


def test_account_settings_asks_nothing_where_an_exception_opens_what_cannot_be_changed(world: World) -> None:
    one = excepting(world, "s3PublicAccessBlock", organizational_units=[SITES])
    seen, account = hold(world, declaration=one), world.account(unit=SITES)
    mark = len(world.aws.calls)
    world.apply(SETTINGS, account, declaration=one, organization=seen)
    assert public_access_calls(world, mark) == []
    assert buckets_of(world, account) == "none"


@pytest.mark.parametrize("why", ["not known to hold", "not there yet", "outside of the unit to begin with"])
def test_account_settings_asks_wherever_the_policy_may_not_hold(world: World, why: str) -> None:
    account, given = world.account(), dict[str, Any]()
    if why == "outside of the unit to begin with":
        first = declared(world, from_unit=SITES)
        given = {"declaration": first, "organization": hold(world, declaration=first)}
    elif why == "not known to hold":
        hold(world)
    mark = len(world.aws.calls)
    changes = world.apply(SETTINGS, account, **given)
    made = [each for each in changes if each.resource == "S3 public access block"]
    assert "GetPublicAccessBlock" in public_access_calls(world, mark)
    assert bool(made) == (why != "not known to hold")  # where it holds unknown to us, all four read as on
    block = world.client("s3control", account).get_public_access_block(AccountId=account.id)
    assert set(block["PublicAccessBlockConfiguration"].values()) == {True}


@pytest.mark.parametrize("binds", [True, False])
def test_the_management_account_is_covered_whether_a_policy_binds_it_or_not(
    world: World, monkeypatch: pytest.MonkeyPatch, binds: bool
) -> None:
    monkeypatch.setattr(Organizations, "binds_management", binds)
    control = world.client("s3control", world.management)
    seen = hold(world)
    changes = world.apply(SETTINGS, world.management, organization=seen)
    assert any(each.resource == "S3 public access block" for each in changes) == (not binds)
    block = control.get_public_access_block(AccountId=world.management.id)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    if not binds:
        control.delete_public_access_block(AccountId=world.management.id)


def test_what_is_enforced_binds_the_entry_roles_too(world: World) -> None:
    world.apply(POLICIES, world.management, declaration=declared(world, imds_v2="enforced"))
    ec2 = world.client("ec2", world.members["dev"])
    one = {"ImageId": "ami-12c6146b", "MinCount": 1, "MaxCount": 1}
    assert ec2.run_instances(**one)["Instances"][0]["MetadataOptions"]["HttpTokens"] == "required"
    with pytest.raises(ClientError, match="An EC2 policy of the organization holds this setting"):
        ec2.run_instances(**one, MetadataOptions={"HttpTokens": "optional"})
