"""The owner's own policies of the organization, in the whole product: from files of the declaration to what binds accounts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from groundwork.baseline.components import COMPONENTS
from groundwork.declaration.loading import all_mistakes
from tests.workflow.conftest import (
    APPLYING,
    TIME_SCALE,
    Cloud,
    Slot,
    bootstrapped,
    deployed,
    groundwork_of_ones_own,
)

UNIT, CHILD = "Workloads", "Workloads/Development"
NO_QUEUES = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "NoQueues", "Effect": "Deny", "Action": "sqs:*", "Resource": "*"}],
}
COST_CENTER = {"tags": {"costcenter": {"tag_key": {"@@assign": "CostCenter"}}}}
FILES: Mapping[str, Any] = {"no-queues": NO_QUEUES, "cost-center": COST_CENTER}
DECLARED: list[Mapping[str, Any]] = [
    {"name": "no-queues", "type": "service-control", "where": [UNIT]},
    {"name": "cost-center", "type": "tag"},
]
LOCKS_OUT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "iam:CreateRole", "Resource": "*"}],
}


def declaring(folder: Path, *own: Mapping[str, Any], **files: Any) -> Path:
    """The template of a Groundwork that declares these."""
    template = groundwork_of_ones_own(folder)
    home = folder / "layers" / "baseline"
    raw = yaml.safe_load((home / "baseline.yaml").read_text())
    raw["baseline"]["management"] = [*raw["baseline"]["management"], "own-policies"]
    (home / "baseline.yaml").write_text(yaml.safe_dump({**raw, "ownPolicies": [*own]}))
    (home / "policies" / "organization").mkdir()
    for name, document in {**FILES, **files}.items():
        (home / "policies" / "organization" / f"{name}.json").write_text(json.dumps(document))
    return template


@dataclass
class World:
    cloud: Cloud
    folder: Path
    dev: str

    def start(self, **given: Any) -> Mapping[str, Any]:
        """The management account's own run; what it says."""
        ended = self.cloud.start(accountId=self.cloud.aws.management_account, **given)
        assert ended.status == "SUCCEEDED", ended
        return ended.output

    def declare(self, name: str, *own: Mapping[str, Any], **files: Any) -> None:
        """Deployed, and brought to by itself."""
        template = declaring(self.folder / name, *own, **files)
        self.cloud.outputs.update(self.cloud.aws.deploy(template, parameters=APPLYING))
        self.cloud.all_ended()

    def held(self) -> dict[str, tuple[Any, dict[str, str], list[str]]]:
        """What each of the owner's policies says, its tags, and where it hangs."""
        client, found = self.cloud.aws.client("organizations"), {}
        for policy_type in ("SERVICE_CONTROL_POLICY", "TAG_POLICY"):
            for each in client.list_policies(Filter=policy_type)["Policies"]:
                if each["Name"] in FILES:
                    content = client.describe_policy(PolicyId=each["Id"])["Policy"]["Content"]
                    tags = client.list_tags_for_resource(ResourceId=each["Id"])["Tags"]
                    places = client.list_targets_for_policy(PolicyId=each["Id"])["Targets"]
                    found[each["Name"]] = (
                        json.loads(content),
                        {tag["Key"]: tag["Value"] for tag in tags},
                        [place["Name"] for place in places],
                    )
        return found

    def id_of(self, name: str, policy_type: str) -> str:
        listed = self.cloud.aws.client("organizations").list_policies(Filter=policy_type)["Policies"]
        return next(str(each["Id"]) for each in listed if each["Name"] == name)


