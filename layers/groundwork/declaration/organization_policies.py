"""The part of the declaration about policies of the organization: guard rails, the perimeter, and what EC2's, S3's and AI
services' policies hold."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field, model_validator

from groundwork.contracts import Model
from groundwork.declaration.fields import Name, Region
from groundwork.fields import AccountName, UnitPath, is_below


class Guardrails(Model):
    """The service control policies that keep member accounts from undoing the baseline."""

    policy: Name = Field(
        default="groundwork-guardrails",
        description="The first one's name; the others' begin with it, like groundwork-guardrails-account",
    )
    where: list[UnitPath] = Field(
        default_factory=list,
        description="Units that they hang on; on the root, where none is named. Name Security first: the archive is there",
    )
    allow_leaving: bool = Field(default=False, description="Let member accounts leave the organization")
    deny_root_user: bool = Field(
        default=True,
        description="Member accounts' root users may do nothing; what only they may, the management account does by "
        "sts:AssumeRoot",
    )
    regions: list[Region] | None = Field(
        default=None,
        description="Regions that may be used besides the governed ones, and no others; [] for the governed ones alone, "
        "null for every Region",
    )


class Quarantine(Model):
    """Where new accounts of kind tooling and workload wait, closed to everybody but Groundwork, until they are ready."""

    unit: UnitPath | None = Field(
        default=None,
        description="A declared unit with nothing else in it; it gets the service control policy <guardrails.policy>-quarantine. "
        "null: new accounts go to their own unit at once",
    )
    made_elsewhere: bool = Field(
        default=False,
        description="Also accounts that others make. Not where Control Tower, or whatever else makes accounts, moves them "
        "itself: it would not find them",
    )


class Closing(Model):
    """Where accounts wait, closed to everybody but Groundwork, until they are closed."""

    unit: UnitPath | None = Field(
        default=None,
        description="A declared unit with nothing else in it; it gets the service control policy <guardrails.policy>-suspended. "
        "null: no account is closed by Groundwork",
    )
    grace_days: int = Field(
        default=30,
        ge=1,
        le=365,
        description="For how long an account waits there at least; a request may ask for longer",
    )
    accounts: list[AccountName] = Field(
        default_factory=list,
        description="Names or ids of accounts that are to be closed: suspended a day after people have been told, then as any other. "
        "Taking one out of the list brings back none that is suspended",
    )

    def names(self, account_id: str, name: str) -> bool:
        """Whether an account is to be closed because it stands here."""
        return account_id in self.accounts or name in self.accounts


PerimeterService = Literal[
    "aoss", "codeartifact", "dynamodb", "ecr", "kms", "logs", "s3", "secretsmanager", "sqs", "sts"
]


class Perimeter(Model):
    """The resource control policy that keeps out whoever is not of the organization."""

    policy: Name = "groundwork-perimeter"
    mode: Literal["report", "enforce"] = Field(
        default="report",
        description="report: nothing is attached, a plan tells what would be; enforce: it is attached",
    )
    where: list[UnitPath] = Field(
        default_factory=list,
        description="Units that it hangs on; on the root, where none is named. Begin with one in which little matters",
    )
    services: list[PerimeterService] = Field(
        default_factory=lambda: list(get_args(PerimeterService)),
        min_length=1,
        description="Whose resources it is about: those that AWS's resource control policies bind and whose resources can "
        "be given to strangers",
    )


Held = Literal[
    "imdsV2",
    "snapshotBlockPublicAccess",
    "imageBlockPublicAccess",
    "serialConsoleOff",
    "vpcBlockPublicAccess",
    "s3PublicAccessBlock",
    "aiServicesOptOut",
]
"""What a policy of the organization may hold, as it is declared."""


class PolicyException(Model):
    """Units and accounts in which something is not held."""

    what: list[Held] = Field(min_length=1)
    organizational_units: list[UnitPath] = Field(default_factory=list)
    accounts: list[AccountName] = Field(default_factory=list, description="By name, or by id")
    reason: str = Field(min_length=1, max_length=200, description="Why; plans tell it")

    @model_validator(mode="after")
    def _names_a_place(self) -> PolicyException:
        if not self.organizational_units and not self.accounts:
            raise ValueError("names no place; give organizationalUnits or accounts")
        return self


class OrganizationPolicies(Model):
    """What EC2's, S3's and AI services' policies of the organization hold in every account, against everybody in it: no
    call in the account, and nobody can change it there."""

    imds_v2: Literal["required", "enforced"] | None = Field(
        default="required",
        description="required: the default of new instances. enforced: no instance is launched otherwise. null: not held",
    )
    imds_hop_limit: int = Field(
        default=2, ge=2, le=64, description="Of the metadata service's answers; 2 is what containers need"
    )
    snapshot_block_public_access: bool = Field(
        default=True, description="No EBS snapshot is public, those included that are shared already"
    )
    image_block_public_access: bool = Field(default=True, description="No AMI is made public")
    serial_console_off: bool = Field(default=True, description="The EC2 serial console is off")
    vpc_block_public_access: Literal["block-ingress", "block-bidirectional"] | None = Field(
        default=None, description="Internet gateways let nothing in, or nothing through; null: not held"
    )
    s3_public_access_block: bool = Field(
        default=True,
        description="All four settings of S3 Block Public Access; accountSettings asks nothing then",
    )
    ai_services_opt_out: bool = Field(
        default=True, description="AI services of AWS neither keep nor learn from content"
    )
    from_unit: UnitPath | None = Field(
        default=None,
        alias="from",
        description="A unit in which the policies are tried first; null: the root, and every account",
    )
    exceptions: list[PolicyException] = Field(default_factory=list)

    @property
    def names_in_exceptions(self) -> set[str]:
        """Account names that must be resolved to ids."""
        return {name for each in self.exceptions for name in each.accounts if not name.isdigit()}

    @property
    def ids_in_exceptions(self) -> set[str]:
        """Account ids, of which nobody knows yet whether there is such an account."""
        return {account for each in self.exceptions for account in each.accounts if account.isdigit()}

    def holds(self, what: Held) -> bool:
        return bool(self.to_json().get(what))

    def reach(self, unit: str) -> bool:
        """Whether the policies reach accounts in that unit."""
        return self.from_unit is None or is_below(unit, self.from_unit)
