"""What was laid down in the accounts, read inside each of them: nothing here is taken from the declaration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError
from rich.table import Table
from rich.text import Text

from groundwork.contracts import Account
from local.engine import Engine
from local.identity.credentials import Credentials

ORDER = (
    *("role", "group", "trail", "Config", "bucket", "password", "account", "EBS", "S3", "EC2", "VPC"),
    *("GuardDuty", "Security", "Access"),
)
"""First words of the facts, as they are shown."""

NOT_THERE = ("NoSuchEntity", "NoSuchPublicAccessBlockConfiguration", "InvalidAccessException")
"""The last one is Security Hub's, where it is not on."""

STANDARDS = {"aws-foundational-security-best-practices": "FSBP", "cis-aws-foundations-benchmark": "CIS"}

IN_EVERY_ACCOUNT = frozenset(
    ("AWSServiceRoleForOrganizations", "AWSServiceRoleForSupport", "AWSServiceRoleForTrustedAdvisor")
)
"""Roles that AWS makes by itself."""


def holdings(facts: Mapping[str, Sequence[str]]) -> Table:
    """What each account holds: a row for each fact, a column for each account."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True)
    for name in facts:
        table.add_column(name, justify="center", no_wrap=True)
    rows = {fact: None for held in facts.values() for fact in held}
    for fact in sorted(rows, key=lambda fact: (ORDER.index(fact.split(maxsplit=1)[0]), fact)):
        table.add_row(fact, *[_mark(fact in held) for held in facts.values()])
    return table


def _mark(here: bool) -> Text:
    return Text("●", style="green") if here else Text("·", style="bright_black")


def facts_of(aws: Engine, account: Account, session: Credentials) -> list[str]:
    """What an account holds, one line each."""
    return list(_Inside(aws, account, session).facts())


class _Inside:
    """One account, read with a session in it."""

    def __init__(self, aws: Engine, account: Account, session: Credentials) -> None:
        self._aws, self._session, self._account = aws, session, account

    def facts(self) -> Iterator[str]:
        yield from self._watched()  # first, as these services make themselves roles
        yield from self._roles_and_groups()
        yield from self._trails()
        yield from self._config()
        yield from self._settings()
        yield from self._buckets()
        yield from self._held_by_the_organization()

    def _client(self, service: str) -> Any:
        return self._aws.client(service, credentials=self._session)

    def _roles_and_groups(self) -> Iterator[str]:
        iam = self._client("iam")
        for page in iam.get_paginator("list_roles").paginate():
            for role in page["Roles"]:
                if not self._is_of_the_stack(role["RoleName"]) and role["RoleName"] not in IN_EVERY_ACCOUNT:
                    yield f"role {role['RoleName']}"
        for group in iam.list_groups()["Groups"]:
            yield f"group {group['GroupName']}"

    def _trails(self) -> Iterator[str]:
        cloudtrail = self._client("cloudtrail")
        for trail in cloudtrail.describe_trails()["trailList"]:
            logging = cloudtrail.get_trail_status(Name=trail["TrailARN"])["IsLogging"]
            how = [
                "logging" if logging else "NOT LOGGING",
                *(["multi-Region"] if trail.get("IsMultiRegionTrail") else []),
                *(["validated"] if trail.get("LogFileValidationEnabled") else []),
                *(["encrypted"] if trail.get("KmsKeyId") else []),
            ]
            yield f"trail {trail['Name']} {', '.join(how)}"
            yield f"trail delivers to {trail['S3BucketName']}"

    def _config(self) -> Iterator[str]:
        config = self._client("config")
        for status in config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]:
            yield f"Config recorder {status['name']} {'recording' if status['recording'] else 'STOPPED'}"
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
            if not self._is_of_the_stack(bucket["Name"]):
                yield f"bucket {bucket['Name']}"

    def _held_by_the_organization(self) -> Iterator[str]:
        ec2 = self._client("ec2")
        if ec2.get_snapshot_block_public_access_state()["State"] == "block-all-sharing":
            yield "EC2 snapshots cannot be public"
        if ec2.get_image_block_public_access_state()["ImageBlockPublicAccessState"] == "block-new-sharing":
            yield "EC2 images cannot be public"
        if ec2.get_instance_metadata_defaults()["AccountLevel"].get("HttpTokens") == "required":
            yield "EC2 instances with IMDSv2"
        if not ec2.get_serial_console_access_status()["SerialConsoleAccessEnabled"]:
            yield "EC2 serial console off"
        if not ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]:
            yield "VPC by default: none"

    def _watched(self) -> Iterator[str]:
        guardduty, security_hub = self._client("guardduty"), self._client("securityhub")
        for detector in guardduty.list_detectors()["DetectorIds"]:
            if guardduty.get_detector(DetectorId=detector)["Status"] == "ENABLED":
                yield "GuardDuty on"
        standards = _or_none(lambda: security_hub.get_enabled_standards()["StandardsSubscriptions"])
        for each in standards or ():
            name, _, version = each["StandardsArn"].rpartition("standards/")[2].partition("/v/")
            yield f"Security Hub checks {STANDARDS.get(name, name)} {version}"
        for each in self._client("accessanalyzer").list_analyzers()["analyzers"]:
            yield f"Access Analyzer {each['name']}"

    def _is_of_the_stack(self, name: str) -> bool:
        """Whether something came with Groundwork's own stack, which is in the management account."""
        return self._account.kind == "management" and name.startswith("groundwork-")


def _or_none(read: Any) -> Any:
    """What is there, None where AWS answers that nothing is."""
    try:
        return read()
    except ClientError as error:
        if error.response["Error"]["Code"] in NOT_THERE:
            return None
        raise
