"""An organization with IAM Identity Center, for the tests of its two components: the engine's instance, groups, a declaration."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from groundwork.baseline import loop
from groundwork.baseline.component import Component
from groundwork.baseline.components.account_assignments import AccountAssignments
from groundwork.baseline.components.permission_sets import PermissionSets
from groundwork.contracts import Account, Change
from groundwork.declaration import Declaration
from groundwork.declaration.settings import IdentityCenter
from groundwork.errors import IdentityCenterFailed, IdentityCenterInProgress
from local.services.identity_center import Center, enable
from tests.component.conftest import World

SETS, ASSIGNMENTS = PermissionSets(), AccountAssignments()
PRINCIPAL = "sso.amazonaws.com"
ADMIN, DEVELOP, OBSERVE, READ, SUPPORT = "Administrator", "Developer", "Observer", "Reader", "Support"
NAMES = (ADMIN, DEVELOP, OBSERVE, READ, None, SUPPORT)
"""Of the declared roles in their order; pipelines have none."""
GROUPS = ("admin-external-accounts", "dev-external-accounts", "ro-external-accounts")


def declared(
    declaration: Declaration,
    *,
    names: Sequence[str | None] = NAMES,
    roles: Mapping[str, Any] | None = None,
    groups: Mapping[str, str] | None = None,
    region: str | None = None,
    home: str | None = None,
    prune: Mapping[str, str] | None = None,
) -> Declaration:
    """The default declaration with permission sets; `roles` changes all roles that have one."""
    regions = declaration.regions
    if home:
        regions = regions.model_copy(update={"home": home, "governed": [home]})
    made = [
        role.model_copy(update={"permission_set": name, **((roles or {}) if name else {})})
        for role, name in zip(declaration.access.roles, names, strict=True)
    ]
    baseline = {kind: [*those, "account-assignments"] for kind, those in declaration.baseline.items()}
    baseline["management"] = declaration.baseline["management"]
    baseline["security"] = ["delegation", "permission-sets", "account-assignments"]
    return declaration.model_copy(
        update={
            "access": declaration.access.model_copy(update={"roles": made}),
            "baseline": baseline,
            "regions": regions,
            "identity_center": IdentityCenter(region=region, groups=dict(groups or {})),
            "prune": dict(prune or {}),
        }
    )


OF_A_KEY = {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKeyWithoutPlaintext"}
"""What both may besides, for instances that have a key of the organization's own."""


class People:
    """Looks and sabotages by the management account's administrator."""

    def __init__(self, world: World, region: str = "us-east-1") -> None:
        self.world = world
        self.center: Center = enable(world.aws.management_account, region)
        self.center.seconds = 0
        self.sso = world.aws.client("sso-admin", region=self.center.region)
        self.store = world.aws.client("identitystore", region=self.center.region)
        self.instance = {"InstanceArn": self.center.arn}
        self.ids: dict[str, str] = {}
        """Of groups, by their names."""

    def group(self, name: str) -> str:
        made: str = self.store.create_group(IdentityStoreId=self.center.identity_store, DisplayName=name)[
            "GroupId"
        ]
        return made

    def delegate(self) -> None:
        """As a person does in the management account."""
        self.world.aws.client("organizations").register_delegated_administrator(
            AccountId=self.world.security.id, ServicePrincipal=PRINCIPAL
        )

    def arn(self, name: str) -> str:
        return next(each.arn for each in self.center.sets.values() if each.name == name)

    def which(self, name: str) -> dict[str, str]:
        return {**self.instance, "PermissionSetArn": self.arn(name)}

    def assign(self, name: str, group: str, account: Account, *, off: bool = False) -> None:
        act = self.sso.delete_account_assignment if off else self.sso.create_account_assignment
        act(
            **self.which(name),
            TargetId=account.id,
            TargetType="AWS_ACCOUNT",
            PrincipalType="GROUP",
            PrincipalId=group,
        )
        self.sso.list_permission_sets(**self.instance)

    def assigned(self, account: Account) -> set[tuple[str, str]]:
        """Permission sets and principals, by AWS's answers."""
        return {
            (described["Name"], each["PrincipalId"])
            for arn in self.sso.list_permission_sets_provisioned_to_account(
                **self.instance, AccountId=account.id
            ).get("PermissionSets", [])
            for described in [self._described(arn)]
            for each in self.sso.list_account_assignments(
                **self.instance, AccountId=account.id, PermissionSetArn=arn
            ).get("AccountAssignments", [])
        }

    def _described(self, arn: str) -> dict[str, Any]:
        found: dict[str, Any] = self.sso.describe_permission_set(**self.instance, PermissionSetArn=arn)[
            "PermissionSet"
        ]
        return found

    def tries(
        self, component: Component[Any], account: Account, declaration: Declaration
    ) -> Callable[[], list[Change]]:
        """Those of one execution that begins now, the next one at each call."""
        target = self.world.target(component, account, declaration)
        began = datetime.now(UTC).replace(microsecond=0).isoformat()
        return lambda: loop.apply(component, replace(target, started=began))

    def failing(self, reason: str, apply: Callable[[], object]) -> None:
        """Each try asks for it once, and AWS fails it; the third is the last."""
        for number in range(3):
            self.center.failures.append(reason)
            error = IdentityCenterFailed if number == 2 else IdentityCenterInProgress
            with pytest.raises(error, match=f": {reason.rstrip('.')}"):
                apply()
            assert self.center.failures == []

    def portrait(self) -> dict[str, Any]:
        """Every permission set, as AWS answers."""
        found = {}
        for arn in self.sso.list_permission_sets(**self.instance).get("PermissionSets", []):
            which = {**self.instance, "PermissionSetArn": arn}
            described = self._described(arn)
            found[described["Name"]] = (
                described,
                self.sso.get_inline_policy_for_permission_set(**which)["InlinePolicy"],
                self.sso.list_managed_policies_in_permission_set(**which).get("AttachedManagedPolicies", []),
                self.sso.list_customer_managed_policy_references_in_permission_set(**which).get(
                    "CustomerManagedPolicyReferences", []
                ),
                self.sso.list_accounts_for_provisioned_permission_set(
                    **which, ProvisioningStatus="LATEST_PERMISSION_SET_NOT_PROVISIONED"
                ).get("AccountIds", []),
                self.center.sets[arn].boundary,
            )
        return found

    def role(self, account: Account, permission_set: str) -> dict[str, Any]:
        """The role that a permission set is in an account."""
        iam = self.world.client("iam", account)
        roles = iam.list_roles(PathPrefix="/aws-reserved/")["Roles"]
        (found,) = (
            each for each in roles if each["RoleName"].startswith(f"AWSReservedSSO_{permission_set}_")
        )
        policies = iam.list_attached_role_policies(RoleName=found["RoleName"])["AttachedPolicies"]
        return {**found, "policies": [each["PolicyName"] for each in policies]}
