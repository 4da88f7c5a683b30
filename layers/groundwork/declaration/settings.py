"""The part of the declaration that says how each component is set."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from groundwork.contracts import Kind, Model
from groundwork.declaration.fields import MANAGED_BY as MANAGED_BY  # noqa: PLC0414 - it is told apart from a stray import
from groundwork.declaration.fields import (
    AggregatorName,
    BucketName,
    ConfigName,
    DisplayName,
    KeyAlias,
    Name,
    Region,
    TrailName,
)
from groundwork.fields import AccountId, UnitPath

RECORD_IAM = frozenset(
    [
        "af-south-1",
        "ap-east-1",
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-3",
        "ca-central-1",
        "cn-north-1",
        "cn-northwest-1",
        "eu-central-1",
        "eu-north-1",
        "eu-south-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "me-south-1",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-gov-east-1",
        "us-gov-west-1",
        "us-west-1",
        "us-west-2",
    ]
)
"""The Regions in which AWS Config records users, groups, roles and policies of IAM: those where it was before February
2022. No Region comes to them any more.

https://docs.aws.amazon.com/config/latest/developerguide/select-resources.html#select-resources-all
"""


RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""


class Regions(Model):
    """`home` holds the trail and, where it can, Config's global resource types; `governed` are the Regions kept at the
    baseline."""

    home: Region = "us-east-1"
    governed: list[Region] = Field(default_factory=lambda: ["us-east-1"], min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> Regions:
        if twice := sorted({name for name in self.governed if self.governed.count(name) > 1}):
            raise ValueError(f"governed names {twice[0]!r} twice; remove one of them")
        return self

    @model_validator(mode="after")
    def _home_is_governed(self) -> Regions:
        if self.home not in self.governed:
            raise ValueError(f"home {self.home!r} is not among the governed Regions; add it to governed")
        return self

    @property
    def of_global_types(self) -> str | None:
        """The one Region in which Config records what is IAM's: home, or else the first that can."""
        return next((name for name in (self.home, *self.governed) if name in RECORD_IAM), None)


class ObjectLock(Model):
    """For so long nobody deletes or overwrites a version. `compliance`: not even the root user, nor AWS, and neither
    mode nor days can be lessened for what is there. `governance`: but for who may bypass it, which the guard rails deny.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
    """

    mode: Literal["governance", "compliance"] = "governance"
    days: int = Field(default=365, ge=1, le=36500)


class LogArchive(Model):
    """The buckets and the key of the security account that every account's logs go to."""

    trail_bucket: BucketName = Field(
        default="groundwork-trail-<security>", description="<security> is the security account's id"
    )
    config_bucket: BucketName = "groundwork-config-<security>"
    access_logs_bucket: BucketName = "groundwork-access-logs-<security>"
    templates_bucket: BucketName = Field(
        default="groundwork-templates-<security>",
        description="Made where stacks have a template of more than 51,200 bytes; without dots",
    )
    key_alias: KeyAlias = "alias/groundwork-logs"
    archive_after_days: int = Field(default=90, ge=1, description="To Glacier Instant Retrieval")
    expire_after_days: int = Field(default=2557, ge=1)
    access_logs_expire_after_days: int = Field(default=365, ge=1)
    object_lock: ObjectLock | None = Field(
        default_factory=ObjectLock,
        description="Of the trail's bucket; null for none. AWS Config delivers to no bucket that has it",
    )
    admit: Literal["organization"] | list[AccountId] = Field(
        default="organization",
        description="Who may deliver logs: the organization, or only the listed accounts, some 150 at most",
    )

    @model_validator(mode="after")
    def _expires_after_the_lock(self) -> LogArchive:
        if self.object_lock and self.object_lock.days > self.expire_after_days:
            raise ValueError(
                f"objectLock.days {self.object_lock.days} is more than expireAfterDays {self.expire_after_days}; S3 "
                "expires nothing that is locked: give fewer days"
            )
        return self

    @model_validator(mode="after")
    def _each_has_a_bucket(self) -> LogArchive:
        buckets = (self.trail_bucket, self.config_bucket, self.access_logs_bucket, self.templates_bucket)
        if len(set(buckets)) < len(buckets):
            raise ValueError(
                f"trailBucket {self.trail_bucket!r}, configBucket {self.config_bucket!r}, accessLogsBucket "
                f"{self.access_logs_bucket!r} and templatesBucket {self.templates_bucket!r} must differ; give each a bucket of "
                "its own"
            )
        return self

    @model_validator(mode="after")
    def _templates_are_read_over_tls(self) -> LogArchive:
        """https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html"""
        if "." in self.templates_bucket:
            raise ValueError(
                f"templatesBucket {self.templates_bucket!r} has a dot, and S3's certificate is for names without; take it out"
            )
        return self


