"""The owner's declaration: `baseline.yaml` and the policies beside it, validated when loaded.

Everything Groundwork lays down is named here and nowhere in code. The JSON Schema that editors complete with is
generated from these models.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import (
    AfterValidator,
    Field,
    PrivateAttr,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from groundwork.contracts import Account, Kind, Model
from groundwork.declaration.component_names import camel, component_names
from groundwork.declaration.policy_files import Document, check_policies, read_policy
from groundwork.declaration.settings import (
    AccountSettings,
    Config,
    Guardrails,
    IamPath,
    LogArchive,
    Name,
    OwnTags,
    Regions,
    RollOut,
    Trail,
)
from groundwork.errors import InvalidDeclaration
from groundwork.fields import AccountId, AccountName, Email, UnitPath, shown

HOME = Path(__file__).parents[2] / "baseline"
"""Beside this package, in the repository as in Lambda."""


def _component_name(value: str) -> str:
    if value not in component_names():
        raise ValueError(f"is no component; the components are {', '.join(component_names())}")
    return value


ComponentName = Annotated[
    str,
    AfterValidator(_component_name),
    WithJsonSchema({"type": "string", "enum": list(component_names())}),
]


class DeclaredAccount(Model):
    """An account the declaration knows by name and e-mail (or by id): the only way to be of kind security or tooling."""

    name: AccountName
    email: Email
    kind: Literal["security", "tooling", "workload"]
    organizational_unit: UnitPath | None = None
    id: AccountId | None = None


class Where(Model):
    """The accounts something is laid down in: those that match every field given."""

    kinds: list[Kind] = Field(min_length=1)
    organizational_units: list[UnitPath] = Field(default_factory=list)
    names: list[str] = Field(default_factory=list)

    def admits(self, account: Account) -> bool:
        return (
            account.kind in self.kinds
            and (
                not self.organizational_units
                or any(is_below(account.unit, unit) for unit in self.organizational_units)
            )
            and (not self.names or account.name in self.names)
        )


class Trust(Model):
    """Who may assume a role: an account, held to `principals` of it where given, with MFA unless they are machines."""

    account: Literal["security", "tooling", "management"] | AccountId
    principals: list[str] = Field(
        default_factory=list, description="Patterns below the account, like role/ci-cd/*"
    )
    mfa: Literal["required", "exempt"] = "required"
    external_id: str | None = Field(
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
    name: Name
    where: Where
    trust: Trust
    description: str = Field(default="", max_length=1000)
    path: IamPath = "/"
    managed_policies: list[str] = Field(
        default_factory=list, max_length=20, description="Names of AWS managed policies"
    )
    policies: list[str] = Field(default_factory=list, description="Files of policies/, attached inline")
    permissions_boundary: str | None = Field(
        default=None,
        description="A file of policies/ (laid down as a customer managed policy), or an AWS managed policy",
    )
    max_session_duration: int = Field(default=3600, ge=3600, le=43200, description="Seconds")
    tags: OwnTags = Field(default_factory=dict)


class Enter(Model):
    """A role that a group may assume, and where: everywhere in the organization unless something narrows it."""

    role: Name
    kinds: list[Literal["tooling", "workload"]] = Field(default_factory=list)
    organizational_units: list[UnitPath] = Field(default_factory=list)
    names: list[str] = Field(default_factory=list)


class Group(Model):
    """A group of the security account. It always carries the MFA self-service policy besides."""

    name: Name
    path: IamPath = "/"
    managed_policies: list[str] = Field(default_factory=list, max_length=10)
    policies: list[str] = Field(default_factory=list)
    enter: list[Enter] = Field(default_factory=list)


class User(Model):
    """A user of the security account, without password or key from us."""

    name: Name
    groups: list[Name] = Field(default_factory=list)
    path: IamPath = "/"
    tags: OwnTags = Field(default_factory=dict)


class Access(Model):
    roles: list[Role] = Field(default_factory=list)
    groups: list[Group] = Field(default_factory=list)
    users: list[User] = Field(default_factory=list)
    prune: bool = Field(
        default=False,
        description="Delete roles that are tagged as ours and no longer declared; users lose groups and policies",
    )


class Declaration(Model):
    """`baseline.yaml`."""

    accounts: list[DeclaredAccount]
    organizational_units: list[UnitPath] = Field(default_factory=list)
    unit_kinds: dict[str, Literal["workload"]] = Field(
        default_factory=dict, description="Kind of undeclared accounts by unit"
    )
    regions: Regions = Field(default_factory=Regions)
    entry_roles: list[Name] = Field(
        default_factory=lambda: ["OrganizationAccountAccessRole", "AWSControlTowerExecution"], min_length=1
    )
    baseline: dict[Kind, list[ComponentName]]
    access: Access = Field(default_factory=Access)
    log_archive: LogArchive = Field(default_factory=LogArchive)
    trail: Trail = Field(default_factory=Trail)
    config: Config = Field(default_factory=Config)
    account_settings: AccountSettings = Field(default_factory=AccountSettings)
    guardrails: Guardrails = Field(default_factory=Guardrails)
    roll_out: RollOut = Field(default_factory=RollOut)

    _policies: dict[str, Document] = PrivateAttr(default_factory=dict)
    _settings: dict[str, Model] = PrivateAttr(default_factory=dict)

    def policy(self, name: str) -> Document:
        """The document of `policies/<name>.json`, its placeholders not yet filled in."""
        return self._policies[name]

    def has_policy(self, name: str) -> bool:
        return name in self._policies

    def settings(self, component: str) -> Any:
        """What is declared for a component that has a settings model of its own."""
        return self._settings[component]

    @property
    def version(self) -> str:
        """Twelve hexadecimal digits that change when anything that is laid down does: values and policies, not comments
        or the pace of roll-outs."""
        laid_down = self.model_dump(mode="json", by_alias=True, exclude={"roll_out"})
        settings = {name: given.to_json() for name, given in self._settings.items()}
        everything = {"baseline": laid_down, "settings": settings, "policies": dict(self._policies)}
        return hashlib.sha256(json.dumps(everything, sort_keys=True).encode()).hexdigest()[:12]

    @property
    def security(self) -> DeclaredAccount:
        return next(account for account in self.accounts if account.kind == "security")

    @property
    def tooling(self) -> DeclaredAccount | None:
        return next((account for account in self.accounts if account.kind == "tooling"), None)

    @property
    def names_in_groups(self) -> set[str]:
        """Account names that a group's policy must resolve to ids."""
        return {name for group in self.access.groups for enter in group.enter for name in enter.names}

    @model_validator(mode="after")
    def _management_keeps_its_default_vpc(self) -> Declaration:
        if "management" in self.account_settings.delete_default_vpc:
            raise ValueError(
                "accountSettings.deleteDefaultVpc: the management account keeps its default VPC; take management out"
            )
        return self

    @model_validator(mode="after")
    def _one_security_account(self) -> Declaration:
        kinds = [account.kind for account in self.accounts]
        if kinds.count("security") != 1:
            raise ValueError(
                f"accounts declares {kinds.count('security')} accounts of kind security; declare exactly one"
            )
        if kinds.count("tooling") > 1:
            raise ValueError(
                f"accounts declares {kinds.count('tooling')} accounts of kind tooling; declare at most one"
            )
        return self

    @model_validator(mode="after")
    def _names_are_unique(self) -> Declaration:
        for key, names in (
            ("accounts", [account.email.lower() for account in self.accounts]),
            ("access.roles", [role.name.lower() for role in self.access.roles]),
            ("access.groups", [group.name.lower() for group in self.access.groups]),
            ("access.users", [user.name.lower() for user in self.access.users]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{key} declares {twice[0]!r} twice; remove one of them")
        return self

    @model_validator(mode="after")
    def _references_hold(self) -> Declaration:
        units = {ancestor for unit in self.organizational_units for ancestor in ancestors(unit)}
        roles = {role.name for role in self.access.roles}
        groups = {group.name for group in self.access.groups}
        for group in self.access.groups:
            for enter in group.enter:
                if enter.role not in roles:
                    raise ValueError(
                        f"access.groups {group.name}: enters {enter.role!r}, which is no declared role; declare it under access.roles"
                    )
                for unit in enter.organizational_units:
                    if unit not in units:
                        raise ValueError(
                            f"access.groups {group.name}: names the unit {unit!r}; add it to organizationalUnits"
                        )
        for user in self.access.users:
            for name in user.groups:
                if name not in groups:
                    raise ValueError(
                        f"access.users {user.name}: is in {name!r}, which is no declared group; declare it under access.groups"
                    )
        return self

    @model_validator(mode="after")
    def _roles_can_be_laid_down(self) -> Declaration:
        units = {ancestor for unit in self.organizational_units for ancestor in ancestors(unit)}
        for role in self.access.roles:
            for unit in role.where.organizational_units:
                if unit not in units:
                    raise ValueError(
                        f"access.roles {role.name}: where names the unit {unit!r}; add it to organizationalUnits"
                    )
            if role.trust.account == "tooling" and self.tooling is None:
                raise ValueError(
                    f"access.roles {role.name}: trusts the tooling account, and accounts declares none; "
                    "declare an account of kind tooling"
                )
            if role.name in self.entry_roles:
                raise ValueError(
                    f"access.roles {role.name}: is an entry role, which AWS makes; choose another name"
                )
        return self


def ancestors(unit: str) -> list[str]:
    """A unit's path and those above it, topmost first."""
    names = unit.split("/")
    return ["/".join(names[: depth + 1]) for depth in range(len(names))]


def is_below(unit: str, ancestor: str) -> bool:
    return unit == ancestor or unit.startswith(f"{ancestor}/")


# -- loading ---------------------------------------------------------------------------------------


@cache
def load(home: Path = HOME) -> Declaration:
    """The declaration in this folder. Raises `InvalidDeclaration`, which names file, key, value and remedy."""
    file = home / "baseline.yaml"
    try:
        raw = yaml.safe_load(file.read_text())
    except FileNotFoundError:
        raise InvalidDeclaration(
            f"{file.name}: is missing in {home.name}/; restore it from the repository."
        ) from None
    except yaml.YAMLError as broken:
        raise InvalidDeclaration(f"{file.name}: is no YAML: {' '.join(str(broken).split())}.") from None
    if not isinstance(raw, dict):
        raise InvalidDeclaration(
            f"{file.name}: holds {shown(raw)}; it must be a mapping of keys, see baseline.schema.json."
        )
    settings = {name: raw.pop(camel(name), {}) for name in _own_settings()}
    declaration: Declaration = _validated(Declaration, raw, file)
    declaration._settings.update(
        {
            name: _validated(_own_settings()[name], given, file, camel(name))
            for name, given in settings.items()
            if any(name in components for components in declaration.baseline.values())
        }
    )
    _check_kinds(declaration, file)
    policies = {path.stem: read_policy(path) for path in sorted((home / "policies").glob("*.json"))}
    declaration._policies.update(policies)
    check_policies(declaration, policies)
    return declaration


M = TypeVar("M", bound=Model)


def _validated(model: type[M], raw: Any, file: Path, *within: str) -> M:
    try:
        return model.model_validate(raw)
    except ValidationError as invalid:
        raise InvalidDeclaration(
            "\n".join(f"{file.name}: {_sentence(error, *within)}" for error in invalid.errors())
        ) from None


def _own_settings() -> Mapping[str, type[Model]]:
    """The settings models that components bring along, by the component's name."""
    from groundwork.baseline.components import COMPONENTS  # they import the declaration

    return {name: component.settings for name, component in COMPONENTS.items() if component.settings}


def _check_kinds(declaration: Declaration, file: Path) -> None:
    from groundwork.baseline.components import COMPONENTS

    for kind, components in declaration.baseline.items():
        for name in components:
            kinds = COMPONENTS[name].kinds
            if kind not in kinds:
                raise InvalidDeclaration(
                    f"{file.name}: baseline.{kind}: {name} is for accounts of kind {' and '.join(kinds)}; take it out."
                )


def _sentence(error: Any, *within: str) -> str:
    key = ".".join(str(part) for part in (*within, *error["loc"]))
    match error["type"]:
        case "missing":
            return f"{key}: is missing; add it."
        case "extra_forbidden":
            return f"{key}: is an unknown key; remove it, or see baseline.schema.json for the right name."
        case "value_error" if not isinstance(error["input"], dict | list | Model):
            return f"{key}: {shown(error['input'])} {error['ctx']['error']}."
        case "value_error":
            return f"{key + ': ' if key else ''}{error['ctx']['error']}."
        case "literal_error":
            return f"{key}: {shown(error['input'])} is unknown; it must be {error['ctx']['expected']}."
        case _:
            return (
                f"{key}: {shown(error['input'])} is not right: {error['msg'][0].lower()}{error['msg'][1:]}."
            )
