"""The owner's declaration: what may stand in `baseline.yaml`. `loading` reads it.

Everything Groundwork lays down is named here and nowhere in code. The JSON Schema that editors complete with is
generated from these models.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from itertools import combinations
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    PrivateAttr,
    WithJsonSchema,
    model_validator,
)

from groundwork.contracts import Account, Kind, Model, Organization
from groundwork.declaration.access import Access
from groundwork.declaration.component_names import component_names
from groundwork.declaration.entry_roles import CONTROL_TOWER, ORGANIZATIONS, EntryRole
from groundwork.declaration.organization_policies import (
    Closing,
    Guardrails,
    OrganizationPolicies,
    Perimeter,
    Quarantine,
)
from groundwork.declaration.outsiders import Outsider
from groundwork.declaration.own_policies import OwnPolicy
from groundwork.declaration.policy_files import Document
from groundwork.declaration.settings import (
    ACCOUNT_ASSIGNMENTS,
    PERMISSION_SETS,
    AccountSettings,
    Approvals,
    Cdk,
    Changes,
    Config,
    IdentityCenter,
    LogArchive,
    Regions,
    Requests,
    RollOut,
    Trail,
)
from groundwork.declaration.stacks import Stack, tags_named
from groundwork.declaration.stacks.templates import Template
from groundwork.fields import AccountId, AccountName, Email, UnitPath


def _component_name(value: str) -> str:
    if value not in component_names():
        raise ValueError(f"is no component; the components are {', '.join(component_names())}")
    return value


ComponentName = Annotated[
    str,
    AfterValidator(_component_name),
    WithJsonSchema({"type": "string", "enum": list(component_names())}),
]


Prune = Literal["report", "remove"]
REMOVING: frozenset[str] = frozenset({"access", ACCOUNT_ASSIGNMENTS, "organization", PERMISSION_SETS})
"""The components that remove what is no longer declared unless told to report it: a way in of somebody who left, and units
in which nothing is. The others hold data, or people's work."""


class DeclaredAccount(Model):
    """An account the declaration knows by name and e-mail (or by id): the only way to be of kind security or tooling."""

    name: AccountName
    email: Email
    kind: Literal["security", "tooling", "workload"]
    organizational_unit: UnitPath | None = None
    id: AccountId | None = None


