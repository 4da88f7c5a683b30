"""`python -m checks.live`: what only AWS can show, looked up where the environment's credentials and AWS_ENDPOINT_URL lead.

Whoever runs it is an administrator of the management account. It reads, and enters the accounts by their entry role to
read there; it changes nothing. What takes a person, or a write, stands in docs/first-day.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from groundwork.baseline.archive import WRITER
from groundwork.baseline.components.guardrails.document import policy_names
from groundwork.declaration import Declaration
from groundwork.declaration.loading import load

STACK = "groundwork"
MACHINES = ("groundwork-vend-account", "groundwork-roll-out")
SCP = "SERVICE_CONTROL_POLICY"
Clients = Callable[[str, str, Mapping[str, str]], Any]
"""Makes a client of a service in a Region, with the credentials of an answer of AssumeRole, or one's own."""


@dataclass(frozen=True)
class Found:
    """One line of the table."""

    check: str
    found: str
    expected: str
    holds: bool


class Live:
    """AWS as the administrator of the management account sees it."""

    def __init__(self, clients: Clients, declaration: Declaration) -> None:
        self.declaration, self._clients = declaration, clients
        self.home = declaration.regions.home
        self.entered = cache(self._enter)

    def client(self, service: str, region: str | None = None) -> Any:
        return self._clients(service, region or self.home, {})

    def inside(self, service: str, account: str, region: str | None = None) -> Any:
        return self._clients(service, region or self.home, self.entered(account))

    @cached_property
    def organization(self) -> Any:
        return self.client("organizations").describe_organization()["Organization"]

    @cached_property
    def root(self) -> Any:
        return self.client("organizations").list_roots()["Roots"][0]

    @cached_property
    def accounts(self) -> Mapping[str, str]:
        """The ids of accounts that are ready, by their names; the management account's is management."""
        organizations, ready = self.client("organizations"), {}
        for page in organizations.get_paginator("list_accounts").paginate():
            for account in page["Accounts"]:
                management = account["Id"] == self.organization["MasterAccountId"]
                if self.state(account["Id"]) == "ready":
                    ready["management" if management else account["Name"]] = account["Id"]
        return ready

    @property
    def security(self) -> str:
        return self.accounts[self.declaration.security.name]

    @cached_property
    def state(self) -> Callable[[str], str]:
        """What the tag of an account says."""
        organizations = self.client("organizations")

        def look(account: str) -> str:
            tags = organizations.list_tags_for_resource(ResourceId=account)["Tags"]
            return next((str(tag["Value"]) for tag in tags if tag["Key"] == "groundwork:state"), "none")

        return cache(look)

    def _enter(self, account: str) -> Mapping[str, str]:
        if account == self.organization["MasterAccountId"]:
            return {}
        refused: ClientError | None = None
        for role in self.declaration.entry_role_names:
            try:
                arn = f"{self.organization['Arn'].split(':organizations')[0]}:iam::{account}:role/{role}"
                given = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="groundwork-live")
            except ClientError as error:
                refused = error
            else:
                session: Mapping[str, str] = given["Credentials"]
                return session
        raise refused or LookupError(f"no entry role is declared for {account}")


# -- checks -------------------------------------------------------------------------------------------


def caller(live: Live) -> Iterator[Found]:
    mine, owner = live.client("sts").get_caller_identity()["Account"], live.organization["MasterAccountId"]
    yield Found("Whose credentials these are", mine, f"{owner}, the management account's", mine == owner)


def organization(live: Live) -> Iterator[Found]:
    features = live.organization["FeatureSet"]
    yield Found("Features of the organization", features, "ALL", features == "ALL")
    types = {each["Type"]: each["Status"] for each in live.root["PolicyTypes"]}
    found = types.get(SCP, "not enabled")
    yield Found("Service control policies", found, "ENABLED", found == "ENABLED")


def stack(live: Live) -> Iterator[Found]:
    found = live.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    status, complete = found["StackStatus"], ("CREATE_COMPLETE", "UPDATE_COMPLETE")
    yield Found(f"The stack {STACK} in {live.home}", status, " or ".join(complete), status in complete)
    machines = live.client("stepfunctions").get_paginator("list_state_machines").paginate()
    there = {machine["name"] for page in machines for machine in page["stateMachines"]}
    for name in MACHINES:
        yield Found(
            f"AWS took the state machine {name}",
            "there" if name in there else "not there",
            "there",
            name in there,
        )


def foundations(live: Live) -> Iterator[Found]:
    listed = live.client("organizations").get_paginator("list_accounts").paginate()
    ids = {account["Name"]: account["Id"] for page in listed for account in page["Accounts"]}
    ids["management"] = live.organization["MasterAccountId"]
    for name in ("management", live.declaration.security.name):
        state = live.state(ids[name]) if name in ids else "no such account"
        yield Found(f"groundwork:state of {name}", state, "ready", state == "ready")


def guard_rails(live: Live) -> Iterator[Found]:
    listed = live.client("organizations").list_policies_for_target(TargetId=live.root["Id"], Filter=SCP)[
        "Policies"
    ]
    names, wanted = [policy["Name"] for policy in listed], [*policy_names(live.declaration).values()]
    yield Found("Policies on the root", ", ".join(names), ", ".join(wanted), {*wanted} <= {*names})


def trails(live: Live) -> Iterator[Found]:
    """CloudTrail delivers logs within some minutes and digests within some hours: then the archive's policies work."""
    everywhere = live.declaration.trail.mode == "account"
    for account, account_id in live.accounts.items():
        if everywhere or account == "management":
            yield from asked(f"Trail of {account}", partial(_trail, live, account, account_id))