class CloudWatchLogs(Model):
    """A copy of the trail's events in CloudWatch Logs, for alarms: the archive keeps them for as long as it says."""

    retention_days: RetentionDays = 365


class DataEvents(Model):
    """What is done with the contents of resources, besides what is done with the resources."""

    s3: Literal["write", "all"] | None = Field(
        default=None,
        description="Of the objects in every bucket but the log archive's: write, or all, which has reads too",
    )


class Trail(Model):
    """`account`: every account has its own trail. `organization`: one organization trail covers them all. The options
    are billed: by the gigabyte that CloudWatch Logs takes in, and by data event and analyzed event."""

    mode: Literal["account", "organization"] = "account"
    name: TrailName = "groundwork"
    cloud_watch_logs: CloudWatchLogs | None = Field(
        default=None, description="Events go into the log group /groundwork/trail besides, for alarms"
    )
    data_events: DataEvents = Field(default_factory=DataEvents)
    insights: list[Literal["ApiCallRateInsight", "ApiErrorRateInsight"]] = Field(
        default_factory=list, description="Unusual rates of calls, and of errors, that CloudTrail finds"
    )


class Config(Model):
    """AWS Config's recorder and delivery channel in every governed Region. One of another name is somebody else's."""

    recorder: ConfigName = "groundwork"
    channel: ConfigName = "groundwork"
    delivery_frequency: Literal[
        "One_Hour", "Three_Hours", "Six_Hours", "Twelve_Hours", "TwentyFour_Hours"
    ] = "TwentyFour_Hours"
    recording: Literal["continuous", "daily"] = Field(
        default="continuous",
        description="daily: what a resource is once a day, for less; a change and back within the day is not seen",
    )
    aggregator: AggregatorName = "groundwork"
    take_over: bool = Field(
        default=False, description="Repoint a recorder or channel that somebody else made"
    )


class PasswordPolicy(Model):
    minimum_length: int = Field(default=14, ge=6, le=128)
    require_symbols: bool = True
    require_numbers: bool = True
    require_uppercase: bool = True
    require_lowercase: bool = True
    users_may_change: bool = True
    remembered: int = Field(default=24, ge=1, le=24)
    max_age_days: int | None = Field(
        default=None, ge=1, le=1095, description="Passwords expire after so many days; null: never"
    )


class DefaultVpc(Model):
    """What becomes of the default VPC of each governed Region, by kind of account. One that is in use is only reported."""

    delete: list[Literal["security", "tooling", "workload"]] = Field(
        default=["security", "tooling", "workload"],
        description="It goes before a new account is ready, with its subnets and its internet gateway: RunInstances then "
        "needs a subnet",
    )
    later: bool = Field(
        default=False,
        description="It goes from accounts, too, in which people may be at work: those that have been ready, or were invited. "
        "What sleeps, like a function that nobody has called for weeks, shows in no VPC",
    )
    close: list[Kind] = Field(
        default=["management"],
        description="It stays, and lets nothing through: no rule in its default security group, and nothing allowed by "
        "its default network ACL",
    )

    @model_validator(mode="after")
    def _one_or_the_other(self) -> DefaultVpc:
        if twice := sorted(set(self.delete) & set(self.close)):
            raise ValueError(f"delete and close both name {twice[0]!r}; take it out of one of them")
        return self


class AccountSettings(Model):
    password_policy: PasswordPolicy = Field(default_factory=PasswordPolicy)
    alias: str | None = Field(
        default="<name>-<account>", description="<name> and <account> are filled in; null leaves it alone"
    )
    replace_alias: bool = Field(
        default=False,
        description="Replace an alias that is there: the sign-in address changes, and the old one is free for anybody",
    )
    s3_public_access_block: bool = True
    ebs_encryption: bool = True
    default_vpc: DefaultVpc = Field(default_factory=DefaultVpc)

    @model_validator(mode="before")
    @classmethod
    def _deletes_by_its_former_name(cls, given: Any) -> Any:
        if isinstance(given, dict) and "deleteDefaultVpc" in given:
            kinds = ", ".join(map(str, given["deleteDefaultVpc"] or []))
            raise ValueError(
                f"deleteDefaultVpc is called defaultVpc now; write defaultVpc: {{delete: [{kinds}], close: []}} for what it "
                "said, or take it out"
            )
        return given


class Cdk(Model):
    """What apps of the AWS CDK are deployed by, in the accounts whose baseline has the component `cdk`."""

    qualifier: str = Field(
        default="hnb659fds",
        pattern=r"^[a-z0-9][a-z0-9-]{0,9}$",
        description="Part of every name; the default is the one that the CDK takes where an app says nothing",
    )
    principals: list[Annotated[str, Field(pattern=r"^role/.+")]] = Field(
        default_factory=lambda: ["role/ci-cd/*"],
        min_length=1,
        description="Who deploys: patterns below the tooling account",
    )
    policies: list[str] = Field(
        default_factory=lambda: ["deploy", "workload-roles"],
        min_length=1,
        description="Files of policies/: what CloudFormation may do for an app, and what an app may be made of",
    )
    lookup_policies: list[str] = Field(
        default_factory=list,
        description="Files of policies/ for what apps look up besides the context that the CDK itself provides",
    )


