"""The part of the declaration that says who may come into which accounts: roles, groups and users."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BeforeValidator, Field, model_validator

from groundwork.contracts import Account, Kind, Model
from groundwork.declaration.fields import (
    Description,
    ExternalId,
    IamPath,
    ManagedPolicy,
    Name,
    OwnTags,
    PermissionSetName,
    PolicyName,
    Principal,
    RelayState,
    TrustedAccount,
)
from groundwork.fields import AccountName, UnitPath, is_below


def _moment(given: Any) -> Any:
    """YAML knows times, JSON has them as text."""
    return datetime.fromisoformat(given) if isinstance(given, str) else given


Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]


class Where(Model):
    """The accounts something is laid down in: those that match every field given."""

    kinds: list[Kind] = Field(min_length=1)
    organizational_units: list[UnitPath] = Field(default_factory=list)
    except_organizational_units: list[UnitPath] = Field(default_factory=list)
    names: list[AccountName] = Field(default_factory=list)

    def admits(self, account: Account) -> bool:
        return (
            account.kind in self.kinds
            and (
                not self.organizational_units
                or any(is_below(account.unit, unit) for unit in self.organizational_units)
            )
            and not any(is_below(account.unit, unit) for unit in self.except_organizational_units)
            and (not self.names or account.name in self.names)
        )

    def is_apart_from(self, other: Where) -> bool:
        """Whether no account can be in both, of those that are there and of those to come."""
        units, others = self.organizational_units, other.organizational_units
        return (
            set(self.kinds).isdisjoint(other.kinds)
            or bool(self.names and other.names and set(self.names).isdisjoint(other.names))
            or bool(units and others and not any(_are_nested(one, two) for one in units for two in others))
            or self._leaves_out(other)
            or other._leaves_out(self)
        )

    def _leaves_out(self, other: Where) -> bool:
        return bool(other.organizational_units) and all(
            any(is_below(unit, left_out) for left_out in self.except_organizational_units)
            for unit in other.organizational_units
        )


def _are_nested(one: str, two: str) -> bool:
    return is_below(one, two) or is_below(two, one)


class Trust(Model):
    """Who may assume a role: an account, held to `principals` of it where given, with MFA unless they are machines."""

    account: TrustedAccount
    principals: list[Principal] = Field(
        default_factory=list, description="Patterns below the account, like role/ci-cd/*"
    )
    mfa: Literal["required", "exempt"] = "required"
    external_id: ExternalId | None = Field(
        default=None,
        description="With an account id: a third party, which is not held to the organization",
    )

    @model_validator(mode="after")
    def _only_machines_are_exempt(self) -> Trust:
        if self.mfa == "exempt" and not (
            self.principals and all(each.startswith("role/") for each in self.principals)
        ):
            raise ValueError(
                "mfa exempt is for machines: name their roles under principals, like role/ci-cd/*"
            )
        return self


class Role(Model):
    """A name may stand twice, with other policies in other accounts, but with one trust and path: groups enter it by
    its name."""

    name: Name
    where: Where
    trust: Trust
    description: Description = ""
    path: IamPath = "/"
    managed_policies: list[ManagedPolicy] = Field(
        default_factory=list, max_length=20, description="Names of AWS managed policies"
    )
    policies: list[PolicyName] = Field(
        default_factory=list, description="Files of policies/, attached inline"
    )
    permissions_boundary: PolicyName | None = Field(
        default=None,
        description="A file of policies/ (laid down as a customer managed policy), or an AWS managed policy",
    )
    max_session_duration: int = Field(default=3600, ge=3600, le=43200, description="Seconds")
    tags: OwnTags = Field(default_factory=dict)
    permission_set: PermissionSetName | None = Field(
        default=None,
        description="The name of the permission set of IAM Identity Center that is made of the role, with permission-sets in the "
        "line of security",
    )
    relay_state: RelayState | None = Field(
        default=None,
        description="The page of the console that opens for whoever comes in by the permission set; its home page where nothing is said",
    )


class Boundary(Model):
    """A permissions boundary for roles that pipelines and developers make: laid down though no declared role has it."""

    name: Name
    where: Where
    policies: list[PolicyName] = Field(
        min_length=1,
        description="Files of policies/; what they say together is the most that such a role may do",
    )
    roles_below: IamPath = Field(
        description="The guard rails let nobody make a role below this path without the boundary, or take it off one"
    )


class Enter(Model):
    """A role that a group may assume, and where: everywhere in the organization unless something narrows it."""

    role: Name
    kinds: list[Literal["tooling", "workload"]] = Field(default_factory=list)
    organizational_units: list[UnitPath] = Field(default_factory=list)
    names: list[AccountName] = Field(default_factory=list)

    def admits(self, account: Account) -> bool:
        units = self.organizational_units
        return (
            (not self.kinds or account.kind in self.kinds)
            and (not units or any(is_below(account.unit, unit) for unit in units))
            and (not self.names or account.name in self.names)
        )


class Group(Model):
    """A group of the security account. It always carries the MFA self-service policy besides."""

    name: Name
    path: IamPath = "/"
    managed_policies: list[ManagedPolicy] = Field(default_factory=list, max_length=10)
    policies: list[PolicyName] = Field(default_factory=list)
    enter: list[Enter] = Field(default_factory=list)


class User(Model):
    """A user of the security account, without password or key from us."""

    name: Name
    groups: list[Name] = Field(default_factory=list, max_length=10, description="Ten at most, as IAM has it")
    path: IamPath = "/"
    tags: OwnTags = Field(default_factory=dict)
    access_keys: bool | None = Field(
        default=None, description="Whether they may have access keys; access.accessKeys where nothing is said"
    )


class Access(Model):
    roles: list[Role] = Field(default_factory=list)
    boundaries: list[Boundary] = Field(default_factory=list)
    groups: list[Group] = Field(default_factory=list)
    users: list[User] = Field(default_factory=list)
    access_keys: bool = Field(
        default=True,
        description="Whether declared users may have access keys; without, they sign in by the console and `aws login`",
    )
    revoke_sessions_before: Moment | None = Field(
        default=None,
        description="A time, like 2026-11-29T20:30:00Z: what people do in a role's session that began earlier is denied",
    )
