"""The organization as it is now: a tree of it, and what its accounts hold, both read from AWS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError
from rich import box
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from demo.people import entered
from groundwork.contracts import Account, Kind
from groundwork.declaration import Declaration, ancestors
from local.credentials import Credentials
from local.engine import Engine

KIND_TAG, STATE_TAG = "groundwork:kind", "groundwork:state"
KINDS: dict[str, Kind] = {
    "management": "management",
    "security": "security",
    "tooling": "tooling",
    "workload": "workload",
}


class Organization:
    """Reads the organization as its management account's administrator."""

    def __init__(self, aws: Engine, declaration: Declaration) -> None:
        self._aws, self._declaration = aws, declaration
        self._organizations = aws.client("organizations")

    def accounts(self) -> list[Account]:
        """The management account first, the others unit by unit."""
        root = self._organizations.list_roots()["Roots"][0]["Id"]
        return list(self._below(root, ""))

    def account(self, name: str) -> Account:
        return next(account for account in self.accounts() if account.name == name)

    def _below(self, parent: str, path: str) -> Iterator[Account]:
        for each in self._pages("list_accounts_for_parent", "Accounts", ParentId=parent):
            tags = self._tags(each["Id"])
            management = each["Id"] == self._aws.management_account
            kind = "management" if management else tags.get(KIND_TAG, "workload")
            yield Account(
                id=each["Id"],
                name="management" if management else each["Name"],
                email=each["Email"],
                kind=KINDS[kind],
                unit=path,
            )
        for unit in self._pages(
            "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=parent
        ):
            yield from self._below(unit["Id"], f"{path}/{unit['Name']}".lstrip("/"))

    def state(self, account: Account) -> str:
        """As Groundwork's tag says: ready, or what else."""
        return self._tags(account.id).get(STATE_TAG, "untouched")

    def _tags(self, account: str) -> dict[str, str]:
        return {
            tag["Key"]: tag["Value"]
            for tag in self._pages("list_tags_for_resource", "Tags", ResourceId=account)
        }

    def _pages(self, operation: str, key: str, **parameters: str) -> list[Any]:
        pages = self._organizations.get_paginator(operation).paginate(**parameters)
        return [item for page in pages for item in page[key]]

    def facts(self, account: Account) -> list[str]:
        """What an account holds, one line each, read inside it."""
        inside = entered(self._aws, account, self._declaration)
        return list(Inside(self._aws, inside, account).facts())


def tree(organization: Organization, accounts: Sequence[Account]) -> Tree:
    """Units and their accounts."""
    root = Tree("[bold]organization[/]", guide_style="bright_black")
    branches = {"": root}
    for account in accounts:
        for path in ancestors(account.unit) if account.unit else ():
            if path not in branches:
                above, _, name = path.rpartition("/")
                branches[path] = branches[above].add(Text(name, style="cyan"))
        state = organization.state(account)
        branches[account.unit].add(
            Text.assemble(
                (account.name, "bold"),
                f"  {account.id}  {account.email}  ",
                (f"{account.kind}, {state}", "green" if state == "ready" else "yellow"),
            )
        )
    return root


def holdings(facts: dict[str, list[str]]) -> Table:
    """What each account holds: a row for each fact, a column for each account."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True)
    for name in facts:
        table.add_column(name, justify="center")
    for fact in sorted({fact: None for held in facts.values() for fact in held}, key=_order):
        here = [
            Text("●", style="green") if fact in held else Text("·", style="bright_black")
            for held in facts.values()
        ]
        table.add_row(fact, *here)
    return table


def _order(fact: str) -> int:
    """Facts stay in the order of discovery within their first word."""
    words = ("role", "group", "trail", "Config", "password", "account", "EBS", "S3", "bucket", "policy")
    return words.index(fact.split(maxsplit=1)[0])


class Inside:
    """One account, read with a session in it."""

    def __init__(self, aws: Engine, session: Credentials, account: Account) -> None:
        self._aws, self._session, self._account = aws, session, account

    def facts(self) -> Iterator[str]:
        yield from self._roles_and_groups()
        yield from self._trails()
        yield from self._config()
        yield from self._settings()
        yield from self._buckets()

    def _client(self, service: str) -> Any:
        return self._aws.client(service, credentials=self._session)

    def _roles_and_groups(self) -> Iterator[str]:
        iam = self._client("iam")
        for page in iam.get_paginator("list_roles").paginate():
            for role in page["Roles"]:
                if not role["RoleName"].startswith("groundwork-"):  # of the stack itself
                    yield f"role {role['RoleName']}"
        for group in iam.list_groups()["Groups"]:
            yield f"group {group['GroupName']}"

    def _trails(self) -> Iterator[str]:
        cloudtrail = self._client("cloudtrail")
        for trail in cloudtrail.describe_trails()["trailList"]:
            logging = cloudtrail.get_trail_status(Name=trail["TrailARN"])["IsLogging"]
            how = [
                *(["all Regions"] if trail.get("IsMultiRegionTrail") else []),
                *(["validated"] if trail.get("LogFileValidationEnabled") else []),
                *(["encrypted"] if trail.get("KmsKeyId") else []),
                "logging" if logging else "NOT LOGGING",
            ]
            yield f"trail {trail['Name']}: {', '.join(how)}"
            yield f"trail delivers to {trail['S3BucketName']}"

    def _config(self) -> Iterator[str]:
        config = self._client("config")
        for status in config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]:
            yield f"Config recorder {status['name']}: {'recording' if status['recording'] else 'STOPPED'}"
        for channel in config.describe_delivery_channels()["DeliveryChannels"]:
            yield f"Config delivers to {channel['s3BucketName']}"
        for each in config.describe_configuration_aggregators()["ConfigurationAggregators"]:
            yield f"Config aggregator {each['ConfigurationAggregatorName']} of the organization"

    def _settings(self) -> Iterator[str]:
        iam = self._client("iam")
        policy = _or_none(lambda: iam.get_account_password_policy()["PasswordPolicy"])
        if policy:
            yield f"password policy: {policy['MinimumPasswordLength']} characters, {policy.get('MaxPasswordAge')} days"
        for alias in iam.list_account_aliases()["AccountAliases"]:
            yield f"account alias {alias.replace(self._account.id, '<account>').replace(self._account.name, '<name>')}"
        if self._client("ec2").get_ebs_encryption_by_default()["EbsEncryptionByDefault"]:
            yield "EBS encrypted by default"
        s3control = self._client("s3control")
        block = _or_none(lambda: s3control.get_public_access_block(AccountId=self._account.id))
        if block and all(block["PublicAccessBlockConfiguration"].values()):
            yield "S3 public access blocked"

    def _buckets(self) -> Iterator[str]:
        for bucket in self._client("s3").list_buckets()["Buckets"]:
            yield f"bucket {bucket['Name']}"


def _or_none(read: Any) -> Any:
    """What is there, None where AWS answers that nothing is."""
    try:
        return read()
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchEntity", "NoSuchPublicAccessBlockConfiguration"):
            return None
        raise