class Requests(Model):
    """What whoever may post `Account Requested` may ask for."""

    undeclared_units: Literal["refuse", "create"] = Field(
        default="refuse",
        description="refuse: a request names a declared organizational unit, or says createOrganizationalUnit: true. "
        "create: it may name any, and a mistyped one is made",
    )
    progress: bool = Field(
        default=False,
        description="Whether `Account Progressing` tells how far a request is, until it is answered",
    )


ApprovedChange = Literal["accountName", "newEmail", "organizationalUnit", "tags", "contacts", "expires"]
"""A field of `Account Change Requested`."""


class Changes(Model):
    """What becomes of an account that is there, besides its baseline: by `Account Change Requested`, or where somebody has
    moved it."""

    allowed: bool = Field(
        default=False,
        description="Whether accounts are changed: by whoever may post `Account Change Requested`, like groundwork-changer, and "
        "by whoever may start groundwork-vend-account, like groundwork-operator. A start may always plan a change",
    )
    renaming: bool = Field(
        default=False,
        description="Whether accounts can be renamed: the organization component then gives AWS Account Management trusted "
        "access, by which the management account may change names and contacts of every account",
    )
    contacts: bool = Field(
        default=False,
        description="Whether an account's contacts can be changed by an event, which holds what is to stand in them. Needs the "
        "same trusted access",
    )
    email: bool = Field(
        default=False,
        description="Whether a root user's e-mail address can be changed: AWS sends a code to the new one, which a person gives "
        "to AWS. Whoever has that mailbox can take over the root user. Needs the same trusted access",
    )
    approvals: list[ApprovedChange] = Field(
        default_factory=list,
        description="Changes by event that wait until somebody other than the requester has approved them, like a new account: "
        "those of these fields. A move into a unit of approvals.organizationalUnits does, too",
    )
    moves: Literal["report", "enforce"] = Field(
        default="report",
        description="What becomes of an account that is in another unit than Groundwork put it in. report: it is told, and "
        "stays. enforce: a run moves it back",
    )

    @property
    def asks_account_management(self) -> str | None:
        """The key because of which AWS Account Management needs trusted access."""
        return next((f"changes.{name}" for name, on in self.of_account_management.items() if on), None)

    @property
    def of_account_management(self) -> dict[str, bool]:
        return {"renaming": self.renaming, "contacts": self.contacts, "email": self.email}


class Approvals(Model):
    """Which requests for a new account wait until somebody other than the requester has approved them: those to which
    anything here applies. Where nothing stands here, none."""

    all_requests: Literal["all"] | None = Field(
        default=None, alias="for", description="all: every request for a new account"
    )
    kinds: list[Literal["security", "tooling", "workload"]] = Field(
        default_factory=list, description="Requests for an account of these kinds"
    )
    organizational_units: list[UnitPath] = Field(
        default_factory=list, description="Requests for an account in one of these units, or below"
    )
    more_per_day: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="What one requester asks for beyond so many new accounts a day (UTC). The sessions of a role count "
        "together, unless sameRole is allow",
    )
    same_role: Literal["refuse", "allow"] = Field(
        default="refuse",
        description="Whether a session of the requester's own role may approve. allow is for roles whose session names "
        "nobody chooses, like those of IAM Identity Center: there each name is a person",
    )

    @property
    def declared(self) -> bool:
        return bool(self.all_requests or self.kinds or self.organizational_units or self.more_per_day)


class RollOut(Model):
    """How `groundwork-roll-out` goes through the organization, where whoever starts it does not say otherwise."""

    concurrency: int = Field(default=10, ge=1, le=1000, description="Accounts worked on at once")
    tolerated_failure_percentage: int = Field(
        default=100, ge=0, le=100, description="When more fail, the roll-out stops"
    )


PERMISSION_SETS, ACCOUNT_ASSIGNMENTS = "permission-sets", "account-assignments"
"""The components: one makes the permission sets, in the security account; the other assigns them in an account."""


class IdentityCenter(Model):
    """The organization's instance of IAM Identity Center, which a person enables in the management account."""

    region: Region | None = Field(
        default=None,
        description="Its primary Region, which AWS changes no more; regions.home where nothing is said",
    )
    groups: dict[Name, DisplayName] = Field(
        default_factory=dict,
        description="Display names in the identity store of declared groups that are called otherwise there",
    )