class Declaration(Model):
    """`baseline.yaml`."""

    accounts: list[DeclaredAccount]
    organizational_units: list[UnitPath] = Field(default_factory=list)
    regions: Regions = Field(default_factory=Regions)
    entry_roles: list[EntryRole] = Field(
        default_factory=lambda: [EntryRole(name=ORGANIZATIONS), EntryRole(name=CONTROL_TOWER)], min_length=1
    )
    baseline: dict[Kind, list[ComponentName]]
    access: Access = Field(default_factory=Access)
    identity_center: IdentityCenter = Field(default_factory=IdentityCenter)
    log_archive: LogArchive = Field(default_factory=LogArchive)
    trail: Trail = Field(default_factory=Trail)
    config: Config = Field(default_factory=Config)
    account_settings: AccountSettings = Field(default_factory=AccountSettings)
    guardrails: Guardrails = Field(default_factory=Guardrails)
    quarantine: Quarantine = Field(default_factory=Quarantine)
    closing: Closing = Field(default_factory=Closing)
    perimeter: Perimeter = Field(default_factory=Perimeter)
    organization_policies: OrganizationPolicies = Field(default_factory=OrganizationPolicies)
    own_policies: list[OwnPolicy] = Field(
        default_factory=list,
        description="Policies of AWS Organizations of your own, from policies/organization/, with own-policies in the line "
        "of management",
    )
    cdk: Cdk = Field(default_factory=Cdk)
    stacks: list[Stack] = Field(default_factory=list)
    requests: Requests = Field(default_factory=Requests)
    approvals: Approvals = Field(default_factory=Approvals)
    changes: Changes = Field(default_factory=Changes)
    roll_out: RollOut = Field(default_factory=RollOut)
    prune: dict[ComponentName, Prune] = Field(
        default_factory=dict,
        description="What becomes of what Groundwork laid down and the declaration no longer names, by component: "
        "access, account-assignments, permission-sets and organization (empty units alone) remove it, the others report it",
    )

    outsiders: list[Outsider] = Field(
        default_factory=list,
        description="Who from outside of the organization is let in on purpose: a plan tells of all others",
    )
    newer_than_groundwork: list[str] = Field(
        default_factory=list,
        description="AWS managed policies, Regions, and actions and condition keys of policies/, that AWS has and "
        "Groundwork's lists do not know yet",
    )

    _policies: dict[str, Document] = PrivateAttr(default_factory=dict)
    _templates: dict[str, Template] = PrivateAttr(default_factory=dict)
    _conformance_packs: dict[str, str] = PrivateAttr(default_factory=dict)
    """The texts of `conformance-packs/<name>.yaml`, by name."""
    _own_documents: dict[str, Document] = PrivateAttr(default_factory=dict)
    """The files of `policies/organization/`."""
    _given: dict[str, Any] = PrivateAttr(default_factory=dict)
    """What stands under the names of components that may have settings of their own, as it was read."""
    _settings: dict[str, Model] = PrivateAttr(default_factory=dict)

    def policy(self, name: str) -> Document:
        """The document of `policies/<name>.json`, its placeholders not yet filled in."""
        return self._policies[name]

    def has_policy(self, name: str) -> bool:
        return name in self._policies

    def template(self, name: str) -> Template:
        """The file of `templates/` of this name."""
        return self._templates[name]

    @property
    def large_templates(self) -> dict[str, Template]:
        """Those of declared stacks that CloudFormation takes from a bucket alone, by their names."""
        used = {each.template for each in self.stacks} if self.has_component("stacks") else set()
        return {name: each for name, each in self._templates.items() if name in used and each.is_large}

    @property
    def policy_names(self) -> list[str]:
        """The files of `policies/`, without `.json`."""
        return list(self._policies)

    @property
    def conformance_packs(self) -> Mapping[str, str]:
        """The texts of the files of `conformance-packs/`, by their names without `.yaml`."""
        return self._conformance_packs

    def own_document(self, name: str) -> Document:
        """The document of `policies/organization/<name>.json`, its placeholders not yet filled in."""
        return self._own_documents[name]

    def has_own_document(self, name: str) -> bool:
        return name in self._own_documents

    @property
    def own_policies_laid_down(self) -> list[OwnPolicy]:
        """None without the component."""
        return self.own_policies if self.has_component("own-policies") else []

    def settings(self, component: str) -> Any:
        """What is declared for a component that has a settings model of its own, once `loading.check` has seen it."""
        return self._settings[component]

    def removes(self, component: str) -> bool:
        """Whether the component removes what it laid down and is no longer declared, or reports it."""
        return self.prune.get(component, "remove" if component in REMOVING else "report") == "remove"

    def s3_is_held(self, account: Account, organization: Organization) -> bool:
        """Whether an S3 policy of the organization says of an account what its public access block is: it then reads
        as the policy has it, and cannot be changed. See docs/decisions/0032."""
        declared = self.organization_policies
        return (
            organization.policies_hold
            and self.has_component("organization-policies")
            and declared.s3_public_access_block
            and account.kind != "management"
            and declared.reach(account.unit)
        )

    @property
    def version(self) -> str:
        """Twelve hexadecimal digits that change when anything that is laid down does: values and policies, not comments
        or the pace of roll-outs."""
        laid_down = self.model_dump(
            mode="json",
            by_alias=True,
            exclude={
                **dict.fromkeys(("roll_out", "requests", "approvals", "changes"), True),
                "closing": {"accounts"},
            },
        )
        settings = {name: given for name, given in self._given.items() if self.has_component(name)}
        own = {f"organization/{name}": document for name, document in self._own_documents.items()}
        everything = {"baseline": laid_down, "settings": settings, "policies": {**self._policies, **own}}
        if self.changes.asks_account_management:  # which is trusted; by which key matters to nobody
            everything["changes"] = {"renaming": True}
        if self.has_component("conformance-pack"):
            everything["conformancePacks"] = self._conformance_packs
        if self.has_component("stacks") or self.has_component("stack-sets"):
            used = {each.template for each in self.stacks}
            everything["templates"] = {
                name: each.body for name, each in self._templates.items() if name in used
            }
        return hashlib.sha256(json.dumps(everything, sort_keys=True, default=str).encode()).hexdigest()[:12]

    @property
    def tags_of_accounts(self) -> frozenset[str]:
        """The keys of those that matter for what is laid down."""
        return frozenset(tags_named(self.stacks))

    @property
    def components(self) -> frozenset[ComponentName]:
        """Those that accounts of any kind have."""
        return frozenset(name for components in self.baseline.values() for name in components)

    def has_component(self, name: str) -> bool:
        return name in self.components

    @property
    def security(self) -> DeclaredAccount:
        return next(account for account in self.accounts if account.kind == "security")

    @property
    def tooling(self) -> DeclaredAccount | None:
        return next((account for account in self.accounts if account.kind == "tooling"), None)

    @property
    def entry_role_names(self) -> list[str]:
        """In the order in which they are tried."""
        return [role.name for role in self.entry_roles]

    @property
    def names_in_groups(self) -> set[str]:
        """Account names that a group's policy must resolve to ids."""
        return {name for group in self.access.groups for enter in group.enter for name in enter.names}

    @model_validator(mode="after")
    def _iam_is_recorded_somewhere(self) -> Declaration:
        records = any("config" in components for components in self.baseline.values())
        if records and self.regions.of_global_types is None:
            raise ValueError(
                f"regions.governed: AWS Config records IAM's users, groups, roles and policies in none of "
                f"{', '.join(self.regions.governed)}; add one that it does, like us-east-1"
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
            ("access.boundaries", [boundary.name.lower() for boundary in self.access.boundaries]),
            ("access.groups", [group.name.lower() for group in self.access.groups]),
            ("access.users", [user.name.lower() for user in self.access.users]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{key} declares {twice[0]!r} twice; remove one of them")
        return self

    @model_validator(mode="after")
    def _a_role_is_declared_once_for_an_account(self) -> Declaration:
        for one, two in combinations(self.access.roles, 2):
            if one.name.lower() != two.name.lower():
                continue
            if not one.where.is_apart_from(two.where):
                raise ValueError(
                    f"access.roles declares {two.name.lower()!r} twice for the same accounts; remove one of them, or give them "
                    "kinds, organizationalUnits, exceptOrganizationalUnits or names under where that no account shares"
                )
            if (one.name, one.path, one.trust) != (two.name, two.path, two.trust):
                raise ValueError(
                    f"access.roles {two.name}: is declared twice, and differs in the spelling of its name, in path or in trust; "
                    "make these the same: a group enters it by one name"
                )
        return self

    @model_validator(mode="after")
    def _the_cdk_has_a_pipeline(self) -> Declaration:
        if self.has_component("cdk") and self.tooling is None:
            raise ValueError(
                "baseline: cdk trusts the tooling account, and accounts declares none; declare an account of kind tooling"
            )
        return self