@pytest.fixture(scope="module")
def world(slot: Slot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("declared")
    cloud = bootstrapped(deployed(slot.own(time_scale=TIME_SCALE), declaring(folder / "first", *DECLARED)))
    cloud.aws.client("events").disable_rule(Name=cloud.physical("DiscoverAccountsRule"))
    cloud.declared("security")
    name, email = cloud.fresh()
    dev = cloud.ask(accountName=name, email=email, organizationalUnit=CHILD)
    cloud.all_ended()
    yield World(cloud, folder, str(dev.output["accountId"]))
    slot.close()


def in_words(output: Mapping[str, Any]) -> set[str]:
    return {f"{each['action']} {each['resource']}: {each['reason']}" for each in output["changes"]}


AS_DECLARED = {
    "no-queues": (NO_QUEUES, {"managed-by": "groundwork"}, [UNIT]),
    "cost-center": (COST_CENTER, {"managed-by": "groundwork"}, ["Root"]),
}


def test_deployment_attaches_them_and_accounts_are_bound(world: World) -> None:
    assert world.held() == AS_DECLARED
    with pytest.raises(ClientError, match="explicit deny in a service control policy"):
        world.cloud.inside("sqs", world.dev).list_queues()
    world.cloud.inside("sns", world.dev).list_topics()
    world.cloud.inside("sqs", world.cloud.declared("security")).list_queues()
    assert world.start()["outcome"] == "unchanged"


def test_what_somebody_changes_is_told_and_put_right(world: World) -> None:
    organizations = world.cloud.aws.client("organizations")
    queues = world.id_of("no-queues", "SERVICE_CONTROL_POLICY")
    (place,) = organizations.list_targets_for_policy(PolicyId=queues)["Targets"]
    organizations.detach_policy(PolicyId=queues, TargetId=place["TargetId"])
    weak = {"tags": {"costcenter": {"tag_key": {"@@assign": "costcenter"}}}}
    organizations.update_policy(PolicyId=world.id_of("cost-center", "TAG_POLICY"), Content=json.dumps(weak))
    planned = world.start(mode="plan")
    named = {"service control policy no-queues", "tag policy cost-center"}
    assert {each["resource"] for each in planned["changes"]} == named
    assert world.held() != AS_DECLARED
    mended = world.start()
    assert (mended["outcome"], in_words(mended)) == ("repaired", in_words(planned))
    assert world.held() == AS_DECLARED
    assert world.start()["outcome"] == "unchanged"


def test_what_would_lock_groundwork_out_is_refused_and_nothing_changes(world: World) -> None:
    """A build says so; whoever deploys it all the same has functions that do nothing."""
    entry = {"name": "locks-out", "type": "service-control", "where": [UNIT]}
    folder = world.folder / "refused"
    template = declaring(folder, *DECLARED, entry, **{"locks-out": LOCKS_OUT})
    (told,) = all_mistakes(folder / "layers" / "baseline", COMPONENTS)
    assert told.startswith("policies/organization/locks-out.json: denies iam:CreateRole to ")
    assert 'spare whom Groundwork works as: "Condition": ' in told
    mark = len(world.cloud.aws.calls)
    world.cloud.aws.deploy(template, parameters=APPLYING)
    world.cloud.all_ended()
    failed = world.cloud.start(accountId=world.cloud.aws.management_account)
    assert (failed.status, failed.error) == ("FAILED", "InvalidDeclaration")
    assert told.partition(":")[0] in failed.cause
    written = [
        each for each in world.cloud.aws.calls[mark:] if each.service == "organizations" and each.mutating
    ]
    assert [each.operation for each in written] == []
    assert world.held() == AS_DECLARED
    shutil.rmtree(folder)


def test_what_is_declared_no_longer_is_told_and_taken_off_by_hand(world: World) -> None:
    """Groundwork takes no policy off: docs/decisions/0028."""
    world.declare("fewer", DECLARED[0])
    (told,) = [each for each in world.start()["reports"] if each["component"] == "own-policies"]
    assert told["resource"] == "tag policy cost-center"
    assert "detach and delete it by hand, or declare it again" in told["reason"]
    assert world.held() == AS_DECLARED
    organizations, policy = world.cloud.aws.client("organizations"), world.id_of("cost-center", "TAG_POLICY")
    for place in organizations.list_targets_for_policy(PolicyId=policy)["Targets"]:
        organizations.detach_policy(PolicyId=policy, TargetId=place["TargetId"])
    organizations.delete_policy(PolicyId=policy)
    assert not [each for each in world.start().get("reports", []) if each["component"] == "own-policies"]
    assert world.held() == {"no-queues": AS_DECLARED["no-queues"]}
