"""The declaration of yesterday brings back yesterday: from A to B to A everything is as it was, and what is not is told.

`prune` removes all that it may. A plan tells what apply then does, on each step. (`make prove`: over two hundred
declarations.)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from groundwork.baseline import run
from groundwork.baseline.archive import WRITER, archive
from groundwork.baseline.component import Installation
from groundwork.baseline.components import COMPONENTS
from groundwork.baseline.components.guardrails import SCP
from groundwork.baseline.components.log_archive.buckets import names as archive_buckets
from groundwork.baseline.components.log_archive.buckets import read as read_buckets
from groundwork.baseline.run import ComponentTask, work_inside
from groundwork.contracts import Account, Change, Mode, Organization
from groundwork.declaration import Declaration
from groundwork.declaration.loading import load
from groundwork.errors import AccountNotCovered, ComponentNotSettled
from groundwork.vending.enrolment import remembered
from tests.component.conftest import ENTRY_ROLE, FROM_MANAGEMENT, World

REGIONS = ("us-east-1", "eu-west-1", "eu-central-1")
UNITS = ("Security", "Infrastructure", "Workloads/Development")
FIRST = ("organization", "delegation", "log-archive")
"""Components that the others of their account's execution wait for."""
FUNCTION = "groundwork-function"
WALKS = settings(
    max_examples=100 if settings.get_current_profile_name() == "prove" else 2,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


KNOBS: dict[str, st.SearchStrategy[Any]] = {
    "regions": st.lists(st.sampled_from(REGIONS[1:]), unique=True),
    "units": st.lists(st.sampled_from(["Experiments", "Experiments/Small", "Sandbox"]), unique=True),
    "without": st.sets(st.sampled_from(["trail", "config", "guardrails", "account-settings"]), max_size=2),
    "mode": st.sampled_from(["account", "organization"]),
    "trail": st.sampled_from(["groundwork", "audit"]),
    "aggregator": st.sampled_from(["groundwork", "everyone"]),
    "delivery": st.sampled_from(["One_Hour", "TwentyFour_Hours"]),
    "rails": st.sampled_from(["groundwork-guardrails", "rails"]),
    "where": st.sampled_from([[], ["Security"], ["Workloads", "Security"]]),
    "leaving": st.booleans(),
    "bucket": st.sampled_from(["groundwork-trail-<security>", "trails-<security>"]),
    "archive_after": st.sampled_from([30, 90]),
    "expire_after": st.sampled_from([60, 2557]),
    "alias": st.sampled_from([None, "<name>-<account>", "x-<account>"]),
    "block": st.booleans(),
    "encryption": st.booleans(),
    "minimum": st.sampled_from([14, 20]),
}
"""What an owner may change in the shipped declaration: all but who is who, and where home is."""
Knobs = st.fixed_dictionaries(KNOBS)
WITHOUT_CONFIG = {"delegation", "posture"}
"""What is not declared either where the recorder is not."""


def declared(knobs: dict[str, Any]) -> Declaration:
    shipped = load()
    off = {"access", *knobs["without"], *(WITHOUT_CONFIG if "config" in knobs["without"] else ())}
    passwords = shipped.account_settings.password_policy.model_copy(
        update={"minimum_length": knobs["minimum"]}
    )
    parts: dict[str, dict[str, Any]] = {
        "regions": {"governed": ["us-east-1", *knobs["regions"]]},
        "trail": {"mode": knobs["mode"], "name": knobs["trail"]},
        "config": {"aggregator": knobs["aggregator"], "delivery_frequency": knobs["delivery"]},
        "guardrails": {
            "policy": knobs["rails"],
            "where": knobs["where"],
            "allow_leaving": knobs["leaving"],
        },
        "log_archive": {
            "trail_bucket": knobs["bucket"],
            "archive_after_days": knobs["archive_after"],
            "expire_after_days": knobs["expire_after"],
        },
        "account_settings": {
            "alias": knobs["alias"],
            "replace_alias": True,
            "s3_public_access_block": knobs["block"],
            "ebs_encryption": knobs["encryption"],
            "password_policy": passwords,
        },
    }
    return shipped.model_copy(
        update={
            **{name: getattr(shipped, name).model_copy(update=update) for name, update in parts.items()},
            "organizational_units": [*UNITS, *knobs["units"]],
            "baseline": {
                kind: [name for name in components if name not in off]
                for kind, components in shipped.baseline.items()
            },
            "prune": dict.fromkeys(COMPONENTS, "remove"),
        }
    )


class Walk:
    """The organization on its way from one declaration to the next."""

    def __init__(self, world: World, accounts: dict[str, Account]) -> None:
        self.world = world
        self.accounts = accounts
        self.laid_down: dict[str, list[str]] = {}
        """What the tags of the accounts say."""

    def to(self, declaration: Declaration) -> dict[str, set[str]]:
        """Two roll-outs: the second one does what the first could not yet. What they told, by account."""
        told: dict[str, set[str]] = {name: set() for name in self.accounts}
        for last in (False, True):
            for name, account in self.accounts.items():
                reports = list(self._bring(name, account, declaration, last))
                told[name] |= {change.resource for change in reports}
                if not any(change.taken_out for change in reports):
                    self.laid_down[name] = [declaration.version]
        return told

    def _bring(self, name: str, account: Account, declaration: Declaration, last: bool) -> Iterator[Change]:
        version = declaration.version
        self.laid_down[name] = remembered(version, " ".join(self.laid_down.get(name, []))).split()
        now = account.model_copy(update={"laid_down": self.laid_down[name]})
        declared = declaration.baseline[account.kind]
        behind = now.may_hold_more_than(version)
        mine = [each for each in COMPONENTS if account.kind in COMPONENTS[each].kinds and each != "access"]
        for each in sorted(mine, key=lambda component: (component not in FIRST, component)):
            if each in declared or behind:
                try:
                    yield from self._one(each, now, declaration)
                except (AccountNotCovered, ComponentNotSettled):
                    # Management's trail has another name, or goes elsewhere: the archive, in the security account, comes
                    # first, and whoever an organization trail covers waits for it.
                    if last:
                        raise

    def planned(self, declaration: Declaration) -> list[tuple[str, str]]:
        """What is left to do."""
        return [
            left
            for account in self.accounts.values()
            for name in declaration.baseline[account.kind]
            for left in in_short(self._run("plan", name, account, declaration))
        ]

    def _one(self, name: str, account: Account, declaration: Declaration) -> list[Change]:
        """The reports. The plan tells all that apply then does."""
        planned = self._run("plan", name, account, declaration)
        try:
            done = self._run("apply", name, account, declaration)
        except ComponentNotSettled:
            if name != "log-archive":
                raise
            # Its role is there from now on, and changes the archive: the state machine asks again.
            return [
                each for each in self._run("apply", name, account, declaration) if each.action == "report"
            ]
        assert in_short(done) == in_short(planned)
        return [change for change in done if change.action == "report"]

    def _run(self, mode: Mode, name: str, account: Account, declaration: Declaration) -> list[Change]:
        organization, world = self.organization(declaration), self.world
        if account.kind == "management" or name in FROM_MANAGEMENT:
            do = world.plan if mode == "plan" else world.apply
            return do(COMPONENTS[name], account, declaration=declaration, organization=organization)
        world.work_as(FUNCTION)
        task = ComponentTask(
            component=name, account=account, organization=organization, execution="walk", mode=mode
        )
        installation = Installation(
            archive_writer=world.role_arn(FUNCTION), entering=(world.role_arn(FUNCTION),)
        )
        return work_inside(task, declaration, installation, {}).changes

    def organization(self, declaration: Declaration) -> Organization:
        """With the declared units that are there."""
        units = {path: ids for path, ids in self._units() if path != ""}
        declared = {
            each
            for each in units
            if any(f"{unit}/".startswith(f"{each}/") for unit in declaration.organizational_units)
        }
        return self.world.organization.model_copy(update={"units": {each: units[each] for each in declared}})

    def _units(self, above: str = "", ids: str = "") -> Iterator[tuple[str, str]]:
        organization = self.world.organization
        ids = ids or f"{organization.id}/{organization.root_id}/"
        yield above, ids
        client = self.world.aws.client("organizations")
        for unit in client.list_organizational_units_for_parent(ParentId=ids.split("/")[-2])[
            "OrganizationalUnits"
        ]:
            yield from self._units(f"{above}/{unit['Name']}".lstrip("/"), f"{ids}{unit['Id']}/")

    # -- what is there ------------------------------------------------------------------------------

    def portrait(self, declaration: Declaration) -> dict[tuple[str, str], Any]:
        """All that Groundwork made, by AWS's own answers: by account, and by the name that its changes have for it."""
        found: dict[tuple[str, str], Any] = {}
        for path, _ in self._units():
            found["management", f"organizational unit {path}"] = True
        for name, value in self._policies():
            found["management", f"service control policy {name}"] = value
        for name, account in self.accounts.items():
            found |= {(name, resource): value for resource, value in self._of_account(account, declaration)}
        found |= {("security", resource): value for resource, value in self._of_security(declaration)}
        return found

    def _policies(self) -> Iterator[tuple[str, Any]]:
        client = self.world.aws.client("organizations")
        for each in client.list_policies(Filter=SCP.name)["Policies"]:
            if each.get("Description") == SCP.description:
                content = client.describe_policy(PolicyId=each["Id"])["Policy"]["Content"]
                targets = client.list_targets_for_policy(PolicyId=each["Id"])["Targets"]
                yield each["Name"], (json.loads(content), sorted(target["TargetId"] for target in targets))

    def _of_account(self, account: Account, declaration: Declaration) -> Iterator[tuple[str, Any]]:
        cloudtrail = self.world.client("cloudtrail", account)
        for trail in cloudtrail.describe_trails(includeShadowTrails=True)["trailList"]:
            if account.id in trail["TrailARN"]:
                logging = cloudtrail.get_trail_status(Name=trail["TrailARN"])["IsLogging"]
                yield f"trail {trail['Name']}", (trail, logging)
        for region in REGIONS:
            config = self.world.client("config", account, region)
            recorders = config.describe_configuration_recorders()["ConfigurationRecorders"]
            statuses = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
            channels = config.describe_delivery_channels()["DeliveryChannels"]
            for recorder, status in zip(recorders, statuses, strict=True):
                # Who is told of a recorder is told of its channel: it needs one.
                yield f"recorder {recorder['name']} in {region}", (recorder, status["recording"], channels)
            if channels and not recorders:
                yield f"channel without a recorder in {region}", channels
        for region in declaration.regions.governed:
            ec2 = self.world.client("ec2", account, region)
            yield f"EBS encryption in {region}", ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"]

    def _of_security(self, declaration: Declaration) -> Iterator[tuple[str, Any]]:
        security = self.accounts["security"]
        config, iam = self.world.client("config", security), self.world.client("iam", security)
        for each in config.describe_configuration_aggregators()["ConfigurationAggregators"]:
            yield f"aggregator {each['ConfigurationAggregatorName']}", each["OrganizationAggregationSource"]
        for role in iam.list_roles()["Roles"]:
            if role["RoleName"].startswith("groundwork-"):
                yield f"role {role['RoleName']}", role["AssumeRolePolicyDocument"]
        target = self.world.target(COMPONENTS["log-archive"], security, declaration)
        names = archive_buckets(archive(target))
        s3, home = self.world.client("s3", security), declaration.regions.home
        for bucket, found in read_buckets(s3, names, home)[0].items():
            yield f"bucket {bucket}", without_metadata(found)


@pytest.fixture(scope="module")
def walk(own_world: World) -> Iterator[Walk]:
    enter = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": [f"arn:aws:iam::*:role/{name}" for name in (ENTRY_ROLE, WRITER)],
    }
    own_world.make_role(FUNCTION, json.dumps({"Version": "2012-10-17", "Statement": [enter]}))
    accounts = {"management": own_world.management, "security": own_world.security}
    with (
        pytest.MonkeyPatch.context() as told
    ):  # all of it: an execution leaves out the mildest where there is no room
        told.setattr(run, "LONGEST_RESULT", 10**6)
        told.setattr(run, "ROOM_FOR_RESULTS", 10**8)
        yield Walk(own_world, {**accounts, "dev": own_world.account()})


@WALKS
@given(here=Knobs, there=Knobs)
def test_from_one_declaration_to_another_and_back(
    walk: Walk, here: dict[str, Any], there: dict[str, Any]
) -> None:
    first = declared(here)
    walk.to(first)
    before = walk.portrait(first)
    walk.to(declared(there))
    told = walk.to(first)
    assert walk.planned(first) == []
    after = walk.portrait(first)
    untold = [key for key in {**before, **after} if not was_told(key, told)]
    assert {key: after.get(key) for key in untold} == {key: before.get(key) for key in untold}


def without_metadata(answer: Any) -> Any:
    """Of the call, which is another one each time."""
    if not isinstance(answer, dict):
        return answer
    return {name: without_metadata(part) for name, part in answer.items() if name != "ResponseMetadata"}


def in_short(changes: Iterable[Change]) -> list[tuple[str, str]]:
    return sorted((change.resource, change.action) for change in changes if change.action != "report")


def was_told(key: tuple[str, str], told: Mapping[str, Iterable[str]]) -> bool:
    account, resource = key
    return resource in told[account] or "component account-settings" in told[account]