def _trail(live: Live, account: str, account_id: str) -> Iterator[Found]:
    name, errors = live.declaration.trail.name, ("LatestDeliveryError", "LatestDigestDeliveryError")
    status = live.inside("cloudtrail", account_id).get_trail_status(Name=name)
    wrong = [f"{key}: {status[key]}" for key in errors if status.get(key)]
    if not status.get("IsLogging"):
        wrong.append("is not logging")
    if not status.get("LatestDeliveryTime"):
        wrong.append("nothing delivered yet")
    digest = status.get("LatestDigestDeliveryTime", "not yet")
    found = "; ".join(wrong) or f"delivered {status['LatestDeliveryTime']}, digest {digest}"
    yield Found(f"Trail {name} of {account}", found, "logging, delivered", not wrong)


def recorders(live: Live) -> Iterator[Found]:
    for account, account_id in live.accounts.items():
        for region in live.declaration.regions.governed:
            what = f"Config of {account} in {region}"
            yield from asked(what, partial(_recorder, live, account_id, region, what))


def _recorder(live: Live, account_id: str, region: str, what: str) -> Iterator[Found]:
    config = live.inside("config", account_id, region)
    recorders = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
    recording = bool(recorders) and all(each["recording"] for each in recorders)
    channels = config.describe_delivery_channel_status()["DeliveryChannelsStatus"]
    said = [_delivered(channel) for channel in channels] or ["no channel"]
    found = ", ".join(["recording" if recording else "not recording", *said])
    yield Found(what, found, "recording, SUCCESS", recording and set(said) == {"SUCCESS"})


def _delivered(channel: Mapping[str, Any]) -> str:
    """What a channel says of its deliveries: of history and snapshots, of which each is made when it is due."""
    parts = [channel.get(part, {}) for part in ("configHistoryDeliveryInfo", "configSnapshotDeliveryInfo")]
    parts.append(channel.get("configStreamDeliveryInfo", {}))
    failed = [
        f"{part['lastStatus']} {part.get('lastErrorCode', '')}"
        for part in parts
        if part.get("lastStatus") == "FAILURE"
    ]
    if failed:
        return failed[0].strip()
    return (
        "SUCCESS" if any(part.get("lastStatus") == "SUCCESS" for part in parts) else "nothing delivered yet"
    )


def archive(live: Live) -> Iterator[Found]:
    names, security = live.declaration.log_archive, live.security
    bucket, s3 = names.trail_bucket.replace("<security>", security), live.inside("s3", security)
    if names.object_lock:
        lock = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
        kept = lock.get("Rule", {}).get("DefaultRetention", {})
        found = f"{kept.get('Mode', 'no lock')}, {kept.get('Days', 0)} days"
        wanted = f"{names.object_lock.mode.upper()}, {names.object_lock.days} days"
        yield Found(f"Object Lock of {bucket}", found, wanted, found == wanted)
    for each in (bucket, names.config_bucket.replace("<security>", security)):
        keys = s3.list_objects_v2(Bucket=each, MaxKeys=1).get("KeyCount", 0)
        yield Found(f"Deliveries in {each}", "some" if keys else "none", "some", keys > 0)
    key = live.inside("kms", security).describe_key(KeyId=names.key_alias)["KeyMetadata"]
    yield Found(f"Key {names.key_alias}", key["KeyState"], "Enabled", key["KeyState"] == "Enabled")
    trust = live.inside("iam", security).get_role(RoleName=WRITER)["Role"]["AssumeRolePolicyDocument"]
    who = [str(statement.get("Condition", "anyone")) for statement in trust["Statement"]]
    holds = len(who) == 1 and f"role/{STACK}-ApplyComponentFunctionRol-" in who[0]
    yield Found(f"Who takes {WRITER}", "; ".join(who), "the role of ApplyComponent alone", holds)


def aggregator(live: Live) -> Iterator[Found]:
    config, wanted = live.inside("config", live.security), live.declaration.config.aggregator
    pages = config.get_paginator("describe_configuration_aggregators").paginate()
    names = [
        each["ConfigurationAggregatorName"] for page in pages for each in page["ConfigurationAggregators"]
    ]
    yield Found("Config's aggregator", ", ".join(names) or "none", wanted, wanted in names)


CHECKS: Sequence[Callable[[Live], Iterator[Found]]] = (
    caller, organization, stack, foundations, guard_rails, trails, recorders, archive, aggregator,
)  # fmt: skip


def asked(what: str, check: Callable[[], Iterator[Found]]) -> Iterator[Found]:
    """What a check finds; where AWS refuses, or something is missing, that."""
    try:
        yield from check()
    except (ClientError, BotoCoreError, LookupError) as refused:
        yield Found(what, f"{type(refused).__name__}: {refused}", "an answer", False)


def look(live: Live) -> list[Found]:
    return [found for check in CHECKS for found in asked(check.__name__, partial(check, live))]


def table(found: Sequence[Found]) -> Table:
    made = Table(title="What AWS shows", expand=True)
    for name in ("Check", "Found", "Expected", "Verdict"):
        made.add_column(name, overflow="fold")
    for each in found:
        verdict = "[green]holds[/]" if each.holds else "[red]does not hold[/]"
        made.add_row(escape(each.check), escape(each.found), escape(each.expected), verdict)
    return made


def _clients(service: str, region: str, session: Mapping[str, str]) -> Any:
    given = {
        "aws_access_key_id": session.get("AccessKeyId"),
        "aws_secret_access_key": session.get("SecretAccessKey"),
        "aws_session_token": session.get("SessionToken"),
    }
    return boto3.client(service, region_name=region, **given)  # type: ignore[call-overload]


def main() -> int:
    found = look(Live(_clients, load()))
    Console(highlight=False).print(table(found))
    return 0 if all(each.holds for each in found) else 1


if __name__ == "__main__":
    sys.exit(main())
